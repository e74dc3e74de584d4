"""Observed against expected: does 30 % mean 30 %?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from early_id.stats.arrays import Floats, Ids, cluster_codes, floats, labels, ratio, same_length
from early_id.stats.rates import Rates, family_totals, rates_of_totals


def observed_expected_of(rates: Rates, expected: Floats, *, level: float = 0.95) -> tuple[Floats, Floats, Floats]:
    """Ratio, lower and upper end per group, from outcome rates and the sum of probabilities over the same rows.

    The expected number is taken as given, so the interval is that of the outcome rate, divided by the mean probability.
    1 means as often as expected, above 1 more often. NaN where nothing was expected.
    """
    low, high = rates.interval(level=level)
    scale = ratio(rates.n, expected)
    return ratio(rates.successes, expected), low * scale, high * scale


def observed_expected(y: ArrayLike, probability: ArrayLike, clusters: Ids | None = None) -> tuple[float, float, float]:
    """Outcomes seen, divided by outcomes expected, with its interval; rows with unknown labels are left out.

    Examples
    --------
    >>> observed_expected([1, 0, 0, 1], [0.5, 0.25, 0.25, 0.0])[0]
    2.0
    """
    known, p = labels(y), floats(probability)
    same_length(known, p, names="labels and probabilities")
    keep = ~np.isnan(known)
    ids = np.arange(len(known)) if clusters is None else np.asarray(clusters)
    codes, n = cluster_codes(ids[keep])
    group = np.zeros(int(keep.sum()), dtype=np.int64)
    rates = rates_of_totals(family_totals(known[keep], group, codes, 1, n), family_totals(np.ones(len(group)), group, codes, 1, n))
    value, low, high = observed_expected_of(rates, np.array([p[keep].sum()]))
    return float(value[0]), float(low[0]), float(high[0])
