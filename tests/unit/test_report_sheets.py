"""The workbook of tables: each figure is a number shown as what it is, and no heading or cell is the audit's own short name."""

from __future__ import annotations

import re
from typing import Any

import openpyxl
import pandas as pd
import pytest

from early_id.audit.table import audit_table
from early_id.config.settings import AuditSettings
from early_id.report.governance import governance_pack

#: What may stand in a cell of text: no short name with a line under it, nothing of the machine's.
OWN_NAME = re.compile(r"\b[a-z]+_[a-z_]+\b|^(nan|NaN|None|True|False|NaT)$")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import numpy as np

    rng, n = np.random.default_rng(5), 3000
    frame = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], n), "area": rng.choice(["north", "south", "east", None], n), "family": rng.integers(0, 2000, n)}
    )
    frame["y"] = (rng.random(n) < 0.15).astype(float)
    frame["found"] = np.where(rng.random(n) < 0.9, frame["y"], 1 - frame["y"])
    frame["score"] = rng.random(n) + frame["y"] / 2
    frame["p"] = np.clip(0.15 + 0.1 * rng.normal(size=n), 0.01, 0.9)
    result = audit_table(
        frame, label="y", groups={"sex": "Sex", "area": "Area"}, settings=AuditSettings(), score="score", capacity=200, cluster="family", probability="p", others=["found"]
    )  # fmt: skip
    made = governance_pack(None, {"table": result}, to=tmp_path_factory.mktemp("sheets") / "g.html")
    return openpyxl.load_workbook(made["tables"])


def _table(page: Any) -> tuple[list[str], list[list[Any]]]:
    rows = [list(row) for row in page.iter_rows()]
    at = next(n for n, row in enumerate(rows) if sum(cell.value is not None for cell in row) > 1)
    return [cell.value for cell in rows[at]], rows[at + 1 :]


def test_shares_are_per_cents_gaps_are_points_and_both_are_numbers(book: Any) -> None:
    headings, rows = _table(book["The list audited by group"])
    figure, gap, measure, p = (headings.index(name) for name in ("Figure", "Gap (of shares: in points)", "Measure", "Adjusted p-value"))
    shown = {row[measure].value: (row[figure].number_format, row[gap].number_format) for row in rows if isinstance(row[gap].value, int | float)}
    assert shown["Share missed of those with the outcome"] == ("0.0%", "+0.0;-0.0;0.0")
    assert shown["Observed against expected"] == ("0.00", "+0.00;-0.00;0.00")
    assert {row[figure].number_format for row in rows if row[measure].value == "Children"} == {"#,##0"}
    assert all(isinstance(row[figure].value, int | float) for row in rows)
    missed = [row for row in rows if row[measure].value == "Share missed of those with the outcome"]
    f, m = (next(row for row in missed if row[1].value == group) for group in ("f", "m"))
    assert f[gap].value == pytest.approx(100 * (f[figure].value - m[figure].value), abs=0.02) and f[p].number_format == "0.000"
    _, bands = _table(book["The list audited bands"])
    assert {row[6].number_format for row in bands} <= {"0.00", "General"}


def test_no_heading_and_no_cell_is_the_audits_own(book: Any) -> None:
    wrong = [
        (page.title, cell.value)
        for page in book
        for row in page.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and OWN_NAME.search(cell.value)
    ]
    assert wrong == []


def test_every_measure_is_explained_on_a_sheet_of_words(book: Any) -> None:
    said = {row[0].value for row in _table(book["words"])[1]}
    headings, rows = _table(book["The list audited by group"])
    measures = {row[headings.index("Measure")].value for row in rows} - {"Children", "Children with the outcome"}
    assert measures <= said and len(measures) == 7


def test_every_sheet_with_figures_says_what_they_are_counted_in(book: Any) -> None:
    for name in book.sheetnames[3:]:
        notes = " ".join(str(row[0].value) for row in book[name].iter_rows(max_row=4))
        assert "RESTRICTED. Full counts." in notes, name
