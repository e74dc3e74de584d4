"""Councils without a computer full of children: how many families there are of each kind, instead of the families.

The audit's tests look only at sums over families (`early_id.stats.cells.Sums`). Families of one size, group, need and place on the list cannot be told apart, so a
council is a multinomial draw over some hundred kinds of family, and its sums are the draw times the sums of one family of each kind. That is the same
council, not an approximation; `pupils` writes one out child by child, and a test holds the whole audit of it against the short cut. A council of 100,000 then
takes no longer than one of 3,000.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations, product
from math import comb

import numpy as np
import pandas as pd
from scipy import sparse

from early_id.audit.crossed import EVIDENCE, NEARLY, pair
from early_id.audit.groups import Grouping, grouping
from early_id.audit.measures import MEASURES, Scored
from early_id.stats.arrays import Floats, Ints
from early_id.stats.cells import Sides, Sums, cells, sides_of, sums_of
from early_id.stats.multiple import two_sided_p

#: Families of one to four children, as in the made-up council.
SIZES = {1: 0.45, 2: 0.35, 3: 0.15, 4: 0.05}
PER_FAMILY = sum(size * chance for size, chance in SIZES.items())
PRIMARY = ("missed_share", "false_flag_rate")

#: Group of the family → chance of the outcome; group and outcome → chance of being listed.
NeedOf = Callable[[int], float]
ListedOf = Callable[[int, bool], float]


@dataclass(frozen=True)
class Kinds:
    """Kinds of family: how likely each is, and one family of each, written out."""

    chance: Floats
    family: Ints  #: kind of each row
    scored: Scored
    frame: pd.DataFrame

    def draw(self, rng: np.random.Generator, children: int, runs: int) -> Floats:
        """Families of each kind (runs × kinds) in councils of about so many children."""
        return rng.multinomial(round(children / PER_FAMILY), self.chance / self.chance.sum(), size=runs).astype(np.float64)

    def pupils(self, families: Floats) -> tuple[Scored, pd.DataFrame]:
        """One council written out child by child."""
        times = families.astype(int)[self.family]
        rows = np.repeat(np.arange(len(self.family)), times)
        # The n-th copy of a kind is one family.
        copy = np.concatenate([np.arange(t) for t in times]) if len(times) else np.zeros(0)
        first = np.concatenate([[0], np.cumsum(families.astype(int))[:-1]])
        family = (first[self.family[rows]] + copy).astype(np.int64)
        return Scored(self.scored.listed[rows], self.scored.y[rows], None, family, int(families.sum())), self.frame.iloc[rows].reset_index(drop=True)


def kinds(groups: int, need: NeedOf, listed: ListedOf, *, further: bool = True) -> Kinds:
    """Families of 1 to 4 who share group, meals, need and place on the list; sex is each child's own (without ``further`` only the group varies)."""
    weights = np.array([0.5 ** min(g, 5) for g in range(groups)]) + 0.02
    weights = weights / weights.sum()
    chance, rows = [], []
    for size, g, wanted, on_list in product(SIZES, range(groups), (True, False), (True, False)):
        likely = SIZES[size] * weights[g] * (need(g) if wanted else 1 - need(g)) * (listed(g, wanted) if on_list else 1 - listed(g, wanted))
        if likely <= 0:
            continue
        for meals, girls in product("yn", range(size + 1)) if further else (("n", 0),):
            more = 0.5 * comb(size, girls) / 2**size if further else 1.0
            rows += [(len(chance), f"g{g:02d}", meals, "f" if child < girls else "m", float(wanted), float(on_list)) for child in range(size)]
            chance.append(likely * more)
    table = pd.DataFrame(rows, columns=["kind", "group", "fsm", "sex", "y", "listed"])
    scored = Scored(table["listed"].to_numpy(), table["y"].to_numpy(), None, table["kind"].to_numpy(), len(chance))
    return Kinds(np.array(chance), table["kind"].to_numpy(), scored, table[["group", "fsm", "sex"] if further else ["group"]])


def sums_drawn(made: Kinds, by: Grouping, measure: str, drawn: Floats, *, apart: bool = False) -> Sums:
    """Sums of each group in each council (runs × groups); ``apart`` takes every child as a family of its own."""
    groups = len(by.groups)
    unit = np.arange(len(made.family)) if apart else made.family
    units = int(unit.max()) + 1
    kind = made.family if apart else np.arange(units)
    what, among = MEASURES[measure].counted(made.scored), MEASURES[measure].among(made.scored)
    each = sums_of(cells(unit * groups + by.codes, unit, units * groups, units), what, among)
    whole = sums_of(cells(unit, unit, units, units), what, among)
    everybody = {
        "all_k": "k",
        "all_n": "n",
        "XX": "xx",
        "XM": "xm",
        "MM": "mm",
        "all_families": "families",
        "all_hits": "hits",
        "all_misses": "misses",
    }
    found = {}
    for part in (field.name for field in fields(Sums)):
        table = getattr(whole, everybody[part])[:, None] if part in everybody else getattr(each, part).reshape(units, groups)
        of_kind = np.zeros((len(made.chance), table.shape[1]))
        np.add.at(of_kind, kind, table)
        found[part] = (sparse.csr_array(of_kind.T) @ drawn.T).T
    return Sums(**found)


@dataclass(frozen=True)
class Judged:
    """Smallest p-value times the number of tests, per council and family of tests; the sides of every test."""

    single: Floats
    crossed: Floats
    sides: Mapping[tuple[str, str], Sides]
    tests: Floats


def judged(made: Kinds, drawn: Floats, *, min_group: int, primary: Sequence[str] = PRIMARY, apart: bool = False) -> Judged:
    """What the audit's two families of tests say of every council; see `early_id.audit.fairness`. ``apart`` forgets who is in one family."""
    held = [grouping(made.frame[name], name=name, label=name) for name in made.frame]
    pairs = [(found, one, other) for one, other in combinations(held, 2) if (found := pair(one, other)) is not None]
    sides: dict[tuple[str, str], Sides] = {}
    best = {True: np.full(len(drawn), np.inf), False: np.full(len(drawn), np.inf)}
    count = {True: np.zeros(len(drawn)), False: np.zeros(len(drawn))}
    todo: list[tuple[Grouping, Grouping | None, Grouping | None]] = [*((by, None, None) for by in held), *pairs]
    for by, one, other in todo:
        children = sums_drawn(made, by, "children_with_outcome", drawn)
        looked = (children.n >= min_group) & (children.all_n - children.n >= min_group)
        if one is not None and other is not None:
            looked &= (children.k >= EVIDENCE) & (children.n - children.k >= EVIDENCE)
            for parent in (one, other):
                looked &= children.n < NEARLY * _of_parent(made, by, parent, drawn)
        elif len(by.groups) == 2:
            looked[:, 1] = False  # the mirror of the first
        for name in primary:
            found = sides_of(sums_drawn(made, by, name, drawn, apart=apart))
            sides[by.name, name] = found
            p = np.where(looked, two_sided_p(found.z.ravel()).reshape(found.z.shape), np.nan)
            count[one is None] += (~np.isnan(p)).sum(axis=1)
            best[one is None] = np.fmin(best[one is None], np.nanmin(np.where(np.isnan(p), np.inf, p), axis=1))
    return Judged(*(best[kind] * np.maximum(count[kind], 1.0) for kind in (True, False)), sides, count[True])


def _of_parent(made: Kinds, by: Grouping, parent: Grouping, drawn: Floats) -> Floats:
    """Children of the single group that each crossed group lies in."""
    size = sums_drawn(made, parent, "children", drawn).n
    at = np.zeros(len(by.groups), dtype=np.int64)
    at[by.codes] = parent.codes
    return size[:, at]
