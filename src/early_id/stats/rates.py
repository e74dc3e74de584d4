"""Shares per group from rows that come in families, with how much each share really rests on.

The design effect of a share says how many times larger its variance is than if rows were independent. It is taken from family
totals by linearising the ratio (Kish 1965; Cochran 1977, ch. 6): with x and m a family's successes and rows, p = Σx/Σm,

    Var(p) = F/(F-1) · Σ(x - p·m)² / n²,   design effect = Var(p) / (p(1-p)/(n-1)),   n = Σm,

which is exactly 1 where every family has one row.

It is never below 1, so clustering can only widen an interval. With under 30 families the estimate is too noisy, and where every
row says the same it does not exist; then it is Σm²/Σm, the value for families that always agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from early_id.stats.arrays import Floats, Ints, floats, ratio
from early_id.stats.intervals import proportion_interval

#: Below this many families the design effect is not estimated.
FEW_FAMILIES = 30


@dataclass(frozen=True)
class Rates:
    """Shares, one entry per group. Counts may be fractional where a tie at the cut-off is shared out.

    Attributes
    ----------
    successes, n : array
        Rows that count, of rows looked at.
    families : array
        Families with at least one row looked at.
    design_effect : array
        NaN where nobody was looked at.
    """

    successes: Floats
    n: Floats
    families: Floats
    design_effect: Floats

    @property
    def value(self) -> Floats:
        """The shares; NaN where nobody was looked at."""
        return ratio(self.successes, self.n)

    @property
    def n_effective(self) -> Floats:
        """Rows that independent children would need to be to tell as much."""
        return ratio(self.n, np.where(np.isnan(self.design_effect), 1.0, self.design_effect))

    def interval(self, *, level: float = 0.95) -> tuple[Floats, Floats]:
        """Interval of each share on effective sizes."""
        return proportion_interval(self.successes, self.n, self.design_effect, level=level)


def family_totals(values: ArrayLike, groups: Ints, clusters: Ints, n_groups: int, n_clusters: int) -> Floats:
    """Sum of ``values`` per family (rows) and group (columns)."""
    cell = clusters * n_groups + groups
    flat = np.bincount(cell, weights=floats(values), minlength=n_clusters * n_groups).astype(np.float64)
    return flat.reshape(n_clusters, n_groups)


def design_effect_of_totals(successes: Floats, rows: Floats) -> Floats:
    """Design effect per column from family totals (families × groups); see the top of this file."""
    n, x = rows.sum(axis=0), successes.sum(axis=0)
    families = (rows > 0).sum(axis=0).astype(np.float64)
    p = ratio(x, n)
    residual = ((successes - p * rows) ** 2).sum(axis=0)
    variance = ratio(residual * ratio(families, families - 1.0), n**2)
    estimated = ratio(variance * (n - 1.0), p * (1.0 - p))
    all_or_none = ratio((rows**2).sum(axis=0), n)
    effect = np.where((families < FEW_FAMILIES) | np.isnan(estimated), all_or_none, estimated)
    return np.maximum(effect, 1.0)


def design_effect(values: ArrayLike, clusters: Ints) -> float:
    """Design effect of the mean of 0/1 ``values`` whose rows come in ``clusters``.

    Examples
    --------
    >>> import numpy as np
    >>> design_effect(np.repeat([1, 0], 60), np.repeat(np.arange(60), 2)) > 1.9  # pairs that always agree
    True
    """
    one = np.zeros(len(clusters), dtype=np.int64)
    _, codes = np.unique(clusters, return_inverse=True)
    n = int(codes.max()) + 1 if len(codes) else 0
    totals = family_totals(values, one, codes.astype(np.int64), 1, n)
    rows = family_totals(np.ones(len(clusters)), one, codes.astype(np.int64), 1, n)
    return float(design_effect_of_totals(totals, rows)[0])


def rates_of_totals(successes: Floats, rows: Floats) -> Rates:
    """`Rates` per column of family totals (families × groups)."""
    return Rates(
        successes=successes.sum(axis=0),
        n=rows.sum(axis=0),
        families=(rows > 0).sum(axis=0).astype(np.float64),
        design_effect=design_effect_of_totals(successes, rows),
    )
