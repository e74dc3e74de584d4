"""Rules to beat: rankings by one plain quantity, with scikit-learn's interface.

A rule is compared with the models exactly as a list would use it: ranked by the quantity behind it (the share of
sessions missed, the number of signs, the age), never by a yes or no at somebody's threshold, which would leave most
of the list to chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from early_id.core.errors import InputDataError
from early_id.models.adding import Floats

#: How a rule finds a quantity: a column's name, its position, or a function of the frame that gives one number per row.
Column: TypeAlias = str | int | Callable[[pd.DataFrame], Any]


def quantity(X: Any, by: Column) -> Floats:
    """The numbers of one column, however it is named.

    Raises
    ------
    InputDataError
        There is no column of that name or at that position.
    """
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)
    if callable(by):
        return np.asarray(by(frame), dtype=np.float64)
    if isinstance(by, int | np.integer):
        if not -frame.shape[1] <= by < frame.shape[1]:
            raise InputDataError(f"There is no column at position {by}: there are {frame.shape[1]}.", where="the feature matrix")
        return frame.iloc[:, by].to_numpy(dtype=np.float64)
    if by not in frame.columns:
        raise InputDataError.columns_missing([by], where="the feature matrix", found=map(str, frame.columns))
    return frame[by].to_numpy(dtype=np.float64)


class RankBy(BaseEstimator):  # scikit-learn has no types
    """Rank rows by one quantity, highest first; unknown comes last.

    Parameters
    ----------
    by : str, int or callable
        A column's name, its position, or a function of the frame that gives one number per row.

    Notes
    -----
    ``score_log_odds`` returns the quantity itself (the name is the one that all rankings share; it is no log-odds).
    Unknown gets a value below everything seen in training; a value lower than the training minimum counts as that
    minimum, so nothing known ever falls below an unknown.
    """

    def __init__(self, by: Column) -> None:
        self.by = by

    def fit(self, X: Any, y: Any = None) -> RankBy:
        """Learn where unknown values go; the outcome is not looked at."""
        values = self._quantity(X)
        known = values[~np.isnan(values)]
        self.lowest_ = float(known.min()) if len(known) else 0.0
        highest = float(known.max()) if len(known) else 1.0
        self.floor_ = self.lowest_ - max(0.1 * (highest - self.lowest_), 1e-6)
        return self

    def score_log_odds(self, X: Any) -> Floats:
        """The quantity of each row, the floor where it is unknown."""
        check_is_fitted(self)
        values = self._quantity(X)
        result: Floats = np.where(np.isnan(values), self.floor_, np.maximum(values, self.lowest_))
        return result

    decision_function = score_log_odds

    def _quantity(self, X: Any) -> Floats:
        return quantity(X, self.by)


class CountOn(RankBy):
    """Rank rows by the number of signs that are on: columns with a value above 0.

    A sign that is unknown is not on. A row with every sign unknown is unknown.

    Parameters
    ----------
    columns : sequence of str, int or callable
        Each a column's name, its position, or a function of the frame that gives one number per row.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns

    def _quantity(self, X: Any) -> Floats:
        values = np.column_stack([quantity(X, column) for column in self.columns])
        counted: Floats = np.where(np.isnan(values).all(axis=1), np.nan, (values > 0).sum(axis=1).astype(np.float64))
        return counted


@dataclass(frozen=True)
class PointsItem:
    """So many points where a column, by name, position or function of the frame, is at least this value."""

    column: Column
    at_least: float
    points: float


class PointsTool(RankBy):
    """Rank rows by points from a fixed table that somebody wrote down, as councils' own "indicators" sheets do.

    Nothing is learned: a column may stand in several items, whose points add up. An item whose column is unknown gives no points; a row with
    every column unknown is unknown.
    """

    def __init__(self, items: Sequence[PointsItem]) -> None:
        self.items = items

    def _quantity(self, X: Any) -> Floats:
        values = {item.column: quantity(X, item.column) for item in self.items}
        total = np.zeros(len(X))
        for item in self.items:
            total += item.points * (values[item.column] >= item.at_least)
        unknown = np.all([np.isnan(column) for column in values.values()], axis=0)
        return np.where(unknown, np.nan, total)


class RateOf(BaseEstimator):
    """Rank rows by how often the outcome was seen in their area: no child is looked at, only where they go to school.

    Parameters
    ----------
    column : str
        Names the area of each row.
    weight : float
        Rows' worth of the overall rate mixed into each area's, so that a small school is not first by chance.
    """

    def __init__(self, column: str = "school_id", weight: float = 50.0) -> None:
        self.column = column
        self.weight = weight

    def fit(self, X: pd.DataFrame, y: Any) -> RateOf:
        """Rates of the rows given; an area not among them gets the overall rate."""
        outcome = pd.Series(np.asarray(y, dtype=np.float64), index=X.index)
        self.overall_ = float(outcome.mean())
        by = outcome.groupby(X[self.column].astype("object").where(X[self.column].notna(), ""))
        self.rates_ = ((by.sum() + self.weight * self.overall_) / (by.count() + self.weight)).to_dict()
        return self

    def score_log_odds(self, X: pd.DataFrame) -> Floats:
        """Log-odds of the area's rate."""
        check_is_fitted(self)
        named = X[self.column].astype("object").where(X[self.column].notna(), "")
        rate = np.clip(named.map(self.rates_).fillna(self.overall_).to_numpy(dtype=np.float64), 1e-6, 1 - 1e-6)
        result: Floats = np.log(rate / (1 - rate))
        return result
