"""Factors of assessments, and housing and money indicators."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import NEVER, Timeline

#: Families with the indicator in a year, mean length in days, and log-rate per standard deviation of need.
INDICATORS = {
    "rent_arrears": (0.055, 300, 1.0),
    "council_tax_arrears": (0.09, 330, 0.95),
    "temporary_accommodation": (0.012, 240, 1.0),
    "benefit_cap": (0.015, 400, 0.75),
    "debt_advice": (0.02, 120, 0.7),
}
#: Log-odds of each factor for one standard deviation of need above an assessed child's mean.
FACTOR_EFFECT = 0.25
#: Factors of the child's own doing or caring: rare under nine years, more usual after.
OF_THE_CHILD = ("1A", "2A", "7A", "10A", "11A", "13A", "14A", "15A", "18B", "19B", "24A")


def make_factors(assessed: pd.DataFrame, people: People, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """One row a factor: child, factor, on, ended. Only assessed children have any (DfE, children in need census 2025)."""
    rng = seeds.rng("factors")
    table = read_factor_shares()
    rows = assessed[assessed["on"] < timeline.extracted - 6].drop_duplicates(["child", "on"]).reset_index(drop=True)
    child, day = rows["child"].to_numpy(), rows["on"].to_numpy()
    hit = factor_hits(need.of(child, day), (day - people.children["dob"].to_numpy()[child]) / 365.25, rng)
    row, column = np.nonzero(hit)
    none = np.flatnonzero(~hit.any(axis=1))
    found = pd.DataFrame(
        {
            "row": np.concatenate([row, none]),
            "factor": np.concatenate([table["code"].to_numpy()[column], np.full(len(none), "21")]),
        }
    )
    out = pd.DataFrame(
        {
            "child": rows["child"].to_numpy()[found["row"]],
            "factor": found["factor"].to_numpy(),
            "on": rows["on"].to_numpy()[found["row"]],
        }
    )
    closed = rng.random(len(out)) < 0.3
    out["ended"] = np.where(closed, out["on"] + rng.integers(120, 500, len(out)), NEVER)
    return out.sort_values(["on", "child", "factor"], kind="stable", ignore_index=True)


def factor_hits(level: npt.NDArray[np.float32], age: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which factors (columns, in the order of :func:`read_factor_shares`) are recorded of each assessed child.

    ``level`` is the child's need on the day of the assessment, ``age`` its age in years.
    """
    table = read_factor_shares()
    odds = np.log(table["share"].to_numpy() / (1 - table["share"].to_numpy()))
    middle = level.mean() if len(level) else 0.0
    chance = 1 / (1 + np.exp(-(odds[None, :] + FACTOR_EFFECT * (level - middle)[:, None])))
    young = np.isin(table["code"].to_numpy(), OF_THE_CHILD)
    chance = np.where(young[None, :], chance * np.where(age < 9, 0.12, 1.75)[:, None], chance)
    return np.asarray(rng.random(chance.shape) < np.minimum(chance, 0.9))


@cache
def read_factor_shares() -> pd.DataFrame:
    """Factor codes in force with their share of assessed episodes; five fostering codes share one published figure."""
    with resources.files("early_id.schema.codes").joinpath("assessment_factors.csv").open("r", encoding="utf-8") as handle:
        table = pd.read_csv(handle, dtype={"code": str})
    table = table[table["status"] == "current"]
    share = pd.to_numeric(table["percent_of_assessed_episodes_2025"], errors="coerce")
    fostered = table["code"].str.startswith("8")
    share = share.mask(fostered, 0.38 / 5)
    keep = share.notna() & (table["code"] != "21")
    return pd.DataFrame({"code": table["code"][keep].to_numpy(dtype=object), "share": share[keep].to_numpy(dtype=float) / 100})


def make_indicators(people: People, need: Need, known: npt.NDArray[np.bool_], seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """One row an indicator and child of the household: child, factor, on, ended."""
    rng = seeds.rng("housing indicators")
    family = people.children["family"].to_numpy()
    dob = people.children["dob"].to_numpy()
    joins, leaves = people.families["joins"].to_numpy()[family], people.families["leaves"].to_numpy()[family]
    first = np.searchsorted(family, np.arange(len(people.families)))
    parts = []
    for name, (yearly, length, effect) in INDICATORS.items():
        until = np.full(len(first), -NEVER)
        for month in timeline.months:
            rate = yearly / 12 * np.exp(effect * need.at(month + 15)[first] - effect**2 / 2 * 1.2)
            hit = (rng.random(len(first)) < rate) & (until < month)
            on = month + rng.integers(0, 28, len(first))
            ended = on + np.maximum(14, rng.gamma(2.0, length / 2.0, len(first))).astype(np.int64)
            until = np.where(hit, ended, until)
            lives = (joins <= month) & (leaves > month + 31) & (dob < month) & (month - dob < 18 * 365.25) & known
            child = np.flatnonzero(hit[family] & lives)
            rows = family[child]
            parts.append(pd.DataFrame({"child": child, "factor": name, "on": on[rows], "ended": ended[rows]}))
    out = pd.concat(parts, ignore_index=True)
    out = out[out["on"] < timeline.extracted - 11]
    return out.sort_values(["on", "child", "factor"], kind="stable", ignore_index=True)
