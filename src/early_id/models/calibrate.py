"""From scores to probabilities, for bands, net benefit and the Brier score only; lists rank by the score itself.

The kind is fixed in the settings before anything is seen, fitted on out-of-fold scores of the latest training date whose outcomes were
known, and judged, never fitted, on the test date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from early_id.core.errors import InputDataError, SettingsError
from early_id.core.types import Json
from early_id.models.adding import Floats, expit

#: Outcomes from which isotonic regression is offered: at 50 to 1,000 it is worse than two or three parameters nearly always, and its
#: steps tie most of a list together.
ISOTONIC_FROM = 4000


class Calibration(Protocol):
    """A monotone map from scores to probabilities, and on how many rows and outcomes it was fitted."""

    rows: int
    outcomes: int

    def __call__(self, score: Floats) -> Floats: ...


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


@dataclass(frozen=True)
class BetaCalibration:
    """Log-odds = a * log(p) - b * log(1 - p) + c with p = 1 / (1 + exp(-score)); Kull, Silva Filho and Flach (2017).

    ``a`` and ``b`` are never negative. With a = b it is the sigmoid.
    """

    a: float
    b: float
    c: float
    rows: int
    outcomes: int

    def __call__(self, score: Floats) -> Floats:
        return expit(_beta_design(np.asarray(score, dtype=np.float64)) @ np.array([self.a, self.b, self.c]))


@dataclass(frozen=True)
class IsotonicCalibration:
    """Rising steps, joined by straight lines: probabilities ``values`` at the scores ``scores``."""

    scores: tuple[float, ...]
    values: tuple[float, ...]
    rows: int
    outcomes: int

    def __call__(self, score: Floats) -> Floats:
        return np.asarray(np.interp(np.asarray(score, dtype=np.float64), self.scores, self.values), dtype=np.float64)


def fit_sigmoid(score: Floats, y: Floats) -> SigmoidCalibration:
    """Fit Platt's sigmoid to out-of-fold scores and known outcomes.

    Platt (1999), with his correction of the targets, (n1 + 1)/(n1 + 2) and 1/(n0 + 2), which keeps the fit finite
    when a score separates the outcomes.

    Parameters
    ----------
    score, y : arrays
        Scores of rows by models that were not fitted on their families; outcomes 1/0, NaN rows are left out.
    """
    score, y, ones, rows = _known(score, y)
    spread = float(score.std())
    if spread == 0:
        return SigmoidCalibration(0.0, float(np.log(ones / (rows - ones))), rows, ones)
    z = (score - score.mean()) / spread
    weights = _fit(np.column_stack([z, np.ones(rows)]), y, ones, never_negative=1)
    slope = float(weights[0]) / spread
    return SigmoidCalibration(slope, float(weights[1]) - slope * float(score.mean()), rows, ones)


def fit_beta(score: Floats, y: Floats) -> BetaCalibration:
    """Fit :class:`BetaCalibration` with the targets of :func:`fit_sigmoid`."""
    score, y, ones, rows = _known(score, y)
    if float(score.std()) == 0:
        return BetaCalibration(0.0, 0.0, float(np.log(ones / (rows - ones))), rows, ones)
    a, b, c = _fit(_beta_design(score), y, ones, never_negative=2)
    return BetaCalibration(float(a), float(b), float(c), rows, ones)


def fit_isotonic(score: Floats, y: Floats) -> IsotonicCalibration:
    """Fit rising steps; refused below :data:`ISOTONIC_FROM` outcomes."""
    from sklearn.isotonic import IsotonicRegression

    score, y, ones, rows = _known(score, y)
    if ones < ISOTONIC_FROM:
        raise SettingsError(
            f"Isotonic calibration needs {ISOTONIC_FROM:,} outcomes, and {ones:,} are known at the date it would be fitted on.",
            where="training.calibration",
            what_next="Use sigmoid or beta.",
        )
    steps = IsotonicRegression(y_min=0.0, y_max=1.0).fit(score, y)
    return IsotonicCalibration(tuple(map(float, steps.X_thresholds_)), tuple(map(float, steps.y_thresholds_)), rows, ones)


#: Name in the settings → class and how it is fitted.
KINDS: dict[str, tuple[type, Callable[[Floats, Floats], Any]]] = {
    "sigmoid": (SigmoidCalibration, fit_sigmoid),
    "beta": (BetaCalibration, fit_beta),
    "isotonic": (IsotonicCalibration, fit_isotonic),
}


def fit_calibration(kind: str, score: Floats, y: Floats) -> Calibration:
    """Fit the calibration that the settings name."""
    if kind not in KINDS:
        raise SettingsError.unknown_name("calibration", kind, KINDS, where="training.calibration")
    fitted: Calibration = KINDS[kind][1](score, y)
    return fitted


def calibration_json(calibration: Any) -> Json | None:
    """A calibration as plain numbers, with its kind."""
    if calibration is None:
        return None
    kind = next(name for name, (made, _) in KINDS.items() if isinstance(calibration, made))
    return {"kind": kind, **{key: list(value) if isinstance(value, tuple) else value for key, value in asdict(calibration).items()}}


def calibration_from(values: Mapping[str, Any] | None) -> Calibration | None:
    """A calibration from its plain numbers; without a kind it is a sigmoid."""
    if not values:
        return None
    numbers = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items() if key != "kind"}
    made: Calibration = KINDS[values.get("kind", "sigmoid")][0](**numbers)
    return made


def _known(score: Floats, y: Floats) -> tuple[Floats, Floats, int, int]:
    """Rows with a known outcome, the number of outcomes and of rows; one class only is refused."""
    known = ~np.isnan(y)
    score, y = np.asarray(score, dtype=np.float64)[known], np.asarray(y, dtype=np.float64)[known]
    ones, rows = int(y.sum()), len(y)
    if ones in (0, rows):
        raise InputDataError.one_class("calibration outcome", positives=ones, rows=rows)
    return score, y, ones, rows


def _beta_design(score: Floats) -> Floats:
    """log p, -log(1 - p) and 1 of each score, without going through p."""
    return np.column_stack([-np.logaddexp(0.0, -score), np.logaddexp(0.0, score), np.ones(len(score))])


def _fit(design: Floats, y: Floats, ones: int, *, never_negative: int) -> Floats:
    """Logistic fit with Platt's targets; the first ``never_negative`` weights are bounded at 0, the last is the intercept."""
    from scipy.optimize import minimize

    rows, columns = design.shape
    target = np.where(y > 0, (ones + 1) / (ones + 2), 1 / (rows - ones + 2))

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = design @ w
        error = expit(margin) - target
        return float(np.sum(np.logaddexp(0, margin) - target * margin)) / rows, design.T @ error / rows

    start = np.ones(columns)
    start[-1] = np.log(ones / (rows - ones))
    bounds = [(0, None)] * never_negative + [(None, None)] * (columns - never_negative)
    best: Floats = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return best
