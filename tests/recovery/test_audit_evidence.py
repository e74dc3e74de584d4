"""What the issue asks of the audit, measured: alarms, coverage, detectable gaps, tolerance, λ, what a second outcome tells.

Each bar names its runs; it fails only if the exact binomial 99 % interval leaves the target out. The normal run is small.
``EARLY_ID_RUN_FACTOR=25 pytest -s tests/recovery/test_audit_evidence.py`` is the full one: 2,000 audits a row.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from early_id.audit.fairness import audit_rows
from early_id.audit.gaps import gaps_of
from early_id.audit.groups import grouping
from early_id.audit.measures import MEASURES, Scored
from early_id.audit.recording import second_outcomes, tipping_table
from early_id.audit.standardised import standardised_table
from early_id.config.settings import AuditSettings
from early_id.stats.placements import clustered_auc

FACTOR = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))


def _at_most(count: int, runs: int, share: float) -> bool:
    return bool(stats.binomtest(int(count), runs).proportion_ci(0.99).low <= share)


def _at_least(count: int, runs: int, share: float) -> bool:
    return bool(stats.binomtest(int(count), runs).proportion_ci(0.99).high >= share)


def _families(rng: np.random.Generator, children: int) -> np.ndarray:
    size = rng.choice([1, 2, 3, 4], p=[0.45, 0.35, 0.15, 0.05], size=children)
    return np.repeat(np.arange(children), size)[:children]


def _council(rng: np.random.Generator, children: int, groups: int, *, ratio: float, listed: float = 0.35) -> tuple[Scored, pd.DataFrame]:
    """Families listed together; no gap given the outcome; odd groups have ``ratio`` times the outcome rate."""
    family = _families(rng, children)
    n = int(family.max()) + 1
    weights = np.array([0.5 ** min(i, 5) for i in range(groups)]) + 0.02
    group = rng.choice(groups, p=weights / weights.sum(), size=n)
    need = rng.random(n) < np.where(group % 2 == 1, 0.06 * ratio, 0.06)
    on_list = rng.random(n) < np.where(need, listed, 0.05)
    frame = pd.DataFrame({"ethnic": group[family].astype(str), "sex": rng.choice(["f", "m"], children), "fsm": rng.choice(["y", "n"], n)[family]})
    return Scored(on_list[family].astype(float), need[family].astype(float), None, family, n), frame


@pytest.mark.parametrize(("children", "runs"), [(3_000, 40), (30_000, 8), (100_000, 2)])
@pytest.mark.parametrize(("groups", "ratio"), [(5, 1.0), (18, 2.0)])
def test_no_gap_raises_few_alarms_in_either_family_of_tests(children: int, runs: int, groups: int, ratio: float) -> None:
    """Single characteristics and crossed groups together: at most 5 in 100 audits."""
    rng, runs = np.random.default_rng(children + groups), runs * FACTOR
    rules = AuditSettings(characteristics={c: c for c in ("ethnic", "sex", "fsm")})
    single = explored = either = 0
    for _ in range(runs):
        scored, frame = _council(rng, children, groups, ratio=ratio)
        found = audit_rows(scored, frame, rules, meta={})
        one, two = ((table["verdict"] == "gap found").any() for table in (found.rows, found.crossed))
        single, explored, either = single + one, explored + two, either + (one or two)
    print(f"no gap, {children:,} children, {groups} groups, 1:{ratio:g}: alarm in {single} single, {explored} crossed, {either} of {runs} audits")
    assert _at_most(either, runs, 0.05)


@pytest.mark.parametrize("rate", [0.02, 0.3, 0.9])
@pytest.mark.parametrize("positives", [8, 40])
def test_intervals_cover_where_families_share_one_answer(rate: float, positives: int) -> None:
    rng, runs = np.random.default_rng(int(rate * 100) + positives), 60 * FACTOR
    inside = 0
    for _ in range(runs):
        family = _families(rng, positives)
        n = int(family.max()) + 1
        listed = 1.0 - (rng.random(n) < rate)[family]
        scored = Scored(listed.astype(float), np.ones(positives), None, family, n)
        by = grouping(pd.Series(["a"] * positives), name="g", label="G")
        gap = gaps_of(scored, by, MEASURES["missed_share"], (), 1)[0]
        inside += gap.low - 1e-12 <= rate <= gap.high + 1e-12
    print(f"missed share {rate:g} of {positives} in families: inside in {inside} of {runs}")
    assert _at_least(inside, runs, 0.91)


def _two(rng: np.random.Generator, gap: float, *, children: int = 6000, missed: float = 0.4) -> tuple[Scored, pd.DataFrame]:
    family = _families(rng, children)
    n = int(family.max()) + 1
    group = rng.random(n) < 0.3
    need = rng.random(n) < 0.15
    on_list = rng.random(n) < np.where(need, 1 - missed - gap * group, 0.05)
    return Scored(on_list[family].astype(float), need[family].astype(float), None, family, n), pd.DataFrame({"g": np.where(group[family], "a", "b")})


def test_a_true_gap_of_the_tolerance_is_seldom_called_none() -> None:
    rng, runs, tolerance = np.random.default_rng(4), 60 * FACTOR, 0.1
    rules = AuditSettings(characteristics={"g": "G"}, primary=("missed_share",), tolerances={"missed_share": tolerance})
    none = sum(
        (audit_rows(*_two(rng, tolerance, children=12_000), rules, meta={}).rows.query("group == 'a'")["verdict"] == "no gap found").any()
        for _ in range(runs)
    )
    small = sum(
        (audit_rows(*_two(rng, 0.0, children=12_000), rules, meta={}).rows.query("group == 'a'")["verdict"] == "no gap found").any()
        for _ in range(runs // 4)
    )
    print(f"true gap of the tolerance called none in {none} of {runs}; no gap called none in {small} of {runs // 4}")
    assert _at_most(none, runs, 0.05)
    assert small > runs // 4 / 2  # it can be said at all


def test_a_planted_constant_ratio_of_recording_lies_in_its_interval() -> None:
    rng, runs, planted = np.random.default_rng(6), 60 * FACTOR, 0.6
    precision = second = 0
    for _ in range(runs):
        n = 6000
        group = rng.random(n) < 0.3
        need = rng.random(n) < 0.3
        listed = (rng.random(n) < np.where(need, 0.5, 0.1)).astype(float)
        recorded = (need & (rng.random(n) < np.where(group, 0.8 * planted, 0.8))).astype(float)
        reviewed = (need & (rng.random(n) < 0.5)).astype(float)
        scored = Scored(listed, recorded, None, np.arange(n), n)
        by = grouping(pd.Series(np.where(group, "a", "b")), name="g", label="G")
        row = tipping_table(scored, [by], pd.DataFrame()).query("measure == 'precision' and group == 'a'").iloc[0]
        precision += row["tipping_low"] <= planted <= row["tipping_high"]
        row = second_outcomes(scored, [by], {"reviewed": reviewed}, outcome="recorded").query("group == 'a'").iloc[0]
        second += row["ratio_low"] <= planted <= row["ratio_high"]
    print(f"planted λ inside its interval: precision {precision} of {runs}, second outcome {second} of {runs}")
    assert _at_least(precision, runs, 0.9) and _at_least(second, runs, 0.9)


def test_over_referral_and_unseen_need_look_alike_until_a_second_outcome_tells() -> None:
    rng = np.random.default_rng(7)
    n = 30_000
    group = rng.random(n) < 0.3
    by = grouping(pd.Series(np.where(group, "a", "b")), name="g", label="G")
    seen = {}
    for story in ("more recorded", "more need"):
        need = rng.random(n) < np.where(group & (story == "more need"), 0.3, 0.2)
        signs = need + rng.normal(0, 1, n)
        listed = (signs > 1.2).astype(float)
        recorded = need & (rng.random(n) < np.where(group & (story == "more recorded"), 0.9, 0.6))
        scored = Scored(listed, recorded.astype(float), None, np.arange(n), n)
        reviewed = {"reviewed": (need & (rng.random(n) < 0.5)).astype(float)}
        seen[story] = (
            tipping_table(scored, [by], pd.DataFrame()).query("measure == 'precision' and group == 'a'").iloc[0],
            second_outcomes(scored, [by], reviewed, outcome="recorded").query("group == 'a'").iloc[0],
        )
    assert all(row["tipping_low"] > 1 and "cannot tell" in row["says"] for row, _ in seen.values())
    assert seen["more recorded"][1]["says"].startswith("recorded more often")
    assert seen["more need"][1]["says"].startswith("the two outcomes agree")


def test_standardised_shares_and_auc_cover() -> None:
    rng, runs = np.random.default_rng(8), 40 * FACTOR
    share = area = 0
    truth = None
    for _ in range(runs):
        family = _families(rng, 3000)
        n = int(family.max()) + 1
        group, need = rng.random(n) < 0.3, rng.random(n) < 0.1
        need |= group & (rng.random(n) < 0.1)
        on_list = rng.random(n) < np.where(need, 0.5, 0.1)
        by = grouping(pd.Series(np.where(group[family], "a", "b")), name="g", label="G")
        scored = Scored(on_list[family].astype(float), need[family].astype(float), None, family, n)
        row = standardised_table(scored, [by]).query("group == 'a'").iloc[0]
        share += row["difference_low"] <= 0 <= row["difference_high"]
        score = rng.normal(size=n) + need
        _, low, high = clustered_auc(need[family].astype(float), score[family], family)
        truth = truth or float(stats.norm.cdf(1 / np.sqrt(2)))
        area += low <= truth <= high
    print(f"standardised difference of 0 inside in {share} of {runs}; AUC inside in {area} of {runs}")
    assert _at_least(share, runs, 0.93) and _at_least(area, runs, 0.93)
