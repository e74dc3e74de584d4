"""Shares of groups with intervals, from rows that come in families; and the same worked out again from counts that may be published."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from early_id.present.disclosure import HIDDEN, is_small, round_count
from early_id.present.wording import percent
from early_id.stats.arrays import cluster_codes
from early_id.stats.cells import cells, sides
from early_id.stats.intervals import newcombe, proportion_interval
from early_id.stats.multiple import holm, two_sided_p

COLUMNS = ("n", "successes", "value", "low", "high", "effect", "difference", "difference_low", "difference_high", "p_adjusted")
NOT_KNOWN = "not known"


def shares(values: pd.Series, groups: pd.Series, families: pd.Series) -> pd.DataFrame:
    """One row a group: counts, share with interval (95 %, families as clusters), design effect, and its gap from everyone else, p corrected by Holm.

    Parameters
    ----------
    values : Series of bool or 0/1
        No unknown values; leave those rows out first.
    groups, families : Series
        Aligned with ``values``; an empty group is *not known*.
    """
    if values.empty:
        return pd.DataFrame(columns=list(COLUMNS), dtype=float, index=pd.Index([], name="group", dtype=object))
    named = groups.astype("object").where(groups.notna(), NOT_KNOWN).astype(str)
    names = sorted(named.unique(), key=lambda name: (name == NOT_KNOWN, name))
    codes = named.map({name: i for i, name in enumerate(names)}).to_numpy().astype(np.int64)
    clusters, n_clusters = cluster_codes(families.astype(str).to_numpy())
    who = cells(codes, clusters, len(names), n_clusters)
    found = sides(who, values.to_numpy().astype(float), np.ones(len(codes)))
    low, high = found.group.interval()
    ends = newcombe(found.group.value, low, high, found.rest.value, *found.rest.interval())
    figures = (found.group.n.astype(int), found.group.successes.astype(int), found.group.value, low, high, found.group.design_effect)
    gaps = (found.group.value - found.rest.value, *ends, holm(two_sided_p(found.z)))
    return pd.DataFrame(dict(zip(COLUMNS, (*figures, *gaps), strict=True)), index=pd.Index(names, name="group"))


def gap_words(row: pd.Series) -> str:
    """ "+12 points (+3 to +21)" where the gap from everyone else is beyond chance; else that these numbers cannot tell."""
    if math.isnan(row["p_adjusted"]):
        return "not tested"
    if row["p_adjusted"] >= 0.05:
        return "cannot tell"
    points = [percent(row[name], signed=True, fine=True).replace("%", "") for name in ("difference", "difference_low", "difference_high")]
    return f"{points[0]} points ({points[1]} to {points[2]})"


def interval_text(value: float, low: float, high: float) -> str:
    """ "34% (28% to 41%)"; says so where nobody was looked at."""
    if value is None or math.isnan(value):
        return "cannot be estimated"
    return f"{percent(value, fine=True)} ({percent(low, fine=True)} to {percent(high, fine=True)})"


def share_text(part: int, whole: int, effect: float = 1.0) -> str:
    """Share and interval of exact counts."""
    low, high = proportion_interval(part, whole, effect)
    return interval_text(part / whole if whole else math.nan, float(low), float(high))


def published_share(part: int, whole: int, effect: float = 1.0, *, hidden: bool = False) -> str:
    """The same from rounded counts; ``c`` where a small count, or a hidden cell, stands behind it."""
    if hidden or is_small(part) or is_small(whole) or is_small(whole - part):
        return HIDDEN
    shown_part, shown_whole = round_count(part), round_count(whole)
    assert isinstance(shown_part, int) and isinstance(shown_whole, int)
    # The effect was worked out from exact counts, so it is given to one decimal only, upwards.
    return share_text(min(shown_part, shown_whole), shown_whole, math.ceil(effect * 10) / 10 if effect == effect else 1.0)
