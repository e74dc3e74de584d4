"""What *not known* could hide: each gap again as if everyone of whom the characteristic is not known belonged to one group.

Only groups that can speak for their characteristic (ten children with the outcome and ten without, as recorded) are moved: a group of a handful moves by any
amount. Whether the answer would be another is asked by the rule of the verdicts, all other tests left as they are, not of each interval by itself: of many
intervals some turn by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from early_id.audit.gaps import TestKey, gaps_of
from early_id.audit.groups import NOT_KNOWN, Grouping
from early_id.audit.measures import MEASURES, Scored
from early_id.audit.verdicts import BAR, adjusted_p

COLUMNS = (
    *("characteristic", "characteristic_label", "group", "measure", "not_known", "difference", "difference_low", "difference_high", "p_adjusted"),
    *("moved", "moved_low", "moved_high", "moved_p_adjusted", "turns"),
)


def if_all_belonged(
    scored: Scored,
    held: Sequence[Grouping],
    primary: tuple[str, ...],
    rows: pd.DataFrame,
    tests: Mapping[TestKey, float],
    *,
    min_group: int,
    alpha: float,
) -> pd.DataFrame:
    """One row a group with evidence and primary measure of every characteristic with a *not known*.

    Parameters
    ----------
    rows, tests : DataFrame, mapping
        The audit's rows, and the p-value of each of its tests.
    alpha : float
        To which the tests together are held.

    Returns
    -------
    DataFrame
        ``not_known``: children; ``difference``…: the gap as recorded; ``moved``…: the gap if all of them belonged to this group.
        ``turns``: it would be found where it is not, or the reverse. Bounds of what can be, not estimates: nobody knows where they belong.
    """
    recorded_p = rows.set_index(["characteristic", "group", "measure"])["p_adjusted"]
    found = []
    for by in held:
        if by.groups[-1] != NOT_KNOWN or len(by.groups) < 3 or by.comparator == NOT_KNOWN:
            continue
        last = len(by.groups) - 1
        unknown = int((by.codes == last).sum())
        for name in primary:
            for g, gap in enumerate(gaps_of(scored, by, MEASURES[name], primary, min_group)[:-1]):
                if not gap.evidence:
                    continue
                moved = replace(by, groups=by.groups[:-1], codes=np.where(by.codes == last, g, by.codes), members=())
                then = gaps_of(scored, moved, MEASURES[name], primary, min_group)[g]
                others = [p for key, p in tests.items() if key != gap.test]
                p, moved_p = float(recorded_p[by.name, gap.group, name]), float(adjusted_p([*others, then.p], alpha)[-1])
                figures = (gap.difference, gap.difference_low, gap.difference_high, p, then.difference, then.difference_low, then.difference_high)
                found.append((by.name, by.label, gap.group, name, unknown, *figures, min(moved_p, 1.0), bool((p <= BAR) != (moved_p <= BAR))))
    return pd.DataFrame(found, columns=list(COLUMNS))
