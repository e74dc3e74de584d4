"""Settings that would have no effect, or another than was meant, are refused where they stand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from features_material import store

from early_id.config.load import load_config
from early_id.core.errors import InputDataError, SettingsError
from early_id.features.extensions import listed, load_extensions
from early_id.features.outcomes import require_outcome
from early_id.workflow.words import dates_not_used

OULAD = Path(__file__).parents[2] / "configs" / "oulad" / "run.yaml"


def refused(*overrides: str, config: Path = OULAD) -> str:
    with pytest.raises(SettingsError) as error:
        load_extensions(load_config(config, overrides=overrides))
    assert error.value.exit_code == 2
    return str(error.value)


def test_a_misspelt_setting_of_an_extension_is_refused() -> None:
    said = refused("extension.test_presentatoins=[2014J]")
    assert "named 'test_presentatoins'" in said and "where: extension.test_presentatoins" in said
    assert "Did you mean test_presentations" in said
    assert "Use one of: as_of_day, test_presentations, train_presentations." in said


def test_a_setting_of_an_extension_without_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("extension: {level: 3}\n", encoding="utf-8")
    said = refused(config=tmp_path / "config.yaml")
    assert "No extension knows the setting 'level'" in said and "where: extension.level" in said


def test_a_single_name_is_a_list_of_one() -> None:
    assert listed("2014J") == listed(["2014J"]) == ["2014J"]
    assert listed(None) == listed([]) == [] and listed(2014) == ["2014"]


def test_a_presentation_that_is_not_there_names_the_key_and_sorts_the_others() -> None:
    cfg = load_config(OULAD, overrides=["extension.test_presentations=2014X"])
    programme = load_extensions(cfg).programme
    held = SimpleNamespace(table=lambda _: SimpleNamespace(presentation=SimpleNamespace(execute=lambda: ["2014J", "2013B", "2014B", "2013J"])))
    assert programme.dates is not None
    with pytest.raises(SettingsError) as error:
        programme.dates(held, cfg)  # type: ignore[arg-type]
    assert "named '2014X'" in str(error.value) and "where: extension.test_presentations" in str(error.value)
    assert "Use one of: 2013B, 2013J, 2014B, 2014J." in str(error.value)


def test_many_names_are_not_all_listed() -> None:
    many = [f"name_{n:02}" for n in range(40)]
    assert "Did you mean" in str(SettingsError.unknown_name("thing", "name_0", many))
    assert "Use one of" not in str(SettingsError.unknown_name("thing", "name_0", many))
    assert "Some of those there are: name_00, name_01" in str(SettingsError.unknown_name("thing", "zzz", many))


@pytest.mark.parametrize("override", ["training.resamples=3", "capacity.per_hub=none", "cohort={youngest: 17, oldest: 5}", "trainings=1"])
def test_a_fault_of_set_is_said_of_set(tmp_path: Path, override: str) -> None:
    (tmp_path / "config.yaml").write_text("training: {seed: 3}\n", encoding="utf-8")
    said = refused(override, config=tmp_path / "config.yaml")
    assert f"where: --set {override.split('=')[0]}" in said and "config.yaml" not in said


def test_a_fault_of_the_file_is_said_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("training: {resamples: 3}\n", encoding="utf-8")
    said = refused("training.seed=4", config=tmp_path / "config.yaml")
    assert "config.yaml" in said.split("where: ")[1].splitlines()[0]


def test_ages_the_wrong_way_round_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("cohort: {youngest: 17, oldest: 5}\n", encoding="utf-8")
    said = refused(config=tmp_path / "config.yaml")
    assert "'cohort' cannot be used: the youngest age (17) must not be above the oldest (5)." in said


def test_an_outcome_of_which_no_table_is_held_names_the_tables() -> None:
    none = store({"pupils": []})
    with pytest.raises(InputDataError) as error:
        require_outcome(none, "need_recognised")
    assert "not held: early_help, statutory" in str(error.value)
    one = store({"pupils": [], "early_help": []})
    require_outcome(one, "need_recognised")
    with pytest.raises(InputDataError, match="not held: statutory"):
        require_outcome(one, "statutory_entry")
    require_outcome(none, "another programme's")


def test_dates_after_that_of_the_lists_are_said(tmp_path: Path) -> None:
    from early_id.workflow.steps import Bench

    (tmp_path / "config.yaml").write_text("as_of: {screening: 2025-11-10, dates: [2025-03-17, 2026-03-16, 2031-01-01]}\n", encoding="utf-8")
    cfg = load_config(tmp_path / "config.yaml")
    bench = Bench(cfg, None, load_extensions(cfg))  # type: ignore[arg-type]
    assert bench.dates() == (date(2025, 3, 17), date(2025, 11, 10))
    [said] = dates_not_used(bench)
    assert "2026-03-16, 2031-01-01" in said and "2025-11-10" in said


def test_a_date_of_the_lists_in_the_future_is_refused_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from early_id.workflow import run as run_module

    (tmp_path / "config.yaml").write_text("as_of: {screening: 2131-01-01}\n", encoding="utf-8")
    monkeypatch.setattr(run_module, "take_in", lambda bench: pytest.fail("the files were read"))
    with pytest.raises(SettingsError, match="2131-01-01 lies in the future"):
        run_module.run(load_config(tmp_path / "config.yaml"))
