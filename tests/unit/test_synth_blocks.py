"""Blocks of marks: each has a stream of its own, the check counts what is written, and no canary's mark takes a fault."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from early_id.core.display import progress
from early_id.data.synth import make_council
from early_id.data.synth import world as world_module
from early_id.data.synth.check.tally import MARKED, count_council
from early_id.data.synth.events import services
from early_id.data.synth.events.services import UNSEEN
from early_id.data.synth.faults import marks as faults
from early_id.data.synth.marks import blocks
from early_id.data.synth.marks.blocks import Block, Shared, cut, fill, share
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population import schools as schools_module
from early_id.data.synth.seeds import BLOCK, Seeds
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.world import World, draw_world
from early_id.schema.codes import code_list

CHILDREN, SEED = BLOCK + 300, 6


@pytest.fixture(scope="module")
def world() -> World:
    plan = CouncilPlan(CHILDREN, SEED)
    with progress("test") as bar:
        return draw_world(plan, Seeds(SEED), make_timeline(plan.start), bar)


@pytest.fixture(scope="module")
def shared(world: World) -> Shared:
    return replace(share(world, Seeds(SEED)), text_schools=())


def codes(block: Block, shared: Shared) -> list[str]:
    return pa.concat_tables(table for _, table in fill(block, shared).months)["Code"].to_pylist()


def test_every_block_has_a_stream_of_its_own(world: World, shared: Shared) -> None:
    """The same children drawn as another block come to other marks; drawn again, to the same."""
    first, second = cut(world, MARKED)
    few = first.rows[first.rows["child"] < 150], first.suspensions[first.suspensions["child"] < 150]
    first = replace(first, rows=few[0], suspensions=few[1])
    one = codes(first, shared)
    assert codes(first, shared) == one
    other = codes(replace(first, number=second.number), shared)
    size = min(len(one), len(other))
    assert np.mean(np.array(one[:size]) != np.array(other[:size])) > 0.05


def test_the_check_counts_the_marks_that_are_written(world: World, shared: Shared) -> None:
    tables = [table for block in cut(world, MARKED) for _, table in fill(block, shared).months]
    written = pa.concat_tables(tables).to_pandas().astype({"PupilID": str, "Code": str})
    absent = written["Code"].isin(code_list("attendance").having(flag="absent")).groupby(written["PupilID"]).sum()
    counted = count_council(CHILDREN, SEED).enrolments
    ids = world.people.children["pupil_id"].to_numpy()[counted["child"]]
    pd.testing.assert_series_equal(
        counted["absent"].groupby(ids).sum().sort_index(), absent[np.unique(ids)].sort_index(), check_names=False, check_dtype=False
    )


def test_no_mark_of_a_canary_takes_a_fault_however_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every mark that may take the fault does; those of the canaries, and none other of theirs, stay; sent as numbers and as text."""
    everything = 10**9
    monkeypatch.setattr(faults, "NUMBER_FAULTS", (("mark_unknown", everything, "A"),))
    monkeypatch.setattr(faults, "TEXT_FAULTS", (("mark_unknown", everything, "Code", "8"),))

    def every_other(world: World) -> list[int]:
        spells = world.rolls.spells
        return sorted(set(spells.loc[spells["child"].isin(world.canaries), "school"]))[::2]

    monkeypatch.setattr(blocks, "_text_schools", every_other)
    made = make_council(200, 5, tmp_path / "council", mess="usual,-late_marks,-corrected_marks")
    extracts = made.folder / "extracts" / "attendance"
    texts = [pd.read_csv(path, dtype=str) for path in extracts.glob("*.csv")]
    numbers = [pd.read_parquet(path).astype(str) for path in extracts.glob("2024_25/*.parquet")]
    for parts in (texts, numbers):
        marks = pd.concat(parts, ignore_index=True)
        spoilt = marks["Code"].isin(["A", "8"])
        canary = marks["PupilID"].str.contains("CANARY")
        assert canary.sum() > 300 and not spoilt[canary].any() and spoilt[~canary].mean() > 0.9


def test_a_child_is_seen_by_the_school_of_the_month(world: World) -> None:
    rates = world.rolls.schools["visibility"].to_numpy()
    spells = world.rolls.spells
    months = world.timeline.months
    schools = spells.groupby("child")["school"].nunique()
    moved = schools.index[schools > 1]
    assert len(moved) > 50
    for child in moved[:20]:
        own = spells[spells["child"] == child]
        for index, month in enumerate(months):
            begun = own[own["start"] <= month + 15]
            there = (begun if len(begun) else own.iloc[:1])["school"].iloc[-1]
            assert world.visibility[index, child] == np.float32(rates[there])
    never = np.setdiff1d(np.arange(CHILDREN), spells["child"])
    assert len(never) and (world.visibility[:, never] == np.float32(UNSEEN)).all()


def test_who_is_named_follows_the_school_of_the_month(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secondary schools that name nobody: their pupils are named while they are at primary school, and no more after."""
    plain = schools_module.make_schools

    def silent(children: int, seeds: Seeds) -> pd.DataFrame:
        schools = plain(children, seeds)
        return schools.assign(visibility=np.where(schools["phase"] == "Secondary", -30.0, 1.0))

    monkeypatch.setattr(world_module, "make_schools", silent)
    monkeypatch.setattr(services, "SIBLING_JOINS", 0.0)
    plan = CouncilPlan(3_000, 2)
    with progress("test") as bar:
        world = draw_world(plan, Seeds(2), make_timeline(plan.start), bar)
    contacts = world.services["contacts"]
    month = np.searchsorted(world.timeline.months, contacts["on"], side="right") - 1
    seen = world.visibility[month, contacts["child"]]
    assert len(contacts) > 300 and not (seen == np.float32(-30)).any()
    left = world.visibility[-1] == np.float32(-30)
    assert left[contacts["child"]].sum() > 30  # they were named before, by a school that looks
