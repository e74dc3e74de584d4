"""Who was family on a date: moves, parents who live apart, kin, placements in care, and several families at one address."""

from __future__ import annotations

import pandas as pd
from linkage_material import frame, record

from early_id.linkage.kin import kin_of
from early_id.linkage.people import Belonging, People, link_people

YES, DAY = pd.Timestamp("2020-01-01"), "2024-06-01"


def person(number: str, forename: str = "Ann", surname: str = "Reed", born: str = "2012-05-04", **more: str) -> dict:
    return record("src", number, forename, surname, born, **more)


def home(number: str, household: str, role: str = "child", from_on: str = "2021-01-01", to_on: str | None = None, **marks: bool) -> dict:
    return {"source": "src", "source_person_id": number, "household_id": household, "role": role, "from_on": pd.Timestamp(from_on),
            "to_on": pd.Timestamp(to_on) if to_on else pd.NaT, "known_from": YES, "known_to": pd.NaT, "evidence": "tenancy", "safe_to_contact": None,
            "protected_address": None, "no_joint_contact": None, **marks}  # fmt: skip


def made(people: list[dict], homes: list[dict] = (), care: list[dict] = (), named: list[dict] = (), **more: list[dict]) -> People:  # type: ignore[assignment]
    rows = frame(people).assign(known_from=YES)
    return link_people(
        rows, pd.DataFrame(homes) if homes else None, key="k", statutory=pd.DataFrame(care) if care else None,
        relationships=pd.DataFrame(named) if named else None, belonging=Belonging(**{name: pd.DataFrame(held) for name, held in more.items()}), score=None,
    )  # fmt: skip


def held(number: str, **cells: object) -> dict:
    return {"source": "src", "source_person_id": number, "known_from": YES, "known_to": pd.NaT, **cells}


def contact(number: str, name: str | None = "Eva Reed", relation: str = "mother", ident: str | None = "CT1", **more: object) -> dict:
    forename, surname = name.split() if name else (None, None)
    return held(number, school_id="S1", contact_id=ident, forename=forename, surname=surname, relation=relation, lives_with_pupil=True, **more)


def family(people: People, number: str, day: str = DAY) -> dict[str, tuple[str, float]]:
    """Relative → (kind, trust) on a day."""
    ids = people.current().set_index("child_id")["source_person_id"].to_dict()
    own = {number: child for child, number in ids.items()}
    rows = people.family_on(pd.Timestamp(day), own[number])
    return {ids[row["relative_id"]]: (row["kind"], row["trust"]) for row in rows.to_dict("records")}


def test_a_household_is_family_with_its_evidence_and_trust() -> None:
    people = made(
        [person("1"), person("2", "Ben"), person("9", "Eva", born="1985-01-01")], [home("1", "A"), home("2", "A"), home("9", "A", "parent")]
    )
    assert family(people, "1") == {"2": ("household", 0.95), "9": ("household", 0.95)}
    row = people.family_on(pd.Timestamp(DAY)).iloc[0]
    assert row["evidence"] == "household row of src (tenancy)"
    spells = people.families_on(pd.Timestamp(DAY)).set_index("child_id")["family_id"]
    assert set(spells) == {row["family_id"]}  # one name for one household


def test_who_has_moved_is_family_where_they_live_now() -> None:
    people = made([person("1"), person("2", "Ben"), person("3", "Cleo")], [home("1", "A", to_on="2023-06-30"), home("1", "B", from_on="2023-07-01"),
                  home("2", "A"), home("3", "B")])  # fmt: skip
    assert set(family(people, "1", "2022-06-01")) == {"2"} and set(family(people, "1")) == {"3"}


def test_a_child_of_parents_who_live_apart_has_two_homes() -> None:
    people = made([person("1"), person("8", "Dan", born="1984-01-01"), person("9", "Eva", born="1985-01-01")],
                  [home("1", "A"), home("1", "B"), home("9", "A", "parent"), home("8", "B", "parent", safe_to_contact=False)])  # fmt: skip
    assert set(family(people, "1")) == {"8", "9"}
    assert "9" not in family(people, "8")  # the parents are no household
    rows = people.family_on(pd.Timestamp(DAY))
    assert not people.families_on(pd.Timestamp(DAY))["safe_contact"].any()  # the mark of either home holds
    assert set(rows["safe_contact"]) == {True, False}


def test_a_placement_in_care_is_no_family_and_kin_are() -> None:
    care = [{"source": "src", "source_person_id": n, "status": "CLA", "start_on": pd.Timestamp("2023-01-01"), "end_on": pd.NaT, "outcome": None,
             "known_from": YES, "known_to": pd.NaT} for n in ("1", "2")]  # fmt: skip
    people_in_it = [person("1"), person("2", "Ben"), person("9", "Eva", "Lund", born="1970-01-01"), person("7", "Gran", born="1950-01-01")]
    homes = [home("1", "F", from_on="2023-01-05"), home("2", "F", from_on="2023-01-05"), home("9", "F", "other_adult", from_on="2015-01-01")]
    people = made(people_in_it, homes, care)
    assert set(family(people, "1")) == {"2"} and family(people, "9") == {}  # the sister placed with him is still his sister
    gran = [{"source": "src", "source_person_id": "1", "other_person_id": "7", "relation": "Kinship carer", "from_on": YES, "known_from": YES}]
    people = made(people_in_it, [*homes, home("7", "F", "other_adult")], care, gran)
    assert family(people, "1")["7"] == ("relationship", 0.98)


def test_a_mother_who_is_named_is_family_wherever_she_lives_and_a_social_worker_is_not() -> None:
    named = [{"source": "src", "source_person_id": "1", "other_person_id": other, "relation": relation, "from_on": YES, "known_from": YES}
             for other, relation in (("9", "mother"), ("5", "social worker"))]  # fmt: skip
    people = made([person("1"), person("9", "Eva", born="1985-01-01"), person("5", "Sue", born="1980-01-01")], named=named)
    assert family(people, "1") == {"9": ("relationship", 0.98)} and set(family(people, "9")) == {"1"}


def test_several_families_at_one_address_are_told_by_trust_and_a_hostel_is_none() -> None:
    shared = {"uprn": "100020003000"}
    people = made([person("1", **shared), person("2", "Ben", **shared), person("3", "Pia", "Lund", **shared)])
    assert family(people, "1") == {"2": ("address and surname", 0.7), "3": ("address", 0.4)}
    crowd = made([person(str(n), f"Name{chr(97 + n)}", **shared) for n in range(12)])
    assert crowd.family_on(pd.Timestamp(DAY)).empty


def test_a_protected_address_joins_nobody_and_its_mark_is_never_lost() -> None:
    shared = {"uprn": "100020003000"}
    people = made([person("1", **shared), person("2", "Ben", **shared)], [home("1", "A", protected_address=True)])
    assert family(people, "1") == {} == family(people, "2")
    assert people.families_on(pd.Timestamp(DAY))["protected_address"].all()


def test_nobody_is_family_before_it_was_known() -> None:
    rows = [home("1", "A"), {**home("2", "A"), "known_from": pd.Timestamp("2025-01-01")}]
    people = made([person("1"), person("2", "Ben")], rows)
    assert family(people, "1") == {} and set(family(people, "1", "2025-02-01")) == {"2"}


def test_a_relative_is_known_as_long_as_the_link_of_the_relative_was() -> None:
    """The record 7 was linked to N from June 2023 on, and to G before."""
    rows = frame([person("1"), person("7", "Gran", born="1955-01-01")]).assign(known_from=YES)
    since, moved = pd.Timestamp("2020-02-01"), pd.Timestamp("2023-06-01")
    links = pd.DataFrame(
        [("src", "1", "A", since, pd.NaT, 1.0), ("src", "7", "G", since, moved, 1.0), ("src", "7", "N", moved, pd.NaT, 1.0)],
        columns=["source", "source_person_id", "child_id", "known_from", "known_to", "trust"],
    )
    gran = [{"source": "src", "source_person_id": "1", "other_person_id": "7", "relation": "grandparent", "from_on": YES, "known_from": YES}]
    kin = kin_of(links, rows, None, None, pd.DataFrame(gran))

    def relatives(day: str) -> set[str]:
        found = kin.family_on(pd.Timestamp(day))
        return set(found.loc[found["person_id"] == "A", "relative_id"])

    assert relatives("2022-01-01") == {"G"} and relatives("2024-01-01") == {"N"}


def test_a_family_group_is_family_of_less_trust_and_a_placeholder_or_a_crowd_is_none() -> None:
    people = [person("1"), person("2", "Ben"), person("3", "Cleo")]
    group = [held(n, group_id="FAM1") for n in ("1", "2")]
    assert family(made(people, family_groups=group), "1") == {"2": ("family group", 0.8)}
    assert family(made(people, [home("1", "A"), home("2", "A")], family_groups=group), "1") == {"2": ("household", 0.95)}
    assert made(people, family_groups=[held(n, group_id="-1") for n in "123"]).family_on(pd.Timestamp(DAY)).empty
    crowd = [person(str(n), f"Name{chr(97 + n)}") for n in range(25)]
    assert made(crowd, family_groups=[held(str(n), group_id="FAM1") for n in range(25)]).family_on(pd.Timestamp(DAY)).empty


def test_a_family_group_is_known_from_its_snapshot_on() -> None:
    group = [held("1", group_id="F"), {**held("2", group_id="F"), "known_from": pd.Timestamp("2024-03-01"), "known_to": pd.Timestamp("2024-09-01")}]
    people = made([person("1"), person("2", "Ben")], family_groups=group)
    assert [set(family(people, "1", day)) for day in ("2024-02-01", "2024-06-01", "2024-10-01")] == [set(), {"2"}, set()]


def test_pupils_who_share_a_parent_in_a_school_system_are_brother_and_sister_and_those_of_one_social_worker_are_not() -> None:
    people = [person("1"), person("2", "Ben", "Lund"), person("3", "Cleo")]
    shared = made(
        people,
        school_contacts=[
            contact("1"),
            contact("2"),
            contact("3", "Sue Worker", "professional", "CT9"),
            contact("1", "Sue Worker", "professional", "CT9"),
        ],
    )
    assert family(shared, "1") == {"2": ("same contact at school", 0.75)}
    assert family(made(people, school_contacts=[contact("1", ident=None), contact("2", ident=None)]), "1") == {}  # a name alone joins nobody


def test_a_school_contact_says_what_somebody_at_home_is_to_the_child() -> None:
    mother, son = person("9", "Eva", born="1985-01-01"), person("5", "Eva", born="2010-01-01")
    people = made([person("1"), mother, son], [home("1", "A"), home("9", "A", "parent"), home("5", "A")], school_contacts=[contact("1")])
    rows = people.family_on(pd.Timestamp(DAY))
    ids = people.current().set_index("child_id")["source_person_id"]
    said = {(ids[r["person_id"]], ids[r["relative_id"]]): (r["kind"], r["relation"], r["evidence"]) for r in rows.to_dict("records")}
    assert said["1", "9"] == ("school contact", "mother", "named by src") and said["9", "1"][1] == "child"
    assert said["1", "5"][0] == "household"  # of the mother's name, and too young to be her
    # Nobody of that name is known to belong to the child, so the contact joins nobody.
    assert family(made([person("1"), mother], school_contacts=[contact("1")]), "1") == {}


def test_a_foster_carer_who_is_named_is_no_family_wherever_they_live() -> None:
    people = [person("1"), person("2", "Ben"), person("9", "Eva", "Lund", born="1970-01-01")]
    homes, group = [home("1", "F"), home("9", "F", "other_adult")], [held(n, group_id="G") for n in "19"]
    assert set(family(made(people, homes, family_groups=group), "1")) == {"9"}
    foster = [held("1", other_person_id="9", relation="foster_carer", from_on=YES)]
    assert family(made(people, homes, named=foster, family_groups=group), "1") == {}
    by_school = [contact("1", "Eva Lund", "foster_carer")]
    assert family(made(people, homes, family_groups=group, school_contacts=by_school), "1") == {}


def test_an_address_of_a_case_system_joins_for_as_long_as_it_held_and_a_placement_does_not() -> None:
    def lived(number: str, kind: str = "Home", to_on: str | None = None) -> dict:
        return held(
            number, uprn="100020003000", postcode=None, kind=kind, from_on=pd.Timestamp("2022-01-01"), to_on=pd.Timestamp(to_on) if to_on else pd.NaT
        )

    people = [person("1"), person("2", "Ben"), person("3", "Pia")]
    found = made(people, addresses=[lived("1"), lived("2", to_on="2023-12-31"), lived("3", "Foster placement")])
    assert family(found, "1", "2023-06-01") == {"2": ("address and surname", 0.7)} and family(found, "1") == {}


def test_marks_of_a_home_are_not_lost_where_two_people_are_joined_in_another_way() -> None:
    people = [person("1"), person("8", "Dan", born="1984-01-01")]
    homes = [home("1", "A", protected_address=True, safe_to_contact=False), home("8", "B", "parent")]
    rows = made(people, homes, named=[held("1", other_person_id="8", relation="father", from_on=YES)]).family_on(pd.Timestamp(DAY))
    assert len(rows) == 2 and rows["protected_address"].all() and not rows["safe_contact"].any()


def test_a_relationship_with_somebody_who_is_in_no_list_is_a_finding() -> None:
    people = made([person("1")], named=[held("1", other_person_id="77", relation="mother", from_on=YES)])
    assert people.findings.by_code()["LNK015"] == 1 and family(people, "1") == {}


def test_a_surname_that_was_corrected_later_says_nothing_of_earlier_days() -> None:
    """3 was called Lund until March 2024, and is called Reed, like 1, since."""
    rows = frame([person("1"), person("3", "Pia", "Lund"), person("3", "Pia")])
    changed = pd.Timestamp("2024-03-01")
    rows = rows.assign(known_from=[YES, YES, changed], known_to=[pd.NaT, changed, pd.NaT])
    links = pd.DataFrame({"source": "src", "source_person_id": ["1", "3"], "child_id": ["A", "B"], "known_from": YES, "known_to": pd.NaT})
    at = pd.DataFrame([held(number, uprn="100020003000", postcode=None, kind="home", from_on=YES, to_on=pd.NaT) for number in ("1", "3")])
    kin = kin_of(links, rows.drop(columns="uprn", errors="ignore"), None, addresses=at)
    kinds = {day: set(kin.family_on(pd.Timestamp(day))["kind"]) for day in ("2020-01-01", "2024-02-01", "2024-04-01")}
    assert kinds == {"2020-01-01": set(), "2024-02-01": {"address"}, "2024-04-01": {"address and surname"}}


def test_who_was_family_before_an_adoption_is_not_shown_after_it() -> None:
    people = [person("1"), person("9", "Eva", born="1985-01-01"), person("8", "Ada", born="1980-01-01")]
    care = [{"source": "src", "source_person_id": "1", "status": "CLA", "start_on": pd.Timestamp("2021-01-01"), "end_on": pd.Timestamp("2023-05-01"),
             "outcome": "E12", "known_from": YES, "known_to": pd.NaT}]  # fmt: skip
    named = [
        held("1", other_person_id="9", relation="mother", from_on=YES),
        held("1", other_person_id="8", relation="mother", from_on=pd.Timestamp("2023-05-01")),
    ]
    made_ = made(people, care=care, named=named, family_groups=[held(n, group_id="G") for n in "19"])
    assert set(family(made_, "1", "2022-06-01")) == {"9"} and set(family(made_, "1")) == {"8"} and family(made_, "9") == {}
    home_again = made(people, care=[{**care[0], "outcome": "E4A"}], named=named)
    assert set(family(home_again, "1")) == {"8", "9"}
