"""Every group against everyone else in one pass, from sums over the families that a group really has.

A table of families × groups is nearly all zeros: 60,000 families in 200 crossed groups hold 12 million cells, of which 100,000 are
filled. Shares, design effects and the score statistic of `early_id.stats.multiple` need only sums of squares and products of family
totals, and those of everyone else follow by subtraction: with x and m a family's successes and rows in the group, X and M those of the
whole family,

    Σ(X - x)² = ΣX² - 2·ΣxX + Σx²,   and alike for the other sums.

The figures equal `rates_of_totals` and `score_z` on the full table (``pytest tests/property/test_stats_properties.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from early_id.stats.arrays import Bools, Floats, Ints, ratio
from early_id.stats.rates import FEW_FAMILIES, Rates

#: Sums of fractional places closer to a whole number than this are that number.
_CLOSE = 1e-9


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


def sides(who: Cells, successes: Floats, rows: Floats) -> Sides:
    """Shares of each group and of everyone else from row weights, with the score statistic; see the top of this file.

    Parameters
    ----------
    successes, rows : array
        Weight of each row in the numerator and in the denominator of the share.
    """
    x, m = who.totals(successes), who.totals(rows)
    X = np.bincount(who.family, weights=x, minlength=who.n_families)
    M = np.bincount(who.family, weights=m, minlength=who.n_families)
    Xc, Mc = X[who.family], M[who.family]
    k, n = who.sums(x), who.sums(m)
    xx, xm, mm = who.sums(x * x), who.sums(x * m), who.sums(m * m)
    xX, xM, mX, mM = who.sums(x * Xc), who.sums(x * Mc), who.sums(m * Xc), who.sums(m * Mc)
    all_k, all_n, XX, XM, MM = X.sum(), M.sum(), (X * X).sum(), (X * M).sum(), (M * M).sum()
    families = who.sums((m > 0).astype(np.float64))
    everywhere = float((M > 0).sum())
    group = _rates(k, n, families, xx, xm, mm)
    rest = _rates(
        _clean(all_k - k),
        _clean(all_n - n),
        everywhere - who.sums(((m > 0) & (np.abs(m - Mc) < _CLOSE)).astype(np.float64)),
        XX - 2 * xX + xx,
        XM - xM - mX + xm,
        MM - 2 * mM + mm,
    )
    p = float(ratio(all_k, all_n))
    share = ratio(n, all_n)
    inner = xx - 2 * p * xm + p * p * mm
    across = xX - p * (xM + mX) + p * p * mM
    outer = XX - 2 * p * XM + p * p * MM
    clustered = (inner - 2 * share * across + share**2 * outer) * (everywhere / max(everywhere - 1.0, 1.0))
    independent = p * (1.0 - p) * n * rest.n / max(all_n, 1.0)
    effective = independent * ratio(rest.n * group.design_effect + n * rest.design_effect, np.full(len(n), all_n))
    variance = np.fmax(np.fmax(clustered, independent), effective)
    testable = (n > 0) & (rest.n > 0) & (independent > 0)
    z = np.where(testable, ratio(k - p * n, np.sqrt(np.where(testable, variance, 1.0))), np.nan)
    return Sides(group, rest, z)


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
    return np.where(np.abs(values - whole) < _CLOSE * np.maximum(np.abs(whole), 1.0), whole, values)


def _rates(k: Floats, n: Floats, families: Floats, xx: Floats, xm: Floats, mm: Floats) -> Rates:
    """`Rates` with the design effect of `early_id.stats.rates`, from sums of squares and products."""
    k = np.clip(k, 0.0, n)
    p = ratio(k, n)
    residual = np.clip(xx - 2 * p * xm + p * p * mm, 0.0, None)
    variance = ratio(residual * ratio(families, families - 1.0), n**2)
    spread = np.where((k > _CLOSE) & (n - k > _CLOSE), p * (1.0 - p), 0.0)
    estimated = ratio(variance * (n - 1.0), spread)
    effect = np.where((families < FEW_FAMILIES) | np.isnan(estimated), ratio(mm, n), estimated)
    return Rates(k, n, families, np.maximum(effect, 1.0))
