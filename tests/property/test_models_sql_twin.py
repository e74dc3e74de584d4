"""A model scores the same in the engine as in Python: on random tables and values, on its cuts, at infinity, unknown, negative nought."""

from __future__ import annotations

import importlib.util
import json
import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from early_id.core.errors import InputDataError
from early_id.data.engine import connect
from early_id.features.score_sql import score_table
from early_id.models.additive import MonotoneAdditive
from early_id.models.ebm import GroupedEBM
from early_id.models.logistic import PenalisedLogistic
from early_id.models.portable import from_tables, to_tables
from early_id.models.scorecard import Scorecard
from model_fixtures import fake_matrix

#: pyspark leaves the socket to its Java process to the garbage collector.
in_spark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

NUMBER = st.floats(-1e6, 1e6, allow_nan=False)
#: What a database can hold in a column of numbers, and Python cannot tell from NaN: null.
ODD = (math.inf, -math.inf, -0.0, 0.0, math.nan, None)


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    cuts = sorted(draw(st.sets(NUMBER, max_size=70)))
    values = draw(st.lists(NUMBER, min_size=len(cuts) + 1, max_size=len(cuts) + 1))
    return {"kind": "steps", "cuts": cuts, "values": values, "unknown": draw(NUMBER)}


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    scale = draw(st.floats(1e-3, 1e3))
    return {"kind": "line", "mean": draw(NUMBER), "scale": scale, "weight": draw(NUMBER), "centre": draw(NUMBER), "unknown": draw(NUMBER)}


@st.composite
def models(draw: st.DrawFn, most: int = 12) -> tuple[dict[str, Any], pa.Table]:
    """A model and rows: every cut, the numbers next to it, and everything odd, shuffled together."""
    terms = draw(st.lists(st.one_of(steps(), lines()), min_size=1, max_size=most))
    columns = {}
    for j, term in enumerate(terms):
        cuts = term.get("cuts", [])
        near = [*cuts, *np.nextafter(cuts, math.inf).tolist(), *np.nextafter(cuts, -math.inf).tolist()]
        columns[f"f {j}"] = draw(st.lists(st.sampled_from([*near, *ODD]) | NUMBER, min_size=15, max_size=15))
    rows = pa.table({"row": list(range(15)), **{name: pa.array(values, type=pa.float64()) for name, values in columns.items()}})
    return {"baseline": draw(NUMBER), "terms": terms}, rows


@pytest.fixture(scope="module")
def duck() -> Any:
    return connect()


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A Spark session on this machine, through ibis."""
    if importlib.util.find_spec("pyspark") is None:
        if os.environ.get("EARLY_ID_REQUIRE_SPARK") == "1":
            pytest.fail("pyspark is not installed, and this run says that it has to be")
        pytest.skip("pyspark is not installed, so scores were not compared in Spark: pip install 'early-id[spark]'")
    import ibis
    from pyspark.sql import SparkSession

    building = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "1")
    session = building.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield ibis.pyspark.connect(session)
    session.stop()


def scored(engine: Any, rows: pa.Table, tables: dict[str, Any], features: list[str], *, terms: bool = False) -> pd.DataFrame:
    """The engine's answer in the order of the rows."""
    if engine.name == "duckdb":
        answer = engine.to_pyarrow(score_table(engine.create_table("scored", rows, temp=True, overwrite=True), tables, features, terms=terms))
    else:
        engine._session.createDataFrame(rows).createOrReplaceTempView("scored")
        # Straight to Arrow: pyspark's way through pandas leaves null and NaN the same and uses what pandas 3 warns of.
        answer = engine._session.sql(engine.compile(score_table(engine.table("scored"), tables, features, terms=terms))).toArrow()
    return answer.to_pandas().sort_values("row").reset_index(drop=True)


def agree(engine: Any, tables: dict[str, Any], rows: pa.Table) -> None:
    features = [name for name in rows.column_names if name != "row"]
    X = rows.to_pandas()[features].astype("float64")
    model = from_tables(json.loads(json.dumps(tables)), features)
    with np.errstate(invalid="ignore", over="ignore"):  # infinity times nought, infinity less infinity: NaN on both sides
        expected, terms = model.score_log_odds(X), model.contributions(X)
    got = scored(engine, rows, tables, features, terms=True)
    np.testing.assert_allclose(got["score"].to_numpy(dtype=float), expected, rtol=1e-15, atol=1e-9)
    for name in features:
        np.testing.assert_allclose(got[f"term_{name}"].to_numpy(dtype=float), terms[name], rtol=1e-15, atol=1e-9)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(made=models())
def test_random_tables_and_values_score_alike_in_the_engine(duck: Any, made: tuple[dict[str, Any], pa.Table]) -> None:
    agree(duck, *made)


@in_spark
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(made=models())
def test_random_tables_and_values_score_alike_in_spark(spark: Any, made: tuple[dict[str, Any], pa.Table]) -> None:
    agree(spark, *made)


@pytest.fixture(scope="module", params=["additive", "logistic", "scorecard", "ebm"])
def fitted(request: pytest.FixtureRequest) -> tuple[dict[str, Any], pa.Table]:
    """Tables of a model of each kind, and 3,000 rows that it was not fitted on."""
    matrix, other = fake_matrix(500, seed=21), fake_matrix(600, seed=22)
    known = matrix.y["need_recognised"].notna()
    models = {
        "additive": MonotoneAdditive(),
        "logistic": PenalisedLogistic(),
        "scorecard": Scorecard(),
        "ebm": GroupedEBM(outer_bags=2, max_rounds=200),
    }
    if request.param == "ebm":
        pytest.importorskip("interpret", reason="interpret-core is not installed: pip install 'early-id[ebm]'")
    model = models[request.param].fit(matrix.X[known], matrix.y.loc[known, "need_recognised"])
    return to_tables(model), pa.Table.from_pandas(other.X.reset_index(drop=True).assign(row=range(len(other))), preserve_index=False)


def test_a_fitted_model_scores_alike_in_the_engine(duck: Any, fitted: tuple[dict[str, Any], pa.Table]) -> None:
    agree(duck, *fitted)


@in_spark
def test_a_fitted_model_scores_alike_in_spark(spark: Any, fitted: tuple[dict[str, Any], pa.Table]) -> None:
    agree(spark, *fitted)


def wide(features: int) -> tuple[dict[str, Any], pa.Table]:
    """As many features as a catalogue has, 20 cuts each, 200 rows."""
    rng = np.random.default_rng(7)
    terms = [
        {"kind": "steps", "cuts": np.sort(rng.normal(size=20)).tolist(), "values": rng.normal(size=21).tolist(), "unknown": float(rng.normal())}
        for _ in range(features)
    ]
    X = rng.normal(size=(200, features))
    X[rng.random(X.shape) < 0.05] = np.nan
    return {"baseline": -2.5, "terms": terms}, pa.table({"row": range(200), **{f"f{j}": X[:, j] for j in range(features)}})


@in_spark
def test_ninety_features_in_spark(spark: Any) -> None:
    """A query that is too large is where Spark would fail."""
    agree(spark, *wide(90))


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
