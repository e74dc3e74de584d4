"""Tables that are read once for many dates are cut as the engine cuts them, row by row; and people found from the date before are those found anew."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from test_features_twin import examples

from early_id.features.cohort import persons
from early_id.features.held import read_once
from early_id.features.past import Past
from early_id.testing.memory_store import MemoryStore
from early_id.testing.strategies import AS_OF, EVENTS, Council, councils

DAYS = [AS_OF + timedelta(days=n) for n in (-40, 0, 1, -2, 30)]


@examples(4)
@given(councils())
def test_the_cut_of_a_held_table_is_that_of_the_engine(council: Council) -> None:
    store, people = council.store, council.people
    with read_once(store, people):
        held = {day: {name: (Past(store, people, day).frame(name), Past(store, people, day).unlinked(name)) for name in EVENTS} for day in DAYS}
        assert Past(store, people, AS_OF).held is not None and Past(council.store, people, AS_OF).held is None
    for day in DAYS:
        for name in EVENTS:
            past = Past(store, people, day)
            for ours, engines in zip(held[day][name], (past.frame(name), past.unlinked(name)), strict=True):
                pd.testing.assert_frame_equal(_plain(ours), _plain(engines), obj=f"{name} on {day}")


def test_a_build_within_a_build_takes_nothing_from_it() -> None:
    rows = {"statutory": [{"source": "care", "source_person_id": "care-A", "status": "CIN", "start_on": date(2024, 1, 1)}]}
    store, people = MemoryStore(rows), type("Linked", (), {})()
    with read_once(store, people):
        outer = Past(store, people, AS_OF).held
        assert outer is not None
        rows_of = outer.rows("statutory")
        with read_once(store, people):
            assert Past(store, people, AS_OF).held is outer
        assert rows_of.count().execute() == 1


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Values as they are: a column without any has no type of its own in one row or in none."""
    return frame.apply(lambda column: column.astype(object).where(column.notna(), None).map(_day)).astype(object)


def _day(value: Any) -> Any:
    return pd.Timestamp(value) if isinstance(value, date | datetime) else value


def _pupil(child: str, source: str, **more: Any) -> dict[str, Any]:
    return {"source": source, "source_person_id": f"{source}-{child}", "recorded_on": date(2020, 1, 1), "birth_date": date(2012, 5, 1), **more}


def test_people_found_from_the_date_before_are_those_found_anew() -> None:
    """Records that come, are corrected and end, a roll that begins, a death, and a link that is taken back; one child of whom nothing changes."""
    school, care = [f"school-{child}" for child in "ABCD"], [f"care-{child}" for child in "ABC"]
    rows = {
        "pupils": [
            _pupil("A", "school", surname="Old", known_from=date(2020, 1, 1), known_to=date(2024, 3, 1)),
            _pupil("A", "school", surname="New", known_from=date(2024, 3, 1)),
            _pupil("A", "care", surname="Care", postcode="XX1 1XX", known_from=date(2024, 1, 1)),
            _pupil("B", "school", forename="Bo", died_on=date(2024, 6, 1)),
            _pupil("B", "care", forename="Bob", surname="B", postcode="XX2"),
            _pupil("C", "school", forename="Cat"),
            _pupil("C", "care", forename="Cathy", surname="C"),
            _pupil("D", "school", surname="Same"),
        ],
        "enrolments": [
            {"source": "school", "source_person_id": "school-B", "school_id": "S1", "start_on": date(2024, 5, 1)},
            {"source": "school", "source_person_id": "school-A", "school_id": "S1", "start_on": date(2021, 5, 1)},
        ],
    }
    links = pd.DataFrame({"source": ["school"] * 4 + ["care"] * 3, "source_person_id": school + care, "child_id": list("ABCDABC")})
    links = links.assign(known_from=pd.Timestamp("2020-01-01"), known_to=pd.NaT, trust=1.0)
    links["known_to"] = pd.to_datetime(links["known_to"]).where(links["source_person_id"] != "care-C", pd.Timestamp("2024-07-01"))
    store, people = MemoryStore(rows), type("Linked", (), {"person_links": links})()
    days = [
        date(2023, 6, 1),
        date(2024, 2, 1),
        date(2024, 4, 1),
        date(2024, 5, 20),
        date(2024, 6, 2),
        date(2024, 8, 1),
        date(2024, 8, 2),
        date(2023, 12, 1),
    ]
    anew = {day: persons(Past(store, people, day)) for day in days}
    with read_once(store, people):
        for day in days:
            pd.testing.assert_frame_equal(persons(Past(store, people, day)), anew[day], check_dtype=False, obj=str(day))
    told = {day: frame.loc[["A", "B", "C"], ["surname", "forename", "postcode", "died_on"]].astype(str).to_csv() for day, frame in anew.items()}
    assert len(set(told.values())) == 6  # each change is seen: 8 dates, the last two of which repeat what was


@pytest.mark.parametrize("table", ["pupils", "enrolments"])
def test_without_one_of_the_tables_people_are_found_anew(table: str) -> None:
    store = MemoryStore({table: []})
    people = type("Linked", (), {"person_links": pd.DataFrame(columns=["source", "source_person_id", "child_id", "known_from", "known_to"])})()
    with read_once(store, people):
        assert persons(Past(store, people, AS_OF)).empty
