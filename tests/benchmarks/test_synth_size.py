"""What a made-up council takes: seconds, memory of all processes together, marks, bytes on the disk. Nothing here asserts a time.

``make bench`` keeps the figures as JSON and prints the table of ``src/early_id/data/synth/README.md``. A million children are made only
when EARLY_ID_BENCH_MILLION is set: it takes half an hour.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SIZES = (1_000, 10_000, 100_000, *([1_000_000] if os.environ.get("EARLY_ID_BENCH_MILLION") else []))
#: Seconds between two looks at the memory.
EVERY = 0.1
_MADE: list[dict[str, float]] = []


def _tree(process: int) -> Iterator[int]:
    """A process and all that it started."""
    yield process
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from _tree(int(child))


def _resident(process: int) -> int:
    """Bytes in memory of a process and all that it started; pages that they share count in each of them."""
    total = 0
    try:
        for number in _tree(process):
            total += int(Path(f"/proc/{number}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # one of them ended while it was looked at
        return 0
    return total


def measure(children: int, processes: int, folder: Path) -> dict[str, float]:
    """Make a council with the command in a process of its own, and count."""
    words = [sys.executable, "-m", "early_id", "synth", "--children", str(children), "--processes", str(processes), "--out", str(folder), "--json"]
    started, load = time.perf_counter(), os.getloadavg()[0]
    before = os.times()
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        peak = 0

        def watch() -> None:
            nonlocal peak
            while running.poll() is None:
                peak = max(peak, _resident(running.pid))
                time.sleep(EVERY)

        watcher = threading.Thread(target=watch)
        watcher.start()
        answer, _ = running.communicate()
        watcher.join()
    seconds = time.perf_counter() - started
    after = os.times()
    # Processor time does not grow when others use the machine, so it is what sizes are compared by.
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    assert running.returncode == 0
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(folder)
    marks = json.loads(answer)["marks"]
    return {
        "children": children, "processes": processes, "seconds": round(seconds, 1), "processor_seconds": round(busy, 1), "peak_mb": round(peak / 1e6), "marks": marks,
        "disk_mb": round(size / 1e6), "load_before": round(load, 1),
    }  # fmt: skip


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("children", SIZES)
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_make_a_council(benchmark: Any, children: int, processes: int, tmp_path: Path) -> None:
    made = benchmark.pedantic(measure, args=(children, processes, tmp_path / "council"), rounds=1)
    _MADE.append(made)
    # A ratio within one run says something on any machine: processor time a child against that of 10,000 children in one process.
    tenth = next((row for row in _MADE if row["children"] == 10_000 and row["processes"] == 1), None)
    made["time_a_child"] = round(made["processor_seconds"] / children / (tenth["processor_seconds"] / 10_000), 2) if tenth else float("nan")
    benchmark.extra_info.update(made)


def test_show_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\n| children | processes | marks | seconds | processor seconds | memory, MB | disk, MB | a child, 10,000 = 1 | load |")
        print("|---|---|---|---|---|---|---|---|---|")
        for row in _MADE:
            cells = (
                f"{row[name]:,.{digits}f}"
                for name, digits in (
                    ("marks", 0),
                    ("seconds", 0),
                    ("processor_seconds", 0),
                    ("peak_mb", 0),
                    ("disk_mb", 0),
                    ("time_a_child", 2),
                    ("load_before", 1),
                )
            )
            print(f"| {row['children']:,} | {row['processes']} | {' | '.join(cells)} |")
