"""Read one file into the engine as text columns with row numbers, whatever its format.

Errors of the libraries underneath quote the offending line, so they are caught here and said again without it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from early_id.core.errors import InputDataError
from early_id.data.engine import quote, text
from early_id.data.mapping import Shape

if TYPE_CHECKING:
    import duckdb


def read_raw(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, *, view: str, where: str) -> None:
    """Put a file's rows into the table ``view``, all columns as they are plus ``row``.

    ``row`` is the row's number in the file as a person would see it: the headings are row 1. ``where`` is the file as messages call it: its
    path in the folder of extracts, since two agencies' files may share a name.

    Raises
    ------
    InputDataError
        The file cannot be read or holds no rows.
    """
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise InputDataError(
            f"Files ending in '{file.suffix}' cannot be read.", where=where, what_next=f"Supply one of: {', '.join(sorted(_READERS))}."
        )
    reader(connection, file, shape, view, where)
    if connection.execute(f"SELECT count(*) FROM {quote(view)}").fetchall() == [(0,)]:
        check_columns(connection, shape, view=view, where=where)
        raise InputDataError.no_rows(where=where)


def check_columns(connection: duckdb.DuckDBPyConnection, shape: Shape, *, view: str, where: str) -> None:
    """Refuse a file that lacks columns which the shape needs."""
    headings = [str(row[0]) for row in connection.execute(f"DESCRIBE {quote(view)}").fetchall() if row[0] != "row"]
    needed = (set(shape.columns.values()) | ({shape.known.column} if shape.known.column else set())) - set(shape.optional)
    missing = needed - set(headings)
    if missing == needed and len(headings) > 1:
        # Perhaps these 'headings' are the first row of data, so they are not repeated here.
        raise InputDataError(
            "None of the columns that the shape needs is in the file; perhaps it has no heading row.",
            where=where,
            what_next=f"Export it with these headings, or correct the shape: {', '.join(sorted(needed))}.",
        )
    if missing:
        raise InputDataError.columns_missing(missing, where=where, found=headings)


def _read_csv(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, view: str, where: str) -> None:
    import duckdb

    # Nothing is guessed: the engine's own guesses skip lines above the one that suits them best, and lines that begin with '#', a mark.
    names = _csv_headings(file, shape, where)
    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
    options = (
        f"auto_detect=false, header=true, columns={{{columns}}}, delim={text(shape.delimiter)}, quote='\"', escape='\"', "
        f"encoding={text(shape.encoding)}"
    )
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {quote(view)} AS "
            f"SELECT row_number() OVER () + 1 AS row, * FROM read_csv({text(str(file))}, {options}, null_padding=false)"
        )
    except duckdb.Error as error:
        line = re.search(r"[Ll]ine:? (\d+)", str(error))
        what, number, what_next = first_fault(file, shape, len(names)) or (_UNKNOWN_FAULT, line and int(line.group(1)), "")
        place = f"{where}, line {number}" if number else where
        at = "Open the file at that line" if number else "Open the file in a text editor"
        raise InputDataError(
            f"The file cannot be read as CSV: {what.format(encoding=shape.encoding)}",
            where=place,
            what_next=what_next or f"{at}; check the delimiter, the quotes and the encoding, or name them in the shape.",
        ) from None


_UNKNOWN_FAULT = "a line does not have as many cells as the headings, or the text is not in the encoding '{encoding}'."
_SAVE_AGAIN = "Open the file in a text editor and save it again with one kind of line end (CRLF or LF)."


def first_fault(file: Path, shape: Shape, width: int) -> tuple[str, int | None, str] | None:
    """What is wrong with a CSV file that the engine refused, the line where it begins, and what to do; None where this cannot tell either.

    Read line by line in Python, which takes its time: only where a file was refused.
    """
    import codecs
    import csv

    encoding = "utf-8-sig" if shape.encoding.lower() == "utf-8" else shape.encoding
    line, mixed, usual = 0, None, b""
    try:
        decode = codecs.getincrementaldecoder(shape.encoding)().decode
        with file.open("rb") as stream:
            for line, content in enumerate(stream, 1):
                decode(content)
                end = b"\r\n" if content.endswith(b"\r\n") else b"\n" if content.endswith(b"\n") else b""
                usual = usual or end
                if mixed is None and ((end and end != usual) or b"\r" in content.removesuffix(end)):
                    mixed = line
            decode(b"", True)
        with file.open(encoding=encoding, newline="") as text_stream:
            reader = csv.reader(text_stream, delimiter=shape.delimiter, strict=True)
            try:
                for cells in reader:
                    if cells and len(cells) != width:
                        return f"a line does not have as many cells as the headings: {len(cells)}, not {width}.", reader.line_num, ""
            except csv.Error:
                return "a quote is opened and not closed, or stands within a cell.", reader.line_num, ""
    except UnicodeError:
        return "the text is not in the encoding '{encoding}'.", max(line, 1), "Name the file's 'encoding' in the shape, or save it again in that one."
    except LookupError:
        return None
    if mixed and not shape.encoding.lower().startswith(("utf-16", "utf-32", "utf16", "utf32")):
        return "its lines end in different ways, and this is the first that ends otherwise than the line above.", mixed, _SAVE_AGAIN
    return None


def _csv_headings(file: Path, shape: Shape, where: str) -> list[str]:
    """The first line of a CSV file, cell by cell."""
    import csv

    try:
        # A bad byte further down is no fault of the headings: it is looked for where the rows are read.
        with file.open(encoding="utf-8-sig" if shape.encoding.lower() == "utf-8" else shape.encoding, newline="", errors="replace") as stream:
            cells = next(csv.reader(stream, delimiter=shape.delimiter), [])
        if any("\ufffd" in cell for cell in cells):
            raise UnicodeError
    except (UnicodeError, LookupError, csv.Error):
        raise InputDataError(
            f"The headings cannot be read in the encoding '{shape.encoding}'.", where=where, what_next="Name the file's 'encoding' in the shape."
        ) from None
    if not cells:
        raise InputDataError.no_rows(where=where)
    return _each_once([cell.strip() or f"column {n}" for n, cell in enumerate(cells, 1)], shape, where)


def _each_once(headings: list[str], shape: Shape, where: str) -> list[str]:
    """Headings made different; one that the mapping reads may not stand twice."""
    if twice := sorted({name for name in headings if headings.count(name) > 1} & set(shape.columns.values())):
        raise InputDataError(f"A heading stands twice: {', '.join(twice)}.", where=where, what_next="Remove or rename the column that is not meant.")
    # The engine does not tell capitals from small letters, and keeps row numbers in 'row'.
    small = ["row", *(name.lower() for name in headings)]
    return [f"{name} ({n})" if name.lower() in small[:n] else name for n, name in enumerate(headings, 1)]


def _read_parquet(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, view: str, where: str) -> None:
    import duckdb

    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {quote(view)} AS SELECT file_row_number + 2 AS row, * EXCLUDE (file_row_number) "
            f"FROM read_parquet({text(str(file))}, file_row_number=true)"
        )
    except duckdb.Error:
        raise InputDataError("The file cannot be read as Parquet.", where=where, what_next="Export it again.") from None


def _read_xlsx(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, view: str, where: str) -> None:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except PermissionError:
        raise InputDataError("The workbook is open in another program.", where=where, what_next="Close it and run again.") from None
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError):
        raise InputDataError("The file cannot be read as a workbook.", where=where, what_next="Save it again as .xlsx.") from None
    try:
        if shape.sheet and shape.sheet not in book.sheetnames:
            raise InputDataError(f"The workbook has no sheet '{shape.sheet}'.", where=where, what_next=f"Sheets found: {', '.join(book.sheetnames)}.")
        sheet = book[shape.sheet] if shape.sheet else book.worksheets[0]
        rows = sheet.iter_rows(values_only=True)
        headings = [str(cell).strip() if cell is not None else "" for cell in next(rows, ())]
        width = len(headings)
        # A sheet may leave out empty cells at the end of a row.
        body = [[_cell(cell) for cell in (*row[:width], *(None,) * (width - len(row)))] for row in rows]
    finally:
        book.close()
    if not any(headings):
        raise InputDataError.no_rows(where=where)
    frame = pd.DataFrame(
        body, columns=pd.Index(_each_once([name or f"column {n}" for n, name in enumerate(headings, 1)], shape, where)), dtype=object
    )
    frame.insert(0, "row", range(2, len(frame) + 2))
    frame = frame[frame.drop(columns="row").notna().any(axis=1)]
    for name in frame.columns.drop("row"):
        frame[name] = frame[name].astype("string")
    connection.register("_incoming", frame)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {quote(view)} AS SELECT * FROM _incoming")
    connection.unregister("_incoming")


def _cell(value: object) -> str | None:
    """A cell as text: dates in ISO form, whole numbers without '.0'."""
    if value is None:
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


_READERS = {".csv": _read_csv, ".txt": _read_csv, ".parquet": _read_parquet, ".xlsx": _read_xlsx}
