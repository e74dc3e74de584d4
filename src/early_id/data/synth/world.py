"""Everything that is drawn before a file is written: people, need, schools, events, services; and the clean tables made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.core.display import Progress
from early_id.data.synth.agencies.adoption import choose_adopted
from early_id.data.synth.agencies.canary_table import canary_table, name_parents
from early_id.data.synth.agencies.homes import Homes, make_homes
from early_id.data.synth.agencies.kin import Kin, relate
from early_id.data.synth.events.education import education_status_table, make_education_status
from early_id.data.synth.events.factors import make_factors, make_indicators, who_recorded
from early_id.data.synth.events.health import health_tables, make_health
from early_id.data.synth.events.housing import housing_tables, known_families
from early_id.data.synth.events.police import make_missing, make_notices, with_care
from early_id.data.synth.events.services import UNSEEN, make_services
from early_id.data.synth.events.suspensions import make_suspensions
from early_id.data.synth.files.extracts import Tables, education_tables, police_tables, social_care_tables
from early_id.data.synth.marks.attendance import AbsencePlan, make_plan
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.canaries import choose_canaries, name_canaries, raise_canaries
from early_id.data.synth.population.need import Need, make_need
from early_id.data.synth.population.people import People, make_people
from early_id.data.synth.population.schools import Rolls, make_rolls, make_schools
from early_id.data.synth.scenarios.biases import shuffled
from early_id.data.synth.scenarios.distortions import miswritten_notices, punctual, with_leak
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline

#: Steps that :func:`draw_world` and :func:`clean_tables` report.
STEPS = 5


@dataclass(frozen=True)
class World:
    """What happened in the council, before any agency wrote it down wrongly."""

    plan: CouncilPlan
    timeline: Timeline
    people: People
    rolls: Rolls
    need: Need
    absence: AbsencePlan
    suspensions: pd.DataFrame
    missing: pd.DataFrame
    notices: pd.DataFrame
    services: dict[str, pd.DataFrame]  #: contacts, early_help, statutory, assessed; decisions and leaked for the truth
    factors: pd.DataFrame
    indicators: pd.DataFrame
    known: npt.NDArray[np.bool_]  #: children whose household the council knows
    canaries: npt.NDArray[np.int64]
    visibility: npt.NDArray[np.float32]  #: month × child: log-rate of being named, by the habits of the school of that month
    health: pd.DataFrame
    kin: Kin
    adopted: pd.DataFrame
    homes: Homes
    status: pd.DataFrame  #: education other than at school

    @property
    def spared(self) -> set[str]:
        """Every id and name of the canaries: their rows take no fault."""
        return set(canary_table(self.people, self.canaries, self.homes).astype(str).to_numpy().ravel()) - {"", "yes", "no"}


def draw_world(plan: CouncilPlan, seeds: Seeds, timeline: Timeline, bar: Progress) -> World:
    """Draw the council, step by step; every step has streams of its own."""
    people = make_people(plan.children, seeds, timeline)
    canaries = choose_canaries(people, seeds, timeline)
    people, kin = relate(people, canaries, plan, seeds)
    people = name_canaries(people, canaries)
    # Whose characteristics drive the signs: those on record, but in the scenario null other people's.
    signers = shuffled(people, plan, seeds)
    need, lift, held_back = raise_canaries(make_need(signers, seeds, timeline, plan), people, canaries)
    bar.advance(1, "families")
    schools = make_schools(plan.children, seeds)
    rolls = make_rolls(signers, schools, need, seeds, timeline)
    absence = punctual(make_plan(signers, rolls, need, lift, seeds, timeline, plan), people, need, timeline, plan)
    bar.advance(1, "schools")
    suspensions = make_suspensions(signers, rolls, need, seeds, timeline, plan)
    missing = make_missing(people, need, seeds, timeline, plan)
    notices = make_notices(people, need, seeds, timeline, plan)
    bar.advance(1, "events")
    signs = {
        "notice": notices.rename(columns={"recorded": "day"}),
        "missing": missing.assign(day=missing["started"] // 86400),
        "suspension": suspensions.rename(columns={"start": "day"}),
    }
    visibility = seen_by_schools(rolls, len(people), timeline)
    services = with_leak(make_services(people, need, signs, visibility, held_back, seeds, timeline, plan), people, seeds, timeline, plan)
    missing = with_care(missing, services["statutory"], people, seeds, timeline)
    # Only now, so that nobody acts on what was merely written down more often.
    notices = miswritten_notices(notices, people, need, seeds, timeline, plan)
    bar.advance(1, "services")
    factors = make_factors(services["assessed"], people, need, seeds, timeline, plan)
    factors = factors.assign(recorded_by=who_recorded(factors, services["early_help"], seeds))
    status = make_education_status(people, rolls, suspensions, seeds, timeline)
    known = known_families(people, seeds, canaries)
    indicators = make_indicators(people, need, known, seeds, timeline, plan)
    health = make_health(people, need, seeds, timeline)
    adopted = choose_adopted(
        people, _first_events(missing, notices, health, services, factors, indicators), np.append(kin.children, canaries), plan, seeds, timeline
    )
    homes = name_parents(make_homes(people, adopted, canaries, plan, seeds, timeline), people, canaries)
    return World(
        plan, timeline, people, rolls, need, absence, suspensions, missing, notices, services, factors, indicators, known, canaries, visibility,
        health, kin, adopted, homes, status,
    )  # fmt: skip


def seen_by_schools(rolls: Rolls, children: int, timeline: Timeline) -> npt.NDArray[np.float32]:
    """Visibility, month × child: of the school that the child is at, was at last, or comes to first; a child no school ever sees is named less often."""
    spells = rolls.spells.sort_values(["child", "start"], kind="stable")
    child, rate = spells["child"].to_numpy(), rolls.schools["visibility"].to_numpy()[spells["school"]]
    wide = 4 * NEVER
    key = child * wide + spells["start"].to_numpy()
    everyone = np.arange(children) * wide
    first = np.minimum(np.searchsorted(key, everyone), max(len(key) - 1, 0))
    held = np.zeros(children, dtype=bool)
    held[child] = True
    out = np.full((len(timeline.months), children), UNSEEN, dtype=np.float32)
    for index, month in enumerate(timeline.months):
        at = np.searchsorted(key, everyone + month + 15, side="right") - 1
        out[index, held] = rate[np.maximum(at, first)[held]]
    return out


def _first_events(
    missing: pd.DataFrame,
    notices: pd.DataFrame,
    health: pd.DataFrame,
    services: dict[str, pd.DataFrame],
    factors: pd.DataFrame,
    indicators: pd.DataFrame,
) -> pd.Series:
    """Day of each child's first record outside the schools."""
    dated = (
        (missing.assign(day=missing["started"] // 86400), "day"), (notices, "happened"), (health, "happened"), (factors, "on"), (indicators, "on"),
        (services["contacts"], "on"), (services["early_help"], "offered"), (services["statutory"], "start"),
    )  # fmt: skip
    return pd.concat([frame.set_index("child")[day] for frame, day in dated]).groupby(level=0).min()


def clean_tables(world: World, seeds: Seeds) -> Tables:
    """The agencies' records as they would be if nobody made a mistake."""
    people, timeline = world.people, world.timeline
    return {
        **education_tables(people, world.rolls, world.suspensions, timeline),
        "education/education_status.csv": education_status_table(people, world.status, timeline),
        **social_care_tables(people, world.services, world.factors, seeds, timeline),
        **police_tables(people, world.missing, world.notices, seeds, timeline),
        **housing_tables(people, world.homes, world.known, world.indicators, seeds, timeline),
        **health_tables(people, world.health, seeds, timeline),
    }
