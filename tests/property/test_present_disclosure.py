"""Small counts never show, and no total gives one away."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from early_id.present import disclosure as d

TABLES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 40) | st.integers(0, 8), min_size=width, max_size=width), min_size=1, max_size=6)
)


@given(st.integers(0, 10_000))
def test_a_count_is_hidden_or_within_two_of_the_truth(n: int) -> None:
    shown = d.round_count(n)
    if 1 <= n <= 5:
        assert shown == "c"
    else:
        assert isinstance(shown, int) and shown % 5 == 0 and abs(shown - n) <= 2


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_rate_comes_from_rounded_counts_or_not_at_all(a: int, b: int) -> None:
    part, whole = min(a, b), max(a, b)
    rate = d.round_rate(part, whole)
    if any(1 <= n <= 5 for n in (part, whole, whole - part)) or whole == 0:
        assert rate is None
    else:
        assert rate == min(d.round_count(part) / d.round_count(whole), 1)  # type: ignore[operator]


@given(TABLES)
@settings(max_examples=300, deadline=None)
def test_published_tables_hold_no_small_count_and_no_lone_hidden_cell(counts: list[list[int]]) -> None:
    shown = d.publish_table(counts)
    true = d.with_totals(counts)
    for row, true_row in zip(shown, true, strict=True):
        for cell, truth in zip(row, true_row, strict=True):
            assert cell == "c" or cell == d.round_count(truth)
            if 1 <= truth <= 5:
                assert cell == "c"
    for line in [*shown, *zip(*shown, strict=True)]:
        assert list(line).count("c") != 1


@given(st.lists(st.lists(st.integers(6, 500), min_size=2, max_size=2), min_size=1, max_size=4))
def test_nothing_is_hidden_where_nothing_is_small(counts: list[list[int]]) -> None:
    assert not any("c" in row for row in d.publish_table(counts))


@given(st.lists(st.integers(0, 60), min_size=2, max_size=9))
def test_a_list_never_hides_exactly_one(counts: list[int]) -> None:
    shown = d.publish_list(counts)
    assert shown.count("c") != 1
    assert all(cell == "c" for cell, n in zip(shown, counts, strict=True) if 1 <= n <= 5)


def test_the_next_smallest_goes_with_a_lone_small_count() -> None:
    assert d.publish_list([3, 40, 9, 0]) == ["c", 40, "c", 0]
    assert d.publish_table([[3, 20, 9], [50, 60, 70]])[0] == ["c", 20, "c", 30]
