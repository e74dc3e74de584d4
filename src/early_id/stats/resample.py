"""Intervals by resampling whole families, where no closed form exists (AUC, average precision, figures at capacity).

Children of one home are not independent, so a resample draws families, not rows. Each family gets a Poisson(1) count, which
is the bootstrap with a random total (Hanley and MacGibbon 2006; Chamandy et al. 2012): counts are independent, so nothing
has to be copied or sorted again. Use it from about 50 events up; below that a bootstrap covers too little (5 positives: 40
%), and `early_id.stats.intervals` has the closed forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from early_id.stats.arrays import Floats, Ids, cluster_codes, floats, labels
from early_id.stats.capacity import CapacityStatistics
from early_id.stats.metrics import brier_batch, ranking

#: Row weights (resamples × rows) in, one number per resample out.
BatchStatistic: TypeAlias = Callable[[Floats], Floats]

#: Weights held at once, in numbers: 16 MB, so that a million rows need no more memory than a thousand.
CELLS_AT_ONCE = 2_000_000

#: An interval is given only if at least this share of resamples gave a figure.
USABLE_SHARE = 0.9


@dataclass(frozen=True)
class Bounds:
    """A figure with its interval. NaN means it cannot be estimated.

    Attributes
    ----------
    value, low, high : float
    n : int
        Resamples that gave a figure.
    """

    value: float
    low: float
    high: float
    n: int = 0


def poisson_weights(clusters: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Counts per cluster, in blocks of resamples that fit in memory; the same seed gives the same counts."""
    rng = np.random.default_rng(seed)
    block = max(1, CELLS_AT_ONCE // max(clusters, 1))
    for start in range(0, resamples, block):
        yield rng.poisson(1.0, size=(min(block, resamples - start), clusters)).astype(np.float64)


def clustered_draws(statistics: Mapping[str, BatchStatistic], clusters: Ids, *, resamples: int = 500, seed: int = 0) -> dict[str, Floats]:
    """Each statistic in each resample, all on the same resamples, so that differences between them are paired."""
    codes, n = cluster_codes(clusters)
    found: dict[str, list[Floats]] = {name: [] for name in statistics}
    per_pass = max(1, CELLS_AT_ONCE // max(len(codes), 1))
    for block in poisson_weights(n, resamples, seed):
        for start in range(0, len(block), per_pass):
            weights = block[start : start + per_pass][:, codes]
            for name, statistic in statistics.items():
                found[name].append(statistic(weights))
    return {name: np.concatenate(parts) if parts else np.zeros(0) for name, parts in found.items()}


def percentile_bounds(value: float, draws: Floats, *, level: float = 0.95) -> Bounds:
    """Two-sided percentile interval from draws; no interval where too many draws gave no figure."""
    usable = draws[~np.isnan(draws)]
    if np.isnan(value) or len(draws) == 0 or len(usable) < USABLE_SHARE * len(draws):
        return Bounds(value, float("nan"), float("nan"), len(usable))
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(usable, [tail, 1.0 - tail])
    # Percentiles of a skewed statistic can leave the point value outside by a hair; an interval that does not hold its
    # own value would only puzzle its reader.
    return Bounds(value, min(float(low), value), max(float(high), value), len(usable))


def clustered_intervals(
    statistics: Mapping[str, BatchStatistic], clusters: Ids, *, resamples: int = 500, seed: int = 0, level: float = 0.95
) -> dict[str, Bounds]:
    """Value and interval of several statistics from one set of resamples.

    Parameters
    ----------
    statistics : mapping of name to function
        Each takes row weights (resamples × rows) and gives one number per resample; see `auc_statistic` and its neighbours.
        A difference is a statistic too: ``lambda w: a(w) - b(w)``.
    clusters : array of ids
        Family of each row.

    Examples
    --------
    >>> y, s, fam = [1, 0, 1, 0] * 30, list(range(120)), list(range(120))
    >>> out = clustered_intervals({"auc": auc_statistic(y, s)}, fam, resamples=50, seed=1)
    >>> out["auc"].low <= out["auc"].value <= out["auc"].high
    True
    """
    codes, _ = cluster_codes(clusters)
    ones = np.ones((1, len(codes)))
    draws = clustered_draws(statistics, codes, resamples=resamples, seed=seed)
    return {name: percentile_bounds(float(f(ones)[0]), draws[name], level=level) for name, f in statistics.items()}


def clustered_interval(statistic: BatchStatistic, clusters: Ids, *, resamples: int = 500, seed: int = 0, level: float = 0.95) -> Bounds:
    """Value and interval of one statistic; see `clustered_intervals`."""
    return clustered_intervals({"it": statistic}, clusters, resamples=resamples, seed=seed, level=level)["it"]


def lower_bound(statistic: BatchStatistic, clusters: Ids, *, resamples: int = 1000, seed: int = 0, confidence: float = 0.95) -> Bounds:
    """One-sided lower bound, for a bar such as *better than the rule by at least so much*; ``high`` is infinite."""
    both = clustered_interval(statistic, clusters, resamples=resamples, seed=seed, level=2.0 * confidence - 1.0)
    return Bounds(both.value, both.low, float("nan") if np.isnan(both.low) else float("inf"), both.n)


def auc_statistic(y: ArrayLike, score: ArrayLike) -> BatchStatistic:
    """AUC as a function of row weights, sorted once."""
    return ranking(y, score).auc


def average_precision_statistic(y: ArrayLike, score: ArrayLike) -> BatchStatistic:
    """Average precision as a function of row weights, sorted once."""
    return ranking(y, score).average_precision


def brier_statistic(y: ArrayLike, probability: ArrayLike) -> BatchStatistic:
    """Brier score as a function of row weights."""
    known, p = labels(y), floats(probability)
    return lambda weights: brier_batch(known, p, weights)


def precision_statistic(scores: ArrayLike, families: Ids, y: ArrayLike, capacity: ArrayLike, units: Ids | None = None) -> BatchStatistic:
    """Precision at capacity, per family, as a function of row weights; the list is drawn anew in each resample."""
    return CapacityStatistics.prepare(scores, families, y, capacity, units).precision


def recall_statistic(scores: ArrayLike, families: Ids, y: ArrayLike, capacity: ArrayLike, units: Ids | None = None) -> BatchStatistic:
    """Recall at capacity, per child, as a function of row weights."""
    return CapacityStatistics.prepare(scores, families, y, capacity, units).recall
