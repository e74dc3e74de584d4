"""Literal examples of what is counted by week, by size, by interval, by part of a date, by year group, and of rows that features may not see."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from features_material import AS_OF, CALENDAR, Rows, ago, answer, cohort, feature, past, people

from early_id.core.errors import DeclarationError
from early_id.core.types import Missing, SharingClass, Unit
from early_id.features.build import build_at
from early_id.features.catalogue import Catalogue
from early_id.features.declare import (
    Measure,
    against_peers,
    any_,
    between_days,
    change,
    count,
    current,
    days_since_first,
    different,
    ever,
    largest,
    last_days,
    mean_gap,
    relatives,
    share,
    weeks,
)
from early_id.schema.absence import IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES
from early_id.schema.conditions import hour_in, isin, month_in, not_, weekday_in
from early_id.schema.tables import CANONICAL

SUSP = isin("category", {"SUSP"})


def susp(n: int, sessions: int | None = None, child: str = "Ann", **more: Any) -> dict[str, Any]:
    return {"child": child, "school_id": "S1", "start_on": ago(n), "category": "SUSP", "sessions": sessions, **more}


def on_roll(child: str = "Ann", first: int = 900, school: str = "S1", **more: Any) -> dict[str, Any]:
    return {"child": child, "school_id": school, "start_on": ago(first), **more}


def mark(child: str, n: int, code: str = "O", school: str = "S1", **more: Any) -> dict[str, Any]:
    return {"child": child, "school_id": school, "date": ago(n), "session": "AM", "code": code, **more}


#: AS_OF is a Wednesday: three days ago is a Sunday, two days ago the Monday of this week.
SUSPENSIONS: dict[str, tuple[list[dict[str, Any]], Measure, float | None]] = {
    "weeks: Monday and Tuesday are one week": ([susp(2), susp(1)], weeks(), 1),
    "weeks: Sunday and Monday are two": ([susp(3), susp(2)], weeks(), 2),
    "weeks: none": ([], weeks(), 0),
    "weeks: only those that count": ([susp(2), susp(20, category="PERM")], weeks(SUSP), 1),
    "largest": ([susp(5, 2), susp(9, 10), susp(20, 4)], largest("sessions"), 10),
    "largest: outside the window": ([susp(5, 2), susp(91, 10)], largest("sessions"), 2),
    "largest: none": ([], largest("sessions"), 0),
    "largest: of an unknown length": ([susp(5, 2), susp(9)], largest("sessions"), None),
    "largest: the unknown one does not count": ([susp(5, 2), susp(9, category="PERM")], largest("sessions", SUSP), 2),
    "longer than in the year before": ([susp(5, 10), susp(300, 4)], change(largest("sessions"), earlier=between_days(455, 90)), 6),
    "different": ([susp(5, reason_1="PP"), susp(9, reason_1="PP"), susp(20, reason_1="DB")], different("reason_1"), 2),
    "different: none": ([], different("reason_1"), 0),
    "different: of an unknown one": ([susp(5, reason_1="PP"), susp(9)], different("reason_1"), None),
    "since the first": ([susp(5), susp(80), susp(91)], days_since_first(), 80),
    "since the first: none": ([], days_since_first(), None),
    "gap: 10, 20, 50 days ago": ([susp(10), susp(20), susp(50)], mean_gap(), 20),
    "gap: two on one day": ([susp(10), susp(10), susp(50)], mean_gap(), 20),
    "gap: only one": ([susp(10)], mean_gap(), None),
    "weekday: a Monday and a Sunday": ([susp(2), susp(3)], count(weekday_in("start_on", {0})), 1),
    "not a weekday": ([susp(2), susp(3)], count(not_(weekday_in("start_on", {0}))), 1),
    "month: 28 February and 1 March": (
        [susp(0, start_on=date(2025, 2, 28)), susp(0, start_on=date(2025, 3, 1))], count(month_in("start_on", {2})), 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SUSPENSIONS)
def test_literal_examples(name: str) -> None:
    rows, measure, wanted = SUSPENSIONS[name]
    sent = [*rows, susp(900, 1, "Zoe")]
    assert answer({"suspensions": sent, "enrolments": [on_roll()]}, feature("f", measure=measure)) == {"Ann": wanted}


@pytest.mark.parametrize(("hour", "minute", "wanted"), [(21, 59, 0), (22, 0, 1), (5, 59, 1), (6, 0, 0)])
def test_an_hour_is_that_in_which_the_time_lies(hour: int, minute: int, wanted: int) -> None:
    episode = {"child": "Ann", "started_at": datetime(2025, 3, 10, hour, minute), "type": "M"}
    by_night = feature("f", source="missing_episodes", measure=count(hour_in("started_at", {22, 23, 0, 1, 2, 3, 4, 5})), sharing=SharingClass.POLICE)
    assert answer({"missing_episodes": [episode]}, by_night) == {"Ann": wanted}


def test_an_open_episode_ended_at_no_hour() -> None:
    episode = {"child": "Ann", "started_at": datetime(2025, 3, 10, 9), "type": "M", "ended_at": None}
    asked = [feature("f", source="missing_episodes", measure=count(part), sharing=SharingClass.POLICE) for part in _ENDED]
    assert [answer({"missing_episodes": [episode]}, one)["Ann"] for one in asked] == [0, 1]


_ENDED = (hour_in("ended_at", range(24)), not_(hour_in("ended_at", range(24))))


def test_relatives_are_the_other_children_of_the_household() -> None:
    asked = feature("f", source="household_members", measure=relatives(), window=ever(), unit=Unit.FAMILY, sharing=SharingClass.HOUSING_FINANCE)
    families: dict[str, str | None] = {"Ann": "F1", "Ben": "F1", "Cat": "F1", "Dan": "F2", "Eve": None}
    rows: Rows = {"household_members": []}
    # Dan lives without other children; of Eve no household is known.
    assert answer(rows, asked, families) == {"Ann": 2, "Ben": 2, "Cat": 2, "Dan": 0, "Eve": None}


PEERS = feature(
    "f", source="attendance", measure=against_peers(share(IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES), at_least=3), window=last_days(90),
    sharing=SharingClass.SCHOOL, theme="attendance", missing=Missing.UNKNOWN,
)  # fmt: skip
CLASS: dict[str, str | None] = dict.fromkeys(("Ann", "Ben", "Cat", "Dan"))


def class_of(years: str = "7777", school: str = "S1", **more: Any) -> list[dict[str, Any]]:
    return [on_roll(child, school=school, nc_year=year, **more) for child, year in zip(CLASS, years, strict=True)]


#: Ann missed both of two sessions, Ben one of two, Cat and Dan none of two: three of eight.
MARKS = [mark("Ann", 20), mark("Ann", 21), mark("Ben", 20), mark("Ben", 21, "/"), *(mark(c, n, "/") for c in ("Cat", "Dan") for n in (20, 21))]
YEAR_GROUPS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], tuple[float | None, ...]]] = {
    "one year group": (class_of(), MARKS, (5 / 8, 1 / 8, -3 / 8, -3 / 8)),
    "the others are in another year": (class_of("7788"), MARKS, (None, None, None, None)),
    "three are enough": (class_of("7778"), MARKS, (1 / 2, 0, -1 / 2, None)),
    "no year is said": ([on_roll(child) for child in CLASS], MARKS, (None,) * 4),
    "another window": (class_of(), [*MARKS, *(mark("Dan", 91) for _ in range(3))], (5 / 8, 1 / 8, -3 / 8, -3 / 8)),
    "marks of another school": (class_of(), [*MARKS, mark("Dan", 22, school="S2")], (5 / 8, 1 / 8, -3 / 8, -3 / 8)),
    "who left is no peer": ([*class_of()[:3], on_roll("Dan", nc_year="7", end_on=ago(1))], MARKS, (1 / 2, 0, -1 / 2, None)),
    "who leaves today still is": ([*class_of()[:3], on_roll("Dan", nc_year="7", end_on=AS_OF)], MARKS, (5 / 8, 1 / 8, -3 / 8, -3 / 8)),
    "a peer who has no marks does not count": (class_of(), [row for row in MARKS if row["child"] != "Dan"], (1 / 2, 0, -1 / 2, None)),
    "the year of the newest enrolment": ([*class_of("7777"), on_roll("Dan", 100, nc_year="8")], MARKS, (1 / 2, 0, -1 / 2, None)),
}  # fmt: skip


@pytest.mark.parametrize("name", YEAR_GROUPS)
def test_a_child_is_compared_with_the_year_group_of_the_school(name: str) -> None:
    rolls, marks, wanted = YEAR_GROUPS[name]
    assert answer({"attendance": marks, "enrolments": rolls}, PEERS, CLASS) == pytest.approx(dict(zip(CLASS, wanted, strict=True)))


def test_a_comparison_with_the_year_group_counts_children_of_whom_nobody_asks() -> None:
    moment = past({"attendance": MARKS, "enrolments": class_of()}, people(CLASS))
    one = build_at(moment, cohort({"Ann": None}, {"Ann": "S1"}), [PEERS], calendar=CALENDAR)
    assert one.values.at["Ann", "f"] == pytest.approx(5 / 8)
    assert one.newest.at["Ann", "f"].date() == ago(20)


NOT_LIKE_THIS = {
    "a count": {"measure": against_peers(count(SUSP))},
    "of a family": {"unit": Unit.FAMILY},
    "of all schools": {"sharing": SharingClass.EDUCATION},
}


@pytest.mark.parametrize("name", NOT_LIKE_THIS)
def test_only_a_share_of_the_own_school_can_be_compared(name: str) -> None:
    with pytest.raises(DeclarationError):
        Catalogue((feature(**{**PEERS.__dict__, **NOT_LIKE_THIS[name]}),))


@pytest.mark.parametrize(
    "parts",
    [
        {"measure": count(hour_in("start_on", {9}))},  # a date has no hour
        {"measure": count(weekday_in("category", {0}))},
        {"measure": Measure("different")},
        {"measure": largest("category")},
        {"measure": relatives()},
        {"measure": change(relatives(), earlier=last_days(9)), "unit": Unit.FAMILY},
    ],
)
def test_half_said_measures_do_not_load(parts: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError):
        Catalogue((feature(**parts),))


# --- early help: a refusal leaves no trace

HELP = [
    feature(name, source="early_help", measure=measure, window=ever(), sharing=SharingClass.SOCIAL_CARE, missing=missing)
    for name, measure, missing in (
        ("any", any_(), Missing.ZERO_IF_COVERED),
        ("number", count(), Missing.UNKNOWN),
        ("well", any_(isin("end_reason", {"needs met"})), Missing.ZERO_IF_COVERED),
        ("not_well", count(not_(isin("end_reason", {"needs met"}))), Missing.ZERO_IF_COVERED),
        ("kinds", different("end_reason"), Missing.ZERO_IF_COVERED),
        ("open", current(), Missing.ZERO_IF_COVERED),
    )
]
OFFER = {"child": "Ann", "offered_on": ago(200), "known_from": ago(199)}
NO_TRACE = {
    "not now": {**OFFER, "response": "not_now"},
    "could not be reached": {**OFFER, "response": "no_contact"},
    "no answer yet": {**OFFER, "response": None},
    "began, and the family wished it to end": {
        **OFFER, "response": "accepted", "start_on": ago(190), "end_on": ago(100), "end_reason": "family withdrew",
    },
}  # fmt: skip
OTHERS = [{"child": "Zoe", "offered_on": ago(500), "response": "accepted"}]


@pytest.mark.parametrize("name", NO_TRACE)
def test_a_refusal_leaves_no_trace_in_any_feature_not_even_by_a_row_that_is_missing(name: str) -> None:
    for asked in HELP:
        without = answer({"early_help": OTHERS}, asked)
        assert answer({"early_help": [*OTHERS, NO_TRACE[name]]}, asked) == without, asked.name


def test_help_that_was_accepted_is_seen() -> None:
    well = {**OFFER, "response": "accepted", "start_on": ago(190), "end_on": ago(100), "end_reason": "needs met"}
    found = {asked.name: answer({"early_help": [*OTHERS, well]}, asked)["Ann"] for asked in HELP}
    assert found == {"any": 1, "number": 1, "well": 1, "not_well": 0, "kinds": 1, "open": 0}


def test_nobody_can_declare_that_a_family_withdrew() -> None:
    assert CANONICAL["early_help"].shown is not None
    with pytest.raises(DeclarationError, match="'family withdrew' of the list"):
        Catalogue((feature(source="early_help", measure=any_(isin("end_reason", {"family withdrew"})), sharing=SharingClass.SOCIAL_CARE),))
