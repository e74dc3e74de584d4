"""Declarations become engine expressions: conditions, conditional sums, runs. Aggregates are integers, so that results repeat to the byte."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from early_id.core.errors import DeclarationError
from early_id.features.declare import STAY_GAP_DAYS, Measure
from early_id.schema.columns import Table
from early_id.schema.conditions import AllOf, AnyOf, AtLeast, AtMost, Condition, IsIn, IsTrue, Not, PartIn, columns_of, leaves

if TYPE_CHECKING:
    import ibis

#: Column of rows that were brought together: how many they were. Columns of our own begin with an underscore, so that they are none of a table's.
WEIGHT = "_weight"
FIRST = "_first"  #: and the oldest day among them
DAY, FIRST_DAY = "_day", "_first_day"
#: Numbers are summed as whole thousandths.
SCALE = 1000
#: 'latest' packs day and value into one integer: the value's part must not overflow.
_DAY_FACTOR = 10**12
_OFFSET = _DAY_FACTOR // 2
_EPOCH = date(1900, 1, 1)
#: Day number of the end of a spell that has none.
_NO_END = 10**6


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


def _day(rows: ibis.Table, name: str = "happened_on") -> Any:
    """Day number of a row."""
    import ibis

    return rows[name].delta(ibis.literal(_EPOCH, type="date"), unit="day")


def _in_window(rows: ibis.Table, start: date, end: date) -> Any:
    import ibis

    return (rows.happened_on >= ibis.literal(start, type="date")) & (rows.happened_on < ibis.literal(end, type="date"))


@dataclass(frozen=True)
class Flagged:
    """Rows with a column for each condition, each window and the day, so that an engine works each of them out once however many measures ask."""

    rows: ibis.Table
    names: Mapping[Condition | tuple[date, date], str]

    def met(self, condition: Condition | None) -> Any:
        """Whether a row meets the condition; without one, every row does."""
        return self.rows[DAY].notnull() if condition is None else self.rows[self.names[condition]]

    def inside(self, start: date, end: date) -> Any:
        """Whether a row happened in ``[start, end)``."""
        return self.rows[self.names[start, end]]


def flagged(rows: ibis.Table, asked: Iterable[tuple[Measure, date, date]]) -> Flagged:
    """``rows`` ready for the ``aggregates`` of the measures over the spans in ``asked``."""
    measures = list(asked)
    conditions = dict.fromkeys(c for measure, _, _ in measures for c in (measure.of, measure.among) if c is not None)
    spans = dict.fromkeys((start, end) for _, start, end in measures)
    names: dict[Condition | tuple[date, date], str] = {condition: f"_met_{number}" for number, condition in enumerate(conditions)}
    names |= {span: f"_inside_{number}" for number, span in enumerate(spans)}
    columns = {names[condition]: compile_condition(condition, rows) for condition in conditions}
    columns |= {names[span]: _in_window(rows, *span) for span in spans}
    days = {DAY: _day(rows), FIRST_DAY: _day(rows, FIRST if FIRST in rows.columns else "happened_on")}
    return Flagged(rows.mutate(**days, **columns), names)


@dataclass(frozen=True)
class Marks:
    """What one measure makes of each row, as boolean expressions: what values are counted from, and what a trace shows."""

    inside: Any  #: in the window
    among: Any  #: one of those looked at, at any time
    hit: Any  #: what a count counts
    counted: Any  #: the same; of a share or a run within ``among``


def marks_of(measure: Measure, flags: Flagged, start: date, end: date, as_of: date, ends: str) -> Marks:
    """The conditions of a measure over ``[start, end)``."""
    import ibis

    inside, of, among = flags.inside(start, end), flags.met(measure.of), flags.met(measure.among)
    hit = inside & of
    if measure.kind in OF_OPEN_SPELLS:
        closed = flags.rows[ends].cast("date")
        hit = inside & of & (closed.isnull() | (closed >= ibis.literal(as_of, type="date")))
    return Marks(inside, among, hit, inside & among & of if measure.kind in ("share", "longest_run") else hit)


def aggregates(measure: Measure, flags: Flagged, prefix: str, start: date, end: date, as_of: date, ends: str) -> list[Aggregate]:
    """Integer aggregates from which ``values.value_of`` computes the measure over ``[start, end)``; not of ``custom``, and of ``longest_run`` its rows.

    ``flags`` are rows of the table, or those of ``compact``, made ready by ``flagged``. Besides the measure's own parts there is ``newest``: the day
    number of the newest row behind the value.
    """
    rows = flags.rows
    marks = marks_of(measure, flags, start, end, as_of, ends)
    inside, among, hit, counted, day = marks.inside, marks.among, marks.hit, marks.counted, rows[DAY]
    each = rows[WEIGHT] if WEIGHT in rows.columns else 1
    parts: dict[str, Any] = {"newest": counted.ifelse(day, None).max()}
    if measure.kind in ("count", "any_", "current"):
        parts["n"] = hit.ifelse(each, 0).sum()
    elif measure.kind == "share":
        parts["n"] = counted.ifelse(each, 0).sum()
        parts["m"] = (inside & among).ifelse(each, 0).sum()
        parts["newest"] = (inside & among).ifelse(day, None).max()
    elif measure.kind == "longest_run":
        parts = {"m": (inside & among).ifelse(each, 0).sum()}
    elif measure.kind == "total":
        amount = (rows[measure.column] * SCALE).round().cast("int64")
        parts["n"] = hit.ifelse(amount * each, 0).sum()
        parts["told"] = (hit & rows[measure.column].notnull()).ifelse(each, 0).sum()
    elif measure.kind == "largest":
        amount = (rows[measure.column] * SCALE).round().cast("int64")
        parts["n"] = hit.ifelse(amount, None).max()
        parts["told"] = (hit & rows[measure.column].notnull()).ifelse(each, 0).sum()
    elif measure.kind == "different":
        parts["n"] = hit.ifelse(rows[measure.column], None).nunique()
        parts["told"] = (hit & rows[measure.column].notnull()).ifelse(each, 0).sum()
    elif measure.kind == "days":
        parts["n"] = hit.ifelse(day, None).nunique()
    elif measure.kind == "weeks":
        parts["n"] = hit.ifelse(_week(day), None).nunique()
    elif measure.kind in ("days_since_last", "days_since_first", "mean_gap"):
        parts["last"] = hit.ifelse(day, None).max()
        parts["first"] = hit.ifelse(rows[FIRST_DAY], None).min()
    elif measure.kind == "latest":
        amount = (rows[measure.column] * SCALE).round().cast("int64")
        told = hit & rows[measure.column].notnull()
        newest = told.ifelse(day.cast("int64") * _DAY_FACTOR + amount + _OFFSET, None).max()
        # Unpacked in the engine: a day and an amount together are too long for a float.
        parts["latest"] = newest % _DAY_FACTOR - _OFFSET
        parts["newest"] = told.ifelse(day, None).max()
    if measure.kind in ("share", "longest_run"):
        return [Aggregate(f"{prefix}_{name}", expression) for name, expression in parts.items()]
    # Whether the child has rows to judge by: ones that count, any in the window, and any at any time.
    parts["hits"] = hit.ifelse(each, 0).sum()
    parts["rows"] = (inside & among).ifelse(each, 0).sum()
    parts["ever"] = among.ifelse(each, 0).sum()
    return [Aggregate(f"{prefix}_{name}", expression) for name, expression in parts.items()]


def _week(day: Any) -> Any:
    """Number of a week from Monday to Sunday: the epoch is a Monday."""
    return (day / 7).floor().cast("int64")


def day_number(day: date) -> int:
    """Days since the engine's epoch."""
    return (day - _EPOCH).days


#: Measures of spells that are open on the date.
OF_OPEN_SPELLS = frozenset({"current", "days_in_current"})
#: Measures that go by the order of rows, and so by a query of their own.
IN_ORDER = frozenset({"longest_run", "days_in_stay"})


def columns_read(measure: Measure) -> set[str]:
    """Columns that decide whether a row counts, and for how much."""
    return columns_of(measure.of) | columns_of(measure.among) | ({measure.column} if measure.column else set())


def columns_of_all(measures: Iterable[Measure], table: Table) -> set[str]:
    """Columns of ``table`` that any of the measures reads, the end of spells among them where that is read."""
    asked = list(measures)
    return {name for one in asked for name in columns_read(one)} | ({table.ends} if any(one.kind in OF_OPEN_SPELLS for one in asked) else set())


def goes_by_row(measure: Measure) -> bool:
    """Whether the measure is had from single rows, since a part of each row's own date decides whether it counts."""
    return any(isinstance(leaf, PartIn) for condition in (measure.of, measure.among) for leaf in leaves(condition))


def kept_apart(measures: Iterable[Measure], rows: ibis.Table) -> dict[str, Any]:
    """Columns that keep rows apart whose days or weeks are counted: those that meet the condition, and no others."""
    units: dict[Condition | None, str] = {}
    for measure in measures:
        if measure.kind in ("days", "weeks") and units.get(measure.of) != "days":
            units[measure.of] = measure.kind
    day = _day(rows)
    return {
        f"_apart_{number}": compile_condition(of, rows).ifelse(day if unit == "days" else _week(day), None)
        for number, (of, unit) in enumerate(units.items())
    }


def compact(rows: ibis.Table, person: Sequence[str], columns: Iterable[str], cuts: Iterable[date], measures: Iterable[Measure] = ()) -> ibis.Table:
    """Rows of one person between two ``cuts`` that are alike in ``columns``, brought together.

    ``_weight`` is their number, ``happened_on`` the newest day among them and ``_first`` the oldest. Nothing is lost where every window begins and
    ends at a cut and every condition reads only ``columns``; days and weeks that one of ``measures`` counts are kept apart. Of ten million marks
    a few hundred thousand remain, and conditions, which cost far more than reading, are asked of those.
    """
    import ibis

    keys = list(dict.fromkeys((*person, *columns)))
    passed = [(rows.happened_on >= ibis.literal(cut, type="date")).cast("int16") for cut in sorted(set(cuts))]
    part = functools.reduce(operator.add, passed) if passed else ibis.literal(0, type="int16")
    apart = kept_apart(measures, rows)
    cut = rows.mutate(_part=part, **apart)
    return cut.group_by(*keys, "_part", *apart).agg(**{WEIGHT: cut.count(), "happened_on": cut.happened_on.max(), FIRST: cut.happened_on.min()})


def open_stay(measure: Measure, rows: ibis.Table, start: date, end: date, as_of: date, ends: str) -> ibis.Table:
    """Columns ``rid``, ``first`` and ``newest`` (day numbers), for those of whom a stay is open: spells joined where the gap between them is small."""
    import ibis

    inside = rows.filter(_in_window(rows, start, end), compile_condition(measure.of, rows))
    until = inside[ends].cast("date").delta(ibis.literal(_EPOCH, type="date"), unit="day").fill_null(_NO_END)
    spells = inside.select("rid", day=_day(inside), until=until)
    earlier = ibis.window(group_by=spells.rid, order_by=spells.day, preceding=(None, 1))
    reached = spells.mutate(reached=spells.until.max().over(earlier))
    begun = reached.mutate(begins=(reached.reached.isnull() | (reached.day > reached.reached + STAY_GAP_DAYS)).cast("int64"))
    # Of spells that begin on one day only the first can begin a stay, and it has to come first here too.
    so_far = ibis.cumulative_window(group_by=begun.rid, order_by=[begun.day, begun.begins.desc()])
    stays = begun.mutate(stay=begun.begins.sum().over(so_far))
    whole = stays.group_by("rid", "stay").agg(first=stays.day.min(), newest=stays.day.max(), until=stays.until.max())
    # Against a date, not its number: only dates are written into a kept query.
    today = ibis.literal(as_of, type="date").delta(ibis.literal(_EPOCH, type="date"), unit="day")
    still = whole.filter(whole.until >= today)
    return still.group_by("rid").agg(first=still["first"].max(), newest=still.newest.max())


def longest_run(measure: Measure, rows: ibis.Table, start: date, end: date, order: list[str]) -> ibis.Table:
    """Columns ``rid``, ``n`` (longest run), ``newest``, for those who have any: gaps and islands over the rows in order of time.

    Of several rows of one moment (two schools, brothers and sisters) those that do not meet ``of`` come first.
    """
    import ibis

    inside = rows.filter(_in_window(rows, start, end), compile_condition(measure.among, rows))
    keyed = inside.mutate(hit=compile_condition(measure.of, inside).cast("int64"), day=_day(inside))
    ordered = [keyed[name] for name in order]
    # One order for both counts: rows of one moment, ordered twice, could come in two orders and tear a run apart.
    placed = keyed.mutate(place=ibis.row_number().over(ibis.window(group_by=keyed.rid, order_by=[*ordered, keyed.hit])))
    hits = placed.filter(placed.hit == 1).select("rid", "day", "place")
    islands = hits.mutate(island=hits.place - ibis.row_number().over(ibis.window(group_by=hits.rid, order_by=hits.place)))
    runs = islands.group_by("rid", "island").agg(length=islands.count(), last=islands.day.max())
    return runs.group_by("rid").agg(n=runs.length.max(), newest=runs.last.max())
