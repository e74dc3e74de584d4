"""A store that is damaged, held by another run, or left by one that broke off: it is said, and the last good state stays.

The errors are planted in this process; a run that is killed is played by not letting it tidy up.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from early_id.core.errors import BusyError, InputDataError
from early_id.data import ingest as ingest_module
from intake import CANARY, GOOD, Council, check, hashes, urgent_batch

# --- damaged or held


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("current.json", b"{"),
        ("current.json", b'{"version": 9}'),
        ("current.json", b"[1]"),
        ("versions/000001.json", b'{"number": 1, "rows": 5}'),
        ("versions/000001.json", b"\xff\xfe"),
        ("parts/pupils-000001.parquet", b"PAR1 Zaphodine PAR1"),
        ("parts/pupils-000001.parquet", None),
    ],
)
def test_a_damaged_store_is_said_and_not_written_over(
    council: Council, cli: Callable[..., tuple[int, str]], name: str, content: bytes | None
) -> None:
    store = council.folder / "out" / "store"
    (store / name).unlink()
    if content is not None:
        (store / name).write_bytes(content)
    before = hashes(store)
    for command in ("ingest", "link"):
        code, said = cli(command, "--config", council.write_settings())
        assert code == 3, said
        check(said, "The store cannot be read", "backup", where="store")
    assert hashes(store) == before


def test_a_second_writer_is_told_who_holds_the_store(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    store = council.store()
    before = hashes(store.folder)
    with store.writing():
        code, said = cli("ingest", "--config", council.write_settings())
        assert code == 5
        check(said, "Another run holds the store", where=f"process {os.getpid()} since")
    assert hashes(store.folder) == before
    # A note that is just being written is no reason to stop with another error.
    with store.writing(), pytest.raises(BusyError):
        (store.folder / "lock.json").write_text("{", encoding="utf-8")
        council.ingest()
    assert council.ingest().number == 2


def test_a_store_opened_before_another_batch_came_does_not_lose_it(council: Council) -> None:
    early = council.store()
    council.ingest("2025-03-10")
    council.put("contacts", GOOD["contacts"][2], {**GOOD["contacts"][2], "contact_on": "2025-01-05", "outcome_on": "2025-01-06"})
    assert early.ingest(cfg=council.config("2025-03-17")).number == 3
    assert len(council.store().version.batches) == 3 and len(council.store().frame("attendance")) == 2


def test_readers_keep_their_version_while_a_batch_is_written(council: Council) -> None:
    reader = council.store()
    assert len(reader.frame("attendance")) == 1
    council.ingest()
    assert len(reader.frame("attendance")) == 1 and len(council.store().frame("attendance")) == 2


# --- a run that breaks off


def _breaking(monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException) -> list[str]:
    """Let the rename number ``at`` fail; the list fills with the names of those that were tried."""
    real, tried = os.replace, []

    def replace(source: object, target: object, **more: object) -> None:
        tried.append(Path(str(target)).name)
        if len(tried) == at:
            raise error
        real(source, target, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", replace)
    return tried


def test_the_renames_are_those_that_are_broken_below(council: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    urgent_batch(council)
    tried = _breaking(monkeypatch, 0, OSError())
    council.ingest()
    assert sorted(tried[:2]) == ["attendance-000002.parquet", "household_factors-000002.parquet"]
    assert tried[2] == "000002" and sorted(tried[3:5]) == ["000002.csv", "000002.json"] and tried[5:] == ["000002.json", "current.json"]


OPEN, FULL, BUG = PermissionError(13, "open elsewhere"), OSError(28, f"no space for {CANARY}"), RuntimeError(CANARY)
BREAKS = [(1, OPEN), (2, FULL), (3, OPEN), (4, BUG), (5, OPEN), (6, OPEN), (7, OPEN), (7, FULL), (7, BUG)]


@pytest.mark.parametrize(("at", "error"), BREAKS, ids=[f"{at}-{type(error).__name__}" for at, error in BREAKS])
def test_whatever_breaks_at_any_rename_the_store_is_as_it_was_and_the_next_run_completes(
    council: Council, cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, at: int, error: Exception
) -> None:
    urgent_batch(council)
    store = council.folder / "out" / "store"
    before = hashes(store)
    with monkeypatch.context() as broken:
        _breaking(broken, at, error)
        code, said = cli("ingest", "--config", council.write_settings())
    assert code == {PermissionError: 5, OSError: 3, RuntimeError: 1}[type(error)], said
    assert "what next" in said and "where" in said and CANARY not in said and "Traceback" not in said
    assert {name: digest for name, digest in hashes(store).items() if name != "key"} == before
    assert council.store().version.number == 1 and len(council.store().frame("attendance")) == 1
    batch = council.ingest()
    assert batch.number == 2 and batch.urgent == 1 and len(council.store().frame("attendance")) == 2


@pytest.mark.parametrize("at", range(1, 8))
def test_a_process_killed_at_any_rename_leaves_a_store_that_opens_and_goes_on(council: Council, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """As after a power cut: nothing tidies up, so what was written stays lying about until the next run."""
    from early_id.data.urgent import unacknowledged

    urgent_batch(council)
    with monkeypatch.context() as broken:
        _breaking(broken, at, KeyboardInterrupt())
        broken.setattr(ingest_module, "sweep", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            council.ingest()
    store = council.store()
    assert store.version.number == 1 and len(store.frame("attendance")) == 1
    (council.extracts / "social_care/household_factors.csv").unlink()
    council.sources = [item for item in council.sources if "household_factors" not in item["files"]]
    assert council.ingest().number == 2
    assert unacknowledged(store.folder) == []  # the sign of the batch that never was
    names = set(hashes(store.folder))
    assert not [name for name in names if "household_factors" in name or ".batch" in name]


@pytest.mark.parametrize("step", ["read_raw", "stage", "mark_repeats", "merge", "write_urgent", "publish"])
def test_an_unexpected_error_at_any_step_prints_no_row_and_changes_nothing(
    council: Council, cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError(f"cannot convert '{CANARY}' of B801200005001")

    store = council.folder / "out" / "store"
    before = hashes(store)
    monkeypatch.delenv("EARLY_ID_DEBUG", raising=False)
    with monkeypatch.context() as patched:
        patched.setattr(ingest_module, step, broken)
        code, said = cli("ingest", "--config", council.write_settings())
    assert code == 1
    check(said, "unexpected ValueError", where="ingest.py, line")
    assert hashes(store) == before
    assert council.ingest().number == 2


def test_the_first_batch_may_break_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    council = Council(tmp_path).put_good("pupils")
    with monkeypatch.context() as broken:
        _breaking(broken, 1, OSError(28, "no space"))
        with pytest.raises(InputDataError, match="as it was"):
            council.ingest()
    assert hashes(tmp_path / "out" / "store") == {}
    assert council.store().version.number == 0 and council.ingest().number == 1


def test_an_extract_that_may_not_be_opened_is_busy(council: Council, cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def refuse(self: Path, *arguments: object, **more: object) -> object:
        if self.name == "attendance.csv":
            raise PermissionError(13, "open in Excel", str(self))
        return real(self, *arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    code, said = cli("ingest", "--config", council.write_settings())
    assert code == 5
    check(said, "cannot be opened", where="education/attendance.csv")
