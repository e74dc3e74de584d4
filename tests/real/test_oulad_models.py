"""On real data, in the same folds: the additive model ranks level with or above plain logistic regression."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from early_id.config.load import load_config
from early_id.stats.resample import auc_statistic, clustered_draws
from early_id.workflow.steps import build, open_bench, take_in, train_all

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("EARLY_ID_SHARED", ROOT.parent / "shared")) / "data" / "oulad"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the Open University data are not here; EARLY_ID_SHARED names their folder")


def test_additive_is_level_with_or_above_logistic(tmp_path: Path) -> None:
    """Paired over the students of the test presentations, resampled by student, seed 1: above 0, or 0 inside the 95 % interval."""
    quick = ("training.tracking=false", "training.resamples=50")
    bench = open_bench(load_config(ROOT / "configs/oulad/run.yaml", data=DATA, out=tmp_path, overrides=quick))
    take_in(bench)
    for audience, trial in train_all(bench, build(bench, bench.people)).items():
        rows = {name: trial.models[name].held_out for name in ("additive", "logistic")}
        assert rows["additive"].index.equals(rows["logistic"].index) and (rows["additive"]["fold"] == rows["logistic"]["fold"]).all()
        known = rows["logistic"]["y"].notna()
        y, person = (rows["logistic"].loc[known, name].to_numpy() for name in ("y", "child_id"))
        statistics = {name: auc_statistic(y, rows[name].loc[known, "score"].to_numpy()) for name in rows}
        draws = clustered_draws(statistics, person, resamples=300, seed=1)
        gain = draws["additive"] - draws["logistic"]
        low, high = np.quantile(gain, [0.025, 0.975])
        print(f"{audience}: additive less logistic {np.mean(gain):+.4f} ({low:+.4f} to {high:+.4f}) AUC, {len(y)} students")
        assert high >= 0
