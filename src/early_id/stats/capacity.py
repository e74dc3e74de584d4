"""Who is listed when there are only so many places, and how often that is right.

A list holds families, because people call on a family, not on one of its children. A family stands where its
highest-scoring child stands; when it is listed, all its children count as listed. Families that tie at the last place
share what is left of the places, so every figure is the expected value over all ways to break the tie and does not
depend on the order of rows. (The lists themselves break ties by a keyed hash.)

With ``units`` each school or hub has its own places: an entry is then a family within a unit, a family with children in two
units can stand on two lists, and a child counts as listed when any entry of its family is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from early_id.core.errors import InputDataError
from early_id.stats.arrays import Floats, Ids, Ints, cluster_codes, floats, labels, ratio, same_length


@dataclass(frozen=True)
class Entries:
    """Families (or families within units) ready to be listed, best first within their unit.

    Attributes
    ----------
    family_of_row : array of int
        Family code of each row.
    entry_of_row : array of int
        Entry of each row, as a position in the arrays below.
    family, unit : array of int
        Family and unit code of each entry.
    score : array of float
        Highest score among the entry's rows; -inf where no row has a score, which is never listed.
    first_row : array of int
        One row of each entry, from which a row weight can be read (weights are equal within a family).
    """

    family_of_row: Ints
    entry_of_row: Ints
    family: Ints
    unit: Ints
    score: Floats
    first_row: Ints
    families: int
    units: int


@dataclass(frozen=True)
class AtCapacity:
    """What a list of this length would have found.

    Attributes
    ----------
    listed : array of float
        Per row, the expected share of tie-breaks in which its family is listed (1 or 0 away from the cut-off).
    precision : float
        Of the entries listed with a known outcome, the share with the outcome for at least one child.
    recall : float
        Of the children with the outcome, the share whose family is listed.
    recall_families : float
        Of the families with a child with the outcome, the share listed.
    places_used : float
        Entries listed.
    """

    listed: Floats
    precision: float
    recall: float
    recall_families: float
    places_used: float


def entries(scores: ArrayLike, families: Ids, units: Ids | None = None) -> Entries:
    """Gather rows into entries; the order of rows does not matter."""
    score = floats(scores)
    family, n_families = cluster_codes(families)
    same_length(score, family, names="scores and families")
    unit, n_units = cluster_codes(units) if units is not None else (np.zeros(len(score), dtype=np.int64), 1)
    same_length(score, unit, names="scores and units")
    _, first, entry = np.unique(unit * max(n_families, 1) + family, return_index=True, return_inverse=True)
    best = np.full(len(first), -np.inf)
    np.maximum.at(best, entry, np.where(np.isnan(score), -np.inf, score))
    return Entries(family, entry.astype(np.int64), family[first], unit[first], best, first.astype(np.int64), n_families, n_units)


def _places(capacity: ArrayLike, units: int) -> Floats:
    places = np.broadcast_to(np.asarray(capacity, dtype=np.float64), (units,)).copy()
    if not bool(np.all(places >= 0)):
        raise InputDataError("The number of places is negative or missing.", where="capacity", what_next="Give a number of places from 0 up.")
    return places


def listed_share(who: Entries, capacity: ArrayLike, weights: Floats | None = None) -> Floats:
    """Share of tie-breaks in which each entry is listed: 1 above the cut-off, 0 below, in between at it.

    Parameters
    ----------
    capacity : int, or one number per unit in the order of sorted unit ids
    weights : array (resamples × entries), optional
        How often each entry occurs in each resample. Places grow with a unit's total weight, so that a resample with a few
        families more keeps the same share listed.

    Returns
    -------
    array (resamples × entries), or one row where no weights are given
    """
    w = np.ones((1, len(who.family))) if weights is None else weights
    places = _places(capacity, who.units)
    share = np.zeros_like(w)
    for unit in range(who.units):
        members = np.flatnonzero((who.unit == unit) & (who.score > -np.inf))
        if not len(members):
            continue
        order = members[np.argsort(-who.score[members], kind="stable")]
        ranked = who.score[order]
        starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        tied = np.add.reduceat(w[:, order], starts, axis=1)
        available = places[unit] * tied.sum(axis=1, keepdims=True) / len(members)
        left = available - (np.cumsum(tied, axis=1) - tied)
        fill = np.divide(np.clip(left, 0.0, tied), tied, out=np.zeros_like(tied), where=tied > 0)
        share[:, order] = np.repeat(fill, np.diff(np.r_[starts, len(order)]), axis=1)
    return share


def _any_positive(y: Floats, group: Ints, n: int) -> Floats:
    """1 where a member has the outcome, 0 where none of those known has it, NaN where none is known."""
    out = np.full(n, -1.0)
    np.maximum.at(out, group, np.where(np.isnan(y), -1.0, y))
    return np.where(out < 0, np.nan, out)


def at_capacity(scores: ArrayLike, families: Ids, y: ArrayLike, capacity: ArrayLike, units: Ids | None = None) -> AtCapacity:
    """What listing up to ``capacity`` families would have found.

    Parameters
    ----------
    scores : array
        NaN means not eligible: never listed, but counted among those missed if the outcome happened.
    families : array of ids
    y : array of 1, 0 or NaN
        NaN (not yet known) is left out of precision and recall.
    capacity : int, or one per unit
    units : array of ids, optional
        School or hub of each row.

    Examples
    --------
    >>> at_capacity([3.0, 1.0, 2.0, 0.0], ["a", "a", "b", "c"], [0, 1, 0, 1], capacity=1).recall
    0.5
    """
    statistics = CapacityStatistics.prepare(scores, families, y, capacity, units)
    ones = np.ones((1, len(statistics.y)))
    share = listed_share(statistics.who, capacity)
    return AtCapacity(
        listed=statistics.family_share(share)[0][statistics.who.family_of_row],
        precision=float(statistics.precision(ones)[0]),
        recall=float(statistics.recall(ones)[0]),
        recall_families=float(statistics.recall_families(ones)[0]),
        places_used=float(share.sum()),
    )


@dataclass(frozen=True)
class CapacityStatistics:
    """Precision and recall at capacity as functions of row weights, for `early_id.stats.resample`.

    Weights must be equal within a family, as family resampling makes them.
    """

    who: Entries
    y: Floats
    capacity: Floats

    @classmethod
    def prepare(cls, scores: ArrayLike, families: Ids, y: ArrayLike, capacity: ArrayLike, units: Ids | None = None) -> CapacityStatistics:
        """Sort out families and units once, for many weightings."""
        known, who = labels(y), entries(scores, families, units)
        same_length(known, who.family_of_row, names="labels and families")
        return cls(who, known, _places(capacity, who.units))

    def family_share(self, share: Floats) -> Floats:
        """Listed share per family: the largest of its entries' (with one unit, the entry's own)."""
        if self.who.units == 1:
            out = np.zeros((len(share), self.who.families))
            out[:, self.who.family] = share
            return out
        out = np.zeros((self.who.families, len(share)))
        np.maximum.at(out, self.who.family, share.T)
        return out.T

    def precision(self, weights: Floats) -> Floats:
        """Of the listed entries with a known outcome, the share in which a child has it; a new list in each resample."""
        w = weights[:, self.who.first_row]
        outcome = _any_positive(self.y, self.who.entry_of_row, len(self.who.family))
        known = ~np.isnan(outcome)
        listed = (w * listed_share(self.who, self.capacity, w))[:, known]
        return ratio(listed @ outcome[known], listed.sum(axis=1))

    def recall(self, weights: Floats) -> Floats:
        """Of the children with the outcome, the share whose family is listed."""
        share = self.family_share(listed_share(self.who, self.capacity, weights[:, self.who.first_row]))
        found = np.flatnonzero(self.y == 1)
        w = weights[:, found]
        return ratio((w * share[:, self.who.family_of_row[found]]).sum(axis=1), w.sum(axis=1))

    def recall_families(self, weights: Floats) -> Floats:
        """Of the families with a child with the outcome, the share listed."""
        share = self.family_share(listed_share(self.who, self.capacity, weights[:, self.who.first_row]))
        row_of_family = np.zeros(self.who.families, dtype=np.int64)
        row_of_family[self.who.family_of_row] = np.arange(len(self.y))
        found = _any_positive(self.y, self.who.family_of_row, self.who.families) == 1
        w = weights[:, row_of_family[found]]
        return ratio((w * share[:, found]).sum(axis=1), w.sum(axis=1))
