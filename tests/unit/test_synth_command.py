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
        (("--scenario", "nul", "--out", "{tmp}"), "null"),
        (("--mess", "muddle", "--out", "{tmp}"), "muddle"),
        (("--shapes", "cube", "--out", "{tmp}"), "cube"),
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


def test_pictures_and_ceiling_share_the_one_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from early_id.data import synth
    from early_id.data.synth.check import pictures

    asked: list[object] = []
    monkeypatch.setattr(pictures, "draw_pictures", lambda *words: asked.append(words) or (tmp_path / "week.png",))
    best = SimpleNamespace(to_json=lambda: {"fitted": 5})
    monkeypatch.setattr(synth, "oracle", lambda *words, **named: asked.append((*words, named)) or best)
    code, out, _ = _command(monkeypatch, capsys, "--picture", str(tmp_path), "--oracle", "--seed", "4", "--scenario", "null", "--json")
    result = json.loads(out)
    assert code == 0 and result == {"pictures": [(tmp_path / "week.png").as_posix()], "oracle": {"fitted": 5}}
    assert asked == [(20_000, 4, tmp_path), (1_000_000, 4, {"scenarios": ["null"]})]
