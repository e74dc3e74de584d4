"""Trained models are kept and read again as they were; a model built again is compared number by number; a bundle's origin counts."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from approval_material import cleared, material

from early_id.config.settings import Config
from early_id.core.errors import InputDataError, PolicyError, SettingsError
from early_id.core.fingerprint import fingerprint
from early_id.features.matrix import FeatureMatrix
from early_id.linkage.people import People
from early_id.models.candidates import load_candidate, save_candidate
from early_id.models.provenance import changed_since, links_mark, provenance
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


def marks(**changes: object) -> dict[str, object]:
    links = {"number": 2, "hash": "l1"}
    return {"data_version": 3, "links": links, "matrix_hash": "m1", "code_hash": "c1", "extensions": {"ours.py": "e1"}, **changes}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data_version": 4}, "The store's version was 3 and is 4"),
        ({"links": {"number": 3, "hash": "l2"}}, "The links between records are not the same: linking 2, hash l1 then, linking 3, hash l2 now."),
        ({"matrix_hash": "m2"}, "The values of the features are not the same"),
        ({"code_hash": "c2"}, "The code is not the same (hash c1 then, c2 now)."),
        ({"extensions": {"ours.py": "e2"}}, "The council's own code is not the same: ours.py e1 then, ours.py e2 now."),
    ],
)
def test_each_input_is_recorded_and_held_against_todays(
    trial: Trial, matrix: FeatureMatrix, bundle: Bundle, change: dict[str, object], words: str
) -> None:
    recorded = recorded_inputs(Config(), matrix.meta, audience="hub_lead", dates=(), marks=marks())
    assert recorded["settings"]["linkage"]["link_from"] == Config().linkage.link_from
    made = replace(bundle, inputs=recorded)
    again = compare_rebuilt(made, trial.best, matrix.meta, matrix.meta.features, marks=marks())
    assert again.is_same and again.inputs == ()
    found = compare_rebuilt(made, trial.best, matrix.meta, matrix.meta.features, marks=marks(**change))
    assert found.is_same and len(found.inputs) == 1 and words in str(found), "the numbers are the same; what moved is said all the same"
    assert found.to_json()["inputs"] == list(found.inputs)


def test_every_extension_file_has_a_mark_of_its_own_whatever_its_name(tmp_path: Path) -> None:
    files = [tmp_path / folder / "ours.py" for folder in ("rent", "housing", "a/same", "b/same")]
    for number, file in enumerate(files):
        file.parent.mkdir(parents=True)
        file.write_text(f"N = {number}\n", encoding="utf-8")

    def marked(*paths: Path) -> dict[str, str]:
        found: dict[str, str] = provenance(material(20), None, extensions=paths)["extensions"]
        assert len(set(found.values())) == len(paths) and str(tmp_path) not in str(found)
        return found

    assert set(marked(files[0])) == {"ours.py"} and set(marked(*files[:2])) == {"rent/ours.py", "housing/ours.py"}
    assert set(marked(*files[2:])) == {"same/ours.py (1)", "same/ours.py (2)"}
    said = changed_since({"extensions": marked(*files[:2])}, {"extensions": {**marked(*files[:2]), "rent/ours.py": "e9"}})
    assert len(said) == 1 and "The council's own code is not the same" in said[0] and "rent/ours.py e9 now" in said[0]


def test_recorded_settings_and_files_are_held_against_their_hashes(trial: Trial, matrix: FeatureMatrix, bundle: Bundle) -> None:
    inputs = {**bundle.inputs, "settings": {**bundle.inputs["settings"], "linkage": {"link_from": 3.0}}, "data_hash": "other"}
    said = compare_rebuilt(replace(bundle, inputs=inputs), trial.best, matrix.meta, matrix.meta.features).inputs
    assert len(said) == 2 and "files that were taken in" in said[0] and "recorded settings are not the ones" in said[1]


def test_links_have_one_mark_whatever_their_order_and_types() -> None:
    day = pd.Timestamp("2024-01-02")
    links = pd.DataFrame({"source": ["a", "b"], "source_person_id": ["1", "2"], "child_id": ["c1", "c1"], "known_from": [day, day]})
    links["known_to"] = pd.NaT
    spells = pd.DataFrame({"child_id": ["c1"], "family_id": ["f1"], "from_on": [day], "to_on": [pd.NaT], "known_from": [day], "known_to": [pd.NaT]})
    first = links_mark(People(links, spells))
    turned = links.iloc[::-1].astype({"source": "string", "known_from": "datetime64[us]"})
    assert links_mark(People(turned, spells)) == first
    assert links_mark(People(links.assign(child_id=["c1", "c2"]), spells)) != first
    assert links_mark(People(links, spells.assign(family_id="f2"))) != first


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
