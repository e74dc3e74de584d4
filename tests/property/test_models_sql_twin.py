"""A model scores the same in the engine as in Python: on random tables and values, on its cuts, at infinity, unknown, negative nought."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from early_id.core.errors import InputDataError
from early_id.data.engine import connect
from early_id.features.score_sql import score_table
from score_material import agree, fitted_tables, models, scored


@pytest.fixture(scope="module")
def duck() -> Any:
    return connect()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(made=models())
def test_random_tables_and_values_score_alike_in_the_engine(duck: Any, made: tuple[dict[str, Any], pa.Table]) -> None:
    agree(duck, *made)


@pytest.fixture(scope="module", params=["additive", "logistic", "scorecard", "ebm"])
def fitted(request: pytest.FixtureRequest) -> tuple[dict[str, Any], pa.Table]:
    """Tables of a model of each kind, and 3,000 rows that it was not fitted on."""
    if request.param == "ebm":
        pytest.importorskip("interpret", reason="interpret-core is not installed: pip install 'early-id[ebm]'")
    return fitted_tables(request.param)


def test_a_fitted_model_scores_alike_in_the_engine(duck: Any, fitted: tuple[dict[str, Any], pa.Table]) -> None:
    agree(duck, *fitted)


def test_integers_booleans_and_decimals_are_read_as_doubles(duck: Any) -> None:
    terms = [{"kind": "steps", "cuts": [0.5], "values": [1.0, 2.0], "unknown": 9.0}] * 3
    rows = pa.table(
        {"row": [0, 1, 2], "whole": [0, 1, None], "flag": [False, True, None], "money": pa.array(["0.50", "0.51", None]).cast(pa.decimal128(5, 2))}
    )
    assert list(scored(duck, rows, {"baseline": 0.0, "terms": terms}, ["whole", "flag", "money"])["score"]) == [3.0, 6.0, 27.0]


def test_a_value_on_a_cut_that_no_decimal_can_hold(duck: Any) -> None:
    """0.1 + 0.2 lies one bit above 0.3; read as a decimal and turned into a double, it may land on its neighbour."""
    cuts = np.sort(np.random.default_rng(3).random(64))
    tables = {"baseline": 0.0, "terms": [{"kind": "steps", "cuts": cuts.tolist(), "values": [float(i) for i in range(65)], "unknown": -1.0}]}
    rows = pa.table({"row": range(192), "f": np.concatenate([cuts, np.nextafter(cuts, 1), np.nextafter(cuts, 0)])})
    expected = np.concatenate([np.arange(64.0), np.arange(64.0) + 1, np.arange(64.0)])
    assert list(scored(duck, rows, tables, ["f"])["score"]) == list(expected)


def test_what_cannot_be_scored_is_said(duck: Any) -> None:
    rows = pa.table({"row": [1], "a": [1.0], "b": [1.0]})
    table = duck.create_table("refused", rows, temp=True, overwrite=True)
    term = {"kind": "steps", "cuts": [0.5], "values": [1.0, 2.0], "unknown": 0.0}

    def refused(tables: dict[str, Any], features: list[str], match: str, over: Any = table) -> None:
        with pytest.raises(InputDataError, match=match):
            score_table(over, tables, features)

    refused({"baseline": 0.0, "terms": [term, term]}, ["a", "c"], "missing: c")
    refused({"baseline": 0.0, "terms": [term]}, ["a", "b"], "1 terms for 2 features")
    refused({"baseline": 0.0, "terms": [{"kind": "curve"}]}, ["a"], "'a' is of no known kind")
    refused({"baseline": math.nan, "terms": [term]}, ["a"], "not finite")
    refused({"baseline": 0.0, "terms": [{**term, "values": [1.0]}]}, ["a"], "1 values for 1 cuts")
    refused({"baseline": 0.0, "terms": [term]}, ["a"], "'score' already", table.mutate(score=table.a))
