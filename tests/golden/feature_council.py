"""A small council whose every row follows from a fixed formula, for the golden of feature values. Do not change it: every value rests on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, TypeVar

import pandas as pd

from early_id.linkage import People
from early_id.testing.memory_store import MemoryStore

AS_OF = date(2025, 3, 17)
CHILDREN = 24
_ALWAYS = pd.Timestamp("2010-01-01")
_MARKS = "/" * 12 + "\\" * 8 + "IIOOOLLUUMGCEB"
_FACTORS = ("1A", "2B", "3B", "4A", "4B", "5B", "7A", "8E", "10A", "13A", "14A", "15A", "16A", "21", "11A", "9A")
_MONEY = ("rent_arrears", "council_tax_arrears", "temporary_accommodation", "benefit_cap", "debt_advice")
Row = dict[str, Any]
T = TypeVar("T")


class _Draw:
    """Draws from ``random()`` alone, whose numbers are the same in every version of Python."""

    def __init__(self) -> None:
        self._random = Random(2025)

    def one(self, of: Sequence[T]) -> T:
        return of[int(self._random.random() * len(of))]

    def days_ago(self, most: int = 800) -> date:
        return AS_OF - timedelta(days=1 + int(self._random.random() * most))

    def hits(self, share: float) -> bool:
        return self._random.random() < share


def council() -> tuple[MemoryStore, People, pd.DataFrame]:
    """Store, people, and the cohort on ``AS_OF``: 24 children of two schools in nine families."""
    draw = _Draw()
    names = [f"C{n:02d}" for n in range(CHILDREN)]
    school = {name: "S1" if n < 14 else "S2" for n, name in enumerate(names)}
    links = pd.DataFrame({"source": "education", "source_person_id": [f"P{name}" for name in names], "child_id": names})
    links = links.assign(known_from=_ALWAYS, known_to=pd.NaT, trust=1.0)
    families = pd.DataFrame({"child_id": names, "family_id": [f"F{n % 9}" for n in range(CHILDREN)]})
    spells = families.assign(from_on=_ALWAYS, to_on=pd.NaT, known_from=_ALWAYS, known_to=pd.NaT, evidence="given")
    spells = spells.assign(safe_contact=True, protected_address=False, no_joint_contact=False)
    rows: dict[str, list[Row]] = {name: [] for name in _EVENTS}
    rows |= {"attendance": [], "enrolments": []}
    for name in names:
        rows["attendance"] += _marks(draw, name, school[name])
        rows["enrolments"] += _rolls(draw, name, school[name])
        for table, (share, make) in _EVENTS.items():
            rows[table] += [{"source_person_id": f"P{name}", **make(draw, school[name])} for _ in range(6) if draw.hits(share)]
    return MemoryStore(rows), People(links, spells, key="golden"), families.assign(school_id=[school[name] for name in names])


def _marks(draw: _Draw, name: str, school: str) -> list[Row]:
    """Both sessions of each weekday of the last year, a child's own taste in marks."""
    kept = "".join(code for code in _MARKS if code in "/\\" or draw.hits(0.4))
    days = [day for n in range(1, 365) if (day := AS_OF - timedelta(days=n)).weekday() < 5 and day.month != 8]
    base = {"source_person_id": f"P{name}", "school_id": school}
    codes = {"part time": "C2", "off site": "K"}
    return [
        {
            **base,
            "date": day,
            "session": session,
            "code": codes["part time"] if name == "C03" and session == "PM" and day.month == 2 else draw.one(kept),
        }
        for day in days
        for session in ("AM", "PM")
    ]


def _rolls(draw: _Draw, name: str, school: str) -> list[Row]:
    base = {"source_person_id": f"P{name}"}
    before = {**base, "school_id": "S3", "start_on": date(2022, 9, 5), "end_on": date(2024, 2, 2), "nc_year": "6"}
    start = draw.one((date(2023, 9, 4), date(2024, 2, 19), date(2024, 9, 2), date(2025, 1, 13)))
    end = AS_OF - timedelta(days=3) if name == "C23" else None
    now = {**base, "school_id": school, "start_on": start, "end_on": end, "nc_year": "7", "part_time": name == "C03"}
    return [now] if start.year == 2023 else [before, now]


def _suspension(draw: _Draw, school: str) -> Row:
    reasons = [draw.one(("DB", "PP", "VA", "DA", "MT", "BU", "TH", None)) for _ in range(2)]
    category = draw.one(("SUSP",) * 9 + ("PERM",))
    sessions = None if category == "PERM" else draw.one((1, 2, 4, 6, 10))
    return {
        "school_id": school,
        "start_on": draw.days_ago(),
        "sessions": sessions,
        "category": category,
        "reason_1": reasons[0],
        "reason_2": reasons[1],
    }


def _episode(draw: _Draw, school: str) -> Row:
    started = datetime.combine(draw.days_ago(), time(draw.one((2, 10, 14, 20, 23)), 15))
    return {"started_at": started, "ended_at": started + timedelta(hours=5), "type": draw.one("MA")}


def _factor(draw: _Draw, school: str) -> Row:
    on = draw.days_ago()
    ended = on + timedelta(days=90) if draw.hits(0.3) else None
    return {
        "factor": draw.one(_FACTORS + _MONEY),
        "happened_on": on,
        "ended_on": ended,
        "recorded_by": draw.one(("social_worker", "early_help", None)),
    }


def _help(draw: _Draw, school: str) -> Row:
    on, answer = draw.days_ago(), draw.one(("accepted", "accepted", "not_now", "no_contact"))
    if answer != "accepted":
        return {"offered_on": on, "response": answer}
    why = draw.one(("needs met", "no longer needed", "family withdrew", "moved away"))
    return {"offered_on": on, "response": answer, "start_on": on + timedelta(days=9), "end_on": on + timedelta(days=120), "end_reason": why}


def _status(draw: _Draw, school: str) -> Row:
    status = draw.one(("home_educated", "missing_education", "alternative_provision", "neet", "not_known"))
    on = draw.days_ago()
    return {"status": status, "start_on": on, "end_on": on + timedelta(days=60) if draw.hits(0.6) else None}


#: Table → share of six chances, and how a row is made.
_EVENTS: dict[str, tuple[float, Any]] = {
    "suspensions": (0.4, _suspension),
    "missing_episodes": (0.3, _episode),
    "household_factors": (0.6, _factor),
    "notifications": (
        0.5, lambda draw, school: {"kind": draw.one(("domestic_abuse_notice", "youth_justice", "health", "bereavement")), "happened_on": draw.days_ago()},
    ),
    "contacts": (0.4, lambda draw, school: {"contact_on": draw.days_ago(), "contact_source": draw.one(("school", "police", "family", "health"))}),
    "household_members": (0.2, lambda draw, school: {"household_id": "H", "role": "child", "from_on": draw.days_ago()}),
    "early_help": (0.4, _help),
    "education_status": (0.2, _status),
}  # fmt: skip
