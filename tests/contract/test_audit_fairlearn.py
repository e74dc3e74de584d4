"""Every point value that fairlearn also gives is fairlearn's, to 1e-12, wherever there is something to divide by."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from early_id.audit.fairness import audit_rows
from early_id.audit.measures import Scored
from early_id.audit.reference import SHARED, fairlearn_values
from early_id.config.settings import AuditSettings
from early_id.stats.capacity import at_capacity

RULES = AuditSettings(characteristics={"g": "Group"}, min_group=1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", [False, True])
def test_equal_to_fairlearn(seed: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    n = 900
    y = np.where(rng.random(n) < 0.1, np.nan, (rng.random(n) < 0.2).astype(float))
    score = np.round(rng.normal(size=n) + np.nan_to_num(y), 0 if ties else 9)
    family = rng.integers(0, 600, n)
    group = pd.Series(rng.choice(["a", "b", "c", "d"], p=[0.6, 0.3, 0.09, 0.01], size=n))
    listed = at_capacity(score, family, y, 80).listed
    scored = Scored(listed, y, None, family, 600)
    ours = audit_rows(scored, pd.DataFrame({"g": group}), RULES, meta={})
    theirs = fairlearn_values(scored, group)
    compared = 0
    for measure in SHARED:
        values = ours.of(measure).set_index("group")["value"]
        held = values.notna()
        assert np.abs(values[held] - theirs.loc[values.index[held], measure]).max() < 1e-12
        compared += int(held.sum())
    assert compared >= 4 * len(SHARED) - 3


def test_where_fairlearn_says_0_of_nothing_we_say_cannot_be_estimated() -> None:
    scored = Scored(np.array([1.0, 0, 1, 0]), np.array([1.0, 1, 0, 0]), None, np.arange(4), 4)
    group = pd.Series(["a", "a", "b", "b"])
    ours = audit_rows(scored, pd.DataFrame({"g": group}), RULES, meta={}).of("missed_share").set_index("group")["value"]
    assert fairlearn_values(scored, group).loc["b", "missed_share"] == 0.0
    assert np.isnan(ours["b"])


def test_importing_the_audit_loads_neither_fairlearn_nor_matplotlib() -> None:
    code = "import sys, early_id.audit.fairness, early_id.audit.table, early_id.audit.reference; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"fairlearn", "matplotlib", "sklearn", "shap", "mlflow"} & set(loaded)
