"""What *not known* could hide: each gap again as if everyone of whom the characteristic is not known belonged to one group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from early_id.audit.gaps import gaps_of
from early_id.audit.groups import NOT_KNOWN, Grouping
from early_id.audit.measures import MEASURES, Scored

COLUMNS = (
    *("characteristic", "characteristic_label", "group", "measure", "not_known", "difference", "difference_low", "difference_high"),
    *("moved", "moved_low", "moved_high"),
)


def if_all_belonged(scored: Scored, held: Sequence[Grouping], primary: tuple[str, ...], *, min_group: int) -> pd.DataFrame:
    """One row a group and primary measure of every characteristic with a *not known*.

    Returns
    -------
    DataFrame
        ``not_known``: children; ``difference``…: the gap as recorded; ``moved``…: the gap if all of them belonged to this group.
        Bounds of what can be, not estimates: nobody knows where they belong.
    """
    rows = []
    for by in held:
        if by.groups[-1] != NOT_KNOWN or len(by.groups) < 3 or by.comparator == NOT_KNOWN:
            continue
        unknown = int((by.codes == len(by.groups) - 1).sum())
        for name in primary:
            recorded = gaps_of(scored, by, MEASURES[name], primary, min_group)[:-1]
            for g, gap in enumerate(recorded):
                moved = replace(by, groups=by.groups[:-1], codes=np.where(by.codes == len(by.groups) - 1, g, by.codes), members=())
                then = gaps_of(scored, moved, MEASURES[name], primary, min_group)[g]
                found = (gap.difference, gap.difference_low, gap.difference_high, then.difference, then.difference_low, then.difference_high)
                rows.append((by.name, by.label, gap.group, name, unknown, *found))
    return pd.DataFrame(rows, columns=list(COLUMNS))
