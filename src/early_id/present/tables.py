"""A workbook of many tables by the guidance for tables in official statistics, as gptables writes them: a cover, a list of sheets with links,
each table marked as one, a shorthand in place of empty cells. The lists that people fill in are another thing: :mod:`early_id.present.workbook`.

gptables makes links of text that looks like one in Markdown, and notes of what stands between double dollars; a value from data must do neither.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from early_id.core.errors import EarlyIdError
from early_id.present.figures import Shown
from early_id.present.printing import lines_of, set_up_page
from early_id.present.wording import day_text
from early_id.present.workbook import CREATED, FORMULA_SIGNS, LONGEST, Sheet, Value
from early_id.present.write import write_bytes

if TYPE_CHECKING:
    from gptables import GPTable

#: What stands in an empty cell, and what it means (Government Analysis Function, symbols in tables).
EMPTY, LEGEND = "[x]", "[x]: not available. The figure cannot be estimated, or was not tested."

COVER, CONTENTS = "Read first", "Sheets"
#: Widths in characters: gptables' letters are larger than those that a column is measured in.
_WIDEST, _NARROWEST, _LARGER = 44.0, 9.0, 1.15
_COVER_WIDTH = 85
_FIGURE = 9  # characters of a figure with its sign
_LINE = 15.5  # points a line of those letters
_LETTERS = {"font_name": "Arial", "font_size": 12}  # as in gptables' own theme
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write_tables(path: Path | str, sheets: Sequence[Sheet], *, title: str, about: Sequence[str], restricted: str) -> Path:
    """Write a workbook of tables whole or not at all; equal content gives equal bytes.

    Parameters
    ----------
    path : path
        Target; replaced in one step.
    sheets : sequence of Sheet
        Name, headings, rows, title and notes are used; each needs at least one row.
    title : str
        On the cover, in the file's properties and at the head of each printed page.
    about : sequence of str
        Lines of the cover.
    restricted : str
        What the foot of each printed page says.

    Raises
    ------
    BusyError
        The target is open in another program.
    """
    return write_bytes(path, tables_bytes(sheets, title=title, about=about, restricted=restricted))


def tables_bytes(sheets: Sequence[Sheet], *, title: str, about: Sequence[str], restricted: str) -> bytes:
    """The bytes :func:`write_tables` writes."""
    buffer = BytesIO()
    # gptables 2.0.2 still uses what pandas 3 has deprecated, leaves the file of its theme open, and speaks up where there is no sheet of notes.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from gptables import Cover, produce_workbook

        book = produce_workbook(
            buffer,
            {sheet.name: _table(sheet, n) for n, sheet in enumerate(sheets, 1)},
            cover=Cover(title=title, intro=[_text(line) for line in about], cover_label=COVER, width=_COVER_WIDTH),
            contentsheet_label=CONTENTS,
            contentsheet_options={
                "title": "Sheets of this workbook",
                "column_names": ["Sheet", "What it holds"],
                "instructions": "Each name is a link.",
            },
            auto_width=False,
            workbook_options=_OPTIONS,
        )
        book.set_properties({"title": title, "created": CREATED, "author": "early_id", "comments": restricted})
        pages = {page.get_name(): page for page in book.worksheets()}
        for row, line in enumerate(about, start=2):  # after the title and the heading of the introduction
            pages[COVER].set_row(row, _LINE * lines_of(line, _COVER_WIDTH * 0.85) + 3)
        pages[CONTENTS].set_default_row(_LINE + 1)
        pages[CONTENTS].set_column(0, 0, 32)
        pages[CONTENTS].set_column(1, 1, 90)
        forms = {form: book.add_format(_LETTERS | {"num_format": form}) for form in sorted(_forms(sheets))}
        for sheet in sheets:
            _lay_out(pages[sheet.name], sheet, forms)
        for name, page in pages.items():
            set_up_page(page, landscape=True, head=(title, name), foot=restricted)
        book.close()
    return buffer.getvalue()


def _table(sheet: Sheet, n: int) -> GPTable:
    import pandas as pd
    from gptables import GPTable

    if not sheet.rows:
        raise ValueError(f"sheet '{sheet.name}' has no rows")
    cells = [[_cell(value, sheet.name) for value in row] for row in sheet.rows]
    signs = [(i + 1, j) for i, row in enumerate(cells) for j, value in enumerate(row) if isinstance(value, str) and value.startswith(FORMULA_SIGNS)]
    # Excel's own quote mark, so that such text stays text when a cell is edited.
    # One entry a cell: of several in one entry gptables formats the last.
    quoted: list[dict[str, Any]] = [{"cell": {"cells": sign, "format": {"quote_prefix": True}}} for sign in signs]
    # A number would touch the words of the next column.
    words = [j for j in range(1, len(sheet.headings)) if any(isinstance(row[j], str) and row[j] != EMPTY for row in cells)]
    apart: list[dict[str, Any]] = [{"column": {"columns": words, "format": {"indent": 1}, "include_names": True}}] if words else []
    headings = [_text(heading) for heading in sheet.headings]
    # Two columns of one name are refused; a programme's words can make one name of two.
    headings = [f"{name} ({headings[: j + 1].count(name)})" if headings[:j].count(name) else name for j, name in enumerate(headings)]
    frame = pd.DataFrame(cells, columns=headings, dtype=object)
    return GPTable(
        frame,
        f"table_of_sheet_{n}",
        _text(sheet.title or sheet.name),
        subtitles=[_text(note if isinstance(note, str) else f"{note[0]}: {note[1]}") for note in sheet.notes],
        instructions="This sheet holds one table.",
        legend=[LEGEND] if any(value == EMPTY for row in cells for value in row) else [],
        index_columns={2: 0},
        additional_formatting=[*apart, *quoted],
    )


def _cell(value: Value, where: str) -> str | int | float:
    value = getattr(value, "item", lambda: value)()  # numpy's numbers are not Python's
    if value is None or value != value or (isinstance(value, float) and math.isinf(value)):
        return EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    text = _text(day_text(value) if isinstance(value, date) else str(value))
    if len(text) > LONGEST:
        raise EarlyIdError(
            f"A cell holds more than {LONGEST:,} characters, which Excel cannot store.",
            where=f"sheet '{where}'",
            what_next="Shorten the text that goes there.",
        )
    return text


def _text(text: str) -> str:
    """Text that gptables takes as it is: no link, no note; signs alone, or letters of other scripts, are refused by it without a word beside them."""
    plain = re.sub(r"\$(?=\$)", "$ ", text.replace("](", "] ("))
    if not plain.strip():
        return EMPTY
    return plain if re.search("[a-zA-Z0-9]", plain) else f"{plain} (as recorded)"


def _forms(sheets: Sequence[Sheet]) -> set[str]:
    """How the figures of all sheets are shown."""
    return {value.form for sheet in sheets for row in sheet.rows for value in row if isinstance(value, Shown)}


def _lay_out(page: Any, sheet: Sheet, forms: Mapping[str, Any]) -> None:
    """Columns as wide as their content up to a limit, rows as high as what is wrapped in them, figures shown as what they are."""
    table: list[list[Any]] = [list(sheet.headings), *([_cell(value, sheet.name) for value in row] for row in sheet.rows)]
    widths = [
        min(max(max(_room(row[j]) for row in table[1:]) + 2, _word(sheet.headings[j]), _NARROWEST), _WIDEST) for j in range(len(sheet.headings))
    ]
    page.set_default_row(_LINE + 1)
    for j, width in enumerate(widths):
        page.set_column(j, j, width * _LARGER)
    first = 2 + len(sheet.notes) + any(EMPTY in row for row in table[1:])  # title, notes, instructions, legend
    for i, row in enumerate(table):
        lines = max(lines_of(str(value), widths[j] * 0.95) if i == 0 or len(str(value)) > widths[j] - 1 else 1 for j, value in enumerate(row))
        if lines > 1:
            page.set_row(first + i, _LINE * lines + 3)
        for j, value in enumerate(row):
            if isinstance(value, Shown):  # over what gptables wrote, which knows no format of a single figure
                page.write_number(first + i, j, float(value), forms[value.form])
    page.repeat_rows(first)
    page.freeze_panes(first + 1, 1)


def _room(value: Any) -> int:
    """Characters that a cell takes."""
    return _FIGURE if isinstance(value, Shown) else len(str(value))


def _word(heading: str) -> float:
    """Room for a heading's longest word, which is in bold."""
    return max(map(len, heading.split()), default=0) * 1.15 + 2
