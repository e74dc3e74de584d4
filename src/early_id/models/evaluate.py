"""How a ranking would have done as a list, first, and as a ranking, after.

A list holds families: a family stands where its highest-scoring eligible child stands. Precision is counted per family listed,
recall per child whose need was later recognised. Ties at the last place count at their expected value. Intervals of shares
have closed forms on effective sizes; AUC, average precision, Brier score and all differences are resampled by family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from early_id.core.types import Json
from early_id.models.adding import Floats
from early_id.models.result import Estimate, ModelResult
from early_id.stats.arrays import cluster_codes
from early_id.stats.capacity import at_capacity
from early_id.stats.intervals import proportion_interval
from early_id.stats.rates import design_effect
from early_id.stats.resample import (
    BatchStatistic,
    auc_statistic,
    average_precision_statistic,
    brier_statistic,
    clustered_draws,
    percentile_bounds,
    precision_statistic,
    recall_statistic,
)

RESAMPLED: tuple[str, ...] = ("auc", "average_precision", "brier")


@dataclass(frozen=True)
class TestRows:
    """The rows of the test date, shared by all models.

    ``family`` are the families of the list; ``cluster`` the groups that are resampled (families tied by a child who moved count
    as one). ``y`` has NaN where the outcome is not known or the child left before the horizon.
    """

    #: Not a test class, whatever its name suggests to pytest.
    __test__ = False

    y: Floats
    censored: NDArray[np.bool_]
    family: NDArray[np.int64]
    cluster: NDArray[np.int64]
    known_to_services: NDArray[np.bool_] | None
    capacity: int
    units: NDArray[np.int64] | None = None  #: code of the recipient of each row; None for one list over everybody
    places: Floats | None = None  #: places of each recipient, in the order of the codes

    @property
    def spots(self) -> Floats | int:
        """Places as the functions of ``stats.capacity`` take them: for each recipient, or over everybody."""
        return self.capacity if self.places is None else self.places

    @property
    def y_censored_as_no(self) -> Floats:
        """Outcome with those who left before the horizon counted as no."""
        result: Floats = np.where(np.isnan(self.y) & self.censored, 0.0, self.y)
        return result


def share_of_families(score: Floats, rows: TestRows, y: Floats) -> Estimate:
    """Of the families listed whose outcome is known, the share in which a child has it."""
    at = at_capacity(score, rows.family, y, rows.spots, rows.units)
    per_family = pd.DataFrame({"listed": at.listed, "y": y}).groupby(rows.family).max()
    known = per_family.dropna()
    n, found = float(known["listed"].sum()), float((known["listed"] * known["y"]).sum())
    low, high = proportion_interval(found, n)
    return Estimate(at.precision, float(low), float(high), round(n))


def share_of_children(score: Floats, rows: TestRows, y: Floats) -> Estimate:
    """Of the children with the outcome, the share whose family is listed."""
    at = at_capacity(score, rows.family, y, rows.spots, rows.units)
    positive = y == 1
    n = int(positive.sum())
    if not n:
        return Estimate(np.nan)
    codes, _ = cluster_codes(rows.family[positive])
    effect = design_effect(at.listed[positive], codes)
    low, high = proportion_interval(float(at.listed[positive].sum()), n, effect)
    return Estimate(at.recall, float(low), float(high), n)


def statistics_of(score: Floats, probability: Floats, rows: TestRows) -> dict[str, BatchStatistic]:
    """Every measure of one model as a function of row weights."""
    return {
        "auc": auc_statistic(rows.y, score),
        "average_precision": average_precision_statistic(rows.y, score),
        "brier": brier_statistic(rows.y, probability),
        "precision_at_capacity": precision_statistic(score, rows.family, rows.y, rows.spots, rows.units),
        "recall_at_capacity": recall_statistic(score, rows.family, rows.y, rows.spots, rows.units),
    }


def draw_all(
    held_out: Mapping[str, pd.DataFrame], rows: TestRows, *, resamples: int, seed: int
) -> tuple[dict[str, dict[str, Floats]], dict[str, dict[str, float]]]:
    """Draws and point values of every measure of every model, all on the same resamples, so that differences are paired."""
    named = {
        f"{model}|{measure}": statistic
        for model, frame in held_out.items()
        for measure, statistic in statistics_of(frame["score"].to_numpy(), frame["probability"].to_numpy(), rows).items()
    }
    draws = clustered_draws(named, rows.cluster, resamples=resamples, seed=seed)
    ones = np.ones((1, len(rows.y)))
    drawn: dict[str, dict[str, Floats]] = {model: {} for model in held_out}
    points: dict[str, dict[str, float]] = {model: {} for model in held_out}
    for key, statistic in named.items():
        model, measure = key.split("|")
        drawn[model][measure] = draws[key]
        points[model][measure] = float(statistic(ones)[0])
    return drawn, points


def model_result(
    name: str,
    kind: str,
    held_out: pd.DataFrame,
    rows: TestRows,
    draws: Mapping[str, Floats],
    points: Mapping[str, float],
    *,
    outcome: str,
    extra: Json | None = None,
) -> ModelResult:
    """All figures of one model or rule at the test date."""
    score = held_out["score"].to_numpy()
    n_known = int((~np.isnan(rows.y)).sum())
    ranked = {
        measure: Estimate(bounds.value, bounds.low, bounds.high, n_known)
        for measure in RESAMPLED
        for bounds in (percentile_bounds(points[measure], draws[measure]),)
    }
    precision, recall = share_of_families(score, rows, rows.y), share_of_children(score, rows, rows.y)
    return ModelResult(
        name=name,
        kind=kind,
        auc=ranked["auc"],
        average_precision=ranked["average_precision"],
        brier=ranked["brier"],
        precision_at_capacity=precision,
        recall_at_capacity=recall,
        sentence=capacity_sentence(precision.value, recall.value, outcome=outcome),
        held_out=held_out,
        extra=(extra or {}) | _not_already_known(score, rows),
    )


def _not_already_known(score: Floats, rows: TestRows) -> Json:
    """Of the families listed, the share with nobody known to services in the last year; nothing where that is not held."""
    if rows.known_to_services is None:
        return {}
    listed = at_capacity(score, rows.family, rows.y, rows.spots, rows.units).listed
    family = pd.DataFrame({"listed": listed, "known": rows.known_to_services}).groupby(rows.family).max()
    places = float(family["listed"].sum())
    return {"listed_not_already_known": float((family["listed"] * ~family["known"]).sum()) / places if places else None}


def capacity_sentence(precision: float, recall: float, *, outcome: str = "need_recognised") -> str:
    """The result in one sentence, out of ten.

    Examples
    --------
    >>> capacity_sentence(0.31, 0.22)
    'Of every 10 families listed, about 3 later had a need recognised; of every 10 children whose need was later recognised, 8 were missed.'
    """
    if np.isnan(precision) or np.isnan(recall):
        return "How often this list would have been right cannot be estimated: no outcome is known among those listed, or nobody had it."
    missed = _of_ten(1.0 - recall)
    if outcome == "need_recognised":
        return (
            f"Of every 10 families listed, {_about(precision)} later had a need recognised; "
            f"of every 10 children whose need was later recognised, {missed} were missed."
        )
    words = outcome.replace("_", " ")
    return f"Of every 10 listed, {_about(precision)} later had the outcome '{words}'; of every 10 who had it, {missed} were missed."


def _of_ten(share: float) -> str:
    """Whole number out of ten; never "0" or "10" for a share that is not quite that."""
    n = int(10 * share + 0.5)  # halves go up, as on the pages
    if n == 0 and share > 0:
        return "fewer than 1"
    if n == 10 and share < 1:
        return "more than 9"
    return str(n)


def _about(share: float) -> str:
    text = _of_ten(share)
    return text if " " in text or share in (0.0, 1.0) else f"about {text}"


def components_table(scores: Mapping[str, Floats], rows: TestRows, outcomes: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Each part of the outcome, and each further label, for the same lists: rate among families listed, share of its children found.

    Parameters
    ----------
    scores : mapping of model name to scores at the test date
    outcomes : DataFrame
        Outcomes of the test rows; NaN is not known.
    names : sequence of str
        Columns to report.
    """
    found = []
    for model, score in scores.items():
        for name in names:
            y = outcomes[name].to_numpy(dtype=np.float64)
            precision, recall = share_of_families(score, rows, y), share_of_children(score, rows, y)
            found.append(
                {
                    "model": model,
                    "component": name,
                    "children_with_it": int((y == 1).sum()),
                    "rate_among_listed": precision.value,
                    "rate_low": precision.low,
                    "rate_high": precision.high,
                    "found": recall.value,
                    "found_low": recall.low,
                    "found_high": recall.high,
                }
            )
    return pd.DataFrame(found)


def censoring_table(scores: Mapping[str, Floats], rows: TestRows) -> pd.DataFrame:
    """Precision and recall with those who left before the horizon left out, and counted as no."""
    ways = {"left out": rows.y, "counted as no": rows.y_censored_as_no}
    return pd.DataFrame(
        [
            {
                "model": model,
                "children_who_left": way,
                "children": int(rows.censored.sum()),
                "precision_at_capacity": share_of_families(score, rows, y).value,
                "recall_at_capacity": share_of_children(score, rows, y).value,
            }
            for model, score in scores.items()
            for way, y in ways.items()
        ]
    )
