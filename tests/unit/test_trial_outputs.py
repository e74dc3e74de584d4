"""What a real trial's JSON says on the pages: the report reads the keys that a trial writes, and a named split is said on everything."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from early_id.audit.fairness import audit_model
from early_id.audit.result import AuditResult
from early_id.config.settings import AuditSettings
from early_id.features.matrix import FeatureMatrix
from early_id.models.registry import write_bundle
from early_id.models.result import Trial
from early_id.models.train import train
from early_id.report import GovernanceContext, NoticeContext, governance_pack, write_notices
from early_id.report.governance import governance_html
from model_fixtures import DATES, SHARING, bar, fake_matrix, settings


@pytest.fixture(scope="module")
def matrix() -> FeatureMatrix:
    """Half of the families of one date to learn from, all of a later date to test on."""
    made = fake_matrix(500, seed=3)
    days = made.index["as_of"]
    split = np.select([days == pd.Timestamp(DATES[0]), days == pd.Timestamp(DATES[3])], ["train", "test"], "")
    half = made.index["family_id"].map(lambda name: int(name[1:]) % 2 == 0).to_numpy()
    split[(split == "test") & half] = ""
    sex = pd.DataFrame({"sex": np.where(np.arange(len(made.index)) % 2, "F", "M")}, index=made.index.index)
    return replace(made, index=made.index.assign(split=split), groups=sex)


def trial_of(matrix: FeatureMatrix, **changes: object) -> Trial:
    chosen = settings(models=("logistic",), put_forward="logistic", resamples=50, families_folds=2, **changes)
    return train(matrix, chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=30)


def audit_of(trial: Trial, matrix: FeatureMatrix) -> AuditResult:
    return audit_model(trial.best, matrix, AuditSettings(characteristics={"sex": "Sex"}))


def test_the_report_reads_the_json_that_a_trial_writes(matrix: FeatureMatrix) -> None:
    """A hand-written stand-in can drift from the real keys; then the sections fall back to "cannot be estimated" without an error."""
    trial = trial_of(matrix)
    html = governance_html(trial, audit_of(trial, matrix), None, publishable=False)
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))
    model = trial.to_json()["models"]["logistic"]
    share = 10 - round(10 * model["precision_at_capacity"]["value"])
    assert re.search(rf"Hub lists: of every 10 families listed, about {share} w(as|ere) listed without need", text)
    assert re.search(r"of every 10 children who later had a need recognised, about \d+ were not listed", text)
    assert "of every 10 families listed by the model" in text and "Model: logistic" in text
    assert f"{model['auc']['value']:.2f}" in text and trial.reasons[0].split("', ")[-1][:40] in text
    assert "How many are missed cannot be estimated" not in text


def test_a_named_split_is_said_on_pages_notices_workbook_and_bundle(matrix: FeatureMatrix, tmp_path: Path) -> None:
    trial = trial_of(matrix, split="named")
    (said,) = trial.split_notes
    context = GovernanceContext(said=trial.split_notes)
    made = governance_pack(trial, audit_of(trial, matrix), to=tmp_path / "governance.html", context=context)
    made |= write_notices(tmp_path, NoticeContext(said=trial.split_notes))
    bundle = write_bundle(trial, matrix.meta, models=tmp_path / "models")
    made |= {name: bundle / name for name in ("card.json", "manifest.json")}
    for name, path in made.items():
        assert said in text_of(path), name
    assert trial_of(matrix).split_notes == ()


def text_of(path: Path) -> str:
    if path.suffix == ".json":
        return json.dumps(json.loads(path.read_text(encoding="utf-8")))
    if path.suffix != ".xlsx":
        return path.read_text(encoding="utf-8")
    return "\n".join(str(cell) for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows(values_only=True) for cell in row)
