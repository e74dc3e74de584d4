"""One final verdict: the page, the JSON and the terminal of a run say the same, and the audit can take readiness back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from early_id.audit.result import AuditResult
from early_id.cli import commands
from early_id.config.load import load_config
from early_id.data.synth import CouncilSummary
from early_id.workflow import run as workflow
from early_id.workflow.steps import audit_all, train_all

REASON = "A gap was found for Sex, and no written response is on record."


def ready(bench: object, matrix: object, *, withheld: bool = False) -> dict:
    """Trials as they come, but for a bar that was cleared."""
    return {
        name: replace(trial, verdict="ready for approval", reasons=("above the margin",))
        for name, trial in train_all(bench, matrix, withheld=withheld).items()
    }


def with_a_gap(bench: object, matrix: object, trials: dict) -> dict:
    """Audits as they come, but for a gap that was found by sex."""
    return {name: replace(found, summary=_gap(found)) for name, found in audit_all(bench, matrix, trials).items()}


def _gap(found: AuditResult) -> object:
    summary = found.summary.copy()
    summary["verdict"] = summary["verdict"].where(summary["characteristic"] != "sex", "gap found")
    return summary


def test_a_gap_changes_the_verdict_on_the_page_in_the_json_and_on_the_terminal(
    small_council: CouncilSummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(workflow, "train_all", ready)
    monkeypatch.setattr(workflow, "audit_all", with_a_gap)
    quick = [
        "training.models=[logistic]",
        "training.put_forward=logistic",
        "acceptance.put_forward=logistic",
        "training.resamples=50",
        "training.refits=10",
        "training.tracking=false",
        "training.families_folds=2",
        "training.refits_to_show=0",
        "training.sharing_cost=false",
        "training.labels=false",
        "features.use=[absence_share_365d, suspensions_count_365d, contacts_count_365d]",
        "training.baselines=[absence]",
        "training.comparators=[]",
        "as_of.dates=[2024-03-18, 2024-11-11, 2025-03-17]",
        "approval=null",
    ]
    cfg = load_config(small_council.config, overrides=quick, out=tmp_path)
    result = workflow.run(cfg)
    commands._show(result, cfg, small_council.config)

    given = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    page = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", (tmp_path / "governance_restricted.html").read_text(encoding="utf-8"))))
    terminal = capsys.readouterr().err
    for name, words in (("school_lead", "school lists"), ("hub_lead", "hub lists")):
        assert given["audiences"][name]["verdict"] == "not ready" and REASON in given["audiences"][name]["reasons"]
        assert f"{words.capitalize()}: not ready ☐ noted; not approved" in page
        assert re.search(rf"List for the {name.replace('_', ' ')}, \d+ places: not ready\.", terminal)
    assert given["verdict"] == "not ready"
    assert REASON in page and REASON in terminal
