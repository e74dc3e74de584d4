"""What holds an entry back: a family's own wish until its date, an objection, and contact that may not be safe; each case by itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from features_material import AS_OF, ago, past, people
from hypothesis import given, settings
from hypothesis import strategies as st

from early_id.config.settings import Config
from early_id.core.privacy import keyed_hash
from early_id.features.cohort import Cohort, council_cohort

BORN, SIXTEEN = date(2014, 6, 1), date(2009, 1, 19)
Row = dict[str, Any]
NAMES = ("Ann", "Ben", "Cat", "Dan")
#: Ann and Ben live together as housing holds it, Ann and Cat as the school does; Dan is nobody's brother.
HOME = "F" + keyed_hash("education:H1", "k")
FAMILIES = {"Ann": HOME, "Ben": HOME, "Cat": "F2", "Dan": "F3"}
NOTHING: dict[str, list[Row]] = {
    name: [] for name in ("early_help", "contacts", "statutory", "household_factors", "notifications", "wishes", "household_members")
}


def member(child: str, household: str, role: str = "child", **more: Any) -> Row:
    return {"child": child, "household_id": household, "role": role, "from_on": ago(400), **more}


def made(born: date = BORN, **rows: list[Row]) -> Cohort:
    base = {
        "pupils": [{"child": n, "birth_date": born, "uprn": {"Ann": "1", "Cat": "1"}.get(n, n)} for n in NAMES],
        "enrolments": [{"child": n, "school_id": "S1", "start_on": ago(400), "nc_year": "5"} for n in NAMES],
        "schools": [{"school_id": "S1", "name": "One", "hub_id": "H1"}],
    }
    return council_cohort(past({**NOTHING, **base, **rows}, people(FAMILIES)), Config())


def out_of_all(cohort: Cohort) -> dict[str, str]:
    return cohort.excluded[cohort.excluded["audiences"] == "all"].set_index("child_id")["reason"].to_dict()


def off_school_lists(cohort: Cohort) -> dict[str, str]:
    return cohort.excluded[cohort.excluded["audiences"] == "school_lead"].set_index("child_id")["reason"].to_dict()


def wish(child: str = "Ann", on: int = 30, until: int | None = -30, kind: str = "not_this_way", **more: Any) -> Row:
    return {"child": child, "kind": kind, "from_on": ago(on), "until_on": None if until is None else ago(until), **more}


# --- the family's own wish


def test_a_wish_holds_for_all_at_home_and_for_nobody_else() -> None:
    cohort = made(wishes=[wish()])
    assert out_of_all(cohort) == dict.fromkeys(("Ann", "Ben", "Cat"), "family_wish")
    assert set(cohort.index["child_id"]) == {"Dan"}
    assert set(cohort.excluded["until"]) == {pd.Timestamp(ago(-30))}


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        (wish(until=None), True),
        (wish(until=-1), True),
        (wish(until=0), False),  # over on the day that the family chose
        (wish(until=5), False),
        (wish(on=0), False),  # recorded on the day itself: known from the next list on
        (wish(known_from=AS_OF), False),
        (wish(known_to=ago(1)), False),  # taken back
        (wish(known_to=AS_OF), True),
        (wish(on=30, until=40), True),  # ends before it begins: a slip of the pen, and it holds
        (wish(kind="please do not"), True),  # whoever wrote it down meant something
    ],
)
def test_from_when_and_until_when(row: Row, holds: bool) -> None:
    assert ("Ann" in out_of_all(made(wishes=[row]))) is holds


def test_an_adults_wish_holds_for_the_children_of_the_household() -> None:
    rows = [member("Mum", "H1", "parent"), member("Ann", "H1"), member("Ben", "H1")]
    assert out_of_all(made(wishes=[wish("Mum")], household_members=rows)) == dict.fromkeys(("Ann", "Ben"), "family_wish")
    gone = [member("Mum", "H1", "parent", to_on=ago(10)), *rows[1:]]
    assert out_of_all(made(wishes=[wish("Mum")], household_members=gone)) == {}


def test_an_objection_comes_first_and_the_later_date_counts() -> None:
    cohort = made(wishes=[wish(), wish("Ben", kind="objection", until=None), wish(on=20, until=-60)])
    assert out_of_all(cohort)["Ben"] == out_of_all(cohort)["Ann"] == "objection" and out_of_all(cohort)["Cat"] == "family_wish"
    until = cohort.excluded.set_index("child_id")["until"]
    assert until["Cat"] == pd.Timestamp(ago(-60)) and pd.isna(until["Ben"])


ANSWERS = st.lists(
    st.fixed_dictionaries(
        {"child": st.sampled_from(NAMES), "offered_on": st.integers(1, 800).map(ago), "response": st.sampled_from(["not_now", "no_contact", None])}
    ),
    max_size=6,
)


@settings(max_examples=15, deadline=None)
@given(ANSWERS)
def test_a_past_not_now_neither_raises_nor_lowers_nor_removes(answers: list[Row]) -> None:
    """Whatever a family said to offers of help, the cohort and its reasons are those without any offer."""
    plain = made()
    asked = made(early_help=answers)
    told = ["known_to_services"]  # that somebody offered help is told to hubs; what was said is not
    pd.testing.assert_frame_equal(asked.index.drop(columns=told), plain.index.drop(columns=told))
    assert asked.excluded.empty and plain.excluded.empty


# --- contact that may not be safe

ABUSE = {
    "notice of police": {"notifications": [{"child": "Ann", "kind": "domestic_abuse_notice", "happened_on": ago(1500)}]},
    "child": {"household_factors": [{"child": "Ann", "factor": "3A", "happened_on": ago(900)}]},
    "parent": {"household_factors": [{"child": "Ann", "factor": "3B", "happened_on": ago(20)}]},
    "another at home": {"household_factors": [{"child": "Ann", "factor": "3C", "happened_on": ago(20)}]},
}


@pytest.mark.parametrize("rows", ABUSE.values(), ids=ABUSE.keys())
def test_after_domestic_abuse_the_family_is_hub_only(rows: dict[str, list[Row]]) -> None:
    cohort = made(**rows)
    assert off_school_lists(cohort) == dict.fromkeys(("Ann", "Ben", "Cat"), "safe_contact_first") and out_of_all(cohort) == {}
    assert dict(zip(cohort.index["child_id"], cohort.index["contact_is_safe"], strict=True)) == {
        "Ann": False,
        "Ben": False,
        "Cat": False,
        "Dan": True,
    }
    assert not [name for name in cohort.index if "abuse" in name or "check" in name]


@pytest.mark.parametrize("kind", ["youth_justice", "health", "bereavement"])
def test_other_notices_keep_nobody_off_a_school_list(kind: str) -> None:
    assert off_school_lists(made(notifications=[{"child": "Ann", "kind": kind, "happened_on": ago(10)}])) == {}


APART = {
    "alone in an own home": ([member("Dan", "H9"), member("Mum", "H1", "parent")], True),
    "the own adult, with a baby": ([member("Dan", "H9", "parent"), member("Baby", "H9"), member("Mum", "H1", "parent")], True),
    "moved out of home": ([member("Dan", "H1", to_on=ago(20)), member("Dan", "H9", from_on=ago(20)), member("Mum", "H1", "parent")], True),
    "the adult moved out": ([member("Dan", "H1"), member("Mum", "H1", "parent", to_on=ago(20)), member("Dad", "H2", "parent")], True),
    "with a parent": ([member("Dan", "H1"), member("Mum", "H1", "parent")], False),
    "with another adult": ([member("Dan", "H1"), member("Gran", "H1", "other_adult")], False),
    "no source sends adults": ([member("Dan", "H9")], False),
    "in no household": ([member("Mum", "H1", "parent")], False),
}


@pytest.mark.parametrize(("rows", "apart"), APART.values(), ids=APART.keys())
def test_a_young_person_living_apart_is_hub_only(rows: list[Row], apart: bool) -> None:
    assert ("Dan" in off_school_lists(made(SIXTEEN, household_members=rows))) is apart
    assert "Dan" not in off_school_lists(made(BORN, household_members=rows))  # a younger child without an adult is a gap of the records
