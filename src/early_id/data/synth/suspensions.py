"""Suspensions and permanent exclusions: who, when, how long and why."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.need import Need
from early_id.data.synth.people import People
from early_id.data.synth.rates import suspension_days, suspension_ratio
from early_id.data.synth.schools import Rolls
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline, as_date, day_number

#: Suspensions per 100 pupils a year, 2023/24 (DfE, Suspensions and permanent exclusions), and permanent exclusions.
LEVEL, PERMANENT_LEVEL = 11.31, 0.13
#: Events drawn for each one kept: overlaps and the yearly limit drop the rest.
DRAWN_PER_KEPT = 1.16
#: Log-rate for one standard deviation of need; shape of the gamma that makes events gather on few pupils.
EFFECT, FRAILTY_SHAPE = 0.8, 0.22
#: Sessions lost in a year may not pass 45 days (DfE, Suspension and permanent exclusion guidance).
YEARLY_LIMIT = 90
#: Shares of reasons: volumes of 2015/16 without the withdrawn 'other', persistent disruption raised to half (autumn 2023/24).
REASONS = (
    ("DB", 0.50), ("PP", 0.145), ("VA", 0.14), ("PA", 0.057), ("VP", 0.04), ("DA", 0.026), ("DM", 0.02), ("OW", 0.02),
    ("BU", 0.01), ("RA", 0.012), ("TH", 0.01), ("MT", 0.008), ("SM", 0.006), ("LG", 0.003), ("DS", 0.003),
)  # fmt: skip
_ETHNIC = {
    "WBRI": "White_British", "WIRI": "Irish", "WIRT": "Traveller_of_Irish_heritage", "WOTH": "Any_other_white_background",
    "WROM": "Gypsy_Roma", "MWBC": "White_and_Black_Caribbean", "MWBA": "White_and_Black_African", "MWAS": "White_and_Asian",
    "MOTH": "Any_other_Mixed_background", "AIND": "Indian", "APKN": "Pakistani", "ABAN": "Bangladeshi",
    "AOTH": "Any_other_Asian_background", "BCRB": "Black_Caribbean", "BAFR": "Black_African",
    "BOTH": "Any_other_black_background", "CHNE": "Chinese", "OOTH": "Any_Other_Ethnic_Group",
}  # fmt: skip


def make_suspensions(people: People, rolls: Rolls, need: Need, seeds: Seeds, timeline: Timeline) -> pd.DataFrame:
    """One row an event: child, school, start (day), sessions, category, reasons; and ``busy`` days for marks."""
    rng = seeds.rng("suspensions")
    group = _group_ratio(people)
    # What stays with a pupil makes events gather: most suspended pupils have one event in a year, some many.
    frailty = rng.gamma(FRAILTY_SHAPE, 1 / FRAILTY_SHAPE, len(people))
    spells = rolls.spells
    school_days = {index: _days(timeline, index) for index in range(len(timeline.years))}
    parts = []
    for index, year in enumerate(timeline.years):
        rows = spells[spells["year"] == index]
        if rows.empty:
            continue
        child = rows["child"].to_numpy()
        year_ratio = _year_ratio(rows["nc"].to_numpy(), people.children["male"].to_numpy()[child])
        days = school_days[index]
        left = np.searchsorted(days, rows["start"].to_numpy())
        right = np.searchsorted(days, np.minimum(rows["end"].to_numpy(), timeline.extracted - 3), side="right")
        share = np.maximum(right - left, 0) / 190.0
        raised = np.exp(EFFECT * need.resid_at(year.start + 140)[child] - EFFECT**2 / 2)
        rate = group[child] * year_ratio * frailty[child] * raised
        norm = rate.mean() if len(rate) else 1.0
        expected = DRAWN_PER_KEPT * LEVEL / 100 * rate / norm * share
        events = np.minimum(rng.poisson(expected), 14)
        which = np.repeat(np.arange(len(rows)), events)
        if not len(which):
            continue
        place = (left[which] + rng.random(len(which)) * (right - left)[which]).astype(np.int64)
        parts.append(
            pd.DataFrame(
                {
                    "child": child[which],
                    "school": rows["school"].to_numpy()[which],
                    "year": index,
                    "nc": rows["nc"].to_numpy()[which],
                    "start": days[np.minimum(place, len(days) - 1)],
                }
            )
        )
    events = pd.concat(parts, ignore_index=True).sort_values(["child", "start"], kind="stable", ignore_index=True)
    values, cumulative = suspension_days()
    days_lost = values[np.minimum(np.searchsorted(cumulative, rng.random(len(events))), len(values) - 1)]
    half = (days_lost == 1) & (rng.random(len(events)) < 0.12)
    events["sessions"] = np.where(half, 1, 2 * days_lost)
    events = _without_overlap(events)
    total = events.groupby(["child", "year"])["sessions"].cumsum()
    events = events[total <= YEARLY_LIMIT]
    events["category"] = "SUSP"
    events = pd.concat([events, _permanent(rolls, seeds, timeline)], ignore_index=True)
    events = events.sort_values(["child", "start"], kind="stable", ignore_index=True)
    return _reasons(events, rng)


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


def _group_ratio(people: People) -> npt.NDArray[np.float64]:
    """Product of the 2015/16 ratios by ethnic group, free meals and SEN, softened because the groups overlap."""
    rows = people.children["family"].to_numpy()
    ethnic = suspension_ratio("Ethnicity", {code: f"Ethnicity_Minor_{name}" for code, name in _ETHNIC.items()})
    fsm = suspension_ratio("FSM_Eligible", {"Y": "FSM_Eligible", "N": "FSM_NotEligible"})
    sen = suspension_ratio(
        "SEN_provision",
        {"N": "SEN_Provision_No_SEN", "K": "SEN_provision_SEN_without_statement", "E": "SEN_provision_SEN_with_statement_EHC"},
    )
    by_ethnic = people.families["ethnicity"].map(ethnic).fillna(1.0).to_numpy(dtype=float)[rows]
    by_fsm = np.where(people.families["fsm"].to_numpy()[rows], fsm["Y"], fsm["N"])
    by_sen = people.children["sen"].map(sen).to_numpy(dtype=float)
    return np.asarray(by_ethnic**0.8 * by_fsm**0.85 * by_sen**0.85, dtype=np.float64)


def _year_ratio(nc: npt.NDArray[np.int64], male: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    names = {0: "Reception", 12: "12_and_above", **{n: str(n) for n in range(1, 12)}}
    table = np.zeros((13, 2))
    for number, name in names.items():
        ratio = suspension_ratio("NC_year_gender", {"f": f"NC_Year_{name}|Female", "m": f"NC_Year_{name}|Male"})
        table[number] = ratio["f"], ratio["m"]
    return np.asarray(table[np.clip(nc, 0, 12), male.astype(int)], dtype=np.float64)
