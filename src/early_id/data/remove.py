"""Taking rows out of a store for good: at the end of the time they are kept, or because a person's records have to go.

A new version without them is written whole and becomes current by one rename; then every older version, and every part that only an older version
names, is deleted, because a version beside it would still hold the rows.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

from early_id.core.errors import InputDataError
from early_id.core.folders import restrict
from early_id.core.privacy import keyed_hash
from early_id.data.engine import connect, quote, raw, text
from early_id.data.store import Store

#: (source, number at that source) of a person.
PersonKey = tuple[str, str]
ERASED = Path("rights") / "erased.json"
_NOT_OVER = "DATE '9999-12-31'"
#: The last date of a row, where it is not the end of a spell or the day of an event.
_LAST = {
    "wishes": f"coalesce(until_on, known_to, {_NOT_OVER})",
    # Help that never began is over with the offer.
    "early_help": f"CASE WHEN start_on IS NULL THEN offered_on ELSE coalesce(end_on, known_to, {_NOT_OVER}) END",
}


def count_rows(store: Store, predicates: Mapping[str, str]) -> dict[str, int]:
    """Table → rows for which its SQL predicate holds; tables without any are left out."""
    connection = raw(connect())
    found = {}
    for name, predicate in predicates.items():
        if store.has(name):
            [(n,)] = connection.execute(f"SELECT count(*) FROM {store.part_sql(name)} WHERE {predicate}").fetchall()
            if n:
                found[name] = int(n)
    return found


def remove_rows(store: Store, predicates: Mapping[str, str], *, older: bool = True) -> dict[str, int]:
    """Write a new version without the rows for which a table's predicate holds, and delete every older one; table → rows removed.

    Without ``older`` only the version that was current is deleted: a run that fails may still go back to the one before it.
    """
    with store.writing():
        store.refresh()
        found = count_rows(store, predicates)
        if not found:
            if older and predicates:  # a run that broke off may have left them in a version beside this one
                drop_old_versions(store)
            return {}
        was, number, connection = store.version.number, store.version.number + 1, raw(connect())
        tables = dict(store.version.tables)
        for name in found:
            part = f"{name}-{number:06d}.parquet"
            beside = store.folder / "parts" / f".{part}.tmp"
            rows = f"SELECT * FROM {store.part_sql(name)} WHERE NOT coalesce(({predicates[name]}), false)"
            connection.execute(f"COPY ({rows}) TO {text(str(beside))} (FORMAT parquet, COMPRESSION zstd)")
            beside.replace(store.folder / "parts" / part)
            tables[name] = part
        version = replace(store.version, number=number, tables=tables)
        listing = store.folder / "versions" / f"{number:06d}.json"
        listing.write_text(json.dumps(asdict(version), indent=1), encoding="utf-8")
        pointer = store.folder / ".current.json"
        pointer.write_text(json.dumps({"version": number}), encoding="utf-8")
        pointer.replace(store.folder / "current.json")
        store.refresh()
        drop_old_versions(store, only=None if older else was)
    return found


def drop_old_versions(store: Store, *, before: date | None = None, only: int | None = None) -> int:
    """Delete versions that are not current, and parts that no version names any more; how many versions went.

    Parameters
    ----------
    before : date, optional
        Only versions of which the newest file was received before that day.
    only : int, optional
        Only the version of that number.
    """
    gone = 0
    kept = set(store.version.tables.values())
    for listing in sorted((store.folder / "versions").glob("*.json")):
        if int(listing.stem) == store.version.number:
            continue
        try:
            held = json.loads(listing.read_text(encoding="utf-8"))
            received = [date.fromisoformat(file["received"]) for batch in held["batches"] for file in batch["files"]]
        except (OSError, ValueError, KeyError, TypeError):
            raise InputDataError(
                "A version of the store cannot be read.", where=str(listing), what_next="Restore it from a backup, or delete it."
            ) from None
        if (before is not None and max(received, default=date.min) >= before) or (only is not None and int(listing.stem) != only):
            kept |= set(held["tables"].values())
            continue
        listing.unlink()
        gone += 1
    for part in (store.folder / "parts").glob("*.parquet"):
        if part.name not in kept:
            part.unlink()
    return gone


def of_people(store: Store, people: Iterable[PersonKey]) -> dict[str, str]:
    """Table → predicate for all rows of some people."""
    pairs = ", ".join(f"({text(source)}, {text(number)})" for source, number in sorted(set(people)))
    if not pairs:
        return {}
    return {name: f"(source, source_person_id) IN ({pairs})" for name in store.version.tables if store.tables[name].has_person}


def expired(store: Store, keep_days: Mapping[str, int], today: date) -> dict[str, str]:
    """Table → predicate for rows whose last date is longer ago than their source is kept.

    A spell that has not ended is not over, however long ago it began, and keeps its person. People are taken out with the last of their rows.
    """
    found: dict[str, str] = {}
    limits = " OR ".join(
        f"(source = {text(source)} AND last < DATE {text((_days_ago(today, days)).isoformat())})" for source, days in sorted(keep_days.items())
    )
    if not limits:
        return {}
    for name in store.version.tables:
        table = store.tables[name]
        if not table.has_person or name == "pupils":
            continue
        last = _LAST.get(name) or (f"coalesce(CAST({quote(table.ends)} AS DATE), known_to, {_NOT_OVER})" if table.ends else "happened_on")
        found[name] = f"({limits.replace('last', last)})"
    if store.has("pupils") and found:
        left = " UNION ".join(
            f"SELECT source, source_person_id FROM {store.part_sql(name)} WHERE NOT coalesce({predicate}, false)" for name, predicate in found.items()
        )
        old = limits.replace("last", "received_on")
        found["pupils"] = f"(({old}) AND (source, source_person_id) NOT IN ({left}))"
    return found


def _days_ago(today: date, days: int) -> date:
    from datetime import timedelta

    return today - timedelta(days=days)


def remove_from_files(store: Store, people: Iterable[PersonKey]) -> int:
    """Take lines of some people out of the rows set aside and out of urgent files; how many lines went.

    A line is a person's where the file is of that person's source and the number stands in the column of people. Where the columns of a file are not
    known, it may stand in any of them.
    """
    pairs = set(people)
    gone = 0
    for path in sorted((store.folder / "urgent").glob("*.csv")):
        gone += _drop_lines(path, lambda row: (row.get("source", ""), row.get("source_person_id", "")) in pairs)
    of_files, headings = _files_read(store), _person_headings(store)
    for path in sorted((store.folder / "set_aside").rglob("*.csv")):
        read = of_files.get((path.parent.name, path.name), set())
        sources = {source for source, _ in read}
        numbers = {number for source, number in pairs if not read or source in sources}
        columns = {heading for _, table in read for heading in headings.get(table, ())}
        if numbers:
            gone += _drop_lines(path, lambda row, n=numbers, c=columns: bool(n & _cells(row, c)))  # type: ignore[misc]
    return gone


def _cells(row: Mapping[str, str], columns: set[str]) -> set[str]:
    """The cells of a line in the columns of people; all that came in the file where it has none of them."""
    came = {name: (cell or "").strip() for name, cell in row.items() if name not in ("row", "codes", "faults")}
    return {cell for name, cell in came.items() if name.strip().casefold() in columns} or set(came.values())


def _drop_lines(path: Path, goes: Callable[[Mapping[str, str]], bool]) -> int:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    left = [row for i, row in enumerate(rows) if i == 0 or not goes(dict(zip(rows[0], row, strict=False)))]
    if len(left) < len(rows):
        beside = path.with_suffix(".tmp")
        with beside.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(left)
        beside.replace(path)
    return len(rows) - len(left)


def _files_read(store: Store) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """(batch, name of the file of rows set aside) → sources and tables as which it was read."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for batch in store.version.batches:
        for file in (*batch["files"], *(file for part in batch.get("withdrawn") or () for file in part["files"])):
            at = (f"{int(batch['number']):06d}", str(file["file"]).replace("/", "__") + ".csv")
            found.setdefault(at, set()).add((str(file["source"]), str(file["table"])))
    return found


def _person_headings(store: Store) -> dict[str, set[str]]:
    """Table → headings under which the shapes find the person."""
    from early_id.data.mapping import load_shapes

    cfg = store.settings
    found: dict[str, set[str]] = {}
    for shape in load_shapes(store.tables, tuple(cfg.path(part) for part in cfg.shapes) if cfg else ()).values():
        if heading := shape.columns.get("source_person_id"):
            found.setdefault(shape.table, set()).add(heading.strip().casefold())
    return found


def remember_erased(store: Store, people: Iterable[PersonKey], *, group: bool = False) -> None:
    """Remember, as keyed hashes, whose records were erased, so that the next extract does not bring them back."""
    path = store.folder / ERASED
    known = set(_erased(store)) | {_mark(store, person) for person in people}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(sorted(known), indent=0), encoding="utf-8")
    beside.replace(path)
    restrict(path.parent, group=group)


def forget_again(store: Store) -> dict[str, int]:
    """Take out again what a new extract brought of people whose records were erased; table → rows."""
    marks = set(_erased(store))
    if not marks or not store.version.tables:
        return {}
    connection, back = raw(connect()), set()
    for name in store.version.tables:
        if store.tables[name].has_person:
            rows = connection.execute(f"SELECT DISTINCT source, source_person_id FROM {store.part_sql(name)}").fetchall()
            back |= {person for person in rows if _mark(store, person) in marks}
    if not back:
        return {}
    remove_from_files(store, back)
    return remove_rows(store, of_people(store, back), older=False)


def _erased(store: Store) -> list[str]:
    try:
        return list(json.loads((store.folder / ERASED).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return []
    except (OSError, ValueError):
        raise InputDataError(
            "The register of erased people cannot be read, so nobody can tell whose records may not come back.",
            where=str(store.folder / ERASED), what_next="Restore it from a backup.",
        ) from None  # fmt: skip


def _mark(store: Store, person: PersonKey) -> str:
    return keyed_hash(f"erased:{person[0]}/{person[1]}", store.key, length=32)
