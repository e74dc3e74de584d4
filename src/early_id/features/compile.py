"""Declarations become engine expressions: conditions, conditional sums, runs. Aggregates are integers, so that results repeat to the byte."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from early_id.core.errors import DeclarationError
from early_id.features.declare import Measure
from early_id.schema.conditions import AllOf, AnyOf, AtLeast, AtMost, Condition, IsIn, IsTrue, Not, PartIn

if TYPE_CHECKING:
    import ibis

#: Numbers are summed as whole thousandths.
SCALE = 1000
#: 'latest' packs day and value into one integer: the value's part must not overflow.
_DAY_FACTOR = 10**12
_OFFSET = _DAY_FACTOR // 2
_EPOCH = date(1900, 1, 1)


def compile_condition(condition: Condition | None, rows: ibis.Table) -> Any:
    """A condition as a boolean expression that is never null: an empty value meets no comparison."""
    import ibis

    match condition:
        case None:
            return ibis.literal(True)
        case IsIn(column, values):
            return rows[column].isin(sorted(values)).fill_null(False)
        case AtLeast(column, bound):
            return (rows[column] >= bound).fill_null(False)
        case AtMost(column, bound):
            return (rows[column] <= bound).fill_null(False)
        case IsTrue(column):
            return rows[column].cast("boolean").fill_null(False)
        case PartIn(column, name, numbers):
            return _part(rows[column], name).isin(sorted(numbers)).fill_null(False)
        case Not(inner):
            return ~compile_condition(inner, rows)
        case AllOf(parts):
            result = ibis.literal(True)
            for part in parts:
                result = result & compile_condition(part, rows)
            return result
        case AnyOf(parts):
            result = ibis.literal(False)
            for part in parts:
                result = result | compile_condition(part, rows)
            return result
    raise DeclarationError("A condition of an unknown kind was declared.")


def _part(value: Any, part: str) -> Any:
    """Hour, weekday from Monday 0, or month of a date."""
    return {"hour": lambda: value.hour(), "weekday": lambda: value.day_of_week.index(), "month": lambda: value.month()}[part]()


@dataclass(frozen=True)
class Aggregate:
    """One integer column of the engine's answer."""

    name: str
    expression: Any


def _in_window(rows: ibis.Table, start: date, end: date) -> Any:
    import ibis

    return (rows.happened_on >= ibis.literal(start, type="date")) & (rows.happened_on < ibis.literal(end, type="date"))


@dataclass(frozen=True)
class Marks:
    """What one measure makes of each row, as boolean expressions: what values are counted from, and what a trace shows.

    ``hit`` is what a count counts; ``counted`` the same within ``among`` for a share.
    """

    inside: Any  #: in the window
    among: Any  #: one of those looked at, at any time
    hit: Any
    counted: Any


def marks_of(measure: Measure, rows: ibis.Table, start: date, end: date, as_of: date, ends: str) -> Marks:
    """Compiled conditions of a measure over ``[start, end)``."""
    import ibis

    inside = _in_window(rows, start, end)
    everything = rows.happened_on.notnull()  # a column, because the engine has no sum over a constant
    of = compile_condition(measure.of, rows) if measure.of is not None else everything
    among = compile_condition(measure.among, rows) if measure.among is not None else everything
    hit = inside & of
    if measure.kind == "current":
        closed = rows[ends].cast("date")
        hit = inside & of & (closed.isnull() | (closed >= ibis.literal(as_of, type="date")))
    return Marks(inside, among, hit, inside & among & of if measure.kind in ("share", "longest_run") else hit)


def aggregates(measure: Measure, rows: ibis.Table, prefix: str, start: date, end: date, as_of: date, ends: str) -> list[Aggregate]:
    """Integer aggregates from which ``finish`` computes the measure over ``[start, end)``; all but ``longest_run`` and ``custom``.

    Besides the measure's own parts there is ``newest``: the day number of the newest row behind the value.
    """
    import ibis

    marks = marks_of(measure, rows, start, end, as_of, ends)
    inside, among, hit = marks.inside, marks.among, marks.hit
    day = rows.happened_on.delta(ibis.literal(_EPOCH, type="date"), unit="day")
    counted = marks.counted
    parts: dict[str, Any] = {"newest": counted.ifelse(day, None).max()}
    if measure.kind in ("count", "any_", "current"):
        parts["n"] = hit.ifelse(1, 0).sum()
    elif measure.kind == "share":
        parts["n"] = counted.ifelse(1, 0).sum()
        parts["m"] = (inside & among).ifelse(1, 0).sum()
        parts["newest"] = (inside & among).ifelse(day, None).max()
    elif measure.kind == "total":
        amount = (rows[measure.column] * SCALE).round().cast("int64")
        parts["n"] = hit.ifelse(amount, 0).sum()
        parts["told"] = (hit & rows[measure.column].notnull()).ifelse(1, 0).sum()
    elif measure.kind == "largest":
        amount = (rows[measure.column] * SCALE).round().cast("int64")
        parts["n"] = hit.ifelse(amount, None).max()
        parts["told"] = (hit & rows[measure.column].notnull()).ifelse(1, 0).sum()
    elif measure.kind == "different":
        parts["n"] = hit.ifelse(rows[measure.column], None).nunique()
        parts["told"] = (hit & rows[measure.column].notnull()).ifelse(1, 0).sum()
    elif measure.kind == "days":
        parts["n"] = hit.ifelse(day, None).nunique()
    elif measure.kind == "weeks":
        # The epoch is a Monday, so that whole sevens of days are weeks.
        parts["n"] = hit.ifelse((day / 7).floor().cast("int64"), None).nunique()
    elif measure.kind in ("days_since_last", "days_since_first", "mean_gap"):
        parts["last"] = hit.ifelse(day, None).max()
        parts["first"] = hit.ifelse(day, None).min()
    elif measure.kind == "latest":
        amount = (rows[measure.column] * SCALE).round().cast("int64")
        told = hit & rows[measure.column].notnull()
        newest = told.ifelse(day.cast("int64") * _DAY_FACTOR + amount + _OFFSET, None).max()
        # Unpacked in the engine: a day and an amount together are too long for a float.
        parts["latest"] = newest % _DAY_FACTOR - _OFFSET
        parts["newest"] = told.ifelse(day, None).max()
    # Whether the child has rows to judge by: ones that count, any in the window, and any at any time.
    parts["hits"] = hit.ifelse(1, 0).sum()
    parts["rows"] = (inside & among).ifelse(1, 0).sum()
    parts["ever"] = among.ifelse(1, 0).sum()
    return [Aggregate(f"{prefix}_{name}", expression) for name, expression in parts.items()]


def day_number(day: date) -> int:
    """Days since the engine's epoch."""
    return (day - _EPOCH).days


def longest_run(measure: Measure, rows: ibis.Table, start: date, end: date, order: list[str]) -> ibis.Table:
    """Columns ``rid``, ``n`` (longest run), ``m`` (rows among), ``newest``: gaps and islands over the rows in order of time.

    Of several rows of one moment (two schools, brothers and sisters) those that do not meet ``of`` come first.
    """
    import ibis

    inside = rows.filter(_in_window(rows, start, end), compile_condition(measure.among, rows))
    hit = compile_condition(measure.of, inside)
    keyed = inside.mutate(hit=hit.cast("int64"), day=inside.happened_on.delta(ibis.literal(_EPOCH, type="date"), unit="day"))
    ordered = [keyed[name] for name in order]
    # One order for both counts: rows of one moment, ordered twice, could come in two orders and tear a run apart.
    placed = keyed.mutate(place=ibis.row_number().over(ibis.window(group_by=keyed.rid, order_by=[*ordered, keyed.hit])))
    within = ibis.window(group_by=[placed.rid, placed.hit], order_by=placed.place)
    islands = placed.mutate(island=placed.place - ibis.row_number().over(within))
    runs = islands.group_by("rid", "hit", "island").agg(
        length=islands.count(), newest=islands.hit.cast("boolean").ifelse(islands.day, None).max(), any_row=islands.count()
    )
    return runs.group_by("rid").agg(n=(runs.length * runs.hit).max(), m=runs.any_row.sum(), newest=runs.newest.max())
