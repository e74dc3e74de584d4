"""What each kind of mess about people looks like in the records."""

from __future__ import annotations

import re
from datetime import date
from difflib import SequenceMatcher

import numpy as np
import pandas as pd
import pytest
from synth_people_made import LISTS, Made, known

from early_id.data.synth.agencies import sources
from early_id.data.synth.agencies.names import NEIGHBOURS, mistyped, nickname, short_form, wrong_birth_date
from early_id.data.synth.agencies.people_truth import person_links
from early_id.data.synth.agencies.sources import AGENCIES
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.population.identifiers import make_canary_upns, make_temporary_upns, nhs_fits, spoil_nhs, upn_letter
from early_id.data.synth.world import World
from early_id.linkage.identifiers import nhs_number_is_valid, upn_is_valid

# --- what each kind is


def cells_of(made: Made, kind: str) -> pd.DataFrame:
    rows = made.known.identities
    return rows[rows["kind"] == kind]


def test_names_go_wrong_as_people_get_them_wrong(made: Made) -> None:
    for row in cells_of(made, "typing_errors").itertuples():
        assert row.written and row.written != row.true
        assert SequenceMatcher(None, row.true.lower(), row.written.lower()).ratio() >= 0.5, (row.true, row.written)
    for row in cells_of(made, "nicknames").itertuples():
        short = short_form(row.true)
        assert row.column == "Forename" and short and row.written.lower().startswith(short.lower()) and len(row.written) < len(row.true) + 2
    swapped = cells_of(made, "swapped_names").pivot(index=["source", "source_person_id"], columns="column", values=["true", "written"])
    assert len(swapped) and (swapped["true"]["Forename"] == swapped["written"]["Surname"]).all()
    assert (swapped["true"]["Surname"] == swapped["written"]["Forename"]).all()


def test_rules_of_names_and_dates() -> None:
    assert (
        "j" in NEIGHBOURS["h"] and "p" not in NEIGHBOURS["q"] and all(key in NEIGHBOURS[other] for key, near in NEIGHBOURS.items() for other in near)
    )
    rng = np.random.default_rng(0)
    for name in ("Al", "Jo", "Ann", "O'Neill", "Smith-Jones", "Christopher", "Aaaa"):
        assert all(mistyped(name, rng) not in (name, "") for _ in range(50))
    assert short_form("Christopher") == "Chris" and short_form("Kathleen") == "Kath" and not short_form("Amy") and not short_form("Jo")
    assert {nickname("Samantha", rng) for _ in range(50)} == {"Sam", "Sammy"}
    for _ in range(100):
        wrong = wrong_birth_date("12/03/2014", "01/09/2018", rng)
        assert wrong != "12/03/2014" and date(*map(int, reversed(wrong.split("/")))) <= date(2018, 9, 1)
    assert wrong_birth_date("11/11/2011", "11/11/2011", rng) == "11/11/2010"


def test_numbers_go_wrong_in_the_stated_form(made: Made) -> None:
    temporary = cells_of(made, "temporary_upns")["written"]
    assert len(temporary) and all(re.fullmatch(r"[A-Z]\d{11}[A-Z]", upn) and upn_is_valid(upn) for upn in temporary) and temporary.is_unique
    assert (cells_of(made, "missing_upns")["written"] == "").all() and (cells_of(made, "missing_nhs_numbers")["written"] == "").all()
    people = made.world.people.children
    of_number = dict(zip(people["nhs"], zip(people["family"], people["dob"], strict=True), strict=True))
    kinds = set()
    for row in cells_of(made, "wrong_nhs_numbers").itertuples():
        valid = nhs_fits(row.written)
        assert len(row.written) == 10 and row.written != row.true and valid == nhs_number_is_valid(row.written)
        kinds.add(valid)
        if valid:  # somebody else's: of the same family, and no twin
            assert of_number[row.written][0] == of_number[row.true][0] and of_number[row.written][1] != of_number[row.true][1]
    assert kinds == {True, False}
    upn_of = people.set_index("upn")[["family", "dob"]]
    for row in cells_of(made, "sibling_upns").itertuples():
        assert upn_of.loc[row.written, "family"] == upn_of.loc[row.true, "family"]


def test_a_upn_is_never_borrowed_between_twins(world: World, tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number and a birthday in common would make them one."""
    monkeypatch.setitem(sources.RATES, "sibling_upns", (0.2, 0.0, 0.0, 0.0, 0.0))
    made = known(world, tables, {"sibling_upns"})
    born = world.people.children.set_index("upn")["dob"]
    rows = cells_of(made, "sibling_upns")
    assert len(rows) > 100 and (born.loc[rows["true"]].to_numpy() != born.loc[rows["written"]].to_numpy()).all()


def test_further_identifiers_are_well_formed() -> None:
    years = np.full(4000, 2019)
    temporary = make_temporary_upns(years)
    assert len(set(temporary)) == 4000 and all(upn_is_valid(upn) for upn in temporary[::37])
    assert all(upn_is_valid(upn) for upn in make_canary_upns(years[:5]))
    assert upn_letter("80120000500A") == "M"  # vector of the data standards
    rng = np.random.default_rng(1)
    assert not any(nhs_number_is_valid(spoil_nhs("9434765919", rng)) for _ in range(200))


def test_no_wrong_birth_date_is_later_than_the_record(made: Made) -> None:
    for file, _ in LISTS.values():
        table = made.tables[file]
        born, noted = (pd.to_datetime(table[name], format="%d/%m/%Y", errors="coerce") for name in ("DOB", "RecordedOn"))
        assert not (born > noted).any(), file
    estimated = cells_of(made, "estimated_birth_dates")
    assert estimated["written"].str.fullmatch(r"01/01/\d{4}").all() and (estimated["written"].str[-4:] == estimated["true"].str[-4:]).all()


def test_twins_share_birthday_and_address_but_no_forename(made: Made) -> None:
    pupils = made.tables["education/pupils.csv"]
    children, pairs = made.world.people.children, made.world.kin.twins
    assert len(pairs) >= 5
    for first, second in pairs.itertuples(index=False):
        one, two = children.iloc[first], children.iloc[second]
        assert one["family"] == two["family"] and one["dob"] == two["dob"] and one["forename"] != two["forename"]
    born = children.groupby(["family", "dob"]).size()
    assert (born > 1).sum() == len(pairs)
    listed = pupils["PupilID"].isin(children["pupil_id"].iloc[pairs.to_numpy().ravel()])
    both = children["pupil_id"].isin(pupils["PupilID"]).to_numpy()[pairs.to_numpy()].all(axis=1).sum()
    assert listed.any() and both == made.count("twins", "education/pupils.csv")


def test_cousins_are_alike_in_two_families(made: Made) -> None:
    people, pairs = made.world.people, made.world.kin.cousins
    children = people.children.assign(surname=people.families["surname"].to_numpy()[people.children["family"].to_numpy()])
    assert len(pairs) >= 2
    for first, second in pairs.itertuples(index=False):
        one, two = children.iloc[first], children.iloc[second]
        assert one["family"] != two["family"] and one["surname"] == two["surname"] and one["male"] == two["male"]
        assert 0 < abs(one["dob"] - two["dob"]) <= 60
        assert SequenceMatcher(None, one["forename"].lower(), two["forename"].lower()).ratio() > 0.5
    families = children["family"].to_numpy()[pairs.to_numpy()].ravel()
    assert len(set(families)) == len(families)


def test_adopted_children_have_records_from_before_that_tempt(made: Made) -> None:
    adopted, people = made.world.adopted, made.world.people
    links = person_links(made.known, made.world)
    former = links[links["role"] == "former"]
    assert len(adopted) >= 2 and set(former["source"]) == {"social_care", "health"} and len(former) == 2 * len(adopted)
    assert (former["family"] == "").all()
    care = made.tables["socialcare/people.csv"].set_index("PersonID")
    statutory = made.tables["socialcare/statutory.csv"]
    for row in adopted.itertuples():
        child = people.children.iloc[row.child]
        ids = former.loc[former["person"] == f"X{row.child:04d}"].set_index("source")["source_person_id"]
        entry = care.loc[ids["social_care"]]
        born = pd.Timestamp(int(child["dob"]), unit="D")
        assert entry["DOB"] == born.strftime("%d/%m/%Y") and entry["Sex"] == ("M" if child["male"] else "F")
        assert entry["Surname"] != people.families["surname"].iloc[child["family"]] and entry["NHSNumber"] != child["nhs"] and entry["UPN"] == ""
        spell = statutory[statutory["PersonID"] == ids["social_care"]].iloc[0]
        assert spell["Status"] == "CLA" and spell["StartOn"] < spell["EndOn"] == str(np.datetime64(int(row.on), "D"))
        new = links.loc[(links["person"] == f"C{row.child:04d}") & (links["source"] == "social_care"), "source_person_id"]
        for person in new:  # nothing under the new name before the adoption
            assert pd.to_datetime(care.loc[person, "RecordedOn"], format="%d/%m/%Y") > pd.Timestamp(int(row.on), unit="D")
    same = [row.forename == people.children["forename"].iloc[row.child] for row in adopted.itertuples()]
    assert any(same)


def test_homes_moves_and_partings(made: Made) -> None:
    homes, people = made.world.homes, made.world.people
    spells = homes.residence
    assert (spells["from"] < spells["to"]).all()
    family = np.where(spells["adult"], homes.adults["family"].to_numpy()[np.where(spells["adult"], spells["person"], 0)], -1)
    child = people.children["family"].to_numpy()[np.where(spells["adult"], 0, spells["person"])]
    assert (np.where(family < 0, child, family) == homes.households["family"].to_numpy()[spells["household"]]).all()
    kind = homes.households["kind"].to_numpy()[spells["household"]]
    day = made.world.timeline.extracted
    now = (spells["from"] <= day) & (spells["to"] > day)
    open_homes = spells[now & ~spells["adult"]].groupby("person")["household"].nunique()
    parted = set(homes.parted["family"])
    of_parted = np.array([people.children["family"].iloc[row] in parted for row in open_homes.index])
    assert len(parted) >= 5 and (open_homes[of_parted] == 2).all() and (open_homes[~of_parted] == 1).all()
    for row in homes.parted.itertuples():
        adults = homes.adults[homes.adults["family"] == row.family]
        own = people.families["surname"].iloc[row.family]
        assert row.surname != own and set(adults["surname"]) == {own, row.surname}
    moved = spells[(kind == "before") & ~spells["adult"]]
    assert len(moved) > 20 and (moved["to"] < day).all()
    apart = homes.apart
    age = (day - people.children["dob"].to_numpy()[apart["child"]]) / 365.25
    assert len(apart) >= 1 and ((age >= 16) & (age < 18)).all()
    for row in apart.itertuples():
        own = spells[~spells["adult"] & (spells["person"] == row.child)]
        assert own.loc[own["to"] > day, "household"].tolist() == [row.household]
    house = made.tables["housing/households.xlsx"]
    of = homes.households.set_index("household_id")["kind"].reindex(house["HouseholdID"])
    for name, what in (("old_addresses", "before"), ("separated_parents", "other_parent"), ("living_apart", "own")):
        assert (of == what).sum() == made.count(name, "housing/households.xlsx") > 0


def test_marks_of_safe_contact_are_counted(made: Made) -> None:
    house = made.tables["housing/households.xlsx"]
    for kind, column, mark in (
        ("unsafe_contacts", "SafeToContact", "N"),
        ("no_contact_orders", "NoJointContact", "Y"),
        ("protected_addresses", "ProtectedAddress", "Y"),
    ):
        assert (house[column] == mark).sum() == made.count(kind, "housing/households.xlsx") > 0
        assert set(cells_of(made, kind).loc[lambda rows: rows["file"] == "housing/households.xlsx", "column"]) == {column}
    assert set(house.loc[house["SafeToContact"] == "N", "Role"]) <= {"parent", "other_adult"}
    both = house[house["NoJointContact"] == "Y"].groupby("HouseholdID")["Role"].agg(set)
    assert len(both)


def test_a_protected_address_stands_in_no_file(made: Made) -> None:
    homes, people = made.world.homes, made.world.people
    hidden = np.flatnonzero(homes.protected)
    secret = homes.households[homes.households["family"].isin(hidden)]
    assert len(hidden)
    for name, table in made.tables.items():
        for heading, column in (("Postcode", "postcode"), ("UPRN", "uprn")):
            if heading in table:
                # Two homes may share a postcode; only those of nobody else are a secret.
                hidden_only = secret.loc[~secret[column].isin(homes.households.drop(secret.index)[column]), column]
                assert len(hidden_only) and not table[heading].isin(hidden_only).any(), (name, heading)
    for agency in AGENCIES:
        rows = np.isin(people.children["family"], hidden)
        own = made.tables[agency.file].set_index(agency.heading).reindex(people.children.loc[rows, agency.id_column]).dropna(how="all")
        assert (own["Postcode"] == "").all() and (own["UPRN"] == "").all(), agency.file


def test_old_addresses_are_those_of_the_home_before(made: Made) -> None:
    homes = made.world.homes.households
    for row in cells_of(made, "old_addresses").loc[lambda rows: rows["column"] == "UPRN"].itertuples():
        old, new = homes[homes["uprn"] == row.written].iloc[0], homes[homes["uprn"] == row.true].iloc[0]
        assert old["kind"] == "before" and new["kind"] == "home" and old["family"] == new["family"]
    for agency in AGENCIES:
        own = cells_of(made, "old_addresses").loc[lambda rows, file=agency.file: (rows["file"] == file) & (rows["column"] == "UPRN")]
        assert len(own) == made.count("old_addresses", agency.file) > 0, agency.file


def test_one_child_of_a_family_is_open_to_another_council(made: Made) -> None:
    links = person_links(made.known, made.world).query("source == 'social_care'").set_index("source_person_id")
    rows = cells_of(made, "one_open_child")
    statutory = made.tables["socialcare/statutory.csv"]
    assert len(rows) == made.count("one_open_child", "socialcare/statutory.csv") > 0
    for person in rows["source_person_id"]:
        own = statutory[statutory["PersonID"] == person]
        assert own["OtherLA"].tolist() == ["Y"] and own["EndOn"].tolist() == [""]
        family = links.index[(links["family"] == links.loc[person, "family"]) & (links["role"] == "child") & (links.index != person)]
        assert not statutory["PersonID"].isin(family).any()
