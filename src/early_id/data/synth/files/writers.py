"""Write tables as a council's systems would: CSV, workbooks, Parquet; the same table gives the same bytes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from early_id.data.synth.files.extracts import british
from early_id.data.synth.marks.make import CODES, Marks
from early_id.data.synth.timeline import as_date

SHEETS = {"households": "Households", "suspensions": "Suspensions", "schools": "Schools"}
#: Creation stamp of every workbook, fixed so that the bytes repeat.
CREATED = datetime(2025, 11, 9)
#: Rows of the longest workbook; nobody exports a longer table as a workbook, so it is written as CSV instead.
SHEET_ROWS = 50_000
MARK_COLUMNS = ("PupilID", "SchoolID", "Date", "Session", "Code", "RecordedOn")
_TEXT = pa.dictionary(pa.int32(), pa.string())
_SESSIONS, _CODES = np.array(["AM", "PM"], dtype=object), np.array(CODES, dtype=object)
MARK_SCHEMA = pa.schema(
    [
        ("PupilID", _TEXT),
        ("SchoolID", _TEXT),
        ("Date", pa.date32()),
        ("Session", _TEXT),
        ("Code", _TEXT),
        ("RecordedOn", pa.date32()),
    ]
)


def file_name(name: str, rows: int, *, large: bool = False) -> str:
    """The name a table is written under: a workbook of more than ``SHEET_ROWS`` rows becomes a CSV file.

    So does any in a ``large`` council, whose areas are put together, except the short list of schools.
    """
    long = rows > SHEET_ROWS or (large and not name.endswith("schools.xlsx"))
    return name.removesuffix(".xlsx") + ".csv" if name.endswith(".xlsx") and long else name


def write_table(folder: Path, name: str, table: pd.DataFrame, *, encoding: str = "utf-8") -> None:
    """Write one table; the ending of ``name`` says as what."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        table.to_csv(path, index=False, lineterminator="\r\n", encoding=encoding, errors="replace")
        return
    if path.suffix == ".parquet":
        dates = {"HappenedOn", "RecordedOn"}
        arrays = {
            c: pa.array(_days(table[c]) if c in dates else table[c].tolist(), type=pa.date32() if c in dates else pa.string()) for c in table.columns
        }
        pq.write_table(pa.table(arrays), path, compression="zstd")
        return
    _write_workbook(path, SHEETS[path.stem], table)


def _days(texts: pd.Series) -> npt.NDArray[np.datetime64]:
    return texts.to_numpy(dtype="datetime64[D]")


def _write_workbook(path: Path, sheet: str, table: pd.DataFrame) -> None:
    """All cells are text, so that dates and ids arrive as they were typed."""
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    # Rows wait in a file beside the workbook, not in the system's own temporary folder, which may be small.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": str(path.parent)}
    book = xlsxwriter.Workbook(str(path), options)
    book.set_properties({"title": sheet, "author": "made-up council", "created": CREATED})
    page = book.add_worksheet(sheet)
    page.write_row(0, 0, list(table.columns))
    for number, row in enumerate(table.itertuples(index=False), start=1):
        for column, cell in enumerate(row):
            if cell != "":
                page.write_string(number, column, str(cell))
    try:
        book.close()
    except FileCreateError as error:  # its own kind of error, with the system's inside
        raise error.args[0] from None


def month_file(label: str, day: int) -> str:
    """The file that holds the marks of a day (a day number) of a school year, below the extracts."""
    return f"attendance/{label.replace('/', '_')}/marks_{as_date(day):%Y_%m}.parquet"


def mark_writer(path: Path) -> pq.ParquetWriter:
    """A file of marks to be filled block after block. Texts are stored once a block and named by number; readers see plain text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return pq.ParquetWriter(path, MARK_SCHEMA, compression="zstd", store_schema=False)


def marks_to_arrow(marks: Marks, pupil_ids: npt.NDArray[np.object_], school_ids: npt.NDArray[np.object_]) -> pa.Table:
    """Marks as an Arrow table with the headings of the files."""

    def text(numbers: npt.NDArray[np.int64], names: npt.NDArray[np.object_]) -> pa.Array:
        used = np.bincount(numbers, minlength=1) > 0  # counting, because sorting would take as long as drawing the marks
        place = np.cumsum(used, dtype=np.int32) - 1
        return pa.DictionaryArray.from_arrays(pa.array(place[numbers]), pa.array(names[: len(used)][used].tolist(), type=pa.string()))

    def days(numbers: npt.NDArray[np.int64]) -> pa.Array:
        return pa.array(numbers.astype(np.int32), type=pa.int32()).cast(pa.date32())

    columns = [
        text(marks.child, pupil_ids),
        text(marks.school, school_ids),
        days(marks.day),
        text(marks.session, _SESSIONS),
        text(marks.code, _CODES),
        days(marks.recorded),
    ]
    return pa.Table.from_arrays(columns, schema=MARK_SCHEMA)


def marks_to_text(marks: Marks, pupil_ids: npt.NDArray[np.object_], school_ids: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Marks as text with dates as dd/mm/yyyy, in order of day, as a school's own export has them."""
    order = np.lexsort((marks.recorded, marks.session, marks.child, marks.day))
    marks = marks.take(order)
    return pd.DataFrame(
        {
            "PupilID": pupil_ids[marks.child],
            "SchoolID": school_ids[marks.school],
            "Date": british(marks.day),
            "Session": np.array(["AM", "PM"], dtype=object)[marks.session],
            "Code": np.array(CODES, dtype=object)[marks.code],
            "RecordedOn": british(marks.recorded),
        }
    )
