"""Factors of assessments, and housing and money indicators."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.events.police import by_need
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import Need
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import RowDraws, Seeds
from early_id.data.synth.timeline import NEVER, Timeline

Ints = npt.NDArray[np.int64]

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
#: Mean need of children on the day of an assessment.
ASSESSED_NEED = 1.8
#: Who wrote an assessment's factors down, where early help had been open within so many days before it: an early-help practitioner in so many of a
#: hundred, as in the few of the others. Of the rest it is a social worker; of some it is not said. All assumed.
HELP_BEFORE, WITH_HELP, ALONE, NOT_SAID = 60, 0.5, 0.06, 0.08
#: Factors of the child's own doing or caring: rare under nine years, more usual after.
OF_THE_CHILD = ("1A", "2A", "7A", "10A", "11A", "13A", "14A", "15A", "18B", "19B", "24A")


def make_factors(assessed: pd.DataFrame, people: People, need: Need, seeds: Seeds, timeline: Timeline, plan: CouncilPlan) -> pd.DataFrame:
    """One row a factor: child, factor, on, ended. Only assessed children have any (DfE, children in need census 2025)."""
    draws, table = seeds.rows("factors"), read_factor_shares()
    rows = assessed[assessed["on"] < timeline.extracted - 6].drop_duplicates(["child", "on"]).reset_index(drop=True)
    child, day = rows["child"].to_numpy(), rows["on"].to_numpy()
    hit = factor_hits(child, day, need.of(child, day), (day - people.children["dob"].to_numpy()[child]) / 365.25, draws)
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
    of = out["child"].to_numpy(), out["on"].to_numpy(), np.concatenate([column, np.full(len(none), len(table))])
    closed = draws.uniform("closed", *of) < 0.3
    out["ended"] = np.where(closed, out["on"] + draws.integers(120, 500, "ended", *of), NEVER)
    return out.sort_values(["on", "child", "factor"], kind="stable", ignore_index=True)


def who_recorded(factors: pd.DataFrame, early_help: pd.DataFrame, seeds: Seeds) -> npt.NDArray[np.object_]:
    """Who wrote each row of :func:`make_factors` down: all of one assessment the same person; empty where it is not said."""
    draws = seeds.rows("recorders")
    helped = early_help.loc[early_help["start"] < NEVER, ["child", "start", "end"]]
    pairs = factors[["child", "on"]].reset_index().merge(helped, on="child")
    open_ = pairs.loc[(pairs["start"] < pairs["on"]) & (pairs["on"] <= pairs["end"] + HELP_BEFORE), "index"]
    of = factors["child"].to_numpy(), factors["on"].to_numpy()
    share = np.where(factors.index.isin(open_), WITH_HELP, ALONE)
    by = np.where(draws.uniform("by", *of) < share, "early_help", "social_worker")
    return np.where(draws.uniform("said", *of) < NOT_SAID, "", by).astype(object)


def factor_hits(child: Ints, day: Ints, level: npt.NDArray[np.float32], age: npt.NDArray[np.float64], draws: RowDraws) -> npt.NDArray[np.bool_]:
    """Which factors (columns, in the order of :func:`read_factor_shares`) are recorded of each assessed child.

    ``level`` is the child's need on the day of the assessment, ``age`` its age in years.
    """
    table = read_factor_shares()
    odds = np.log(table["share"].to_numpy() / (1 - table["share"].to_numpy()))
    chance = 1 / (1 + np.exp(-(odds[None, :] + FACTOR_EFFECT * (level - ASSESSED_NEED)[:, None])))
    young = np.isin(table["code"].to_numpy(), OF_THE_CHILD)
    chance = np.where(young[None, :], chance * np.where(age < 9, 0.12, 1.75)[:, None], chance)
    return np.asarray(draws.uniform("hit", child[:, None], day[:, None], np.arange(len(table))[None, :]) < np.minimum(chance, 0.9))


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
    family = people.children["family"].to_numpy()
    dob = people.children["dob"].to_numpy()
    joins, leaves = people.families["joins"].to_numpy(), people.families["leaves"].to_numpy()
    first = np.searchsorted(family, np.arange(len(people.families) + 1))
    parts = []
    for name, (of, on, ended) in family_indicators(tuple(INDICATORS), first[:-1], need, seeds, timeline.months).items():
        row, child = every_child(of, first)
        month = timeline.months[np.searchsorted(timeline.months, on[row], side="right") - 1]
        lives = (joins[of[row]] <= month) & (leaves[of[row]] > month + 31) & (dob[child] < month) & (month - dob[child] < 18 * 365.25) & known[child]
        row, child = row[lives], child[lives]
        parts.append(pd.DataFrame({"child": child, "factor": name, "on": on[row], "ended": ended[row]}))
    out = pd.concat(parts, ignore_index=True)
    out = out[out["on"] < timeline.extracted - 11]
    return out.sort_values(["on", "child", "factor"], kind="stable", ignore_index=True)


def family_indicators(names: tuple[str, ...], eldest: Ints, need: Need, seeds: Seeds, months: Ints) -> dict[str, tuple[Ints, Ints, Ints]]:
    """Housing and money indicators: family, first and last day of each, in order of months; while one runs no other of its kind begins.

    ``eldest`` is the row number of each family's first child, whose need the family's indicators follow.
    """
    until = {name: np.full(len(eldest), -NEVER) for name in names}
    found: dict[str, list[tuple[Ints, Ints, Ints]]] = {name: [] for name in names}
    draws = {name: seeds.rows(name) for name in names}
    for index, month in enumerate(months):
        level = need.at(month + 15)[eldest]
        for name in names:
            yearly, length, effect = INDICATORS[name]
            hit = seeds.rng(name, index).random(len(eldest), dtype=np.float32) < by_need(yearly / 12, effect, level)
            family = np.flatnonzero(hit & (until[name] < month))
            on = month + draws[name].integers(0, 28, "on", family, month)
            ended = on + np.maximum(14, draws[name].gamma(2.0, length, "lasts", family, month)).astype(np.int64)
            until[name][family] = ended
            found[name].append((family, on, ended))
    return {name: tuple(np.concatenate(part) for part in zip(*parts, strict=True)) for name, parts in found.items()}  # type: ignore[misc]


def every_child(family: Ints, first: Ints) -> tuple[Ints, Ints]:
    """All children of some families: for each, which of the entries it belongs to, and its row number; ``first`` ends with their number."""
    size = first[family + 1] - first[family]
    entry = np.repeat(np.arange(len(family)), size)
    return entry, first[family][entry] + np.arange(len(entry)) - np.repeat(np.cumsum(size) - size, size)
