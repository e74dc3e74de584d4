"""Stage one file: from text to a canonical table, with every rule of the table applied in one scan.

The result is a temporary table with the canonical columns, provenance, ``known_from`` and ``codes``: the rules that each row broke.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from early_id.config.regimes import FamilyHelpSettings
from early_id.data.context import person_table
from early_id.data.engine import quote, text
from early_id.data.family_help import status_sql
from early_id.data.mapping import Shape
from early_id.data.rules import checking
from early_id.data.rules.returns import checked_columns
from early_id.data.sources.uneven import CELLS
from early_id.schema.tables import Column, Table

if TYPE_CHECKING:
    import duckdb

SQL_TYPES = {"text": "VARCHAR", "date": "DATE", "timestamp": "TIMESTAMP", "integer": "BIGINT", "number": "DOUBLE", "yes_no": "BOOLEAN"}
#: No date of a living person lies before this year.
EARLIEST = 1900
#: Rows that have no date of their own (pupils, schools) are taken to have held always; the model card says so.
ALWAYS = "DATE '1900-01-01'"


@dataclass(frozen=True)
class Incoming:
    """What stage needs to know of a file beside its rows."""

    source: str
    file: str
    received: date
    family_help: FamilyHelpSettings = field(default_factory=FamilyHelpSettings)


def column_sql(column: Column, heading: str | None, shape: Shape, kinds: dict[str, str]) -> tuple[str, str]:
    """SQL for the typed value and for its text original, from the raw column ``heading``."""
    target = SQL_TYPES[column.type]
    if heading is None:
        return f"CAST(NULL AS {target})", "CAST(NULL AS VARCHAR)"
    raw = f"nullif(trim(CAST({quote(heading)} AS VARCHAR)), '')"
    if recode := shape.values.get(column.name):
        cases = " ".join(f"WHEN {text(old)} THEN {text(new)}" for old, new in recode.items())
        raw = f"CASE {raw} {cases} ELSE {raw} END"
    if column.type == "text":
        return raw, raw
    if column.type in ("date", "timestamp"):
        if kinds.get(heading, "") in ("DATE", "TIMESTAMP"):
            return f"CAST({quote(heading)} AS {target})", raw
        formats = [f for f in shape.dates.get(column.name, ()) if f != "%Y-%m-%d"]
        tries = [f"try_strptime({raw}, {text(f)})" for f in formats] + [f"try_cast({raw} AS TIMESTAMP)"]
        if formats and not any(f.startswith("%Y") for f in formats):
            # An ISO date needs no trying: no other format has a dash in the fifth place, and trying takes four times as long.
            tries = [f"CASE WHEN substr({raw}, 5, 1) = '-' THEN {tries[-1]} ELSE coalesce({', '.join(tries)}) END"]
        # A year of two digits is read as a year of the first century: that is a date that cannot be read.
        return f"list_first(list_filter([CAST(coalesce({', '.join(tries)}) AS {target})], lambda x: year(x) >= {EARLIEST}))", raw
    if column.type == "yes_no":
        return (
            f"CASE WHEN upper({raw}) IN ('Y', 'YES', 'TRUE', '1') THEN true WHEN upper({raw}) IN ('N', 'NO', 'FALSE', '0') THEN false END",
            raw,
        )
    return f"try_cast({raw} AS {target})", raw


def stage(connection: duckdb.DuckDBPyConnection, *, view: str, into: str, table: Table, shape: Shape, incoming: Incoming) -> None:
    """Read the raw rows of ``view`` as rows of ``table`` into the temporary table ``into``.

    Beside the table's own columns it has those that only the checks read (:mod:`early_id.data.rules.returns`), empty where the file has none.
    """
    kinds = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {quote(view)}").fetchall()}
    headings = {name: heading for name, heading in shape.columns.items() if heading in kinds}
    [(rows,)] = connection.execute(f"SELECT count(*) FROM {quote(view)}").fetchall()
    selected, typed = [], []
    for column in (*table.columns, *checked_columns(table.name)):
        value, raw = column_sql(column, headings.get(column.name), shape, kinds)
        if (table.name, column.name) == ("statutory", "status") and headings.get("status"):
            start, _ = column_sql(table["start_on"], headings.get("start_on"), shape, kinds)
            word, _ = column_sql(column, headings["status"], replace(shape, values={}), kinds)
            value = status_sql(value, word, start, incoming.family_help)
        selected.append(f"{value} AS {quote(column.name)}")
        if column.type != "text" and column.name in headings:
            selected.append(f"{raw} AS {quote('raw_' + column.name)}")
            if column.name in table:  # what only the checks read sets no row aside
                typed.append(column.name)
    uneven = f"{quote(CELLS)} IS NOT NULL" if CELLS in kinds else "false"
    person = quote(headings["source_person_id"]) if "source_person_id" in headings else "NULL"
    recorded, recorded_raw = _known_date(shape, kinds)
    happened = f"CAST({quote(table.happened)} AS DATE)" if table.happened else "CAST(NULL AS DATE)"
    own = ", ".join(f"coalesce(CAST({quote(name)} AS VARCHAR), '')" for name in table.column_names)
    # Joined to the person beforehand: a rule that looked the person up by itself would read the list once more for every rule.
    people = (
        f" LEFT JOIN {quote(person_table(connection, incoming.source, table.name))} AS _person USING (source_person_id)" if table.has_person else ""
    )
    inner = "uneven, recorded, recorded_unreadable, stated_recorded, happened_on, padded_id, padded_text" + (
        ", " + ", ".join(PERSON_COLUMNS) if table.has_person else ""
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {quote(into)} AS WITH typed AS ("
        f"SELECT row, ({uneven}) AS uneven, nullif(trim(CAST({person} AS VARCHAR)), '') AS source_person_id, {', '.join(selected)}, {recorded} AS stated_recorded, "
        f"coalesce({recorded}, {text(str(incoming.received))}::DATE) AS recorded, ({recorded_raw} IS NOT NULL AND {recorded} IS NULL) AS recorded_unreadable, "
        f"{_padded([person] if person != 'NULL' else [])} AS padded_id, {_padded(_texts(table, headings, kinds))} AS padded_text "
        f"FROM {quote(view)}), s AS ("
        f"SELECT *, {text(incoming.source)} AS source, {text(incoming.file)} AS file, {text(str(incoming.received))}::DATE AS received_on, "
        f"{happened} AS happened_on FROM typed{people}) "
        f"SELECT * EXCLUDE ({inner}), "
        f"coalesce(happened_on, {ALWAYS}) AS happened_on, "
        f"{_known_from(table, shape)} AS known_from, "
        f"md5_number_lower(concat_ws('|', coalesce(source_person_id, ''), {own})) AS row_hash, "
        # In a line with other numbers of cells nobody can tell which cell is which: it breaks that one rule.
        f"CASE WHEN uneven THEN ['FIL004'] ELSE {_codes(table, typed, frozenset(headings), many=rows > _MANY)} END AS codes, "
        f"CASE WHEN NOT uneven THEN {_faults(table, typed, shape)} END AS faults FROM s"
    )


#: What a row has of its person while it is checked.
PERSON_COLUMNS = ("person_listed", "person_born", "person_births", "person_died", "person_upn", "person_ethnicity", "held_upn", "held_ethnicity")


def _texts(table: Table, headings: dict[str, str], kinds: dict[str, str]) -> list[str]:
    """The columns of words and codes of a file, quoted."""
    columns = [column for column in (*table.columns, *checked_columns(table.name)) if column.type == "text" and column.name in headings]
    return [quote(headings[column.name]) for column in columns if kinds[headings[column.name]] == "VARCHAR"]


def _padded(columns: list[str]) -> str:
    """SQL that is true where spaces stand round one of the values."""
    return " OR ".join(f"coalesce(CAST({name} AS VARCHAR) <> trim(CAST({name} AS VARCHAR)), false)" for name in columns) or "false"


def _known_date(shape: Shape, kinds: dict[str, str]) -> tuple[str, str]:
    """SQL for the recorded date, read with any of the formats that the shape names, and for its text."""
    if not shape.known.column:
        return "CAST(NULL AS DATE)", "CAST(NULL AS VARCHAR)"
    formats = tuple(dict.fromkeys(form for forms in shape.dates.values() for form in forms))
    return column_sql(Column("known", "date"), shape.known.column, replace(shape, dates={"known": formats}, values={}), kinds)


def _known_from(table: Table, shape: Shape) -> str:
    if shape.snapshot and not shape.known.column and shape.known.lag_days is None:
        return "recorded"  # the day of the snapshot in which it is first seen
    if not table.happened and not shape.known.column:
        return ALWAYS
    if shape.known.lag_days is not None:
        # What the file holds was known when it was received, whatever lag is assumed for older rows.
        return f"least(coalesce(happened_on + {int(shape.known.lag_days)}, received_on), received_on)"
    if table.name == "pupils" and not shape.known.column:
        return ALWAYS
    return "recorded"


#: The column of the recorded date, which the shape names by itself.
_RECORDED = "recorded"


def _unreadable(typed: list[str]) -> dict[str, str]:
    """Column → SQL that is true where its value was given and cannot be read."""
    return {_RECORDED: "recorded_unreadable", **{name: f"({quote('raw_' + name)} IS NOT NULL AND {quote(name)} IS NULL)" for name in typed}}


def _empty(table: Table, typed: list[str]) -> dict[str, str]:
    """Column → SQL that is true where a value that the table needs is missing.

    A required value that was given but cannot be read is GEN001 alone, so that each fault has one name.
    """
    needed = {
        name: f"({quote(name)} IS NULL AND {quote('raw_' + name)} IS NULL)" if name in typed else f"({quote(name)} IS NULL)"
        for name in table.required
    }
    return needed | ({"source_person_id": "(source_person_id IS NULL)"} if table.has_person else {})


def _faults(table: Table, typed: list[str], shape: Shape) -> str:
    """SQL list of ``GEN001 Heading`` for each cell at fault, under the headings of the file; NULL for the rows without, which are nearly all."""
    found = [
        *(("GEN001", name, test) for name, test in _unreadable(typed).items()),
        *(("GEN002", name, test) for name, test in _empty(table, typed).items()),
    ]
    headings = {**shape.columns, _RECORDED: shape.known.column or _RECORDED}
    cases = ", ".join(f"CASE WHEN {test} THEN {text(f'{code} {headings.get(name, name)}')} END" for code, name, test in found)
    return f"CASE WHEN {' OR '.join(test for _, _, test in found)} THEN list_filter([{cases}], lambda x: x IS NOT NULL) END"


#: From so many rows on, looking first whether a row breaks any rule is worth the longer query.
_MANY = 50_000


def _codes(table: Table, typed: list[str], supplied: frozenset[str], *, many: bool) -> str:
    """SQL list of the codes of all rules that a row breaks, evaluated in one scan.

    Nearly every row breaks none: of ``many`` rows the list is put together for the others only.
    """
    found = [("GEN001", " OR ".join(_unreadable(typed).values())), ("GEN002", " OR ".join(_empty(table, typed).values()) or "false")]
    found += [(rule.code, filled(rule.dated_predicate, table)) for rule in checking("row", table.name) if supplied.issuperset(rule.needs)]
    if not table.has_person:
        found = [(code, predicate) for code, predicate in found if not re.search(r"\b(source_person_id|person_|held_)", predicate)]
    cases = ", ".join(f"CASE WHEN {predicate} THEN {text(code)} END" for code, predicate in found)
    listed = f"list_filter([{cases}], lambda x: x IS NOT NULL)"
    if not many:
        return listed
    some = " OR ".join(f"coalesce({predicate}, false)" for _, predicate in found)
    return f"CASE WHEN {some} THEN {listed} ELSE CAST([] AS VARCHAR[]) END"


def filled(predicate: str, table: Table) -> str:
    """A rule's predicate with the names that it leaves open."""
    names = {
        "people": "_people",
        "schools": "_schools",
        "starts": quote(table.happened or "happened_on"),
        "ends": quote(table.ends) if table.ends else "NULL",
    }
    for name, sql in names.items():
        predicate = predicate.replace(f"{{{name}}}", sql)
    return predicate
