"""How to count each kind of mess again in the files, where its words alone could be read in two ways."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from early_id.data.synth.mess import KINDS

_ROWS, _PEOPLE = "rows of the file that show it", "rows of the file that show it; which they are stands in the files of truth/ about people"
_DATES = "rows of the file; each style of dates counts as a kind of its own"
_ENTRIES = "rows with a date, exact repeats once, in the order of RecordedOn;"
_TWO_STATUSES = "rows of that Status that begin while an earlier one of the same person runs"

_OWN = {
    "upn_shared": "rows, the first of a shared UPN too",
    "upn_and_reason": "rows where both UPN and UPNUnknown are filled, or neither is",
    "person_not_listed": "rows whose PersonID, without spaces, is in no row of people.csv of the agency",
    "birth_date_differs": "rows whose DOB is not that of the person's first row in people.csv; people without a birth date there do not count",
    "value_changed": "rows whose UPN or Ethnicity is not that of the same PupilID in pupils.csv",
    "closed_before_referred": "rows of Status REFERRAL with CaseClosedOn before StartOn",
    "close_reason": "rows of Status REFERRAL where one of CaseClosedOn and CloseReason is filled and the other is not",
    "activity_after_close": "referrals not closed before they began, with a row of the same ReferralID that starts after CaseClosedOn",
    "event_before_birth": "rows with a date before the DOB that people.csv has of the PersonID; dates that cannot be read do not count",
    "two_open_episodes": _TWO_STATUSES,
    "two_protection_plans": _TWO_STATUSES,
    "plan_during_protection": "rows of Status CIN whose plan runs on a day on which a row CPP of the person runs",
    "need_or_source_missing": "rows of Status REFERRAL without ReferralSource, or without PrimaryNeed unless ReferralNFA is Y",
    "activity_on_no_action": "rows of Status REFERRAL with ReferralNFA Y and Outcome assessed",
    "factor_none_with_others": "rows of factor 21 where the same assessment has another",
    "factor_repeated": "rows, exact repeats left out, that repeat PersonID, Factor and AssessedOn of an earlier one",
    "missing_blank": "rows without Type or without StartedAt",
    "missing_overlap": "ended episodes of listed people that begin while an earlier one runs",
    "missing_left_open": "episodes of listed people without an end, though a later one began",
    "unreadable_date": _DATES,
    "unusual_date_styles": _DATES,
    "serial_dates": _DATES,
    "mixed_date_styles": "rows whose date is in the style that fewer rows of the file have",
    "lost_leading_zeros": "rows whose LAESTAB has not seven digits",
    "repeated_row": "rows that are the same as an earlier one in every column",
    "duplicate_export": "all rows of the copy, whose name ends in (1)",
    "code_list_change": "rows whose Source is a digit, with or without a letter",
    "wrong_encoding": "lines that are not UTF-8",
    "two_enrolments": "rows, exact repeats left out, that begin while an earlier one of the same PupilID runs",
    "mark_repeated": "rows that are the same as an earlier one in every column",
    "late_marks": f"{_ENTRIES} the first entry of a pupil, school, date and session counts if it is more than a day after its date, a correction never does",
    "corrected_marks": f"{_ENTRIES} each further entry of the same pupil, school, date and session",
    "silent_month": "schools and months without a mark, though pupils were on roll all month and other schools marked ten days",
}

#: Kind of mess → how its ``count`` in ``truth/faults.csv`` is found again.
HOW_TO_COUNT: Mapping[str, str] = MappingProxyType({kind.name: _OWN.get(kind.name, _PEOPLE if kind.group == "people" else _ROWS) for kind in KINDS})
