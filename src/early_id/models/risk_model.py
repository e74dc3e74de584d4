"""A trained model for one audience: what it is, how it scores, and how it did on families it had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from early_id.core.errors import InputDataError, NotAdditiveError
from early_id.core.fingerprint import fingerprint
from early_id.features.declare import Feature
from early_id.models.calibrate import Calibration

#: A row's contributions may differ from its score by this much, in log-odds.
TOLERANCE = 1e-9


@dataclass(frozen=True, repr=False)
class RiskModel:
    """A fitted model with everything that lists, audits and explanations need.

    Parameters
    ----------
    name : str
        Kind of model and audience, e.g. ``additive_school_lead``.
    audience : str
        Whose classes of record it saw.
    outcome : str
    features : tuple of Feature
        In the order of the estimator's columns.
    estimator
        Fitted on every row whose outcome is known; gives ``score_log_odds`` and ``contributions``.
    calibrator : Calibration or None
        For bands and the Brier score only.
    held_out : DataFrame
        The rows of the test date, scored by models fitted on *other* families at earlier dates: child_id, as_of, family_id,
        school_id, hub_id, fold, score, probability, y, censored. Not by ``estimator``, which has seen them.
    held_out_terms : DataFrame, optional
        Contributions of each feature to ``held_out``'s scores, by the models that made them.
    capacity : int
        Families that could be talked to at the test date, over the whole council.
    settings_hash : str
    extra : mapping
        Figures for the card: rows and outcomes fitted on, chosen penalty or rounds.
    """

    name: str
    audience: str
    outcome: str
    features: tuple[Feature, ...]
    estimator: Any
    calibrator: Calibration | None
    held_out: pd.DataFrame
    capacity: int
    settings_hash: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    held_out_terms: pd.DataFrame | None = None

    @property
    def feature_names(self) -> list[str]:
        """Names of the columns it reads, in order."""
        return [feature.name for feature in self.features]

    def _columns(self, X: pd.DataFrame) -> pd.DataFrame:
        missing = [name for name in self.feature_names if name not in X.columns]
        if missing:
            raise InputDataError.columns_missing(missing, where=f"the matrix given to '{self.name}'", found=map(str, X.columns))
        return X[self.feature_names]

    def scores(self, X: pd.DataFrame) -> pd.Series:
        """Uncalibrated log-odds of each row, under the row keys of ``X``; lists rank by them."""
        frame = self._columns(X)
        values = self.estimator.score_log_odds(frame) if len(frame) else np.zeros(0)
        return pd.Series(values, index=X.index, name="score", dtype="float64")

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """One column per feature and ``baseline``; each row sums to its score, or NotAdditiveError."""
        frame = self._columns(X)
        if frame.empty:
            return pd.DataFrame(columns=[*self.feature_names, "baseline"], index=X.index, dtype="float64")
        terms = self.estimator.contributions(frame)
        difference = np.max(np.abs(terms.to_numpy().sum(axis=1) - self.estimator.score_log_odds(frame)))
        if not difference <= TOLERANCE:
            raise NotAdditiveError(
                f"The contributions of '{self.name}' do not sum to its scores: off by up to {difference:.1e}.",
                what_next="No explanation is shown. Train the model again; if that does not help, report it.",
            )
        result: pd.DataFrame = terms
        return result

    def probabilities(self, X: pd.DataFrame) -> pd.Series:
        """Calibrated probabilities, for bands and the Brier score only: never shown to staff, never used to rank."""
        if self.calibrator is None:
            raise InputDataError(f"The model '{self.name}' has no calibration.", what_next="Train it again.")
        score = self.scores(X)
        return pd.Series(self.calibrator(score.to_numpy()), index=X.index, name="probability")

    def fingerprint(self) -> str:
        """Hash of the numbers that scores are made from."""
        from early_id.models.portable import to_tables

        return fingerprint(to_tables(self.estimator))
