"""Rows brought together before conditions are asked: nothing that a measure could tell apart is lost."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from features_material import AS_OF, CALENDAR, ago, past, people, store

from early_id.features import build as build_module
from early_id.features import catalogue
from early_id.features.build import build_at
from early_id.features.compile import WEIGHT, compact, goes_by_row
from early_id.features.declare import count, days, latest, share, weeks
from early_id.schema.conditions import all_of, isin, weekday_in

MARK = {"child": "Ann", "school_id": "S1", "session": "AM"}


def test_rows_alike_between_two_cuts_become_one_with_their_number_and_newest_day() -> None:
    marks = [{**MARK, "date": ago(n), "code": code} for n, code in ((9, "/"), (8, "/"), (7, "O"), (6, "/"), (5, "/"), (5, "O"))]
    rows = store({"attendance": marks}).table("attendance")
    answer = compact(rows, ["source_person_id"], ["code"], [ago(7), ago(90)]).execute()
    found = {(row["code"], pd.Timestamp(row["happened_on"]).date(), row[WEIGHT]) for row in answer.to_dict("records")}
    assert found == {("/", ago(8), 2), ("O", ago(5), 2), ("/", ago(5), 2)}


@pytest.mark.parametrize(
    ("measure", "by_row"),
    [
        (share(isin("code", {"O"}), isin("code", {"/", "O"})), False),
        (latest("sessions"), False),
        (days(), False),
        (weeks(isin("code", {"O"})), False),
        (count(all_of(isin("code", {"O"}), weekday_in("date", [0]))), True),
    ],
)
def test_conditions_on_a_part_of_a_date_are_asked_row_by_row(measure: object, by_row: bool) -> None:
    assert goes_by_row(measure) is by_row  # type: ignore[arg-type]


def test_values_and_newest_dates_are_the_same_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two schools, a year of marks with every code of absence in turn, days on both sides of every window's ends."""
    codes = ["/", "\\", "O", "I", "L", "C2", "B", "M", "U", "N", "-", "R"]
    marks = [
        {"child": child, "school_id": f"S{1 + (n % 7 == 0)}", "session": session, "date": ago(n), "code": codes[(n * step + half) % len(codes)]}
        for child, step in (("Ann", 5), ("Bob", 7))
        for n in range(1, 400)
        for half, session in enumerate(("AM", "PM"))
    ]
    spells = [{"child": child, "school_id": "S1", "start_on": AS_OF - timedelta(days=900), "nc_year": "8"} for child in ("Ann", "Bob")]
    known = past({"attendance": marks, "enrolments": spells}, people({"Ann": "F", "Bob": "F"}))
    cohort = pd.DataFrame({"child_id": ["Ann", "Bob"], "family_id": "F", "school_id": "S1"})
    wanted = [feature for feature in catalogue() if feature.source == "attendance"]
    together = build_at(known, cohort, wanted, calendar=CALENDAR)
    monkeypatch.setattr(build_module, "_MANY", 10**6)
    alone = build_at(known, cohort, wanted, calendar=CALENDAR)
    pd.testing.assert_frame_equal(together.values, alone.values, check_exact=True)
    pd.testing.assert_frame_equal(together.newest, alone.newest)
    assert (together.values.fillna(0) != 0).any().mean() > 0.6
