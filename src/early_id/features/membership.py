"""Who of many is among many others."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

import pandas as pd

T = TypeVar("T", pd.Series, pd.Index)


def among(column: T, values: pd.Series | pd.Index | Collection[str]) -> T:
    """The same as ``column.isin(values)``, for thousands of ids.

    Where both are text pandas 3 turns each of ``values`` into a scalar of Arrow by itself, which was most of the time of a cohort; as objects they are
    looked up in one table.
    """
    return column.astype(object).isin(values)
