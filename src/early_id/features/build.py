"""Build features: the same path for training and for screening.

For each as-of date, features that read the same table in the same way share one query: an equality join of the table with the children to be
described, the cut in time, filters, and conditional integer sums. Division happens in pandas, so results repeat to the byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.calendar import SchoolCalendar
from early_id.core.fingerprint import fingerprint
from early_id.core.types import Missing, SharingClass, Unit
from early_id.features.ask import Dates, ask, key_of
from early_id.features.compile import IN_ORDER, Aggregate, aggregates, flagged, goes_by_row, longest_run, open_stay
from early_id.features.counted import counted, seen_by
from early_id.features.coverage import Coverage
from early_id.features.custom import custom_values
from early_id.features.declare import Feature
from early_id.features.membership import among
from early_id.features.past import Past
from early_id.features.peers import Asked, shares_of_peers
from early_id.features.registers import by_bits
from early_id.features.scope import Scope, end_of, persons_of, start_of, subjects_of
from early_id.features.values import Answer, Part, parts_of, value_of
from early_id.features.windows import BEGINNING

if TYPE_CHECKING:
    import ibis

#: So many parts of one query make it worth while to bring rows together first.
_MANY = 8
#: Measures that can be nought: with ``Missing.UNKNOWN`` that takes a row of the child at any time.
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
    names = [feature.name for feature in wanted]
    # A row a feature, since one is filled after the other.
    values = np.full((len(wanted), len(children)), np.nan)
    newest = np.full((len(wanted), len(children)), np.datetime64("NaT"), dtype="datetime64[us]")
    placed: set[Unit] = set()
    left = Counter(group[0].source for group in _groups(wanted))
    for scope, group in scopes(past, children, wanted, calendar, rules):
        if scope.unit not in placed:
            scope.place_subjects()
            placed.add(scope.unit)
        for feature, (value, new) in _answers(scope, group).items():
            place, dated = names.index(feature), ~np.isnan(new)
            values[place] = value
            newest[place, dated] = np.datetime64(BEGINNING, "D") + new[dated].astype("timedelta64[D]")
        left[scope.table.name] -= 1
        if not left[scope.table.name] and scope.table.name in past.registers:
            past.registers[scope.table.name].forget()
    return Built(pd.DataFrame(values.T, index=cohort.index, columns=names), pd.DataFrame(newest.T, index=cohort.index, columns=names))


def numbered(cohort: pd.DataFrame) -> pd.DataFrame:
    """rid, child_id, family_id, school_id of the children who are asked about."""
    return cohort[["child_id", "family_id", "school_id"]].reset_index(drop=True).rename_axis("rid").reset_index()


def scopes(
    past: Past, children: pd.DataFrame, wanted: tuple[Feature, ...], calendar: SchoolCalendar, rules: FeatureSettings
) -> Iterator[tuple[Scope, list[Feature]]]:
    """Each table as a group of features sees it, with that group; a table that was never stored answers nothing and is left out."""
    persons, links = persons_of(past, children), past.links()
    subjects = {unit: subjects_of(persons[unit], links) for unit in dict.fromkeys(feature.unit for feature in wanted)}
    linked = {
        unit: np.ones(len(children), dtype=bool) if unit is Unit.CHILD else children["rid"].isin(some["rid"]).to_numpy()
        for unit, some in subjects.items()
    }
    for group in _groups(wanted):
        table = past.store.tables[group[0].source]
        if not past.store.has(table.name):
            continue
        unit, own_school_only = group[0].unit, group[0].sharing is SharingClass.SCHOOL
        coverage = Coverage(past, table, rules, children, persons[unit], linked[unit], own_school_only)
        yield Scope(past, table, unit, children, persons[unit], subjects[unit], own_school_only, calendar, rules, coverage), group


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
    plans = [(feature, parts_of(feature, f"f{number}")) for number, feature in enumerate(group)]
    subjects = scope.subjects
    seen = seen_by(scope, subjects["rid"].to_numpy(), subjects["link"].to_numpy(), subjects["own_school"], len(scope.children))
    marks = [plan for plan in plans if seen is not None and all(by_bits(part.measure) for part in plan[1])]
    asked = [plan for plan in plans if plan not in marks]
    alone = [plan for plan in asked if any(goes_by_row(part.measure) for part in plan[1])]
    alike = [plan for plan in asked if plan not in alone]
    answer = {**_sums(scope, alike), **_sums(scope, alone), **_runs(scope, asked)}
    if seen is not None:
        answer |= counted(seen, ((part.prefix, part.measure, *scope.window(part.window)) for _, parts in marks for part in parts))
    compared = [Asked(parts[0].prefix, parts[0].measure, f.window, f.measure.at_least) for f, parts in plans if f.measure.kind == "against_peers"]
    peers = shares_of_peers(scope, compared) if compared else {}
    return {feature.name: _finish(scope, feature, parts, answer, peers) for feature, parts in plans}


def _sums(scope: Scope, plans: list[tuple[Feature, list[Part]]]) -> Answer:
    """The engine's integers of all parts from one query, a row a child; rows are brought together first where that is worth its while."""
    parts = [part for _, parts in plans for part in parts if part.measure.kind != "days_in_stay"]
    if not parts:
        return {}
    together = len(parts) >= _MANY and not any(goes_by_row(part.measure) for part in parts)

    def query(on: Dates) -> ibis.Table:
        rows = scope.compacted(parts, on) if together else scope.rows(on)
        spans = [(on[start_of(part.window)], on[end_of(part.window)]) for part in parts]
        flags = flagged(rows, ((part.measure, *span) for part, span in zip(parts, spans, strict=True)))
        asked: list[Aggregate] = []
        for part, (start, end) in zip(parts, spans, strict=True):
            asked += aggregates(part.measure, flags, part.prefix, start, end, on["as_of"], scope.table.ends)
        return flags.rows.group_by("rid").agg(**{a.name: a.expression for a in asked})

    dates = scope.dates((part.window for part in parts), earliest=_earliest(scope, [feature for feature, _ in plans]))
    return _by_child(scope, ("sums", str(together), fingerprint(parts)), query, dates)


def _runs(scope: Scope, plans: list[tuple[Feature, list[Part]]]) -> Answer:
    """Longest runs and open stays, each from a query of its own, because they go by the order of rows."""
    answer: dict[str, np.ndarray] = {}
    order = ["happened_on", "session"] if "session" in scope.table else ["happened_on"]
    for part in (part for _, parts in plans for part in parts if part.measure.kind in IN_ORDER):

        def query(on: Dates, part: Part = part) -> ibis.Table:
            span = on[start_of(part.window)], on[end_of(part.window)]
            if part.measure.kind == "days_in_stay":
                return open_stay(part.measure, scope.rows(on), *span, on["as_of"], scope.table.ends)
            return longest_run(part.measure, scope.rows(on), *span, order)

        run = _by_child(scope, ("run", fingerprint(part)), query, scope.dates((part.window,), earliest=scope.window(part.window)[0]))
        answer |= {f"{part.prefix}_{name}": values for name, values in run.items()}
    return answer


def _by_child(scope: Scope, key: tuple[str, ...], query: Callable[[Dates], ibis.Table], dates: Dates) -> Answer:
    """The columns of the answer, with a value for every child: ``rid`` is the number of its row."""
    full = (*key, key_of(scope.past, scope.table), str(scope.own_school_only), scope.placed)
    found = ask(scope.past.store, full, query, dates)
    rid, answer = found["rid"].to_numpy(), {}
    for name in found.columns.drop("rid"):
        answer[name] = np.full(len(scope.children), np.nan)
        answer[name][rid] = found[name].to_numpy(dtype="float64", na_value=np.nan)
    return answer


def _relatives(scope: Scope) -> tuple[np.ndarray, np.ndarray]:
    """Other children of the family; unknown for a child of whom no household is known."""
    children, held = scope.children, scope.past.families()["family_id"]
    counted = scope.persons.groupby("rid")["child_id"].nunique().reindex(children["rid"]).fillna(0.0)
    value = counted.where(among(children["family_id"], held).to_numpy()).to_numpy(dtype="float64")
    return value, np.full(len(children), np.nan)


def _earliest(scope: Scope, group: list[Feature]) -> date:
    """The first day that any window of the group reaches; the beginning where it has to be known of any row ever."""
    asked = [(feature, part) for feature in group for part in parts_of(feature, "")]
    if scope.table.covered_by != "rows" and any(f.missing is Missing.UNKNOWN and part.measure.kind in _COUNTS for f, part in asked):
        return BEGINNING
    return min(scope.window(part.window)[0] for _, part in asked)


def _finish(scope: Scope, feature: Feature, parts: list[Part], answer: Answer, peers: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The feature's value from those of its parts, and the day of the newest row behind it."""
    value = value_of(scope, feature, parts[0], answer)
    if len(parts) > 1:
        value = value - value_of(scope, feature, parts[1], answer)
    if feature.measure.kind == "against_peers":
        value = value - peers[parts[0].prefix]
    return value, np.where(np.isnan(value), np.nan, answer[f"{parts[0].prefix}_newest"])
