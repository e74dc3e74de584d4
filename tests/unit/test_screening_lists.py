"""Who is listed, for whom, in which order, and who is taken out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from explain_fixtures import AS_OF, fake_matrix, model_for, people_of

from early_id.config.settings import ScreeningSettings
from early_id.core.errors import InputDataError, PolicyError, SettingsError
from early_id.core.types import Audience
from early_id.features.cohort import REASONS
from early_id.screening.capacity import choose_families, places
from early_id.screening.eligible import HUB_ONLY, NO_HUB, NO_PERSON, NO_SCHOOL
from early_id.screening.entries import ScreeningLists
from early_id.screening.lists import screen
from early_id.screening.people import Recipient, children_to_check, sort_key, tidy_people

MATRIX = fake_matrix()
PEOPLE = people_of(MATRIX)
MODELS = {audience: model_for(audience, MATRIX) for audience in ("school_lead", "hub_lead")}


def lists_for(audience: str, capacity: object = 5, **more: object) -> ScreeningLists:
    given = {"people_frame": PEOPLE, "capacity": capacity, **more}
    matrix = given.pop("matrix", MATRIX)
    return screen(MODELS[audience], matrix, **given)  # type: ignore[arg-type]


def children_of(lists: ScreeningLists) -> set[str]:
    return {child.explanation.child_id for one in lists.lists for family in one.families for child in family.children}


def test_highest_scoring_child_stands_for_the_family() -> None:
    scores = pd.Series([0.1, 3.0, 2.0, -1.0], index=list("abcd"))
    families = pd.Series(["f2", "f1", "f2", "f1"], index=list("abcd"))
    assert choose_families(scores, families, 1, tie_key="k") == ["f1"]
    assert choose_families(scores, families, 5, tie_key="k") == ["f1", "f2"]


def test_ties_break_by_key_and_repeat() -> None:
    scores = pd.Series(1.0, index=range(60))
    families = pd.Series([f"f{n}" for n in range(60)], index=range(60))
    first = choose_families(scores, families, 10, tie_key="one")
    assert first == choose_families(scores, families, 10, tie_key="one")
    assert first == choose_families(scores[::-1], families[::-1], 10, tie_key="one")
    assert first != choose_families(scores, families, 10, tie_key="two")


def test_no_list_is_longer_than_its_capacity() -> None:
    capacity = {"s0": 1, "s1": 3, "s2": 200, "s3": 4}
    for one in lists_for("school_lead", capacity).lists:
        assert len(one.families) <= one.capacity == capacity[one.recipient.id]


@pytest.mark.parametrize("capacity", [0, {"s0": 0, "s1": 1, "s2": 1, "s3": 1}])
def test_capacity_of_nought_is_refused(capacity: object) -> None:
    with pytest.raises(SettingsError, match="capacity of 's0' is 0"):
        lists_for("school_lead", capacity)


def test_recipient_without_a_capacity_is_refused() -> None:
    with pytest.raises(SettingsError, match="s0"):
        places({"s1": 3}, "s0")


@pytest.mark.parametrize("audience", ["school_lead", "hub_lead"])
def test_families_and_children_are_in_alphabetical_order(audience: str) -> None:
    names = PEOPLE.set_index("child_id")
    for one in lists_for(audience, 9).lists:
        firsts = []
        for family in one.families:
            keys = [(sort_key(names.at[c.explanation.child_id, "surname"]), sort_key(c.name.split(" ")[0])) for c in family.children]
            assert keys == sorted(keys)
            firsts.append(keys[0])
        assert firsts == sorted(firsts)


def test_order_ignores_accents_capitals_and_apostrophes() -> None:
    assert sorted(["Évans", "d'Arcy", "Darby", "evans", "O'Neill", "Onslow"], key=sort_key) == [
        "Darby",
        "d'Arcy",
        "Évans",
        "evans",
        "O'Neill",
        "Onslow",
    ]


def test_a_school_sees_its_own_pupils_and_a_hub_the_whole_family() -> None:
    school_of = MATRIX.index.set_index("child_id")["school_id"]
    for one in lists_for("school_lead").lists:
        assert {school_of[c.explanation.child_id] for f in one.families for c in f.children} <= {one.recipient.id}
    family_of = MATRIX.index.set_index("child_id")["family_id"]
    for one in lists_for("hub_lead").lists:
        for family in one.families:
            ids = {c.explanation.child_id for c in family.children}
            assert ids == set(family_of.index[family_of == family_of[next(iter(ids))]])


def test_each_family_has_one_entry_and_one_hub() -> None:
    listed = [c.explanation.child_id for one in lists_for("hub_lead", 500).lists for f in one.families for c in f.children]
    assert len(listed) == len(set(listed)) == len(MATRIX)


def test_family_in_two_hubs_is_a_finding() -> None:
    assert lists_for("hub_lead").findings.by_code()["LST002"] > 0


@pytest.mark.parametrize(("column", "value"), [("safe_contact", False), ("protected_address", True), ("no_joint_contact", True)])
def test_a_contact_mark_keeps_the_whole_family_off_school_lists(column: str, value: bool) -> None:
    people = PEOPLE.assign(safe_contact=True)
    family = MATRIX.index["family_id"].value_counts().index[0]
    child = people.loc[people["family_id"] == family, "child_id"].iloc[0]
    people.loc[people["child_id"] == child, column] = value
    members = set(people.loc[people["family_id"] == family, "child_id"])
    assert children_to_check(tidy_people(people)) == members
    school = lists_for("school_lead", 500, people_frame=people)
    assert not members & children_of(school)
    assert set(school.taken_out.loc[school.taken_out["reason"] == HUB_ONLY, "child_id"]) == members
    hub = lists_for("hub_lead", 500, people_frame=people)
    assert members <= children_of(hub)
    entries = [f for one in hub.lists for f in one.families if f.children[0].explanation.child_id in members]
    assert [entry.check_safe_contact for entry in entries] == [True]


def test_a_withheld_reason_asks_for_the_same_care() -> None:
    people = PEOPLE.assign(safe_contact=True)
    for one in lists_for("hub_lead", 50, people_frame=people).lists:
        for family in one.families:
            assert family.check_safe_contact == any(r.withheld for c in family.children for r in c.explanation.noticed)


def test_excluded_rows_hold_for_the_audience_they_name() -> None:
    child = str(MATRIX.index["child_id"].iloc[0])
    extra = MATRIX.excluded.iloc[[0]].assign(child_id=child, reason="a brother or sister is open", audiences="school_lead")
    matrix = replace(MATRIX, excluded=pd.concat([MATRIX.excluded, extra], ignore_index=True))
    school, hub = lists_for("school_lead", 500, matrix=matrix), lists_for("hub_lead", 500, matrix=matrix)
    assert child not in children_of(school) and child in children_of(hub)
    assert "a brother or sister is open" in set(school.taken_out["reason"])
    assert "a brother or sister is open" not in set(hub.taken_out["reason"])


@pytest.mark.parametrize("reason", ["household_open", REASONS["household_open"]])
def test_a_household_with_an_open_child_is_on_no_school_list_and_the_hub_asks_the_worker_first(reason: str) -> None:
    child, family = MATRIX.index[["child_id", "family_id"]].iloc[0]
    members = MATRIX.index[MATRIX.index["family_id"] == family]
    extra = members[["child_id", "as_of", "family_id", "school_id", "hub_id"]].assign(reason=reason, audiences="school_lead")
    matrix = replace(MATRIX, excluded=pd.concat([MATRIX.excluded, extra], ignore_index=True))
    assert not set(members["child_id"]) & children_of(lists_for("school_lead", 500, matrix=matrix))
    told = {
        c.explanation.child_id: f.speak_to_worker for one in lists_for("hub_lead", 500, matrix=matrix).lists for f in one.families for c in f.children
    }
    assert told[child] and sum(told.values()) == len(members)


def test_a_hub_hears_that_help_is_under_way_at_home_and_no_school_lists_the_family() -> None:
    family = MATRIX.index["family_id"].iloc[0]
    members = MATRIX.index[MATRIX.index["family_id"] == family]
    extra = members[["child_id", "as_of", "family_id", "school_id", "hub_id"]].assign(reason="household_in_help", audiences="school_lead")
    matrix = replace(MATRIX, excluded=pd.concat([MATRIX.excluded, extra], ignore_index=True))
    assert not set(members["child_id"]) & children_of(lists_for("school_lead", 500, matrix=matrix))
    hub = [f for one in lists_for("hub_lead", 500, matrix=matrix).lists for f in one.families]
    assert {c.explanation.child_id for f in hub if f.help_at_home for c in f.children} == set(members["child_id"])
    assert not any(f.speak_to_worker for f in hub)


def test_a_school_forms_families_from_its_own_addresses_and_a_hub_from_households() -> None:
    """Homes that join two households: one entry for the school, two for the hub."""
    two = MATRIX.index["family_id"].unique()[:2]
    index = MATRIX.index.assign(home_id=MATRIX.index["family_id"].replace({two[1]: two[0]}), school_id=MATRIX.index["school_id"].iloc[0])
    matrix = replace(MATRIX, index=index)
    together = set(index.loc[index["family_id"].isin(two), "child_id"])
    people = PEOPLE.assign(school_id=index["school_id"].iloc[0])

    def entries(audience: str) -> list[set[str]]:
        made = lists_for(audience, 500, matrix=matrix, people_frame=people)
        return [ids for one in made.lists for f in one.families if (ids := {c.explanation.child_id for c in f.children}) & together]

    assert entries("school_lead") == [together]
    assert len(entries("hub_lead")) == 2


@pytest.mark.parametrize("audiences", [("school_lead",), ["hub_lead", "school_lead"], "school_lead; hub_lead", "", "all", None])
def test_audiences_may_be_written_in_several_ways(audiences: object) -> None:
    excluded = MATRIX.excluded.assign(audiences=[audiences] * 2)
    assert {"x1", "x2"} <= set(lists_for("school_lead", matrix=replace(MATRIX, excluded=excluded)).taken_out["child_id"])


def test_nobody_is_lost() -> None:
    for audience in ("school_lead", "hub_lead"):
        lists = lists_for(audience, 500)
        assert len(children_of(lists)) + len(lists.taken_out) == len(MATRIX) + len(MATRIX.excluded)


def test_children_without_school_hub_or_record() -> None:
    index = MATRIX.index.copy()
    index.iloc[0, index.columns.get_loc("school_id")] = None
    index.iloc[1, index.columns.get_loc("hub_id")] = np.nan
    people = PEOPLE[PEOPLE["child_id"] != index["child_id"].iloc[2]].assign(safe_contact=True)
    matrix = replace(MATRIX, index=index)
    school = lists_for("school_lead", matrix=matrix, people_frame=people)
    hub = lists_for("hub_lead", matrix=matrix, people_frame=people)
    reasons = {"school": dict(zip(school.taken_out["child_id"], school.taken_out["reason"], strict=True))}
    reasons["hub"] = dict(zip(hub.taken_out["child_id"], hub.taken_out["reason"], strict=True))
    ids = index["child_id"].tolist()
    assert reasons["school"][ids[0]] == NO_SCHOOL and ids[0] not in reasons["hub"]
    assert reasons["hub"][ids[1]] == NO_HUB
    assert reasons["school"][ids[2]] == reasons["hub"][ids[2]] == NO_PERSON
    assert school.findings.by_code() == {"LST004": 1, "LST005": 1}
    assert hub.findings.by_code()["LST001"] == 1


def test_school_that_takes_no_part_is_a_finding() -> None:
    only = [Recipient(Audience.SCHOOL_LEAD, "s0", "School 0")]
    lists = lists_for("school_lead", recipients=only)
    assert [one.recipient.id for one in lists.lists] == ["s0"]
    assert lists.findings.by_code()["LST003"] > 0


def test_a_model_of_another_audience_makes_no_list() -> None:
    with pytest.raises(PolicyError, match="may not make a list"):
        screen(replace(MODELS["hub_lead"], audience="analyst"), MATRIX, people_frame=PEOPLE, capacity=5)  # type: ignore[arg-type]


def test_two_dates_are_refused() -> None:
    index = MATRIX.index.copy()
    index.iloc[0, index.columns.get_loc("as_of")] = pd.Timestamp("2025-03-03")
    with pytest.raises(SettingsError, match="matrix holds 2"):
        lists_for("school_lead", matrix=replace(MATRIX, index=index))


def test_a_child_twice_among_the_people_is_refused() -> None:
    with pytest.raises(InputDataError, match="occur twice"):
        lists_for("school_lead", people_frame=pd.concat([PEOPLE, PEOPLE.head(1)]))
    with pytest.raises(InputDataError, match="family_id"):
        lists_for("school_lead", people_frame=PEOPLE.drop(columns="family_id"))


def test_data_without_names_lists_keys() -> None:
    lists = lists_for("hub_lead", people_frame=PEOPLE[["child_id", "family_id", "hub_id"]])
    child = lists.lists[0].families[0].children[0]
    assert child.name == child.explanation.child_id


def test_known_to_services_is_for_hubs_and_counts_only() -> None:
    school, hub = lists_for("school_lead", 50), lists_for("hub_lead", 50)
    assert not any(f.known_to_services for one in school.lists for f in one.families)
    assert any(f.known_to_services for one in hub.lists for f in one.families)
    assert school.frame()["not_already_known"].sum() < school.frame()["families"].sum()


def test_summary_and_sum() -> None:
    both = lists_for("school_lead") + lists_for("hub_lead")
    summary = both.summary()
    assert {r["audience"] for r in summary["recipients"]} == {"school_lead", "hub_lead"}
    assert summary["taken_out"]["hub_lead"] == {"early help is already open": 1, "open to children's social care": 1}
    assert summary["taken_out"]["school_lead"][HUB_ONLY] > 0
    assert "c0" not in str(summary) and "counts only" in both._repr_html_()


def test_expiry_comes_from_the_settings() -> None:
    one = lists_for("hub_lead", settings=ScreeningSettings(expires_after_days=10)).lists[0]
    assert (one.expires_on - one.as_of).days == 10 and one.as_of.isoformat() == AS_OF
