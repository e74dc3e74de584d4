"""Points are whole, few, in the stated order, and on the page as the model counts them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from early_id.core.errors import InputDataError
from early_id.models.logistic import PenalisedLogistic
from early_id.models.portable import from_tables, to_tables
from early_id.models.risk_model import RiskModel
from early_id.models.scorecard import Scorecard
from early_id.models.scorecard_page import NOT_BY_HAND, scorecard_page, steps_in_words
from model_fixtures import fake_matrix


@pytest.fixture(scope="module")
def fitted() -> tuple[RiskModel, pd.DataFrame, pd.Series]:
    matrix = fake_matrix(2000, seed=7, unknown=0.1)
    known = matrix.y["need_recognised"].notna()
    X, y = matrix.X[known], matrix.y.loc[known, "need_recognised"]
    features = matrix.meta.features
    card = Scorecard(tuple(f.direction.sign for f in features), max_features=4).fit(X, y)
    model = RiskModel("scorecard_hub_lead", "hub_lead", "need_recognised", features, card, None, pd.DataFrame(), 30)
    return model, X, y


def test_points_are_whole_few_and_in_the_direction_of_the_catalogue(fitted: tuple[RiskModel, pd.DataFrame, pd.Series]) -> None:
    model, X, _ = fitted
    card = model.estimator
    used = [values for values in card.point_values_ if values.any()]
    assert 1 <= len(used) <= 4
    for feature, values in zip(model.features, card.point_values_, strict=True):
        assert (values == np.round(values)).all()
        assert values.min() >= 0
        assert values.max() <= 5
        assert len(values) <= 5
        assert (feature.direction.sign * np.diff(values[:-1]) >= 0).all()
    total = card.points(X)
    np.testing.assert_allclose(card.score_log_odds(X), card.slope_ * total + card.intercept_, atol=1e-9)


def test_points_tell_nearly_as_much_as_the_logistic_model(fitted: tuple[RiskModel, pd.DataFrame, pd.Series]) -> None:
    from early_id.stats.metrics import auc

    model, X, y = fitted
    fresh = fake_matrix(6000, seed=8, unknown=0.1)
    known = fresh.y["need_recognised"].notna()
    score = {"card": model.scores(fresh.X[known]).to_numpy(), "logistic": PenalisedLogistic(C=0.1).fit(X, y).score_log_odds(fresh.X[known])}
    found = {name: auc(fresh.y.loc[known, "need_recognised"].to_numpy(), s) for name, s in score.items()}
    assert found["card"] > found["logistic"] - 0.03


def test_nothing_to_tell_gives_no_points() -> None:
    rng = np.random.default_rng(1)
    card = Scorecard().fit(np.zeros((200, 2)), rng.random(200) < 0.3)
    assert not any(values.any() for values in card.point_values_)
    assert card.score_log_odds(np.zeros((1, 2)))[0] == pytest.approx(card.baseline_)


def test_a_scorecard_is_plain_tables(fitted: tuple[RiskModel, pd.DataFrame, pd.Series]) -> None:
    model, X, _ = fitted
    again = from_tables(to_tables(model.estimator), list(X.columns))
    assert (again.score_log_odds(X) == model.estimator.score_log_odds(X)).all()


def test_the_page_holds_every_step_and_the_warning(fitted: tuple[RiskModel, pd.DataFrame, pd.Series], tmp_path: Path) -> None:
    model, _, _ = fitted
    page = scorecard_page(model)
    assert NOT_BY_HAND in page
    for feature, values in zip(model.features, model.estimator.point_values_, strict=True):
        assert (feature.label in page) == bool(values.any())
    assert page.count("not known") == sum(bool(v.any()) for v in model.estimator.point_values_)


def test_counts_are_words_a_reader_counts_with(fitted: tuple[RiskModel, pd.DataFrame, pd.Series]) -> None:
    feature = next(f for f in fitted[0].features if f.measure.kind == "count")
    assert steps_in_words(feature, np.array([0.5, 2.5])) == ["none", "1 to 2", "3 or more", "not known"]


def test_another_kind_of_model_has_no_points(fitted: tuple[RiskModel, pd.DataFrame, pd.Series]) -> None:
    model, X, y = fitted
    other = RiskModel("logistic_hub_lead", "hub_lead", "need_recognised", model.features, PenalisedLogistic().fit(X, y), None, pd.DataFrame(), 30)
    with pytest.raises(InputDataError, match="no scorecard"):
        scorecard_page(other)


@pytest.mark.parametrize("wrong", [{"max_features": 0}, {"max_steps": 1}, {"max_points": 0}])
def test_a_card_that_could_hold_nothing_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="scorecard needs"):
        Scorecard(**wrong).fit(np.arange(20.0)[:, None], np.arange(20) > 9)
