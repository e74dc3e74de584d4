"""Build features: the same path for training and for screening.

For each as-of date, features that read the same table in the same way share one query: an equality join of the table with the children to be
described, the cut in time, filters, and conditional integer sums. Division happens in pandas, so results repeat to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.calendar import SchoolCalendar
from early_id.core.types import Missing, SharingClass, Unit
from early_id.features.compile import Aggregate, aggregates, longest_run
from early_id.features.coverage import Coverage
from early_id.features.custom import custom_values
from early_id.features.declare import Feature
from early_id.features.past import Past
from early_id.features.peers import Asked, shares_of_peers
from early_id.features.scope import Scope, persons_of, subjects_of
from early_id.features.values import Part, parts_of, value_of
from early_id.features.windows import BEGINNING

if TYPE_CHECKING:
    import ibis

#: Measures that can be nought: with ``Missing.UNKNOWN`` they are known where the child has any row at any time.
_COUNTS = ("count", "any_", "total", "largest", "different", "days", "weeks", "current")


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
        for feature, (value, new) in _answers(scope, group).items():
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
    persons = persons_of(past, children)
    links = past.links()
    for group in _groups(wanted):
        table = past.store.tables[group[0].source]
        if not past.store.has(table.name):
            continue
        unit, own_school_only = group[0].unit, group[0].sharing is SharingClass.SCHOOL
        subjects = subjects_of(persons[unit], links)
        linked = frozenset(children["rid"] if unit is Unit.CHILD else subjects["rid"])
        coverage = Coverage(past, table, rules, children, persons[unit], linked, own_school_only)
        yield Scope(past, table, children, persons[unit], subjects, own_school_only, calendar, rules, coverage), group


def _groups(features: tuple[Feature, ...]) -> list[list[Feature]]:
    """Features that one query can answer: same table, unit and school scope."""
    groups: dict[tuple[str, Unit, bool, str], list[Feature]] = {}
    for feature in features:
        key = (feature.source, feature.unit, feature.sharing is SharingClass.SCHOOL, _own_way(feature))
        groups.setdefault(key, []).append(feature)
    return list(groups.values())


def _own_way(feature: Feature) -> str:
    """Measures that are not sums over rows are computed by themselves."""
    return feature.measure.kind if feature.measure.kind in ("custom", "relatives") else ""


def _answers(scope: Scope, group: list[Feature]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name → values and day numbers of the newest evidence."""
    match _own_way(group[0]):
        case "custom":
            return {feature.name: custom_values(scope, feature) for feature in group}
        case "relatives":
            return {feature.name: _relatives(scope) for feature in group}
    rows = scope.rows(earliest(scope, group))
    rid = scope.children["rid"]
    plans = [(feature, parts_of(feature, f"f{number}")) for number, feature in enumerate(group)]
    answer = query_of(scope, [part for _, parts in plans for part in parts], rows).execute().set_index("rid").reindex(rid)
    answer = answer.join(_runs(scope, [part for _, parts in plans for part in parts if part.measure.kind == "longest_run"], rows))
    compared = [Asked(parts[0].prefix, parts[0].measure, f.window, f.measure.at_least) for f, parts in plans if f.measure.kind == "against_peers"]
    peers = shares_of_peers(scope, compared) if compared else {}
    return {feature.name: _finish(scope, feature, parts, answer, peers) for feature, parts in plans}


def query_of(scope: Scope, parts: list[Part], rows: ibis.Table) -> ibis.Table:
    """The one query that answers ``parts``, a row a child; runs have one of their own."""
    asked: list[Aggregate] = []
    for part in (part for part in parts if part.measure.kind != "longest_run"):
        start, end = scope.window(part.window)
        asked += aggregates(part.measure, rows, part.prefix, start, end, scope.past.as_of, scope.table.ends)
    asked = asked or [Aggregate("rows", rows.count())]
    return rows.group_by("rid").agg(**{a.name: a.expression for a in asked})


def _runs(scope: Scope, parts: list[Part], rows: ibis.Table) -> pd.DataFrame:
    """The longest runs, each from a query of its own, because they go by the order of rows."""
    frame = pd.DataFrame(index=scope.children["rid"])
    for part in parts:
        run = run_query(scope, part, rows).execute().set_index("rid").reindex(frame.index)
        for name in ("n", "m", "newest"):
            frame[f"{part.prefix}_{name}"] = run[name]
        frame[f"{part.prefix}_rows"] = run["m"]
    return frame


def run_query(scope: Scope, part: Part, rows: ibis.Table) -> ibis.Table:
    """The query that answers one longest run, a row a child."""
    order = ["happened_on", "session"] if "session" in scope.table else ["happened_on"]
    return longest_run(part.measure, rows, *scope.window(part.window), order)


def _relatives(scope: Scope) -> tuple[np.ndarray, np.ndarray]:
    """Other children of the family; unknown for a child of whom no household is known."""
    children, held = scope.children, scope.past.families()["family_id"]
    counted = scope.persons.groupby("rid")["child_id"].nunique().reindex(children["rid"]).fillna(0.0)
    value = counted.where(children["family_id"].isin(held).to_numpy()).to_numpy(dtype="float64")
    return value, np.full(len(children), np.nan)


def earliest(scope: Scope, group: list[Feature]) -> date:
    """The first day that any window of the group reaches; the beginning where coverage needs to know of any row ever."""
    if scope.table.covered_by != "rows" and any(f.missing is Missing.UNKNOWN and f.measure.kind in _COUNTS for f in group):
        return BEGINNING
    return min(scope.window(part.window)[0] for feature in group for part in parts_of(feature, ""))


def _finish(scope: Scope, feature: Feature, parts: list[Part], answer: pd.DataFrame, peers: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The feature's value from those of its parts, and the day of the newest row behind it."""
    value = value_of(scope, feature, parts[0], answer)
    if len(parts) > 1:
        value = value - value_of(scope, feature, parts[1], answer)
    if feature.measure.kind == "against_peers":
        value = value - peers[parts[0].prefix]
    newest = answer[f"{parts[0].prefix}_newest"].to_numpy(dtype="float64", na_value=np.nan)
    return value, np.where(np.isnan(value), np.nan, newest)
