"""How well what a model may see gives away who a child is.

No protected characteristic is a feature, but others can stand in for one. For each group: how well each feature, each theme and the whole
set tell its children from everyone else (AUC: 0.5 not at all, 1 always). A strong link is no fault by itself: absence is linked to
poverty, and says something about need. It tells where to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from early_id.audit.groups import NOT_KNOWN, Grouping
from early_id.stats.arrays import Floats, Ints
from early_id.stats.placements import clustered_auc

#: Children on each side from which a link is looked for.
FEWEST = 50

#: More rows than this tell no more; a fixed draw of whole families is taken.
MOST_ROWS = 20_000

WHOLE_SET = "all features together"

COLUMNS = ("characteristic", "characteristic_label", "group", "kind", "source", "auc", "auc_low", "auc_high")


def proxy_table(X: pd.DataFrame, families: Ints, held: Sequence[Grouping], themes: Mapping[str, Sequence[str]], *, seed: int = 0) -> pd.DataFrame:
    """One row a group and feature, theme, or the whole set.

    Parameters
    ----------
    X : DataFrame
        Features of the audited rows, NaN where unknown; not knowing is itself something that can tell.
    themes : mapping
        Theme → its features.

    Notes
    -----
    A feature is ranked by its value; where it is unknown, by the mean. A theme's prediction is a ridge regression of membership on
    standardised values and on marks for *unknown*, each half of the families predicted from the other half: linear, so a lower bound of
    what a cleverer predictor could tell.
    """
    rng = np.random.default_rng(seed)
    count = int(families.max(initial=-1)) + 1
    fold = rng.random(count)
    keep = fold < min(1.0, MOST_ROWS / max(len(X), 1))
    rows = np.flatnonzero(keep[families])
    half = (rng.random(count) < 0.5)[families[rows]]
    values, unknown = _standardised(X.iloc[rows].to_numpy(dtype=np.float64))
    members = [(by, g, by.codes[rows] == g) for by in held if len(by.groups) > 1 for g in range(len(by.groups)) if by.groups[g] != NOT_KNOWN]
    members = [one for one in members if min(one[2].sum(), (~one[2]).sum()) >= FEWEST]
    if not members:
        return pd.DataFrame(columns=list(COLUMNS))
    target = np.column_stack([one[2] for one in members]).astype(np.float64)
    place = {str(name): j for j, name in enumerate(X.columns)}
    sources = [("set", WHOLE_SET, list(place.values()))]
    sources += [("theme", name, [place[f] for f in names if f in place]) for name, names in themes.items()]
    found = []
    for kind, name, columns in sources:
        if columns:
            guess = _predicted(np.column_stack([values[:, columns], unknown[:, columns]]), target, half)
            found += [_row(one, kind, name, guess[:, k], families[rows]) for k, one in enumerate(members)]
    for name, j in place.items():
        found += [_row(one, "feature", name, values[:, j], families[rows]) for one in members]
    return pd.DataFrame(found, columns=list(COLUMNS))


def _standardised(X: Floats) -> tuple[Floats, Floats]:
    unknown = np.isnan(X)
    known = np.maximum((~unknown).sum(axis=0), 1)
    mean = np.where(unknown, 0.0, X).sum(axis=0) / known
    centred = np.where(unknown, 0.0, X - mean)
    spread = np.sqrt((centred**2).sum(axis=0) / known)
    return centred / np.where(spread > 1e-12, spread, 1.0), unknown.astype(np.float64)


def _predicted(X: Floats, target: Floats, half: np.ndarray) -> Floats:
    """Out-of-half predictions of every membership at once."""
    out = np.zeros_like(target)
    for part in (half, ~half):
        fit, score = ~part, part
        if not fit.any() or not score.any():
            continue
        centre, mean = X[fit].mean(axis=0), target[fit].mean(axis=0)
        design = X[fit] - centre
        gram = design.T @ design + np.eye(X.shape[1]) * max(fit.sum() * 1e-3, 1.0)
        # Each half is set about its own mean, so that a difference of level between the two fits ranks nobody.
        guess = (X[score] - centre) @ np.linalg.solve(gram, design.T @ (target[fit] - mean))
        out[score] = guess - guess.mean(axis=0)
    return out


def _row(one: tuple[Grouping, int, np.ndarray], kind: str, source: str, guess: Floats, families: Ints) -> tuple[object, ...]:
    by, g, inside = one
    area, low, high = clustered_auc(inside.astype(np.float64), guess, families)
    if kind == "feature" and area < 0.5:
        # A single feature tells as much whichever way round it is.
        area, low, high = 1 - area, 1 - high, 1 - low
    return by.name, by.label, by.groups[g], kind, source, area, low, high
