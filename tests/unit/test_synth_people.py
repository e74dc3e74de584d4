"""People as each agency knows them: every kind of mess counted in the records, every id accounted for, canaries where they belong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from early_id.core.display import progress
from early_id.data.synth.agencies import sources
from early_id.data.synth.agencies.adults import make_adults
from early_id.data.synth.agencies.kin import relate
from early_id.data.synth.agencies.known import Known, as_agencies_know
from early_id.data.synth.agencies.names import NEIGHBOURS, mistyped, nickname, short_form, wrong_birth_date
from early_id.data.synth.agencies.people_truth import person_links
from early_id.data.synth.agencies.sources import AGENCIES
from early_id.data.synth.faults import FaultLog
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.mess import PEOPLE, parse
from early_id.data.synth.plan import council_plan
from early_id.data.synth.population.canaries import choose_canaries, name_canaries
from early_id.data.synth.population.identifiers import make_canary_upns, make_temporary_upns, nhs_fits, spoil_nhs, upn_letter
from early_id.data.synth.population.people import make_people
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.world import World, clean_tables, draw_world
from early_id.linkage.identifiers import nhs_number_is_valid, upn_is_valid

CHILDREN, SEED = 1500, 4
KINDS = frozenset(kind.name for kind in PEOPLE)
#: Kinds that change cells of a list of people, and nothing else.
CELLS = (
    "typing_errors", "nicknames", "swapped_names", "surname_changes", "separated_parents", "missing_upns", "temporary_upns", "sibling_upns",
    "missing_nhs_numbers", "wrong_nhs_numbers", "birth_date_errors", "estimated_birth_dates", "unknown_birth_dates",
)  # fmt: skip
#: Every kind, but names go wrong only where a number joins the record.
CAREFUL = KINDS - {"names_without_numbers"}
LISTS = {agency.source: (agency.file, agency.heading) for agency in AGENCIES}


@dataclass(frozen=True)
class Made:
    """A council without marks: what the agencies hold, and what was noted."""

    world: World
    known: Known
    faults: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        return self.known.tables

    def count(self, kind: str, file: str) -> int:
        rows = self.faults[(self.faults["kind"] == kind) & (self.faults["file"] == file)]
        return int(rows["count"].sum())


def draw(mess: Iterable[str]) -> World:
    plan = council_plan(CHILDREN, SEED, mess=tuple(mess) or "none")
    with progress("test") as bar:
        return draw_world(plan, Seeds(SEED), make_timeline(plan.start), bar)


def known(world: World, tables: Tables, mess: Iterable[str]) -> Made:
    """The agencies' records of one world, and of its records without a mistake, with some kinds of mess."""
    world = replace(world, plan=replace(world.plan, mess=frozenset(mess)))
    log = FaultLog()
    return Made(world, as_agencies_know(tables, world, Seeds(SEED), log), log.frame())


@pytest.fixture(scope="module")
def world() -> World:
    return draw(sorted(KINDS))


@pytest.fixture(scope="module")
def tables(world: World) -> Tables:
    return clean_tables(world, Seeds(SEED))


@pytest.fixture(scope="module")
def made(world: World, tables: Tables) -> Made:
    return known(world, tables, KINDS)


@pytest.fixture(scope="module")
def careful(world: World, tables: Tables) -> Made:
    return known(world, tables, CAREFUL)


@pytest.fixture(scope="module")
def plain() -> Made:
    world = draw(())
    return known(world, clean_tables(world, Seeds(SEED)), ())


def changed(one: pd.DataFrame, other: pd.DataFrame, heading: str) -> pd.DataFrame:
    """Cells of people in both tables that differ: id, column, before, after."""
    a, b = one.set_index(heading), other.set_index(heading)
    same = a.index.intersection(b.index)
    found = []
    for column in a.columns:
        before, after = a.loc[same, column], b.loc[same, column]
        differs = (before != after).to_numpy()
        found.append(pd.DataFrame({"id": same[differs], "column": column, "before": before[differs].to_numpy(), "after": after[differs].to_numpy()}))
    return pd.concat(found, ignore_index=True)


# --- every kind that changes cells


@pytest.mark.parametrize("kind", CELLS)
def test_cells_that_change_are_those_that_truth_lists_and_counts(world: World, tables: Tables, made: Made, kind: str) -> None:
    """Switching one kind off gives back exactly its cells, in every file; the rest stays as it was."""
    only_its_own_cells(made, known(world, tables, KINDS - {kind}), kind)


@pytest.mark.parametrize("kind", CELLS)
def test_a_kind_moves_no_other_where_names_hang_on_numbers(world: World, tables: Tables, careful: Made, kind: str) -> None:
    """Which names may be wrong hangs on the numbers that are planned, not on the kinds of wrong number that are on."""
    only_its_own_cells(careful, known(world, tables, CAREFUL - {kind}), kind)


def only_its_own_cells(made: Made, without: Made, kind: str) -> None:
    listed = made.known.identities
    seen = 0
    for agency in AGENCIES:
        cells = changed(without.tables[agency.file], made.tables[agency.file], agency.heading)
        own = listed[(listed["kind"] == kind) & (listed["file"] == agency.file)]
        noted = own[["source_person_id", "column", "true", "written"]].set_axis(["id", "column", "before", "after"], axis=1)
        again = set(listed.loc[(listed["kind"] == "two_ids") & (listed["file"] == agency.file), "source_person_id"])  # a copy of a changed entry
        cells = cells[~cells["id"].isin(again)]
        assert set(cells.itertuples(index=False, name=None)) == set(noted.itertuples(index=False, name=None)), agency.file
        rows = cells["id"].nunique()
        if kind == "sibling_upns" and rows:
            upns = made.tables[agency.file]["UPN"]
            rows = int(((upns != "") & upns.duplicated(keep=False)).sum())
            assert rows == 2 * len(cells)
        assert rows == made.count(kind, agency.file), agency.file
        assert list(without.tables[agency.file].columns) == list(made.tables[agency.file].columns)
        seen += rows
    assert seen >= 2
    for name, table in made.tables.items():
        if name not in {agency.file for agency in AGENCIES}:
            pd.testing.assert_frame_equal(table, without.tables[name])


def test_with_everything_off_nothing_is_wrong(plain: Made) -> None:
    assert plain.faults.empty and plain.known.identities.empty and not plain.known.touched
    homes, people = plain.world.homes, plain.world.people
    assert set(homes.households["kind"]) == {"home"} and not homes.protected.any() and not homes.no_joint.any() and not homes.adults["unsafe"].any()
    assert not len(plain.world.adopted) and not len(plain.world.kin.children)
    assert not people.children.duplicated(["family", "dob"]).any()
    house = plain.tables["housing/households.xlsx"]
    assert house["SafeToContact"].isin(["Y", ""]).all() and (house["ProtectedAddress"] == "N").all() and not house["PersonID"].duplicated().any()
    assert not (plain.tables["socialcare/statutory.csv"]["OtherLA"] == "Y").all()
    links = person_links(plain.known, plain.world)
    assert (links["first"] == "yes").all() and set(links["role"]) == {"child", "adult"}
    for agency in AGENCIES:  # all agree on names and birthdays
        table = plain.tables[agency.file].set_index(agency.heading)
        own = links[(links["source"] == agency.source) & (links["role"] == "child")]
        rows = own["person"].str[1:].astype(int).to_numpy()
        held = table.loc[own["source_person_id"]]
        assert (held["Forename"].to_numpy() == people.children["forename"].to_numpy()[rows]).all()
        assert (held["Surname"].to_numpy() == people.families["surname"].to_numpy()[people.children["family"].to_numpy()[rows]]).all()


def test_rates_rise_from_schools_to_police(made: Made) -> None:
    listed = made.known.identities
    wrong = listed[listed["kind"].isin(["typing_errors", "nicknames", "swapped_names"])].groupby("source")["source_person_id"].nunique()
    share = {source: wrong.get(source, 0) / len(made.tables[file]) for source, (file, _) in LISTS.items()}
    assert share["education"] < share["social_care"] < share["police"]


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


# --- who is who


def test_every_id_of_every_list_stands_in_the_links_once(made: Made, plain: Made) -> None:
    for one in (made, plain):
        links = person_links(one.known, one.world)
        assert not links.duplicated(["source", "source_person_id"]).any()
        for source, (file, heading) in LISTS.items():
            ids = one.tables[file][heading]
            assert ids.is_unique and set(ids) == set(links.loc[links["source"] == source, "source_person_id"]), file


def test_every_event_is_about_somebody_listed(made: Made) -> None:
    for agency in AGENCIES:
        ids = set(made.tables[agency.file][agency.heading])
        for name, table in made.tables.items():
            if name.startswith(f"{agency.folder}/") and agency.heading in table:
                assert set(table[agency.heading]) <= ids, name


def test_second_ids_are_one_person_entered_twice(made: Made, world: World, tables: Tables) -> None:
    links = person_links(made.known, made.world)
    second = links[links["first"] == "no"]
    assert set(second["source"]) == set(LISTS)
    without = known(world, tables, KINDS - {"two_ids"})
    for source, own in second.groupby("source"):
        file, heading = LISTS[str(source)]
        table = made.tables[file].set_index(heading)
        assert len(own) == made.count("two_ids", file) == len(table) - len(without.tables[file])
        for row in own.itertuples():
            first = links[(links["source"] == source) & (links["person"] == row.person) & (links["first"] == "yes")]["source_person_id"].iloc[0]
            again, once = table.loc[row.source_person_id], table.loc[first]
            assert (again[["Forename", "Surname", "DOB"]] == once[["Forename", "Surname", "DOB"]]).all() and again["UPN"] == again["NHSNumber"] == ""
    for name in ("socialcare/contacts.csv", "police/missing.csv", "health/notifications.csv", "housing/indicators.csv"):
        assert len(made.tables[name]) == len(without.tables[name])
    moved = set(second["source_person_id"])
    assert sum(table["PersonID"].isin(moved).sum() for table in made.tables.values() if "PersonID" in table) > len(second)


def test_adults_are_on_no_roll(made: Made) -> None:
    links = person_links(made.known, made.world)
    grown = links[links["role"] == "adult"]
    assert set(grown["source"]) == {"housing", "social_care"}
    rows = made.tables["housing/people.csv"].set_index("PersonID").loc[grown.loc[grown["source"] == "housing", "source_person_id"]]
    born = pd.to_datetime(rows["DOB"], format="%d/%m/%Y")
    assert (born < "2006-01-01").all() and (rows["UPN"] == "").all()
    house = made.tables["housing/households.xlsx"]
    assert set(house.loc[house["PersonID"].isin(rows.index), "Role"]) == {"parent", "other_adult"}
    children, families = made.world.people.children, made.world.homes.adults
    youngest = families.groupby("family")["dob"].max()
    assert ((children["dob"] - youngest[children["family"]].to_numpy()) / 365.25 > 16).all()


def test_usual_holds_what_linking_by_numbers_can_take() -> None:
    usual = parse("usual")
    assert {"typing_errors", "twins", "adopted", "two_ids", "protected_addresses"} <= usual
    assert not usual & {"names_without_numbers", "birth_date_errors", "estimated_birth_dates", "unknown_birth_dates", "sibling_upns"}


# --- a source that stops sending


@pytest.mark.parametrize("agency", ["police", "housing"])
def test_the_truth_is_about_what_was_sent_when_a_source_stops(agency: str) -> None:
    plan = council_plan(CHILDREN, SEED, mess=sorted(KINDS), scenarios=[f"source_loss:{agency}=700"])
    with progress("test") as bar:
        world = draw_world(plan, Seeds(SEED), make_timeline(plan.start), bar)
    tables = clean_tables(world, Seeds(SEED))
    made, whole = known(world, tables, KINDS), known(replace(world, plan=replace(plan, scenarios={})), tables, KINDS)
    people, links = made.tables[f"{agency}/people.csv"], person_links(made.known, world)
    assert len(people) < len(whole.tables[f"{agency}/people.csv"])
    assert sorted(links.loc[links["source"] == agency, "source_person_id"]) == sorted(people["PersonID"])
    fewer = 0
    for row in made.faults[made.faults["file"].str.startswith(f"{agency}/")].itertuples():
        own = made.known.identities.query("kind == @row.kind and file == @row.file")
        if row.kind == "names_without_numbers":
            continue
        if row.file.endswith("people.csv"):
            assert set(own["source_person_id"]) <= set(people["PersonID"]) and own["source_person_id"].nunique() == row.count, row.kind
        else:
            held = made.tables[row.file]
            marked = {
                "unsafe_contacts": ("SafeToContact", "N"),
                "protected_addresses": ("ProtectedAddress", "Y"),
                "no_contact_orders": ("NoJointContact", "Y"),
            }
            if row.kind in marked:
                column, mark = marked[row.kind]
                assert (held[column] == mark).sum() == row.count == len(own), row.kind
        fewer += row.count < whole.count(row.kind, row.file)
    assert fewer >= 4


# --- what is written


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    return pd.read_excel(path, dtype=str, keep_default_na=False) if path.suffix == ".xlsx" else pd.read_parquet(path).astype(str)


@pytest.fixture(scope="module")
def files(shaped: Path) -> dict[str, pd.DataFrame]:
    root = shaped / "extracts"
    return {p.relative_to(root).as_posix(): read(p) for p in sorted(root.rglob("*")) if p.suffix in {".csv", ".xlsx", ".parquet"}}


def test_pairs_that_may_never_be_linked_look_alike(shaped: Path, files: dict[str, pd.DataFrame]) -> None:
    pairs = pd.read_csv(shaped / "truth" / "never_link.csv", dtype=str)
    links = pd.read_csv(shaped / "truth" / "person_links.csv", dtype=str).set_index(["source", "source_person_id"])["person"]
    assert set(pairs["why"]) == {"adopted", "twins", "cousins"} and not pairs.duplicated().any()
    lists = {source: files[file].set_index(heading) for source, (file, heading) in LISTS.items()}
    tempting = 0
    for row in pairs.itertuples():
        a, b = lists[row.source_a].loc[row.id_a], lists[row.source_b].loc[row.id_b]
        assert links[row.source_a, row.id_a] != links[row.source_b, row.id_b]
        tempting += bool(a["DOB"] == b["DOB"] or (a["Surname"] == b["Surname"] and a["Forename"][:2] == b["Forename"][:2]))
    assert tempting / len(pairs) > 0.6


def test_truth_of_the_files_is_complete(shaped: Path, files: dict[str, pd.DataFrame]) -> None:
    truth = shaped / "truth"
    links = pd.read_csv(truth / "person_links.csv", dtype=str, keep_default_na=False)
    for source, (file, heading) in LISTS.items():
        assert sorted(files[file][heading]) == sorted(links.loc[links["source"] == source, "source_person_id"]), file
    spells = pd.read_parquet(truth / "residence.parquet")
    homes = pd.read_csv(truth / "households.csv", dtype=str, keep_default_na=False)
    assert set(spells["household"]) <= set(homes["household"]) and homes["household"].is_unique and homes["uprn"].is_unique
    assert set(files["housing/households.xlsx"]["HouseholdID"]) <= set(homes["household"])
    assert set(links.loc[links["source"] == "housing", "person"]) <= set(spells["person"])
    open_families = pd.read_csv(truth / "open_families.csv")
    assert ((open_families["open"] >= 1) & (open_families["open"] <= open_families["children"])).all()
    assert ((open_families["children"] > 1) & (open_families["open"] == 1)).any()
    assert set(pd.read_csv(truth / "adoptions.csv")["after"]) <= set(links["person"])


def test_canary_strings_stand_where_they_should_and_nowhere_else(shaped: Path, files: dict[str, pd.DataFrame]) -> None:
    strings = pd.read_csv(shaped / "truth" / "canary_strings.csv", dtype=str)
    assert strings["string"].is_unique and set(strings["canary"]) == set("012345") and len(strings) >= 85
    text = {name: "\n".join(pd.unique(table.to_numpy().ravel())) for name, table in files.items()}
    for row in strings.itertuples():
        found = [name for name, content in text.items() if row.string in content]
        assert {"attendance/" if name.startswith("attendance/") else name for name in found} == set(row.stands_in.split()), row.kind
        assert {name.split("/")[0] for name in found} | {"extracts_other_shapes"} == set(row.only_in.split()), row.kind
    kinds = {re.sub("second_", "", kind) for kind in strings["kind"]}
    assert {"health_id", "parent_id", "parent_forename", "leaving_reason", "evidence", "lead_contact", "uprn"} <= kinds


def test_no_ordinary_person_bears_a_canary_s_string(files: dict[str, pd.DataFrame], made: Made) -> None:
    for tables in (files, made.tables):
        for file, heading in LISTS.values():
            table = tables[file]
            rare = table["Forename"].isin(["Zebedee", "Ottoline", "Peregrine", "Xanthippe", "Bartholomew"])
            assert rare.sum() == 5 and table.loc[rare, heading].str.contains("CANARY").all(), file
            assert (table.loc[rare, ["UPN", "NHSNumber", "Postcode", "UPRN"]] != "").all(axis=None), file
            assert (table["Surname"].str.startswith("Canary") == table["Postcode"].str.startswith("ZZ99")).all(), file


def test_adults_borrow_no_canary_s_name() -> None:
    """And the check can fail: without the canaries spared, their names would be lent."""
    lent = {"spared": 0, "not spared": 0}
    for seed in range(3):
        plan, seeds = council_plan(600, seed, mess="none"), Seeds(seed)
        timeline = make_timeline(plan.start)
        people = make_people(600, seeds, timeline)
        rows = choose_canaries(people, seeds, timeline)
        people = name_canaries(relate(people, rows, plan, seeds)[0], rows)
        own = people.children["family"].to_numpy()[rows]
        for name, spared in (("spared", rows), ("not spared", rows[:0])):
            adults = make_adults(people, spared, seeds)
            strange = adults["surname"].str.startswith("Canary") & ~adults["family"].isin(own)
            lent[name] += int((strange | adults["forename"].isin(["Zebedee", "Ottoline", "Peregrine", "Xanthippe", "Bartholomew"])).sum())
    assert lent["spared"] == 0 < lent["not spared"]


def without_shared_number(made: Made) -> dict[str, int]:
    """File → records with another name whose numbers are not the school's."""
    links = person_links(made.known, made.world)
    pupils = made.tables["education/pupils.csv"].set_index("PupilID")
    school = links[(links["source"] == "education") & (links["first"] == "yes")].set_index("person")["source_person_id"]
    names = ["typing_errors", "nicknames", "swapped_names", "surname_changes", "separated_parents"]
    listed = made.known.identities
    listed = listed[listed["kind"].isin(names) & listed["column"].isin(["Forename", "Surname"]) & (listed["source"] != "education")]
    found = dict.fromkeys((file for file, _ in LISTS.values()), 0)
    for row in listed.drop_duplicates(["source", "source_person_id"]).itertuples():
        person = links.loc[(links["source"] == row.source) & (links["source_person_id"] == row.source_person_id), "person"].iloc[0]
        if person in school:
            one, other = made.tables[row.file].set_index("PersonID").loc[row.source_person_id], pupils.loc[school[person]]
            found[row.file] += not any(one[name] == other[name] != "" for name in ("UPN", "NHSNumber"))
    return found


def test_names_go_wrong_without_a_number_only_where_that_is_switched_on(made: Made, careful: Made) -> None:
    assert set(without_shared_number(careful).values()) == {0} and not (careful.faults["kind"] == "names_without_numbers").any()
    loose = without_shared_number(made)
    assert sum(loose.values()) >= 3
    assert all(count <= made.count("names_without_numbers", file) for file, count in loose.items())
