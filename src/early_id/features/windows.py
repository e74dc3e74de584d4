"""Windows become plain dates here, in Python, before the engine sees them."""

from __future__ import annotations

from datetime import date, timedelta

from early_id.core.calendar import SchoolCalendar, monday_of, school_year_start
from early_id.features.declare import Window

#: The first day of 'ever'. Older rows than this are not expected in any source.
BEGINNING = date(1900, 1, 1)


def span(window: Window, as_of: date, calendar: SchoolCalendar) -> tuple[date, date]:
    """The half-open ``[start, end)`` of a window before ``as_of``.

    >>> from early_id.core.calendar import usual_calendar
    >>> from early_id.features.declare import last_days
    >>> span(last_days(90), date(2025, 11, 10), usual_calendar())
    (datetime.date(2025, 8, 12), datetime.date(2025, 11, 10))
    """
    match window.kind:
        case "last_days":
            return as_of - timedelta(days=window.first), as_of
        case "between_days":
            return as_of - timedelta(days=window.first), as_of - timedelta(days=window.last)
        case "last_school_weeks":
            return calendar.last_school_weeks(as_of, window.first), monday_of(as_of)
        case "this_term":
            term = calendar.term_of(as_of)
            return (term.first if term else as_of), as_of
        case "this_year":
            return school_year_start(as_of), as_of
        case _:
            return BEGINNING, as_of
