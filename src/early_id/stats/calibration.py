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


def calibration_slope(y: ArrayLike, probability: ArrayLike, clusters: Ids | None = None, *, level: float = 0.95) -> tuple[float, float, float]:
    """Slope of the outcome on the log-odds of its probability, with its interval (Cox 1958); rows with unknown labels are left out.

    1 is right; below 1 the high probabilities are too high and the low ones too low. The interval is that of a logistic regression
    with a variance that is robust to families. NaN where there is one outcome only, or one probability only.
    """
    from early_id.stats.intervals import normal_quantile

    known, p = labels(y), np.clip(floats(probability), 1e-9, 1 - 1e-9)
    same_length(known, p, names="labels and probabilities")
    keep = ~np.isnan(known)
    known, z = known[keep], np.log(p[keep] / (1 - p[keep]))
    nothing = (float("nan"), float("nan"), float("nan"))
    if not 0 < known.sum() < len(known) or np.ptp(z) < 1e-9:
        return nothing
    codes, n = cluster_codes((np.arange(len(p)) if clusters is None else np.asarray(clusters))[keep])
    X, weights = np.column_stack([np.ones(len(z)), z]), np.array([np.log(known.mean() / (1 - known.mean())), 0.0])
    for _ in range(100):
        fitted = 1 / (1 + np.exp(-np.clip(X @ weights, -500, 500)))
        inverse = np.linalg.pinv((X * (fitted * (1 - fitted))[:, None]).T @ X)
        step = inverse @ (X.T @ (known - fitted))
        weights = weights + step
        if np.max(np.abs(step)) < 1e-8:
            break
    else:  # the scores separate the outcomes, so that no finite slope fits
        return nothing
    scores = np.zeros((n, 2))
    np.add.at(scores, codes, X * (known - fitted)[:, None])
    error = float(np.sqrt((inverse @ scores.T @ scores @ inverse)[1, 1])) * normal_quantile(0.5 + level / 2)
    return float(weights[1]), float(weights[1]) - error, float(weights[1]) + error


def calibration_intercept(y: ArrayLike, probability: ArrayLike, clusters: Ids | None = None, *, level: float = 0.95) -> tuple[float, float, float]:
    """Shift in log-odds that would make as many outcomes expected as were seen, with its interval; rows with unknown labels are left out.

    0 is right; above 0 need was seen more often than expected. *Calibration in the large* (Steyerberg 2019): the intercept of a logistic
    regression with the log-odds as offset, its variance robust to families. NaN where there is one outcome only.
    """
    from early_id.stats.intervals import normal_quantile

    known, p = labels(y), np.clip(floats(probability), 1e-9, 1 - 1e-9)
    same_length(known, p, names="labels and probabilities")
    keep = ~np.isnan(known)
    known, z = known[keep], np.log(p[keep] / (1 - p[keep]))
    if not 0 < known.sum() < len(known):
        return (float("nan"), float("nan"), float("nan"))
    codes, n = cluster_codes((np.arange(len(p)) if clusters is None else np.asarray(clusters))[keep])
    shift = 0.0
    for _ in range(100):
        fitted = 1 / (1 + np.exp(-np.clip(z + shift, -500, 500)))
        information = float((fitted * (1 - fitted)).sum())
        # A step of at most 2 keeps Newton's method from running off where nearly every probability is near 0 or 1.
        step = float(np.clip((known - fitted).sum() / max(information, 1e-12), -2.0, 2.0))
        shift += step
        if abs(step) < 1e-10:
            break
    scores = np.bincount(codes, weights=known - fitted, minlength=n)
    error = float(np.sqrt((scores**2).sum())) / information * normal_quantile(0.5 + level / 2)
    return shift, shift - error, shift + error
