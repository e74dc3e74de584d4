"""Linking: records that agree are one child, those that contradict are not, and who is family is what was known on the day."""

from __future__ import annotations

import pandas as pd
import pytest

from early_id.core.errors import InputDataError
from early_id.data.synth.population.identifiers import make_nhs_numbers, make_upns
from early_id.linkage import People, link
from early_id.linkage.decisions import Decision, Decisions
from early_id.linkage.history import History
from early_id.linkage.people import link_people

U1, U2, U3 = make_upns(pd.Series([2012, 2013, 2014]).to_numpy())
N1, N2, N3 = make_nhs_numbers(3, __import__("numpy").random.default_rng(1))
BORN, OTHER = "2012-05-04", "2013-05-04"


def pupils(*rows: tuple[str, str, str | None, str | None, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["source", "source_person_id", "upn", "nhs_number", "birth_date"])
    return frame.assign(birth_date=pd.to_datetime(frame["birth_date"]), known_from=pd.Timestamp("2024-01-01"))


def groups(people: People) -> set[frozenset[str]]:
    links = people.person_links
    return {frozenset(own["source"] + ":" + own["source_person_id"]) for _, own in links.groupby("child_id")}


def linked(*rows: tuple[str, str, str | None, str | None, str]) -> People:
    return link_people(pupils(*rows), None, key="k")


def test_records_that_agree_on_a_valid_id_are_one_child() -> None:
    people = linked(("edu", "1", U1, None, BORN), ("care", "2", U1, N1, BORN), ("police", "3", None, N1, BORN), ("police", "4", None, None, BORN))
    assert groups(people) == {frozenset({"edu:1", "care:2", "police:3"}), frozenset({"police:4"})}
    assert len(people) == 2 and not len(people.findings)
    assert people.person_links["trust"].eq(1).all()


def test_spaces_and_small_letters_do_not_keep_records_apart() -> None:
    people = linked(("edu", "1", U1, N1, BORN), ("care", "2", U1.lower(), None, BORN), ("police", "3", None, f"{N1[:3]} {N1[3:6]} {N1[6:]}", BORN))
    assert len(groups(people)) == 1


@pytest.mark.parametrize("upn", ["A801200005001", "UNKNOWN", "", None])
def test_an_id_that_is_not_valid_joins_nobody(upn: str | None) -> None:
    assert len(linked(("edu", "1", upn, None, BORN), ("care", "2", upn, None, BORN))) == 2


@pytest.mark.parametrize(
    "second", [("care", "2", U1, None, OTHER), ("care", "2", U1, N2, BORN), ("care", "2", U2, N1, BORN)], ids=["birth date", "number", "upn"]
)
def test_records_that_contradict_each_other_are_not_joined(second: tuple[str, str, str | None, str | None, str]) -> None:
    people = linked(("edu", "1", U1, N1, BORN), second)
    assert len(people) == 2
    assert people.findings.by_code() == {"LNK002": 1}


def test_records_that_contradict_only_through_a_third_are_not_joined() -> None:
    people = linked(("a", "1", U1, None, BORN), ("b", "2", U1, N1, BORN), ("c", "3", U1, N2, BORN))
    assert not any({"b:2", "c:3"} <= group for group in groups(people))
    assert "LNK002" in people.findings.by_code()


def test_a_contradiction_leaves_others_alone() -> None:
    people = linked(("a", "1", U1, N1, BORN), ("b", "2", U1, N1, OTHER), ("a", "3", U2, N2, BORN), ("b", "4", U2, N2, BORN))
    assert groups(people) == {frozenset({"a:1"}), frozenset({"b:2"}), frozenset({"a:3", "b:4"})}


def test_one_id_on_two_people_of_a_source_is_not_used() -> None:
    people = linked(("edu", "1", U1, None, BORN), ("edu", "2", U1, None, BORN), ("care", "3", U1, None, BORN))
    assert len(people) == 3
    assert people.findings.by_code() == {"LNK001": 2}
    # Another id that is good still joins.
    people = linked(("edu", "1", U1, N1, BORN), ("edu", "2", U1, None, BORN), ("care", "3", None, N1, BORN))
    assert frozenset({"edu:1", "care:3"}) in groups(people)


def test_two_people_of_a_source_are_never_joined_through_another_source() -> None:
    people = linked(("edu", "1", U1, None, BORN), ("edu", "2", None, N1, BORN), ("care", "3", U1, N1, BORN))
    assert not any({"edu:1", "edu:2"} <= group for group in groups(people))
    assert "LNK002" in people.findings.by_code()


def test_a_corrected_record_counts_with_its_newest_version() -> None:
    frame = pupils(("edu", "1", U2, None, BORN), ("edu", "1", U1, None, BORN), ("care", "2", U1, None, BORN))
    frame.loc[0, "known_from"] = pd.Timestamp("2023-01-01")
    people = link_people(frame, None, key="k")
    assert len(people) == 1 and len(people.person_links) == 2


def test_ids_are_stable_and_hang_on_the_key_and_not_on_the_order() -> None:
    rows = [("edu", "1", U1, None, BORN), ("care", "2", U1, N1, BORN), ("care", "3", None, N3, OTHER)]
    first, turned = linked(*rows), linked(*reversed(rows))
    ids = [p.person_links.set_index(["source", "source_person_id"])["child_id"].to_dict() for p in (first, turned)]
    assert ids[0] == ids[1]
    assert set(link_people(pupils(*rows), None, key="other").person_links["child_id"]).isdisjoint(ids[0].values())
    assert not any(U1 in value or value == "1" for value in ids[0].values())


def test_no_people_at_all_is_one_message() -> None:
    with pytest.raises(InputDataError, match="no people to link"):
        link_people(pupils(), None, key="k")


# --- families


def household(person: str, home: str, from_on: str, to_on: str | None = None, *, role: str = "child", known: str | None = None, gone: str | None = None,
              source: str = "housing", safe: bool | None = None, protected: bool | None = None, apart: bool | None = None) -> dict[str, object]:  # fmt: skip
    return {
        "source": source, "source_person_id": person, "household_id": home, "role": role, "from_on": from_on, "to_on": to_on,
        "known_from": known or from_on, "known_to": gone, "safe_to_contact": safe, "protected_address": protected, "no_joint_contact": apart,
    }  # fmt: skip


def families(*rows: dict[str, object]) -> People:
    frame = pd.DataFrame(rows)
    for name in ("from_on", "to_on", "known_from", "known_to"):
        frame[name] = pd.to_datetime(frame[name])
    ids = sorted({(str(row["source"]), str(row["source_person_id"])) for row in rows})
    return link_people(pupils(*((source, person, None, None, BORN) for source, person in ids)), frame, key="k")


def homes(people: People, day: str) -> dict[str, str]:
    """Person → family on a day."""
    own = people.person_links.set_index("child_id")["source_person_id"]
    on = people.families_on(pd.Timestamp(day))
    return dict(zip(on["child_id"].map(own), on["family_id"], strict=True))


def test_who_is_family_follows_the_dates() -> None:
    people = families(
        household("1", "A", "2020-01-01", "2023-06-30"),
        household("1", "B", "2023-07-01"),
        household("2", "A", "2020-01-01"),
        household("3", "B", "2024-01-01"),
    )
    before, after = homes(people, "2022-01-01"), homes(people, "2024-06-01")
    assert before["1"] == before["2"] and "3" not in before
    assert after["1"] == after["3"] != after["2"] == before["2"]
    assert "1" not in homes(people, "2020-01-01") and "1" in homes(people, "2020-01-02")  # known from that day on is not yet known


def test_a_household_row_counts_from_when_it_was_known() -> None:
    people = families(household("1", "A", "2020-01-01", known="2021-01-01", gone="2022-01-01"))
    assert homes(people, "2021-01-01") == {} == homes(people, "2022-01-02")
    assert list(homes(people, "2021-06-01")) == ["1"] == list(homes(people, "2022-01-01"))


def test_of_several_households_the_one_begun_last_counts() -> None:
    people = families(household("1", "A", "2020-01-01"), household("1", "B", "2021-01-01"), household("2", "B", "2020-01-01"))
    on = homes(people, "2022-01-01")
    assert on["1"] == on["2"]


def test_adults_are_in_no_family_of_their_own_and_the_same_house_number_at_two_sources_is_two_houses() -> None:
    people = families(
        household("1", "7", "2020-01-01"), household("9", "7", "2020-01-01", role="parent"), household("2", "7", "2020-01-01", source="care")
    )
    on = homes(people, "2021-01-01")
    assert set(on) == {"1", "2"} and on["1"] != on["2"]


def marks(people: People, day: str) -> tuple[bool, bool, bool]:
    [row] = people.families_on(pd.Timestamp(day)).to_dict("records")
    return row["safe_contact"], row["protected_address"], row["no_joint_contact"]


def test_a_mark_on_any_member_holds_for_the_household_from_when_it_was_known() -> None:
    parent = {"person": "9", "home": "A", "from_on": "2020-01-01", "role": "parent"}
    people = families(
        household("1", "A", "2020-01-01"),
        household(**parent, gone="2021-03-01"),  # type: ignore[arg-type]
        household(**parent, known="2021-03-01", gone="2022-03-01", safe=False, apart=True),  # type: ignore[arg-type]
        household(**parent, known="2022-03-01", safe=True, protected=True),  # type: ignore[arg-type]
    )
    assert marks(people, "2021-03-01") == (True, False, False)
    assert marks(people, "2021-03-02") == (False, False, True)
    assert marks(people, "2022-03-01") == (False, False, True)
    assert marks(people, "2022-03-02") == (True, True, False)
    assert people.family_spells["family_id"].nunique() == 1


def test_a_mark_stays_after_the_member_who_carried_it_has_left() -> None:
    people = families(household("1", "A", "2020-01-01"), household("9", "A", "2020-01-01", "2021-01-01", role="parent", safe=False))
    assert marks(people, "2023-01-01") == (False, False, False)


def test_marks_of_both_records_hold_for_who_was_merged_and_a_split_gives_each_its_own_back() -> None:
    rows = pupils(("housing", "1", None, None, BORN), ("care", "2", None, None, BORN))
    held = pd.DataFrame([household("1", "A", "2020-01-01", protected=True), household("2", "B", "2021-01-01", source="care", safe=False, apart=True)])
    for name in ("from_on", "to_on", "known_from", "known_to"):
        held[name] = pd.to_datetime(held[name])
    pair, made = (("housing", "1"), ("care", "2")), link_people(rows, held, key="k", on=pd.Timestamp("2024-02-01"))
    for day, answer in (("2024-03-01", "same"), ("2024-04-01", "different")):
        decisions = Decisions().add(Decision.of(*pair, answer))  # type: ignore[arg-type]  # one of the three answers
        history = History(made.person_links, waits=made.waits)
        made = link_people(rows, held, key="k", decisions=decisions, history=history, on=pd.Timestamp(day))
    apart = {(True, True, False), (False, False, True)}

    def on(day: str) -> set[tuple[bool, ...]]:
        return set(made.families_on(pd.Timestamp(day))[["safe_contact", "protected_address", "no_joint_contact"]].itertuples(index=False, name=None))

    assert on("2024-02-29") == on("2024-04-01") == apart
    assert on("2024-03-01") == on("2024-03-31") == {(False, True, True)}


def test_a_child_in_no_household_is_a_family_of_one() -> None:
    people = families(household("1", "A", "2020-01-01"))
    own = people.own_family(pd.Series(["Cx", "Cy", "Cx"]))
    assert own[0] == own[2] != own[1]
    assert set(own).isdisjoint(people.family_spells["family_id"])


# --- on the made-up council


def test_the_small_council_is_linked_as_it_was_made(small_council: object, small_store: object) -> None:
    people = link(small_store.store)  # type: ignore[attr-defined]
    truth = pd.read_csv(small_council.folder / "truth" / "links.csv", dtype=str, keep_default_na=False)  # type: ignore[attr-defined]
    agencies = ["education", "social_care", "police", "housing"]
    child_of = {(agency, person): row for agency in agencies for row, person in enumerate(truth[agency]) if person}
    links = people.person_links
    true = pd.Series([child_of.get(pair, -1) for pair in zip(links["source"], links["source_person_id"], strict=True)], index=links.index)
    both = links.assign(true=true)[true >= 0]
    assert both.groupby("child_id")["true"].nunique().max() == 1  # nobody is taken for somebody else
    assert both.groupby("true")["child_id"].nunique().eq(1).mean() > 0.8


def test_a_number_added_later_links_from_then_on() -> None:
    """The care record carries the number since June: in May it was not known to be the same child."""
    edu = pupils(("edu", "1", U1, None, BORN))
    care = pd.concat([pupils(("care", "2", None, None, BORN)), pupils(("care", "2", U1, None, BORN)).assign(known_from=pd.Timestamp("2025-06-01"))])
    links = link_people(pd.concat([edu, care], ignore_index=True), None, key="k").person_links.set_index("source")
    assert links["child_id"].nunique() == 1
    assert links.loc["edu", "known_from"] == pd.Timestamp("1900-01-01")
    assert links.loc["care", "known_from"] == pd.Timestamp("2025-06-01")
