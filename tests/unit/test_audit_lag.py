"""How late records become known by group: on a list small enough to count."""

from __future__ import annotations

import numpy as np
import pandas as pd

from early_id.audit.groups import grouping
from early_id.audit.lag import recording_lag

DAY = pd.Timestamp("2025-03-03")
CHILDREN = [f"c{i}" for i in range(8)]
BY = grouping(pd.Series(["a"] * 4 + ["b"] * 4), name="g", label="G")


def _events(lags: dict[str, list[int]], *, happened: str = "2024-03-04") -> pd.DataFrame:
    rows = [(child, pd.Timestamp(happened), pd.Timestamp(happened) + pd.Timedelta(days=days)) for child, many in lags.items() for days in many]
    return pd.DataFrame(rows, columns=["child_id", "happened_on", "known_from"])


def _table(events: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return recording_lag(events, CHILDREN, np.arange(8), 8, [BY], day=DAY)


def test_records_are_counted_by_group_with_their_median_lag() -> None:
    table = _table({"contacts": _events({"c0": [1, 31], "c1": [40], "c4": [2, 30], "c5": [3], "c6": [90], "elsewhere": [99, 99]})}).set_index("group")
    assert table["n"].tolist() == [3, 4] and table["families"].tolist() == [2, 3]
    assert table["value"].tolist() == [2 / 3, 1 / 4] and table.loc["a", "difference"] == 2 / 3 - 1 / 4
    assert table["median_days"].tolist() == [31, 16.5]
    assert table.loc["a", "difference_low"] < 2 / 3 - 1 / 4 < table.loc["a", "difference_high"]
    assert set(table["what"]) == {"records known more than 30 days late: contacts"}


def test_events_too_new_for_late_records_to_be_there_are_left_out() -> None:
    old, new = _events({"c0": [1, 2, 60], "c4": [5]}), _events({"c0": [1] * 9, "c4": [0] * 9}, happened="2024-12-01")
    assert _table({"contacts": pd.concat([old, new])})["n"].tolist() == [3, 1]
    assert _table({"contacts": new}).empty


def test_a_lag_that_is_assumed_for_all_tells_nothing() -> None:
    assert _table({"contacts": _events({"c0": [14, 14], "c4": [14]}), "suspensions": _events({"c0": [0, 14], "c4": [14, 0]})}).empty
