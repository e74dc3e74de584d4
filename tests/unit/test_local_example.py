"""The example of a council's own table stays short, and its own test passes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "configs" / "local_example"


def test_the_example_is_short() -> None:
    lines = [line for path in FOLDER.iterdir() if path.is_file() for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) < 60


def test_its_own_test_passes(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("local_example_test", FOLDER / "test_rent.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.test_rent(tmp_path)
