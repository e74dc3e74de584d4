"""Settings: files, overrides, and refusals that name what is known."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from early_id.config.load import load_config, make_config, shipped
from early_id.core.errors import SettingsError
from early_id.core.types import Audience, SharingClass
from early_id.data.mapping import load_shapes
from early_id.schema.tables import Tables


def write(folder: Path, text: str = "") -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path, *overrides: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_config(path, overrides=overrides)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    cfg = load_config(write(tmp_path))
    assert cfg.capacity.per_school == 5 and cfg.approval is None and cfg.audit.tolerances == {}
    assert cfg.sharing[Audience.SCHOOL_LEAD] == (SharingClass.SCHOOL,)
    assert cfg.urgent.factors_within_days == 90 and cfg.urgent.open_missing_episode
    assert cfg.store_dir == tmp_path / "out" / "store" and cfg.data_dir == tmp_path / "extracts"


def test_paths_are_relative_to_the_file_and_shipped_parts_may_lie_beside_it(tmp_path: Path) -> None:
    (tmp_path / "urgent.yaml").write_text("duty_officer: the night desk\n", encoding="utf-8")
    cfg = load_config(write(tmp_path, "store: ../elsewhere\nout: made\n"), data=tmp_path / "other")
    assert cfg.urgent.duty_officer == "the night desk"
    assert cfg.store_dir == tmp_path / ".." / "elsewhere" and cfg.out_dir == tmp_path / "made" and cfg.data_dir == tmp_path / "other"


@pytest.mark.parametrize(
    ("text", "setting", "known"),
    [
        ("capacty: 5", "capacty", "capacity"),
        ("capacity: {per_scool: 3}", "capacity.per_scool", "per_hub, per_school, schools"),
        ("sources: [{name: a, shape: b, files: c, reqired: false}]", "sources.0.reqired", "required"),
        ("urgent: {all: true}", "urgent.all", "duty_officer"),
    ],
)
def test_an_unknown_key_is_refused_with_the_known_ones(tmp_path: Path, text: str, setting: str, known: str) -> None:
    message = refused(write(tmp_path, text))
    assert f"'{setting}' is not known" in message and known in message and "config.yaml" in message


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("capacity: {per_school: 0}", "capacity.per_school"),
        ("outcome: {horizon_days: soon}", "outcome.horizon_days"),
        ("as_of: {screening: next Monday}", "as_of.screening"),
        ("training: {split: by luck}", "training.split"),
        ("sharing: {teachers: [SCHOOL]}", "sharing"),
        ("sources: council", "sources"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_name(tmp_path: Path, text: str, setting: str) -> None:
    message = refused(write(tmp_path, text))
    assert setting in message and "what next" in message


def test_a_school_list_from_wider_records_is_refused(tmp_path: Path) -> None:
    message = refused(write(tmp_path, "sharing: {school_lead: [SCHOOL, SOCIAL_CARE]}"))
    assert "the school's own records only" in message and "SOCIAL_CARE" in message
    assert "school's own records" in refused(write(tmp_path), "sharing.school_lead=[SCHOOL, POLICE]")


def test_an_audience_that_is_not_named_sees_nothing(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "sharing: {hub_lead: [SCHOOL]}")).sharing.get(Audience.SCHOOL_LEAD) is None


def test_overrides_are_read_as_yaml_and_come_last(tmp_path: Path) -> None:
    path = write(tmp_path, "capacity: {per_school: 3}\nas_of: {screening: 2024-01-08}\n")
    cfg = load_config(
        path,
        overrides=[
            "capacity.per_school=4",
            "as_of.dates=[2023-01-09, 2023-05-01]",
            "urgent.open_missing_episode=false",
            "approval=",
            "capacity.schools.S1=2",
        ],
    )
    assert cfg.capacity.per_school == 4 and cfg.capacity.schools == {"S1": 2}
    assert cfg.as_of.dates == (date(2023, 1, 9), date(2023, 5, 1)) and cfg.as_of.screening == date(2024, 1, 8)
    assert cfg.urgent.open_missing_episode is False and cfg.approval is None


@pytest.mark.parametrize("override", ["capacity.per_school", "=4", "capacity.per_school.x=4", "as_of.dates=[2023", "capacity.per_scool=4"])
def test_an_override_that_cannot_be_followed_is_refused(tmp_path: Path, override: str) -> None:
    message = refused(write(tmp_path, "capacity: {per_school: 3}"), override)
    assert "what next" in message


def test_codes_and_column_names_stay_text(tmp_path: Path) -> None:
    (tmp_path / "offer.yaml").write_text("general:\n  - {name: N, how: no, where: on}\n", encoding="utf-8")
    assert load_config(write(tmp_path)).offer["general"] == [{"name": "N", "how": "no", "where": "on"}]


def test_a_missing_or_broken_file_is_one_message(tmp_path: Path) -> None:
    assert "settings file was not found" in refused(tmp_path / "none.yaml")
    assert "not valid YAML" in refused(write(tmp_path, "a: [1\nb: 2")) and "line" in refused(write(tmp_path, "a: [1\nb: 2"))
    assert "key: value" in refused(write(tmp_path, "- one\n- two"))
    assert "date that does not exist" in refused(write(tmp_path, "as_of: {screening: 2024-02-31}"))
    path = tmp_path / "config.yaml"
    path.write_bytes("project: {name: Mäd}".encode("latin-1"))
    assert "UTF-8" in refused(path)
    path.write_bytes(b"\xef\xbb\xbfproject: {name: Elm}\n")
    assert load_config(path).project.name == "Elm"


def test_settings_are_frozen(tmp_path: Path) -> None:
    cfg = load_config(write(tmp_path))
    with pytest.raises(ValueError, match="frozen"):
        cfg.capacity.per_school = 9  # type: ignore[misc]


def test_shipped_parts_are_accepted_as_they_are(tmp_path: Path) -> None:
    values = {name: shipped(f"{name}.yaml") for name in ("sharing", "urgent", "offer")}
    assert make_config(values, base=tmp_path).sharing[Audience.SCHOOL_LEAD] == (SharingClass.SCHOOL,)
    assert set(load_shapes(Tables())) >= {"council_pupils", "council_marks", "council_missing"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("table: contacts\ncolumns: {}", "lacks 'shape'"),
        ("shape: mine\ntable: contacts\ncolumns: {contact_day: Date}", "contact_on"),
        ("shape: mine\ntable: contactz\ncolumns: {}", "contacts"),
        ("shape: mine\ntable: contacts\ncolumns: {source_person_id: Who, contact_on: Day}\nseparator: ';'", "delimiter"),
        ("shape: mine\ntable: contacts\ncolumns: {source_person_id: Who, contact_on: Day}\nknown: {lag: 3}", "lag_days"),
        ("shape: mine\ntable: contacts\ncolumns: [a, b]", "pairs"),
        ("shape: mine\ntable: contacts\ncolumns: {contact_on: Day}", "leaves out .* source_person_id"),
        ("shape: mine\ntable: statutory\ncolumns: {source_person_id: Who, start_on: From}", "leaves out .* status"),
    ],
)
def test_a_shape_that_cannot_be_followed_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        load_shapes(Tables(), (path,))


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    said = refused(write(tmp_path, "capacity: {per_school: 4}\ndata: extracts\ncapacity: {per_school: 5}\n"))
    assert "the key 'capacity' stands twice" in said and "line 3" in said


def test_the_bar_names_the_measures_of_the_audit(tmp_path: Path) -> None:
    bar, file = tmp_path / "acceptance.yaml", tmp_path / "config.yaml"
    file.write_text("project: {name: Made up}\n", encoding="utf-8")
    bar.write_text("minimum_outcomes: 50\n", encoding="utf-8")
    plain = load_config(file)
    assert plain.acceptance and plain.audit.primary == ("missed_share", "false_flag_rate")
    bar.write_text("minimum_outcomes: 50\nfairness: {primary: [precision]}\n", encoding="utf-8")
    named = load_config(file)
    assert named.acceptance and named.audit.primary == ("precision",) and named.acceptance.hash != plain.acceptance.hash
    with pytest.raises(SettingsError, match="other measures than fairness"):
        load_config(file, overrides=["audit.primary=[missed_share]"])
    own = "{margin_precision: 0, margin_recall: 0, fairness: {primary: [precision]}}"
    bar.write_text(f"audiences: {{hub_lead: {own}}}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="holds for every list"):
        load_config(file)
