"""A model of small whole-number points: few features, few steps each, added up.

Well-kept parts do the learning: scikit-learn's boosting finds the steps (``additive.MonotoneAdditive`` with few cuts), and the points are
rounded values of its tables, improved one point at a time as long as the log loss of the training rows falls. Libraries of optimal
scorecards were looked at: FasterRisk needs pandas 1.5, optbinning brings a constraint solver and its own binning of unknown values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.base import clone

from early_id.models.adding import Floats, add_up, expit
from early_id.models.additive import MonotoneAdditive
from early_id.models.additive_tables import FeatureTable, look_up
from early_id.models.scoring import AdditiveClassifier

Points = NDArray[np.int64]

#: Sweeps over all steps in which a point more or less is tried; it ends before where nothing helps any more.
SWEEPS = 10


class Scorecard(AdditiveClassifier):
    """Whole-number points on at most ``max_features`` features; the score is ``slope * points + intercept``, in log-odds.

    Parameters
    ----------
    directions : sequence of int, optional
        1 (raises), -1 (lowers) or 0 (either) per feature, in column order. None: no constraint.
    max_features : int
        Most features on the card.
    max_steps : int
        Most steps per feature, *unknown* not counted.
    max_points : int
        Most points of one step.
    max_iter : int
        Rounds of boosting that find features and steps.

    Notes
    -----
    Points of a step are never negative: the lowest step of a feature has 0. *Unknown* has the step whose points are nearest to what the
    training rows say of it. Features are taken by the spread of their table among the training rows, standard deviation weighted
    by how many rows stand on each step. Steps that end with the same points are one step. After ``fit``: ``point_cuts_`` and
    ``point_values_`` (one array a feature, as in :class:`FeatureTable`; no cut for features not on the card), ``slope_``, ``intercept_``.
    """

    def __init__(
        self, directions: Sequence[int] | None = None, *, max_features: int = 8, max_steps: int = 4, max_points: int = 5, max_iter: int = 60
    ) -> None:
        self.directions = directions
        self.max_features = max_features
        self.max_steps = max_steps
        self.max_points = max_points
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any) -> Scorecard:
        """Fit on rows ``X`` (NaN: unknown) and two-class ``y``."""
        if min(self.max_features, self.max_points) < 1 or self.max_steps < 2:
            raise ValueError("A scorecard needs max_features and max_points of 1 at least, and max_steps of 2.")
        X, coded = self._check_training(X, y)
        return self._learn(X, coded, self._boosted(X, self.classes_[coded]))

    def size_scores(self, X: Any, y: Any, X_judge: Any, sizes: Sequence[int]) -> dict[int, Floats]:
        """Scores of ``X_judge`` for each number of features, all cut from one boosted model; for choosing ``max_features``."""
        X, coded = self._check_training(np.asarray(X, dtype=np.float64), y)
        judge, boosted = np.asarray(X_judge, dtype=np.float64), self._boosted(X, self.classes_[coded])
        return {size: clone(self).set_params(max_features=size)._learn(X, coded, boosted)._score(judge) for size in sizes}

    def _boosted(self, X: Floats, y: Any) -> MonotoneAdditive:
        return MonotoneAdditive(self.directions, max_iter=self.max_iter).fit(X, y)

    def _score(self, X: Floats) -> Floats:
        return add_up(self._terms(X), self.baseline_)

    def _learn(self, X: Floats, coded: NDArray[np.int64], boosted: MonotoneAdditive) -> Scorecard:
        """Features, steps and points from a boosted model of the same rows."""
        spread = boosted._terms(X).std(axis=0)
        chosen = [int(j) for j in np.argsort(-spread, kind="stable")[: self.max_features] if spread[j] > 0]
        self.n_iter_ = self.max_iter
        card = [FeatureTable(np.zeros(0), np.zeros(2)) for _ in range(X.shape[1])]
        steps = {j: _few_steps(boosted.tables()[j], X[:, j], self.max_steps) for j in chosen}
        widest = max((float(np.ptp(table.values)) for table in steps.values()), default=0.0)
        for j, table in steps.items():
            points = np.round((table.values - table.values[:-1].min()) / widest * self.max_points)
            card[j] = FeatureTable(table.cuts, np.clip(points, 0, self.max_points))
        self._improve(card, X, coded.astype(np.float64), chosen)
        self._set_scale(card, X, coded.astype(np.float64))
        return self

    def _improve(self, card: list[FeatureTable], X: Floats, y: Floats, chosen: Sequence[int]) -> None:
        """Try a point more and a point less on every step, in turn, and keep what lowers the log loss."""
        if not chosen:
            return
        step = {j: np.where(np.isnan(X[:, j]), -1, np.searchsorted(card[j].cuts, X[:, j], side="left")) for j in chosen}
        total = sum((card[j].values[step[j]] for j in chosen), np.zeros(len(X)))
        loss, slope, intercept = _line(total, y)
        for _ in range(SWEEPS):
            before = loss
            for j in chosen:
                for at in range(len(card[j].values)):
                    rows = step[j] == (at if at <= len(card[j].cuts) else -1)
                    if not rows.any():
                        continue
                    for more in (1, -1):
                        values = card[j].values.copy()
                        values[at] += more
                        if not self._allowed(values, j):
                            continue
                        tried = total + more * rows
                        if _loss(tried, y, slope, intercept) >= loss:
                            continue
                        total, card[j] = tried, FeatureTable(card[j].cuts, values)
                        loss, slope, intercept = _line(total, y, slope, intercept)
            if loss > before - 1e-7:
                break

    def _allowed(self, values: Floats, j: int) -> bool:
        known = values[:-1]
        sign = self.directions[j] if self.directions is not None else 0
        in_order = sign == 0 or bool((sign * np.diff(known) >= 0).all())
        return in_order and float(values.min()) >= 0 and float(values.max()) <= self.max_points

    def _set_scale(self, card: list[FeatureTable], X: Floats, y: Floats) -> None:
        """Whole points to log-odds, and centred tables as every additive model has them."""
        self.point_cuts_, self.point_values_ = [], []
        for table in card:
            values = table.values - table.values.min()
            steps = np.flatnonzero(np.diff(values[:-1]) != 0)
            self.point_cuts_.append(table.cuts[steps])
            self.point_values_.append(values[np.concatenate([steps, [len(table.cuts), len(table.cuts) + 1]])])
        each = self._points(X)
        _, self.slope_, self.intercept_ = _line(each.sum(axis=1), y)
        centres = self.slope_ * each.mean(axis=0)
        self.cuts_ = self.point_cuts_
        self.values_ = [self.slope_ * values - centre for values, centre in zip(self.point_values_, centres, strict=True)]
        self.baseline_ = self.intercept_ + float(centres.sum())

    def _points(self, X: Floats) -> Floats:
        columns = [look_up(cuts, values, x) for cuts, values, x in zip(self.point_cuts_, self.point_values_, X.T, strict=True)]
        return np.column_stack(columns)

    def card(self) -> list[tuple[Floats, Floats]]:
        """Cut points and points of each feature, in column order; the last points are those of *unknown*."""
        return list(zip(self.point_cuts_, self.point_values_, strict=True))

    def points(self, X: Any) -> Floats:
        """Total of points of each row, shape (rows,)."""
        total: Floats = self._points(self._check_scoring(X)).sum(axis=1)
        return total

    def _terms(self, X: Floats) -> Floats:
        terms = np.empty_like(X)
        for j, (cuts, values) in enumerate(zip(self.cuts_, self.values_, strict=True)):
            terms[:, j] = look_up(cuts, values, X[:, j])
        return terms


def _few_steps(table: FeatureTable, x: Floats, most: int) -> FeatureTable:
    """The table with at most ``most`` steps: neighbours are joined where that changes the values of the fewest rows the least (Ward's rule)."""
    rows = np.bincount(np.searchsorted(table.cuts, x[~np.isnan(x)], side="left"), minlength=len(table.cuts) + 1).astype(np.float64)
    rows = np.maximum(rows, 1e-9)
    cuts, values = list(table.cuts), list(table.values[:-1])
    weight = list(rows)
    while len(values) > most:
        cost = [weight[i] * weight[i + 1] / (weight[i] + weight[i + 1]) * (values[i] - values[i + 1]) ** 2 for i in range(len(cuts))]
        i = int(np.argmin(cost))
        together = weight[i] + weight[i + 1]
        values[i : i + 2] = [(weight[i] * values[i] + weight[i + 1] * values[i + 1]) / together]
        weight[i : i + 2] = [together]
        del cuts[i]
    # The value for "unknown" stays inside the range of the others, so that the lowest step can have 0 points.
    unknown = float(np.clip(table.values[-1], min(values), max(values)))
    return FeatureTable(np.array(cuts), np.array([*values, unknown]))


def _loss(total: Floats, y: Floats, slope: float, intercept: float) -> float:
    margin = slope * total + intercept
    return float(np.mean(np.logaddexp(0, margin) - y * margin))


def _line(total: Floats, y: Floats, slope: float = 0.3, intercept: float | None = None) -> tuple[float, float, float]:
    """Log loss, slope (never negative) and intercept of a logistic model of the total points.

    Few different totals occur, so the rows are counted first.
    """
    codes, at = np.unique(total, return_inverse=True)
    rows, ones = np.bincount(at).astype(np.float64), np.bincount(at, weights=y)
    share = float(np.clip(y.mean(), 1e-6, 1 - 1e-6))
    start = np.array([slope, np.log(share / (1 - share)) if intercept is None else intercept])

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = w[0] * codes + w[1]
        error = rows * expit(margin) - ones
        return float(np.sum(rows * np.logaddexp(0, margin) - ones * margin)) / len(y), np.array([error @ codes, error.sum()]) / len(y)

    # Slopes beyond these would say that one point settles the matter; they occur where the points separate the training rows.
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, 10), (-50, 50)])
    return float(best.fun), float(best.x[0]), float(best.x[1])
