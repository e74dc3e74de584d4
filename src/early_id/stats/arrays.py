"""Array types, and the checks every statistic makes before it counts anything.

Labels are 1, 0 or NaN, where NaN means *not yet known* and is never read as 0. Scores are finite numbers, or NaN for
somebody who cannot be ranked. Clusters are families, schools or anything else whose rows are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from early_id.core.errors import InputDataError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

#: Anything that names clusters: codes, ids, a pandas Series.
Ids: TypeAlias = Sequence[Any] | NDArray[Any] | ArrayLike


def floats(values: ArrayLike) -> Floats:
    """``values`` as a one-dimensional float array."""
    return np.ascontiguousarray(np.asarray(values, dtype=np.float64).ravel())


def cluster_codes(ids: Ids) -> tuple[Ints, int]:
    """Codes 0..k-1 for any ids, and how many there are; rows with equal ids share a code."""
    unique, codes = np.unique(np.asarray(ids), return_inverse=True)
    return codes.ravel().astype(np.int64), len(unique)


def labels(values: ArrayLike, *, name: str = "label") -> Floats:
    """Labels as 1, 0 or NaN.

    Raises
    ------
    InputDataError
        If any known label is neither 0 nor 1.
    """
    y = floats(values)
    if not bool(np.all(np.isnan(y) | (y == 0) | (y == 1))):
        raise InputDataError(
            "A label is neither 0 nor 1.",
            where=f"column '{name}'",
            what_next="Give 1 where the outcome happened, 0 where it did not, and leave it empty where it is not known yet.",
        )
    return y


def same_length(first: NDArray[Any], second: NDArray[Any], *, names: str) -> None:
    """Refuse arrays that cannot belong together: pairing by position must never hide a lost row."""
    if len(first) != len(second):
        raise InputDataError(
            f"Two columns that belong together differ in length: {len(first)} and {len(second)} rows.",
            where=names,
            what_next="Align them by row key before calling.",
        )


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> Floats:
    """``numerator / denominator``, NaN where there is nothing to divide by: never 0, never a warning."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64))
    out: Floats = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out
