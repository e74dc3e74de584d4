"""Size and orchestration of the made-up council: processes, files, room on the disk, the command."""

from __future__ import annotations

import errno
import json
import os
import pickle
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from mess_files import SPOILT

from early_id.config.load import load_config
from early_id.core.display import progress
from early_id.core.errors import SettingsError
from early_id.core.fingerprint import file_sha256
from early_id.data.mapping import load_shapes
from early_id.data.synth import CouncilSummary, council, make_council
from early_id.data.synth.files import room, writers
from early_id.data.synth.marks import files as mark_files
from early_id.data.synth.plan import council_plan
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import make_timeline
from early_id.data.synth.world import World, draw_world
from early_id.schema.tables import Tables


def _hashes(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): file_sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


# --- the same council however it is made ---


def test_the_same_seed_gives_the_same_bytes_whatever_the_processes(spoilt: CouncilSummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made again by two processes with another number of blocks under way (in which order they come is the next test)."""
    monkeypatch.setattr(mark_files, "IN_FLIGHT", 1)
    together = make_council(**SPOILT, out=tmp_path / "together", processes=2)
    expected = _hashes(spoilt.folder)
    assert len(expected) > 60
    assert _hashes(together.folder) == expected
    assert together.marks == spoilt.marks


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


def test_marks_lie_in_the_file_of_their_year_and_month(spoilt: CouncilSummary) -> None:
    folder = spoilt.folder / "extracts" / "attendance"
    files = sorted(folder.rglob("*.parquet"))
    assert len(files) == 3 * 11 + 3
    rows = 0
    for path in files:
        table = pq.read_table(path)
        assert [str(field.type) for field in table.schema] == ["string", "string", "date32[day]", "string", "string", "date32[day]"]
        day = pd.to_datetime(table["Date"].unique().to_pandas())
        assert set(day.dt.strftime("marks_%Y_%m")) == {path.stem}
        first = day.min().year - (day.min().month < 9)
        assert path.parent.name == f"{first}_{(first + 1) % 100:02d}"
        rows += table.num_rows
    texts = sum(len(pd.read_csv(path, dtype=str, encoding_errors="replace")) for path in (spoilt.folder / "extracts/attendance").glob("marks_*.csv"))
    assert rows + texts >= spoilt.marks > rows > texts > 0


def test_the_plan_stands_in_truth_and_the_readme_names_what_is_planted(spoilt: CouncilSummary) -> None:
    plan = json.loads((spoilt.folder / "truth" / "plan.json").read_text(encoding="utf-8"))
    assert plan["children"] == SPOILT["children"] and plan["scenarios"] == {"drift": 1.6, "label_bias:fsm": 0.5}
    assert len(plan["mess"]) > 40 and plan["shapes"] == []
    readme = (spoilt.folder / "README.txt").read_text(encoding="utf-8")
    assert f"Made with: {spoilt.plan.command}\n" in readme and "--scenario label_bias:fsm=0.5 --scenario drift=1.6 --mess " in readme
    assert "scenario drift" in readme and "scenario drift" in spoilt.config.read_text(encoding="utf-8")


def test_the_command_of_a_plan_gives_the_plan_again() -> None:
    plan = council_plan(700, 9, scenarios={"proxy:asian": 2.0}, mess="usual,-late_marks", processes=2)
    words = plan.command.split()
    options = dict(zip(words[2::2], words[3::2], strict=True))
    again = council_plan(int(options["--children"]), int(options["--seed"]), scenarios=[options["--scenario"]], mess=options["--mess"])
    assert again.to_json() == plan.to_json()
    assert council_plan(700, 9, mess="all").command == "early-id synth --children 700 --seed 9 --mess all --out DIR"


@dataclass(frozen=True)
class Elsewhere:
    """A council of other years in an empty folder that a link leads to, of which a sheet of 21 rows is a long one."""

    made: CouncilSummary
    root: Path
    asked: list[Path]  #: folders whose room was asked for


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    root, asked = tmp_path_factory.mktemp("elsewhere"), []
    (root / "disk" / "empty").mkdir(parents=True)
    (root / "link").symlink_to(root / "disk" / "empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writers, "SHEET_ROWS", 20)
        patch.setattr(room.shutil, "disk_usage", lambda folder: asked.append(folder) or SimpleNamespace(free=10**12))
        return Elsewhere(make_council(250, 3, root / "link", start=date(2021, 9, 1)), root, asked)


def test_a_long_workbook_becomes_a_csv_file_that_the_settings_name(elsewhere: Elsewhere) -> None:
    made = elsewhere.made
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


def test_an_empty_folder_is_filled_where_a_link_leads(elsewhere: Elsewhere) -> None:
    root, made = elsewhere.root, elsewhere.made
    assert (root / "link").is_symlink() and (root / "disk" / "empty" / "config.yaml").is_file()
    assert made.folder == (root / "disk" / "empty").resolve() and elsewhere.asked == [(root / "disk").resolve()]
    assert [path.name for path in (root / "disk").iterdir()] == ["empty"]


def test_the_start_moves_every_date(elsewhere: Elsewhere) -> None:
    made = elsewhere.made
    files = sorted(p.parent.name for p in made.folder.rglob("marks_*.parquet"))
    assert sorted(set(files)) == ["2021_22", "2022_23", "2023_24", "2024_25"]
    assert np.all([day.year <= 2024 for day in made.as_of_dates])


# --- bad input ---


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"scenarios": ["nul"]}, "null"),
        ({"scenarios": ["drift=fast"]}, "times the rate"),
        ({"mess": "late_mark"}, "late_marks"),
        ({"shapes": ["sdd"]}, "ssd"),
        ({"processes": 0}, "cores"),
    ],
)
def test_an_unknown_word_is_refused_with_the_known_ones(words: dict[str, Any], named: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=named):
        make_council(300, 1, tmp_path / "council", **words)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def world() -> World:
    """What ``make_council(200, 1, …)`` draws."""
    plan = council_plan(200, 1)
    with progress("test") as bar:
        return draw_world(plan, Seeds(plan.seed), make_timeline(plan.start), bar)


@pytest.fixture
def drawn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests below break the writing, so all of them write what was drawn once."""
    monkeypatch.setattr(council, "draw_world", lambda *_: world)


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("place", ["write_table", "write_marks"])
def test_a_full_disk_gives_one_message_and_leaves_nothing(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(council, place, full)
    with pytest.raises(SettingsError, match=r"(?s)disk is full.*MB needed, .* free.*--out") as caught:
        make_council(200, 1, tmp_path / "council")
    assert caught.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("drawn")
def test_other_errors_of_the_system_keep_their_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(council, "write_truth", broken)
    with pytest.raises(OSError, match="input/output error"):
        make_council(200, 1, tmp_path / "council")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("drawn")
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


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "The disk is full"),
        (OSError(errno.EFBIG, os.strerror(errno.EFBIG)), "larger than the system allows (ulimit -f)"),
        (OSError("[Errno 27] File too large"), "ulimit -f"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), "allows you on the disk"),
        (OSError(errno.EIO, "input/output error"), ""),
        (OSError("input/output error"), ""),
    ],
)
def test_limits_of_the_system_are_told_as_what_they_are(error: OSError, says: str, tmp_path: Path) -> None:
    assert room.is_full(error) == bool(says)
    if says:
        assert says in str(room.no_room(council_plan(200, 1), tmp_path, error))


@pytest.mark.parametrize("kind", ["file", "mounted", "where one stands", "link to where one stands", "not empty"])
def test_a_folder_that_cannot_be_replaced_is_refused_before_the_work(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(council, "_build", lambda *_: pytest.fail("work was begun"))
    target = tmp_path / "target"
    target.touch() if kind == "file" else target.mkdir()
    out, says = target, {"file": "is a file", "mounted": "disk of its own", "not empty": "not empty"}.get(kind, "command runs in")
    if kind == "mounted":
        monkeypatch.setattr(Path, "is_mount", lambda path: path == target)
    elif kind == "not empty":
        (target / "own").touch()
    elif kind != "file":
        monkeypatch.chdir(target)
        out = Path()
    if kind.startswith("link"):
        out = tmp_path / "link"
        out.symlink_to(target)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SettingsError, match=says):
        make_council(200, 1, out)
    assert sorted(tmp_path.rglob("*")) == before


def test_too_little_room_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    monkeypatch.setattr(council, "_build", lambda *_: pytest.fail("work was begun"))
    with pytest.raises(SettingsError, match=r"(?s)not enough room.*5 MB free"):
        make_council(200, 1, tmp_path / "council")
    assert list(tmp_path.iterdir()) == []


def test_a_council_fits_in_the_room_that_is_asked_for(spoilt: CouncilSummary) -> None:
    size = sum(p.stat().st_size for p in spoilt.folder.rglob("*") if p.is_file())
    assert size < room.room_needed(spoilt.plan)


def test_a_small_council_asks_for_little_room(small_council: CouncilSummary) -> None:
    size = sum(p.stat().st_size for p in small_council.folder.rglob("*") if p.is_file())
    assert size < 0.8 * room.room_needed(small_council.plan)  # other mess takes a little more
    assert room.room_needed(council_plan(200, 1)) < 10_000_000


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no limit on the size of a file")
@pytest.mark.usefixtures("drawn")
def test_a_file_that_cannot_grow_is_told_as_such(tmp_path: Path) -> None:
    """A real limit of the system, which the disk that fills is like; every test above breaks the writing itself."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        with pytest.raises(SettingsError, match="ulimit -f") as caught:
            make_council(200, 1, tmp_path / "council")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.exit_code == 2 and list(tmp_path.iterdir()) == []


def test_a_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be made"):
        make_council(200, 1, tmp_path / "file" / "council")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"
