"""The comparison page: leads with sentences and the picture, hides what it must, and says no banned word."""

from __future__ import annotations

import re
from typing import Any

import pytest

from early_id.models.train import train
from early_id.present.curves import spread
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


def test_a_split_that_is_not_by_time_is_said_on_the_page(card: dict[str, Any]) -> None:
    note = "Random split: the figures are optimistic."
    assert note in comparison_page({"hub_lead": {**card, "splits": {**card["splits"], "notes": [note]}}})


def test_without_results_there_is_a_reason_and_no_figure(card: dict[str, Any]) -> None:
    page = comparison_page({"hub_lead": {**card, "models": {}, "reasons": ["No bar was written down."]}})
    assert "No bar was written down." in page
    assert "<table" not in page


def test_names_at_the_ends_of_lines_stand_apart() -> None:
    assert spread([1.0, 1.05, 3.0], 0.5) == [1.0, 1.5, 3.0]
