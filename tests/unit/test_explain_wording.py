"""Values, dates and years in plain words."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from explain_fixtures import ALL_FEATURES, feature

from early_id.core.types import SharingClass, Unit
from early_id.explain.page import OUTCOMES, TEMPLATES, VIEWS
from early_id.explain.peers import YearGroups
from early_id.explain.wording import (
    HOLDERS,
    agree,
    days_text,
    fact_sentence,
    fill,
    holder,
    is_withheld,
    label_and_period,
    share_text,
    value_text,
    year_label,
)
from early_id.features.declare import change, count, ever, last_days
from early_id.features.library import SHIPPED
from early_id.features.themes import THEMES
from early_id.present.wording import check_words
from early_id.screening import words
from early_id.screening.page import TEMPLATES as LIST_TEMPLATES

SHARE = feature("s", label="Sessions missed", phrase="Absent from {value} of sessions in {period}", value_format="share")
TIMES = feature("t", label="Suspensions", phrase="Suspended {value} times in {period}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.22, "Absent from 22 of every 100 sessions in the last year."),
        (0.003, "Absent from fewer than 1 of every 100 sessions in the last year."),
        (1.0, "Absent from all sessions in the last year."),
        (0.997, "Absent from more than 99 of every 100 sessions in the last year."),
        (0.0, "Sessions missed: none in the last year."),
    ],
)
def test_share_is_said_of_every_100(value: float, text: str) -> None:
    assert fact_sentence(SHARE, value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "Suspensions: none in the last year."),
        (1, "Suspended once in the last year."),
        (2, "Suspended twice in the last year."),
        (3, "Suspended 3 times in the last year."),
        (1200, "Suspended 1,200 times in the last year."),
    ],
)
def test_singular_and_plural(value: float, text: str) -> None:
    assert fact_sentence(TIMES, value) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("1 signs about home", "1 sign about home"),
        ("1 late marks", "1 late mark"),
        ("11 days", "11 days"),
        ("1,001 days", "1,001 days"),
        ("2.1 days", "2.1 days"),
        ("1 of every 100 sessions", "1 of every 100 sessions"),
        ("1 school days", "1 school day"),
        ("1 worries recorded", "1 worry recorded"),
        ("1 addresses", "1 address"),
        ("1 suspensions this year", "1 suspension this year"),
        ("1 day was lost", "1 day was lost"),
        ("1 children", "1 child"),
        ("seen 1 times", "seen once"),
        ("1 different schools", "1 different school"),
    ],
)
def test_agree(before: str, after: str) -> None:
    assert agree(before) == after


@pytest.mark.parametrize(("days", "text"), [(1, "1 day"), (30, "30 days"), (91, "about 3 months"), (500, "about 16 months"), (800, "about 2 years")])
def test_days(days: float, text: str) -> None:
    assert days_text(days) == text


@pytest.mark.parametrize(
    ("code", "label"),
    [("8", "Year 8"), ("08", "Year 8"), ("Y8", "Year 8"), ("R", "Reception"), ("N2", "nursery"), (None, ""), (math.nan, "")],
)
def test_year_label(code: object, label: str) -> None:
    assert year_label(code) == label


@pytest.mark.parametrize(
    ("noun", "one", "many"),
    [
        ("times", "once", "4 times"),
        ("worry", "1 worry", "4 worries"),
        ("day", "1 day", "4 days"),
        ("notice", "1 notice", "4 notices"),
    ],
)
def test_counted_nouns(noun: str, one: str, many: str) -> None:
    phrase = f"Seen {{value|{noun}}} in {{period}}"
    assert fill(phrase, TIMES, 1) == f"Seen {one} in the last year."
    assert fill(phrase, TIMES, 4) == f"Seen {many} in the last year."


def test_a_share_of_nought_and_the_rest_of_a_share() -> None:
    assert fill("Missed only {value} of sessions in {period}", SHARE, 0) == "Missed no sessions in the last year."
    assert fill("Missed only {value} of sessions in {period}", SHARE, 0.03) == "Missed only 3 of every 100 sessions in the last year."
    assert fill("In school for {rest} of sessions in {period}", SHARE, 0.03) == "In school for 97 of every 100 sessions in the last year."


def test_a_change_is_told_the_right_way_round() -> None:
    f = feature(
        "c",
        label="Change in absence",
        measure=change(count(), earlier=last_days(365)),
        phrase="Absence has risen by {value} of sessions",
        strength_phrase="Absence has fallen by {value} of sessions",
        value_format="share",
    )
    assert fact_sentence(f, 0.08) == "Absence has risen by 8 of every 100 sessions."
    assert fact_sentence(f, -0.08) == "Absence has fallen by 8 of every 100 sessions."
    assert fact_sentence(replace(f, strength_phrase=None), -0.08) == "Change in absence: less than before."
    assert fact_sentence(f, 0.0) == "Change in absence: about the same as before."
    assert [value_text(f, v) for v in (0.08, -0.08)] == ["8 more of every 100", "8 fewer of every 100"]
    assert YearGroups({"Year 8": {"c": 0.0}}).sentence(f, "8", 0.2) == ""


def test_labels_that_hold_their_window_say_it_once() -> None:
    f = feature("x", label="Suspensions, last 90 days", window=last_days(90))
    assert label_and_period(f) == "Suspensions, last 90 days"
    assert fact_sentence(f, 0) == "Suspensions: none in the last 90 days."
    assert "none for this child in" in fact_sentence(replace(f, source="contacts"), 0)  # services may know the family through another
    assert label_and_period(feature("y", label="Moves", window=last_days(730))) == "Moves, last two years"
    assert label_and_period(feature("z", label="In temporary housing", window=ever())) == "In temporary housing"


def test_every_shipped_phrase_reads_well_with_one_and_with_many() -> None:
    for f in (f for f in SHIPPED if not is_withheld(f)):
        for value in (0.0, 1.0, 0.04) if f.value_format == "share" else (0.0, 1.0, 4.0):
            for phrase in (fact_sentence(f, value), fill(f.phrase, f, value or 3), fill(f.strength_phrase or "Well", f, value)):
                assert not re.search(r"[{}|%_]|  |(?<![\d,.])1 (?!of |home)[a-z]+s\b|\b0 times|worrie\b", phrase), (
                    f.name,
                    value,
                    phrase,
                )
                assert check_words(phrase) == (), f.name


def test_unknown_is_said_and_never_nought() -> None:
    assert value_text(SHARE, math.nan) == value_text(TIMES, math.nan) == "not recorded"
    assert value_text(TIMES, 0) == "none"
    assert value_text(SHARE, 0.05) == share_text(0.05) == "5 of every 100"


def test_police_and_safety_facts_are_withheld() -> None:
    police = feature("p", sharing=SharingClass.POLICE, phrase="SECRET {value}")
    safety = feature("d", sharing=SharingClass.SOCIAL_CARE, theme="safety", phrase="SECRET {value}")
    unheard = feature("u", theme="a theme that nobody declared")
    for f in (police, safety, unheard):
        assert is_withheld(f)
        assert value_text(f, 3) == "not shown"
        assert fact_sentence(f, 3).startswith("Information from another service.")
    assert not is_withheld(TIMES)


def test_family_features_say_whose_records() -> None:
    f = feature("x", label="Suspensions", unit=Unit.FAMILY)
    assert fact_sentence(f, 0) == "Suspensions: none for others in the family in the last year."


def test_holder_falls_back_to_the_sharing_class() -> None:
    assert holder(TIMES) == HOLDERS["attendance"]
    assert holder(feature("x", source="a council's own table", sharing=SharingClass.HEALTH)) == "health records"


def test_comparison_with_the_year_group() -> None:
    peers = YearGroups({"Year 8": {"s": 0.05, "t": 0.0}})
    assert peers.sentence(SHARE, "8", 0.22) == "More than is usual in Year 8 (5 of every 100)."
    assert peers.sentence(SHARE, "8", 0.01) == "Less than is usual in Year 8 (5 of every 100)."
    assert peers.sentence(SHARE, "8", 0.055) == "About what is usual in Year 8 (5 of every 100)."
    assert peers.sentence(TIMES, "8", 2) == "More than is usual in Year 8 (none)."
    assert peers.sentence(SHARE, "8", 0.0625) == "A little more than is usual in Year 8 (5 of every 100)."
    days = feature("d", value_format="days")
    assert YearGroups({"Year 8": {"d": 1000.0}}).sentence(days, "8", 1100.0) == "About what is usual in Year 8 (about 3 years)."
    assert peers.sentence(TIMES, "9", 2) == peers.sentence(TIMES, "8", math.nan) == ""


def test_no_banned_word_in_any_word_of_lists_and_sheets() -> None:
    texts = [path.read_text(encoding="utf-8") for folder in (TEMPLATES, LIST_TEMPLATES) for path in folder.glob("*.html")]
    texts += [*OUTCOMES, *VIEWS, *words.REASONS, *words.ROLES.values(), *words.WHY_LISTED.values(), *HOLDERS.values()]
    texts += [text for theme in THEMES.values() for text in (theme.title, theme.going_well)]
    texts += [fill(f.phrase, f, 3) for f in ALL_FEATURES]
    found = [problem for text in texts for problem in check_words(text)]
    assert found == []


def test_templates_have_no_percentage_or_score() -> None:
    for folder in (TEMPLATES, LIST_TEMPLATES):
        for path in folder.glob("*.html"):
            text = path.read_text(encoding="utf-8").lower()
            assert not [word for word in ("score", " rank", "per cent", "probab", "contribution }}") if word in text], path.name
