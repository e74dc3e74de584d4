"""Who is joined, who waits for a person, and who may never be joined, case by case and by name."""

from __future__ import annotations

import pandas as pd
import pytest
from linkage_material import NUMBERS, UPNS, frame, groups, linked, linked_in_a_crowd, record, said

from early_id.config.settings import LinkageSettings
from early_id.linkage.people import link_people

HOME = {"postcode": "AB1 2CD"}
TEMPORARY = "M80120000500A"


def test_the_same_child_without_any_number_is_found_by_name_birthday_and_home() -> None:
    people = linked_in_a_crowd(record("edu", "1", **HOME), record("care", "2", "Joanne", **HOME), record("police", "3", "Joann", "Reed", **HOME))
    assert groups(people) == {frozenset({"edu:1", "care:2", "police:3"})}
    trust = people.person_links.set_index("source").loc[["edu", "care", "police"], "trust"]
    assert trust.between(0.99, 1, inclusive="left").all()  # only a number is certain


def test_names_are_not_used_where_the_settings_say_so() -> None:
    people = linked(record("edu", "1", **HOME), record("care", "2", **HOME), settings=LinkageSettings(use_names=False))
    assert groups(people) == set()


# --- numbers need something beside them


@pytest.mark.parametrize(
    ("second", "joined"),
    [
        ({}, True),
        ({"forename": "Joanna"}, True),
        ({"born": "2012-04-05"}, True),
        ({"born": "2012-01-01"}, True),
        ({"born": None}, True),
        ({"forename": "Reed", "surname": "Joan"}, True),
        ({"surname": "Pratt"}, True),
        ({"born": "2015-11-20"}, False),
        ({"forename": "Oliver"}, False),
        ({"forename": "Oliver", "surname": "Stone", "born": None}, False),
        ({"forename": None, "surname": None, "born": None}, False),
    ],
    ids=["all agrees", "short form", "day and month swapped", "day not known", "no birth date", "names swapped", "another surname", "another birth date",
         "another forename", "other names, no birth date", "nothing else known"],
)  # fmt: skip
def test_a_number_joins_only_with_a_fact_that_supports_it(second: dict[str, str | None], joined: bool) -> None:
    people = linked(record("edu", "1", upn=UPNS[0]), record("care", "2", upn=UPNS[0], **second))
    assert (len(groups(people)) == 1) is joined


def test_a_number_on_a_child_of_another_forename_waits_for_a_person() -> None:
    people = linked(record("edu", "1", upn=UPNS[0]), record("care", "2", "Oliver", upn=UPNS[0]))
    assert said(people, "edu:1", "care:2") == ("review", "")
    assert people.findings.by_code()["LNK010"] == 1


def test_a_temporary_upn_contradicts_no_permanent_one() -> None:
    people = linked(record("edu", "1", upn=TEMPORARY, nhs_number=NUMBERS[0]), record("care", "2", upn=UPNS[0], nhs_number=NUMBERS[0]))
    assert groups(people) == {frozenset({"edu:1", "care:2"})}
    people = linked(record("edu", "1", upn=UPNS[1], nhs_number=NUMBERS[0]), record("care", "2", upn=UPNS[0], nhs_number=NUMBERS[0]))
    assert groups(people) == set()


@pytest.mark.parametrize("upn", ["UN1", "-1", "SSD_PH000012", "Unknown", "G_", "0000000000000", "9999999999999"])
def test_stand_ins_never_match_each_other(upn: str) -> None:
    people = linked(record("edu", "1", None, None, upn=upn), record("care", "2", None, None, upn=upn))
    assert groups(people) == set()
    people = linked(record("edu", "1", "Unknown", "Unknown"), record("care", "2", "Unknown", "Unknown"))
    assert groups(people) == set()


# --- never


def test_twins_are_never_merged() -> None:
    people = linked(record("edu", "1", "Joan", **HOME), record("care", "2", "Emma", **HOME), record("police", "3", "Joan", **HOME))
    assert groups(people) == {frozenset({"edu:1", "police:3"})}
    assert said(people, "edu:1", "care:2") in {("never", "twins"), ("", "")}
    assert said(people, "care:2", "police:3") in {("never", "twins"), ("", "")}


def test_twins_are_not_merged_through_a_third_record_that_has_the_number_of_each() -> None:
    people = linked(
        record("edu", "1", "Joan", upn=UPNS[0], **HOME), record("care", "2", "Emma", nhs_number=NUMBERS[0], **HOME),
        record("health", "3", None, "Reed", upn=UPNS[0], nhs_number=NUMBERS[0], **HOME),
    )  # fmt: skip
    assert not any({"edu:1", "care:2"} <= group for group in groups(people))


def test_children_of_one_home_are_not_merged() -> None:
    """A brother a year and a half younger, at the same address, with a name that begins alike."""
    people = linked(
        record("edu", "1", "Joan", **HOME),
        record("edu", "2", "John", born="2013-11-20", **HOME),
        record("care", "3", "John", born="2013-11-20", **HOME),
    )
    assert groups(people) == {frozenset({"edu:2", "care:3"})}


def test_several_families_at_one_address_stay_apart() -> None:
    shared = {"postcode": "AB1 2CD", "uprn": "100020003000"}
    people = linked(
        record("edu", "1", "Joan", "Reed", **shared), record("care", "2", "Pia", "Lund", **shared), record("care", "3", "Joan", "Reed", **shared)
    )
    assert groups(people) == {frozenset({"edu:1", "care:3"})}


def test_a_parent_of_the_same_name_is_another_person() -> None:
    people = linked(record("edu", "1", **HOME), record("housing", "2", born="1981-05-04", **HOME))
    assert groups(people) == set()


def test_cousins_of_nearly_the_same_birthday_in_two_homes_stay_apart() -> None:
    people = linked(record("edu", "1", **HOME), record("care", "2", born="2012-05-14", postcode="AB7 4EG"))
    assert groups(people) == set()


@pytest.mark.parametrize("known", [True, False], ids=["care record is marked", "only the likeness tells"])
def test_records_from_before_an_adoption_are_never_joined_to_those_after(known: bool) -> None:
    after = record("edu", "1", "Joan", "Reed", upn=UPNS[0], **HOME)
    before = record("care", "2", "Joan", "Marsh", postcode="AB7 4EG")
    care = pd.DataFrame(
        {
            "source": ["care"],
            "source_person_id": ["2"],
            "status": ["CLA"],
            "start_on": [pd.Timestamp("2014-01-01")],
            "end_on": [pd.Timestamp("2016-01-01")],
            "known_from": [pd.Timestamp("2014-01-01")],
            "known_to": [pd.NaT],
            "outcome": ["E11"],
        }
    )
    people = linked(after, before, statutory=care if known else None)
    assert groups(people) == set()
    assert said(people, "edu:1", "care:2")[0] in {"never", ""}  # and so in no workbook
    # Not even where somebody wrote the number of before on the record of after.
    people = linked(after, {**before, "upn": UPNS[0]}, statutory=care)
    assert groups(people) == set() and said(people, "edu:1", "care:2") == ("never", "adoption")


def test_a_child_who_came_home_from_care_keeps_the_name_and_is_found() -> None:
    care = pd.DataFrame(
        {
            "source": ["care"], "source_person_id": ["2"], "status": ["CLA"], "start_on": [pd.Timestamp("2014-01-01")],
            "end_on": [pd.Timestamp("2016-01-01")], "known_from": [pd.Timestamp("2014-01-01")], "known_to": [pd.NaT], "outcome": [None],
        }
    )  # fmt: skip
    assert len(groups(linked(record("edu", "1", **HOME), record("care", "2", **HOME), statutory=care))) == 1


def test_a_protected_address_joins_by_number_and_never_by_likeness() -> None:
    home = pd.DataFrame(
        {
            "source": "housing", "source_person_id": ["2"], "household_id": "H", "role": "child", "from_on": pd.Timestamp("2020-01-01"), "to_on": pd.NaT,
            "known_from": pd.Timestamp("2020-01-01"), "known_to": pd.NaT, "safe_to_contact": None, "protected_address": True, "no_joint_contact": None,
        }
    )  # fmt: skip
    people = linked(record("edu", "1"), record("housing", "2"), households=home)
    assert groups(people) == set()
    people = linked(record("edu", "1", upn=UPNS[0]), record("housing", "2", upn=UPNS[0]), households=home)
    [group] = groups(people)
    child = people.person_links.query("source == 'edu'")["child_id"].item()
    on = people.families_on(pd.Timestamp("2024-06-01")).set_index("child_id")
    assert group == {"edu:1", "housing:2"} and on.loc[child, "protected_address"]  # the mark travels with the child


def test_numbers_that_contradict_beat_any_weight() -> None:
    people = linked(record("edu", "1", nhs_number=NUMBERS[0], **HOME), record("care", "2", nhs_number=NUMBERS[1], **HOME))
    assert groups(people) == set() and said(people, "edu:1", "care:2") == ("never", "numbers")


def test_no_person_holds_a_contradiction_even_through_others() -> None:
    people = linked(
        record("edu", "1", nhs_number=NUMBERS[0], **HOME), record("care", "2", nhs_number=NUMBERS[1], **HOME), record("police", "3", **HOME)
    )  # fmt: skip
    [group] = groups(people)
    assert "police:3" in group and not {"edu:1", "care:2"} <= group


def test_one_person_twice_in_a_list_is_joined_only_where_everything_agrees() -> None:
    assert groups(linked(record("care", "1", **HOME), record("care", "2", **HOME))) == {frozenset({"care:1", "care:2"})}
    assert groups(linked(record("care", "1", **HOME), record("care", "2", "Joanne", **HOME))) == set()
    assert groups(linked(record("care", "1"), record("care", "2"))) == set()


# --- bad input


def test_a_source_in_which_every_birth_date_is_equal_joins_nobody_by_it() -> None:
    rows = [record("edu", f"{n}", f"Name{chr(97 + n)}", "Reed", "2012-03-03") for n in range(25)]
    others = [record("police", f"{n}", "Joan", "Reed", "1900-01-01", postcode="AB1 2CD") for n in range(25)]
    people = linked(*rows, *others)
    assert people.findings.by_code()["LNK004"] == 50
    assert not any(key.startswith("police") for group in groups(people) for key in group)


def test_no_usable_identifier_at_all_is_said_and_names_still_link() -> None:
    people = linked(record("edu", "1", **HOME), record("care", "2", **HOME))
    assert "LNK005" in people.findings.by_code() and len(groups(people)) == 1
    bare = linked(record("edu", "1", None, None, None), record("care", "2", None, None, None))
    assert bare.findings.by_code() == {"LNK005": 2, "LNK006": 2}
    assert len(bare) == 2  # nothing is lost


def test_a_source_without_people_is_a_finding_and_the_others_are_linked() -> None:
    people = linked(record("edu", "1", upn=UPNS[0]), record("care", "2", upn=UPNS[0]), sources=["edu", "care", "police"])
    assert people.findings.by_code()["LNK003"] == 1 and "police" in str(next(iter(people.findings))) and len(groups(people)) == 1


def test_too_few_records_to_learn_from_are_linked_by_numbers_alone() -> None:
    rows = frame([record("edu", "1", upn=UPNS[0], **HOME), record("care", "2", upn=UPNS[0], **HOME), record("police", "3", **HOME)])
    people = link_people(rows, None, key="k")
    assert groups(people) == {frozenset({"edu:1", "care:2"})}
    assert "LNK011" in people.findings.by_code()


def test_a_rule_that_makes_too_many_pairs_is_left_out_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    settings = LinkageSettings(sample_pairs=100_000, most_pairs=300)
    pair = record("edu", "1", **HOME), record("care", "2", **HOME)
    people = linked_in_a_crowd(*pair, settings=settings)
    assert people.findings.by_code()["LNK012"] >= 1
    rules = people.linkage.scored.blocking
    used = rules[rules["used"]]
    # Said before anything is compared; and the seed makes the same weights of the same records.
    assert f"Comparing records: {used['pairs'].sum():,} pairs by {len(used)} rules" in capsys.readouterr().err
    pd.testing.assert_frame_equal(linked_in_a_crowd(*pair, settings=settings).linkage.pairs, people.linkage.pairs)
