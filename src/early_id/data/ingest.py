"""Take in a folder of extracts: read, map, check, set aside, store. Rows in = rows kept + rows set aside, for every file.

Everything is prepared under new names; the store changes by one rename at the end. Whatever fails before that leaves it as it was.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from early_id.config.settings import Config
from early_id.core.display import frame_html, progress
from early_id.core.errors import BusyError, EarlyIdError, InputDataError, SettingsError
from early_id.core.findings import Finding, Findings
from early_id.core.types import Severity
from early_id.data.engine import connect, quote, raw, text
from early_id.data.mapping import Shape, load_shapes
from early_id.data.plan import Staged, find_files, made_up_files, not_seen
from early_id.data.publish import publish, sweep
from early_id.data.readers import check_columns, read_raw
from early_id.data.rules import all_rules
from early_id.data.stage import ALWAYS, Incoming, stage
from early_id.data.store import Store, Version
from early_id.data.urgent import find_urgent, note_contacts, write_urgent
from early_id.data.versions import mark_repeats, merge, record_columns
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_RULES = {rule.code: rule for rule in all_rules()}
#: People and schools are read first, because other rows are checked against them.
_FIRST = ("schools", "pupils")


@dataclass(frozen=True)
class FileCount:
    """What became of the rows of one file."""

    file: str
    source: str
    table: str
    rows_in: int
    rows_kept: int
    rows_set_aside: int
    sha256: str
    received: str


@dataclass(frozen=True, repr=False)
class Batch:
    """One intake: files with their counts, findings, and urgent signs. No rows."""

    number: int
    files: tuple[FileCount, ...]
    findings: Findings
    urgent: int = 0
    urgent_file: str | None = None
    set_aside_folder: str | None = None
    made_up: bool = False
    assumptions: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        rows_in, aside = sum(item.rows_in for item in self.files), sum(item.rows_set_aside for item in self.files)
        return f"Batch({self.number}: {len(self.files)} files, {rows_in:,} rows in, {aside:,} set aside, {len(self.findings)} findings)"

    def frame(self) -> pd.DataFrame:
        """One row a file."""
        import pandas as pd

        return pd.DataFrame([asdict(item) for item in self.files]).drop(columns=["sha256"], errors="ignore")

    def _label(self, item: FileCount) -> str:
        """The file's name; with the table where one file fills two."""
        return item.file if sum(other.file == item.file for other in self.files) == 1 else f"{item.file} ({item.table})"

    def to_json(self) -> dict[str, Any]:
        """The object that ``early-id ingest --json`` prints."""
        return {
            "batch": self.number,
            "files": {self._label(item): asdict(item) for item in self.files},
            "findings": self.findings.by_code(),
            "urgent": {"rows": self.urgent, "file": self.urgent_file, "acknowledged": self.urgent == 0},
            "set_aside": self.set_aside_folder,
        }

    def _repr_html_(self) -> str:
        return frame_html(self.frame(), title=f"Batch {self.number}") + self.findings._repr_html_()


def ingest_folder(store: Store, folder: Path, cfg: Config) -> Batch:
    """Take in every source of the settings from ``folder`` as one batch.

    Raises
    ------
    InputDataError
        A required file or column is missing, or a file cannot be read.
    BusyError
        Another run holds the store.
    """
    if not cfg.sources:
        raise SettingsError("The settings name no sources.", what_next="List them under 'sources': name, shape and files.")
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
    found = find_files(folder, cfg, shapes, store.tables)
    plan = not_seen(found, store.version.batches)
    findings = [_finding("FIL001", 1, item.name, item.source.name) for item in found if item not in plan]
    plan.sort(key=lambda item: (_FIRST.index(item.table.name) if item.table.name in _FIRST else len(_FIRST), item.table.name, item.name))
    _context(connection, store)
    files: list[FileCount] = []
    changed: dict[str, list[Staged]] = {}
    with progress("Reading and checking files", len(plan)) as bar:
        for item in plan:
            changed.setdefault(item.table.name, []).append(item)
            _stage_file(connection, item, cfg, first=len(changed[item.table.name]) == 1)
            _extend_context(connection, item)
            bar.advance(note=item.name)
    parts = dict(store.version.tables)
    coverage = {(row["source"], row["table"]): row for row in store.version.coverage}
    with progress("Storing", len(changed)) as bar:
        for name, items in changed.items():
            table = store.tables[name]
            mark_repeats(connection, table, staged=f"_staged_{name}", into="_marked")
            connection.execute(f"DROP TABLE {quote(f'_staged_{name}')}")
            _split(connection)
            files += _counts(connection, items)
            findings += _findings(connection, items)
            _write_set_aside(connection, work / "set_aside", items)
            held = None
            if name in parts:
                held = "_held"
                connection.execute(f"CREATE OR REPLACE TEMP TABLE _held AS SELECT * FROM {store.part_sql(name)}")
            snapshots = [item.source.name for item in items if item.source.snapshot]
            merge(connection, table, kept="_kept", held=held, snapshots=snapshots, into="_merged")
            parts[name] = f"{name}-{number:06d}.parquet"
            _write_part(connection, table, work / parts[name])
            _cover(connection, items, coverage)
            find_urgent(connection, table, cfg.urgent, into="_urgent", batch_table="_merged", held=held)
            for leftover in ("_marked", "_kept", "_merged", "_all"):
                connection.execute(f"DROP TABLE IF EXISTS {leftover}")
            bar.advance(note=name)
    if store.has("contacts") and "contacts" not in changed:
        note_contacts(connection, store.part_sql("contacts"))
    hashes = made_up_files(folder)
    assumptions = {**store.version.assumptions, **{f"{item.source.name}: {item.table.name}": _assumption(item) for item in plan}}
    urgent = write_urgent(connection, work, number, cfg.urgent)
    batch = Batch(
        number=number,
        files=tuple(sorted(files, key=lambda item: item.file)),
        findings=Findings(tuple(sorted(findings, key=lambda item: (item.code, item.where)))),
        urgent=urgent,
        urgent_file=str(store.folder / "urgent" / f"{number:06d}.csv") if urgent else None,
        set_aside_folder=str(store.folder / "set_aside" / f"{number:06d}"),
        made_up=bool(plan) and all(item.sha256 in hashes for item in plan),
        assumptions=assumptions,
    )
    if not plan:
        return replace(batch, number=store.version.number, set_aside_folder=None)
    record = {
        "number": number,
        "made_up": batch.made_up,
        "files": [asdict(item) for item in batch.files],
        "findings": batch.findings.to_json(),
    }
    version = Version(number, parts, [*store.version.batches, record], list(coverage.values()), assumptions)
    publish(store.folder, work, version)
    return batch


def _context(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """People and schools held already, for rules that look at other tables."""
    connection.execute("CREATE TEMP TABLE _people (source VARCHAR, source_person_id VARCHAR, birth_date DATE)")
    connection.execute("CREATE TEMP TABLE _schools (school_id VARCHAR)")
    for name, columns, target in (("pupils", "source, source_person_id, birth_date", "_people"), ("schools", "school_id", "_schools")):
        if store.has(name):
            connection.execute(f"INSERT INTO {target} SELECT DISTINCT {columns} FROM {store.part_sql(name)}")


def _extend_context(connection: duckdb.DuckDBPyConnection, item: Staged) -> None:
    staged = quote(f"_staged_{item.table.name}")
    if item.table.name == "pupils":
        connection.execute(
            f"INSERT INTO _people SELECT DISTINCT source, source_person_id, birth_date FROM {staged} "
            f"WHERE file = {text(item.name)} AND source_person_id IS NOT NULL"
        )
    elif item.table.name == "schools":
        connection.execute(f"INSERT INTO _schools SELECT DISTINCT school_id FROM {staged} WHERE school_id IS NOT NULL")


def _stage_file(connection: duckdb.DuckDBPyConnection, item: Staged, cfg: Config, *, first: bool) -> None:
    read_raw(connection, item.path, item.shape, view="_raw", where=item.name)
    if item.shape.prepare:
        from early_id.data.prepare import prepare

        prepare(connection, item.shape.prepare, item.path, cfg, where=item.name)
    check_columns(connection, item.shape, view="_raw", where=item.name)
    stage(
        connection, view="_raw", into="_one", table=item.table, shape=item.shape,
        incoming=Incoming(item.source.name, item.name, item.received, cfg.family_help),
    )  # fmt: skip
    columns = ["row", "source_person_id", *item.table.column_names, "source", "file", "received_on", "happened_on", "known_from", "row_hash", "codes"]
    listed = ", ".join(quote(name) for name in dict.fromkeys(columns))
    into = quote(f"_staged_{item.table.name}")
    verb = f"CREATE TEMP TABLE {into} AS" if first else f"INSERT INTO {into} BY NAME"
    connection.execute(f"{verb} SELECT {listed}, {item.shape.known.later_lag_days} AS later_lag FROM _one")


def _split(connection: duckdb.DuckDBPyConnection) -> None:
    """Rows with an ERROR code are set aside; the others are kept."""
    errors = ", ".join(text(code) for code, rule in _RULES.items() if rule.severity is Severity.ERROR)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _kept AS SELECT * FROM _marked WHERE NOT list_has_any(codes, [{errors}])")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _aside AS SELECT file, row, codes FROM _marked WHERE list_has_any(codes, [{errors}])")


def _counts(connection: duckdb.DuckDBPyConnection, items: list[Staged]) -> list[FileCount]:
    rows_in = dict(connection.execute("SELECT file, count(*) FROM _marked GROUP BY file").fetchall())
    kept = dict(connection.execute("SELECT file, count(*) FROM _kept GROUP BY file").fetchall())
    aside = dict(connection.execute("SELECT file, count(*) FROM _aside GROUP BY file").fetchall())
    return [
        FileCount(
            item.name, item.source.name, item.table.name, rows_in.get(item.name, 0), kept.get(item.name, 0), aside.get(item.name, 0),
            item.sha256, item.received.isoformat(),
        )
        for item in items
    ]  # fmt: skip


def _findings(connection: duckdb.DuckDBPyConnection, items: list[Staged]) -> list[Finding]:
    sources = {item.name: item.source.name for item in items}
    rows = connection.execute(
        "SELECT code, file, count(*) FROM (SELECT unnest(codes) AS code, file FROM _marked WHERE len(codes) > 0) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [_finding(code, count, file, sources.get(file, "")) for code, file, count in rows]


def _finding(code: str, count: int, file: str, source: str) -> Finding:
    rule = _RULES[code]
    return Finding(code, rule.severity, rule.message, rule.advice, count, where=file, source=source)


def _write_set_aside(connection: duckdb.DuckDBPyConnection, folder: Path, items: list[Staged]) -> None:
    """Rows set aside, as they were in the file, with row number and codes. Restricted: they hold people's data."""
    for item in items:
        if connection.execute("SELECT count(*) FROM _aside WHERE file = ?", [item.name]).fetchall() == [(0,)]:
            continue
        read_raw(connection, item.path, item.shape, view="_raw", where=item.name)
        target = folder / (item.name.replace("/", "__") + ".csv")
        connection.execute(
            f"COPY (SELECT a.row, array_to_string(a.codes, ' ') AS codes, r.* EXCLUDE (row) FROM _aside AS a JOIN _raw AS r USING (row) "
            f"WHERE a.file = {text(item.name)} ORDER BY a.row) TO {text(str(target))} (HEADER, DELIMITER ',')"
        )


def _write_part(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    order = "source, source_person_id, happened_on" if table.has_person else "source"
    columns = ", ".join(quote(name) for name in record_columns(table))
    connection.execute(f"COPY (SELECT {columns} FROM _merged ORDER BY {order}, file, row) TO {text(str(path))} (FORMAT parquet, COMPRESSION zstd)")


def _cover(connection: duckdb.DuckDBPyConnection, items: list[Staged], coverage: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Which source covers which table, from when to when, and of which schools: later 'none' and 'not known' differ by it.

    A source covers the time up to the day it was received, if the settings state that day. Otherwise it covers no more than its newest row shows:
    the date of a file on disk changes when the file is copied, and would turn 'not known yet' into 'did not happen'.
    """
    for name in dict.fromkeys(item.source.name for item in items):
        files = [item for item in items if item.source.name == name]
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


def _assumption(item: Staged) -> str:
    """When the rows of a file are taken to have been known, in words."""
    undated = not item.shape.known.column and (not item.table.happened or item.table.name == "pupils")
    return "the values of the extract are taken to have held at all earlier dates too" if undated else str(item.shape.known)
