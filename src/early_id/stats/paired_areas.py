"""AUC with what each row adds to its error, so that areas over the same rows can be compared where rows come in families.

Structural components: DeLong, DeLong and Clarke-Pearson 1988; summed within clusters: Obuchowski 1997.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from early_id.stats.arrays import Floats, Ids, cluster_codes, floats, labels, same_length


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


def _mid_ranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing the middle one."""
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[at.ravel()], dtype=np.float64)
