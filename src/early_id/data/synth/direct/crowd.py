"""Children drawn without names and records: traits, schools, and need month by month, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import Need, make_need
from early_id.data.synth.population.people import FAMILY_SIZES, HOME_EDUCATED, NHS_UNKNOWN, People, birth_days, child_traits, family_traits
from early_id.data.synth.population.schools import GOES_OUTSIDE, LAST_PRIMARY, SPECIAL_SHARE, STAYS_ON, choose_school, entitled, make_schools
from early_id.data.synth.rates import PHASES
from early_id.data.synth.scenarios.biases import shuffled
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import HORIZON, SchoolYear, Timeline, day_number, make_timeline

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

#: Children of the crowd that stands for a large council where factors hold on average.
REFERENCE = 20_000


@lru_cache(maxsize=4)
def timeline_of(plan_start: str) -> Timeline:
    """The timeline of a start date; its calendar takes longer than a draw."""
    return make_timeline(pd.Timestamp(plan_start).date())


@dataclass(frozen=True)
class Crowd:
    """Children of a made-up council and what they are, up to the end of the horizon of one as-of date.

    Attributes
    ----------
    people, signers : People
        As recorded, and as they drive the signs (other people's characteristics in the scenario ``null``); only traits, no names.
    need : Need
    day : int
        The as-of date.
    timeline : Timeline
        Its months end with the horizon.
    schools : DataFrame
    school, nc : array, shape (years, children)
        School of each year's roll (row number; -1 on none) and national curriculum year.
    has_nhs : array of bool
        Whose NHS number anybody has.
    """

    plan: CouncilPlan
    seeds: Seeds
    people: People
    signers: People
    need: Need
    day: int
    timeline: Timeline
    schools: pd.DataFrame
    school: Ints
    nc: Ints
    has_nhs: Flags

    def __len__(self) -> int:
        return len(self.people)

    @cached_property
    def family(self) -> Ints:
        """Row number of each child's family."""
        return np.asarray(self.people.children["family"].to_numpy(), dtype=np.int64)

    @cached_property
    def first(self) -> Ints:
        """Row number of the first child of each family."""
        return np.searchsorted(self.family, np.arange(len(self.people.families)))

    @cached_property
    def dob(self) -> Ints:
        """Birthdays."""
        return np.asarray(self.people.children["dob"].to_numpy(), dtype=np.int64)

    @cached_property
    def joins(self) -> Ints:
        """The day each child's family moves in."""
        return np.asarray(self.people.families["joins"].to_numpy()[self.family], dtype=np.int64)

    @cached_property
    def leaves(self) -> Ints:
        """The day each child's family moves away."""
        return np.asarray(self.people.families["leaves"].to_numpy()[self.family], dtype=np.int64)

    @cached_property
    def months(self) -> Ints:
        """First days of the months."""
        return self.timeline.months

    @cached_property
    def year(self) -> int:
        """Number of the school year that holds the as-of date."""
        return max(i for i, year in enumerate(self.timeline.years) if year.start < self.day)

    @cached_property
    def phase(self) -> Ints:
        """Phase number of each year's school, year × child; -1 where on no roll."""
        numbers = self.schools["phase"].map({name: i for i, name in enumerate(PHASES)}).to_numpy(dtype=np.int64)
        return np.where(self.school >= 0, numbers[self.school], -1)

    @cached_property
    def on_roll(self) -> Flags:
        """Who is on a roll on the as-of date, as far as the council knows by then."""
        return np.asarray((self.school[self.year] >= 0) & (self.joins < self.day - 3) & (self.leaves >= self.day))

    def since(self, year: SchoolYear) -> tuple[Ints, Ints]:
        """First and last day of each child's spell in a year."""
        return np.maximum(year.start, self.joins), np.minimum(year.end, self.leaves)


def make_crowd(count: int, plan: CouncilPlan, seeds: Seeds, day: int) -> Crowd:
    """Draw ``count`` children in families."""
    timeline = timeline_of(plan.start.isoformat())
    sizes = seeds.rng("families").choice(4, size=count, p=FAMILY_SIZES) + 1
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), count) + 1)]
    sizes[-1] -= int(sizes.sum()) - count
    families = _frame(family_traits(sizes, seeds.rng("family traits"), timeline))
    family = np.repeat(np.arange(len(sizes)), sizes)
    rng = seeds.rng("child traits")
    children = child_traits(family, families["fsm"].to_numpy()[family], birth_days(sizes, seeds.rng("births"), timeline), rng)
    children["home_educated"] = rng.random(count) < HOME_EDUCATED
    has_nhs = rng.random(count) >= NHS_UNKNOWN
    people = People(families, _frame(children))
    signers = shuffled(people, plan, seeds)
    need = make_need(signers, seeds, timeline, plan)
    schools = make_schools(count, seeds)
    school, nc = _rolls(signers, schools, seeds.rng("rolls"), timeline)
    shown = replace(timeline, months=timeline.months[timeline.months < day + HORIZON])
    return Crowd(plan, seeds, people, signers, need, day, shown, schools, school, nc, has_nhs)


def _frame(columns: dict[str, npt.NDArray[Any]]) -> pd.DataFrame:
    """A frame that keeps texts as they are: turning them into a text type takes longer than drawing them."""
    return pd.DataFrame({name: pd.Series(values, dtype=values.dtype, copy=False) for name, values in columns.items()}, copy=False)


@lru_cache(maxsize=4)
def known_dates(plan_start: str) -> tuple[date, ...]:
    """As-of dates whose outcome is known when the extracts are made."""
    timeline = timeline_of(plan_start)
    return tuple(day for day in timeline.as_of_dates if day_number(day) + HORIZON <= timeline.extracted)


def _rolls(people: People, schools: pd.DataFrame, rng: np.random.Generator, timeline: Timeline) -> tuple[Ints, Ints]:
    """School and year group by year and child; nobody changes school within a year (1.8 % do in a council)."""
    children = people.children
    family, count = children["family"].to_numpy(), len(children)
    hub = people.families["hub"].to_numpy()
    primary = choose_school(schools, "Primary", hub, rng)[family]
    secondary = choose_school(schools, "Secondary", hub[family], rng)
    special = choose_school(schools, "Special", hub[family], rng)
    in_special = (children["sen"].to_numpy() == "E") & (rng.random(count) < SPECIAL_SHARE)
    outside = ~in_special & (rng.random(count) < GOES_OUTSIDE)
    stays_on = rng.random(count) < STAYS_ON
    joins, leaves = people.families["joins"].to_numpy()[family], people.families["leaves"].to_numpy()[family]
    entry = children["entry_year"].to_numpy()
    rolls, groups = [], []
    for year in timeline.years:
        nc = year.first_year - entry
        start, end = np.maximum(year.start, joins), np.minimum(year.end, leaves)
        on = entitled(nc, children["home_educated"].to_numpy(), stays_on, outside, start, end, year)
        rolls.append(np.where(on, np.where(in_special, special, np.where(nc <= LAST_PRIMARY, primary, secondary)), -1))
        groups.append(nc)
    return np.stack(rolls), np.stack(groups).astype(np.int64)
