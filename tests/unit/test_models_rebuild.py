"""Trained models are kept and read again as they were; a model built again is compared number by number; a bundle's origin counts."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from approval_material import cleared, material

from early_id.config.settings import Config
from early_id.core.errors import InputDataError, PolicyError, SettingsError
from early_id.core.fingerprint import fingerprint
from early_id.features.matrix import FeatureMatrix
from early_id.models.candidates import load_candidate, save_candidate
from early_id.models.rebuild import compare_rebuilt, recorded_config, recorded_inputs
from early_id.models.registry import Bundle, find_bundle, load_bundle
from early_id.models.result import Trial
from early_id.models.risk_model import RiskModel


@pytest.fixture(scope="module")
def matrix() -> FeatureMatrix:
    return material()


@pytest.fixture(scope="module")
def trial(matrix: FeatureMatrix) -> Trial:
    return cleared(matrix)


@pytest.fixture
def bundle(trial: Trial, matrix: FeatureMatrix, tmp_path: Path) -> Bundle:
    inputs = recorded_inputs(Config(), matrix.meta, audience="hub_lead", dates=matrix.meta.as_of_dates)
    save_candidate(trial, matrix.meta, out=tmp_path, inputs=inputs)
    return load_bundle(load_candidate(tmp_path, "hub_lead").register(tmp_path / "models", builder="Ben Builder"))


def test_a_candidate_becomes_the_bundle_of_its_trial(bundle: Bundle, trial: Trial, matrix: FeatureMatrix) -> None:
    assert bundle.label == "logistic_hub_lead/1" and bundle.manifest["builder"] == "Ben Builder"
    assert bundle.model_hash == trial.best.fingerprint() == bundle.manifest["model_hash"]
    assert abs(bundle.scores(matrix.X) - trial.best.scores(matrix.X)).max() < 1e-9
    assert bundle.card["verdict"] == "ready for approval" and bundle.manifest["acceptance_hash"] == trial.acceptance["hash"]


def test_a_candidate_that_was_touched_or_never_made_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "trained" / "hub_lead.json"
    with pytest.raises(InputDataError, match="No model was trained for school_lead"):
        load_candidate(tmp_path, "school_lead")
    for content in (path.read_text(encoding="utf-8").replace("ready for approval", "ready"), "{", "[]", "{}"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(PolicyError, match="not as it was written"):
            load_candidate(tmp_path, "hub_lead")


def test_the_same_inputs_give_the_same_model(bundle: Bundle, matrix: FeatureMatrix) -> None:
    again = compare_rebuilt(bundle, cleared(material()).best, matrix.meta, matrix.meta.features)
    assert again.is_same and again.to_json()["same"] is True and str(again).endswith(f"the same model (hash {bundle.model_hash}).")


def test_what_differs_is_said(bundle: Bundle, trial: Trial, matrix: FeatureMatrix) -> None:
    def said(model: RiskModel, seen: FeatureMatrix = matrix) -> str:
        found = compare_rebuilt(bundle, model, seen.meta, seen.meta.features)
        assert not found.is_same
        return str(found)

    other = cleared(material(310)).best
    moved = said(other)
    assert "not the same model" in moved and "of 7 features differ, by up to" in moved and "The calibration differs." in moved
    fewer = cleared(matrix, "school_lead").best
    assert "The features differ: 3 fewer, 0 more" in said(fewer)
    renamed = replace(matrix, meta=replace(matrix.meta, catalogue_hash="another"))
    assert "The catalogue of features differs: 0 of the model's are not declared now, 0 changed" in said(other, renamed)
    assert bundle.inputs["libraries"]["numpy"]
    older = replace(bundle, inputs={**bundle.inputs, "libraries": {"numpy": "1.0"}})
    assert "numpy was version 1.0 and is" in str(compare_rebuilt(older, other, matrix.meta, matrix.meta.features))


def test_settings_of_that_time_take_the_place_of_todays_and_folders_stay(bundle: Bundle) -> None:
    today = Config(training={"seed": 5, "put_forward": "logistic"}, out=Path("elsewhere"))  # type: ignore[arg-type]
    then = recorded_config(today, bundle.inputs, bundle=bundle.label)
    assert then.training == Config().training and then.out == Path("elsewhere") and then.sharing == Config().sharing
    with pytest.raises(InputDataError, match="does not say what it was made from"):
        recorded_config(today, {}, bundle=bundle.label)


# --- origin


def rewritten(folder: Path, name: str, changes: dict[str, object]) -> None:
    """Change a file of a bundle and make all hashes agree again, as somebody who knows the format would."""
    path, manifest_path = folder / name, folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    manifest.pop("bundle_hash")
    if name != "manifest.json":
        from early_id.core.fingerprint import file_sha256

        manifest["files"][name] = file_sha256(path)
    manifest_path.write_text(json.dumps({**manifest, "bundle_hash": fingerprint(manifest, length=64)}), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("model.json", {"package": "another"}, "not written by early_id"),
        ("manifest.json", {"package": None}, "not written by early_id"),
        ("model.json", {"name": "additive_hub_lead"}, "under another name or version"),
        ("manifest.json", {"version": "7"}, "under another name or version"),
        ("model.json", {"audience": "school_lead"}, "made for school_lead, not for hub_lead"),
    ],
)
def test_a_bundle_of_another_origin_is_refused_though_its_hashes_agree(
    bundle: Bundle, tmp_path: Path, name: str, changes: dict[str, object], words: str
) -> None:
    folder = tmp_path / "models" / "logistic_hub_lead" / "1"
    load_bundle(folder, audience="hub_lead")
    rewritten(folder, name, changes)
    with pytest.raises(PolicyError, match=words):
        load_bundle(folder, audience="hub_lead")


def test_another_format_and_a_moved_folder_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "logistic_hub_lead" / "1"
    shutil.copytree(folder, folder.with_name("2"))
    with pytest.raises(PolicyError, match="under another name or version"):
        load_bundle(folder.with_name("2"))
    rewritten(folder, "model.json", {"format": 99})
    with pytest.raises(InputDataError, match="has format 99"):
        load_bundle(folder)


def test_models_are_found_by_name_and_version(bundle: Bundle, tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert find_bundle("logistic_hub_lead", models) == find_bundle("logistic_hub_lead/1", models) == models / "logistic_hub_lead" / "1"
    for name, words in (("logistic_hub_led", "Use one of: logistic_hub_lead"), ("logistic_hub_lead/3", "version of 'logistic_hub_lead' named '3'")):
        with pytest.raises(SettingsError, match=words) as caught:
            find_bundle(name, models)
        assert caught.value.exit_code == 2
    with pytest.raises(SettingsError, match="No model is registered yet"):
        find_bundle("anything", tmp_path / "nothing")
