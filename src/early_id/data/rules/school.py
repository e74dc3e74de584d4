"""Rules for rolls, suspensions, schools, and education elsewhere."""

from __future__ import annotations

from datetime import date

from early_id.core.types import Severity
from early_id.data.rules.declare import Rule
from early_id.data.rules.sql import PERSON, age, outside_validity, running, school_year, unknown

_E, _Q = Severity.ERROR, Severity.QUERY
_ROLL, _SUSP, _SCHOOL, _ELSEWHERE = ("enrolments",), ("suspensions",), ("schools",), ("education_status",)
_YEARS = "'E1', 'E2', 'N1', 'N2', 'R', 'X', 'M', " + ", ".join(f"'{n}'" for n in range(15))
_REASONS = ("reason_1", "reason_2", "reason_3")
#: Several reasons since autumn 2020 (data standards, 2.1).
_SEVERAL = date(2020, 9, 1)
#: Sessions of suspension in a school year, over all schools, up to and with this row.
_BY_YEAR = f"(PARTITION BY {PERSON}, {school_year('start_on')} ORDER BY start_on, file, row)"
#: Calendar days that a suspension takes at least; weekends make it longer.
_SPAN = "CAST(ceil(least(coalesce(sessions, 1), 200) / 2.0) AS INTEGER) - 1"
#: Year group that fits a birthday: a child is four on 31 August before Reception, year nought here.
_FITS = f"({school_year('start_on')} - year(person_born) - CASE WHEN month(person_born) >= 9 THEN 1 ELSE 0 END - 4)"
_IN_SCHOOL = "('/', '\\', 'L')"

RULES: tuple[Rule, ...] = (
    Rule("ENR001", _Q, ("enrolments", "attendance", "suspensions"), "school_id IS NOT NULL AND school_id NOT IN (SELECT school_id FROM {schools})",
         "The school is not in the list of schools.", "Add it to the list of schools with its hub; it gets no list until then.", blames=("school_id",)),
    Rule("ENR002", _Q, _ROLL, running("start_on", "end_on", PERSON), "A pupil comes on a roll while still on another.",
         "Ask both schools. Two rolls at once are right for a pupil registered at two (mark D), and wrong where a leaving date is missing.",
         "data standards, 1.3 (D)", "records"),
    Rule("ENR003", _Q, ("enrolments", "schools"), "NOT regexp_full_match(establishment, '[0-9]{7}')", "The establishment number does not have seven digits.",
         "A spreadsheet may have taken noughts away: export the column as text.", "data standards, 7.2", needs=("establishment",), blames=("establishment",)),
    Rule("ENR004", _Q, _ROLL, f"nc_year IS NOT NULL AND upper(nc_year) NOT IN ({_YEARS})", "The year group is not in the code list.",
         "Map it in the shape under 'values': R, 1 to 14.", "school census code set", blames=("nc_year",)),
    Rule("ENR005", _Q, _ROLL,
         f"coalesce(end_on, received_on) - start_on <= 366 AND abs(try_cast(CASE WHEN upper(nc_year) = 'R' THEN '0' ELSE nc_year END AS INTEGER) - {_FITS}) >= 2",
         "The year group lies two or more years beside the one of the pupil's age.", "Check the date of birth and the year group with the school.",
         blames=("nc_year",)),
    Rule("ENR006", _Q, _ROLL, "leaving_reason IS NOT NULL AND end_on IS NULL", "A reason for leaving is given and no date.",
         "Ask for the date: until it is known the pupil counts as on the roll.", needs=("leaving_reason", "end_on"), blames=("end_on", "leaving_reason")),
    Rule("ENR007", _Q, _ROLL, f"end_on IS NULL AND {age(20, 'received_on')}", "A person of 20 or more is still on a school roll.",
         "Ask the school for the leaving date: exports often keep leavers.", "data standards, 7.1 (leavers kept)", blames=("end_on",)),
    Rule("ENR008", _Q, _ROLL, f"NOT {age(2, 'start_on')}", "A child was on a school roll before the second birthday.",
         "Check the date of birth and the date of joining.", blames=("start_on",)),
    Rule("SUS001", _E, _SUSP, unknown("category", "suspension_category"),
         "The category of a suspension is not known.", "Use SUSP or PERM; recode older values (FIXD) in the shape under 'values'.", blames=("category",)),
    Rule("SUS002", _Q, _SUSP, " OR ".join(f"({unknown(name, 'suspension_reasons')})" for name in _REASONS),
         "A reason for suspension is not in the code list.", "Correct it at the source; the event itself is kept.", blames=_REASONS),
    Rule("SUS003", _Q, _SUSP, "category = 'SUSP' AND (sessions IS NULL OR sessions < 1 OR sessions > 90)",
         "A suspension has no sessions, or more than 90.", "Check the length: 45 school days a year is the limit.", "DfE exclusion guidance", blames=("sessions",)),
    Rule("SUS004", _Q, ("suspensions", "attendance"),
         # The first day may be attended in part; where marks begin only weeks later they say nothing. One mark alone may be a slip.
         "SELECT file, count(*) AS count FROM (SELECT s.file, s.row FROM (SELECT s.file, s.row, s.start_on, s.sessions, m.code, "
         "row_number() OVER one AS place, min(m.date) OVER one AS first_marked FROM {new} AS s JOIN {attendance} AS m ON m.source = s.source "
         "AND m.source_person_id = s.source_person_id AND m.school_id = s.school_id AND m.date >= s.start_on AND m.date < s.start_on + 120 "
         "WHERE s.category = 'SUSP' AND m.code NOT IN ('#', '-', 'X', 'Y4') WINDOW one AS (PARTITION BY s.source, s.source_person_id, s.school_id, s.start_on "
         f"ORDER BY m.date, m.session)) AS s WHERE place > 2 AND place <= sessions AND first_marked <= start_on + 3 AND code IN {_IN_SCHOOL} GROUP BY s.file, s.row HAVING count(*) > 1) GROUP BY file",
         "A pupil is marked as in school during a suspension.", "Ask the school which is right: the length of the suspension, or the marks.",
         "data standards, 7.3 (suspension days against E marks)", "store"),
    Rule("SUS005", _Q, ("attendance", "suspensions"),
         "SELECT m.file, count(DISTINCT (m.source, m.source_person_id, m.school_id)) AS count FROM (SELECT * FROM {new} WHERE code = 'E' "
         "AND (source, school_id) IN (SELECT source, school_id FROM {suspensions}) AND (source, source_person_id) NOT IN (FROM {aside})) AS m ANTI JOIN {suspensions} AS s "
         "ON s.source = m.source AND s.source_person_id = m.source_person_id AND s.school_id = m.school_id AND m.date >= s.start_on - 1 "
         "AND (s.category = 'PERM' OR m.date <= s.start_on + CAST(least(coalesce(s.sessions, 2), 200) AS INTEGER) + 50) GROUP BY m.file",
         "A pupil has marks of suspension (E) and no suspension is recorded near their dates.",
         "Ask the school for the suspension: one that is not reported is one that nobody reviews. Counted are pupils.",
         "data standards, 7.3 (suspension days against E marks)", "store"),
    Rule("SUS006", _Q, _SUSP, f"category = 'SUSP' AND sum(sessions) OVER {_BY_YEAR} > 90 AND sum(sessions) OVER {_BY_YEAR} - sessions <= 90",
         "With this suspension a pupil has been suspended for more than 45 days of the school year.",
         "Tell the school's exclusions officer: the law allows 45 days over all schools.", "DfE exclusion guidance; data standards, 7.3", "records"),
    Rule("SUS007", _Q, _SUSP, "category = 'PERM' AND sessions IS NOT NULL AND sessions > 0", "A permanent exclusion has a number of sessions.",
         "Ask whether it is a suspension.", "data standards, 2.2", blames=("sessions", "category")),
    Rule("SUS008", _Q, _SUSP, "category = 'SUSP' AND dayofweek(start_on) IN (0, 6)", "A suspension begins on a weekend.", "Check the date with the school.", blames=("start_on",)),
    Rule("SUS009", _Q, _SUSP,
         f"category = 'SUSP' AND start_on <= max(CASE WHEN category = 'SUSP' THEN start_on + {_SPAN} END) OVER (PARTITION BY {PERSON}, school_id "
         "ORDER BY start_on, file, row ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)",
         "A suspension begins while an earlier one of the same school runs.", "Ask the school whether one of them was withdrawn or entered twice.", scope="records"),
    Rule("SUS010", _Q, _SUSP, "reason_1 IS NULL AND reason_2 IS NULL AND reason_3 IS NULL", "A suspension or exclusion has no reason.",
         "Ask the school: one to three reasons have to be given.", "data standards, 2.2", valid_from=_SEVERAL, needs=("reason_1",), blames=_REASONS),
    Rule("SUS011", _Q, _SUSP, "reason_1 = reason_2 OR reason_1 = reason_3 OR reason_2 = reason_3", "The same reason is given twice.",
         "Ask the school to leave one out.", "data standards, 2.2", blames=_REASONS),
    Rule("SUS012", _Q, _SUSP, " OR ".join(f"({outside_validity(name, 'suspension_reasons', 'start_on')})" for name in _REASONS),
         "A reason was not in force on the day of the suspension.", "Kept; ask the school to use the reasons in force.", "data standards, 2.1", blames=_REASONS),
    Rule("SUS013", _Q, _SUSP, f"min(CASE WHEN category = 'PERM' THEN start_on END) OVER (PARTITION BY {PERSON}, school_id) < start_on",
         "A pupil is suspended by a school that had excluded the same pupil for good.",
         "Ask whether the exclusion was taken back on review: then it is no exclusion any more.", "data standards, 2.2", "records"),
    Rule("SCH001", _Q, _SCHOOL, "phase IS NULL", "The school has no phase.", "Complete the list of schools.", needs=("phase",), blames=("phase",)),
    Rule("SCH002", _Q, _SCHOOL, "min(hub_name) OVER (PARTITION BY hub_id) <> max(hub_name) OVER (PARTITION BY hub_id)",
         "One hub has several names.", "Correct the list of schools: the hub's pages carry its name.", scope="records"),
    Rule("SCH003", _Q, _SCHOOL, "lead_contact IS NULL", "The school has no named lead.", "Name one: a list without a reader is not made for anybody.",
         needs=("lead_contact",), blames=("lead_contact",)),
    Rule("EDU001", _Q, _ELSEWHERE, unknown("status", "education_status"),
         "The education status is not in the code list.", "Map it in the shape under 'values'; it is kept but counted nowhere.", blames=("status",)),
    Rule("EDU002", _Q, _ELSEWHERE, running("start_on", "end_on", f"{PERSON}, status"), "A child has the same education status twice at once.",
         "Ask for the end of the earlier one.", scope="records"),
    Rule("EDU003", _Q, _ELSEWHERE, f"status IN ('neet', 'not_known') AND NOT {age(15, 'start_on')}", "A child under 15 is recorded as not in education or employment.",
         "A child of school age without a place is 'missing_education': tell those who look for children missing education.",
         "data standards, 1.3 (age range)", blames=("status", "start_on")),
    Rule("EDU004", _Q, ("education_status", "enrolments"),
         "SELECT t.file, count(*) AS count FROM (SELECT DISTINCT t.file, t.row FROM {new} AS t JOIN {enrolments} AS e "
         "ON e.source = t.source AND e.source_person_id = t.source_person_id WHERE t.status IN ('home_educated', 'missing_education') "
         "AND e.start_on < coalesce(t.end_on, DATE '9999-12-31') AND coalesce(e.end_on, DATE '9999-12-31') > t.start_on + 28) AS t GROUP BY t.file",
         "A child educated at home, or missing education, is on a school roll for more than four weeks of that time.",
         "Ask the school for the leaving date, and the education team for the status.", "data standards, 7.3 (enrolment dates)", "store"),
)  # fmt: skip
