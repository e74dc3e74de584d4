"""Suspensions: what the school did, counted from its own records, and those of other schools for the council.

Source: Working Together 2023 (multiple suspensions, at risk of permanent exclusion).
"""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.features.declare import (
    Feature,
    any_,
    between_days,
    change,
    count,
    days_since_last,
    ever,
    largest,
    last_days,
    mean_gap,
    this_year,
    total,
)
from early_id.schema.conditions import Condition, any_of, isin

_WT = "Working Together 2023 names multiple suspensions and the risk of permanent exclusion."
IS_SUSPENSION = isin("category", {"SUSP"})
#: Violence or threat towards pupils or adults, or a weapon.
_VIOLENCE = {"PP", "PA", "VP", "VA", "OW"}


def has_reason(*codes: str) -> Condition:
    """Rows that give one of ``codes`` among their up to three reasons."""
    return any_of(*(isin(f"reason_{n}", codes) for n in (1, 2, 3)))


IS_VIOLENCE = has_reason(*_VIOLENCE)


def _events(name: str, label: str, measure: object, window: object, phrase: str, reason: str, **more: object) -> Feature:
    values = {
        "source": "suspensions", "direction": Direction.RAISES, "sharing": SharingClass.SCHOOL, "theme": "suspensions",
        "missing": Missing.ZERO_IF_COVERED, "value_format": "count",
    }  # fmt: skip
    return Feature(name=name, label=label, measure=measure, window=window, phrase=phrase, reason=reason, **{**values, **more})  # type: ignore[arg-type]


SUSPENSIONS: tuple[Feature, ...] = (
    _events("suspensions_count_365d", "Suspensions, last year", count(IS_SUSPENSION), last_days(365),
            "The school suspended the child {value} times in {period}", _WT, strength_phrase="No suspension in {period}", strength_below=0),
    _events("suspensions_count_90d", "Suspensions, last 90 days", count(IS_SUSPENSION), last_days(90),
            "The school suspended the child {value} times in {period}", _WT, strength_phrase="No suspension in {period}", strength_below=0),
    _events("suspended_sessions_365d", "Sessions lost to suspension", total("sessions", IS_SUSPENSION), last_days(365),
            "Lost {value} sessions to suspension in {period}", "Growing length shows that suspension is not helping."),
    _events("days_since_suspension_ever", "Days since the last suspension", days_since_last(IS_SUSPENSION), ever(),
            "The last suspension was {value} ago", "A recent suspension weighs more than an old one.",
            direction=Direction.LOWERS, missing=Missing.UNKNOWN, value_format="days"),
    _events("suspended_for_violence_365d", "Suspended after violence or threats", any_(IS_VIOLENCE), last_days(365),
            "A suspension in {period} followed violence or threats", "Working Together 2023: drawn into serious violence.", value_format="yes_no"),
    _events("suspended_for_disruption_365d", "Suspended after disruption", any_(has_reason("DB")), last_days(365),
            "A suspension in {period} followed repeated disruption", "Practitioners name behaviour; school sees it first.", value_format="yes_no"),
    _events("suspended_for_drugs_alcohol_365d", "Suspended over alcohol or drugs", any_(has_reason("DA")), last_days(365),
            "A suspension in {period} had to do with alcohol or drugs", "Working Together 2023: misusing drugs or alcohol.", value_format="yes_no"),
    _events("suspended_for_online_365d", "Suspended over something online", any_(has_reason("MT")), last_days(365),
            "A suspension in {period} had to do with phones or social media",
            "Working Together 2023: problematic online content or relationships.", value_format="yes_no"),
    _events("suspended_for_bullying_365d", "Suspended over bullying", any_(has_reason("BU")), last_days(365),
            "A suspension in {period} had to do with bullying", "Bullying hurts both sides, and both may need help.", value_format="yes_no"),
    _events("suspended_for_theft_damage_365d", "Suspended over theft or damage", any_(has_reason("TH", "DM")), last_days(365),
            "A suspension in {period} had to do with theft or damage", "Working Together 2023: drawn into anti-social behaviour.",
            value_format="yes_no"),
    _events("suspended_sessions_this_year", "Sessions lost to suspension this year", total("sessions", IS_SUSPENSION), this_year(),
            "Lost {value} sessions to suspension {period}", "The limit is 90 sessions in a school year.", sharing=SharingClass.EDUCATION),
    _events("suspensions_change_180d", "Change in suspensions", change(count(IS_SUSPENSION), earlier=between_days(360, 180)), last_days(180),
            "{value} more suspensions in {period} than in the six months before", "What rises now is worth a talk now.",
            strength_phrase="{value} fewer suspensions in {period} than in the six months before", strength_below=-2),
    _events("suspension_longest_365d", "Longest suspension", largest("sessions", IS_SUSPENSION), last_days(365),
            "The longest suspension in {period} was {value} sessions", "Growing length shows that suspension is not helping."),
    _events("suspension_length_change_180d", "Change in length of suspensions",
            change(largest("sessions", IS_SUSPENSION), earlier=between_days(365, 180)), last_days(180),
            "The longest suspension in {period} was {value} sessions longer than any in the time before",
            "Growing length shows that suspension is not helping.",
            strength_phrase="Suspensions have become shorter or stopped: the longest was {value} sessions shorter in {period} than in the time before", strength_below=-2),
    _events("suspension_mean_gap_365d", "Time between suspensions", mean_gap(IS_SUSPENSION), last_days(365),
            "On average {value} from one suspension to the next in {period}", "Suspensions that follow close on each other do not help.",
            direction=Direction.LOWERS, missing=Missing.UNKNOWN, value_format="days"),
    _events("permanent_exclusion_all_schools_730d", "Permanent exclusion", any_(isin("category", {"PERM"})), last_days(730),
            "A school permanently excluded the child in {period}", _WT, sharing=SharingClass.EDUCATION, value_format="yes_no"),
    _events("sibling_suspensions_365d", "Brothers' and sisters' suspensions", count(IS_SUSPENSION), last_days(365),
            "Brothers or sisters were suspended {value} times in {period}", "Needs shared by a family show in several children.",
            unit=Unit.FAMILY, sharing=SharingClass.EDUCATION, theme="siblings"),
    _events("suspensions_all_schools_730d", "Suspensions at any school", count(IS_SUSPENSION), last_days(730),
            "Suspended {value} times at this or an earlier school in {period}", _WT, sharing=SharingClass.EDUCATION),
)  # fmt: skip
