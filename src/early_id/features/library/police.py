"""Missing episodes and notices from police. Facts of this class are never printed on a list; the theme is named without them."""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.features.declare import Feature, count, days_since_last, ever, last_days
from early_id.schema.conditions import isin

_WT = "Working Together 2023 names children who are frequently missing from home or care."


def _rows(name: str, label: str, measure: object, window: object, phrase: str, reason: str, **more: object) -> Feature:
    values = {
        "direction": Direction.RAISES, "sharing": SharingClass.POLICE, "missing": Missing.ZERO_IF_COVERED, "value_format": "count",
    }  # fmt: skip
    return Feature(name=name, label=label, measure=measure, window=window, phrase=phrase, reason=reason, **{**values, **more})  # type: ignore[arg-type]


POLICE: tuple[Feature, ...] = (
    _rows("missing_count_365d", "Missing episodes, last year", count(), last_days(365), "Reported missing {value} times in {period}", _WT,
          source="missing_episodes", theme="missing_episodes"),
    _rows("missing_count_90d", "Missing episodes, last 90 days", count(), last_days(90), "Reported missing {value} times in {period}", _WT,
          source="missing_episodes", theme="missing_episodes"),
    _rows("days_since_missing_ever", "Days since last missing", days_since_last(), ever(), "Last reported missing {value} ago", _WT,
          source="missing_episodes", theme="missing_episodes", direction=Direction.LOWERS, missing=Missing.UNKNOWN, value_format="days"),
    _rows("domestic_abuse_notices_365d", "Domestic abuse notices", count(isin("kind", {"domestic_abuse_notice"})), last_days(365),
          "{value} notices about domestic abuse in {period}", "Working Together 2023: domestic abuse in the family.",
          source="notifications", theme="safety"),
    _rows("sibling_domestic_abuse_notices_365d", "Notices about brothers and sisters", count(isin("kind", {"domestic_abuse_notice"})),
          last_days(365), "{value} notices about domestic abuse, recorded under a brother or sister, in {period}",
          "A notice is often recorded under one child of the household.", source="notifications", theme="safety", unit=Unit.FAMILY),
    _rows("youth_justice_365d", "Youth justice contacts", count(isin("kind", {"youth_justice"})), last_days(365),
          "{value} contacts with the youth justice service in {period}", "Working Together 2023: drawn into anti-social or criminal behaviour.",
          source="notifications", theme="safety"),
)  # fmt: skip
