"""Resampling of counts: rows fall into a few cells, so a resample is a new set of counts and nothing has to be copied.

By row, counts are multinomial. By family, each family gets a Poisson(1) weight (`early_id.stats.resample`), and families with the same counts
cannot be told apart: the weights of K of them add up to Poisson(K). So it is enough to draw one number for each *pattern* of counts, of
which 100,000 families have a few hundred or thousand. Both are the bootstrap itself, not an approximation of it.
"""

from __future__ import annotations

import numpy as np

from early_id.core.errors import InputDataError
from early_id.stats.arrays import Floats, Ids, Ints, cluster_codes

#: Numbers drawn at once: 64 MB.
DRAWN_AT_ONCE = 8_000_000


def resampled_counts(cells: Ints, n_cells: int, *, clusters: Ids | None = None, resamples: int, seed: int) -> Floats:
    """Counts of each cell in each resample (resamples × cells).

    Parameters
    ----------
    cells : array of int
        Cell of each row, from 0.
    clusters : array of ids, optional
        Family or school of each row; rows are drawn one by one without it.

    Examples
    --------
    >>> import numpy as np
    >>> drawn = resampled_counts(np.array([0, 0, 1]), 2, resamples=4, seed=1)
    >>> drawn.sum(axis=1).tolist()
    [3.0, 3.0, 3.0, 3.0]
    """
    if len(cells) and not 0 <= cells.min() <= cells.max() < n_cells:
        raise InputDataError("A cell lies outside the table.", where="resampling of counts", what_next="Number cells from 0.")
    rng = np.random.default_rng(seed)
    total = np.bincount(cells, minlength=n_cells).astype(np.float64)
    if clusters is None:
        return rng.multinomial(len(cells), total / max(total.sum(), 1.0), size=resamples).astype(np.float64)
    patterns, times = cluster_patterns(cells, clusters, n_cells)
    out = np.empty((resamples, n_cells))
    step = max(1, DRAWN_AT_ONCE // max(len(times), 1))
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        out[start : start + size] = rng.poisson(times, size=(size, len(times))) @ patterns
    return out


def cluster_patterns(cells: Ints, clusters: Ids, n_cells: int) -> tuple[Floats, Floats]:
    """The different sets of counts that clusters have (patterns × cells), and how many clusters have each."""
    codes, n = cluster_codes(clusters)
    # A cluster is told by its sorted cells; a random number for each cell makes that one sum (Zobrist 1970).
    marks = np.random.default_rng(1).integers(0, 2**64, n_cells, dtype=np.uint64)
    sums = np.zeros(n, dtype=np.uint64)
    np.add.at(sums, codes, marks[cells])
    _, first, times = np.unique(sums, return_index=True, return_counts=True)
    place = np.full(n, -1)
    place[first] = np.arange(len(first))
    shown = place[codes] >= 0
    flat = np.bincount(place[codes[shown]] * n_cells + cells[shown], minlength=len(first) * n_cells)
    return flat.reshape(len(first), n_cells).astype(np.float64), times.astype(np.float64)
