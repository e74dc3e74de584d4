"""What a trial says beyond its five figures: tables of parts, bands, calibration, net benefit, ends of follow-up, funnel, labels, steadiness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from early_id.core.types import Json
from early_id.models.bands import bands_table, cut_bands
from early_id.models.benefit import families_with_need, net_benefit_table, not_known_table, places_curve
from early_id.models.calibrate import calibration_json
from early_id.models.ends import censored_by_group, ends_table, left_in_table
from early_id.models.evaluate import TestRows
from early_id.models.funnel import Funnel, school_funnel
from early_id.models.listed import Dates
from early_id.models.segments import labels_of, segments_table
from early_id.stats.calibration import calibration_intercept, calibration_slope, observed_expected

if TYPE_CHECKING:
    from early_id.config.settings import TrainingSettings
    from early_id.features.matrix import FeatureMatrix
    from early_id.models.fitting import Ranked
    from early_id.models.splits import Splits


@dataclass(frozen=True)
class Further:
    """Tables about one trial, most of them about the model put forward. An empty table: not held, or nothing to say.

    Attributes
    ----------
    segments : DataFrame
        Parts of the council: see :func:`early_id.models.segments.segments_table`.
    bands, band_edges
        Observed rates by band, and the inner edges (probabilities), which were cut before the test date.
    calibration : dict
        The map that was fitted, on what, and how it did at the test date: ``slope``, ``intercept``, ``observed_expected`` with intervals.
    benefit, not_known, curve, left_in : DataFrame
        One row a model and threshold; a model; a model and number of places; a learned model and measure.
    ends, censored : DataFrame
        How follow-up ended; who left, by group.
    funnel : Funnel or None
    labels : dict
        What was seen of children nobody looked at, with the warning; lists made for other labels where the settings ask for them.
    stability : dict
        Filled once the model was refitted.
    sharing : dict
        What the sharing rule costs this audience's model: see :func:`early_id.models.sharing.sharing_cost`.
    scorecard : dict
        The points of the scorecard, in words, where one was trained, put forward or not: see :func:`early_id.models.scorecard_page.points_table`.
    """

    segments: pd.DataFrame = field(default_factory=pd.DataFrame)
    bands: pd.DataFrame = field(default_factory=pd.DataFrame)
    band_edges: tuple[float, ...] = ()
    calibration: Json = field(default_factory=dict)
    benefit: pd.DataFrame = field(default_factory=pd.DataFrame)
    not_known: pd.DataFrame = field(default_factory=pd.DataFrame)
    curve: pd.DataFrame = field(default_factory=pd.DataFrame)
    families_with_need: int = 0
    left_in: pd.DataFrame = field(default_factory=pd.DataFrame)
    ends: pd.DataFrame = field(default_factory=pd.DataFrame)
    censored: pd.DataFrame = field(default_factory=pd.DataFrame)
    funnel: Funnel | None = None
    labels: Json = field(default_factory=dict)
    stability: Json = field(default_factory=dict)
    sharing: Json = field(default_factory=dict)
    regimes: Json = field(default_factory=dict)
    scorecard: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        """Everything as plain values; no row of a child, no school's name."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}

    def frame(self) -> pd.DataFrame:
        """The parts of the council."""
        return self.segments


def make_further(
    matrix: FeatureMatrix,
    settings: TrainingSettings,
    splits: Splits,
    rows: TestRows,
    ranked: Sequence[Ranked],
    lists: Dates,
    *,
    y: np.ndarray,
    points: Mapping[str, Mapping[str, float]],
    extras: Mapping[str, Mapping[str, Any]],
    areas: Mapping[str, str] | None,
    components: Sequence[str],
    regimes: Json,
) -> Further:
    """All tables that need no further fit.

    Parameters
    ----------
    matrix : FeatureMatrix
        As the audience may see it.
    lists : Dates
        Lists of the model put forward, at every date up to the test date.
    """
    test = splits.test
    forward = next(r for r in ranked if r.name == settings.put_forward)
    probability = forward.probability[test]
    scores = {r.name: r.score[test] for r in ranked}
    probabilities = {r.name: r.probability[test] for r in ranked}
    labels = labels_of(matrix.index, matrix.X, test, areas=areas)
    edges = _edges(forward, y, splits)
    outcomes = matrix.y[test]
    return Further(
        segments=segments_table(lists, probability, labels, resamples=settings.resamples, seed=settings.seed),
        bands=bands_table(edges, probability, rows.y, rows.cluster),
        band_edges=tuple(map(float, edges)),
        calibration=_calibration(forward, rows, probability, settings.calibration),
        benefit=net_benefit_table(probabilities, rows, settings.benefit_thresholds),
        not_known=not_known_table(scores, rows),
        curve=places_curve(scores, rows),
        families_with_need=families_with_need(rows),
        left_in=left_in_table(extras, points),
        ends=ends_table(outcomes, [name for name in components if name in outcomes], rows, lists.test["listed"].to_numpy()),
        censored=censored_by_group(matrix.groups[test], rows.censored, rows.cluster),
        funnel=school_funnel(lists) if lists.frame["school_id"].notna().any() else None,
        regimes=regimes,
    )


def _edges(forward: Ranked, y: np.ndarray, splits: Splits) -> np.ndarray:
    if forward.out_of_fold is None or forward.calibrator is None:
        return np.zeros(0)
    rows = splits.calibrate
    return cut_bands(forward.calibrator(forward.out_of_fold[rows]), y[rows])


def _calibration(forward: Ranked, rows: TestRows, probability: np.ndarray, kind: str) -> Json:
    """The map and the judgement of it, at the test date."""
    judged = {"slope": calibration_slope, "intercept": calibration_intercept, "observed_expected": observed_expected}
    figures = {name: dict(zip(("value", "low", "high"), map(float, f(rows.y, probability, rows.cluster)), strict=True)) for name, f in judged.items()}
    return {"kind": kind, "map": calibration_json(forward.calibrator), **figures}


def _plain(value: Any) -> Any:
    """Tables as records, numbers as Python's, what cannot be estimated as null."""
    if isinstance(value, pd.DataFrame):
        return [_plain(row) for row in value.to_dict("records")]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Funnel):
        return _plain(value.to_json())
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value
