"""How a gap stands on the page: what could have been seen of it both ways, the tolerance beside it, and the list of somebody else."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import report_material

from early_id.report.governance import governance_html
from early_id.report.groups import GroupRow, Groups, group_rows
from early_id.report.headings import plain_sheet
from early_id.report.section import beside_tolerance, smallest, smallest_in_words, with_verdict
from early_id.report.sheets import all_sheets
from early_id.report.showing import Figure, Showing


def words_of(trial: Any, audit: Any, *, publishable: bool = False) -> str:
    """A page as a reader without pictures has it."""
    page = re.sub(r"<style.*?</style>", "", governance_html(trial, audit, None, publishable=publishable), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def row(**change: object) -> GroupRow:
    return replace(
        GroupRow(
            "sex",
            "Sex",
            "Girls",
            "missed_share",
            50,
            Figure(0.9, 0.8, 0.95),
            Figure(0.06, 0.02, 0.1),
            0.08,
            "gap found",
            smallest_below=-0.1,
            rest_n=50,
        ),
        **change,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("above", "below", "cell", "words"),
    [
        (0.084, -0.104, "+8.4, −10", "seen from 8.4 above or 10 below"),
        (0.12, -0.12, "±12", "seen from 12 either way"),
        (None, -0.57, "–, −57", "seen from 57 below (never above)"),
        (0.34, None, "+34, –", "seen from 34 above (never below)"),
        (None, None, "–", "no gap would be seen"),
    ],
)
def test_the_smallest_gap_is_said_for_both_ways(above: float | None, below: float | None, cell: str, words: str) -> None:
    one = row(smallest=above, smallest_below=below)
    assert (smallest(one), smallest_in_words(one)) == (cell, words)


def test_the_audits_own_columns_give_both_ways_and_none_above_where_none_could_be_seen() -> None:
    rows = report_material.audit().rows
    rows.loc[rows["measure"] == "missed_share", ["smallest_detectable", "smallest_detectable_lower"]] = -0.57
    found = group_rows(rows, Showing(False))
    assert {(one.smallest, one.smallest_below) for one in found.of("missed_share")} == {(None, -0.57)}
    assert {(one.smallest, one.smallest_below) for one in found.of("false_flag_rate")} == {(0.12, -0.1)}
    text = words_of(report_material.trial(), SimpleNamespace(**{**vars(report_material.audit()), "rows": rows}))
    assert "In who is missed, gaps would show 4 times in 5 only from 57 points below; none above" in text


@pytest.mark.parametrize(
    ("tolerance", "said"), [(None, ""), (0.01, ", beyond the tolerance"), (0.05, ", across the tolerance"), (0.2, ", inside the tolerance")]
)
def test_a_gap_found_is_set_beside_the_tolerance(tolerance: float | None, said: str) -> None:
    assert beside_tolerance(row(), tolerance) == said
    assert str(with_verdict(row(verdict="no gap found"), tolerance)) == "Sex: Girls: none beyond the tolerance"


def test_the_tolerance_itself_is_on_the_page() -> None:
    made = report_material.audit()
    made.meta = {**made.meta, "tolerances": {"missed_share": 0.1}}
    assert "What the board tolerates either way, as it set beforehand: missed share, 10 points." in words_of(report_material.trial(), made)


def test_of_a_list_that_somebody_else_made_it_is_said_how_often_it_is_right_and_whom_it_misses() -> None:
    made = report_material.audit()
    share = {"n": 300.0, "value": 0.7, "low": 0.6, "high": 0.8}
    made.meta = {**made.meta, "audience": "table", "listed": 200.0, "rows": 4900, "overall": {"missed_share": share, "precision": share}}
    for publishable in (False, True):
        text = words_of(None, {"table": made}, publishable=publishable)
        assert "Of every 10 children listed, those who later had a need recognised about 7" in text
        assert "The list audited: of every 10 children who later had a need recognised, about 7 were not listed." in text
        assert "of every 10 children listed, about 3 were listed without need" in text
        assert "The list audited: 200 of 4,900 children." in text and "No lists have been made yet" not in text


def test_a_characteristic_with_groups_too_small_to_compare_shows_no_figure() -> None:
    groups = Groups((row(verdict="cannot tell", n=4), row(verdict="cannot tell", group="not known")))
    assert groups.largest("Sex") is None


def test_sheets_have_headings_in_words_and_figures_as_numbers() -> None:
    frame = pd.DataFrame(
        {
            "characteristic": ["sex"], "group": ["female"], "measure": ["missed_share"], "value": [0.91234], "smallest_detectable": [-0.57],
            "smallest_detectable_lower": [-0.57], "verdict": [""], "primary": [True], "characteristic_label": ["Sex"], "measure_label": ["Share missed"],
            "members": ["7"], "evidence": [True],
        }
    )  # fmt: skip
    headings, rows = plain_sheet(frame, "places", {})
    cells = dict(zip(headings, rows[0], strict=True))
    assert list(cells)[:3] == ["Characteristic", "Group", "Measure"] and cells["Figure"] == 0.9123 and cells["Can we tell?"] == "not tested"
    above, below = (cells[f"Smallest gap we would see in 4 of 5 audits, {way}"] for way in ("above", "below"))
    assert (above, below) == (None, -57.0)  # points
    themes = pd.DataFrame({"theme": ["Safety"], "precision": [-0.02], "gap": ["Sex: female|missed_share"]})
    headings, rows = plain_sheet(themes, "themes", {})
    assert headings[1] == "Change in the share with need of those listed, in points" and rows[0][2].startswith("Sex: female: share missed")


def test_the_audits_own_tables_leave_no_short_name_on_a_sheet() -> None:
    made = report_material.everything()
    sheets = all_sheets(made["audit"], made["trial"], made["lists"], made["context"])
    headings = [heading for sheet in sheets for heading in sheet.headings]
    assert not [heading for heading in headings if "_" in heading or heading in ("N", "Auc", "Low", "High", "Says", "Difference")]
    models = next(sheet for sheet in sheets if sheet.name.endswith("models"))
    assert all(isinstance(cell, float) for row in models.rows for cell in row[1:] if cell is not None)
