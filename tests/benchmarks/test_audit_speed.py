"""How long the audit takes, beside fairlearn's bootstrap: 200,000 rows, 10 groups, 6 metrics. Figures only, no assertion about time."""

from __future__ import annotations

from time import process_time
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
    table = benchmark.pedantic(resampled_table, args=(scored, by), kwargs={"clusters": clusters, "resamples": RESAMPLES}, rounds=1)
    assert table["low"].notna().all()


def test_fairlearns_bootstrap_of_the_same_rows(benchmark: Any) -> None:
    """Two resamples; the figure printed is for one."""
    from fairlearn import metrics as fl
    from sklearn.metrics import precision_score

    scored, frame = people()
    metrics = {
        "selection": fl.selection_rate, "missed": fl.false_negative_rate, "false": fl.false_positive_rate,
        "recall": fl.true_positive_rate, "precision": precision_score, "count": fl.count,
    }  # fmt: skip

    def run() -> None:
        fl.MetricFrame(
            metrics=metrics, y_true=scored.y, y_pred=scored.listed, sensitive_features=frame["g"], n_boot=2, ci_quantiles=[0.5], random_state=1
        )

    before = process_time()
    benchmark.pedantic(run, rounds=1)
    theirs = (process_time() - before) / 2
    by = grouping(frame["g"], name="g", label="G")
    before = process_time()
    resampled_table(scored, by, resamples=RESAMPLES)
    plain = (process_time() - before) / RESAMPLES
    before = process_time()
    resampled_table(scored, by, clusters=scored.clusters, resamples=RESAMPLES)
    clustered = (process_time() - before) / RESAMPLES
    print(f"seconds of processor time a resample: fairlearn {theirs:.2f}, by row {plain:.6f}, by family {clustered:.6f}")
    print(f"times as fast: by row {theirs / plain:,.0f}, by family {theirs / clustered:,.0f}")


def test_1_000_000_rows(benchmark: Any) -> None:
    scored, frame = people(1_000_000)
    rules = AuditSettings(characteristics={"g": "G"})
    assert len(benchmark.pedantic(audit_rows, args=(scored, frame, rules), kwargs={"meta": {}}, rounds=1).rows)


def test_audit_of_100_000_children_by_12_characteristics_and_all_pairs(benchmark: Any) -> None:
    scored, _ = people(100_000)
    rng = np.random.default_rng(2)
    groups = pd.DataFrame({f"c{i}": rng.integers(0, 2 + i % 6, 100_000).astype(str) for i in range(12)})
    rules = AuditSettings(characteristics={name: name for name in groups})
    result = benchmark.pedantic(audit_rows, args=(scored, groups, rules), kwargs={"meta": {}}, rounds=1)
    assert len(result.crossed) > 1000
