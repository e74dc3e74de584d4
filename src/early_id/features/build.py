"""Build features: the same path for training and for screening.

For each as-of date, features that read the same table in the same way share one query: an equality join of the table with the children to be
described, the cut in time, filters, and conditional integer sums. Division happens in pandas, so results repeat to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.calendar import SchoolCalendar
from early_id.core.errors import DeclarationError
from early_id.core.types import Missing, SharingClass, Unit, Usage
from early_id.features.compile import SCALE, Aggregate, aggregates, day_number, longest_run
from early_id.features.coverage import Coverage
from early_id.features.declare import Feature, Measure, Window
from early_id.features.past import Past
from early_id.features.windows import BEGINNING, span
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import ibis


@dataclass(frozen=True)
class Built:
    """Values and newest evidence dates of one as-of date; rows are those of the cohort, columns the features."""

    values: pd.DataFrame
    newest: pd.DataFrame


def build_at(
    past: Past, cohort: pd.DataFrame, features: Iterable[Feature], *, calendar: SchoolCalendar, settings: FeatureSettings | None = None
) -> Built:
    """Features of the children in ``cohort`` as of one date.

    Parameters
    ----------
    past : Past
        What was known on the date.
    cohort : DataFrame
        Columns child_id, family_id, school_id; one row a child. Its index names the rows of the result.
    features : iterable of Feature
    calendar : SchoolCalendar
    settings : FeatureSettings, optional

    Returns
    -------
    Built
        Two frames of shape (len(cohort), number of features): float64 values with NaN for unknown, and dates.
    """
    wanted, rules = tuple(features), settings or FeatureSettings()
    children = numbered(cohort)
    values = {f.name: np.full(len(children), np.nan) for f in wanted}
    newest = {f.name: np.full(len(children), np.nan) for f in wanted}
    for scope, group in scopes(past, children, wanted, calendar, rules):
        for feature, (value, new) in _answers(scope, group, children, wanted).items():
            values[feature], newest[feature] = value, new
    index = cohort.index
    epoch = pd.Timestamp(BEGINNING)
    dates = {name: epoch + pd.to_timedelta(pd.Series(days, index=index), unit="D") for name, days in newest.items()}
    return Built(pd.DataFrame(values, index=index, dtype="float64"), pd.DataFrame(dates, index=index))


def numbered(cohort: pd.DataFrame) -> pd.DataFrame:
    """rid, child_id, family_id, school_id of the children who are asked about."""
    return cohort[["child_id", "family_id", "school_id"]].reset_index(drop=True).rename_axis("rid").reset_index()


def scopes(
    past: Past, children: pd.DataFrame, wanted: tuple[Feature, ...], calendar: SchoolCalendar, rules: FeatureSettings
) -> Iterator[tuple[Scope, list[Feature]]]:
    """Each table as a group of features sees it, with that group; a table that was never stored answers nothing and is left out."""
    persons = _persons(past, children)
    links = past.links()
    for group in _groups(wanted):
        table = past.store.tables[group[0].source]
        if not past.store.has(table.name):
            continue
        unit, own_school_only = group[0].unit, group[0].sharing is SharingClass.SCHOOL
        subjects = _subjects(persons[unit], links)
        linked = frozenset(children["rid"] if unit is Unit.CHILD else subjects["rid"])
        coverage = Coverage(past, table, rules, children, persons[unit], linked, own_school_only)
        yield Scope(past, table, subjects, own_school_only, calendar, rules, coverage), group


def _groups(features: tuple[Feature, ...]) -> list[list[Feature]]:
    """Features that one query can answer: same table, unit and school scope."""
    groups: dict[tuple[str, Unit, bool, bool], list[Feature]] = {}
    for feature in features:
        key = (feature.source, feature.unit, feature.sharing is SharingClass.SCHOOL, feature.measure.kind == "custom")
        groups.setdefault(key, []).append(feature)
    return list(groups.values())


def _persons(past: Past, children: pd.DataFrame) -> dict[Unit, pd.DataFrame]:
    """Who counts for whom: rid, own_school, child_id; the child, or the family without the child."""
    own = children.rename(columns={"school_id": "own_school"})
    families = past.families()[["child_id", "family_id"]].rename(columns={"child_id": "relative_id"})
    relatives = own.merge(families, on="family_id")
    relatives = relatives[relatives["relative_id"] != relatives["child_id"]].drop(columns="child_id").rename(columns={"relative_id": "child_id"})
    return {unit: frame[["rid", "own_school", "child_id"]] for unit, frame in ((Unit.CHILD, own), (Unit.FAMILY, relatives))}


def _subjects(persons: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Whose rows count for whom, by the ids of the sources: rid, own_school, source, source_person_id."""
    frame = persons.merge(links, on="child_id").drop_duplicates(["rid", "source", "source_person_id"])
    # Stated types: a column that is empty throughout has none of its own, and the engine refuses it.
    types = {"rid": "int64", "own_school": "string", "source": "string", "source_person_id": "string"}
    return frame[list(types)].astype(types).reset_index(drop=True)


@dataclass(frozen=True)
class Scope:
    """One table as seen by one group of features."""

    past: Past
    table: Table
    subjects: pd.DataFrame
    own_school_only: bool
    calendar: SchoolCalendar
    settings: FeatureSettings
    coverage: Coverage

    def window(self, window: Window) -> tuple[date, date]:
        return span(window, self.past.as_of, self.calendar)

    def settled(self, table: Table) -> ibis.Table:
        """Rows of any table as known, without marks that are still rewritten this close to the date."""
        import ibis

        rows = self.past.rows(table.name)
        if table.provisional:
            column, codes = table.provisional
            since = ibis.literal(self.past.as_of - timedelta(days=self.settings.settling_days), type="date")
            rows = rows.filter(~(rows[column].isin(sorted(codes)).fill_null(False) & (rows.happened_on >= since)))
        return rows

    def rows(self, earliest: date) -> ibis.Table:
        """Linked rows of the table that happened from ``earliest`` on, cut in time, with ``rid``."""
        import ibis

        rows = self.settled(self.table)
        if earliest > BEGINNING:
            rows = rows.filter(rows.happened_on >= ibis.literal(earliest, type="date"))
        subjects = self.past.store.backend.create_table("_subjects", self.subjects, temp=True, overwrite=True)
        joined = rows.join(subjects, ["source", "source_person_id"])
        if self.own_school_only and "school_id" in self.table:
            joined = joined.filter(joined.school_id == joined.own_school)
        return joined


def _answers(scope: Scope, group: list[Feature], children: pd.DataFrame, wanted: tuple[Feature, ...]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    if group[0].measure.kind == "custom":
        return {feature.name: _custom(scope, feature, children) for feature in group}
    earliest = _earliest(scope, group)
    rows = scope.rows(earliest)
    asked: list[Aggregate] = []
    plans: list[tuple[Feature, list[tuple[str, Measure, Window]]]] = []
    for number, feature in enumerate(group):
        plan = [(f"f{number}{mark}", measure, window) for mark, measure, window in spans(feature)]
        plans.append((feature, plan))
        for prefix, measure, window in plan:
            if measure.kind != "longest_run":
                start, end = scope.window(window)
                asked += aggregates(measure, rows, prefix, start, end, scope.past.as_of, scope.table.ends)
    asked = asked or [Aggregate("rows", rows.count())]
    counted = rows.group_by("rid").agg(**{a.name: a.expression for a in asked}).execute()
    answer = counted.set_index("rid").reindex(children["rid"])
    for _, plan in plans:
        for prefix, measure, window in plan:
            if measure.kind == "longest_run":
                start, end = scope.window(window)
                order = ["happened_on", "session"] if "session" in scope.table else ["happened_on"]
                run = longest_run(measure, rows, start, end, order).execute().set_index("rid").reindex(children["rid"])
                for part in ("n", "m", "newest"):
                    answer[f"{prefix}_{part}"] = run[part]
                answer[f"{prefix}_rows"] = run["m"]
    return {feature.name: _finish(scope, feature, plan, answer, children) for feature, plan in plans}


def spans(feature: Feature) -> list[tuple[str, Measure, Window]]:
    """The measure over the feature's window, and for ``change`` over the earlier one too."""
    measure = feature.measure
    if measure.kind == "change" and measure.inner is not None and measure.earlier is not None:
        return [("a", measure.inner, feature.window), ("b", measure.inner, measure.earlier)]
    return [("", measure, feature.window)]


def _earliest(scope: Scope, group: list[Feature]) -> date:
    """The first day that any window of the group reaches; the beginning where coverage needs to know of any row ever."""
    counts = ("count", "any_", "total", "days", "current")
    if scope.table.covered_by != "rows" and any(f.missing is Missing.UNKNOWN and f.measure.kind in counts for f in group):
        return BEGINNING
    return min(scope.window(window)[0] for feature in group for _, _, window in spans(feature))


def _finish(
    scope: Scope, feature: Feature, plan: list[tuple[str, Measure, Window]], answer: pd.DataFrame, children: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """From integers to the feature's value, with unknown where the answer is not known."""
    parts = [_value(scope, feature, prefix, measure, window, answer, children) for prefix, measure, window in plan]
    value = parts[0] if len(parts) == 1 else parts[0] - parts[1]
    newest = answer[f"{plan[0][0]}_newest"].to_numpy(dtype="float64", na_value=np.nan)
    return value, np.where(np.isnan(value), np.nan, newest)


def _value(scope: Scope, feature: Feature, prefix: str, measure: Measure, window: Window, answer: pd.DataFrame, children: pd.DataFrame) -> np.ndarray:
    def column(part: str) -> np.ndarray:
        return answer[f"{prefix}_{part}"].to_numpy(dtype="float64", na_value=np.nan)

    if measure.kind == "share":
        n, m = np.nan_to_num(column("n")), np.nan_to_num(column("m"))
        return np.where(m >= max(measure.at_least, 1), n / np.where(m > 0, m, 1), np.nan)
    if measure.kind == "longest_run":
        n, m = np.nan_to_num(column("n")), np.nan_to_num(column("m"))
        return np.where(m >= max(measure.at_least, 1), n, np.nan)
    if measure.kind == "days_since_last":
        return day_number(scope.past.as_of) - column("last")
    if measure.kind == "latest":
        return column("latest") / SCALE
    n, hits = np.nan_to_num(column("n")) / (SCALE if measure.kind == "total" else 1), np.nan_to_num(column("hits"))
    n = (n > 0).astype("float64") if measure.kind in ("any_", "current") else n
    if scope.table.covered_by == "rows":
        known = np.nan_to_num(column("rows")) > 0
    elif feature.missing is Missing.UNKNOWN:
        known = np.nan_to_num(column("ever")) > 0
    else:
        # What was counted is there, whoever covers; that there was none takes a source that covers.
        known = (hits > 0) | scope.coverage.of(measure, *scope.window(window))
        if scope.table.covered_by == "source_or_rows":
            known |= np.nan_to_num(column("rows")) > 0
    if measure.kind == "total":
        # A sum of which a part is not known is not known: an empty amount is not nothing.
        known &= np.nan_to_num(column("told")) >= hits
    return np.where(known, n, np.nan)


def _custom(scope: Scope, feature: Feature, children: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Run a custom measure over rows that are already cut in time and inside the feature's window.

    Only columns that may be used in a feature are there, in a council's own tables too, since nobody can read off a function what it reads.
    """
    import ibis

    assert feature.measure.compute is not None
    backend, past = scope.past.store.backend, scope.past
    subjects = backend.create_table("_custom_subjects", scope.subjects, temp=True, overwrite=True)
    start, end = scope.window(feature.window)
    cut: dict[str, ibis.Table] = {}
    for name in dict.fromkeys((feature.source, *feature.measure.tables)):
        table = past.store.tables[name]
        rows = scope.settled(table)
        rows = rows.filter(rows.happened_on >= ibis.literal(start, type="date"), rows.happened_on < ibis.literal(end, type="date"))
        if table.has_person:
            rows = rows.join(subjects, ["source", "source_person_id"])
            if scope.own_school_only and "school_id" in table:
                rows = rows.filter(rows.school_id == rows.own_school)
        usable = {"rid", "happened_on", *(column.name for column in table.columns if column.usage is Usage.FEATURE)}
        cut[name] = rows.select(*(column for column in rows.columns if column in usable))
    frame = children[["rid", "child_id"]].assign(as_of=pd.Timestamp(past.as_of))
    cohort = backend.create_table("_custom_cohort", frame, temp=True, overwrite=True)
    answer = _computed(feature, cut, cohort).set_index("rid").reindex(children["rid"])
    value = answer["value"].to_numpy(dtype="float64", na_value=np.nan)
    if feature.missing is Missing.ZERO_IF_COVERED and scope.table.covered_by != "rows":
        value = np.where(np.isnan(value) & scope.coverage.of(feature.measure, start, end), 0.0, value)
    return value, np.full(len(children), np.nan)


def _computed(feature: Feature, rows: dict[str, ibis.Table], cohort: ibis.Table) -> pd.DataFrame:
    """The answer of a custom measure; where it cannot be had, what the function may read. The engine's own words could hold values of rows."""
    assert feature.measure.compute is not None
    try:
        answer: pd.DataFrame = feature.measure.compute(rows, cohort).execute()
        return answer[["rid", "value"]]
    except Exception as error:
        given = "; ".join(f"{name}: {', '.join(table.columns)}" for name, table in rows.items())
        raise DeclarationError(
            f"The custom measure of the feature '{feature.name}' could not be computed ({type(error).__name__}).",
            where=f"feature '{feature.name}'",
            what_next=f"Return an engine table with the columns rid and value. The columns that it may read: {given}. Columns marked otherwise "
            f"than 'feature' are not given.",
        ) from None
