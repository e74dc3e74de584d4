"""How often a child's records could be joined to those of another agency, by group: a group that is linked less is seen less."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.audit.crossed import told_by
from early_id.audit.gaps import gaps_of
from early_id.audit.groups import groupings
from early_id.audit.measures import Measure, Scored
from early_id.audit.settings import AuditRules
from early_id.audit.verdicts import judge
from early_id.features.matrix import FeatureMatrix
from early_id.stats.arrays import cluster_codes

LINKED = Measure(
    "linked_share",
    "Share joined to a record of another agency",
    lambda s: s.listed,
    lambda s: np.ones(len(s.y)),
    harm="What is not joined is not seen.",
)


def linked_rows(matrix: FeatureMatrix, links: pd.DataFrame, settings: AuditRules) -> pd.DataFrame:
    """Rows as in ``AuditResult.rows``, of one measure and without verdicts.

    Parameters
    ----------
    matrix : FeatureMatrix
        One as-of date.
    links : DataFrame
        source, source_person_id, child_id, as linked by that date.
    """
    sources = links.groupby("child_id")["source"].nunique()
    joined = matrix.index["child_id"].map(sources).fillna(1).to_numpy() > 1
    codes, n = cluster_codes(matrix.index["family_id"].to_numpy())
    scored = Scored(joined.astype(np.float64), np.zeros(len(matrix)), None, codes, n)
    held, _ = groupings(matrix.groups, settings.characteristics)
    rows = pd.DataFrame([judge(gap, {}, (np.nan, np.nan), {}) for by in held for gap in gaps_of(scored, by, LINKED, (), settings.min_group)])
    told = told_by(held)
    return rows.assign(told_by=[told.get(name, "") for name in rows["characteristic"]]) if len(rows) else rows
