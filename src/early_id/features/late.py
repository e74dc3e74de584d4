"""Whose lists a late or lost source stops: without the records that take families out nobody's may be made, without a school's marks not that school's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.errors import PolicyError
from early_id.features.past import Past, TableSource
from early_id.features.wishes import TABLE as WISHES
from early_id.linkage import People

if TYPE_CHECKING:
    from early_id.config.settings import Config

#: Tables that take families out, in words. Statutory records have a rule of their own, which is stricter (``statutory.py``).
REMOVING = {
    WISHES: "wishes of families",
    "early_help": "early help",
    "contacts": "contacts with the front door",
    "household_members": "households and with whom contact is safe",
}


@dataclass(frozen=True)
class Stops:
    """What keeps lists of a date from being made.

    ``everyone`` holds a sentence for each reason why no list at all may be made; ``schools`` the reason of each school whose own list may not.
    """

    day: date
    everyone: tuple[str, ...] = ()
    schools: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Why no list is made; empty where lists may be made."""
        return " ".join(self.everyone)

    def refuse(self) -> None:
        """Refuse to make any list (exit code 4), where there is a reason to."""
        if self.everyone:
            raise PolicyError(
                f"Lists are not made: {self.text}",
                where=f"sources on {self.day}",
                what_next="Take in a newer file of the source, and state 'received'. Where the source is no more, take it out of the settings.",
            )


def list_stops(store: TableSource, people: People, day: date, cfg: Config) -> Stops:
    """What late or lost sources stop on ``day``.

    A source counts as late for a table where the settings still name it, it has sent rows, and it was received more than
    ``features.covered_within_days`` before the day. A school's marks are late where they end more than ``screening.marks_late_after_days`` before the
    newest mark of any school, so that a holiday stops nobody.
    """
    return Stops(day, (*_late_sources(store, day, cfg), *_unread_wishes(store)), _late_schools(Past(store, people, day), cfg))


def _late_sources(store: TableSource, day: date, cfg: Config) -> list[str]:
    within, held = cfg.features.covered_within_days, store.coverage()
    named = {source.name for source in cfg.sources}
    late = held[held["table"].isin(REMOVING) & held["source"].isin(named) & (held["covers_to"] < pd.Timestamp(day - timedelta(days=within)))]
    return [
        f"The records of {REMOVING[table]} from '{source}' end on {pd.Timestamp(last).date()}, more than {within} days before the lists, so families whom they "
        "would take out since could not be."
        for table, source, last in sorted(zip(late["table"], late["source"], late["covers_to"], strict=True))
        if store.has(table)
    ]


def _unread_wishes(store: TableSource) -> list[str]:
    """Wishes that could not be read: a family that asked not to be approached could stand on a list."""
    newest: dict[str, int] = {}
    for batch in _batches(store):
        newest |= {str(file["file"]): int(file["rows_set_aside"]) for file in batch["files"] if file["table"] == WISHES}
    n = sum(newest.values())
    return (
        [
            f"{n} row{'' if n == 1 else 's'} of the families' wishes could not be read and {'was' if n == 1 else 'were'} set aside: correct and take in the file again."
        ]
        if n
        else []
    )


def _batches(store: TableSource) -> list[dict[str, Any]]:
    version = getattr(store, "version", None)
    return list(version.batches) if version is not None else []


def _late_schools(past: Past, cfg: Config) -> dict[str, str]:
    if not past.store.has("attendance"):
        return {}
    rows = past.rows("attendance")
    last = rows.group_by("school_id").aggregate(last=rows["date"].max()).execute().dropna().set_index("school_id")["last"]
    last = pd.to_datetime(last)
    if last.empty:
        return {}
    limit = last.max() - pd.Timedelta(days=cfg.screening.marks_late_after_days)
    return {
        str(school): f"Its marks end on {day.date()}, those of other schools on {last.max().date()}."
        for school, day in sorted(last[last < limit].items())
    }
