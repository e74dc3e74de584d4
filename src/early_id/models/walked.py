"""Scores as they could have been on each date: of a model taught by nothing but the outcomes that were known by then."""

from __future__ import annotations

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from early_id.config.settings import TrainingSettings
from early_id.core.display import progress
from early_id.core.errors import SettingsError
from early_id.features.matrix import FeatureMatrix
from early_id.models.fitting import LEARNED
from early_id.models.splits import FEWEST_TO_CALIBRATE, family_folds, family_groups, label_gap


def scores_then(seen: FeatureMatrix, settings: TrainingSettings) -> pd.Series:
    """The log-odds of each row by the kind of model put forward, fitted for its date alone; empty on dates on which too few outcomes were known.

    Parameters
    ----------
    seen : FeatureMatrix
        What the audience may see: :meth:`FeatureMatrix.for_audience`.
    settings : TrainingSettings
        ``put_forward`` names the model. Penalty or rounds are chosen on the same rows that teach it.

    Notes
    -----
    A list is made by a model that has seen the families of the list at earlier dates, so none is left out; a row teaches once its horizon and
    recording lag had passed. Fewer than 30 children with the outcome, or without, teach nothing.
    """
    kind, outcome = LEARNED[settings.put_forward], settings.outcome or seen.meta.outcome
    if outcome not in seen.y.columns:
        raise SettingsError.unknown_name("outcome", outcome, [c for c in seen.y.columns if c != "censored"], where="training.outcome")
    X, index = seen.X, seen.index
    y = seen.y[outcome].to_numpy(dtype=np.float64)
    as_of, mature_on = (index[name].to_numpy(dtype="datetime64[ns]") for name in ("as_of", "mature_on"))
    groups = family_groups(index)
    where = {"as_of": as_of, "mature_on": mature_on, "fold": family_folds(index, groups, settings.families_folds, f"family-folds-{settings.seed}")}
    score = np.full(len(X), np.nan)
    dates = np.unique(as_of)
    with progress("Making the model of each date", len(dates)) as bar, threadpool_limits(1):
        for day in dates:
            taught = label_gap(index, pd.Timestamp(day)) & ~np.isnan(y)
            with_outcome = float(y[taught].sum())
            if FEWEST_TO_CALIBRATE <= with_outcome <= taught.sum() - FEWEST_TO_CALIBRATE:
                value = kind.choose(lambda v: kind.make(seen.meta.features, v), X, y, rows=taught, **where).value
                more = {"groups": groups[taught]} if kind.by_family else {}
                model = kind.make(seen.meta.features, value).fit(X[taught], y[taught], **more)
                score[as_of == day] = model.score_log_odds(X[as_of == day])
            bar.advance(note=str(pd.Timestamp(day).date()))
    return pd.Series(score, index=X.index)
