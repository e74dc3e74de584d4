"""The workbook of records to be read at random: names and a place for what the reader judges, and not which side of the line they come from."""

from __future__ import annotations

import pandas as pd

from early_id.learning.reading import JUDGED
from early_id.present.wording import ALARM, count_of
from early_id.present.workbook import Sheet, workbook_bytes

#: Headings as on lists, so that answers are read by the same reader of workbooks.
ENTRY = ("Your decision", "Date", "Your role", "Notes")


def reading_workbook(rows: pd.DataFrame, hub: str, *, council: str, watermark: str | None) -> bytes:
    """One hub's workbook.

    Parameters
    ----------
    rows : DataFrame
        name, year, school, key; in alphabetical order.
    """
    banner = f"RESTRICTED. For staff of {hub} who read records at random. Do not forward or copy."
    notes: list[str | tuple[str, str]] = [
        banner,
        *([watermark] if watermark else []),
        ("What this is", (
            f"{count_of(len(rows), 'family was', 'families were')} drawn by lot, some of them from a list and some not; nobody tells you which. Being here says nothing about a family. "
            f"{council} reads a few records at random to see whom its lists miss."
        )),
        ("What you are asked to do", (
            "Read the records that you may read anyway, and judge from them alone whether help would be worth offering. Do not contact the family because it is here. "
            "If you see a reason to act, act on that reason as you would on any day."
        )),
        ("What it is not", ALARM),
    ]  # fmt: skip
    read_me = Sheet(name="Read me first", title="Records to read", notes=notes, widths=(72.0,), protected=True, landscape=False)
    cells = [
        [str(r.name_), str(r.year), str(r.school), *([None] * len(ENTRY)), str(r.key)] for r in rows.rename(columns={"name": "name_"}).itertuples()
    ]
    sheet = Sheet(
        name="List",
        headings=("Name", "Year", "School", *ENTRY, "Key"),
        rows=cells,
        title="Records to read",
        notes=[*([watermark] if watermark else []), f"Drawn by lot. {ALARM}"],
        widths=(26.0, 10.0, 26.0, 30.0, 12.0, 16.0, 36.0, 10.0),
        dropdowns={"Your decision": JUDGED} if cells else {},
        protected=True,
        unlocked=ENTRY,
    )
    return workbook_bytes([read_me, sheet], title="Records to read", restricted=" ".join(part for part in (banner, watermark) if part))
