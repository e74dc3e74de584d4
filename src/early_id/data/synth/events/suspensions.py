"""Suspensions and permanent exclusions: who, when, how long and why."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.events.suspension_rates import relative_rates
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.population.schools import Rolls, inset_days
from early_id.data.synth.rates import published, suspension_days
from early_id.data.synth.seeds import RowDraws, Seeds
from early_id.data.synth.timeline import NEVER, Timeline, as_date, day_number

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = dict[str, npt.NDArray[Any]]

#: Suspensions per 100 pupils a year, 2023/24 (DfE, Suspensions and permanent exclusions), and permanent exclusions.
LEVEL, PERMANENT_LEVEL = 11.31, 0.13
#: Events drawn for each one kept: overlaps and the yearly limit drop some, the rest is left out at random.
DRAWN_PER_KEPT = 1.8
#: Log-rate for one standard deviation of need, before and after overlaps and yearly limits, which take most from those with most events; shapes of the gammas that make events gather on few pupils.
EFFECT, RECORDED_EFFECT, LASTING_SHAPE, PASSING_SHAPE = 0.8, 0.63, 0.8, 0.36
#: Most events drawn for one pupil and year; suspensions of one day that last a single session.
MOST_EVENTS, HALF_DAY = 25, 0.12
#: How often a year is drawn again for want of events, and how many more each time.
ATTEMPTS, MORE_AGAIN = 4, 1.5
#: Sessions lost in a year may not pass 45 days (DfE, Suspension and permanent exclusion guidance).
YEARLY_LIMIT = 90
#: Reasons that came with the list of 2020 have no published volume: kept rare (assumed).
NEW_REASONS = {"OW": 0.004, "MT": 0.002, "LG": 0.001, "DS": 0.001}
#: Suspensions with a second and a third reason (assumed; up to three may be given).
SECOND_REASON, THIRD_REASON = 0.22, 0.04


def make_suspensions(people: People, rolls: Rolls, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """One row an event: child, school, year, nc, start (day), sessions, category, reasons."""
    draws = seeds.rows("suspensions")
    # What stays with a pupil, and what a year brings, make events gather: most suspended pupils have one event in a year, some many.
    lasting = seeds.rng("suspensions").gamma(LASTING_SHAPE, 1 / LASTING_SHAPE, len(people))
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
            rows = {name: spells[name].to_numpy()[here] for name in ("child", "school", "year", "nc")}
            rows |= {"left": left[here], "right": right[here], "share": share[here]}
            raised = rate[here] * yearly_rate(rows["child"], need, seeds, index, year.start)
            inset = inset_days(rolls.schools, days[index])
            parts.append(pd.DataFrame(year_events(rows, raised, days[index], draws, inset)))
    events = pd.concat(parts, ignore_index=True)
    events["category"] = "SUSP"
    events = pd.concat([events, _permanent(rolls, seeds, timeline)], ignore_index=True)
    events = events.sort_values(["child", "start"], kind="stable", ignore_index=True)
    return _reasons(events, draws)


def yearly_rate(child: Ints, need: Need, seeds: Seeds, index: int, begins: int) -> Floats:
    """What need and the year bring to each pupil's rate in one school year."""
    passing = seeds.rng("suspensions", index + 1).gamma(PASSING_SHAPE, 1 / PASSING_SHAPE, len(need.shift))
    return np.asarray(np.exp(EFFECT * need.resid_at(begins + 140)[child]) * passing[child], dtype=np.float64)


def year_events(rows: Rows, rate: Floats, days: Ints, draws: RowDraws, inset: npt.NDArray[np.bool_] | None = None) -> Rows:
    """Suspensions of one year, as many as the published level asks for.

    More are drawn than are needed, because a pupil cannot be suspended twice at once, nor for more than 45 days a year; what is too many
    then is left out at random. Where a small council's few troubled pupils use up the limits, more is drawn again.

    Parameters
    ----------
    rows : dict of arrays
        One entry a pupil and roll: child, school, left and right (places in ``days``), share (of a year), and what is to be kept with events.
    rate : array
        Relative rate of each.
    days : array
        School days of the year.
    draws : RowDraws
    inset : array, shape (schools, days), optional
        Days on which a school is closed.

    Returns
    -------
    dict of arrays
        The columns of ``rows`` but left, right and share; start (day) and sessions; in order of child and start.
    """
    share = rows["share"]
    wanted = round(LEVEL / 100 * share.sum())
    expected = LEVEL / 100 * share * rate * share.sum() / np.dot(rate, share)
    values, cumulative = suspension_days()
    begins = days[np.minimum(rows["left"], len(days) - 1)]
    for attempt in range(ATTEMPTS):
        which, number = draws.arrivals(DRAWN_PER_KEPT * MORE_AGAIN**attempt * expected, MOST_EVENTS, "event", rows["child"], begins)
        of = rows["child"][which], begins[which], number
        place = (rows["left"][which] + draws.uniform("day", *of) * (rows["right"] - rows["left"])[which]).astype(np.int64)
        if inset is not None:
            place = np.minimum(place + inset[rows["school"][which], place], len(days) - 1)
        lost = values[np.minimum(np.searchsorted(cumulative, draws.uniform("lost", *of)), len(values) - 1)]
        half = (lost == 1) & (draws.uniform("half", *of) < HALF_DAY)
        events = {name: values_of[which] for name, values_of in rows.items() if name not in ("left", "right", "share")}
        events |= {"start": days[place], "sessions": np.where(half, 1, 2 * lost), "kept": draws.uniform("kept", *of)}
        events = _some(events, np.lexsort((events["start"], events["child"])))
        events = _some(events, _follows(events["child"], events["start"], events["sessions"]))
        events = _some(events, _within_limit(events["child"], events["sessions"]))
        if len(events["child"]) >= wanted:
            break
    return _some(events, np.sort(np.argsort(events.pop("kept"), kind="stable")[:wanted]))


def _some(rows: Rows, which: npt.NDArray[Any]) -> Rows:
    return {name: values[which] for name, values in rows.items()}


def _follows(child: Ints, day: Ints, sessions: Ints) -> npt.NDArray[np.bool_]:
    """Events that begin after the one before them is over (a pupil cannot be suspended twice at once)."""
    over = (day + (sessions + 1) // 2 * 7 // 5 + 2)[:-1]
    again = (child[1:] == child[:-1]) & (day[1:] < over)
    return np.concatenate([np.ones(min(len(child), 1), dtype=bool), ~again])


def _within_limit(child: Ints, sessions: Ints) -> npt.NDArray[np.bool_]:
    """Events up to the limit on sessions lost in a year; rows are in order of child and day."""
    total = np.cumsum(sessions)
    first = np.concatenate([np.ones(min(len(child), 1), dtype=bool), child[1:] != child[:-1]])
    before = np.maximum.accumulate(np.where(first, total - sessions, 0))
    return np.asarray(total - before <= YEARLY_LIMIT)


def _days(timeline: Timeline, index: int) -> npt.NDArray[np.int64]:
    """School days of a year, also of the year before the marks begin."""
    year = timeline.years[index]
    if len(year.days):
        return year.days
    return np.array([day_number(d) for d in timeline.calendar.school_days(as_date(year.start), as_date(year.end))], dtype=np.int64)


def _permanent(rolls: Rolls, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """Permanent exclusions stand where a pupil changed school within the year."""
    spells = rolls.spells
    moved = spells[(spells["reason"] == "moved school") & (spells["end"] < NEVER)]
    weight = np.where(moved["nc"] >= 7, 1.0, 0.12)
    pupils_a_year = len(spells) / len(timeline.years)
    expected = PERMANENT_LEVEL / 100 * pupils_a_year * len(timeline.years)
    chance = np.minimum(0.6, weight * expected / max(weight.sum(), 1))
    rows = moved[seeds.rows("permanent exclusions").uniform("excluded", moved["child"].to_numpy(), moved["year"].to_numpy()) < chance]
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


@cache
def reason_shares() -> dict[str, float]:
    """Share of each reason: disruption as published for autumn 2023/24, the others share the rest as in 2015/16, without the withdrawn 'other'."""
    disruption = published("reason_share_DB", "all suspensions", "2023/24 autumn") / 100
    others = {code: count for code, count in reason_volumes().items() if code not in ("DB", "OT")}
    rest = (1 - disruption - sum(NEW_REASONS.values())) / sum(others.values())
    return {"DB": disruption, **{code: rest * count for code, count in others.items()}, **NEW_REASONS}


def _reasons(events: pd.DataFrame, draws: RowDraws) -> pd.DataFrame:
    names, edges = np.array(list(reason_shares()), dtype=object), np.cumsum(list(reason_shares().values()))
    of = events["child"].to_numpy(), events["start"].to_numpy()
    first, second, third = (names[np.minimum(np.searchsorted(edges, draws.uniform("reason", *of, n)), len(names) - 1)] for n in range(3))
    more = draws.uniform("more reasons", *of)
    events["reason_1"] = first
    events["reason_2"] = np.where((more < SECOND_REASON) & (second != first), second, "")
    events["reason_3"] = np.where((more < THIRD_REASON) & (events["reason_2"] != "") & (third != first) & (third != second), third, "")
    return events
