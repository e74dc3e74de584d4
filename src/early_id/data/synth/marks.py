"""Session marks of one block of children in one school year.

A pupil's number of absent sessions is fixed by the plan; *which* days they are follows a score that runs in spells (illness
comes in runs), rises towards the end of terms and of weeks, and rises with need within the year. So yearly absence keeps its
published distribution while its course within the year carries a signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.attendance import C2_SESSIONS, FULL_CODES, HALF_CODES, AbsencePlan
from early_id.data.synth.need import Need
from early_id.data.synth.rates import PHASES, code_shares
from early_id.data.synth.timeline import NEW_CODES_FROM, SchoolYear, day_number

Flags = npt.NDArray[np.bool_]
Array = npt.NDArray[np.float64]

#: All codes a file can hold, in the order of their numbers; the last two are in no list (faults).
CODES = (
    "/", "\\", "L", "B", "K", "P", "V", "W", "C", "C1", "C2", "E", "I", "J1", "M", "R", "S", "T", "G", "N", "O", "U",
    "Y4", "-", "H", "J", "Y", "A", "8",
)  # fmt: skip
NUMBER = {code: i for i, code in enumerate(CODES)}
#: What a code of today was called before 19 August 2024.
OLD_CODES = {"C1": "C", "C2": "C", "J1": "J", "K": "B", "Y4": "Y"}
#: How one day's absence leans on the day before, on need within the year, and how often a spell changes its code.
PERSISTENCE, NEED_WITHIN_YEAR, SPELL_BREAKS = 0.72, 0.55, 0.18
#: Shift of the score by weekday, Monday first, and by day since 1 September (DfE daily attendance, 2024/25 weeks).
WEEKDAY = np.array([0.05, -0.04, -0.05, 0.0, 0.12])
SEASON = (
    (0, -0.22),
    (20, -0.12),
    (50, 0.02),
    (75, 0.06),
    (105, 0.22),
    (125, 0.02),
    (160, 0.0),
    (200, 0.12),
    (240, -0.04),
    (320, 0.1),
)
#: Eid al-Fitr, Eid al-Adha and Diwali on school days.
FESTIVALS = {
    "muslim": ("2023-06-28", "2024-06-17", "2025-03-31", "2025-06-06", "2024-04-10", "2023-04-21"),
    "hindu": ("2022-10-24", "2023-11-13", "2024-11-01", "2025-10-20"),
}
KEEPS = {
    "APKN": ("muslim", 0.8),
    "ABAN": ("muslim", 0.8),
    "BAFR": ("muslim", 0.25),
    "OOTH": ("muslim", 0.35),
    "AIND": ("hindu", 0.4),
}
#: A mark is known the day after (overnight feed); some take longer. First entries that are corrected: absences, presences.
KNOWN_NEXT_DAY, CORRECTED_ABSENCE, CORRECTED_PRESENCE = 0.94, 0.11, 0.0015


@dataclass(frozen=True)
class YearPlan:
    """What all blocks of one year share: trips and closures by school."""

    year: SchoolYear
    index: int
    trips: Flags  #: school × year group × day
    closed: npt.NDArray[np.int64]  #: school → position of the day the site was shut, or -1
    works: Flags  #: school sends year 10 on work experience


@dataclass(frozen=True)
class Marks:
    """Marks as numbers, one entry a row: child, school, day, session (0 AM, 1 PM), code, recorded day."""

    child: npt.NDArray[np.int64]
    school: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    session: npt.NDArray[np.int64]
    code: npt.NDArray[np.int64]
    recorded: npt.NDArray[np.int64]
    corrected: Flags  #: rows that belong to a corrected mark

    def __len__(self) -> int:
        return len(self.child)

    def take(self, rows: npt.NDArray[np.int64] | Flags) -> Marks:
        """Some of the rows."""
        return Marks(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def plus(self, other: Marks) -> Marks:
        """These rows and then the others."""
        return Marks(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__dataclass_fields__))


def plan_year(year: SchoolYear, index: int, schools: pd.DataFrame, rng: np.random.Generator) -> YearPlan:
    """Draw what a whole school has in common in one year."""
    phases = schools["phase"].map({name: i for i, name in enumerate(PHASES)}).to_numpy(dtype=np.int64)
    chance = np.array([code_shares(p).get("V", 0.0) / 100 for p in range(len(PHASES))])[phases]
    trips = rng.random((len(schools), 14, len(year.days)), dtype=np.float32) < chance[:, None, None]
    closed = np.where(rng.random(len(schools)) < 0.25, rng.integers(0, len(year.days), len(schools)), -1)
    return YearPlan(year, index, trips, closed, rng.random(len(schools)) < 0.3)


def make_marks(
    rows: pd.DataFrame,
    spells: pd.DataFrame,
    suspensions: pd.DataFrame,
    traits: pd.DataFrame,
    plan: AbsencePlan,
    year: YearPlan,
    need: Need,
    extracted: int,
    rng: np.random.Generator,
) -> Marks:
    """All marks of the pupils in ``rows`` (one year of one block).

    Parameters
    ----------
    rows, spells, suspensions : DataFrame
        The plan's rows, roll spells and suspensions of these children in this year.
    traits : DataFrame
        All children, with ``ethnicity`` and ``sen``.
    """
    days = year.year.days
    child = rows["child"].to_numpy()
    line = {int(c): i for i, c in enumerate(child)}
    n, d = len(child), len(days)
    school = np.full((n, d), -1, dtype=np.int64)
    left = np.searchsorted(days, spells["start"].to_numpy())
    right = np.searchsorted(days, spells["end"].to_numpy(), side="right")
    for who, where, a, b in zip(spells["child"], spells["school"], left, right, strict=True):
        school[line[int(who)], a:b] = where
    valid = school >= 0
    code = np.empty((n, d, 2), dtype=np.int64)
    code[:, :, 0], code[:, :, 1] = NUMBER["/"], NUMBER["\\"]
    _attended(code, rows, school, year, days, rng)
    fixed = _fixed(rows, traits.iloc[child], suspensions, line, valid, days, rng)
    _absences(code, fixed, rows, valid, plan, need, child, days, rng)
    shut = (year.closed[np.maximum(school, 0)] == np.arange(d)[None, :]) & valid
    code[shut] = NUMBER["Y4"]
    none = rng.random((n, d, 2)) < np.where(days >= extracted - 4, 0.006, 0.0006)[None, :, None]
    code[none] = NUMBER["-"]
    before = days < day_number(NEW_CODES_FROM)
    if before.any():
        swap = np.arange(len(CODES))
        for new, old in OLD_CODES.items():
            swap[NUMBER[new]] = NUMBER[old]
        code[:, before] = swap[code[:, before]]
        agreed = (code == NUMBER["C"]) & before[None, :, None] & (rng.random((n, d, 1)) < 0.15)
        code[agreed] = NUMBER["H"]
    return _recorded(code, school, child, days, extracted, rng)


def _attended(
    code: npt.NDArray[np.int64],
    rows: pd.DataFrame,
    school: npt.NDArray[np.int64],
    year: YearPlan,
    days: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Lateness, trips, sport, work experience, off-site education."""
    n, d = school.shape
    phase, nc = rows["phase"].to_numpy(), rows["nc"].to_numpy()
    shares = {c: np.array([code_shares(p).get(c, 0.0) / 100 for p in range(len(PHASES))])[phase] for c in ("L", "P", "B", "K")}
    late = np.minimum(rows["late"].to_numpy() * shares["L"] * 1.06, 0.35)
    draw = rng.random((n, d, 2), dtype=np.float32)
    code[:, :, 0][draw[:, :, 0] < (1.8 * late)[:, None]] = NUMBER["L"]
    code[:, :, 1][draw[:, :, 1] < (0.2 * late)[:, None]] = NUMBER["L"]
    code[rng.random((n, d), dtype=np.float32) < shares["P"][:, None] * 1.05] = NUMBER["P"]
    trip = year.trips[np.maximum(school, 0), np.clip(nc, 0, 13)[:, None], np.arange(d)[None, :]]
    code[trip] = NUMBER["V"]
    since = days - year.year.start
    weeks = (since >= 293) & (since < 307)
    works = (nc == 10)[:, None] & year.works[np.maximum(school, 0)] & weeks[None, :]
    code[works & (phase == 1)[:, None]] = NUMBER["W"]
    friday = (days + 3) % 7 == 4  # day 0 was a Thursday
    for name, spread in (("B", 5.0), ("K", 5.0)):
        away = rng.random(n) < shares[name] * spread * 1.1
        code[away[:, None] & friday[None, :]] = NUMBER[name]


def _fixed(
    rows: pd.DataFrame,
    traits: pd.DataFrame,
    suspensions: pd.DataFrame,
    line: dict[int, int],
    valid: Flags,
    days: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Absences with a cause of their own, as codes; -1 elsewhere."""
    n, d = valid.shape
    fixed = np.full((n, d, 2), -1, dtype=np.int64)
    since = days - days[0]
    nc = rows["nc"].to_numpy()
    study = ((nc == 11) & (rng.random(n) < 0.13))[:, None] & ((since >= 273) & (since < 286))[None, :]
    fixed[study] = NUMBER["S"]
    for i in np.flatnonzero(rows["part_time"].to_numpy()):
        length = int(np.clip(rng.normal(C2_SESSIONS, 12), 12, 80))
        begin = int(rng.integers(0, max(1, d - 20)))
        fixed[i, begin : begin + length, 1] = NUMBER["C2"]
    ethnicity = traits["ethnicity"].to_numpy()
    travels = np.isin(ethnicity, ["WIRT", "WROM"]) & (rng.random(n) < 0.3)
    for i in np.flatnonzero(travels):
        begin = int(rng.integers(0, max(1, d - 15)))
        fixed[i, begin : begin + int(rng.integers(8, 22))] = NUMBER["T"]
    draw = rng.random(n)
    for code, (faith, share) in KEEPS.items():
        keeps = np.flatnonzero((ethnicity == code) & (draw < share))
        for text in FESTIVALS[faith]:
            feast = day_number(date.fromisoformat(text))
            place = int(np.searchsorted(days, feast))
            if place < d and days[place] == feast:
                fixed[keeps, place] = NUMBER["R"]
    for who, start, sessions in zip(suspensions["child"], suspensions["start"], suspensions["sessions"], strict=True):
        row = line.get(int(who))
        if row is not None and sessions > 0:
            first = int(np.searchsorted(days, start)) * 2
            flat = fixed[row].reshape(-1)
            flat[first : first + min(int(sessions), 10)] = NUMBER["E"]
            # From the sixth day other education must be arranged (DfE guidance): the pupil is educated off site.
            flat[first + 10 : first + int(sessions)] = NUMBER["B"]
    fixed[~valid] = -1
    return fixed


def _absences(
    code: npt.NDArray[np.int64],
    fixed: npt.NDArray[np.int64],
    rows: pd.DataFrame,
    valid: Flags,
    plan: AbsencePlan,
    need: Need,
    child: npt.NDArray[np.int64],
    days: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Place the planned absence on days, give each spell its code, then lay the fixed causes over it."""
    n, d = valid.shape
    absent_fixed = (fixed >= 0) & (fixed != NUMBER["B"])
    sessions = rows["share"].to_numpy() * 2 * valid.sum(axis=1)
    left = np.maximum(sessions - absent_fixed.sum(axis=(1, 2)), 0.0)
    phase, box = rows["phase"].to_numpy(), rows["bin"].to_numpy()
    halves = rng.binomial(np.round(left).astype(np.int64), plan.half_share[phase, box])
    full = np.floor((left - halves) / 2 + rng.random(n)).astype(np.int64)
    open_ = valid & ~absent_fixed.any(axis=2)
    score = _score(n, days, need, child, rng)
    away = _largest(np.where(open_, score, -np.inf), full)
    half = _largest(np.where(open_ & ~away, rng.random((n, d)), -np.inf), halves)
    begins = away & ~np.concatenate([np.zeros((n, 1), dtype=bool), away[:, :-1]], axis=1)
    begins |= away & (rng.random((n, d)) < SPELL_BREAKS)
    at = np.maximum.accumulate(np.where(begins, np.arange(d)[None, :], 0), axis=1)
    draw = np.take_along_axis(rng.random((n, d)), at, axis=1)
    mix = plan.mix[phase, box]
    whole = (draw[:, :, None] > mix[:, None, : len(FULL_CODES)]).sum(axis=2).clip(max=len(FULL_CODES) - 1)
    names = np.array([NUMBER[c] for c in FULL_CODES])[whole]
    rare = rng.random((n, d))
    names = np.where((names == NUMBER["C"]) & (rare < 0.05), np.where(rare < 0.04, NUMBER["J1"], NUMBER["C1"]), names)
    code[away] = names[away][:, None]
    part = (rng.random((n, d))[:, :, None] > mix[:, None, len(FULL_CODES) :]).sum(axis=2).clip(max=len(HALF_CODES) - 1)
    afternoon = (part == HALF_CODES.index("M")) & (rng.random((n, d)) < 0.45)
    for session, here in ((0, half & ~afternoon), (1, half & afternoon)):
        code[:, :, session][here] = np.array([NUMBER[c] for c in HALF_CODES])[part[here]]
    laid = (fixed >= 0) & ~((fixed == NUMBER["C2"]) & away[:, :, None])
    code[laid] = fixed[laid]


def _score(n: int, days: npt.NDArray[np.int64], need: Need, child: npt.NDArray[np.int64], rng: np.random.Generator) -> Array:
    """How likely each day is to be an absence, relative to the pupil's other days."""
    d = len(days)
    noise = rng.standard_normal((n, d))
    score = np.empty((n, d))
    score[:, 0] = noise[:, 0]
    fresh = np.sqrt(1 - PERSISTENCE**2)
    for j in range(1, d):
        score[:, j] = PERSISTENCE * score[:, j - 1] + fresh * noise[:, j]
    season = np.interp(days - days[0], [x for x, _ in SEASON], [y for _, y in SEASON])
    score += (season + WEEKDAY[(days + 3) % 7])[None, :]
    for j in range(0, d, 5):  # need moves slowly: once a week is enough
        score[:, j : j + 5] += NEED_WITHIN_YEAR * need.resid_at(days[j])[child][:, None]
    return score


def _largest(score: Array, counts: npt.NDArray[np.int64]) -> Flags:
    """The ``counts`` largest finite entries of each row."""
    order = -np.sort(-score, axis=1)
    place = np.clip(counts - 1, 0, score.shape[1] - 1)
    edge = np.take_along_axis(order, place[:, None], axis=1)
    return (score >= edge) & np.isfinite(score) & (counts > 0)[:, None]


def _recorded(
    code: npt.NDArray[np.int64],
    school: npt.NDArray[np.int64],
    child: npt.NDArray[np.int64],
    days: npt.NDArray[np.int64],
    extracted: int,
    rng: np.random.Generator,
) -> Marks:
    """Rows with the day each was known; corrected marks twice, first as N."""
    n, d = school.shape
    row, place, session = np.nonzero(np.broadcast_to((school >= 0)[:, :, None], (n, d, 2)))
    final = code[row, place, session]
    day = days[place]
    lag = np.where(rng.random(len(row)) < KNOWN_NEXT_DAY, 1, rng.integers(2, 7, len(row)))
    marks = Marks(child[row], school[row, place], day, session.astype(np.int64), final, day + lag, np.zeros(len(row), dtype=bool))
    absent = np.isin(final, [NUMBER[c] for c in ("I", "O", "M", "G", "C")])
    present = final < 2
    chance = np.where(absent, CORRECTED_ABSENCE, np.where(present, CORRECTED_PRESENCE, 0.0))
    marks.corrected[:] = rng.random(len(row)) < chance
    later = marks.take(marks.corrected)
    marks.code[marks.corrected] = NUMBER["N"]
    later = Marks(
        later.child,
        later.school,
        later.day,
        later.session,
        later.code,
        later.recorded + rng.integers(1, 9, len(later)),
        later.corrected,
    )
    both = marks.plus(later)
    return both.take(both.recorded <= extracted)
