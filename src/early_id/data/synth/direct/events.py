"""Police notices, missing episodes, suspensions, housing indicators as arrays: the processes of the council, a whole crowd at a time."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.direct.crowd import REFERENCE, Crowd, Flags, Floats, Ints, make_crowd, timeline_of
from early_id.data.synth.events import police
from early_id.data.synth.events import suspensions as susp
from early_id.data.synth.events.factors import INDICATORS
from early_id.data.synth.events.suspension_rates import CEILING, relative_rates
from early_id.data.synth.plan import START, CouncilPlan
from early_id.data.synth.population.people import ETHNICITY, SEN_NEEDS
from early_id.data.synth.population.schools import Rolls
from early_id.data.synth.rates import suspension_days
from early_id.data.synth.scenarios.biases import drift_from, members
from early_id.data.synth.scenarios.declare import part
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, as_date, day_number

Rows = dict[str, npt.NDArray[Any]]
_SPREAD = 1.2  # variance of need that the rates of the council allow for


def notices(crowd: Crowd) -> tuple[Rows, Rows]:
    """Domestic-abuse notices that happened, and those on record: child, day, known.

    They differ in the scenario ``measurement_bias`` only.
    """
    rng = crowd.seeds.rng("notices")
    size = crowd.plan.size("drift")
    rate = _notice_rate(crowd)
    if size:
        rate = np.where((crowd.months >= drift_from(crowd.timeline))[:, None], rate * size, rate)
    happened = _family_events(crowd, rate, rng)
    bias = part(crowd.plan.scenarios, "measurement_bias")
    if bias is None:
        return happened, happened
    group, ratio = members(crowd.people, bias[0]), bias[1]
    more = crowd.seeds.rng("measurement bias")
    if ratio < 1:
        keep = ~group[happened["child"]] | (more.random(len(crowd.first)) < ratio)[crowd.family[happened["child"]]]
        return happened, {name: values[keep] for name, values in happened.items()}
    extra = _family_events(crowd, _notice_rate(crowd) * (ratio - 1), more)
    mine = group[extra["child"]]
    return happened, {name: np.concatenate([happened[name], extra[name][mine]]) for name in happened}


def _notice_rate(crowd: Crowd) -> Floats:
    effect = police.NOTICE_EFFECT
    return np.asarray(police.NOTICE_PER_YEAR / 12 * np.exp(effect * crowd.level[:, crowd.first] - effect**2 / 2 * _SPREAD), dtype=np.float64)


def _family_events(crowd: Crowd, rate: Floats, rng: np.random.Generator) -> Rows:
    """Events of families, at most one a month, recorded of all children present."""
    month, family = np.nonzero(rng.random(rate.shape, dtype=np.float32) < rate)
    day = crowd.months[month] + rng.integers(0, 28, len(month))
    known = day + 1 + rng.geometric(0.35, len(month))
    child, entry = crowd.spread(family)
    kept = crowd.present[month[entry], child] & (crowd.dob[child] < crowd.months[month[entry]] - 30)
    return {"child": child[kept], "day": day[entry][kept], "known": known[entry][kept]}


def justice(crowd: Crowd) -> Rows:
    """Youth-justice notices of children of ten and over."""
    rng = crowd.seeds.rng("justice")
    effect = police.JUSTICE_EFFECT
    chance = police.JUSTICE_PER_YEAR / 12 * np.exp(effect * crowd.level - effect**2 / 2 * _SPREAD)
    month, child = np.nonzero(rng.random(chance.shape, dtype=np.float32) < chance)
    old = (crowd.months[month] - crowd.dob[child] >= 10 * 365.25) & crowd.present[month, child]
    month, child = month[old], child[old]
    day = crowd.months[month] + rng.integers(0, 28, len(month))
    return {"child": child, "day": day, "known": day + 1 + rng.geometric(0.35, len(month))}


def missing(crowd: Crowd) -> Rows:
    """Missing episodes from need: how many a child has in each school year, and then in which month of it. Those from care are left out."""
    rng, months = crowd.seeds.rng("missing episodes"), crowd.months
    lasting = rng.gamma(police.MISSING_LASTS, 1 / police.MISSING_LASTS, len(crowd))
    ages, relative = np.array(police.MISSING_BY_AGE).T
    raised = np.exp(np.float32(police.MISSING_EFFECT) * crowd.level)
    raised /= raised.mean(axis=1, keepdims=True)
    found = []
    for first in range(0, len(months), 12):
        part_of = slice(first, first + 12)
        passing = rng.gamma(police.MISSING_PASSES, 1 / police.MISSING_PASSES, len(crowd))
        likely = np.flatnonzero(passing > 1e-3)  # for most the year brings nothing
        age = (months[part_of, None] - crowd.dob[likely]) / 365.25
        by_age = relative[np.clip(np.searchsorted(ages, age, side="right") - 1, 0, len(ages) - 1)]
        rate = police.MISSING_PER_YEAR / 12 * by_age * raised[part_of][:, likely] * crowd.present[part_of][:, likely]
        whole = rate.sum(axis=0)
        entry = np.repeat(np.arange(len(likely)), rng.poisson(whole * (lasting * passing)[likely]))
        reached = np.cumsum(rate[:, entry], axis=0) < rng.random(len(entry)) * whole[entry]
        month = np.minimum(reached.sum(axis=0), len(rate) - 1)
        found.append((likely[entry], (months[first + month] + rng.random(len(entry)) * 30).astype(np.int64)))
    return {"child": np.concatenate([child for child, _ in found]), "day": np.concatenate([day for _, day in found])}


def suspensions(crowd: Crowd) -> Rows:
    """Suspensions: child, school, day, sessions, whether one of the reasons is violence."""
    rng = crowd.seeds.rng("suspensions")
    lasting = rng.gamma(susp.LASTING_SHAPE, 1 / susp.LASTING_SHAPE, len(crowd))
    rows = _pupil_years(crowd)
    group = np.minimum(np.exp(_log_rates(crowd, rows)), CEILING)
    group /= np.average(group, weights=rows["share"])
    found = []
    for index in np.unique(rows["year"]):
        here = np.flatnonzero(rows["year"] == index)
        child, share, days = rows["child"][here], rows["share"][here], _school_days(crowd, int(index))
        raised = np.exp(susp.EFFECT * crowd.need.resid_at(crowd.timeline.years[index].start + 140)[child] - susp.EFFECT**2 / 2)
        rate = group[here] * lasting[child] * rng.gamma(susp.PASSING_SHAPE, 1 / susp.PASSING_SHAPE, len(child)) * raised
        rate *= np.average(group[here], weights=share) / np.average(rate, weights=share)
        events = np.minimum(rng.poisson(susp.DRAWN_PER_KEPT * susp.LEVEL / 100 * rate * share), susp.MOST_EVENTS)
        which = np.repeat(here, events)
        place = (rows["left"][which] + rng.random(len(which)) * (rows["right"] - rows["left"])[which]).astype(np.int64)
        found.append((rows["child"][which], np.full(len(which), index), days[np.minimum(place, len(days) - 1)]))
    child, year, day = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((day, child))
    child, year, day = child[order], year[order], day[order]
    values, cumulative = suspension_days()
    lost = values[np.minimum(np.searchsorted(cumulative, rng.random(len(child))), len(values) - 1)]
    sessions = np.where((lost == 1) & (rng.random(len(child)) < susp.HALF_DAY), 1, 2 * lost)
    kept = np.flatnonzero(_not_overlapping(child, day, sessions))
    kept = kept[_within_limit(child[kept], year[kept], sessions[kept])]
    pupils = np.bincount(rows["year"], weights=rows["share"])
    chance = susp.LEVEL / 100 * pupils / np.maximum(np.bincount(year[kept], minlength=len(pupils)), 1)
    kept = kept[rng.random(len(kept)) < chance[year[kept]]]
    return {
        "child": child[kept],
        "school": crowd.school[year[kept], child[kept]],
        "day": day[kept],
        "sessions": sessions[kept],
        "violence": rng.random(len(kept)) < _violence(),
    }


def _pupil_years(crowd: Crowd) -> Rows:
    """One row a pupil and school year up to the one after the as-of date: child, year, left and right school day, share of a year."""
    parts = []
    for index, year in enumerate(crowd.timeline.years[: crowd.year + 2]):
        child = np.flatnonzero(crowd.school[index] >= 0)
        days = _school_days(crowd, index)
        start, end = crowd.since(year)
        left = np.searchsorted(days, start[child])
        right = np.maximum(np.searchsorted(days, np.minimum(end[child], crowd.timeline.extracted - 3), side="right"), left)
        parts.append((child, np.full(len(child), index), left, right))
    child, number, left, right = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept = right > left
    return {
        name: values[kept]
        for name, values in {"child": child, "year": number, "left": left, "right": right, "share": (right - left) / 190.0}.items()
    }  # fmt: skip


def _not_overlapping(child: Ints, day: Ints, sessions: Ints) -> Flags:
    """Events that begin after the one before them is over."""
    over = np.concatenate([[-NEVER], (day + (sessions + 1) // 2 * 7 // 5 + 2)[:-1]])
    return ~((np.concatenate([[-1], child[:-1]]) == child) & (day < over))


def _within_limit(child: Ints, year: Ints, sessions: Ints) -> Flags:
    """Events up to the limit on sessions lost in a year; rows are in order of child and day."""
    key = child * 100 + year
    total = np.cumsum(sessions)
    begins = np.concatenate([[True], key[1:] != key[:-1]]) if len(key) else np.zeros(0, dtype=bool)
    before = np.maximum.accumulate(np.where(begins, total - sessions, 0)) if len(key) else total
    return np.asarray(total - before <= susp.YEARLY_LIMIT)


def _design(crowd: Crowd, rows: Rows) -> list[Ints]:
    """Number of the group of each pupil and year, by characteristic that the suspension rates split by."""
    child, year = rows["child"], rows["year"]
    people = crowd.signers
    ethnic = pd.Categorical(people.families["ethnicity"], categories=[code for code, _, _ in ETHNICITY]).codes.astype(np.int64)
    needs = ["", *sorted({name for table in SEN_NEEDS.values() for name, _ in table})]
    need = pd.Categorical(people.children["sen_need"], categories=needs).codes.astype(np.int64)
    sen = pd.Categorical(people.children["sen"], categories=["N", "K", "E"]).codes.astype(np.int64)
    family = crowd.family[child]
    male = people.children["male"].to_numpy()[child].astype(np.int64)
    return [
        ethnic[family],
        people.families["idaci"].to_numpy()[family] - 1,
        need[child],
        sen[child],
        people.families["fsm"].to_numpy()[family].astype(np.int64),
        np.clip(crowd.nc[year, child], 0, 12) * 2 + male,
        crowd.phase[year, child],
    ]


def _log_rates(crowd: Crowd, rows: Rows) -> Floats:
    """Log of each pupil's rate relative to the mean, with the factors that hold in a large council."""
    shift = crowd.schools["suspension_shift"].to_numpy(dtype=float)[crowd.school[rows["year"], rows["child"]]]
    for group, factor in zip(_design(crowd, rows), _factors(), strict=True):
        shift = shift + factor[group]
    return np.asarray(shift, dtype=np.float64)


@lru_cache(maxsize=1)
def _factors() -> list[Floats]:
    """Log factors by characteristic: least squares on what the council's own fitting gives to a crowd of :data:`REFERENCE` children."""
    crowd = make_crowd(REFERENCE, CouncilPlan(REFERENCE, 0, START), Seeds(0), 10**5)
    rows = _pupil_years(crowd)
    spells = pd.DataFrame({"child": rows["child"], "school": crowd.school[rows["year"], rows["child"]], "nc": crowd.nc[rows["year"], rows["child"]]})
    rates = np.log(relative_rates(crowd.signers, Rolls(crowd.schools, spells), rows["share"]))
    plain = np.flatnonzero(rates < np.log(CEILING / 2))  # above, the fitting cuts what the factors come to
    rates -= crowd.schools["suspension_shift"].to_numpy(dtype=float)[spells["school"]]
    groups = _design(crowd, rows)
    widths = [int(group.max()) + 1 for group in groups]
    edges = np.concatenate([[0], np.cumsum(widths)])
    columns = np.stack([group + edge for group, edge in zip(groups, edges, strict=False)])[:, plain]
    # Normal equations of dummy variables, a little ridge because each set of dummies adds up to one.
    normal = np.zeros((edges[-1], edges[-1]))
    for first in columns:
        for second in columns:
            np.add.at(normal, (first, second), 1.0)
    wanted = np.zeros(edges[-1])
    for column in columns:
        np.add.at(wanted, column, rates[plain])
    solved = np.linalg.solve(normal + 1e-3 * np.eye(edges[-1]), wanted)
    return [np.asarray(solved[a:b], dtype=np.float64) for a, b in pairwise(edges)]


@lru_cache(maxsize=1)
def _violence() -> float:
    """Chance that violence is among a suspension's one to three reasons."""
    share = dict(susp.REASONS)
    weight = sum(share.values())
    one = sum(share.get(code, 0.0) for code in ("PP", "PA", "VP", "VA", "OW")) / weight
    return float(1 - (1 - one) * (1 - 0.22 * one))


@lru_cache(maxsize=8)
def _days_without_marks(first: int, last: int, start: str) -> Ints:
    calendar = timeline_of(start).calendar
    return np.array([day_number(d) for d in calendar.school_days(as_date(first), as_date(last))], dtype=np.int64)


def _school_days(crowd: Crowd, index: int) -> Ints:
    year = crowd.timeline.years[index]
    return year.days if len(year.days) else _days_without_marks(year.start, year.end, crowd.plan.start.isoformat())


def indicators(crowd: Crowd, names: tuple[str, ...]) -> dict[str, Rows]:
    """Housing and money indicators of families: family, day, ended."""
    rng = crowd.seeds.rng("housing indicators")
    found = {}
    shown = crowd.months <= crowd.day
    level = crowd.level[shown][:, crowd.first]
    for name in names:
        yearly, length, effect = INDICATORS[name]
        month, family = np.nonzero(rng.random(level.shape, dtype=np.float32) < yearly / 12 * np.exp(effect * level - effect**2 / 2 * _SPREAD))
        day = crowd.months[month] + rng.integers(0, 28, len(month))
        ended = day + np.maximum(14, rng.gamma(2.0, length / 2.0, len(month))).astype(np.int64)
        until = np.full(len(crowd.first), -NEVER)
        kept = np.zeros(len(month), dtype=bool)
        edges = np.searchsorted(month, np.arange(int(shown.sum()) + 1))
        for number, first_day in enumerate(crowd.months[shown]):  # while one runs no other of its kind begins
            rows = np.arange(edges[number], edges[number + 1])
            free = rows[until[family[rows]] < first_day]
            kept[free] = True
            until[family[free]] = ended[free]
        found[name] = {"family": family[kept], "day": day[kept], "ended": ended[kept]}
    return found
