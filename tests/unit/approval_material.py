"""A model that was cleared and registered, and everything that its approval needs; tests take one thing away."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from early_id.acceptance.application import Application, Standing, read_application
from early_id.acceptance.records import record_candidate
from early_id.config.governing import AcceptanceSettings, ThresholdSettings
from early_id.config.load import shipped
from early_id.features.matrix import FeatureMatrix
from early_id.models.registry import Bundle, load_bundle, write_bundle
from early_id.models.result import Trial
from early_id.models.train import train
from model_fixtures import SHARING, bar, fake_matrix, settings

TODAY = date(2026, 5, 4)
BAR = AcceptanceSettings(**{**shipped("acceptance.yaml"), "named_on": [date(2024, 3, 4)]})
THRESHOLDS = ThresholdSettings(name="Continuum of need", version="4", level="2, early help", signed={"police": date(2026, 4, 1)})
BASIS = {
    "lawful_basis": "public task",
    "special_category": "substantial public interest",
    "sharing_agreement": {"reference": "ISA-7", "expires": "2027-01-31"},
}
FILLED: dict[str, Any] = {
    "by": "Amina Board",
    "role": "director of children's services",
    "minutes": "Governance board, 4 May 2026, item 6",
    "conditions": ["Lists are looked at again in September"],
    "expires": "2027-03-31",
    "dpia": {"reference": "DPIA-14", "date": "2026-02-02"},
    "equality_analysis": {"reference": "EIA-3", "date": "2026-02-03"},
    "privacy_notice": {"reference": "web page", "date": "2026-03-01"},
    "sources": {
        "education": {**BASIS, "own_records": True, "sharing_agreement": {}},
        "police": {**BASIS, "criminal_data_authority": "official authority"},
    },
}


def cleared(matrix: FeatureMatrix, audience: str = "hub_lead", **acceptance: Any) -> Trial:
    """A trial as it would be had it cleared everything; the figures are those of the matrix."""
    quick = settings(models=("logistic",), put_forward="logistic", resamples=50, families_folds=2)
    trial = train(matrix, quick, acceptance=bar(), audience=audience, sharing=SHARING, capacity=20)
    given = {"hash": BAR.for_audience(audience).hash, "but_for_gaps": "ready for approval", "kept_back": [], "gaps": {}, **acceptance}
    return replace(trial, verdict="ready for approval", reasons=("above the margin",), acceptance=given)


def material(children: int = 300) -> FeatureMatrix:
    """The matrix behind the models of these tests."""
    return fake_matrix(children, seed=2)


def registered(trial: Trial, matrix: FeatureMatrix, models: Path, *, builder: str = "Ben Builder") -> Bundle:
    """The trial's model, registered and on record."""
    bundle = load_bundle(write_bundle(trial, matrix.meta, models=models, builder=builder))
    record_candidate(models, bundle)
    return bundle


def standing(bundle: Bundle, matrix: FeatureMatrix, folder: Path, **changes: Any) -> Standing:
    """What the approval is held against; the report names the model."""
    report = folder / "governance_restricted.html"
    report.write_text(f"<p>model, hub lists: {bundle.model_hash}</p>", encoding="utf-8")
    usual: dict[str, Any] = {
        "bundle": bundle,
        "acceptance": BAR,
        "thresholds": THRESHOLDS,
        "responses": {},
        "sources": ("education", "police"),
        "police": ("police",),
        "features": matrix.meta.features,
        "today": TODAY,
        "report": report,
        "holds_data": True,
    }
    return Standing(**{**usual, **changes})


def application(**changes: Any) -> Application:
    """A complete approval, but for the changes."""
    return read_application({**FILLED, **changes}, where="approval.yaml")
