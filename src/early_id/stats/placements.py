"""AUC with an interval in closed form, for rows that come in families.

A row with the outcome is placed by the share of rows without it that it ranks above (ties count half), and the reverse; AUC is the mean
placement, and its variance follows from family sums of the placements about their mean (Obuchowski 1997, Biometrics 53:567; DeLong and
others 1988 for independent rows). The interval is made on the log-odds scale, so that it stays between 0 and 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from early_id.stats.arrays import Floats, Ids, cluster_codes, floats, labels, same_length
from early_id.stats.intervals import normal_quantile

#: With fewer rows than this on either side the interval would promise too much.
FEWEST = 10


def _ranks(values: Floats) -> Floats:
    """Ranks from 1, ties at their mean."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    mean: Floats = (np.cumsum(count) - (count - 1) / 2.0)[place.ravel()]
    return mean


def clustered_auc(y: ArrayLike, score: ArrayLike, clusters: Ids, *, level: float = 0.95) -> tuple[float, float, float]:
    """AUC and its interval; NaN where a side is empty, and no interval with fewer than ten rows on a side or where nothing varies.

    Examples
    --------
    >>> clustered_auc([1, 0, 0, 1], [0.9, 0.9, 0.1, 0.5], [1, 2, 3, 4])[0]
    0.625
    """
    known, value = labels(y), floats(score)
    same_length(known, value, names="labels and scores")
    keep = ~np.isnan(known) & ~np.isnan(value)
    known, value = known[keep], value[keep]
    codes, families = cluster_codes(np.asarray(clusters)[keep]) if keep.any() else (np.zeros(0, dtype=np.int64), 0)
    yes = known == 1
    n1, n0 = int(yes.sum()), int((~yes).sum())
    if not n1 or not n0:
        return math.nan, math.nan, math.nan
    ranks = _ranks(value)
    above = (ranks[yes] - _ranks(value[yes])) / n0
    below = 1.0 - (ranks[~yes] - _ranks(value[~yes])) / n1
    area = float(above.mean())
    sums = np.zeros(families)
    np.add.at(sums, codes[yes], (above - area) / n1)
    np.add.at(sums, codes[~yes], (below - area) / n0)
    variance = float((sums**2).sum()) * families / max(families - 1, 1)
    if min(n1, n0) < FEWEST or not 0.0 < area < 1.0 or variance <= 0.0:
        return area, math.nan, math.nan
    middle = math.log(area / (1.0 - area))
    half = normal_quantile(0.5 + level / 2.0) * math.sqrt(variance) / (area * (1.0 - area))
    return area, 1.0 / (1.0 + math.exp(half - middle)), 1.0 / (1.0 + math.exp(-half - middle))
