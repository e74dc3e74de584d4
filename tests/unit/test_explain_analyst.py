"""The box that only analysts and governance see: band in words, nearness to the edge, reasons that swap."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from explain_fixtures import fake_matrix, model_for

from early_id.core.errors import SettingsError
from early_id.explain.analyst import analyst_marks
from early_id.explain.explanations import explain_scores
from early_id.explain.swaps import Swaps

MATRIX = fake_matrix(60)
MODEL = model_for("school_lead", MATRIX)
WHY = explain_scores(MODEL, MATRIX)  # type: ignore[arg-type]
SCORES = WHY.contributions.scores.sort_values(ascending=False)
BANDS = pd.DataFrame(
    {"band": ["higher", "lower"], "observed": [0.34, 0.05], "observed_low": [0.28, 0.03], "observed_high": [0.41, 0.08]},
)


def trial(edges: tuple[float, ...] = (0.5,), bands: pd.DataFrame = BANDS) -> Any:
    best = SimpleNamespace(probabilities=lambda X: pd.Series(0.9, index=X.index))
    return SimpleNamespace(best=best, further=SimpleNamespace(band_edges=edges, bands=bands))


def test_the_band_is_told_with_what_was_observed_in_it() -> None:
    assert analyst_marks(WHY, SCORES.index[0], trial()).lines == (
        "Of 100 children in the higher band about 34 (28 to 41) were later offered early help or referred and accepted; "
        "that is not the same as needing it.",
    )
    assert "too few outcomes" in analyst_marks(WHY, SCORES.index[0], trial((), BANDS.iloc[:0])).band


def test_the_edge_is_the_best_score_without_a_place_in_the_same_school() -> None:
    own = SCORES[(MATRIX.index["school_id"] == "s0").reindex(SCORES.index)]
    families = MATRIX.index["family_id"].reindex(own.index)
    first, after = own.index[0], own[families != families.iloc[0]].index[0]
    near = own.loc[first] - own.loc[after] <= 0.1
    assert analyst_marks(WHY, first, trial(), listed=[first]).edge.startswith("Near the edge" if near else "Not near")
    everyone = list(own.index)
    assert analyst_marks(WHY, first, trial(), listed=everyone).edge == "No child of the same school is left without a place."
    assert analyst_marks(WHY, after, trial(), listed=[first]).edge == ""
    # Lifted above everybody, the child is not near it; put level with the next, it is.
    for score, said in ((own.loc[after] + 5, "Not near"), (own.loc[after] + 0.01, "Near the edge")):
        WHY.contributions.scores.loc[first] = score
        assert analyst_marks(WHY, first, trial(), listed=[first]).edge.startswith(said)
    WHY.contributions.scores.loc[first] = own.loc[first]


def test_reasons_that_swap_are_marked_on_the_analysts_sheet_and_on_no_other() -> None:
    key = next(key for key in SCORES.index if WHY.for_row(key).noticed)
    theme = WHY.for_row(key).noticed[0].theme
    swaps = Swaps(pd.DataFrame({"row": [key], "theme": [theme], "held": [0.5], "swaps": [True]}), 8)
    page = WHY.page(key, marks=analyst_marks(WHY, key, trial(), swaps=swaps))
    assert page.count("(swaps between refits)") == 1 and "For analysts and governance only." in page
    assert "RESTRICTED. For analysts and governance only." in page
    plain = WHY.page(key)
    assert "swaps between" not in plain and "analysts" not in plain and " band" not in plain.split("<main")[1]
    none = analyst_marks(WHY, key, trial(), swaps=Swaps(swaps.reasons.assign(swaps=False), 8))
    assert none.swaps.endswith("none is marked.") and not none.swapping


def test_a_row_that_was_not_explained_is_refused() -> None:
    with pytest.raises(SettingsError, match="not among the explained"):
        analyst_marks(WHY, "nobody@2025-11-03", trial())
