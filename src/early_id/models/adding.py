"""Adding terms to a score, the same way everywhere; numpy only, so that a registered model is scored without scikit-learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def add_up(terms: Floats, baseline: float) -> Floats:
    """Baseline plus terms, added feature by feature in a fixed order.

    ``np.sum`` changes its order of addition with the memory layout; a loop over columns does not, so a row has the
    same score alone, in a batch, and in the database.
    """
    total = np.full(terms.shape[0], baseline, dtype=np.float64)
    for j in range(terms.shape[1]):
        total += terms[:, j]
    return total


def expit(score: Floats) -> Floats:
    """Logistic function without overflow."""
    from scipy.special import expit as scipy_expit

    result: Floats = scipy_expit(score)
    return result
