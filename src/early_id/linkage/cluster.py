"""From pairs to people: pairs are joined from the surest down, and never so that one person holds a contradiction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from early_id.linkage.facts import NUMBERS, facts_of
from early_id.linkage.rules import STANDING, Marked, forbidden

Ints = npt.NDArray[np.int64]
#: More records than this in one group that holds a contradiction are taken apart as if every two of them had to agree on a number.
LARGEST = 200


@dataclass(frozen=True)
class Clusters:
    """Which records are one person: a group number for each, and how many links a contradiction broke."""

    group: Ints
    broken: int = 0


def cluster(records: pd.DataFrame, links: pd.DataFrame, apart: pd.DataFrame, marked: Marked) -> Clusters:
    """Group records by their links.

    Parameters
    ----------
    records : DataFrame
        ``Records.frame``.
    links : DataFrame
        left, right, strength: pairs to join, the strongest first.
    apart : DataFrame
        left, right: pairs that may not be one person, whatever joins them.

    Returns
    -------
    Clusters
        No group holds two values of an identifier, two birth dates that cannot be one, a pair that a hard rule or a decision keeps apart, or two records of
        one source that were not themselves joined. Where a chain of links would make such a group, its weakest link goes.
    """
    n = len(records)
    group = _components(n, links["left"].to_numpy(), links["right"].to_numpy())
    suspects = _suspects(records, group, links, apart, marked)
    if not suspects.any():
        return Clusters(group)
    members = np.flatnonzero(suspects[group])
    never = _never(records, group, members, links, apart, marked)
    if not never:
        return Clusters(group)
    touched = {int(group[left]) for left, _ in never}
    own = links[[int(number) in touched for number in group[links["left"].to_numpy()]]]
    own = own.sort_values(["strength", "left", "right"], ascending=[False, True, True])
    fresh, broken = _join_carefully(own, never)
    for position in np.flatnonzero(np.isin(group, list(touched))):
        group[position] = n + fresh.get(int(position), int(position))
    return Clusters(np.unique(group, return_inverse=True)[1].astype(np.int64), broken)


def _components(n: int, left: Ints, right: Ints) -> Ints:
    graph = coo_matrix((np.ones(len(left)), (left, right)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _suspects(records: pd.DataFrame, group: Ints, links: pd.DataFrame, apart: pd.DataFrame, marked: Marked) -> npt.NDArray[np.bool_]:
    """Groups that may hold a contradiction: something differs in them that a rule reads."""
    several = np.zeros(int(group.max()) + 1, dtype=bool)
    frame = records[[*NUMBERS, "birth_date", "forename", "surname", "source"]]
    by = pd.Series(group, index=frame.index)
    distinct = frame.groupby(by).nunique()
    several[distinct.index] = distinct.drop(columns="source").gt(1).any(axis=1)
    size = np.bincount(group, minlength=len(several))
    several[distinct.index] |= size[distinct.index] > distinct["source"].to_numpy()
    for positions in (marked.protected, marked.in_care):
        several[group[list(positions)]] = True
    both = group[apart["left"].to_numpy(dtype=np.int64)]
    several[both[both == group[apart["right"].to_numpy(dtype=np.int64)]]] = True
    return several & (size > 1)


def _never(records: pd.DataFrame, group: Ints, members: Ints, links: pd.DataFrame, apart: pd.DataFrame, marked: Marked) -> set[tuple[int, int]]:
    """Pairs within the suspect groups that may not be one person."""
    rows = pd.DataFrame({"at": members, "group": group[members]})
    large = rows.groupby("group")["at"].transform("size") > LARGEST
    pairs = rows[~large].merge(rows[~large], on="group", suffixes=("_left", "_right"))
    pairs = pairs[pairs["at_left"] < pairs["at_right"]].rename(columns={"at_left": "left", "at_right": "right"}).reset_index(drop=True)
    never: set[tuple[int, int]] = set()
    joined = set(zip(links["left"], links["right"], strict=True))
    if len(pairs):
        facts = facts_of(records, pairs)
        why = forbidden(facts, pairs, marked)
        bad = np.isin(why, STANDING)
        found = zip(pairs["left"], pairs["right"], bad, facts["one_source"], strict=True)
        never |= {(left, right) for left, right, is_bad, twice in found if is_bad or (twice and (left, right) not in joined)}
    for left, right in zip(apart["left"], apart["right"], strict=True):
        if group[left] == group[right]:
            never.add((min(left, right), max(left, right)))
    crowds = set(rows.loc[large, "group"])
    if crowds:  # a chain through hundreds of records is no person: nothing in it is joined
        chained = links[[int(number) in crowds for number in group[links["left"].to_numpy()]]]
        never |= set(zip(chained["left"], chained["right"], strict=True))
    return {(int(left), int(right)) for left, right in never}


def _join_carefully(links: pd.DataFrame, never: set[tuple[int, int]]) -> tuple[dict[int, int], int]:
    """Record → the lowest record of its group, joining from the strongest link down; and how many links were not followed."""
    against: dict[int, set[int]] = {}
    for left, right in never:
        against.setdefault(left, set()).add(right)
        against.setdefault(right, set()).add(left)
    of: dict[int, int] = {}
    held: dict[int, set[int]] = {}
    broken = 0
    for left, right in zip(links["left"].astype(int), links["right"].astype(int), strict=True):
        for record in (left, right):
            of.setdefault(record, record)
            held.setdefault(of[record], {record})
        one, two = of[left], of[right]
        if one == two:
            continue
        if any(against.get(record, set()) & held[two] for record in held[one]):
            broken += 1
            continue
        keep, gone = min(one, two), max(one, two)
        held[keep] |= held.pop(gone)
        for record in held[keep]:
            of[record] = keep
    return of, broken
