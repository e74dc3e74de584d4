"""Groups that cross two characteristics: explored, never tested together with the single ones.

A gap for girls of one ethnic group can hide behind two single characteristics without any. So every pair is crossed; but most crossed groups
are too small to say anything, and with many looks some differ by chance. Only groups that meet the evidence rule are compared with everyone
else, they form one family of tests of their own, and what is found there is called exploratory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from early_id.audit.gaps import Gap, detectable, gaps_of
from early_id.audit.groups import Grouping
from early_id.audit.measures import MEASURES, Scored
from early_id.audit.verdicts import BAR, judge
from early_id.stats.multiple import holm

#: The evidence rule: so many children with the outcome, and so many without, or nothing is compared.
EVIDENCE = 10

SMALL_COLUMNS = ("characteristic", "group", "children", "with_outcome", "without_outcome")


def crossed_rows(
    scored: Scored, held: Sequence[Grouping], primary: tuple[str, ...], *, alpha: float, min_group: int, tolerances: Mapping[str, float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every pair of characteristics crossed.

    Parameters
    ----------
    scored : Scored
    held : sequence of Grouping
        The single characteristics.
    primary : tuple of str
        Measures that are compared.
    alpha : float
        Chance of any false alarm over all crossed groups, beside that of the single characteristics.

    Returns
    -------
    DataFrame
        Rows as in ``AuditResult.rows``, for groups with at least ``EVIDENCE`` children with and without the outcome.
    DataFrame
        The other groups with their head counts.
    """
    gaps: list[Gap] = []
    small: list[dict[str, object]] = []
    for one, other in combinations(held, 2):
        by, named, others = _cross(scored, one, other)
        small += others
        if named:
            gaps += [gap for name in primary for gap in gaps_of(scored, by, MEASURES[name], primary, min_group) if gap.group in named]
    tests = {gap.test: gap.p for gap in gaps if gap.test is not None and not np.isnan(gap.p)}
    adjusted = dict(zip(tests, holm(list(tests.values())) * (BAR / alpha), strict=True))
    seen = detectable(gaps, alpha / max(len(tests), 1)) if gaps else ()
    rows = pd.DataFrame([judge(gap, adjusted, float(d), tolerances) for gap, d in zip(gaps, seen, strict=True)])
    return rows, pd.DataFrame(small, columns=list(SMALL_COLUMNS))


def _cross(scored: Scored, one: Grouping, other: Grouping) -> tuple[Grouping, frozenset[str], list[dict[str, object]]]:
    """Groups of two characteristics at once, the small ones thrown together; which are named; and the small ones' head counts."""
    codes = one.codes * len(other.groups) + other.codes
    names = [f"{a}; {b}" for a in one.groups for b in other.groups]
    size, with_it, without = (np.bincount(codes, weights=w, minlength=len(names)) for w in (None, scored.y == 1, scored.y == 0))
    meets = (with_it >= EVIDENCE) & (without >= EVIDENCE)
    label = f"{one.label} and {other.label[:1].lower()}{other.label[1:]}"
    small = [
        {"characteristic": label, "group": names[g], "children": int(size[g]), "with_outcome": int(with_it[g]), "without_outcome": int(without[g])}
        for g in np.flatnonzero(~meets & (size > 0))
    ]
    named = np.flatnonzero(meets)
    place = np.full(len(names), len(named))
    place[named] = np.arange(len(named))
    groups = (*(names[g] for g in named), *(("the others",) if len(small) else ()))
    return Grouping(f"{one.name} × {other.name}", label, groups, place[codes]), frozenset(names[g] for g in named), small
