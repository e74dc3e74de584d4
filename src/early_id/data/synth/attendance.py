"""How much each pupil is absent in each school year, and with which codes: the plan that the marks follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from early_id.data.synth.need import Need
from early_id.data.synth.people import People
from early_id.data.synth.rates import PHASES, bend, cell_number, code_shares, draw_absence, rescaling
from early_id.data.synth.schools import Rolls
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
#: Average sessions of code C2 planned for a pupil on a part-time timetable, and chance by SEN.
C2_SESSIONS, C2_CHANCE = 36.0, {"N": 0.0055, "K": 0.04, "E": 0.11}


@dataclass(frozen=True)
class AbsencePlan:
    """One row a pupil and school year, and the code mix by phase and heaviness of absence."""

    rows: pd.DataFrame  #: child, year, phase, nc, share, late, part_time (bool)
    mix: Array  #: phase × bin × code: cumulative within full and half codes; see :func:`_mix`
    half_share: Array  #: phase × bin: share of absence sessions that are half days


def make_plan(people: People, rolls: Rolls, need: Need, boost: Array, seeds: Seeds, timeline: Timeline) -> AbsencePlan:
    """Draw every pupil's absence share and lateness for every marked school year."""
    rng = seeds.rng("absence plan")
    children = people.children
    count = len(people)
    stable = rng.standard_normal(count)
    late_own = rng.standard_normal(count)
    fsm = people.families["fsm"].to_numpy()[children["family"].to_numpy()]
    sen = children["sen"].to_numpy()
    own = np.sqrt(1 - ABSENCE_CORRELATION**2)
    shift = rolls.schools["absence_shift"].to_numpy() - rolls.schools.groupby("phase")["absence_shift"].transform("mean").to_numpy()
    phase_number = {name: i for i, name in enumerate(PHASES)}
    parts = []
    for index, year in enumerate(timeline.years):
        if not len(year.days):
            continue
        spells = rolls.spells[rolls.spells["year"] == index].drop_duplicates("child")
        child = spells["child"].to_numpy()
        school = spells["school"].to_numpy()
        phase = rolls.schools["phase"].map(phase_number).to_numpy(dtype=np.int64)[school]
        noise = np.sqrt(STABLE_SHARE) * stable + np.sqrt(1 - STABLE_SHARE) * rng.standard_normal(count)
        middle = int((year.days[0] + year.days[-1]) / 2)
        place = ABSENCE_CORRELATION * need.resid_at(middle)[child] + own * noise[child] + boost[child]
        rank = ndtr((place + shift[school]) / np.sqrt(1 + 0.15**2))
        nc = spells["nc"].to_numpy()
        cells = cell_number(
            phase.astype(float),
            fsm[child].astype(float),
            (sen[child] != "N").astype(float),
            children["male"].to_numpy()[child].astype(float),
            nc,
        )
        share = draw_absence(cells, np.clip(rank, 1e-6, 1 - 1e-6))
        level = need.at(middle)[child]
        late = np.exp(LATE_EFFECT * level + LATE_SPREAD * late_own[child] - (LATE_EFFECT**2 * 1.2 + LATE_SPREAD**2) / 2)
        parts.append(pd.DataFrame({"child": child, "year": index, "phase": phase, "nc": nc, "cell": cells, "share": share, "late": late}))
    rows = pd.concat(parts, ignore_index=True)
    share, phase = rows["share"].to_numpy(copy=True), rows["phase"].to_numpy()
    pupils = np.bincount(rows["cell"], minlength=len(PHASES) * 88).astype(float)
    for number in range(len(PHASES)):
        here = phase == number
        share[here] = bend(share[here], *rescaling(number, pupils))
    rows["share"] = share
    # A part-time timetable is itself absence, so it goes to pupils whose planned absence has room for it.
    room = np.clip(share / 0.07, 0.0, 4.0)
    chance = pd.Series(sen[rows["child"]]).map(C2_CHANCE).to_numpy(dtype=float) * np.where(phase == 1, 1.35, 0.8) * room
    rows["part_time"] = rng.random(len(rows)) < chance
    rows["bin"] = np.searchsorted(RATE_EDGES, rows["share"].to_numpy())
    mix, half = _mix(rows)
    return AbsencePlan(rows, mix, half)


def _mix(rows: pd.DataFrame) -> tuple[Array, Array]:
    """Code shares by heaviness that add up to the published mix of each phase (iterative proportional fitting)."""
    codes = FULL_CODES + HALF_CODES
    bins = len(RATE_EDGES) + 1
    middle = np.concatenate([[0.01], (RATE_EDGES[1:] + RATE_EDGES[:-1]) / 2, [0.65]])
    cumulative = np.zeros((len(PHASES), bins, len(codes)))
    half_share = np.zeros((len(PHASES), bins))
    for phase in range(len(PHASES)):
        published = np.array([code_shares(phase).get(code, 0.0) for code in codes])
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
