"""Explainable Boosting Machine of interpret-core (extra ``ebm``), its inner splits grouped by family, kept as one table per feature.

The only file that imports interpret. Nori et al. (2019), InterpretML; repeated snapshots of one child break its early stopping, so every
inner bag sets whole families apart.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from early_id.core.errors import SettingsError
from early_id.models.adding import Floats, add_up
from early_id.models.additive_tables import FeatureTable, check_tables, find_cuts, interval_numbers, look_up
from early_id.models.scoring import AdditiveClassifier

#: Share of families that an inner bag sets apart to judge when to stop.
SET_APART = 0.15


class GroupedEBM(AdditiveClassifier):
    """Additive model without interactions by cyclic boosting of single features.

    Parameters
    ----------
    directions : sequence of int, optional
        1 (raises), -1 (lowers) or 0 (either) per feature, in column order.
    outer_bags : int
        Models that are averaged.
    max_cuts : int
        Most cut points per feature.
    max_rounds : int
        Most rounds of boosting in each bag.
    random_state : int

    Notes
    -----
    Features are cut here, as for ``MonotoneAdditive``, and the machine sees interval numbers, so its tables can be read off
    ``eval_terms`` exactly. Tables are compared with the machine on the training rows (NotAdditiveError above 1e-9).
    """

    def __init__(
        self, directions: Sequence[int] | None = None, *, outer_bags: int = 8, max_cuts: int = 64, max_rounds: int = 5000, random_state: int = 0
    ) -> None:
        self.directions = directions
        self.outer_bags = outer_bags
        self.max_cuts = max_cuts
        self.max_rounds = max_rounds
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> GroupedEBM:
        """Fit on rows ``X`` (NaN: unknown) and two-class ``y``.

        Parameters
        ----------
        groups : array, optional
            Family of each row; every row is a family of its own where it is left out.
        """
        machine_of = _interpret()
        X, coded = self._check_training(X, y)
        if self.directions is not None and len(self.directions) != X.shape[1]:
            raise ValueError(f"directions has {len(self.directions)} entries for {X.shape[1]} features.")
        cuts = [find_cuts(x, self.max_cuts) for x in X.T]
        Z = interval_numbers(X, cuts)
        # A feature that never varies has nothing to say and interpret warns of it.
        used = [j for j in range(X.shape[1]) if len(cuts[j])]
        self.cuts_: list[Floats] = [np.zeros(0) for _ in cuts]
        self.values_: list[Floats] = [np.zeros(2) for _ in cuts]
        if not used:
            share = float(np.clip(coded.mean(), 1e-6, 1 - 1e-6))
            self.baseline_, self.difference_ = float(np.log(share / (1 - share))), 0.0
            return self
        machine = machine_of(
            feature_names=[f"x{j}" for j in used],
            # Cut points between the interval numbers: nothing is left for the machine to bin.
            feature_types=[[float(i) + 0.5 for i in range(len(cuts[j]))] for j in used],
            interactions=0,
            outer_bags=self.outer_bags,
            inner_bags=0,
            max_rounds=self.max_rounds,
            monotone_constraints=[int(self.directions[j]) for j in used] if self.directions is not None else None,
            n_jobs=1,
            random_state=self.random_state,
        )
        with warnings.catch_warnings():
            # Its pictures leave out unknown values; ours show them.
            warnings.filterwarnings("ignore", message="Missing values detected", category=UserWarning)
            machine.fit(Z[:, used], coded, bags=_bags(coded, groups, self.outer_bags, self.random_state).T)
        self._read(machine, Z, cuts, used)
        self.difference_ = check_tables(_Used(machine, used), Z, add_up(self._terms(X), self.baseline_))
        return self

    def _read(self, machine: Any, Z: Floats, cuts: list[Floats], used: list[int]) -> None:
        """Tables and baseline, off the machine's answers to one row an interval."""
        longest = max(len(cuts[j]) for j in used) + 2
        rows = np.full((longest, len(used)), np.nan)
        for k, j in enumerate(used):
            rows[: len(cuts[j]) + 1, k] = np.arange(len(cuts[j]) + 1.0)
        answers = np.asarray(machine.eval_terms(rows), dtype=np.float64)
        baseline = float(machine.decision_function(rows[:1])[0] - answers[0].sum())
        for k, j in enumerate(used):
            values = np.concatenate([answers[: len(cuts[j]) + 1, k], answers[-1:, k]])
            unknown = np.isnan(Z[:, j])
            mean = float(values[np.where(unknown, len(cuts[j]) + 1, Z[:, j]).astype(np.int64)].mean())
            baseline += mean
            values = values - mean
            if not unknown.any():
                values[-1] = 0.0
            self.cuts_[j], self.values_[j] = cuts[j], values
        self.baseline_ = baseline

    def _terms(self, X: Floats) -> Floats:
        terms = np.empty_like(X)
        for j, (cuts, values) in enumerate(zip(self.cuts_, self.values_, strict=True)):
            terms[:, j] = look_up(cuts, values, X[:, j])
        return terms

    def tables(self) -> list[FeatureTable]:
        """The whole model: one centred table per feature, in column order."""
        return [FeatureTable(cuts, values) for cuts, values in zip(self.cuts_, self.values_, strict=True)]


class _Used:
    """The machine, asked with all columns."""

    def __init__(self, machine: Any, used: list[int]) -> None:
        self.machine, self.used = machine, used

    def decision_function(self, Z: Floats) -> Floats:
        answer: Floats = np.asarray(self.machine.decision_function(Z[:, self.used]), dtype=np.float64)
        return answer


def _bags(y: NDArray[np.int64], groups: Any, bags: int, seed: int) -> NDArray[np.int8]:
    """1 where a row is learned from, -1 where it judges: whole families, shape (bags, rows).

    A bag that would set apart everybody with one of the outcomes learns from all rows instead; interpret then has nobody to stop by,
    which matters only for data far smaller than a council's.
    """
    codes = np.unique(np.arange(len(y)) if groups is None else np.asarray(groups), return_inverse=True)[1]
    rng = np.random.default_rng(seed)
    out = np.ones((bags, len(y)), dtype=np.int8)
    for bag in out:
        apart = rng.random(codes.max() + 1) < SET_APART
        bag[apart[codes]] = -1
        if len(np.unique(y[bag == 1])) < 2 or len(np.unique(y[bag == -1])) < 2:
            bag[:] = 1
    return out


def _interpret() -> Any:
    """The class of interpret-core, or what to install."""
    try:
        from interpret.glassbox import ExplainableBoostingClassifier
    except ImportError:
        raise SettingsError(
            "The model 'ebm' needs interpret-core, which is not installed.",
            where="training.models",
            what_next="Install the extra: pip install 'early-id[ebm]', or take 'ebm' out of training.models.",
        ) from None
    return ExplainableBoostingClassifier
