"""The learned models of the package, explained: sums hold to 1e-9, with unknown values, and shap's own plots accept the result."""

from __future__ import annotations

import numpy as np
import pytest
from explain_fixtures import SCHOOL_FEATURES, fake_matrix, people_of

from early_id.explain.explanations import explain_scores
from early_id.models.additive import MonotoneAdditive
from early_id.models.logistic import PenalisedLogistic
from early_id.models.risk_model import RiskModel
from early_id.screening.lists import screen

MATRIX = fake_matrix(600, seed=11)
NAMES = [f.name for f in SCHOOL_FEATURES]


def fitted(kind: str) -> RiskModel:
    X = MATRIX.X[NAMES]
    odds = -1.5 + 8 * X["absence_share_90d"].fillna(0.06) + 0.5 * X["suspensions_365d"].fillna(0)
    y = (np.random.default_rng(0).random(len(X)) < 1 / (1 + np.exp(-odds))).astype(int)
    estimator = {"logistic": PenalisedLogistic, "additive": MonotoneAdditive}[kind]()
    estimator.fit(X, y)
    return RiskModel(f"{kind}_school_lead", "school_lead", "need_recognised", SCHOOL_FEATURES, estimator, None, MATRIX.index, 20, "hash")


@pytest.mark.parametrize("kind", ["logistic", "additive"])
def test_learned_models_are_explained_exactly_and_listed(kind: str) -> None:
    model = fitted(kind)
    explained = explain_scores(model, MATRIX)
    baseline = explained.contributions.baseline
    sums = explained.frame().groupby("row")["contribution"].sum().reindex(MATRIX.X.index) + baseline
    np.testing.assert_allclose(sums, model.scores(MATRIX.X), atol=1e-9, rtol=0)
    shap = explained.to_shap()
    np.testing.assert_allclose(shap.values.sum(axis=1) + shap.base_values, model.scores(MATRIX.X), atol=1e-9, rtol=0)
    lists = screen(model, MATRIX, people_frame=people_of(MATRIX), capacity=5, explanations=explained)
    told = [len(c.explanation.noticed) for one in lists.lists for f in one.families for c in f.children]
    assert max(told) >= 1 and lists.frame()["families"].tolist() == [5] * 4
