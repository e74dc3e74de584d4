"""Marks of one block of children in one school year: made, spoilt and cut by month. Runs in a worker process as well.

A block gets only its own children, numbered from 0, so that a worker holds one block whatever the size of the council.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from early_id.data.synth.faults import Entry, FaultLog, count_timing, silence, silent_months, spoil_number_marks
from early_id.data.synth.files.writers import marks_to_arrow, month_file
from early_id.data.synth.marks.attendance import AbsencePlan
from early_id.data.synth.marks.make import Marks, YearPlan, make_marks, plan_year
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import Need
from early_id.data.synth.seeds import BLOCK, Seeds
from early_id.data.synth.timeline import Timeline
from early_id.data.synth.world import World

#: What :func:`early_id.data.synth.marks.make.make_marks` may know of a child.
TRAITS = ("dob", "entry_year", "male", "sen", "fsm", "home_educated")


@dataclass(frozen=True)
class Shared:
    """What all blocks have in common; sent to each worker once."""

    plan: CouncilPlan
    seeds: Seeds
    timeline: Timeline
    schools: pd.DataFrame
    mix: AbsencePlan  #: without rows
    text_schools: tuple[int, ...]
    years: dict[int, YearPlan]
    silent: tuple[tuple[int, int], ...]  #: schools (row numbers) and months without marks


@dataclass(frozen=True)
class Block:
    """The children of one block, numbered from 0, and their rows of one year."""

    number: int
    year: int
    children: npt.NDArray[np.int64]  #: row of each in the council
    rows: pd.DataFrame
    suspensions: pd.DataFrame
    traits: pd.DataFrame
    need: Need
    pupil_ids: npt.NDArray[np.object_]
    canaries: npt.NDArray[np.int64]


@dataclass(frozen=True)
class BlockMarks:
    """One block's marks, ready to be written."""

    months: tuple[tuple[str, pa.Table], ...] = ()
    texts: dict[int, Marks] = field(default_factory=dict)  #: school → marks of the schools that send text
    faults: tuple[Entry, ...] = ()

    def __len__(self) -> int:
        return sum(table.num_rows for _, table in self.months)


def share(world: World, seeds: Seeds) -> Shared:
    """What every block needs of the council."""
    schools = world.rolls.schools
    years = {
        index: plan_year(year, index, schools, seeds.rng(f"year {year.label}")) for index, year in enumerate(world.timeline.years) if len(year.days)
    }
    return Shared(
        plan=world.plan,
        seeds=seeds,
        timeline=world.timeline,
        schools=schools,
        mix=replace(world.absence, rows=world.absence.rows.iloc[:0]),
        text_schools=tuple(_text_schools(world)),
        years=years,
        silent=silent_months(world.rolls, world.canaries, world.plan, world.timeline, seeds),
    )


def cut(world: World, index: int) -> Iterator[Block]:
    """The blocks of one year, in order."""
    people, need = world.people, world.need
    order = order_of_marks(world)
    place = np.argsort(order)
    blocks = -(-len(people) // BLOCK)
    parts = [_by_block(frame[frame["year"] == index], place, blocks) for frame in (world.absence.rows, world.suspensions)]
    ethnicity = world.people.families["ethnicity"].to_numpy()
    pupil_ids = people.children["pupil_id"].to_numpy()
    for number, (rows, suspensions) in enumerate(zip(*parts, strict=True)):
        here = order[number * BLOCK : (number + 1) * BLOCK]
        children = people.children.iloc[here]
        traits = children[list(TRAITS)].reset_index(drop=True)
        traits["ethnicity"] = ethnicity[children["family"].to_numpy()]
        yield Block(
            number,
            index,
            here,
            rows=rows.assign(child=rows["child"] - number * BLOCK),
            suspensions=suspensions.assign(child=suspensions["child"] - number * BLOCK),
            traits=traits,
            need=replace(need, resid=need.resid[here], shift=need.shift[here]),
            pupil_ids=pupil_ids[here],
            canaries=np.flatnonzero(np.isin(here, world.canaries)),
        )


def stream(block: Block, shared: Shared) -> np.random.Generator:
    """The draws of one block in one year, from a stream that no other block has."""
    return shared.seeds.rng(f"marks {shared.timeline.years[block.year].label}", block.number)


def fill(block: Block, shared: Shared) -> BlockMarks:
    """Make, spoil and cut the marks of one block; the same wherever it runs."""
    if not len(block.rows):
        return BlockMarks()
    seeds, timeline = shared.seeds, shared.timeline
    year = timeline.years[block.year]
    marks = make_marks(
        block.rows,
        block.suspensions,
        block.traits,
        shared.mix,
        shared.years[block.year],
        block.need,
        timeline.extracted,
        stream(block, shared),
        shared.plan.mess,
    )
    marks = silence(marks, shared.silent)
    log = FaultLog()
    own = np.isin(marks.school, shared.text_schools)
    texts = {school: part for school in shared.text_schools if len(part := marks.take(marks.school == school))}
    marks = marks.take(~own)
    count_timing(marks, year, log)
    if block.year >= len(timeline.years) - 2:
        marks = spoil_number_marks(marks, year, block.number, block.canaries, shared.plan, seeds, log)
    school_ids = shared.schools["school_id"].to_numpy()
    month = marks.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int16)  # small numbers sort fastest
    order = np.argsort(month, kind="stable")
    marks, month = marks.take(order), month[order]
    starts = np.flatnonzero(np.concatenate([[True], month[1:] != month[:-1]])) if len(marks) else np.zeros(0, dtype=np.int64)
    months = tuple(
        (month_file(year.label, int(marks.day[a])), marks_to_arrow(marks.take(np.arange(a, b)), block.pupil_ids, school_ids))
        for a, b in pairwise([*starts, len(marks)])
    )
    return BlockMarks(months, texts, log.rows)


def order_of_marks(world: World) -> npt.NDArray[np.int64]:
    """Rows of the children in the order in which they come into blocks: brothers and sisters apart, nobody where the truth has her."""
    return Seeds(world.plan.seed, world.plan.area, world.plan.areas).rng("order of marks").permutation(len(world.people))


def _by_block(frame: pd.DataFrame, place: npt.NDArray[np.int64], blocks: int) -> list[pd.DataFrame]:
    """A frame cut into the fixed blocks of children, which are numbered by their places in the order of marks."""
    frame = frame.assign(child=place[frame["child"]]).sort_values("child", kind="stable")
    edges = np.searchsorted(frame["child"].to_numpy(), np.arange(blocks + 1) * BLOCK)
    return [frame.iloc[a:b] for a, b in pairwise(edges)]


def _text_schools(world: World) -> list[int]:
    """The smallest primary and the smallest secondary school by roll."""
    rolls = world.rolls
    sizes = np.bincount(rolls.spells["school"], minlength=len(rolls.schools)).astype(float)
    sizes[sizes == 0] = np.inf
    phase = rolls.schools["phase"].to_numpy()
    return [int(np.argmin(np.where(phase == name, sizes, np.inf))) for name in ("Primary", "Secondary")]
