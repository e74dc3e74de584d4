"""How far reasons hold when half of the families had not taught the model. Prints what was measured; nothing is bent to the aims.

Aims of the project: reasons that are not marked hold for 95 of 100 suggestions on a further refit, and at most 30 of 100 reasons are marked.
``EARLY_ID_RUN_FACTOR`` above 1 measures on three councils of 6,000 children instead of one of 1,500.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from early_id.data.synth import matrix
from early_id.explain.explanations import explain_scores
from early_id.explain.swaps import mark_swaps
from early_id.features.catalogue import catalogue
from early_id.features.matrix import FeatureMatrix, MatrixMeta, row_keys
from early_id.models.additive import MonotoneAdditive
from early_id.models.logistic import PenalisedLogistic
from early_id.models.risk_model import RiskModel

FACTOR = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))
COUNCILS, CHILDREN = (1, 1500) if FACTOR == 1 else (3, 6000)
LISTED, REFITS = 60, 8
DECLARED = {feature.name: feature for feature in catalogue()}


def as_matrix(drawn: Any, day: str = "2025-11-10") -> FeatureMatrix:
    """What was drawn, as features of one date."""
    n = len(drawn.X)
    index = pd.DataFrame({"child_id": [f"c{i}" for i in range(n)], "as_of": pd.Timestamp(day), "family_id": drawn.family.astype(str), "nc_year": "8"})
    keys = row_keys(index["child_id"], index["as_of"])
    features = tuple(DECLARED[name] for name in drawn.X.columns)
    newest = pd.DataFrame(pd.Timestamp("2025-11-07"), index=keys, columns=drawn.X.columns)
    excluded = pd.DataFrame(columns=["child_id", "as_of", "family_id", "school_id", "hub_id", "reason"])
    X, y = drawn.X.set_axis(keys), pd.DataFrame({"need": np.nan}, index=keys)
    return FeatureMatrix(X, y, pd.DataFrame(index=keys), index.set_axis(keys), excluded, MatrixMeta(features=features, outcome="need"), newest)


def logistic(X: pd.DataFrame, y: np.ndarray) -> Any:
    return PenalisedLogistic(C=0.1).fit(X, y)


def additive(X: pd.DataFrame, y: np.ndarray) -> Any:
    return MonotoneAdditive(tuple(DECLARED[name].direction.sign for name in X.columns), max_iter=60).fit(X, y)


@pytest.mark.parametrize("fit", [logistic, additive], ids=["logistic", "additive"])
def test_reasons_that_are_not_marked_hold(fit: Callable[[pd.DataFrame, np.ndarray], Any], capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for seed in range(COUNCILS):
        past, today = matrix(CHILDREN, seed=seed), as_matrix(matrix(max(600, CHILDREN // 4), seed=1000 + seed))
        rng = np.random.default_rng(seed)
        families = np.unique(past.family)

        def model(rows: np.ndarray, past: Any = past, today: FeatureMatrix = today) -> RiskModel:
            estimator = fit(past.X[rows].reset_index(drop=True), np.asarray(past.y)[rows])
            return RiskModel("m", "hub_lead", "need", today.meta.features, estimator, None, pd.DataFrame(), 0)

        def half(past: Any = past, rng: Any = rng, families: np.ndarray = families) -> np.ndarray:
            return np.isin(past.family, rng.choice(families, len(families) // 2, replace=False))

        whole = model(np.ones(len(past.X), dtype=bool))
        rows = whole.scores(today.X).sort_values(ascending=False).index[:LISTED].tolist()
        swaps = mark_swaps(explain_scores(whole, today), today, [model(half()) for _ in range(REFITS)], rows)
        found.append({"marked_share": swaps.share_marked, **swaps.holding_in(model(half()), today)})
    mean = {key: float(np.mean(known)) if (known := [one[key] for one in found if not np.isnan(one[key])]) else float("nan") for key in found[0]}
    with capsys.disabled():
        print(f"\n{fit.__name__}, {CHILDREN:,} children: " + ", ".join(f"{key} {value:.3f}" for key, value in mean.items()))
    assert mean["unmarked"] > 0.8
    assert not mean["unmarked"] < mean["marked"]
