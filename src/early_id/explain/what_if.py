"""What a score would be had one value been another: one at a time, for analysts only, who look for values that count too much or the wrong way.

It says how the model works and nothing about what would happen to a child: changing a record changes no life. No page for staff shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.core.errors import SettingsError
from early_id.explain.contributions import model_inputs

if TYPE_CHECKING:
    from early_id.explain.explanations import Explanations
    from early_id.models.risk_model import RiskModel

COLUMNS = ("feature", "label", "theme", "value", "instead", "score", "change")


def what_if(model: RiskModel, explained: Explanations, row: str, instead: Mapping[str, float] | None = None) -> pd.DataFrame:
    """The score of one child with one value changed at a time.

    Parameters
    ----------
    model : RiskModel
        The model that made ``explained``.
    explained : Explanations
    row : str
        Key of the child, ``child@YYYY-MM-DD``.
    instead : mapping of feature name to value, optional
        What to put in; NaN is *not known*. Otherwise, for each feature, the usual value of the year group where there is one.

    Returns
    -------
    DataFrame
        One row a feature: its value, what was put ``instead``, the ``score`` that follows and the ``change``, in log-odds; the largest change first.

    Raises
    ------
    SettingsError
        The row was not explained, or the model reads no such feature.
    """
    explained.for_row(row)  # refuses a row that is not there
    features = {feature.name: feature for feature in explained.features}
    inputs = model_inputs(tuple(features.values()), explained.contributions.inputs).loc[[row]]
    year = explained.index.at[row, "nc_year"]
    if instead is None:
        usual = {name: explained.peers.median(feature, year) for name, feature in features.items()}
        instead = {name: value for name, value in usual.items() if value is not None}
    for name in instead:
        if name not in features:
            raise SettingsError.unknown_name("feature of the model", name, features, where=f"model {model.name}")
    if not instead:
        return pd.DataFrame(columns=list(COLUMNS))
    # One row a change, scored together.
    changed = inputs.loc[[row] * len(instead)].reset_index(drop=True).astype("float64")
    for number, (name, value) in enumerate(instead.items()):
        changed.loc[number, name] = value
    now = float(model.scores(inputs).iloc[0])
    scores = model.scores(changed).to_numpy()
    table = pd.DataFrame(
        {
            "feature": list(instead),
            "label": [features[name].label for name in instead],
            "theme": [features[name].theme for name in instead],
            "value": [float(inputs.iloc[0][name]) for name in instead],
            "instead": [float(value) for value in instead.values()],
            "score": scores,
            "change": scores - now,
        }
    )
    order = np.argsort(-table["change"].abs().to_numpy(), kind="stable")
    return table.iloc[order].reset_index(drop=True)
