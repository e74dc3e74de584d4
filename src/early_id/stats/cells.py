"""Every group against everyone else in one pass, from sums over the families that a group really has.

A table of families × groups is nearly all zeros: 60,000 families in 200 crossed groups hold 12 million cells, of which 100,000 are
filled. Shares, design effects and the score statistic need only sums of squares and products of family
totals, and those of everyone else follow by subtraction: with x and m a family's successes and rows in the group, X and M those of the
whole family,

    Σ(X - x)² = ΣX² - 2·ΣxX + Σx²,   and alike for the other sums.

The formulas stand in `early_id.stats.rates` and `early_id.stats.multiple`; a plain twin that goes through families one by one is in
``tests/property/test_stats_properties.py``. Sums of two sets of families add up, so councils can be drawn by how many families they have of each kind
(``tests/recovery/drawn_councils.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from early_id.stats.arrays import Bools, Floats, Ints, ratio
from early_id.stats.multiple import score_z
from early_id.stats.rates import CLOSE, Rates, rates_of_sums


@dataclass(frozen=True)
class Cells:
    """The (family, group) pairs that occur.

    Attributes
    ----------
    of_row : array of int
        Cell of each row.
    group, family : array of int
        Group and family of each cell.
    rows : array of float
        Rows in each cell.
    """

    of_row: Ints
    group: Ints
    family: Ints
    rows: Floats
    n_groups: int
    n_families: int

    @property
    def whole(self) -> Bools:
        """Cells that hold all rows of their family."""
        held: Bools = self.rows == np.bincount(self.family, weights=self.rows, minlength=self.n_families)[self.family]
        return held

    def sums(self, values: Floats) -> Floats:
        """Sum of a figure of each cell, per group."""
        return np.bincount(self.group, weights=values, minlength=self.n_groups).astype(np.float64)

    def totals(self, weights: Floats) -> Floats:
        """Sum of a row weight, per cell."""
        return np.bincount(self.of_row, weights=weights, minlength=len(self.group)).astype(np.float64)


@dataclass(frozen=True)
class Sides:
    """Each group, everyone else, and the score statistic between them; one entry a group."""

    group: Rates
    rest: Rates
    z: Floats


def cells(groups: Ints, families: Ints, n_groups: int, n_families: int) -> Cells:
    """Gather rows into the (family, group) pairs that occur."""
    unique, of_row = np.unique(families * np.int64(n_groups) + groups, return_inverse=True)
    of_row = of_row.ravel().astype(np.int64)
    rows = np.bincount(of_row, minlength=len(unique)).astype(np.float64)
    return Cells(of_row, (unique % n_groups).astype(np.int64), (unique // n_groups).astype(np.int64), rows, n_groups, n_families)


@dataclass(frozen=True)
class Sums:
    """All that shares, design effects and the score statistic need: sums over families, one entry a group in the last axis.

    Attributes
    ----------
    k, n : array
        Successes and rows of each group: Σx, Σm.
    xx, xm, mm, xX, xM, mX, mM : array
        Squares and products of family totals, within the group and with those of the whole family.
    families, whole : array
        Families with a row in the group, and those with all their rows in it.
    hits, misses : array
        Families with a success in the group, with a failure.
    lost_hits, lost_misses : array
        Families whose successes (failures) are all in the group, so that everyone else has one fewer of them.
    all_k, all_n, XX, XM, MM, all_families, all_hits, all_misses : array
        The same of everybody, with one entry for all groups.
    """

    k: Floats
    n: Floats
    xx: Floats
    xm: Floats
    mm: Floats
    xX: Floats
    xM: Floats
    mX: Floats
    mM: Floats
    families: Floats
    whole: Floats
    hits: Floats
    misses: Floats
    lost_hits: Floats
    lost_misses: Floats
    all_k: Floats
    all_n: Floats
    XX: Floats
    XM: Floats
    MM: Floats
    all_families: Floats
    all_hits: Floats
    all_misses: Floats


def sums_of(who: Cells, successes: Floats, rows: Floats) -> Sums:
    """Sums of row weights: each row's part in the numerator and in the denominator of a share."""
    x, m = who.totals(successes), who.totals(rows)
    X = np.bincount(who.family, weights=x, minlength=who.n_families)
    M = np.bincount(who.family, weights=m, minlength=who.n_families)
    Xc, Mc = X[who.family], M[who.family]
    kinds = (m > 0, (m > 0) & (np.abs(m - Mc) < CLOSE), x > CLOSE, m - x > CLOSE)
    lost = ((x > CLOSE) & (Xc - x <= CLOSE), (m - x > CLOSE) & (Mc - Xc - (m - x) <= CLOSE))
    everybody = (X.sum(), M.sum(), (X * X).sum(), (X * M).sum(), (M * M).sum(), (M > 0).sum(), (X > CLOSE).sum(), (M - X > CLOSE).sum())
    of_groups = [who.sums(part) for part in (x, m, x * x, x * m, m * m, x * Xc, x * Mc, m * Xc, m * Mc)]
    counts = [who.sums(part.astype(np.float64)) for part in (*kinds, *lost)]
    return Sums(*of_groups, *counts, *(np.array([part], dtype=np.float64) for part in everybody))


def sides_of(s: Sums) -> Sides:
    """Shares of each group and of everyone else, with the score statistic; arrays may have more axes before that of the groups."""
    group = rates_of_sums(s.k, s.n, s.families, np.minimum(s.hits, s.misses), s.xx, s.xm, s.mm)
    rest = rates_of_sums(
        _clean(s.all_k - s.k),
        _clean(s.all_n - s.n),
        s.all_families - s.whole,
        np.minimum(s.all_hits - s.lost_hits, s.all_misses - s.lost_misses),
        s.XX - 2 * s.xX + s.xx,
        s.XM - s.xM - s.mX + s.xm,
        s.MM - 2 * s.mM + s.mm,
    )
    p, share = ratio(s.all_k, s.all_n), ratio(s.n, s.all_n)
    inner = s.xx - 2 * p * s.xm + p * p * s.mm
    across = s.xX - p * (s.xM + s.mX) + p * p * s.mM
    outer = s.XX - 2 * p * s.XM + p * p * s.MM
    clustered = (inner - 2 * share * across + share**2 * outer) * (s.all_families / np.maximum(s.all_families - 1.0, 1.0))
    return Sides(group, rest, score_z(group, rest, clustered))


def sides(who: Cells, successes: Floats, rows: Floats) -> Sides:
    """Shares of each group and of everyone else from row weights, with the score statistic; see the top of this file."""
    return sides_of(sums_of(who, successes, rows))


def whole_family_sides(who: Cells, successes: Floats, families: Floats) -> Sides:
    """Shares of families, where a family counts once for each group that it has a child in.

    Parameters
    ----------
    successes, families : array
        One entry a family: its weight in the numerator and in the denominator. Everyone else are the families with a child outside the
        group. A family is one unit, so there is no design effect and nothing is tested.
    """
    x, m = successes[who.family], families[who.family]
    only_here = who.whole
    present = np.bincount(who.family, minlength=who.n_families) > 0
    k, n = who.sums(x), who.sums(m)
    rest_k = _clean(float(successes[present].sum()) - who.sums(x * only_here))
    rest_n = _clean(float(families[present].sum()) - who.sums(m * only_here))
    ones = np.ones(who.n_groups)
    counts = who.sums((m > 0).astype(np.float64)), float((families[present] > 0).sum()) - who.sums(((m > 0) & only_here).astype(np.float64))
    group, rest = Rates(np.clip(k, 0.0, n), n, counts[0], ones), Rates(np.clip(rest_k, 0.0, rest_n), rest_n, counts[1], ones)
    return Sides(group, rest, np.full(who.n_groups, np.nan))


def _clean(values: Floats) -> Floats:
    """Differences of sums without the dust that subtracting leaves."""
    whole = np.round(values)
    return np.where(np.abs(values - whole) < CLOSE * np.maximum(np.abs(whole), 1.0), whole, values)
