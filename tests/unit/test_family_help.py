"""In a Family Help area a status is set by local step, never by the word CIN."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from early_id.config.regimes import FamilyHelpSettings
from early_id.data.family_help import NOT_NAMED, status_sql

AREA = FamilyHelpSettings(since=date(2025, 4, 1), steps={"FH plan, section 17": "CIN", "FH enquiry": "S47"})


@pytest.mark.parametrize(
    ("word", "start", "status"),
    [
        ("FH plan, section 17", "2025-06-01", "CIN"),
        ("FH enquiry", "2025-06-01", "S47"),
        ("CIN", "2025-04-01", NOT_NAMED),
        ("cin", "2025-06-01", NOT_NAMED),
        ("CIN", "2025-03-31", "CIN"),
        ("CPP", "2025-06-01", "CPP"),
        ("FH circle of support", "2025-06-01", "FH circle of support"),
    ],
)
def test_a_status_is_that_of_its_step(word: str, start: str, status: str) -> None:
    sql = status_sql("status", "status", "start_on", AREA)
    assert duckdb.sql(f"SELECT {sql} FROM (SELECT '{word}' AS status, DATE '{start}' AS start_on)").fetchall() == [(status,)]


def test_elsewhere_nothing_changes() -> None:
    assert status_sql("status", "status", "start_on", FamilyHelpSettings()) == "status"
