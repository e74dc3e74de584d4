"""Reading and checking marks: ours, pandas, and pandera on pandas, in the same run. ``make bench`` keeps the figures; 38 million marks by hand:

``python tests/benchmarks/sources_speed.py prepare 4400 10 FOLDER``, then ``ours``, ``pandas`` and ``pandera`` with the same folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = str(Path(__file__).with_name("sources_speed.py"))


def run(*arguments: object) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-W", "ignore", SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("marks")
    run("prepare", 1000, 2, made)
    return made


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, dict[str, int]]:
    return {}


@pytest.mark.parametrize("way", ["ours", "pandas", "pandera"])
def test_read_and_check_marks(benchmark: Any, folder: Path, found: dict[str, dict[str, int]], way: str) -> None:
    result = benchmark.pedantic(run, args=(way, folder), rounds=1)
    benchmark.extra_info.update(result)
    found[way] = result["found"]
    first = next(iter(found.values()))
    assert result["found"] == first  # the same faults, or the times say nothing
