"""Tables of a trial: bands, parts of the council, funnel, net benefit, ends of follow-up; random splits; nothing of it for staff."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import early_id
from early_id.features.matrix import FeatureMatrix
from early_id.models.bands import band_of, bands_table, cut_bands
from early_id.models.benefit import EVERYBODY, net_benefit_table, not_known_table, places_curve
from early_id.models.ends import censored_by_group, ends_table
from early_id.models.evaluate import TestRows
from early_id.models.funnel import limits, school_funnel
from early_id.models.listed import Dates, precision_by
from early_id.models.result import Trial
from early_id.models.segments import labels_of
from early_id.models.train import train
from model_fixtures import SHARING, bar, fake_matrix, settings


@pytest.fixture(scope="module")
def matrix() -> FeatureMatrix:
    made = fake_matrix(900, seed=4)
    return replace(made, meta=replace(made.meta, labels=("re_referral",)))  # which no table holds


@pytest.fixture(scope="module")
def trial(matrix: FeatureMatrix) -> Trial:
    chosen = settings(models=("logistic",), put_forward="logistic", resamples=60, baselines=("absence",), labels=True)
    return train(
        matrix,
        chosen,
        acceptance=bar(),
        audience="hub_lead",
        sharing=SHARING,
        capacity=40,
        areas={f"s{i:02d}": "north" if i < 6 else "south" if i < 11 else "island" for i in range(12)},
    )


def rows(y: list[float], known: list[bool] | None = None) -> TestRows:
    family = np.array([0, 0, 1, 2, 3])
    return TestRows(np.array(y), np.isnan(y), family, family, np.array(known or [False] * 5), 2)


SCORE = np.array([5.0, 1.0, 4.0, 3.0, 2.0])


def test_bands_hold_thirty_outcomes_each_or_are_merged() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(4000)
    y = (rng.random(4000) < p * 0.1).astype(float)
    edges = cut_bands(p, y)
    assert len(edges) == 3
    assert np.bincount(band_of(edges, p[y == 1])).min() >= 30
    assert len(cut_bands(p[:700], y[:700])) == int(y[:700].sum()) // 30 - 1
    assert len(cut_bands(p[:200], y[:200])) == 0, "fewer than sixty outcomes are no bands"
    tied = np.where(p > 0.5, 0.9, 0.1)
    assert np.bincount(band_of(cut_bands(tied, y), tied[y == 1])).min() >= 30


def test_band_rates_come_from_the_rows_given_only() -> None:
    p, y, family = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 1, 1, np.nan]), np.arange(4)
    table = bands_table(np.array([0.5]), p, y, family).set_index("band")
    assert table.loc["higher", ["children", "with_outcome", "observed"]].tolist() == [1, 1, 1.0]
    assert table.loc["lower", "observed"] == 0.5


def test_no_band_and_no_probability_reaches_lists_or_sheets() -> None:
    """Only the marks for analysts and the board know of bands, and no file that makes lists knows of those marks."""
    root = Path(early_id.__file__).parent
    for path in [*(root / "screening").glob("*.py"), *(root / "explain").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert path.parent.name == "explain" or not re.search(r"analyst_marks|AnalystMarks|explain\.analyst", text), path.name
        if path.name == "analyst.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import) for alias in node.names}
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not modules & {"early_id.models.bands", "early_id.models.further", "early_id.models.refits"}, path.name
        assert not imported & {"bands_table", "cut_bands", "Further"}, path.name
        assert not read & {"bands", "band_edges", "probabilities", "calibrator", "further"}, path.name


def test_net_benefit_by_hand() -> None:
    table = net_benefit_table({"m": np.array([0.9, 0.1, 0.8, 0.3, 0.1])}, rows([1, 0, 0, 1, 0]), (0.2,)).set_index("model")
    # Talked to: rows 0, 2 and 3; two with need, one without at a quarter of the worth.
    assert table.loc["m", "net_benefit"] == pytest.approx(1000 * (2 - 0.25) / 5)
    assert table.loc[EVERYBODY, "net_benefit"] == pytest.approx(1000 * (2 - 3 * 0.25) / 5)
    assert table.loc["talk to nobody", "net_benefit"] == 0


def test_a_family_is_known_if_any_of_its_children_is() -> None:
    table = not_known_table({"m": SCORE}, rows([1, 0, 1, 0, 0], [False, True, False, False, False])).iloc[0]
    assert (table["families_listed"], table["not_known"], table["precision"]) == (2, 1, 1.0)


def test_families_found_grow_with_places_and_end_at_all_of_them() -> None:
    curve = places_curve({"m": SCORE}, rows([1, 0, 1, 0, 1]))
    found = curve.set_index("places")["found"]
    assert found[0.0] == 0
    assert found[2.0] == 2
    assert found[4.0] == 3
    assert found.is_monotonic_increasing


def test_statutory_entry_comes_first_and_everyone_ends_once() -> None:
    found = rows([1, np.nan, 1, 0, 0])
    outcomes = pd.DataFrame({"help": [1.0, np.nan, 1, 0, 0], "statutory_entry": [1.0, np.nan, 0, 0, 0]})
    table = ends_table(outcomes, ["help", "statutory_entry"], found, np.array([1.0, 1, 1, 0, 0])).set_index("end")
    assert table["children"].sum() == 5
    assert table.loc["statutory_entry", "children"] == 1
    assert table.loc["help", "children"] == 1
    assert table.loc["left the area, turned 18 or died first", "of_listed_families"] == 1


def test_children_who_left_are_counted_by_group() -> None:
    groups = pd.DataFrame({"sex": ["F"] * 12 + ["M"] * 12})
    left = np.array([True] * 3 + [False] * 21)
    table = censored_by_group(groups, left, np.arange(24)).set_index("group")
    assert list(table["left"]) == [3, 0]
    assert table.loc["F", "share"] == 0.25


def test_funnel_limits_are_exact_binomial_ones_and_name_no_school() -> None:
    bound = limits(0.3, np.array([20])).iloc[0]
    assert (bound["low_95"], bound["high_95"]) == (0.1, 0.5)
    day = pd.Timestamp("2025-03-03")
    n = 60
    frame = pd.DataFrame(
        {"as_of": day, "child_id": range(2 * n), "family": range(2 * n), "school_id": ["a"] * n + ["b"] * n, "listed": 1.0, "test": True}
    )
    frame["y"] = [1.0] * 40 + [0.0] * 20 + [1.0] * 10 + [0.0] * 50
    twice = pd.concat([frame, frame.assign(as_of=day - pd.Timedelta(days=200), y=1.0)], ignore_index=True)
    funnel = school_funnel(Dates(twice))
    assert list(funnel.frame()["listed"]) == [n, n], "a family counts once at a school"
    assert list(funnel.frame()["with_outcome"]) == [40, 10]
    assert funnel.frame()["outside_998"].all()
    assert "school_id" not in json.dumps(funnel.to_json())
    assert "<svg" in funnel.plot()


def test_too_small_a_part_cannot_be_estimated() -> None:
    frame = pd.DataFrame({"family": range(30), "as_of": 0, "listed": 1.0, "y": [1.0, 0, 0] * 10})
    found = precision_by(frame, np.array(["a"] * 21 + ["b"] * 9))
    assert found["a"].value == pytest.approx(1 / 3)
    assert np.isnan(found["b"].value)
    assert found["b"].n == 9


def test_segments_cover_every_child_once_and_never_name_a_school(trial: Trial, matrix: FeatureMatrix) -> None:
    table = trial.segments
    assert set(table["kind"]) == {"hub", "area", "phase", "age", "term", "completeness", "joined"}
    known = int(trial.best.held_out["y"].notna().sum())
    sums = table[table["kind"] != "term"].groupby("kind")["children"].sum()
    assert (sums == known).all()
    assert not set(table["part"]) & set(matrix.index["school_id"])
    assert set(table.loc[table["kind"] == "area", "part"]) == {"north", "south", "those with one school, together"}
    shown = table.dropna(subset=["precision"])
    assert ((shown["precision_low"] <= shown["precision"]) & (shown["precision"] <= shown["precision_high"])).all()
    assert (shown["listed_families"] >= 10).all()


def test_who_is_new_is_told_from_the_date_before(matrix: FeatureMatrix) -> None:
    index = matrix.index.copy()
    test = (index["as_of"] == "2025-03-03").to_numpy()
    moved = index.index[test][0]
    index.loc[moved, "school_id"] = "s99"
    index = index.drop(index.index[(index["as_of"] == "2024-11-04").to_numpy()][1])
    test = (index["as_of"] == "2025-03-03").to_numpy()
    listed = index.assign(listed_on=pd.NaT)
    assert "listed" not in labels_of(listed, matrix.X.loc[index.index], test)  # before the first list nobody stands apart
    listed.loc[listed.index[test][0], "listed_on"] = pd.Timestamp("2025-01-06")
    assert list(labels_of(listed, matrix.X.loc[index.index], test)["listed"][:2]) == ["had been on a list", "had never been on one"]
    assert list(labels_of(index, matrix.X.loc[index.index], test)["joined"][:3]) == ["new since the date before"] * 2 + ["there at the date before"]


def test_everything_further_is_plain_values_without_rows(trial: Trial, matrix: FeatureMatrix) -> None:
    text = json.dumps(trial.to_json()["further"], allow_nan=False)
    assert not any(f'"{name}"' in text for column in ("child_id", "family_id", "school_id") for name in matrix.index[column].unique())
    further = trial.to_json()["further"]
    assert set(further["calibration"]) == {"kind", "map", "slope", "intercept", "observed_expected"}
    assert {row["label"]: row["held"] for row in further["labels"]["table"]} == {
        "help_offered": True, "statutory": True, "re_referral": False,
    }  # fmt: skip
    agreement = [row["agreement"] for row in further["labels"]["table"] if row["agreement"] is not None]
    assert agreement
    assert all(-1 <= value <= 1 for value in agreement)
    assert [row["children"] for row in further["labels"]["looked_at"]] == ["known to services in the year before", "nobody had looked"]
    assert {row["model"] for row in further["left_in"]} == {"logistic"}


def test_calibration_is_fitted_on_the_latest_mature_date_only(trial: Trial, matrix: FeatureMatrix) -> None:
    # 4 March 2024 is the latest date whose outcomes were known before 3 March 2025.
    known = matrix.y.loc[(matrix.index["as_of"] == "2024-03-04").to_numpy(), "need_recognised"].notna().sum()
    assert trial.further.calibration["map"]["rows"] == known


def test_a_random_split_is_labelled_optimistic_wherever_a_named_one_is(matrix: FeatureMatrix) -> None:
    chosen = settings(models=("logistic",), put_forward="logistic", resamples=60, baselines=("absence",), split="random")
    random = train(matrix, chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=40)
    assert any("optimistic" in note for note in random.split_notes)
    assert any("optimistic" in note for note in random.notes)
    assert random.splits["label_gap"] is False
    assert random.verdict != "ready for approval"
