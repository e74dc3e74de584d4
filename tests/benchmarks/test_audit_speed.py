"""How long the audit takes, beside fairlearn's bootstrap: 200,000 rows, 10 groups. Figures only, no assertion about time.

fairlearn resamples 6 metrics; we resample 5 shares, from which its recall follows, and the difference of each from everyone else: 10 figures a
group. What was measured is kept in ``audit.json`` beside this file, which is stored: a line a case, with the load of the machine then.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from early_id.audit.fairness import audit_rows
from early_id.audit.groups import grouping
from early_id.audit.measures import Scored
from early_id.audit.resampled import resampled_table
from early_id.config.settings import AuditSettings

ROWS, RESAMPLES = 200_000, 2_000
KEPT = Path(__file__).with_name("audit.json")


def keep(case: str, **found: Any) -> None:
    """Set the line of a case in the file of what was measured."""
    held = {line["case"]: line for line in (json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else [])}
    held[case] = {"case": case, **found, "load": round(os.getloadavg()[0], 2), "measured_on": date.today().isoformat()}
    KEPT.write_text("[\n" + ",\n".join(json.dumps(held[name]) for name in sorted(held)) + "\n]\n", encoding="utf-8")


def timed(benchmark: Any, case: str, function: Any, *args: Any, **how: Any) -> Any:
    """What the function gives, once, with its time by the clock and on the processors kept."""
    spent, clock = process_time(), perf_counter()
    found = benchmark.pedantic(function, args=args, kwargs=how, rounds=1)
    keep(case, clock=perf_counter() - clock, processor=process_time() - spent)
    return found


def people(n: int = ROWS, groups: int = 10, seed: int = 1) -> tuple[Scored, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    family = rng.integers(0, n * 6 // 10, n)
    y = (rng.random(n) < 0.08).astype(float)
    listed = (rng.random(n) < np.where(y == 1, 0.3, 0.04)).astype(float)
    frame = pd.DataFrame({"g": rng.integers(0, groups, n).astype(str)})
    return Scored(listed, y, np.clip(rng.beta(2, 20, n), 0.001, 0.9), family, n * 6 // 10, rng.random(n)), frame


@pytest.mark.parametrize("clustered", [False, True], ids=["by row", "by family"])
def test_2000_resamples_of_200_000_rows(benchmark: Any, clustered: bool) -> None:
    scored, frame = people()
    by = grouping(frame["g"], name="g", label="G")
    clusters = scored.clusters if clustered else None
    case = f"{RESAMPLES:,} resamples of {ROWS:,} rows, by {'family' if clustered else 'row'}"
    table = timed(benchmark, case, resampled_table, scored, by, clusters=clusters, resamples=RESAMPLES)
    assert table["low"].notna().all()


def test_fairlearns_bootstrap_of_the_same_rows(benchmark: Any) -> None:
    """A resample of fairlearn's takes half of what three take more than one: the first pass, over the rows as they are, is none."""
    from fairlearn import metrics as fl
    from sklearn.metrics import precision_score

    scored, frame = people()
    metrics = {
        "selection": fl.selection_rate, "missed": fl.false_negative_rate, "false": fl.false_positive_rate,
        "recall": fl.true_positive_rate, "precision": precision_score, "count": fl.count,
    }  # fmt: skip

    def spent(function: Any, *args: Any, **how: Any) -> float:
        before = process_time()
        function(*args, **how)
        return process_time() - before

    def theirs_with(resamples: int) -> float:
        how = {"y_true": scored.y, "y_pred": scored.listed, "sensitive_features": frame["g"], "ci_quantiles": [0.5], "random_state": 1}
        return spent(fl.MetricFrame, metrics=metrics, n_boot=resamples, **how)

    more = benchmark.pedantic(theirs_with, args=(3,), rounds=1)
    theirs = (more - theirs_with(1)) / 2
    by = grouping(frame["g"], name="g", label="G")
    plain = spent(resampled_table, scored, by, resamples=RESAMPLES) / RESAMPLES
    clustered = spent(resampled_table, scored, by, clusters=scored.clusters, resamples=RESAMPLES) / RESAMPLES
    seconds = {"fairlearn": theirs, "by row": plain, "by family": clustered}
    faster = {"by row": theirs / plain, "by family": theirs / clustered}
    benchmark.extra_info.update(seconds_a_resample=seconds, times_as_fast=faster)
    keep("one resample beside fairlearn's", seconds_a_resample=seconds, times_as_fast=faster)
    print(f"seconds of processor time a resample: fairlearn {theirs:.2f}, by row {plain:.6f}, by family {clustered:.6f}")
    print(f"times as fast: by row {theirs / plain:,.0f}, by family {theirs / clustered:,.0f}")


def test_1_000_000_rows(benchmark: Any) -> None:
    scored, frame = people(1_000_000)
    rules = AuditSettings(characteristics={"g": "G"})
    assert len(timed(benchmark, "1,000,000 rows by one characteristic", audit_rows, scored, frame, rules, meta={}).rows)


def test_audit_of_100_000_children_by_12_characteristics_and_all_pairs(benchmark: Any) -> None:
    scored, _ = people(100_000)
    rng = np.random.default_rng(2)
    groups = pd.DataFrame({f"c{i}": rng.integers(0, 2 + i % 6, 100_000).astype(str) for i in range(12)})
    rules = AuditSettings(characteristics={name: name for name in groups})
    result = timed(benchmark, "100,000 rows by 12 characteristics and all pairs", audit_rows, scored, groups, rules, meta={})
    assert len(result.crossed) > 1000


@pytest.mark.parametrize("rows", [100_000, 1_000_000])
def test_whole_report_by_12_characteristics_and_all_pairs(benchmark: Any, tmp_path: Path, rows: int) -> None:
    """``early-id audit --table`` from a CSV file to both pages and the workbook, in a process of its own."""
    scored, _ = people(rows)
    rng = np.random.default_rng(2)
    table = pd.DataFrame({f"c{i}": rng.integers(0, 2 + i % 7, rows).astype(str) for i in range(12)})
    groups = ",".join(table)
    table = table.assign(
        family_id=scored.clusters, happened=scored.y.astype(int), score=np.round(rng.random(rows) + 0.5 * scored.y, 6), p=scored.probability
    )
    table.to_csv(tmp_path / "table.csv", index=False)
    words = f"audit --table {tmp_path / 'table.csv'} --label happened --score score --capacity {rows // 30} --groups {groups} --cluster family_id --probability p"
    used: dict[str, float] = {}

    def run() -> None:
        with subprocess.Popen([sys.executable, "-m", "early_id", *words.split(), "--out", str(tmp_path / "out")], stdout=subprocess.DEVNULL) as made:
            _, status, spent = os.wait4(made.pid, 0)
            made.returncode = os.waitstatus_to_exitcode(status)
        used.update(code=made.returncode, cpu_s=spent.ru_utime + spent.ru_stime, peak_gb=spent.ru_maxrss / 1e6)

    clock = perf_counter()
    benchmark.pedantic(run, rounds=1)
    clock = perf_counter() - clock
    benchmark.extra_info.update(used)
    keep(f"whole report of {rows:,} rows", clock=clock, processor=used["cpu_s"], peak_gb=used["peak_gb"])
    print(f"whole report of {rows:,} rows: {used['cpu_s']:.1f} s of processor time, {used['peak_gb']:.2f} GB")
    assert used["code"] == 0 and len(list((tmp_path / "out").glob("audit_*"))) == 3
