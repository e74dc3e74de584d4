"""An unattended run: what is due is done once, a killed one is done again with the same lists, and the log says what happened, in counts."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from explain_fixtures import fake_matrix, model_for, people_of

from early_id.config.load import load_config
from early_id.config.settings import Config, ScheduleSettings
from early_id.core import folders
from early_id.core.errors import SettingsError
from early_id.core.fingerprint import file_sha256
from early_id.data.synth import CouncilSummary
from early_id.screening import history, write
from early_id.screening.entries import ScreeningLists
from early_id.screening.lists import screen
from early_id.workflow import due
from early_id.workflow.due import due_date, run_due
from early_id.workflow.journal import LOG, Journal, read_log

FACTOR = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))
MATRIX = fake_matrix(24, schools=2)
FIRST = date(2025, 11, 10)


# --- when


@pytest.mark.parametrize(
    ("today", "day"),
    [("2025-11-09", None), ("2025-11-10", "2025-11-10"), ("2025-12-07", "2025-11-10"), ("2025-12-08", "2025-12-08"), ("2026-01-10", "2026-01-07")],
)
def test_the_latest_date_of_the_schedule_that_has_come(today: str, day: str | None) -> None:
    cfg = Config(schedule=ScheduleSettings(first=FIRST, dates=(date(2026, 1, 7),)))
    assert due_date(cfg, date.fromisoformat(today)) == (date.fromisoformat(day) if day else None)


def test_settings_without_a_schedule_are_told_so() -> None:
    with pytest.raises(SettingsError, match="nothing of when lists are due"):
        due_date(Config(), FIRST)


# --- what is taken back


@dataclass
class Went:
    """A store, or what linking keeps, that says to where it was taken back."""

    back: list[int] = field(default_factory=list)

    def go_back(self, number: int) -> None:
        self.back.append(number)

    def linkings(self) -> list[int]:
        return [1, 2]


def test_a_run_that_fails_takes_links_back_too_and_nothing_once_lists_are_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, kept = Went(), Went()
    vars(store).update(version=SimpleNamespace(number=3), fingerprint="f")
    batch = SimpleNamespace(number=4, files=(), urgent=0)
    bench = SimpleNamespace(store=store)
    for name, stands in {
        "open_bench": lambda *_: bench, "at_work": lambda *_, **__: nullcontext(), "take_in": lambda *_: batch, "settle_lists": lambda *_: None,
        "kept_of": lambda *_: kept,
    }.items():  # fmt: skip
        monkeypatch.setattr(due, name, stands)
    cfg = Config(schedule=ScheduleSettings(first=FIRST), out=tmp_path)

    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(due, "_lists_due", fails)
    with pytest.raises(OSError, match="full"):
        run_due(cfg, today=FIRST)
    assert (store.back, kept.back) == ([3], [2])
    status = SimpleNamespace(to_json=dict)
    monkeypatch.setattr(due, "_lists_due", lambda *_: (due.Due("made", FIRST, FIRST, 4), (None, status)))
    monkeypatch.setattr(due, "note_run", fails)
    with pytest.raises(OSError, match="full"):
        run_due(cfg, today=FIRST)
    assert (store.back, kept.back) == ([3], [2])  # the lists tell of what was taken in


# --- the whole way, on a small council


@pytest.fixture(scope="module")
def council(small_council: CouncilSummary, tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("due") / "council"
    shutil.copytree(small_council.folder, folder, ignore=shutil.ignore_patterns("truth", "out"))
    sets = [
        "training.models=[logistic]", "training.put_forward=logistic", "training.resamples=50", "training.tracking=false",
        "training.families_folds=2", "training.refits_to_show=0", "training.sharing_cost=false", "training.labels=false",
        "features.use=[absence_share_365d, suspensions_count_365d, contacts_count_365d]", "training.baselines=[absence]", "training.comparators=[]",
        "as_of.dates=[2024-03-18, 2024-11-11, 2025-03-17]", "schedule.first=2025-11-10",
    ]  # fmt: skip
    bar = folder / "acceptance.yaml"
    bar.write_text(bar.read_text(encoding="utf-8").replace("put_forward: additive", "put_forward: logistic"), encoding="utf-8")
    return load_config(folder / "config.yaml", overrides=sets)


def hashes(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_what_is_due_is_done_once_and_a_second_and_a_killed_run_give_the_same_lists(council: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    early = run_due(council, today=FIRST - timedelta(days=1))
    assert (early.what, early.day, early.batch, early.exit_code) == ("nothing due", None, 1, 0)
    with monkeypatch.context() as broken:  # as a power cut between publishing and the record
        broken.setattr(history, "settle", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()) if (council.out_dir / "lists").exists() else False)
        with pytest.raises(KeyboardInterrupt):
            run_due(council, today=FIRST)
    first = hashes(council.out_dir / "lists")
    again = run_due(council, today=FIRST + timedelta(days=3))
    assert (again.what, again.day) == ("done before", FIRST) and hashes(council.out_dir / "lists") == first
    assert [record.kind for record in history.ledger(council.store_dir).read()] == ["lists"]  # settled by the second run
    shutil.rmtree(council.out_dir / "lists")
    made = run_due(council, today=FIRST)
    assert made.what == "made" and made.counts["lists"] > 5 and made.exit_code == 0
    assert hashes(council.out_dir / "lists") == first  # to the byte, and on record once
    assert len(history.ledger(council.store_dir).read()) == 1
    log = read_log(council.out_dir / LOG)
    assert [line["step"] for line in log if line["run"] == log[-1]["run"]][-4:] == ["ingest", "link", "run", "end"]
    assert {"batch", "files", "rows_in", "store"} <= set(next(line for line in log if line["step"] == "ingest"))
    assert not [name for name in ("forename", "surname") if name in json.dumps(log)]
    if os.name != "nt":
        assert (council.out_dir / LOG).stat().st_mode & 0o077 == 0


def test_a_late_source_stops_the_lists_with_exit_code_4_and_no_test_date_is_opened(council: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    late = council.model_copy(update={"features": council.features.model_copy(update={"covered_within_days": 62})})
    monkeypatch.setattr(due, "run_taken_in", lambda *_: pytest.fail("nothing may be trained"))
    refused = run_due(late, today=FIRST + timedelta(days=84))
    assert refused.what == "refused" and refused.exit_code == 4
    assert "end on 2025-11-09, more than 62 days before the lists" in (refused.refusal or "")
    assert read_log(council.out_dir / LOG)[-1]["exit_code"] == 4


# --- the log


def test_the_log_survives_a_kill_in_the_middle_of_a_line_and_keeps_rows_out(tmp_path: Path) -> None:
    log = Journal(tmp_path / LOG)
    with log.step("one") as told:
        told["rows"] = 3
    with (tmp_path / LOG).open("a", encoding="utf-8") as stream:
        stream.write('{"run": "x", "st')
    with pytest.raises(ValueError, match="Zaphod"), log.step("two"):
        raise ValueError("cannot convert 'Zaphod'")
    text = (tmp_path / LOG).read_text(encoding="utf-8")
    assert "Zaphod" not in text and '"ValueError"' in text
    assert [line["step"] for line in read_log(tmp_path / LOG)] == ["one", "two"]


# --- publishing: every write point broken once, and killed for real


def made_lists(capacity: int = 2) -> ScreeningLists:
    people = people_of(MATRIX)
    schools = screen(model_for("school_lead", MATRIX), MATRIX, people_frame=people, capacity=capacity)  # type: ignore[arg-type]
    return schools + screen(model_for("hub_lead", MATRIX), MATRIX, people_frame=people, capacity=capacity, beside=schools)  # type: ignore[arg-type]


OLD, NEW = made_lists(1), made_lists(2)


def publish(lists: ScreeningLists, folder: Path) -> None:
    """As a run does: what lies there is settled, the new lists are written whole, and settled."""
    folders.restore(folder / "out")
    history.settle(folder, folder / "out")
    write.write_lists(lists, folder / "out")
    history.settle(folder, folder / "out")


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, str]]:
    """What the old and the new lists are, to the byte."""
    found = []
    for lists in (OLD, NEW):
        folder = tmp_path_factory.mktemp("wanted")
        publish(lists, folder)
        found.append(hashes(folder / "out/lists"))
    return found[0], found[1]


def whole(folder: Path, wanted: tuple[dict[str, str], dict[str, str]]) -> bool:
    """The lists are all old or all new, or for a moment aside."""
    lists = folder / "out/lists"
    return hashes(lists if lists.exists() else folder / "out/.old-lists") in wanted


def _break_at(monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> list[str]:
    """Let the rename number ``at`` of any kind fail; the list fills with those tried."""
    tried: list[str] = []
    real, real_os = Path.replace, os.replace

    def count(name: str) -> None:
        tried.append(name)
        if len(tried) == at:
            raise error

    def replace_path(self: Path, target: Any) -> Path:
        count(self.name)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace_path)
    monkeypatch.setattr(os, "replace", lambda source, target, **more: (count(str(source)), real_os(source, target, **more))[1])
    return tried


def test_whichever_write_breaks_the_lists_stay_whole_and_the_next_run_completes(
    tmp_path: Path, wanted: tuple[dict[str, str], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as counted:
        tried = _break_at(counted, 0, OSError())
        publish(OLD, tmp_path / "count")
        publish(NEW, tmp_path / "count")
    points = len(tried) // 2
    assert points > 15
    # All of those at the end, where old and new meet; of the many alike before them every sixth.
    for at in [*range(1, points - 8, 6), *range(points - 8, points + 1)]:
        for error in (KeyboardInterrupt(), OSError(28, "no space")):
            folder = tmp_path / f"{at}-{type(error).__name__}"
            shutil.copytree(tmp_path / "count", folder)
            publish(OLD, folder)
            with monkeypatch.context() as broken:
                _break_at(broken, at, error)
                with pytest.raises(BaseException):  # noqa: B017 - whatever it becomes, the folder is what matters
                    publish(NEW, folder)
            assert whole(folder, wanted), at
            publish(NEW, folder)
            assert hashes(folder / "out/lists") == wanted[1] and not list((folder / "out").glob(".*"))
            shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a child process that can be killed is made with fork")
def test_killed_for_real_at_any_moment_nothing_is_half_published(tmp_path: Path, wanted: tuple[dict[str, str], dict[str, str]]) -> None:
    publish(OLD, tmp_path)
    started = time.perf_counter()
    publish(NEW, tmp_path)
    takes = time.perf_counter() - started
    rng = random.Random(20251110)
    killed = 0
    for turn in range(5 * FACTOR):
        lists = NEW if turn % 2 else OLD
        child = os.fork()
        if child == 0:
            try:
                publish(lists, tmp_path)
            finally:
                os._exit(0)
        time.sleep(rng.uniform(0.0, takes * 1.1))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        assert whole(tmp_path, wanted), turn
        publish(lists, tmp_path)
        assert hashes(tmp_path / "out/lists") == wanted[turn % 2]
        assert history.latest_of_each_date(history.ledger(tmp_path).read())[date(2025, 11, 3)] == history.read_record(tmp_path / "out")
    assert killed >= 5 * FACTOR // 2


def test_a_tampered_chain_stops_new_lists(tmp_path: Path) -> None:
    publish(OLD, tmp_path)
    (tmp_path / history.LEDGER).unlink()
    with pytest.raises(Exception, match="not as they were written"):
        publish(replace(NEW), tmp_path)


Cli = Callable[..., tuple[int, str]]


def test_the_command_says_what_was_due(cli: Cli, council: Config) -> None:
    arguments = ["run", "--due", "--config", council.base / "config.yaml"]
    code, said = cli(*arguments)
    assert code == 2 and "nothing of when lists are due" in said
    code, said = cli(*arguments, "--set", "schedule.first=2031-01-01", "--today", "2030-01-01")
    assert code == 0 and "Nothing due: lists of no date yet" in said
    code, said = cli(*arguments, "--today", "tomorrow")
    assert code == 2 and "after --today cannot be read" in said
