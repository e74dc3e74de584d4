"""A value worked out again from the rows that ``matrix.evidence`` shows, in plain Python."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from early_id.features.declare import STAY_GAP_DAYS, Feature, Measure
from early_id.features.evidence import BEFORE, NOW

#: The end of a spell that has none.
_NO_END = pd.Timestamp(2200, 1, 1)


def value_from(rows: pd.DataFrame, feature: Feature, as_of: date, year_group: pd.DataFrame | None = None) -> float | None:
    """The value of ``feature`` if it is known; None where these rows cannot give one. Custom measures have no twin.

    ``year_group`` are the rows of the year group, for ``against_peers``.
    """
    if feature.measure.kind == "against_peers" and feature.measure.inner is not None and year_group is not None:
        own, usual = _value(rows, feature.measure.inner, as_of), _value(year_group, replace(feature.measure.inner, at_least=1), as_of)
        enough = year_group.loc[year_group["among"].astype(bool), "child_id"].nunique() >= feature.measure.at_least
        return own - usual if own is not None and usual is not None and enough else None
    if feature.measure.kind == "change":
        assert feature.measure.inner is not None
        parts = [_value(rows[rows["window"] == name], feature.measure.inner, as_of) for name in (NOW, BEFORE)]
        return None if parts[0] is None or parts[1] is None else parts[0] - parts[1]
    if feature.measure.kind == "relatives":
        return float(rows["counts"].sum())
    return _value(rows, feature.measure, as_of)


def _value(rows: pd.DataFrame, measure: Measure, as_of: date) -> float | None:
    hits = rows[rows["counts"].astype(bool)]
    if measure.kind in ("share", "longest_run"):
        among = rows[rows["among"].astype(bool)]
        if len(among) < max(measure.at_least, 1):
            return None
        return len(hits) / len(among) if measure.kind == "share" else float(_longest(among))
    days = pd.to_datetime(hits["happened_on"])
    if measure.kind in ("days_since_last", "days_in_current", "days_since_first"):
        day = days.min() if measure.kind == "days_since_first" else days.max()
        return float((pd.Timestamp(as_of) - day).days) if len(hits) else None
    if measure.kind == "days_in_stay":
        began = _stay(hits, as_of)
        return float((pd.Timestamp(as_of) - began).days) if began is not None else None
    if measure.kind == "mean_gap":
        return (days.max() - days.min()).days / (len(hits) - 1) if len(hits) > 1 else None
    if measure.kind == "latest":
        told = hits[hits[measure.column].notna()]
        newest = told[pd.to_datetime(told["happened_on"]) == pd.to_datetime(told["happened_on"]).max()]
        return float(newest[measure.column].max()) if len(told) else None
    if measure.kind in ("total", "largest", "different"):
        amounts = hits[measure.column]
        found: dict[str, Any] = {"total": amounts.sum(), "largest": amounts.max() if len(amounts) else 0, "different": amounts.nunique()}
        return None if amounts.isna().any() else float(found[measure.kind])
    simple: dict[str, Any] = {
        "count": len(hits),
        "any_": bool(len(hits)),
        "current": bool(len(hits)),
        "days": days.nunique(),
        "weeks": days.dt.to_period("W-SUN").nunique(),
    }
    return float(simple[measure.kind])


def _stay(spells: pd.DataFrame, as_of: date) -> pd.Timestamp | None:
    """When the stay that is open on the date began; ``spells`` has the one column of the table's that ends them."""
    ends = next(name for name in ("end_on", "to_on", "ended_on", "ended_at") if name in spells)
    began = reached = None
    for start, end in sorted(zip(pd.to_datetime(spells["happened_on"]), pd.to_datetime(spells[ends]).fillna(_NO_END), strict=True)):
        if reached is None or start > reached + pd.Timedelta(days=STAY_GAP_DAYS):
            began, reached = start, end
        reached = max(reached, end)
    return began if reached is not None and reached >= pd.Timestamp(as_of) else None


def _longest(among: pd.DataFrame) -> int:
    """Most consecutive rows that count; of several of one moment those that do not come first."""
    order = [name for name in ("happened_on", "session") if name in among]
    longest = run = 0
    for counts in among.assign(_hit=among["counts"].astype(bool)).sort_values([*order, "_hit"])["_hit"]:
        run = run + 1 if counts else 0
        longest = max(longest, run)
    return longest
