"""Breaks: an undeclared one is refused, a declared one is said, and where nothing changed training goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from early_id.config.regimes import SHIPPED, FamilyHelpSettings, Regime
from early_id.core.errors import InputDataError
from early_id.features.matrix import FeatureMatrix
from early_id.models.prepare import prepare
from early_id.models.regimes import outcome_breaks
from early_id.stats.breaks import stratified_change
from model_fixtures import SHARING, fake_matrix, settings

DECLARED = Regime(name="Family Help", since=date(2025, 1, 1), councils=("Anytown",), changes="help from a lower threshold", affects="outcome")


def changed(matrix: FeatureMatrix, share: float = 0.12) -> FeatureMatrix:
    """Help is offered to more children at the last date with outcomes."""
    y = matrix.y.copy()
    more = (matrix.index["as_of"] == "2025-03-03").to_numpy() & (np.random.default_rng(9).random(len(y)) < share) & y["help_offered"].eq(0)
    y.loc[more, ["help_offered", "need_recognised"]] = 1.0
    return replace(matrix, y=y)


def look(matrix: FeatureMatrix, **options: object) -> tuple[str, ...]:
    council = str(options.pop("council", ""))
    return prepare(matrix, settings(**options), "hub_lead", SHARING, None, council=council).notes


def test_an_undeclared_break_is_refused_and_a_declared_one_is_said() -> None:
    matrix = changed(fake_matrix(1500, seed=3))
    with pytest.raises(InputDataError, match="'help offered' changed between 2024-11-04 and 2025-03-03"):
        look(matrix)
    with pytest.raises(InputDataError, match="No break is declared"):
        look(matrix, regimes=(*SHIPPED, DECLARED), council="Othertown")
    notes = look(matrix, regimes=(*SHIPPED, DECLARED), council="anytown")
    assert any("declared break, Family Help (2025-01-01): help from a lower threshold" in note for note in notes)


def test_codes_that_changed_on_one_day_have_to_be_declared() -> None:
    matrix = fake_matrix(400, seed=3)
    assert any("attendance codes of August 2024" in note for note in look(matrix))
    with pytest.raises(InputDataError, match="Codes of the records changed on 2024-08-19"):
        look(matrix, regimes=())


def test_chance_is_hardly_ever_refused() -> None:
    refused = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, dates = 800, pd.to_datetime(["2023-11-06", "2024-03-04", "2024-11-04", "2025-03-03"])
        index = pd.DataFrame({"as_of": np.repeat(dates, n)})
        index["outcome_until"] = index["as_of"] + pd.Timedelta(days=180)
        family = np.tile(np.arange(n) // 2, 4)
        strain = rng.normal(0, 1, n // 2)[family]
        season = np.where(index["as_of"].dt.month == 11, 0.5, 0.0)  # a season is no break
        y = pd.DataFrame({"help": (rng.random(len(index)) < 1 / (1 + np.exp(3 - strain - season))).astype(float)})
        refused += bool(outcome_breaks(index, y, ["help"], family, [], alpha=0.01))
    # At 1 in 100, more than 4 of 60 has a chance under 0.5 %.
    assert refused <= 4


def test_a_break_declared_on_its_own_day_is_not_found_again_in_horizons_that_go_across_it() -> None:
    rng, n = np.random.default_rng(4), 20_000
    dates = pd.to_datetime(["2022-11-14", "2023-03-13", "2023-06-19", "2023-11-13", "2024-03-18", "2024-06-17", "2024-11-11", "2025-03-17"])
    index = pd.DataFrame({"as_of": np.repeat(dates, n)})
    index["outcome_until"] = index["as_of"] + pd.Timedelta(days=180)

    def found(*moved: str, declared: tuple[str, ...] = ()) -> list[str]:
        """Days after which help is offered half as often again; part of each horizon lies after one."""
        day = index["as_of"] + pd.to_timedelta(rng.integers(0, 180, len(index)), unit="D")
        rate = 0.06 * np.prod([np.where(day >= pd.Timestamp(one), 1.5, 1.0) for one in moved], axis=0)
        y = pd.DataFrame({"help": (rng.random(len(index)) < rate).astype(float)})
        breaks = outcome_breaks(index, y, ["help"], np.tile(np.arange(n), len(dates)), [date.fromisoformat(one) for one in declared], alpha=0.01)
        return [one.until for one in breaks]

    assert found("2024-04-01")
    assert found("2024-04-01", declared=("2024-04-01",)) == []
    # Declaring one does not hide another.
    assert found("2023-08-01", "2024-12-01", declared=("2024-12-01",))


def test_the_score_equals_the_textbook_one_without_strata_or_families() -> None:
    y = np.r_[np.repeat([1.0, 0], [30, 70]), np.repeat([1.0, 0], [45, 55])]
    after = np.repeat([False, True], 100)
    change = stratified_change(y, after, np.zeros(200), np.arange(200))
    assert change.z == pytest.approx(0.15 / np.sqrt(0.375 * 0.625 * 2 / 100), rel=1e-6)
    assert change.ratio == pytest.approx(1.5)
    assert np.isnan(stratified_change(y, after, after, np.arange(200)).z)


def test_family_help_names_local_steps_and_never_the_word_cin() -> None:
    with pytest.raises(ValueError, match="local steps"):
        FamilyHelpSettings(since=date(2025, 4, 1))
    with pytest.raises(ValueError, match="never set by the word CIN"):
        FamilyHelpSettings(since=date(2025, 4, 1), steps={"cin": "CIN"})
