"""How sure a logistic coefficient is, with children of one family counted as one: for analysts, beside a scorecard or a penalised model.

A penalty pulls coefficients towards nought, so intervals around penalised ones say nothing about the effect. This is a refit without a
penalty. Its errors are the sandwich of Huber (1967) and White (1982) with scores summed by family (Liang and Zeger 1986), so brothers and
sisters, and a child's several dates, may be as alike as they like.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from early_id.core.errors import InputDataError
from early_id.models.adding import Floats, expit
from early_id.stats.arrays import cluster_codes
from early_id.stats.intervals import normal_quantile

#: Outcomes, and rows without the outcome, on which a coefficient for *unknown* has to rest.
ENOUGH = 10
#: Newton steps, and the largest step in standardised log-odds at which they end.
STEPS, SMALL = 50, 1e-8
#: Standardised coefficients beyond this are on their way to infinity: a column tells the outcomes apart.
APART = 30.0


def family_robust(X: pd.DataFrame, y: Any, family: Any, *, level: float = 0.95) -> pd.DataFrame:
    """Coefficients of a logistic regression without a penalty, with family-robust intervals.

    Parameters
    ----------
    X : DataFrame, shape (n, features)
        NaN is unknown: such a feature has a coefficient of its own for *unknown*, shared with features that are unknown for the same rows.
        Where that would rest on fewer than :data:`ENOUGH` outcomes, unknown is neutral.
    y : array, shape (n,)
        1 or 0.
    family : array, shape (n,)
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        One row a feature (per unit of its value), then one for each pattern of *unknown*: ``coefficient``, ``error``, ``low``, ``high`` in
        log-odds. A constant feature has NaN.

    Raises
    ------
    InputDataError
        One outcome class only; fewer outcomes, or fewer families, than coefficients; columns that repeat one another or tell the outcomes apart.
    """
    y = np.asarray(y, dtype=np.float64)
    names, D, scale = _design(X, y)
    codes, families = cluster_codes(np.asarray(family))
    ones, k = int(y.sum()), D.shape[1]
    if ones in (0, len(y)):
        raise InputDataError.one_class("outcome", positives=ones, rows=len(y))
    if min(ones, len(y) - ones, families) < k:
        raise InputDataError(
            f"{k} coefficients cannot be estimated without a penalty from {min(ones, len(y) - ones):,} outcomes in {families:,} families.",
            what_next="Name fewer features, or add earlier dates.",
        )
    beta, bread = _newton(D, y)
    p = expit(D @ beta)
    # A row that pulls the fit towards itself shows too small a residual: MacKinnon and White's (1985) third correction.
    leverage = np.einsum("ij,jk,ik->i", D, bread, D) * p * (1 - p)
    scores = D * ((y - p) / (1 - np.minimum(leverage, 0.99)))[:, None]
    summed = np.zeros((families, k))
    np.add.at(summed, codes, scores)
    variance = bread @ (summed.T @ summed) @ bread * families / (families - 1)
    error = np.sqrt(np.diag(variance)) / scale
    beta = beta / scale
    z = normal_quantile(0.5 + level / 2)
    found = pd.DataFrame({"coefficient": beta, "error": error, "low": beta - z * error, "high": beta + z * error}, index=names).iloc[1:]
    order = [*X.columns, *(name for name in found.index if name not in X.columns)]
    return found.reindex(order)


def _design(X: pd.DataFrame, y: Floats) -> tuple[list[str], Floats, Floats]:
    """Names, standardised columns with an intercept first, and what each was divided by."""
    values = X.to_numpy(dtype=np.float64)
    unknown = np.isnan(values)
    known = np.maximum((~unknown).sum(axis=0), 1)
    mean = np.where(unknown, 0.0, values).sum(axis=0) / known
    centred = np.where(unknown, 0.0, values - mean)
    spread = np.sqrt((centred**2).mean(axis=0))
    varies = np.flatnonzero(spread > 1e-12 * np.maximum(np.abs(mean), 1.0))
    names = ["intercept", *(str(X.columns[j]) for j in varies)]
    columns, scale = [np.ones(len(X)), *(centred[:, j] / spread[j] for j in varies)], [1.0, *spread[varies]]
    patterns: list[tuple[NDArray[np.bool_], list[str]]] = []
    for j in np.flatnonzero(~unknown.all(axis=0)):
        mask = unknown[:, j]
        same = [shared for other, shared in patterns if _hardly(mask ^ other, y)]
        if same:
            same[0].append(str(X.columns[j]))
        elif not _hardly(mask, y):
            patterns.append((mask, [str(X.columns[j])]))
    for mask, shared in patterns:
        names.append(f"unknown: {', '.join(shared)}")
        columns.append(mask.astype(np.float64))
        scale.append(1.0)
    return names, np.column_stack(columns), np.asarray(scale)


def _hardly(rows: NDArray[np.bool_], y: Floats) -> bool:
    """Whether so few of the rows had the outcome, or had it not, that nothing can be said of them."""
    ones = float(y[rows].sum())
    return min(ones, float(rows.sum()) - ones) < ENOUGH


def _newton(D: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Coefficients and the inverse of the information."""
    share = float(y.mean())
    beta = np.zeros(D.shape[1])
    beta[0] = np.log(share / (1 - share))
    for _ in range(STEPS):
        p = expit(D @ beta)
        information = D.T @ (D * (p * (1 - p))[:, None])
        if np.linalg.cond(information) > 1e12:
            _refuse("Columns repeat one another, or one of them tells the outcomes apart")
        step = np.linalg.solve(information, D.T @ (y - p))
        # Steps are held back where the curve is far from a parabola; the end does not depend on it.
        beta = beta + step / max(1.0, float(np.abs(step).max()) / 2)
        if np.abs(beta).max() > APART:
            break
        if np.abs(step).max() < SMALL:
            return beta, np.asarray(np.linalg.inv(information), dtype=np.float64)
    return _refuse("A column tells the outcomes apart")


def _refuse(what: str) -> Any:
    raise InputDataError(f"{what}, so coefficients without a penalty are not defined.", what_next="Leave out what repeats, or use a penalised model.")
