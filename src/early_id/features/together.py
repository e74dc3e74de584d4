"""Marks brought together once for several as-of dates.

Each date asks its conditions of marks that are brought together between the ends of its windows (``compile.compact``). Between the ends of the windows
of all dates of one build, and with a day apart where any measure counts days, far fewer rows are left than there are marks, and every date can
bring these together further. Nothing is lost: a group lies within one elementary span of happening, and was known and was replaced on the same
side of every date, so that each date's cut takes all of it or nothing.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.calendar import SchoolCalendar
from early_id.features.compile import FIRST, WEIGHT, columns_of_all, goes_by_row, kept_apart
from early_id.features.cut import with_stand_ins
from early_id.features.declare import Feature
from early_id.features.past import TableSource
from early_id.features.values import Part, parts_of
from early_id.features.windows import span
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import ibis

#: So many dates make it worth while.
_MANY_DATES = 3


def marks_together(
    store: TableSource, features: Iterable[Feature], dates: Sequence[date], calendar: SchoolCalendar, rules: FeatureSettings
) -> dict[str, ibis.Table]:
    """Table → its rows, brought together as far as no feature on any of ``dates`` tells them apart.

    Only tables of marks, of which every child has hundreds, and only where there are several dates and DuckDB answers.
    """
    if len(dates) < _MANY_DATES or store.backend.name != "duckdb":
        return {}
    by_table: dict[str, list[Part]] = {}
    for feature in features:
        for part in parts_of(feature, ""):
            if part.measure.kind not in ("custom", "relatives", "days_in_stay") and not goes_by_row(part.measure):
                by_table.setdefault(feature.source, []).append(part)
    wanted = {name: parts for name, parts in by_table.items() if store.has(name) and _can_be(store.tables[name])}
    return {name: _placed(store, store.tables[name], parts, dates, calendar, rules) for name, parts in wanted.items()}


def _can_be(table: Table) -> bool:
    """Marks, whose rows are judged by themselves: nothing of a row becomes known later, and no row is hidden for what it says."""
    return table.covered_by == "rows" and table.has_person and not table.later and table.shown is None


def _placed(
    store: TableSource, table: Table, parts: list[Part], dates: Sequence[date], calendar: SchoolCalendar, rules: FeatureSettings
) -> ibis.Table:
    import ibis

    windows = {part.window for part in parts}
    ends = {day for as_of in dates for window in windows for day in span(window, as_of, calendar)}
    settled = {as_of - timedelta(days=rules.settling_days) for as_of in dates}
    spans = store.backend.create_table("_elementary_spans", _spans(min(ends), max(dates), ends | settled | set(dates)), temp=True, overwrite=True)
    rows = with_stand_ins(store.table(table.name), table)
    rows = rows.filter(rows.known_to.isnull() | (rows.known_to >= ibis.literal(min(dates), type="date")))
    rows = rows.join(spans, rows.happened_on == spans.day)
    measures = [part.measure for part in parts]
    apart = kept_apart(measures, rows)
    told = rows.mutate(_known=_reached(rows.known_from, dates), _replaced=_reached(rows.known_to, dates), **apart)
    person = ["source", "source_person_id", *(["school_id"] if "school_id" in table else [])]
    keys = list(dict.fromkeys((*person, *sorted(columns_of_all(measures, table)))))
    grouped = told.group_by(*keys, "span", "_known", "_replaced", *apart).agg(
        **{WEIGHT: told.count(), FIRST: told.happened_on.min()},
        happened_on=told.happened_on.max(), known_from=told.known_from.max(), known_to=told.known_to.max(),
    )  # fmt: skip
    whole = grouped.select(*keys, "happened_on", "known_from", "known_to", FIRST, WEIGHT)
    return store.backend.create_table(f"_together_{table.name}", whole, temp=True, overwrite=True)


def _spans(first: date, last: date, cuts: set[date]) -> pd.DataFrame:
    """Each day from ``first`` to before ``last``, with the number of the span between two ``cuts`` that it lies in."""
    days = pd.date_range(first, last, inclusive="left")
    span_of = np.searchsorted(pd.DatetimeIndex(sorted(cuts)), days, side="right")
    return pd.DataFrame({"day": days.date, "span": span_of.astype("int32")})


def _reached(day: Any, dates: Sequence[date]) -> Any:
    """How many of ``dates`` a day has reached; null where there is no day."""
    import ibis

    return functools.reduce(operator.add, [(day >= ibis.literal(one, type="date")).cast("int16") for one in dates])
