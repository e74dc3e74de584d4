"""What linking makes of people as the agencies know them: with the usual mess nobody is lost or taken for another.

A record is lost where it is joined neither to the school's nor like it in name and birthday: what it says can then take nobody off a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from early_id.config.settings import LinkageSettings
from early_id.core.display import progress
from early_id.data.synth import CouncilSummary
from early_id.data.synth.agencies.known import as_agencies_know
from early_id.data.synth.agencies.people_truth import write_people
from early_id.data.synth.agencies.sources import AGENCIES
from early_id.data.synth.faults import FaultLog
from early_id.data.synth.plan import council_plan
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.world import clean_tables, draw_world
from early_id.features.cohort import council_cohort
from early_id.features.lookalikes import likeness
from early_id.features.past import Past
from early_id.linkage import link, link_people
from early_id.linkage.quality import quality_of_groups

CHILDREN, SEED = 2500, 6
_COLUMNS = {"UPN": "upn", "NHSNumber": "nhs_number", "Forename": "forename", "Surname": "surname", "Postcode": "postcode", "UPRN": "uprn"}


@dataclass(frozen=True)
class Linked:
    """Every record of every list with the child that linking takes it for, and the person it is about."""

    records: pd.DataFrame
    truth: Path
    doubts: pd.DataFrame

    def lost(self) -> int:
        """Children's records that neither a number nor name and birthday bring to the school's record of the child."""
        rows = self.records[self.records["role"] == "child"].assign(alike=likeness(self.records))
        schools = rows[rows["source"] == "education"]
        joined = set(zip(schools["person"], schools["child_id"], strict=True))
        # A pair that waits for somebody to look takes a child out as well.
        at_school = dict(zip(schools["child_id"], schools["person"], strict=True))
        for one, other in self.doubts.itertuples(index=False):
            joined |= {(at_school[a], b) for a, b in ((one, other), (other, one)) if a in at_school}
        # Whoever is joined to the school's record brings the records that look like it along.
        near = rows[[pair in joined for pair in zip(rows["person"], rows["child_id"], strict=True)]]
        alike = set(zip(near["person"], near["alike"], strict=True))
        others = rows[rows["person"].isin(schools["person"])]
        keys = zip(others["person"], others["child_id"], others["alike"], strict=True)
        return sum((person, child) not in joined and (person, name) not in alike for person, child, name in keys)


def linked(folder: Path, mess: str, *, use_names: bool = False) -> Linked:
    """The lists of a council, as they would stand in a store, linked by numbers alone or by names too; its truth in ``folder``."""
    plan = council_plan(CHILDREN, SEED, mess=mess)
    with progress("test") as bar:
        world = draw_world(plan, Seeds(SEED), make_timeline(plan.start), bar)
    known = as_agencies_know(clean_tables(world, Seeds(SEED)), world, Seeds(SEED), FaultLog())
    write_people(folder, known, world)
    lists = [known.tables[a.file].rename(columns={**_COLUMNS, a.heading: "source_person_id"}).assign(source=a.source) for a in AGENCIES]
    people = pd.concat(lists, ignore_index=True)
    for name, heading in (("birth_date", "DOB"), ("known_from", "RecordedOn")):
        people[name] = pd.to_datetime(people[heading], format="%d/%m/%Y")
    people = people[["source", "source_person_id", *_COLUMNS.values(), "birth_date", "known_from"]].replace("", None)
    settings = LinkageSettings(use_names=use_names)
    truth = pd.read_csv(folder / "person_links.csv", dtype=str, keep_default_na=False)
    keys = ["source", "source_person_id"]
    made = link_people(people, None, key="k", settings=settings)
    found = made.person_links[[*keys, "child_id"]]
    return Linked(people.merge(found, on=keys).merge(truth, on=keys, how="outer"), folder, made.may_be_one())


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Linked:
    return linked(tmp_path_factory.mktemp("usual"), "usual")


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Linked:
    return linked(tmp_path_factory.mktemp("hard"), "usual,names_without_numbers,birth_date_errors,estimated_birth_dates")


@pytest.fixture(scope="module")
def by_name(tmp_path_factory: pytest.TempPathFactory) -> Linked:
    mess = "usual,names_without_numbers,birth_date_errors,estimated_birth_dates"
    return linked(tmp_path_factory.mktemp("by_name"), mess, use_names=True)


def test_nobody_is_taken_for_somebody_else(usual: Linked, hard: Linked, by_name: Linked) -> None:
    for made in (usual, hard, by_name):
        assert not made.records[["child_id", "person"]].isna().any(axis=None)
        assert made.records.groupby("child_id")["person"].nunique().max() == 1
        pairs = pd.read_csv(made.truth / "never_link.csv", dtype=str)
        child = made.records.set_index(["source", "source_person_id"])["child_id"]
        one, two = (child.reindex(pd.MultiIndex.from_frame(pairs[[f"source_{x}", f"id_{x}"]])).to_numpy() for x in "ab")
        assert len(pairs) > 100 and (one != two).all()


def test_the_usual_mess_loses_nobody_and_the_kinds_that_are_off_do(usual: Linked, hard: Linked) -> None:
    assert usual.lost() == 0
    assert hard.lost() >= 12


def test_the_usual_mess_leaves_most_children_in_one_piece(usual: Linked) -> None:
    """Numbers alone join about nine in ten; names find nearly all of the rest."""
    own = usual.records[usual.records["role"] == "child"]
    assert 0.75 < own.groupby("person")["child_id"].nunique().eq(1).mean() < 0.97


def test_names_find_nearly_everybody_whatever_the_mess(by_name: Linked, hard: Linked) -> None:
    own = by_name.records[by_name.records["role"] == "child"]
    assert own.groupby("person")["child_id"].nunique().eq(1).mean() > 0.97
    assert by_name.lost() < hard.lost() / 2
    quality = quality_of_groups(by_name.records["child_id"], by_name.records["person"])
    assert quality.precision.value == 1 and quality.f1.value > 0.98


def test_nobody_open_to_statutory_services_is_looked_at_and_no_adult_is(small_council: CouncilSummary, small_store: object) -> None:
    cfg, store = small_store.cfg, small_store.store  # type: ignore[attr-defined]
    people = link(store)
    truth = pd.read_csv(small_council.folder / "truth" / "person_links.csv", dtype=str, keep_default_na=False)
    records = people.person_links.merge(truth, on=["source", "source_person_id"], how="outer", indicator=True)
    assert (records["_merge"] == "both").all()
    rows = pd.read_csv(small_council.folder / "extracts" / "socialcare" / "statutory.csv", dtype=str)
    start, end = (pd.to_datetime(rows[name], format="%Y-%m-%d", errors="coerce") for name in ("StartOn", "EndOn"))
    care = records[records["source"] == "social_care"].set_index("source_person_id")["person"]
    for day in (*cfg.as_of_dates[::4], cfg.as_of_dates[-1]):
        moment = pd.Timestamp(day)
        is_open = (start < moment - pd.Timedelta(days=4)) & (end.isna() | (end > moment)) & ~rows["Status"].isin(["REFERRAL", "CARE_LEAVER"])
        about = set(care.reindex(rows.loc[is_open, "PersonID"]).dropna())
        looked_at = set(council_cohort(Past(store, people, day), cfg).index["child_id"])
        assert about and not looked_at & set(records.loc[records["person"].isin(about), "child_id"])
        assert not looked_at & set(records.loc[records["role"] != "child", "child_id"])
