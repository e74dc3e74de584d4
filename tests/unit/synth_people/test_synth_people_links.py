"""Who is who: every id accounted for, canaries where they belong, and what is written when a source stops."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from synth_people_made import CHILDREN, KINDS, LISTS, SEED, Made, known

from early_id.data.synth.agencies.adults import make_adults
from early_id.data.synth.agencies.kin import relate
from early_id.data.synth.agencies.people_truth import person_links
from early_id.data.synth.agencies.sources import AGENCIES
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.mess import parse
from early_id.data.synth.plan import council_plan
from early_id.data.synth.population.canaries import choose_canaries, name_canaries
from early_id.data.synth.population.people import make_people
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.world import World

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
def test_the_truth_is_about_what_was_sent_when_a_source_stops(agency: str, world: World, tables: Tables, made: Made) -> None:
    """The world is the same (``tests/recovery/test_synth_scenarios.py``); less of it is sent."""
    whole = made
    stopped = council_plan(CHILDREN, SEED, mess=sorted(KINDS), scenarios=[f"source_loss:{agency}=700"])
    made = known(replace(world, plan=stopped), tables, KINDS)
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
