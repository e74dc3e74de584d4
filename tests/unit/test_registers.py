"""Registers as bits give each date what the engine gives it alone, also where marks became known late or were corrected in between."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from features_material import AS_OF, CALENDAR, ago, cohort, people, store

from early_id.config.settings import FeatureSettings
from early_id.data.engine import raw
from early_id.features import catalogue
from early_id.features.ask import listening
from early_id.features.build import build_at
from early_id.features.declare import custom
from early_id.features.past import Past
from early_id.features.registers import days_of, registers_of

DATES = [AS_OF - timedelta(days=n) for n in (42, 28, 7, 0)]
NAMES = {"Ann": "F", "Bob": "F", "Cat": None}
MARKS = ("/", "/", "O", "/", "L", "\\", "I", "/", "U", "C2", "R", "N", "-", "B", "/", "M")
FEATURES = [feature for feature in catalogue() if feature.source == "attendance"]


def marks() -> list[dict[str, Any]]:
    """Two years of marks of three children at two schools; some known late, some corrected, each on another side of some date."""
    rows: list[dict[str, Any]] = []
    for step, child in enumerate(NAMES, start=3):
        for n in range(1, 700):
            on = ago(n)
            for half, session in enumerate(("AM", "PM")):
                mark = {"child": child, "school_id": f"S{1 + (n % 11 == 0)}", "session": session, "date": on}
                code = MARKS[(n * step + half) % len(MARKS)]
                since = on + timedelta(days=(1, 1, 1, 20)[n % 4])
                if n % 6 == half:
                    until = since + timedelta(days=9 + n % 17)
                    rows.append({**mark, "code": ("O", "/")[n % 2], "known_from": since, "known_to": until})
                    since = until
                rows.append({**mark, "code": code, "known_from": since})
    return rows


def council(rows: list[dict[str, Any]]) -> Any:
    spells = [{"child": child, "school_id": "S1", "start_on": ago(900), "nc_year": "8"} for child in NAMES]
    return store({"attendance": rows, "enrolments": spells})


@pytest.mark.parametrize("dates", [DATES, DATES[-1:]], ids=["several dates", "one date"])
def test_each_date_gets_what_the_engine_gives_it(dates: list[date]) -> None:
    held, who, everyone = council(marks()), people(NAMES), cohort(NAMES, dict.fromkeys(NAMES, "S1"))
    registers = registers_of(held, FEATURES, dates, CALENDAR, FeatureSettings())
    assert set(registers) == {"attendance"}
    for day in dates:
        assert registers["attendance"].on(day, 7) is not None
        by_engine, by_bits = (build_at(Past(held, who, day, given), everyone, FEATURES, calendar=CALENDAR) for given in ({}, registers))
        pd.testing.assert_frame_equal(by_bits.values, by_engine.values, check_exact=True, obj=str(day))
        pd.testing.assert_frame_equal(by_bits.newest, by_engine.newest, obj=str(day))
        assert by_engine.values.notna().any(axis=None)


def test_a_few_integers_stand_for_all_marks() -> None:
    held = council(marks())
    registers = registers_of(held, FEATURES, DATES, CALENDAR, FeatureSettings())["attendance"]
    reached = held.table("attendance")
    window = reached.filter(reached.happened_on >= DATES[0] - timedelta(days=365), reached.happened_on < DATES[-1])
    assert len(registers.bits) < 0.3 * window.count().execute()


def test_two_marks_of_one_moment_in_one_register_are_left_to_the_engine() -> None:
    rows = marks()
    double = next(row for row in rows if row["date"] == ago(50) and row["session"] == "AM")
    for second in (double, {**double, "code": "O" if double["code"] == "/" else "/"}):
        registers = registers_of(council([*rows, second]), FEATURES, DATES, CALENDAR, FeatureSettings())
        assert "attendance" not in registers or registers["attendance"].on(DATES[-1], 7) is None


def test_marks_are_known_from_the_day_of_their_time_and_nothing_stays_with_the_engine() -> None:
    """A store that keeps times of day beside days gives the same: the first date after a time is that of the day after it."""
    held = council(marks())
    plain = registers_of(held, FEATURES, DATES, CALENDAR, FeatureSettings())["attendance"]
    with_times = Timed(held)
    timed = registers_of(with_times, FEATURES, DATES, CALENDAR, FeatureSettings())["attendance"]
    for name in ("known", "replaced", "kind", "block"):
        assert sorted(getattr(timed, name)) == sorted(getattr(plain, name))
    placed = {name for (name,) in raw(held.backend).execute("SELECT table_name FROM information_schema.tables").fetchall()}
    assert "attendance" in placed and not placed & {"_marks", "_lanes", "_told_apart", "_kinds", "_reached"}


def test_whoever_listens_to_the_questions_has_them_asked() -> None:
    """What describes a feature shows the SQL that ran."""
    with listening():
        assert registers_of(council(marks()), FEATURES, DATES, CALENDAR, FeatureSettings()) == {}


class Timed:
    """A store whose rows became known at half past ten."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __getattr__(self, name: str) -> Any:
        return getattr(self.held, name)

    def table(self, name: str) -> Any:
        rows = self.held.table(name)
        half_past_ten = {column: rows[column].cast("timestamp") + ibis.interval(minutes=630) for column in ("known_from", "known_to")}
        return rows.mutate(**half_past_ten)


def test_tables_of_events_and_measures_that_bits_cannot_answer_are_left_to_the_engine() -> None:
    held = council(marks())
    events = [feature for feature in catalogue() if feature.source == "enrolments"]
    assert registers_of(held, events, DATES, CALENDAR, FeatureSettings()) == {}
    own = [FEATURES[0].__class__(**{**vars(FEATURES[0]), "measure": custom(lambda rows, children: None, tables=("attendance",))})]
    assert registers_of(held, own, DATES, CALENDAR, FeatureSettings()) == {}


def test_days_are_bits_from_monday_morning() -> None:
    block = np.array([10, 11])
    assert days_of(block, 280, 281).tolist() == [0b11, 0]
    assert days_of(block, 307, 309).tolist() == [0b11 << 54, 0b11]
    assert days_of(block, 400, 300).tolist() == [0, 0]
