"""Attendance windows without marks: yearly absence by the plan's own formulas, days by the marks' own score, codes by spell.

What a whole school has in common (trips, closures), rare codes (D, Q, X, Y1 to Y7) and moves within a year are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.direct.crowd import REFERENCE, Crowd, Flags, Floats, Ints, make_crowd
from early_id.data.synth.marks import attendance as plan_of
from early_id.data.synth.marks.attendance import FULL_CODES, HALF_CODES
from early_id.data.synth.marks.days import SPELL_BREAKS, day_score, largest, pick
from early_id.data.synth.plan import START, CouncilPlan
from early_id.data.synth.population.need import STRENGTH_LATE
from early_id.data.synth.rates import PHASES, Bend, cell_number, code_shares, draw_absence, rescaling
from early_id.data.synth.scenarios.biases import lateness_factor
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import SchoolYear

#: Fewest sessions from which a share is given (``features.library.attendance``).
AT_LEAST = 20
#: Numbers of codes within a spell: how each counts in features. Holidays agreed by the school are authorised.
UNAUTHORISED = {"O", "G", "N", "U"}
_FULL_UNAUTHORISED = np.array([code in UNAUTHORISED for code in FULL_CODES])
_FULL_ILL = np.array([code == "I" for code in FULL_CODES])
_LATE_HALF = HALF_CODES.index("U")


@dataclass(frozen=True)
class Reference:
    """What a large council's plan comes to: bends by phase, and the mix of codes."""

    bends: tuple[Bend, ...]
    mix: Floats
    half_share: Floats


@dataclass(frozen=True)
class Absences:
    """Absent sessions of one school year, one entry a session, in order of child and time.

    ``row`` counts within ``child`` (the pupils of the year); ``session`` is twice the position of the day, plus 1 in the afternoon.
    """

    child: Ints
    days: Ints
    row: Ints
    session: Ints
    unauthorised: Flags
    ill: Flags
    late: Flags  #: code U: absent and late
    late_rate: Floats  #: share of sessions coded L while present, by pupil
    part_from: Ints  #: first and last session position of a part-time timetable, by pupil; -1 where there is none
    part_to: Ints
    off_site: Flags  #: Fridays taught off site, by pupil
    missing: Ints  #: sessions lost to suspension, flat session numbers row * width + session


@lru_cache(maxsize=1)
def reference() -> Reference:
    """Bends and mixes from one crowd of :data:`REFERENCE` children; about a second, once a process."""
    crowd = make_crowd(REFERENCE, CouncilPlan(REFERENCE, 0, START), Seeds(0), 10**5)
    parts = []
    for index, year in enumerate(crowd.timeline.years):
        if len(year.days):
            child = np.flatnonzero(crowd.school[index] >= 0)
            parts.append((crowd.phase[index][child], _cells(crowd, index, child), _place(crowd, index, child, year)[0], child))
    phase, cells, place, child = (np.concatenate(column) for column in zip(*parts, strict=True))
    pupils = np.bincount(cells, minlength=len(PHASES) * 88).astype(float)
    bends = tuple(rescaling(number, pupils) for number in range(len(PHASES)))
    share = _shares(place, phase, cells, crowd.signers.children["sen"].to_numpy()[child], bends)
    rows = pd.DataFrame({"phase": phase, "share": share, "bin": np.searchsorted(plan_of.RATE_EDGES, share)})
    mix, half = plan_of.code_mix(rows)
    return Reference(bends, mix, half)


def _cells(crowd: Crowd, index: int, child: Ints) -> Ints:
    children = crowd.signers.children
    fsm = crowd.signers.families["fsm"].to_numpy()[crowd.family[child]]
    needs = children["sen"].to_numpy()[child] != "N"
    return cell_number(crowd.phase[index][child], fsm, needs, children["male"].to_numpy()[child], crowd.nc[index][child])


def _place(crowd: Crowd, index: int, child: Ints, year: SchoolYear) -> tuple[Floats, Floats]:
    """Place in the absence distribution, and the late factor before it is scaled."""
    stable = crowd.seeds.rng("absence plan").standard_normal((2, len(crowd)))
    fresh = crowd.seeds.rng("absence plan", index + 1).standard_normal(len(crowd))
    middle, school = int((year.days[0] + year.days[-1]) / 2), crowd.school[index][child]
    shift = plan_of.school_shifts(crowd.schools, school)[school]
    place = plan_of.place_of(crowd.need.resid_at(middle)[child], stable[0][child], fresh[child], shift)
    return place, plan_of.lateness(crowd.need.at(middle)[child], stable[1][child])


def _shares(place: Floats, phase: Ints, cells: Ints, sen: npt.NDArray[np.object_], bends: tuple[Bend, ...]) -> Floats:
    share = draw_absence(cells, plan_of.ranks(place, phase, sen))
    for number, bend in enumerate(bends):
        here = phase == number
        share[here] = bend(share[here])
    return share


def absences(crowd: Crowd, index: int, suspensions: dict[str, Ints]) -> Absences:
    """Absent sessions of one school year."""
    year, found = crowd.timeline.years[index], reference()
    rng = crowd.seeds.rng("absences", index)
    child = np.flatnonzero(crowd.school[index] >= 0)
    phase, sen = crowd.phase[index][child], crowd.signers.children["sen"].to_numpy()[child]
    place, late = _place(crowd, index, child, year)
    share = _shares(place, phase, _cells(crowd, index, child), sen, found.bends)
    factor = lateness_factor(crowd.people, crowd.plan, crowd.need.strength, STRENGTH_LATE, year.start, crowd.timeline)[child]
    late = np.minimum(_scaled_late(late, share, phase) * factor * np.array([code_shares(p)["L"] / 100 for p in range(len(PHASES))])[phase], 0.5)
    days = year.days
    start, end = crowd.since(year)
    left, right = np.searchsorted(days, start[child]), np.searchsorted(days, end[child], side="right")
    position = np.arange(len(days))
    outside = (position < left[:, None]) | (position >= right[:, None])
    part = rng.random(len(child)) < plan_of.part_time_chance(phase, sen, share)
    length = np.clip(rng.normal(plan_of.C2_SESSIONS, 12, len(child)), 12, 80).astype(np.int64)
    part_from = np.where(part, rng.integers(0, max(1, len(days) - 20), len(child)), -1)
    part_to = np.where(part, np.minimum(part_from + length, len(days)), -1)
    score = day_score(len(child), year, crowd.need, child, rng)
    score[outside] = -np.inf
    missing = _suspended(crowd, index, child, days, suspensions)
    score.reshape(-1)[np.unique(missing // 2)] = -np.inf
    box = np.searchsorted(plan_of.RATE_EDGES, share)
    possible = right - left
    with_cause = np.where(part, part_to - part_from, 0) + np.bincount(missing // (2 * len(days)), minlength=len(child))
    to_miss = np.maximum(share * 2 * possible - with_cause, 0.0)
    halves = rng.binomial(np.round(to_miss).astype(np.int64), found.half_share[phase, box])
    full = np.minimum(np.floor((to_miss - halves) / 2 + rng.random(len(child))).astype(np.int64), possible)
    row, day = np.nonzero(largest(score, full))
    mix = found.mix[phase, box]
    follows = np.concatenate([[False], (row[1:] == row[:-1]) & (day[1:] == day[:-1] + 1)]) if len(row) else np.zeros(0, dtype=bool)
    spell = np.cumsum(~follows | (rng.random(len(row)) < SPELL_BREAKS)) - 1
    draw = rng.random(int(spell[-1]) + 1 if len(spell) else 0)[spell]
    code = pick(mix[:, : len(FULL_CODES)][row], draw)
    half_row = np.repeat(np.arange(len(child)), halves)
    half_day = left[half_row] + (rng.random(len(half_row)) * possible[half_row]).astype(np.int64)
    half_code = pick(mix[:, len(FULL_CODES) :][half_row], rng.random(len(half_row)))
    afternoon = (half_code == HALF_CODES.index("M")) & (rng.random(len(half_row)) < 0.45)
    width = 2 * len(days)
    whole = row * width + 2 * day
    flat = np.concatenate([whole, whole + 1, half_row * width + 2 * half_day + afternoon])
    unauthorised = np.concatenate([_FULL_UNAUTHORISED[code]] * 2 + [half_code == _LATE_HALF])
    ill = np.concatenate([_FULL_ILL[code]] * 2 + [np.zeros(len(half_row), dtype=bool)])
    late_half = np.concatenate([np.zeros(2 * len(row), dtype=bool), half_code == _LATE_HALF])
    flat, first = np.unique(flat, return_index=True)
    off_site = np.zeros(len(child), dtype=bool)
    for name in ("B", "K"):
        off_site |= rng.random(len(child)) < np.array([code_shares(p).get(name, 0.0) / 100 for p in range(len(PHASES))])[phase] * 5.0
    return Absences(
        child=child,
        days=days,
        row=flat // width,
        session=flat % width,
        unauthorised=unauthorised[first],
        ill=ill[first],
        late=late_half[first],
        late_rate=late,
        part_from=part_from,
        part_to=part_to,
        off_site=off_site,
        missing=missing,
    )


def _scaled_late(late: Floats, share: Floats, phase: Ints) -> Floats:
    """Late factors as ``attendance`` scales them to the published share of each phase."""
    rows = pd.DataFrame({"phase": phase, "late": late, "share": share})
    plan_of.to_published_lateness(rows)
    return np.asarray(rows["late"].to_numpy(), dtype=np.float64)


def _suspended(crowd: Crowd, index: int, child: Ints, days: Ints, suspensions: dict[str, Ints]) -> Ints:
    """Flat numbers of the sessions lost to suspensions of a year: row of the child × sessions of the year."""
    year = crowd.timeline.years[index]
    mine = (suspensions["day"] >= year.start) & (suspensions["day"] <= year.end)
    row = np.searchsorted(child, suspensions["child"][mine])
    lost = np.minimum(suspensions["sessions"][mine], 10)
    first = 2 * np.searchsorted(days, suspensions["day"][mine])
    entry = np.repeat(np.arange(len(row)), lost)
    place = first[entry] + np.arange(len(entry)) - np.repeat(np.cumsum(lost) - lost, lost)
    kept = place < 2 * len(days)
    return np.unique(row[entry][kept] * 2 * len(days) + place[kept])
