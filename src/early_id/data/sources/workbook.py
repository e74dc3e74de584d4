"""Workbooks (XLSX): one sheet, or several of the same form one after the other, read row by row.

A workbook is a zip of XML, so it is looked at as an archive first (:mod:`early_id.data.sources.archive`); openpyxl reads its XML with defusedxml,
which expands no entity.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from early_id.core.errors import InputDataError
from early_id.data.engine import quote
from early_id.data.sources.archive import check_archive
from early_id.data.sources.survey import MOST_COLUMNS, each_once

if TYPE_CHECKING:
    import duckdb

    from early_id.data.mapping import Shape

#: Rows handed to the engine at a time.
_BATCH = 20_000


@contextmanager
def _opened(file: Path, where: str) -> Iterator[Any]:
    from zipfile import BadZipFile, LargeZipFile
    from zlib import error as ZlibError

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    check_archive(file, where=where, kind="workbook", again="Save it again as .xlsx.")
    try:
        # Opened here, so that it is closed whatever the library raises.
        with file.open("rb") as stream:
            book = load_workbook(stream, read_only=True, data_only=True)
            # A workbook is read as its rows are asked for, so what is broken in it shows late.
            yield book
            book.close()
    except PermissionError:
        raise InputDataError("The workbook is open in another program.", where=where, what_next="Close it and run again.") from None
    except (BadZipFile, LargeZipFile, InvalidFileException, ZlibError, *_DAMAGED) as error:
        what = (
            "The workbook's XML declares entities, which no workbook needs, so it is refused."
            if _forbidden(error)
            else "The file cannot be read as a workbook."
        )
        raise InputDataError(what, where=where, what_next="Save it again as .xlsx.") from None


def _forbidden(error: BaseException | None) -> bool:
    """Whether defusedxml refused the XML; openpyxl raises an error of its own over it."""
    from defusedxml.common import DefusedXmlException

    while error is not None and not isinstance(error, DefusedXmlException):
        error = error.__cause__ or error.__context__
    return error is not None


#: What openpyxl raises on a damaged workbook, beside errors of the archive; ParseError is a SyntaxError.
_DAMAGED = (
    KeyError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    SyntaxError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
)


def sheets_of(file: Path, *, where: str) -> list[tuple[str, tuple[str, ...], bool]]:
    """Name, headings, and whether there are rows, of each sheet."""
    with _opened(file, where) as book:
        found = []
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            rows = sheet.iter_rows(values_only=True)
            headings = _headings(next(rows, ()))
            found.append((sheet.title, tuple(headings), any(any(cell is not None for cell in row) for row in islice(rows, _BATCH))))
        return found


def read_workbook(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, *, view: str, where: str) -> str:
    """Put the rows of the shape's sheet into ``view``, all columns as text; how the file was read comes back."""
    with _opened(file, where) as book:
        names = [name for name in book.sheetnames if fnmatchcase(name, shape.sheet)] if shape.sheet else book.sheetnames[:1]
        if not names:
            raise InputDataError(f"The workbook has no sheet '{shape.sheet}'.", where=where, what_next=f"Sheets found: {', '.join(book.sheetnames)}.")
        sheets = [book[name] for name in names]
        several = len(sheets) > 1
        for number, sheet in enumerate(sheets):
            sheet.reset_dimensions()  # what a file says of its own size is not to be trusted
            rows = sheet.iter_rows(values_only=True)
            headings = _headings(next(rows, ()))
            if several and not shape.needed <= set(headings):
                continue
            if not several and not any(headings):
                raise InputDataError.no_rows(where=where)
            _insert(connection, rows, headings, shape, view=view, where=where, first=number == 0 or not _exists(connection, view))
        if several and not _exists(connection, view):
            raise InputDataError.columns_missing(shape.needed, where=where, found=names)
    return f"workbook, {len(names)} sheets" if several else f"workbook, sheet {names[0]}"


def _exists(connection: duckdb.DuckDBPyConnection, view: str) -> bool:
    return connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [view]).fetchall() != [(0,)]


def _headings(row: tuple[Any, ...]) -> list[str]:
    cells = [str(cell).strip() if cell is not None else "" for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _insert(
    connection: duckdb.DuckDBPyConnection, rows: Iterator[Any], headings: list[str], shape: Shape, *, view: str, where: str, first: bool
) -> None:
    """The rows of one sheet into the table ``view``; a second sheet gives the columns of the first, where it has them."""
    import pyarrow as pa

    if len(headings) > MOST_COLUMNS:
        raise InputDataError(f"The sheet has more than {MOST_COLUMNS:,} columns.", where=where, what_next="Save only the columns that are needed.")
    names = each_once(headings, shape.read, where)
    if first:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {quote(view)} (row BIGINT, {', '.join(f'{quote(name)} VARCHAR' for name in names)})")
        start = 2
    else:
        [(last,)] = connection.execute(f"SELECT coalesce(max(row), 1) FROM {quote(view)}").fetchall()
        start = int(last) + 1
    held = {row[0] for row in connection.execute(f"DESCRIBE {quote(view)}").fetchall()}
    shared = [name for name in names if name in held]
    width, number = len(headings), start
    while batch := list(islice(rows, _BATCH)):
        numbered = [(n, row[:width]) for n, row in enumerate(batch, number) if any(cell is not None for cell in row[:width])]
        number += len(batch)
        # A sheet may leave out empty cells at the end of a row.
        cells = [[cell_text(row[at]) if at < len(row) else None for _, row in numbered] for at in range(width)]
        table = pa.table(
            {
                "row": pa.array([n for n, _ in numbered], pa.int64()),
                **{name: pa.array(column, pa.string()) for name, column in zip(names, cells, strict=True)},
            }
        )
        connection.register("_incoming", table)
        listed = ", ".join(quote(name) for name in ("row", *shared))
        connection.execute(f"INSERT INTO {quote(view)} ({listed}) SELECT {listed} FROM _incoming")
        connection.unregister("_incoming")


def cell_text(value: object) -> str | None:
    """A cell as text: dates in ISO form, whole numbers without '.0'."""
    if value is None:
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat(sep=" ") if hasattr(value, "hour") and hasattr(value, "year") else value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
