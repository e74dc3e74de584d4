"""When a count is known: literal examples of sources that ended, of too few sessions, of spells that are over, and of records that are too old."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from features_material import CALENDAR, Rows, ago, answer, cohort, past, people

from early_id.core.types import Missing
from early_id.features import catalogue
from early_id.features.build import build_at
from early_id.features.declare import between_days, change

SHIPPED = catalogue()
FAR_BACK = date(2015, 1, 1)


def of_care(until: int, since: date = FAR_BACK) -> list[tuple[str, str, date, date]]:
    """Social care sends assessments from ``since`` until so many days before the date."""
    return [("education", "household_factors", since, ago(until))]


def factor(n: int, code: str, child: str = "Ann", **more: Any) -> dict[str, Any]:
    return {"child": child, "factor": code, "happened_on": ago(n), **more}


ASSESSED_LONG_AGO: Rows = {"household_factors": [factor(900, "4B"), factor(900, "21", "Bob")]}


@pytest.mark.parametrize("name", [f.name for f in SHIPPED if f.source == "household_factors" and f.missing is Missing.UNKNOWN and f.unit == "child"])
def test_a_source_that_has_ended_makes_no_noughts_of_those_once_assessed(name: str) -> None:
    """Every factor of the catalogue: nothing in the window, somebody assessed before it, and a source that sent its last file half a year ago."""
    rows = {"household_factors": [{**row, "recorded_by": "early_help"} for row in ASSESSED_LONG_AGO["household_factors"]]}
    families = {"Ann": None, "Bob": None, "Cat": None}
    ended = answer(rows, SHIPPED[name], families, covers=of_care(until=180))
    assert ended == {"Ann": None, "Bob": None, "Cat": None}
    assert answer(rows, SHIPPED[name], families, covers=of_care(until=5)) == {"Ann": 0, "Bob": 0, "Cat": None}


def test_what_was_counted_stays_counted_after_a_source_has_ended() -> None:
    rows: Rows = {"household_factors": [factor(300, "4B"), factor(300, "7A"), factor(300, "4B", "Bob")]}
    families = {"Ann": None, "Bob": None}
    assert answer(rows, SHIPPED["young_carer_factor_730d"], families, covers=of_care(until=180)) == {"Ann": 1, "Bob": None}
    assert answer(rows, SHIPPED["factors_count_730d"], families, covers=of_care(until=180)) == {"Ann": 2, "Bob": 1}


def test_moves_of_home_are_nought_only_while_somebody_sends_them() -> None:
    rows: Rows = {"household_members": [{"child": "Ann", "household_id": "H", "role": "child", "from_on": ago(1500)}]}
    covers = [("education", "household_members", FAR_BACK, ago(200))]
    assert answer(rows, SHIPPED["home_moves_730d"], covers=covers) == {"Ann": None}
    assert answer(rows, SHIPPED["home_moves_730d"]) == {"Ann": 0}


def test_kinds_of_worry_are_unknown_to_a_child_whom_nobody_assessed() -> None:
    rows: Rows = {"household_factors": [factor(30, "rent_arrears"), factor(30, "4B", "Bob"), factor(20, "4B", "Bob"), factor(30, "21", "Cat")]}
    assert answer(rows, SHIPPED["factor_kinds_730d"], {"Ann": None, "Bob": None, "Cat": None}) == {"Ann": None, "Bob": 1, "Cat": 0}


def test_whether_a_change_is_known_does_not_hang_on_what_else_is_asked_for() -> None:
    """Somebody was assessed long before either window; a feature that reaches that far, asked for beside it, changes nothing."""
    moment = past(ASSESSED_LONG_AGO, people({"Ann": None}), covers=of_care(until=0))
    base = SHIPPED["factors_count_180d"]
    alone = base.__class__(**{**vars(base), "name": "alone", "measure": change(base.measure, earlier=between_days(360, 180))})
    who = cohort({"Ann": None}, {"Ann": "S1"})
    values = [build_at(moment, who, asked, calendar=CALENDAR).values["alone"].tolist() for asked in ([alone], [alone, SHIPPED["factors_count_730d"]])]
    assert values == [[0.0], [0.0]]


def marks(of: str, count: int) -> Rows:
    """The newest school mornings before the date, as many as there are letters in ``of`` times ``count``, and nothing else."""
    days = [day for n in range(1, 60) if (day := ago(n)).weekday() < 5 and day <= ago(9)]
    codes = of * count
    return {
        "attendance": [
            {"child": "Ann", "school_id": "S1", "session": "AM", "date": day, "code": code} for day, code in zip(days, codes, strict=False)
        ]
    }


@pytest.mark.parametrize(
    ("name", "codes", "enough"),
    [
        ("absence_days_6sw", "O/", 12), ("absence_weeks_12sw", "O/", 4), ("late_weeks_12sw", "L/", 4), ("unauthorised_count_10sw", "O/", 12),
        ("part_time_weeks_365d", "B/", 0),
    ],
)  # fmt: skip
def test_a_number_of_days_weeks_or_marks_takes_twenty_sessions_that_were_due(name: str, codes: str, enough: int) -> None:
    few, many = (answer(marks(codes, n), SHIPPED[name]) for n in (9, 12))
    assert few == {"Ann": None}
    assert many["Ann"] is not None and many["Ann"] >= enough - 3
    # Sessions that no school asked for are no such sessions.
    assert answer(marks("X#", 12), SHIPPED[name]) == {"Ann": None}


def test_a_place_or_home_that_is_over_is_not_the_present_one() -> None:
    def home(child: str, n: int, to: int | None = None) -> dict[str, Any]:
        return {"child": child, "household_id": "H", "role": "child", "from_on": ago(n), "to_on": None if to is None else ago(to)}

    def roll(child: str, n: int, to: int | None = None) -> dict[str, Any]:
        return {"child": child, "school_id": "S1", "start_on": ago(n), "end_on": None if to is None else ago(to), "nc_year": "8"}

    families = dict.fromkeys(("Ann", "Bob", "Cat", "Dan"))
    # Ann came back after a year elsewhere; Bob has left; Cat's end is not known yet on the date; Dan has only ever been in one place.
    homes: Rows = {"household_members": [home("Ann", 900, 700), home("Ann", 90), home("Bob", 400, 30), home("Cat", 50, -10), home("Dan", 800)]}
    assert answer(homes, SHIPPED["days_at_home_ever"], families) == {"Ann": 90, "Bob": None, "Cat": 50, "Dan": 800}


def test_a_roll_that_is_renewed_each_september_is_one_stay() -> None:
    def roll(child: str, *spells: tuple[int, int | None]) -> list[dict[str, Any]]:
        return [
            {"child": child, "school_id": "S1", "start_on": ago(n), "end_on": None if to is None else ago(to), "nc_year": "8"} for n, to in spells
        ]

    families = dict.fromkeys(("Ann", "Bob", "Cat", "Dan", "Eve", "Fay"))
    rolls: Rows = {
        "enrolments": [
            *roll("Ann", (900, 600), (540, 240), (200, None)),  # gaps of 60 and 40 days
            *roll("Bob", (900, 600), (539, None)),  # of 61 days
            *roll("Cat", (400, 30)),  # has left
            *roll("Dan", (50, -10)),  # an end that is not known yet
            *roll("Eve", (800, 100), (700, 650), (90, None), (90, None)),  # a spell within another, and one told twice
            *roll("Fay", (800, None), (300, 200)),  # never closed, and told again
        ]
    }
    assert answer(rolls, SHIPPED["days_at_school_ever"], families) == {"Ann": 900, "Bob": 539, "Cat": None, "Dan": 50, "Eve": 800, "Fay": 800}


def test_temporary_housing_recorded_more_than_two_years_ago_counts_no_longer() -> None:
    rows: Rows = {
        "household_factors": [
            factor(731, "temporary_accommodation"), factor(729, "temporary_accommodation", "Bob"),
            factor(700, "temporary_accommodation", "Cat", ended_on=ago(20)),
        ]
    }  # fmt: skip
    families = {"Ann": None, "Bob": None, "Cat": None}
    assert answer(rows, SHIPPED["temporary_accommodation_now"], families) == {"Ann": 0, "Bob": 1, "Cat": 0}
