"""Intervals, design effects, tests and power against published or hand-worked figures."""

import numpy as np
import pytest
from scipy import stats

from early_id.stats.calibration import observed_expected
from early_id.stats.cells import cells, sides
from early_id.stats.intervals import clopper_pearson, newcombe, proportion_interval, wilson
from early_id.stats.multiple import holm, smallest_detectable, two_sided_p
from early_id.stats.rates import design_effect, family_totals, rates_of_totals


def test_wilson_gives_newcombes_published_table() -> None:
    # Newcombe 1998 (Statistics in Medicine 17:857-872), table I, method 3.
    low, high = wilson([81, 15, 0, 1], [263, 148, 20, 29])
    assert low.round(4).tolist() == [0.2553, 0.0624, 0.0, 0.0061]
    assert high.round(4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718]


@pytest.mark.parametrize(("x", "n"), [(0, 10), (10, 10), (3, 10), (1, 29), (7, 400)])
def test_clopper_pearson_is_scipys(x: int, n: int) -> None:
    low, high = clopper_pearson(x, n)
    expected = stats.binomtest(x, n).proportion_ci(method="exact")
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-10)


def test_few_on_either_side_take_the_exact_interval() -> None:
    for x, n, exact in ((4, 30, True), (26, 30, True), (5, 30, False), (25, 30, False)):
        chosen = clopper_pearson(x, n) if exact else wilson(x, n)
        assert proportion_interval(x, n) == (pytest.approx(chosen[0]), pytest.approx(chosen[1]))


def test_effective_sizes_widen_and_a_design_effect_below_one_does_not_narrow() -> None:
    assert proportion_interval(20, 100, 2.0) == proportion_interval(10, 50)
    assert proportion_interval(20, 100, 0.5) == proportion_interval(20, 100)


def test_an_empty_group_has_no_interval() -> None:
    low, high = proportion_interval([0], [0], [np.nan])
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_newcombe_gives_the_published_differences() -> None:
    # Newcombe 1998 (Statistics in Medicine 17:873-890), table II, method 10.
    for (a, m, b, n), expected in (
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ):
        low, high = newcombe(a / m, *wilson(a, m), b / n, *wilson(b, n))
        assert (round(float(low), 4), round(float(high), 4)) == expected


def test_design_effect_of_pairs_that_agree_is_two() -> None:
    values, families = np.repeat([1, 0], 100), np.repeat(np.arange(100), 2)
    assert design_effect(values, families) == pytest.approx(2.0, rel=0.02)
    assert design_effect(values, np.arange(200)) == pytest.approx(1.0)


def test_design_effect_falls_back_where_it_cannot_be_estimated() -> None:
    # 10 families of 1, 2 or 3 children; Σm²/Σm whatever the values.
    sizes = np.array([1, 2, 3, 1, 2, 3, 1, 2, 3, 2])
    families = np.repeat(np.arange(10), sizes)
    expected = (sizes**2).sum() / sizes.sum()
    assert design_effect(np.arange(20) % 2, families) == pytest.approx(expected)
    # 60 families without variation.
    assert design_effect(np.ones(120), np.repeat(np.arange(60), 2)) == 2.0


def test_design_effect_of_an_empty_column_is_nan_without_a_warning() -> None:
    assert np.isnan(rates_of_totals(np.zeros((40, 1)), np.zeros((40, 1))).design_effect[0])


def test_rates_of_families_by_group() -> None:
    codes, groups = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1])
    hits = family_totals([1, 1, 0, 1], groups, codes, 2, 3)
    rows = family_totals([1, 1, 1, 1], groups, codes, 2, 3)
    rates = rates_of_totals(hits, rows)
    assert rates.value.tolist() == [1.0, pytest.approx(2 / 3)]
    assert rates.families.tolist() == [1, 3]


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]).tolist() == [0.03, 0.06, 0.06]
    assert holm([0.5, 0.9]).tolist() == [1.0, 1.0]


def test_holm_leaves_out_tests_that_could_not_be_made() -> None:
    adjusted = holm([0.02, np.nan, 0.5])
    assert adjusted[0] == 0.04
    assert np.isnan(adjusted[1])


def _z(y: np.ndarray, group: np.ndarray, family: np.ndarray) -> float:
    """Score statistic of the rows marked in ``group``."""
    who = cells(1 - group.astype(np.int64), family, 2, int(family.max()) + 1)
    return float(sides(who, y, np.ones(len(y))).z[0])


def test_score_test_with_one_row_a_family_is_the_pooled_z_test() -> None:
    # 30 of 100 against 10 of 100, pooled variance: z = 0.2 / sqrt(0.2 * 0.8 * 2 / 100).
    y = np.r_[np.repeat([1.0, 0.0], [30, 70]), np.repeat([1.0, 0.0], [10, 90])]
    assert _z(y, np.repeat([1, 0], 100), np.arange(200)) == pytest.approx(0.2 / np.sqrt(0.2 * 0.8 * 2 / 100), rel=0.01)
    assert two_sided_p([1.959963984540054])[0] == pytest.approx(0.05)


def test_score_test_of_doubled_children_is_no_surer() -> None:
    y = np.r_[np.repeat([1.0, 0.0], [30, 70]), np.repeat([1.0, 0.0], [10, 90])]
    group, twice = np.repeat([1, 0], 100), np.repeat(np.arange(200), 2)
    assert _z(y[twice], group[twice], twice) == pytest.approx(_z(y, group, np.arange(200)), rel=0.01)


def test_score_test_without_variation_or_a_side_is_nan() -> None:
    assert np.isnan(_z(np.ones(50), np.ones(50), np.arange(50)))
    assert np.isnan(_z(np.zeros(50), np.repeat([1, 0], 25), np.arange(50)))


def test_design_effect_of_four_families_with_a_success_is_not_estimated() -> None:
    # 60 families of 1, 1, 1 and 3 children in turn; those with a success happen to be small, so the estimate would be near 1.
    sizes = np.tile([1, 1, 1, 3], 15)
    family = np.repeat(np.arange(60), sizes)
    for lucky in (4, 5):
        single = np.flatnonzero(sizes == 1)[:lucky]
        found = design_effect(np.isin(family, single).astype(float), family)
        assert (found == pytest.approx((sizes**2).sum() / sizes.sum())) == (lucky == 4)


def test_smallest_detectable_agrees_with_the_textbook() -> None:
    # Fleiss, Levin and Paik 2003, table 4.3 style: 0.20 against 0.30 at 5 % two-sided and 80 % needs about 293 a side.
    higher, lower = smallest_detectable([0.2], [293.0], [293.0], alpha=0.05)
    assert float(higher[0]) == pytest.approx(0.10, abs=0.001)
    # The same seen from the group with 30 %: 0.10 less.
    assert float(smallest_detectable([0.3], [293.0], [293.0], alpha=0.05)[1][0]) == pytest.approx(-0.10, abs=0.001)
    assert -0.10 < float(lower[0]) < 0  # rates near 0 vary less


def test_smallest_detectable_says_for_each_direction_whether_it_can_be_seen() -> None:
    higher, lower = smallest_detectable([0.98], [100.0], [1000.0], alpha=0.05)
    assert np.isnan(higher[0]) and lower[0] < -0.02  # no room above 0.98
    assert np.isnan(smallest_detectable([0.5], [2.0], [2.0], alpha=0.001)).all()
    assert np.isnan(smallest_detectable([np.nan], [0.0], [5.0], alpha=0.05)).all()


def test_a_small_group_needs_more_where_its_own_rate_varies_more() -> None:
    # The test takes the larger of two variances, so a rare thing that is commoner in a small group is not seen as early as the pooled rate says.
    pooled = 0.067  # with the variance of the pooled rate alone
    assert float(smallest_detectable([0.05], [218.0], [20_000.0], alpha=0.04 / 36)[0][0]) > 1.2 * pooled


def test_observed_against_expected_carries_the_interval_of_the_rate() -> None:
    value, low, high = observed_expected(np.repeat([1.0, 0.0], [20, 80]), np.full(100, 0.1))
    expected = wilson(20, 100)
    assert (value, low, high) == pytest.approx((2.0, float(expected[0]) / 0.1, float(expected[1]) / 0.1))
