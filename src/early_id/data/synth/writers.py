"""Write tables as a council's systems would: CSV, workbooks, Parquet; the same table gives the same bytes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from early_id.data.synth.extracts import british
from early_id.data.synth.marks import CODES, Marks

SHEETS = {"households": "Households", "suspensions": "Suspensions", "schools": "Schools"}
#: Creation stamp of every workbook, fixed so that the bytes repeat.
CREATED = datetime(2025, 11, 9)
#: Rows a workbook takes; longer tables are cut into several files.
SHEET_ROWS = 500_000
MARK_COLUMNS = ("PupilID", "SchoolID", "Date", "Session", "Code", "RecordedOn")
_TEXT = pa.string()
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


def write_table(folder: Path, name: str, table: pd.DataFrame) -> tuple[Path, ...]:
    """Write one table under the name that gives its kind; returns the files made."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        table.to_csv(path, index=False, lineterminator="\r\n", encoding="utf-8")
        return (path,)
    if path.suffix == ".parquet":
        dates = {"HappenedOn", "RecordedOn"}
        arrays = {c: pa.array(_days(table[c]) if c in dates else table[c].tolist(), type=pa.date32() if c in dates else _TEXT) for c in table.columns}
        pq.write_table(pa.table(arrays), path, compression="zstd")
        return (path,)
    parts = range(0, max(1, len(table)), SHEET_ROWS)
    paths = []
    for number, start in enumerate(parts):
        part = path if len(parts) == 1 else path.with_name(f"{path.stem}_{number + 1}.xlsx")
        _write_workbook(part, SHEETS[path.stem], table.iloc[start : start + SHEET_ROWS])
        paths.append(part)
    return tuple(paths)


def _days(texts: pd.Series) -> npt.NDArray[np.datetime64]:
    return texts.to_numpy(dtype="datetime64[D]")


def _write_workbook(path: Path, sheet: str, table: pd.DataFrame) -> None:
    """All cells are text, so that dates and ids arrive as they were typed."""
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": sheet, "author": "made-up council", "created": CREATED})
    page = book.add_worksheet(sheet)
    page.write_row(0, 0, list(table.columns))
    for number, row in enumerate(table.itertuples(index=False), start=1):
        for column, cell in enumerate(row):
            if cell != "":
                page.write_string(number, column, str(cell))
    book.close()


def marks_to_arrow(marks: Marks, pupil_ids: npt.NDArray[np.object_], school_ids: npt.NDArray[np.object_]) -> pa.Table:
    """Marks as an Arrow table with the headings of the files."""
    used, where = np.unique(marks.child, return_inverse=True)

    def text(numbers: npt.NDArray[np.int64], names: npt.NDArray[np.object_] | list[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(list(names), type=_TEXT)).dictionary_decode()

    def days(numbers: npt.NDArray[np.int64]) -> pa.Array:
        return pa.array(numbers.astype(np.int32), type=pa.int32()).cast(pa.date32())

    columns = [
        text(where, list(pupil_ids[used])),
        text(marks.school, list(school_ids)),
        days(marks.day),
        text(marks.session, ["AM", "PM"]),
        text(marks.code, list(CODES)),
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
