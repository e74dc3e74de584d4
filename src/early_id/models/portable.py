"""A fitted model as plain numbers: written as JSON, read by a person, scored with numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from early_id.core.errors import InputDataError
from early_id.core.types import Json
from early_id.models.adding import Floats, add_up
from early_id.models.additive_tables import look_up


def to_tables(estimator: Any) -> Json:
    """The numbers of a fitted learned model: ``baseline`` and one entry per feature, in column order.

    An entry of kind ``steps`` has ``cuts`` (upper ends), ``values`` (one more) and ``unknown``; one of kind ``line`` has
    ``mean``, ``scale``, ``weight``, ``centre`` and ``unknown``: its term is ``weight * (x - mean) / scale - centre``.
    """
    if isinstance(estimator, PortableModel):
        return estimator.tables
    if hasattr(estimator, "values_"):
        terms: list[Json] = [
            {"kind": "steps", "cuts": cuts.tolist(), "values": values[:-1].tolist(), "unknown": float(values[-1])}
            for cuts, values in zip(estimator.cuts_, estimator.values_, strict=True)
        ]
    elif hasattr(estimator, "unknown_coef_"):
        # A constant feature has an infinite scale, which JSON cannot hold: weight 0 on scale 1 is the same line.
        constant = ~np.isfinite(estimator.scale_)
        weights, scales = np.where(constant, 0.0, estimator.coef_), np.where(constant, 1.0, estimator.scale_)
        columns = (estimator.mean_, scales, weights, estimator.centre_, estimator.unknown_coef_ - estimator.centre_)
        names = ("mean", "scale", "weight", "centre", "unknown")
        terms = [{"kind": "line", **dict(zip(names, map(float, row), strict=True))} for row in zip(*columns, strict=True)]
    else:
        raise InputDataError(
            f"A {type(estimator).__name__} cannot be written as tables.",
            what_next="Put forward one of the learned models: logistic, additive.",
        )
    return {"baseline": float(estimator.baseline_), "terms": terms}


@dataclass(frozen=True)
class PortableModel:
    """A model read back from its tables; scores and explains like the estimator it was written from."""

    tables: Json
    features: tuple[str, ...]

    @property
    def baseline_(self) -> float:
        """Mean score of the training rows."""
        return float(self.tables["baseline"])

    def _terms(self, X: pd.DataFrame) -> Floats:
        missing = [name for name in self.features if name not in X.columns]
        if missing:
            raise InputDataError.columns_missing(missing, where="the matrix given to a registered model", found=map(str, X.columns))
        values = X[list(self.features)].to_numpy(dtype=np.float64)
        terms = np.empty_like(values)
        for j, term in enumerate(self.tables["terms"]):
            terms[:, j] = _TERMS[term["kind"]](term, values[:, j])
        return terms

    def score_log_odds(self, X: pd.DataFrame) -> Floats:
        """Uncalibrated log-odds of each row."""
        return add_up(self._terms(X), self.baseline_)

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """One column per feature and ``baseline``; rows sum to the score."""
        frame = pd.DataFrame(self._terms(X), columns=list(self.features), index=X.index)
        frame["baseline"] = self.baseline_
        return frame


def _steps(term: Json, x: Floats) -> Floats:
    cuts = np.asarray(term["cuts"], dtype=np.float64)
    return look_up(cuts, np.asarray([*term["values"], term["unknown"]], dtype=np.float64), x)


def _line(term: Json, x: Floats) -> Floats:
    known = (x - term["mean"]) / term["scale"] * term["weight"] - term["centre"]
    result: Floats = np.where(np.isnan(x), term["unknown"], known)
    return result


_TERMS = {"steps": _steps, "line": _line}


def from_tables(tables: Json, features: Sequence[str]) -> PortableModel:
    """A model from its tables; refuses a number of terms that is not the number of features."""
    if len(tables["terms"]) != len(features):
        raise InputDataError(f"The model's tables hold {len(tables['terms'])} terms for {len(features)} features.")
    return PortableModel(tables, tuple(features))
