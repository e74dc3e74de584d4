"""Rows that were set aside and wait for a correction: a later export that holds them right clears them.

A row set aside is recognised by what was not wrong about it: every cell but those that its rules blame (``Rule.blames``, or the cells named as faults).
Where what identifies the record is blamed too, such as the day of a mark, it is recognised only if one row fits and no other does, or if it stands in
the same line of a file of the same name. Exact repeats (DUP001) wait for nothing.

The list lies beside the rows themselves (``set_aside/000002/waiting.parquet``, restricted) and belongs to its version: it holds places and hashes, no
cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from early_id.data.aside import WAITING
from early_id.data.batch import FileCount
from early_id.data.engine import quote, text
from early_id.data.plan import Staged
from early_id.data.rules import all_rules
from early_id.schema.columns import Table

if TYPE_CHECKING:
    import duckdb

    from early_id.data.store import Store
    from early_id.data.withdraw import Withdrawal

_COLUMNS = {
    "source": "VARCHAR", "table_name": "VARCHAR", "file": "VARCHAR", "row": "BIGINT", "batch": "INTEGER", "since": "INTEGER",
    "codes": "VARCHAR[]", "blamed": "VARCHAR[]", "hash": "UBIGINT",
}  # fmt: skip
_PERSON, _RECORDED = "source_person_id", "known_from"
#: Blamed where a line has other numbers of cells than the headings: which cell is which is not known, so it is recognised by its place alone.
WHOLE_LINE = "(line)"


def open_waiting(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """``_waiting``: what the store's version has waiting; and nothing cleared yet."""
    columns = ", ".join(f"{quote(name)} {kind}" for name, kind in _COLUMNS.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _waiting ({columns})")
    connection.execute("CREATE OR REPLACE TEMP TABLE _cleared (file VARCHAR, source VARCHAR, table_name VARCHAR, n BIGINT)")
    path = store.folder / "set_aside" / f"{store.version.number:06d}" / WAITING
    if path.is_file():
        connection.execute(f"INSERT INTO _waiting BY NAME SELECT * FROM read_parquet({text(str(path))}, hive_partitioning = false)")


def clear_and_note(connection: duckdb.DuckDBPyConnection, table: Table, items: Iterable[Staged], number: int, *, held: str | None) -> None:
    """Clear what the kept rows of a table put right, and note what was set aside now.

    Parameters
    ----------
    number : int
        This batch.
    held : str or None
        The table's records before this batch: only a row that is new can be a correction, unless two rows contradicted each other.
    """
    if connection.execute("SELECT (SELECT count(*) FROM _aside) + (SELECT count(*) FROM _waiting)").fetchall() == [(0,)]:
        return
    files = list(items)
    _note(connection, table, files, number)
    for source in sorted({item.source.name for item in files}):
        recorded = any(item.shape.known.column for item in files if item.source.name == source)
        sets = connection.execute(
            "SELECT DISTINCT blamed FROM _waiting WHERE source = ? AND table_name = ? AND batch < ? ORDER BY 1", [source, table.name, number]
        ).fetchall()
        for (blamed,) in sets:
            _clear(connection, table, source, list(blamed), number, held=held, recorded=recorded)
    # What is as wrong as it was waits since it was first seen, and once.
    same = "o.source = w.source AND o.table_name = w.table_name AND o.blamed = w.blamed AND o.hash = w.hash"
    connection.execute(
        f"UPDATE _waiting AS w SET since = (SELECT min(o.since) FROM _waiting AS o WHERE {same}) WHERE w.table_name = {text(table.name)} AND w.batch = {number}"
    )
    connection.execute(
        f"DELETE FROM _waiting AS o WHERE o.table_name = {text(table.name)} AND o.batch < {number} AND EXISTS "
        f"(SELECT 1 FROM _waiting AS w WHERE {same} AND w.batch = {number})"
    )


def _note(connection: duckdb.DuckDBPyConnection, table: Table, files: list[Staged], number: int) -> None:
    """Add the rows of ``_aside`` to those that wait."""
    blames = {rule.code: _named(rule.blames, table) for rule in all_rules()}
    for item in files:
        columns = {heading: name for name, heading in item.shape.columns.items()}
        kinds = connection.execute(
            "SELECT DISTINCT codes, faults FROM _aside WHERE file = ? AND source = ? AND list_filter(codes, lambda x: x <> 'DUP001') <> []",
            [item.name, item.source.name],
        ).fetchall()
        for codes, faults in kinds:
            blamed = {name for code in codes for name in blames.get(code, ())}
            blamed |= {columns.get(str(fault).partition(" ")[2], _RECORDED) for fault in faults or ()}
            if "FIL004" in codes:
                blamed = {WHOLE_LINE}
            if "DUP002" in codes:
                blamed |= set(table.column_names) - set(table.key)
            listed = sorted(blamed)
            connection.execute(
                f"INSERT INTO _waiting SELECT source, {text(table.name)}, file, row, {number}, {number}, codes, ?, "
                f"{_hash(table, listed, recorded=bool(item.shape.known.column))} FROM _aside WHERE file = ? AND source = ? AND codes = ? "
                f"AND faults IS NOT DISTINCT FROM ?",
                [listed, item.name, item.source.name, codes, faults],
            )


def _named(blames: tuple[str, ...], table: Table) -> set[str]:
    names = {"{starts}": table.happened, "{ends}": table.ends, "recorded": _RECORDED}
    return {names.get(name, name) for name in blames} - {""}


def _compared(table: Table, blamed: Iterable[str], *, recorded: bool) -> list[str]:
    """Columns by which a row is recognised."""
    own = [*([_PERSON] if table.has_person else []), *table.column_names, *([_RECORDED] if recorded else [])]
    return [name for name in own if name not in set(blamed)]


def _hash(table: Table, blamed: Iterable[str], *, recorded: bool) -> str:
    if WHOLE_LINE in set(blamed):
        return "md5_number_lower(concat_ws('|', file, row))"
    cells = ", ".join(f"coalesce(CAST({quote(name)} AS VARCHAR), '')" for name in _compared(table, blamed, recorded=recorded))
    return f"md5_number_lower(concat_ws('|', '', {cells}))" if cells else "0"


def _clear(
    connection: duckdb.DuckDBPyConnection, table: Table, source: str, blamed: list[str], number: int, *, held: str | None, recorded: bool
) -> None:
    """Take away the waiting rows of one set of blamed columns that a kept row of the batch puts right."""
    contradiction = set(blamed) >= set(table.column_names) - set(table.key)
    # Two rows that contradicted each other: one of them was kept, and is held.
    known = (
        f"(row_hash NOT IN (SELECT row_hash FROM {quote(held)} WHERE known_to IS NULL AND source = {text(source)}))"
        if held and not contradiction
        else "true"
    )
    lost = bool(({*table.key} | {_PERSON}) & set(blamed)) and not contradiction
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _right AS SELECT file, row, {_hash(table, blamed, recorded=recorded)} AS hash FROM _kept "
        f"WHERE source = {text(source)} AND {known}"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _open AS SELECT file, row, batch, hash FROM _waiting WHERE source = ? AND table_name = ? AND blamed = ? "
        f"AND batch < {number} AND hash NOT IN (SELECT hash FROM _waiting WHERE batch = {number} AND source = ? AND table_name = ? AND blamed = ?)",
        [source, table.name, blamed, source, table.name, blamed],
    )
    alone = "count(*) OVER (PARTITION BY {0}.hash) = 1"
    fits = "true"
    if lost:
        fits = f"((o.file = r.file AND o.row = r.row) OR ({alone.format('r')} AND {alone.format('o')}))"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _met AS SELECT o.file, o.row, o.batch, r.file AS by_file FROM _open AS o JOIN _right AS r ON r.hash = o.hash "
        f"QUALIFY {fits} AND row_number() OVER (PARTITION BY o.file, o.row, o.batch ORDER BY r.file, r.row) = 1"
    )
    connection.execute("INSERT INTO _cleared SELECT by_file, ?, ?, count(*) FROM _met GROUP BY by_file", [source, table.name])
    connection.execute(
        "DELETE FROM _waiting WHERE source = ? AND table_name = ? AND (file, row, batch) IN (SELECT file, row, batch FROM _met)", [source, table.name]
    )
    for name in ("_right", "_open", "_met"):
        connection.execute(f"DROP TABLE {name}")


def with_cleared(connection: duckdb.DuckDBPyConnection, counted: list[FileCount]) -> list[FileCount]:
    """The counts of each file with the rows set aside earlier that it put right."""
    rows = connection.execute("SELECT file, source, table_name, sum(n)::BIGINT FROM _cleared GROUP BY ALL").fetchall()
    found = {(file, source, table): n for file, source, table, n in rows}
    return [replace(one, rows_cleared=found.get((one.file, one.source, one.table), 0)) for one in counted]


def write_waiting(connection: duckdb.DuckDBPyConnection, folder: Path, old: Withdrawal) -> int:
    """Write what waits after this batch, without the readings that it takes back; returns how many rows."""
    for file in old.files:
        connection.execute(
            "DELETE FROM _waiting WHERE source = ? AND table_name = ? AND file = ? AND batch = ?",
            [file["source"], file["table"], file["file"], int(file["batch"])],
        )
    connection.execute(
        f"COPY (SELECT * FROM _waiting ORDER BY source, table_name, file, row, batch) TO {text(str(folder / WAITING))} (FORMAT parquet)"
    )
    [(count,)] = connection.execute("SELECT count(*) FROM _waiting").fetchall()
    return int(count)
