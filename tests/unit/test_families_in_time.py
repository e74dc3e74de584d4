"""Families of a made-up council, from its files to one call, held against who really lived where."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from shapes_material import text

from early_id.config.load import make_config, shipped
from early_id.data.store import Store
from early_id.linkage import link
from early_id.linkage.people import People

#: Shape, source, file: every table that says who somebody is or belongs to.
READ = (
    ("council_schools", "education", "extracts/education/schools.xlsx"), ("council_pupils", "education", "extracts/education/pupils.csv"),
    ("council_school_contacts", "education", "extracts/education/school_contacts.csv"), ("council_people", "social_care", "extracts/socialcare/people.csv"),
    ("council_relationships", "social_care", "extracts/socialcare/relationships.csv"),
    ("council_family_groups", "social_care", "extracts/socialcare/family_groups.csv"), ("council_statutory", "social_care", "extracts/socialcare/statutory.csv"),
    ("council_people", "housing", "extracts/housing/people.csv"), ("council_households", "housing", "extracts/housing/households.xlsx"),
)  # fmt: skip
DAY = pd.Timestamp("2025-11-09")


@pytest.fixture(scope="module")
def store(shaped: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("families")
    sources = [{"name": source, "shape": shape, "files": file, "received": "2025-11-09"} for shape, source, file in READ]
    cfg = make_config({"data": str(shaped), "sharing": shipped("sharing.yaml"), "sources": sources}, base=folder)
    made = Store.open(cfg)
    made.ingest(cfg=cfg)
    return made


@pytest.fixture(scope="module")
def people(store: Store) -> People:
    return link(store)


def persons(people: People, shaped: Path) -> pd.Series:
    """Child id → who it really is; only of people all of whose records are one person's."""
    truth = text(shaped / "truth" / "person_links.csv").set_index(["source", "source_person_id"])["person"]
    own = people.current().set_index(["source", "source_person_id"])["child_id"]
    both = pd.DataFrame({"child_id": own, "person": truth.reindex(own.index)}).dropna()
    whose = both.groupby("child_id")["person"].agg(["nunique", "first"])
    return whose.loc[whose["nunique"] == 1, "first"]


def family_of(shaped: Path) -> pd.Series:
    return text(shaped / "truth" / "person_links.csv").query("role != 'former'").drop_duplicates("person").set_index("person")["family"]


def test_family_on_a_date_comes_from_the_stored_tables_and_is_the_true_family(people: People, shaped: Path) -> None:
    rows, who, family = people.family_on(DAY), persons(people, shaped), family_of(shaped)
    rows = rows.assign(one=rows["person_id"].map(who).map(family), two=rows["relative_id"].map(who).map(family)).dropna(subset=["one", "two"])
    assert {"relationship", "school contact", "household", "family group", "same contact at school"} <= set(rows["kind"])
    right = (rows["one"] == rows["two"]).groupby(rows["kind"]).mean()
    # An address may be shared by two families; nothing else may join them.
    assert (right.drop(["address", "address and surname"], errors="ignore") == 1.0).all()
    assert rows["evidence"].ne("").all() and rows["trust"].between(0, 1).all()


def test_the_tables_find_family_that_households_alone_do_not(people: People, shaped: Path) -> None:
    rows = people.family_on(DAY)
    assert (~rows["kind"].isin(["household", "address", "address and surname"])).sum() > 100
    mothers = rows[rows["relation"] == "mother"]
    assert len(mothers) > 50 and mothers["trust"].min() >= 0.97
    adults = people.linkage.records.set_index(["source", "source_person_id"])["birth_date"]  # type: ignore[union-attr]
    born = people.current().set_index("child_id")[["source", "source_person_id"]].apply(tuple, axis=1).map(adults).groupby(level=0).min()
    assert (mothers["person_id"].map(born) > mothers["relative_id"].map(born)).dropna().mean() > 0.99


def test_every_row_of_the_tables_has_its_provenance_and_the_time_it_was_known(store: Store) -> None:
    for name in ("relationships", "family_groups", "school_contacts"):
        rows = store.frame(name)
        assert len(rows) > 100 and rows[["file", "row", "received_on", "known_from"]].notna().all(axis=None)
        assert pd.to_datetime(rows["known_from"]).max() <= DAY and pd.to_datetime(rows["known_from"]).nunique() > 20


def test_nothing_is_known_before_it_was_recorded(people: People) -> None:
    earlier, later = (people.family_on(pd.Timestamp(day)) for day in ("2023-01-01", DAY))
    assert 0 < len(earlier) < len(later)


def test_the_datasets_own_tables_fill_the_same_ones(shaped: Path, tmp_path: Path) -> None:
    ssd = ("ssd_person", "ssd_family", "ssd_mother", "ssd_address")
    sources = [{"name": "social_care", "shape": name, "files": f"extracts_other_shapes/ssd/{name}.csv", "received": "2025-11-09"} for name in ssd]
    cfg = make_config({"data": str(shaped), "sharing": shipped("sharing.yaml"), "sources": sources}, base=tmp_path)
    store = Store.open(cfg)
    batch = store.ingest(cfg=cfg)
    assert {item.table: item.rows_set_aside for item in batch.files if item.table != "pupils"} == {
        "family_groups": 0,
        "relationships": 0,
        "addresses": 0,
    }
    mothers, came = store.frame("relationships"), text(shaped / "extracts_other_shapes" / "ssd" / "ssd_mother.csv")
    assert len(mothers) == len(came) > 20 and set(mothers["relation"]) == {"mother"}
    assert set(mothers["source_person_id"]) == set(came["moth_childs_person_id"])
    homes = store.frame("addresses")
    assert homes["uprn"].str.fullmatch(r"\d+").mean() > 0.5 and len(store.frame("family_groups")) > 50
    kinds = set(link(store).family_on(pd.Timestamp("2025-12-01"))["kind"])
    assert {"relationship", "family group"} <= kinds and kinds & {"address", "address and surname"}
