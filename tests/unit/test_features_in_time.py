"""What time does to shipped features: marks not settled, corrections, coverage, gaps between schools and two rolls, too few sessions, codes that change."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from features_material import AS_OF, CALENDAR, ago, cohort, past, people

from early_id.config.settings import FeatureSettings
from early_id.features import catalogue
from early_id.features.build import build_at
from early_id.schema.codes import code_list
from early_id.testing.evaluator import Twin

CATALOGUE = catalogue()
Rows = list[dict[str, Any]]
#: The school days before AS_OF, newest first, from one that is settled on.
SCHOOL_DAYS = [day for n in range(1, 300) if (day := ago(n)).weekday() < 5]
SETTLED = [day for day in SCHOOL_DAYS if day < ago(7)]


def mark(day: date, code: str = "/", session: str = "AM", school: str = "S1", **more: Any) -> dict[str, Any]:
    return {"child": "Ann", "school_id": school, "date": day, "session": session, "code": code, **more}


def values(
    rows: dict[str, Rows], *names: str, as_of: date = AS_OF, settings: FeatureSettings | None = None, covers: Any = None
) -> list[float | None]:
    """Shipped features of Ann at S1; the engine and its twin have to agree."""
    asked = [CATALOGUE[name] for name in names]
    who: dict[str, str | None] = {"Ann": None}
    moment, frame = past(rows, people(who), as_of, covers=covers), cohort(who, {"Ann": "S1"})
    got = build_at(moment, frame, asked, calendar=CALENDAR, settings=settings).values
    slow = Twin(moment.store, moment.people, as_of, CALENDAR, settings).frame(frame, asked)  # type: ignore[arg-type]
    np.testing.assert_allclose(got.to_numpy(), slow.to_numpy(), rtol=0, atol=1e-12)
    return [None if np.isnan(value) else float(value) for value in got.iloc[0]]


# --- settling period


def test_settling_period_marks_that_are_rewritten_within_days_do_not_count_near_the_date() -> None:
    """Forty settled sessions, and each day of the last week an N: it counts neither as absence nor as a session until it is older."""
    settled = [mark(day) for day in SETTLED[:40]]
    near = [mark(day, "N") for day in SCHOOL_DAYS if day >= ago(7)]
    assert values({"attendance": [*settled, *near]}, "absence_share_90d") == [0]
    assert values({"attendance": [*settled, *near]}, "absence_share_90d", settings=FeatureSettings(settling_days=0)) == [len(near) / (40 + len(near))]
    # Twenty days later an N that nobody rewrote is an absence.
    later = AS_OF + timedelta(days=20)
    assert values({"attendance": [*settled, *near]}, "absence_share_90d", as_of=later) == [len(near) / (40 + len(near))]


# --- corrections


def test_corrections_are_seen_only_from_when_they_were_made() -> None:
    """A term of absences that the school corrected to present five days ago: the day before, nobody knew."""
    wrong = [mark(day, "O", known_to=ago(5)) for day in SETTLED[:30]]
    right = [mark(day, "/", known_from=ago(5)) for day in SETTLED[:30]]
    rows = {"attendance": [*wrong, *right]}
    assert values(rows, "absence_share_90d", as_of=ago(5)) == [1]
    assert values(rows, "absence_share_90d", as_of=ago(4)) == [0]
    assert values(rows, "absence_share_90d") == [0]


# --- coverage


def test_coverage_decides_whether_no_row_is_zero_or_unknown() -> None:
    names = ("suspensions_count_365d", "contacts_count_365d", "days_since_suspension_ever")
    rolls = [{"child": "Ann", "school_id": "S1", "start_on": ago(900)}]
    sent = [{"child": "Zoe", "school_id": "S1", "start_on": ago(500), "category": "SUSP", "sessions": 2}]
    contacts = [{"child": "Zoe", "contact_on": ago(500), "contact_source": "school"}]
    assert values({"suspensions": sent, "enrolments": rolls, "contacts": contacts}, *names) == [0, 0, None]
    # Nothing was sent for this year: unknown, and so is a table that was never given.
    covers = [("education", "suspensions", date(2015, 1, 1), ago(400)), ("education", "enrolments", date(2015, 1, 1), ago(0))]
    assert values({"suspensions": sent, "enrolments": rolls}, *names, covers=covers) == [None, None, None]


def test_coverage_begins_with_the_source_a_window_that_reaches_further_back_is_unknown() -> None:
    contacts = [{"child": "Zoe", "contact_on": ago(200), "contact_source": "school"}]
    covers = [("education", "contacts", ago(200), ago(0))]
    assert values({"contacts": contacts}, "contacts_count_90d", "contacts_count_365d", covers=covers) == [0, None]


# --- gaps between schools, and two rolls


def test_an_enrolment_gap_is_no_absence() -> None:
    """Twenty days at S2, a week on no roll, twenty days at S1: only the sessions that were held count, and no school counts another's."""
    first = [mark(day, "O" if n < 10 else "/", school="S2") for n, day in enumerate(SETTLED[25:45])]
    now = [mark(day, "O" if n < 5 else "/") for n, day in enumerate(SETTLED[:20])]
    names = ("absence_share_90d", "absence_share_365d", "absence_share_all_schools_90d")
    assert values({"attendance": [*first, *now]}, *names) == [5 / 20, 5 / 20, 15 / 40]
    # A child who has just come is not known by the weeks before: too few sessions here, enough over both schools.
    assert values({"attendance": [*first, *now[:10]]}, *names) == [None, None, 15 / 30]


def test_dual_registration_a_session_due_at_the_other_school_is_counted_once_and_there() -> None:
    """Ann is on the rolls of S1 and of a unit: in the afternoon S1 writes D, and the unit whether she came."""
    days = SETTLED[:40]
    rows = {
        "attendance": [
            *(mark(day, "/") for day in days),
            *(mark(day, "D", "PM") for day in days),
            *(mark(day, "O" if n < 10 else "/", "PM", "UNIT") for n, day in enumerate(days)),
        ]
    }
    # At S1 forty sessions, none missed; at both eighty, ten missed. D is neither a session nor an absence.
    assert values(rows, "absence_share_90d", "absence_share_all_schools_90d", "absence_days_6sw") == [0, 10 / 80, 0]


# --- minimum of possible sessions


@pytest.mark.parametrize(("sessions", "wanted"), [(19, None), (20, 0.1)])
def test_fewer_than_twenty_possible_sessions_are_unknown(sessions: int, wanted: float | None) -> None:
    marks = [mark(day, "O" if n < 2 else "/") for n, day in enumerate(SETTLED[:sessions])]
    closed = [mark(day, "#", "PM") for day in SETTLED[:40]]
    got = values({"attendance": [*marks, *closed]}, "absence_share_90d", "absence_share_365d", "unauthorised_share_90d", "late_share_90d")
    assert got == ([None] * 4 if wanted is None else [wanted, wanted, wanted, 0])


def test_a_change_is_unknown_where_either_side_is_too_short() -> None:
    now = [mark(day, "O") for day in SETTLED[:25]]
    before = [mark(ago(n), "/") for n in range(100, 119)]
    assert values({"attendance": [*now, *before]}, "absence_change_90d") == [None]
    assert values({"attendance": [*now, *before, mark(ago(120))]}, "absence_change_90d") == [1]


def test_of_fewer_than_ten_absences_it_is_not_said_who_explained_them() -> None:
    assert values({"attendance": [mark(day, "I") for day in SETTLED[:9]]}, "absence_explained_share_365d") == [None]
    assert values({"attendance": [mark(day, "I" if n else "O") for n, day in enumerate(SETTLED[:10])]}, "absence_explained_share_365d") == [0.9]


# --- old and new codes by date

CHANGE, THEN = date(2024, 8, 19), date(2024, 10, 7)
#: Code before August 2024 and whether it counts as a session and as an absence; the same of the code since.
CODES = {
    "leave that the school agreed": ("H", True, True, "C", True, True),
    "an interview: attended until then, an absence since": ("J", True, False, "J1", True, True),
    "cannot attend": ("Y", False, False, "Y1", False, False),
    "taught off site": ("B", True, False, "K", True, False),
    "a part-time timetable, apart from absence": ("C", True, True, "C2", False, False),
}


@pytest.mark.parametrize("name", CODES)
def test_old_and_new_codes_are_read_by_their_own_meaning(name: str) -> None:
    """Sixty mornings, ten of them missed, thirty on each side of the change; one code or the other in thirty afternoons."""
    old, old_session, old_absent, new, new_session, new_absent = CODES[name]
    assert code_list("attendance")[old].is_valid_on(CHANGE - timedelta(days=1)) and code_list("attendance")[new].is_valid_on(CHANGE)
    before = [day for n in range(1, 60) if (day := date(2024, 7, 19) - timedelta(days=n)).weekday() < 5][:30]
    after = [day for n in range(60) if (day := date(2024, 8, 26) + timedelta(days=n)).weekday() < 5][:30]
    mornings = [mark(day, "O" if n < 10 else "/") for n, day in enumerate((*before, *after))]
    for code, days, session, absent in ((old, before, old_session, old_absent), (new, after, new_session, new_absent)):
        marks = {"attendance": [*mornings, *(mark(day, code, "PM") for day in days)]}
        assert values(marks, "absence_share_365d", as_of=THEN) == [(10 + 30 * absent) / (60 + 30 * session)], code


def test_a_code_that_was_withdrawn_still_counts_in_the_history_of_a_child() -> None:
    """A year that spans the change: H in June and C in September are both leave that the school agreed."""
    june = [mark(date(2024, 6, 3) + timedelta(days=n), "H") for n in range(5)]
    september = [mark(date(2024, 9, 9) + timedelta(days=n), "C") for n in range(5)]
    present = [mark(date(2024, 9, 16) + timedelta(days=n)) for n in range(5)] + [mark(date(2024, 6, 10) + timedelta(days=n)) for n in range(5)]
    got = values({"attendance": [*june, *september, *present]}, "absence_share_365d", "unauthorised_share_365d", as_of=THEN)
    assert got == [0.5, 0]
