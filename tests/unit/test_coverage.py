"""No row means none only where somebody sends such rows, of the child's school, and was known to do so on the date. All else is unknown."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import numpy as np
import pytest
from features_material import AS_OF, CALENDAR, ago, cohort, feature, past, people

from early_id.core.types import Missing, SharingClass, Unit
from early_id.features.build import build_at
from early_id.features.declare import Feature, any_, count, current, ever, last_days, total
from early_id.schema.conditions import is_true, isin
from early_id.schema.tables import Column, Table, Tables
from early_id.testing.evaluator import Twin

Rows = dict[str, list[dict[str, Any]]]
FOR_EVER = (date(2015, 1, 1), date(2035, 1, 1))


def answer(rows: Rows, asked: Feature, covers: Any, families: dict[str, str | None] | None = None, schools: dict[str, str | None] | None = None,
           tables: Tables | None = None) -> dict[str, float | None]:  # fmt: skip
    """The feature of each child, None where it is not known; the engine and its twin have to agree."""
    families = families or {"Ann": None}
    moment = past(rows, people(families), covers=covers, tables=tables)
    who = cohort(families, schools if schools is not None else dict.fromkeys(families, "S1"))
    values = build_at(moment, who, [asked], calendar=CALENDAR).values[asked.name]
    slow = Twin(moment.store, moment.people, AS_OF, CALENDAR).frame(who, [asked])[asked.name]
    np.testing.assert_array_equal(values, slow)
    return {child: None if np.isnan(value) else value for child, value in values.items()}


# --- several suppliers of one table

CARE = ("care", "household_factors", *FOR_EVER)
HOUSING = ("housing", "household_factors", *FOR_EVER)
UNSTATED = ("housing", "household_factors", None, date(2035, 1, 1))
RENT = feature(
    "rent", source="household_factors", measure=any_(isin("factor", {"rent_arrears"})), window=last_days(365), sharing=SharingClass.HOUSING_FINANCE
)
TEMPORARY = feature(
    "temporary", source="household_factors", measure=current(isin("factor", {"temporary_accommodation"})), window=ever(),
    sharing=SharingClass.HOUSING_FINANCE,
)  # fmt: skip


def factor(code: str, n: int, child: str = "Zoe", source: str = "care", **more: Any) -> dict[str, Any]:
    return {"child": child, "source": source, "factor": code, "happened_on": ago(n), **more}


SUPPLIERS = {
    # A social worker's assessment says nothing of the rent, whoever was assessed.
    "housing never sent": ([factor("4B", 500)], RENT, [CARE], None),
    "housing never sent, Ann was assessed": ([factor("4B", 500), factor("4B", 30, "Ann", "education")], RENT, [CARE], None),
    "housing named, and no row": ([factor("4B", 500)], RENT, [CARE, HOUSING], None),
    "housing sends": ([factor("4B", 500), factor("rent_arrears", 500, source="housing")], RENT, [CARE, HOUSING], 0),
    # The rent is one team's, council tax another's.
    "housing sends something else": ([factor("council_tax_arrears", 500, source="housing")], RENT, [CARE, HOUSING], None),
    "the rows of a source that covers nothing": ([factor("rent_arrears", 500, source="housing")], RENT, [CARE], None),
    "one supplier for both": ([factor("4B", 500), factor("rent_arrears", 500)], RENT, [CARE], 0),
    "what was counted is there": ([factor("rent_arrears", 30, "Ann", "education")], RENT, [CARE], 1),
    # Where nobody says since when all is recorded, it is since the first row of the kind.
    "rent sent for too short a time": ([factor("4B", 900, source="housing"), factor("rent_arrears", 302, source="housing")], RENT, [UNSTATED], None),
    "rent sent for long enough": ([factor("rent_arrears", 303, source="housing")], RENT, [UNSTATED], 0),
    "stated, so the first row does not matter": ([factor("rent_arrears", 5, source="housing")], RENT, [HOUSING], 0),
    # A closed spell shows neither that there is none now.
    "an old spell": ([factor("temporary_accommodation", 900, "Ann", "education", ended_on=ago(700))], TEMPORARY, [CARE], None),
    "an old spell, and housing sends": (
        [factor("temporary_accommodation", 900, "Ann", "education", ended_on=ago(700)), factor("temporary_accommodation", 900, source="housing")],
        TEMPORARY, [CARE, HOUSING], 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SUPPLIERS)
def test_a_kind_of_row_that_nobody_sends_is_unknown(name: str) -> None:
    rows, asked, covers, wanted = SUPPLIERS[name]
    assert answer({"household_factors": rows}, asked, covers) == {"Ann": wanted}


def test_a_count_of_several_kinds_needs_a_supplier_of_each() -> None:
    notices = feature("notices", source="notifications", measure=count(isin("kind", {"domestic_abuse_notice", "health"})), window=last_days(365))
    police = {"child": "Zoe", "source": "police", "kind": "domestic_abuse_notice", "happened_on": ago(500)}
    health = {"child": "Zoe", "source": "hospital", "kind": "health", "happened_on": ago(500)}
    covers = [("police", "notifications", *FOR_EVER), ("hospital", "notifications", *FOR_EVER)]
    assert answer({"notifications": [police]}, notices, covers) == {"Ann": None}
    assert answer({"notifications": [police, health]}, notices, covers) == {"Ann": 0}
    assert answer({"notifications": [police, health]}, notices, covers[:1]) == {"Ann": None}


def test_a_child_without_a_police_record_has_none_where_the_police_list_covers_the_time() -> None:
    """The police list is of every child of the area: Ann, of whom the police hold nothing, was not reported missing."""
    missing = feature("missing", source="missing_episodes", window=last_days(365), sharing=SharingClass.POLICE)
    other = {"child": "Zoe", "source": "police", "started_at": datetime.combine(ago(500), time(21)), "type": "M"}
    assert answer({"missing_episodes": [other]}, missing, [("police", "missing_episodes", None, FOR_EVER[1])]) == {"Ann": 0}
    assert answer({"missing_episodes": [other]}, missing, [("police", "missing_episodes", None, ago(63))]) == {"Ann": None}
    assert answer({"missing_episodes": [other]}, missing, []) == {"Ann": None}


# --- schools

SCHOOL_OF = {"Ann": "S1", "Ben": "S2", "Cat": "S3"}
FAMILIES: dict[str, str | None] = {"Ann": "F1", "Ben": "F1", "Cat": "F2"}
SUSPENDED = feature("suspended", window=last_days(365), sharing=SharingClass.SCHOOL)
ANYWHERE = feature("anywhere", window=last_days(365))
SIBLINGS = feature("siblings", window=last_days(365), unit=Unit.FAMILY)


def susp(school: str, file: str = "return.csv", child: str = "Zoe", n: int = 500, **more: Any) -> dict[str, Any]:
    return {"child": child, "school_id": school, "start_on": ago(n), "category": "SUSP", "file": file, **more}


def on_roll(child: str, school: str, first: int = 900, last: int | None = None) -> dict[str, Any]:
    return {"child": child, "school_id": school, "start_on": ago(first), "end_on": None if last is None else ago(last)}


ROLLS = [on_roll(child, school) for child, school in SCHOOL_OF.items()]


def of_schools(rows: list[dict[str, Any]], said: Any = None, asked: Feature = SUSPENDED, rolls: Any = None) -> dict[str, float | None]:
    covers = [("education", "suspensions", *FOR_EVER, said), ("education", "enrolments", *FOR_EVER)]
    return answer({"suspensions": rows, "enrolments": ROLLS if rolls is None else rolls}, asked, covers, FAMILIES, SCHOOL_OF)


SCHOOLS = {
    "nobody sends": ([], None, (None, None, None)),
    "a school that sends nothing is not covered by another's file": ([susp("S1", "s1.csv")], None, (0, None, None)),
    "two files of one school each are no return of all": ([susp("S1", "s1.csv"), susp("S2", "s2.csv")], None, (0, 0, None)),
    "a return of all schools, in which a small one has none": ([susp("S1"), susp("S2")], None, (0, 0, 0)),
    "a trust's file of schools that are not ours": ([susp("S1"), susp("T1"), susp("T2")], None, (0, None, None)),
    "the council says that it is of all": ([susp("S1")], "all", (0, 0, 0)),
    "of all, and nobody was suspended": ([], "all", (0, 0, 0)),
    "the council says that some do not send": ([susp("S1"), susp("S2")], "sent", (0, 0, None)),
    "the council names a school": ([susp("S1")], ["S3"], (0, None, 0)),
    "Ann was suspended, whoever sends": ([susp("S1", child="Ann", n=5)], None, (1, None, None)),
}


@pytest.mark.parametrize("name", SCHOOLS)
def test_a_school_that_sends_nothing_is_unknown_unless_the_return_is_of_all_schools(name: str) -> None:
    rows, said, wanted = SCHOOLS[name]
    assert tuple(of_schools(rows, said).values()) == wanted


def test_time_at_a_school_that_sends_nothing_is_not_covered_by_a_later_school() -> None:
    """Cat came to S1, which sends, from S3, which does not; Ben is at S2 and was always there."""
    moved = [on_roll("Cat", "S3", 900, 200), on_roll("Cat", "S1", 200), on_roll("Ben", "S2"), on_roll("Ann", "S1")]
    files = [susp("S1", "s1.csv"), susp("S2", "s2.csv")]
    assert of_schools(files, asked=ANYWHERE, rolls=moved) == {"Ann": 0, "Ben": 0, "Cat": None}
    long_ago = [on_roll("Cat", "S3", 900, 400), on_roll("Cat", "S1", 400), *moved[2:]]
    assert of_schools(files, asked=ANYWHERE, rolls=long_ago)["Cat"] == 0


def test_brothers_and_sisters_count_as_none_only_where_their_schools_send() -> None:
    # Ann's brother Ben is at S2, Ben's sister Ann at S1; Cat has neither.
    assert of_schools([susp("S1", "s1.csv")], asked=SIBLINGS) == {"Ann": None, "Ben": 0, "Cat": None}
    assert of_schools([susp("S1"), susp("S2")], asked=SIBLINGS) == {"Ann": 0, "Ben": 0, "Cat": None}
    newcomers = [on_roll("Ann", "S1", 100), on_roll("Ben", "S2"), on_roll("Cat", "S3")]
    assert of_schools([susp("S1"), susp("S2")], asked=SIBLINGS, rolls=newcomers) == {"Ann": 0, "Ben": None, "Cat": None}


def test_a_suspension_of_unknown_length_makes_the_sum_unknown_and_not_the_count() -> None:
    rows = [susp("S1", child="Ann", n=5, sessions=4), susp("S1", child="Ann", n=9), susp("S2", child="Ben", n=5, sessions=2)]
    assert of_schools(rows, "all", feature("lost", measure=total("sessions"))) == {"Ann": None, "Ben": 2, "Cat": 0}
    assert of_schools(rows, "all", feature("times")) == {"Ann": 2, "Ben": 1, "Cat": 0}


# --- the cut

LATE = {
    "known on the day": {"known_from": AS_OF},
    "known later": {"known_from": ago(-30)},
    "taken back": {"known_from": ago(500), "known_to": ago(1)},
}


@pytest.mark.parametrize("name", LATE)
def test_what_is_known_of_a_supplier_only_later_changes_nothing(name: str) -> None:
    """Rows that make housing, and S2 and S3, suppliers in hindsight."""
    seen = answer({"household_factors": [factor("rent_arrears", 500, source="housing")]}, RENT, [HOUSING])
    later = answer({"household_factors": [factor("rent_arrears", 500, source="housing", **LATE[name])]}, RENT, [HOUSING])
    assert (seen, later) == ({"Ann": 0}, {"Ann": None})
    earlier_start = [factor("rent_arrears", 100, source="housing"), factor("rent_arrears", 900, source="housing", **LATE[name])]
    assert answer({"household_factors": earlier_start}, RENT, [UNSTATED]) == {"Ann": None}
    rows = [susp("S1", "s1.csv"), susp("S2", **LATE[name]), susp("S3", **LATE[name])]
    assert tuple(of_schools(rows).values()) == (0, None, None)


# --- whole records

WORK = (Column("on", "date", required=True), Column("late", "yes_no"))


@pytest.mark.parametrize(("covered_by", "wanted"), [("source", {"Ann": None, "Ben": None}), ("source_or_rows", {"Ann": 0, "Ben": None})])
def test_a_table_may_say_that_whoever_has_a_row_has_a_whole_record(covered_by: str, wanted: dict[str, float | None]) -> None:
    work = Table("work", "Work", WORK, happened="on", sharing=SharingClass.EDUCATION, covered_by=covered_by)
    asked = feature("late", source="work", measure=count(is_true("late")), missing=Missing.ZERO_IF_COVERED)
    rows: Rows = {"work": [{"child": "Ann", "on": ago(3), "late": False}]}
    assert answer(rows, asked, [], {"Ann": None, "Ben": None}, tables=Tables().plus((work,))) == wanted
