"""What a model was made from, written down so that it can be made again, and whether it came out the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from typing import Any

import numpy as np

from early_id.config.settings import Config
from early_id.core.errors import InputDataError
from early_id.core.fingerprint import fingerprint
from early_id.core.types import Json
from early_id.features.declare import Feature
from early_id.features.matrix import MatrixMeta
from early_id.models.calibrate import calibration_json
from early_id.models.provenance import changed_since
from early_id.models.registry import PACKAGE, Bundle, changed_features
from early_id.models.risk_model import RiskModel

#: Settings that a model depends on; seeds are among those of training.
SETTINGS = ("as_of", "linkage", "cohort", "outcome", "features", "training", "acceptance", "capacity", "sharing", "extension", "family_help")

#: Libraries whose version can move a number.
LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "duckdb", "ibis-framework", "splink")


def recorded_inputs(cfg: Config, meta: MatrixMeta, *, audience: str, dates: Iterable[date], marks: Mapping[str, Any] | None = None) -> Json:
    """Settings, dates, hashes and versions that a model was made from; nothing of this machine and no row.

    Parameters
    ----------
    marks : mapping, optional
        What :func:`early_id.models.provenance.provenance` says of the matrix: version of data and links, values, code.
    """
    settings = cfg.model_dump(mode="json", include=set(SETTINGS))
    return {
        "package": PACKAGE,
        "version": metadata.version("early-id"),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "audience": audience,
        "dates": [day.isoformat() for day in dates],
        "data_hash": meta.data_hash,
        "catalogue_hash": meta.catalogue_hash,
        **(marks or {}),
        "settings_hash": fingerprint(settings),
        "settings": settings,
    }


def recorded_config(cfg: Config, inputs: Json, *, bundle: str) -> Config:
    """Today's settings with those that the model was made with in their place; folders and sources stay today's.

    Raises
    ------
    InputDataError
        The bundle does not say what it was made from.
    """
    if not inputs.get("settings"):
        raise InputDataError(
            "The registered model does not say what it was made from, so it cannot be built again.",
            where=f"{bundle}, inputs.json",
            what_next="Train and register it with: early-id train, then early-id register.",
        )
    today = {name: getattr(cfg, name) for name in Config.model_fields}
    return Config(**{**today, **inputs["settings"]})


@dataclass(frozen=True)
class Rebuilt:
    """Whether a model that was built again is the same, and otherwise what differs, one sentence each.

    ``inputs`` says which of the recorded inputs are not as they were, also where the numbers came out the same all the same.
    """

    label: str
    model_hash: str
    rebuilt_hash: str
    differs: tuple[str, ...]
    inputs: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Every number of scores and calibration is the same."""
        return not self.differs

    def to_json(self) -> Json:
        """``model``, ``same``, both hashes, ``differs``, ``inputs``."""
        hashes = {"model_hash": self.model_hash, "rebuilt_hash": self.rebuilt_hash}
        return {"model": self.label, "same": self.is_same, **hashes, "differs": list(self.differs), "inputs": list(self.inputs)}

    def __str__(self) -> str:
        if self.is_same:
            first = f"{self.label}: the same model (hash {self.model_hash})"
            return "\n  ".join([f"{first}, though not all that it was made from is as it was.", *self.inputs] if self.inputs else [f"{first}."])
        return "\n  ".join([f"{self.label}: not the same model.", *self.inputs, *self.differs])


def compare_rebuilt(
    bundle: Bundle, model: RiskModel, meta: MatrixMeta, features: Iterable[Feature], *, marks: Mapping[str, Any] | None = None
) -> Rebuilt:
    """The registered model against one that was fitted again from its inputs.

    What of the inputs is not as it was is said first, because it may have moved the numbers: catalogue, data, links, values of the
    features, code, versions of package and libraries. ``marks`` are today's, as for :func:`recorded_inputs`.
    """
    from early_id.models.portable import to_tables

    rebuilt_hash = model.fingerprint()
    numbers = _numbers(bundle, to_tables(model.estimator), model)
    calibration = calibration_json(bundle.calibrator) != calibration_json(model.calibrator)
    differs = [*numbers, *(["The calibration differs."] if calibration else [])]
    inputs = _inputs_that_differ(bundle, meta, features, marks or {})
    return Rebuilt(bundle.label, bundle.model_hash, rebuilt_hash, tuple(differs), tuple(inputs))


def _inputs_that_differ(bundle: Bundle, meta: MatrixMeta, features: Iterable[Feature], marks: Mapping[str, Any]) -> list[str]:
    said = []
    made = bundle.inputs
    if meta.data_hash != made["data_hash"]:
        said.append(f"The files that were taken in are not the same (hash {made['data_hash']} then, {meta.data_hash} now).")
    if meta.catalogue_hash != made["catalogue_hash"]:
        missing, changed = changed_features(bundle.catalogue, features)
        said.append(f"The catalogue of features differs: {len(missing)} of the model's are not declared now, {len(changed)} changed in meaning.")
    versions = {PACKAGE: (made["version"], metadata.version("early-id"))}
    versions |= {name: (was, metadata.version(name)) for name, was in made["libraries"].items()}
    said += [f"{name} was version {was} and is {now}." for name, (was, now) in versions.items() if was != now]
    return [*said, *changed_since(made, {**marks, "settings_hash": fingerprint(made["settings"])})]


def _numbers(bundle: Bundle, tables: Json, model: RiskModel) -> list[str]:
    """Features and tables that differ; empty where every number is the same."""
    before = [entry["name"] for entry in bundle.catalogue]
    if before != model.feature_names:
        gone, new = sorted(set(before) - set(model.feature_names)), sorted(set(model.feature_names) - set(before))
        return [
            f"The features differ: {len(gone)} fewer, {len(new)} more"
            + (f" ({', '.join([*gone, *new][:8])})." if gone or new else ", in another order.")
        ]
    was = bundle.estimator.tables
    if bundle.model_hash == model.fingerprint():
        return []
    pairs = list(zip(before, was["terms"], tables["terms"], strict=True))
    moved = [name for name, one, other in pairs if one != other]
    sizes = [_apart(one, other) for _, one, other in pairs]
    largest = f"by up to {max(sizes):.1e} in log-odds" if moved and np.isfinite(sizes).all() else "in shape"
    return [f"The numbers of {len(moved)} of {len(before)} features differ, {largest}: {', '.join(moved[:8]) or 'the baseline only'}."]


def _apart(one: Json, other: Json) -> float:
    """Largest difference between two terms' numbers; infinite where they have not the same shape."""
    if one.keys() != other.keys():
        return np.inf
    return max((_difference(one[key], other[key]) for key in one if key != "kind"), default=0.0)


def _difference(one: Any, other: Any) -> float:
    first, second = np.atleast_1d(np.asarray(one, dtype=np.float64)), np.atleast_1d(np.asarray(other, dtype=np.float64))
    return float(np.max(np.abs(first - second), initial=0.0)) if first.shape == second.shape else np.inf
