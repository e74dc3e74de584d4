"""What the sharing rule costs a model: the same trial with every class of record, as figures for analysts and the board.

A school's list is made by a model that saw the school's own records and nothing else. What a model with all records would have found
for the same children, places and folds is measured here; that model is thrown away, and no list can be made with it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from early_id.config.settings import TrainingSettings
from early_id.core.display import progress
from early_id.core.types import Json, SharingClass
from early_id.features.matrix import FeatureMatrix
from early_id.models.adding import Floats
from early_id.models.evaluate import TestRows, draw_all
from early_id.models.fitting import Ranked, learned
from early_id.models.prepare import Prepared, prepare
from early_id.stats.resample import percentile_bounds

#: Figures that are compared; differences are those with all classes, less those with the classes that the audience may see.
COMPARED = ("precision_at_capacity", "recall_at_capacity", "average_precision", "auc")

SEEN, ALL = "may see", "all classes"


def sharing_cost(
    prepared: Prepared,
    matrix: FeatureMatrix,
    settings: TrainingSettings,
    rows: TestRows,
    forward: Ranked,
    held_out: pd.DataFrame,
    *,
    test_date: str | None,
) -> Json:
    """The model put forward against the same kind of model with every class, on the same rows, families and places.

    Parameters
    ----------
    prepared, rows, forward, held_out
        Of the audience's own trial.
    matrix : FeatureMatrix
        With the features of every class.

    Returns
    -------
    dict
        ``sees_all``: the audience may see every class that is held, so the rule costs nothing, and there is nothing else. Otherwise
        ``features_seen``, ``features_all`` and ``rows``: measure, ``seen``, ``all``, ``difference`` with its 95 % interval (``low``,
        ``high``) from paired, family-clustered resamples.
    """
    everything = {prepared.audience: [found.value for found in SharingClass]}
    wide = prepare(matrix, settings, prepared.audience, everything, test_date, regimes=False)
    held, seen = len(wide.matrix.meta.features), len(prepared.matrix.meta.features)
    if held == seen:
        return {"sees_all": True}
    index = wide.matrix.index
    with (
        progress(f"Measuring what the sharing rule costs the {prepared.audience.replace('_', ' ')}", len(wide.splits.fits)) as bar,
        threadpool_limits(1),
    ):
        ranked = learned(
            forward.name,
            wide.matrix.meta.features,
            wide.matrix.X,
            wide.y.to_numpy(),
            wide.splits,
            as_of=index["as_of"].to_numpy(dtype="datetime64[ns]"),
            mature_on=index["mature_on"].to_numpy(dtype="datetime64[ns]"),
            outcome=wide.outcome,
            tick=lambda note: bar.advance(note=note),
            calibration=settings.calibration,
            folds_only=True,
        )
    test = wide.splits.test
    other = held_out.assign(score=ranked.score[test], probability=ranked.probability[test])
    draws, points = draw_all({SEEN: held_out, ALL: other}, rows, resamples=settings.resamples, seed=settings.seed)
    return {"sees_all": False, "features_seen": seen, "features_all": held, "rows": [_difference(name, draws, points) for name in COMPARED]}


def _difference(measure: str, draws: Mapping[str, Mapping[str, Floats]], points: Mapping[str, Mapping[str, float]]) -> Json:
    seen, everything = points[SEEN][measure], points[ALL][measure]
    drawn = np.asarray(draws[ALL][measure]) - np.asarray(draws[SEEN][measure])
    bounds = percentile_bounds(everything - seen, drawn)
    return {"measure": measure, "seen": seen, "all": everything, "difference": bounds.value, "low": bounds.low, "high": bounds.high}
