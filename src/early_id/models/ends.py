"""How follow-up ended: need by its parts with statutory entry as a competing end, children who left by group, families left in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from early_id.models.adding import Floats
from early_id.models.evaluate import TestRows
from early_id.models.listed import estimates, shares

#: The component after which early help can no longer be offered: first come, first counted.
COMPETING = "statutory"


def ends_table(outcomes: pd.DataFrame, components: Sequence[str], rows: TestRows, listed: Floats) -> pd.DataFrame:
    """Every child of the test date in exactly one row: how follow-up ended, and how many of them were of listed families.

    Statutory entry ends the chance of early help, so it comes first whatever else was recorded; a child with several other parts counts
    under the first of ``components``.
    """
    order = sorted(components, key=lambda name: (not name.startswith(COMPETING), list(components).index(name)))
    end = np.full(len(rows.y), "nothing recorded", dtype=object)
    end[np.isnan(rows.y)] = "not known yet"
    end[rows.censored] = "left the area, turned 18 or died first"
    for name in reversed(order):
        end[outcomes[name].to_numpy(dtype=np.float64) == 1] = name
    names = [*order, "left the area, turned 18 or died first", "not known yet", "nothing recorded"]
    counted = [(name, end == name) for name in names]
    return pd.DataFrame(
        [
            {"end": name, "competing": name.startswith(COMPETING), "children": int(mine.sum()), "of_listed_families": float(listed[mine].sum())}
            for name, mine in counted
            if mine.any()
        ]
    )


def censored_by_group(groups: pd.DataFrame, censored: np.ndarray, families: np.ndarray) -> pd.DataFrame:
    """Children who left before the horizon, by characteristic: children, left, share with interval.

    A group of which more left than of others is a group for which the figures say less.
    """
    found = []
    left = censored.astype(np.float64)
    for name in groups.columns:
        labels = groups[name].astype(str).to_numpy()
        for group, share in estimates(*shares(left, np.ones(len(left)), labels, families)).items():
            gone = int(censored[labels == group].sum())
            row = {"characteristic": name, "group": group, "children": share.n, "left": gone}
            found.append({**row, "share": share.value, "low": share.low, "high": share.high})
    return pd.DataFrame(found)


def left_in_table(extras: Mapping[str, Mapping[str, Any]], held_out: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Each learned model held out by family, and as it would have looked with known families left in: optimistic, for comparison."""
    found = []
    for name, extra in extras.items():
        optimistic = extra.get("known_families_left_in")
        if not optimistic:
            continue
        for measure in ("precision_at_capacity", "recall_at_capacity", "auc"):
            honest, rosy = held_out[name][measure], float(optimistic[measure])
            found.append({"model": name, "measure": measure, "held_out": honest, "left_in": rosy, "inflation": rosy - honest})
    return pd.DataFrame(found)
