"""Size and orchestration of the made-up council: processes, files, room on the disk, the command."""

from __future__ import annotations

import errno
import json
import os
import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from early_id.cli import app as cli
from early_id.config.load import load_config
from early_id.core.errors import SettingsError
from early_id.core.fingerprint import file_sha256
from early_id.data.mapping import load_shapes
from early_id.data.synth import CouncilSummary, areas, council, make_council, mark_files, room, writers
from early_id.data.synth.faults import log
from early_id.data.synth.plan import council_plan
from early_id.data.synth.seeds import BLOCK
from early_id.schema.tables import Tables

CHILDREN, SEED = BLOCK + 150, 5
WORDS: dict[str, Any] = {"scenarios": ["drift", "label_bias:fsm=0.5"], "mess": "all"}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> CouncilSummary:
    """Two blocks of children, made in this process."""
    return make_council(CHILDREN, SEED, tmp_path_factory.mktemp("scale") / "alone", **WORDS)


def _hashes(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): file_sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


# --- the same council however it is made ---


@pytest.mark.parametrize(("processes", "in_flight"), [(2, 1), (3, 4)])
def test_processes_and_blocks_in_flight_change_no_byte(
    alone: CouncilSummary, processes: int, in_flight: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mark_files, "IN_FLIGHT", in_flight)
    together = make_council(CHILDREN, SEED, tmp_path / "together", processes=processes, **WORDS)
    expected = _hashes(alone.folder)
    assert len(expected) > 60
    assert _hashes(together.folder) == expected
    assert together.marks == alone.marks


def test_blocks_come_in_order_and_few_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way: list[int] = []
    most = 0

    class Work:
        def __init__(self, block: int) -> None:
            self.block = block

        def result(self) -> int:
            under_way.remove(self.block)
            return self.block

    class Pool:
        def submit(self, _: Any, block: int) -> Work:
            nonlocal most
            under_way.append(block)
            most = max(most, len(under_way))
            return Work(block)

    monkeypatch.setattr(mark_files, "IN_FLIGHT", 3)
    seen = list(mark_files._made(iter(range(40)), None, Pool(), 2))  # type: ignore[arg-type]
    assert seen == list(range(40)) and most == 6


def test_a_plan_can_be_sent_to_another_process() -> None:
    plan = council_plan(300, 1, scenarios=["drift=1.5"], mess="none")
    again = pickle.loads(pickle.dumps(plan))
    assert again == plan and dict(again.scenarios) == {"drift": 1.5}


# --- files ---


def test_marks_lie_in_the_file_of_their_year_and_month(alone: CouncilSummary) -> None:
    folder = alone.folder / "extracts" / "attendance"
    files = sorted(folder.rglob("*.parquet"))
    assert len(files) == 3 * 11 + 3
    rows = 0
    for path in files:
        table = pq.read_table(path)
        assert [str(field.type) for field in table.schema] == ["string", "string", "date32[day]", "string", "string", "date32[day]"]
        day = pd.to_datetime(table["Date"].to_pandas())
        assert set(day.dt.strftime("marks_%Y_%m")) == {path.stem}
        first = day.min().year - (day.min().month < 9)
        assert path.parent.name == f"{first}_{(first + 1) % 100:02d}"
        rows += table.num_rows
    texts = sum(len(pd.read_csv(path, dtype=str, encoding_errors="replace")) for path in (alone.folder / "extracts/attendance").glob("marks_*.csv"))
    assert rows + texts >= alone.marks > rows > texts > 0


def test_the_plan_stands_in_truth_and_the_readme_names_what_is_planted(alone: CouncilSummary) -> None:
    plan = json.loads((alone.folder / "truth" / "plan.json").read_text(encoding="utf-8"))
    assert plan["children"] == CHILDREN and plan["scenarios"] == {"drift": 1.6, "label_bias:fsm": 0.5}
    assert len(plan["mess"]) > 40 and plan["shapes"] == []
    readme = (alone.folder / "README.txt").read_text(encoding="utf-8")
    assert f"--children {CHILDREN} --seed {SEED} --scenario label_bias:fsm=0.5 --scenario drift=1.6 --mess all --out DIR" in readme
    assert "scenario drift" in readme and "scenario drift" in alone.config.read_text(encoding="utf-8")


def test_the_command_of_a_plan_gives_the_plan_again() -> None:
    plan = council_plan(700, 9, scenarios={"proxy:asian": 2.0}, mess="usual,-late_marks", processes=2)
    words = plan.command.split()
    options = dict(zip(words[2::2], words[3::2], strict=True))
    again = council_plan(int(options["--children"]), int(options["--seed"]), scenarios=[options["--scenario"]], mess=options["--mess"])
    assert again.to_json() == plan.to_json()


def test_a_long_workbook_becomes_a_csv_file_that_the_settings_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "SHEET_ROWS", 20)
    made = make_council(250, 3, tmp_path / "council")
    assert {"housing/households.csv", "education/suspensions.csv", "education/schools.xlsx"} <= set(made.rows)
    cfg = load_config(made.config)
    assert [source.files for source in cfg.sources if not list(cfg.data_dir.glob(source.files))] == []
    faults = pd.read_csv(made.folder / "truth" / "faults.csv", dtype=str, keep_default_na=False)
    assert "education/suspensions.csv" in set(faults["file"]) and "education/suspensions.xlsx" not in set(faults["file"])
    for name in ("households", "suspensions"):
        source = next(source for source in cfg.sources if source.shape == f"council_{name}")
        table = pd.read_csv(cfg.data_dir / source.files, dtype=str, keep_default_na=False)
        assert set(load_shapes(Tables())[source.shape].columns.values()) <= set(table.columns)
        assert len(table) == made.rows[source.files] > 20


# --- bad input ---


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"scenarios": ["nul"]}, "null"),
        ({"scenarios": ["drift=fast"]}, "times the rate"),
        ({"mess": "late_mark"}, "late_marks"),
        ({"shapes": ["no such shape"]}, "all"),
        ({"processes": 0}, "cores"),
    ],
)
def test_an_unknown_word_is_refused_with_the_known_ones(words: dict[str, Any], named: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=named):
        make_council(300, 1, tmp_path / "council", **words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["write_table", "write_truth", "write_marks"])
def test_a_full_disk_gives_one_message_and_leaves_nothing(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(council, place, full)
    with pytest.raises(SettingsError, match=r"(?s)disk is full.*MB needed, .* free.*--out") as caught:
        make_council(200, 1, tmp_path / "council")
    assert caught.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_other_errors_of_the_system_keep_their_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(council, "write_truth", broken)
    with pytest.raises(OSError, match="input/output error"):
        make_council(200, 1, tmp_path / "council")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_in_a_workbook_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    close = xlsxwriter.Workbook.close

    def full(book: xlsxwriter.Workbook) -> None:
        close(book)
        raise FileCreateError(OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(xlsxwriter.Workbook, "close", full)
    with pytest.raises(SettingsError, match="disk is full"):
        make_council(200, 1, tmp_path / "council")
    assert list(tmp_path.iterdir()) == []


def test_too_little_room_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    monkeypatch.setattr(council, "_build", lambda *_: pytest.fail("work was begun"))
    with pytest.raises(SettingsError, match=r"(?s)not enough room.*5 MB free"):
        make_council(200, 1, tmp_path / "council")
    assert list(tmp_path.iterdir()) == []


def test_a_council_fits_in_the_room_that_is_asked_for(alone: CouncilSummary) -> None:
    size = sum(p.stat().st_size for p in alone.folder.rglob("*") if p.is_file())
    assert size < room.room_needed(alone.plan)


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no limit on the size of a file")
def test_a_file_that_cannot_grow_ends_the_command_with_2(tmp_path: Path) -> None:
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
        "from early_id.cli.app import main\n"
        f"sys.argv = ['early-id', 'synth', '--children', '300', '--out', {str(tmp_path / 'council')!r}]\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "disk is full" in done.stderr and "Traceback" not in done.stderr and done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be made"):
        make_council(200, 1, tmp_path / "file" / "council")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


# --- the command ---


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
    code, out, _ = _command(monkeypatch, capsys, "--help")
    assert code == 0
    assert all(item["name"] in out for items in listed.values() for item in items)


def test_a_check_out_of_tolerance_ends_with_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from early_id.data.synth import check

    for passed, expected in ((True, 0), (False, 3)):
        result = SimpleNamespace(passed=passed, text=lambda: "overall absence", to_json=lambda passed=passed: {"passed": passed})
        monkeypatch.setattr(check, "check_council", lambda *_, result=result, **__: result)
        code, out, err = _command(monkeypatch, capsys, "--check", "--json")
        assert code == expected and json.loads(out)["check"] == {"passed": passed} and "overall absence" in err


def test_pictures_and_ceiling_share_the_one_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from early_id.data.synth import oracle, pictures

    asked: list[object] = []
    monkeypatch.setattr(pictures, "draw_pictures", lambda *words: asked.append(words) or (tmp_path / "week.png",))
    best = SimpleNamespace(to_json=lambda: {"fitted": 5})
    monkeypatch.setattr(oracle, "oracle", lambda *words, **named: asked.append((*words, named)) or best)
    code, out, _ = _command(monkeypatch, capsys, "--picture", str(tmp_path), "--oracle", "--seed", "4", "--scenario", "null", "--json")
    result = json.loads(out)
    assert code == 0 and result == {"pictures": [(tmp_path / "week.png").as_posix()], "oracle": {"fitted": 5}}
    assert asked == [(20_000, 4, tmp_path), (1_000_000, 4, {"scenarios": ["null"]})]


def test_the_start_moves_every_date(tmp_path: Path) -> None:
    made = make_council(200, 2, tmp_path / "c", start=date(2021, 9, 1), mess="none")
    files = sorted(p.parent.name for p in made.folder.rglob("marks_*.parquet"))
    assert sorted(set(files)) == ["2021_22", "2022_23", "2023_24", "2024_25"]
    assert np.all([day.year <= 2024 for day in made.as_of_dates])


# --- a council too large to be made at once ---


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> CouncilSummary:
    """A council of two areas, as one of more than 250,000 children would be made."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (areas, council):
            patch.setattr(module, "AREA", 260)
        return make_council(520, 4, tmp_path_factory.mktemp("large") / "council", scenarios=["unbiased_outcome"])


def test_areas_are_put_together_as_one_council(large: CouncilSummary) -> None:
    root = large.folder / "extracts"
    assert large.children == 520 and [p.name for p in large.folder.iterdir() if p.name.startswith(".")] == []
    small = make_council(200, 4, large.folder.parent / "small")
    written = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and p.suffix != ".csv"}
    expected = {
        p.relative_to(small.folder / "extracts").as_posix() for p in (small.folder / "extracts").rglob("*") if p.is_file() and p.suffix != ".csv"
    }
    assert expected - written == {"education/suspensions.xlsx", "housing/households.xlsx"} and written <= expected
    marks = pq.read_table(root / "attendance/2023_24/marks_2023_11.parquet")
    assert marks.schema == pq.read_table(small.folder / "extracts/attendance/2023_24/marks_2023_11.parquet").schema
    ids = set(pd.read_csv(root / "education/pupils.csv", dtype=str)["PupilID"])
    assert set(marks["PupilID"].to_pylist()) <= ids
    rows = sum(pq.read_metadata(p).num_rows for p in root.glob("attendance/*/*.parquet"))
    texts = sum(len(pd.read_csv(p, dtype=str)) for p in root.glob("attendance/*.csv"))
    assert rows + texts == large.marks
    for name, count in large.rows.items():
        if name.endswith(".csv"):
            assert len(pd.read_csv(root / name, dtype=str)) == count
    note = json.loads((root / "made_up.json").read_text(encoding="utf-8"))
    assert set(note["sha256"]) == {file_sha256(p) for p in root.rglob("*") if p.is_file() and p.name != "made_up.json"}
    cfg = load_config(large.config)
    assert [source.files for source in cfg.sources if not list(cfg.data_dir.glob(source.files))] == []
    assert "520 children" in cfg.project.name


def test_no_id_of_one_area_is_given_in_another(large: CouncilSummary) -> None:
    root = large.folder / "extracts"
    pupils = pd.read_csv(root / "education/pupils.csv", dtype=str, keep_default_na=False)
    assert len(pupils) > 400 and pupils["PupilID"].is_unique
    truth = pd.read_csv(large.folder / "truth" / "links.csv", dtype=str, keep_default_na=False)
    assert len(truth) == 520 and truth["child"].is_unique and set(truth["child"].str[:3]) == {"C1.", "C2."}
    for source in ("education", "social_care", "police", "housing", "health"):
        held = truth[source][truth[source] != ""]
        assert held.is_unique and len(held) > 20, source
    schools = pd.read_excel(root / "education/schools.xlsx", dtype=str)
    assert schools["SchoolID"].is_unique and len(schools) == large.schools
    households = pd.read_csv(large.folder / "truth/households.csv", dtype=str, keep_default_na=False)
    assert households["household"].is_unique and households["uprn"].is_unique
    # A number that is shared is a planted one: a brother's or sister's, never a stranger's of another area.
    family = truth[truth["education"] != ""].set_index("education")["family"]
    for number in ("UPN", "NHSNumber"):
        shared = pupils[(pupils[number] != "") & pupils.duplicated(number, keep=False)].drop_duplicates(["PupilID"])
        assert (shared["PupilID"].map(family).groupby(shared[number]).nunique() <= 1).all(), number


def test_the_truth_of_areas_holds_together(large: CouncilSummary) -> None:
    truth = large.folder / "truth"
    links = pd.read_csv(truth / "links.csv", dtype=str, keep_default_na=False)
    assert set(pq.read_table(truth / "need.parquet")["child"].to_pylist()) == set(links["child"])
    labelled = set(pq.read_table(truth / "labels.parquet")["child"].to_pylist())
    assert labelled <= set(links["child"]) and {child[:3] for child in labelled} == {"C1.", "C2."}
    assert set(links["family"]) == set(pd.read_csv(truth / "families.csv", dtype=str)["family"])
    assert len(pd.read_csv(truth / "canaries.csv")) == 5
    bias = pd.read_csv(truth / "bias.csv")
    assert set(bias["area"]) == {1, 2}
    assert (pd.read_csv(truth / "visibility.csv", dtype=str)["school"] == "none").sum() == 1
    faults = pd.read_csv(truth / "faults.csv", keep_default_na=False)
    assert not faults.duplicated(["kind", "file", "column"]).any()
    own = faults.loc[faults["file"] == "education/pupils.csv", "rows"].astype(int)
    assert (own == large.rows["education/pupils.csv"]).all()
    assert large.faults == log.total(faults)
    second = pd.read_csv(large.folder / "second_outcome/labels.csv", dtype=str)
    assert {word[:2] for word in second["PupilID"]} >= {"P1", "PB"}


def test_areas_are_few_and_of_one_size() -> None:
    plans = areas.cut(council_plan(1_000_000, 1))
    assert [plan.children for plan in plans] == [250_000] * 4 and {plan.total for plan in plans} == {1_000_000}
    assert [plan.children for plan in areas.cut(council_plan(250_001, 1))] == [125_001, 125_000]
