"""Approvals: everything that is missing is said at once, the builder never approves, and lists are held to the record each time."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from approval_material import BAR, BASIS, FILLED, THRESHOLDS, TODAY, application, cleared, material, registered, standing

from early_id.acceptance.application import missing, read_application, same_person, template
from early_id.acceptance.approval import approval_status, verify
from early_id.acceptance.records import FILE, approve, chain_of, last_of, retire
from early_id.config.governing import AcceptanceSettings, ThresholdSettings
from early_id.config.load import parse_yaml
from early_id.core.errors import EarlyIdError, PolicyError, SettingsError
from early_id.core.fingerprint import file_sha256
from early_id.features.matrix import FeatureMatrix
from early_id.models.registry import Bundle
from early_id.models.result import Trial
from early_id.present.wording import MADE_UP


@pytest.fixture(scope="module")
def matrix() -> FeatureMatrix:
    return material()


@pytest.fixture(scope="module")
def trial(matrix: FeatureMatrix) -> Trial:
    return cleared(matrix)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def bundle(trial: Trial, matrix: FeatureMatrix, models: Path) -> Bundle:
    return registered(trial, matrix, models)


@pytest.fixture
def approved(bundle: Bundle, matrix: FeatureMatrix, models: Path, tmp_path: Path) -> Bundle:
    approve(models, application(), standing(bundle, matrix, tmp_path), made_up=False)
    return bundle


def lacking(bundle: Bundle, matrix: FeatureMatrix, folder: Path, changes: dict[str, Any], **stands: Any) -> list[str]:
    return missing(application(**changes), standing(bundle, matrix, folder, **stands))


# --- what an approval needs


def test_a_complete_approval_is_recorded_with_all_that_it_is_bound_to(bundle: Bundle, matrix: FeatureMatrix, models: Path, tmp_path: Path) -> None:
    stands = standing(bundle, matrix, tmp_path)
    record, replaced = approve(models, application(), stands, made_up=False)
    assert replaced == () and record.number == 2 and record.kind == "approved"
    body = record.body
    assert body["bundle_hash"] == bundle.manifest["bundle_hash"] and body["model_hash"] == bundle.model_hash
    assert {"data_hash", "catalogue_hash", "acceptance_hash"} <= set(body)
    read, kept = stands.report, body["report"].pop("kept")
    assert read is not None and body["report"] == {"name": read.name, "sha256": file_sha256(read)}
    assert (models / kept).read_bytes() == read.read_bytes() and kept.startswith(f"{bundle.label}/report_")
    assert body["builder"] == "Ben Builder" and body["by"] == "Amina Board" and body["conditions"] == FILLED["conditions"]
    assert body["dpia"] == FILLED["dpia"] and body["thresholds"]["signed"] == {"police": "2026-04-01"}
    assert body["sources"]["police"]["criminal_data_authority"] == "official authority"
    assert str(tmp_path) not in (models / FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"by": " "}, "who approves"),
        ({"by": "Ben Builder"}, "the one who built the model"),
        ({"by": "BUILDER,  ben"}, "the one who built the model"),
        ({"role": ""}, "their role"),
        ({"minutes": ""}, "minuted"),
        ({"expires": None}, "until when"),
        ({"expires": TODAY.isoformat()}, "would have expired"),
        ({"dpia": {}}, "data protection impact assessment"),
        ({"dpia": {"reference": "DPIA-14"}}, "data protection impact assessment"),
        ({"equality_analysis": {"date": "2026-01-01"}}, "equality analysis"),
        ({"privacy_notice": {"reference": "web", "date": "2026-12-01"}}, "is not yet"),
        ({"sources": {"education": FILLED["sources"]["education"]}}, "'police': lawful basis"),
        ({"sources": {**FILLED["sources"], "police": BASIS}}, "'police': authority for criminal-offence data"),
        ({"sources": {**FILLED["sources"], "education": {**BASIS, "special_category": ""}}}, "'education': special-category condition"),
        ({"sources": {**FILLED["sources"], "education": {**BASIS, "sharing_agreement": {}}}}, "'education': sharing agreement"),
        (
            {"sources": {**FILLED["sources"], "education": {**BASIS, "sharing_agreement": {"reference": "A", "expires": "2026-05-01"}}}},
            "'education' expired on 2026-05-01",
        ),
        ({"sources": {**FILLED["sources"], "library": BASIS}}, "'library' that the settings do not have"),
    ],
)
def test_each_part_is_needed(bundle: Bundle, matrix: FeatureMatrix, tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    assert lacking(bundle, matrix, tmp_path, {}) == []
    said = lacking(bundle, matrix, tmp_path, changes)
    assert said and any(words in sentence for sentence in said), said


def test_what_it_is_held_against_counts_too(bundle: Bundle, matrix: FeatureMatrix, tmp_path: Path) -> None:
    def said(**stands: Any) -> str:
        found = lacking(bundle, matrix, tmp_path, {}, **stands)
        assert len(found) == 1, found
        return found[0]

    assert "level of need" in said(thresholds=THRESHOLDS.model_copy(update={"level": ""}))
    assert "partners who signed" in said(thresholds=THRESHOLDS.model_copy(update={"signed": {}}))
    assert "not yet" in said(thresholds=THRESHOLDS.model_copy(update={"signed": {"police": date(2027, 1, 1)}}))
    assert "not the one that the model was trained under" in said(acceptance=None)
    assert "not hold the data" in said(holds_data=False)
    assert "report that was read was not found" in said(report=tmp_path / "none.html")
    (tmp_path / "other.html").write_text("about another model", encoding="utf-8")
    assert "about another model" in said(report=tmp_path / "other.html")
    first, *rest = matrix.meta.features
    assert "1 of the model's features are not declared now, 0 mean" in said(features=tuple(rest))
    assert "0 of the model's features are not declared now, 1 mean" in said(features=(replace(first, version=2), *rest))
    assert "does not name" not in said(features=tuple(rest))


def test_a_bar_not_met_is_named_reason_by_reason(trial: Trial, matrix: FeatureMatrix, models: Path, tmp_path: Path) -> None:
    card = {**trial.acceptance, "but_for_gaps": "not ready", "kept_back": ["Too few families are steady.", "Too many rows were set aside."]}
    bundle = registered(replace(trial, verdict="not ready", acceptance=card), matrix, models)
    assert lacking(bundle, matrix, tmp_path, {}) == [
        "The bar is not met (not ready): Too few families are steady.",
        "The bar is not met (not ready): Too many rows were set aside.",
    ]
    without = registered(replace(trial, acceptance={"hash": None}), matrix, models)
    assert "No bar had been written down" in lacking(without, matrix, tmp_path, {})[0]


def test_a_bar_that_leaves_parts_out_is_no_bar_to_approve_by(trial: Trial, matrix: FeatureMatrix, models: Path, tmp_path: Path) -> None:
    thin = AcceptanceSettings()  # not even one of the hub's own
    bundle = registered(replace(trial, acceptance={**trial.acceptance, "hash": thin.hash}), matrix, models)
    assert len(lacking(bundle, matrix, tmp_path, {}, acceptance=thin)) == 8


def test_a_bar_under_which_nobody_named_the_model_approves_nobody(trial: Trial, matrix: FeatureMatrix, models: Path, tmp_path: Path) -> None:
    nobody = BAR.model_copy(update={"named_on": ()})
    bundle = registered(replace(trial, acceptance={**trial.acceptance, "hash": nobody.for_audience("hub_lead").hash}), matrix, models)
    said = lacking(bundle, matrix, tmp_path, {}, acceptance=nobody)
    assert len(said) == 1 and "earlier test dates on which that model was named (named_on)" in said[0]


def test_the_bar_of_another_audience_may_change(bundle: Bundle, matrix: FeatureMatrix, tmp_path: Path) -> None:
    parts = {name: part.model_dump(exclude_none=True) for name, part in BAR.audiences.items()}
    schools = AcceptanceSettings(**{**BAR.model_dump(), "audiences": {**parts, "school_lead": {"margin_precision": 0.05, "margin_recall": 0.05}}})
    assert lacking(bundle, matrix, tmp_path, {}, acceptance=schools) == []
    hubs = AcceptanceSettings(**{**BAR.model_dump(), "audiences": {**parts, "hub_lead": {"margin_precision": 0.05, "margin_recall": 0.05}}})
    assert "not the one that the model was trained under" in lacking(bundle, matrix, tmp_path, {}, acceptance=hubs)[0]


def test_a_gap_needs_the_boards_written_response(trial: Trial, matrix: FeatureMatrix, models: Path, tmp_path: Path) -> None:
    card = {**trial.acceptance, "gaps": {"sex": "Sex"}}
    bundle = registered(replace(trial, verdict="not ready", acceptance=card), matrix, models)
    assert lacking(bundle, matrix, tmp_path, {}) == ["A finding of the audit has no written response: Sex (responses.sex)."]
    assert lacking(bundle, matrix, tmp_path, {"responses": {"sex": "  "}}) != []
    assert lacking(bundle, matrix, tmp_path, {"responses": {"sex": "Boys are absent more often; the board looks again in June."}}) == []
    assert lacking(bundle, matrix, tmp_path, {}, responses={"sex": "written in the settings"}) == []


def test_everything_missing_is_said_at_once_and_nothing_is_recorded(bundle: Bundle, matrix: FeatureMatrix, models: Path, tmp_path: Path) -> None:
    before = (models / FILE).read_bytes()
    stands = standing(bundle, matrix, tmp_path, thresholds=ThresholdSettings())
    with pytest.raises(PolicyError) as caught:
        approve(models, read_application({}, where="approval.yaml"), stands, made_up=False)
    assert caught.value.exit_code == 4
    said = str(caught.value)
    for words in (
        "who approves",
        "role",
        "minuted",
        "until when",
        "impact assessment",
        "equality",
        "privacy",
        "threshold",
        "'police'",
        "'education'",
    ):
        assert words in said, words
    assert (models / FILE).read_bytes() == before


def test_a_model_without_a_builder_or_without_registration_is_refused(trial: Trial, matrix: FeatureMatrix, models: Path, tmp_path: Path) -> None:
    from early_id.models.registry import load_bundle, write_bundle

    nameless = registered(trial, matrix, models, builder="")
    assert any("without the name of its builder" in sentence for sentence in lacking(nameless, matrix, tmp_path, {}))
    stray = load_bundle(write_bundle(trial, matrix.meta, models=models, builder="Ben Builder"))
    with pytest.raises(PolicyError, match="not on record as registered"):
        approve(models, application(), standing(stray, matrix, tmp_path), made_up=False)


def test_names_are_compared_as_people_write_them() -> None:
    assert same_person("Ben Builder", "builder, BEN")
    assert not same_person("Ben Builder", "Bea Builder")
    assert not same_person("", "Ben Builder")


@pytest.mark.parametrize(
    ("values", "words"),
    [({"byy": "x"}, "no part named 'byy'"), ({"expires": "in June"}, "'expires'"), ({"sources": {"police": {"basis": "x"}}}, "sources.police.basis")],
)
def test_an_approval_file_with_mistakes_is_one_message(values: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match="approval") as caught:
        read_application(values, where="approval.yaml")
    assert words in str(caught.value) and "in June" not in str(caught.value)


def test_the_form_reads_back_as_an_approval_with_everything_missing(bundle: Bundle, matrix: FeatureMatrix, tmp_path: Path) -> None:
    text = template(("education", "police"), ("police",), file="approval.yaml")
    empty = read_application(parse_yaml(text, where="form"), where="form")
    assert set(empty.sources) == {"education", "police"} and text.count("criminal_data_authority") == 1
    assert missing(empty, standing(bundle, matrix, tmp_path)) == missing(read_application({}, where=""), standing(bundle, matrix, tmp_path))


# --- one approval at a time


def test_a_second_approval_of_the_same_model_is_refused_until_it_expires(
    approved: Bundle, matrix: FeatureMatrix, models: Path, tmp_path: Path
) -> None:
    with pytest.raises(PolicyError, match="approved already, until 2027-03-31"):
        approve(models, application(), standing(approved, matrix, tmp_path), made_up=False)
    later = standing(approved, matrix, tmp_path, today=date(2027, 4, 1))
    agreement = {"reference": "ISA-8", "expires": "2029-01-01"}
    renewed = {name: {**basis, "sharing_agreement": agreement} for name, basis in FILLED["sources"].items()}
    record, _ = approve(models, application(expires="2028-03-31", sources=renewed), later, made_up=False)
    assert record.number == 3


def test_the_next_approved_model_of_an_audience_retires_the_last(
    approved: Bundle, trial: Trial, matrix: FeatureMatrix, models: Path, tmp_path: Path
) -> None:
    second = registered(trial, matrix, models)
    school = registered(cleared(matrix, "school_lead"), matrix, models)
    approve(models, application(), standing(school, matrix, tmp_path), made_up=False)
    _, replaced = approve(models, application(), standing(second, matrix, tmp_path), made_up=False)
    assert replaced == (approved.label,)
    newest = {label: last_of(chain_of(models).read(), label) for label in (approved.label, second.label, school.label)}
    assert [record.kind for record in newest.values() if record] == ["retired", "approved", "approved"]
    with pytest.raises(PolicyError, match="was retired"):
        verify(models, approved.label, "hub_lead", features=matrix.meta.features, today=TODAY, made_up=False)


def test_the_report_is_kept_before_the_model_in_force_is_retired(
    approved: Bundle, trial: Trial, matrix: FeatureMatrix, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full where the report is kept leaves the chain as it was, and the model in force in force."""
    second, before = registered(trial, matrix, models), (models / FILE).read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as planted, pytest.raises(OSError, match="No space left"):
        planted.setattr("early_id.acceptance.records.write_bytes", full)
        approve(models, application(), standing(second, matrix, tmp_path), made_up=False)
    assert (models / FILE).read_bytes() == before
    assert verify(models, approved.label, "hub_lead", features=matrix.meta.features, today=TODAY, made_up=False)
    _, replaced = approve(models, application(), standing(second, matrix, tmp_path), made_up=False)
    assert replaced == (approved.label,) and [record.kind for record in chain_of(models).read()][-2:] == ["retired", "approved"]


def test_a_retired_model_stays_retired(approved: Bundle, matrix: FeatureMatrix, models: Path, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="who retires"):
        retire(models, approved, reason="drift", by="")
    assert retire(models, approved, reason="drift", by="Amina Board").kind == "retired"
    with pytest.raises(PolicyError, match="retired already"):
        retire(models, approved, reason="drift", by="Amina Board")
    with pytest.raises(PolicyError, match="has been retired"):
        approve(models, application(), standing(approved, matrix, tmp_path), made_up=False)


# --- looked at anew each time


def status(models: Path, matrix: FeatureMatrix, label: str = "logistic_hub_lead/1", **changes: Any) -> Any:
    usual = {"store_made_up": False, "models": models, "features": matrix.meta.features, "today": TODAY}
    return approval_status({"hub_lead": label}, **{**usual, **changes})


def test_a_valid_approval_gives_the_approved_model_and_says_who_when_and_until_when(approved: Bundle, matrix: FeatureMatrix, models: Path) -> None:
    found = status(models, matrix)
    assert found.is_approved and found.watermark is None and found.notes == ()
    for words in ("logistic_hub_lead/1", "Amina Board", "director of children's services", "item 6", "2027-03-31", "looked at again in September"):
        assert words in found.text
    model = found.approved["hub_lead"].model
    assert abs(model.scores(matrix.X) - approved.scores(matrix.X)).max() == 0
    assert found.to_json()["models"] == {"hub_lead": "logistic_hub_lead/1"}
    found.require()


def test_another_catalogue_is_said_and_a_changed_feature_is_refused(approved: Bundle, matrix: FeatureMatrix, models: Path) -> None:
    noted = status(models, matrix, catalogue_hash="other")
    assert noted.is_approved and "not the one that logistic_hub_lead/1 was approved with" in noted.notes[0]
    first, *rest = matrix.meta.features
    refused = status(models, matrix, features=(replace(first, version=2), *rest))
    assert not refused.is_approved and "1 changed in meaning" in refused.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"today": date(2027, 3, 31)}, "the approval expired on 2027-03-31"),
        ({"today": date(2027, 1, 31)}, "sharing agreement of the source 'police' expired on 2027-01-31"),
        ({"label": "logistic_hub_lead/2"}, "no version of 'logistic_hub_lead' named '2'"),
        ({"label": "additive_hub_lead/1"}, "no registered model named 'additive_hub_lead'"),
    ],
)
def test_an_approval_that_does_not_hold_is_refused(
    approved: Bundle, matrix: FeatureMatrix, models: Path, changes: dict[str, Any], words: str
) -> None:
    refused = status(models, matrix, **changes)
    assert not refused.is_approved and words in refused.text and refused.watermark is None
    with pytest.raises(PolicyError, match="Lists are not written"):
        refused.require()


def test_a_candidate_is_not_approved(bundle: Bundle, matrix: FeatureMatrix, models: Path) -> None:
    assert "is not approved" in status(models, matrix).text


def test_one_model_that_is_not_approved_is_enough_for_no_lists(approved: Bundle, matrix: FeatureMatrix, models: Path) -> None:
    both = {"hub_lead": approved.label, "school_lead": approved.label}
    refused = approval_status(both, store_made_up=False, models=models, features=matrix.meta.features, today=TODAY)
    assert not refused.is_approved and not refused.approved and "made for hub_lead, not for school_lead" in refused.text


def test_an_approval_given_on_made_up_data_is_worth_nothing_on_real_data(bundle: Bundle, matrix: FeatureMatrix, models: Path, tmp_path: Path) -> None:
    approve(models, application(), standing(bundle, matrix, tmp_path), made_up=True)
    practice = status(models, matrix, store_made_up=True)
    assert practice.is_approved and practice.watermark == MADE_UP
    assert "given on made-up data" in status(models, matrix).text


@pytest.mark.parametrize("what", ["record", "cut", "model", "rehashed", "swapped"])
def test_tampering_is_noticed_each_time(approved: Bundle, trial: Trial, matrix: FeatureMatrix, models: Path, what: str) -> None:
    """A changed date, a cut chain, a changed number; a bundle that was written anew with hashes that agree; another model's folder."""
    assert status(models, matrix).is_approved
    folder, chain = models / "logistic_hub_lead" / "1", models / FILE
    if what == "record":
        chain.write_bytes(chain.read_bytes().replace(b"2027-03-31", b"2029-03-31"))
    elif what == "cut":
        chain.write_bytes(chain.read_bytes().splitlines(keepends=True)[0])
    elif what == "model":
        path = folder / "model.json"
        path.write_text(path.read_text(encoding="utf-8").replace('"capacity": 20', '"capacity": 90'), encoding="utf-8")
    else:
        stronger = replace(trial, best=replace(trial.best, capacity=90))
        other = registered(stronger, matrix, models if what == "swapped" else models.parent / "forged")
        shutil.rmtree(folder)
        shutil.copytree(models / "logistic_hub_lead" / "2" if what == "swapped" else models.parent / "forged" / other.name / "1", folder)
    refused = status(models, matrix)
    assert not refused.is_approved and ("not as they were written" in refused.text or "not the one that was written" in refused.text)


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_report_that_is_not_the_one_that_was_read_stops_the_lists(approved: Bundle, matrix: FeatureMatrix, models: Path, how: str) -> None:
    kept = next((models / "logistic_hub_lead" / "1").glob("report_*.html"))
    assert kept.stat().st_mode & 0o077 == 0, "it is restricted"
    if how == "changed":
        kept.write_text(kept.read_text(encoding="utf-8") + "<p>No gap was found.</p>", encoding="utf-8")
    else:
        kept.unlink()
    refused = status(models, matrix)
    assert not refused.is_approved and "report that was read for the approval is not as it was read" in refused.text


def test_a_new_report_in_the_output_folder_changes_nothing_and_older_approvals_are_noted(
    approved: Bundle, matrix: FeatureMatrix, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "governance_restricted.html").write_text("of the next run", encoding="utf-8")
    assert status(models, matrix).is_approved and status(models, matrix).notes == ()
    monkeypatch.setattr("early_id.acceptance.approval.report_as_read", lambda *_: None)
    assert "was not kept then" in status(models, matrix).notes[0]


def test_a_damaged_folder_of_models_never_ends_in_an_unexpected_error(approved: Bundle, matrix: FeatureMatrix, models: Path) -> None:
    for path in sorted((models / "logistic_hub_lead" / "1").iterdir()):
        kept = path.read_bytes()
        for content in (b"{", b"[]", json.dumps({"files": {}}).encode(), None):
            path.unlink()
            if content is not None:
                path.write_bytes(content)
            try:
                found = status(models, matrix)
            except EarlyIdError as error:  # pragma: no cover - would be a message too
                raise AssertionError("status answers without raising") from error
            assert not found.is_approved
            path.write_bytes(kept)
    assert status(models, matrix).is_approved
    assert not status(models, matrix, today=TODAY + timedelta(days=3650)).is_approved
