"""Attendance as the child's present school holds it, and as brothers and sisters have it (not for a school: who is family comes from other records).

Sources: Working Together 2023 (persistently absent, not in full-time education), Working together to improve school attendance (2024).
"""

from __future__ import annotations

from typing import Any

from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.features.declare import (
    Feature,
    against_peers,
    between_days,
    change,
    count,
    days,
    last_days,
    last_school_weeks,
    longest_run,
    share,
    this_term,
    weeks,
)
from early_id.schema.absence import (
    COUNTS_TO_THRESHOLD,
    IS_ABSENT_FOR_FEATURES,
    IS_ALTERNATIVE_PROVISION,
    IS_ANY_SESSION,
    IS_EXPLAINED,
    IS_ILLNESS,
    IS_LATE,
    IS_LATE_AFTER_REGISTER,
    IS_MEDICAL,
    IS_PART_TIME,
    IS_POSSIBLE_FOR_FEATURES,
    IS_SUSPENDED,
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


_GUIDANCE = "Working together to improve school attendance (2024)"
_PAST = "A change against the child's own past says more than the level alone."
_PEERS = "Absence has a shape within the year; the same weeks of the same year group take it away."
_MEDICAL = share(of=IS_MEDICAL, among=IS_POSSIBLE_FOR_FEATURES, at_least=20)
_AFTER_REGISTER = share(of=IS_LATE_AFTER_REGISTER, among=IS_POSSIBLE_FOR_FEATURES, at_least=20)
_PART_TIME = share(of=IS_PART_TIME, among=IS_ANY_SESSION, at_least=20)
_OFF_SITE = share(of=IS_ALTERNATIVE_PROVISION, among=IS_ANY_SESSION, at_least=20)
#: A number of absences says little where hardly any session was due: ten school days at least, as for shares.
_DUE: dict[str, Any] = {"among": IS_POSSIBLE_FOR_FEATURES, "at_least": 20}
#: Ten sessions are five days: fewer absences than that tell nothing about who explains them.
_EXPLAINED = share(of=IS_EXPLAINED, among=IS_ABSENT_FOR_FEATURES, at_least=10)

ATTENDANCE: tuple[Feature, ...] = (
    _marks("absence_share_90d", "Absence, last 90 days", _ABSENCE, last_days(90), "Absent from {value} of school sessions in {period}", _WT,
           strength_phrase="Missed only {value} of sessions in {period}", strength_below=0.04),
    _marks("absence_share_365d", "Absence, last year", _ABSENCE, last_days(365), "Absent from {value} of school sessions in {period}", _WT,
           strength_phrase="Missed only {value} of sessions in {period}", strength_below=0.04),
    _marks("absence_share_6sw", "Absence, last 6 school weeks", _ABSENCE, last_school_weeks(6), "Absent from {value} of sessions in {period}", _WT,
           strength_phrase="Missed only {value} of sessions in {period}", strength_below=0.04),
    _marks("absence_share_this_term", "Absence, this term", _ABSENCE, this_term(), "Absent from {value} of sessions {period}", _WT,
           strength_phrase="Missed only {value} of sessions {period}", strength_below=0.04),
    _marks("absence_share_all_schools_90d", "Absence at all schools, last 90 days", _ABSENCE, last_days(90),
           "Absent from {value} of sessions, all schools taken together, in {period}",
           "A child on two rolls is seen whole only over both; a session due at the other school (D) is no absence.", sharing=SharingClass.EDUCATION),
    _marks("absence_change_90d", "Change in absence", change(_ABSENCE, earlier=between_days(365, 90)), last_days(90),
           "Absence has risen: missed {value} more of sessions in {period} than in the time before", _PAST,
           strength_phrase="Attendance has got better: missed {value} fewer of sessions in {period} than in the time before", strength_below=-0.03),
    _marks("absence_change_6sw", "Change in absence, last 6 school weeks", change(_ABSENCE, earlier=between_days(365, 90)), last_school_weeks(6),
           "Absence has risen: missed {value} more of sessions in {period} than earlier in the year", _PAST,
           strength_phrase="Attendance has got better: missed {value} fewer of sessions in {period} than earlier in the year", strength_below=-0.03),
    _marks("absence_against_peers_6sw", "Absence compared with the year group, last 6 school weeks", against_peers(_ABSENCE), last_school_weeks(6),
           "Missed more than the year group at this school in {period}: {value} more of sessions", _PEERS,
           strength_phrase="Missed less than the year group at this school in {period}: {value} fewer of sessions", strength_below=-0.03),
    _marks("absence_against_peers_365d", "Absence compared with the year group, last year", against_peers(_ABSENCE), last_days(365),
           "Missed more than the year group at this school in {period}: {value} more of sessions", _PEERS,
           strength_phrase="Missed less than the year group at this school in {period}: {value} fewer of sessions", strength_below=-0.03),
    _marks("unauthorised_share_90d", "Absence without agreement, last 90 days", _UNAUTHORISED, last_days(90),
           "Absent without the school's agreement for {value} of sessions in {period}",
           "Unauthorised absence counts to the threshold of the attendance guidance (10 sessions in 10 weeks).",
           strength_phrase="Nearly all time away in {period} was agreed with the school", strength_below=0.002),
    _marks("unauthorised_share_365d", "Absence without agreement, last year", _UNAUTHORISED, last_days(365),
           "Absent without the school's agreement for {value} of sessions in {period}",
           "Supporting Families used unauthorised absence over two terms as a sign of need."),
    _marks("unauthorised_count_10sw", "Sessions missed without agreement", count(COUNTS_TO_THRESHOLD, **_DUE), last_school_weeks(10),
           "Missed {value} sessions without the school's agreement in {period}",
           f"{_GUIDANCE} asks schools to talk with the family at 10 sessions in 10 school weeks.", value_format="count", version=2),
    _marks("unauthorised_change_90d", "Change in absence without agreement", change(_UNAUTHORISED, earlier=between_days(365, 90)), last_days(90),
           "Absence without the school's agreement has risen: {value} more of sessions in {period} than in the time before", _PAST),
    _marks("illness_share_90d", "Illness, last 90 days", _ILLNESS, last_days(90), "Away ill for {value} of sessions in {period}",
           "Repeated illness can stand for worries at home or at school, or for unmet health needs."),
    _marks("illness_share_365d", "Illness, last year", _ILLNESS, last_days(365), "Away ill for {value} of sessions in {period}",
           "Repeated illness can stand for worries at home or at school, or for unmet health needs."),
    _marks("medical_share_365d", "Medical or dental visits, last year", _MEDICAL, last_days(365),
           "Away for medical or dental visits for {value} of sessions in {period}",
           "Kept apart from illness: visits show that health needs are being met.", direction=Direction.EITHER),
    _marks("late_share_90d", "Late, last 90 days", _LATE, last_days(90), "Late for {value} of sessions in {period}",
           "Lateness often comes before absence.", theme="lateness",
           strength_phrase="Almost always on time in {period}", strength_below=0.01),
    _marks("late_share_365d", "Late, last year", _LATE, last_days(365), "Late for {value} of sessions in {period}",
           "Lateness often comes before absence.", theme="lateness"),
    _marks("late_after_register_share_90d", "Late after the register, last 90 days", _AFTER_REGISTER, last_days(90),
           "Came after the register had closed for {value} of sessions in {period}",
           "Coming an hour late is another thing than five minutes.", theme="lateness",
           strength_phrase="Hardly ever came after the register had closed in {period}", strength_below=0.002),
    _marks("late_change_90d", "Change in being late", change(_LATE, earlier=between_days(365, 90)), last_days(90),
           "Late more often: {value} more of sessions in {period} than in the time before", _PAST, theme="lateness",
           strength_phrase="Late less often: {value} fewer of sessions in {period} than in the time before", strength_below=-0.02),
    _marks("late_weeks_12sw", "Weeks with a late mark", weeks(IS_LATE, **_DUE), last_school_weeks(12), "Late in {value} weeks of {period}",
           "A little each week is another pattern than one bad week.", theme="lateness", value_format="count", version=2),
    _marks("late_against_peers_90d", "Being late compared with the year group", against_peers(_LATE), last_days(90),
           "Late more often than the year group at this school in {period}: {value} more of sessions", "Some schools mark late sooner than others.",
           theme="lateness"),
    _marks("absence_longest_run_180d", "Longest absence in a row", longest_run(IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES, at_least=20),
           last_days(180), "Missed {value} sessions in a row (two sessions are a day) in {period}",
           "A long unbroken absence makes coming back harder.", value_format="count"),
    _marks("unauthorised_longest_run_90d", "Longest absence in a row without agreement",
           longest_run(IS_UNAUTHORISED_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES, at_least=20), last_days(90),
           "Missed {value} sessions in a row (two sessions are a day) without the school's agreement in {period}",
           "A run that nobody at home explained is a reason to ask.", value_format="count"),
    _marks("absence_days_6sw", "Days with absence, last six school weeks", days(IS_ABSENT_FOR_FEATURES, **_DUE), last_school_weeks(6),
           "Missed some or all of {value} in {period}",
           "Recent broken weeks are what a school notices first.", value_format="days", version=2),
    _marks("absence_weeks_12sw", "Weeks with some absence", weeks(IS_ABSENT_FOR_FEATURES, **_DUE), last_school_weeks(12),
           "Missed some school in {value} weeks of {period}", f"{_GUIDANCE}: a pattern of odd days is told from one long illness.",
           value_format="count", strength_phrase="Hardly any weeks with an absence in {period}", strength_below=1, version=2),
    _marks("absence_explained_share_365d", "Absences explained by home", _EXPLAINED, last_days(365),
           "Somebody at home told the school why for {value} of missed sessions in {period}",
           "An adult who is in contact with the school is a strength to build on.", direction=Direction.LOWERS, theme="home_school",
           strength_phrase="An adult at home keeps in touch: the school was told why for {value} of missed sessions in {period}", strength_above=0.75),
    _marks("part_time_share_90d", "Part-time timetable", _PART_TIME, last_days(90),
           "The school arranged a part-time timetable for {value} of sessions in {period}",
           "Not in full-time education (Working Together 2023); a decision of the school, worded so.", theme="provision"),
    _marks("part_time_weeks_365d", "Weeks with a part-time timetable", weeks(IS_PART_TIME, among=IS_ANY_SESSION, at_least=20), last_days(365),
           "The school arranged a part-time timetable in {value} weeks of {period}",
           "A part-time timetable is meant to be short (Working together to improve school attendance).", theme="provision", value_format="count", version=2),
    _marks("alternative_provision_share_90d", "Taught off site", _OFF_SITE, last_days(90), "Taught off site for {value} of sessions in {period}",
           "Alternative provision marks children whom school did not hold.", theme="provision"),
    _marks("alternative_provision_share_365d", "Taught off site, last year", _OFF_SITE, last_days(365),
           "Taught off site for {value} of sessions in {period}",
           "Alternative provision marks children whom school did not hold.", theme="provision"),
    _marks("suspended_share_365d", "School time lost to suspension", share(of=IS_SUSPENDED, among=IS_ANY_SESSION, at_least=20), last_days(365),
           "Suspension took {value} of sessions in {period}", "How much teaching was lost matters beside how often.", theme="suspensions"),
    _marks("sibling_absence_share_90d", "Brothers' and sisters' absence", _ABSENCE, last_days(90),
           "Brothers or sisters were absent from {value} of sessions in {period}",
           "Absence shared by a family points to the home rather than to one child.", theme="siblings", unit=Unit.FAMILY,
           sharing=SharingClass.EDUCATION, strength_phrase="Brothers or sisters come to school well", strength_below=0.04),
    _marks("sibling_absence_change_90d", "Change in brothers' and sisters' absence", change(_ABSENCE, earlier=between_days(365, 90)), last_days(90),
           "Brothers' or sisters' absence has risen: {value} more of sessions in {period} than in the time before",
           "Absence that rises in a whole family at once points to a change at home.", theme="siblings", unit=Unit.FAMILY,
           sharing=SharingClass.EDUCATION),
)  # fmt: skip
