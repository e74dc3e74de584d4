"""The command line in this process, and a council of a handful of rows that was taken in once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from intake import CANARY, GOOD, MARK, PERSON, PUPIL, SCHOOL, Council


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Council:
    """Extracts that were taken in once; the marks changed since, so that there is something to do. Copied for each test."""
    made = Council(tmp_path_factory.mktemp("taken_in"))
    made.put("schools", SCHOOL)
    made.put("pupils", {**PUPIL, "forename": CANARY})
    made.put("people", PERSON)
    made.put("attendance", MARK)
    made.put("contacts", GOOD["contacts"][2])
    made.ingest()
    made.put("attendance", MARK, {**MARK, "session": "PM"})
    return made


@pytest.fixture
def council(taken_in: Council, tmp_path: Path) -> Council:
    shutil.copytree(taken_in.folder, tmp_path / "council")
    return Council(tmp_path / "council", [dict(entry) for entry in taken_in.sources])


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run a command; exit code, and all that it printed."""
    from early_id.cli import main

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["early-id", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return run
