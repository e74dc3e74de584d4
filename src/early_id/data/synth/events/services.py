"""The front door, month by month: who is named to the council, and who of them gets help or a referral.

A contact is made when need is high *and* somebody sees it: the chance rises with need, with signs of the last weeks and
with the habits of the school, so recognised need is a selective picture of need, as it is everywhere. Whether a contact leads
to anything depends on need, on chance, and on a threshold that a scenario can move for a group or from a date. Brothers and
sisters share most contacts. A child open to a service makes no new contact. What follows a contact is in ``casework``.

Every month draws the same numbers whoever is open to what, so that a scenario moves the children whom it is about and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.events.casework import Casework, Flags, Floats, Ints
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.scenarios.biases import drift_at, members, null_families, regime_from
from early_id.data.synth.scenarios.declare import part
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline

#: Log of the monthly chance of a contact at average need; log-rate per standard deviation of need.
CONTACT_BASE, CONTACT_EFFECT = -5.02, 1.5
#: Days before the day of a contact within which a sign counts, from the day on which it is known, and log-rate it adds; the largest counts.
SIGN_DAYS = 45
SIGN_EFFECTS = {"notice": 1.4, "missing": 1.4, "suspension": 0.8}
#: Signs that make the police the likely source of a contact.
POLICE_SIGNS = ("notice", "missing")
#: Log-rate by age in years.
AGE_EFFECT = ((0, 0.1), (3, -0.1), (5, -0.05), (10, -0.05), (13, 0.15), (16, 0.1), (18, -0.5))
#: Log-rate of a child whom no school sees.
UNSEEN = -0.3
#: Chance that a free brother or sister is named in the same contact; in the scenario ``null``, that any child of the family is.
SIBLING_JOINS, NULL_NAMED = 0.6, 0.7
#: A contact becomes a referral, or an offer of early help, above these values of need plus noise.
REFERRAL_FROM, EARLY_HELP_FROM, NOISE = 1.88, 0.6, 0.7
#: Looked after at the start of the events: 0.67 % of children (31 March 2025).
CARE_AT_START, CARE_EFFECT = 0.0067, 0.8

#: Children and days of signs, by name.
Signs = Mapping[str, Any]
#: From a month's number, the day that a contact would be made (by child) and who is free: who is named, their scores, whom the police know.
Weigh = Callable[[int, Ints, Flags], tuple[Flags, Floats, Flags]]
_AGE_TABLE = np.interp(np.arange(19 * 12) / 12, [x for x, _ in AGE_EFFECT], [y for _, y in AGE_EFFECT]).astype(np.float32)


@dataclass(frozen=True)
class FrontDoor:
    """What decides about contacts, in arrays by child.

    Attributes
    ----------
    log_rate : array, month × child (one row where a single month is looked at)
        Visibility: the habits of the child's school.
    threshold : array
        How much more need it takes before this child gets help or a referral; 0 without bias.
    rate_by_month, help_shift_by_month : array
        Log-rate added to all contacts, and shift of the early-help threshold, in each month.
    """

    family: Ints
    dob: Ints
    joins: Ints
    stop: Ints
    held_back: Flags
    log_rate: npt.NDArray[np.floating]
    threshold: Floats
    months: Ints
    rate_by_month: Floats
    help_shift_by_month: Floats

    @property
    def families(self) -> int:
        """Number of families."""
        return int(self.family[-1]) + 1

    def here(self, month: int) -> Flags:
        """Who lives in the area in a month, is born, and may be named."""
        return np.asarray((self.joins <= month) & (self.stop > month + 40) & (self.dob < month - 30) & ~self.held_back)


def open_door(people: People, visibility: npt.NDArray[np.floating], held_back: Flags, timeline: Timeline, plan: CouncilPlan) -> FrontDoor:
    """The front door of a council, with the scenarios of its plan."""
    family = people.children["family"].to_numpy()
    dob = people.children["dob"].to_numpy()
    leaves = people.families["leaves"].to_numpy()[family]
    bias = part(plan.scenarios, "label_bias")
    threshold = np.zeros(len(people)) if bias is None else bias[1] * members(people, bias[0])
    months = timeline.months
    return FrontDoor(
        family=family,
        dob=dob,
        joins=people.families["joins"].to_numpy()[family],
        stop=np.minimum(leaves, dob + int(18 * 365.25) - 1),  # services for children end with the move or the 18th birthday
        held_back=held_back,
        log_rate=np.atleast_2d(visibility),
        threshold=np.asarray(threshold, dtype=np.float64),
        months=months,
        rate_by_month=np.log([drift_at(plan, timeline, int(month)) for month in months]),
        help_shift_by_month=np.where(months >= regime_from(timeline), -plan.size("regime"), 0.0),
    )


def make_services(
    people: People,
    need: Need,
    signs: Signs,
    visibility: npt.NDArray[np.floating],
    held_back: Flags,
    seeds: Seeds,
    timeline: Timeline,
    plan: CouncilPlan,
) -> dict[str, pd.DataFrame]:
    """Walk through the months.

    Parameters
    ----------
    signs : mapping
        ``notice``, ``missing``, ``suspension``: frames with ``child`` and ``day``.
    visibility : array, month × child
        Log-rate of the school that each child is at.
    held_back : array of bool
        Children who are to stay unknown (canaries).

    Returns
    -------
    dict
        Frames ``contacts``, ``early_help``, ``statutory``, ``assessed``, and ``decisions``: what the front door weighed in each
        contact (score, passed, passed_without_bias), which goes to ``truth/`` only.
    """
    door = open_door(people, visibility, held_back, timeline, plan)
    usual = walk(door, need, signs, seeds)
    frames = usual.frames()
    chance = null_families(people, plan, seeds)
    if chance is None:
        return frames
    drawn = null_walks(door, usual, seeds)
    by_chance = chance[door.family]
    for kind, case in drawn.items():
        other = case.frames()[kind]
        kept = [frames[kind][~by_chance[frames[kind]["child"]]], other[by_chance[other["child"]]]]
        first, second = list(frames[kind].columns)[1], "child"
        frames[kind] = pd.concat(kept, ignore_index=True).sort_values([first, second], kind="stable", ignore_index=True)
    return frames


def contact_rate(level: npt.ArrayLike, age_days: Ints, visibility: npt.NDArray[np.floating], recent: npt.ArrayLike) -> Floats:
    """Monthly hazard that a child whom no service works with is named: by need, age, school and the signs of the last weeks."""
    age = _AGE_TABLE[np.clip(age_days * 12 // 365, 0, len(_AGE_TABLE) - 1)]
    return np.asarray(np.exp(CONTACT_BASE + CONTACT_EFFECT * np.asarray(level) + visibility + age + np.asarray(recent)), dtype=np.float64)


def walk(door: FrontDoor, need: Need, signs: Signs, seeds: Seeds) -> Casework:
    """The months in order: contacts by need and visibility, and what follows."""
    case = _casework(door, seeds, "services")
    _care_at_start(case, door, need, seeds)
    seen = {name: _before(rows) for name, rows in signs.items()}

    def weigh(index: int, day: Ints, free: Flags) -> tuple[Flags, Floats, Flags]:
        month, rng = int(door.months[index]), seeds.rng("contacts", index)
        level = need.at(month + 15)
        recent, police = np.zeros(len(level), dtype=np.float32), np.zeros(len(level), dtype=bool)
        for name, effect in SIGN_EFFECTS.items():
            child = seen[name](month, day)
            recent[child] = np.maximum(recent[child], effect)
            if name in POLICE_SIGNS:
                police[child] = True
        rate = contact_rate(level, month - door.dob, door.rate_by_month[index] + door.log_rate[min(index, len(door.log_rate) - 1)], recent)
        made = free & (rng.standard_exponential(len(level), dtype=np.float32) < rate)
        named = np.zeros(door.families, dtype=bool)
        named[door.family[made]] = True
        made |= free & named[door.family] & (rng.random(len(level), dtype=np.float32) < SIBLING_JOINS)
        noise = rng.normal(0, NOISE, door.families)[door.family]
        return made, level + noise, police

    _months(case, door, weigh, seeds, "contact days")
    return case


def null_walks(door: FrontDoor, usual: Casework, seeds: Seeds) -> dict[str, Casework]:
    """Contacts, assessments, and help with statutory work, each from a walk of its own in which all families are alike.

    As many contacts are made as in ``usual``, and their scores are drawn from those of ``usual``, so that rates stay as they were.
    """
    decisions = usual.arrays("decisions")
    scores, rate = decisions["score"], len(decisions["child"]) / max(1, sum(int(door.here(int(m)).sum()) for m in door.months))
    walks = {}
    for name in ("contacts", "assessments", "help"):
        case = _casework(door, seeds, f"null {name}")

        def weigh(index: int, day: Ints, free: Flags, name: str = name) -> tuple[Flags, Floats, Flags]:
            draw = seeds.rng(f"null {name}", index)
            hit = draw.random(door.families) < rate / NULL_NAMED
            made = free & hit[door.family] & (draw.random(len(free)) < NULL_NAMED)
            return made, scores[draw.integers(0, len(scores), door.families)][door.family], np.zeros(len(free), dtype=bool)

        _months(case, door, weigh, seeds, f"null {name} days")
        walks[name] = case
    return {
        "contacts": walks["contacts"],
        "assessed": walks["assessments"],
        "early_help": walks["help"],
        "statutory": walks["help"],
        "decisions": walks["help"],
    }


def _casework(door: FrontDoor, seeds: Seeds, purpose: str) -> Casework:
    """Nobody open to anything yet."""
    return Casework(door.dob, door.stop, np.full(len(door.dob), -NEVER, dtype=np.int64), seeds.rows(purpose))


def _months(case: Casework, door: FrontDoor, weigh: Weigh, seeds: Seeds, purpose: str) -> None:
    """Month by month: the day on which each family would be named, who is, and what follows."""
    for index, month in enumerate(door.months):
        day = (month + seeds.rng(purpose, index).integers(0, 28, door.families))[door.family]
        made, score, police = weigh(index, day, door.here(int(month)) & (case.free_from <= day))
        child = np.flatnonzero(made)
        if not len(child):
            continue
        shift, help_from = door.threshold[child], EARLY_HELP_FROM + door.help_shift_by_month[index]
        fair = np.full(len(child), min(help_from, REFERRAL_FROM))
        case.contact(child, day[child], score[child], REFERRAL_FROM + shift, help_from + shift, fair, police[child])


def _before(rows: Mapping[str, Any]) -> Callable[[int, Ints], Ints]:
    """A function of a month's first day and of days in it, by child: children with a sign in the weeks before their day."""
    child, known = np.asarray(rows["child"], dtype=np.int64), np.asarray(rows["day"], dtype=np.int64)
    order = np.argsort(known, kind="stable")
    child, known = child[order], known[order]

    def seen(month: int, day: Ints) -> Ints:
        some = slice(*np.searchsorted(known, [month - SIGN_DAYS, month + 31]))
        gap = day[child[some]] - known[some]
        return child[some][(gap > 0) & (gap <= SIGN_DAYS)]

    return seen


def _care_at_start(case: Casework, door: FrontDoor, need: Need, seeds: Seeds) -> None:
    """Children looked after before the events begin, more of them where need is high."""
    begin = int(door.months[0])
    born = (door.dob < begin - 200) & (door.stop > begin + 100) & ~door.held_back
    weight = np.exp(CARE_EFFECT * need.at(begin)) * born
    chance = np.minimum(0.3, CARE_AT_START * born.sum() * weight / weight.sum())
    case.care_at_start(np.flatnonzero(seeds.rng("care at start").random(len(door.dob)) < chance), begin)
