"""A boosted model without interactions, monotone where the catalogue says so, kept as one table per feature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from early_id.models.adding import Floats, add_up
from early_id.models.additive_tables import TAIL, FeatureTable, check_tables, compile_tables, find_cuts, interval_numbers, look_up
from early_id.models.scoring import AdditiveClassifier

#: Most cuts per feature; a table longer than this is not read by anybody.
MOST_CUTS = 64


def one_thread() -> threadpool_limits:
    """Boosting on one thread.

    Models this small gain nothing from more, and OpenMP threads that wait for a busy core by spinning make a trial many
    times slower. It also keeps the order of sums, and so the model, the same on every machine.
    """
    return threadpool_limits(1, user_api="openmp")


def binnable(Z: Floats) -> Floats:
    """The same with noughts in columns that are unknown throughout: scikit-learn 1.9 cannot bin those, and a constant one is never split."""
    unknown = [j for j in range(Z.shape[1]) if np.isnan(Z[:, j]).all()]
    if not unknown:
        return Z
    filled = Z.copy(order="K")
    filled[:, unknown] = 0.0
    return filled


class MonotoneAdditive(AdditiveClassifier):
    """Sum of one step function per feature, fitted by boosting.

    scikit-learn's ``HistGradientBoostingClassifier`` grows trees that may each use one feature only
    (``interaction_cst="no_interactions"``), monotone in the stated directions. The fitted trees are compiled to
    tables, checked against the trees on the training rows, and thrown away: what is stored, scored and explained is
    the tables. Unknown (NaN) has a value of its own in each table.

    Parameters
    ----------
    directions : sequence of int, optional
        1 (raises), -1 (lowers) or 0 (either) per feature, in column order. None: no constraint.
    max_cuts : int
        Most cut points per feature, at most 64; closer together in the tails (``additive_tables.find_cuts``).
    max_iter, learning_rate, max_leaf_nodes, min_samples_leaf, l2_regularization
        As in scikit-learn. Early stopping is off: its random split would put snapshots
        of one child, and brothers and sisters, on both sides; the number of rounds is chosen by temporal and family
        folds instead (``models/choose.py``).
    random_state : int
        Passed on; nothing is drawn at random with early stopping off.

    Notes
    -----
    Refuses more or less than two classes (ValueError), and tables that differ from the trees by more than 1e-9
    (NotAdditiveError).
    """

    def __init__(
        self,
        directions: Sequence[int] | None = None,
        *,
        max_iter: int = 90,
        learning_rate: float = 0.1,
        max_leaf_nodes: int = 4,
        min_samples_leaf: int = 20,
        l2_regularization: float = 5.0,
        max_cuts: int = 64,
        random_state: int = 0,
    ) -> None:
        self.directions = directions
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_cuts = max_cuts
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> MonotoneAdditive:
        """Fit on rows ``X`` (NaN: unknown) and two-class ``y``."""
        X, coded = self._check_training(X, y)
        X = np.asfortranarray(X)  # every step below goes through one feature after another
        cuts = self._cuts(X)
        Z = interval_numbers(X, cuts)
        with one_thread():
            model = self._boosted(Z, coded)
            baseline, tables = compile_tables(model, Z, cuts)
            self.baseline_ = baseline
            self.cuts_ = [table.cuts for table in tables]
            self.values_ = [table.values for table in tables]
            self.difference_ = check_tables(model, Z, add_up(self._terms(X), baseline))
        self.n_iter_ = self.max_iter
        return self

    def staged_scores(self, X: Any, y: Any, X_judge: Any, rounds: Sequence[int]) -> dict[int, Floats]:
        """Scores of ``X_judge`` after each number of ``rounds``, from one fit; for choosing ``max_iter``."""
        wanted = set(rounds)
        X = np.asarray(X, dtype=np.float64)
        cuts = self._cuts(X)
        with one_thread():
            model = self._boosted(interval_numbers(X, cuts), np.asarray(y).astype(np.int64))
            judged = interval_numbers(np.asarray(X_judge, dtype=np.float64), cuts)
            stages = enumerate(model.staged_decision_function(judged), start=1)
            return {number: scores for number, scores in stages if number in wanted}

    def _cuts(self, X: Floats) -> list[Floats]:
        if not 2 * len(TAIL) + 2 <= self.max_cuts <= MOST_CUTS:
            raise ValueError(f"max_cuts must be from {2 * len(TAIL) + 2} to {MOST_CUTS}.")
        return [find_cuts(x, self.max_cuts) for x in X.T]

    def _boosted(self, Z: Floats, coded: NDArray[np.int64]) -> Any:
        """scikit-learn's model on interval numbers, before it is compiled."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(
            interaction_cst="no_interactions",
            monotonic_cst=self._signs(Z.shape[1]),
            max_iter=self.max_iter,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            l2_regularization=self.l2_regularization,
            max_bins=255,  # more than there are intervals: scikit-learn has nothing left to cut
            early_stopping=False,
            categorical_features=None,
            random_state=self.random_state,
        )
        model.fit(binnable(Z), coded)
        return model

    def _signs(self, n_features: int) -> list[int] | None:
        if self.directions is None:
            return None
        if len(self.directions) != n_features:
            raise ValueError(f"directions has {len(self.directions)} entries for {n_features} features.")
        return [int(sign) for sign in self.directions]

    def _terms(self, X: Floats) -> Floats:
        terms = np.empty(X.shape, order="F")
        for j, (cuts, values) in enumerate(zip(self.cuts_, self.values_, strict=True)):
            terms[:, j] = look_up(cuts, values, X[:, j])
        return terms

    def tables(self) -> list[FeatureTable]:
        """The whole model: one centred table per feature, in column order."""
        return [FeatureTable(cuts, values) for cuts, values in zip(self.cuts_, self.values_, strict=True)]

    @property
    def feature_spread_(self) -> NDArray[np.float64]:
        """Largest less smallest value of each table: 0 for a feature that the model does not use."""
        return np.array([float(np.ptp(values)) for values in self.values_])
