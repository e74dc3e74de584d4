"""Take in a folder of extracts: read, map, check, set aside, store. Rows in = rows kept + rows set aside, for every file.

Everything is prepared under new names; the store changes by one rename at the end. Whatever fails before that leaves it as it was.
"""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from early_id.config.settings import Config
from early_id.core.display import progress
from early_id.core.errors import BusyError, EarlyIdError, InputDataError, SettingsError
from early_id.core.findings import Finding, Findings
from early_id.data.aside import Place, aside_names, write_aside
from early_id.data.batch import Batch, FileCount
from early_id.data.context import add_people, add_schools, extend_context, make_context
from early_id.data.covered import ON_REQUEST, coverage_of
from early_id.data.crosscheck import check_dates, check_records, check_tables, compared, note_aside, part_sql
from early_id.data.engine import connect, quote, raw, text
from early_id.data.erased import leave_out
from early_id.data.history import with_since
from early_id.data.judge import counts, finding, findings_of, refuse_unreadable_dates, refuse_useless, split
from early_id.data.mapping import Shape, load_shapes
from early_id.data.plan import Staged, made_up_files, to_read
from early_id.data.publish import publish, sweep
from early_id.data.readers import bring_into_reach, check_columns, read_raw
from early_id.data.rules.returns import checked_columns
from early_id.data.silence import shorter_files, silent_schools
from early_id.data.sources.findings import file_finding
from early_id.data.sources.gather import gather
from early_id.data.sources.snapshots import is_snapshot, only_one, rounds, too_old
from early_id.data.sources.survey import Survey
from early_id.data.stage import ALWAYS, Incoming, stage
from early_id.data.store import Store, Version
from early_id.data.urgent import find_urgent, note_contacts, write_urgent
from early_id.data.versions import mark_repeats, merge, record_columns
from early_id.data.waiting import clear_and_note, open_waiting, with_cleared, write_waiting
from early_id.data.withdraw import Withdrawal, without
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import duckdb

#: People and schools are read first, because other rows are checked against them.
_FIRST = ("schools", "pupils")


def ingest_folder(store: Store, folder: Path, cfg: Config) -> Batch:
    """Take in every source of the settings from ``folder`` as one batch.

    Raises
    ------
    InputDataError
        A required file or column is missing, or a file cannot be read.
    BusyError
        Another run holds the store.
    """
    if not folder.is_dir():
        raise SettingsError.file_missing(folder, role="folder of extracts")
    shapes = load_shapes(store.tables, tuple(cfg.path(part) for part in cfg.shapes))
    with store.writing():
        store.refresh()  # another run may have added a batch since the store was opened
        number = store.version.number + 1
        work = store.folder / f".batch-{number:06d}"
        try:
            sweep(store.folder, store.version.number)
            (work / "set_aside").mkdir(parents=True)
            return _take_in(store, folder, cfg, shapes, number, work)
        except OSError as error:
            if isinstance(error, EarlyIdError):
                raise
            if isinstance(error, PermissionError):
                raise BusyError.target_open(error.filename2 or error.filename or store.folder) from None
            raise InputDataError(
                "The batch could not be written; the store is as it was.",
                where=str(store.folder),
                what_next=f"Check the disk: {os.strerror(error.errno) if error.errno else 'it may be full'}.",
            ) from None
        finally:
            store.refresh()
            sweep(store.folder, store.version.number)


def _take_in(store: Store, folder: Path, cfg: Config, shapes: dict[str, Shape], number: int, work: Path) -> Batch:
    backend = connect()
    connection = raw(backend)
    gathered = gather(folder, cfg, shapes, store.tables, work / "scratch")
    found = gathered.found
    plan, replaced = to_read(found, store.version.batches)
    old = Withdrawal.of(store.version, replaced)
    chosen = {id(item) for item in plan}
    findings = [*gathered.findings, *(finding("FIL001", 1, item.name, item.source.name) for item in found if id(item) not in chosen)]
    findings += [finding("FIL002", 1, file["file"], file["source"]) for file in replaced]
    late = too_old(plan, store.version.batches, replaced)
    findings += [file_finding("SRC005", item.name, item.source.name) for item in late]
    too_late = {id(item) for item in late}
    plan = [item for item in plan if id(item) not in too_late]
    findings += [file_finding("SRC002", item.name, item.source.name) for item in only_one(plan, store.version.batches)]
    plan.sort(key=lambda item: (_FIRST.index(item.table.name) if item.table.name in _FIRST else len(_FIRST), item.table.name, item.name))
    _context(connection, store, old)
    open_waiting(connection, store)
    files: list[FileCount] = []
    names = aside_names(_place(item) for item in plan)
    changed: dict[str, list[Staged]] = {}
    read_as: dict[tuple[str, str], Survey | str] = {}
    left_out: dict[Place, int] = {}
    with progress("Reading and checking files", len(plan)) as bar:
        for item in plan:
            changed.setdefault(item.table.name, []).append(item)
            how, *forgotten = _stage_file(connection, item, cfg, number, work, store, first=len(changed[item.table.name]) == 1)
            findings += [finding(code, n, item.name, item.source.name) for code, n in zip(("FIL003", "FIL005"), forgotten, strict=True) if n]
            left_out[item.name, item.source.name, item.table.name] = sum(forgotten)
            read_as[item.table.name, item.name] = how
            if isinstance(how, Survey) and how.guessed:
                findings.append(file_finding("SRC001", item.name, item.source.name, said=f"Read as {how.name}."))
            findings += [
                finding(code, count, item.name, item.source.name, f"{heading} ({count:,})")
                for code, count, heading in check_dates(connection, item, "_one")
            ]
            extend_context(connection, item.table.name, f"_staged_{item.table.name}", item.name)
            bar.advance(note=item.name)
    parts = dict(store.version.tables)
    coverage = old.coverage()
    for name in old.tables - set(changed):
        parts[name] = _keep_the_rest(connection, store, name, old, work, number)
    with progress("Storing", len(changed)) as bar:
        for name, items in changed.items():
            table = items[0].table
            held = "_held" if name in parts else None
            if held:
                connection.execute(f"CREATE OR REPLACE TEMP TABLE _held AS SELECT * FROM {store.part_sql(name)}")
                without(connection, "_held", old, name, into="_still")
            so_far = "_still" if held else None
            sources = {item.name: item.source.name for item in items}
            for several, of_day in rounds(connection, f"_staged_{name}", items):
                mark_repeats(connection, table, staged=several, into="_marked")
                connection.execute(f"DROP TABLE {quote(several)}")
                split(connection)
                note_aside(connection, table)
                counted = counts(connection, of_day)
                refuse_useless(connection, counted)
                refuse_unreadable_dates(connection, counted, of_day, cfg.checks.unreadable_dates)
                files += [
                    replace(one, read_as=str(read_as[name, one.file]), rows_left_out=left_out[one.file, one.source, one.table]) for one in counted
                ]
                findings += findings_of(connection, of_day)
                _write_set_aside(connection, work / "set_aside", of_day, names, work)
                clear_and_note(connection, table, of_day, number, held=so_far)
                findings += [finding(code, count, file, sources[file]) for file, code, count in check_records(connection, table, held=so_far)]
                if not table.stored:
                    continue
                snapshots = [item.source.name for item in of_day if is_snapshot(item)]
                merge(connection, table, kept="_kept", held=so_far, snapshots=snapshots, into="_merged")
                _cover(connection, of_day, coverage)
                if of_day is not items:
                    connection.execute("CREATE OR REPLACE TEMP TABLE _so_far AS SELECT * FROM _merged")
                    so_far = "_so_far"
            if not table.stored:
                connection.execute(f"CREATE OR REPLACE TEMP TABLE {quote(compared(name))} AS SELECT * FROM _kept")
                bar.advance(note=name)
                continue
            parts[name] = f"{name}-{number:06d}.parquet"
            _write_part(connection, table, work / parts[name])
            find_urgent(connection, table, cfg.urgent, into="_urgent", batch_table="_merged", held=held)
            for leftover in ("_marked", "_kept", "_merged", "_all", "_so_far"):
                connection.execute(f"DROP TABLE IF EXISTS {leftover}")
            bar.advance(note=name)
    files = with_cleared(connection, files)
    waiting = write_waiting(connection, work / "set_aside", old)
    findings += _across_tables(connection, store, parts, changed, work)
    findings += [finding("COV003", fewer, one.file, one.source) for one, fewer in shorter_files(files, old.version.batches)]
    if store.has("contacts") and "contacts" not in changed:
        note_contacts(connection, store.part_sql("contacts"))
    hashes = made_up_files(folder)
    assumptions = {**old.assumptions(), **{f"{item.source.name}: {item.table.name}": item.assumption for item in plan}}
    urgent = write_urgent(connection, work, number, cfg.urgent)
    ordered = tuple(sorted(files, key=lambda item: item.file))
    record: dict[str, Any] = {
        "number": number,
        "made_up": bool(plan) and all(item.sha256 in hashes for item in plan),
        "files": [asdict(item) for item in ordered],
    }
    before = old.batches(number)
    listed = with_since(sorted(findings, key=lambda item: (item.code, item.where)), record, store.version.batches)
    record |= {"findings": Findings(listed).to_json(), "waiting": waiting}
    covered = coverage_of(connection, _part_sql(store, parts, work), coverage.values(), {table.name: table for table in store.tables})
    batch = Batch(
        number=number,
        files=ordered,
        findings=Findings(listed),
        urgent=urgent,
        urgent_file=str(store.folder / "urgent" / f"{number:06d}.csv") if urgent else None,
        set_aside_folder=str(store.folder / "set_aside" / f"{number:06d}"),
        made_up=record["made_up"],
        assumptions=assumptions,
        not_read=tuple(gathered.not_read),
        waiting=waiting,
        coverage=covered,
        history=(*before, record),
    )
    if not plan:
        return replace(batch, number=store.version.number, set_aside_folder=None, history=tuple(before))
    version = Version(number, parts, [*before, record], list(coverage.values()), assumptions)
    publish(store.folder, work, version)
    return batch


def _keep_the_rest(connection: duckdb.DuckDBPyConnection, store: Store, name: str, old: Withdrawal, work: Path, number: int) -> str:
    """The part file of a table from which rows are withdrawn and to which none are added."""
    table = store.tables[name]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _held AS SELECT * FROM {store.part_sql(name)}")
    without(connection, "_held", old, name, into="_still")
    connection.execute("CREATE OR REPLACE TEMP TABLE _none AS SELECT * FROM _held LIMIT 0")
    merge(connection, table, kept="_none", held="_still", snapshots=[], into="_merged")
    part = f"{name}-{number:06d}.parquet"
    _write_part(connection, table, work / part)
    return part


def _context(connection: duckdb.DuckDBPyConnection, store: Store, old: Withdrawal) -> None:
    """People and schools held already, for rules that look at other tables."""
    make_context(connection)
    if store.has("pupils"):
        staying = f"{store.part_sql('pupils')} WHERE NOT ({old.predicate('pupils')})"
        add_people(connection, staying, place=0, in_force="known_to IS NULL AND gone_on IS NULL")
    if store.has("schools"):
        add_schools(connection, f"{store.part_sql('schools')} WHERE NOT ({old.predicate('schools')})")


def _part_sql(store: Store, parts: dict[str, str], work: Path) -> dict[str, str]:
    """Table → SQL for its records as they are after this batch."""
    return {name: part_sql(work / part) if (work / part).is_file() else store.part_sql(name) for name, part in parts.items()}


def _across_tables(
    connection: duckdb.DuckDBPyConnection, store: Store, parts: dict[str, str], changed: dict[str, list[Staged]], work: Path
) -> list[Finding]:
    """What rules find that look at several tables, and what did not come."""
    sql = _part_sql(store, parts, work)
    sources = {item.name: item.source.name for items in changed.values() for item in items}
    found = [finding(code, count, file, sources[file]) for file, code, count in check_tables(connection, sql, changed)]
    return found + [
        finding(code, count, "attendance", source) for source, code, count in silent_schools(connection, sql, changed.get("attendance", []))
    ]


def _stage_file(
    connection: duckdb.DuckDBPyConnection, item: Staged, cfg: Config, number: int, work: Path, store: Store, *, first: bool
) -> tuple[Survey | str, int, int]:
    """Read one file and stage its records; how it was read comes back, and how many records were left out as those of erased people, or as maybe theirs."""
    read_as = read_raw(connection, item.path, item.shape, view="_raw", where=item.name, scratch=work, uneven=not item.shape.prepare)
    if item.shape.prepare:
        from early_id.data.prepare import prepare

        prepare(connection, item.shape.prepare, item.path, cfg, where=item.name)
    else:
        check_columns(connection, item.shape, view="_raw", where=item.name)
    bring_into_reach(connection, item.path, item.shape, view="_raw", where=item.name, scratch=work)
    if item.shape.prepare:
        check_columns(connection, item.shape, view="_raw", where=item.name)
    stage(
        connection, view="_raw", into="_one", table=item.table, shape=item.shape,
        incoming=Incoming(item.source.name, item.name, item.received, cfg.family_help),
    )  # fmt: skip
    left_out = leave_out(connection, store, item.table, "_one", formerly=item.source.formerly)
    columns = [
        "row",
        "source_person_id",
        *item.table.column_names,
        *(column.name for column in checked_columns(item.table.name)),
        "source",
        "file",
        "received_on",
        "happened_on",
        "known_from",
        "row_hash",
        "codes",
        "faults",
    ]
    listed = ", ".join(quote(name) for name in dict.fromkeys(columns))
    into = quote(f"_staged_{item.table.name}")
    verb = f"CREATE TEMP TABLE {into} AS" if first else f"INSERT INTO {into} BY NAME"
    connection.execute(f"{verb} SELECT {listed}, {item.shape.known.later_lag_days} AS later_lag, {number} AS batch FROM _one")
    return read_as, *left_out


def _write_set_aside(connection: duckdb.DuckDBPyConnection, folder: Path, items: list[Staged], names: dict[Place, str], work: Path) -> None:
    """Rows set aside, as they were in the file, with row number, codes and the columns at fault. Restricted: they hold people's data."""
    for item in items:
        if connection.execute("SELECT count(*) FROM _aside WHERE file = ? AND source = ?", [item.name, item.source.name]).fetchall() == [(0,)]:
            continue
        read_raw(connection, item.path, item.shape, view="_raw", where=item.name, scratch=work, uneven=not item.shape.prepare)
        place = _place(item)
        write_aside(connection, folder, place, names[place], rows="_raw")


def _place(item: Staged) -> Place:
    return item.name, item.source.name, item.table.name


def _write_part(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    order = "source, source_person_id, happened_on" if table.has_person else "source"
    columns = ", ".join(quote(name) for name in record_columns(table))
    connection.execute(f"COPY (SELECT {columns} FROM _merged ORDER BY {order}, file, row) TO {text(str(path))} (FORMAT parquet, COMPRESSION zstd)")


def _cover(connection: duckdb.DuckDBPyConnection, items: list[Staged], coverage: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Which source covers which table, from when to when, and of which schools: later 'none' and 'not known' differ by it.

    A source covers the time up to the day it was received, if the settings state that day. Otherwise it covers no more than its newest row shows:
    the date of a file on disk changes when the file is copied, and would turn 'not known yet' into 'did not happen'.
    """
    told = [item for item in items if not item.name.startswith(ON_REQUEST)]
    for name in dict.fromkeys(item.source.name for item in told):
        files = [item for item in told if item.source.name == name]
        table = files[0].table.name
        old = coverage.get((name, table), {})
        [(earliest, newest)] = connection.execute(
            f"SELECT min(happened_on), max(happened_on) FROM _kept WHERE source = ? AND happened_on > {ALWAYS}", [name]
        ).fetchall()
        said = [item.source.covers_from for item in files if item.source.covers_from]
        # Files of one source that begin at different times cover the table from the last of these days; one that does not say, says nothing for all.
        stated = len(said) == len(files)
        begins = [str(max(said))] if stated else [old["covers_from"]] if old.get("stated") else [str(earliest or min(i.received for i in files))]
        ends = [str(i.received if i.source.received else min(newest or i.received, i.received)) for i in files]
        earlier = [old["covers_from"]] if old and not stated else []
        coverage[name, table] = {
            "source": name,
            "table": table,
            "covers_from": min(begins + earlier),
            "covers_to": max([*ends, old["covers_to"]] if old else ends),
            "stated": stated or bool(old.get("stated")),
            "schools": _schools(files) or old.get("schools"),
        }


def _schools(files: list[Staged]) -> str | list[str] | None:
    """Of which schools the settings say that the files tell; where they say several things, the narrowest."""
    said = [item.source.schools for item in files if item.source.schools]
    if not said or len(set(said)) == 1:
        return said[0] if said and isinstance(said[0], str) else sorted(said[0]) if said else None
    return sorted({school for one in said if not isinstance(one, str) for school in one}) or "sent"
