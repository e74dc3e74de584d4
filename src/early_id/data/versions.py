"""From staged rows to stored records: repeats, contradictions, corrections, and facts that come later.

Every stored record holds for the half-open span ``[known_from, known_to)``. A later copy of the same record (a correction) or a record gone from a
snapshot closes it. Facts that become known later, such as the end of a spell, are unfolded when a table is read: a spell with an end
becomes one version without the end and one with it, so that the cut in time needs a single rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from early_id.data.engine import quote, text
from early_id.data.rules import error_codes
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import duckdb
    import ibis


def key_names(table: Table) -> list[str]:
    """Columns that identify a record within the store, quoted."""
    person = ["source_person_id"] if table.has_person else []
    return [quote(name) for name in ("source", *person, *table.key)]


def key_hash(table: Table) -> str:
    """SQL for a session-only hash of the key: grouping millions of marks by one integer is several times faster."""
    return f"hash({', '.join(key_names(table))})"


def key_hash_of(table: Table, alias: str) -> str:
    """The same of a table called ``alias`` in a join."""
    return f"hash({', '.join(f'{alias}.{name}' for name in key_names(table))})"


def record_columns(table: Table) -> list[str]:
    """Columns of a stored record, in order and each once (some tables have a ``happened_on`` of their own)."""
    after = ("happened_on", "known_from", "known_to", "gone_on", "later_lag", "file", "row", "row_hash", "received_on", "batch")
    return list(dict.fromkeys(("source", "source_person_id", *table.column_names, *after)))


def mark_repeats(connection: duckdb.DuckDBPyConnection, table: Table, *, staged: str, into: str) -> None:
    """Add DUP001 to exact repeats and DUP002 to rows that contradict an earlier row of the same day.

    Rows without a readable key (GEN001, GEN002) are compared with nothing.
    """
    partition = ", ".join([*key_names(table), "known_from"])
    errors = ", ".join(text(code) for code in error_codes())
    suspect = f"NOT list_has_any(codes, ['GEN001', 'GEN002']) AND {key_hash(table)}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _suspects AS SELECT {key_hash(table)} AS key FROM {quote(staged)} "
        f"WHERE NOT list_has_any(codes, ['GEN001', 'GEN002']) GROUP BY key, known_from HAVING count(*) > 1"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {quote(into)} AS "
        f"SELECT * FROM {quote(staged)} WHERE NOT ({suspect} IN (SELECT key FROM _suspects)) "
        f"UNION ALL BY NAME SELECT * EXCLUDE (copy, first_hash) REPLACE ("
        f"CASE WHEN copy > 1 THEN list_append(codes, 'DUP001') "
        f"WHEN row_hash <> first_hash THEN list_append(codes, 'DUP002') ELSE codes END AS codes) FROM ("
        # Rows with an error of their own must not make a good row look like a contradiction, so they sort last; and what is settled beats a mark
        # that only says that nobody knows yet.
        f"SELECT *, row_number() OVER (PARTITION BY {partition}, row_hash ORDER BY file, row) AS copy, "
        f"first_value(row_hash) OVER (PARTITION BY {partition} ORDER BY list_has_any(codes, [{errors}]), {_unsettled(table)}, file, row) AS first_hash "
        f"FROM {quote(staged)} WHERE {suspect} IN (SELECT key FROM _suspects))"
    )


def _unsettled(table: Table) -> str:
    """SQL that is true for a row whose code is rewritten within days."""
    if table.provisional is None:
        return "false"
    column, codes = table.provisional
    return f"coalesce({quote(column)} IN ({', '.join(text(code) for code in sorted(codes))}), true)"


def merge(connection: duckdb.DuckDBPyConnection, table: Table, *, kept: str, held: str | None, snapshots: list[str], into: str) -> None:
    """Join new rows with the records held into ``into``.

    Parameters
    ----------
    kept : str
        Staged rows without ERROR codes.
    held : str or None
        The table's stored records; None in a first batch.
    snapshots : list of str
        Sources whose file is a full snapshot: a record missing from it is closed on the day it was received.
    """
    columns = [name for name in record_columns(table) if name not in ("known_to", "gone_on")]
    listed = ", ".join(quote(name) for name in columns)
    if held is None:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE _all AS SELECT {listed}, CAST(NULL AS DATE) AS gone_on FROM {quote(kept)}")
    else:
        key = key_hash(table)
        sources = ", ".join(text(name) for name in snapshots) or "NULL"
        gone = f"gone_on IS NULL AND source IN ({sources}) AND source IN (SELECT source FROM {quote(kept)}) AND {key} NOT IN (SELECT {key} FROM {quote(kept)})"
        # A record that differs from the one held cannot have been known before it was received.
        seen_now = listed.replace('"known_from"', 'greatest("known_from", "received_on") AS known_from')
        connection.execute(f"CREATE OR REPLACE TEMP TABLE _held_keys AS SELECT DISTINCT {key} AS key FROM {quote(held)}")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE _held_rows AS SELECT DISTINCT {key} AS key, row_hash FROM {quote(held)} WHERE gone_on IS NULL"
        )
        # What was held once, was corrected, and is now again the newest that the source says, is a correction back.
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE _back AS SELECT {key} AS key, row_hash, max(known_from) AS known_from FROM {quote(kept)} "
            f"WHERE ({key}, row_hash) IN (SELECT {key}, row_hash FROM {quote(held)} WHERE known_to IS NOT NULL AND gone_on IS NULL) "
            f"AND ({key}, row_hash) NOT IN (SELECT {key}, row_hash FROM {quote(held)} WHERE known_to IS NULL) GROUP BY ALL"
        )
        connection.execute(
            f"DELETE FROM _back AS b WHERE EXISTS (SELECT 1 FROM {quote(kept)} AS k WHERE {key_hash_of(table, 'k')} = b.key AND k.known_from > b.known_from)"
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE _all AS "
            f"SELECT {listed}, CASE WHEN {gone} "
            f"THEN (SELECT max(k.received_on) FROM {quote(kept)} AS k WHERE k.source = h.source) ELSE gone_on END AS gone_on FROM {quote(held)} AS h "
            f"UNION ALL SELECT {seen_now}, NULL FROM {quote(kept)} "
            f"WHERE {key} IN (SELECT key FROM _held_keys) AND ({key}, row_hash) NOT IN (SELECT key, row_hash FROM _held_rows) "
            f"UNION ALL SELECT {seen_now}, NULL FROM {quote(kept)} WHERE ({key}, row_hash, known_from) IN (SELECT key, row_hash, known_from FROM _back) "
            f"UNION ALL SELECT {listed}, NULL FROM {quote(kept)} WHERE {key} NOT IN (SELECT key FROM _held_keys)"
        )
    _close_where_next_begins(connection, table, into)


def _close_where_next_begins(connection: duckdb.DuckDBPyConnection, table: Table, into: str) -> None:
    """Set ``known_to`` of ``_all``. Only records with several versions pay for the window."""
    key, partition = key_hash(table), ", ".join(key_names(table))
    columns = ", ".join(quote(name) for name in record_columns(table))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _several AS SELECT {key} AS key FROM _all GROUP BY key HAVING count(*) > 1")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {quote(into)} AS SELECT {columns} FROM ("
        f"SELECT *, gone_on AS known_to FROM _all WHERE {key} NOT IN (SELECT key FROM _several) UNION ALL BY NAME "
        f"SELECT *, least(lead(known_from) OVER (PARTITION BY {partition} ORDER BY known_from, received_on, file, row), gone_on) AS known_to "
        f"FROM _all WHERE {key} IN (SELECT key FROM _several))"
    )


def unfolded(rows: ibis.Table, table: Table) -> ibis.Table:
    """The stored records ``rows`` as one version for each date on which more became known.

    A fact that comes later (``end_on``) is known ``later_lag`` days after its own date, at the latest when the file was received, and never
    before the record.
    """
    import ibis

    inner = ("gone_on", "later_lag", "batch")
    if not table.later:
        return rows.drop(*(name for name in inner if name in rows.columns))
    learned = {name: _learned(rows, name) for name in table.later}
    # The next date is the next place of the list, so no engine has to bring rows into order. Of dates that are the same, the last counts.
    dated = rows.mutate(_moments=ibis.array([rows.known_from, *learned.values()]).sort(), **{f"_learned_{n}": d for n, d in learned.items()})
    placed = dated.mutate(_place=ibis.range(0, dated["_moments"].length()).unnest())
    placed = placed.mutate(_place=placed["_place"].cast("int32"))  # a step of its own: Spark takes nothing around an unnest
    following = ibis.least(placed["_place"] + 1, placed["_moments"].length() - 1).cast("int32")
    shown = placed.mutate(
        _moment=placed["_moments"][placed["_place"]], _next=(following > placed["_place"]).ifelse(placed["_moments"][following], ibis.null("date"))
    )
    changed: dict[str, Any] = {}
    for name, dependents in table.later.items():
        seen = shown[f"_learned_{name}"] <= shown["_moment"]
        changed[name] = seen.ifelse(shown[name], None)
        changed |= {d: (shown[name].isnull() | seen).ifelse(shown[d], None) for d in dependents}
    last_of_day = shown["_next"].isnull() | (shown["_moment"] < shown["_next"])
    held = shown.filter(last_of_day, shown.known_to.isnull() | (shown["_moment"] < shown.known_to))
    held = held.mutate(**changed, known_from=shown["_moment"], known_to=ibis.least(shown["_next"], shown.known_to))
    return held.select(*(name for name in rows.columns if name not in inner))


def _learned(rows: ibis.Table, name: str) -> Any:
    """When it became known that a record's later fact ``name`` is so; for an empty one, with the record itself."""
    import ibis

    lag = rows.later_lag.cast("int64").as_interval("D")
    day = (rows[name].cast("date") + lag).cast("date")
    seen = ibis.greatest(ibis.least(day, rows.received_on), rows.known_from)
    return rows[name].isnull().ifelse(rows.known_from, seen)
