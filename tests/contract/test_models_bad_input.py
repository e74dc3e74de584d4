"""Bad input to training: refused or reported as designed, each with one message that says what, where and what next, and holds no value of a row.

A prohibited feature is refused where it is declared (``test_declarations.py``), an expired or tampered approval where it is used.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from early_id.core.errors import EarlyIdError, InputDataError
from early_id.features.matrix import FeatureMatrix
from early_id.models.ebm import GroupedEBM
from early_id.models.logistic import PenalisedLogistic
from early_id.models.result import Trial
from early_id.models.train import train
from model_fixtures import DATES, SHARING, TRUTH, bar, fake_matrix, settings

MODELS = ("logistic", "additive", "scorecard")


@pytest.fixture(scope="module")
def matrix() -> FeatureMatrix:
    return fake_matrix(400, seed=31)


def trained(matrix: FeatureMatrix, **changes: object) -> Trial:
    where = {"test_date": changes.pop("test_date")} if "test_date" in changes else {}
    chosen = settings(**{"models": MODELS, "put_forward": "logistic", "resamples": 50, "families_folds": 2, **changes})
    return train(matrix, chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=20, **where)


def with_column(matrix: FeatureMatrix, name: str, values: object) -> FeatureMatrix:
    return replace(matrix, X=matrix.X.assign(**{name: values}))


def one_message(error: EarlyIdError) -> None:
    assert error.what and error.what_next
    assert "c00" not in str(error) and "f00" not in str(error)


@pytest.mark.parametrize(("value", "words"), [(0.0, "0 of"), (1.0, " of ")], ids=["nobody", "everybody"])
def test_one_class_only(matrix: FeatureMatrix, value: float, words: str) -> None:
    y = matrix.y.assign(need_recognised=matrix.y["need_recognised"].where(matrix.y["need_recognised"].isna(), value))
    with pytest.raises(InputDataError, match="cannot be learned") as caught:
        trained(replace(matrix, y=y))
    assert words in caught.value.what
    one_message(caught.value)


@pytest.mark.parametrize("value", [0.25, np.nan], ids=["constant", "all unknown"])
def test_a_feature_that_says_nothing_moves_no_score_of_any_model(matrix: FeatureMatrix, value: float) -> None:
    """Trained on, and scored with another value later: the term is nought in both."""
    idle = with_column(matrix, "noise", value)
    rows = idle.y["need_recognised"].notna()
    models = [*(trained(idle, models=MODELS, put_forward=name).best.estimator for name in MODELS)]
    models.append(GroupedEBM(outer_bags=2, max_rounds=100).fit(idle.X[rows], idle.y.loc[rows, "need_recognised"]))
    for model in models:
        for later in (value, 7.0, np.nan):
            terms = model.contributions(idle.X.head(50).assign(noise=later))
            assert np.abs(terms["noise"]).max() < 1e-12, type(model).__name__


def test_a_child_of_whom_nothing_is_known_has_a_score_and_stands_in_the_trial(matrix: FeatureMatrix) -> None:
    unknown = matrix.X.copy()
    unknown.iloc[::10] = np.nan
    trial = trained(replace(matrix, X=unknown))
    assert trial.best.held_out["score"].notna().all()
    assert np.isfinite(trial.best.scores(unknown.iloc[::10])).all()


def test_fewer_outcomes_than_features_is_a_trial_that_cannot_be_ready_and_says_why(matrix: FeatureMatrix) -> None:
    """Four outcomes a date for seven features: fitted, because penalty and rounds hold it, and told."""
    rng = np.random.default_rng(0)
    y = pd.Series(np.nan, index=matrix.y.index).where(matrix.y["need_recognised"].isna(), 0.0)
    for day in DATES[:4]:
        rows = np.flatnonzero((matrix.index["as_of"] == pd.Timestamp(day)) & y.notna())
        y.iloc[rng.choice(rows, 4, replace=False)] = 1.0
    trial = trained(replace(matrix, y=matrix.y.assign(need_recognised=y)), models=("logistic",))
    assert trial.verdict != "ready for approval"
    assert any("Only 4 children had the outcome" in note for note in trial.notes)


def test_duplicate_child_and_date(matrix: FeatureMatrix) -> None:
    twice = [*range(len(matrix)), 0, 1]
    parts = {name: getattr(matrix, name).iloc[twice] for name in ("X", "y", "groups", "index")}
    with pytest.raises(InputDataError, match="2 child-and-date rows occur twice") as caught:
        replace(matrix, **parts)
    one_message(caught.value)


def test_a_test_date_whose_horizon_has_not_passed(matrix: FeatureMatrix) -> None:
    with pytest.raises(InputDataError, match=r"at the test date|not known|No row can be used") as caught:
        trained(matrix, test_date=DATES[4])
    one_message(caught.value)
    with pytest.raises(EarlyIdError) as caught:
        trained(matrix, test_date="2031-01-06")
    one_message(caught.value)


def test_a_learned_model_names_what_it_was_given_too_little_of() -> None:
    X = pd.DataFrame({name: [1.0, 2.0] for name, *_ in TRUTH})
    with pytest.raises(ValueError, match="one class"):
        PenalisedLogistic().fit(X, [1, 1])
