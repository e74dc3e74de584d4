"""A second opinion on the point values, from fairlearn; imported late, since it takes a second to load.

fairlearn has no notion of an outcome not known yet or of a place shared in a tie, so unknown rows are left out for it and
tied rows enter twice, with weights. Where a denominator is zero fairlearn says 0 and we say NaN: those cells are not
compared.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from early_id.audit.measures import Scored

#: Our name, fairlearn's (or scikit-learn's) function, and which rows it looks at.
SHARED = ("selection_share", "missed_share", "precision", "false_flag_rate", "outcome_rate")


def fairlearn_values(scored: Scored, groups: pd.Series) -> pd.DataFrame:
    """Point values by group, as fairlearn counts them: index = group, columns = `SHARED`."""
    from fairlearn import metrics as fl
    from sklearn.metrics import precision_score

    listed = np.r_[np.ones(len(scored.y)), np.zeros(len(scored.y))]
    weight = np.r_[scored.listed, 1.0 - scored.listed]
    y = np.r_[scored.y, scored.y]
    group = np.r_[groups.to_numpy(dtype=object), groups.to_numpy(dtype=object)]

    def by_group(functions: dict[str, object], truth: np.ndarray, guess: np.ndarray, keep: np.ndarray) -> pd.DataFrame:
        weights = {name: {"sample_weight": weight[keep]} for name in functions}
        frame = fl.MetricFrame(metrics=functions, y_true=truth[keep], y_pred=guess[keep], sensitive_features=group[keep], sample_params=weights)
        found: pd.DataFrame = frame.by_group
        return found

    used, known = weight > 0, (weight > 0) & ~np.isnan(y)
    on_all = by_group({"selection_share": fl.selection_rate}, np.zeros(len(y)), listed, used)
    on_known = by_group(
        {
            "missed_share": fl.false_negative_rate,
            "precision": partial(precision_score, zero_division=0.0),
            "false_flag_rate": fl.false_positive_rate,
        },
        y,
        listed,
        known,
    )
    outcome = by_group({"outcome_rate": fl.selection_rate}, y, y, known)
    return on_all.join(on_known).join(outcome)[list(SHARED)].astype(float)
