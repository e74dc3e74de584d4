"""Notices of health services and of a death in the family.

Source: Working Together 2023 (bereaved; unmet health needs).
"""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass
from early_id.features.declare import Feature, any_, count, last_days
from early_id.schema.conditions import isin


def _notice(name: str, label: str, measure: object, window: object, phrase: str, reason: str, **more: object) -> Feature:
    values = {
        "source": "notifications", "direction": Direction.RAISES, "sharing": SharingClass.HEALTH, "theme": "family_wellbeing",
        "missing": Missing.ZERO_IF_COVERED, "value_format": "count",
    }  # fmt: skip
    return Feature(name=name, label=label, measure=measure, window=window, phrase=phrase, reason=reason, **{**values, **more})  # type: ignore[arg-type]


HEALTH: tuple[Feature, ...] = (
    _notice("bereavement_730d", "A death in the family", any_(isin("kind", {"bereavement"})), last_days(730),
            "There was a death in the family in {period}", "Working Together 2023 names children who are bereaved.", value_format="yes_no"),
    _notice("health_notices_365d", "Notices from health services", count(isin("kind", {"health"})), last_days(365),
            "A health service wrote to the council about the child {value} times in {period}",
            "Missed appointments and visits to emergency departments can show unmet needs."),
)  # fmt: skip
