"""One row a list: places, families, who is missed there, and how many tie at the last place."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.audit.groups import Grouping
from early_id.audit.measures import MEASURES, Scored
from early_id.stats.arrays import Floats
from early_id.stats.cells import cells, sides

TIE_RULE = (
    "Families that tie at the last place share what is left of the places, so every figure is the expected one over all ways to break the "
    "tie; the lists themselves break it by a keyed hash of the family, which has nothing to do with who they are."
)

COLUMNS = (
    *("recipient", "children", "families", "places", "families_listed", "families_tied", "children_listed", "with_outcome", "missed"),
    *("missed_share", "missed_low", "missed_high", "precision", "precision_low", "precision_high"),
)


def lists_table(scored: Scored, names: Grouping | None, places: Floats | None, on_own: Floats | None = None) -> pd.DataFrame:
    """One row a school's or hub's list, in order of name; one row in all where there is one list over everybody.

    Families listed are those on this list; a child is missed only if its family is on no list at all.

    Parameters
    ----------
    places : array, optional
        Places of the list of each row.
    on_own : array, optional
        Share of tie-breaks in which the row's family stands on the row's own list; as ``scored.listed`` where there is one list.
    """
    by = names or Grouping("all", "All", ("one list over everybody",), np.zeros(len(scored.y), dtype=np.int64))
    who = cells(by.codes, scored.clusters, len(by.groups), scored.n_clusters)
    share = np.zeros(len(who.group))
    np.maximum.at(share, who.of_row, scored.listed if on_own is None else on_own)
    missed, right = (sides(who, MEASURES[m].counted(scored), MEASURES[m].among(scored)).group for m in ("missed_share", "precision"))
    (missed_low, missed_high), (right_low, right_high) = missed.interval(), right.interval()
    each = np.full(len(by.groups), np.nan)
    if places is not None:
        each[by.codes] = places
    return pd.DataFrame(
        {
            "recipient": list(by.groups),
            "children": np.bincount(by.codes, minlength=len(by.groups)),
            "families": who.sums(np.ones(len(who.group), dtype=np.float64)).astype(int),
            "places": each,
            "families_listed": who.sums(share),
            "families_tied": who.sums(((share > 0) & (share < 1)).astype(np.float64)).astype(int),
            "children_listed": who.sums(who.totals(scored.listed)),
            "with_outcome": missed.n.astype(int),
            "missed": missed.successes,
            "missed_share": missed.value,
            "missed_low": missed_low,
            "missed_high": missed_high,
            "precision": right.value,
            "precision_low": right_low,
            "precision_high": right_high,
        },
        columns=list(COLUMNS),
    )
