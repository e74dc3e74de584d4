"""Shares, rates and ratios of a tallied council with their sampling errors.

A council has families, so its pupils are not independent. Every estimate carries what each family adds to it (its influence, by
linearisation of the ratio estimator; Cochran, Sampling Techniques, 1977, chapters 6 and 9). Trips and work experience are events of whole
schools: there the clusters are schools. What schools add to absence is held to nothing over a phase, so it is no sampling error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.check.tally import MARKED, YEARS_COUNTED, Tally
from early_id.data.synth.marks.attendance import absence_shares
from early_id.data.synth.population.schools import SCHOOL_SPREAD
from early_id.data.synth.rates import area_spread

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Where = Callable[[pd.DataFrame], Any]


@dataclass(frozen=True)
class Estimate:
    """A figure of the made-up council and what each cluster adds to it.

    Attributes
    ----------
    by_family : array
        Influence of each family (of each school in figures of school events).
    cases : int
        Families, or schools, that have what is counted.
    clusters : int
        Families, or schools, that could have it; 0 where that is not a question (ratios, means).
    """

    value: float
    by_family: Array
    cases: int
    clusters: int = 0

    @property
    def error(self) -> float:
        """Standard error."""
        return float(np.sqrt((self.by_family**2).sum()))

    def over(self, other: Estimate) -> Estimate:
        """This figure divided by another, of the same council."""
        value = self.value / other.value if other.value else float("nan")
        return Estimate(value, _plus(self.by_family, -value * other.by_family) / (other.value or 1.0), min(self.cases, other.cases))


def _plus(one: Array, other: Array) -> Array:
    """Sum of two arrays by cluster number, the shorter filled up with nothing."""
    whole = np.zeros(max(len(one), len(other)))
    whole[: len(one)] += one
    whole[: len(other)] += other
    return whole


def share(top: npt.ArrayLike, below: npt.ArrayLike, family: npt.ArrayLike, *, percent: float = 100.0) -> Estimate:
    """``percent`` times the sum of ``top`` over the sum of ``below``, one entry a row, clustered by ``family``."""
    up, down = np.asarray(top, dtype=float), np.asarray(below, dtype=float)
    home = np.asarray(family)
    whole = max(float(down.sum()), 1e-12)
    value = up.sum() / whole
    rest = np.bincount(home, weights=percent * (up - value * down) / whole)
    clusters = len(np.unique(home[down > 0])) if percent == 100.0 else 0
    return Estimate(float(percent * value), np.asarray(rest, dtype=np.float64), len(np.unique(home[up > 0])), clusters)


#: Codes of days that whole year groups or schools share.
SCHOOL_EVENTS = ("V", "W")


def counted(tally: Tally, where: Where | None = None) -> pd.DataFrame:
    """Enrolments of the ages that the daily attendance statistics cover, or some of them."""
    rows = tally.enrolments[tally.enrolments["counted"]]
    return rows if where is None else rows[where(rows)]


def overall(tally: Tally, where: Where | None = None, column: str = "absent") -> Estimate:
    """Sessions of a column (absent, unauthorised, a code) as percent of possible sessions."""
    rows = counted(tally, where)
    return share(rows[column], rows["possible"], rows["school" if column in SCHOOL_EVENTS else "family"])


def at_least(tally: Tally, threshold: float, where: Where | None = None) -> Estimate:
    """Percent of enrolments absent for at least ``threshold`` of their own possible sessions."""
    rows = counted(tally, where)
    return share(rows["absence"] >= threshold, np.ones(len(rows)), rows["family"])


def in_weeks(tally: Tally, weeks: Flags, where: Where | None = None, *, threshold: float | None = None) -> Estimate:
    """Absence in some weeks: percent of possible sessions, or of enrolments at or over a threshold in these weeks alone."""
    table = tally.enrolments
    chosen = table["counted"].to_numpy() & (np.ones(len(table), dtype=bool) if where is None else np.asarray(where(table)))
    possible, absent = (part[chosen][:, weeks].sum(axis=1) for part in (tally.week_possible, tally.week_absent))
    rows = table[chosen]
    if threshold is None:
        return share(absent, possible, rows["family"])
    here = possible > 0
    rows = rows[here]
    return share(absent[here] >= threshold * possible[here], np.ones(len(rows)), rows["family"])


def on_weekday(tally: Tally, number: int) -> Estimate:
    """Absence on one weekday over absence on all."""
    rows = tally.enrolments["counted"].to_numpy()
    table = tally.enrolments[rows]
    day, every = (
        share(absent, possible, table["family"])
        for absent, possible in (
            (tally.day_absent[rows][:, number], tally.day_possible[rows][:, number]),
            (tally.day_absent[rows].sum(axis=1), tally.day_possible[rows].sum(axis=1)),
        )
    )
    return day.over(every)


def suspended(tally: Tally, where: Where | None = None, *, once: bool = False) -> Estimate:
    """Suspensions per 100 pupils a year, or percent of pupils with at least one."""
    rows = tally.headcount if where is None else tally.headcount[where(tally.headcount)]
    return share(rows["events"] > 0 if once else rows["events"], np.ones(len(rows)), rows["family"])


def suspension_level(tally: Tally) -> Estimate:
    """Suspensions per 100 pupils a year, without sampling error: the generator leaves out events until the level is met."""
    found = suspended(tally)
    return replace(found, by_family=np.zeros(1))


def among_suspended(tally: Tally, where: Where) -> Estimate:
    """Percent of the suspended pupils and years."""
    rows = tally.headcount[tally.headcount["events"] > 0]
    return share(where(rows), np.ones(len(rows)), rows["family"])


def per_suspended(tally: Tally) -> Estimate:
    """Events per suspended pupil and year."""
    rows = tally.headcount[tally.headcount["events"] > 0]
    return share(rows["events"], np.ones(len(rows)), rows["family"], percent=1.0)


def of_suspensions(tally: Tally, where: Where) -> Estimate:
    """Percent of suspensions."""
    rows = tally.suspensions
    return share(where(rows), np.ones(len(rows)), rows["family"])


def of_pupils(tally: Tally, where: Where, among: Where | None = None) -> Estimate:
    """Percent of the pupils on roll in January of the marked year."""
    rows = tally.headcount[tally.headcount["year"] == MARKED]
    rows = rows if among is None else rows[among(rows)]
    return share(where(rows), np.ones(len(rows)), rows["family"])


def on_31_march(tally: Tally, statuses: tuple[str, ...]) -> Estimate:
    """Percent of the children living here with an open status on 31 March, mean of the last three full years."""
    top, below = np.zeros(len(tally.people)), np.zeros(len(tally.people))
    rows = tally.world.services["statutory"]
    rows = rows[rows["status"].isin(statuses)]
    for year in tally.world.timeline.years[1 : MARKED + 1]:
        day = year.start + 211
        here = tally.residents(day)
        is_open = np.zeros(len(here), dtype=bool)
        is_open[rows.loc[(rows["start"] <= day) & (rows["end"] > day), "child"]] = True
        top += is_open & here
        below += here
    return share(top, below, tally.people["family"])


def yearly(tally: Tally, rows: pd.DataFrame, day: str) -> Estimate:
    """Events a year per 100 children living here, mean of the last three full years."""
    top, below = np.zeros(len(tally.people)), np.zeros(len(tally.people))
    for year in tally.world.timeline.years[1 : MARKED + 1]:
        within = rows[(rows[day] >= year.start) & (rows[day] <= year.end)]
        top += np.bincount(within["child"], minlength=len(top))
        below += tally.residents(year.start + 180)
    return share(top, below, tally.people["family"])


def of_referrals(tally: Tally, what: str) -> Estimate:
    """Percent of referrals closed at once (``nfa``), or assessed and found not in need (``not_in_need``)."""
    statutory = tally.world.services["statutory"]
    referrals = statutory[(statutory["status"] == "REFERRAL") & (statutory["end"] < tally.world.timeline.extracted)]
    hit = (referrals["outcome"] == "nfa").to_numpy()
    if what == "not_in_need":
        found = statutory[statutory["status"] == "CIN"]
        began = set(zip(found["child"], found["start"] - 1, strict=True))
        in_need = np.array([pair in began for pair in zip(referrals["child"], referrals["end"], strict=True)], dtype=bool)
        hit = ~hit & ~in_need
    return share(hit, np.ones(len(referrals)), tally.people["family"].to_numpy()[referrals["child"]])


def went_missing(tally: Tally) -> pd.DataFrame:
    """One row a missing child and full school year: episodes, age at the first, in care on 31 March."""
    missing = tally.world.missing.assign(day=tally.world.missing["started"] // 86400)
    statutory = tally.world.services["statutory"]
    care = statutory[statutory["status"] == "CLA"]
    parts = []
    for year in tally.world.timeline.years[: MARKED + 1]:
        rows = missing[(missing["day"] >= year.start) & (missing["day"] <= year.end)].groupby("child")["day"].agg(["size", "min"])
        day = year.start + 211
        held = care.loc[(care["start"] <= day) & (care["end"] > day), "child"].unique()
        parts.append(rows.assign(year=year.first_year, care=rows.index.isin(held)).reset_index())
    table = pd.concat(parts, ignore_index=True)
    return table.assign(
        age=(table["min"] - tally.people["dob"].to_numpy()[table["child"]]) / 365.25, family=tally.people["family"].to_numpy()[table["child"]]
    )


def missing_share(tally: Tally) -> Estimate:
    """Percent of children of 0 to 17 who go missing in a year: the two age groups weighted by their years of age."""
    table = went_missing(tally)
    dob, family = tally.people["dob"].to_numpy(), tally.people["family"].to_numpy()
    parts = []
    for low, high in ((0, 12), (12, 18)):
        top, below = np.zeros(len(dob)), np.zeros(len(dob))
        for year in tally.world.timeline.years[: MARKED + 1]:
            age = (year.start + 180 - dob) / 365.25
            here = tally.residents(year.start + 180) & (age >= low) & (age < high)
            ids = table.loc[table["year"] == year.first_year, "child"].to_numpy()
            top[ids[here[ids]]] += 1
            below += here
        parts.append((share(top, below, family), (high - low) / 18))
    (young, a), (old, b) = parts
    return Estimate(a * young.value + b * old.value, _plus(a * young.by_family, b * old.by_family), young.cases + old.cases)


def missing_in_care(tally: Tally) -> Estimate:
    """Percent of children in care on 31 March who go missing in that school year."""
    table = went_missing(tally)
    statutory = tally.world.services["statutory"]
    care = statutory[statutory["status"] == "CLA"]
    top, below = np.zeros(len(tally.people)), np.zeros(len(tally.people))
    for year in tally.world.timeline.years[: MARKED + 1]:
        day = year.start + 211
        below[care.loc[(care["start"] <= day) & (care["end"] > day), "child"].unique()] += 1
    np.add.at(top, table.loc[table["care"], "child"].to_numpy(), 1)
    return share(top, below, tally.people["family"])


def of_missing(tally: Tally, top: Where, among: Where | None = None, *, percent: float = 100.0) -> Estimate:
    """Share, or mean (``percent=1``), of missing children and years."""
    rows = went_missing(tally)
    rows = rows if among is None else rows[among(rows)]
    return share(top(rows), np.ones(len(rows)), rows["family"], percent=percent)


def with_factor(tally: Tally, code: str) -> Estimate:
    """Percent of assessments that name a factor."""
    assessed = tally.world.services["assessed"]
    assessed = assessed[assessed["on"] < tally.world.timeline.extracted - 6].drop_duplicates(["child", "on"])
    found = tally.world.factors
    key = pd.MultiIndex.from_frame(found.loc[found["factor"] == code, ["child", "on"]])
    hit = pd.MultiIndex.from_frame(assessed[["child", "on"]]).isin(key)
    return share(hit, np.ones(len(assessed)), tally.people["family"].to_numpy()[assessed["child"]])


def in_area(tally: Tally, deviations: float, sen: str) -> Estimate:
    """Planned persistent absence of pupils of one SEN group if the council were an area so many standard deviations from the mean."""
    rows = tally.world.absence.rows
    rows = rows[(rows["year"] == MARKED) & rows["nc"].between(*YEARS_COUNTED)]
    spread = np.sqrt(1 + area_spread() ** 2 + SCHOOL_SPREAD**2)
    moved = rows.assign(place=rows["place"] + deviations * area_spread() / spread)
    here = tally.people["sen"].to_numpy()[rows["child"]] == sen
    planned = absence_shares(moved, tally.world.people, tally.world.timeline)[here]
    return share(planned >= 0.1, np.ones(len(planned)), tally.people["family"].to_numpy()[rows["child"]][here])
