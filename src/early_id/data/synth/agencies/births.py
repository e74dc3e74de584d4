"""Birth dates that were mistyped, estimated or never known."""

from __future__ import annotations

import numpy as np

from early_id.data.synth.agencies.desk import Desk
from early_id.data.synth.agencies.names import read_day, wrong_birth_date
from early_id.data.synth.agencies.sources import AGENCIES


def change_births(desk: Desk) -> None:
    """Plant the three kinds; a record takes one at most.

    An estimate is 1 January of the true year, and a mistake is never later than the day of the record: no event comes before a birth.
    """
    for agency in AGENCIES:
        born, made, ids = (desk.column(agency, name) for name in ("DOB", "RecordedOn", agency.heading))
        free = desk.records(agency)
        for kind in ("birth_date_errors", "estimated_birth_dates", "unknown_birth_dates"):
            rows = desk.choose(kind, agency, free)
            free[rows] = False
            desk.altered[desk.child[agency.source][rows]] = True
            rng = desk.seeds.rng(f"{kind} values {agency.source}")
            values = np.array([_written(kind, str(born[row]), str(made[row]), rng) for row in rows], dtype=object)
            changed = rows[values != born[rows]] if len(rows) else rows
            desk.write(kind, agency, changed, "DOB", values[np.isin(rows, changed)])
            desk.count(kind, agency.file, "DOB", changed)
            if desk.on(kind):
                desk.touched.update(str(value) for value in ids[changed])


def _written(kind: str, born: str, made: str, rng: np.random.Generator) -> str:
    if kind == "birth_date_errors":
        return wrong_birth_date(born, made, rng) or born
    day = read_day(born)
    return f"01/01/{day.year}" if day and kind == "estimated_birth_dates" else ""
