"""What the police hold: missing episodes, domestic-abuse notices, youth-justice notices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

#: Missing episodes a year for a child of 12 to 17 who is not in care, and the log-rate per standard deviation of need. With the children in
#: care, 1 in 200 children goes missing in a year, 2.9 times on average, and 93 % of them are 12 to 17 (UK Missing Persons Unit).
MISSING_PER_YEAR, MISSING_EFFECT = 0.036, 1.0
#: Rate by age in years, relative to 12 to 17: from this age on.
MISSING_BY_AGE = ((0, 0.014), (7, 0.022), (10, 0.045), (12, 0.5), (13, 0.9), (14, 1.15))
#: Shapes of the gammas that gather episodes on few children: what stays with a child, and what a school year brings.
MISSING_LASTS, MISSING_PASSES = 0.4, 0.02
#: Children in care: chance of going missing in a year before and from 12 years, and mean number of episodes of those who do.
CARE_MISSING, CARE_EPISODES = (0.015, 0.235), 6.0
#: Families with a notice in a year, and log-rate per standard deviation of need.
NOTICE_PER_YEAR, NOTICE_EFFECT = 0.075, 1.05
#: Children of 10 and over with a youth-justice notice in a year.
JUSTICE_PER_YEAR, JUSTICE_EFFECT = 0.008, 0.9


def make_missing(people: People, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """Episodes of children as if nobody were in care (see :func:`with_care`).

    Returns
    -------
    DataFrame
        One row an episode: child, started and ended (seconds since 1970; -1 while open), type, interview offered.
    """
    rng = seeds.rng("missing episodes")
    count = len(people)
    lasting = rng.gamma(MISSING_LASTS, 1 / MISSING_LASTS, count)
    passing = np.ones(count)
    dob = people.children["dob"].to_numpy()
    present = _present(people)
    ages, relative = np.array(MISSING_BY_AGE).T
    parts = []
    for number, month in enumerate(timeline.months):
        if number % 12 == 0:
            passing = rng.gamma(MISSING_PASSES, 1 / MISSING_PASSES, count)
        age = (month - dob) / 365.25
        by_age = relative[np.clip(np.searchsorted(ages, age, side="right") - 1, 0, len(ages) - 1)]
        raised = np.exp(MISSING_EFFECT * need.at(month + 15))
        rate = MISSING_PER_YEAR / 12 * by_age * lasting * passing * raised / raised.mean()
        events = np.minimum(rng.poisson(rate * present(month)), 6)
        child = np.repeat(np.arange(count), events)
        parts.append(pd.DataFrame({"child": child, "started": month * 86400.0 + rng.random(len(child)) * 30 * 86400}))
    return _episodes(pd.concat(parts, ignore_index=True), rng, timeline)


def with_care(missing: pd.DataFrame, statutory: pd.DataFrame, people: People, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """The episodes with those of children in care as often as published for them: 1 in 10 in a year, 6 times on average.

    A child in care is looked for at once, and care changes who runs away; the episodes drawn from need alone are left out there.
    """
    rng = seeds.rng("missing from care")
    care = statutory[statutory["status"] == "CLA"]
    dob = people.children["dob"].to_numpy()[care["child"].to_numpy()]
    parts = []
    for year in timeline.years:
        first, last = np.maximum(care["start"].to_numpy(), year.start), np.minimum(care["end"].to_numpy(), year.end)
        exposure = np.clip(last - first, 0, None) / 365.0
        older = (first + last) / 2 - dob >= 12 * 365.25
        runs = rng.random(len(care)) < np.where(older, CARE_MISSING[1], CARE_MISSING[0]) * np.sqrt(exposure)
        number = np.where(runs, rng.geometric(1 / CARE_EPISODES, len(care)), 0)
        which = np.repeat(np.arange(len(care)), number)
        day = first[which] + rng.random(len(which)) * (last - first)[which]
        parts.append(pd.DataFrame({"child": care["child"].to_numpy()[which], "started": day * 86400.0}))
    found = _episodes(pd.concat(parts, ignore_index=True), rng, timeline)
    return _sorted(pd.concat([missing[~_in_care(missing, care)], found], ignore_index=True))


def _in_care(missing: pd.DataFrame, care: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Episodes that began while the child was looked after."""
    pairs = missing[["child", "started"]].assign(row=np.arange(len(missing))).merge(care[["child", "start", "end"]], on="child")
    day = pairs["started"] // 86400
    inside = np.zeros(len(missing), dtype=bool)
    inside[pairs.loc[(day >= pairs["start"]) & (day < pairs["end"]), "row"]] = True
    return inside


def _episodes(starts: pd.DataFrame, rng: np.random.Generator, timeline: Timeline) -> pd.DataFrame:
    """Whole episodes from their starts: length, type and interview."""
    starts = starts.assign(started=(starts["started"] // 60 * 60).astype(np.int64))
    episodes = starts.sort_values(["child", "started"], kind="stable", ignore_index=True)
    episodes["ended"] = episodes["started"] + (rng.lognormal(2.3, 0.9, len(episodes)) * 3600 // 60 * 60).astype(np.int64)
    episodes["type"] = np.where(rng.random(len(episodes)) < 0.8, "M", "A")
    offered = np.where(rng.random(len(episodes)) < 0.85, "Y", "N").astype(object)
    cut = (timeline.extracted - 1) * 86400
    episodes["offered"] = np.where(episodes["ended"] >= cut + 86400, "", offered)
    episodes.loc[episodes["ended"] >= cut + 86400, "ended"] = -1
    return _sorted(episodes[episodes["started"] < cut])


def _sorted(episodes: pd.DataFrame) -> pd.DataFrame:
    """Episodes in order; one that begins before the last one ended is part of it."""
    episodes = episodes.sort_values(["child", "started"], kind="stable", ignore_index=True)
    before = episodes.groupby("child")["ended"].shift(1)
    return episodes[~((episodes["started"] <= before) | (before == -1))].reset_index(drop=True)


def make_notices(people: People, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """One row a notice and child: child, kind, happened, recorded (days)."""
    rng = seeds.rng("notices")
    children = people.children
    dob = children["dob"].to_numpy()
    family = children["family"].to_numpy()
    first = np.searchsorted(family, np.arange(len(people.families)))
    present = _present(people)
    parts = []
    for month in timeline.months:
        here = present(month)
        # Domestic abuse is a family's event: its need is that of the eldest listed child, and all children are named.
        level = need.at(month + 15)
        rate = NOTICE_PER_YEAR / 12 * np.exp(NOTICE_EFFECT * level[first] - NOTICE_EFFECT**2 / 2 * 1.2)
        hit = rng.random(len(first)) < rate
        day = month + rng.integers(0, 28, len(first))
        child = np.flatnonzero(hit[family] & here & (dob < month - 30))
        parts.append(pd.DataFrame({"child": child, "kind": "domestic_abuse_notice", "happened": day[family[child]]}))
        age = (month - dob) / 365.25
        chance = JUSTICE_PER_YEAR / 12 * np.exp(JUSTICE_EFFECT * level - JUSTICE_EFFECT**2 / 2 * 1.2)
        child = np.flatnonzero((rng.random(len(people)) < chance) & here & (age >= 10) & (age < 18))
        parts.append(pd.DataFrame({"child": child, "kind": "youth_justice", "happened": month + rng.integers(0, 28, len(child))}))
    notices = pd.concat(parts, ignore_index=True)
    notices["recorded"] = notices["happened"] + 1 + rng.geometric(0.35, len(notices))
    notices = notices[notices["recorded"] < timeline.extracted]
    notices = notices.drop_duplicates(["child", "kind", "happened"])
    return notices.sort_values(["happened", "child"], kind="stable", ignore_index=True)


def _present(people: People) -> Callable[[int], npt.NDArray[np.bool_]]:
    """A function of a month's first day: who lives in the area and is born and under 18."""
    family = people.children["family"].to_numpy()
    joins, leaves = people.families["joins"].to_numpy()[family], people.families["leaves"].to_numpy()[family]
    dob = people.children["dob"].to_numpy()

    def present(month: int) -> npt.NDArray[np.bool_]:
        here: npt.NDArray[np.bool_] = (joins <= month) & (leaves > month + 31) & (dob < month) & (month - dob < 18 * 365.25 - 31)
        return here

    return present
