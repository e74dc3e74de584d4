"""Exact additive contributions: what each feature, and then each theme, adds to a score.

The score is the uncalibrated log-odds (design, section 5). A contribution is a term of the model itself, measured from the
baseline (the mean score of the training rows), not an estimate made afterwards, so the contributions of a row and the
baseline sum to its score. Where they do not, nothing may be explained and :class:`NotAdditiveError` stops the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from early_id.core.errors import InputDataError, NotAdditiveError, PolicyError

if TYPE_CHECKING:
    from early_id.features.declare import Feature
    from early_id.models.risk_model import RiskModel

#: Largest distance, in log-odds, between a score and the sum of its parts. Measured: 5e-15 for logistic models (evidence.md).
TOLERANCE = 1e-9
BASELINE = "baseline"


@dataclass(frozen=True, repr=False)
class Contributions:
    """The terms of every score.

    Attributes
    ----------
    values : DataFrame
        One row a child and date, one column a feature, in log-odds from the baseline.
    baseline : Series
        Mean score of the training rows, repeated for each row.
    scores : Series
        Uncalibrated log-odds; ``values.sum(axis=1) + baseline`` equals it to 1e-9.
    inputs : DataFrame
        The feature values that were scored; NaN is unknown.
    features : tuple of Feature
        In the order of the columns.
    """

    values: pd.DataFrame
    baseline: pd.Series
    scores: pd.Series
    inputs: pd.DataFrame
    features: tuple[Feature, ...]

    def by_theme(self) -> pd.DataFrame:
        """Contributions summed into themes: related features share their weight, so a theme is steadier than a feature.

        Refitting on half the data changed the three largest features of 13 to 37 of every 100 explanations, and the
        three largest themes of 10 to 26 (evidence.md).
        """
        themes = list(dict.fromkeys(feature.theme for feature in self.features))
        columns = {theme: [f.name for f in self.features if f.theme == theme] for theme in themes}
        return pd.DataFrame({theme: self.values[names].sum(axis=1) for theme, names in columns.items()}, index=self.values.index)

    def to_shap(self) -> Any:
        """The same numbers as a ``shap.Explanation``, for shap's waterfall and beeswarm plots.

        ``values`` and ``base_values`` are ours, exact for this model; no shap explainer is run.
        """
        import warnings

        with warnings.catch_warnings():
            # shap 0.51 calls a matplotlib function that is to go; nothing a reader of ours can change.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            import shap  # takes seconds to import, and only analysts' plots need it

        return shap.Explanation(
            values=self.values.to_numpy(dtype=float, copy=True),
            base_values=self.baseline.to_numpy(dtype=float, copy=True),
            data=self.inputs.to_numpy(dtype=float, copy=True),
            feature_names=[feature.label for feature in self.features],
        )


def model_inputs(features: Sequence[Feature], X: pd.DataFrame) -> pd.DataFrame:
    """The model's own columns of ``X`` in the model's order."""
    names = [feature.name for feature in features]
    missing = [name for name in names if name not in X.columns]
    if missing:
        raise InputDataError.columns_missing(missing, where="the feature matrix", found=[str(c) for c in X.columns])
    return X[names]


def exact_contributions(model: RiskModel, X: pd.DataFrame, *, protected: Sequence[str] = ()) -> Contributions:
    """What each feature adds to each score, checked.

    Parameters
    ----------
    model : RiskModel
        The model that made, or will make, the list.
    X : DataFrame
        Feature values; columns the model does not use are ignored.
    protected : sequence of str
        Names of the characteristics held for the audit; a model that uses one is refused.

    Raises
    ------
    NotAdditiveError
        If the terms of any row are further than 1e-9 from its score.
    PolicyError
        If a protected characteristic is among the model's features.
    """
    used = sorted(set(protected) & {feature.name for feature in model.features})
    if used:
        raise PolicyError(
            f"The model uses {len(used)} characteristic(s) that are held for the audit only: {', '.join(used)}.",
            where=f"model {model.name}",
            what_next="Take them out of the catalogue and train again; they may never be given as a reason.",
        )
    inputs = model_inputs(model.features, X)
    table = model.contributions(inputs)
    scores = model.scores(inputs)
    names = [feature.name for feature in model.features]
    if not table.index.equals(inputs.index) or not scores.index.equals(inputs.index):
        raise NotAdditiveError("Contributions and scores do not belong to the same rows.", where=f"model {model.name}")
    values, baseline = table[names], table[BASELINE]
    with np.errstate(invalid="ignore"):  # infinite less infinite is NaN, which counts as off below
        gap = np.abs(values.to_numpy(dtype=float).sum(axis=1) + baseline.to_numpy(dtype=float) - scores.to_numpy(dtype=float))
    off = int((~(gap <= TOLERANCE)).sum())  # written so that a NaN counts as off
    if off:
        raise NotAdditiveError(
            f"The contributions of {off:,} of {len(gap):,} rows do not sum to the score.",
            where=f"model {model.name}",
            what_next="Nothing was explained or listed. Train the model again; if it happens again, report it as a fault.",
        )
    return Contributions(values, baseline, scores, inputs, tuple(model.features))
