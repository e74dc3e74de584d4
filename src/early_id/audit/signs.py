"""Is more recorded about a group's children who turned out alike? By feature, at the same outcome.

If a model gives a group a higher score for the same need, one of its features does. Features are compared by rank: how often a child of the
group shows more than another child, less one half. Where a second outcome is held that does not pass the same
threshold as the first, children with the same answer to it are compared. What is found is *where* the difference sits, not why: signs
that a service writes down when it is called may be written more often for some (measurement); signs that everybody shows may go along with
the group for another reason (a stand-in). Figures do not tell these two apart; who keeps the record does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from early_id.audit.groups import NOT_KNOWN, Grouping
from early_id.stats.arrays import Bools, Floats, Ints
from early_id.stats.intervals import normal_quantile

COLUMNS = ("characteristic", "characteristic_label", "group", "outcome", "feature", "difference", "low", "high", "beyond_chance")

#: Children with the outcome, and without it, on each side.
FEWEST = 20

NOTHING, LABEL, SIGNS = "nothing beyond chance", "the outcome is recorded differently", "signs are recorded differently"


def signs_table(X: pd.DataFrame, outcomes: Mapping[str, Floats], held: Sequence[Grouping], families: Ints) -> pd.DataFrame:
    """Difference of each feature's mean rank between a group and everyone else, at the same mix of one outcome.

    Parameters
    ----------
    X : DataFrame
        Features of each row; an unknown value stands in the middle.
    outcomes : mapping
        Name → 1, 0 or NaN of each row.

    Returns
    -------
    DataFrame
        ``difference``: from -0.5 to 0.5, with a 95 % interval. ``beyond_chance``: the interval, corrected for the number of features and groups
        (Bonferroni at 5 %), leaves out 0.
    """
    ranks = (X.rank() / (X.notna().sum() + 1)).fillna(0.5)
    values, order = ranks.to_numpy(), np.argsort(families, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(families[order]) != 0])
    parts = []
    for name, outcome in outcomes.items():
        for by in (one for one in held if len(one.groups) > 1):
            for g, group in enumerate(by.groups):
                inside = by.codes == g
                if group == NOT_KNOWN or _fewest(outcome, inside) < FEWEST:
                    continue
                value, error = _differences(values, outcome, inside, order, starts)
                what = {"characteristic": by.name, "characteristic_label": by.label, "group": group, "outcome": name, "feature": ranks.columns}
                parts.append(pd.DataFrame({**what, "difference": value, "error": error}))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    table, z = pd.concat(parts, ignore_index=True), normal_quantile(0.975)
    sure = normal_quantile(1 - 0.025 / len(table)) * table["error"]
    table = table.assign(
        low=table["difference"] - z * table["error"], high=table["difference"] + z * table["error"], beyond_chance=table["difference"].abs() > sure
    )
    return table[list(COLUMNS)]


def _fewest(outcome: Floats, inside: Bools) -> int:
    return min(int(((outcome == value) & side).sum()) for value in (0.0, 1.0) for side in (inside, ~inside))


def _differences(values: Floats, outcome: Floats, inside: Bools, order: Ints, starts: Ints) -> tuple[Floats, Floats]:
    """Difference of every feature at the same mix of the outcome, and its standard error: clustered by family, or that of independent rows."""
    known = float((~np.isnan(outcome)).sum())
    value, pull, pooled = np.zeros(values.shape[1]), np.zeros(values.shape), np.zeros(values.shape[1])
    for answer in (0.0, 1.0):
        stratum = outcome == answer
        weight = float(stratum.sum()) / known
        for side, sign in ((stratum & inside, 1.0), (stratum & ~inside, -1.0)):
            n, mean = int(side.sum()), values[side].mean(axis=0)
            value += sign * weight * mean
            pull[side] += sign * weight * (values[side] - mean) / n
            # As if there were no difference: a group in which a rare sign never occurs would otherwise seem to know it for certain.
            pooled += weight**2 * values[stratum].var(axis=0) / n
    sums = np.add.reduceat(pull[order], starts, axis=0)
    clustered = (sums**2).sum(axis=0) * len(starts) / max(len(starts) - 1, 1)
    return value, np.sqrt(np.maximum(clustered, pooled))


def told_apart(second: pd.DataFrame, signs: pd.DataFrame, characteristic: str, group: str) -> tuple[str, str]:
    """What a second outcome tells about one group: where the difference sits, and the feature that differs most, if it is one.

    The outcome comes first: where it is recorded differently, what is recorded about children *with* it cannot be compared.
    """
    mine = second[(second["characteristic"] == characteristic) & (second["group"] == group)]
    if ((mine["ratio_low"] > 1) | (mine["ratio_high"] < 1)).any():
        return LABEL, ""
    own = signs[(signs["characteristic"] == characteristic) & (signs["group"] == group) & signs["beyond_chance"]]
    if own.empty:
        return NOTHING, ""
    error = (own["high"] - own["low"]).abs()
    return SIGNS, str(own.loc[(own["difference"].abs() / error).idxmax(), "feature"])
