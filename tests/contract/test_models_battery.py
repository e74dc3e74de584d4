"""What every learned model promises: scikit-learn's own checks, exact contributions, one score per row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from early_id.models.additive import MonotoneAdditive
from early_id.models.ebm import GroupedEBM
from early_id.models.logistic import PenalisedLogistic
from early_id.models.scorecard import Scorecard
from model_fixtures import fake_matrix

#: Few rounds and small leaves, because the checks use a few dozen rows. No check is expected to fail.
ESTIMATORS = [
    PenalisedLogistic(),
    MonotoneAdditive(max_iter=30, min_samples_leaf=5),
    Scorecard(max_iter=30),
    GroupedEBM(outer_bags=2, max_rounds=200),
]

#: Needs SCIPY_ARRAY_API in the environment before scipy is imported, and is about arrays other than numpy's.
SKIPPED = {"check_array_api_input"}


def _name(estimator: BaseEstimator) -> str:
    return type(estimator).__name__


@pytest.fixture(scope="module")
def data() -> tuple[pd.DataFrame, pd.Series]:
    matrix = fake_matrix(500, seed=7, unknown=0.1)
    known = matrix.y["need_recognised"].notna()
    return matrix.X[known], matrix.y.loc[known, "need_recognised"]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=_name)
def test_scikit_learns_own_checks(estimator: BaseEstimator) -> None:
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= SKIPPED
    assert [r["check_name"] for r in results if r["status"] not in {"passed", "skipped"}] == []
    assert len(results) > 40


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=_name)
def test_contributions_are_exact_on_data_with_unknowns_and_never_seen_values(estimator: Any, data: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = data
    model = clone(estimator).fit(X, y)
    wild = pd.concat([X.head(200), X.head(50) * 1000, -X.head(50), X.head(5) * np.nan])
    terms = model.contributions(wild)
    assert list(terms.columns) == [*X.columns, "baseline"]
    assert np.max(np.abs(terms.to_numpy().sum(axis=1) - model.score_log_odds(wild))) < 1e-9


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=_name)
def test_the_baseline_is_the_mean_score_of_the_training_rows(estimator: Any, data: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = data
    model = clone(estimator).fit(X, y)
    assert model.baseline_ == pytest.approx(model.score_log_odds(X).mean(), abs=1e-9)
    np.testing.assert_allclose(model.contributions(X).drop(columns="baseline").mean(), 0, atol=1e-9)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=_name)
def test_a_row_has_the_same_score_alone_and_in_a_batch_to_the_bit(estimator: Any, data: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = data
    model = clone(estimator).fit(X, y)
    together = model.score_log_odds(X.head(40))
    assert [model.score_log_odds(X.iloc[[i]])[0] for i in range(40)] == list(together)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=_name)
def test_fits_into_pipelines_and_searches(estimator: Any, data: tuple[pd.DataFrame, pd.Series]) -> None:
    X, y = data
    pipe = make_pipeline(FunctionTransformer(), clone(estimator))
    step = pipe.steps[-1][0]
    tried = {"C": [0.01, 0.1], "max_rounds": [5, 10], "max_iter": [5, 10]}
    name = next(name for name in tried if name in estimator.get_params())
    grid = {f"{step}__{name}": tried[name]}
    search = GridSearchCV(pipe, grid, cv=2, scoring="roc_auc", error_score="raise").fit(X.head(600), y.head(600))
    assert search.best_score_ > 0.5


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=_name)
def test_skops_keeps_the_model_to_the_bit_and_needs_only_our_own_class(estimator: Any, data: tuple[pd.DataFrame, pd.Series]) -> None:
    from early_id.models.tracking import TRUSTED

    X, y = data
    model = clone(estimator).fit(X, y)
    dumped = skops.io.dumps(model)
    assert set(skops.io.get_untrusted_types(data=dumped)) <= set(TRUSTED)
    again = skops.io.loads(dumped, trusted=list(TRUSTED))
    assert (again.score_log_odds(X) == model.score_log_odds(X)).all()
