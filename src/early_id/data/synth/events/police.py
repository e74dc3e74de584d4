"""What the police hold: missing episodes, domestic-abuse notices, youth-justice notices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.scenarios.biases import drift_at
from early_id.data.synth.seeds import RowDraws, Seeds
from early_id.data.synth.timeline import Timeline

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: The notices of domestic abuse.
NOTICE = "domestic_abuse_notice"
#: Missing episodes a year for a child of 12 to 17 who is not in care, and the log-rate per standard deviation of need. With the children in
#: care, 1 in 200 children goes missing in a year, 2.9 times on average, and 93 % of them are 12 to 17 (UK Missing Persons Unit).
MISSING_PER_YEAR, MISSING_EFFECT = 0.036, 1.0
#: Rate by age in years, relative to 12 to 17: from this age on.
MISSING_BY_AGE = ((0, 0.014), (7, 0.022), (10, 0.045), (12, 0.5), (13, 0.9), (14, 1.15))
#: Shapes of the gammas that gather episodes on few children: what stays with a child, and what a school year brings.
MISSING_LASTS, MISSING_PASSES = 0.4, 0.02
#: Most episodes of one child in a month.
MOST_MISSING = 6
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
    count, draws = len(people), seeds.rows("missing episodes")
    lasting = seeds.rng("missing episodes").gamma(MISSING_LASTS, 1 / MISSING_LASTS, count)
    dob, present = people.children["dob"].to_numpy(), _present(people)
    ages, relative = np.array(MISSING_BY_AGE).T
    likely, own = np.zeros(0, dtype=np.int64), lasting
    children, starts = [], []
    for number, month in enumerate(timeline.months):
        if number % 12 == 0:
            own = lasting * seeds.rng("missing in a year", number).gamma(MISSING_PASSES, 1 / MISSING_PASSES, count)
            likely = np.flatnonzero(own > 1e-6)  # for most the year brings nothing
        age = (month - dob[likely]) / 365.25
        by_age = relative[np.clip(np.searchsorted(ages, age, side="right") - 1, 0, len(ages) - 1)]
        raised = np.exp(MISSING_EFFECT * need.at(month + 15))
        rate = MISSING_PER_YEAR / 12 * by_age * own[likely] * raised[likely] / raised.mean() * present(month)[likely]
        row, place = draws.arrivals(rate, MOST_MISSING, "episode", np.full(len(likely), month), likely)
        children.append(likely[row])
        starts.append(month * 86400.0 + draws.uniform("start", month, likely[row], place) * 30 * 86400)
    return _episodes(np.concatenate(children), np.concatenate(starts), draws, timeline)


def with_care(missing: pd.DataFrame, statutory: pd.DataFrame, people: People, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """The episodes with those of children in care as often as published for them: 1 in 10 in a year, 6 times on average.

    A child in care is looked for at once, and care changes who runs away; the episodes drawn from need alone are left out there.
    """
    draws = seeds.rows("missing from care")
    care = statutory[statutory["status"] == "CLA"]
    child, start = care["child"].to_numpy(), care["start"].to_numpy()
    dob = people.children["dob"].to_numpy()[child]
    children, starts = [], []
    for year in timeline.years:
        first, last = np.maximum(start, year.start), np.minimum(care["end"].to_numpy(), year.end)
        exposure = np.clip(last - first, 0, None) / 365.0
        older = (first + last) / 2 - dob >= 12 * 365.25
        runs = draws.uniform("runs", child, start, year.start) < np.where(older, CARE_MISSING[1], CARE_MISSING[0]) * np.sqrt(exposure)
        number = np.where(runs, draws.geometric(1 / CARE_EPISODES, "episodes", child, start, year.start), 0)
        which = np.repeat(np.arange(len(care)), number)
        place = np.arange(len(which)) - np.repeat(np.cumsum(number) - number, number)
        day = first[which] + draws.uniform("start", child[which], start[which], year.start, place) * (last - first)[which]
        children.append(child[which])
        starts.append(day * 86400.0)
    found = _episodes(np.concatenate(children), np.concatenate(starts), draws, timeline)
    return _sorted(pd.concat([missing[~_in_care(missing, care)], found], ignore_index=True))


def _in_care(missing: pd.DataFrame, care: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Episodes that began while the child was looked after."""
    pairs = missing[["child", "started"]].assign(row=np.arange(len(missing))).merge(care[["child", "start", "end"]], on="child")
    day = pairs["started"] // 86400
    inside = np.zeros(len(missing), dtype=bool)
    inside[pairs.loc[(day >= pairs["start"]) & (day < pairs["end"]), "row"]] = True
    return inside


def _episodes(child: Ints, starts: Floats, draws: RowDraws, timeline: Timeline) -> pd.DataFrame:
    """Whole episodes from their starts: length, type and interview."""
    started = (starts // 60 * 60).astype(np.int64)
    lasts = np.exp(2.3 + 0.9 * ndtri(draws.uniform("lasts", child, started)))
    episodes = pd.DataFrame(
        {
            "child": child,
            "started": started,
            "ended": started + (lasts * 3600 // 60 * 60).astype(np.int64),
            "type": np.where(draws.uniform("type", child, started) < 0.8, "M", "A"),
            "offered": np.where(draws.uniform("offered", child, started) < 0.85, "Y", "N").astype(object),
        }
    )
    cut = timeline.extracted * 86400
    open_ = episodes["ended"] >= cut
    episodes["offered"], episodes["ended"] = episodes["offered"].mask(open_, ""), episodes["ended"].mask(open_, -1)
    return _sorted(episodes[episodes["started"] < cut - 86400])


def _sorted(episodes: pd.DataFrame) -> pd.DataFrame:
    """Episodes in order; one that begins before the last one ended is part of it."""
    episodes = episodes.sort_values(["child", "started"], kind="stable", ignore_index=True)
    before = episodes.groupby("child")["ended"].shift(1)
    return episodes[~((episodes["started"] <= before) | (before == -1))].reset_index(drop=True)


def make_notices(people: People, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """One row a notice and child: child, kind, happened, recorded (days); as they happened, whatever is recorded of them."""
    parts = [abuse_notices(people, need, seeds, timeline, plan)]  # child, day, and who or what is recorded at once
    dob, draws, present = people.children["dob"].to_numpy(), seeds.rows("youth justice"), _present(people)
    for index, month in enumerate(timeline.months):
        age = (month - dob) / 365.25
        chance = by_need(JUSTICE_PER_YEAR / 12, JUSTICE_EFFECT, need.at(month + 15))
        hit = seeds.rng("youth justice", index).random(len(people), dtype=np.float32) < chance
        child = np.flatnonzero(hit & present(month) & (age >= 10))
        parts.append((child, month + draws.integers(0, 28, "day", child, month), child))
    child, happened, of = (np.concatenate(part) for part in zip(*parts, strict=True))
    kind = np.where(np.arange(len(child)) < len(parts[0][0]), NOTICE, "youth_justice").astype(object)
    return _recorded(child, kind, happened, of, seeds.rows("notices recorded"), timeline)


def abuse_notices(
    people: People, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan, purpose: str = "notices", times: float = 1.0
) -> tuple[Ints, Ints, Ints]:
    """Domestic abuse: child, day and family of each notice. At most one a family and month, naming all children of the family who live here.

    Parameters
    ----------
    purpose : str
        Name of the streams drawn from.
    times : float
        What the rate is multiplied by besides ``drift``, which multiplies it from its day on.
    """
    family, dob, present = people.children["family"].to_numpy(), people.children["dob"].to_numpy(), _present(people)
    first = np.searchsorted(family, np.arange(len(people.families)))
    children, days = [], []
    for index, month in enumerate(timeline.months):
        rng = seeds.rng(purpose, index)
        # Domestic abuse is a family's event: its need is that of the eldest listed child.
        rate = by_need(NOTICE_PER_YEAR / 12, NOTICE_EFFECT, need.at(month + 15)[first]) * times * drift_at(plan, timeline, month)
        hit = rng.random(len(first), dtype=np.float32) < rate
        day = month + rng.integers(0, 28, len(first))
        child = np.flatnonzero(hit[family] & present(month) & (dob < month - 30))
        children.append(child)
        days.append(day[family[child]])
    child = np.concatenate(children)
    return child, np.concatenate(days), family[child]


def by_need(rate: float, effect: float, level: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A rate that need raises by ``effect`` a standard deviation; its mean is ``rate`` where need is normal with variance 1.2."""
    return np.asarray(np.float32(rate) * np.exp(np.float32(effect) * level - np.float32(effect**2 / 2 * 1.2)), dtype=np.float32)


def with_extra(notices: pd.DataFrame, child: Ints, happened: Ints, family: Ints, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """The notices with further ones of domestic abuse, recorded as late as any."""
    kind = np.full(len(child), NOTICE, dtype=object)
    more = _recorded(child, kind, happened, family, seeds.rows("notices recorded"), timeline)
    return _in_order(pd.concat([notices, more], ignore_index=True))


def _recorded(child: Ints, kind: npt.NDArray[np.object_], happened: Ints, of: Ints, draws: RowDraws, timeline: Timeline) -> pd.DataFrame:
    """Notices with the day on which they were recorded, those recorded before the extracts."""
    recorded = happened + 1 + draws.geometric(0.35, "after", of, happened)
    notices = pd.DataFrame({"child": child, "kind": kind, "happened": happened, "recorded": recorded})
    return _in_order(notices[notices["recorded"] < timeline.extracted])


def _in_order(notices: pd.DataFrame) -> pd.DataFrame:
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
