"""Missing episodes (rules 24 and 25)."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from early_id.data.synth.faults.declare import STAMP, Around, Case, Fault, Row, any_row, both, earlier, filled, put, swap
from early_id.data.synth.timeline import as_date

FILE = "police/missing.csv"


def _last_of_person(table: pd.DataFrame, around: Around) -> pd.Series:
    return table["StartedAt"] == table["StartedAt"].groupby(table["PersonID"]).transform("max")


def _not_last(table: pd.DataFrame, around: Around) -> pd.Series:
    return ~_last_of_person(table, around)


def _blank(row: Row, case: Case) -> Row:
    return {**row, ("Type", "StartedAt")[case.number % 2]: ""}


def _outside(row: Row, case: Case) -> Row:
    """Found years after the extract was made: a wrong year."""
    ended = datetime.strptime(row["EndedAt"], STAMP)
    return {**row, "EndedAt": f"{as_date(case.around.timeline.extracted).year + 6}-{ended:%m}-01T{ended:%H:%M:%S}"}


def _inside(row: Row, case: Case) -> Row:
    """A second episode that begins in the middle of the first one."""
    first, last = (datetime.strptime(row[name], STAMP) for name in ("StartedAt", "EndedAt"))
    return {**row, "StartedAt": (first + (last - first) / 2).strftime(STAMP)}


FAULTS: tuple[Fault, ...] = (
    Fault("missing_left_open", FILE, "EndedAt", 4, both(filled("EndedAt"), _not_last), put(EndedAt=""), related="PersonID"),
    Fault("missing_type", FILE, "Type", 6, any_row, put(Type="Absconded")),
    Fault("missing_end_before_start", FILE, "StartedAt EndedAt", 5, earlier("StartedAt", "EndedAt"), swap("StartedAt", "EndedAt")),
    Fault("missing_outside_year", FILE, "EndedAt", 4, both(filled("EndedAt"), _last_of_person), _outside),
    Fault("missing_overlap", FILE, "StartedAt", 4, earlier("StartedAt", "EndedAt"), _inside, adds=True),
    Fault("missing_blank", FILE, "Type StartedAt", 5, any_row, _blank),
)  # fmt: skip
