"""Taking rows out of a store for good: at the end of the time they are kept, or because a person's records have to go.

A new version without them is written whole and becomes current by one rename; then every older version, and every part that only an older version
names, is deleted, because a version beside it would still hold the rows.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from early_id.core.errors import InputDataError
from early_id.data.aside import FOLDER as SET_ASIDE
from early_id.data.aside import WAITING, Place, aside_names, take_out
from early_id.data.engine import connect, quote, raw, text
from early_id.data.erased import PersonKey, of_these, person_columns
from early_id.data.publish import publish, sweep
from early_id.data.sources.others import OTHER_RECORDS
from early_id.data.store import Store
from early_id.schema.related import RELATED
from early_id.schema.tables import Table

_NOT_OVER = "DATE '9999-12-31'"
#: The last date of a row, where it is not the end of a spell or the day of an event.
_LAST = {
    "wishes": f"coalesce(until_on, known_to, {_NOT_OVER})",
    # Help that never began is over with the offer.
    "early_help": f"CASE WHEN start_on IS NULL THEN offered_on ELSE coalesce(end_on, known_to, {_NOT_OVER}) END",
}
#: Tables of who belongs to whom: a row goes when its person goes.
_RELATED = tuple(table.name for table in RELATED)


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


def remove_rows(store: Store, predicates: Mapping[str, str]) -> dict[str, int]:
    """Write a new version without the rows for which a table's predicate holds, and delete every older one; table → rows removed."""
    with store.writing():
        store.refresh()
        found = count_rows(store, predicates)
        if not found:
            if predicates:  # a run that broke off may have left them in a version beside this one
                drop_old_versions(store)
            return {}
        number, connection = store.version.number + 1, raw(connect())
        sweep(store.folder, store.version.number, keep=("urgent",))
        work = store.folder / f".batch-{number:06d}"
        (work / SET_ASIDE).mkdir(parents=True)
        tables = dict(store.version.tables)
        for name in found:
            tables[name] = f"{name}-{number:06d}.parquet"
            rows = f"SELECT * FROM {store.part_sql(name)} WHERE NOT coalesce(({predicates[name]}), false)"
            connection.execute(f"COPY ({rows}) TO {text(str(work / tables[name]))} (FORMAT parquet, COMPRESSION zstd)")
        waiting = store.folder / SET_ASIDE / f"{store.version.number:06d}" / WAITING
        if waiting.is_file():  # what waits for a correction belongs to the version, and goes on waiting in the next
            shutil.copyfile(waiting, work / SET_ASIDE / WAITING)
        publish(store.folder, work, replace(store.version, number=number, tables=tables))
        shutil.rmtree(work, ignore_errors=True)
        store.refresh()
        drop_old_versions(store)
    return found


def drop_old_versions(store: Store, *, before: date | None = None) -> int:
    """Delete versions that are not current, and parts that no version names any more; how many versions went.

    Parameters
    ----------
    before : date, optional
        Only versions of which the newest file was received before that day.
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
        if before is not None and max(received, default=date.min) >= before:
            kept |= set(held["tables"].values())
            continue
        listing.unlink()
        gone += 1
    for part in (store.folder / "parts").glob("*.parquet"):
        if part.name not in kept:
            part.unlink()
    for waiting in (store.folder / SET_ASIDE).glob(f"*/{WAITING}"):
        if not (store.folder / "versions" / f"{waiting.parent.name}.json").is_file():
            waiting.unlink()  # what waited in a version that is gone waits in those after it
    return gone


def of_people(store: Store, people: Iterable[PersonKey]) -> dict[str, str]:
    """Table → predicate for all rows of some people."""
    pairs = set(people)
    columns = {name: person_columns(store.tables[name]) for name in store.version.tables}
    return {name: " OR ".join(of_these(pairs, column) for column in named) for name, named in columns.items() if named} if pairs else {}


def count_untold(store: Store, people: Iterable[PersonKey]) -> dict[str, int]:
    """Rows kept as they came of which nobody can tell whether they are about some people: words → rows, of the sources of these people.

    Their mapping names no column for whom they are about, or the number stands in another cell, where it may mean something else.
    """
    pairs, name = set(people), OTHER_RECORDS.name
    if not pairs or not store.has(name):
        return {}
    rows = f"{store.part_sql(name)} WHERE source IN ({', '.join(text(source) for source, _ in sorted(pairs))})"
    named = " OR ".join(
        f"(source = {text(source)} AND contains(content, {text(json.dumps(number, ensure_ascii=False))}))" for source, number in pairs
    )
    untold = {
        "name nobody": "about IS NULL",
        "hold the number in another cell": f"about IS NOT NULL AND NOT {of_these(pairs, 'about')} AND ({named})",
    }
    connection = raw(connect())
    found = {words: int(connection.execute(f"SELECT count(*) FROM {rows} AND ({test})").fetchall()[0][0]) for words, test in untold.items()}
    return {words: n for words, n in found.items() if n}


def expired(store: Store, keep_days: Mapping[str, int], today: date) -> dict[str, str]:
    """Table → predicate for rows whose last date is longer ago than their source is kept.

    A spell that has not ended is not over, however long ago it began, and keeps its person. People are taken out with the last of their rows, and with them
    what says who belongs to whom: it keeps nobody but those whom a kept person's rows name, and goes earlier where its source ended it so long ago.
    """
    limits = " OR ".join(
        f"(source = {text(source)} AND last < DATE {text((today - timedelta(days=days)).isoformat())})" for source, days in sorted(keep_days.items())
    )
    if not limits:
        return {}
    tables = [store.tables[name] for name in store.version.tables if store.tables[name].has_person and name != "pupils"]
    found = {table.name: f"({limits.replace('last', _last(table))})" for table in tables}
    left = " UNION ".join(_kept(store, table, "source_person_id", found) for table in tables if table.name not in _RELATED)
    if store.has("pupils") and left:
        named = [
            f"{_kept(store, table, other, found)} AND (source, source_person_id) IN ({left})"
            for table in tables if table.name in _RELATED for other in table.also_about
        ]  # fmt: skip
        kept = " UNION ".join([left, *named])
        gone = f"(({limits.replace('last', 'received_on')}) AND (source, source_person_id) NOT IN ({kept}))"
        found |= {name: f"({found[name]} OR {gone})" if name in found else gone for name in ("pupils", *_RELATED) if store.has(name)}
    if store.has(OTHER_RECORDS.name):  # kept as they came, without a date that is known: they are as old as their receipt
        found[OTHER_RECORDS.name] = f"({limits.replace('last', 'received_on')})"
    return found


def _last(table: Table) -> str:
    """SQL of the last date of a row. One without a day of its own, such as that of a family group, is over when its source no longer says it."""
    if table.name in _LAST:
        return _LAST[table.name]
    if table.ends:
        return f"coalesce(CAST({quote(table.ends)} AS DATE), known_to, {_NOT_OVER})"
    return "happened_on" if table.happened else f"coalesce(known_to, {_NOT_OVER})"


def _kept(store: Store, table: Table, column: str, over: Mapping[str, str]) -> str:
    """SQL of the people whom a column of a table names in rows that are not over."""
    rows = f"{store.part_sql(table.name)} WHERE {quote(column)} IS NOT NULL AND NOT coalesce({over[table.name]}, false)"
    return f"SELECT source, {quote(column)} AS source_person_id FROM {rows}"


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
    folder = store.folder / SET_ASIDE
    for path in sorted(folder.glob("*/*.csv")):
        read = of_files.get((path.parent.name, path.stem), set())
        sources = {source for _, source, _ in read}
        numbers = {number for source, number in pairs if not read or source in sources}
        columns = {heading for _, _, table in read for heading in headings.get(table, ())}
        if numbers:
            # A lambda with defaults, whose type cannot be written down: each file has its own columns.
            gone += take_out(folder, path.parent.name, read, path.stem, lambda row, n=numbers, c=columns: bool(n & _cells(row, c)))  # type: ignore[misc]
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


def _files_read(store: Store) -> dict[tuple[str, str], set[Place]]:
    """(batch, name of the file of rows set aside) → the readings whose rows it holds."""
    found: dict[tuple[str, str], set[Place]] = {}
    for batch in store.version.batches:
        files = (*batch["files"], *(file for part in batch.get("withdrawn") or () for file in part["files"]))
        for place, name in aside_names((str(f["file"]), str(f["source"]), str(f["table"])) for f in files).items():
            # Stores written before two readings of one file were told apart hold both under its name.
            for stem in {name, place[0].replace("/", "__")}:
                found.setdefault((f"{int(batch['number']):06d}", stem), set()).add(place)
    return found


def _person_headings(store: Store) -> dict[str, set[str]]:
    """Table → headings under which the shapes find people, those whom a row names beside its own too."""
    from early_id.data.mapping import load_shapes

    cfg = store.settings
    found: dict[str, set[str]] = {}
    for shape in load_shapes(store.tables, tuple(cfg.path(part) for part in cfg.shapes) if cfg else ()).values():
        named = (shape.columns.get(column) for column in person_columns(store.tables[shape.table]))
        found.setdefault(shape.table, set()).update(heading.strip().casefold() for heading in named if heading)
    return found
