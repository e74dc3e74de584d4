"""The marks as the extracts hold them, read back month by month, as a school's register shows them: the last entry of each mark.

The extracts keep first entries and corrections with the day each was recorded; a register has one mark in one place. An exact
repeat of a row is a fault of an export and is kept as a repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from early_id.data.synth.shapes.dates import Ints, Texts, read_dates
from early_id.data.synth.timeline import NEVER, as_date, day_number

TEXTS = ("PupilID", "SchoolID", "Session", "Code")
SESSIONS = ("AM", "PM")


@dataclass(frozen=True)
class Month:
    """The marks of one month in order of school, day, pupil and session; each text once, named by number."""

    year: str  #: school year, as 2024_25
    schools: Texts
    pupils: Texts
    codes: Texts
    school: npt.NDArray[np.int32]
    pupil: npt.NDArray[np.int32]
    day: npt.NDArray[np.int32]
    session: npt.NDArray[np.int8]  #: 0 AM, 1 PM
    code: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.day)

    def take(self, rows: Ints | slice | npt.NDArray[np.bool_]) -> Month:
        """Some of the marks."""
        parts = (getattr(self, name)[rows] for name in ("school", "pupil", "day", "session", "code"))
        return Month(self.year, self.schools, self.pupils, self.codes, *parts)

    def by_school(self) -> Iterator[tuple[str, Month]]:
        """The marks of each school."""
        edges = np.flatnonzero(np.diff(self.school, prepend=-1, append=-1))
        for a, b in pairwise(edges):
            yield str(self.schools[self.school[a]]), self.take(slice(int(a), int(b)))


class Registers:
    """The marks below one folder of extracts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._text: pd.DataFrame | None = None
        self._months: dict[str, list[Path]] | None = None

    def months(self, first: int = -NEVER, last: int = NEVER) -> Iterator[Month]:
        """Months that touch the days from ``first`` to ``last``, in order, one in memory at a time."""
        files = self._files()
        text = self._texts()
        wanted = sorted(set(files) | set(text["month"].unique()) - {""})
        for month in wanted:
            begin = date(int(month[:4]), int(month[5:]), 1)
            if day_number(begin) > last or day_number(begin + timedelta(days=31)) < first:
                continue
            own = text[text["month"] == month]
            found = _month(begin, files.get(month, []), own)
            inside = (found.day >= first) & (found.day <= last)
            yield found if inside.all() else found.take(inside)

    def unreadable(self) -> pd.DataFrame:
        """Rows of schools' own files that have no readable date or no known session, as they stand."""
        text = self._texts()
        return text[text["month"] == ""]

    def _files(self) -> dict[str, list[Path]]:
        """Month → Parquet files that hold its marks."""
        if self._months is None:
            self._months = {}
            for path in sorted(self._folder.rglob("*.parquet")):
                meta = pq.read_metadata(path)
                if meta.num_rows:
                    column = meta.schema.names.index("Date")
                    day = min(meta.row_group(i).column(column).statistics.min for i in range(meta.num_row_groups))
                    self._months.setdefault(f"{day:%Y_%m}", []).append(path)
        return self._months

    def _texts(self) -> pd.DataFrame:
        """Marks of the schools that send text, with the month of each."""
        if self._text is None:
            names = [*TEXTS, "Date", "RecordedOn"]
            parts = [pd.DataFrame(columns=names, dtype=object)]
            seen: set[bytes] = set()
            for path in sorted(self._folder.rglob("*.csv"), key=lambda path: (len(path.name), path.name)):
                raw = path.read_bytes()
                if raw in seen:  # sent twice: still one register
                    continue
                seen.add(raw)
                encoding = "utf-8-sig" if _is_utf8(raw) else "cp1252"
                parts.append(pd.read_csv(path, dtype=object, keep_default_na=False, encoding=encoding)[names])
            whole = pd.concat(parts, ignore_index=True)
            whole["day"] = read_dates(whole["Date"]).day
            whole["recorded"] = read_dates(whole["RecordedOn"]).day
            sound = (whole["day"].abs() < NEVER // 2) & whole["Session"].isin(SESSIONS)
            days, where = np.unique(whole["day"].to_numpy(), return_inverse=True)
            labels = np.array([f"{as_date(int(day)):%Y_%m}" if abs(int(day)) < NEVER // 2 else "" for day in days], dtype=object)
            whole["month"] = np.where(sound, labels[where] if len(whole) else "", "")
            self._text = whole
        return self._text


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def school_year_label(day: date) -> str:
    """The school year of a day as folders are named: 2024_25."""
    first = day.year if day.month >= 9 else day.year - 1
    return f"{first}_{(first + 1) % 100:02d}"


def _month(begin: date, files: list[Path], text: pd.DataFrame) -> Month:
    """Read, sort, and keep the last entry of each mark."""
    numbers: dict[str, list[npt.NDArray[np.int64]]] = {name: [] for name in (*TEXTS, "Date", "RecordedOn")}
    names: dict[str, dict[str, int]] = {name: {} for name in TEXTS}
    for path in files:
        with pq.ParquetFile(path, read_dictionary=list(TEXTS)) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=[*TEXTS, "Date", "RecordedOn"])
                for name in TEXTS:
                    for chunk in table.column(name).chunks:
                        numbers[name].append(_renumber(chunk, names[name]))
                for name in ("Date", "RecordedOn"):
                    numbers[name].append(table.column(name).to_numpy().astype("datetime64[D]").astype(np.int64))
    for name in TEXTS:
        numbers[name].append(np.array([names[name].setdefault(str(value), len(names[name])) for value in text[name]], dtype=np.int64))
    numbers["Date"].append(text["day"].to_numpy(dtype=np.int64))
    numbers["RecordedOn"].append(text["recorded"].to_numpy(dtype=np.int64))
    whole = {name: np.concatenate(parts) for name, parts in numbers.items()}
    # Texts are numbered in the order they came in; schools and pupils are put in the order of their names.
    listed = {name: np.array(list(found), dtype=object) for name, found in names.items()}
    for name in ("SchoolID", "PupilID"):
        order = np.argsort(listed[name].astype(str), kind="stable")
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        whole[name], listed[name] = rank[whole[name]] if len(order) else whole[name], listed[name][order]
    session = (listed["Session"] == "PM").astype(np.int64)[whole["Session"]] if len(listed["Session"]) else whole["Session"]
    days = whole["Date"] - day_number(begin)
    key = ((whole["SchoolID"] * 32 + days) * max(1, len(listed["PupilID"])) + whole["PupilID"]) * 2 + session
    order = np.lexsort((whole["RecordedOn"], key))
    key, recorded = key[order], whole["RecordedOn"][order]
    ends = np.append(np.flatnonzero(np.diff(key)), len(key) - 1) if len(key) else np.zeros(0, dtype=np.int64)
    last = np.repeat(recorded[ends], np.diff(ends, prepend=-1))
    order = order[recorded == last]
    return Month(
        school_year_label(begin),
        listed["SchoolID"],
        listed["PupilID"],
        listed["Code"],
        whole["SchoolID"][order].astype(np.int32),
        whole["PupilID"][order].astype(np.int32),
        whole["Date"][order].astype(np.int32),
        session[order].astype(np.int8),
        whole["Code"][order].astype(np.int32),
    )


def _renumber(values: pa.DictionaryArray, known: dict[str, int]) -> npt.NDArray[np.int64]:
    """Numbers of a dictionary array in one numbering for the whole month."""
    own = np.array([known.setdefault(str(text), len(known)) for text in values.dictionary.to_pylist()], dtype=np.int64)
    return own[values.indices.to_numpy()]
