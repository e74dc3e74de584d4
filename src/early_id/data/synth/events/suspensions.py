"""Suspensions and permanent exclusions: who, when, how long and why."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.events.suspension_rates import relative_rates
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.population.schools import Rolls, inset_days
from early_id.data.synth.rates import suspension_days
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline, as_date, day_number

#: Suspensions per 100 pupils a year, 2023/24 (DfE, Suspensions and permanent exclusions), and permanent exclusions.
LEVEL, PERMANENT_LEVEL = 11.31, 0.13
#: Events drawn for each one kept: overlaps and the yearly limit drop some, the rest is left out at random.
DRAWN_PER_KEPT = 1.8
#: Log-rate for one standard deviation of need; shapes of the gammas that make events gather on few pupils.
EFFECT, LASTING_SHAPE, PASSING_SHAPE = 0.8, 0.8, 0.36
#: Most events drawn for one pupil and year; suspensions of one day that last a single session.
MOST_EVENTS, HALF_DAY = 25, 0.12
#: How often a year is drawn again for want of events, and how many more each time.
ATTEMPTS, MORE_AGAIN = 4, 1.5
#: Sessions lost in a year may not pass 45 days (DfE, Suspension and permanent exclusion guidance).
YEARLY_LIMIT = 90
#: Shares of reasons: volumes of 2015/16 without the withdrawn 'other', persistent disruption raised to half (autumn 2023/24).
REASONS = (
    ("DB", 0.50), ("PP", 0.145), ("VA", 0.14), ("PA", 0.057), ("VP", 0.04), ("DA", 0.026), ("DM", 0.02), ("OW", 0.02),
    ("BU", 0.01), ("RA", 0.012), ("TH", 0.01), ("MT", 0.008), ("SM", 0.006), ("LG", 0.003), ("DS", 0.003),
)  # fmt: skip


def make_suspensions(people: People, rolls: Rolls, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """One row an event: child, school, year, nc, start (day), sessions, category, reasons."""
    rng = seeds.rng("suspensions")
    # What stays with a pupil, and what a year brings, make events gather: most suspended pupils have one event in a year, some many.
    lasting = rng.gamma(LASTING_SHAPE, 1 / LASTING_SHAPE, len(people))
    spells = rolls.spells
    days = {index: _days(timeline, index) for index in range(len(timeline.years))}
    left, right = np.zeros(len(spells), dtype=np.int64), np.zeros(len(spells), dtype=np.int64)
    for index in days:
        here = (spells["year"] == index).to_numpy()
        left[here] = np.searchsorted(days[index], spells["start"].to_numpy()[here])
        last = np.minimum(spells["end"].to_numpy()[here], timeline.extracted - 3)
        right[here] = np.maximum(np.searchsorted(days[index], last, side="right"), left[here])
    share = (right - left) / 190.0
    rate = relative_rates(people, rolls, share) * lasting[spells["child"].to_numpy()]
    parts = []
    for index, year in enumerate(timeline.years):
        here = np.flatnonzero((spells["year"] == index).to_numpy() & (share > 0))
        if len(here):
            raised = np.exp(EFFECT * need.resid_at(year.start + 140)[spells["child"].to_numpy()[here]])
            passing = rng.gamma(PASSING_SHAPE, 1 / PASSING_SHAPE, len(people))[spells["child"].to_numpy()[here]]
            inset = inset_days(rolls.schools, days[index])
            rows = spells.iloc[here].assign(left=left[here], right=right[here])
            parts.append(_year_events(rows, rate[here] * raised * passing, share[here], days[index], inset, rng))
    events = pd.concat(parts, ignore_index=True)
    events["category"] = "SUSP"
    events = pd.concat([events, _permanent(rolls, seeds, timeline)], ignore_index=True)
    events = events.sort_values(["child", "start"], kind="stable", ignore_index=True)
    return _reasons(events, rng)


def _year_events(
    rows: pd.DataFrame,
    rate: npt.NDArray[np.float64],
    share: npt.NDArray[np.float64],
    days: npt.NDArray[np.int64],
    inset: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Suspensions of one year, as many as the published level asks for.

    More are drawn than are needed, because a pupil cannot be suspended twice at once, nor for more than 45 days a year; what is too many
    then is left out at random. Where a small council's few troubled pupils use up the limits, more is drawn again.
    """
    wanted = LEVEL / 100 * share.sum()
    expected = LEVEL / 100 * share * rate * share.sum() / np.dot(rate, share)
    values, cumulative = suspension_days()
    for attempt in range(ATTEMPTS):
        which = np.repeat(np.arange(len(rows)), np.minimum(rng.poisson(DRAWN_PER_KEPT * MORE_AGAIN**attempt * expected), MOST_EVENTS))
        span = (rows["right"] - rows["left"]).to_numpy()[which]
        place = (rows["left"].to_numpy()[which] + rng.random(len(which)) * span).astype(np.int64)
        school = rows["school"].to_numpy()[which]
        place = np.minimum(place + inset[school, place], len(days) - 1)
        columns = {name: rows[name].to_numpy()[which] for name in ("child", "school", "year", "nc")}
        events = pd.DataFrame({**columns, "start": days[place]}).sort_values(["child", "start"], kind="stable", ignore_index=True)
        lost = values[np.minimum(np.searchsorted(cumulative, rng.random(len(events))), len(values) - 1)]
        half = (lost == 1) & (rng.random(len(events)) < HALF_DAY)
        events["sessions"] = np.where(half, 1, 2 * lost)
        events = _without_overlap(events)
        events = events[events.groupby("child")["sessions"].cumsum() <= YEARLY_LIMIT]
        if len(events) >= wanted:
            break
    return events[rng.random(len(events)) < wanted / max(len(events), 1)]


def _days(timeline: Timeline, index: int) -> npt.NDArray[np.int64]:
    """School days of a year, also of the year before the marks begin."""
    year = timeline.years[index]
    if len(year.days):
        return year.days
    return np.array([day_number(d) for d in timeline.calendar.school_days(as_date(year.start), as_date(year.end))], dtype=np.int64)


def _without_overlap(events: pd.DataFrame) -> pd.DataFrame:
    """Drop an event that begins before the one before it is over (a pupil cannot be suspended twice at once)."""
    after = events["start"] + (events["sessions"] + 1) // 2 * 7 // 5 + 2
    before = after.groupby(events["child"]).shift(1)
    return events[~(events["start"] < before)].copy()


def _permanent(rolls: Rolls, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """Permanent exclusions stand where a pupil changed school within the year."""
    rng = seeds.rng("permanent exclusions")
    spells = rolls.spells
    moved = spells[(spells["reason"] == "moved school") & (spells["end"] < NEVER)]
    weight = np.where(moved["nc"] >= 7, 1.0, 0.12)
    pupils_a_year = len(spells) / len(timeline.years)
    expected = PERMANENT_LEVEL / 100 * pupils_a_year * len(timeline.years)
    chance = np.minimum(0.6, weight * expected / max(weight.sum(), 1))
    rows = moved[rng.random(len(moved)) < chance]
    return pd.DataFrame(
        {
            "child": rows["child"].to_numpy(),
            "school": rows["school"].to_numpy(),
            "year": rows["year"].to_numpy(),
            "nc": rows["nc"].to_numpy(),
            "start": rows["end"].to_numpy(),
            "sessions": -1,
            "category": "PERM",
        }
    )


@cache
def reason_volumes() -> dict[str, float]:
    """Suspensions of 2015/16 by reason, as published with the code list; reasons that came later have none."""
    with resources.files("early_id.schema.codes").joinpath("exclusion_reasons.csv").open("r", encoding="utf-8") as handle:
        table = pd.read_csv(handle)
    return {str(code): float(count) for code, count in zip(table["code"], table["suspensions_2015_16"], strict=True) if count > 0}


def _reasons(events: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    names = np.array([code for code, _ in REASONS], dtype=object)
    edges = np.cumsum([share for _, share in REASONS])
    edges = edges / edges[-1]
    count = len(events)
    first, second, third = (names[np.minimum(np.searchsorted(edges, rng.random(count)), len(names) - 1)] for _ in range(3))
    more = rng.random(count)
    events["reason_1"] = first
    events["reason_2"] = np.where((more < 0.22) & (second != first), second, "")
    events["reason_3"] = np.where((more < 0.04) & (events["reason_2"] != "") & (third != first) & (third != second), third, "")
    return events
