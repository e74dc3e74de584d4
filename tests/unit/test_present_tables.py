"""The workbook of tables: nothing from data becomes a formula, a link or a note; the same bytes for the same content."""

from __future__ import annotations

import math
from datetime import date
from io import BytesIO

import openpyxl
import pytest

from early_id.core.errors import EarlyIdError
from early_id.present.tables import EMPTY, LEGEND, tables_bytes
from early_id.present.workbook import Sheet

HOSTILE = ["=1+1", "{=1+1}", "+A1", "-2+3", "@SUM(A1)", "[click](http://example.org)", "$$note$$ $$$", "http://example.org", "–", "其他", "   ", "12"]


def book(sheets: list[Sheet]) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(tables_bytes(sheets, title="Tables", about=["RESTRICTED.", "A line"], restricted="RESTRICTED")))


def test_a_value_from_data_stays_text() -> None:
    page = book([Sheet("by group", ["Group", "n"], [[text, n] for n, text in enumerate(HOSTILE)], title="=title")])["by group"]
    cells = {row[0].value: row[0] for row in page.iter_rows(min_row=1)}
    assert not [cell for row in page.iter_rows() for cell in row if cell.data_type == "f" or cell.hyperlink]
    for text in (t for t in HOSTILE if t[0] in "=+-@"):
        assert cells[text].data_type == "s" and cells[text].quotePrefix
    assert "[click] (http://example.org)" in cells and "$ $note$ $ $ $ $" in cells and "– (as recorded)" in cells and "12" in cells
    assert "=title" in cells and EMPTY in cells


def test_cover_list_of_sheets_and_marked_tables() -> None:
    sheets = [
        Sheet(name, ["Group", "Share", "On"], [["a", 0.5, date(2025, 11, 3)], ["b", math.nan, None]], notes=("Note",)) for name in ("one", "two")
    ]
    made = book(sheets)
    assert made.sheetnames == ["Read first", "Sheets", "one", "two"]
    assert [cell.hyperlink.location for cell in made["Sheets"]["A"] if cell.hyperlink] == ["'one'!A1", "'two'!A1"]
    page = made["one"]
    (table,) = page.tables.values()
    assert [column.name for column in table.tableColumns] == ["Group", "Share", "On"]
    values = [cell.value for row in page.iter_rows() for cell in row]
    assert values.count(EMPTY) == 2 and LEGEND in values and "3 November 2025" in values and 0.5 in values
    assert page.oddFooter.left.text.startswith("RESTRICTED")


def test_equal_content_gives_equal_bytes_and_equal_headings_are_told_apart() -> None:
    sheets = [Sheet("one", ["Measure", "Measure"], [["a", 1]])]
    first, again = (tables_bytes(sheets, title="t", about=["x"], restricted="") for _ in range(2))
    assert first == again
    assert "Measure (2)" in {cell.value for row in book(sheets)["one"].iter_rows() for cell in row}


def test_what_excel_cannot_hold_is_refused() -> None:
    with pytest.raises(EarlyIdError, match="more than 32,767 characters") as error:
        tables_bytes([Sheet("one", ["a"], [["x" * 40_000]])], title="t", about=["x"], restricted="")
    assert "xxx" not in str(error.value)
    with pytest.raises(ValueError, match="no rows"):
        tables_bytes([Sheet("one", ["a"], [])], title="t", about=["x"], restricted="")
