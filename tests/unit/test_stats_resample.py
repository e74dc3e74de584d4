"""Resampling by family: repeatable, paired, honest about what it cannot give, and fast."""

import time

import numpy as np
import pytest

from early_id.stats.resample import (
    auc_statistic,
    average_precision_statistic,
    brier_statistic,
    clustered_draws,
    clustered_interval,
    clustered_intervals,
    lower_bound,
    percentile_bounds,
    precision_statistic,
    recall_statistic,
)


def _data(n: int = 1200, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.2).astype(float)
    return y, rng.normal(size=n) + y, rng.integers(0, n // 2, n)


def test_same_seed_same_interval_other_seed_another() -> None:
    y, score, family = _data()
    first = clustered_interval(auc_statistic(y, score), family, resamples=60, seed=1)
    assert first == clustered_interval(auc_statistic(y, score), family, resamples=60, seed=1)
    assert first != clustered_interval(auc_statistic(y, score), family, resamples=60, seed=2)
    assert first.low < first.value < first.high


def test_copied_children_widen_nothing_and_narrow_nothing() -> None:
    y, score, family = _data()
    once = clustered_interval(auc_statistic(y, score), family, resamples=200, seed=1)
    twice = clustered_interval(auc_statistic(np.r_[y, y], np.r_[score, score]), np.r_[family, family], resamples=200, seed=1)
    assert (twice.value, twice.low, twice.high) == pytest.approx((once.value, once.low, once.high))


def test_draws_are_paired() -> None:
    y, score, family = _data()
    draws = clustered_draws({"a": auc_statistic(y, score), "b": auc_statistic(y, score * 2)}, family, resamples=30, seed=1)
    assert np.array_equal(draws["a"], draws["b"])


def test_a_difference_is_a_statistic_with_a_lower_bound() -> None:
    y, score, family = _data()
    model, noise = auc_statistic(y, score), auc_statistic(y, np.random.default_rng(0).normal(size=len(y)))
    bound = lower_bound(lambda w: model(w) - noise(w), family, resamples=200, seed=1)
    assert 0 < bound.low < bound.value
    assert bound.high == float("inf")


def test_a_resample_that_doubles_one_family_matches_writing_it_twice() -> None:
    y, score, family = np.array([1.0, 0, 1, 0]), np.array([4.0, 3, 2, 1]), np.array([0, 1, 2, 3])
    weights = np.array([[2.0, 1, 1, 0]])
    written, again = np.array([0, 0, 1, 2]), np.arange(4)
    for make in (precision_statistic, recall_statistic):
        # Places grow with the weight, so that the share listed stays the same: 2 of 4 families in both.
        weighted = make(score, family, y, 2)(weights)
        copied = make(score[written], again, y[written], 2)(np.ones((1, 4)))
        assert weighted == pytest.approx(copied)


def test_too_many_empty_resamples_give_no_interval() -> None:
    assert np.isnan(percentile_bounds(0.5, np.array([0.5, np.nan])).low)
    one = clustered_interval(auc_statistic([1, 0], [2, 1]), [0, 1], resamples=100, seed=0)
    assert np.isnan(one.low)
    assert one.value == 1.0


def test_500_resamples_of_5000_rows_take_under_two_seconds() -> None:
    y, score, family = _data(5000)
    statistics = {
        "auc": auc_statistic(y, score),
        "ap": average_precision_statistic(y, score),
        "brier": brier_statistic(y, np.full(5000, 0.2)),
        "precision": precision_statistic(score, family, y, 300),
        "recall": recall_statistic(score, family, y, 300),
    }
    started = time.process_time()
    bounds = clustered_intervals(statistics, family, resamples=500, seed=1)
    assert time.process_time() - started < 2.0
    assert all(b.low < b.value < b.high for b in bounds.values())
