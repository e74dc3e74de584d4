"""Feature building: ten attendance features three ways, and the whole catalogue at 1, 6 and 20 dates. ``make bench`` keeps the figures as JSON.

Each measurement is a process of its own, so that its peak of memory is its own. Nothing here asserts a time: other people's work slows a machine. What
has to hold whatever the machine is asserted: the three ways give the same ten features. Ratios are of processor time within one run.

EARLY_ID_BENCH_CHILDREN (such as ``10000``) leaves larger councils out, EARLY_ID_BENCH_MILLION adds one of a million, which takes hours.
EARLY_ID_BENCH_FOLDER keeps the councils for the next run. What was measured is kept in ``features.json`` beside this file, which is stored: a line a
measurement, the newest of each kind; the pages quote it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from features_speed import TEN

PROGRAM, SOURCE = Path(__file__).parent / "features_speed.py", Path(__file__).parents[2] / "src"
LARGEST = int(os.environ.get("EARLY_ID_BENCH_CHILDREN", "1000000" if os.environ.get("EARLY_ID_BENCH_MILLION") else "100000"))
SIZES = [size for size in (10_000, 100_000, 1_000_000) if size <= LARGEST]
WAYS, DATES = ("declared", "sql", "pandas"), (1, 6, 20)
FOUND: dict[tuple[int, str, int], dict[str, Any]] = {}
KEPT = Path(__file__).with_name("features.json")


def run(*words: str) -> dict[str, Any]:
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(PROGRAM), *words], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size:,} children")
def council(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A council that was made, taken in and linked: what is not measured here."""
    kept = os.environ.get("EARLY_ID_BENCH_FOLDER")
    folder = Path(kept) / str(request.param) if kept else tmp_path_factory.mktemp(f"council_{request.param}")
    folder.mkdir(parents=True, exist_ok=True)
    return run("prepare", str(request.param), str(folder)), folder


@pytest.mark.parametrize("way", WAYS)
def test_ten_attendance_features(benchmark: Any, council: tuple[dict[str, Any], Path], way: str) -> None:
    made, folder = council
    found = FOUND[made["children"], way, 1] = {**made, **benchmark.pedantic(run, args=(way, str(folder)), rounds=1)}
    benchmark.extra_info.update(found)
    print(json.dumps(found))


def test_the_three_ways_agree(council: tuple[dict[str, Any], Path]) -> None:
    _, folder = council
    first = pd.read_parquet(folder / "ten_declared.parquet")
    assert tuple(first.columns) == TEN
    for way in ("sql", "pandas"):
        pd.testing.assert_frame_equal(pd.read_parquet(folder / f"ten_{way}.parquet"), first, rtol=0, atol=1e-12, obj=way)


@pytest.mark.parametrize("dates", DATES)
def test_the_whole_catalogue(benchmark: Any, council: tuple[dict[str, Any], Path], dates: int) -> None:
    made, folder = council
    found = FOUND[made["children"], "whole", dates] = {**made, **benchmark.pedantic(run, args=("whole", str(dates), str(folder)), rounds=1)}
    found["processor_ms_a_child_and_date"] = round(1000 * found["processor_seconds"] / found["rows"], 3)
    benchmark.extra_info.update(found)
    print(json.dumps(found))


def keep(found: dict[tuple[int, str, int], dict[str, Any]], path: Path = KEPT) -> None:
    """Put measurements in place of older ones of their kind."""
    held = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    kinds = {(row["children"], row["what"], row.get("dates", 1)): row for row in held} | found
    path.write_text("[\n" + ",\n".join(json.dumps(kinds[kind]) for kind in sorted(kinds)) + "\n]\n", encoding="utf-8")


def test_show_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    keep(FOUND)
    with capsys.disabled():
        print("\n| children | what | dates | marks | seconds | processor seconds | memory, MB | times the first |")
        print("|---|---|---|---|---|---|---|---|")
        for (children, what, dates), row in FOUND.items():
            first = FOUND.get((children, "whole" if what == "whole" else "declared", 1), row)
            cells = (
                f"{children:,}",
                what,
                str(dates),
                f"{row['marks']:,}",
                f"{row['seconds']:,.0f}",
                f"{row['processor_seconds']:,.1f}",
                f"{row['peak_mb']:,}",
            )
            print(f"| {' | '.join(cells)} | {row['processor_seconds'] / first['processor_seconds']:.2f} |")
