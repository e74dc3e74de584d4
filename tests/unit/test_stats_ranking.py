"""AUC, average precision, Brier and figures at capacity, worked out by hand."""

import numpy as np
import pytest

from early_id.core.errors import InputDataError
from early_id.stats.arrays import cluster_codes
from early_id.stats.calibration import observed_expected
from early_id.stats.capacity import at_capacity
from early_id.stats.metrics import auc, average_precision, brier

NAN = float("nan")


def test_auc_counts_ties_as_half() -> None:
    # Pairs (positive, negative): 0.9-0.9 tie, 0.9-0.1 won, 0.5-0.9 lost, 0.5-0.1 won: 2.5 of 4.
    assert auc([1, 0, 0, 1], [0.9, 0.9, 0.1, 0.5]) == 0.625


def test_average_precision_by_steps() -> None:
    # Hits at ranks 1 and 3: (1/1 + 2/3) / 2.
    assert average_precision([1, 0, 1, 0], [4, 3, 2, 1]) == pytest.approx(5 / 6)


def test_average_precision_of_equal_scores_is_the_rate() -> None:
    assert average_precision([1, 0, 0, 0], [2, 2, 2, 2]) == pytest.approx(0.25)


def test_unknown_labels_are_left_out_and_not_zero() -> None:
    assert auc([1, 0, NAN], [2, 1, 3]) == 1.0
    assert brier([1, NAN], [0.5, 0.0]) == 0.25
    assert observed_expected([1, 0, NAN], [0.5, 0.5, 1.0])[0] == 1.0


def test_what_cannot_be_estimated_is_nan() -> None:
    assert np.isnan(auc([1, 1], [1, 2]))
    assert np.isnan(average_precision([0, 0], [1, 2]))
    assert np.isnan(auc([], []))
    assert np.isnan(brier([NAN], [0.5]))
    assert np.isnan(observed_expected([NAN], [0.5])[0])


def test_labels_other_than_0_and_1_are_refused_without_their_value() -> None:
    with pytest.raises(InputDataError, match="neither 0 nor 1") as caught:
        auc([0, 7], [1, 2])
    assert "7" not in str(caught.value)


def test_a_row_with_outcome_but_no_score_is_refused() -> None:
    with pytest.raises(InputDataError, match="no score"):
        auc([0, 1], [1, NAN])


def test_different_lengths_are_refused() -> None:
    with pytest.raises(InputDataError, match="differ in length"):
        auc([0, 1], [1, 2, 3])


def test_a_family_is_its_highest_child_and_brings_all_its_children() -> None:
    at = at_capacity([3.0, 1.0, 2.0, 0.0], ["a", "a", "b", "c"], [0, 1, 0, 1], 1)
    assert at.listed.tolist() == [1, 1, 0, 0]
    assert (at.precision, at.recall, at.recall_families, at.places_used) == (1.0, 0.5, 0.5, 1.0)


def test_ties_at_the_last_place_are_shared() -> None:
    at = at_capacity([9, 5, 5, 5, 1], list("abcde"), [0, 1, 0, 0, 1], 2)
    assert at.listed == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3, 0])
    assert at.precision == pytest.approx((1 / 3) / 2)
    assert at.recall == pytest.approx((1 / 3) / 2)


def test_one_without_score_is_never_listed_but_can_be_missed() -> None:
    at = at_capacity([NAN, 1.0], ["a", "b"], [1, 0], 5)
    assert at.listed.tolist() == [0, 1]
    assert at.recall == 0.0
    assert at.places_used == 1.0


def test_unknown_outcomes_leave_precision() -> None:
    at = at_capacity([3, 2, 1], list("abc"), [NAN, 1, 0], 2)
    assert at.precision == 1.0
    assert at.places_used == 2.0


def test_no_places_lists_nobody() -> None:
    at = at_capacity([2, 1], list("ab"), [1, 0], 0)
    assert at.listed.tolist() == [0, 0]
    assert np.isnan(at.precision)
    assert at.recall == 0.0


def test_places_per_unit_and_a_family_in_two_units() -> None:
    # Family a has a child in each school and leads in school x only; its child in y counts as listed with it.
    at = at_capacity([5, 1, 4, 3], ["a", "a", "b", "c"], [1, 1, 1, 0], [1, 1], units=["x", "y", "x", "y"])
    assert at.listed.tolist() == [1, 1, 0, 1]
    assert at.places_used == 2.0
    assert at.precision == 0.5
    assert at.recall == pytest.approx(2 / 3)


def test_negative_places_are_refused() -> None:
    with pytest.raises(InputDataError, match="places"):
        at_capacity([1], ["a"], [1], -1)


def test_cluster_codes() -> None:
    codes, n = cluster_codes(["b", "a", "b"])
    assert (codes.tolist(), n) == ([1, 0, 1], 2)
