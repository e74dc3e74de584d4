"""Two lists of the same children side by side: what changes, with intervals that know that they are the same children.

Differences are family sums of the linearised change, lists taken as given: the same families stand on most of both lists, so a paired
interval is far narrower than that of either figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from early_id.stats.arrays import Bools, Floats, Ints
from early_id.stats.intervals import normal_quantile


@dataclass(frozen=True)
class Change:
    """A paired difference with its 95 % interval; NaN where nobody is counted."""

    value: float
    low: float
    high: float


def share_pull(part: Floats, among: Bools) -> tuple[float, Floats]:
    """Mean of ``part`` over ``among``, and how much each row pulls it."""
    n = int(among.sum())
    if not n:
        return np.nan, np.zeros(len(part))
    mean = float(part[among].sum() / n)
    return mean, np.where(among, (part - mean) / n, 0.0)


def spread(pull: Floats, family: Ints) -> float:
    """Standard error from family sums."""
    sums = np.bincount(family, weights=pull)
    families = max(len(np.unique(family)), 2)
    return float(np.sqrt((sums**2).sum() * families / (families - 1)))


def share_change(before: Floats, after: Floats, among: Bools, family: Ints) -> Change:
    """How a share (of those missed, of those listed) changes between two lists."""
    value, pull = share_pull(after - before, among)
    half = normal_quantile(0.975) * spread(pull, family)
    return Change(value, value - half, value + half)


def gap_change(before: Floats, after: Floats, among: Bools, inside: Bools, family: Ints) -> tuple[float, float, Change]:
    """Gap between a group and everyone else before and after, and its paired change."""
    gaps = [share_pull(part, among & inside)[0] - share_pull(part, among & ~inside)[0] for part in (before, after)]
    own, pull = share_pull(after - before, among & inside)
    other, rest_pull = share_pull(after - before, among & ~inside)
    half = normal_quantile(0.975) * spread(pull - rest_pull, family)
    return gaps[0], gaps[1], Change(own - other, own - other - half, own - other + half)
