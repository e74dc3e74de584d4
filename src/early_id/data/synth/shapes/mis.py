"""Attendance as a school's information system exports it: daily form and long form, a file a school and school year.

Both show the register: the last entry of each mark, no day of recording, pupils who have left still there. They are written
month by month, so memory does not grow with the years.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv

from early_id.data.synth.shapes.dates import BRITISH, Texts, written
from early_id.data.synth.shapes.records import PUPILS, Records
from early_id.data.synth.shapes.registers import Month, Registers

DAILY = ("School", "Adno", "UPN", "Date", "AM", "PM")
LONG = ("School", "Adno", "UPN", "Date", "Session", "Mark")
_SESSION = np.array(["AM", "PM"], dtype=object)

#: From a school and its marks to a table.
Form = Callable[[str, Month, Texts], pa.Table]


def write_daily(folder: Path, records: Records, registers: Registers) -> None:
    """One row a pupil and day."""
    _write(folder, records, registers, _daily, DAILY)


def write_long(folder: Path, records: Records, registers: Registers) -> None:
    """One row a mark."""
    _write(folder, records, registers, _long, LONG)


def _write(folder: Path, records: Records, registers: Registers, form: Form, headings: tuple[str, ...]) -> None:
    upn_of = dict(zip(records.column(PUPILS, "PupilID"), records.column(PUPILS, "UPN"), strict=True))
    last_file: dict[str, Path] = {}
    for month in registers.months():
        upns = np.array([upn_of.get(pupil, "") for pupil in month.pupils], dtype=object)
        (folder / month.year).mkdir(exist_ok=True)
        for school, marks in month.by_school():
            path = folder / month.year / f"{_file_name(school)}.csv"
            last_file[school] = path
            _append(path, form(school, marks, upns))
    for school, rows in registers.unreadable().groupby("SchoolID", sort=True):
        if str(school) in last_file:
            _append(last_file[str(school)], _as_they_stand(rows, upn_of, headings))


def _append(path: Path, table: pa.Table) -> None:
    """Add rows to a file, with the headings where it is new; quotes stand only around cells that need them."""
    text = io.BytesIO()
    try:
        pcsv.write_csv(table, text, pcsv.WriteOptions(include_header=False, quoting_style="none"))
    except pa.ArrowInvalid:
        text = io.BytesIO()
        pcsv.write_csv(table, text, pcsv.WriteOptions(include_header=False, quoting_style="needed"))
    with path.open("ab") as handle:
        if handle.tell() == 0:
            handle.write(",".join(table.column_names).encode() + b"\r\n")
        handle.write(text.getvalue().replace(b"\n", b"\r\n"))


def _file_name(school: str) -> str:
    return "".join(letter for letter in school.lower() if letter.isalnum()) or "unknown"


def _text(numbers: npt.NDArray[np.integer[Any]], names: Texts) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(list(names), type=pa.string())).dictionary_decode()


def _days(days: npt.NDArray[np.integer[Any]]) -> pa.Array:
    unique, where = np.unique(days.astype(np.int64), return_inverse=True)
    return _text(where, written(unique, BRITISH))


def _long(school: str, marks: Month, upns: Texts) -> pa.Table:
    columns = [
        pa.array([school] * len(marks)),
        _text(marks.pupil, marks.pupils),
        _text(marks.pupil, upns),
        _days(marks.day),
        _text(marks.session, _SESSION),
        _text(marks.code, marks.codes),
    ]
    return pa.Table.from_arrays(columns, names=list(LONG))


def _daily(school: str, marks: Month, upns: Texts) -> pa.Table:
    """A cell holds one mark: of exact repeats only one is shown."""
    fresh = (np.diff(marks.day, prepend=-1) != 0) | (np.diff(marks.pupil, prepend=-1) != 0)
    first = np.flatnonzero(fresh)
    row = np.cumsum(fresh) - 1
    cells = np.full((2, len(first)), len(marks.codes), dtype=np.int64)
    cells[marks.session, row] = marks.code
    names = np.append(marks.codes, "")
    columns = [
        pa.array([school] * len(first)),
        _text(marks.pupil[first], marks.pupils),
        _text(marks.pupil[first], upns),
        _days(marks.day[first]),
        _text(cells[0], names),
        _text(cells[1], names),
    ]
    return pa.Table.from_arrays(columns, names=list(DAILY))


def _as_they_stand(rows: pd.DataFrame, upn_of: dict[str, str], headings: tuple[str, ...]) -> pa.Table:
    """Rows whose date cannot be read, with the text that stands there."""
    cells = {
        "School": rows["SchoolID"],
        "Adno": rows["PupilID"],
        "UPN": [upn_of.get(pupil, "") for pupil in rows["PupilID"]],
        "Date": rows["Date"],
        "Session": rows["Session"],
        "Mark": rows["Code"],
        "AM": np.where(rows["Session"] == "AM", rows["Code"], ""),
        "PM": np.where(rows["Session"] == "AM", "", rows["Code"]),
    }
    return pa.table({name: pa.array(list(cells[name]), type=pa.string()) for name in headings})
