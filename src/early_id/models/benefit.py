"""What a list is worth: net benefit over thresholds that the board states, families found that nobody knew, families found against places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from early_id.models.adding import Floats
from early_id.models.evaluate import TestRows
from early_id.stats.arrays import cluster_codes
from early_id.stats.capacity import at_capacity
from early_id.stats.intervals import normal_quantile, proportion_interval

#: Numbers of places, as a share of those there are, at which families found are counted.
SHARES_OF_PLACES: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)

#: Names of the two ways that need no model.
EVERYBODY, NOBODY = "talk to everybody", "talk to nobody"


def net_benefit_table(probabilities: Mapping[str, Floats], rows: TestRows, thresholds: Sequence[float]) -> pd.DataFrame:
    """Decision-curve table (Vickers and Elkin 2006): right conversations less the others, weighed by the threshold, per 1,000 children.

    At threshold t a conversation without need costs t / (1 - t) of what one with need is worth. Children whose outcome is known; the
    interval is that of a mean whose rows come in families.
    """
    known = ~np.isnan(rows.y)
    y, (codes, n) = rows.y[known], cluster_codes(rows.cluster[known])
    ways = {**{name: p[known] for name, p in probabilities.items()}, EVERYBODY: np.ones(len(y)), NOBODY: np.zeros(len(y))}
    found = []
    for threshold in thresholds:
        weight = threshold / (1 - threshold)
        for name, p in ways.items():
            talked = (p >= threshold).astype(np.float64)
            each = 1000 * talked * (y - (1 - y) * weight)
            value, error = _mean(each, codes, n)
            row = {"model": name, "threshold": threshold, "talked_to": float(1000 * talked.mean()), "net_benefit": value}
            found.append({**row, "low": value - error, "high": value + error})
    return pd.DataFrame(found)


def _mean(values: Floats, codes: np.ndarray, clusters: int) -> tuple[float, float]:
    """Mean and half its 95 % interval, clustered."""
    mean = float(values.mean())
    totals = np.bincount(codes, weights=values - mean, minlength=clusters)
    variance = float((totals**2).sum()) * clusters / max(clusters - 1, 1) / len(values) ** 2
    return mean, float(np.sqrt(variance)) * normal_quantile(0.975)


def not_known_table(scores: Mapping[str, Floats], rows: TestRows) -> pd.DataFrame:
    """Families listed that nobody of the services knew in the year before: how many, and how often the list was right about them.

    Empty where it is not held who is known. *Known* is a contact, an offer of early help or a statutory status of any child of the
    family; whether the recipient itself knew the family is not in these records.
    """
    if rows.known_to_services is None:
        return pd.DataFrame()
    found = []
    for name, score in scores.items():
        listed = at_capacity(score, rows.family, rows.y, rows.spots, rows.units).listed
        each = pd.DataFrame({"listed": listed, "y": rows.y, "known": rows.known_to_services}).groupby(rows.family).agg("max")
        new = each[~each["known"].astype(bool)]
        places, fresh = float(each["listed"].sum()), float(new["listed"].sum())
        low, high = proportion_interval(fresh, places)
        told = new.dropna(subset=["y"])
        n, hits = float(told["listed"].sum()), float((told["listed"] * told["y"]).sum())
        right_low, right_high = proportion_interval(hits, n)
        row = {"model": name, "families_listed": places, "not_known": fresh, "share": fresh / places if places else np.nan}
        row |= {"share_low": float(low), "share_high": float(high), "found": hits, "n": round(n), "precision": hits / n if n else np.nan}
        found.append({**row, "precision_low": float(right_low), "precision_high": float(right_high)})
    return pd.DataFrame(found)


def places_curve(scores: Mapping[str, Floats], rows: TestRows) -> pd.DataFrame:
    """Families with need among those listed, for numbers of places around the real one: model, places, found.

    Where each recipient has places of its own, all grow and shrink together.
    """
    per_family = pd.Series(rows.y).groupby(rows.family).max()
    need = (per_family == 1).to_numpy()
    code = np.searchsorted(per_family.index.to_numpy(), rows.family)
    found = []
    for name, score in scores.items():
        for share in SHARES_OF_PLACES:
            listed = at_capacity(score, rows.family, rows.y, np.asarray(rows.spots) * share, rows.units).listed
            best = np.zeros(len(per_family))
            np.maximum.at(best, code, listed)
            found.append({"model": name, "places": float(rows.capacity * share), "found": float(best[need].sum())})
    return pd.DataFrame(found)


def families_with_need(rows: TestRows) -> int:
    """Families in which a child has the outcome."""
    return int((pd.Series(rows.y).groupby(rows.family).max() == 1).sum())
