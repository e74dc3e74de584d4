"""Whether the children whom lists are made for look like those on whom the model was tested."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from early_id.features.declare import Feature
from early_id.features.matrix import FeatureMatrix
from early_id.features.themes import THEMES

#: Standardised differences from which a shift is worth a word (Cohen 1988, ch. 2: small 0.2, medium 0.5).
STEPS = ((0.5, "very different"), (0.2, "different"))

COLUMNS = ("theme", "known_then", "known_now", "feature", "shift", "children_then", "children_now")


def drift_table(matrix: FeatureMatrix, features: Sequence[Feature], *, then: date, now: date) -> pd.DataFrame:
    """One row a theme: how much was known on both dates, and the feature that moved furthest.

    Parameters
    ----------
    features : sequence of Feature
        Those that the model reads.
    then, now : date
        The test date, and the date of the lists.

    Returns
    -------
    DataFrame
        ``known_then``, ``known_now``: share of values that are known; ``shift``: difference of the means in standard deviations of both dates
        together, signed; NaN where nothing varies or is known.
    """
    first, last = matrix.at(then).X, matrix.at(now).X
    rows = []
    for theme, members in _by_theme(features, matrix.X.columns).items():
        names = [f.name for f in members]
        shifts = {f.label: _shift(first[f.name], last[f.name]) for f in members}
        furthest = max((label for label in shifts if not np.isnan(shifts[label])), key=lambda label: abs(shifts[label]), default="")
        known = [float(part[names].notna().to_numpy().mean()) for part in (first, last)]
        rows.append((theme, *known, furthest, shifts.get(furthest, np.nan), len(first), len(last)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def in_words(shift: float) -> str:
    """``about the same``, ``different``, ``very different``; ``cannot be told``."""
    if np.isnan(shift):
        return "cannot be told"
    return next((words for least, words in STEPS if abs(shift) >= least), "about the same")


def _by_theme(features: Sequence[Feature], held: pd.Index) -> dict[str, list[Feature]]:
    themes: dict[str, list[Feature]] = {}
    for feature in features:
        if feature.name in held:
            themes.setdefault(THEMES[feature.theme].title if feature.theme in THEMES else feature.theme, []).append(feature)
    return themes


def _shift(first: pd.Series, last: pd.Series) -> float:
    both = pd.concat([first, last]).dropna()
    spread = float(both.std(ddof=0)) if len(both) else 0.0
    if not first.notna().any() or not last.notna().any() or spread <= 1e-12:
        return float("nan")
    return float(last.mean() - first.mean()) / spread
