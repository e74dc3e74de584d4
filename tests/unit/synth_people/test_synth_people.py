"""People as each agency knows them: every kind of mess counted in the records, every id accounted for, canaries where they belong."""

from __future__ import annotations

from itertools import combinations, permutations

import pandas as pd
import pytest
from synth_people_made import CAREFUL, CELLS, KINDS, LISTS, Made, known

from early_id.data.synth.agencies.people_truth import person_links
from early_id.data.synth.agencies.sources import AGENCIES
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.world import World


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

#: Six rounds, in each of which half of the kinds are switched off. A kind is off in three of them, and no kind in all those of another,
#: so one that moved another's cells would be seen in a round where it is off and the other is not.
_OFF_IN = dict(zip(CELLS, combinations(range(6), 3), strict=False))
ROUNDS = [frozenset(kind for kind in CELLS if number in _OFF_IN[kind]) for number in range(6)]


def test_every_two_kinds_are_told_apart_by_some_round() -> None:
    assert len(_OFF_IN) == len(CELLS) and len(set(_OFF_IN.values())) == len(CELLS)
    assert all(any(one in off and other not in off for off in ROUNDS) for one, other in permutations(CELLS, 2))


@pytest.mark.parametrize("off", ROUNDS, ids=range(6))
def test_cells_that_change_are_those_that_truth_lists_and_counts(world: World, tables: Tables, made: Made, off: frozenset[str]) -> None:
    """Switching kinds off gives back exactly their cells, in every file; the rest stays as it was."""
    only_their_own_cells(made, known(world, tables, KINDS - off), off)


@pytest.mark.parametrize("off", ROUNDS, ids=range(6))
def test_no_kind_moves_another_where_names_hang_on_numbers(world: World, tables: Tables, careful: Made, off: frozenset[str]) -> None:
    """Which names may be wrong hangs on the numbers that are planned, not on the kinds of wrong number that are on."""
    only_their_own_cells(careful, known(world, tables, CAREFUL - off), off)


def only_their_own_cells(made: Made, without: Made, off: frozenset[str]) -> None:
    listed = made.known.identities
    seen = dict.fromkeys(off, 0)
    for agency in AGENCIES:
        cells = changed(without.tables[agency.file], made.tables[agency.file], agency.heading)
        own = listed[listed["kind"].isin(off) & (listed["file"] == agency.file)]
        noted = own[["source_person_id", "column", "true", "written"]].set_axis(["id", "column", "before", "after"], axis=1)
        again = set(listed.loc[(listed["kind"] == "two_ids") & (listed["file"] == agency.file), "source_person_id"])  # a copy of a changed entry
        cells = cells[~cells["id"].isin(again)]
        assert set(cells.itertuples(index=False, name=None)) == set(noted.itertuples(index=False, name=None)), agency.file
        for kind in off:
            rows = own.loc[own["kind"] == kind, "source_person_id"].nunique()
            if kind == "sibling_upns" and rows:
                upns = made.tables[agency.file]["UPN"]
                both = int(((upns != "") & upns.duplicated(keep=False)).sum())
                assert both == 2 * rows
                rows = both
            assert rows == made.count(kind, agency.file), (kind, agency.file)
            seen[kind] += rows
        assert list(without.tables[agency.file].columns) == list(made.tables[agency.file].columns)
    assert min(seen.values()) >= 2
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
