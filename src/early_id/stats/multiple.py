"""Tests of one group against everyone else, corrected for how many are made, and what they could have seen.

The test is a score test: under 'no gap' both sides share one rate, and the difference is compared with the spread of family
sums of (g - ḡ)(y - p), g marking the group. Families, not children, are the independent units, which matters because whole
families are listed together: with rows treated as independent, false alarms are common in spite of Holm's correction (figures: README of ``audit``).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from early_id.stats.arrays import Floats, floats, ratio
from early_id.stats.intervals import normal_quantile
from early_id.stats.rates import Rates


def two_sided_p(z: ArrayLike) -> Floats:
    """Two-sided p-value of a standard normal statistic; NaN stays NaN."""
    return np.array([math.erfc(abs(v) / math.sqrt(2.0)) if not math.isnan(v) else math.nan for v in floats(z)])


def score_z(group: Rates, rest: Rates, clustered: Floats) -> Floats:
    """Score statistic of each group against everyone else.

    Parameters
    ----------
    group, rest : Rates
    clustered : array
        Variance of the score Σ(g - ḡ)(y - p) from its sums over families.

    Returns
    -------
    array
        Positive where the group's share is higher; NaN where a side is empty or nothing varies.

    Notes
    -----
    The variance is the largest of three: clustered by family, as if rows were independent, and from effective sizes. The
    first alone is too small where the group has few families, and siblings on both sides can make it smaller than for
    independent rows.
    """
    n1, n0 = group.n, rest.n
    n = n1 + n0
    p = ratio(group.successes + rest.successes, n)
    independent = np.nan_to_num(p * (1.0 - p)) * n1 * n0 / np.maximum(n, 1.0)
    # Var of the score = (n1·n0/n)² · p(1-p) · (d1/n1 + d0/n0).
    effective = independent * ratio(n0 * group.design_effect + n1 * rest.design_effect, n)
    variance = np.fmax(np.fmax(clustered, independent), effective)
    testable = (n1 > 0) & (n0 > 0) & (independent > 0)
    return np.where(testable, ratio(group.successes - p * n1, np.sqrt(np.where(testable, variance, 1.0))), np.nan)


def holm(p_values: ArrayLike) -> Floats:
    """Holm's adjusted p-values (Holm 1979); NaN entries (tests that could not be made) stay NaN and do not count.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = floats(p_values)
    out: Floats = np.full(len(p), np.nan)
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return out


def smallest_detectable(rate: ArrayLike, n_group: ArrayLike, n_rest: ArrayLike, *, alpha: float, power: float = 0.8) -> tuple[Floats, Floats]:
    """Smallest differences from everyone else that a test at ``alpha`` would find with this ``power``, one in each direction.

    Parameters
    ----------
    rate : array
        Rate of everyone else.
    n_group, n_rest : array
        Effective sizes.

    Returns
    -------
    higher, lower : array
        Signed: how far the group's rate would have to lie above (positive), and below (negative). They differ, since rates near 0 or 1 vary less.
        NaN where even a rate of 1, or of 0, would not be found so often.

    Notes
    -----
    Solves  d = z(1-α/2)·sqrt(p̄(1-p̄)(1/n1+1/n0)) + z(power)·sqrt(p1(1-p1)/n1 + p0(1-p0)/n0)  with p1 = p0 + d and p̄ the
    pooled rate (Fleiss, Levin and Paik 2003, ch. 4, unequal sizes, without continuity correction), by bisection.
    """
    p0, n1, n0 = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (rate, n_group, n_rest)))
    usable = (n1 > 0) & (n0 > 0) & ~np.isnan(p0)
    p0, n1, n0 = (np.where(usable, v, 0.5) for v in (np.clip(p0, 0.0, 1.0), n1, n0))
    z_alpha, z_power = normal_quantile(1.0 - alpha / 2.0), normal_quantile(power)

    def shortfall(d: Floats) -> Floats:
        """How far a true difference ``d`` falls short of being found; falls through 0 once as |d| grows."""
        p1 = np.clip(p0 + d, 0.0, 1.0)
        pooled = (n1 * p1 + n0 * p0) / (n1 + n0)
        real = p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0
        null = np.clip(pooled * (1.0 - pooled), 0.0, None) * (1.0 / n1 + 1.0 / n0)
        seen = real + (p1 - pooled) ** 2 / n1 + (p0 - pooled) ** 2 / n0
        gap: Floats = z_alpha * np.sqrt(np.maximum(null, seen)) + z_power * np.sqrt(real) - np.abs(d)
        return gap

    def solve(sign: float, room: Floats) -> Floats:
        low, high = np.zeros_like(room), room.copy()
        for _ in range(60):
            middle = (low + high) / 2.0
            short = shortfall(sign * middle) > 0
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return np.where(usable & (room > 0) & (shortfall(sign * room) <= 0), sign * high, np.nan)

    return solve(1.0, 1.0 - p0), solve(-1.0, p0)
