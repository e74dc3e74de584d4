"""Registered models: a folder of plain JSON that a person can read and that scores without scikit-learn.

``<models>/<name>/<version>/`` holds ``model.json`` (the tables), ``card.json`` (figures, verdict, reasons), ``catalogue.json``
(what each feature means), ``inputs.json`` (what it was made from) and ``manifest.json`` (who built it, and hashes of the others). A folder
whose hashes do not agree, or that something else than this package wrote, is refused.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from early_id.core.errors import BusyError, InputDataError, PolicyError, SettingsError
from early_id.core.fingerprint import file_sha256, fingerprint
from early_id.core.types import Json
from early_id.features.declare import Feature
from early_id.features.matrix import MatrixMeta
from early_id.models.calibrate import Calibration, calibration_from, calibration_json
from early_id.models.portable import PortableModel, from_tables, to_tables
from early_id.models.result import Trial
from early_id.models.risk_model import RiskModel

FORMAT = 2
PACKAGE = "early_id"
FILES = ("model.json", "card.json", "catalogue.json", "inputs.json")


@dataclass(frozen=True)
class Bundle:
    """A registered model, read back and verified."""

    name: str
    version: str
    audience: str
    outcome: str
    estimator: PortableModel
    calibrator: Calibration | None
    capacity: int
    settings_hash: str
    card: Json
    catalogue: list[Json]
    manifest: Json
    inputs: Json = field(default_factory=dict)
    points_slope: float | None = None  #: of a scorecard: log-odds of one point

    @property
    def label(self) -> str:
        """``name/version``, as settings and approvals name it."""
        return f"{self.name}/{self.version}"

    @property
    def model_hash(self) -> str:
        """Hash of the numbers that scores are made from, as the governance report prints it."""
        return fingerprint(to_tables(self.estimator))

    def scores(self, X: pd.DataFrame) -> pd.Series:
        """Uncalibrated log-odds of each row."""
        return pd.Series(self.estimator.score_log_odds(X), index=X.index, name="score")

    def risk_model(self, features: Iterable[Feature]) -> RiskModel:
        """The same model with its features' declarations, for lists and explanations.

        Refuses a feature that is not declared any more, or whose meaning has changed since the model was registered.
        """
        features = tuple(features)
        missing, changed = changed_features(self.catalogue, features)
        declared = {feature.name: feature for feature in features}
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


def changed_features(catalogue: Iterable[Json], features: Iterable[Feature]) -> tuple[list[str], list[str]]:
    """Features of a bundle's catalogue that are not declared any more, and those whose meaning has changed."""
    now = {feature.name: feature_hash(feature) for feature in features}
    held = {entry["name"]: entry["hash"] for entry in catalogue}
    return [name for name in held if name not in now], [name for name, value in held.items() if now.get(name, value) != value]


def bundle_contents(trial: Trial, inputs: Json | None = None) -> dict[str, Any]:
    """What a bundle's files hold, but for the manifest: plain values, no row, nothing of this machine.

    Parameters
    ----------
    trial : Trial
    inputs : dict, optional
        What the model was made from (:func:`early_id.models.rebuild.recorded_inputs`); without it the model cannot be built again.
    """
    model = trial.best
    return {
        "model.json": {
            "format": FORMAT,
            "package": PACKAGE,
            "name": model.name,
            "audience": model.audience,
            "outcome": model.outcome,
            "capacity": model.capacity,
            "settings_hash": model.settings_hash,
            "features": model.feature_names,
            "calibration": calibration_json(model.calibrator),
            "tables": to_tables(model.estimator),
            # Not by its class, whose file needs scikit-learn: bundles are read without.
            **({"points_slope": model.estimator.slope_} if hasattr(model.estimator, "point_values_") else {}),
        },
        "card.json": trial.to_json(),
        "catalogue.json": [_entry(feature) for feature in model.features],
        "inputs.json": inputs or {},
    }


def write_bundle(trial: Trial, meta: MatrixMeta, *, models: Path, builder: str = "", inputs: Json | None = None) -> Path:
    """Register the model that a trial put forward; its folder comes back.

    Parameters
    ----------
    trial : Trial
    meta : MatrixMeta
        For the fingerprints of data and catalogue.
    models : path
        Folder of all registered models; versions count up from 1. Written whole or not at all.
    builder : str
        Who made the model, and can therefore not approve it.
    inputs : dict, optional
        What the model was made from.
    """
    hashes = {"catalogue_hash": meta.catalogue_hash, "data_hash": meta.data_hash, "model_hash": trial.best.fingerprint()}
    return write_contents(bundle_contents(trial, inputs), hashes=hashes, notes=trial.split_notes, models=models, builder=builder)


def write_contents(contents: Mapping[str, Any], *, hashes: Mapping[str, str], notes: Iterable[str], models: Path, builder: str) -> Path:
    """Write the files of a bundle and its manifest under the next version of its name."""
    name = contents["model.json"]["name"]
    home = models / name
    version = str(1 + max((int(p.name) for p in home.glob("*") if p.name.isdigit()), default=0))
    texts = {file: json.dumps(content, indent=1, allow_nan=False) + "\n" for file, content in contents.items()}
    manifest = {
        "format": FORMAT,
        "package": PACKAGE,
        "name": name,
        "version": version,
        "builder": builder,
        **hashes,
        "acceptance_hash": contents["card.json"].get("acceptance", {}).get("hash"),
        "notes": list(notes),
        "files": {file: hashlib.sha256(text.encode()).hexdigest() for file, text in texts.items()},
    }
    manifest["bundle_hash"] = fingerprint(manifest, length=64)
    texts["manifest.json"] = json.dumps(manifest, indent=1) + "\n"
    home.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=home))
    try:
        for file, text in texts.items():
            (draft / file).write_bytes(text.encode())
        draft.rename(home / version)
    except OSError:
        raise BusyError("The model could not be registered.", where=str(home / version), what_next="Run the command again.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return home / version


def find_bundle(model: str, models: Path) -> Path:
    """The folder of a registered model named ``name/version``, or ``name`` for its newest version.

    Raises
    ------
    SettingsError
        No model of that name or version is registered; the nearest names are offered.
    """
    name, _, version = model.replace("\\", "/").strip("/").partition("/")
    held = {p.name: sorted((v.name for v in p.glob("*") if v.name.isdigit()), key=int) for p in sorted(models.glob("*")) if p.is_dir()}
    held = {each: versions for each, versions in held.items() if versions}
    if not held:
        raise SettingsError("No model is registered yet.", where=str(models), what_next="Train, then run: early-id register --builder NAME")
    if name not in held:
        raise SettingsError.unknown_name("registered model", name, held, where=str(models))
    version = version or held[name][-1]
    if version not in held[name]:
        raise SettingsError.unknown_name(f"version of '{name}'", version, held[name], where=str(models))
    return models / name / version


def load_bundle(folder: Path, *, bundle_hash: str | None = None, audience: str | None = None) -> Bundle:
    """A registered model, its hashes and its origin verified first.

    Parameters
    ----------
    folder : path
        ``<models>/<name>/<version>``.
    bundle_hash : str, optional
        The hash that was approved; another one is refused.
    audience : str, optional
        For whom lists are to be made; a model that was made for others saw what this reader may not.

    Raises
    ------
    PolicyError
        Hashes do not agree, another package wrote it, or it was made for another audience.
    InputDataError
        A file is missing or is not JSON, or the format is another one.
    """
    manifest = _read(folder, "manifest.json")
    # Whatever somebody put there instead of a manifest agrees with no hash.
    manifest = manifest if isinstance(manifest, dict) and isinstance(manifest.get("files"), dict) else {"files": {}}
    stated = manifest.pop("bundle_hash", None)
    wrong = [name for name in FILES if not (folder / name).is_file() or file_sha256(folder / name) != manifest["files"].get(name)]
    if wrong or stated != fingerprint(manifest, length=64) or (bundle_hash and bundle_hash != stated):
        raise PolicyError(
            "The registered model is not the one that was written: its hashes do not agree.",
            where=f"{folder.name}: {', '.join(wrong) or 'manifest.json'}",
            what_next="Restore the folder from a backup, or register the model again and have it approved.",
        )
    model = _read(folder, "model.json")
    _check_origin(model, manifest, folder, audience)
    if model["format"] != FORMAT:
        raise InputDataError(f"The model has format {model['format']}; this version reads format {FORMAT}.", where=folder.name)
    parts = {"model.json": model, **{name: _read(folder, name) for name in FILES if name != "model.json"}}
    return bundle_of(parts, {**manifest, "bundle_hash": stated})


def bundle_of(contents: Mapping[str, Any], manifest: Json) -> Bundle:
    """A model from what its files hold, as :func:`bundle_contents` gives it; nothing is verified here."""
    model = contents["model.json"]
    return Bundle(
        name=model["name"],
        version=manifest.get("version", ""),
        audience=model["audience"],
        outcome=model["outcome"],
        estimator=from_tables(model["tables"], model["features"]),
        calibrator=calibration_from(model["calibration"]),
        capacity=model["capacity"],
        settings_hash=model["settings_hash"],
        card=contents["card.json"],
        catalogue=contents["catalogue.json"],
        manifest=manifest,
        inputs=contents["inputs.json"],
        points_slope=model.get("points_slope"),
    )


def _check_origin(model: Json, manifest: Json, folder: Path, audience: str | None) -> None:
    """Refuse a bundle that somebody else wrote, that was moved under another name, or that is for other readers."""
    if {model.get("package"), manifest.get("package")} != {PACKAGE}:
        what, cure = f"The model was not written by {PACKAGE}.", "Register the model with this package."
    elif [folder.parent.name, folder.name] != [model.get("name"), manifest.get("version")] or model.get("name") != manifest.get("name"):
        what, cure = "The model lies under another name or version than the one it was registered under.", "Put the folder back where it was."
    elif audience is not None and model.get("audience") != audience:
        what, cure = f"The model was made for {model.get('audience')}, not for {audience}.", "Name the model of this audience under 'approval'."
    else:
        return
    raise PolicyError(what, where=f"{folder.parent.name}/{folder.name}", what_next=cure)


def _read(folder: Path, name: str) -> Any:
    path = folder / name
    if not path.is_file():
        raise InputDataError(f"The registered model has no {name}.", where=str(folder), what_next="Name a folder <models>/<name>/<version>.")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise InputDataError(f"{name} is not JSON.", where=str(folder), what_next="Restore the folder from a backup.") from None


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
