"""The cut in time, row by row on the days round the date: what happened, became known or was taken back on the day itself is not there."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import pandas as pd
import pytest

from early_id.features.cut import known_at
from early_id.schema.tables import Tables

DAY = date(2025, 3, 3)
SPELLS = Tables()["statutory"]


def days(n: int | None) -> date | None:
    """So many days after the date."""
    return None if n is None else DAY + timedelta(days=n)


def seen(**row: date | None) -> pd.DataFrame:
    columns = dict.fromkeys(SPELLS.column_names)
    frame = pd.DataFrame([{**columns, "status": "CIN", "known_to": None, **row}])
    schema = {name: "date" if name.endswith(("_on", "_from", "_to")) else "string" for name in frame}
    return known_at(ibis.memtable(frame, schema=schema), DAY, SPELLS).execute()


@pytest.mark.parametrize(
    ("happened", "known", "known_to", "there"),
    [
        (-1, -1, None, True),
        (0, -1, None, False),  # planned for the day, and known before
        (1, -1, None, False),
        (-1, 0, None, False),  # happened before, became known on the day
        (-1, 1, None, False),
        (-9, -9, 0, True),  # taken back on the day: nobody knew that before
        (-9, -9, 1, True),
        (-9, -9, -1, False),
    ],
)
def test_each_boundary_is_the_day_itself(happened: int, known: int, known_to: int | None, there: bool) -> None:
    found = seen(happened_on=days(happened), start_on=days(happened), known_from=days(known), known_to=days(known_to))
    assert (len(found) == 1) is there


@pytest.mark.parametrize(("ended", "told"), [(-1, True), (0, False), (1, False)])
def test_a_fact_that_comes_later_is_empty_until_its_own_day_has_passed(ended: int, told: bool) -> None:
    found = seen(happened_on=days(-30), start_on=days(-30), known_from=days(-30), end_on=days(ended))
    assert len(found) == 1 and found["end_on"].notna().iloc[0] == told
