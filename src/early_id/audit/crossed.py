"""Groups that cross two characteristics: girls of one ethnic group, pupils with free meals at one age.

A crossed group is looked at where ten of its children have the outcome and ten have not; with fewer, an interval would fill the page and
say nothing. The others are named with their numbers, so that nobody takes silence for *no gap*.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from early_id.audit.groups import NOT_KNOWN, Grouping
from early_id.stats.arrays import Bools, Floats

#: The evidence rule: so many with the outcome, and so many without.
EVIDENCE = 10

#: A crossed group with this share of one of its two single groups is that group but for a few, and is not looked at again.
NEARLY = 0.95

SMALL_COLUMNS = ("characteristic", "group", "children", "with_outcome", "without_outcome")


def pair(one: Grouping, other: Grouping) -> Grouping | None:
    """The crossed groups that occur; None where one characteristic follows from the other, so that crossing tells nothing new."""
    both = one.codes * len(other.groups) + other.codes
    found, codes = np.unique(both, return_inverse=True)
    if len(found) <= max(len(one.groups), len(other.groups)):
        return None
    names = tuple(f"{one.groups[k // len(other.groups)]}; {other.groups[k % len(other.groups)]}" for k in found)
    label = f"{one.label} and {other.label[:1].lower()}{other.label[1:]}"
    return Grouping(f"{one.name} × {other.name}", label, names, codes.ravel().astype(np.int64))


def told_by(held: Sequence[Grouping]) -> dict[str, str]:
    """Characteristic → an earlier one that shows the same children divided in another way, so that only one of the two may be published.

    Two roll-ups of one answer, published side by side, give small counts back by subtraction. So do two characteristics that share a group.
    """
    found: dict[str, str] = {}
    kept: list[Grouping] = []
    for by in (one for one in held if len(one.groups) > 1):
        own = {m for m, group in zip(by.members, by.groups, strict=True) if group != NOT_KNOWN}
        first = next((e for e in kept if pair(e, by) is None or own & {m for m, g in zip(e.members, e.groups, strict=True) if g != NOT_KNOWN}), None)
        if first is None:
            kept.append(by)
        else:
            found[by.name] = first.name
    return found


def nearly_single(crossed: Grouping, one: Grouping, other: Grouping) -> Bools:
    """Crossed groups that are one of their single groups but for one child in twenty."""
    size = np.bincount(crossed.codes, minlength=len(crossed.groups))
    found = np.zeros(len(size), dtype=bool)
    for by in (one, other):
        parent = np.zeros(len(size), dtype=np.int64)
        parent[crossed.codes] = by.codes
        found |= size >= NEARLY * np.bincount(by.codes, minlength=len(by.groups))[parent]
    return found


def with_evidence(by: Grouping, y: Floats, seen: set[int], repeats: Bools | None = None) -> tuple[Grouping | None, pd.DataFrame]:
    """The groups that meet the evidence rule, all others in one last group without a name; and those that do not, with their numbers.

    Groups whose members are those of a group in ``seen``, and ``repeats``, are neither: they are reported as what they repeat.
    """
    yes, no, everyone = (np.bincount(by.codes, weights=w, minlength=len(by.groups)) for w in ((y == 1) * 1.0, (y == 0) * 1.0, np.ones(len(y))))
    new = np.array([one not in seen for one in by.members]) & (True if repeats is None else ~repeats)
    enough = (yes >= EVIDENCE) & (no >= EVIDENCE)
    small = np.flatnonzero(new & ~enough)
    named = pd.DataFrame(
        {
            "characteristic": by.label,
            "group": [by.groups[g] for g in small],
            "children": everyone[small].astype(int),
            "with_outcome": yes[small].astype(int),
            "without_outcome": no[small].astype(int),
        },
        columns=list(SMALL_COLUMNS),
    )
    kept = np.flatnonzero(new & enough)
    if not len(kept):
        return None, named
    place = np.full(len(by.groups), len(kept))
    place[kept] = np.arange(len(kept))
    members = (*(by.members[g] for g in kept), -1)
    return Grouping(by.name, by.label, (*(by.groups[g] for g in kept), ""), place[by.codes], members=members), named


def crossed_groupings(held: Sequence[Grouping], y: Floats, also: Sequence[Grouping] = ()) -> tuple[list[Grouping], pd.DataFrame]:
    """Every pair of characteristics, and ``also`` (schools, hubs), as far as the evidence rule lets them be looked at.

    Each set of children is looked at once: a crossed group that is a single group (but for one child in twenty), or the same in two
    roll-ups, is not repeated.
    """
    seen = {one for by in held for one in by.members}
    pairs = [(pair(one, other), one, other) for one, other in combinations([by for by in held if len(by.groups) > 1], 2)]
    todo: list[tuple[Grouping, Bools | None]] = [(by, None) for by in also]
    todo += [(by, nearly_single(by, one, other)) for by, one, other in pairs if by is not None]
    kept, small = [], []
    for by, repeats in todo:
        found, named = with_evidence(by, y, seen, repeats)
        small.append(named)
        if found is not None:
            kept.append(found)
        seen |= set(by.members)
    return kept, pd.concat(small, ignore_index=True) if small else pd.DataFrame(columns=list(SMALL_COLUMNS))
