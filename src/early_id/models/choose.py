"""Choosing a penalty or a number of rounds, on training rows only, by temporal and family folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from early_id.models.adding import Floats
from early_id.models.splits import Mask, validation_pairs

#: From strong to weak penalty, few to many rounds: a tie goes to the simpler model.
PENALTIES: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 1.0)
ROUNDS: tuple[int, ...] = (15, 30, 60, 90, 120, 180)
SLOW_ROUNDS: tuple[int, ...] = (25, 50, 100, 150, 200, 300)  #: of the challenger, which learns more slowly
SIZES: tuple[int, ...] = (5, 8, 12)


@dataclass(frozen=True)
class Choice:
    """The value chosen, and the mean log loss of every value tried (empty where nothing could be judged)."""

    value: Any
    losses: dict[Any, float]


#: Fits on the first mask's rows and gives the scores of the second mask's rows, per value tried.
Scorer = Callable[[Mask, Mask], Mapping[Any, Floats]]


def choose(
    scorer: Scorer,
    values: Sequence[Any],
    y: Floats,
    *,
    rows: Mask,
    as_of: NDArray[np.datetime64],
    mature_on: NDArray[np.datetime64],
    fold: NDArray[np.int64],
    default: Any,
) -> Choice:
    """The value with the smallest mean log loss on later dates and other families.

    Parameters
    ----------
    scorer : callable
        Gets a mask of rows to fit on and one of rows to judge, and gives scores of the latter per value.
    values : sequence
        Simplest first.
    y : array
        Outcomes of all rows; only those in ``rows`` are touched.
    rows : mask
        Training rows of the model to be fitted.
    as_of, mature_on, fold : arrays
        Date, date when the outcome was known, and family fold of each row.
    default
        Used where no pair of parts has both outcomes.
    """
    total = dict.fromkeys(values, 0.0)
    judged = 0
    for fit, judge in validation_pairs(as_of, mature_on, fold, rows):
        if len(np.unique(y[fit])) < 2:
            continue
        judged += int(judge.sum())
        for value, score in scorer(fit, judge).items():
            total[value] += float(np.sum(np.logaddexp(0, score) - y[judge] * score))
    if not judged:
        return Choice(default, {})
    losses = {value: loss / judged for value, loss in total.items()}
    return Choice(min(losses, key=lambda value: losses[value]), losses)


def choose_penalty(make: Callable[[float], Any], X: pd.DataFrame, y: Floats, **where: Any) -> Choice:
    """:func:`choose` over :data:`PENALTIES`."""

    def scorer(fit: Mask, judge: Mask) -> dict[float, Floats]:
        scores: dict[float, Floats] = make(PENALTIES[0]).path_scores(X[fit], y[fit], X[judge], PENALTIES)
        return scores

    return choose(scorer, PENALTIES, y, default=0.1, **where)


def choose_rounds(make: Callable[[int], Any], X: pd.DataFrame, y: Floats, *, rounds: Sequence[int] = ROUNDS, **where: Any) -> Choice:
    """:func:`choose` over ``rounds``: one fit with the most, judged at each stage."""

    def scorer(fit: Mask, judge: Mask) -> dict[int, Floats]:
        scores: dict[int, Floats] = make(max(rounds)).staged_scores(X[fit], y[fit], X[judge], rounds)
        return scores

    return choose(scorer, rounds, y, default=rounds[1], **where)


def choose_size(make: Callable[[int], Any], X: pd.DataFrame, y: Floats, **where: Any) -> Choice:
    """:func:`choose` over :data:`SIZES`, features on a scorecard."""

    def scorer(fit: Mask, judge: Mask) -> dict[int, Floats]:
        scores: dict[int, Floats] = make(SIZES[0]).size_scores(X[fit], y[fit], X[judge], SIZES)
        return scores

    return choose(scorer, SIZES, y, default=8, **where)


def as_given(value: Any) -> Callable[..., Choice]:
    """No choice: the model stops by itself, and nothing else is tried."""

    def given(make: Callable[[Any], Any], X: pd.DataFrame, y: Floats, **where: Any) -> Choice:
        return Choice(value, {})

    return given
