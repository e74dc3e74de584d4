"""Tables that share one total, as they may be published: groups by steps, of which each row is in exactly one.

Every table divides the same contacts in another way, so a total that one table hides must not stand in another. Totals are decided first, over all
tables; then in each table no row and no column is left with exactly one hidden cell (the rule of :mod:`early_id.present.disclosure`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from early_id.present.disclosure import HIDDEN, Shown, is_small, round_count

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PublishedTable:
    """Counts of groups (rows) by steps (columns), with the group's total last; ``hidden`` has the same shape."""

    groups: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    hidden: Flags

    def cell(self, row: int, column: int) -> Shown:
        """One cell as it may be shown."""
        return HIDDEN if self.hidden[row, column] else round_count(int(self.counts[row, column]))

    def row(self, row: int) -> list[Shown]:
        """One group's cells, its total last."""
        return [self.cell(row, column) for column in range(self.counts.shape[1])]


def hidden_totals(totals: Sequence[int]) -> Flags:
    """Which of the steps' totals are hidden, where the sum of all is shown."""
    hide = np.array([is_small(int(count)) for count in totals])
    return _not_alone(hide, np.asarray(totals), blocked=np.zeros(len(hide), dtype=bool))


def publish(groups: Sequence[str], counts: npt.ArrayLike, totals_hidden: Flags) -> PublishedTable:
    """One table under totals that stand beside it.

    Parameters
    ----------
    counts : array (groups × steps)
    totals_hidden : array of bool
        Of each step: such a column is hidden throughout, because its cells would give the total away.
    """
    inner = np.asarray(counts, dtype=np.int64).reshape(len(groups), len(totals_hidden))
    full = np.column_stack([inner, inner.sum(axis=1)])
    hide = np.vectorize(lambda n: is_small(int(n)), otypes=[bool])(full) if full.size else np.zeros(full.shape, dtype=bool)
    hide[:, :-1] |= totals_hidden[None, :]
    none = np.zeros(len(groups), dtype=bool)
    before = -1
    while (now := int(hide.sum())) != before:
        before = now
        hide[:, -1] = _not_alone(hide[:, -1], full[:, -1], blocked=none)
        hide[hide[:, -1]] = True  # a group of which the size is hidden shows nothing
        for column in np.flatnonzero(~totals_hidden):
            hide[:, column] = _not_alone(hide[:, column], full[:, column], blocked=none)
        for row in range(len(groups)):
            hide[row, :-1] = _not_alone(hide[row, :-1], full[row, :-1], blocked=totals_hidden)
    return PublishedTable(tuple(groups), full, hide)


def _not_alone(hide: Flags, counts: npt.NDArray[np.int64], *, blocked: Flags) -> Flags:
    """Hide a second cell where exactly one is hidden: the smallest that is left, a nought only where there is nothing else."""
    own = hide & ~blocked
    if own.sum() + (hide & blocked).sum() != 1:
        return hide
    left = [i for i in range(len(hide)) if not hide[i]]
    if left:
        hide = hide.copy()
        hide[min(left, key=lambda i: (counts[i] == 0, counts[i], i))] = True
    return hide
