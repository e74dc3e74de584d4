"""Marks with a cause of their own: closures, sessions that are not possible, suspensions, part-time timetables, festivals, study leave.

What no table gives (the codes of sessions that are not possible) is a stated assumption, kept rare.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.marks.attendance import C2_SESSIONS, SESSIONS
from early_id.data.synth.marks.codes import NUMBER
from early_id.data.synth.population.schools import inset_days
from early_id.data.synth.rates import PHASES, absence_level, code_shares
from early_id.data.synth.timeline import SchoolYear, day_number

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]

#: Eid al-Fitr, Eid al-Adha and Diwali on school days, and the share of a group that keeps them.
FESTIVALS = {
    "muslim": ("2023-06-28", "2024-06-17", "2025-03-31", "2025-06-06", "2024-04-10", "2023-04-21"),
    "hindu": ("2022-10-24", "2023-11-13", "2024-11-01", "2025-10-20"),
}
KEEPS = {
    "APKN": ("muslim", 0.9),
    "ABAN": ("muslim", 0.9),
    "BAFR": ("muslim", 0.4),
    "OOTH": ("muslim", 0.5),
    "AOTH": ("muslim", 0.25),
    "AIND": ("hindu", 0.4),
}
#: Groups whose parents may travel for work, the share that does in a year by phase, and days away.
TRAVELLERS, TRAVELS, TRAVEL_DAYS = ("WIRT", "WROM"), np.array([0.45, 0.11, 0.2]), (8, 22)
#: Chance a year that a school shuts without warning (Y4), shuts to one year group (Y3), and that roads are closed in a hub (Y2).
SITE_SHUT, PART_SHUT, DISRUPTED = 0.25, 0.15, 0.5
#: Share of a hub's pupils who cannot come on such a day.
CUT_OFF = 0.06
#: Schools where reception children come for mornings only in the first days of the year (X, below compulsory age), and those days.
STAGGERED, STAGGERED_DAYS = 0.3, 12
#: Sixth-formers who are not required on one afternoon a week (X, above compulsory age).
FREE_AFTERNOON = 0.6
#: Code → chance a year of a run in primary, secondary and special schools, and its days. Y5 holds boys from year 9 on.
RUNS: tuple[tuple[str, tuple[float, float, float], tuple[int, int]], ...] = (
    ("Q", (0.0003, 0.0005, 0.012), (5, 30)),
    ("Y1", (0.0015, 0.003, 0.05), (1, 4)),
    ("Y5", (0.0, 0.0012, 0.0012), (10, 60)),
    ("Y6", (0.001, 0.001, 0.002), (2, 6)),
    ("Y7", (0.001, 0.001, 0.003), (1, 4)),
)
#: Chance a year of being registered at a unit outside the council as well (D on its days), its days a week and its length in days.
DUAL, DUAL_WEEKDAYS, DUAL_DAYS = (0.001, 0.006, 0.01), (1, 4), (30, 120)


@dataclass(frozen=True)
class YearPlan:
    """What all blocks of one year share, by school."""

    year: SchoolYear
    index: int
    trips: Flags  #: school × year group × day
    site: Codes  #: school × year group × day: '#', Y3 or Y4, or -1
    disrupted: Flags  #: school × day: roads were closed
    records_closures: Flags  #: school sends marks for its inset days
    works: Flags  #: school sends pupils of year 10 on work experience
    staggered: Flags  #: reception starts with mornings


def plan_year(year: SchoolYear, index: int, schools: pd.DataFrame, rng: np.random.Generator) -> YearPlan:
    """Draw what a whole school has in common in one year."""
    count, d = len(schools), len(year.days)
    phases = schools["phase"].map({name: i for i, name in enumerate(PHASES)}).to_numpy(dtype=np.int64)
    chance = np.array([code_shares(p).get("V", 0.0) / 100 / (1 - absence_level(name)[0] / 100) for p, name in enumerate(PHASES)])[phases]
    trips = rng.random((count, 14, d), dtype=np.float32) < chance[:, None, None]
    site = np.full((count, 14, d), -1, dtype=np.int8)
    shut_on, part_on, group = rng.integers(0, d, count), rng.integers(0, d, count), rng.integers(0, 14, count)
    part, shut = np.flatnonzero(rng.random(count) < PART_SHUT), np.flatnonzero(rng.random(count) < SITE_SHUT)
    site[part, group[part], part_on[part]] = NUMBER["Y3"]
    site[shut, :, shut_on[shut]] = NUMBER["Y4"]
    site[np.broadcast_to(inset_days(schools, year.days)[:, None, :], site.shape)] = NUMBER["#"]
    winter = np.flatnonzero((year.days - year.start >= 100) & (year.days - year.start < 190))
    disrupted = np.zeros((count, d), dtype=bool)
    for hub in range(3):
        bad = rng.random() < DISRUPTED
        if len(winter):
            disrupted[(schools["hub"] == hub).to_numpy(), winter[rng.integers(0, len(winter))]] = bad
    return YearPlan(
        year,
        index,
        trips,
        site,
        disrupted,
        schools["records_closures"].to_numpy(),
        rng.random(count) < 0.7,
        rng.random(count) < STAGGERED,
    )


def not_possible(rows: pd.DataFrame, traits: pd.DataFrame, school: npt.NDArray[np.int64], year: YearPlan, rng: np.random.Generator) -> Codes:
    """Codes of sessions that are not possible, pupil × day × session; -1 elsewhere."""
    n, d = school.shape
    days = year.year.days
    codes = np.full((n, d, 2), -1, dtype=np.int8)
    nc, phase = rows["nc"].to_numpy(), rows["phase"].to_numpy()
    home = rows["school"].to_numpy()
    weekday = (days + 3) % 7
    early = year.staggered[home] & (nc == 0)
    codes[early, :STAGGERED_DAYS, 1] = NUMBER["X"]
    free = np.where((nc >= 12) & (rng.random(n) < FREE_AFTERNOON), rng.integers(0, 5, n), -1)
    codes[:, :, 1][free[:, None] == weekday[None, :]] = NUMBER["X"]
    male = traits["male"].to_numpy()
    for name, chances, (shortest, longest) in RUNS:
        chance = np.array(chances)[phase] * (male & (nc >= 9) if name == "Y5" else 1.0)
        for i in np.flatnonzero(rng.random(n) < chance):
            begin = int(rng.integers(0, max(1, d - shortest)))
            codes[i, begin : begin + int(rng.integers(shortest, longest + 1))] = NUMBER[name]
    for i in np.flatnonzero(rng.random(n) < np.array(DUAL)[phase]):
        begin, length = int(rng.integers(0, max(1, d - DUAL_DAYS[0]))), int(rng.integers(*DUAL_DAYS))
        there = np.isin(weekday, rng.permutation(5)[: rng.integers(*DUAL_WEEKDAYS)])
        there[:begin] = there[begin + length :] = False
        codes[i, there] = NUMBER["D"]
    codes[year.disrupted[home] & (rng.random((n, 1)) < CUT_OFF)] = NUMBER["Y2"]
    site = year.site[home, np.clip(nc, 0, 13)]
    codes[site >= 0] = site[site >= 0][:, None]
    codes[school < 0] = -1
    return codes


def caused(
    rows: pd.DataFrame, traits: pd.DataFrame, suspensions: pd.DataFrame, open_: Flags, days: npt.NDArray[np.int64], rng: np.random.Generator
) -> Codes:
    """Absences with a cause of their own, pupil × day × session; -1 elsewhere. ``open_`` are the pupil's possible days."""
    n, d = open_.shape
    fixed = np.full((n, d, 2), -1, dtype=np.int8)
    fixed[_study_leave(rows, days, rng)] = NUMBER["S"]
    for i in np.flatnonzero(rows["part_time"].to_numpy()):
        length = int(np.clip(rng.normal(C2_SESSIONS, 12), 12, 80))
        begin = int(rng.integers(0, max(1, d - 20)))
        fixed[i, begin : begin + length, 1] = NUMBER["C2"]
    ethnicity = traits["ethnicity"].to_numpy()
    for i in np.flatnonzero(np.isin(ethnicity, TRAVELLERS) & (rng.random(n) < TRAVELS[rows["phase"].to_numpy()])):
        begin = int(rng.integers(0, max(1, d - 15)))
        fixed[i, begin : begin + int(rng.integers(*TRAVEL_DAYS))] = NUMBER["T"]
    draw = rng.random(n)
    for code, (faith, share) in KEEPS.items():
        keeps = np.flatnonzero((ethnicity == code) & (draw < share))
        for text in FESTIVALS[faith]:
            feast = day_number(date.fromisoformat(text))
            place = int(np.searchsorted(days, feast))
            if place < d and days[place] == feast:
                fixed[keeps, place] = NUMBER["R"]
    _suspend(fixed, rows, suspensions, open_, days)
    fixed[~open_] = -1
    return fixed


def _study_leave(rows: pd.DataFrame, days: npt.NDArray[np.int64], rng: np.random.Generator) -> Flags:
    """Year 11 in the exam weeks, as often as the code is published for the phase (whose pupils are of five year groups)."""
    since = days - days[0]
    weeks = (since >= 270) & (since < 290)
    share = np.array([code_shares(p).get("S", 0.0) / 100 for p in range(len(PHASES))])[rows["phase"].to_numpy()]
    chance = np.minimum(0.5, share * 5 * SESSIONS / max(2 * int(weeks.sum()), 1))
    leaves = (rows["nc"] == 11).to_numpy() & (rng.random(len(rows)) < chance)
    return np.asarray(leaves[:, None] & weeks[None, :])


def _suspend(fixed: Codes, rows: pd.DataFrame, suspensions: pd.DataFrame, open_: Flags, days: npt.NDArray[np.int64]) -> None:
    """Lay code E over the sessions of each suspension, up to ten; from the sixth day other education must be arranged (DfE guidance)."""
    line = {(int(c), int(s)): i for i, (c, s) in enumerate(zip(rows["child"], rows["school"], strict=True))}
    columns = (suspensions[name] for name in ("child", "school", "start", "sessions"))
    for who, where, start, sessions in zip(*columns, strict=True):
        row = line.get((int(who), int(where)))
        if row is None or sessions <= 0:
            continue
        first = int(np.searchsorted(days, start))
        places = first + np.flatnonzero(open_[row, first:])
        flat = (2 * places[:, None] + np.arange(2)).ravel()[: int(sessions)]
        whole = fixed[row].reshape(-1)
        whole[flat[:10]] = NUMBER["E"]
        whole[flat[10:]] = NUMBER["B"]
