"""What the police hold: missing episodes, domestic-abuse notices, youth-justice notices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.need import Need
from early_id.data.synth.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline

#: About 1.5 missing episodes per 100 children a year (UK Missing Persons Unit, 2023/24), 93 % of missing children aged 12-17.
MISSING_PER_YEAR, MISSING_EFFECT, MISSING_SHAPE = 0.015, 1.0, 0.16
#: Families with a notice in a year, and log-rate per standard deviation of need.
NOTICE_PER_YEAR, NOTICE_EFFECT = 0.075, 1.05
#: Children of 10 and over with a youth-justice notice in a year.
JUSTICE_PER_YEAR, JUSTICE_EFFECT = 0.008, 0.9


def make_missing(people: People, need: Need, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """One row an episode: child, started and ended (seconds since 1970; -1 while open), type, interview offered."""
    rng = seeds.rng("missing episodes")
    frailty = rng.gamma(MISSING_SHAPE, 1 / MISSING_SHAPE, len(people))
    dob = people.children["dob"].to_numpy()
    present = _present(people)
    parts = []
    for month in timeline.months:
        age = (month - dob) / 365.25
        shape = np.select([age < 7, age < 10, age < 12, age < 14, age < 18], [0.03, 0.06, 0.3, 1.9, 2.9], 0.0)
        rate = MISSING_PER_YEAR / 12 * shape * frailty * np.exp(MISSING_EFFECT * need.at(month + 15) - MISSING_EFFECT**2 / 2 * 1.2)
        events = np.minimum(rng.poisson(rate * present(month)), 5)
        child = np.repeat(np.arange(len(people)), events)
        start = (month + rng.random(len(child)) * 30) * 86400
        parts.append(pd.DataFrame({"child": child, "started": (start // 60 * 60).astype(np.int64)}))
    episodes = pd.concat(parts, ignore_index=True).sort_values(["child", "started"], kind="stable", ignore_index=True)
    episodes["ended"] = episodes["started"] + (rng.lognormal(2.3, 0.9, len(episodes)) * 3600 // 60 * 60).astype(np.int64)
    # An episode that begins before the last one ended is part of it.
    before = episodes.groupby("child")["ended"].shift(1)
    episodes = episodes[~(episodes["started"] <= before)].copy()
    cut = (timeline.extracted - 1) * 86400
    episodes = episodes[episodes["started"] < cut].reset_index(drop=True)
    episodes.loc[episodes["ended"] >= cut + 86400, "ended"] = -1
    episodes["type"] = np.where(rng.random(len(episodes)) < 0.8, "M", "A")
    offered = np.where(rng.random(len(episodes)) < 0.85, "Y", "N").astype(object)
    episodes["offered"] = np.where(episodes["ended"] < 0, "", offered)
    return episodes


def make_notices(people: People, need: Need, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
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
