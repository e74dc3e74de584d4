"""The truth is not to be guessed from an id, from the range it lies in, or from the place of a row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
import pytest
from shapes_material import Made, text
from test_synth_shapes_dataset import snapshots

from early_id.core.display import progress
from early_id.data.synth.agencies.known import Known, as_agencies_know
from early_id.data.synth.agencies.people_truth import person_links
from early_id.data.synth.agencies.sources import AGENCIES
from early_id.data.synth.faults import FaultLog
from early_id.data.synth.marks.blocks import cut, order_of_marks
from early_id.data.synth.mess import PEOPLE
from early_id.data.synth.plan import council_plan
from early_id.data.synth.population.identifiers import POOL, USES, make_ids
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.world import World, clean_tables, draw_world

CHILDREN, SEED = 2_200, 3
#: Standard errors by which something may stray.
FAR = 4.0
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Council:
    world: World
    known: Known
    links: pd.DataFrame


@pytest.fixture(scope="module")
def council() -> Council:
    plan, seeds = council_plan(CHILDREN, SEED, mess=["usual", *(kind.name for kind in PEOPLE)]), Seeds(SEED)
    with progress("test") as bar:
        world = draw_world(plan, seeds, make_timeline(plan.start), bar)
    known = as_agencies_know(clean_tables(world, seeds), world, seeds, FaultLog())
    links = person_links(known, world)
    links["label"] = links["person"].str.extract(r"(\d+)$", expand=False).astype(int)
    return Council(world, known, links)


def away(values: Array, labels: Array) -> float:
    """Standard errors by which the rank correlation of two columns is away from none."""
    ranks = [pd.Series(part).rank().to_numpy() for part in (values, labels)]
    return abs(float(np.corrcoef(*ranks)[0, 1])) * np.sqrt(len(values) - 1)


def apart(values: Array, group: npt.NDArray[np.bool_]) -> float:
    """Standard errors by which the mean rank of a group is away from that of all."""
    ranks = pd.Series(values).rank().to_numpy()
    count, part = len(ranks), int(group.sum())
    error = np.sqrt((count - part) * (count + 1) / 12 / part)
    return abs(float(ranks[group].mean()) - (count + 1) / 2) / error


def number(ids: pd.Series) -> Array:
    return ids.str.extract(r"(\d+)$", expand=False).astype(float).to_numpy()


def ordinary(links: pd.DataFrame) -> pd.DataFrame:
    """The ids of everybody but the canaries, which are meant to stand out."""
    return links[~links["source_person_id"].str.contains("CANARY")]


def test_the_measures_see_what_they_are_for() -> None:
    labels = np.arange(500.0)
    assert away(labels, labels) > FAR and apart(labels, labels > 450) > FAR
    assert away(np.random.default_rng(1).permutation(labels), labels) < FAR


@pytest.mark.parametrize("source", [agency.source for agency in AGENCIES])
def test_an_id_tells_neither_the_label_nor_the_role(council: Council, source: str) -> None:
    rows = ordinary(council.links[council.links["source"] == source])
    ids = number(rows["source_person_id"])
    assert rows["source_person_id"].str.len().nunique() == 1
    assert away(ids[rows["role"] == "child"], rows.loc[rows["role"] == "child", "label"].to_numpy()) < FAR
    roles = {"adult": rows["role"] == "adult", "former": rows["role"] == "former", "second": rows["first"] == "no"}
    seen = 0
    for name, of in roles.items():
        if of.sum() >= 2:
            assert apart(ids, of.to_numpy()) < FAR, name
            seen += 1
    assert seen >= 1


def test_uses_of_one_kind_of_id_share_a_range_and_no_number() -> None:
    seeds = Seeds(2)
    uses = {use: make_ids("X", use, 300 * width, 300, seeds) for use, (_, width) in USES.items() if use != "further homes"}
    assert len(set().union(*uses.values())) == sum(map(len, uses.values()))
    for ids in uses.values():
        digits = number(pd.Series(ids)) - 100_000
        assert digits.min() < 0.1 * POOL * 300 and digits.max() > 0.9 * POOL * 300


def test_numbers_of_people_and_homes_tell_nothing(council: Council) -> None:
    people, homes = council.world.people, council.world.homes.households
    usual = ~np.isin(np.arange(len(people)), council.world.canaries)
    children = people.children[usual]
    labels = np.flatnonzero(usual).astype(float)
    places = children["upn"].str[4:8].astype(int) * 1000 + children["upn"].str[10:13].astype(int)
    assert places.is_unique and away(places.to_numpy(), labels) < FAR
    near = (places.diff().abs() <= 2) & (children["family"].diff() == 0)
    assert near.mean() < 0.01
    held = (children["nhs"] != "").to_numpy()
    assert away(children["nhs"][held].astype(float).to_numpy(), labels[held]) < FAR
    for column in ("household_id", "uprn"):
        own = ~homes[column].str.contains("CANARY|9997777").to_numpy()
        values = number(homes[column][own])
        assert away(values, homes["family"].to_numpy()[own]) < FAR, column
        assert apart(values, (homes["kind"] != "home").to_numpy()[own]) < FAR, column


def test_a_temporary_upn_does_not_tell_whose_it_is(council: Council) -> None:
    found = council.known.identities.query("kind == 'temporary_upns'").merge(council.links, on=["source", "source_person_id"])
    order = found["written"].str[10:12].astype(int).to_numpy()
    assert len(found) >= 8 and away(order, found["label"].to_numpy()) < FAR and not (np.diff(order[np.argsort(found["label"])]) > 0).all()


def test_no_list_stands_in_the_order_of_the_truth(council: Council) -> None:
    links = council.links.set_index(["source", "source_person_id"])
    for agency in AGENCIES:
        own = links.loc[agency.source]
        for name, table in council.known.tables.items():
            if not name.startswith(f"{agency.folder}/") or agency.heading not in table:
                continue
            people = own.loc[table[agency.heading].drop_duplicates()]
            rows = np.arange(len(people), dtype=float)
            child = (people["role"] == "child").to_numpy()
            assert away(rows[child], people["label"].to_numpy()[child]) < FAR, name
            for role in (people["role"] == "adult", people["role"] == "former", people["first"] == "no"):
                if role.sum() >= 2:
                    assert apart(rows, role.to_numpy()) < FAR, name
            family = people["family"].to_numpy()
            beside = int(((family[1:] == family[:-1]) & (family[1:] != "")).sum())
            sizes = people.loc[people["family"] != "", "family"].value_counts()
            expected = float((sizes * (sizes - 1)).sum()) / len(people)
            assert beside <= expected + FAR * np.sqrt(expected + 1), name


def test_marks_come_in_no_order_and_every_child_in_one_block(council: Council) -> None:
    order = order_of_marks(council.world)
    assert sorted(order) == list(range(CHILDREN)) and away(np.arange(CHILDREN), order) < FAR
    family = council.world.people.children["family"].to_numpy()[order]
    assert (family[1:] == family[:-1]).mean() < 0.01
    ids = council.world.people.children["pupil_id"].to_numpy()
    blocks = list(cut(council.world, 2))
    assert np.array_equal(np.concatenate([block.children for block in blocks]), order) and len(blocks) == 3
    for block in blocks:
        assert (block.pupil_ids == ids[block.children]).all()
        assert set(block.children[block.canaries]) == set(council.world.canaries) & set(block.children)
        rows = council.world.absence.rows
        whole = rows[(rows["year"] == 2) & rows["child"].isin(block.children)]
        here = block.rows.assign(child=block.children[block.rows["child"]])
        key = ["child", "start"]
        pd.testing.assert_frame_equal(whole.sort_values(key, ignore_index=True), here.sort_values(key, ignore_index=True))


def test_files_of_marks_are_not_in_the_order_of_the_truth(shaped: Path) -> None:
    links = text(shaped / "truth" / "links.csv").query("education != ''").set_index("education")
    labels = links["child"].str[1:].astype(int)
    files = [*(shaped / "extracts/attendance/2024_25").glob("*.parquet"), *(shaped / "extracts/attendance").glob("*.csv")]
    assert len(files) >= 10
    for path in files:
        table = pq.read_table(path).to_pandas() if path.suffix == ".parquet" else text(path)
        seen = table["PupilID"].astype(str).drop_duplicates()
        assert away(np.arange(len(seen)), labels.loc[seen].to_numpy()) < FAR, path.name


def test_shapes_name_families_and_second_entries_by_ids_that_tell_nothing(clean: Made) -> None:
    table = clean.csv("ssd", "ssd_family")
    row = clean.records.children(table["fami_person_id"].to_numpy(dtype=object), "social_care_id")
    family = clean.records.people.children["family"].to_numpy()[row]
    assert (pd.Series(family).groupby(table["fami_family_id"]).nunique() == 1).all()
    assert away(number(table["fami_family_id"]), family) < FAR
    kept = set(clean.csv("ssd", "ssd_contacts")["cont_contact_id"])
    frames = [frame.assign(place=np.arange(len(frame)) / len(frame)) for frame in snapshots(clean, "contacts").values()]
    both = pd.concat(frames).drop_duplicates("cont_contact_id")
    second = ~both["cont_contact_id"].isin(kept).to_numpy()
    assert second.sum() >= 4 and both["cont_contact_id"].str.len().nunique() == 1
    assert apart(number(both["cont_contact_id"]), second) < FAR and apart(both["place"].to_numpy(), second) < FAR
