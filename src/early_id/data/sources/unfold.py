"""Bring the rows of a file into reach of a shape: a closed vocabulary, compiled to SQL, so that a shape stays a list of names.

``join`` adds columns of a second file of the same folder; ``each`` makes several records of a row (marks side by side, a list in one cell, a string of
marks); ``derive`` makes one column of others. A record keeps the number of the row that it came from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from early_id.core.errors import SettingsError
from early_id.data.engine import quote, text
from early_id.data.sources.uneven import UNEVEN
from early_id.schema.codes import code_list

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Derived:
    """One column made of others. Exactly one of the fields says how."""

    constant: str | None = None  #: the same text in every row
    first: tuple[str, ...] = ()  #: the first of these headings that is filled
    joined: tuple[str, ...] = ()  #: these headings one after the other
    without_letter: str | None = None  #: a label such as ``a) WBRI`` without its letter
    before: str | None = None  #: what stands before the first colon, dash or space of a label such as ``N1 - Abuse or neglect``
    json: tuple[str, ...] = ()  #: a heading that holds a JSON object, and the name of the value in it
    flags: str | None = None  #: a heading that holds a JSON object of flags: the names of those that are set
    only_if: tuple[str, str, tuple[str, ...]] | None = None  #: a heading, where a second one holds one of these
    since: tuple[str, int] | None = None  #: a heading with a date, so many days later
    everything: bool = False  #: the whole row, as a JSON object

    @property
    def reads(self) -> tuple[str, ...]:
        """Headings that it is made of."""
        pair = self.only_if[:2] if self.only_if else ()
        single = [name for name in (self.without_letter, self.before, self.flags, *(self.json[:1]), *(self.since[:1] if self.since else ())) if name]
        return (*self.first, *self.joined, *single, *pair)


@dataclass(frozen=True)
class Each:
    """How several records come out of one row. Exactly one of ``columns``, ``json`` and ``marks`` says which kind."""

    columns: dict[str, str] = field(default_factory=dict)  #: word for a record → heading of its value (``AM: AM mark``)
    json: str | None = None  #: a heading that holds a list, or an object of which the keys with a Yes count
    marks: str | None = None  #: a heading that holds attendance marks, two a day, from ``start``
    start: str | None = None
    name: str = ""  #: what the column of words is called
    value: str = ""  #: what the column of values is called

    @property
    def reads(self) -> tuple[str, ...]:
        """Headings that it is made of."""
        return tuple(name for name in (*self.columns.values(), self.json, self.marks, self.start) if name)

    @property
    def makes(self) -> frozenset[str]:
        """Headings that it makes."""
        return frozenset(MARKS if self.marks else (name for name in (self.name, self.value) if name))


@dataclass(frozen=True)
class Join:
    """Columns of a second file of the same folder, for the rows that it has one for."""

    file: str  #: its name without the ending
    on: tuple[str, str]  #: heading here, heading there
    columns: tuple[str, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        """Headings of the first file that it needs."""
        return self.on[:1]

    @property
    def adds(self) -> frozenset[str]:
        """Headings that it adds."""
        return frozenset(self.columns)


#: Columns that a string of marks becomes.
MARKS = ("Date", "Session", "Mark")
_SET = "('Y', 'YES', 'TRUE', '1')"


def _one_of(kind: type, values: Any, choices: Iterable[str], where: str) -> dict[str, Any]:
    names = [item.name for item in fields(kind)]
    if not isinstance(values, dict):
        raise SettingsError("This part of a shape must hold 'name: value' pairs.", where=where, what_next=f"Known names: {', '.join(names)}.")
    if strange := sorted(set(map(str, values)) - set(names)):
        raise SettingsError.unknown_name("way to make a column", strange[0], names, where=where)
    if len(set(values) & set(choices)) != 1:
        raise SettingsError("This part of a shape must say one thing.", where=where, what_next=f"Give exactly one of: {', '.join(choices)}.")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def read_derived(values: Any, *, where: str) -> Derived:
    """One derived column of a shape file."""
    said = _one_of(Derived, values, [item.name for item in fields(Derived)], where)
    if "only_if" in said:
        heading, other, words = said["only_if"]
        said["only_if"] = (heading, other, tuple(words))
    return Derived(**said)


def read_each(values: Any, *, where: str) -> Each:
    """The part ``each`` of a shape file."""
    return Each(**_one_of(Each, values, ("columns", "json", "marks"), where))


def read_join(values: Any, *, where: str) -> Join:
    """The part ``join`` of a shape file."""
    if not isinstance(values, dict) or set(values) != {"file", "on", "columns"}:
        raise SettingsError("A join must say 'file', 'on' and 'columns'.", where=where)
    return Join(str(values["file"]), tuple(values["on"]), tuple(values["columns"]))


def unfold(
    connection: duckdb.DuckDBPyConnection, view: str, *, each: Each | None, derive: dict[str, Derived], read: Iterable[str], distinct: bool
) -> None:
    """Replace the table ``view`` by one with the columns that ``each`` and ``derive`` make; ``read`` are the headings that the shape reads."""
    if each is not None:
        _replace(connection, view, _each_sql(view, each))
    if derive:
        whole = [name for name, *_ in connection.execute(f"DESCRIBE {quote(view)}").fetchall() if name not in ("row", *UNEVEN)]
        # A column may be made of one that was made before it.
        for name, derived in derive.items():
            _replace(connection, view, f"SELECT *, {_derived_sql(derived, whole)} AS {quote(name)} FROM {quote(view)}")
    if distinct:
        marked = [name for name, *_ in connection.execute(f"DESCRIBE {quote(view)}").fetchall() if name in UNEVEN]
        columns = ", ".join(quote(name) for name in dict.fromkeys([*read, *derive, *marked]))
        _replace(connection, view, f"SELECT min(row) AS row, {columns} FROM {quote(view)} GROUP BY {columns} ORDER BY row")


def _replace(connection: duckdb.DuckDBPyConnection, view: str, query: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _unfolding AS {query}")
    connection.execute(f"DROP TABLE {quote(view)}")
    connection.execute(f"ALTER TABLE _unfolding RENAME TO {quote(view)}")


def _text(heading: str) -> str:
    return f"trim(CAST({quote(heading)} AS VARCHAR))"


def _derived_sql(derived: Derived, whole: list[str]) -> str:
    """SQL for a derived column as text."""
    if derived.constant is not None:
        return text(derived.constant)
    if derived.first:
        return f"coalesce({', '.join(f'''nullif({_text(name)}, '')''' for name in derived.first)})"
    if derived.joined:
        return " || ".join(f"coalesce({_text(name)}, '')" for name in derived.joined)
    if derived.without_letter:
        return f"regexp_replace({_text(derived.without_letter)}, '^[a-z]{{1,2}}\\)\\s*', '')"
    if derived.before:
        return f"regexp_extract({_text(derived.before)}, '^[^\\s:–-]+')"
    if derived.json:
        heading, key = derived.json
        return f"json_extract_string(CASE WHEN json_valid({_text(heading)}) THEN {_text(heading)} END, {text(f'$.{key}')})"
    if derived.flags:
        return f"nullif(array_to_string(list_sort({_keys_set(derived.flags)}), ' '), '')"
    if derived.only_if:
        heading, other, words = derived.only_if
        return f"CASE WHEN upper({_text(other)}) IN ({', '.join(text(word.upper()) for word in words)}) THEN {_text(heading)} END"
    if derived.since:
        heading, days = derived.since
        return f"CAST(try_cast({_text(heading)} AS DATE) + {int(days)} AS VARCHAR)"
    return f"CAST(to_json({{{', '.join(f'{text(name)}: {quote(name)}' for name in whole)}}}) AS VARCHAR)"


def _keys_set(heading: str) -> str:
    """SQL list of the keys of a JSON object whose value says yes; the items of a JSON list."""
    value = f"CASE WHEN json_valid({_text(heading)}) THEN CAST({_text(heading)} AS JSON) END"
    keys = f"list_filter(json_keys({value}), lambda k: upper(json_extract_string({value}, '$.\"' || k || '\"')) IN {_SET})"
    return f"CASE json_type({value}) WHEN 'ARRAY' THEN CAST({value} AS VARCHAR[]) WHEN 'OBJECT' THEN {keys} ELSE [] END"


def _each_sql(view: str, each: Each) -> str:
    """SQL of the records. A row that holds none becomes one record without a value, so that it is set aside and not lost."""
    if each.marks:
        return _marks_sql(view, each)
    if each.json:
        values = f"CASE WHEN len(v) > 0 THEN v ELSE [NULL] END AS v FROM (SELECT *, {_keys_set(each.json)} AS v FROM {quote(view)})"
        return f"SELECT * EXCLUDE (v), unnest(v) AS {quote(each.value)} FROM (SELECT * EXCLUDE (v), {values})"
    cells = ", ".join(f"{{'n': {text(word)}, 'v': nullif({_text(heading)}, '')}}" for word, heading in each.columns.items())
    filled = f"list_filter([{cells}], lambda c: c.v IS NOT NULL)"
    listed = f"SELECT *, CASE WHEN len({filled}) > 0 THEN {filled} ELSE [{{'n': NULL, 'v': NULL}}] END AS _cells FROM {quote(view)}"
    return (
        f"SELECT * EXCLUDE (_cell), _cell.n AS {quote(each.name)}, _cell.v AS {quote(each.value)} "
        f"FROM (SELECT * EXCLUDE (_cells), unnest(_cells) AS _cell FROM ({listed}))"
    )


def _marks_sql(view: str, each: Each) -> str:
    """SQL of a string of marks, mark by mark: codes of two characters stand in it as they are, so it may not be cut character by character."""
    long = sorted(code for code in code_list("attendance").values() if len(code) > 1)
    pattern = "|".join([*long, "."])
    found = f"regexp_extract_all({_text(each.marks or '')}, {text(pattern)})"
    marks = f"SELECT *, CASE WHEN len({found}) > 0 THEN {found} ELSE [NULL] END AS _marks FROM {quote(view)}"
    placed = f"SELECT * EXCLUDE (_marks), unnest(_marks) AS _mark, generate_subscripts(_marks, 1) - 1 AS _place FROM ({marks})"
    day = f"try_cast({_text(each.start or '')} AS DATE) + CAST(_place // 2 AS INTEGER)"
    return (
        f"SELECT * EXCLUDE (_mark, _place), coalesce(CAST({day} AS VARCHAR), {_text(each.start or '')}) AS {quote(MARKS[0])}, "
        f"CASE WHEN _place % 2 = 0 THEN 'AM' ELSE 'PM' END AS {quote(MARKS[1])}, _mark AS {quote(MARKS[2])} FROM ({placed})"
    )
