"""Making, choosing and fitting the learned models of a trial, fold by fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from early_id.core.errors import InputDataError, SettingsError
from early_id.features.declare import Feature
from early_id.models.adding import Floats
from early_id.models.additive import MonotoneAdditive
from early_id.models.balance import refuse_balancing
from early_id.models.calibrate import Calibration, fit_calibration
from early_id.models.challenger import Challenger
from early_id.models.choose import SLOW_ROUNDS, Choice, as_given, choose_penalty, choose_rounds, choose_size
from early_id.models.ebm import GroupedEBM
from early_id.models.logistic import PenalisedLogistic
from early_id.models.scorecard import Scorecard
from early_id.models.splits import Mask, Splits


@dataclass(frozen=True)
class Learned:
    """A kind of learned model: how to make one for a chosen value, and how that value is chosen.

    ``by_family``: its inner splits need the family of each row.
    """

    make: Callable[[Sequence[Feature], Any], Any]
    choose: Callable[..., Choice]
    chosen: str
    by_family: bool = False
    kind: str = "model"


def _signs(features: Sequence[Feature]) -> tuple[int, ...]:
    return tuple(feature.direction.sign for feature in features)


#: Models that can be put forward.
LEARNED: dict[str, Learned] = {
    "logistic": Learned(lambda features, C: PenalisedLogistic(C=C), choose_penalty, "C"),
    "additive": Learned(lambda features, rounds: MonotoneAdditive(_signs(features), max_iter=rounds), choose_rounds, "max_iter"),
    "scorecard": Learned(lambda features, size: Scorecard(_signs(features), max_features=size), choose_size, "max_features"),
    "ebm": Learned(lambda features, bags: GroupedEBM(_signs(features), outer_bags=bags), as_given(8), "outer_bags", by_family=True),
}

#: Fitted for comparison only.
CHALLENGERS: dict[str, Learned] = {
    "boosting with interactions": Learned(
        lambda features, rounds: Challenger(max_iter=rounds), partial(choose_rounds, rounds=SLOW_ROUNDS), "max_iter", kind="challenger"
    ),
}


@dataclass(frozen=True)
class Ranked:
    """Scores and probabilities of one model or rule for all rows that it may score, and what was fitted for the next lists.

    ``score`` and ``probability`` are NaN outside the test rows. ``left_in`` are test scores of a model that had seen
    earlier snapshots of the same families: optimistic, shown beside, labelled. ``also`` are scores of the further rows that were asked
    for, by the same models as the test rows of the same families. ``out_of_fold`` are scores of training rows by models fitted on other
    families (of all training dates, so they are not held out by time). ``terms`` are the contributions of each feature to the test scores, by
    the models that made them; only where they were asked for.
    """

    name: str
    kind: str
    score: Floats
    probability: Floats
    estimator: Any
    calibrator: Calibration | None
    left_in: Floats | None = None
    also: Floats | None = None
    out_of_fold: Floats | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    terms: pd.DataFrame | None = None


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
    also: Mask | None = None,
    calibration: str = "sigmoid",
    terms: bool = False,
    folds_only: bool = False,
) -> Ranked:
    """Fit one kind of model: per family fold for the test date, with all families beside it, and for the next lists.

    Parameters
    ----------
    also : mask, optional
        Further rows to score, each by the model of its family's fold: see :class:`Ranked`.
    terms : bool
        Keep the contributions of each feature to the scores of the test rows.
    folds_only : bool
        Fit for the figures of the test date and nothing else, as for a challenger: no model comes back that could score the next lists.
    """
    known = {**LEARNED, **CHALLENGERS}
    if name not in known:
        raise SettingsError.unknown_name("model", name, LEARNED, where="training.models")
    kind = known[name]

    def chosen_fit(rows: Mask) -> tuple[Any, Any]:
        where = {"rows": rows, "as_of": as_of, "mature_on": mature_on, "fold": splits.fold}
        value = kind.choose(lambda v: kind.make(features, v), X, y, **where).value
        groups = {"groups": splits.family[rows]} if kind.by_family else {}
        estimator = kind.make(features, value)
        refuse_balancing(estimator)
        return estimator.fit(X[rows], y[rows], **groups), value

    score = np.full(len(X), np.nan)
    out_of_fold = np.full(len(X), np.nan)
    further = np.full(len(X), np.nan)
    parts: list[pd.DataFrame] = []
    for part in splits.fits:
        check_classes(y, part.fit, outcome)
        model, _ = chosen_fit(part.fit)
        for into, rows in ((score, part.test), (out_of_fold, part.calibrate)):
            if rows.any():
                into[rows] = model.score_log_odds(X[rows])
        if terms and part.test.any():
            parts.append(model.contributions(X[part.test]).drop(columns="baseline"))
        mine = also & (splits.fold == part.number) if also is not None else np.zeros(len(X), dtype=bool)
        if mine.any():
            further[mine] = model.score_log_odds(X[mine])
        tick(name)
    left_in = np.full(len(X), np.nan)
    if folds_only or kind.kind == "challenger":
        probability, calibrator = calibrated(score, out_of_fold, y, splits, calibration)
        return Ranked(name, kind.kind, score, probability, None, calibrator, out_of_fold=out_of_fold)
    if splits.kind == "temporal":
        model, _ = chosen_fit(splits.usable)
        left_in[splits.test] = model.score_log_odds(X[splits.test])
        tick(name)
    final, value = chosen_fit(splits.final)
    tick(name)
    probability, calibrator = calibrated(score, out_of_fold, y, splits, calibration)
    extra = {kind.chosen: value, "rows": int(splits.final.sum()), "outcomes": int(np.nansum(y[splits.final]))}
    kept = left_in if splits.kind == "temporal" else None
    return Ranked(
        name,
        kind.kind,
        score,
        probability,
        final,
        calibrator,
        kept,
        further if also is not None else None,
        out_of_fold,
        extra,
        terms=pd.concat(parts) if parts else None,
    )


def calibrated(score: Floats, out_of_fold: Floats, y: Floats, splits: Splits, kind: str = "sigmoid") -> tuple[Floats, Calibration]:
    """Probabilities of the test rows, and the calibration for the next lists, both from ``splits.calibrate``.

    The calibration of a test fold is fitted without that fold's families, so that the Brier score is held out like the rest.
    """
    probability = np.full(len(score), np.nan)
    whole = fit_calibration(kind, out_of_fold[splits.calibrate], y[splits.calibrate])
    for part in splits.fits:
        if part.test.any():
            rows = splits.calibrate & (splits.fold != part.number)
            probability[part.test] = fit_calibration(kind, out_of_fold[rows], y[rows])(score[part.test])
    return probability, whole
