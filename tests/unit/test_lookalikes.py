"""A missed link takes a child out where name and date of birth agree; it never puts anybody on a list."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from early_id.config.settings import Config
from early_id.data.synth.population.identifiers import make_upns
from early_id.features.cohort import council_cohort
from early_id.features.lookalikes import with_doubts
from early_id.features.past import Past
from early_id.linkage import link_people
from early_id.testing.memory_store import MemoryStore

DAY = date(2025, 3, 17)
BORN, LONG_AGO = date(2013, 5, 1), date(2020, 9, 1)


def person(source: str, number: str, forename: str, surname: str = "Reed", born: date = BORN, upn: str | None = None) -> dict:
    return {
        "source": source, "source_person_id": number, "forename": forename, "surname": surname, "birth_date": born, "upn": upn,
        "recorded_on": LONG_AGO, "known_from": LONG_AGO,
    }  # fmt: skip


def cohort(people: list[dict], statutory: list[dict], households: list[dict] | None = None) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    on_roll = [row["source_person_id"] for row in people if row["source"] == "education"]
    enrolments = [{"source_person_id": number, "school_id": "S1", "start_on": LONG_AGO, "nc_year": "7"} for number in on_roll]
    schools = [{"school_id": "S1", "name": "One", "hub_id": "H1"}]
    rows = {"pupils": people, "enrolments": enrolments, "schools": schools, "statutory": statutory, "household_members": households or []}
    store = MemoryStore(rows)
    frames = {name: store.table(name).execute() for name in ("pupils", "household_members")}
    linked = link_people(frames["pupils"], frames["household_members"], key="k")
    made = council_cohort(Past(store, linked, DAY), Config())
    ids = {f"{s}:{p}": c for s, p, c in linked.person_links[["source", "source_person_id", "child_id"]].itertuples(index=False)}
    return made.index, made.excluded, ids


def plan(number: str, source: str = "social_care") -> dict:
    return {"source": source, "source_person_id": number, "status": "CPP", "start_on": date(2025, 1, 6)}


def test_an_open_record_that_cannot_be_linked_takes_out_the_child_who_looks_the_same() -> None:
    people = [person("education", "E1", "Joan"), person("education", "E2", "Mia"), person("social_care", "SC1", " JOAN ")]
    index, excluded, ids = cohort(people, [plan("SC1")])
    assert list(index["child_id"]) == [ids["education:E2"]]
    reasons = excluded.set_index("child_id")["reason"]
    assert reasons[ids["education:E1"]] == "maybe_statutory"
    assert reasons[ids["social_care:SC1"]] == "protection_plan"


def test_another_date_of_birth_is_another_child() -> None:
    people = [person("education", "E1", "Joan"), person("social_care", "SC1", "Joan", born=date(2013, 5, 2))]
    index, _, ids = cohort(people, [plan("SC1")])
    assert list(index["child_id"]) == [ids["education:E1"]]


def test_the_brother_of_such_a_child_is_on_no_school_list() -> None:
    people = [person("education", "E1", "Joan"), person("education", "E2", "Tom", born=date(2015, 2, 2)), person("social_care", "SC1", "Joan")]
    household = [
        {"source": "education", "source_person_id": number, "household_id": "HH", "role": "child", "from_on": LONG_AGO} for number in ("E1", "E2")
    ]
    index, excluded, ids = cohort(people, [plan("SC1")], household)
    assert index.set_index("child_id")["household"].to_dict() == {ids["education:E2"]: "household_open"}
    assert ("household_open", "school_lead") in set(excluded[["reason", "audiences"]].itertuples(index=False, name=None))


def test_a_second_record_of_a_child_on_roll_is_not_a_second_child_and_its_marks_hold() -> None:
    people = [person("education", "E1", "Joan"), person("housing", "HO1", "Joan")]
    household = [
        {"source": "housing", "source_person_id": "HO1", "household_id": "HH", "role": "child", "from_on": LONG_AGO, "protected_address": True}
    ]
    index, excluded, ids = cohort(people, [], household)
    assert list(index["child_id"]) == [ids["education:E1"]]
    assert not index["contact_is_safe"].any()
    assert excluded.set_index("child_id")["reason"][ids["housing:HO1"]] == "double_record"


def test_a_pair_that_waits_for_somebody_to_look_takes_the_child_out_and_puts_nobody_on() -> None:
    """The same number under another forename: too little to join them, enough not to list the child."""
    upn = str(make_upns(np.array([2013]))[0])
    people = [person("education", "E1", "Joan", upn=upn), person("education", "E2", "Mia"), person("social_care", "SC1", "Zarah", upn=upn)]
    index, excluded, ids = cohort(people, [plan("SC1")])
    assert ids["education:E1"] != ids["social_care:SC1"]
    assert list(index["child_id"]) == [ids["education:E2"]]
    assert excluded.set_index("child_id")["reason"][ids["education:E1"]] == "maybe_statutory"


def test_doubts_join_likenesses_and_leave_the_others_as_they_are() -> None:
    alike = pd.Series({"a": "ann|reed", "b": "bea|reed", "c": None, "d": "dan|pike", "e": "ann|reed"}, dtype=object)
    pairs = pd.DataFrame({"child_id": ["a", "b"], "other_id": ["b", "c"]})
    made = with_doubts(alike, pairs)
    assert made["a"] == made["b"] == made["c"] == made["e"] != made["d"] == "dan|pike"
    assert with_doubts(alike, pairs.iloc[:0]) is alike
