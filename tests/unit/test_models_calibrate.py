"""Calibrations: fitted before the test date, monotone, fixed in the settings; class weights and resampling refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from early_id.core.errors import SettingsError
from early_id.models.balance import refuse_balancing
from early_id.models.calibrate import BetaCalibration, SigmoidCalibration, calibration_from, calibration_json, fit_beta, fit_calibration, fit_sigmoid
from early_id.stats.calibration import calibration_intercept
from model_fixtures import settings


def drawn(n: int = 40_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = rng.normal(-2, 1.2, n)
    return score, (rng.random(n) < 1 / (1 + np.exp(-(0.8 * score - 0.5)))).astype(float)


def test_beta_finds_the_sigmoid_it_was_drawn_from_and_bends_where_that_cannot() -> None:
    score, y = drawn()
    np.testing.assert_allclose(fit_beta(score, y)(score), fit_sigmoid(score, y)(score), atol=0.02)
    truth = BetaCalibration(0.4, 2.0, -0.5, 0, 0)
    bent = (np.random.default_rng(1).random(len(score)) < truth(score)).astype(float)
    far = {name: np.abs(fit_calibration(name, score, bent)(score) - truth(score)).max() for name in ("beta", "sigmoid")}
    assert far["beta"] < 0.05 < far["sigmoid"]


@pytest.mark.parametrize("kind", ["sigmoid", "beta"])
def test_a_calibration_keeps_the_order_and_comes_back_from_its_numbers(kind: str) -> None:
    score, y = drawn(2000)
    fitted = fit_calibration(kind, score, 1 - y)  # the wrong way round: nothing may be turned
    assert (np.diff(fitted(np.linspace(-6, 6, 200))) >= 0).all()
    again = calibration_from(calibration_json(fitted))
    assert again == fitted
    assert calibration_from({"slope": 1.0, "intercept": 0.0, "rows": 5, "outcomes": 2}) == SigmoidCalibration(1.0, 0.0, 5, 2)


def test_isotonic_only_above_four_thousand_outcomes() -> None:
    score, y = drawn(3000)
    with pytest.raises(SettingsError, match="4,000 outcomes"):
        fit_calibration("isotonic", score, y)
    score, y = drawn(80_000)
    fitted = fit_calibration("isotonic", score, y)
    assert fitted.outcomes >= 4000
    assert calibration_from(calibration_json(fitted)) == fitted


def test_the_intercept_is_the_shift_that_was_put_in() -> None:
    score, y = drawn()
    p = 1 / (1 + np.exp(-(0.8 * score - 0.5)))
    assert abs(calibration_intercept(y, p)[0]) < 0.05
    shifted = 1 / (1 + np.exp(-(0.8 * score - 1.2)))
    value, low, high = calibration_intercept(y, shifted)
    assert low < 0.7 < high
    assert value == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("key", ["class_weight", "smote", "resampling", "oversample", "scale_pos_weight"])
def test_settings_that_balance_classes_are_refused_with_a_reason(key: str) -> None:
    with pytest.raises(ValueError, match="Class weights and resampling are refused"):
        settings(**{key: "balanced"})
    assert settings(resamples=60).resamples == 60


def test_an_estimator_that_balances_classes_is_refused() -> None:
    refuse_balancing(LogisticRegression())
    with pytest.raises(SettingsError, match="class_weight"):
        refuse_balancing(LogisticRegression(class_weight="balanced"))

    class Sampler:
        def fit_resample(self) -> None: ...

    with pytest.raises(SettingsError, match="resamples the classes"):
        refuse_balancing(Sampler())
