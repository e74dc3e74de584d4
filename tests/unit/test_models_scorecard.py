"""Points are whole, few, in the stated order, and on the page as the model counts them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from early_id.cli.app import with_commands
from early_id.core.errors import InputDataError
from early_id.models.candidates import load_candidate, save_candidate
from early_id.models.logistic import PenalisedLogistic
from early_id.models.portable import from_tables, to_tables
from early_id.models.risk_model import RiskModel
from early_id.models.scorecard import Scorecard
from early_id.models.scorecard_page import NOT_BY_HAND, points_of, scorecard_page, steps_in_words
from early_id.models.train import train
from early_id.present.wording import MADE_UP
from model_fixtures import SHARING, bar, fake_matrix, settings


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


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """A folder in which a scorecard (or another model) was trained last, and the command line on it."""

    def ask(*arguments: str, model: str = "scorecard", beside: tuple[str, ...] = ()) -> tuple[int, str]:
        matrix = fake_matrix(200, seed=2)
        chosen = settings(models=(model, *beside), put_forward=model, families_folds=2, resamples=50, baselines=(), comparators=())
        monkeypatch.setattr("early_id.models.choose.SIZES", (3,))
        trial = train(matrix, chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=20)
        save_candidate(trial, matrix.meta, out=tmp_path / "out", inputs={})
        (tmp_path / "config.yaml").write_text("out: out", encoding="utf-8")
        programme = SimpleNamespace(audiences=("hub_lead",), words={"a family": "a household"})
        in_force, store = SimpleNamespace(catalogue=matrix.meta.features, programme=programme), SimpleNamespace(made_up=True)
        monkeypatch.setattr("early_id.workflow.steps.open_bench", lambda cfg: SimpleNamespace(cfg=cfg, store=store, in_force=in_force))
        result = CliRunner().invoke(with_commands(), ["models", "scorecard", *arguments, "--config", str(tmp_path / "config.yaml")])
        return result.exit_code, result.output + str(result.exception or "")

    return ask


def test_the_command_writes_the_page_of_what_was_trained_last_and_of_a_registered_one(desk: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, said = desk()
    path = tmp_path / "out" / "scorecard_hub_lead.html"
    assert code == 0 and "not for scoring children by hand" in said and path.stat().st_mode & 0o077 == 0
    page = path.read_text(encoding="utf-8")
    assert NOT_BY_HAND in page and MADE_UP in page and "What the records have to say for so many points" in page
    load_candidate(tmp_path / "out", "hub_lead").register(tmp_path / "models", builder="Ben Builder")
    path.unlink()
    code, said = desk("scorecard_hub_lead/1", "--json")
    assert code == 0 and json.loads(said) == {"outputs": [{"kind": "scorecard", "path": "scorecard_hub_lead.html"}]}
    assert path.read_text(encoding="utf-8") == page, "the tables of the registered model give the same points"


def test_the_command_says_that_another_model_has_no_points(desk: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    code, said = desk(model="logistic")
    assert code != 0 and "'logistic_hub_lead' is no scorecard" in said and not (tmp_path / "out" / "scorecard_hub_lead.html").exists()


def test_a_scorecard_trained_beside_the_model_put_forward_keeps_its_points(desk: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    path = tmp_path / "out" / "scorecard_hub_lead.html"
    assert desk()[0] == 0
    put_forward = path.read_text(encoding="utf-8")
    path.unlink()
    code, said = desk(model="logistic", beside=("scorecard",))
    assert code == 0 and "not for scoring children by hand" in said
    assert path.read_text(encoding="utf-8") == put_forward, "the same rows give the same points, put forward or not"
    kept = load_candidate(tmp_path / "out", "hub_lead").card["further"]["scorecard"]
    assert kept["rows"] and not any(f"{letter}0" in json.dumps(kept) for letter in "cf"), "no child, no family"


def test_points_read_off_the_tables_are_those_of_the_card(fitted: tuple[RiskModel, pd.DataFrame, pd.Series]) -> None:
    model, X, _ = fitted
    tables = from_tables(to_tables(model.estimator), list(X.columns))
    found = points_of(SimpleNamespace(name="scorecard", estimator=tables, points_slope=model.estimator.slope_))  # type: ignore[arg-type]
    for (cuts, values), c, v in zip(found, model.estimator.point_cuts_, model.estimator.point_values_, strict=True):
        assert cuts.tolist() == c.tolist() and values.tolist() == v.tolist()


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
