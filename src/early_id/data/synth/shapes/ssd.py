"""The Standard Safeguarding Dataset as CSV: one file a table, as on the day of the extracts, and dated snapshots of it.

The dataset is built anew each time and has no recorded-at columns. A snapshot is the same build from what was known on its day. Some
contacts are entered twice and one of the two is taken out again some weeks later: they are in the snapshots between, and gone after.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.shapes.cases import make_cases
from early_id.data.synth.shapes.extra import Extra
from early_id.data.synth.shapes.records import CONTACTS, Records
from early_id.data.synth.shapes.ssd_care import care_tables
from early_id.data.synth.shapes.ssd_people import people_tables
from early_id.data.synth.shapes.ssd_protection import protection
from early_id.data.synth.shapes.ssd_services import contacts, service_tables
from early_id.data.synth.timeline import Timeline, as_date

#: Snapshots: on the first day of this many months, and on the day of the extracts.
MONTHS = 6
#: Share of contacts that are entered twice, and how many days the second entry stands before it is taken out.
ENTERED_TWICE, SHORTEST_STAND, STANDS_WITHIN = 0.06, 20, 50


def ssd_tables(records: Records, extra: Extra) -> Tables:
    """Every table of the standard that the council's records support, without the prefix ``ssd_``; empty ones are left out."""
    cases = make_cases(records, extra)
    tables = {
        **people_tables(records, cases, extra),
        **service_tables(records, cases, extra),
        **protection(records, cases, extra),
        **care_tables(records, cases, extra),
    }
    return {name: table for name, table in tables.items() if len(table)}


def snapshot_days(timeline: Timeline) -> tuple[int, ...]:
    """The days of the snapshots, the last that of the extracts."""
    return (*(int(day) for day in timeline.months[-MONTHS:] if day < timeline.extracted), timeline.extracted)


def write_ssd(folder: Path, records: Records, extra: Extra) -> None:
    """One CSV file a table."""
    _write(folder, ssd_tables(records.as_on(records.day), extra))


def write_snapshots(folder: Path, records: Records, extra: Extra) -> None:
    """One folder a snapshot, named by its day."""
    for day in snapshot_days(records.timeline):
        then = records.as_on(day)
        tables = ssd_tables(then, extra)
        twice = second_entries(records, extra, day)
        # In the order of their ids, so that neither an id nor its place tells which of two entries is the second.
        both = pd.concat([tables["contacts"], contacts(_only(then, twice), extra, again=True)])
        tables["contacts"] = both.sort_values("cont_contact_id", ignore_index=True)
        _write(folder / as_date(day).isoformat(), tables)


def second_entries(records: Records, extra: Extra, day: int) -> np.ndarray:
    """Rows of the contacts whose second entry stood on a day; none on the last."""
    rows, on = records.rows(CONTACTS), records.dates(CONTACTS, "ContactDate").day
    entered = on + 2
    out = entered + SHORTEST_STAND + (extra.chance(CONTACTS, "second entry stands", rows) * STANDS_WITHIN).astype(np.int64)
    out = np.minimum(out, records.timeline.extracted)
    return rows[(extra.chance(CONTACTS, "entered twice", rows) < ENTERED_TWICE) & (entered < day) & (out > day)]


def _only(records: Records, rows: np.ndarray) -> Records:
    """The records with these contacts alone."""
    table = records[CONTACTS]
    return Records({**records.tables, CONTACTS: table[table.index.isin(rows)]}, records.people, records.timeline, records.day)


def _write(folder: Path, tables: Tables) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"ssd_{name}.csv", index=False, lineterminator="\r\n", encoding="utf-8")
