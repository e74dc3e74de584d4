"""Does 30 in 100 mean 30 in 100 for every group? Observed against expected, overall and by band; slope; how well the score ranks.

Bands are cut on all children together, where lists are made: the lower half, then 30, 15 and the highest 5 in 100.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from early_id.audit.groups import Grouping
from early_id.audit.measures import Scored
from early_id.stats.arrays import Floats
from early_id.stats.calibration import calibration_slope, observed_expected_of
from early_id.stats.cells import cells, sides
from early_id.stats.placements import clustered_auc

#: A slope from fewer outcomes would say nothing.
SLOPE_FROM = 50

#: Shares of children, from the bottom up, at which the bands are cut, and their names.
CUTS = (0.5, 0.8, 0.95)
BANDS = ("lower half", "next 30 in 100", "next 15 in 100", "highest 5 in 100")
ALL = "all"

COLUMNS = (
    *("characteristic", "characteristic_label", "group", "band", "n", "with_outcome", "expected", "observed_expected", "low", "high"),
    *("slope", "slope_low", "slope_high", "auc", "auc_low", "auc_high", "note"),
)


def calibration_table(scored: Scored, held: Sequence[Grouping]) -> pd.DataFrame:
    """One row a group and band; NaN cannot be estimated. Empty where there is no probability."""
    if scored.probability is None:
        return pd.DataFrame(columns=list(COLUMNS))
    known = ~np.isnan(scored.y) & ~np.isnan(scored.probability)
    y, p, family = scored.y[known], scored.probability[known], scored.clusters[known]
    rank = (scored.score if scored.score is not None else scored.probability)[known]
    edges = np.unique(np.quantile(p, CUTS)) if len(p) else np.zeros(0)
    band = np.searchsorted(edges, p, side="right")
    names = BANDS if len(edges) == len(CUTS) else tuple(f"band {k + 1}" for k in range(len(edges) + 1))
    parts = [_bands(by, by.codes[known], band, names, y, p, family, scored.n_clusters) for by in held]
    parts += [_whole(by, by.codes[known], y, p, rank, family, scored.n_clusters) for by in held]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def _ratios(codes: np.ndarray, n_groups: int, y: Floats, p: Floats, family: np.ndarray, families: int) -> pd.DataFrame:
    who = cells(codes.astype(np.int64), family, n_groups, families)
    rates = sides(who, y, np.ones(len(y))).group
    expected = who.sums(who.totals(p))
    value, low, high = observed_expected_of(rates, expected)
    return pd.DataFrame({"n": rates.n, "with_outcome": rates.successes, "expected": expected, "observed_expected": value, "low": low, "high": high})


def _bands(
    by: Grouping, codes: np.ndarray, band: np.ndarray, names: tuple[str, ...], y: Floats, p: Floats, family: np.ndarray, families: int
) -> pd.DataFrame:
    count = len(names)
    frame = _ratios(codes * count + band, len(by.groups) * count, y, p, family, families)
    frame["group"] = np.repeat(np.array(by.groups, dtype=object), count)
    frame["band"] = list(names) * len(by.groups)
    nothing = dict.fromkeys(("slope", "slope_low", "slope_high", "auc", "auc_low", "auc_high"), np.nan)
    notes = np.where(frame["n"] > 0, "", "cannot be estimated: no child of this group is in this band")
    return frame.assign(characteristic=by.name, characteristic_label=by.label, note=notes, **nothing)


def _whole(by: Grouping, codes: np.ndarray, y: Floats, p: Floats, rank: Floats, family: np.ndarray, families: int) -> pd.DataFrame:
    frame = _ratios(codes, len(by.groups), y, p, family, families)
    rows = []
    for g in range(len(by.groups)):
        mine = codes == g
        outcomes = y[mine].sum()
        slope = calibration_slope(y[mine], p[mine], family[mine]) if outcomes >= SLOPE_FROM else (np.nan,) * 3
        area = clustered_auc(y[mine], rank[mine], family[mine])
        short = f"slope cannot be estimated: fewer than {SLOPE_FROM} children with the outcome" if outcomes < SLOPE_FROM else ""
        rows.append((*slope, *area, short))
    more = pd.DataFrame(rows, columns=["slope", "slope_low", "slope_high", "auc", "auc_low", "auc_high", "note"])
    return pd.concat([frame, more], axis=1).assign(group=list(by.groups), band=ALL, characteristic=by.name, characteristic_label=by.label)
