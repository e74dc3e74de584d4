"""How things were recorded: for whom less is on record, and who was ever looked at.

None of these is a fault of a list. Each is a reason why a list can treat children differently who are alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from early_id.audit.gaps import EVERYONE_ELSE
from early_id.audit.groups import Grouping
from early_id.stats.arrays import Floats, Ints
from early_id.stats.cells import Sides, cells, sides
from early_id.stats.intervals import newcombe

SHARE_COLUMNS = (
    *("characteristic", "characteristic_label", "group", "what", "n", "families", "value", "low", "high", "comparator"),
    *("difference", "difference_low", "difference_high"),
)


def _gap(found: Sides, g: int) -> tuple[float, float, float]:
    """Difference from everyone else with its interval."""
    (low, high), (rest_low, rest_high) = found.group.interval(), found.rest.interval()
    d_low, d_high = newcombe(found.group.value, low, high, found.rest.value, rest_low, rest_high)
    return float((found.group.value - found.rest.value)[g]), float(d_low[g]), float(d_high[g])


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
