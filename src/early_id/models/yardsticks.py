"""What the models are measured against: rules that the bar is about, and comparators that stand beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from early_id.core.types import Direction
from early_id.features.declare import Feature
from early_id.models.adding import Floats
from early_id.models.fitting import Ranked, calibrated
from early_id.models.rules import CountOn, PointsItem, PointsTool, RankBy, RateOf
from early_id.models.splits import Mask, Splits

#: Rules that need no feature named: the number of signs, and a column of the matrix index.
RULES: dict[str, str] = {"indicators": "*", "age": "@age", "points": "points"}


def rule_spec(name: str, named: Mapping[str, str]) -> str:
    """What a rule ranks by: as named in the settings, or built in, or else the feature of that name."""
    return named.get(name, RULES.get(name, name))


def rule(
    name: str,
    spec: str,
    features: Sequence[Feature],
    X: pd.DataFrame,
    index: pd.DataFrame,
    y: Floats,
    splits: Splits,
    points: Sequence[PointsItem] = (),
    calibration: str = "sigmoid",
) -> Ranked | str:
    """Rank by one rule, or say in a sentence why it cannot be ranked here.

    Parameters
    ----------
    name : str
    spec : str
        A feature's name; ``*`` for the number of signs that are on (features that raise); ``@column`` for a column of
        the matrix index, such as ``@age``; ``points`` for the points tool of the settings.
    """
    frame = X
    if spec == "*":
        signs = tuple(f.name for f in features if f.direction is Direction.RAISES)
        if not signs:
            return f"The rule '{name}' was left out: no feature in use has the direction 'raises'."
        ranker: RankBy = CountOn(signs)
    elif spec == "points":
        items = tuple(item for item in points if item.column in X.columns)
        if not items:
            return f"The rule '{name}' was left out: no feature of the points tool is among those this audience's model may use."
        ranker = PointsTool(items)
    elif spec.startswith("@"):
        column = spec[1:]
        if column not in index.columns or not pd.api.types.is_numeric_dtype(index[column]):
            return f"The rule '{name}' was left out: the matrix index has no numeric column '{column}'."
        frame, ranker = index[[column]].astype("float64"), RankBy(column)
    elif spec in X.columns:
        ranker = RankBy(spec)
    else:
        return f"The rule '{name}' was left out: the feature '{spec}' is not among those this audience's model may use."
    score = np.full(len(X), np.nan)
    out_of_fold = np.full(len(X), np.nan)
    fitted = ranker.fit(frame[splits.usable])
    # A rule learns nothing from outcomes, so its scores on the training rows are as good as out of fold.
    score[splits.test] = fitted.score_log_odds(frame[splits.test])
    out_of_fold[splits.usable] = fitted.score_log_odds(frame[splits.usable])
    probability, calibrator = calibrated(score, out_of_fold, y, splits, calibration)
    return Ranked(name, "baseline", score, probability, fitted, calibrator, extra={"by": spec})


def area_only(index: pd.DataFrame, y: Floats, splits: Splits, *, column: str = "school_id") -> Ranked:
    """Rank by how often the outcome was seen at the child's school among other families at earlier dates."""
    score, out_of_fold = np.full(len(index), np.nan), np.full(len(index), np.nan)
    for part in splits.fits:
        found = RateOf(column).fit(index[part.fit], y[part.fit])
        for into, rows in ((score, part.test), (out_of_fold, part.calibrate)):
            if rows.any():
                into[rows] = found.score_log_odds(index[rows])
    probability, calibrator = calibrated(score, out_of_fold, y, splits)
    return Ranked("area_only", "comparator", score, probability, None, calibrator, extra={"by": column})


def at_random(index: pd.DataFrame, y: Floats, splits: Splits) -> Ranked:
    """Everyone alike: the places are drawn by lot. Figures of a list with ties are expected values, so nothing has to be drawn."""
    score, probability = np.full(len(index), np.nan), np.full(len(index), np.nan)
    score[splits.test] = 0.0
    probability[splits.test] = np.nanmean(y[splits.calibrate])
    return Ranked("at_random", "comparator", score, probability, None, None, extra={"by": "lot"})


def date_before(index: pd.DataFrame, splits: Splits) -> Mask | None:
    """Rows of the as-of date before the test date, or None where there is none."""
    earlier = index["as_of"] < splits.test_date
    if splits.kind != "temporal" or not earlier.any():
        return None
    rows: Mask = (index["as_of"] == index.loc[earlier, "as_of"].max()).to_numpy()
    return rows


def last_list(ranked: Ranked, index: pd.DataFrame, y: Floats, splits: Splits) -> Ranked:
    """Rank by the score that each child had one date before: what keeping the last list would find.

    A child who was not there then comes last. The scores are by today's models, not by those of that time, which favours the
    old list; they are held out by family all the same.
    """
    assert ranked.also is not None
    before = pd.Series(ranked.also, index=index["child_id"]).dropna()
    before = before[~before.index.duplicated(keep="last")]
    frame = pd.DataFrame({"before": index["child_id"].map(before).to_numpy(dtype=np.float64)})
    found = RankBy("before").fit(frame[splits.test])
    score = np.full(len(index), np.nan)
    score[splits.test] = found.score_log_odds(frame[splits.test])
    # The scores of one model are on one scale at both dates, and the calibration of today's is the nearest there is.
    probability = np.full(len(index), np.nan)
    if ranked.calibrator is not None:
        probability[splits.test] = ranked.calibrator(score[splits.test])
    return Ranked("last_list", "comparator", score, probability, None, ranked.calibrator, extra={"by": ranked.name})
