"""Attendance as the child's present school holds it, and as brothers and sisters have it (not for a school: who is family comes from other records).

Sources: Working Together 2023 (persistently absent, not in full-time education), Working together to improve school attendance (2024).
"""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.features.declare import Feature, between_days, change, days, last_days, last_school_weeks, longest_run, share
from early_id.schema.absence import (
    IS_ABSENT_FOR_FEATURES,
    IS_ALTERNATIVE_PROVISION,
    IS_ANY_SESSION,
    IS_ILLNESS,
    IS_LATE,
    IS_PART_TIME,
    IS_POSSIBLE_FOR_FEATURES,
    IS_UNAUTHORISED_FOR_FEATURES,
)

_ABSENCE = share(of=IS_ABSENT_FOR_FEATURES, among=IS_POSSIBLE_FOR_FEATURES, at_least=20)
_UNAUTHORISED = share(of=IS_UNAUTHORISED_FOR_FEATURES, among=IS_POSSIBLE_FOR_FEATURES, at_least=20)
_ILLNESS = share(of=IS_ILLNESS, among=IS_POSSIBLE_FOR_FEATURES, at_least=20)
_LATE = share(of=IS_LATE, among=IS_POSSIBLE_FOR_FEATURES, at_least=20)
_WT = "Working Together 2023 asks practitioners to be alert to children who are persistently absent."


def _marks(name: str, label: str, measure: object, window: object, phrase: str, reason: str, **more: object) -> Feature:
    values = {
        "source": "attendance", "direction": Direction.RAISES, "sharing": SharingClass.SCHOOL, "theme": "attendance",
        "missing": Missing.UNKNOWN, "value_format": "share",
    }  # fmt: skip
    return Feature(name=name, label=label, measure=measure, window=window, phrase=phrase, reason=reason, **{**values, **more})  # type: ignore[arg-type]


ATTENDANCE: tuple[Feature, ...] = (
    _marks("absence_share_90d", "Absence, last 90 days", _ABSENCE, last_days(90), "Absent from {value} of school sessions in {period}", _WT,
           strength_phrase="Missed only {value} of sessions in {period}", strength_below=0.04),
    _marks("absence_share_365d", "Absence, last year", _ABSENCE, last_days(365), "Absent from {value} of school sessions in {period}", _WT,
           strength_phrase="Missed only {value} of sessions in {period}", strength_below=0.04),
    _marks("absence_change_90d", "Change in absence", change(_ABSENCE, earlier=between_days(365, 90)), last_days(90),
           "Absence has risen by {value} of sessions, comparing {period} with the time before",
           "A change against the child's own past says more than the level alone.",
           strength_phrase="Attendance has got better: {value} of sessions fewer missed in {period} than in the time before", strength_below=-0.03),
    _marks("unauthorised_share_90d", "Absence without agreement, last 90 days", _UNAUTHORISED, last_days(90),
           "Absent without the school's agreement for {value} of sessions in {period}",
           "Unauthorised absence counts to the threshold of the attendance guidance (10 sessions in 10 weeks)."),
    _marks("unauthorised_share_365d", "Absence without agreement, last year", _UNAUTHORISED, last_days(365),
           "Absent without the school's agreement for {value} of sessions in {period}",
           "Supporting Families used unauthorised absence over two terms as a sign of need."),
    _marks("illness_share_90d", "Illness, last 90 days", _ILLNESS, last_days(90), "Away ill for {value} of sessions in {period}",
           "Repeated illness can stand for worries at home or at school, or for unmet health needs."),
    _marks("late_share_90d", "Late, last 90 days", _LATE, last_days(90), "Late for {value} of sessions in {period}",
           "Lateness often comes before absence.", theme="lateness",
           strength_phrase="Almost always on time in {period}", strength_below=0.01),
    _marks("late_share_365d", "Late, last year", _LATE, last_days(365), "Late for {value} of sessions in {period}",
           "Lateness often comes before absence.", theme="lateness"),
    _marks("absence_longest_run_180d", "Longest absence in a row", longest_run(IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES, at_least=20),
           last_days(180), "Missed {value} sessions in a row (two sessions are a day) in {period}",
           "A long unbroken absence makes coming back harder.", value_format="count"),
    _marks("absence_days_6sw", "Days with absence, last six school weeks", days(IS_ABSENT_FOR_FEATURES), last_school_weeks(6),
           "Missed some or all of {value} in {period}",
           "Recent broken weeks are what a school notices first.", value_format="days"),
    _marks("part_time_share_90d", "Part-time timetable", share(of=IS_PART_TIME, among=IS_ANY_SESSION, at_least=20), last_days(90),
           "The school arranged a part-time timetable for {value} of sessions in {period}",
           "Not in full-time education (Working Together 2023); a decision of the school, worded so.", theme="provision"),
    _marks("alternative_provision_share_90d", "Taught off site", share(of=IS_ALTERNATIVE_PROVISION, among=IS_ANY_SESSION, at_least=20),
           last_days(90), "Taught off site for {value} of sessions in {period}",
           "Alternative provision marks children whom school did not hold.", theme="provision"),
    _marks("sibling_absence_share_90d", "Brothers' and sisters' absence", _ABSENCE, last_days(90),
           "Brothers or sisters were absent from {value} of sessions in {period}",
           "Absence shared by a family points to the home rather than to one child.", theme="siblings", unit=Unit.FAMILY,
           sharing=SharingClass.EDUCATION, strength_phrase="Brothers or sisters come to school well", strength_below=0.04),
)  # fmt: skip
