"""Resampling counts is the bootstrap itself: patterns of families give the same draws as families."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from early_id.audit.gaps import gaps_of
from early_id.audit.groups import grouping
from early_id.audit.measures import MEASURES, SHARES, Scored
from early_id.audit.resampled import resampled_table
from early_id.core.errors import InputDataError
from early_id.stats.counts import cluster_patterns, resampled_counts


def _people(seed: int = 1, n: int = 4000) -> Scored:
    rng = np.random.default_rng(seed)
    family = rng.integers(0, 2500, n)
    y = (rng.random(2500) < 0.2).astype(float)[family]
    y[rng.random(n) < 0.05] = np.nan
    listed = (rng.random(2500) < 0.3).astype(float)[family]
    return Scored(listed, y, None, family, 2500)


def test_patterns_hold_every_family_once() -> None:
    rng = np.random.default_rng(2)
    cells, family = rng.integers(0, 5, 300), rng.integers(0, 120, 300)
    patterns, times = cluster_patterns(cells, family, 5)
    assert times.sum() == len(set(family)) and len(times) < len(set(family))
    assert np.array_equal(times @ patterns, np.bincount(cells, minlength=5))
    each = {tuple(np.bincount(cells[family == f], minlength=5)) for f in set(family)}
    assert {tuple(row) for row in patterns.astype(int)} == each


def test_spread_is_that_of_resampling_families_one_by_one() -> None:
    rng = np.random.default_rng(3)
    cells, family = rng.integers(0, 3, 400), np.repeat(np.arange(100), 4)
    cells = cells[family]  # a family's children are all in one cell
    drawn = resampled_counts(cells, 3, clusters=family, resamples=4000, seed=1)
    table = np.zeros((100, 3))
    np.add.at(table, (family, cells), 1)
    one_by_one = np.random.default_rng(9).poisson(1.0, (4000, 100)) @ table
    assert np.allclose(drawn.mean(axis=0), np.bincount(cells, minlength=3), rtol=0.05)
    assert np.allclose(drawn.std(axis=0), one_by_one.std(axis=0), rtol=0.08)
    by_row = resampled_counts(cells, 3, resamples=4000, seed=1)
    assert (by_row.std(axis=0) < 0.7 * drawn.std(axis=0)).all()


def test_by_row_the_counts_are_those_of_drawing_rows_one_at_a_time() -> None:
    """Multinomial counts are what n rows drawn with replacement give: the same means, spreads and links between cells."""
    rng = np.random.default_rng(4)
    cells = rng.choice(4, 300, p=[0.5, 0.3, 0.15, 0.05])
    drawn = resampled_counts(cells, 4, resamples=6000, seed=2)
    rows = cells[rng.integers(0, 300, (6000, 300))]
    one_by_one = np.stack([(rows == cell).sum(axis=1) for cell in range(4)], axis=1)
    assert (drawn.sum(axis=1) == 300).all()
    assert np.allclose(drawn.mean(axis=0), one_by_one.mean(axis=0), atol=0.6)
    assert np.allclose(np.cov(drawn.T), np.cov(one_by_one.T), atol=0.08 * np.cov(one_by_one.T).max())


def test_values_are_the_audits_and_intervals_agree_with_the_closed_ones() -> None:
    scored = _people()
    by = grouping(pd.Series(np.where(scored.clusters % 3 == 0, "a", "b")), name="g", label="G")
    table = resampled_table(scored, by, clusters=scored.clusters, resamples=1500).set_index(["measure", "group"])
    for name in SHARES:
        for gap in gaps_of(scored, by, MEASURES[name], (), 1):
            row = table.loc[(name, gap.group)]
            assert row["value"] == pytest.approx(gap.value, abs=1e-12) and row["difference"] == pytest.approx(gap.difference, abs=1e-12)
            assert row["high"] - row["low"] == pytest.approx(gap.high - gap.low, rel=0.2)


def test_a_group_without_anybody_counted_has_no_figure_and_ties_are_refused() -> None:
    scored = Scored(np.array([1.0, 0, 1, 0]), np.array([1.0, 1, 0, 0]), None, np.arange(4), 4)
    by = grouping(pd.Series(["a", "a", "b", "b"]), name="g", label="G")
    table = resampled_table(scored, by, resamples=50).set_index(["measure", "group"])
    assert np.isnan(table.loc[("missed_share", "b"), "value"]) and np.isnan(table.loc[("missed_share", "b"), "low"])
    with pytest.raises(InputDataError, match="listed in part"):
        resampled_table(Scored(np.full(4, 0.5), scored.y, None, np.arange(4), 4), by)
