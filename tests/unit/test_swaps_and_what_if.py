"""For analysts: reasons that swap between refits are marked, and one value at a time may be another."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest
from explain_fixtures import ALL_FEATURES, fake_matrix, model_for

from early_id.core.errors import SettingsError
from early_id.explain.explanations import explain_scores
from early_id.explain.swaps import HOLDS_FROM, mark_swaps, noticed
from early_id.explain.what_if import what_if

MATRIX = fake_matrix(80)
MODEL = model_for("hub_lead", MATRIX)
EXPLAINED = explain_scores(MODEL, MATRIX)  # type: ignore[arg-type]
ROWS = list(MATRIX.X.index[:25])


def without(theme: str):  # type: ignore[no-untyped-def]
    """A refit in which a theme counts for nothing."""
    return replace(MODEL, weights={f.name: 0.0 if f.theme == theme else MODEL.weights[f.name] for f in ALL_FEATURES})


def test_a_reason_that_some_refits_do_not_give_is_marked_and_no_other() -> None:
    refits = [MODEL, MODEL, without("attendance"), MODEL]
    marked = mark_swaps(EXPLAINED, MATRIX, refits, ROWS)  # type: ignore[arg-type]
    table = marked.frame()
    assert set(table.loc[table["theme"] == "attendance", "held"]) == {0.75} and table.loc[table["theme"] == "attendance", "swaps"].all()
    assert table["swaps"].equals(table["held"] < HOLDS_FROM)
    assert set(table["row"]) <= set(ROWS) and len(table) == sum(len(themes) for themes in noticed(EXPLAINED, ROWS).values())
    again = marked.holding_in(without("attendance"), MATRIX)  # type: ignore[arg-type]
    assert again["marked"] == 0.0 and again["unmarked"] > 0.9
    assert marked.holding_in(MODEL, MATRIX)["unmarked"] == 1.0  # type: ignore[arg-type]
    assert "<svg" in marked.plot() and "c00" not in marked._repr_html_() and "c00" not in repr(marked)


def test_no_refit_is_refused() -> None:
    with pytest.raises(SettingsError, match="Without refits"):
        mark_swaps(EXPLAINED, MATRIX, [], ROWS)  # type: ignore[arg-type]


def test_nothing_of_it_is_on_a_sheet() -> None:
    page = EXPLAINED.page(ROWS[0])
    assert "swap" not in page and "what if" not in page.lower()


def test_one_value_at_a_time_and_the_change_is_that_of_the_score() -> None:
    row = ROWS[0]
    table = what_if(MODEL, EXPLAINED, row, {"absence_share_90d": 0.0, "late_count_6sw": 12.0, "suspensions_365d": math.nan})  # type: ignore[arg-type]
    now = MODEL.scores(MATRIX.X.loc[[row]]).iloc[0]
    for name, instead in (("absence_share_90d", 0.0), ("late_count_6sw", 12.0), ("suspensions_365d", math.nan)):
        changed = MATRIX.X.loc[[row]].copy()
        changed[name] = instead
        found = table.set_index("feature").loc[name]
        assert found["score"] == pytest.approx(MODEL.scores(changed).iloc[0]) and found["change"] == pytest.approx(found["score"] - now)
    assert table["change"].abs().is_monotonic_decreasing


def test_without_a_wish_it_is_the_usual_value_of_the_year_group() -> None:
    big = fake_matrix(240)
    model = model_for("hub_lead", big)
    explained = explain_scores(model, big)  # type: ignore[arg-type]
    row = next(key for key in big.X.index if explained.peers.median(ALL_FEATURES[0], big.index.at[key, "nc_year"]) is not None)
    table = what_if(model, explained, row)  # type: ignore[arg-type]
    usual = {f.name: explained.peers.median(f, big.index.at[row, "nc_year"]) for f in ALL_FEATURES}
    assert table.set_index("feature")["instead"].to_dict() == {name: value for name, value in usual.items() if value is not None}
    assert not {"safety_signs_365d", "police_notices_365d"} & set(table["feature"])
    nobody = replace(explained, peers=type(explained.peers)({}))
    assert what_if(model, nobody, row).empty  # type: ignore[arg-type]


def test_an_unknown_row_or_feature_is_refused() -> None:
    with pytest.raises(SettingsError, match="not among the explained"):
        what_if(MODEL, EXPLAINED, "nobody@2025-11-03")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="absence_share_90"):
        what_if(MODEL, EXPLAINED, ROWS[0], {"absence_share_9d": 1.0})  # type: ignore[arg-type]


def test_shap_draws_its_waterfall_and_beeswarm_from_our_terms() -> None:
    shap = pytest.importorskip("shap")
    import matplotlib.pyplot as plt

    explanation = EXPLAINED.to_shap()
    assert explanation.values.sum(axis=1) + explanation.base_values == pytest.approx(MODEL.scores(MATRIX.X).to_numpy())
    for draw in (lambda: shap.plots.waterfall(explanation[0], show=False), lambda: shap.plots.beeswarm(explanation, show=False)):
        draw()
        assert plt.gcf().axes
        plt.close("all")
    assert isinstance(EXPLAINED.frame(), pd.DataFrame)
