"""Three or four bands of probability, for analysts and the board, never for front-line staff.

They are cut before the test date, on out-of-fold scores of the latest training date, so that each holds the same number of outcomes, at
least 30; what was observed in them comes from the test date only.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.models.adding import Floats
from early_id.models.listed import estimates, shares

#: Outcomes that each band needs where it is cut, and most bands.
FEWEST, MOST = 30, 4

#: Names from the lowest band up, by number of bands.
NAMES = {2: ("lower", "higher"), 3: ("lower", "middle", "higher"), 4: ("lower", "middle", "higher", "highest")}


def cut_bands(probability: Floats, y: Floats) -> Floats:
    """Inner edges of the bands, rising: a probability equal to an edge belongs above it. Empty where there are too few outcomes for two.

    Parameters
    ----------
    probability, y : arrays
        Rows before the test date; NaN rows are left out.
    """
    known = ~np.isnan(y) & ~np.isnan(probability)
    found = np.sort(probability[known & (y == 1)])
    bands = min(MOST, len(found) // FEWEST)
    if bands < 2:
        return np.zeros(0)
    edges = np.unique([found[round(len(found) * k / bands)] for k in range(1, bands)])
    # Ties can leave a band short of outcomes: its upper edge goes, or its lower one where it is the highest band.
    while len(edges):
        held = np.bincount(np.searchsorted(edges, found, side="right"), minlength=len(edges) + 1)
        short = int(np.argmin(held))
        if held[short] >= FEWEST:
            break
        edges = np.delete(edges, min(short, len(edges) - 1))
    return np.asarray(edges, dtype=np.float64)


def band_of(edges: Floats, probability: Floats) -> np.ndarray:
    """Band number of each probability, 0 for the lowest."""
    return np.searchsorted(edges, probability, side="right")


def bands_table(edges: Floats, probability: Floats, y: Floats, family: np.ndarray) -> pd.DataFrame:
    """What was observed at the test date in each band, highest first: children, outcomes, expected and observed share with interval."""
    columns = ["band", "children", "with_outcome", "expected", "observed", "observed_low", "observed_high"]
    if not len(edges):
        return pd.DataFrame(columns=columns)
    known = ~np.isnan(y)
    band, known_y, p = band_of(edges, probability[known]), y[known], probability[known]
    observed = estimates(*shares(known_y, np.ones(len(known_y)), band, family[known]), fewest=1)
    rows = []
    for number in range(len(edges), -1, -1):
        mine = band == number
        figure = observed.get(str(number))
        rows.append(
            {
                "band": NAMES[len(edges) + 1][number],
                "children": int(mine.sum()),
                "with_outcome": int(known_y[mine].sum()),
                "expected": float(p[mine].mean()) if mine.any() else np.nan,
                "observed": figure.value if figure else np.nan,
                "observed_low": figure.low if figure else np.nan,
                "observed_high": figure.high if figure else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=columns)
