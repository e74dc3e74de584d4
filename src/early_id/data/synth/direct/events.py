"""Police notices, missing episodes, suspensions, housing indicators as arrays: the processes of the council, a whole crowd at a time."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.direct.crowd import REFERENCE, Crowd, Floats, Ints, make_crowd, timeline_of
from early_id.data.synth.events import suspensions as susp
from early_id.data.synth.events.factors import family_indicators
from early_id.data.synth.events.police import make_missing, make_notices
from early_id.data.synth.events.suspension_rates import CEILING, relative_rates
from early_id.data.synth.plan import START, CouncilPlan
from early_id.data.synth.population.people import ETHNICITY, SEN_NEEDS
from early_id.data.synth.population.schools import Rolls
from early_id.data.synth.scenarios.distortions import miswritten_notices
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import as_date, day_number

Rows = dict[str, npt.NDArray[Any]]


def notices(crowd: Crowd) -> tuple[Rows, Rows]:
    """All notices that happened, and those on record with their ``kind``: child, day, known.

    They differ in the scenario ``measurement_bias`` only.
    """
    of = crowd.people, crowd.need, crowd.seeds, crowd.timeline, crowd.plan
    happened = make_notices(*of)
    return _rows(happened), _rows(miswritten_notices(happened, *of))


def _rows(frame: pd.DataFrame) -> Rows:
    names = {"child": "child", "kind": "kind", "day": "happened", "known": "recorded"}
    return {name: frame[column].to_numpy() for name, column in names.items()}


def missing(crowd: Crowd) -> Rows:
    """Missing episodes from need: child and day. Those from care are left out."""
    episodes = make_missing(crowd.people, crowd.need, crowd.seeds, crowd.timeline, crowd.plan)
    return {"child": episodes["child"].to_numpy(), "day": episodes["started"].to_numpy() // 86400}


def suspensions(crowd: Crowd) -> Rows:
    """Suspensions: child, school, day, sessions, whether one of the reasons is violence."""
    draws = crowd.seeds.rows("suspensions")
    lasting = crowd.seeds.rng("suspensions").gamma(susp.LASTING_SHAPE, 1 / susp.LASTING_SHAPE, len(crowd))
    rows = _pupil_years(crowd)
    rows["school"] = crowd.school[rows["year"], rows["child"]]
    group = np.minimum(np.exp(_log_rates(crowd, rows)), CEILING)
    parts = []
    for index in np.unique(rows["year"]):
        here = rows["year"] == index
        mine = {name: values[here] for name, values in rows.items()}
        year = crowd.timeline.years[index]
        rate = group[here] * lasting[mine["child"]] * susp.yearly_rate(mine["child"], crowd.need, crowd.seeds, int(index), year.start)
        parts.append(susp.year_events(mine, rate, _school_days(crowd, int(index)), draws))
    found = {name: np.concatenate([part[name] for part in parts]) for name in ("child", "school", "start", "sessions")}
    violence = draws.uniform("violence", found["child"], found["start"]) < _violence()
    return {"child": found["child"], "school": found["school"], "day": found["start"], "sessions": found["sessions"], "violence": violence}


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
    one = sum(susp.reason_shares()[code] for code in ("PP", "PA", "VP", "VA", "OW"))
    return float(1 - (1 - one) * (1 - susp.SECOND_REASON * one))


@lru_cache(maxsize=8)
def _days_without_marks(first: int, last: int, start: str) -> Ints:
    calendar = timeline_of(start).calendar
    return np.array([day_number(d) for d in calendar.school_days(as_date(first), as_date(last))], dtype=np.int64)


def _school_days(crowd: Crowd, index: int) -> Ints:
    year = crowd.timeline.years[index]
    return year.days if len(year.days) else _days_without_marks(year.start, year.end, crowd.plan.start.isoformat())


def indicators(crowd: Crowd, names: tuple[str, ...]) -> dict[str, Rows]:
    """Housing and money indicators of families: family, day, ended."""
    found = family_indicators(names, crowd.first, crowd.need, crowd.seeds, crowd.months[crowd.months <= crowd.day])
    return {name: {"family": family, "day": on, "ended": ended} for name, (family, on, ended) in found.items()}
