"""Published figures that nothing in the generator is fitted to and that it does not reach: shown beside what is made up, and not judged.

Whoever learns on a made-up council should know where it is not like England.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from early_id.data.synth.check import measures as m
from early_id.data.synth.check.table import Figure, Measure, is_
from early_id.data.synth.check.tally import MARKED, Tally
from early_id.data.synth.rates import published

#: A referral, or a plan, counts as another one within so many days.
YEAR = 365


def unmet_figures() -> list[Figure]:
    """The figures with their sources; their room says nothing."""
    events = published("suspension_count", "all pupils", "2023/24")
    figures: list[tuple[str, float, str, str, Measure]] = [
        ("referrals within a year of another, %", published("re_referral_rate", "referrals", "2025"), "2025", "CIN", re_referrals),
        (
            "protection plans that are not the child's first, %",
            published("repeat_cp_plan_rate", "cp plan starts", "2025"),
            "2025",
            "CIN",
            repeat_plans,
        ),
        *(
            (
                f"suspensions of pupils with {name}, %",
                100 * published("suspension_count", name, "2023/24") / events,
                "2023/24",
                "EXC",
                partial(m.of_suspensions, where=partial(is_, column="sen", value=code)),
            )
            for name, code in (("EHC plan", "E"), ("SEN support", "K"))
        ),
        *(
            (
                f"persistent absence, {words}, %",
                published("persistent_absence_rate", name, "2024/25"),
                "2024/25",
                "OUTCOMES",
                partial(absent_with, statuses=statuses, without=without),
            )
            for words, name, statuses, without in (
                ("in need on 31 March (no plan, no care)", "child in need, not CP or CLA", ("CIN", "REFERRAL"), ("CPP", "CLA")),
                ("protection plan on 31 March", "child protection plan", ("CPP",), ()),
            )
        ),
    ]
    return [Figure("not met", name, value, "service", year, source, measure) for name, value, year, source, measure in figures]


def re_referrals(tally: Tally) -> m.Estimate:
    """Percent of the referrals of the last three full school years that came within a year of the child's one before."""
    return _again(tally, "REFERRAL", YEAR)


def repeat_plans(tally: Tally) -> m.Estimate:
    """Percent of protection plans that followed an earlier one of the child, at any time on record."""
    return _again(tally, "CPP", 10**6)


def _again(tally: Tally, status: str, within: int) -> m.Estimate:
    rows = tally.world.services["statutory"]
    rows = rows[rows["status"] == status].sort_values(["child", "start"], kind="stable")
    gap = rows.groupby("child")["start"].diff()
    years = tally.world.timeline.years[1 : MARKED + 1]
    kept = rows["start"].between(years[0].start, years[-1].end)
    again = (gap <= within)[kept]
    return m.share(again, np.ones(len(again)), tally.people["family"].to_numpy()[rows.loc[kept, "child"]])


def absent_with(tally: Tally, statuses: tuple[str, ...], without: tuple[str, ...]) -> m.Estimate:
    """Persistent absence of the marked year among pupils with an open status on 31 March, and none of some others."""
    rows = tally.world.services["statutory"]
    day = tally.world.timeline.years[MARKED].start + 211
    held = rows[(rows["start"] <= day) & (rows["end"] > day)]
    inside, outside = (set(held.loc[held["status"].isin(names), "child"]) for names in (statuses, without))

    def where(table: pd.DataFrame) -> pd.Series:
        return table["child"].isin(inside - outside)

    return m.at_least(tally, 0.1, where)
