"""Registered, approved, retired: the chain of records about models. It is the truth; the tracking store holds a copy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from early_id.acceptance.application import Application, Standing, missing
from early_id.core.chain import Chain, Record
from early_id.core.errors import PolicyError
from early_id.core.fingerprint import file_sha256
from early_id.core.folders import restrict
from early_id.core.types import Json
from early_id.models.registry import Bundle
from early_id.present.write import write_bytes

CANDIDATE, APPROVED, RETIRED = "candidate", "approved", "retired"

#: In the folder of the registered models.
FILE = "approvals.jsonl"


def chain_of(models: Path) -> Chain:
    """The records about the models of a folder."""
    return Chain(models / FILE, "records of approvals")


def last_of(records: Sequence[Record], label: str) -> Record | None:
    """The newest record about a model ``name/version``."""
    return next((record for record in reversed(records) if record.body["model"] == label), None)


def record_candidate(models: Path, bundle: Bundle, *, at: datetime | None = None) -> Record:
    """Put a registered model and its builder on record."""
    body = {"model": bundle.label, "audience": bundle.audience, "builder": bundle.manifest["builder"], "bundle_hash": bundle.manifest["bundle_hash"]}
    return chain_of(models).append(CANDIDATE, body, at=at)


def approve(
    models: Path, application: Application, standing: Standing, *, made_up: bool, at: datetime | None = None, group: bool = False
) -> tuple[Record, tuple[str, ...]]:
    """Put an approval on record; the record, and the models that it takes the place of, come back.

    A copy of the report that was read is kept beside the model: the one in the output folder is written anew with every run.

    Raises
    ------
    PolicyError
        The model is approved already, or retired; or something is missing: then every part of it is named.
    """
    bundle, chain = standing.bundle, chain_of(models)
    records = chain.read()
    last = last_of(records, bundle.label)
    if last is not None and last.kind == APPROVED and date.fromisoformat(last.body["expires"]) > standing.today:
        raise PolicyError(
            f"{bundle.label} is approved already, until {last.body['expires']} (record {last.number}).",
            where=FILE,
            what_next="One approval is enough. To change it, retire the model first: early-id approve MODEL --retire REASON",
        )
    lacking = [*_registered(bundle, records), *missing(application, standing)]
    if lacking:
        raise PolicyError(
            "\n  - ".join([f"{bundle.label} cannot be approved. {len(lacking)} thing(s) are missing or not met:", *lacking]),
            where="approval",
            what_next="Nothing was recorded. Complete the approval file and the settings, and run the command again.",
        )
    assert standing.report is not None  # ``missing`` has looked
    # First what can fail: until the report is kept, the model in force stays in force.
    report = keep_report(standing.report, models, bundle, group=group)
    replaced = _in_force(records, bundle)
    for label in replaced:
        _retire(chain, label, bundle.audience, f"{bundle.label} took its place", application.by, at)
    body: Json = {
        "model": bundle.label,
        "audience": bundle.audience,
        **{name: bundle.manifest[name] for name in ("bundle_hash", "model_hash", "data_hash", "catalogue_hash", "acceptance_hash", "builder")},
        "report": report,
        **application.model_dump(mode="json", exclude={"report", "responses"}),
        "responses": {**standing.responses, **application.responses},
        "thresholds": standing.thresholds.model_dump(mode="json"),
        "made_up": made_up,
    }
    return chain.append(APPROVED, body, at=at), replaced


def keep_report(report: Path, models: Path, bundle: Bundle, *, group: bool = False) -> Json:
    """Copy the report into the model's folder, for its owner alone; its name, its hash and where the copy lies."""
    content = report.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    kept = models / bundle.name / bundle.version / f"report_{sha256[:16]}{report.suffix}"
    write_bytes(kept, content, private=True)
    restrict(kept, group=group)
    return {"name": report.name, "sha256": sha256, "kept": kept.relative_to(models).as_posix()}


def report_as_read(models: Path, report: Mapping[str, str]) -> bool | None:
    """Whether the report of an approval is still the one that was read; None for approvals from before it was kept."""
    if "kept" not in report:
        return None
    path = models / report["kept"]
    return path.is_file() and file_sha256(path) == report["sha256"]


def retire(models: Path, bundle: Bundle, *, reason: str, by: str, at: datetime | None = None) -> Record:
    """Take a model's approval, or its candidacy, back."""
    if not by.strip():
        raise PolicyError("Not stated: who retires the model.", where="approve --retire", what_next="Give --by NAME.")
    chain = chain_of(models)
    last = last_of(chain.read(), bundle.label)
    if last is None or last.kind == RETIRED:
        raise PolicyError(f"{bundle.label} is {'retired already' if last else 'not on record'}.", where=FILE)
    return _retire(chain, bundle.label, bundle.audience, reason, by, at)


def _retire(chain: Chain, label: str, audience: str, reason: str, by: str, at: datetime | None) -> Record:
    return chain.append(RETIRED, {"model": label, "audience": audience, "reason": reason, "by": by}, at=at)


def _registered(bundle: Bundle, records: Sequence[Record]) -> list[str]:
    """Whether the folder is the one that was put on record when the model was registered."""
    found = [r for r in records if r.kind == CANDIDATE and r.body["model"] == bundle.label]
    if not found:
        return ["The model is not on record as registered: use early-id register."]
    kept = (found[-1].body["bundle_hash"], found[-1].body["builder"])
    if kept != (bundle.manifest["bundle_hash"], bundle.manifest["builder"]):
        return ["The model's folder is not the one that was registered."]
    last = last_of(records, bundle.label)
    return ["The model has been retired; register it again."] if last is not None and last.kind == RETIRED else []


def _in_force(records: Sequence[Record], bundle: Bundle) -> tuple[str, ...]:
    """Other models of the same audience whose newest record is an approval."""
    newest = {record.body["model"]: record for record in records}
    return tuple(m for m, r in newest.items() if r.kind == APPROVED and r.body["audience"] == bundle.audience and m != bundle.label)
