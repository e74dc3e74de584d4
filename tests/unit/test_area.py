"""Whole year groups for the same places: chosen by what was known, never more families than places, and no small count published."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from early_id.core.errors import InputDataError
from early_id.features.matrix import row_keys
from early_id.screening.area import SMALLEST, area_targeting
from early_id.screening.area_page import area_page

DAYS = ("2024-03-18", "2025-03-17", "2025-11-10")
#: School, year, children, children with the outcome at each of the first two dates.
CELLS = (("S1", "7", 40, 20, 20), ("S1", "8", 40, 2, 2), ("S2", "7", 40, 4, 12), ("S2", "8", SMALLEST - 1, 9, 9))


@dataclass(frozen=True)
class Council:
    matrix: Any
    model: Any


@pytest.fixture(scope="module")
def made() -> Council:
    rows = []
    for number, day in enumerate(DAYS):
        for school, year, n, *found in CELLS:
            for i in range(n):
                y = float(i < found[number]) if number < 2 else np.nan
                rows.append(
                    {
                        "child_id": f"{school}{year}-{i}",
                        "as_of": pd.Timestamp(day),
                        "family_id": f"{school}{year}-{i}",
                        "school_id": school,
                        "nc_year": year,
                        "y": y,
                    }
                )
    index = pd.DataFrame(rows)
    index["mature_on"] = index["as_of"] + pd.Timedelta(days=210)
    index.index = row_keys(index["child_id"], index["as_of"])
    test = index[index["as_of"] == DAYS[1]]
    # A model that puts the year group with many outcomes last, and within it knows the children.
    held = test.assign(score=np.where(test["school_id"] == "S2", 2.0, 0.0) + test["y"])[["child_id", "as_of", "family_id", "school_id", "score", "y"]]
    matrix = SimpleNamespace(index=index.drop(columns="y"), y=pd.DataFrame({"need": index["y"]}))
    return Council(matrix, SimpleNamespace(outcome="need", held_out=held, capacity=40))


def test_the_year_group_with_the_most_recognised_need_comes_first_and_no_place_too_many(made: Council) -> None:
    found = area_targeting(made.matrix, made.model, as_of=DAYS[2], places=45)
    assert found.cells.to_dict("records") == [{"school_id": "S1", "year": "Year 7", "children": 40, "families": 40}]
    both = area_targeting(made.matrix, made.model, as_of=DAYS[2], places=80)
    assert both.cells[["school_id", "year"]].to_numpy().tolist() == [["S1", "Year 7"], ["S2", "Year 7"]] and both.families == 80


def test_outcomes_that_were_not_known_by_the_date_choose_nothing(made: Council) -> None:
    """At the test date only the first date had matured: S2's Year 7, which did badly at the test date itself, is not chosen for that."""
    early = area_targeting(made.matrix, made.model, as_of=DAYS[1], places=80)
    assert early.cells[["school_id", "year"]].to_numpy().tolist() == [["S1", "Year 7"], ["S2", "Year 7"]]
    whole = next(one for one in early.efficiency if one.name == "whole year groups")
    assert (whole.families, whole.with_outcome) == (40, 20)  # S1's Year 7, by its rate of the first date


def test_how_each_way_would_have_done_is_counted_by_hand(made: Council) -> None:
    found = {one.name: one for one in area_targeting(made.matrix, made.model, as_of=DAYS[2], places=40).efficiency}
    listed, whole, lot = found["the list"], found["whole year groups"], found["families drawn by lot"]
    # The list takes the 21 children of S2 with the outcome (12 and 9), then 19 of its 28 others.
    assert (listed.families, listed.with_outcome, listed.reached, listed.outcomes) == (40, 21, 21, 43)
    assert whole.precision[0] == pytest.approx(0.5) and whole.recall[0] == pytest.approx(20 / 43)
    assert lot.precision[0] == pytest.approx(43 / 129) and lot.recall[0] == pytest.approx(40 / 129)
    assert all(one.precision[1] <= one.precision[0] <= one.precision[2] for one in found.values())


def test_the_page_names_no_child_and_shows_no_small_count(made: Council) -> None:
    found = area_targeting(made.matrix, made.model, as_of=DAYS[2], places=80)
    page = area_page(found, {"S1": "One School", "S2": "Two School"}, watermark="Made-up data")
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))
    assert "One School" in text and "PUBLISHABLE" in text and "S17-" not in page
    assert {int(n) % 5 for n in re.findall(r"Year \d+\s+(\d+)", text)} == {0}
    held = area_page(area_targeting(made.matrix, made.model, as_of=DAYS[2], places=80, withheld=True), {})
    assert "No result is shown" in held and "drawn by lot" not in held


def test_too_few_places_for_any_year_group_is_said(made: Council) -> None:
    with pytest.raises(InputDataError, match="large enough"):
        area_targeting(made.matrix, made.model, as_of=DAYS[2], places=9)
