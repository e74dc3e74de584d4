"""How well a score ranks, and how close a probability is, with row weights and ties handled exactly.

Everything is built on one object, `Ranking`, which sorts once and then answers for any number of weight vectors. Resampling
by family is then a matter of weights: 500 resamples of 5,000 rows take well under a second.

Rows whose label is not known yet (NaN) are left out. What cannot be estimated is NaN, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from early_id.core.errors import InputDataError
from early_id.stats.arrays import Floats, Ints, floats, labels, ratio, same_length


@dataclass(frozen=True)
class Ranking:
    """Rows with a known label, sorted by falling score, ties kept together.

    Attributes
    ----------
    order : array of int
        Positions in the arrays given to `ranking`, known labels only, highest score first.
    positive : array of float
        Labels in that order.
    starts : array of int
        Where each run of equal scores begins.
    """

    order: Ints
    positive: Floats
    starts: Ints

    def _tied_sums(self, weights: Floats) -> tuple[Floats, Floats]:
        """Weight of positives and of negatives within each run of equal scores, one row per weight vector."""
        w = weights[:, self.order]
        all_ = np.add.reduceat(w, self.starts, axis=1)
        pos = np.add.reduceat(w * self.positive, self.starts, axis=1)
        return pos, all_ - pos

    def auc(self, weights: Floats) -> Floats:
        """AUC for each row of ``weights`` (resamples × all rows); NaN where a class is missing."""
        if not len(self.order):
            return np.full(len(weights), np.nan)
        pos, neg = self._tied_sums(weights)
        # A positive beats every negative ranked strictly below it and half of those tied with it (Mann and Whitney 1947).
        total_pos, total_neg = pos.sum(axis=1), neg.sum(axis=1)
        below = total_neg[:, None] - np.cumsum(neg, axis=1)
        wins = (pos * (below + 0.5 * neg)).sum(axis=1)
        return ratio(wins, total_pos * total_neg)

    def average_precision(self, weights: Floats) -> Floats:
        """Average precision for each row of ``weights``; NaN where there is no positive."""
        if not len(self.order):
            return np.full(len(weights), np.nan)
        pos, neg = self._tied_sums(weights)
        hits = np.cumsum(pos, axis=1)
        seen = hits + np.cumsum(neg, axis=1)
        precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
        return ratio((pos * precision).sum(axis=1), hits[:, -1])


def ranking(y: ArrayLike, score: ArrayLike) -> Ranking:
    """Sort once, for many weightings.

    Parameters
    ----------
    y : array of 1, 0 or NaN
        NaN rows are left out.
    score : array
        Higher means ranked earlier. NaN is refused for a row with a known label.
    """
    known_y, known_score = labels(y), floats(score)
    same_length(known_y, known_score, names="labels and scores")
    keep = np.flatnonzero(~np.isnan(known_y))
    if np.isnan(known_score[keep]).any():
        raise InputDataError(
            "Some rows with a known outcome have no score.",
            where="scores",
            what_next="Score every row, or leave the rows out and say how many.",
        )
    order = keep[np.argsort(-known_score[keep], kind="stable")]
    ranked = known_score[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(order) else np.zeros(0, dtype=np.int64)
    return Ranking(order.astype(np.int64), known_y[order], starts.astype(np.int64))


def _weights(weight: ArrayLike | None, n: int) -> Floats:
    return np.ones((1, n)) if weight is None else floats(weight)[None, :]


def auc(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Chance that a row with the outcome scores above one without, ties counting half (Mann–Whitney).

    Examples
    --------
    >>> auc([1, 0, 0, 1], [0.9, 0.9, 0.1, 0.5])
    0.625
    """
    ranked = ranking(y, score)
    return float(ranked.auc(_weights(weight, np.size(np.asarray(y))))[0])


def average_precision(y: ArrayLike, score: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Precision averaged over the steps in recall, without interpolation, as scikit-learn defines it.

    Examples
    --------
    >>> average_precision([1, 0, 1], [3.0, 2.0, 1.0])
    0.8333333333333333
    """
    ranked = ranking(y, score)
    return float(ranked.average_precision(_weights(weight, np.size(np.asarray(y))))[0])


def brier(y: ArrayLike, probability: ArrayLike, weight: ArrayLike | None = None) -> float:
    """Mean squared distance between probability and outcome (Brier 1950), lower is closer; NaN without known labels."""
    return float(brier_batch(y, probability, _weights(weight, np.size(np.asarray(y))))[0])


def brier_batch(y: ArrayLike, probability: ArrayLike, weights: Floats) -> Floats:
    """`brier` for each row of ``weights``."""
    known_y, p = labels(y), floats(probability)
    same_length(known_y, p, names="labels and probabilities")
    keep = ~np.isnan(known_y)
    w = weights[:, keep]
    return ratio(w @ (known_y[keep] - p[keep]) ** 2, w.sum(axis=1))
