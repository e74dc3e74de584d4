"""Suspensions: what the school did, counted from its own records, and those of other schools for the council.

Source: Working Together 2023 (multiple suspensions, at risk of permanent exclusion).
"""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.features.declare import Feature, any_, count, days_since_last, ever, last_days, total
from early_id.schema.conditions import any_of, isin

_WT = "Working Together 2023 names multiple suspensions and the risk of permanent exclusion."
IS_SUSPENSION = isin("category", {"SUSP"})
#: Violence or threat towards pupils or adults, or a weapon.
_VIOLENCE = {"PP", "PA", "VP", "VA", "OW"}
IS_VIOLENCE = any_of(*(isin(f"reason_{n}", _VIOLENCE) for n in (1, 2, 3)))


def _events(name: str, label: str, measure: object, window: object, phrase: str, reason: str, **more: object) -> Feature:
    values = {
        "source": "suspensions", "direction": Direction.RAISES, "sharing": SharingClass.SCHOOL, "theme": "suspensions",
        "missing": Missing.ZERO_IF_COVERED, "value_format": "count",
    }  # fmt: skip
    return Feature(name=name, label=label, measure=measure, window=window, phrase=phrase, reason=reason, **{**values, **more})  # type: ignore[arg-type]


SUSPENSIONS: tuple[Feature, ...] = (
    _events("suspensions_count_365d", "Suspensions, last year", count(IS_SUSPENSION), last_days(365),
            "The school suspended the child {value} times in {period}", _WT),
    _events("suspensions_count_90d", "Suspensions, last 90 days", count(IS_SUSPENSION), last_days(90),
            "The school suspended the child {value} times in {period}", _WT),
    _events("suspended_sessions_365d", "Sessions lost to suspension", total("sessions", IS_SUSPENSION), last_days(365),
            "Lost {value} sessions to suspension in {period}", "Growing length shows that suspension is not helping."),
    _events("days_since_suspension_ever", "Days since the last suspension", days_since_last(IS_SUSPENSION), ever(),
            "The last suspension was {value} ago", "A recent suspension weighs more than an old one.",
            direction=Direction.LOWERS, missing=Missing.UNKNOWN, value_format="days"),
    _events("suspended_for_violence_365d", "Suspended after violence or threats", any_(IS_VIOLENCE), last_days(365),
            "A suspension in {period} followed violence or threats", "Working Together 2023: drawn into serious violence.", value_format="yes_no"),
    _events("sibling_suspensions_365d", "Brothers' and sisters' suspensions", count(IS_SUSPENSION), last_days(365),
            "Brothers or sisters were suspended {value} times in {period}", "Needs shared by a family show in several children.",
            unit=Unit.FAMILY, sharing=SharingClass.EDUCATION, theme="siblings"),
    _events("suspensions_all_schools_730d", "Suspensions at any school", count(IS_SUSPENSION), last_days(730),
            "Suspended {value} times at this or an earlier school in {period}", _WT, sharing=SharingClass.EDUCATION),
)  # fmt: skip
