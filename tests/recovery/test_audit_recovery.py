"""The audit finds what is planted, at the rate it prints, and finds nothing where nothing is.

The normal run is small. ``EARLY_ID_RUN_FACTOR=10 pytest -s tests/recovery/test_audit_recovery.py`` makes ten times the runs
and prints the figures that the README of ``audit`` quotes.
"""

import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from early_id.audit.fairness import audit_rows
from early_id.audit.measures import Scored
from early_id.audit.result import AuditResult
from early_id.config.settings import AuditSettings

RULES = AuditSettings(characteristics={"g": "Group"})
FAMILIES = 1650  # about 3,000 children
FACTOR = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))


def _audit(
    rng: np.random.Generator,
    groups: int,
    *,
    ratio: float = 1.0,
    missed_gap: float = 0.0,
    n: int = FAMILIES,
    listed: float = 0.35,
) -> AuditResult:
    """Families of one to four share group, outcome and listing; odd groups have ``ratio`` times the outcome rate."""
    size = rng.choice([1, 2, 3, 4], p=[0.45, 0.35, 0.15, 0.05], size=n)
    weights = np.array([0.5 ** min(i, 5) for i in range(groups)]) + 0.02
    group = rng.choice(groups, p=weights / weights.sum(), size=n)
    need = rng.random(n) < np.where(group % 2 == 1, 0.08 * ratio, 0.08)
    on_list = rng.random(n) < np.where(need, listed - missed_gap * (group == 1), 0.08)
    family = np.repeat(np.arange(n), size)
    scored = Scored(on_list[family].astype(float), need[family].astype(float), None, family, n)
    return audit_rows(scored, pd.DataFrame({"g": [f"g{i:02d}" for i in group[family]]}), RULES, meta={})


@pytest.mark.parametrize(("groups", "ratio", "runs"), [(2, 1, 80), (5, 1, 60), (5, 2, 60), (18, 2, 30)])
def test_no_gap_raises_few_alarms(groups: int, ratio: float, runs: int) -> None:
    rng, runs = np.random.default_rng(groups * 10 + int(ratio)), runs * FACTOR
    alarms = sum((_audit(rng, groups, ratio=ratio).rows["verdict"] == "gap found").any() for _ in range(runs))
    print(f"no gap, {groups} groups, outcome rates 1:{ratio}: any alarm in {alarms} of {runs} audits")
    # Fails only if the exact 99 % interval leaves out 5 %.
    assert stats.binomtest(int(alarms), runs).proportion_ci(0.99).low <= 0.05


def test_rows_taken_as_independent_would_raise_many() -> None:
    """The test above can fail: without families the same lists raise alarms far too often."""
    rng, alarms, runs = np.random.default_rng(3), 0, 30 * FACTOR
    for _ in range(runs):
        n = FAMILIES
        group, need = rng.integers(0, 5, n), rng.random(n) < 0.08
        listed = rng.random(n) < np.where(need, 0.35, 0.08)
        family = np.repeat(np.arange(n), 4)
        rows = len(family)
        scored = Scored(listed[family].astype(float), need[family].astype(float), None, np.arange(rows), rows)
        result = audit_rows(scored, pd.DataFrame({"g": group[family].astype(str)}), RULES, meta={})
        alarms += bool((result.rows["verdict"] == "gap found").any())
    print(f"no gap, rows taken as independent: any alarm in {alarms} of {runs} audits")
    assert alarms / runs > 0.2


def test_gap_of_the_printed_size_is_found_four_times_in_five_and_twice_that_always() -> None:
    rng = np.random.default_rng(5)

    def row(gap: float) -> pd.Series:
        return _audit(rng, 2, missed_gap=gap, n=3000, listed=0.6).of("missed_share").set_index("group").loc["g01"]

    printed = float(np.mean([row(0.0)["smallest_detectable"] for _ in range(10)]))
    runs = 80 * FACTOR
    once = sum(row(printed)["verdict"] == "gap found" for _ in range(runs))
    twice = sum(row(2 * printed)["verdict"] == "gap found" for _ in range(30))
    print(f"gap of the printed size ({printed:.3f}): found in {once} of {runs}; twice that: {twice} of 30")
    interval = stats.binomtest(once, runs).proportion_ci(0.99)
    assert interval.low <= 0.90
    assert interval.high >= 0.75
    assert twice >= 29


def test_the_planted_gap_lies_in_its_interval() -> None:
    rng, runs = np.random.default_rng(8), 60 * FACTOR
    inside = 0
    for _ in range(runs):
        found = _audit(rng, 2, missed_gap=0.25, n=3000, listed=0.6).of("missed_share").set_index("group").loc["g01"]
        inside += found["difference_low"] <= 0.25 <= found["difference_high"]
    print(f"planted gap inside its interval in {inside} of {runs}")
    assert stats.binomtest(int(inside), runs).proportion_ci(0.99).high >= 0.92
