"""Registered models: a folder of plain JSON that a person can read and that scores without scikit-learn.

``<models>/<name>/<version>/`` holds ``model.json`` (the tables), ``card.json`` (figures, verdict, reasons), ``catalogue.json``
(what each feature means) and ``manifest.json`` (hashes of the others). A folder whose hashes do not agree is refused.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from early_id.core.errors import BusyError, InputDataError, PolicyError
from early_id.core.fingerprint import file_sha256, fingerprint
from early_id.core.types import Json
from early_id.features.declare import Feature
from early_id.features.matrix import MatrixMeta
from early_id.models.calibrate import SigmoidCalibration
from early_id.models.portable import PortableModel, from_tables, to_tables
from early_id.models.result import Trial
from early_id.models.risk_model import RiskModel

FORMAT = 1
FILES = ("model.json", "card.json", "catalogue.json")


@dataclass(frozen=True)
class Bundle:
    """A registered model, read back and verified."""

    name: str
    version: str
    audience: str
    outcome: str
    estimator: PortableModel
    calibrator: SigmoidCalibration | None
    capacity: int
    settings_hash: str
    card: Json
    catalogue: list[Json]
    manifest: Json

    def scores(self, X: pd.DataFrame) -> pd.Series:
        """Uncalibrated log-odds of each row."""
        return pd.Series(self.estimator.score_log_odds(X), index=X.index, name="score")

    def risk_model(self, features: Iterable[Feature]) -> RiskModel:
        """The same model with its features' declarations, for lists and explanations.

        Refuses a feature that is not declared any more, or whose meaning has changed since the model was registered.
        """
        declared = {feature.name: feature for feature in features}
        changed = [e["name"] for e in self.catalogue if e["name"] in declared and feature_hash(declared[e["name"]]) != e["hash"]]
        missing = [e["name"] for e in self.catalogue if e["name"] not in declared]
        if changed or missing:
            raise InputDataError(
                f"The model's features are not those of the catalogue: {len(missing)} not declared, {len(changed)} changed in meaning.",
                where=", ".join([*missing, *changed][:8]),
                what_next="Train and register the model again with the present catalogue.",
            )
        empty = pd.DataFrame(columns=["child_id", "as_of", "family_id", "school_id", "hub_id", "fold", "score", "probability", "y", "censored"])
        return RiskModel(
            name=self.name,
            audience=self.audience,
            outcome=self.outcome,
            features=tuple(declared[entry["name"]] for entry in self.catalogue),
            estimator=self.estimator,
            calibrator=self.calibrator,
            held_out=empty,
            capacity=self.capacity,
            settings_hash=self.settings_hash,
        )


def feature_hash(feature: Feature) -> str:
    """Fingerprint of a declaration: changes whenever its meaning or its words do."""
    return fingerprint(feature)


def write_bundle(trial: Trial, meta: MatrixMeta, *, models: Path) -> Path:
    """Register the model that a trial put forward; its folder comes back.

    Parameters
    ----------
    trial : Trial
    meta : MatrixMeta
        For the fingerprints of data and catalogue.
    models : path
        Folder of all registered models; versions count up from 1. Written whole or not at all.
    """
    model = trial.best
    home = models / model.name
    version = str(1 + max((int(p.name) for p in home.glob("*") if p.name.isdigit()), default=0))
    contents: dict[str, Any] = {
        "model.json": {
            "format": FORMAT,
            "name": model.name,
            "audience": model.audience,
            "outcome": model.outcome,
            "capacity": model.capacity,
            "settings_hash": model.settings_hash,
            "features": model.feature_names,
            "calibration": _calibration(model.calibrator),
            "tables": to_tables(model.estimator),
        },
        "card.json": trial.to_json(),
        "catalogue.json": [_entry(feature) for feature in model.features],
    }
    texts = {name: json.dumps(content, indent=1, allow_nan=False) + "\n" for name, content in contents.items()}
    manifest = {
        "format": FORMAT,
        "name": model.name,
        "version": version,
        "catalogue_hash": meta.catalogue_hash,
        "data_hash": meta.data_hash,
        "notes": list(trial.split_notes),
        "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
    }
    manifest["bundle_hash"] = fingerprint(manifest, length=64)
    texts["manifest.json"] = json.dumps(manifest, indent=1) + "\n"
    home.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=home))
    try:
        for name, text in texts.items():
            (draft / name).write_bytes(text.encode())
        draft.rename(home / version)
    except OSError:
        raise BusyError("The model could not be registered.", where=str(home / version), what_next="Run the command again.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return home / version


def load_bundle(folder: Path, *, bundle_hash: str | None = None) -> Bundle:
    """A registered model, its hashes verified first.

    Parameters
    ----------
    folder : path
        ``<models>/<name>/<version>``.
    bundle_hash : str, optional
        The hash that was approved; another one is refused.
    """
    manifest = _read(folder, "manifest.json")
    stated = manifest.pop("bundle_hash", None)
    wrong = [name for name in FILES if not (folder / name).is_file() or file_sha256(folder / name) != manifest.get("files", {}).get(name)]
    if wrong or stated != fingerprint(manifest, length=64) or (bundle_hash and bundle_hash != stated):
        raise PolicyError(
            "The registered model is not the one that was written: its hashes do not agree.",
            where=f"{folder.name}: {', '.join(wrong) or 'manifest.json'}",
            what_next="Restore the folder from a backup, or register the model again and have it approved.",
        )
    model = _read(folder, "model.json")
    if model["format"] != FORMAT:
        raise InputDataError(f"The model has format {model['format']}; this version reads format {FORMAT}.", where=folder.name)
    return Bundle(
        name=model["name"],
        version=manifest["version"],
        audience=model["audience"],
        outcome=model["outcome"],
        estimator=from_tables(model["tables"], model["features"]),
        calibrator=SigmoidCalibration(**model["calibration"]) if model["calibration"] else None,
        capacity=model["capacity"],
        settings_hash=model["settings_hash"],
        card=_read(folder, "card.json"),
        catalogue=_read(folder, "catalogue.json"),
        manifest={**manifest, "bundle_hash": stated},
    )


def _read(folder: Path, name: str) -> Any:
    path = folder / name
    if not path.is_file():
        raise InputDataError(f"The registered model has no {name}.", where=str(folder), what_next="Name a folder <models>/<name>/<version>.")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise InputDataError(f"{name} is not JSON.", where=str(folder), what_next="Restore the folder from a backup.") from None


def _calibration(calibrator: SigmoidCalibration | None) -> Json | None:
    if calibrator is None:
        return None
    return {"slope": calibrator.slope, "intercept": calibrator.intercept, "rows": calibrator.rows, "outcomes": calibrator.outcomes}


def _entry(feature: Feature) -> Json:
    """A declaration in words, with the hash that ties it to its code."""
    return {
        "name": feature.name,
        "label": feature.label,
        "source": feature.source,
        "measure": feature.measure.kind,
        "window": str(feature.window),
        "unit": str(feature.unit),
        "direction": str(feature.direction),
        "sharing": str(feature.sharing),
        "theme": feature.theme,
        "missing": str(feature.missing),
        "phrase": feature.phrase,
        "strength_phrase": feature.strength_phrase,
        "reason": feature.reason,
        "version": feature.version,
        "hash": feature_hash(feature),
    }
