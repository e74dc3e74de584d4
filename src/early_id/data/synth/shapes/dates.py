"""Dates of the records in the style of a shape: what is written in the column's own style is rewritten, anything else stays as it stands.

So a planted fault (a date that cannot be read, a serial number of a spreadsheet, a stray style) shows in every shape that has the
field, and a sound date is written as that shape writes dates.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.timeline import NEVER, as_date, day_number

Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

#: Day number of a date that is there and cannot be read: before everything, so that no rule of time takes the row out.
UNREADABLE = -NEVER
BRITISH, ISO = "%d/%m/%Y", "%Y-%m-%d"
#: Day 0 of a spreadsheet's serial dates.
SERIAL_ORIGIN = day_number(date(1899, 12, 30))

_STYLES: tuple[tuple[str, re.Pattern[str], Callable[[str], int]], ...] = (
    ("british", re.compile(r"\d{2}/\d{2}/\d{4}"), lambda text: day_number(datetime.strptime(text, BRITISH).date())),
    ("iso", re.compile(r"\d{4}-\d{2}-\d{2}"), lambda text: day_number(date.fromisoformat(text))),
    ("stamp", re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?"), lambda text: day_number(datetime.fromisoformat(text).date())),
    ("serial", re.compile(r"\d{5}"), lambda text: int(text) + SERIAL_ORIGIN),
)


@dataclass(frozen=True)
class Dates:
    """One column of dates: the day of each row, the text it came from, and whether it is in the column's usual style."""

    day: Ints  #: days since 1970; ``NEVER`` where empty, ``UNREADABLE`` where not a date
    raw: Texts
    usual: npt.NDArray[np.bool_]

    def text(self, pattern: str = ISO) -> Texts:
        """The dates in the style of a shape; what is not in the column's usual style as it stands."""
        return np.where(self.usual, written(self.day, pattern), self.raw)

    def take(self, rows: Ints | npt.NDArray[np.bool_]) -> Dates:
        """Some of the rows."""
        return Dates(self.day[rows], self.raw[rows], self.usual[rows])

    def __len__(self) -> int:
        return len(self.day)


def read_dates(column: pd.Series) -> Dates:
    """A column of texts as dates; never fails."""
    raw = column.to_numpy(dtype=object)
    codes, unique = pd.factorize(raw)
    count = np.bincount(codes, minlength=len(unique))
    days = np.full(len(unique), UNREADABLE, dtype=np.int64)
    style = np.full(len(unique), -1, dtype=np.int64)
    for i, text in enumerate(unique):
        days[i], style[i] = _read(str(text))
    seen = np.bincount(style[style >= 0], weights=count[style >= 0], minlength=len(_STYLES))
    usual = (style == int(np.argmax(seen))) | (days == NEVER)
    return Dates(days[codes], raw, usual[codes])


def _read(text: str) -> tuple[int, int]:
    """Day number and number of the style (-1: none)."""
    if text.strip() == "":
        return NEVER, -1
    for number, (_, pattern, read) in enumerate(_STYLES):
        if pattern.fullmatch(text):
            try:
                return read(text), number
            except ValueError:
                return UNREADABLE, -1
    return UNREADABLE, -1


def written(days: Ints, pattern: str = ISO) -> Texts:
    """Day numbers as text; empty for ``NEVER`` and beyond, and where unreadable."""
    unique, where = np.unique(np.asarray(days, dtype=np.int64), return_inverse=True)
    texts = np.full(len(unique), "", dtype=object)
    for i, day in enumerate(unique):
        if abs(int(day)) < NEVER // 2:
            texts[i] = as_date(int(day)).strftime(pattern)
    return texts[where]
