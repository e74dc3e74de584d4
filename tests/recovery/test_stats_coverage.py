"""Intervals hold the truth as often as they say, where whole families share one answer (small version of the nightly run)."""

import numpy as np
import pytest

from early_id.stats import rates
from early_id.stats.rates import rates_of_totals
from early_id.stats.resample import auc_statistic, clustered_interval

RUNS = 3000


@pytest.mark.parametrize("families", [5, 15, 30, 60, 150])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.4, 0.75, 0.98])
def test_share_intervals_cover(families: int, rate: float) -> None:
    rng = np.random.default_rng(families * 1000 + int(rate * 100))
    size = rng.choice([1.0, 2.0, 3.0, 4.0], p=[0.45, 0.35, 0.15, 0.05], size=(families, RUNS))
    rates = rates_of_totals((rng.random((families, RUNS)) < rate) * size, size)
    low, high = rates.interval()
    assert ((low <= rate) & (rate <= high)).mean() >= 0.91


@pytest.mark.parametrize(("children", "rate"), [(75, 0.1), (150, 0.05)])
def test_why_families_that_agree_are_assumed_with_few_successes_too(children: int, rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fallback for under 30 families alone holds the truth too seldom where a handful of families have a success (figures: README of ``audit``)."""
    runs, inside = 20_000, {}
    rng = np.random.default_rng([children, int(rate * 100)])
    size = rng.choice([1.0, 2.0, 3.0, 4.0], p=[0.45, 0.35, 0.15, 0.05], size=(children, runs))
    size = np.clip(children - (size.cumsum(axis=0) - size), 0.0, size)  # the last family is cut short
    totals = (rng.random(size.shape) < rate) * size
    for fewest in (0, rates.FEW_EITHER):
        monkeypatch.setattr(rates, "FEW_EITHER", fewest)
        low, high = rates_of_totals(totals, size).interval()
        inside[fewest] = float(((low <= rate) & (rate <= high)).mean())
    print(f"{children} children, rate {rate}: inside in {inside[0]:.1%} of {runs:,} runs without the rule, {inside[5]:.1%} with it")
    assert inside[0] < 0.92 - 2.6 * np.sqrt(0.92 * 0.08 / runs) * (children > 100)  # above 100 children: by more than chance
    assert inside[5] > 0.95


def test_treating_children_as_independent_would_not_cover() -> None:
    """The test above can fail: without the design effect these intervals hold the truth too seldom."""
    rng = np.random.default_rng(1)
    size = rng.choice([1.0, 2.0, 3.0, 4.0], p=[0.25, 0.25, 0.25, 0.25], size=(60, RUNS))
    rates = rates_of_totals((rng.random((60, RUNS)) < 0.4) * size, size)
    low, high = type(rates)(rates.successes, rates.n, rates.families, np.ones(RUNS)).interval()
    assert ((low <= 0.4) & (high >= 0.4)).mean() < 0.88


def test_auc_interval_covers_with_siblings() -> None:
    """Normal scores one unit apart have AUC Φ(1/√2) = 0.7602; siblings share half of their score's variance."""
    rng, hits, runs = np.random.default_rng(7), 0, 150
    for run in range(runs):
        family = np.repeat(np.arange(200), 2)
        y = np.repeat((rng.random(200) < 0.3).astype(float), 2)
        shared = np.sqrt(0.5) * rng.normal(size=200)
        score = y + shared[family] + np.sqrt(0.5) * rng.normal(size=400)
        bounds = clustered_interval(auc_statistic(y, score), family, resamples=200, seed=run)
        hits += bounds.low <= 0.76025 <= bounds.high
    # 150 runs at 95 %: under 0.88 would happen less than once in 1,000 times.
    assert hits / runs >= 0.88
