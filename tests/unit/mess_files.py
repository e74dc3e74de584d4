"""Reading a made-up council's files again, for counters of faults that know nothing of the code that plants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from early_id.data.synth.mess import KINDS
from early_id.data.synth.seeds import BLOCK

#: A council of two blocks of marks with every kind of mess whose rows are counted again.
SPOILT: dict[str, Any] = {
    "children": BLOCK + 150,
    "seed": 5,
    "scenarios": ["drift", "label_bias:fsm=0.5"],
    "mess": [kind.name for kind in KINDS if kind.group != "people"],
}
EXTRACTED = pd.Timestamp(2025, 11, 9)
PUPILS, PEOPLE, STATUTORY = "education/pupils.csv", "socialcare/people.csv", "socialcare/statutory.csv"
CONTACTS, FACTORS, MISSING = "socialcare/contacts.csv", "socialcare/factors.csv", "police/missing.csv"
ENROLMENTS, SUSPENSIONS, INDICATORS = "education/enrolments.csv", "education/suspensions.xlsx", "housing/indicators.csv"
EARLY_HELP = "socialcare/early_help.csv"


@dataclass(frozen=True)
class Files:
    """A council's folder, its files read when they are asked for."""

    folder: Path

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self.read:
            path = self.folder / "extracts" / name
            if path.suffix == ".xlsx":
                self.read[name] = pd.read_excel(path, dtype=str, keep_default_na=False)
            elif path.suffix == ".parquet":
                self.read[name] = pd.read_parquet(path)
            else:
                raw = path.read_bytes()
                self.read[name] = pd.read_csv(BytesIO(raw), dtype=str, keep_default_na=False, encoding="utf-8" if is_utf8(raw) else "cp1252")
        return self.read[name]

    @cached_property
    def read(self) -> dict[str, pd.DataFrame]:
        return {}

    @cached_property
    def marks(self) -> dict[str, pd.DataFrame]:
        """All files of marks but second copies, dates as timestamps (not a time where they cannot be read), their text in ``Written``."""
        out = {}
        root = self.folder / "extracts"
        for path in sorted((root / "attendance").rglob("marks_*")):
            if "(1)" in path.name:
                continue
            name = path.relative_to(root).as_posix()
            table = self[name]
            style = "%d/%m/%Y" if path.suffix == ".csv" else None
            days = {column: pd.to_datetime(table[column], format=style, errors="coerce") for column in ("Date", "RecordedOn")}
            out[name] = table.assign(Written=table["Date"].astype(str), **days)
        return out

    @cached_property
    def planted(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "truth" / "faults.csv", keep_default_na=False)


Counts = dict[str, int]
Counter = Callable[[Files], Counts]
COUNTERS: dict[str, Counter] = {}


def counts(kind: str) -> Callable[[Counter], Counter]:
    def keep(counter: Counter) -> Counter:
        COUNTERS[kind] = counter
        return counter

    return keep


def rows(kind: str, *names: str) -> Callable[[Callable[[pd.DataFrame], pd.Series]], Callable[[pd.DataFrame], pd.Series]]:
    """A counter of the rows of some files for which a condition holds."""

    def keep(condition: Callable[[pd.DataFrame], pd.Series]) -> Callable[[pd.DataFrame], pd.Series]:
        COUNTERS[kind] = lambda files: {name: int(condition(files[name]).sum()) for name in names}
        return condition

    return keep


def is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def letter(tail: str) -> str:
    letters = "ABCDEFGHJKLMNPQRTUVWXYZ"
    return letters[sum(n * (letters.index(c) if c.isalpha() else int(c)) for n, c in enumerate(tail, 2)) % 23]


def day(texts: pd.Series) -> pd.Series:
    """Dates in either of the two usual styles."""
    iso = pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")
    return iso.fillna(pd.to_datetime(texts, format="%d/%m/%Y", errors="coerce"))


def begins_inside(table: pd.DataFrame, who: str, start: pd.Series, end: pd.Series) -> pd.Series:
    """Rows that begin while an earlier row of the same person runs; an empty end runs on."""
    frame = pd.DataFrame({"who": table[who], "start": start, "end": end.fillna(pd.Timestamp(2100, 1, 1))})
    frame = frame[frame["start"].notna() & (frame["end"] >= frame["start"])].sort_values(["who", "start"], kind="stable")
    before = frame.groupby("who")["end"].transform(lambda ends: ends.cummax().shift())
    return frame["start"] < before
