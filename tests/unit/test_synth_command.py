"""The command ``early-id synth``: one object, exit codes, names that are listed and taught."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from early_id.cli import app as cli


def _command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["early-id", "synth", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_command_prints_one_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ("--children", "250", "--scenario", "drift", "--scenario", "leak=0.5", "--mess", "none", "--out", str(tmp_path / "c"), "--json")
    code, out, err = _command(monkeypatch, capsys, *words)
    result = json.loads(out)
    assert code == 0 and "Next: early-id run" in err
    assert result["plan"]["scenarios"] == {"drift": 1.6, "leak": 0.5} and result["plan"]["mess"] == []
    assert result["children"] == 250 and result["marks"] > 50_000
    assert (tmp_path / "c" / result["config"]).is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--out"),
        (("--children", "12", "--out", "{tmp}"), "200 to 1,000,000"),
        (("--children", "0", "--out", "{tmp}"), "200 to 1,000,000"),
        (("--children", "many", "--out", "{tmp}"), "whole number"),
        (("--scenario", "nul", "--out", "{tmp}"), "Did you mean null? early-id synth --list"),
        (("--scenario", "label_bias=", "--out", "{tmp}"), "label_bias"),
        (("--scenario", "label_bias:=0.6", "--out", "{tmp}"), "black, asian"),
        (("--scenario", "leak:", "--out", "{tmp}"), "Leave out the colon"),
        (("--mess", "muddle", "--out", "{tmp}"), "what next: early-id synth --list"),
        (("--mess", "", "--out", "{tmp}"), "'none'"),
        (("--mess", "usual,typing_error", "--out", "{tmp}"), "Did you mean typing_errors"),
        (("--shapes", "cube", "--out", "{tmp}"), "what next: early-id synth --list"),
        (("--check", "--children", "0"), "2,000 to 1,000,000"),
        (("--check", "--scenario", "drift"), "--scenario would have no effect"),
        (("--picture", "{tmp}", "--scenario", "drift"), "--scenario would have no effect"),
        (("--check", "--children", "300", "--out", "{tmp}"), "2,000 to 1,000,000"),
        (("--oracle", "--children", "4999", "--out", "{tmp}"), "5,000 to 1,000,000"),
        (("--oracle", "--mess", "none"), "--mess has no effect"),
        (("--check", "--shapes", "ssd"), "--shapes has no effect"),
    ],
)
def test_the_command_ends_with_2_where_it_cannot_be_followed(
    words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = _command(monkeypatch, capsys, *(word.replace("{tmp}", str(tmp_path / "c")) for word in words))
    assert code == 2 and says in err and out == "" and not list(tmp_path.iterdir())


def test_names_are_listed_and_taught_in_the_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _command(monkeypatch, capsys, "--list", "--json")
    listed = json.loads(out)
    assert code == 0 and {"null", "leak"} <= {item["name"] for item in listed["scenarios"]} and len(listed["mess"]) > 40
    assert all(item["text"] for items in listed.values() for item in items)
    told = {item["name"]: item["text"] for item in listed["mess"]}
    assert told["sex_missing"] == "sex missing; rule 11; found as PUP005; in education/pupils.csv, police/people.csv"
    code, plain, _ = _command(monkeypatch, capsys, "--list")
    assert code == 0 and all(item["name"] in plain for items in listed.values() for item in items)
    code, out, _ = _command(monkeypatch, capsys, "--help")
    assert code == 0
    assert all(item["name"] in out for items in listed.values() for item in items)


def test_a_check_out_of_tolerance_ends_with_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from early_id.data.synth.check import judge as check

    for passed, expected in ((True, 0), (False, 3)):
        result = SimpleNamespace(passed=passed, text=lambda: "overall absence", to_json=lambda passed=passed: {"passed": passed})
        monkeypatch.setattr(check, "check_council", lambda *_, result=result, **__: result)
        code, out, err = _command(monkeypatch, capsys, "--check", "--json")
        assert code == expected and json.loads(out)["check"] == {"passed": passed} and "overall absence" in err
        code, out, _ = _command(monkeypatch, capsys, "--check")
        assert code == expected and out == "overall absence\n"  # so that it can be sent to a file


def test_pictures_and_ceiling_share_the_one_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from early_id.data import synth
    from early_id.data.synth.check import pictures

    asked: list[object] = []
    monkeypatch.setattr(pictures, "draw_pictures", lambda *words: asked.append(words) or (tmp_path / "week.png",))
    best = SimpleNamespace(to_json=lambda: {"fitted": 5})
    monkeypatch.setattr(synth, "oracle", lambda *words, **named: asked.append((*words, named)) or best)
    code, out, _ = _command(monkeypatch, capsys, "--picture", str(tmp_path), "--oracle", "--seed", "4", "--json")
    result = json.loads(out)
    assert code == 0 and result == {"pictures": [(tmp_path / "week.png").as_posix()], "oracle": {"fitted": 5}}
    assert asked == [(20_000, 4, tmp_path), (1_000_000, 4, {"scenarios": []})]
    code, out, _ = _command(monkeypatch, capsys, "--oracle", "--scenario", "null", "--children", "6,000", "--json")
    assert code == 0 and json.loads(out) == {"oracle": {"fitted": 5}} and asked[2:] == [(6_000, 1, {"scenarios": ["null"]})]


def test_scenarios_that_do_not_go_together_are_said() -> None:
    from early_id.data.synth.plan import council_plan

    assert council_plan(300, 1, scenarios=["null", "drift"]).remarks == ()
    said = council_plan(300, 1, scenarios=["null=0.5", "label_bias:girls=-0.3", "proxy"]).remarks
    assert len(said) == 2 and "label_bias is on too" in said[0] and "proxy" in said[1]


@pytest.mark.parametrize("mess", ["usual", "none", "all", "usual,-late_marks", "all,-two_ids", "two_ids", "usual,silent_month,-nicknames"])
def test_mess_is_named_as_it_was_given(mess: str) -> None:
    from early_id.data.synth.plan import council_plan

    plan = council_plan(300, 1, mess=mess)
    assert plan.mess_words == mess and (mess == "usual" or f"--mess {mess} " in plan.command)


def test_the_councils_own_readme_names_everything_beside_it(tmp_path: Path) -> None:
    from early_id.data.synth.files.instructions import write_instructions
    from early_id.data.synth.plan import council_plan
    from early_id.data.synth.timeline import make_timeline

    plan = council_plan(300, 1, scenarios=["label_bias", "null", "unbiased_outcome"], shapes="ssd", mess="usual,-late_marks")
    write_instructions(tmp_path, plan, make_timeline(plan.start), {})
    said = (tmp_path / "README.txt").read_text(encoding="utf-8")
    for words in (
        "extracts_other_shapes/",
        "second_outcome/",
        "config_second_outcome.yaml",
        "(here: ethnic group Black)",
        "usual,-late_marks",
        "note: null",
    ):
        assert words in said
    write_instructions(tmp_path, council_plan(300, 1), make_timeline(plan.start), {})
    plain = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert "other_shapes" not in plain and "second_outcome" not in plain


@pytest.mark.parametrize("wrong", ["x", 2.5, None])
def test_a_number_that_is_none_is_a_settings_error(wrong: object, tmp_path: Path) -> None:
    from early_id.core.errors import SettingsError
    from early_id.data.synth import make_council, matrix, oracle

    for call in (
        lambda: matrix(wrong, 1),
        lambda: matrix(100, wrong),
        lambda: oracle(wrong),
        lambda: oracle(6_000, wrong),
        lambda: make_council(wrong, 1, tmp_path),
    ):  # type: ignore[arg-type]
        with pytest.raises(SettingsError):
            call()
