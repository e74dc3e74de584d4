"""Forms that are fitted to find the ceiling: sufficient statistics of the signs, least squares, a logistic model, a curve with knots."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Small = npt.NDArray[np.float32]


def design(X: Small, names: tuple[str, ...], marked: npt.NDArray[np.bool_]) -> Small:
    """Sufficient statistics of the signs, shape (rows, 1 + transforms): unknown answers are 0, beside a column that marks them where ``marked``."""
    columns: list[Small] = [np.ones(len(X), dtype=np.float32)]
    for number, name in enumerate(names):
        values = X[:, number]
        unknown = np.isnan(values)
        if marked[number]:
            columns.append(unknown.astype(np.float32))
        columns += [np.where(unknown, 0, transform).astype(np.float32) for transform in _transforms(name, values)]
    return np.stack(columns, axis=1)


def _transforms(name: str, values: Small) -> list[Small]:
    if "_share_" in name:
        return [values, np.log(values + 0.004), np.sqrt(values)]
    if name.startswith("days_since"):
        return [np.exp(-values / 60), np.exp(-values / 400)]
    if name.startswith("absence_change"):
        return [values, np.abs(values)]
    if name.startswith(("absence_longest", "absence_days")):
        return [values, np.log1p(values)]
    if "count" in name or "notices" in name or name.startswith(("suspen", "sibling", "youth", "home")):
        return [values, np.minimum(values, 1), np.log1p(values)]
    return [values]


def own_columns(some: Small) -> npt.NDArray[np.int64]:
    """Columns that say something of their own: not constant, and not a copy of an earlier one."""
    kept, seen = [0], set()
    for number in range(1, some.shape[1]):
        key = some[:, number].tobytes()
        if some[:, number].std() > 0 and key not in seen:
            kept.append(number)
            seen.add(key)
    return np.array(kept)


def curve_of(fitted_need: Floats, knots: Floats) -> Small:
    """Knots along the fitted need."""
    return np.maximum(fitted_need[:, None] - knots[None, :], 0).astype(np.float32)


def least_squares(Z: Small, need: Small) -> Floats:
    """Least squares, with a ridge too small to matter."""
    product = (Z.T @ Z).astype(np.float64)
    return np.asarray(np.linalg.solve(product + np.eye(len(product)), (Z.T @ need).astype(np.float64)), dtype=np.float64)


def logistic(Z: Small, y: npt.NDArray[np.bool_], ridge: float = 1.0) -> Floats:
    """Coefficients of a logistic model by Newton's method with halved steps, and a ridge too small to matter at this size."""
    scale = Z.std(axis=0).astype(np.float64)
    scale[scale == 0] = 1
    penalty = np.full(Z.shape[1], ridge)
    penalty[0] = 0

    def loss(beta: Floats) -> float:
        total = float(penalty @ beta**2) / 2
        for start in range(0, len(Z), 100_000):
            score = Z[start : start + 100_000] @ (beta / scale)
            total += float(np.sum(np.logaddexp(0, score) - y[start : start + 100_000] * score))
        return total

    beta = np.zeros(Z.shape[1])
    beta[0] = np.log(y.mean() / (1 - y.mean())) * scale[0]
    now = loss(beta)
    for _ in range(40):
        slope, curve = np.zeros(len(beta)), np.zeros((len(beta), len(beta)))
        for start in range(0, len(Z), 100_000):
            part = Z[start : start + 100_000] / scale
            chance = expit(part @ beta)
            slope += part.T @ (y[start : start + 100_000] - chance)
            curve += (part * (chance * (1 - chance))[:, None]).T @ part
        step = np.linalg.solve(curve + np.diag(penalty + 1e-9), slope - penalty * beta)
        while (then := loss(beta + step)) > now and np.abs(step).max() > 1e-9:
            step /= 2
        beta, before, now = beta + step, now, then
        if before - now < 1e-9 * before:
            break
    return np.asarray(beta / scale, dtype=np.float64)


def expit(values: Floats) -> Floats:
    """Chance from log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -30, 30))), dtype=np.float64)
