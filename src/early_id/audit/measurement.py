"""How things were recorded: what is not known, for whom less is on record, and who was ever looked at.

None of these is a fault of a list. Each is a reason why a list can treat children differently who are alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from early_id.audit.gaps import EVERYONE_ELSE
from early_id.audit.groups import NOT_KNOWN, Grouping
from early_id.audit.measures import MEASURES, Scored
from early_id.stats.arrays import Floats, Ints
from early_id.stats.cells import Sides, cells, sides
from early_id.stats.intervals import newcombe

MOVED_COLUMNS = (
    *("characteristic", "characteristic_label", "group", "measure", "measure_label", "not_known"),
    *("difference", "difference_low", "difference_high", "moved", "moved_low", "moved_high"),
)
SHARE_COLUMNS = (
    *("characteristic", "characteristic_label", "group", "what", "n", "families", "value", "low", "high", "comparator"),
    *("difference", "difference_low", "difference_high"),
)


def _gap(found: Sides, g: int) -> tuple[float, float, float]:
    """Difference from everyone else with its interval."""
    (low, high), (rest_low, rest_high) = found.group.interval(), found.rest.interval()
    d_low, d_high = newcombe(found.group.value, low, high, found.rest.value, rest_low, rest_high)
    return float((found.group.value - found.rest.value)[g]), float(d_low[g]), float(d_high[g])


def unknown_moved(scored: Scored, held: Sequence[Grouping], primary: Sequence[str]) -> pd.DataFrame:
    """How each gap would move if every child whose answer is *not known* belonged to that group.

    As it stands they are part of everyone else; the two figures are the ends between which the truth about the not known can move the gap.
    """
    rows = []
    for by in held:
        if NOT_KNOWN not in by.groups or len(by.groups) < 3:
            continue
        unknown = by.codes == by.groups.index(NOT_KNOWN)
        for name in primary:
            counted, among = MEASURES[name].counted(scored), MEASURES[name].among(scored)

            def gap(inside: np.ndarray, counted: Floats = counted, among: Floats = among) -> tuple[float, float, float]:
                return _gap(sides(cells(inside.astype(np.int64), scored.clusters, 2, scored.n_clusters), counted, among), 1)

            for g, group in enumerate(by.groups):
                if group == NOT_KNOWN:
                    continue
                as_is, moved = gap(by.codes == g), gap((by.codes == g) | unknown)
                label = MEASURES[name].label
                rows.append((by.name, by.label, group, name, label, int(unknown.sum()), *as_is, *moved))
    return pd.DataFrame(rows, columns=list(MOVED_COLUMNS))


def shares_by_group(held: Sequence[Grouping], clusters: Ints, n_clusters: int, part: Floats, whole: Floats, *, what: str) -> pd.DataFrame:
    """One share in each group against everyone else: values known, children ever looked at."""
    rows = []
    for by in held:
        found = sides(cells(by.codes, clusters, len(by.groups), n_clusters), part, whole)
        low, high = found.group.interval()
        for g, group in enumerate(by.groups):
            gap = _gap(found, g) if len(by.groups) > 1 else (np.nan,) * 3
            rates = found.group
            rows.append((by.name, by.label, group, what, rates.n[g], int(rates.families[g]), rates.value[g], low[g], high[g], EVERYONE_ELSE, *gap))
    return pd.DataFrame(rows, columns=list(SHARE_COLUMNS))
