"""Penalised logistic regression that takes unknown values and explains itself exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from early_id.models.adding import Floats
from early_id.models.scoring import AdditiveClassifier


class PenalisedLogistic(AdditiveClassifier):
    """Logistic regression with an L2 penalty on standardised features.

    Each feature brings its standardised value and, where it was unknown for some training rows, an indicator
    "unknown" with a coefficient of its own; the unknown value itself is filled with the training mean, which is
    neutral (its standardised value is 0). A value that was never unknown in training and is unknown now is neutral
    too. Contribution of a feature: both terms, less their mean over the training rows.

    Parameters
    ----------
    C : float
        Inverse strength of the penalty, as in scikit-learn; chosen by temporal folds in ``models/choose.py``.
    max_iter : int
        Most iterations of the solver.

    Notes
    -----
    Indicators stay 0/1: a rarely unknown feature is then shrunk harder than a common one. There are no class
    weights and no resampling: either would bend the probabilities without changing who is listed.
    """

    def __init__(self, C: float = 1.0, *, max_iter: int = 1000) -> None:
        self.C = C
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any) -> PenalisedLogistic:
        """Fit on rows ``X`` (NaN: unknown) and two-class ``y``."""
        X, coded = self._check_training(X, y)
        model = self._solver().fit(self._design(X), coded)
        weights = model.coef_[0]
        n_features = X.shape[1]
        self.coef_ = weights[:n_features].copy()
        self.unknown_coef_ = np.zeros(n_features)
        self.unknown_coef_[self.has_indicator_] = weights[n_features:]
        self.intercept_ = float(model.intercept_[0])
        self.n_iter_ = int(model.n_iter_[0])
        raw = self._raw_terms(X)
        self.centre_ = raw.mean(axis=0)
        self.baseline_ = self.intercept_ + float(self.centre_.sum())
        return self

    def path_scores(self, X: Any, y: Any, X_judge: Any, penalties: Sequence[float]) -> dict[float, Floats]:
        """Scores of ``X_judge`` for each of ``penalties``, strong ones first, each fit beginning where the last one ended; for choosing ``C``."""
        X, X_judge = (np.asarray(part, dtype=np.float64) for part in (X, X_judge))
        design, coded, model = self._design(X), np.asarray(y).astype(np.int64), self._solver().set_params(warm_start=True)
        unknown = np.isnan(X_judge)[:, self.has_indicator_].astype(np.float64)
        judged = np.hstack([self._standardised(X_judge), unknown])
        return {C: model.set_params(C=C).fit(design, coded).decision_function(judged) for C in penalties}

    def _solver(self) -> Any:
        from sklearn.linear_model import LogisticRegression

        # Newton's steps: few columns beside many rows, of which some say nearly the same; a gradient takes hundreds of steps there.
        return LogisticRegression(C=self.C, l1_ratio=0.0, solver="newton-cholesky", tol=1e-8, max_iter=self.max_iter)

    def _design(self, X: Floats) -> Floats:
        """Standardised values and indicators of training rows; sets means, scales and which features have an indicator."""
        unknown = np.isnan(X)
        known = np.maximum((~unknown).sum(axis=0), 1)
        self.mean_ = np.where(unknown, 0.0, X).sum(axis=0) / known
        spread = np.sqrt(np.where(unknown, 0.0, (X - self.mean_) ** 2).sum(axis=0) / known)
        # A constant feature has nothing to say: scale 1 leaves its standardised value at 0. The test is relative,
        # because the mean of many equal numbers is not exactly that number.
        self.scale_ = np.where(spread > 1e-12 * np.maximum(np.abs(self.mean_), 1.0), spread, np.inf)
        share = unknown.mean(axis=0)
        self.has_indicator_ = (share > 0) & (share < 1)
        return np.hstack([self._standardised(X), unknown[:, self.has_indicator_].astype(np.float64)])

    def _standardised(self, X: Floats) -> Floats:
        filled: Floats = np.where(np.isnan(X), self.mean_, X)
        result: Floats = (filled - self.mean_) / self.scale_
        return result

    def _raw_terms(self, X: Floats) -> Floats:
        result: Floats = self._standardised(X) * self.coef_ + np.isnan(X) * self.unknown_coef_
        return result

    def _terms(self, X: Floats) -> Floats:
        centred: Floats = self._raw_terms(X) - self.centre_
        return centred
