"""Scenarios that act while the council is drawn: who belongs to a group, from which day a rate moves, whose truth is chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.need import STRENGTH_SHARE
from early_id.data.synth.population.people import People
from early_id.data.synth.scenarios.declare import part
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import Timeline, as_date, day_number
from early_id.schema.codes import code_list

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

#: What is shuffled between families, and between children, where signs are to say nothing of recorded characteristics.
FAMILY_TRAITS, CHILD_TRAITS = ("ethnicity", "fsm", "idaci"), ("male", "sen", "sen_need", "disability")


@cache
def ethnic_groups() -> dict[str, str]:
    """Code of the school census to ethnic group; codes for refused and not yet obtained have none."""
    return {code.code: str(code.category) for code in code_list("ethnicity").codes if code.category not in ("Unclassified", "Unknown")}


def members(people: People, target: str) -> Flags:
    """Which children belong to a group of ``scenarios.GROUPS``."""
    family = people.children["family"].to_numpy()
    if target in ("black", "asian", "mixed"):
        group = people.families["ethnicity"].map(ethnic_groups()).str.lower()
        return np.asarray(group.eq(target).to_numpy(dtype=bool)[family])
    by_child = {
        "fsm": lambda: people.families["fsm"].to_numpy(dtype=bool)[family],
        "sen": lambda: people.children["sen"].to_numpy() != "N",
        "girls": lambda: ~people.children["male"].to_numpy(dtype=bool),
        "boys": lambda: people.children["male"].to_numpy(dtype=bool),
        "eal": lambda: (people.families["language"].to_numpy() == "OTH")[family],
    }
    return np.asarray(by_child[target](), dtype=bool)


def drift_from(timeline: Timeline) -> int:
    """The day on which rates move: 1 September of the last full school year."""
    return timeline.years[-2].start


def drift_at(plan: CouncilPlan, timeline: Timeline, day: int) -> float:
    """What ``drift`` multiplies rates by on a day."""
    return (plan.size("drift") or 1.0) if day >= drift_from(timeline) else 1.0


def regime_from(timeline: Timeline) -> int:
    """The day on which the definition of early help changes: 1 April of the last full school year."""
    return day_number(date(as_date(timeline.years[-2].start).year + 1, 4, 1))


def loss_from(plan: CouncilPlan, timeline: Timeline) -> tuple[str, int] | None:
    """The agency that stops sending and the day of its last files; None where none stops."""
    found = part(plan.scenarios, "source_loss")
    return None if found is None else (found[0], timeline.extracted - round(found[1]))


def null_families(people: People, plan: CouncilPlan, seeds: Seeds) -> Flags | None:
    """Families to whom services come by chance; None where the scenario is off."""
    size = plan.size("null")
    return None if size == 0 else seeds.rng("null families").random(len(people.families)) < size


def shuffled(people: People, plan: CouncilPlan, seeds: Seeds) -> People:
    """The people whose characteristics drive the signs: those on record, but in the scenario ``null`` other people's.

    Families under ``null`` exchange ethnicity, free meals and deprivation, and their children sex and special needs, so that what the
    records say of a child's characteristics has nothing to do with the child's signs or need.
    """
    chance = null_families(people, plan, seeds)
    if chance is None:
        return people
    rng = seeds.rng("null characteristics")
    families, children = people.families.copy(), people.children.copy()
    _exchange(families, FAMILY_TRAITS, np.flatnonzero(chance), rng)
    _exchange(children, CHILD_TRAITS, np.flatnonzero(chance[children["family"].to_numpy()]), rng)
    return replace(people, families=families, children=children)


def _exchange(frame: pd.DataFrame, columns: tuple[str, ...], rows: npt.NDArray[np.int64], rng: np.random.Generator) -> None:
    other = rng.permutation(rows)
    for name in columns:
        values = frame[name].to_numpy(copy=True)
        values[rows] = values[other]
        frame[name] = values


def lateness_factor(people: People, plan: CouncilPlan, strength: Flags, effect: float, from_day: int, timeline: Timeline) -> Floats:
    """By how much each child's lateness in a school year that begins on ``from_day`` is multiplied, beyond what need explains."""
    factor = np.exp(-effect * strength)
    factor /= 1 - STRENGTH_SHARE * (1 - np.exp(-effect))  # the usual mean, so that more strength makes nobody later
    proxy = part(plan.scenarios, "proxy")
    if proxy is not None:
        factor = np.where(members(people, proxy[0]), factor * proxy[1], factor)
    return np.asarray(factor * drift_at(plan, timeline, from_day), dtype=np.float64)
