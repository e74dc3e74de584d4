"""Rules, logistic, additive, calibration, choosing: literal data in, known answers out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from early_id.core.errors import InputDataError, NotAdditiveError
from early_id.models import additive_tables
from early_id.models.additive import MonotoneAdditive
from early_id.models.calibrate import fit_sigmoid
from early_id.models.choose import PENALTIES, choose
from early_id.models.logistic import PenalisedLogistic
from early_id.models.rules import CountOn, RankBy
from early_id.models.scorecard import Scorecard
from model_fixtures import fake_matrix


def test_rank_by_puts_unknown_below_everything_known() -> None:
    X = pd.DataFrame({"a": [0.2, np.nan, 0.0, 0.5]})
    score = RankBy("a").fit(X).score_log_odds(X)
    assert list(np.argsort(-score)) == [3, 0, 2, 1]
    assert score[3] == 0.5, "the score is the quantity itself"
    later = RankBy("a").fit(X).score_log_odds(pd.DataFrame({"a": [-9.0, np.nan]}))
    assert later[0] > later[1], "a value below the training minimum still beats an unknown"


def test_rank_by_position_callable_and_a_column_that_is_not_there() -> None:
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [5.0, 3.0]})
    assert list(RankBy(1).fit(X).score_log_odds(X)) == [5.0, 3.0]
    assert list(RankBy(lambda f: f["a"] + f["b"]).fit(X).score_log_odds(X)) == [6.0, 5.0]
    assert isinstance(clone(RankBy("a")), RankBy)
    with pytest.raises(InputDataError, match="missing: c"):
        RankBy("c").fit(X)


def test_count_on_counts_values_above_zero_and_unknown_is_not_on() -> None:
    X = pd.DataFrame({"a": [1.0, 0.0, np.nan, np.nan], "b": [2.0, 3.0, 1.0, np.nan], "c": [9.0, 9.0, 9.0, 9.0]})
    score = CountOn(("a", "b")).fit(X).score_log_odds(X)
    assert list(score[:3]) == [2.0, 1.0, 1.0]
    assert score[3] < 1.0


def test_signs_are_counted_by_name_position_or_callable_alike() -> None:
    X = pd.DataFrame({"a": [1.0, 0.0, np.nan, np.nan], "b": [2.0, 3.0, 1.0, np.nan], "c": [9.0, 9.0, 9.0, 9.0]})
    by_name = CountOn(("a", "b")).fit(X).score_log_odds(X)
    for columns in ((0, 1), (lambda f: f["a"], "b"), (0, lambda f: f.iloc[:, 1])):
        assert list(CountOn(columns).fit(X).score_log_odds(X)) == list(by_name)
    assert list(CountOn((0, 1)).fit(X).score_log_odds(X.to_numpy())) == list(by_name), "as scikit-learn hands rows on"
    for columns, words in ((("d",), "missing: d"), ((3,), "no column at position 3: there are 3")):
        with pytest.raises(InputDataError, match=words):
            CountOn(columns).fit(X)


def test_logistic_without_unknowns_is_scikit_learns_on_standardised_columns() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, (400, 3))
    y = (rng.random(400) < 1 / (1 + np.exp(-(X[:, 0] - 3)))).astype(int)
    ours = PenalisedLogistic(C=0.5).fit(X, y)
    Z = (X - X.mean(0)) / X.std(0)
    theirs = LogisticRegression(C=0.5, tol=1e-6, max_iter=1000).fit(Z, y)
    np.testing.assert_allclose(ours.score_log_odds(X), theirs.decision_function(Z), atol=1e-4)


def test_logistic_unknown_has_its_own_coefficient_and_is_neutral_where_never_seen() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(0, 1, (600, 2))
    gone = rng.random(600) < 0.3
    y = (rng.random(600) < np.where(gone, 0.6, 0.2)).astype(int)
    X[gone, 0] = np.nan
    model = PenalisedLogistic(C=1.0).fit(X, y)
    assert model.unknown_coef_[0] > 0.5
    assert model.unknown_coef_[1] == 0.0
    known, unknown = (model.contributions(np.array([[0.0, v]]))["x1"].iloc[0] for v in (model.mean_[1], np.nan))
    assert unknown == pytest.approx(known, abs=1e-12)


def test_logistic_constant_and_wholly_unknown_columns_say_nothing() -> None:
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.normal(size=200), np.full(200, 0.1), np.full(200, np.nan)])
    y = (X[:, 0] > 0).astype(int)
    terms = PenalisedLogistic().fit(X, y).contributions(np.array([[0.0, 99.0, 3.0]]))
    assert terms["x1"].iloc[0] == pytest.approx(0, abs=1e-12)
    assert terms["x2"].iloc[0] == pytest.approx(0, abs=1e-12)


def test_additive_tables_hold_at_most_the_stated_bins_and_follow_directions() -> None:
    matrix = fake_matrix(400, seed=3)
    rows = matrix.y["need_recognised"].notna()
    signs = tuple(f.direction.sign for f in matrix.meta.features)
    model = MonotoneAdditive(signs, max_iter=60, max_cuts=16).fit(matrix.X[rows], matrix.y.loc[rows, "need_recognised"])
    assert model.difference_ < 1e-12
    for sign, table in zip(signs, model.tables(), strict=True):
        assert len(table.cuts) <= 16
        steps = np.diff(table.values[:-1])
        assert not sign or np.all(sign * steps >= -1e-12)
    with pytest.raises(ValueError, match="to 64"):
        MonotoneAdditive(max_cuts=255).fit(matrix.X[rows], matrix.y.loc[rows, "need_recognised"])


def test_a_value_on_a_cut_belongs_to_the_interval_below_it() -> None:
    table = additive_tables.FeatureTable(np.array([1.0, 2.0]), np.array([10.0, 20.0, 30.0, 40.0]))
    assert list(table.at(np.array([1.0, 1.0001, 2.0, 5.0, np.nan]))) == [10.0, 20.0, 20.0, 30.0, 40.0]


def test_tables_that_differ_from_the_trees_stop_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = additive_tables.compile_tables

    def slightly_wrong(model: object, Z: np.ndarray, cuts: list[np.ndarray]) -> tuple[float, list[additive_tables.FeatureTable]]:
        baseline, tables = compiled(model, Z, cuts)
        return baseline + 1e-6, tables

    monkeypatch.setattr("early_id.models.additive.compile_tables", slightly_wrong)
    X = np.random.default_rng(0).normal(size=(200, 2))
    with pytest.raises(NotAdditiveError, match="differ from the additive model"):
        MonotoneAdditive(max_iter=5).fit(X, X[:, 0] > 0)


def test_a_model_with_interactions_is_refused() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    Z = np.random.default_rng(0).integers(0, 4, (400, 2)).astype(float)
    model = HistGradientBoostingClassifier(max_iter=5, early_stopping=False).fit(Z, (Z[:, 0] > 1) == (Z[:, 1] > 1))
    baseline, tables = additive_tables.compile_tables(model, Z, [np.array([0.5, 1.5, 2.5])] * 2)
    scores = baseline + sum(table.at(Z[:, j]) for j, table in enumerate(tables))
    with pytest.raises(NotAdditiveError, match="differ from the additive model"):
        additive_tables.check_tables(model, Z, scores)


def test_cuts_lie_between_values_and_are_closer_in_the_tails() -> None:
    assert list(additive_tables.find_cuts(np.array([3.0, 1.0, np.nan, 1.0]), 64)) == [2.0]
    assert len(additive_tables.find_cuts(np.array([5.0, 5.0, np.nan]), 64)) == 0
    assert len(additive_tables.find_cuts(np.array([np.nan]), 64)) == 0
    x = np.arange(10_000.0)
    cuts = additive_tables.find_cuts(x, 64)
    assert len(cuts) <= 64
    assert not np.isin(cuts, x).any()
    assert np.sum(cuts > 9_890) >= 4, "the top one per cent is told apart"
    neighbours = np.array([1.0, np.nextafter(1.0, 2.0)])
    (cut,) = additive_tables.find_cuts(neighbours, 64)
    assert neighbours[0] <= cut < neighbours[1]


def test_unknown_is_neutral_where_it_was_never_seen() -> None:
    rng = np.random.default_rng(6)
    X = rng.normal(size=(400, 2))
    X[rng.random(400) < 0.3, 1] = np.nan
    y = (np.nan_to_num(X[:, 0]) + np.isnan(X[:, 1]) + rng.normal(size=400) > 0).astype(int)
    terms = MonotoneAdditive(max_iter=40).fit(X, y).contributions(np.full((1, 2), np.nan))
    assert terms["x0"].iloc[0] == 0.0
    assert terms["x1"].iloc[0] > 0.2


def test_what_is_tried_for_a_choice_equals_fits_of_its_own() -> None:
    matrix = fake_matrix(400, seed=9).at("2024-03-04")
    rows = matrix.y["need_recognised"].notna()
    X, y = matrix.X[rows], matrix.y.loc[rows, "need_recognised"]
    for C, score in PenalisedLogistic().path_scores(X, y, X[:50], PENALTIES).items():
        np.testing.assert_allclose(PenalisedLogistic(C=C).fit(X, y).score_log_odds(X[:50]), score, atol=1e-5)
    for size, score in Scorecard().size_scores(X, y, X[:50], (1, 3)).items():
        np.testing.assert_array_equal(Scorecard(max_features=size).fit(X, y).score_log_odds(X[:50]), score)


def test_staged_scores_equal_shorter_fits() -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    staged = MonotoneAdditive(max_iter=20).staged_scores(X, y, X[:50], (5, 20))
    for rounds, score in staged.items():
        np.testing.assert_allclose(MonotoneAdditive(max_iter=rounds).fit(X, y).score_log_odds(X[:50]), score, atol=1e-10)


def test_sigmoid_recovers_slope_and_intercept_and_ignores_unknown_outcomes() -> None:
    rng = np.random.default_rng(5)
    score = rng.normal(0, 2, 40_000)
    y = (rng.random(40_000) < 1 / (1 + np.exp(-(0.5 * score - 1)))).astype(float)
    y[::10] = np.nan
    fitted = fit_sigmoid(score, y)
    assert fitted.slope == pytest.approx(0.5, abs=0.02)
    assert fitted.intercept == pytest.approx(-1, abs=0.05)
    assert fitted.rows == 36_000


def test_sigmoid_never_turns_a_ranking_round() -> None:
    score = np.arange(100.0)
    assert fit_sigmoid(score, (score < 50).astype(float)).slope == 0.0
    with pytest.raises(InputDataError, match="0 of 100"):
        fit_sigmoid(score, np.zeros(100))


def test_choose_takes_the_smallest_loss_and_ties_go_to_the_simpler() -> None:
    y = np.array([0.0, 1.0] * 20)
    days = np.repeat(np.array(["2024-01-01", "2024-09-01"], dtype="datetime64[ns]"), 20)
    where = {"rows": np.ones(40, dtype=bool), "as_of": days, "mature_on": days, "fold": np.tile([0, 0, 1, 1], 10), "default": "none"}

    def scorer(fit: np.ndarray, judge: np.ndarray) -> dict[str, np.ndarray]:
        assert not (fit & judge).any()
        right = np.where(y[judge] == 1, 2.0, -2.0)
        return {"bad": -right, "simple": right, "same": right}

    assert choose(scorer, ("bad", "simple", "same"), y, **where).value == "simple"
    assert choose(scorer, ("bad",), np.zeros(40), **where).value == "none"


def test_a_feature_that_nobody_has_adds_nothing() -> None:
    """A column that is unknown throughout happens in small councils and in single folds."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 2)), rng.integers(0, 2, 300)
    X[:, 1] = np.nan
    model = MonotoneAdditive().fit(X, y)
    assert model.feature_spread_[1] == 0.0
    assert np.isfinite(model.decision_function(np.array([[0.0, np.nan], [0.0, 5.0]]))).all()
