"""One run at a time over a store and an output folder, and folders that cannot be written to: each is one message, before anything is done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import early_id.workflow.run as run_module
from early_id.config.load import load_config
from early_id.core.folders import holding, restrict
from early_id.data import ingest as ingest_module
from early_id.workflow.steps import at_work, open_bench
from intake import MARK, Council, check, hashes

HOLD = "import sys, time; from pathlib import Path; from early_id.core.folders import holding\nwith holding(Path(sys.argv[1]), role='store'):\n print('held', flush=True); time.sleep(600)"


@pytest.mark.parametrize("command", ["run", "ingest", "train", "audit"])
def test_while_a_run_is_at_work_every_command_that_would_disturb_it_is_busy(
    council: Council, cli: Callable[..., tuple[int, str]], command: str
) -> None:
    config = council.write_settings()
    store = council.folder / "out" / "store"
    before = hashes(store)
    with at_work(open_bench(load_config(config)), on_store=True):
        code, said = cli(command, "--config", config)
        assert code == 5
        check(said, "Another run holds the", "Wait until it ends", where=f"process {os.getpid()} since")
    assert hashes(store) == before


def test_a_run_on_a_folder_that_is_not_there_yet_holds_it_too(tmp_path: Path, cli: Callable[..., tuple[int, str]]) -> None:
    council = Council(tmp_path).put_good("schools", "pupils")
    config = council.write_settings()
    with at_work(open_bench(load_config(config)), on_store=True):
        assert cli("run", "--config", config)[0] == 5
        assert cli("run", "--config", config, "--set", "store=elsewhere")[0] == 5  # another store, the same output folder
        assert cli("run", "--config", config, "--out", tmp_path / "other", "--set", f"store={(tmp_path / 'out' / 'store').as_posix()}")[0] == 5
    assert cli("ingest", "--config", config)[0] == 0


def test_reading_does_not_wait_for_a_run(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    config = council.write_settings()
    with at_work(open_bench(load_config(config)), on_store=True):
        assert cli("link", "--config", config)[0] == 0


def test_the_lock_of_a_run_that_was_killed_does_not_stay(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(Exception, match=f"process {other.pid} since"), holding(tmp_path, role="store"):
            pass
    finally:
        other.kill()
        other.wait()
        assert other.stdout is not None
        other.stdout.close()
    assert (tmp_path / "lock.json").is_file()  # nothing tidied up
    with holding(tmp_path, role="store"):
        pass


def test_demo_does_not_take_away_the_folder_of_one_that_is_at_work(tmp_path: Path, cli: Callable[..., tuple[int, str]]) -> None:
    demo = tmp_path / "demo"
    (demo / "truth").mkdir(parents=True)
    (demo / "out").mkdir()
    with holding(demo / "out", role="output folder"):
        code, said = cli("demo", "--out", demo, "--children", 200)
    assert code == 5 and "Another run holds" in said and (demo / "truth").is_dir()


# --- folders that cannot be written to


def _a_file(council: Council, _: pytest.MonkeyPatch) -> Path:
    (council.folder / "taken").write_text("", encoding="utf-8")
    return council.folder / "taken"


def _in_a_file(council: Council, patch: pytest.MonkeyPatch) -> Path:
    return _a_file(council, patch) / "out"


def _nowhere(_: Council, __: pytest.MonkeyPatch) -> Path:
    if not Path("/proc/self").is_dir():
        pytest.skip("no /proc here")
    return Path("/proc/nope")


def _read_only(council: Council, patch: pytest.MonkeyPatch) -> Path:
    """Played, because the tests may run as a user whom no mode stops."""
    import tempfile

    def refuse(*_: object, dir: object = None, **__: object) -> tuple[int, str]:
        raise PermissionError(13, "Permission denied", str(dir))

    patch.setattr(tempfile, "mkstemp", refuse)
    return council.folder / "fresh"


@pytest.mark.parametrize("command", ["run", "ingest", "train"])
@pytest.mark.parametrize("unusable", [_a_file, _in_a_file, _nowhere, _read_only])
def test_an_output_folder_that_cannot_be_used_is_a_fault_of_the_settings(
    council: Council, cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, unusable: Callable[..., Path], command: str
) -> None:
    config = council.write_settings()
    with monkeypatch.context() as patch:
        out = unusable(council, patch)
        code, said = cli(command, "--config", config, "--out", out)
    assert code == 2, said
    check(said, "cannot be", "--out", where=out.name)


def test_no_right_to_write_inside_the_store_names_both_causes(
    council: Council, cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(council.folder / "out" / "store" / "parts"))

    monkeypatch.setattr(ingest_module, "publish", refuse)
    code, said = cli("ingest", "--config", council.write_settings())
    assert code == 5
    check(said, "open in another program", "may not write", "the right to write", where="parts")


@pytest.mark.parametrize("opened", [True, False])
def test_a_run_that_stops_after_the_test_date_was_opened_says_so(
    council: Council, cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, *, opened: bool
) -> None:
    """Its results stand in the tracking store by then, so the look cannot be taken back; "as it was before" would be half the truth."""

    def stopped(bench: object, batch: object, openings: dict[str, object]) -> None:
        openings.update({"hub_lead": object()} if opened else {})
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "run_taken_in", stopped)
    code, said = cli("run", "--config", council.write_settings())
    assert code == 130 and ("The test date counts as opened all the same" in said) is opened


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
def test_what_is_restricted_is_so_for_everything_in_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.txt").write_text("", encoding="utf-8")
    restrict(tmp_path / "a")
    assert [oct((tmp_path / name).stat().st_mode & 0o777) for name in ("a", "a/b", "a/b/c.txt")] == ["0o700", "0o700", "0o600"]
    restrict(tmp_path / "a", group=True)
    assert [oct((tmp_path / name).stat().st_mode & 0o7777) for name in ("a", "a/b", "a/b/c.txt")] == ["0o2770", "0o2770", "0o660"]
    restrict(tmp_path / "not there")


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
@pytest.mark.parametrize(("shared", "rights"), [(False, 0o600), (True, 0o660)])
def test_a_store_is_its_owners_alone_or_the_groups_too(council: Council, *, shared: bool, rights: int) -> None:
    council.settings["shared_with_group"] = shared
    council.put("attendance", MARK, {**MARK, "session": "PM"})
    council.ingest()
    store = council.store()
    made = [path for path in store.folder.rglob("*") if path.is_file() and path.name != "lock"]
    assert made and {path.stat().st_mode & 0o777 for path in made} == {rights}
    assert {path.stat().st_mode & 0o777 for path in store.folder.rglob("*") if path.is_dir()} == {rights | 0o110 if shared else 0o700}
    assert not shared or (store.folder / "lock").stat().st_mode & 0o060 == 0o060
