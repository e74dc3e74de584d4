"""A black box, fitted only to report what interpretability costs. It is never put forward, never registered, never explained to anybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from early_id.models.adding import Floats
from early_id.models.additive import binnable, one_thread
from early_id.models.scoring import AdditiveClassifier


class Challenger(AdditiveClassifier):
    """scikit-learn's boosted trees with all interactions, on the plain columns.

    Parameters
    ----------
    max_iter, learning_rate, max_leaf_nodes, min_samples_leaf, l2_regularization, random_state
        As in ``HistGradientBoostingClassifier``; early stopping is off, for the reason given in ``additive``.

    Notes
    -----
    It shares the interface of the other models but has no terms: ``contributions`` refuses.
    """

    def __init__(
        self,
        *,
        max_iter: int = 150,
        learning_rate: float = 0.06,
        max_leaf_nodes: int = 15,
        min_samples_leaf: int = 20,
        l2_regularization: float = 5.0,
        random_state: int = 0,
    ) -> None:
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Challenger:
        """Fit on rows ``X`` (NaN: unknown) and two-class ``y``."""
        X, coded = self._check_training(X, y)
        with one_thread():
            self.model_ = self._boosted().fit(binnable(X), coded)
            self.baseline_ = float(self.model_.decision_function(X).mean())
        return self

    def score_log_odds(self, X: Any) -> Floats:
        """Score of each row in log-odds of the second class."""
        checked = self._check_scoring(X)
        with one_thread():
            scores: Floats = self.model_.decision_function(checked)
        return scores

    def contributions(self, X: Any) -> Any:
        """Refused: a model with interactions has no exact term per feature."""
        raise NotImplementedError("The challenger has no exact contributions; it is fitted for comparison only.")

    def staged_scores(self, X: Any, y: Any, X_judge: Any, rounds: Sequence[int]) -> dict[int, Floats]:
        """Scores of ``X_judge`` after each number of ``rounds``, from one fit; for choosing ``max_iter``."""
        with one_thread():
            model = self._boosted().fit(binnable(np.asarray(X, dtype=np.float64)), np.asarray(y).astype(np.int64))
            stages = enumerate(model.staged_decision_function(np.asarray(X_judge, dtype=np.float64)), start=1)
            return {number: scores for number, scores in stages if number in set(rounds)}

    def _boosted(self) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            early_stopping=False,
            categorical_features=None,
            random_state=self.random_state,
        )
