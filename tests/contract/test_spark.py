"""The same declarations and the same scores on Spark: one session on this machine, the small council, frames equal to DuckDB's."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from early_id.config.load import load_config
from early_id.config.settings import Config, EngineSettings
from early_id.core.errors import InputDataError, SettingsError
from early_id.features import FeatureMatrix, build_features, catalogue
from early_id.features.declare import custom, last_days
from early_id.features.describe import describe_feature
from early_id.linkage import link
from score_material import agree, fitted_tables, models, wide

#: pyspark leaves the socket to its Java process to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

#: One core, one partition, no code of Java's own made for each query: what is asked here is small.
ENGINE = EngineSettings(
    name="spark",
    master="local[1]",
    options={
        "spark.sql.shuffle.partitions": "1", "spark.default.parallelism": "1", "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    },
)  # fmt: skip
AS_OF = date(2025, 11, 10)


def _missing() -> str | None:
    """What Spark lacks here, as a reason to skip."""
    try:
        import pyspark  # noqa: F401
    except ModuleNotFoundError:
        return "pyspark is not installed: pip install 'early-id[spark]'"
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        return "there is no Java on this machine: apt-get install default-jre-headless"
    return None


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """Spark behind ibis, as a run opens it; CI may not do without."""
    if reason := _missing():
        if os.environ.get("EARLY_ID_REQUIRE_TOOLS") == "1":
            pytest.fail(f"{reason}, and this run says that it has to be there")
        pytest.skip(f"{reason}, so nothing was compared with Spark")
    from early_id.data.spark import connect

    backend = connect(ENGINE)
    yield backend
    backend.disconnect()


def _built(small: Any, cfg: Config) -> FeatureMatrix:
    people = link(small.store, key=cfg.project.key)
    return build_features(small.store, people, CATALOGUE, as_of=AS_OF, settings=cfg)


def _marks_of_the_morning(rows: Any, cohort: Any) -> Any:
    """A measure of a council's own: any engine has to be able to run it."""
    mornings = rows["attendance"].filter(rows["attendance"].session == "AM")
    return mornings.group_by("rid").agg(value=mornings.count()).select("rid", "value")


CATALOGUE = catalogue(
    [
        dataclasses.replace(
            catalogue()["absence_share_90d"],
            name="mornings_90d",
            measure=custom(_marks_of_the_morning, tables=("attendance",)),
            window=last_days(90),
            value_format="count",
        )
    ]
)


def _likely_pairs() -> pd.DataFrame:
    """Records as they are compared: children whom two sources hold, most alike in both."""
    import numpy as np

    rng, rows = np.random.default_rng(3), []
    names = (["Adam", "Beth", "Carl", "Dora", "Eric", "Fern", "Gwen", "Hugo"], ["Archer", "Barlow", "Cooper", "Dalton", "Ellis", "Foster"])
    for _ in range(80):
        forename, surname = (str(rng.choice(part)) for part in names)
        born = str((pd.Timestamp("2008-01-01") + pd.Timedelta(days=int(rng.integers(3000)))).date())
        home = f"AB{rng.integers(1, 9)} {rng.integers(1, 9)}CD"
        own = {"forename": forename, "surname": surname, "birth_date": born, "postcode": home, "nhs_number": None, "upn": None}
        moved = {"forename": forename[:-1] if rng.random() < 0.1 else forename, "postcode": home if rng.random() < 0.8 else "ZE1 9ZZ"}
        rows += [own, own | moved]
    return pd.DataFrame(rows).assign(unique_id=range(len(rows)))[["unique_id", *rows[0]]]


def test_pairs_are_found_and_weighed_alike_on_spark(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Splink on Spark: the same rules make as many pairs, the same pairs come out, and their weights agree. The whole model of a council in the nightly run."""
    from early_id.linkage import splink_pass
    from early_id.linkage.model import COUNCIL, Compare, LinkageModel
    from early_id.linkage.splink_pass import score_pairs

    model, records = dataclasses.replace(COUNCIL, enough=None), _likely_pairs()
    if int(os.environ.get("EARLY_ID_RUN_FACTOR", "1")) == 1:
        monkeypatch.setattr(splink_pass, "ITERATIONS", (2,))
        model = LinkageModel(
            comparisons=(Compare("forename", "name"), Compare("surname", "exact"), Compare("birth_date", "birth_date")),
            blocking=(("birth_date",), "l.surname = r.surname and substr(l.forename, 1, 2) = substr(r.forename, 1, 2)"),
            certain=(("forename", "surname", "birth_date"),), training=(("birth_date",), ("surname",)), sample=100_000, enough=None,
        )  # fmt: skip
    expected = score_pairs(records, model, least=-5.0)
    got = score_pairs(records, model, least=-5.0, spark=ENGINE)
    assert expected.taught and len(expected.pairs) > 50
    pd.testing.assert_frame_equal(got.blocking, expected.blocking)
    keys = ["left", "right", "rule", *(name for name in expected.pairs if name.startswith("level_"))]
    pd.testing.assert_frame_equal(got.pairs[keys], expected.pairs[keys])
    weights = [name for name in expected.pairs if name.startswith("weight")]
    pd.testing.assert_frame_equal(got.pairs[weights], expected.pairs[weights], rtol=0, atol=1e-4)


def test_every_feature_of_the_catalogue_is_the_same_on_spark(spark: Any, small_store: Any) -> None:
    """Cohort, coverage, values, newest dates, groups and outcomes: everything that is read from the store is read by Spark."""
    expected = _built(small_store, small_store.cfg)
    got = _built(small_store, small_store.cfg.model_copy(update={"engine": ENGINE}))
    pd.testing.assert_frame_equal(got.X, expected.X, rtol=0, atol=1e-9)
    for part in ("evidence_dates", "index", "excluded", "y", "groups"):
        pd.testing.assert_frame_equal(getattr(got, part), getattr(expected, part), obj=part)
    assert got.meta == expected.meta
    # What is all unknown or all nought would agree whatever Spark did.
    assert expected.X.notna().any().mean() > 0.9
    assert (expected.X.fillna(0) != 0).any().mean() > 0.75


def test_two_builds_in_one_process_answer_each_for_itself_in_the_sql_of_spark(spark: Any, small_store: Any) -> None:
    """Texts of questions are kept and sessions are not: two dates one after the other, each as DuckDB has it."""
    on_spark = small_store.cfg.model_copy(update={"engine": ENGINE})
    people, name = link(small_store.store, key=small_store.cfg.project.key), "contacts_count_365d"
    found = []
    for day in (date(2025, 6, 16), AS_OF):
        got, expected = (describe_feature(small_store.store, people, name, as_of=day, settings=cfg) for cfg in (on_spark, small_store.cfg))
        assert got.values is not None and expected.values is not None
        pd.testing.assert_series_equal(got.values, expected.values, obj=str(day))
        # Spark quotes names its own way, and the whole text of it is shown.
        assert got.sql and all("`" in query and "SELECT" in query for query in got.sql)
        assert not any("`" in query for query in expected.sql)
        found.append(got.values)
    assert not found[0].equals(found[1])


def test_rows_of_every_table_unfold_alike(spark: Any, small_store: Any) -> None:
    """A spell known without its end and then with it: the same versions, to the day."""
    from early_id.data.spark import SparkStore

    source = SparkStore(small_store.store, ENGINE)
    for name in ("enrolments", "early_help", "statutory"):
        by = ["source", "source_person_id", "row", "known_from"]
        mine, theirs = (s.table(name).execute().sort_values(by, ignore_index=True) for s in (source, small_store.store))
        # The hash of a row is compared by ingest only; Spark has no unsigned integers.
        pd.testing.assert_frame_equal(mine.drop(columns="row_hash"), theirs.drop(columns="row_hash"), obj=name)
        assert len(mine) > small_store.store.records(name).shape[0]


def test_parts_that_spark_cannot_see_are_one_clear_message(spark: Any, small_store: Any) -> None:
    elsewhere = small_store.cfg.model_copy(update={"engine": ENGINE.model_copy(update={"parts": "/no/such/folder"})})
    with pytest.raises(InputDataError, match=r"engine\.parts"):
        _built(small_store, elsewhere)


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(made=models())
def test_random_tables_and_values_score_alike(spark: Any, made: tuple[dict[str, Any], pa.Table]) -> None:
    agree(spark, *made)


@pytest.mark.parametrize("kind", ["additive", "logistic"])
def test_a_fitted_model_scores_alike(spark: Any, kind: str) -> None:
    agree(spark, *fitted_tables(kind))


def test_ninety_features_score_alike(spark: Any) -> None:
    """Where Spark makes Java's own code for a query, one that is too large is where it would fail."""
    for name, usual in (("spark.sql.codegen.wholeStage", "true"), ("spark.sql.codegen.factoryMode", "FALLBACK")):
        spark._session.conf.set(name, usual)
    agree(spark, *wide(90))


def test_a_session_that_cannot_start_says_what_to_install(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.errors import PySparkRuntimeError

    import early_id.data.spark as module

    class NoJava:
        """A builder that finds no Java."""

        def __getattr__(self, name: str) -> Any:
            if name == "getOrCreate":
                raise PySparkRuntimeError("JAVA_GATEWAY_EXITED")
            return lambda *_: self

    monkeypatch.setattr(module, "SparkSession", SimpleNamespace(builder=NoJava()))
    with pytest.raises(SettingsError, match="Java 17 or 21"):
        module.connect(ENGINE)


def test_the_example_of_a_cluster_loads() -> None:
    engine = load_config(Path(__file__).parents[2] / "configs" / "spark.yaml").engine
    assert (engine.name, engine.master) == ("spark", "yarn")
    assert engine.parts and engine.options["spark.executor.memory"] == "8g"


def test_without_pyspark_the_extra_is_named(small_store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "early_id.data.spark", raising=False)
    monkeypatch.setitem(sys.modules, "ibis.backends.pyspark", None)
    with pytest.raises(SettingsError, match=r"early-id\[spark\]"):
        _built(small_store, small_store.cfg.model_copy(update={"engine": ENGINE}))
