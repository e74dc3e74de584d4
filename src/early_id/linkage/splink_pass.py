"""The one file that imports Splink: a model's weights learnt from the records, and a weight for every pair that agrees in a blocking rule.

Splink is imported when pairs are scored and not before; it runs on ibis's own DuckDB connection, or on Spark, sends nothing anywhere and writes no log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.display import aside
from early_id.linkage.model import Block, Compare, LinkageModel
from early_id.linkage.scoring_engine import TABLE, OnDuckDB, OnSpark, Scoring

if TYPE_CHECKING:
    import ibis
    from splink import Linker

    from early_id.config.engine import EngineSettings

#: Splink's level of a comparison where a value is missing on either side.
MISSING = -1
#: Steps of expectation-maximisation, at most. A level that no true pair falls into gets rarer with each, until numbers of a computer cannot hold it; then
#: fewer steps are taken.
ITERATIONS = (12, 6, 3)
#: Fewer pairs than this teach nothing.
FEWEST = 100
#: What no true pair of these records shows may still happen: no kind of difference is rarer among true pairs than this.
RAREST = 1e-4


@dataclass(frozen=True)
class Level:
    """One level of a comparison as learnt: its label, and how often true pairs (m) and chance pairs (u) fall into it."""

    comparison: str
    value: int
    label: str
    m: float | None
    u: float | None


@dataclass(frozen=True)
class Scored:
    """Pairs with weights.

    Parameters
    ----------
    pairs : DataFrame
        left, right (``unique_id`` of the records, left smaller), weight (log2 of the odds), and for each comparison ``level_<name>`` and
        ``weight_<name>``; the rule that found the pair first as ``rule``.
    blocking : DataFrame
        rule, pairs (that no earlier rule made), used.
    levels : tuple of Level
    prior : float
        Log2 of the odds that two records drawn by chance are one person: where every weight starts.
    taught : bool
        Whether the records could teach the model; without, there are no pairs.
    """

    pairs: pd.DataFrame
    blocking: pd.DataFrame
    levels: tuple[Level, ...] = ()
    prior: float = 0.0
    taught: bool = True

    def label(self, comparison: str, value: int) -> str:
        """Splink's own words for a level."""
        return next((level.label for level in self.levels if level.comparison == comparison and level.value == value), "missing")


def score_pairs(
    records: pd.DataFrame,
    model: LinkageModel,
    *,
    least: float,
    backend: ibis.backends.duckdb.Backend | None = None,
    spark: EngineSettings | None = None,
) -> Scored:
    """Learn the weights of a model and score the pairs that its blocking rules find.

    Parameters
    ----------
    records : DataFrame
        ``unique_id`` (whole numbers) and the model's columns; missing values are None.
    model : LinkageModel
    least : float
        Pairs of a smaller weight are not given back.
    backend : ibis backend, optional
        DuckDB behind ibis; a fresh one in memory where none is given.
    spark : EngineSettings, optional
        Compare on Spark in its place.

    Returns
    -------
    Scored
        The same records, model and seed give the same pairs and weights (rounded to six decimals, beyond which the order of sums shows). Spark finds the same
        pairs; it gives the same weights where all pairs are learnt from (``model.enough`` None, ``model.sample`` large), and otherwise learns from other pairs.

    Raises
    ------
    SettingsError
        Spark is asked for and cannot be started, or is not installed.
    """
    engine: Scoring = OnSpark.of(spark) if spark is not None else OnDuckDB.of(backend)
    with _silent():
        try:
            return _scored(records, model, least, engine)
        finally:
            engine.forget()


def _api(engine: Scoring) -> Any:
    """Splink's own face of an engine."""
    if isinstance(engine, OnDuckDB):
        from splink import DuckDBAPI

        return DuckDBAPI(engine.connection)
    if not isinstance(engine, OnSpark):
        raise TypeError("Splink is asked on DuckDB or Spark.")
    from splink.backends.spark import SparkAPI, similarity_jar_location

    # Likeness of names is a function of Java's that comes with Splink; a session that runs already takes it in too.
    engine.session.sql(f"ADD JAR '{similarity_jar_location()}'")
    return SparkAPI(spark_session=engine.session, break_lineage_method="persist")


def _scored(records: pd.DataFrame, model: LinkageModel, least: float, engine: Scoring) -> Scored:
    from splink import Linker, SettingsCreator

    counts = _count_pairs(records, model, engine)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_comparison(item) for item in model.comparisons],
        blocking_rules_to_generate_predictions=[_rule(block) for block in model.blocking],
        retain_intermediate_calculation_columns=True,
        linker_uid="earlyid",
    )
    used = [block for block, row in zip(model.blocking, counts.to_dict("records"), strict=True) if row["used"]]
    none = Scored(no_pairs(model), counts, taught=False)
    if not used or counts["pairs"].sum() < FEWEST:
        return none
    # Said before anything is compared: whoever sees a huge number can stop here.
    aside(
        f"Comparing records: {int(counts.loc[counts['used'], 'pairs'].sum()):,} pairs by {len(used)} rules, those of several rules counted in each."
    )
    settings.blocking_rules_to_generate_predictions = [_rule(block) for block in used]
    api = _api(engine)
    try:
        learnt = _learnt(api, engine, settings, model)
        if learnt is None:
            return none
        linker = Linker(api.register(engine.records(), table_name=f"{TABLE}_scored"), learnt, log_level=None)
        predicted = linker.inference.predict(threshold_match_weight=least, warning_mode="never")
        parts = [f"gamma_{item.name}, mw_{item.name}{_rarity(item)} AS weight_{item.name}" for item in model.comparisons]
        ids = "least(unique_id_l, unique_id_r) AS lower_id, greatest(unique_id_l, unique_id_r) AS upper_id"
        found = engine.rows(f"SELECT {ids}, match_weight, match_key, {', '.join(parts)} FROM {predicted.physical_name}")
    finally:
        api.delete_tables_created_by_splink_from_db()
    return Scored(_tidy(found, model), counts, _levels(learnt), _log_odds(learnt["probability_two_random_records_match"]))


def _learnt(api: Any, engine: Scoring, settings: Any, model: LinkageModel) -> dict[str, Any] | None:
    """The model as learnt; None where too few records agree in anything to learn from: a model that was not taught makes no link."""
    from splink import Linker
    from splink.internals.exceptions import EMTrainingException, SplinkException

    for iterations in ITERATIONS:
        settings.max_iterations = iterations
        linker = Linker(api.register(engine.records(), table_name=f"{TABLE}_taught_{iterations}"), settings, log_level=None)
        try:
            _teach(linker, model)
        except ValueError:  # a probability too small for a computer's numbers: stop earlier
            continue
        except (EMTrainingException, SplinkException, ZeroDivisionError):
            return None
        return _floored(linker.misc.save_model_to_json())
    return None


def _teach(linker: Linker, model: LinkageModel) -> None:
    linker.training.estimate_probability_two_random_records_match([_rule(block) for block in model.certain], recall=model.certain_recall)
    # One pair more than Splink's default, which it warns about.
    linker.training.estimate_u_using_random_sampling(max_pairs=model.sample + 1, seed=model.seed, min_count_per_level=model.enough)
    for columns in model.training:
        linker.training.estimate_parameters_using_expectation_maximisation(
            _rule(columns), estimate_without_term_frequencies=not model.rarity_in_training
        )


def _floored(learnt: dict[str, Any]) -> dict[str, Any]:
    """A learnt model in which no difference is impossible."""
    for comparison in learnt["comparisons"]:
        for level in comparison["comparison_levels"]:
            m = level.get("m_probability")
            if m is not None and m < RAREST:
                level["m_probability"] = RAREST
    return learnt


def count_pairs(records: pd.DataFrame, model: LinkageModel, backend: ibis.backends.duckdb.Backend | None = None) -> pd.DataFrame:
    """How many pairs each blocking rule makes, before any is compared: rule, pairs, used.

    A rule of equal columns makes n (n - 1) / 2 pairs of every n records that share its values; a condition is counted by joining.
    """
    engine = OnDuckDB.of(backend)
    try:
        return _count_pairs(records, model, engine)
    finally:
        engine.forget()


def _count_pairs(records: pd.DataFrame, model: LinkageModel, engine: Scoring) -> pd.DataFrame:
    engine.put(records)
    rows = []
    for block in model.blocking:
        if isinstance(block, str):
            query = f"SELECT count(*) AS pairs FROM {TABLE} l JOIN {TABLE} r ON {block} WHERE l.unique_id < r.unique_id"
        else:
            held = " AND ".join(f"{column} IS NOT NULL" for column in block)
            same = f"SELECT count(*) AS n FROM {TABLE} WHERE {held} GROUP BY {', '.join(block)}"
            query = f"SELECT coalesce(sum(n * (n - 1)), 0) / 2 AS pairs FROM ({same}) AS same"
        pairs = engine.rows(query)["pairs"].iloc[0]
        rows.append({"rule": rule_text(block), "pairs": int(pairs), "used": int(pairs) <= model.most_pairs})
    return pd.DataFrame(rows, columns=["rule", "pairs", "used"])


def rule_text(block: Block) -> str:
    """A blocking rule in words."""
    words = {"birth_date": "date of birth", "nhs_number": "NHS number", "upn": "UPN", "uprn": "property number"}
    if isinstance(block, str):
        return block.replace("l.", "one's ").replace("r.", "the other's ")
    return "same " + " and ".join(words.get(column, column.replace("_", " ")) for column in block)


def _rule(block: Block) -> Any:
    from splink import block_on

    return block if isinstance(block, str) else block_on(*block)


def _comparison(item: Compare) -> Any:
    import splink.comparison_library as cl

    made: dict[str, Any] = {
        "name": lambda: cl.NameComparison(item.field),
        "full_name": lambda: cl.ForenameSurnameComparison(item.field, item.second),
        "birth_date": lambda: cl.DateOfBirthComparison(item.field, input_is_string=True),
        "postcode": lambda: cl.PostcodeComparison(item.field),
        "exact": lambda: cl.ExactMatch(item.field).configure(term_frequency_adjustments=item.rarity),
        "close": lambda: cl.DamerauLevenshteinAtThresholds(item.field, list(item.apart)),
        "email": lambda: cl.EmailComparison(item.field),
    }
    return made[item.how]()


def _tidy(found: pd.DataFrame, model: LinkageModel) -> pd.DataFrame:
    """Splink's columns under our names, in order of the records."""
    pairs = pd.DataFrame(
        {
            "left": found["lower_id"],
            "right": found["upper_id"],
            "weight": found["match_weight"].astype(float).round(6),
            "rule": found["match_key"].astype(int),
        }
    )
    for item in model.comparisons:
        pairs[f"level_{item.name}"] = found[f"gamma_{item.name}"].astype(int)
        pairs[f"weight_{item.name}"] = found[f"weight_{item.name}"].astype(float).round(6)
    return pairs.sort_values(["left", "right"]).reset_index(drop=True)


def _rarity(item: Compare) -> str:
    """What agreement on a rare value adds, where the comparison knows rare values."""
    knows = item.how in ("name", "full_name", "email") or (item.how == "exact" and item.rarity)
    return f" + mw_tf_adj_{item.name}" if knows else ""


def no_pairs(model: LinkageModel) -> pd.DataFrame:
    """The empty table of pairs of a model."""
    columns = ["left", "right", "weight", "rule"]
    for item in model.comparisons:
        columns += [f"level_{item.name}", f"weight_{item.name}"]
    return pd.DataFrame(columns=columns).astype({"left": "int64", "right": "int64", "weight": "float64"})


def _levels(learnt: dict[str, Any]) -> tuple[Level, ...]:
    levels = []
    for comparison in learnt["comparisons"]:
        ordinary = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        for place, level in enumerate(ordinary):
            value = len(ordinary) - 1 - place
            levels.append(
                Level(comparison["output_column_name"], value, level["label_for_charts"], level.get("m_probability"), level.get("u_probability"))
            )
    return tuple(levels)


def _log_odds(probability: float) -> float:
    import math

    return math.log2(probability / (1 - probability)) if 0 < probability < 1 else 0.0


@contextmanager
def _silent() -> Iterator[None]:
    """Splink's messages may quote SQL, and its warnings are for whoever builds a model by hand."""
    logger = logging.getLogger("splink")
    before = (logger.level, logger.propagate, logger.disabled)
    logger.setLevel(logging.CRITICAL)
    logger.propagate = False
    try:
        yield
    finally:
        logger.level, logger.propagate, logger.disabled = before
