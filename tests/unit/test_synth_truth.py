"""The truth folder: what each file says, and that it agrees with the world it was written from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from early_id.data.synth import council, make_council
from early_id.data.synth.events.services import CONTACT_EFFECT, EARLY_HELP_FROM, REFERRAL_FROM
from early_id.data.synth.plan import council_plan
from early_id.data.synth.scenarios.declare import SCENARIOS
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import day_number, make_timeline
from early_id.data.synth.truth import files as truth_module
from early_id.data.synth.truth.labels import open_on, recognised_in
from early_id.data.synth.world import World, clean_tables, draw_world

CHILDREN, SEED = 500, 9
#: Kinds of mess that change who a contact is said to be of, or its date; and services of another council.
LEAK_MESS = ["two_ids", "person_not_listed", "unreadable_date", "event_before_birth", "mixed_date_styles", "repeated_row", "one_open_child"]


class _Quiet:
    def advance(self, *_: object) -> None:
        """Nothing to show."""


@pytest.fixture(scope="module")
def world() -> World:
    plan = council_plan(CHILDREN, SEED, scenarios=["regime=0.3", "leak"])
    return draw_world(plan, Seeds(SEED), make_timeline(plan.start), _Quiet())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth") / "truth"
    truth_module.write_truth(path, world, clean_tables(world, Seeds(SEED)), pd.DataFrame({"count": [1]}), Seeds(SEED))
    return path


def test_need_is_given_for_each_child_and_month(world: World, folder: Path) -> None:
    need = pd.read_parquet(folder / "need.parquet")
    months = world.timeline.months
    assert len(need) == CHILDREN * len(months) and not need.duplicated(["child", "month"]).any()
    table = need.assign(child=need["child"].astype(str)).pivot(index="child", columns="month", values="need").to_numpy()
    expected = np.column_stack([world.need.at(int(month) + 15) for month in months])
    assert np.abs(table - expected).max() < 6e-4
    assert np.abs(np.diff(table, axis=1)).max() > 0.05  # it moves


def test_need_is_written_in_row_groups_and_reads_the_same(world: World, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth_module, "GROUP", 170)
    names = np.array([f"C{i:03d}" for i in range(CHILDREN)], dtype=object)
    truth_module.write_need(tmp_path / "need.parquet", world.need, names, world.timeline)
    assert pq.ParquetFile(tmp_path / "need.parquet").num_row_groups == 3
    parts = [pd.read_parquet(path).assign(child=lambda f: f["child"].astype(str)) for path in (tmp_path / "need.parquet", folder / "need.parquet")]
    pd.testing.assert_frame_equal(*parts)


def test_who_should_be_helped_follows_the_definition_of_the_day(world: World, folder: Path) -> None:
    labels = pd.read_parquet(folder / "labels.parquet")
    assert set(labels["as_of"]) == set(world.timeline.as_of_dates)
    changed = pd.Timestamp("2025-04-01").date()
    for day, rows in labels.groupby("as_of"):
        threshold = EARLY_HELP_FROM - (0.3 if day >= changed else 0.0)
        plain = (rows["need"] - threshold).abs() > 0.002
        assert (rows["should_be_helped"] == (rows["need"] > threshold))[plain].all()
        number = day_number(day)
        child = rows["child"].astype(str).str[1:].astype(int).to_numpy()
        assert np.abs(rows["need"].to_numpy() - world.need.at(number)[child]).max() < 6e-4
        for kind, column in (("statutory", "open_to_statutory"), ("early_help", "in_early_help")):
            assert (open_on(world.services[kind], number, CHILDREN)[child] == rows[column]).all()
        assert rows["in_early_help"].any() and (rows["in_early_help"] != rows["open_to_statutory"]).any()
        known = rows["recognised"].notna()
        assert known.all() if number + 180 <= world.timeline.extracted else not known.any()
        if known.all():
            seen = recognised_in(world.services["statutory"], world.services["early_help"], number, CHILDREN)
            assert (seen[child] == rows["recognised"].astype(bool)).all()
    assert (labels["found_in_review"] != labels["should_be_helped"]).mean() > 0.05  # reviewers err by chance


def test_outcomes_are_those_of_the_horizon_only() -> None:
    offers = {"child": np.array([0, 1, 2]), "offered": np.array([99, 100, 280]), "start": np.array([99, 100, 280]), "end": np.array([120, 110, 300])}
    statutory = {
        "child": np.array([3, 4, 5]),
        "status": np.array(["REFERRAL", "REFERRAL", "CARE_LEAVER"], dtype=object),
        "outcome": np.array(["nfa", "assessed", ""], dtype=object),
        "start": np.array([120, 279, 150]),
        "end": np.array([130, 290, 400]),
    }
    assert np.flatnonzero(recognised_in(statutory, offers, 100, 7)).tolist() == [1, 4]
    assert np.flatnonzero(open_on(offers, 110, 7)).tolist() == [0, 1] and not open_on(statutory, 110, 7).any()


def test_effects_and_scenarios_are_those_in_force(world: World, folder: Path) -> None:
    effects = pd.read_csv(folder / "effects.csv").set_index(["what", "how"])["size"]
    assert effects["contacts", "by need"] == CONTACT_EFFECT
    assert effects["decision", "help is offered above"] == EARLY_HELP_FROM and effects["decision", "a referral is made above"] == REFERRAL_FROM
    scenarios = pd.read_csv(folder / "scenarios.csv", keep_default_na=False).set_index("scenario")
    assert list(scenarios.index) == list(SCENARIOS)
    assert scenarios.index[scenarios["on"] == "yes"].tolist() == ["regime", "leak"]
    assert scenarios.loc["regime", "from"] == "2025-04-01" and float(scenarios.loc["regime", "size"]) == 0.3
    assert json.loads((folder / "plan.json").read_text(encoding="utf-8"))["scenarios"] == {"leak": 0.7, "regime": 0.3}


def test_leak_lists_the_contacts_as_they_stand_in_the_extracts(world: World, folder: Path) -> None:
    leak = pd.read_csv(folder / "leak.csv", dtype=str)
    contacts = clean_tables(world, Seeds(SEED))["socialcare/contacts.csv"]
    held = set(zip(contacts["PersonID"], contacts["ContactDate"], strict=True))
    assert len(leak) > 20 and set(zip(leak["PersonID"], leak["ContactDate"], strict=True)) <= held
    assert len(leak) == len(world.services["leaked"])  # nobody is listed whose contact is not typed in by then
    assert (leak["typed_on"] > leak["ContactDate"]).all()
    assert leak["typed_on"].max() < str(np.datetime64(world.timeline.extracted, "D"))


def test_leak_claims_no_day_before_the_child_was_there() -> None:
    plan = council_plan(CHILDREN, SEED, scenarios=["leak=1"])
    world = draw_world(plan, Seeds(SEED), make_timeline(plan.start), _Quiet())  # type: ignore[arg-type]
    leaked, children = world.services["leaked"], world.people.children
    joins = world.people.families["joins"].to_numpy()[children["family"].to_numpy()]
    first = np.maximum(np.maximum(children["dob"].to_numpy(), joins), world.timeline.events_from)[leaked["child"]]
    assert (leaked["on"] >= first).all() and (leaked["on"] - first).min() < 100
    statutory = world.services["statutory"]
    causes = len(world.services["early_help"]) + int(((statutory["status"] == "REFERRAL") & (statutory["outcome"] != "nfa")).sum())
    assert 0.85 * causes < len(leaked) < causes


def test_with_mess_and_second_ids_the_leak_is_a_part_of_the_contacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(council, "write_marks", lambda *_: 0)  # no mark is looked at
    made = make_council(700, SEED, tmp_path / "council", scenarios=["leak=1"], mess=LEAK_MESS)
    leak, contacts = (pd.read_csv(made.folder / name, dtype=str) for name in ("truth/leak.csv", "extracts/socialcare/contacts.csv"))
    held = set(zip(contacts["PersonID"], contacts["ContactDate"], strict=True))
    assert len(leak) > 100 and set(zip(leak["PersonID"], leak["ContactDate"], strict=True)) <= held
    seeds = Seeds(SEED)
    assert len(leak) == len(draw_world(made.plan, seeds, make_timeline(made.plan.start), _Quiet()).services["leaked"])  # type: ignore[arg-type]
    links = pd.read_csv(made.folder / "truth" / "person_links.csv", dtype=str).query("source == 'social_care'")
    assert (leak["PersonID"].map(links.set_index("source_person_id")["person"]) == leak["child"]).all()
    assert leak["PersonID"].isin(links.loc[links["first"] == "no", "source_person_id"]).any()  # a second id took over
    # Children with another council's plan have it in the file, and on every date that it reaches in the truth.
    elsewhere = pd.read_csv(made.folder / "truth" / "identities.csv", dtype=str).query("kind == 'one_open_child'")["source_person_id"]
    child = links.set_index("source_person_id")["person"].reindex(elsewhere)
    labels = pd.read_parquet(made.folder / "truth" / "labels.parquet").assign(child=lambda f: f["child"].astype(str))
    theirs = labels[labels["child"].isin(child)]
    assert len(theirs) and theirs["open_to_statutory"].all() and not theirs["in_early_help"].any()


def test_families_and_visibility(world: World, folder: Path) -> None:
    families = pd.read_csv(folder / "families.csv")
    strong = families["settled_routine"].eq("yes").to_numpy()[world.people.children["family"]]
    assert (strong == world.need.strength).all()
    assert set(families["services_by_chance"]) == {"no"}
    visibility = pd.read_csv(folder / "visibility.csv").set_index("school")["log_rate"]
    assert len(visibility) == len(world.rolls.schools) + 1
    last = world.rolls.spells.drop_duplicates("child", keep="last").iloc[0]
    school = world.rolls.schools["school_id"].iloc[last["school"]]
    assert world.visibility[-1, last["child"]] == pytest.approx(visibility[school], abs=1e-4)
