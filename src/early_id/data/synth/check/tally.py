"""Draw a council in memory and count what the published tables count: enrolments, marks by code, week and weekday, events of years."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.core.display import progress
from early_id.data.synth.marks.attendance import SHORT_DAYS
from early_id.data.synth.marks.blocks import cut, share, stream
from early_id.data.synth.marks.codes import CODES, NUMBER
from early_id.data.synth.marks.make import draw_codes
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.seeds import BLOCK, Seeds
from early_id.data.synth.timeline import as_date, make_timeline
from early_id.data.synth.world import STEPS, World, draw_world
from early_id.schema.codes import code_list

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: School years counted: the marks of 2024/25, the suspensions of the years before the running one.
MARKED = 3
#: The daily attendance statistics cover pupils of 5 to 15 on 31 August: years 1 to 11.
YEARS_COUNTED = (1, 11)


@dataclass(frozen=True)
class Tally:
    """What was counted. Every table has the row number of the child and of its family, for sampling errors."""

    world: World
    #: One row an enrolment of the marked year: possible, absent, unauthorised sessions, a column a code, days, and the pupil's traits.
    enrolments: pd.DataFrame
    weeks: tuple[str, ...]  #: Mondays
    week_possible: npt.NDArray[np.int64]  #: enrolment × week
    week_absent: npt.NDArray[np.int64]
    day_possible: npt.NDArray[np.int64]  #: enrolment × weekday
    day_absent: npt.NDArray[np.int64]

    @cached_property
    def terms(self) -> dict[str, Flags]:
        """Weeks of each term, by the first word of its name."""
        calendar = self.world.timeline.calendar
        names = [getattr(calendar.term_of(pd.Timestamp(week).date() + pd.Timedelta(days=4)), "name", "") for week in self.weeks]
        return {term: np.array([name.startswith(term) for name in names]) for term in ("autumn", "spring", "summer")}

    @cached_property
    def people(self) -> pd.DataFrame:
        """All children with their family's traits."""
        families = self.world.people.families
        children = self.world.people.children
        traits = families[["fsm", "ethnicity", "language", "idaci", "hub"]].iloc[children["family"].to_numpy()].reset_index(drop=True)
        table = children[["family", "dob", "male", "sen", "sen_need", "young_carer"]].reset_index(drop=True)
        return pd.concat([table, traits], axis=1).assign(child=np.arange(len(children)))

    @cached_property
    def headcount(self) -> pd.DataFrame:
        """Pupils on roll on 15 January of each full school year, with their traits and suspensions of the year."""
        timeline, rolls = self.world.timeline, self.world.rolls
        parts = []
        for index in range(MARKED + 1):
            day = timeline.years[index].start + 136
            spells = rolls.spells[(rolls.spells["year"] == index) & (rolls.spells["start"] <= day) & (rolls.spells["end"] >= day)]
            parts.append(spells.drop_duplicates("child")[["child", "school", "year", "nc"]])
        table = pd.concat(parts, ignore_index=True)
        events = self.world.suspensions
        kept = events[events["category"] == "SUSP"]
        counts = kept.groupby(["child", "year"]).size().rename("events").reset_index()
        table = table.merge(counts, on=["child", "year"], how="left").fillna({"events": 0})
        table["phase"] = rolls.schools["phase"].to_numpy()[table["school"]]
        return table.merge(self.people, on="child")

    @cached_property
    def suspensions(self) -> pd.DataFrame:
        """Suspensions of the full school years, with the pupils' traits."""
        events = self.world.suspensions
        return events[(events["category"] == "SUSP") & (events["year"] <= MARKED)].merge(self.people, on="child")

    def residents(self, day: int) -> Flags:
        """Children born, under 18 and living in the area on a day."""
        people = self.world.people
        home = people.children["family"].to_numpy()
        dob = people.children["dob"].to_numpy()
        joins, leaves = people.families["joins"].to_numpy()[home], people.families["leaves"].to_numpy()[home]
        return np.asarray((joins <= day) & (leaves > day) & (dob <= day) & (day - dob < 18 * 365.25))


def count_council(children: int, seed: int) -> Tally:
    """Draw a council of ``children`` children without mess or scenario and count it; no file is written."""
    plan = CouncilPlan(children, seed)
    seeds, timeline = Seeds(seed), make_timeline(plan.start)
    with progress("Counting a council", total=STEPS + -(-children // BLOCK)) as bar:
        world = draw_world(plan, seeds, timeline, bar)
        shared = share(world, seeds)
        year = timeline.years[MARKED]
        weekday = (year.days + 3) % 7
        weeks, starts = np.unique(year.days - weekday, return_index=True)
        tables, arrays = [], []
        for block in cut(world, MARKED):
            if len(block.rows):
                rng = stream(block, shared)
                drawn = draw_codes(block.rows, block.suspensions, block.traits, shared.mix, shared.years[MARKED], block.need, timeline.extracted, rng)
                table, counts = _count(*drawn, starts, weekday)
                rows = block.rows.assign(child=block.children[block.rows["child"]])
                tables.append(pd.concat([rows[["child", "school", "nc"]].reset_index(drop=True), table], axis=1))
                arrays.append(counts)
            bar.advance(1)
    table = _with_traits(pd.concat(tables, ignore_index=True), world)
    used = (table["possible"] > 0).to_numpy()
    whole = [np.concatenate(part)[used] for part in zip(*arrays, strict=True)]
    return Tally(world, table[used].reset_index(drop=True), tuple(as_date(day).isoformat() for day in weeks), *whole)


def _flags(flag: str | None = None, category: str | None = None) -> Flags:
    codes = code_list("attendance").having(flag=flag, category=category)
    return np.array([code in codes for code in CODES])


def _count(
    code: npt.NDArray[np.int8], school: Ints, kept: Flags, starts: npt.NDArray[np.intp], weekday: Ints
) -> tuple[pd.DataFrame, tuple[Ints, Ints, Ints, Ints]]:
    """Count one block; ``code`` is enrolment × day × session, ``kept`` enrolment × day."""
    n = len(code)
    possible_codes, absent_codes, unauthorised = _flags("possible"), _flags("absent"), _flags(category="unauthorised_absence")
    possible, absent = possible_codes[code] & kept[:, :, None], absent_codes[code] & kept[:, :, None]
    place = np.arange(n)[:, None, None] * len(CODES) + code
    counts = np.bincount(place[np.broadcast_to(kept[:, :, None], code.shape)], minlength=n * len(CODES)).reshape(n, len(CODES))
    both = possible.all(axis=2)
    ill = ((code == NUMBER["I"]) & kept[:, :, None]).any(axis=2)
    table = pd.DataFrame(counts, columns=list(CODES)).assign(
        possible=counts @ possible_codes,
        absent=counts @ absent_codes,
        unauthorised=counts @ unauthorised,
        absent_days=(both & absent.any(axis=2)).sum(axis=1),
        agreeing_days=(both & absent.all(axis=2)).sum(axis=1),
        ill_days=ill.sum(axis=1),
        illnesses=ill[:, 0] + (ill[:, 1:] & ~ill[:, :-1]).sum(axis=1),
    )
    by_day = [array.sum(axis=2, dtype=np.int64) for array in (possible, absent)]
    weeks = [np.add.reduceat(array, starts, axis=1) for array in by_day]
    days = [np.stack([array[:, weekday == number].sum(axis=1) for number in range(5)], axis=1) for array in by_day]
    return table, (weeks[0], weeks[1], days[0], days[1])


def _with_traits(table: pd.DataFrame, world: World) -> pd.DataFrame:
    """The rows with what the published tables split them by."""
    children, families = world.people.children, world.people.families
    child = table["child"].to_numpy()
    family = children["family"].to_numpy()[child]
    return table.assign(
        family=family,
        fsm=families["fsm"].to_numpy()[family],
        sen=children["sen"].to_numpy()[child],
        male=children["male"].to_numpy()[child],
        phase=world.rolls.schools["phase"].to_numpy()[table["school"]],
        counted=table["nc"].between(*YEARS_COUNTED).to_numpy(),
        # Published groups are of the census: an enrolment too short to be in it has no free meals, SEN or year group.
        classified=(table["possible"] > 2 * SHORT_DAYS).to_numpy(),
        absence=(table["absent"] / table["possible"].clip(lower=1)).to_numpy(),
    )
