"""Figures at capacity, sentences, and the four verdicts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from early_id.models.evaluate import TestRows, capacity_sentence, censoring_table, components_table, share_of_children, share_of_families
from early_id.models.verdict import CANNOT_TELL, READY, USE_RULE, compare, judge
from model_fixtures import bar

#: Families 0 (two children), 1, 2, 3; two places.
SCORE = np.array([5.0, 1.0, 4.0, 3.0, 2.0])
FAMILY = np.array([0, 0, 1, 2, 3])


def rows(y: list[float], censored: list[bool] | None = None, capacity: int = 2) -> TestRows:
    gone = np.array(censored or [False] * 5)
    return TestRows(np.array(y), gone, FAMILY, FAMILY, None, capacity)


def test_precision_counts_families_and_recall_counts_children() -> None:
    # Listed: families 0 and 1. Family 0 has the outcome through its lower-scoring child.
    found = rows([0, 1, 0, 1, 1])
    assert share_of_families(SCORE, found, found.y).value == 0.5
    assert share_of_families(SCORE, found, found.y).n == 2
    assert share_of_children(SCORE, found, found.y).value == pytest.approx(1 / 3)


def test_ties_at_the_last_place_count_at_their_expected_value() -> None:
    found = rows([1, 0, 0, 1, 0])
    tied = np.array([5.0, 1.0, 3.0, 3.0, 2.0])
    assert share_of_children(tied, found, found.y).value == pytest.approx(0.75)


def test_unknown_outcomes_take_a_place_but_no_part_in_the_share() -> None:
    found = rows([1, np.nan, np.nan, 0, 0])
    estimate = share_of_families(SCORE, found, found.y)
    assert (estimate.value, estimate.n) == (1.0, 1)


def test_nobody_with_the_outcome_cannot_be_estimated() -> None:
    found = rows([0, 0, 0, 0, 0])
    assert np.isnan(share_of_children(SCORE, found, found.y).value)
    assert str(share_of_children(SCORE, found, found.y)) == "cannot be estimated"


def test_children_who_left_are_shown_both_ways() -> None:
    table = censoring_table({"m": SCORE}, rows([1, 0, np.nan, 0, 0], [False, False, True, False, False])).set_index("children_who_left")
    assert table.loc["left out", "precision_at_capacity"] == 1.0
    assert table.loc["counted as no", "precision_at_capacity"] == 0.5
    assert (table["children"] == 1).all()


def test_components_stand_side_by_side_for_the_same_list() -> None:
    outcomes = pd.DataFrame({"offered": [1.0, 0, 0, 1, 0], "statutory": [0.0, 0, 1, 0, 0]})
    table = components_table({"m": SCORE}, rows([1, 0, 1, 1, 0]), outcomes, ["offered", "statutory"]).set_index("component")
    assert list(table["rate_among_listed"]) == [0.5, 0.5]
    assert list(table["found"]) == [0.5, 1.0]
    assert list(table["children_with_it"]) == [2, 1]


@pytest.mark.parametrize(
    ("precision", "recall", "words"),
    [
        (0.31, 0.22, "about 3 later had a need recognised; of every 10 children whose need was later recognised, 8 were missed"),
        (0.02, 0.99, "fewer than 1 later had a need recognised; of every 10 children whose need was later recognised, fewer than 1 were"),
        (1.0, 0.01, "10 later had a need recognised; of every 10 children whose need was later recognised, more than 9 were missed"),
        (0.0, 0.0, "Of every 10 families listed, 0 later"),
    ],
)
def test_the_sentence_is_out_of_ten_and_never_rounds_to_none_or_all(precision: float, recall: float, words: str) -> None:
    assert words in capacity_sentence(precision, recall)


def test_another_outcome_is_named_and_an_unknown_figure_is_said() -> None:
    assert "outcome 'withdrawn after'" in capacity_sentence(0.4, 0.5, outcome="withdrawn_after")
    assert "cannot be estimated" in capacity_sentence(np.nan, 0.5)


def trial(model: float, rule: float, spread: float, **more: float) -> tuple[str, tuple[str, ...]]:
    """Verdict for a precision of the model and of one rule whose difference has the stated spread."""
    draws = np.random.default_rng(0).normal(0, spread, 2000)
    points = {"m": dict.fromkeys(("precision_at_capacity", "recall_at_capacity"), model)}
    points["r"] = dict.fromkeys(points["m"], rule)
    drawn = {"m": dict.fromkeys(points["m"], model + draws), "r": {k: np.full(2000, rule) for k in points["m"]}}
    table = compare("m", ["r"], drawn, points, bar())
    return judge(table, bar(), **{"outcomes": 200, "families_listed": 100, **more})


def test_ready_only_when_the_lower_bound_clears_the_margin_for_every_rule() -> None:
    verdict, reasons = trial(0.30, 0.20, 0.03)
    assert verdict == READY
    assert "+10.0 points" in reasons[0]


def test_a_gain_that_may_be_chance_is_cannot_tell_and_says_how_many_more() -> None:
    verdict, reasons = trial(0.25, 0.20, 0.05)
    assert verdict == CANNOT_TELL
    # (1.645 * 0.05 / 0.05)² = 2.7 times 100 families: about 170 more (the draws' own spread moves it a little).
    more = int(reasons[0].split("about ")[1].split()[0])
    assert 140 <= more <= 200


def test_no_gain_seen_is_cannot_tell_and_a_clear_loss_is_use_the_rule() -> None:
    verdict, reasons = trial(0.20, 0.22, 0.05)
    assert verdict == CANNOT_TELL and "no gain above the margin was seen, and none is ruled out" in reasons[1]
    # (1.645 * 0.05 / 0.02)² = 17 times 100 families would show the loss, if it is one.
    assert 1_300 <= int(reasons[0].split("about ")[1].split()[0].replace(",", "")) <= 1_900
    assert reasons[0].endswith("they would show that at least one rule does as well.")
    assert "does as well" not in trial(0.25, 0.20, 0.05)[1][0]
    assert "more than 20 times as many" in trial(0.20, 0.21, 0.05)[1][0]
    assert trial(0.10, 0.30, 0.03)[0] == USE_RULE


def test_one_rule_that_does_as_well_decides_how_many_more_and_what_they_would_show() -> None:
    """A gain over one rule that takes many families to tell is beside the point where another rule is level."""
    rows = {"difference": [0.004, -0.02], "lower_bound": [-0.08, -0.10], "upper_bound": [0.09, 0.06], "margin": [0.0, 0.0], "clears": [False, False]}
    table = pd.DataFrame({**rows, "times": [400.0, 4.0], "model": "m", "rule": ["weak", "level"], "measure": "precision_at_capacity"})
    verdict, reasons = judge(table, bar(), outcomes=200, families_listed=100)
    assert verdict == CANNOT_TELL and "about 300 more listed families" in reasons[0] and "at least one rule does as well" in reasons[0]
    assert "may be chance" in reasons[1] and "no gain above the margin" in reasons[2]


def test_too_few_outcomes_no_bar_no_rule_and_exploratory_are_cannot_tell() -> None:
    assert trial(0.30, 0.20, 0.03, outcomes=5)[0] == CANNOT_TELL
    assert trial(0.30, 0.20, 0.03, exploratory=("named split",)) == (CANNOT_TELL, ("named split",))
    assert judge(pd.DataFrame(), None, outcomes=500, families_listed=100)[0] == CANNOT_TELL
    assert judge(pd.DataFrame(), bar(), outcomes=500, families_listed=100)[0] == CANNOT_TELL


def test_the_margin_counts() -> None:
    draws = np.random.default_rng(0).normal(0, 0.01, 500)
    measures = ("precision_at_capacity", "recall_at_capacity")
    points = {"m": dict.fromkeys(measures, 0.3), "r": dict.fromkeys(measures, 0.2)}
    drawn = {"m": dict.fromkeys(measures, 0.3 + draws), "r": {k: np.full(500, 0.2) for k in measures}}
    table = compare("m", ["r"], drawn, points, bar(margin_precision=0.2))
    assert list(table["clears"]) == [False, True]
