"""Dated snapshots of registers that are rebuilt each time and record no dates of their own, such as the Standard Safeguarding Dataset.

Each snapshot is the whole register of its day. Taken in order of their days, they show when a record was first seen (``known_from``), when it
changed (the version before ends) and when it was gone (``known_to``). One snapshot alone shows none of that: everything counts as known from its day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from early_id.data.engine import quote, text

if TYPE_CHECKING:
    import duckdb

    from early_id.data.plan import Staged

_DAY = re.compile(r"(?<!\d)(20\d{2})[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)")


def day_in(name: str) -> date | None:
    """The day that a path carries, such as ``2025-06-01/ssd_person.csv`` or ``ssd_person_20250601.csv``; the last one where there are several."""
    for year, month, day in reversed(_DAY.findall(name)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def is_snapshot(item: Staged) -> bool:
    """Whether the settings or the shape say that a file is the whole register of its day."""
    return item.source.snapshot or item.shape.snapshot


def by_day(items: list[Staged]) -> list[list[Staged]]:
    """Files in the order in which they have to be merged: those of one day together; files that are no snapshots come with the first."""
    days = sorted({item.received for item in items if is_snapshot(item)})
    if len(days) < 2:
        return [items]
    return [[item for item in items if (item.received == day if is_snapshot(item) else day == days[0])] for day in days]


def rounds(connection: duckdb.DuckDBPyConnection, staged: str, items: list[Staged]) -> Iterator[tuple[str, list[Staged]]]:
    """The rows ``staged`` of a table in the order in which they are merged, each time with its files: snapshots day by day, everything else at once."""
    days = by_day(items)
    if len(days) == 1:
        yield staged, items
        return
    for of_day in days:
        listed = ", ".join(text(item.name) for item in of_day)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE _of_day AS SELECT * FROM {quote(staged)} WHERE file IN ({listed})")
        yield "_of_day", of_day
    connection.execute(f"DROP TABLE {quote(staged)}")


def _days_held(batches: Iterable[dict[str, Any]]) -> dict[tuple[str, str], set[str]]:
    held: dict[tuple[str, str], set[str]] = {}
    for batch in batches:
        for file in batch["files"]:
            held.setdefault((file["source"], file["table"]), set()).add(file["received"])
    return held


def too_old(items: list[Staged], batches: Iterable[dict[str, Any]], replaced: list[dict[str, Any]]) -> list[Staged]:
    """Snapshots of a day before the newest that is held: what they would close has moved on since, so they are left out."""
    gone = {(file["source"], file["table"]) for file in replaced}
    held = _days_held(batches)
    return [
        item
        for item in items
        if is_snapshot(item) and (key := (item.source.name, item.table.name)) not in gone and item.received.isoformat() < max(held.get(key, {""}))
    ]


def only_one(items: list[Staged], batches: Iterable[dict[str, Any]]) -> list[Staged]:
    """The first file of each source and table of which a single day is known."""
    held = _days_held(batches)
    seen: dict[tuple[str, str], Staged] = {}
    for item in items:
        if is_snapshot(item):
            key = (item.source.name, item.table.name)
            seen.setdefault(key, item)
            held.setdefault(key, set()).add(item.received.isoformat())
    return [item for key, item in seen.items() if len(held[key]) == 1]
