"""Workbooks and files: safe, whole, the same for the same content."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from early_id.core.errors import BusyError, EarlyIdError, SettingsError
from early_id.present import write
from early_id.present.workbook import Sheet, workbook_bytes, write_workbook

NASTY = ["=1+1", "+44 20", "-x", "@sum", "=cmd|'/c calc'!A1", "https://example.test", "007", "a\x0bb", "Zoë ✓"]
OUTCOMES = [f"{n}: a long answer, with a comma, that would not fit into the rule itself" for n in range(8)]


def sheet(**more: object) -> Sheet:
    settings: dict[str, object] = {
        "name": "List",
        "headings": ("Name", "Born", "Sessions", "Your decision"),
        "rows": [(text, date(2015, 3, 2), 3, None) for text in NASTY],
        "title": "A list",
        "notes": (
            "One note.",
            "Another note that is rather longer than the first one, so that it goes over more than one line.",
        ),
        "dropdowns": {"Your decision": OUTCOMES},
        "unlocked": ("Your decision",),
        "protected": True,
        "blank_rows": 2,
    }
    return Sheet(**{**settings, **more})  # type: ignore[arg-type]


def test_text_from_data_stays_text(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", [sheet()], title="T", restricted=True)
    page = openpyxl.load_workbook(path)["List"]
    cells = [page.cell(row=row, column=1) for row in range(6, 6 + len(NASTY))]
    assert [cell.data_type for cell in cells] == ["s"] * len(NASTY)
    assert [cell.value for cell in cells[:7]] == NASTY[:7] and cells[8].value == NASTY[8]
    assert all(cell.quotePrefix for cell in cells[:5]) and not cells[6].quotePrefix
    assert not any(cell.hyperlink for cell in cells)


def test_same_content_same_bytes_at_any_time() -> None:
    first = workbook_bytes([sheet()], title="T", restricted=True)
    time.sleep(1.1)  # file times inside a workbook count in seconds
    assert workbook_bytes([sheet()], title="T", restricted=True) == first
    assert workbook_bytes([sheet(title="Other")], title="T", restricted=True) != first


def test_only_the_columns_to_fill_in_are_unlocked_and_offer_all_answers(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", [sheet()], title="T", restricted=True)
    book = openpyxl.load_workbook(path)
    page = book["List"]
    assert page.protection.sheet
    assert [page.cell(row=6, column=c).protection.locked for c in (1, 2, 3, 4)] == [True, True, True, False]
    (rule,) = page.data_validations.dataValidation
    assert str(rule.sqref) == f"D6:D{5 + len(NASTY) + 2}"
    assert [row[0].value for row in book["Choices"].iter_rows()] == OUTCOMES
    assert book["Choices"].sheet_state == "veryHidden"


def test_print_settings(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "a.xlsx", [sheet()], title="Fish & chips", restricted="RESTRICTED: made-up data")
    page = openpyxl.load_workbook(path)["List"]
    assert page.page_setup.paperSize == 9 and page.page_setup.orientation == "landscape"
    assert page.page_setup.fitToHeight == 0 and page.print_title_rows == "$5:$5"
    assert "RESTRICTED" in page.oddFooter.left.text
    assert page.freeze_panes == "B6"


def test_rows_are_as_tall_as_their_longest_cell(tmp_path: Path) -> None:
    rows = [("short", "x"), ("word " * 40, "x"), ("word " * 4000, "x")]
    path = write_workbook(tmp_path / "a.xlsx", [Sheet("S", ("a", "b"), rows, widths=(20, 10))], title="T", restricted=False)
    heights = [openpyxl.load_workbook(path)["S"].row_dimensions[n].height for n in (2, 3, 4)]
    assert heights[0] < 20 and 140 < heights[1] < 300 and 400 < heights[2] <= 409


def test_numbers_of_numpy_and_missing_values(tmp_path: Path) -> None:
    rows = [(np.int64(3), np.float64("nan"), pd.NaT, True), (float("nan"), None, pd.Timestamp("2025-01-02"), False)]
    path = write_workbook(tmp_path / "a.xlsx", [Sheet("S", ("a", "b", "c", "d"), rows)], title="T", restricted=False)
    values = list(openpyxl.load_workbook(path)["S"].values)
    assert values[1] == (3, None, None, "yes")
    assert values[2][0] is None and values[2][2].date() == date(2025, 1, 2) and values[2][3] == "no"


def test_a_sheet_refuses_unknown_columns_and_ragged_rows() -> None:
    with pytest.raises(ValueError, match="no column"):
        sheet(unlocked=("Nothing",))
    with pytest.raises(ValueError, match="one cell a heading"):
        sheet(rows=[("a",)])


def test_too_long_a_cell_is_one_message_without_the_text() -> None:
    with pytest.raises(EarlyIdError) as caught:
        workbook_bytes([Sheet("S", ("a",), [("secret" * 9_000,)])], title="T", restricted=False)
    assert "secret" not in str(caught.value)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.txt"
    write.write_text(target, "one\n")
    write.write_text(target, "two £\n")
    assert target.read_bytes() == "two £\n".encode()
    assert [path.name for path in target.parent.iterdir()] == ["a.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
def test_a_private_file_can_never_be_read_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    put = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, target: (seen.append(self.stat().st_mode & 0o777), put(self, target))[1])
    for private in (True, False):
        write.write_text(tmp_path / f"{private}.txt", "one", private=private)
    assert seen == [0o600, 0o666 & ~write._umask()] and (tmp_path / "True.txt").stat().st_mode & 0o777 == 0o600


def test_a_target_open_elsewhere_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = write.write_text(tmp_path / "a.xlsx", "old")

    def refuse(*_: object) -> None:
        raise PermissionError("in use")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(BusyError, match="open in another program"):
        write_workbook(target, [sheet()], title="T", restricted=True)
    assert target.read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]


def test_a_folder_that_is_a_file_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        write.write_text(tmp_path / "x" / "a.txt", "")
