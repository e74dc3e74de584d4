"""How much each pupil is absent in each school year, and with which codes: the plan that the marks follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.population.schools import SCHOOL_SPREAD, Rolls
from early_id.data.synth.rates import PHASES, area_spread, cell_number, code_shares, draw_absence, plan_contrast, rescaling, short_bands
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

Array = npt.NDArray[np.float64]

#: Correlation of a pupil's place in the absence distribution with need; what stays of the rest from year to year.
ABSENCE_CORRELATION, STABLE_SHARE = 0.57, 0.65
#: Log-rate of lateness for one standard deviation of need, and its own spread.
LATE_EFFECT, LATE_SPREAD = 0.7, 0.5
#: Codes of whole days and of half days; the rest (E, R, S, T, C2) come from events of their own.
FULL_CODES = ("I", "O", "G", "C", "N")
HALF_CODES = ("M", "U")
#: Log-tilt of each code by how heavy the absence is: illness dominates light absence, O heavy absence (an assumption).
TILT = {"I": 0.0, "O": 1.1, "G": -0.2, "C": -0.1, "N": 0.5, "M": -0.35, "U": 0.6}
RATE_EDGES = np.array([0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5])
#: Sessions a pupil on a part-time timetable is planned to miss, those left after whole days away, and sessions of a year.
C2_SESSIONS, C2_COUNTED, SESSIONS = 36.0, 34.5, 374.0
#: Percent of possible sessions coded C2 by phase and SEN, autumn 2025/26 (DfE; primary derived from the totals); scaled to each phase's total.
C2_PERCENT = {
    "Primary": {"E": 1.64, "K": 0.43, "N": 0.03},
    "Secondary": {"E": 2.08, "K": 0.66, "N": 0.10},
    "Special": {"E": 1.43, "K": 1.43, "N": 1.43},
}
#: An enrolment of no more school days has the absence of those without a census record (0.9 % of enrolments in 2022/23).
SHORT_DAYS = 37
#: No pupil is more than this many times as often late as the average.
LATE_CAP = 12.0


@dataclass(frozen=True)
class AbsencePlan:
    """One row an enrolment (pupil, school, school year), and the code mix by phase and heaviness of absence."""

    rows: pd.DataFrame  #: child, school, year, start, end, phase, nc, place, share, late, part_time, bin
    mix: Array  #: phase × bin × code: cumulative within full and half codes; see :func:`code_mix`
    half_share: Array  #: phase × bin: share of absence sessions that are half days


def make_plan(people: People, rolls: Rolls, need: Need, boost: Array, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> AbsencePlan:
    """Draw every pupil's absence share and lateness for every marked school year."""
    rng = seeds.rng("absence plan")
    children = people.children
    count = len(people)
    stable = rng.standard_normal(count)
    late_own = rng.standard_normal(count)
    shift = school_shifts(rolls.schools, rolls.spells["school"].to_numpy())
    phases = rolls.schools["phase"].map({name: i for i, name in enumerate(PHASES)}).to_numpy(dtype=np.int64)
    parts = []
    for index, year in enumerate(timeline.years):
        if not len(year.days):
            continue
        spells = rolls.spells[rolls.spells["year"] == index]
        child, school = spells["child"].to_numpy(), spells["school"].to_numpy()
        middle, fresh = int((year.days[0] + year.days[-1]) / 2), rng.standard_normal(count)[child]
        place = place_of(need.resid_at(middle)[child], stable[child], fresh, boost[child] + shift[school])
        late = lateness(need.at(middle)[child], late_own[child])
        drawn = {"year": index, "phase": phases[school], "place": place, "late": late}
        parts.append(spells[["child", "school", "start", "end", "nc"]].assign(**drawn))
    rows = pd.concat(parts, ignore_index=True)
    rows["share"] = absence_shares(rows, people, timeline)
    to_published_lateness(rows)
    sen = children["sen"].to_numpy()[rows["child"]]
    rows["part_time"] = rng.random(len(rows)) < part_time_chance(rows["phase"].to_numpy(), sen, rows["share"].to_numpy())
    rows["bin"] = np.searchsorted(RATE_EDGES, rows["share"].to_numpy())
    mix, half = code_mix(rows)
    return AbsencePlan(rows, mix, half)


def place_of(resid: npt.NDArray[np.floating], stable: Array, fresh: Array, shift: Array) -> Array:
    """Place in the absence distribution of a year, standard normal over England.

    ``resid`` is need within the pupil's group, ``stable`` and ``fresh`` what stays with the pupil and what the year brings (standard
    normal), ``shift`` what the school adds.
    """
    own = np.sqrt(STABLE_SHARE) * stable + np.sqrt(1 - STABLE_SHARE) * fresh
    place = ABSENCE_CORRELATION * resid + np.sqrt(1 - ABSENCE_CORRELATION**2) * own + shift
    return np.asarray(place / np.sqrt(1 + area_spread() ** 2 + SCHOOL_SPREAD**2), dtype=np.float64)


def lateness(level: npt.NDArray[np.floating], own: Array) -> Array:
    """How often a pupil is late, before it is scaled to the published share."""
    return np.asarray(np.exp(LATE_EFFECT * level + LATE_SPREAD * own), dtype=np.float64)


def school_shifts(schools: pd.DataFrame, school: npt.NDArray[np.int64]) -> Array:
    """What each school and its area add to its pupils' place, about nothing over a phase's pupils; ``school`` has an entry a pupil."""
    shift = schools["absence_shift"].to_numpy(dtype=float)
    pupils = np.bincount(school, minlength=len(schools)).astype(float)
    for phase in PHASES:
        here = (schools["phase"] == phase).to_numpy()
        if pupils[here].sum():
            shift = np.where(here, shift - np.average(shift[here], weights=pupils[here]), shift)
    return shift


def ranks(place: Array, phase: npt.NDArray[np.int64], sen: npt.NDArray[np.object_]) -> Array:
    """Ranks within the cells of the published bands, from 0 to 1."""
    rank = ndtr(place)
    for number, name in enumerate(PHASES[:2]):
        here = (phase == number) & (sen != "N")
        rank[here] = rank_with_plan(place[here], sen[here] == "E", *plan_contrast(name))
    return np.clip(rank, 1e-6, 1 - 1e-6)


def absence_shares(rows: pd.DataFrame, people: People, timeline: Timeline) -> Array:
    """Yearly absence shares at the level of 2024/25, by ``place`` within the pupils' cells; year by year, to hold few rows at once."""
    children, families = people.children, people.families
    child = rows["child"].to_numpy()
    phase = rows["phase"].to_numpy()
    fsm = families["fsm"].to_numpy()[children["family"].to_numpy()[child]]
    sen = children["sen"].to_numpy()[child]
    needs = sen != "N"
    cells = cell_number(phase, fsm, needs, children["male"].to_numpy()[child], rows["nc"].to_numpy())
    rank = ranks(rows["place"].to_numpy(), phase, sen)
    share, short = np.empty(len(rows)), np.zeros(len(rows), dtype=bool)
    for index in rows["year"].unique():
        here = (rows["year"] == index).to_numpy()
        days = timeline.years[index].days
        begun = np.searchsorted(days, rows["start"].to_numpy()[here])
        ended = np.searchsorted(days, rows["end"].to_numpy()[here], side="right")
        short[here] = ended - begun <= min(SHORT_DAYS, len(days) // 5)
        share[here] = draw_absence(cells[here], rank[here])
    pupils = np.bincount(cells[~short], minlength=len(PHASES) * 88).astype(float)
    for number in range(len(PHASES)):
        here = phase == number
        if here.any():
            share[here] = rescaling(number, pupils, float(short[here].mean()))(share[here])
    share[short] = draw_absence(phase[short], rank[short], short_bands())
    return share


def rank_with_plan(place: Array, plan: npt.NDArray[np.bool_], shift: float, scale: float) -> Array:
    """Ranks among pupils with SEN, where those with a plan stand higher and further apart than those with SEN support.

    The published bands do not tell the two apart, so ranks come from the mixture of both groups: together they keep the bands.
    """
    if not len(place):
        return place
    part = plan.mean()
    value = np.where(plan, shift + scale * place, place)
    return np.asarray(part * ndtr((value - shift) / scale) + (1 - part) * ndtr(value), dtype=np.float64)


def to_published_lateness(rows: pd.DataFrame) -> None:
    """Scale the late factors so that sessions coded L come to the published share of each phase (a late pupil is not absent)."""
    for number in range(len(PHASES)):
        here = (rows["phase"] == number).to_numpy()
        if here.any():
            late, present = rows.loc[here, "late"].to_numpy(), 1 - rows.loc[here, "share"].to_numpy()
            late = np.minimum(late, LATE_CAP * np.average(late, weights=present))
            rows.loc[here, "late"] = late / np.mean(late * present)


def part_time_chance(phase: npt.NDArray[np.int64], sen: npt.NDArray[np.object_], share: Array) -> Array:
    """Chance of a part-time timetable in a year.

    By phase and SEN as published for code C2, and within each group in proportion to planned absence: a part-time timetable
    is itself absence, so it goes to pupils whose planned absence has room for it.
    """
    room = np.clip(share / 0.07, 0.05, 4.0)
    chance = np.zeros(len(share))
    for number, name in enumerate(PHASES):
        target = np.zeros(len(share))
        for level, percent in C2_PERCENT[name].items():
            here = (phase == number) & (sen == level)
            if here.any():
                target[here] = percent * room[here] / room[here].mean()
        here = phase == number
        if here.any():
            chance[here] = target[here] * code_shares(number)["C2"] / max(target[here].mean(), 1e-9)
    return np.asarray(np.minimum(chance / 100 * SESSIONS / C2_COUNTED, 0.9), dtype=np.float64)


def code_mix(rows: pd.DataFrame) -> tuple[Array, Array]:
    """Code shares by heaviness that add up to the published mix of each phase (iterative proportional fitting)."""
    codes = FULL_CODES + HALF_CODES
    bins = len(RATE_EDGES) + 1
    middle = np.concatenate([[0.01], (RATE_EDGES[1:] + RATE_EDGES[:-1]) / 2, [0.65]])
    cumulative = np.zeros((len(PHASES), bins, len(codes)))
    half_share = np.zeros((len(PHASES), bins))
    for phase in range(len(PHASES)):
        shares = code_shares(phase)
        published = np.array([shares[code] + (shares["C1"] + shares["J1"] if code == "C" else 0.0) for code in codes])
        published /= published.sum()
        weight = np.bincount(rows["bin"], weights=rows["share"] * (rows["phase"] == phase), minlength=bins) + 1e-9
        weight /= weight.sum()
        table = published[None, :] * np.exp(np.array([TILT[code] for code in codes])[None, :] * np.log(middle / 0.07)[:, None])
        for _ in range(60):
            table *= (published / (weight @ (table / table.sum(axis=1, keepdims=True))))[None, :]
        table /= table.sum(axis=1, keepdims=True)
        full, half = table[:, : len(FULL_CODES)], table[:, len(FULL_CODES) :]
        half_share[phase] = half.sum(axis=1)
        cumulative[phase, :, : len(FULL_CODES)] = np.cumsum(full, axis=1) / full.sum(axis=1, keepdims=True)
        cumulative[phase, :, len(FULL_CODES) :] = np.cumsum(half, axis=1) / half.sum(axis=1, keepdims=True)
    return cumulative, half_share
