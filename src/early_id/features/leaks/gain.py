"""Does a sign predict implausibly well? Its last weeks are held against what the same sign did months earlier.

Records typed in after the fact (a contact entered when help was offered, dated weeks before) pass every comparison of dates where nobody recorded
when they were written. What gives them away is when they tell: just before the outcome, and not months before, which no sign of something lasting
does. So each sign is counted over the ``SLICE`` days before a date and over slices of the same length that end ``SLICE`` × 2 and × 3 days earlier,
for the same children and the same outcome, one that came within ``SOON`` days.

A sign is named where all three hold; the reasons, and how the figures were found, stand in the README of this sub-package:

- *beyond what lasts*: its strength (area under the curve less one half) in the last weeks is more than ``LASTING`` times its strength months earlier,
- *beyond chance*: by more than the quantile of ``CHANCE`` shared among all signs (Bonferroni), children of one family not being independent,
- *beyond what can be let pass*: the gain is at least ``GAIN``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.features.declare import Window, between_days
from early_id.features.leaks.result import Leak
from early_id.features.leaks.signs import Sign
from early_id.stats.paired_areas import Placements, placements

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Days of a slice; days within which the outcome has to come.
SLICE, SOON = 90, 120
#: An honest sign of something lasting may be this many times as strong in the last weeks as half a year to a year before.
LASTING = 1.5
#: Chance that an honest council has any sign named, shared among its signs.
CHANCE = 0.01
#: Least gain in area that is named: twice it is about the share of outcomes with rows that were not to be expected.
GAIN = 0.02
#: Children and dates with the outcome below which a sign is not judged.
FEWEST = 40
COLUMNS = ("sign", "columns", "outcomes", "near", "far", "gain", "beyond", "z")


@dataclass(frozen=True)
class Slices:
    """Windows before a date: the last weeks, and the same length earlier."""

    near: Window
    far: tuple[Window, ...]

    def names(self, number: int) -> tuple[str, tuple[str, ...]]:
        """Column names of sign ``number``."""
        return f"{number}:near", tuple(f"{number}:far{i}" for i in range(len(self.far)))


SLICES = Slices(between_days(SLICE, 0), (between_days(SLICE * 3, SLICE * 2), between_days(SLICE * 4, SLICE * 3)))


def soon(index: pd.DataFrame, days: int = SOON) -> pd.DataFrame:
    """Cohort rows that ask for an outcome within fewer days than the settings do; as long for it to be recorded."""
    lag = index["mature_on"] - index["outcome_until"]
    until = (index["as_of"] + timedelta(days=days)).where(index["outcome_until"] > index["as_of"] + timedelta(days=days), index["outcome_until"])
    return index.assign(outcome_until=until, mature_on=until + lag)


def strength(signs: Sequence[Sign], values: pd.DataFrame, y: pd.Series, family: pd.Series) -> pd.DataFrame:
    """One row a sign: how well it tells the outcome from the last weeks, and from months earlier.

    Parameters
    ----------
    values : DataFrame
        Columns as :meth:`Slices.names` gives them.
    y : Series of 1, 0 or NaN
    family : Series
        Whose rows are not independent.

    Returns
    -------
    DataFrame
        ``near`` and ``far``: areas under the curve; ``gain``: their difference; ``beyond``: what is left of it once a sign may be ``LASTING`` times as
        strong; ``z``: that in standard errors. Turned round where few rows tell the outcome, so that more is always a stronger sign.
    """
    rows = []
    outcome = y.to_numpy(dtype="float64", na_value=np.nan)
    for number, sign in enumerate(signs):
        near, far = SLICES.names(number)
        parts = values[[near, *far]].to_numpy(dtype="float64")
        # The same children and dates in every slice: who became known, or moved in, may not make the difference.
        told = ~np.isnan(outcome) & ~np.isnan(parts).any(axis=1)
        if (outcome[told] == 1).sum() < FEWEST or (outcome[told] == 0).sum() < FEWEST:
            continue
        rows.append(_compare(sign, parts[told], outcome[told], family[told].to_numpy()))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _compare(sign: Sign, parts: np.ndarray, y: np.ndarray, family: np.ndarray) -> tuple[object, ...]:
    half = Placements(0.5, np.zeros(len(y)))
    near, *far = (placements(y, parts[:, i]) - half for i in range(parts.shape[1]))
    before = sum(far[1:], start=far[0]) * (1 / len(far))
    turn = 1.0 if near.auc + before.auc >= 0 else -1.0
    near, before = near * turn, before * turn
    beyond = near - before * LASTING
    error = beyond.error(family)
    z = beyond.auc / error if error > 0 else 0.0
    columns = ", ".join(sign.columns)
    return (sign.features[0], columns, int((y == 1).sum()), 0.5 + near.auc, 0.5 + before.auc, near.auc - before.auc, beyond.auc, z)


def limit(signs: int) -> float:
    """Standard errors from which a sign is beyond chance, ``signs`` of them having been looked at."""
    return NormalDist().inv_cdf(1 - CHANCE / max(signs, 1))


def too_good(signs: Sequence[Sign], measured: pd.DataFrame, recorded: Mapping[str, str]) -> Iterator[Leak]:
    """Signs that predict implausibly well; ``recorded`` says of a table how anybody knows when its rows were written."""
    by_name = {sign.features[0]: sign for sign in signs}
    named = measured[(measured["z"] > limit(len(measured))) & (measured["gain"] >= GAIN)]
    for row in named.sort_values("z", ascending=False).to_dict("records"):
        sign = by_name[row["sign"]]
        table = sign.feature.source
        why = (
            f"Its last {SLICE} days tell whose outcome comes within {SOON} days far better than the same sign months earlier (area under the curve "
            f"{row['near']:.2f} against {row['far']:.2f}; {row['outcomes']:,} outcomes), which no sign of something lasting does. Rows of '{table}' may have been "
            f"written when the outcome came and dated back. {recorded.get(table, 'When they were written is not recorded.')}"
        )
        figures = {name: round(float(row[name]), 4) for name in ("near", "far", "gain", "beyond", "z")} | {"outcomes": int(row["outcomes"])}
        yield Leak("too good", sign.features, sign.columns, why, figures)
