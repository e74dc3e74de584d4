"""Words for people: banned words, plurals, shares."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import early_id.present
from early_id.present import wording


@pytest.mark.parametrize(
    "text",
    [
        "The list is fair.",
        "This model is unbiased",
        "a risky child",
        "High-risk families",
        "the model decided to list her",
        "Two pupils were flagged",
        "the false-flag rate",
        "We have a concern about this child",
        "The family declined help",
        "parental addiction",
        "GDPR compliant",
        "The audit passes",
        "It passed the audit",
        "hard-to-reach families",
    ],
)
def test_banned_words_are_found(text: str) -> None:
    assert wording.check_words(text)


@pytest.mark.parametrize(
    "text",
    [
        wording.ALARM,
        "Governance report on fairness and use",
        "passed to children's social care today (significant harm)",
        "affairs of the council, a passport",
        '<p class="flag">Listed without need</p>{{ risky }}{% if flagged %}{# the model decided #}',
        "alcohol or drug use",
    ],
)
def test_right_words_are_left_alone(text: str) -> None:
    assert wording.check_words(text) == ()


def test_a_banned_word_broken_over_two_lines_is_found() -> None:
    assert wording.check_words("the model\n   decided")


def test_own_templates_hold_no_banned_word() -> None:
    folder = Path(early_id.present.__file__).parent / "templates"
    for path in folder.glob("*.html"):
        assert wording.check_words(path.read_text(encoding="utf-8")) == (), path.name


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.344, "about 34 out of 100"),
        (0.345, "about 35 out of 100"),
        (0.0, "none"),
        (0.001, "fewer than 1 out of 100"),
        (0.999, "nearly 100 out of 100"),
        (1.0, "all 100 out of 100"),
        (None, "not known"),
        (float("nan"), "not known"),
    ],
)
def test_shares_are_said_out_of_100(share: float | None, text: str) -> None:
    assert wording.out_of(share) == text


def test_percent_tells_nought_from_little_and_signs_gaps() -> None:
    assert [wording.percent(x) for x in (0.0, 0.001, 0.346, None)] == ["0%", "under 1%", "35%", "not known"]
    assert [wording.percent(x, fine=True) for x in (0.0, 0.0001, 0.0234, 0.346)] == ["0%", "under 0.1%", "2.3%", "35%"]
    assert [wording.percent(x, signed=True) for x in (0.1, -0.1, 0.0)] == ["+10%", "−10%", "0%"]


def test_numbers_nouns_dates_and_lists() -> None:
    assert wording.count_of(1, "family", "families") == "1 family"
    assert wording.count_of(1204, "family", "families") == "1,204 families"
    assert (wording.number_word(3), wording.number_word(12)) == ("three", "12")
    assert wording.day_text(date(2025, 11, 3)) == "3 November 2025"
    assert wording.day_text(None) == "date not known"
    assert wording.and_list(["a", "b", "c"]) == "a, b and c"
