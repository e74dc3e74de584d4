"""Faults planted in the extracts, each row tripping one rule, and counted for ``truth/faults.csv``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.extracts import Tables
from early_id.data.synth.identifiers import spoil_upn
from early_id.data.synth.marks import NUMBER, Marks
from early_id.data.synth.seeds import Seeds
from early_id.data.synth.timeline import day_number

Row = dict[str, str]


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one file.

    ``at_5000`` is the number planted among 5,000 children; other sizes are in proportion, never under two.
    ``usable`` says which rows can take it, ``spoil`` what is done to one.
    """

    text: str
    code: str
    file: str
    at_5000: int
    usable: Callable[[pd.DataFrame], pd.Series]
    spoil: Callable[[Row, dict[str, str]], Row]

    def count(self, children: int) -> int:
        """How many are planted in a council of this size."""
        return scaled(self.at_5000, children)


def scaled(at_5000: int, children: int) -> int:
    """A number of faults in proportion to the size, at least two."""
    return max(2, round(at_5000 * children / 5000))


def _filled(*columns: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda table: (table[list(columns)] != "").all(axis=1)


def _set(**values: str) -> Callable[[Row, dict[str, str]], Row]:
    return lambda row, births: {**row, **values}


def _swap_dates(first: str, second: str) -> Callable[[Row, dict[str, str]], Row]:
    """The end comes before the start: the two change places."""
    return lambda row, births: {**row, first: row[second], second: row[first]}


def _differs(first: str, second: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda table: (table[first] != "") & (table[second] != "") & (table[first] < table[second])


def _before_birth(column: str, *cleared: str) -> Callable[[Row, dict[str, str]], Row]:
    def spoil(row: Row, births: dict[str, str]) -> Row:
        born = pd.to_datetime(births[row["PersonID"]], format="%d/%m/%Y")
        return {**row, column: (born - pd.Timedelta(days=200)).strftime("%Y-%m-%d"), **dict.fromkeys(cleared, "")}

    return spoil


def _closed_cin(table: pd.DataFrame) -> pd.Series:
    return (table["Status"] == "CIN") & _differs("StartOn", "EndOn")(table)


def _suspension(table: pd.DataFrame) -> pd.Series:
    return table["Category"] == "SUSP"


def _spoil_upn(row: Row, births: dict[str, str]) -> Row:
    return {**row, "UPN": spoil_upn(row["UPN"])}


_ANY = _filled()
_swap_episode = _swap_dates("StartedAt", "EndedAt")
_unborn = _before_birth("ContactDate", "Outcome", "OutcomeDate")
_REPEAT = "exact repeated row"

#: Planted in this order; a row takes one fault at most.
FAULTS: tuple[Fault, ...] = (
    Fault("UPN check letter wrong", "PUP001", "education/pupils.csv", 14, _filled("UPN"), _spoil_upn),
    Fault("UPN check letter wrong", "PUP001", "socialcare/people.csv", 6, _filled("UPN"), _spoil_upn),
    Fault("ethnicity not in the list", "PUP004", "education/pupils.csv", 10, _ANY, _set(Ethnicity="WXYZ")),
    Fault("sex missing", "PUP005", "education/pupils.csv", 9, _ANY, _set(Sex="")),
    Fault("sex missing", "PUP005", "police/people.csv", 4, _ANY, _set(Sex="")),
    Fault("date cannot be read", "GEN001", "socialcare/contacts.csv", 6, _ANY, _set(ContactDate="31/02/2024")),
    Fault("date cannot be read", "GEN001", "socialcare/early_help.csv", 4, _ANY, _set(OfferedOn="awaiting")),
    Fault("required value missing", "GEN002", "education/suspensions.xlsx", 4, _ANY, _set(StartDate="")),
    Fault("required value missing", "GEN002", "housing/indicators.csv", 8, _ANY, _set(HappenedOn="")),
    Fault("missing-episode type not M or A", "MIS001", "police/missing.csv", 6, _ANY, _set(Type="Absconded")),
    Fault("end before start", "INT001", "police/missing.csv", 5, _differs("StartedAt", "EndedAt"), _swap_episode),
    Fault("end before start", "INT001", "socialcare/statutory.csv", 6, _closed_cin, _swap_dates("StartOn", "EndOn")),
    Fault("person not in this source's list", "ORP001", "socialcare/contacts.csv", 7, _ANY, _set(PersonID="SC0000001")),
    Fault("person not in this source's list", "ORP001", "police/missing.csv", 4, _ANY, _set(PersonID="NP0000001")),
    Fault("unknown factor code", "FAC001", "socialcare/factors.csv", 8, _ANY, _set(Factor="99Z")),
    Fault("unknown factor code", "FAC001", "housing/indicators.csv", 5, _ANY, _set(Factor="no_central_heating")),
    Fault("unknown suspension category", "SUS001", "education/suspensions.xlsx", 6, _suspension, _set(Category="LUNCH")),
    Fault("event before birth", "BIR001", "socialcare/contacts.csv", 6, _ANY, _unborn),
    Fault(_REPEAT, "DUP001", "socialcare/contacts.csv", 9, _ANY, _set()),
    Fault(_REPEAT, "DUP001", "socialcare/factors.csv", 8, _ANY, _set()),
    Fault(_REPEAT, "DUP001", "education/enrolments.csv", 8, _ANY, _set()),
)  # fmt: skip

#: Faults of a school's own export of marks, planted as text: text, code, number at 5,000, cells.
TEXT_MARK_FAULTS: tuple[tuple[str, str, int, dict[str, str]], ...] = (
    ("unknown attendance code", "ATT001", 9, {"Code": "8"}),
    ("date cannot be read", "GEN001", 9, {"Date": "32/13/2024"}),
    ("required value missing", "GEN002", 7, {"Date": ""}),
    (_REPEAT, "DUP001", 12, {}),
)
#: Faults of the year files of marks: text, code, number at 5,000, code written.
NUMBER_MARK_FAULTS: tuple[tuple[str, str, int, str], ...] = (
    ("unknown attendance code", "ATT001", 14, "A"),
    ("code used after it was withdrawn", "ATT006", 22, "H"),
    (_REPEAT, "DUP001", 16, ""),
)


class FaultLog:
    """What was planted where; ``frame`` is the content of ``truth/faults.csv``."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str, int]] = []

    def add(self, text: str, code: str, file: str, count: int) -> None:
        """Note ``count`` faults."""
        if count:
            self._rows.append((text, code, file, count))

    def frame(self) -> pd.DataFrame:
        """One row a fault and file."""
        table = pd.DataFrame(self._rows, columns=["fault", "finding_code", "file", "count"])
        totals = table.groupby(["fault", "finding_code", "file"])["count"].sum().reset_index()
        return totals.sort_values(["finding_code", "file"], ignore_index=True)


def plant_faults(tables: Tables, spared: set[str], children: int, seeds: Seeds, log: FaultLog) -> Tables:
    """The same tables with faults; people in ``spared`` (canaries, by any id) keep clean rows."""
    births = {
        person: born
        for name, table in tables.items()
        if name.endswith("/people.csv")
        for person, born in zip(table["PersonID"], table["DOB"], strict=True)
    }
    out = dict(tables)
    taken: dict[str, set[int]] = {}
    repeats: dict[str, list[int]] = {}
    for number, fault in enumerate(FAULTS):
        table = out[fault.file]
        rng = seeds.rng("faults", number)
        key = "PupilID" if "PupilID" in table else "PersonID"
        used = taken.setdefault(fault.file, set())
        usable = fault.usable(table).to_numpy() & ~table[key].isin(spared).to_numpy()
        usable[list(used)] = False
        rows = rng.permutation(np.flatnonzero(usable))[: fault.count(children)]
        used.update(int(row) for row in rows)
        if fault.text == _REPEAT:
            repeats.setdefault(fault.file, []).extend(int(row) for row in rows)
        elif len(rows):
            table = table.copy()
            for row in rows:
                table.iloc[int(row)] = pd.Series(fault.spoil({str(k): str(v) for k, v in table.iloc[int(row)].items()}, births))
            out[fault.file] = table
        log.add(fault.text, fault.code, fault.file, len(rows))
    for name, again in repeats.items():
        table = out[name]
        order = np.sort(np.concatenate([np.arange(len(table)), np.array(again, dtype=np.int64)]), kind="stable")
        out[name] = table.iloc[order].reset_index(drop=True)
    return out


def spoil_text_marks(
    table: pd.DataFrame, file: str, spared: set[str], children: int, files: int, rng: np.random.Generator, log: FaultLog
) -> pd.DataFrame:
    """A school's export of marks with faults; each of ``files`` takes its part."""
    twice = table.duplicated(["PupilID", "Date", "Session"], keep=False).to_numpy()
    rows = rng.permutation(np.flatnonzero(~twice & ~table["PupilID"].isin(spared).to_numpy()))
    table = table.copy()
    at = 0
    for text, code, at_5000, cells in TEXT_MARK_FAULTS:
        count = max(1, round(scaled(at_5000, children) / files))
        chosen = rows[at : at + count]
        at += count
        for column, value in cells.items():
            table.loc[table.index[chosen], column] = value
        if not cells:
            order = np.sort(np.concatenate([np.arange(len(table)), chosen]), kind="stable")
            table = table.iloc[order].reset_index(drop=True)
        log.add(text, code, file, len(chosen))
    return table


def spoil_number_marks(
    marks: Marks,
    first_year: int,
    file: str,
    spared: npt.NDArray[np.int64],
    children: int,
    rng: np.random.Generator,
    log: FaultLog,
) -> Marks:
    """The first block of a year's marks with faults; withdrawn codes are planted from 1 January after ``first_year``."""
    new_year = day_number(pd.Timestamp(first_year + 1, 1, 1).date())
    plain = ~marks.corrected & ~np.isin(marks.child, spared)
    code = marks.code.copy()
    used = np.zeros(len(marks), dtype=bool)
    extra = np.zeros(0, dtype=np.int64)
    for text, finding, at_5000, written in NUMBER_MARK_FAULTS:
        absent = np.isin(code, [NUMBER["I"], NUMBER["O"], NUMBER["G"]])
        usable = plain & ~used & ((marks.day >= new_year) & absent if finding == "ATT006" else True)
        rows = rng.permutation(np.flatnonzero(usable))[: scaled(at_5000, children)]
        used[rows] = True
        if written:
            code[rows] = NUMBER[written]
        else:
            extra = rows
        log.add(text, finding, file, len(rows))
    spoiled = Marks(marks.child, marks.school, marks.day, marks.session, code, marks.recorded, marks.corrected)
    return spoiled.plus(spoiled.take(extra))
