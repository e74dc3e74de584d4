"""Printing: rows as tall as their text, one font for cells and column widths, a foot that is whole or shows that it is not."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest

from early_id.present.printing import foot_text, lines_of
from early_id.present.workbook import Sheet, write_workbook

BANNER = (
    "RESTRICTED. For the designated safeguarding lead and named deputies, All & Sundry School. Do not forward or copy. "
    "Made-up data: no real child, family or school is in it"
)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, 1),
        ("nine char", 10, 1),
        ("one two three", 8, 2),
        ("a\n\nb", 10, 3),
        ("illimitability", 10, 1),
        ("MMMMMMMMMM", 10, 2),
        ("x" * 45, 10, 5),
        ("word " * 20, 12, 10),
    ],
)
def test_lines_follow_the_width_of_letters_and_break_at_words(text: str, width: float, lines: int) -> None:
    assert lines_of(text, width) == lines


def test_more_room_never_takes_more_lines() -> None:
    text = "Being in school: missed some or all of 6 days in the last 6 school weeks. Attendance register, newest record 11 May 2025."
    counts = [lines_of(text, width) for width in range(5, 120)]
    assert counts == sorted(counts, reverse=True) and counts[-1] == 1


def test_a_foot_is_whole_and_a_cut_is_shown() -> None:
    assert foot_text(BANNER, 62, 3).replace("\n", " ").replace("&&", "&") == BANNER
    cut = foot_text(BANNER * 5, 95, 2)
    assert cut.endswith("…") and len(cut) < 225 and cut.count("\n") == 1


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [["Short", "one two three four five six seven"], ["Short", "one"]]
    sheets = [Sheet("List", ["Name", "Said"], rows, widths=(20, 12)), Sheet("Notes", notes=["A note"], landscape=False)]
    return write_workbook(tmp_path_factory.mktemp("book") / "book.xlsx", sheets, title="A list", restricted=BANNER)


def test_both_directions_carry_the_whole_foot(book: Path) -> None:
    for sheet in openpyxl.load_workbook(book):
        left = sheet.oddFooter.left.text
        assert left.replace("\n", " ").replace("&&", "&") == BANNER, sheet.title
        assert "Page" in sheet.oddFooter.right.text


def test_columns_are_measured_in_the_font_of_the_cells(book: Path) -> None:
    """The first font of a workbook is the one in whose digits columns are measured."""
    fonts = zipfile.ZipFile(book).read("xl/styles.xml").decode().split("<fonts")[1]
    assert fonts.split("<name val=")[1].startswith('"Arial"')


def test_rows_are_as_tall_as_their_text(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["List"]
    assert sheet.row_dimensions[2].height == pytest.approx(4 * 13.8 + 2, abs=0.75)
    assert sheet.row_dimensions[3].height == pytest.approx(13.8 + 2, abs=0.75)
