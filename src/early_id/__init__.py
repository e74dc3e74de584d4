"""Short, explained lists of families who may welcome early help, with the fairness evidence beside them.

Names are resolved when they are first used, so that importing the package opens nothing and starts nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

#: Public name → module that holds it.
_PUBLIC = {
    "Config": "early_id.config.settings",
    "Feature": "early_id.features.declare",
    "FeatureMatrix": "early_id.features.matrix",
    "Store": "early_id.data.store",
    "audit_before_and_after": "early_id.audit.acted",
    "audit_model": "early_id.audit.fairness",
    "audit_table": "early_id.audit.table",
    "build_features": "early_id.features.programme",
    "catalogue": "early_id.features.catalogue",
    "check_features": "early_id.features.leaks.check",
    "describe_feature": "early_id.features.describe",
    "explain_scores": "early_id.explain.explanations",
    "link": "early_id.linkage.store_link",
    "load_config": "early_id.config.load",
    "make_council": "early_id.data.synth",
    "overall_absence": "early_id.schema.absence",
    "run": "early_id.workflow.run",
    "screen": "early_id.workflow.steps",
    "train": "early_id.models.train",
}
_PACKAGES = {"report", "features", "stats", "schema", "testing"}

__all__ = [*sorted(_PUBLIC), "report"]

if TYPE_CHECKING:
    from early_id import report as report
    from early_id.audit.acted import audit_before_and_after as audit_before_and_after
    from early_id.audit.fairness import audit_model as audit_model
    from early_id.audit.table import audit_table as audit_table
    from early_id.config.load import load_config as load_config
    from early_id.config.settings import Config as Config
    from early_id.data.store import Store as Store
    from early_id.data.synth import make_council as make_council
    from early_id.explain.explanations import explain_scores as explain_scores
    from early_id.features.catalogue import catalogue as catalogue
    from early_id.features.declare import Feature as Feature
    from early_id.features.describe import describe_feature as describe_feature
    from early_id.features.leaks.check import check_features as check_features
    from early_id.features.matrix import FeatureMatrix as FeatureMatrix
    from early_id.features.programme import build_features as build_features
    from early_id.linkage.store_link import link as link
    from early_id.models.train import train as train
    from early_id.schema.absence import overall_absence as overall_absence
    from early_id.workflow.run import run as run
    from early_id.workflow.steps import screen as screen


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _PACKAGES:
        return importlib.import_module(f"early_id.{name}")
    raise AttributeError(f"module 'early_id' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, *_PACKAGES])
