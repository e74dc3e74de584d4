"""The dates of a made-up council: school years, months, the extract day and the as-of dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from early_id.core.calendar import SchoolCalendar, monday_of, school_year, usual_calendar

Days = npt.NDArray[np.int64]  #: days since 1 January 1970

#: School years of session marks before the running one.
FULL_YEARS = 3
#: Week of the autumn term in which the lists are made.
SCREENING_WEEK = 10
#: Horizon of the outcome and the recording lag after it, in days.
HORIZON, RECORDING_LAG = 180, 30
#: First day of the attendance codes now in force (DfE, Working together to improve school attendance, 2024).
NEW_CODES_FROM = date(2024, 8, 19)
#: A day number no event reaches.
NEVER = 10**6


def day_number(day: date) -> int:
    """Days since 1 January 1970."""
    return (day - date(1970, 1, 1)).days


def as_date(number: int) -> date:
    """The date of a day number."""
    return date(1970, 1, 1) + timedelta(days=int(number))


@dataclass(frozen=True)
class SchoolYear:
    """One school year of the council: its label, its bounds and the days that carry marks."""

    label: str
    first_year: int
    start: int  #: 1 September
    end: int  #: 31 August
    days: Days  #: school days up to the extract; empty for a year without marks
    terms: tuple[tuple[int, int], ...] = ()  #: first and last day of each term


@dataclass(frozen=True)
class Timeline:
    """Every date the generator needs."""

    calendar: SchoolCalendar
    years: tuple[SchoolYear, ...]
    months: Days  #: first day of each month of events
    events_from: int
    screening: date
    extracted: int  #: day of the extracts: nothing recorded later is in them

    @property
    def as_of_dates(self) -> tuple[date, ...]:
        """Dates in the same week of term whose outcomes had matured by the screening date, and that date itself.

        The first marked spring term is the first with half a year of marks behind it.
        """
        first = as_date(self.years[1].start) + timedelta(days=120)
        mature = self.screening - timedelta(days=HORIZON + RECORDING_LAG)
        dates = self.calendar.same_week_dates(self.screening, first)
        return tuple(day for day in dates if day <= mature or day == self.screening)


def make_timeline(start: date) -> Timeline:
    """The timeline of a council whose first marked school year holds ``start``; events begin a year earlier."""
    first = start.year if start.month >= 9 else start.year - 1
    calendar = usual_calendar(first - 1, first + FULL_YEARS + 1)
    autumn = next(term for term in calendar.terms if term.first >= date(first + FULL_YEARS, 9, 1))
    screening = monday_of(calendar.school_weeks(autumn.first, autumn.last)[SCREENING_WEEK - 1])
    extracted = day_number(screening) - 1
    years = []
    for year in range(first - 1, first + FULL_YEARS + 1):
        begin, end = date(year, 9, 1), date(year + 1, 8, 31)
        days = calendar.school_days(begin, min(end + timedelta(days=1), screening)) if year >= first else []
        numbers = np.array([day_number(day) for day in days], dtype=np.int64)
        terms = tuple((day_number(term.first), day_number(term.last)) for term in calendar.terms if begin <= term.first <= end)
        years.append(SchoolYear(school_year(begin), year, day_number(begin), day_number(end), numbers, terms))
    months = []
    month = date(first - 1, 9, 1)
    while month < screening:
        months.append(day_number(month))
        month = (month + timedelta(days=32)).replace(day=1)
    return Timeline(calendar, tuple(years), np.array(months, dtype=np.int64), months[0], screening, extracted)
