"""Whom a link takes out of a list that was found only after the date of the list.

Features, cohort and eligibility of a date see the links of that date, so that a model learns from what was known. A list is another matter: it is made for
people to use. Where it is made for a date before the newest linking, such as on the Tuesday for the Monday on which it was due, a record that has since been
joined to a child, or may be that child's, still takes that child out, by the same rules and the same rows; it puts nobody on the list.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from early_id.config.settings import Config
from early_id.features.cohort import Cohort
from early_id.features.matrix import EXCLUDED_COLUMNS
from early_id.features.past import Past


def taken_out_since(past: Past, index: pd.DataFrame, cohort: Callable[[Past, Config], Cohort], cfg: Config) -> pd.DataFrame:
    """Children of a list's date whom the links known now would take out on that date.

    Parameters
    ----------
    past : Past
        On the date of the list.
    index : DataFrame
        ``FeatureMatrix.index`` of that date.
    cohort : function
        The programme's own.

    Returns
    -------
    DataFrame
        As ``FeatureMatrix.excluded``, under the ids of the date; no rows where no link has been found since.
    """
    if not past.people.changed_since(past.as_of):
        return pd.DataFrame(columns=list(EXCLUDED_COLUMNS), dtype=object)
    people = past.people.as_known_now()
    out = cohort(Past(past.store, people, past.as_of), cfg).excluded[["child_id", "reason", "audiences"]].rename(columns={"child_id": "now_id"})
    record = ["source", "source_person_id"]
    ids = past.links().merge(people.person_links[[*record, "child_id"]].rename(columns={"child_id": "now_id"}), on=record)
    rows = ids[["child_id", "now_id"]].drop_duplicates().merge(out, on="now_id")
    there = index[["child_id", "family_id", "school_id", "as_of"]].drop_duplicates("child_id")
    found = rows.drop_duplicates(["child_id", "reason", "audiences"]).merge(there, on="child_id")
    return found.reindex(columns=list(EXCLUDED_COLUMNS)).reset_index(drop=True)
