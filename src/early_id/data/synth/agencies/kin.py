"""Who is easily taken for whom: twins and same-name cousins. Drawn before anybody goes to school, so every record agrees with it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.agencies.names import mistyped
from early_id.data.synth.agencies.sources import planned
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.identifiers import make_ids, make_upns, upn_places
from early_id.data.synth.population.people import People
from early_id.data.synth.seeds import Seeds

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: About 14 of 1,000 births are of twins (ONS, birth characteristics; unconfirmed), so 14 children in 1,000 have an elder twin.
TWINS = 0.014
#: Pairs of same-name cousins to a child (unconfirmed), the days between their birthdays, and the share with the very same forename.
COUSINS, BIRTHDAYS_APART, SAME_FORENAME = 0.001, 60, 0.5


def _none() -> pd.DataFrame:
    return pd.DataFrame({"first": np.zeros(0, dtype=np.int64), "second": np.zeros(0, dtype=np.int64)})


@dataclass(frozen=True)
class Kin:
    """Pairs of children (row numbers ``first`` and ``second``)."""

    twins: pd.DataFrame = field(default_factory=_none)
    cousins: pd.DataFrame = field(default_factory=_none)

    @property
    def children(self) -> Ints:
        """Everyone in a pair."""
        return np.concatenate([self.twins.to_numpy(dtype=np.int64).ravel(), self.cousins.to_numpy(dtype=np.int64).ravel()])


def relate(people: People, spared: Ints, plan: CouncilPlan, seeds: Seeds) -> tuple[People, Kin]:
    """The same people with twins and cousins among them, and ids of the health service; families of ``spared`` children are left alone."""
    families, children = people.families.copy(), people.children.copy()
    children["health_id"] = make_ids("HE", "first", len(children), len(children), seeds)
    family = children["family"].to_numpy()
    free = ~np.isin(family, family[spared])
    twins = _make_twins(children, free, seeds) if "twins" in plan.mess else _none()
    free[twins.to_numpy().ravel()] = False
    cousins = _make_cousins(families, children, free, seeds.rng("cousins")) if "cousins" in plan.mess else _none()
    return People(families, children), Kin(twins, cousins)


def _make_twins(children: pd.DataFrame, free: Flags, seeds: Seeds) -> pd.DataFrame:
    """The younger of two neighbours in a family takes the elder's birthday; they never share a forename."""
    family = children["family"].to_numpy()
    younger = np.flatnonzero((family[1:] == family[:-1]) & free[1:]) + 1
    chosen = np.zeros(len(children), dtype=bool)
    chosen[seeds.rng("twins").permutation(younger)[: planned(TWINS, len(children))]] = True
    chosen[1:] &= ~chosen[:-1].copy()  # no three in a row
    second = np.flatnonzero(chosen)
    for name in ("dob", "entry_year"):
        values = children[name].to_numpy().copy()
        values[second] = values[second - 1]
        children[name] = values
    upns, forenames = children["upn"].to_numpy().copy(), children["forename"].to_numpy().copy()
    upns[second] = make_upns(children["entry_year"].to_numpy()[second], upn_places(len(children), seeds)[second])
    male = children["male"].to_numpy()
    for row in second[forenames[second] == forenames[second - 1]]:
        others = forenames[male == male[row]]
        forenames[row] = next(name for name in others if name != forenames[row])
    children["upn"], children["forename"] = upns, forenames
    return pd.DataFrame({"first": second - 1, "second": second})


def _make_cousins(families: pd.DataFrame, children: pd.DataFrame, free: Flags, rng: np.random.Generator) -> pd.DataFrame:
    """Two children of one sex and nearly one age in two families: the second family takes the first's surname, the child the forename."""
    family, dob = children["family"].to_numpy(), children["dob"].to_numpy()
    order = np.lexsort((dob, children["male"].to_numpy()))
    order = order[free[order]]
    one, two = order[:-1], order[1:]
    gap = dob[two] - dob[one]
    male = children["male"].to_numpy()
    fits = np.flatnonzero((male[one] == male[two]) & (gap > 0) & (gap <= BIRTHDAYS_APART) & (family[one] != family[two]))
    fits = rng.permutation(fits)
    wanted, used, pairs = planned(COUSINS, len(children)) + 1, set[int](), list[tuple[int, int]]()
    for at in fits:
        if len(pairs) == wanted:
            break
        pair = int(one[at]), int(two[at])
        homes = {int(family[pair[0]]), int(family[pair[1]])}
        if not homes & used:
            used |= homes
            pairs.append(pair)
    surnames, forenames = families["surname"].to_numpy().copy(), children["forename"].to_numpy().copy()
    for first, second in pairs:
        surnames[family[second]] = surnames[family[first]]
        same = rng.random() < SAME_FORENAME
        forenames[second] = forenames[first] if same else mistyped(str(forenames[first]), rng)
    families["surname"], children["forename"] = surnames, forenames
    return pd.DataFrame(np.array(pairs, dtype=np.int64).reshape(-1, 2), columns=["first", "second"])
