"""School years, terms and school weeks in England.

Schools open 190 days (380 sessions) a year over three terms, each cut in two by a half-term holiday
(DfE, pupil absence statistics: methodology). Councils set their own dates; those made here
are the commonest pattern.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

MONDAY, FRIDAY = 0, 4


def school_year(day: date) -> str:
    """The school year that holds ``day``, as ``2024/25`` (it turns on 1 September)."""
    first = day.year if day.month >= 9 else day.year - 1
    return f"{first}/{(first + 1) % 100:02d}"


def school_year_start(day: date) -> date:
    """1 September of the school year that holds ``day``."""
    return date(day.year if day.month >= 9 else day.year - 1, 9, 1)


def monday_of(day: date) -> date:
    """The Monday of the week that holds ``day``."""
    return day - timedelta(days=day.weekday())


@lru_cache(maxsize=64)
def easter_sunday(year: int) -> date:
    """Western Easter by the anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, ch. 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


@dataclass(frozen=True)
class Term:
    """One term, both ends included, with its half-term week left out."""

    name: str
    first: date
    last: date
    half_term: date  #: Monday of the half-term week


@dataclass(frozen=True)
class SchoolCalendar:
    """Terms and closed days; everything that counts school time asks this object.

    Parameters
    ----------
    terms : tuple of Term
        In order of date, not overlapping.
    closed : frozenset of date
        Bank holidays and inset days inside terms.
    """

    terms: tuple[Term, ...]
    closed: frozenset[date] = frozenset()

    def is_school_day(self, day: date) -> bool:
        """Whether schools are open on ``day``."""
        if day.weekday() > FRIDAY or day in self.closed:
            return False
        return any(term.first <= day <= term.last and monday_of(day) != term.half_term for term in self.terms)

    def school_days(self, first: date, end: date) -> list[date]:
        """School days in ``[first, end)``, in order."""
        near = SchoolCalendar(tuple(term for term in self.terms if term.last >= first and term.first < end), self.closed)
        return [day for n in range((end - first).days) if near.is_school_day(day := first + timedelta(days=n))]

    def school_weeks(self, first: date, end: date) -> list[date]:
        """Mondays of the weeks in ``[first, end)`` that hold at least one school day, in order."""
        return sorted({monday_of(day) for day in self.school_days(first, end)})

    def term_of(self, day: date) -> Term | None:
        """The term that holds ``day``, or the one that ended last before it."""
        started = [term for term in self.terms if term.first <= day]
        return started[-1] if started else None

    def last_school_weeks(self, before: date, n: int) -> date:
        """First day of a window that holds the ``n`` school weeks before ``before``.

        The week of ``before`` itself is not counted, because it is not over.
        """
        weeks = self.school_weeks(before - timedelta(days=14 * n + 90), monday_of(before))
        return weeks[-n] if len(weeks) >= n else (weeks[0] if weeks else before)

    def week_of_term(self, day: date) -> int | None:
        """Number of the school week within its term, from 1; None outside terms."""
        term = self.term_of(day)
        if term is None or day > term.last:
            return None
        weeks = self.school_weeks(term.first, term.last + timedelta(days=1))
        return weeks.index(monday_of(day)) + 1 if monday_of(day) in weeks else None

    def same_week_dates(self, day: date, first: date) -> list[date]:
        """Mondays of the same week of term as ``day`` in every term from ``first`` up to and with ``day``.

        As-of dates stand in the same weeks of term as the lists will, since absence has a shape within the term.
        A term too short to have that week gives its last week.
        """
        number = self.week_of_term(day)
        if number is None:
            return [day]
        dates = []
        for term in self.terms:
            weeks = self.school_weeks(term.first, term.last + timedelta(days=1))
            monday = weeks[min(number, len(weeks)) - 1]
            if first <= monday <= day:
                dates.append(monday)
        return dates


def _bank_holidays(year: int) -> set[date]:
    """Bank holidays that can fall in term: Good Friday, Easter Monday, early and late May."""
    easter = easter_sunday(year)
    first_may = date(year, 5, 1)
    early = first_may + timedelta(days=-first_may.weekday() % 7)
    late = date(year, 5, 31) - timedelta(days=date(year, 5, 31).weekday())
    return {easter - timedelta(days=2), easter + timedelta(days=1), early, late}


def usual_calendar(first_year: int = 2018, last_year: int = 2029) -> SchoolCalendar:
    """The commonest English pattern for school years starting in ``first_year`` to ``last_year``.

    Autumn opens on the first Monday in September, half-term is the last week of October, spring opens on the first Monday from
    3 January, Easter holidays are the two weeks round Easter Sunday, summer ends about 22 July. The first day of each
    term is an inset day.
    """
    terms: list[Term] = []
    closed: set[date] = set()
    for year in range(first_year, last_year + 1):
        sept = date(year, 9, 1)
        autumn = sept + timedelta(days=-sept.weekday() % 7)
        christmas = monday_of(date(year, 12, 22)) - timedelta(days=3)
        january = date(year + 1, 1, 3)
        spring = january + timedelta(days=-january.weekday() % 7)
        easter = easter_sunday(year + 1)
        spring_end = min(easter - timedelta(days=9), date(year + 1, 4, 4))
        spring_end = monday_of(spring_end) + timedelta(days=4)
        summer = monday_of(spring_end) + timedelta(days=21)
        summer_end = monday_of(date(year + 1, 7, 22)) + timedelta(days=2)
        february = monday_of(date(year + 1, 2, 16))
        whitsun = date(year + 1, 5, 31) - timedelta(days=date(year + 1, 5, 31).weekday())
        october = monday_of(date(year, 10, 28))
        terms += [
            Term(f"autumn {school_year(autumn)}", autumn, christmas, october),
            Term(f"spring {school_year(autumn)}", spring, spring_end, february),
            Term(f"summer {school_year(autumn)}", summer, summer_end, whitsun),
        ]
        closed |= {autumn, spring, summer} | _bank_holidays(year + 1)
    return SchoolCalendar(tuple(terms), frozenset(closed))


def count_weeks(days: Iterable[date]) -> int:
    """Number of different weeks among ``days``."""
    return len({monday_of(day) for day in days})
