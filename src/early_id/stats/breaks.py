"""Did a rate change at a date by more than chance allows, seasons and declared changes aside?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from early_id.stats.arrays import Ids, cluster_codes, labels, same_length


@dataclass(frozen=True)
class Change:
    """A rate before and after a date, compared within strata. NaN: no stratum has rows on both sides.

    ``ratio`` is the rate after, divided by the rate before, standardised to the strata (Mantel and Haenszel 1959).
    """

    z: float
    ratio: float
    before: float
    after: float


def stratified_change(y: ArrayLike, after: ArrayLike, strata: Ids, families: Ids) -> Change:
    """Score test of *the rate is the same before and after, in every stratum*, with family-clustered variance.

    Parameters
    ----------
    y : array of 1, 0 or NaN
        NaN rows are left out.
    after : array of bool
    strata, families : arrays of ids

    Notes
    -----
    The score is the sum over strata and rows of (a - ā)(y - p), a marking rows after the date, ā and p means within the stratum. Its
    variance is the larger of the one clustered by family (a family is followed over many dates, and outcome spans of neighbouring dates
    overlap) and the one for independent rows.
    """
    known, late = labels(y), np.asarray(after, dtype=bool)
    same_length(known, late, names="labels and dates")
    keep = ~np.isnan(known)
    known, late = known[keep], late[keep].astype(np.float64)
    (stratum, n_strata), (family, n_families) = cluster_codes(np.asarray(strata)[keep]), cluster_codes(np.asarray(families)[keep])
    size = np.bincount(stratum, minlength=n_strata)
    n_late = np.bincount(stratum, weights=late, minlength=n_strata)
    both = ((n_late > 0) & (n_late < size))[stratum]
    if not both.any():
        return Change(np.nan, np.nan, np.nan, np.nan)
    rate = np.bincount(stratum, weights=known, minlength=n_strata) / np.maximum(size, 1)
    share = n_late / np.maximum(size, 1)
    residual = np.where(both, (late - share[stratum]) * (known - rate[stratum]), 0.0)
    clustered = float((np.bincount(family, weights=residual, minlength=n_families) ** 2).sum())
    independent = float(np.where(both, ((late - share[stratum]) ** 2) * (rate * (1 - rate))[stratum], 0.0).sum())
    variance = max(clustered, independent)
    z = float(residual.sum() / np.sqrt(variance)) if independent > 0 else np.nan
    weight = 1.0 / np.maximum(size, 1)[stratum] * both
    top = float((weight * late * known * (size - n_late)[stratum]).sum())
    bottom = float((weight * (1 - late) * known * n_late[stratum]).sum())
    means = [float(known[both & (late == side)].mean()) for side in (0.0, 1.0)]
    return Change(z, top / bottom if bottom else np.nan, *means)
