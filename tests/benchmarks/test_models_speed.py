"""Additive against the explainable boosting machine and against boosting with interactions. ``make bench`` prints and keeps the figures.

Each run is a process of its own, so that its peak of memory is its own. What has to hold whatever the machine is asserted: that explanations
are exact, and that the additive model ranks as well as the machine. EARLY_ID_BENCH_ROWS (such as ``10000``) leaves the larger sizes out.
What was measured is kept in ``models.json`` beside this file, which is stored: a line a model and size, with the load of the machine then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

KEPT = Path(__file__).with_name("models.json")
PROGRAM, SOURCE = Path(__file__).parent / "models_speed.py", Path(__file__).parents[2] / "src"
LARGEST = int(os.environ.get("EARLY_ID_BENCH_ROWS", "1000000"))
#: The machine is left out at 1,000,000 rows: it would take hours.
CASES = [(name, rows) for rows in (10_000, 100_000) for name in ("additive", "grouped_ebm", "interpret_defaults", "with_interactions")]
CASES += [("additive", 1_000_000), ("with_interactions", 1_000_000)]

FOUND: dict[tuple[str, int], dict[str, Any]] = {}


def measured(name: str, rows: int) -> dict[str, Any]:
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(PROGRAM), name, str(rows)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(("name", "rows"), CASES)
def test_a_model_of_ninety_features(benchmark: Any, name: str, rows: int) -> None:
    if rows > LARGEST:
        pytest.skip(f"EARLY_ID_BENCH_ROWS={LARGEST} leaves {rows:,} rows out")
    if "ebm" in name or "interpret" in name:
        pytest.importorskip("interpret", reason="interpret-core is not installed: pip install 'early-id[ebm]'")
    found = FOUND[name, rows] = benchmark.pedantic(measured, args=(name, rows), rounds=1)
    benchmark.extra_info.update(found)
    print(json.dumps(found))
    keep(found)
    if name != "with_interactions":
        assert found["exact_to"] < 1e-9 or name == "interpret_defaults"
    machine = FOUND.get(("grouped_ebm", rows))
    if machine and ("additive", rows) in FOUND:
        assert abs(FOUND["additive", rows]["auc"] - machine["auc"]) < 0.005


def keep(found: dict[str, Any], path: Path = KEPT) -> None:
    """Put a measurement in the place of the last one of the same model and size."""
    held = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    lines = {(line["rows"], line["model"]): line for line in held}
    lines[found["rows"], found["model"]] = {**found, "load": round(os.getloadavg()[0], 2), "measured_on": date.today().isoformat()}
    path.write_text("[\n" + ",\n".join(json.dumps(lines[key]) for key in sorted(lines)) + "\n]\n", encoding="utf-8")
