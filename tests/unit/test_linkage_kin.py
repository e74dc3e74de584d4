"""Who was family on a date: moves, parents who live apart, kin, placements in care, and several families at one address."""

from __future__ import annotations

import pandas as pd
from linkage_material import frame, record

from early_id.linkage.kin import kin_of
from early_id.linkage.people import People, link_people

YES, DAY = pd.Timestamp("2020-01-01"), "2024-06-01"


def person(number: str, forename: str = "Ann", surname: str = "Reed", born: str = "2012-05-04", **more: str) -> dict:
    return record("src", number, forename, surname, born, **more)


def home(number: str, household: str, role: str = "child", from_on: str = "2021-01-01", to_on: str | None = None, **marks: bool) -> dict:
    return {"source": "src", "source_person_id": number, "household_id": household, "role": role, "from_on": pd.Timestamp(from_on),
            "to_on": pd.Timestamp(to_on) if to_on else pd.NaT, "known_from": YES, "known_to": pd.NaT, "evidence": "tenancy", "safe_to_contact": None,
            "protected_address": None, "no_joint_contact": None, **marks}  # fmt: skip


def made(people: list[dict], homes: list[dict] = (), care: list[dict] = (), named: list[dict] = ()) -> People:  # type: ignore[assignment]
    rows = frame(people).assign(known_from=YES)
    return link_people(
        rows, pd.DataFrame(homes) if homes else None, key="k", statutory=pd.DataFrame(care) if care else None,
        relationships=pd.DataFrame(named) if named else None, score=None,
    )  # fmt: skip


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
