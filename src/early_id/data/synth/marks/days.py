"""Which days a pupil is late, out on a visit, or absent.

A pupil's number of absent sessions is fixed by the plan; *which* days they are follows a score that runs in spells (illness
comes in runs), rises towards the end of terms and of weeks, and rises with need within the year. So yearly absence keeps its
published distribution while its course within the year carries a signal.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.marks.attendance import FULL_CODES, HALF_CODES, SESSIONS, AbsencePlan
from early_id.data.synth.marks.causes import YearPlan
from early_id.data.synth.marks.codes import NUMBER
from early_id.data.synth.population.need import Need
from early_id.data.synth.rates import PHASES, absence_level, code_shares
from early_id.data.synth.timeline import SchoolYear

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
Array = npt.NDArray[np.float64]

#: How one day's absence leans on the day before, on need within the year, and how often a spell changes its code.
PERSISTENCE, NEED_WITHIN_YEAR, SPELL_BREAKS = 0.72, 0.55, 0.18
#: Shift of the score by weekday, Monday first (no figure is published in the tables: assumed).
WEEKDAY = np.array([0.05, -0.04, -0.05, 0.0, 0.12])
#: Shift of the score through each term, from its first day (0) to its last (1), fitted to absence by week of 2024/25 (DfE daily attendance).
SEASON: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0.0, -0.28), (0.1, -0.25), (0.2, -0.14), (0.43, 0.03), (0.52, 0.06), (0.58, -0.06), (0.8, 0.0), (0.92, 0.12), (1.0, 0.32)),
    ((0.0, -0.08), (0.1, 0.0), (0.4, 0.06), (0.55, -0.04), (0.8, 0.0), (0.92, 0.09), (1.0, 0.15)),
    ((0.0, -0.1), (0.1, -0.08), (0.4, 0.04), (0.55, 0.0), (0.8, 0.05), (0.92, 0.15), (1.0, 0.35)),
)
#: Mornings and afternoons of lateness, per session of the published share.
LATE_MORNING, LATE_AFTERNOON = 1.8, 0.2


def attended(code: Codes, rows: pd.DataFrame, year: YearPlan, rng: np.random.Generator) -> None:
    """Lateness, trips, sport, work experience, off-site education, written into ``code`` (pupil × day × session)."""
    n, d, _ = code.shape
    days = year.year.days
    phase, nc, school = rows["phase"].to_numpy(), rows["nc"].to_numpy(), rows["school"].to_numpy()
    attending = np.array([1 - absence_level(name)[0] / 100 for name in PHASES])
    share = {c: (np.array([code_shares(p).get(c, 0.0) / 100 for p in range(len(PHASES))]) / attending)[phase] for c in ("P", "B", "K", "W")}
    late = np.minimum(rows["late"].to_numpy() * np.array([code_shares(p)["L"] / 100 for p in range(len(PHASES))])[phase], 0.5)
    draw = rng.random((n, d, 2), dtype=np.float32)
    code[:, :, 0][draw[:, :, 0] < (LATE_MORNING * late)[:, None]] = NUMBER["L"]
    code[:, :, 1][draw[:, :, 1] < (LATE_AFTERNOON * late)[:, None]] = NUMBER["L"]
    code[rng.random((n, d), dtype=np.float32) < share["P"][:, None]] = NUMBER["P"]
    code[year.trips[school, np.clip(nc, 0, 13)]] = NUMBER["V"]
    since = days - year.year.start
    weeks = (since >= 293) & (since < 307)
    chance = np.minimum(0.9, share["W"] * 5 * SESSIONS / max(2 * int(weeks.sum()), 1) / 0.7)
    works = (nc == 10) & year.works[school] & (rng.random(n) < chance)
    code[works[:, None] & weeks[None, :]] = NUMBER["W"]
    friday = (days + 3) % 7 == 4  # day 0 was a Thursday
    for name in ("B", "K"):
        away = rng.random(n) < share[name] * 5.0
        code[away[:, None] & friday[None, :]] = NUMBER[name]


def place_absences(
    code: Codes,
    fixed: Codes,
    rows: pd.DataFrame,
    open_: Flags,
    plan: AbsencePlan,
    need: Need,
    year: SchoolYear,
    rng: np.random.Generator,
) -> None:
    """Place the planned absence on open days, give each spell its code, then lay the absences with a cause over it."""
    n, d = open_.shape
    with_cause = (fixed >= 0) & (fixed != NUMBER["B"])
    sessions = rows["share"].to_numpy() * 2 * open_.sum(axis=1)
    left = np.maximum(sessions - with_cause.sum(axis=(1, 2)), 0.0)
    phase, box = rows["phase"].to_numpy(), rows["bin"].to_numpy()
    halves = rng.binomial(np.round(left).astype(np.int64), plan.half_share[phase, box])
    full = np.floor((left - halves) / 2 + rng.random(n)).astype(np.int64)
    free = open_ & ~with_cause.any(axis=2)
    score = day_score(n, year, need, rows["child"].to_numpy(), rng)
    away = largest(np.where(free, score, -np.inf), full)
    half = largest(np.where(free & ~away, rng.random((n, d)), -np.inf), halves)
    begins = away & ~np.concatenate([np.zeros((n, 1), dtype=bool), away[:, :-1]], axis=1)
    begins |= away & (rng.random((n, d)) < SPELL_BREAKS)
    at = np.maximum.accumulate(np.where(begins, np.arange(d)[None, :], 0), axis=1)
    draw = np.take_along_axis(rng.random((n, d)), at, axis=1)
    who, when = np.nonzero(away)
    mix = plan.mix[phase[who], box[who]]
    names = np.array([NUMBER[c] for c in FULL_CODES], dtype=np.int8)[pick(mix[:, : len(FULL_CODES)], draw[who, when])]
    rare = rng.random(len(who))
    interview, performance = (_share_of_leave(code)[phase[who]] for code in ("J1", "C1"))
    agreed = (names == NUMBER["C"]) & (rare < interview + performance)
    names[agreed] = np.where(rare < interview, NUMBER["J1"], NUMBER["C1"]).astype(np.int8)[agreed]
    code[who, when] = names[:, None]
    who, when = np.nonzero(half)
    part = pick(plan.mix[phase[who], box[who]][:, len(FULL_CODES) :], rng.random(len(who)))
    afternoon = (part == HALF_CODES.index("M")) & (rng.random(len(who)) < 0.45)
    code[who, when, afternoon.astype(np.int64)] = np.array([NUMBER[c] for c in HALF_CODES], dtype=np.int8)[part]
    laid = (fixed >= 0) & ~((fixed == NUMBER["C2"]) & away[:, :, None])
    code[laid] = fixed[laid]


def _share_of_leave(code: str) -> Array:
    """Share of leave agreed by the school (C, C1, J1) that a code has in each phase."""
    shares = [code_shares(phase) for phase in range(len(PHASES))]
    return np.array([mix[code] / (mix["C"] + mix["C1"] + mix["J1"]) for mix in shares])


def pick(cumulative: Array, draw: Array) -> npt.NDArray[np.int64]:
    """Index of the first cumulative share that is not below the draw."""
    return np.asarray((draw[:, None] > cumulative).sum(axis=1).clip(max=cumulative.shape[1] - 1), dtype=np.int64)


def season(year: SchoolYear) -> Array:
    """Shift of the score on each school day of a year."""
    days, shift = year.days, np.zeros(len(year.days))
    for (first, last), knots in zip(year.terms, SEASON, strict=True):
        here = (days >= first) & (days <= last)
        place = (days[here] - first) / max(last - first, 1)
        shift[here] = np.interp(place, [x for x, _ in knots], [y for _, y in knots])
    return shift


def day_score(n: int, year: SchoolYear, need: Need, child: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """How likely each day is to be an absence, relative to the pupil's other days."""
    days = year.days
    d = len(days)
    score = rng.standard_normal((d, n), dtype=np.float32)
    fresh = np.float32(np.sqrt(1 - PERSISTENCE**2))
    for j in range(1, d):
        score[j] = np.float32(PERSISTENCE) * score[j - 1] + fresh * score[j]
    shift = (season(year) + WEEKDAY[(days + 3) % 7]).astype(np.float32)
    score += shift[:, None]
    for j in range(0, d, 5):  # need moves slowly: once a week is enough
        score[j : j + 5] += np.float32(NEED_WITHIN_YEAR) * need.resid_at(days[j])[child][None, :]
    return np.ascontiguousarray(score.T)


def largest(score: npt.NDArray[np.floating], counts: npt.NDArray[np.int64]) -> Flags:
    """The ``counts`` largest finite entries of each row."""
    order = np.sort(score, axis=1)
    edge = order[np.arange(len(score)), np.clip(score.shape[1] - counts, 0, score.shape[1] - 1)]
    return np.asarray((score >= edge[:, None]) & np.isfinite(score) & (counts > 0)[:, None])
