"""What a trial leaves in the tracking store: parameters, figures and pictures, never a row. No word of mlflow here."""

from __future__ import annotations

import math

import numpy as np

from early_id.config.settings import TrainingSettings
from early_id.core.types import Json
from early_id.features.matrix import MatrixMeta
from early_id.models.result import MEASURES, ModelResult, Trial
from early_id.stats.metrics import auc, average_precision, brier


def trial_params(trial: Trial, meta: MatrixMeta, settings: TrainingSettings) -> Json:
    """What a trial was made from: choices, dates, sizes and fingerprints."""
    return {
        "audience": trial.audience,
        "outcome": trial.outcome,
        "capacity": trial.capacity,
        "put_forward": settings.put_forward,
        "split": settings.split,
        "families_folds": settings.families_folds,
        "seed": settings.seed,
        "features": len(trial.best.features),
        "as_of_dates": ", ".join(str(day) for day in meta.as_of_dates),
        "test_date": trial.splits["test_date"],
        "training_rows": trial.splits["training_rows"],
        "catalogue_hash": meta.catalogue_hash,
        "data_hash": meta.data_hash,
        "settings_hash": trial.best.settings_hash,
        "acceptance_hash": trial.acceptance.get("hash") or "no bar was written down",
        "model_hash": trial.best.fingerprint(),
    }


def result_params(result: ModelResult) -> Json:
    """The plain values among a model's further figures."""
    return {key: value for key, value in result.extra.items() if isinstance(value, int | float | str)}


def result_metrics(result: ModelResult) -> dict[str, float]:
    """Every figure with both ends of its interval; what cannot be estimated is left out, not written as 0."""
    figures = {}
    for measure in MEASURES:
        estimate = getattr(result, measure)
        for end, value in (("", estimate.value), ("_low", estimate.low), ("_high", estimate.high)):
            if math.isfinite(value):
                figures[f"{measure}{end}"] = float(value)
    return figures


def fold_metrics(result: ModelResult) -> dict[int, dict[str, float]]:
    """Figures of each fold's own fit on the families that it had not seen.

    Folds of a rule are none: it was not fitted to anybody. A figure that a fold is too small for is left out. There are no intervals:
    how far the folds lie from each other is what they are looked at for.
    """
    rows = result.held_out
    if result.kind != "model" or "fold" not in rows or (rows["fold"] < 0).all():
        return {}
    out = {}
    for fold, part in rows.groupby("fold"):
        known = part[part["y"].notna()]
        y, score, probability = (known[name].to_numpy(dtype=np.float64) for name in ("y", "score", "probability"))
        families = part["family_id"].where(part["family_id"].notna(), part["child_id"]).nunique()
        figures = {"rows": len(part), "families": families, "outcomes": y.sum(), "expected": probability.sum()}
        if 0 < y.sum() < len(y):
            figures |= {"auc": auc(y, score), "average_precision": average_precision(y, score), "brier": brier(y, probability)}
        out[int(str(fold))] = {name: float(value) for name, value in figures.items() if math.isfinite(value)}
    return out


def pictures(trial: Trial) -> dict[str, str]:
    """File name to SVG."""
    return {"figures/families_listed.svg": trial.plot()}
