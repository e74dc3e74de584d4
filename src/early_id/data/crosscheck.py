"""Checks that need more than one row: other rows of the table, other tables, a whole column.

They look at rows that are kept, so nothing they find sets a row aside. What a file is found to hold is counted for that file, however many batches ago
the same rows came first; files that are not in the batch are context only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from early_id.data.engine import quote, text
from early_id.data.plan import Staged
from early_id.data.rules import checking, error_codes
from early_id.data.rules.returns import checked_columns
from early_id.data.stage import filled
from early_id.data.versions import key_hash
from early_id.schema.columns import Table

if TYPE_CHECKING:
    import duckdb

#: File, code, how often.
Found = tuple[str, str, int]


def check_records(connection: duckdb.DuckDBPyConnection, table: Table, *, held: str | None) -> list[Found]:
    """Rules of scope ``records``: the kept rows of the batch (``_kept``) among the records in force, in one scan.

    Parameters
    ----------
    held : str or None
        The table's records before this batch; those that a kept row replaces do not count.
    """
    rules = checking("records", table.name)
    if not rules:
        return []
    _bring_together(connection, table, held)
    cases = ", ".join(
        f"CASE WHEN {filled(rule.dated_predicate, table).replace('{records}', '_records')} THEN {text(rule.code)} END" for rule in rules
    )
    rows = connection.execute(
        f"SELECT file, code, count(*) FROM (SELECT file, unnest(list_filter(codes, lambda x: x IS NOT NULL)) AS code FROM ("
        f"SELECT s.file, s.of_batch, [{cases}] AS codes FROM _records AS s) WHERE of_batch) GROUP BY ALL"
    ).fetchall()
    connection.execute("DROP TABLE _records")
    return [(str(file), str(code), int(count)) for file, code, count in rows]


def _bring_together(connection: duckdb.DuckDBPyConnection, table: Table, held: str | None) -> None:
    """``_records``: the kept rows of the batch, and the records held that none of them replaces. Of several versions of a record the newest counts."""
    extra = [column.name for column in checked_columns(table.name)]
    plain = dict.fromkeys(
        [*(["source_person_id"] if table.has_person else []), *table.column_names, "source", "file", "row", "received_on", "happened_on"]
    )
    names = ", ".join(quote(name) for name in plain)
    added = "".join(f", {quote(name)}" for name in extra)
    key = key_hash(table)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _records AS SELECT {names}{added}, true AS of_batch FROM _kept "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY known_from DESC, file DESC, row DESC) = 1"
    )
    if held is not None:
        connection.execute(
            f"INSERT INTO _records BY NAME SELECT {names}, false AS of_batch FROM {quote(held)} "
            f"WHERE known_to IS NULL AND gone_on IS NULL AND {key} NOT IN (SELECT {key} FROM _records)"
        )


#: People with a row that was set aside in this batch: what is wrong about them is known already.
ASIDE = "_aside_people"


def note_aside(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Remember whose rows of a table were set aside."""
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {ASIDE} (source VARCHAR, source_person_id VARCHAR)")
    if table.has_person:
        connection.execute(f"INSERT INTO {ASIDE} SELECT DISTINCT source, source_person_id FROM _aside WHERE source_person_id IS NOT NULL")


def check_tables(connection: duckdb.DuckDBPyConnection, parts: dict[str, str], batch: dict[str, list[Staged]]) -> list[Found]:
    """Rules of scope ``store``, once every table of the batch is stored.

    Parameters
    ----------
    parts : dict
        Table → SQL for its records.
    batch : dict
        Table → its files of this batch.
    """
    found: list[Found] = []
    for rule in checking("store"):
        counted, *others = rule.tables
        have = {name for name in rule.tables if name in parts or name in batch}
        if counted not in batch or not have.issuperset(rule.tables) or not all(name in parts for name in others):
            continue
        sql = rule.predicate.replace("{aside}", ASIDE).replace("{new}", _of_batch(connection, counted, parts, batch[counted]))
        for name in rule.tables:
            if name in parts:
                sql = sql.replace(f"{{{name}}}", f"(SELECT * FROM {parts[name]} WHERE known_to IS NULL)")
        found += [(str(file), rule.code, int(count)) for file, count in connection.execute(sql).fetchall() if count]
    return found


def _of_batch(connection: duckdb.DuckDBPyConnection, table: str, parts: dict[str, str], files: Iterable[Staged]) -> str:
    """SQL for the rows in force that stand in a file of the batch."""
    if table not in parts:
        return f"(SELECT * FROM {quote(compared(table))})"
    pairs = ", ".join(sorted({f"({text(item.source.name)}, {text(item.name)})" for item in files}))
    return f"(SELECT * FROM {parts[table]} WHERE known_to IS NULL AND (source, file) IN ({pairs}))"


def compared(table: str) -> str:
    """Where the kept rows of a table that is not stored wait for the rules of several tables."""
    return f"_compared_{table}"


def part_sql(path: Path) -> str:
    """SQL for a part file that was just written."""
    return f"read_parquet({text(str(path))}, hive_partitioning = false)"


#: A column says something of its style from so many dates on, of so many days of so many months: marks of one month say nothing.
MANY, FEW_DAYS, SOME_MONTHS = 50, 3, 6
_MONTHS = 12


def check_dates(connection: duckdb.DuckDBPyConnection, item: Staged, view: str) -> list[tuple[str, int, str]]:
    """Of each column of dates of a file: whether no day lies above 12 (DAT001), and whether two styles are mixed (DAT002).

    Returns
    -------
    list of (code, count, heading)
    """
    kinds = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {quote(view)}").fetchall()}
    columns = [column.name for column in item.table.columns if column.type in ("date", "timestamp") and f"raw_{column.name}" in kinds]
    if not columns:
        return []
    styles: dict[str, list[tuple[int, int, set[int], set[int]]]] = {name: [] for name in columns}
    # What another rule took says nothing of how dates are written: a file of which little is left would look like one of few days.
    taken = ", ".join(text(code) for code in error_codes())
    parts = []
    for name in columns:
        raw, readable = quote(f"raw_{name}"), f"NOT coalesce(list_contains(faults, {text(f'GEN001 {item.shape.columns[name]}')}), false)"
        # A date is looked at once, however many rows have it.
        parts.append(
            f"SELECT {text(name)}, sum(n)::BIGINT, sum(stay)::BIGINT, coalesce(list(DISTINCT day(read)) FILTER (stay > 0), []), "
            f"coalesce(list(DISTINCT month(read)) FILTER (stay > 0), []) FROM (SELECT {raw} AS said, any_value({quote(name)}) AS read, count(*) AS n, "
            f"count(*) FILTER (NOT list_has_any(codes, [{taken}])) AS stay FROM {quote(view)} "
            f"WHERE {raw} IS NOT NULL AND {readable} AND NOT list_contains(codes, 'FIL004') GROUP BY {raw}) "
            f"GROUP BY regexp_replace(said, '[0-9]+', '9', 'g')"
        )
    for name, rows, stay, days, months in connection.execute(" UNION ALL ".join(parts)).fetchall():
        styles[name].append((int(rows), int(stay), set(days), set(months)))
    found: list[tuple[str, int, str]] = []
    for name, seen in styles.items():
        heading, rows = item.shape.columns[name], [count for count, *_ in seen]
        stay = sum(count for _, count, *_ in seen)
        days = set().union(*(those for *_, those, _ in seen))
        months = set().union(*(those for *_, those in seen))
        if stay >= MANY and max(days) <= _MONTHS and len(days) >= FEW_DAYS and len(months) >= SOME_MONTHS:
            found.append(("DAT001", stay, heading))
        if len(rows) > 1:
            found.append(("DAT002", sum(rows) - max(rows), heading))
    return found
