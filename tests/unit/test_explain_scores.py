"""The result of explain_scores: sums, shap, refusals, pages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from explain_fixtures import AS_OF, fake_matrix, model_for, shipped_matrix, shipped_model

from early_id.core.errors import InputDataError, NotAdditiveError, PolicyError, SettingsError
from early_id.explain.explanations import FRAME_COLUMNS, Explanations, explain_scores
from early_id.explain.narrative import SIDES

MATRIX = fake_matrix()
MODEL = model_for("hub_lead", MATRIX)


@pytest.fixture(scope="module")
def explained() -> Explanations:
    return explain_scores(MODEL, MATRIX)


def test_frame_sums_to_the_score(explained: Explanations) -> None:
    frame = explained.frame()
    assert list(frame.columns) == list(FRAME_COLUMNS)
    assert set(frame["side"]) <= set(SIDES)
    sums = frame.groupby("row")["contribution"].sum().reindex(MATRIX.X.index) - 2.0
    np.testing.assert_allclose(sums, MODEL.scores(MATRIX.X), atol=1e-9, rtol=0)


def test_strengths_carry_no_contribution(explained: Explanations) -> None:
    frame = explained.frame()
    assert frame.loc[frame["side"] == "strength", "contribution"].isna().all()
    assert frame.loc[frame["side"] != "strength", "contribution"].notna().all()


def test_shap_gives_the_same_numbers(explained: Explanations) -> None:
    shap = explained.to_shap()
    np.testing.assert_array_equal(shap.values, MODEL.contributions(MATRIX.X)[[f.name for f in MODEL.features]])
    np.testing.assert_allclose(shap.values.sum(axis=1) + shap.base_values, MODEL.scores(MATRIX.X), atol=1e-9, rtol=0)
    assert shap.feature_names == [f.label for f in MODEL.features]
    np.testing.assert_array_equal(shap.data, MATRIX.X[[f.name for f in MODEL.features]])


def test_a_sum_that_is_off_stops_everything() -> None:
    with pytest.raises(NotAdditiveError, match="240 of 240 rows"):
        explain_scores(replace(MODEL, off_by=2e-9), MATRIX)
    explain_scores(replace(MODEL, off_by=1e-10), MATRIX)


def test_a_contribution_that_is_no_number_stops_everything() -> None:
    with pytest.raises(NotAdditiveError):
        explain_scores(replace(MODEL, weights={**MODEL.weights, "missing_365d": float("inf")}), MATRIX)


def test_a_protected_characteristic_is_refused() -> None:
    groups = MATRIX.groups.assign(late_count_6sw="x")
    with pytest.raises(PolicyError, match="late_count_6sw"):
        explain_scores(MODEL, replace(MATRIX, groups=groups))


def test_a_column_the_model_needs_is_missing() -> None:
    with pytest.raises(InputDataError, match="missing_365d"):
        explain_scores(MODEL, MATRIX.columns([f.name for f in MATRIX.meta.features if f.name != "missing_365d"]))


def test_unknown_row_is_refused_without_naming_it(explained: Explanations) -> None:
    with pytest.raises(SettingsError) as caught:
        explained.for_row("c9999@2025-11-03")
    assert "c9999" not in str(caught.value)


def test_for_row_and_iteration_agree(explained: Explanations) -> None:
    first = next(iter(explained))
    assert explained.for_row(first.key) == first
    assert str(first.as_of) == AS_OF


def test_school_model_explains_with_school_facts_only() -> None:
    frame = explain_scores(model_for("school_lead", MATRIX), MATRIX).frame()
    assert set(frame["theme"]) == {"attendance", "lateness", "suspensions", "school_moves"}
    assert not frame["source"].isin(["another service", "children's services"]).any()


def test_matrix_without_evidence_dates_or_years_still_explains() -> None:
    bare = replace(MATRIX, evidence_dates=pd.DataFrame(), index=MATRIX.index.assign(nc_year=pd.NA))
    e = next(iter(explain_scores(MODEL, bare)))
    assert all(r.newest_on is None and r.comparison == "" for r in (*e.noticed, *e.against))


def test_no_rows_is_no_error() -> None:
    empty = explain_scores(MODEL, MATRIX.where(np.zeros(len(MATRIX), dtype=bool)))
    assert len(empty) == len(empty.frame()) == 0


def test_small_year_groups_are_not_compared() -> None:
    few = MATRIX.index["nc_year"].where(np.arange(len(MATRIX)) < 19, "12").where(np.arange(len(MATRIX)) >= 19, "11")
    peers = explain_scores(MODEL, replace(MATRIX, index=MATRIX.index.assign(nc_year=few))).peers
    assert peers.medians["Year 11"] == {}
    assert set(peers.medians["Year 12"])


def test_withheld_values_have_no_median(explained: Explanations) -> None:
    assert not {"safety_signs_365d", "police_notices_365d"} & {name for year in explained.peers.medians.values() for name in year}


def test_page_plot_and_repr(explained: Explanations) -> None:
    page = explained.page(str(MATRIX.X.index[0]))
    assert page.startswith("<!DOCTYPE html>") and "What is going well" in page and "not a safeguarding alarm" in page
    assert "<svg" in explained.plot() and "Being in school" in explained.plot()
    assert "contributions sum to the score" in explained._repr_html_()
    assert "What we noticed" in next(iter(explained))._repr_html_()


def test_shipped_features_read_at_about_age_eleven() -> None:
    """ARI and Coleman-Liau over all sentences told; both are United States school grades, grade 6 being age 11 to 12."""
    textstat = pytest.importorskip("textstat")
    matrix = shipped_matrix(150)
    told = [r.said for e in explain_scores(shipped_model(matrix), matrix) for r in (*e.noticed, *e.against, *e.going_well)]
    text = " ".join(dict.fromkeys(told))
    assert textstat.automated_readability_index(text) <= 6.5
    assert textstat.coleman_liau_index(text) <= 7.0
