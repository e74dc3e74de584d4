"""What must hold for any data."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from early_id.stats.capacity import at_capacity
from early_id.stats.cells import cells, sides
from early_id.stats.intervals import newcombe, proportion_interval, wilson
from early_id.stats.metrics import auc, average_precision
from early_id.stats.multiple import holm, smallest_detectable
from early_id.stats.rates import design_effect

LABEL = st.sampled_from([0.0, 1.0, float("nan")])
ROWS = st.lists(st.tuples(LABEL, st.integers(-3, 3), st.integers(0, 6)), min_size=1, max_size=25)


def _same(a: float, b: float) -> bool:
    return (np.isnan(a) and np.isnan(b)) or abs(a - b) < 1e-9


@given(rows=ROWS, capacity=st.integers(0, 8), seed=st.integers(0, 99))
def test_the_order_of_rows_and_names_of_families_have_no_say(rows: list[tuple[float, int, int]], capacity: int, seed: int) -> None:
    y, score, family = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    mixed = np.random.default_rng(seed).permutation(len(y))
    renamed = np.random.default_rng(seed).permutation(7)[family.astype(int)]
    one = at_capacity(score, family, y, capacity)
    two = at_capacity(score[mixed], renamed[mixed], y[mixed], capacity)
    assert np.allclose(one.listed[mixed], two.listed)
    for name in ("precision", "recall", "recall_families", "places_used"):
        assert _same(getattr(one, name), getattr(two, name))
    assert _same(auc(y, score), auc(y[mixed], score[mixed]))
    assert _same(average_precision(y, score), average_precision(y[mixed], score[mixed]))


@given(rows=ROWS, capacity=st.integers(0, 8))
def test_places_are_used_up_and_never_exceeded(rows: list[tuple[float, int, int]], capacity: int) -> None:
    y, score, family = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    at = at_capacity(score, family, y, capacity)
    assert abs(at.places_used - min(capacity, len(set(family)))) < 1e-9
    assert ((at.listed >= 0) & (at.listed <= 1)).all()
    # Children of one family stand or fall together.
    assert all(len(set(at.listed[family == f])) == 1 for f in set(family))


@given(rows=ROWS)
def test_shifting_and_stretching_scores_moves_no_rank(rows: list[tuple[float, int, int]]) -> None:
    y, score, _ = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    assert _same(auc(y, score), auc(y, 3 * score + 7))
    assert _same(auc(y, score), 1 - auc(y, -score))


@given(n=st.integers(1, 500), share=st.floats(0, 1), effect=st.floats(0.2, 5), level=st.floats(0.5, 0.99))
def test_intervals_hold_their_value_and_stay_inside_0_and_1(n: int, share: float, effect: float, level: float) -> None:
    x = share * n
    low, high = proportion_interval(x, n, effect, level=level)
    assert 0 <= low <= x / n + 1e-9
    assert x / n - 1e-9 <= high <= 1
    wide_low, wide_high = proportion_interval(x, n, effect, level=0.999)
    assert wide_low <= low + 1e-9
    assert wide_high >= high - 1e-9


@given(a=st.integers(0, 40), b=st.integers(0, 40), m=st.integers(40, 90), n=st.integers(40, 90))
def test_differences_turn_round_with_the_groups(a: int, b: int, m: int, n: int) -> None:
    first, second = wilson(a, m), wilson(b, n)
    low, high = newcombe(a / m, *first, b / n, *second)
    back_low, back_high = newcombe(b / n, *second, a / m, *first)
    assert np.allclose([low, high], [-back_high, -back_low])
    assert -1 <= low <= a / m - b / n <= high <= 1


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12), seed=st.integers(0, 99))
def test_holm_keeps_order_and_only_raises(p: list[float], seed: int) -> None:
    values = np.array(p)
    adjusted = holm(values)
    assert (adjusted >= values - 1e-12).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(adjusted[order]) >= -1e-12).all()
    mixed = np.random.default_rng(seed).permutation(len(values))
    assert np.allclose(holm(values[mixed]), adjusted[mixed])


@settings(max_examples=50)
@given(rate=st.floats(0.02, 0.98), n=st.integers(20, 2000), rest=st.integers(20, 5000))
def test_more_children_show_smaller_gaps_in_both_directions(rate: float, n: int, rest: int) -> None:
    higher, lower = smallest_detectable([rate] * 2, [n, 4 * n], [rest, 4 * rest], alpha=0.05)
    for small, large in (higher, -lower):
        assert np.isnan(small) or 0 < large < small
    mirrored = smallest_detectable([1 - rate], [n], [rest], alpha=0.05)
    assert _same(mirrored[0][0], -lower[0]) and _same(mirrored[1][0], -higher[0])


@given(rows=ROWS)
def test_design_effect_is_never_below_one(rows: list[tuple[float, int, int]]) -> None:
    values, _, family = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    assert design_effect(np.nan_to_num(values), family.astype(int)) >= 1.0


def _plain_rates(x: np.ndarray, m: np.ndarray) -> tuple[float, float, float, float]:
    """Successes, rows, families and design effect of one side, from its families one by one."""
    held = [(a, b) for a, b in zip(x, m, strict=True) if b > 0]
    k, n = sum(a for a, _ in held), sum(b for _, b in held)
    if not n:
        return 0.0, 0.0, 0.0, float("nan")
    p, count = k / n, len(held)
    either = min(sum(a > 1e-9 for a, _ in held), sum(b - a > 1e-9 for a, b in held))
    effect = sum(b * b for _, b in held) / n
    if count >= 30 and either >= 5:
        variance = count / (count - 1) * sum((a - p * b) ** 2 for a, b in held) / n**2
        effect = variance * (n - 1) / (p * (1 - p))
    return k, n, float(count), max(effect, 1.0)


def _plain_z(x: np.ndarray, m: np.ndarray, X: np.ndarray, M: np.ndarray) -> float:
    """The score statistic from families one by one: the largest of three variances."""
    (k1, n1, _, d1), (k0, n0, _, d0) = _plain_rates(x, m), _plain_rates(X - x, M - m)
    n, p = n1 + n0, (k1 + k0) / (n1 + n0) if n1 + n0 else 0.0
    if not n1 or not n0 or p * (1 - p) < 1e-12:
        return float("nan")
    scores = [(a - p * b) - n1 / n * (A - p * B) for a, b, A, B in zip(x, m, X, M, strict=True) if B > 0]
    clustered = sum(one**2 for one in scores) * len(scores) / max(len(scores) - 1, 1)
    independent = p * (1 - p) * n1 * n0 / n
    variance = max(clustered, independent if n >= 1 else 0.0, independent * (n0 * d1 + n1 * d0) / n)
    return float((k1 - p * n1) / np.sqrt(variance))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(2, 400), families=st.integers(1, 90), groups=st.integers(1, 6))
def test_sums_over_filled_cells_give_what_going_through_families_gives(seed: int, rows: int, families: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    family, group = rng.integers(0, families, rows), rng.integers(0, groups, rows)
    among = rng.choice([0.0, 1.0, 0.5], rows, p=[0.3, 0.6, 0.1])
    counted = among * (rng.random(rows) < rng.choice([0.0, 0.1, 0.6, 1.0]))
    found = sides(cells(group, family, groups, families), counted, among)
    x, m = np.zeros((families, groups)), np.zeros((families, groups))
    np.add.at(x, (family, group), counted)
    np.add.at(m, (family, group), among)
    X, M = x.sum(axis=1), m.sum(axis=1)
    for g in range(groups):
        for ours, plain in ((found.group, _plain_rates(x[:, g], m[:, g])), (found.rest, _plain_rates(X - x[:, g], M - m[:, g]))):
            figures = [float(getattr(ours, name)[g]) for name in ("successes", "n", "families", "design_effect")]
            assert np.allclose(figures, plain, equal_nan=True, atol=1e-7, rtol=1e-6)
        assert np.allclose(found.z[g], _plain_z(x[:, g], m[:, g], X, M), equal_nan=True, atol=1e-6)
