"""The comparison page: leads with sentences and the picture, hides what it must, and says no banned word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from early_id.config.load import load_config
from early_id.features.extensions import load_extensions
from early_id.models.labels import WARNING
from early_id.models.scorecard_page import NOT_BY_HAND
from early_id.models.train import train
from early_id.present.curves import spread
from early_id.present.glossary import Glossary
from early_id.present.wording import check_words
from early_id.report.comparison import comparison_page
from model_fixtures import SHARING, bar, fake_matrix, settings


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    chosen = settings(models=("logistic",), put_forward="logistic", resamples=60, baselines=("absence", "age"), labels=True)
    trial = train(fake_matrix(900, seed=4), chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=40)
    return trial.to_json()


@pytest.fixture(scope="module")
def page(card: dict[str, Any]) -> str:
    return comparison_page({"hub_lead": card}, made_up=True)


def test_it_leads_with_what_a_list_would_find_and_a_picture(page: str) -> None:
    finding = page.index('class="finding"')
    assert finding < page.index("Families found whose need was later recognised") < page.index("<table")
    assert re.search(r"With 40 places: of every 10 families on the model&#39;s list, (about|fewer)", page)
    assert "40 places: this list" in page
    # Each difference with its bounds stands below the picture, beside the bar.
    assert page.index("Families found whose need was later recognised") < page.index("The bar for this list") < page.index("one-sided 95 % bounds")
    assert page.count("<svg") >= 3
    assert "RESTRICTED" in page
    assert "about about" not in page


def test_every_part_has_its_table(page: str) -> None:
    for caption in ("Families not already known to services", "How follow-up ended", "The outcome by date", "Leavers, both ways", "Children who left, by group",
                    "With known families left in (optimistic)", "Net benefit per 1,000 children", "By hub", "By age", "Lists made for other labels"):  # fmt: skip
        assert caption in page, caption
    assert "Area: not held" in page


def test_words_are_plain(page: str) -> None:
    assert check_words(page) == ()


def test_the_published_page_gives_no_exact_count_back(card: dict[str, Any]) -> None:
    page = comparison_page({"hub_lead": card}, publishable=True)
    assert "PUBLISHABLE" in page
    assert "RESTRICTED" not in page
    for hidden in ("40 places: this list", "By hub", "Of the families listed on", "Leavers, both ways", "Net benefit", "one-sided 95"):
        assert hidden not in page, hidden


def test_the_warning_stands_on_both_pages_whether_or_not_other_labels_were_fitted(card: dict[str, Any]) -> None:
    held = {**card["further"]["labels"], "table": [], "made": False}
    without = {**card, "further": {**card["further"], "labels": held}}
    page = comparison_page({"hub_lead": without})
    assert WARNING in page and "Nobody had looked" in page and "Lists for other labels were not made" in page
    held["made"] = True
    assert "No other label is held, so no list could be made for one." in comparison_page({"hub_lead": without})
    published = comparison_page({"hub_lead": without}, publishable=True)
    assert WARNING in published and "Nobody had looked" not in published


def test_how_much_hangs_on_what_is_looked_for_is_said_in_a_sentence(card: dict[str, Any]) -> None:
    row = {"held": True, "outcomes": 40, "agreement": 0.9, "low": 0.8, "high": 0.95, "listed": 40.0, "of_listed_change": 7.0, "note": ""}
    table = [
        {**row, "label": "re_referral"},
        {**row, "label": "help_accepted", "of_listed_change": 19.0},
        {**row, "label": "x", "of_listed_change": None, "note": "not held"},
    ]

    def said(rows: list[dict[str, Any]]) -> str:
        return comparison_page({"hub_lead": {**card, "further": {**card["further"], "labels": {**card["further"]["labels"], "table": rows}}}})

    page = said(table)
    assert "Had &#39;referred again&#39; been looked for, 7 of the 40 families on the list would be others" in page
    assert "had &#39;help accepted&#39; been looked for, 19 of the 40" in page and "can be wrong together" in page
    assert "None of them was recorded often enough" in said(table[2:])


def test_the_card_of_points_stands_beside_the_model_put_forward(card: dict[str, Any]) -> None:
    points = {"steps": [0, 2], "most": 4, "rows": [["Absence", "up to 8.0 %", "over 8.0 %"], ["Missing episodes", "none", "1 or more"]]}
    beside = {**card["models"], "scorecard": card["models"]["absence"] | {"kind": "model"}}
    page = comparison_page({"hub_lead": {**card, "models": beside, "further": {**card["further"], "scorecard": points}}})
    assert NOT_BY_HAND.split(".")[0] in page and "2 signs, 0 to 4 points in all" in page and "over 8.0 %" in page
    assert "Of 100 families on its list," in page and check_words(page) == ()
    published = comparison_page({"hub_lead": {**card, "models": beside, "further": {**card["further"], "scorecard": points}}}, publishable=True)
    assert "over 8.0 %" not in published and "The card of points" not in comparison_page({"hub_lead": card})


def test_each_list_shows_its_own_bar(card: dict[str, Any]) -> None:
    hub, school = ({**card, "acceptance": {**card["acceptance"], "own_bar": own}} for own in (True, False))
    school["acceptance"]["bar"] = {**card["acceptance"]["bar"], "margin_precision": 0.05}
    school["acceptance"]["limits"] = [{"name": "stability", "met": None, "sentence": "Not measured.", "value": None}]
    page = comparison_page({"school_lead": school, "hub_lead": hub})
    assert page.count("The bar for this list") == 2
    assert "It was declared for this list." in page and "it is the one for every list" in page
    assert "+5.0" in page and "+0.0" in page and "Stability" in page and "cannot tell" in page
    published = comparison_page({"hub_lead": hub}, publishable=True)
    assert "The bar for this list" in published and "(against the rule" not in published and "(against the rule: " in page


def test_what_the_sharing_rule_costs_is_shown_with_its_interval_to_the_board_alone(card: dict[str, Any]) -> None:
    assert card["further"]["sharing"] == {"sees_all": True} and "every class of record that is held." in comparison_page({"hub_lead": card})
    figure = {"measure": "precision_at_capacity", "seen": 0.2, "all": 0.26, "difference": 0.06, "low": 0.01, "high": 0.11}
    cost = {"sees_all": False, "features_seen": 4, "features_all": 7, "rows": [figure]}
    school = {**card, "further": {**card["further"], "sharing": cost}}
    page = comparison_page({"school_lead": school})
    assert "Of 100 families on such a list, about 6 more later had a need recognised (+1.0 to +11.0)." in page and "That may be chance" not in page
    assert "no list can be made with it" in page and "+0.060 (+0.010 to +0.110)" in page
    chance = {**cost, "rows": [{**figure, "low": -0.01}]}
    assert "That may be chance" in comparison_page({"school_lead": {**card, "further": {**card["further"], "sharing": chance}}})
    assert "sharing rule" not in comparison_page({"school_lead": school}, publishable=True)


def test_another_outcome_is_called_by_its_name(card: dict[str, Any]) -> None:
    page = comparison_page({"hub_lead": {**card, "outcome": "help_offered"}})
    assert "later had the outcome" in page and "help offered" in page
    for words in ("need recognised", "need was later recognised", "with need"):
        assert words not in page.lower(), words


def test_the_universitys_page_speaks_of_withdrawal_and_of_nothing_that_councils_do(card: dict[str, Any]) -> None:
    words = load_extensions(load_config(Path(__file__).parents[2] / "configs" / "oulad" / "run.yaml")).programme.words
    # What is not held there: services that know a family, parts of need, other labels.
    further = {**card["further"], "not_known": [], "ends": [], "labels": {**card["further"]["labels"], "table": []}}
    page = comparison_page({"school_lead": {**card, "outcome": "withdrew", "further": further}}, words=Glossary(words))
    text = " ".join(re.sub(r"<style.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).split()).lower()
    text = text.replace("may need help just as much", "").replace("rules that need no model", "")  # of no outcome
    assert "later withdrew" in text
    found = re.findall(r"(.{0,60}\b(?:needs?|recognised|famil\w+|child\w*|schools?|councils?|early help|help)\b.{0,40})", text)
    assert found == []


def test_a_split_that_is_not_by_time_is_said_on_the_page(card: dict[str, Any]) -> None:
    note = "Random split: the figures are optimistic."
    assert note in comparison_page({"hub_lead": {**card, "splits": {**card["splits"], "notes": [note]}}})


def test_without_results_there_is_a_reason_and_no_figure(card: dict[str, Any]) -> None:
    page = comparison_page({"hub_lead": {**card, "models": {}, "reasons": ["No bar was written down."]}})
    assert "No bar was written down." in page
    assert "<table" not in page


def test_names_at_the_ends_of_lines_stand_apart() -> None:
    assert spread([1.0, 1.05, 3.0], 0.5) == [1.0, 1.5, 3.0]


def test_a_gain_that_may_be_chance_is_neither_reached_nor_missed() -> None:
    """As the verdict has it: it is missed only where the upper bound too is not above the margin."""
    from early_id.report.comparison_judged import _beyond_chance

    chance = {"clears": False, "difference": 0.02, "margin": 0.0, "lower_bound": -0.01, "upper_bound": 0.05}
    missed = {"clears": False, "difference": -0.02, "margin": 0.0, "lower_bound": -0.04, "upper_bound": 0.0}
    beyond = {"clears": True, "difference": 0.05, "margin": 0.0, "lower_bound": 0.01, "upper_bound": 0.09}
    assert _beyond_chance([{**missed, "upper_bound": 0.02}]) is None, "no gain was seen, and none is ruled out"
    assert _beyond_chance([beyond]) is True and _beyond_chance([beyond, chance]) is None and _beyond_chance([chance, missed]) is False
    assert _beyond_chance([beyond | {"lower_bound": None}]) is None
