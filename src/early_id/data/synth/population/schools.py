"""Schools in three hubs, and who is on which roll in which school year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.rates import area_spread, suspension_area_spread
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Days, SchoolYear, Timeline

Flags = npt.NDArray[np.bool_]

HUBS = (("H1", "North"), ("H2", "River"), ("H3", "Castle"))
PUPILS_PER_SCHOOL = 190
#: Last year group of primary schools, and of all.
LAST_PRIMARY, LAST_YEAR = 6, 13
#: Shares of the number of schools; there are at least three, two and one.
PRIMARY_SHARE, SECONDARY_SHARE = 0.66, 0.26
#: Chance of going to a school of the own hub, of going on to a school outside the council, of staying on after year 11.
OWN_HUB, GOES_OUTSIDE, STAYS_ON = 0.88, 0.08, 0.45
#: Between schools of one area: standard deviation of pupils' place in the absence distribution, and of the log of the suspension rate
#: (no table gives either; both are assumed larger than between local authorities within a phase).
SCHOOL_SPREAD, SUSPENSION_SCHOOL_SPREAD = 0.15, 0.45
#: Kinds of inset day a school may choose two of: the day before or after each of the three half terms.
INSET_KINDS = 6
#: Schools that send the mark '#' for planned closures; the others send nothing for the day.
RECORDS_CLOSURES = 0.4
#: Yearly chance of changing school within a year at average need.
IN_YEAR_MOVE = 0.018
#: Share of pupils with a plan who are in special schools.
SPECIAL_SHARE = 0.35
#: Place names drawn for a council; from there on they come again with a number.
NAMES = 35


@dataclass(frozen=True)
class Rolls:
    """Schools, one row each, and roll spells, one row a pupil, school and school year."""

    schools: pd.DataFrame
    spells: pd.DataFrame  #: child, school (row number), year (index in the timeline), start, end, nc, reason, open


def make_schools(children: int, seeds: Seeds) -> pd.DataFrame:
    """Schools of three phases, spread over the hubs."""
    rng = seeds.rng("schools")
    total = max(6, round(children / PUPILS_PER_SCHOOL))
    secondary = max(2, round(total * SECONDARY_SHARE))
    primary = max(3, round(total * PRIMARY_SHARE))
    special = max(1, total - primary - secondary)
    phases = ["Primary"] * primary + ["Secondary"] * secondary + ["Special"] * special
    hub = np.concatenate([np.arange(n) % 3 for n in (primary, secondary, special)])
    count = len(phases)
    places, order = _places(seeds), rng.permutation(NAMES)
    kind = {"Primary": "Primary School", "Secondary": "Academy", "Special": "School"}
    names = [f"{places[order[i % NAMES]]} {kind[phase]}" + (f" {i // NAMES + 1}" if i >= NAMES else "") for i, phase in enumerate(phases)]
    school_id = [f"S{1001 + 2000 * seeds.area + i}" for i in range(count)]
    area = 2 * hub + np.arange(count) % 2
    # An area stands to the council as local authorities stand to England; a school differs from its area besides.
    area_absence, area_suspension = rng.normal(0, area_spread(), 6), rng.normal(0, suspension_area_spread(), 6)
    inset = np.array([rng.permutation(INSET_KINDS)[:2] for _ in range(count)])
    return pd.DataFrame(
        {
            "school_id": school_id,
            "name": names,
            "phase": phases,
            "hub": hub,
            "hub_id": [HUBS[h][0] for h in hub],
            "hub_name": [HUBS[h][1] for h in hub],
            "area_id": [f"A{a // 2 + 1}{a % 2 + 1}" for a in area],
            "lead_contact": [f"safeguarding.{sid.lower()}@schools.example.org" for sid in school_id],
            "absence_shift": area_absence[area] + rng.normal(0, SCHOOL_SPREAD, count),
            "suspension_shift": area_suspension[area] + rng.normal(0, SUSPENSION_SCHOOL_SPREAD, count),
            "visibility": rng.normal(0, 0.25, count),
            "inset_1": inset[:, 0],
            "inset_2": inset[:, 1],
            "records_closures": rng.random(count) < RECORDS_CLOSURES,
        }
    )


def _places(seeds: Seeds) -> list[str]:
    """Places that do not exist, put together of three parts (Lake Harryborough), so that no name is a real school's."""
    from faker import Faker

    fake = Faker("en_GB")
    fake.seed_instance(f"schools {seeds.seed} {seeds.area}")
    places: dict[str, None] = {}
    while len(places) < NAMES:
        places[f"{fake.city_prefix()} {fake.first_name()}{fake.city_suffix()}"] = None
    return list(places)


def inset_days(schools: pd.DataFrame, days: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """The two inset days that each school chooses itself, school × day; the first days of the terms are closed for all (``core.calendar``).

    A kind of inset day is the last day before (even) or the first after (odd) one of the half terms: the first, third and
    fifth holiday of the year. A holiday that has not come yet gives none.
    """
    flags = np.zeros((len(schools), len(days)), dtype=bool)
    after = np.flatnonzero(np.diff(days) >= 7) + 1
    for column in ("inset_1", "inset_2"):
        kind = schools[column].to_numpy()
        holiday = 2 * (kind // 2)
        rows = np.flatnonzero(holiday < len(after))
        flags[rows, after[holiday[rows]] - (kind[rows] + 1) % 2] = True
    return flags


def make_rolls(people: People, schools: pd.DataFrame, need: Need, seeds: Seeds, timeline: Timeline) -> Rolls:
    """Put the children on rolls, school year by school year."""
    rng = seeds.rng("rolls")
    children, families = people.children, people.families
    family = children["family"].to_numpy()
    hub = families["hub"].to_numpy()[family]
    count = len(people)
    primary = choose_school(schools, "Primary", families["hub"].to_numpy(), rng)[family]  # brothers and sisters go together
    secondary = choose_school(schools, "Secondary", hub, rng)
    special = choose_school(schools, "Special", hub, rng)
    in_special = (children["sen"].to_numpy() == "E") & (rng.random(count) < SPECIAL_SHARE)
    outside = ~in_special & (rng.random(count) < GOES_OUTSIDE)
    stays_on = rng.random(count) < STAYS_ON
    never = children["home_educated"].to_numpy()
    joins, leaves = families["joins"].to_numpy()[family], families["leaves"].to_numpy()[family]
    parts = []
    for index, year in enumerate(timeline.years):
        nc = year.first_year - children["entry_year"].to_numpy()
        start = np.maximum(year.start, joins)
        end = np.minimum(year.end, leaves)
        on_roll = entitled(nc, never, stays_on, outside, start, end, year)
        school = np.where(in_special, special, np.where(nc <= LAST_PRIMARY, primary, secondary))
        moves = on_roll & (rng.random(count) < IN_YEAR_MOVE * np.exp(0.4 * need.resid_at(year.start + 120)))
        move_on = year.start + rng.integers(45, 290, count)
        moves &= (move_on > start + 30) & (move_on < end - 30) & (move_on < timeline.extracted - 20) & ~in_special
        new_primary = choose_school(schools, "Primary", hub, rng)
        new_secondary = choose_school(schools, "Secondary", hub, rng)
        new = np.where(nc <= 6, new_primary, new_secondary)
        moves &= new != school
        going = (leaves <= year.end) & (leaves < NEVER)
        last_year = ((nc == 6) & outside) | ((nc == 11) & ~stays_on) | (nc == 13)
        reason = np.select(
            [going, last_year & (nc == 6), last_year],
            ["moved away", "school outside the area", "end of schooling"],
            "end of year",
        )
        whole, first, second = on_roll & ~moves, moves, moves
        parts.append(_spells(index, whole, school, start, end, nc, reason))
        parts.append(_spells(index, first, school, start, move_on - 1, nc, np.full(count, "moved school", dtype=object)))
        parts.append(_spells(index, second, new, move_on + rng.integers(1, 15, count), end, nc, reason))
        primary = np.where(moves & (nc <= 6), new, primary)
        secondary = np.where(moves & (nc > 6), new, secondary)
    spells = pd.concat(parts, ignore_index=True).sort_values(["child", "start"], kind="stable", ignore_index=True)
    spells = spells[spells["start"] <= timeline.extracted - 5]
    spells["open"] = spells["end"] >= timeline.extracted
    spells.loc[spells["open"], "reason"] = ""
    return Rolls(schools, spells.reset_index(drop=True))


def _spells(
    year: int,
    rows: npt.NDArray[np.bool_],
    school: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    nc: npt.NDArray[np.int64],
    reason: npt.NDArray[np.object_],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "child": np.flatnonzero(rows),
            "school": school[rows],
            "year": year,
            "start": start[rows],
            "end": end[rows],
            "nc": nc[rows],
            "reason": reason[rows].astype(object),
        }
    )


def choose_school(schools: pd.DataFrame, phase: str, hub: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """A school of ``phase`` for each row, mostly in the row's own hub."""
    rows = np.flatnonzero(schools["phase"].to_numpy() == phase)
    hubs = schools["hub"].to_numpy()[rows]
    chosen = rows[rng.integers(0, len(rows), len(hub))]
    own, place = rng.random(len(hub)) < OWN_HUB, rng.random(len(hub))
    for number in range(len(HUBS)):
        local = rows[hubs == number]
        if len(local):
            here = own & (hub == number)
            chosen[here] = local[(place[here] * len(local)).astype(np.int64)]
    return np.asarray(chosen, dtype=np.int64)


def entitled(nc: npt.NDArray[np.int64], at_home: Flags, stays_on: Flags, outside: Flags, start: Days, end: Days, year: SchoolYear) -> Flags:
    """Who is on a roll of the council's schools in a year: of school age, not taught at home or outside, living here long enough of it."""
    of_age = ~at_home & (nc >= 0) & (nc <= LAST_YEAR) & ~((nc > 11) & ~stays_on) & ~((nc > LAST_PRIMARY) & outside)
    return of_age & (start < year.end - 14) & (end > start + 7)
