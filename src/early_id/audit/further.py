"""Where a gap may come from, as far as records show: completeness, who was looked at, proxies, what other outcomes say.

All of it describes; none of it proves a cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from early_id.audit.groups import Grouping
from early_id.audit.lag import recording_lag
from early_id.audit.measurement import shares_by_group
from early_id.audit.measures import Scored
from early_id.audit.proxies import proxy_table
from early_id.audit.recording import second_outcomes
from early_id.audit.signs import signs_table
from early_id.core.errors import SettingsError
from early_id.stats.arrays import floats

VALUES_KNOWN = "share of the values behind the score that are known"
LOOKED_AT = "share known to services in the year before"


def further_tables(
    model: Any,
    matrix: Any,
    scored: Scored,
    held: Sequence[Grouping],
    second_outcome: str | None = None,
    events: Mapping[str, pd.DataFrame] | None = None,
) -> dict[str, pd.DataFrame]:
    """Tables that need more than the list: the features behind it, the index of the matrix, other outcomes. What is not held is left out.

    Parameters
    ----------
    model : RiskModel
        ``features`` with their themes.
    matrix : FeatureMatrix
        ``X``, ``y``, ``index`` hold the audited rows.
    second_outcome : str, optional
        A column of ``y`` that does not pass the same threshold; children alike in it are compared sign by sign.
    events : mapping, optional
        Records with the day they became known, for how late they come.

    Raises
    ------
    SettingsError
        The matrix holds no such outcome.
    """
    keys = model.held_out.index
    found: dict[str, pd.DataFrame] = {}
    features = tuple(getattr(model, "features", ()))
    X, index, y = (getattr(matrix, name, None) for name in ("X", "index", "y"))
    if features and X is not None:
        seen = X.loc[keys, [feature.name for feature in features]]
        known = seen.notna().sum(axis=1).to_numpy(dtype=np.float64)
        whole = np.full(len(seen), float(len(features)))
        found["completeness"] = shares_by_group(held, scored.clusters, scored.n_clusters, known, whole, what=VALUES_KNOWN)
        themes: dict[str, list[str]] = {}
        for feature in features:
            themes.setdefault(str(feature.theme), []).append(feature.name)
        found["proxies"] = proxy_table(seen, scored.clusters, held, themes)
    if index is not None and "known_to_services" in index:
        looked = index.loc[keys, "known_to_services"].fillna(False).to_numpy(dtype=np.float64)
        by = [one for one in held if one.name != "known_before"]
        found["exposure"] = shares_by_group(by, scored.clusters, scored.n_clusters, looked, np.ones(len(looked)), what=LOOKED_AT)
    if events:
        rows = model.held_out
        found["recording_lag"] = recording_lag(
            events, rows["child_id"].tolist(), scored.clusters, scored.n_clusters, held, day=pd.to_datetime(rows["as_of"]).max()
        )
    if y is not None:
        others = {name: floats(y.loc[keys, name].to_numpy(dtype=np.float64)) for name in y.columns if name not in (model.outcome, "censored")}
        if second_outcome is not None and second_outcome not in others:
            raise SettingsError.unknown_name("outcome", second_outcome, others, where="audit.second_outcome")
        if second_outcome is not None and features and X is not None:
            found["signs"] = signs_table(X.loc[keys, [f.name for f in features]], {second_outcome: others[second_outcome]}, held, scored.clusters)
        apart = () if second_outcome is None else (second_outcome,)
        found["second_outcomes"] = second_outcomes(scored, held, others, outcome=model.outcome, judged_apart=apart)
    return {name: table for name, table in found.items() if len(table)}
