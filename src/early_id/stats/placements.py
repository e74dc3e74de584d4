"""AUC with what each row adds to its error, so that areas over the same rows can be compared where rows come in families.

A row with the outcome is placed by the share of rows without it that it ranks above (ties count half), and the reverse; AUC is the mean
placement. Structural components: DeLong, DeLong and Clarke-Pearson 1988; summed within clusters: Obuchowski 1997, Biometrics 53:567.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from early_id.stats.arrays import Floats, Ids, cluster_codes, floats, labels, same_length
from early_id.stats.intervals import normal_quantile

#: With fewer rows than this on either side the interval would promise too much.
FEWEST = 10


@dataclass(frozen=True)
class Placements:
    """An area under the curve and each row's part in its error; areas of the same rows can be added and subtracted, parts with them."""

    auc: float
    parts: Floats

    def __sub__(self, other: Placements) -> Placements:
        return Placements(self.auc - other.auc, self.parts - other.parts)

    def __add__(self, other: Placements) -> Placements:
        return Placements(self.auc + other.auc, self.parts + other.parts)

    def __mul__(self, factor: float) -> Placements:
        return Placements(self.auc * factor, self.parts * factor)

    def error(self, clusters: Ids) -> float:
        """Standard error, rows of one cluster not being independent."""
        codes, n = cluster_codes(clusters)
        sums = np.bincount(codes, self.parts, minlength=n)
        return float(np.sqrt((sums**2).sum()))


def placements(y: ArrayLike, score: ArrayLike) -> Placements:
    """AUC (ties counting half) with the part of each row in its error.

    Parameters
    ----------
    y : array of 1 and 0
        Both have to occur.
    score : array of numbers

    Examples
    --------
    >>> placements([1, 0, 0, 1], [0.9, 0.9, 0.1, 0.5]).auc
    0.625
    """
    known, scores = labels(y), floats(score)
    same_length(known, scores, names="labels and scores")
    positive = known == 1
    ones, zeros = int(positive.sum()), int((~positive).sum())
    everywhere = _mid_ranks(scores)
    parts = np.empty(len(scores))
    above = (everywhere[positive] - _mid_ranks(scores[positive])) / zeros
    below = 1 - (everywhere[~positive] - _mid_ranks(scores[~positive])) / ones
    area = float(above.mean())
    parts[positive] = (above - area) / ones
    parts[~positive] = (below - area) / zeros
    return Placements(area, parts)


def clustered_auc(y: ArrayLike, score: ArrayLike, clusters: Ids, *, level: float = 0.95) -> tuple[float, float, float]:
    """AUC and its interval, made on the log-odds scale so that it stays between 0 and 1.

    NaN where a side is empty, and no interval with fewer than ten rows on a side or where nothing varies.

    Examples
    --------
    >>> clustered_auc([1, 0, 0, 1], [0.9, 0.9, 0.1, 0.5], [1, 2, 3, 4])[0]
    0.625
    """
    known, value = labels(y), floats(score)
    same_length(known, value, names="labels and scores")
    keep = ~np.isnan(known) & ~np.isnan(value)
    known, value, rows = known[keep], value[keep], np.asarray(clusters)[keep]
    fewest = min(int((known == 1).sum()), int((known == 0).sum()))
    if not fewest:
        return math.nan, math.nan, math.nan
    found, families = placements(known, value), len(np.unique(rows))
    area, error = found.auc, found.error(rows) * math.sqrt(families / max(families - 1, 1))
    if fewest < FEWEST or not 0.0 < area < 1.0 or error <= 0.0:
        return area, math.nan, math.nan
    middle, half = math.log(area / (1.0 - area)), normal_quantile(0.5 + level / 2.0) * error / (area * (1.0 - area))
    return area, 1.0 / (1.0 + math.exp(half - middle)), 1.0 / (1.0 + math.exp(-half - middle))


def _mid_ranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing the middle one."""
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[at.ravel()], dtype=np.float64)
