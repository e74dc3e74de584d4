"""Who of many is among many others."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

import numpy as np
import pandas as pd

T = TypeVar("T", pd.Series, pd.Index)


def among(column: T, values: pd.Series | pd.Index | Collection[str]) -> T:
    """The same as ``column.isin(values)``, for thousands of ids.

    Where both are text pandas 3 turns each of ``values`` into a scalar of Arrow by itself, which was most of the time of a cohort; as objects they are
    looked up in one table.
    """
    return column.astype(object).isin(values)


def share_one(ids: pd.Series, those: np.ndarray) -> np.ndarray:
    """Who has the id of one of ``those`` (a boolean for each): the same as ``ids.isin(ids[those])`` but that without an id nobody has."""
    number = pd.factorize(ids)[0]
    # Number -1, no id, is the last.
    had = np.zeros(number.max(initial=-1) + 2, dtype=bool)
    had[number[those]] = True
    had[-1] = False
    shared: np.ndarray = had[number]
    return shared
