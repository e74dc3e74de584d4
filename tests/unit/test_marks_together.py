"""Marks brought together once for several dates: each date gets what it gets alone, also where marks became known late or were corrected in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
from features_material import AS_OF, CALENDAR, ago, cohort, people, store

from early_id.config.settings import FeatureSettings
from early_id.features import catalogue
from early_id.features.build import build_at
from early_id.features.compile import WEIGHT
from early_id.features.declare import custom
from early_id.features.past import Past
from early_id.features.together import marks_together

DATES = [AS_OF - timedelta(days=n) for n in (42, 28, 7, 0)]
NAMES = {"Ann": "F", "Bob": "F", "Cat": None}
MARKS = ("/", "/", "O", "/", "L", "\\", "I", "/", "U", "C2", "R", "N", "-", "B", "/", "M")


def council() -> Any:
    """Two years of marks of three children at two schools; some known late, some corrected, each on another side of some date."""
    marks: list[dict[str, Any]] = []
    for step, child in enumerate(NAMES, start=3):
        for n in range(1, 700):
            on = ago(n)
            for half, session in enumerate(("AM", "PM")):
                mark = {"child": child, "school_id": f"S{1 + (n % 11 == 0)}", "session": session, "date": on}
                code = MARKS[(n * step + half) % len(MARKS)]
                since = on + timedelta(days=(1, 1, 1, 20)[n % 4])
                if n % 6 == half:
                    until = since + timedelta(days=9 + n % 17)
                    marks.append({**mark, "code": ("O", "/")[n % 2], "known_from": since, "known_to": until})
                    since = until
                marks.append({**mark, "code": code, "known_from": since})
    spells = [{"child": child, "school_id": "S1", "start_on": ago(900), "nc_year": "8"} for child in NAMES]
    return store({"attendance": marks, "enrolments": spells})


def test_each_date_gets_what_it_gets_alone() -> None:
    held, who = council(), people(NAMES)
    features = [feature for feature in catalogue() if feature.source == "attendance"]
    together = marks_together(held, features, DATES, CALENDAR, FeatureSettings())
    assert set(together) == {"attendance"}
    everyone = cohort(NAMES, dict.fromkeys(NAMES, "S1"))
    for day in DATES:
        alone, shared = (build_at(Past(held, who, day, rows), everyone, features, calendar=CALENDAR) for rows in ({}, together))
        pd.testing.assert_frame_equal(shared.values, alone.values, check_exact=True, obj=str(day))
        pd.testing.assert_frame_equal(shared.newest, alone.newest, obj=str(day))
        assert alone.values.notna().any(axis=None)


def test_fewer_rows_stand_for_all_of_them() -> None:
    held = council()
    features = [feature for feature in catalogue() if feature.source == "attendance"]
    rows = marks_together(held, features, DATES, CALENDAR, FeatureSettings())["attendance"]
    counted = rows.aggregate(rows=rows.count(), marks=rows[WEIGHT].sum()).execute().iloc[0]
    reached = held.table("attendance")
    window = reached.filter(reached.happened_on >= DATES[0] - timedelta(days=365), reached.happened_on < DATES[-1])
    still = window.filter(window.known_to.isnull() | (window.known_to >= DATES[0]))
    assert counted["marks"] == still.count().execute() and counted["rows"] < 0.7 * counted["marks"]


def test_one_date_or_two_and_tables_of_events_are_read_as_they_are() -> None:
    held = council()
    marks = [feature for feature in catalogue() if feature.source == "attendance"]
    assert marks_together(held, marks, DATES[:2], CALENDAR, FeatureSettings()) == {}
    events = [feature for feature in catalogue() if feature.source == "enrolments"]
    assert marks_together(held, events, DATES, CALENDAR, FeatureSettings()) == {}
    own = [marks[0].__class__(**{**vars(marks[0]), "measure": custom(lambda rows, children: None, tables=("attendance",))})]
    assert marks_together(held, own, DATES, CALENDAR, FeatureSettings()) == {}
