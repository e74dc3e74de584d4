"""A council's people without marks, as each agency knows them: what several tests of them start from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from early_id.core.display import progress
from early_id.data.synth.agencies.known import Known, as_agencies_know
from early_id.data.synth.agencies.sources import AGENCIES
from early_id.data.synth.faults import FaultLog
from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.mess import PEOPLE
from early_id.data.synth.plan import council_plan
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.world import World, draw_world

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
