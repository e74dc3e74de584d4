"""Rules for session marks and for what schools send of them."""

from __future__ import annotations

from datetime import date, timedelta

from early_id.core.calendar import easter_sunday
from early_id.core.types import Severity
from early_id.data.rules.declare import Rule
from early_id.data.rules.sql import age, literal, outside_validity, unknown
from early_id.schema.codes import code_list

_E, _Q, _N = Severity.ERROR, Severity.QUERY, Severity.NOTE
_MARKS = ("attendance",)


def _listed(codes: frozenset[str]) -> str:
    return ", ".join(literal(code) for code in sorted(codes))


_MARK = code_list("attendance")
#: Marks that say that nobody was due, or that say nothing.
_NOT_DUE = _listed(_MARK.having(category="not_possible_session") | {"#", "X", "Z", "-", "Y"})
_PRESENT = _listed(_MARK.having(category="present"))
#: Marks that nobody can know beforehand.
_ON_THE_DAY = _listed(_MARK.having(category="present") | frozenset({"O", "U", "N"}))


def _bank_holidays(first: int = 2010, last: int = 2035) -> list[date]:
    """Bank holidays of every year in England; single ones, such as that of a coronation, are not among them."""
    days: list[date] = []
    for year in range(first, last + 1):
        easter = easter_sunday(year)
        days += [easter - timedelta(days=2), easter + timedelta(days=1)]
        for month, last_one in ((5, False), (5, True), (8, True)):
            end = date(year, month, 31)
            day = end - timedelta(days=end.weekday()) if last_one else date(year, month, 1) + timedelta(days=-date(year, month, 1).weekday() % 7)
            days.append(day)
        fixed = {date(year, 12, 25): 2, date(year, 12, 26): 2, date(year, 1, 1): 2 if date(year, 1, 1).weekday() == 5 else 1}
        # One that falls on a weekend is kept on a working day after it as well.
        days += [*fixed, *(day + timedelta(days=later) for day, later in fixed.items() if day.weekday() >= 5)]
    moved = {2020: (date(2020, 5, 4), date(2020, 5, 8)), 2022: (date(2022, 5, 30), date(2022, 6, 2))}
    for gone, instead in moved.values():
        days[days.index(gone)] = instead
    return days


_HOLIDAYS = ", ".join(f"DATE '{day}'" for day in _bank_holidays())
#: A school and day on which at least half of the marks say that it was closed.
_CLOSED = "code IN ('#', 'Y4')"

RULES: tuple[Rule, ...] = (
    Rule("ATT001", _E, _MARKS, unknown("code", "attendance"), "The mark is not in the attendance code list.",
         "Correct the export; a code is never guessed.", "DfE attendance codes", blames=("code",)),
    Rule("ATT002", _E, _MARKS, "session IS NOT NULL AND session NOT IN ('AM', 'PM')", "The session is neither AM nor PM.",
         "Correct the export or recode it in the shape under 'values'.", blames=("session",)),
    Rule("ATT003", _Q, _MARKS, "dayofweek(date) IN (0, 6) AND code NOT IN ('#', '-', 'X')", "A mark was made on a weekend.",
         "Check the dates of the export.", blames=("date",)),
    Rule("ATT004", _Q, _MARKS, f"date IN ({_HOLIDAYS}) AND code NOT IN ({_NOT_DUE})", "A mark was made on a bank holiday.",
         "Check the dates of the export: day and month may have changed places.", blames=("date",)),
    Rule("ATT005", _Q, _MARKS,
         f"SELECT m.file, count(*) AS count FROM {{new}} AS m JOIN (SELECT source, school_id, date FROM {{attendance}} "
         f"WHERE date IN (SELECT date FROM {{new}} WHERE {_CLOSED}) GROUP BY ALL HAVING count(*) FILTER ({_CLOSED}) * 2 >= count(*)) AS shut "
         f"ON m.source = shut.source AND m.school_id = shut.school_id AND m.date = shut.date WHERE m.code NOT IN ({_NOT_DUE}) GROUP BY m.file",
         "A pupil is marked on a day on which the school was closed.", "Ask the school whether the day was a closure for all.",
         "data standards, 7.3 (marks on closed days)", "store"),
    Rule("ATT006", _Q, _MARKS, outside_validity("code", "attendance", "date"), "The mark was not in force on its date.",
         "Kept and read by its old meaning; ask the school to use the codes in force.", "DfE attendance codes, 19 August 2024", blames=("code",)),
    Rule("ATT007", _N, _MARKS, "(code = '/' AND session = 'PM') OR (code = '\\' AND session = 'AM')",
         "The present mark of the other session was used.", "Nothing: it is read as present. '/' is for the morning, '\\' for the afternoon.",
         "DfE attendance codes", blames=("code",)),
    Rule("ATT008", _Q, ("attendance", "enrolments"),
         "SELECT m.file, sum(m.n)::BIGINT AS count FROM (SELECT source, source_person_id, school_id, date, file, count(*) AS n FROM {new} "
         "WHERE code NOT IN ('Z', '-', '#') AND source IN (SELECT source FROM {enrolments}) AND (source, source_person_id) NOT IN (FROM {aside}) GROUP BY ALL) AS m "
         "ANTI JOIN {enrolments} AS e ON e.source = m.source AND e.source_person_id = m.source_person_id AND e.school_id = m.school_id "
         "AND m.date BETWEEN e.start_on AND coalesce(e.end_on, DATE '9999-12-31') GROUP BY m.file",
         "A mark lies outside the pupil's time on the roll of the school.", "Ask the school for the dates of joining and leaving; the marks are kept.",
         "data standards, 7.3 (enrolment dates against marks)", "store"),
    Rule("ATT009", _Q, _MARKS, f"stated_recorded < date AND code IN ({_ON_THE_DAY})", "A mark was recorded before the day it is about.",
         "Check both dates of the export: one of them may be in another style.", blames=("date",)),
    Rule("ATT010", _Q, _MARKS, f"code = 'X' AND {age(6, 'date')} AND NOT {age(15, 'date')}", "X (not required) is used for a pupil of compulsory school age.",
         "Ask the school which mark is meant; X held Covid absence until 2022.", "data standards, 1.1", valid_from=date(2022, 9, 1), blames=("code",)),
    Rule("ATT011", _Q, _MARKS, f"code = 'S' AND NOT {age(14, 'date')}", "Study leave is marked for a pupil under 14.", "Ask the school which mark is meant.",
         "DfE attendance codes (study leave is for public examinations)", blames=("code",)),
    Rule("ATT012", _Q, _MARKS, f"{age(20, 'date')} OR NOT {age(2, 'date')}", "A mark is about somebody under 2 or over 19.",
         "Check the date of birth, and whose mark it is.", blames=("date",)),
    Rule("TOT001", _Q, ("attendance_totals",), "CAST(attended AS HUGEINT) + absent <> possible", "Sessions attended and absent do not add up to those possible.",
         "Ask the school or the supplier for the totals again; a column of attended sessions may be named as another.",
         "data standards, 7.3 and 4.4 (attended + absent = possible)"),
    Rule("TOT002", _Q, ("attendance_totals",), "attended < 0 OR absent < 0 OR possible < 0 OR possible > 2 * (date_diff('day', from_on, to_on) + 1)",
         "The sessions possible are more than two a day of the period, or one of the totals is below nought.", "Ask the supplier for the totals again.",
         "data standards, 1.2 (two sessions a day)"),
    Rule("TOT003", _Q, ("attendance_totals", "attendance"),
         "SELECT t.file, count(*) AS count FROM (SELECT t.file, t.row, any_value(t.attended) AS attended, any_value(t.absent) AS absent, "
         f"count(*) FILTER (m.code IN ({_listed(_MARK.having(flag='attended'))})) AS here, count(*) FILTER (m.code IN ({_listed(_MARK.having(flag='absent'))})) AS away "
         "FROM {new} AS t JOIN {attendance} AS m ON m.source = t.source AND m.source_person_id = t.source_person_id AND m.school_id = t.school_id "
         "AND m.date BETWEEN t.from_on AND t.to_on GROUP BY t.file, t.row) AS t WHERE t.attended <> t.here OR t.absent <> t.away GROUP BY t.file",
         "The totals of a pupil differ from the marks held of the same time.", "Ask the school which holds: marks are often corrected after a return was made.",
         "data standards, 7.3 (attended + absent = possible)", "store"),
)  # fmt: skip
