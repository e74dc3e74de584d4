"""Models that were trained and not registered yet: one JSON file an audience in the output folder, without rows.

A test date is opened once. So what a trial found is kept: ``compare`` reads it again and ``register`` registers it, and neither trains
a second time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from early_id.core.errors import InputDataError, PolicyError
from early_id.core.fingerprint import fingerprint
from early_id.core.types import Json
from early_id.features.matrix import MatrixMeta
from early_id.models.registry import Bundle, bundle_contents, bundle_of, write_contents
from early_id.models.result import Trial

FOLDER = "trained"


@dataclass(frozen=True)
class Candidate:
    """A trained model: what its bundle's files will hold, the hashes it is bound to, and its run in the tracking store."""

    contents: dict[str, Any]
    hashes: dict[str, str]
    notes: tuple[str, ...]
    run_id: str | None

    @property
    def card(self) -> Json:
        """The trial's figures and verdict."""
        card: Json = self.contents["card.json"]
        return card

    @property
    def audience(self) -> str:
        """For whom lists would be made."""
        return str(self.contents["model.json"]["audience"])

    def bundle(self) -> Bundle:
        """The model as it would be registered; it has no version and no builder yet."""
        return bundle_of(self.contents, {**self.hashes, "notes": list(self.notes)})

    def register(self, models: Path, *, builder: str) -> Path:
        """Write the bundle under the next version of its name; its folder comes back."""
        return write_contents(self.contents, hashes=self.hashes, notes=self.notes, models=models, builder=builder)


def save_candidate(trial: Trial, meta: MatrixMeta, *, out: Path, inputs: Json) -> Path:
    """Keep what a trial found, in the place of the last one for its audience."""
    value = {
        "notes": list(trial.split_notes),
        "run_id": trial.run_id,
        "hashes": {"catalogue_hash": meta.catalogue_hash, "data_hash": meta.data_hash, "model_hash": trial.best.fingerprint()},
        "contents": bundle_contents(trial, inputs),
    }
    value = json.loads(json.dumps(value, allow_nan=False))  # the hash is of what will be read back
    path = out / FOLDER / f"{trial.audience}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps({**value, "hash": fingerprint(value, length=64)}, indent=1, allow_nan=False) + "\n", encoding="utf-8", newline="\n")
    beside.replace(path)
    return path


def load_candidate(out: Path, audience: str) -> Candidate:
    """The model trained last for an audience.

    Raises
    ------
    InputDataError
        Nothing was trained for it yet.
    PolicyError
        The file is not as it was written.
    """
    path = out / FOLDER / f"{audience}.json"
    if not path.is_file():
        raise InputDataError(f"No model was trained for {audience} yet.", where=str(path), what_next="Run: early-id train --config FILE")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        stated = value.pop("hash")
        sound = stated == fingerprint(value, length=64)
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise PolicyError("The trained model is not as it was written.", where=path.name, what_next="Train it again.")
    return Candidate(value["contents"], value["hashes"], tuple(value["notes"]), value["run_id"])
