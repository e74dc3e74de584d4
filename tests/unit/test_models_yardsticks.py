"""Rules and comparators rank as they say, and the bar is about the rules alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from early_id.models.rules import PointsItem, PointsTool, RateOf
from early_id.models.train import train
from model_fixtures import SHARING, bar, fake_matrix, settings


def test_points_add_up_and_unknown_gives_none() -> None:
    X = pd.DataFrame({"a": [0.0, 0.1, 0.5, np.nan, np.nan], "b": [0.0, 2.0, 0.0, 1.0, np.nan]})
    tool = PointsTool([PointsItem("a", 0.1, 1), PointsItem("a", 0.5, 2), PointsItem("b", 1, 4)]).fit(X)
    score = tool.score_log_odds(X)
    assert list(score[:4]) == [0, 5, 3, 4]
    assert score[4] < score[0]  # nothing known comes last


def test_points_are_given_by_name_position_or_callable_alike() -> None:
    X = pd.DataFrame({"a": [0.0, 0.1, 0.5, np.nan], "b": [0.0, 2.0, 0.0, 1.0]})
    by_name = PointsTool([PointsItem("a", 0.1, 1), PointsItem("b", 1, 4)]).fit(X).score_log_odds(X)
    other = PointsTool([PointsItem(0, 0.1, 1), PointsItem(lambda f: f["b"] * 2, 2, 4)]).fit(X)
    assert list(other.score_log_odds(X)) == list(by_name)
    assert list(PointsTool([PointsItem(0, 0.1, 1), PointsItem(1, 1, 4)]).fit(X).score_log_odds(X.to_numpy())) == list(by_name)


def test_an_areas_rate_is_mixed_with_the_councils() -> None:
    X = pd.DataFrame({"school_id": ["A"] * 100 + ["B"] * 2 + [None] * 98})
    y = np.r_[np.repeat([1.0, 0.0], 50), np.ones(2), np.zeros(98)]
    rate = RateOf(weight=50).fit(X, y)
    asked = pd.DataFrame({"school_id": ["A", "B", None, "C"]})
    expected = np.array([(50 + 50 * 0.26) / 150, (2 + 50 * 0.26) / 52, (50 * 0.26) / 148, 0.26])
    np.testing.assert_allclose(rate.score_log_odds(asked), np.log(expected / (1 - expected)))


def test_comparators_by_school_of_other_families_and_by_lot() -> None:
    matrix = fake_matrix(400, seed=3)
    trial = train(matrix, settings(resamples=60), acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=30)
    held_out = trial.models["area_only"].held_out
    # By lot, the families listed are as often right as all families whose outcome is known, and a ranking says nothing.
    lot = trial.models["at_random"]
    assert lot.precision_at_capacity.value == pytest.approx(lot.held_out.groupby("family_id")["y"].max().dropna().mean())
    assert lot.auc.value == pytest.approx(0.5) and lot.recall_at_capacity.value == pytest.approx(30 / lot.held_out["family_id"].nunique())
    # One score a school and fold of families, and no two schools alike by name only.
    assert (held_out.groupby(["school_id", "fold"])["score"].nunique() == 1).all()
    assert held_out.groupby("school_id")["score"].nunique().max() > 1


def test_the_last_list_keeps_the_scores_of_the_date_before() -> None:
    matrix = fake_matrix(400, seed=3)
    trial = train(matrix, settings(resamples=60), acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=30)
    held_out = trial.models["last_list"].held_out
    dates = sorted(matrix.index["as_of"].unique())
    before = dates[dates.index(held_out["as_of"].iloc[0]) - 1]
    were_there = set(matrix.index.loc[matrix.index["as_of"] == before, "child_id"])
    new = ~held_out["child_id"].isin(were_there)
    if new.any():
        assert held_out.loc[new, "score"].max() < held_out.loc[~new, "score"].min()
    # It is another ranking than today's, made from values of another date.
    today = trial.models[trial.to_json()["put_forward"]].held_out["score"]
    assert 0.3 < np.corrcoef(held_out.loc[~new, "score"], today[~new])[0, 1] < 0.999


def test_the_bar_is_about_rules_and_not_about_comparators_or_a_challenger() -> None:
    matrix = fake_matrix(400, seed=3)
    given = settings(resamples=60, challenger=True, models=("logistic", "scorecard"), put_forward="logistic")
    trial = train(matrix, given, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=30)
    kinds = {name: result.kind for name, result in trial.models.items()}
    assert kinds["boosting with interactions"] == "challenger"
    assert {name for name, kind in kinds.items() if kind == "comparator"} == {"last_list", "area_only", "at_random"}
    assert set(trial.comparisons["rule"]) == {name for name, kind in kinds.items() if kind == "baseline"}


def test_a_first_date_has_no_list_before_it() -> None:
    matrix = fake_matrix(400, seed=3)
    trial = train(matrix, settings(resamples=60, comparators=()), acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=30)
    assert not {"last_list", "area_only", "at_random"} & set(trial.models)


@pytest.mark.parametrize("column", ["absent", "also_absent"])
def test_a_points_tool_without_a_known_feature_is_left_out_and_said(column: str) -> None:
    matrix = fake_matrix(400, seed=3)
    trial = train(matrix, settings(resamples=60, points_tool=((column, 1, 1),)), acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=30)
    assert "points" not in trial.models
    assert any("points tool" in note for note in trial.notes)
