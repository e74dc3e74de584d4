"""Bundles: written whole, read back exactly, refused when touched."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from early_id.core.errors import InputDataError, PolicyError
from early_id.features.matrix import FeatureMatrix
from early_id.models.registry import load_bundle, write_bundle
from early_id.models.result import Trial
from early_id.models.train import train
from model_fixtures import SHARING, bar, fake_matrix, settings


@pytest.fixture(scope="module")
def matrix() -> FeatureMatrix:
    return fake_matrix(400, seed=2)


@pytest.fixture(scope="module", params=["logistic", "additive"])
def trial(matrix: FeatureMatrix, request: pytest.FixtureRequest) -> Trial:
    chosen = settings(models=(request.param,), put_forward=request.param, resamples=50, families_folds=2)
    return train(matrix, chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=20)


def test_a_bundle_scores_and_explains_as_the_model_did(trial: Trial, matrix: FeatureMatrix, tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(trial, matrix.meta, models=tmp_path))
    assert np.max(np.abs(bundle.scores(matrix.X) - trial.best.scores(matrix.X))) < 1e-9
    again = bundle.risk_model(matrix.meta.features)
    ours, theirs = again.contributions(matrix.X), trial.best.contributions(matrix.X)
    assert np.max(np.abs(ours.to_numpy() - theirs.to_numpy())) < 1e-9
    assert list(ours.columns) == list(theirs.columns)
    np.testing.assert_allclose(again.probabilities(matrix.X), trial.best.probabilities(matrix.X), atol=1e-12)


def test_versions_count_up_and_nothing_else_is_left(trial: Trial, matrix: FeatureMatrix, tmp_path: Path) -> None:
    folders = [write_bundle(trial, matrix.meta, models=tmp_path) for _ in range(2)]
    assert [f.name for f in folders] == ["1", "2"]
    assert sorted(p.name for p in folders[0].parent.iterdir()) == ["1", "2"]
    assert sorted(p.name for p in folders[0].iterdir()) == ["card.json", "catalogue.json", "inputs.json", "manifest.json", "model.json"]
    assert (folders[0] / "model.json").read_bytes() == (folders[1] / "model.json").read_bytes()


def test_a_bundle_holds_no_child(trial: Trial, matrix: FeatureMatrix, tmp_path: Path) -> None:
    folder = write_bundle(trial, matrix.meta, models=tmp_path)
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "c00001" not in text
        assert "f00001" not in text
        assert str(tmp_path) not in text


@pytest.mark.parametrize("name", ["model.json", "card.json", "catalogue.json", "inputs.json", "manifest.json"])
def test_a_touched_file_is_refused(trial: Trial, matrix: FeatureMatrix, tmp_path: Path, name: str) -> None:
    folder = write_bundle(trial, matrix.meta, models=tmp_path)
    path = folder / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("1", "2", 1) if "1" in text else text + " ", encoding="utf-8")
    with pytest.raises(PolicyError, match="hashes do not agree"):
        load_bundle(folder)


def test_another_bundle_than_the_approved_one_and_a_missing_folder_are_refused(trial: Trial, matrix: FeatureMatrix, tmp_path: Path) -> None:
    folder = write_bundle(trial, matrix.meta, models=tmp_path)
    load_bundle(folder, bundle_hash=load_bundle(folder).manifest["bundle_hash"])
    with pytest.raises(PolicyError):
        load_bundle(folder, bundle_hash="0" * 64)
    with pytest.raises(InputDataError, match=r"no manifest\.json"):
        load_bundle(tmp_path / "nothing")


def test_a_feature_that_changed_its_meaning_is_refused(trial: Trial, matrix: FeatureMatrix, tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(trial, matrix.meta, models=tmp_path))
    first, *rest = matrix.meta.features
    with pytest.raises(InputDataError, match="0 not declared, 1 changed"):
        bundle.risk_model([replace(first, version=2), *rest])
    with pytest.raises(InputDataError, match="1 not declared, 0 changed"):
        bundle.risk_model(rest)


def test_scoring_needs_no_scikit_learn(trial: Trial, matrix: FeatureMatrix, tmp_path: Path) -> None:
    folder = write_bundle(trial, matrix.meta, models=tmp_path)
    # Exact digits: a value that lies on a cut must stay on its side.
    (tmp_path / "X.json").write_text(json.dumps(matrix.X.head(50).to_dict("list")), encoding="utf-8")
    program = """
import json, sys
sys.modules["sklearn"] = None
import pandas as pd
from pathlib import Path
from early_id.models.registry import load_bundle
X = pd.DataFrame(json.loads(Path(sys.argv[2]).read_text())).astype("float64")
print(load_bundle(Path(sys.argv[1])).scores(X).tolist())
"""
    command = [sys.executable, "-c", program, str(folder), str(tmp_path / "X.json")]
    out = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    assert out.returncode == 0, out.stderr
    np.testing.assert_allclose(json.loads(out.stdout), trial.best.scores(matrix.X.head(50)), atol=1e-9)


def _environment() -> dict[str, str]:
    import os

    import early_id

    source = str(Path(next(iter(early_id.__path__))).parent)
    return {**os.environ, "PYTHONPATH": source}
