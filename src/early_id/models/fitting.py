"""Making, choosing and fitting the models of a trial, fold by fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from early_id.core.errors import InputDataError, SettingsError
from early_id.core.types import Direction
from early_id.features.declare import Feature
from early_id.models.adding import Floats
from early_id.models.additive import MonotoneAdditive
from early_id.models.calibrate import SigmoidCalibration, fit_sigmoid
from early_id.models.choose import Choice, choose_penalty, choose_rounds
from early_id.models.logistic import PenalisedLogistic
from early_id.models.rules import CountOn, RankBy
from early_id.models.splits import Mask, Splits


@dataclass(frozen=True)
class Learned:
    """A kind of learned model: how to make one for a chosen value, and how that value is chosen."""

    make: Callable[[Sequence[Feature], Any], Any]
    choose: Callable[..., Choice]
    chosen: str


def _logistic(features: Sequence[Feature], C: float) -> PenalisedLogistic:
    return PenalisedLogistic(C=C)


def _additive(features: Sequence[Feature], rounds: int) -> MonotoneAdditive:
    return MonotoneAdditive(tuple(feature.direction.sign for feature in features), max_iter=rounds)


LEARNED: dict[str, Learned] = {
    "logistic": Learned(_logistic, choose_penalty, "C"),
    "additive": Learned(_additive, choose_rounds, "max_iter"),
}


@dataclass(frozen=True)
class Ranked:
    """Scores and probabilities of one model or rule for all rows that it may score, and what was fitted for the next lists.

    ``score`` and ``probability`` are NaN outside the test rows. ``left_in`` are test scores of a model that had seen
    earlier snapshots of the same families: optimistic, shown beside, labelled.
    """

    name: str
    kind: str
    score: Floats
    probability: Floats
    estimator: Any
    calibrator: SigmoidCalibration | None
    left_in: Floats | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def check_classes(y: Floats, rows: Mask, outcome: str) -> None:
    """Refuse training rows that all have the outcome, or all lack it."""
    known = y[rows]
    positives = int(np.nansum(known))
    if positives in (0, len(known)):
        raise InputDataError.one_class(outcome, positives=positives, rows=len(known))


def learned(
    name: str,
    features: Sequence[Feature],
    X: pd.DataFrame,
    y: Floats,
    splits: Splits,
    *,
    as_of: Any,
    mature_on: Any,
    outcome: str,
    tick: Callable[[str], None],
) -> Ranked:
    """Fit one kind of model: per family fold for the test date, with all families beside it, and for the next lists."""
    if name not in LEARNED:
        raise SettingsError.unknown_name("model", name, LEARNED, where="training.models")
    kind = LEARNED[name]

    def chosen_fit(rows: Mask) -> tuple[Any, Any]:
        where = {"rows": rows, "as_of": as_of, "mature_on": mature_on, "fold": splits.fold}
        value = kind.choose(lambda v: kind.make(features, v), X, y, **where).value
        return kind.make(features, value).fit(X[rows], y[rows]), value

    score = np.full(len(X), np.nan)
    out_of_fold = np.full(len(X), np.nan)
    for part in splits.fits:
        check_classes(y, part.fit, outcome)
        model, _ = chosen_fit(part.fit)
        for into, rows in ((score, part.test), (out_of_fold, part.calibrate)):
            if rows.any():
                into[rows] = model.score_log_odds(X[rows])
        tick(name)
    left_in = np.full(len(X), np.nan)
    if splits.kind == "temporal":
        model, _ = chosen_fit(splits.usable)
        left_in[splits.test] = model.score_log_odds(X[splits.test])
        tick(name)
    final, value = chosen_fit(splits.final)
    tick(name)
    probability, calibrator = _calibrated(score, out_of_fold, y, splits)
    extra = {kind.chosen: value, "rows": int(splits.final.sum()), "outcomes": int(np.nansum(y[splits.final]))}
    return Ranked(name, "model", score, probability, final, calibrator, left_in if splits.kind == "temporal" else None, extra)


def _calibrated(score: Floats, out_of_fold: Floats, y: Floats, splits: Splits) -> tuple[Floats, SigmoidCalibration]:
    """Probabilities of the test rows, and the calibration for the next lists.

    The sigmoid of a test fold is fitted without that fold's families, so that the Brier score is held out like the rest.
    """
    probability = np.full(len(score), np.nan)
    for part in splits.fits:
        if part.test.any():
            rows = splits.usable & (splits.fold != part.number)
            probability[part.test] = fit_sigmoid(out_of_fold[rows], y[rows])(score[part.test])
    return probability, fit_sigmoid(out_of_fold[splits.usable], y[splits.usable])


#: Rules that need no feature named: the number of signs, and a column of the matrix index.
RULES: dict[str, str] = {"indicators": "*", "age": "@age"}


def rule_spec(name: str, named: Mapping[str, str]) -> str:
    """What a rule ranks by: as named in the settings, or built in, or else the feature of that name."""
    return named.get(name, RULES.get(name, name))


def rule(name: str, spec: str, features: Sequence[Feature], X: pd.DataFrame, index: pd.DataFrame, y: Floats, splits: Splits) -> Ranked | str:
    """Rank by one rule, or say in a sentence why it cannot be ranked here.

    Parameters
    ----------
    name : str
    spec : str
        A feature's name; ``*`` for the number of signs that are on (features that raise); ``@column`` for a column of
        the matrix index, such as ``@age``.
    """
    frame = X
    if spec == "*":
        signs = tuple(f.name for f in features if f.direction is Direction.RAISES)
        if not signs:
            return f"The rule '{name}' was left out: no feature in use has the direction 'raises'."
        ranker: RankBy = CountOn(signs)
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
    probability, calibrator = _calibrated(score, out_of_fold, y, splits)
    return Ranked(name, "baseline", score, probability, fitted, calibrator, None, {"by": spec})
