"""What goes wrong when a file is exported: rows twice, the whole file twice, another encoding."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from early_id.data.synth.faults.declare import Around, Case, Fault, Row, any_row, unchanged
from early_id.data.synth.faults.log import FaultLog

#: Files that come a second time, under the name that a browser gives to a second download.
TWICE = "attendance/marks_*.csv"
#: Letters as people write them whose names lose them elsewhere.
ACCENTS = {"e": "ë", "a": "á", "i": "ï", "o": "ö"}
#: The file that is written in the encoding of an old Windows system.
CP1252_FILE = "police/people.csv"


def _plain_name(table: pd.DataFrame, around: Around) -> pd.Series:
    return table["Forename"].str.contains("[eaio]", regex=True) & table["Forename"].map(str.isascii)


def _accent(row: Row, case: Case) -> Row:
    name = row["Forename"]
    letter = next(letter for letter in ACCENTS if letter in name)
    return {**row, "Forename": name.replace(letter, ACCENTS[letter], 1)}


FAULTS: tuple[Fault, ...] = (
    Fault("repeated_row", "socialcare/contacts.csv", "", 9, any_row, unchanged, adds=True),
    Fault("repeated_row", "socialcare/factors.csv", "", 8, any_row, unchanged, adds=True, related="PersonID"),
    Fault("repeated_row", "education/enrolments.csv", "", 8, any_row, unchanged, adds=True),
    Fault("wrong_encoding", CP1252_FILE, "Forename", 25, _plain_name, _accent),
)  # fmt: skip


def encoding_of(file: str, mess: frozenset[str]) -> str:
    """The encoding that a file of the extracts is written in."""
    return "cp1252" if file == CP1252_FILE and "wrong_encoding" in mess else "utf-8"


def copy_exports(extracts: Path, mess: frozenset[str], log: FaultLog) -> None:
    """Put a second copy of some files beside them, byte for byte; ``log`` knows how many rows they hold."""
    if "duplicate_export" not in mess:
        return
    for path in sorted(extracts.glob(TWICE)):
        copy = path.with_name(f"{path.stem} (1){path.suffix}")
        shutil.copyfile(path, copy)
        name = copy.relative_to(extracts).as_posix()
        rows = log.size(path.relative_to(extracts).as_posix())
        log.add("duplicate_export", name, "", rows)
        log.note_size(name, rows)
