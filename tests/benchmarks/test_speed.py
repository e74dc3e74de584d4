"""How long the steps take. ``make bench`` prints the figures and keeps them as JSON; nothing here is an assertion about time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from early_id.audit.fairness import audit_rows
from early_id.audit.measures import Scored
from early_id.config.load import load_config
from early_id.config.settings import AuditSettings
from early_id.data.synth import make_council
from early_id.workflow.steps import Bench, build, open_bench, take_in, train_all


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A council of 2,000 children, taken in."""
    made = make_council(2000, 1, tmp_path_factory.mktemp("bench") / "council")
    opened = open_bench(load_config(made.config, overrides=("training.tracking=false",)))
    take_in(opened)
    return opened


def test_make_a_council_of_2000(benchmark: Any, tmp_path: Path) -> None:
    benchmark.pedantic(make_council, args=(2000, 1, tmp_path / "council"), rounds=1)


def test_take_in_2000_children(benchmark: Any, bench: Bench, tmp_path: Path) -> None:
    cfg = bench.cfg.model_copy(update={"out": tmp_path / "out"})
    benchmark.pedantic(lambda: take_in(open_bench(cfg)), rounds=1)


def test_build_features_of_2000_children_on_eight_dates(benchmark: Any, bench: Bench) -> None:
    people = bench.people
    matrix = benchmark.pedantic(lambda: build(bench, people), rounds=1)
    assert len(matrix) > 2000


def test_train_both_audiences_on_2000_children(benchmark: Any, bench: Bench) -> None:
    matrix = build(bench, bench.people)
    assert set(benchmark.pedantic(lambda: train_all(bench, matrix), rounds=1)) == {"school_lead", "hub_lead"}


def test_audit_100_000_children_by_eight_characteristics(benchmark: Any) -> None:
    rng = np.random.default_rng(1)
    n = 100_000
    family = rng.integers(0, 60_000, n)
    scored = Scored((rng.random(n) < 0.05).astype(float), (rng.random(n) < 0.08).astype(float), rng.random(n), family, 60_000)
    groups = pd.DataFrame({f"c{i}": rng.integers(0, 6, n).astype(str) for i in range(8)})
    rules = AuditSettings(characteristics={name: name for name in groups})
    result = benchmark.pedantic(audit_rows, args=(scored, groups, rules), kwargs={"meta": {}}, rounds=1)
    assert len(result.rows)
