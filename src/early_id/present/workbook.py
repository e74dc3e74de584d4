"""Excel workbooks that are safe to open and the same to the byte for the same content.

Text from data is only ever written as text: nothing becomes a formula, a link or a number by itself, and text that
begins with a sign Excel reads as a formula carries Excel's own quote mark, so that it stays text when a cell is edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from early_id.core.errors import EarlyIdError
from early_id.present.printing import lines_of, set_up_page
from early_id.present.write import write_bytes

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Value: TypeAlias = str | int | float | bool | date | None

#: Fixed, because a creation time would make two equal workbooks differ.
CREATED = datetime(2000, 1, 1)
LONGEST = 32_767  # characters in a cell (Excel specifications and limits)
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_CHOICES = "Choices"
_INDENT = 1.3  # characters that the space before the text of a cell takes
_ROOM = 0.95  # of a cell's width: programs differ a little in how they break lines
_LINE, _BLANK, _TALLEST = 13.8, 27.0, 409.0  # points; Excel allows no row above 409

_BASE = {"font_name": "Arial", "font_size": 11, "valign": "top"}
_STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 16},
    "subtitle": {"bold": True, "text_wrap": True, "valign": "bottom"},
    "note": {"text_wrap": True},
    "heading": {"bold": True, "text_wrap": True, "bottom": 2, "bg_color": "#E6ECF3", "valign": "bottom", "align": "left", "indent": 1},
    # The line between columns keeps words of neighbouring cells apart.
    "cell": {"bottom": 1, "bottom_color": "#B5BAC0", "right": 1, "right_color": "#DDE1E6"},
    "entry": {"bottom": 1, "bottom_color": "#B5BAC0", "left": 1, "right": 1, "bg_color": "#FFFBE6", "locked": False},
}


@dataclass(frozen=True)
class Sheet:
    """One sheet: notes, then a table.

    Parameters
    ----------
    name : str
        At most 31 characters, without ``[ ] : * ? / \\``.
    headings, rows
        The table. Cells are text, numbers, dates, yes/no or None (left empty). No rows and no headings: a sheet of notes.
    title : str
        First line of the sheet; left out where empty.
    notes : sequence of str or (heading, text)
        Lines above the table, each across the whole width.
    widths : sequence of float
        Column widths in characters; 16 where not given.
    wrap : bool
        Whether long text wraps.
    dropdowns : mapping
        Heading -> the answers on offer in that column. Other answers are refused with a message.
    protected : bool
        Lock the sheet (without a password) but for the columns in ``unlocked``.
    unlocked : sequence of str
        Headings of columns that people fill in; drawn as boxes.
    blank_rows : int
        Empty rows after the table for people to fill in.
    landscape : bool
        Page direction; the sheet is one page wide when printed.
    print_columns : int
        Columns that are printed, from the left; all of them where 0. Columns to fill in on the screen would only make the print small.
    one_page : bool
        The whole sheet on one side of paper.
    """

    name: str
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[Value]] = ()
    title: str = ""
    notes: Sequence[str | tuple[str, str]] = ()
    widths: Sequence[float] = ()
    wrap: bool = True
    dropdowns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    protected: bool = False
    unlocked: Sequence[str] = ()
    blank_rows: int = 0
    landscape: bool = True
    print_columns: int = 0
    one_page: bool = False

    def __post_init__(self) -> None:
        unknown = [name for name in (*self.dropdowns, *self.unlocked) if name not in self.headings]
        if unknown:
            raise ValueError(f"sheet '{self.name}' has no column {unknown[0]!r}")
        if any(len(row) != len(self.headings) for row in self.rows):
            raise ValueError(f"every row of sheet '{self.name}' needs one cell a heading")
        if self.name == _CHOICES:
            raise ValueError(f"the name '{_CHOICES}' is kept for the answers on offer")

    def width_of(self, column: int) -> float:
        """Width of a column in characters."""
        return self.widths[column] if column < len(self.widths) else 16.0


def write_workbook(path: Path | str, sheets: Sequence[Sheet], *, title: str, restricted: bool | str, private: bool = False) -> Path:
    """Write a workbook whole or not at all.

    Parameters
    ----------
    path : path
        Target; replaced in one step.
    sheets : sequence of Sheet
        In order; the first is the one that opens.
    title : str
        In the file's properties and at the head of each printed page.
    restricted : bool or str
        What the foot of each printed page says: True for "RESTRICTED", or your own words.
    private : bool
        Whether nobody but its owner may read it, from the first moment on.

    Raises
    ------
    BusyError
        The target is open in another program.
    """
    return write_bytes(path, workbook_bytes(sheets, title=title, restricted=restricted), private=private)


def workbook_bytes(sheets: Sequence[Sheet], *, title: str, restricted: bool | str) -> bytes:
    """The bytes :func:`write_workbook` writes."""
    from xlsxwriter import Workbook

    buffer = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        # Column widths count digits of this font, so it has to be that of the cells.
        "default_format_properties": {"font_name": _BASE["font_name"], "font_size": _BASE["font_size"]},
    }
    book = Workbook(buffer, options)
    book.set_properties({"title": title, "created": CREATED, "author": "early_id", "comments": _foot(restricted)})
    formats = _Formats(book)
    choices = _Choices(sheets)
    for sheet in sheets:
        _write_sheet(book.add_worksheet(sheet.name), sheet, formats, choices, title=title, foot=_foot(restricted))
    choices.write(book)
    book.close()
    return buffer.getvalue()


def _foot(restricted: bool | str) -> str:
    return restricted if isinstance(restricted, str) else ("RESTRICTED" if restricted else "")


class _Formats:
    """Formats made once each, because a workbook stores every one that is asked for."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}

    def get(self, style: str, **more: Any) -> Format:
        wanted = {**_BASE, **_STYLES[style], **more}
        key = tuple(sorted(wanted.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(wanted)
        return self._made[key]


class _Choices:
    """Answers on offer stand on a hidden sheet: Excel allows only 255 characters, and no commas, in the rule itself."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self._lists = list(dict.fromkeys(tuple(options) for sheet in sheets for options in sheet.dropdowns.values()))

    def reference(self, options: Sequence[str]) -> str:
        column = self._lists.index(tuple(options))
        from xlsxwriter.utility import xl_col_to_name

        letter = xl_col_to_name(column)
        return f"={_CHOICES}!${letter}$1:${letter}${len(options)}"

    def write(self, book: Workbook) -> None:
        if not self._lists:
            return
        page = book.add_worksheet(_CHOICES)
        for column, options in enumerate(self._lists):
            for row, option in enumerate(options):
                page.write_string(row, column, option)
        page.very_hidden()


def _write_sheet(page: Worksheet, sheet: Sheet, formats: _Formats, choices: _Choices, *, title: str, foot: str) -> None:
    last = max(len(sheet.headings) - 1, 0)
    shown = sheet.print_columns - 1 if 0 < sheet.print_columns <= last else last  # notes reach as far as is printed
    for column in range(last + 1):
        page.set_column(column, column, sheet.width_of(column))
    across = sum(sheet.width_of(column) for column in range(shown + 1))
    row = 0
    lines = [(sheet.title, "title", 16)]
    for note in sheet.notes:
        lines += [(note, "note", 11)] if isinstance(note, str) else [(note[0], "subtitle", 11), (note[1], "note", 11)]
    for line, style, size in lines:
        if line:
            _write_across(page, row, shown, line, formats.get(style), across=across, size=size)
            row += 1
    if sheet.headings:
        row += 1 if row else 0
        end = _write_table(page, sheet, row, formats, choices)
        page.repeat_rows(row)
        page.print_area(0, 0, end, shown)
        page.freeze_panes(row + 1, 1)
    if sheet.protected:
        page.protect("", {"format_columns": True, "format_rows": True, "select_locked_cells": True})
    set_up_page(page, landscape=sheet.landscape, one_page=sheet.one_page, head=(title, sheet.name), foot=foot)


def _write_across(page: Worksheet, row: int, last: int, text: str, style: Format, *, across: float, size: int) -> None:
    # Letters of a title are larger, so the cell is as if narrower.
    page.set_row(row, lines_of(text, across * _ROOM * 11 / size) * size * 1.4 + 3)
    if last:
        page.merge_range(row, 0, row, last, "", style)
    _write_cell(page, row, 0, text, style)


def _write_table(page: Worksheet, sheet: Sheet, first: int, formats: _Formats, choices: _Choices) -> int:
    """The table, from row ``first`` down; its last row."""
    for column, heading in enumerate(sheet.headings):
        page.write_string(first, column, heading, formats.get("heading"))
    page.set_row(first, _height(sheet, sheet.headings))
    blank: list[Sequence[Value]] = [[None] * len(sheet.headings)] * sheet.blank_rows
    end = first
    for end, row in enumerate([*sheet.rows, *blank], start=first + 1):
        for column, value in enumerate(row):
            style = "entry" if sheet.headings[column] in sheet.unlocked else "cell"
            # Set off from the line, or words of neighbouring columns seem to run on.
            more: dict[str, Any] = {"text_wrap": True, "align": "left", "indent": 1} if sheet.wrap else {}
            if isinstance(value, str) and value.startswith(FORMULA_SIGNS):
                more["quote_prefix"] = True
            if isinstance(value, int | float) and not isinstance(value, bool):
                more |= {"align": "right", "indent": 1}  # or a number would touch the words of the next column
            if isinstance(value, date):
                more["num_format"] = "d mmm yyyy"
            _write_cell(page, end, column, value, formats.get(style, **more))
        page.set_row(end, max(_height(sheet, row), 0 if any(value not in (None, "") for value in row) else _BLANK))
    for heading, options in sheet.dropdowns.items():
        column = list(sheet.headings).index(heading)
        page.data_validation(
            first + 1,
            column,
            max(end, first + 1),
            column,
            {
                "validate": "list",
                "source": choices.reference(options),
                "error_title": "Please choose from the list",
                "error_message": "Choose one of the answers on offer. Use the notes column for anything else.",
            },
        )
    return end


def _height(sheet: Sheet, row: Sequence[Value]) -> float:
    """Height of a row whose longest cell wraps. Left to itself, LibreOffice prints wrapped lines over each other."""
    if not sheet.wrap:
        return _LINE
    lines = [lines_of(value, (sheet.width_of(column) - _INDENT) * _ROOM) for column, value in enumerate(row) if isinstance(value, str)]
    return min(_LINE * max(lines, default=1) + 2, _TALLEST)


def _write_cell(page: Worksheet, row: int, column: int, value: Value, style: Format) -> None:
    value = getattr(value, "item", lambda: value)()  # numpy's numbers are not Python's
    if value is None or value != value:  # NaN and NaT alone differ from themselves
        page.write_blank(row, column, None, style)
    elif isinstance(value, bool):
        page.write_string(row, column, "yes" if value else "no", style)
    elif isinstance(value, int | float):
        page.write_number(row, column, value, style)
    elif isinstance(value, date):
        page.write_datetime(row, column, value, style)
    elif len(value) > LONGEST:
        raise EarlyIdError(
            f"A cell holds more than {LONGEST:,} characters, which Excel cannot store.",
            where=f"column {column + 1}",
            what_next="Shorten the text that goes into this column.",
        )
    else:
        page.write_string(row, column, value, style)
