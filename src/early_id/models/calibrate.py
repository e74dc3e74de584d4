"""From scores to probabilities, for bands and the Brier score only; lists rank by the score itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from early_id.core.errors import InputDataError
from early_id.models.adding import Floats, expit


@dataclass(frozen=True)
class SigmoidCalibration:
    """Probability = 1 / (1 + exp(-(slope * score + intercept))), Platt's sigmoid.

    ``slope`` is never negative: calibration must not turn a ranking round. ``rows`` and ``outcomes`` say what it was
    fitted on.
    """

    slope: float
    intercept: float
    rows: int
    outcomes: int

    def __call__(self, score: Floats) -> Floats:
        return expit(self.slope * np.asarray(score, dtype=np.float64) + self.intercept)


def fit_sigmoid(score: Floats, y: Floats) -> SigmoidCalibration:
    """Fit Platt's sigmoid to out-of-fold scores and known outcomes.

    Platt (1999), with his correction of the targets, (n1 + 1)/(n1 + 2) and 1/(n0 + 2), which keeps the fit finite
    when a score separates the outcomes. Isotonic regression is not offered: below about 1,000 outcomes it is worse
    nearly always, and its steps would tie most of a list together.

    Parameters
    ----------
    score, y : arrays
        Scores of rows by models that were not fitted on their families; outcomes 1/0, NaN rows are left out.
    """
    from scipy.optimize import minimize

    known = ~np.isnan(y)
    score, y = np.asarray(score, dtype=np.float64)[known], np.asarray(y, dtype=np.float64)[known]
    ones, rows = int(y.sum()), len(y)
    if ones in (0, rows):
        raise InputDataError.one_class("calibration outcome", positives=ones, rows=rows)
    spread = float(score.std())
    if spread == 0:
        return SigmoidCalibration(0.0, float(np.log(ones / (rows - ones))), rows, ones)
    z = (score - score.mean()) / spread
    target = np.where(y > 0, (ones + 1) / (ones + 2), 1 / (rows - ones + 2))

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = w[0] * z + w[1]
        error = expit(margin) - target
        return float(np.sum(np.logaddexp(0, margin) - target * margin)) / rows, np.array([error @ z, error.sum()]) / rows

    best = minimize(loss, np.array([1.0, np.log(ones / (rows - ones))]), jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)])
    slope = float(best.x[0]) / spread
    return SigmoidCalibration(slope, float(best.x[1]) - slope * float(score.mean()), rows, ones)
