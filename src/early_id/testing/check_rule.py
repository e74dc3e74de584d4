"""Try a rule on literal rows: for whoever adds one, and for those that are shipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from early_id.core.types import Severity
from early_id.data.context import add_schools, extend_context, make_context
from early_id.data.crosscheck import ASIDE, check_records, check_tables, note_aside
from early_id.data.engine import connect, quote, raw, text
from early_id.data.mapping import Known, Shape
from early_id.data.plan import Staged
from early_id.data.rules import Rule, only
from early_id.data.stage import Incoming, stage
from early_id.present.wording import check_words
from early_id.schema.tables import Table, Tables

if TYPE_CHECKING:
    import duckdb

#: Cells by canonical column, as text; ``known`` is the recorded date.
Rows = Sequence[Mapping[str, str]]
_SOURCE, _FILE, _RECEIVED = "a source", "a file", date(2025, 3, 3)
#: Cells that a file may hold and that no rule may stumble over.
STRANGE = ("", "'", '"', "\\", "%", "=1+1", "9" * 18, "-9", "1900-01-01", "9999-12-31", "x" * 300, "é\u00a0", "Y", "0")


def check_rule(
    rule: Rule,
    *,
    bad: Rows,
    good: Rows = (),
    table: str | None = None,
    count: int | None = None,
    tables: Mapping[str, Rows] | None = None,
    strange: bool = True,
) -> None:
    """Hold a rule against rows that break it and rows that do not.

    Parameters
    ----------
    rule : Rule
        Shipped or not; it need not be registered.
    bad, good : sequences of mappings
        Rows of its table, canonical column → text. Rules of other scopes than ``row`` look at all ``bad`` rows together, and at all ``good`` ones.
    table : str, optional
        The table, where the rule names none or several.
    count : int, optional
        How often it has to be found among ``bad``: once a row where nothing is said.
    tables : mapping, optional
        Rows of other tables that it looks at. People who are not among ``pupils`` are listed as born on 4 May 2012.

    strange : bool
        Whether to try it on cells that a file may hold by mistake, too.

    Raises
    ------
    AssertionError
        It is found too often or too seldom, it stumbles over a strange cell, or its words are not for people.

    Examples
    --------
    >>> from early_id.core.types import Severity
    >>> late = Rule("LOC001", Severity.QUERY, ("contacts",), "contact_source = 'fax'", "A contact came by fax.", "Ask for another way.")
    >>> check_rule(late, bad=[{"source_person_id": "C1", "contact_on": "2025-01-02", "contact_source": "fax"}], good=[{"source_person_id": "C1", "contact_on": "2025-01-02"}])
    """
    assert rule.scope != "intake", f"{rule.code} is applied by ingest itself; try it by an intake."
    name = table or next(iter(rule.tables), "")
    assert name, f"{rule.code} names no table: say one with table=."
    for words in (rule.message, rule.advice):
        assert words.endswith((".", ")")) and not check_words(words), f"{rule.code}: the words '{words}' are not whole sentences for people."
    others = dict(tables or {})
    expected = len(bad) if count is None else count
    found = _found(rule, name, bad, others)
    assert found == expected, f"{rule.code} was found {found} times among the bad rows, not {expected} times."
    found = _found(rule, name, good, others) if good else 0
    assert found == 0, f"{rule.code} was found {found} times among the good rows."
    if strange:  # whatever it says of them, it has to say it
        _found(rule, name, list(strange_rows([*bad, *good])), others)
    if rule.severity is Severity.ERROR:
        assert rule.blames, f"{rule.code} sets rows aside and does not say which columns it blames, so no correction can be recognised."


def strange_rows(rows: Rows) -> Iterable[dict[str, str]]:
    """Each row with each cell in turn replaced by each strange one."""
    for row in rows[:3]:
        for name in row:
            for cell in STRANGE:
                yield {**row, name: cell}


def staged(table: str, rows: Rows, tables: Mapping[str, Rows] | None = None) -> int:
    """How many rows come through the rules of a row that are in force, whatever these find; an error of the engine is raised."""
    connection = _connection()
    make_context(connection)
    _lists(connection, [rows], dict(tables or {}))
    _stage(connection, Tables()[table], rows, into="_marked")
    [(count,)] = connection.execute("SELECT count(*) FROM _marked").fetchall()
    return int(count)


def _found(rule: Rule, name: str, rows: Rows, others: Mapping[str, Rows]) -> int:
    """How often a rule, alone, is found among rows."""
    connection = _connection()
    connection.execute(f"DROP TABLE IF EXISTS {ASIDE}")
    return _found_in(connection, rule, Tables()[name], rows, others)


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """One engine for all rules that are tried in a process: opening it takes longer than trying one."""
    return raw(connect())


def _found_in(connection: duckdb.DuckDBPyConnection, rule: Rule, table: Table, rows: Rows, others: Mapping[str, Rows]) -> int:
    with only(rule):
        make_context(connection)
        _lists(connection, [rows, *others.values()], others)
        _stage(connection, table, rows, into="_marked")
        [(found,)] = connection.execute(f"SELECT count(*) FROM _marked WHERE list_contains(codes, {text(rule.code)})").fetchall()
        if rule.scope == "row":
            return int(found)
        connection.execute("CREATE OR REPLACE TEMP TABLE _kept AS SELECT * FROM _marked WHERE codes = []")
        connection.execute("CREATE OR REPLACE TEMP TABLE _aside AS SELECT * FROM _marked WHERE codes <> []")
        note_aside(connection, table)
        if rule.scope == "records":
            return sum(n for _, code, n in check_records(connection, table, held=None) if code == rule.code)
        parts = {}
        for name in rule.tables:
            held = quote(f"_held_{name}")
            _stage(connection, Tables()[name], rows if name == table.name else others.get(name, ()), into=f"_rows_{name}")
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {held} AS SELECT *, CAST(NULL AS DATE) AS known_to FROM {quote(f'_rows_{name}')} WHERE codes = []"
            )
            parts[name] = held
        from early_id.config.settings import Source

        item = Staged(Source(name=_SOURCE, shape="", files=""), _shape(table, rows), table, _FILE, None, "", _RECEIVED)  # type: ignore[arg-type]
        return sum(n for _, code, n in check_tables(connection, parts, {table.name: [item]}) if code == rule.code)


def _lists(connection: duckdb.DuckDBPyConnection, given: Iterable[Rows], others: Mapping[str, Rows]) -> None:
    """The people and schools that the rows speak of."""
    pupils = list(others.get("pupils", ()))
    listed = {row.get("source_person_id") for row in pupils}
    named = {row.get("source_person_id", "") for rows in given for row in rows if len(row.get("source_person_id", "")) < 50}
    pupils += [{"source_person_id": one, "birth_date": "2012-05-04"} for one in sorted(named - listed - {""})]
    if pupils:
        _stage(connection, Tables()["pupils"], pupils, into="_pupils")
        extend_context(connection, "pupils", "_pupils", _FILE)
        connection.execute("UPDATE _people SET place = 0")
    schools = [str(row["school_id"]) for row in others.get("schools", ({"school_id": "S1"},))]
    add_schools(connection, f"(SELECT unnest([{', '.join(map(text, schools))}]) AS school_id)")


def _shape(table: Table, rows: Rows) -> Shape:
    names = dict.fromkeys(name for row in rows for name in row)
    known = Known(column="known") if "known" in names else Known()
    formats: dict[str, tuple[str, ...]] = {column.name: ("%d/%m/%Y",) for column in table.columns if column.type == "date"}
    return Shape("rows", table.name, "rows", {name: name for name in names if name != "known"}, formats, known=known)


def _stage(connection: duckdb.DuckDBPyConnection, table: Table, rows: Rows, *, into: str) -> None:
    shape = _shape(table, rows)
    headings = list(dict.fromkeys(name for row in rows for name in row)) or [table.columns[0].name]
    frame = pd.DataFrame([{name: row.get(name) or None for name in headings} for row in rows], columns=headings, dtype=object)
    frame.insert(0, "row", range(2, len(frame) + 2))
    connection.register("_given", frame)
    cells = ", ".join(f"CAST({quote(name)} AS VARCHAR) AS {quote(name)}" for name in headings)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _given_rows AS SELECT CAST(row AS BIGINT) AS row, {cells} FROM _given")
    connection.unregister("_given")
    stage(connection, view="_given_rows", into=into, table=table, shape=shape, incoming=Incoming(_SOURCE, _FILE, _RECEIVED))
