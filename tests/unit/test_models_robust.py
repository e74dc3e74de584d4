"""Coefficients without a penalty, with family-robust intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from early_id.core.errors import InputDataError
from early_id.models.robust import family_robust


@pytest.fixture(scope="module")
def drawn() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(3, 2, 900), "b": rng.poisson(0.7, 900).astype(float), "same": 4.0})
    y = (rng.random(900) < 1 / (1 + np.exp(2 - 0.4 * X["a"] + 0.5 * X["b"]))).astype(float).to_numpy()
    return X, y, np.arange(900) // 3


def test_coefficients_are_those_of_maximum_likelihood_per_unit(drawn: tuple[pd.DataFrame, np.ndarray, np.ndarray]) -> None:
    X, y, family = drawn
    D = np.column_stack([np.ones(900), X[["a", "b"]]])
    best = minimize(lambda w: float(np.sum(np.logaddexp(0, D @ w) - y * (D @ w))), np.zeros(3), tol=1e-12)
    found = family_robust(X, y, family)
    np.testing.assert_allclose(found.loc[["a", "b"], "coefficient"], best.x[1:], atol=1e-4)
    assert found.loc["same"].isna().all(), "a constant feature has nothing to say"
    assert list(found.index) == ["a", "b", "same"]


def test_errors_of_single_rows_are_the_third_correction_written_out(drawn: tuple[pd.DataFrame, np.ndarray, np.ndarray]) -> None:
    X, y, _ = drawn
    D = np.column_stack([np.ones(900), X[["a", "b"]]])
    found = family_robust(X, y, np.arange(900))
    beta = found.loc[["a", "b"], "coefficient"].to_numpy()
    start = minimize(lambda c: float(np.sum(np.logaddexp(0, c + D[:, 1:] @ beta) - y * (c + D[:, 1:] @ beta))), np.zeros(1), tol=1e-12).x
    p = 1 / (1 + np.exp(-(D @ np.r_[start, beta])))
    bread = np.linalg.inv(D.T @ (D * (p * (1 - p))[:, None]))
    h = np.diag(D @ bread @ D.T) * p * (1 - p)
    U = D * ((y - p) / (1 - h))[:, None]
    expected = np.sqrt(np.diag(bread @ U.T @ U @ bread) * 900 / 899)[1:]
    np.testing.assert_allclose(found.loc[["a", "b"], "error"], expected, rtol=1e-3)


def test_a_family_counted_four_times_is_no_more_sure(drawn: tuple[pd.DataFrame, np.ndarray, np.ndarray]) -> None:
    """The same rows four times over: the interval of one copy, where rows taken as independent would have half of it."""
    X, y, family = drawn
    once, many = family_robust(X, y, family), family_robust(pd.concat([X] * 4), np.tile(y, 4), np.tile(family, 4))
    np.testing.assert_allclose(many.loc["a", "coefficient"], once.loc["a", "coefficient"], atol=1e-6)
    assert many.loc["a", "error"] == pytest.approx(once.loc["a", "error"], rel=0.05)


def test_unknown_has_a_coefficient_of_its_own_where_enough_say_so(drawn: tuple[pd.DataFrame, np.ndarray, np.ndarray]) -> None:
    X, y, family = drawn
    gone = np.arange(900) % 4 == 0
    found = family_robust(X.assign(a=X["a"].mask(gone), b=X["b"].mask(gone)), y, family)
    assert list(found.index) == ["a", "b", "same", "unknown: a, b"]
    few = family_robust(X.assign(b=X["b"].mask(np.arange(900) < 5)), y, family)
    assert list(few.index) == ["a", "b", "same"]


def test_what_has_no_coefficient_without_a_penalty_is_refused(drawn: tuple[pd.DataFrame, np.ndarray, np.ndarray]) -> None:
    X, y, family = drawn
    with pytest.raises(InputDataError, match="cannot be learned: 0 of"):
        family_robust(X, np.zeros(900), family)
    with pytest.raises(InputDataError, match="repeat one another"):
        family_robust(X.assign(again=2 * X["a"]), y, family)
    with pytest.raises(InputDataError, match="outcomes apart"):
        family_robust(X.assign(tells=y), y, family)
    wide = pd.DataFrame(np.random.default_rng(1).normal(size=(60, 30)))
    with pytest.raises(InputDataError, match="cannot be estimated without a penalty"):
        family_robust(wide, np.arange(60) % 3 == 0, np.arange(60))
