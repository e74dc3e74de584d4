"""A question that was compiled for one date answers for another as if it had been compiled for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from unittest import mock

import pandas as pd
from features_material import AS_OF, CALENDAR, ago, cohort, people, store

from early_id.config.settings import FeatureSettings
from early_id.features import ask, catalogue
from early_id.features.build import build_at
from early_id.features.past import Past

FAMILIES: dict[str, str | None] = {"Ann": "F1", "Ben": "F1"}
NAMES = ("absence_share_90d", "absence_share_this_term", "absence_weeks_12sw", "absence_longest_run_180d", "suspensions_count_365d", "on_roll_now")
DATES = (AS_OF, AS_OF - timedelta(days=1), AS_OF - timedelta(days=100), date(2025, 1, 6))


def rows() -> dict[str, list[dict[str, Any]]]:
    marks = [
        {"child": child, "school_id": "S1", "date": ago(n), "session": "AM", "code": "O" if n % (7 if child == "Ann" else 5) == 0 else "/"}
        for child in FAMILIES
        for n in range(1, 300)
        if ago(n).weekday() < 5
    ]
    marks[0]["code"] = "N"
    return {
        "attendance": marks,
        "enrolments": [
            {"child": child, "school_id": "S1", "start_on": ago(900), "end_on": ago(50) if child == "Ben" else None} for child in FAMILIES
        ],
        "suspensions": [{"child": "Ann", "school_id": "S1", "start_on": ago(n), "category": "SUSP", "sessions": 2} for n in (20, 130, 420)],
    }


def values(held: Any, day: date, **more: Any) -> pd.DataFrame:
    who = cohort(FAMILIES, dict.fromkeys(FAMILIES, "S1"))
    return build_at(Past(held, people(FAMILIES), day), who, [catalogue()[name] for name in NAMES], calendar=CALENDAR, **more).values


def test_a_kept_question_answers_for_every_date_and_every_store() -> None:
    with mock.patch.dict(ask._TEXTS, clear=True):
        kept = {day: values(store(rows()), day) for day in DATES}
        compiled = len(ask._TEXTS)
        unsettled = values(store(rows()), AS_OF, settings=FeatureSettings(settling_days=0))
        assert len(ask._TEXTS) == compiled  # dates differ, and nothing else
    assert not any(frame.isna().all(axis=None) for frame in kept.values())
    assert len({tuple(frame.fillna(-1).to_numpy().ravel()) for frame in kept.values()}) == len(DATES)
    assert not unsettled.equals(kept[AS_OF])
    for day, frame in kept.items():
        with mock.patch.dict(ask._TEXTS, clear=True):
            pd.testing.assert_frame_equal(values(store(rows()), day), frame)


def test_no_stand_in_is_left_in_a_question() -> None:
    asked: list[str] = []
    answered = ask._answered
    with mock.patch.object(ask, "_answered", lambda backend, text: asked.append(text) or answered(backend, text)):
        values(store(rows()), AS_OF)
    assert asked and not any(f"MAKE_DATE({year}" in text or f"{year}-01-01" in text for text in asked for year in range(9000, 9100))


def test_a_store_whose_tables_have_other_columns_asks_its_own_question() -> None:
    wider = store(rows())
    wider.backend.raw_sql("ALTER TABLE suspensions ADD COLUMN received_on DATE")
    with mock.patch.dict(ask._TEXTS, clear=True):
        first, second = values(wider, AS_OF), values(store(rows()), AS_OF)
    pd.testing.assert_frame_equal(first, second)
