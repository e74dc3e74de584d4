"""Missing episodes and notices from police. Facts of this class are never printed on a list; the theme is named without them."""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.features.declare import Feature, between_days, change, count, days_since_last, ever, last_days, mean_gap
from early_id.schema.conditions import all_of, hour_in, isin, weekday_in

_WT = "Working Together 2023 names children who are frequently missing from home or care."

#: Ten at night to six in the morning, and the hours of a school day.
IS_AT_NIGHT = hour_in("started_at", {22, 23, 0, 1, 2, 3, 4, 5})
IS_IN_SCHOOL_HOURS = all_of(hour_in("started_at", {9, 10, 11, 12, 13, 14}), weekday_in("started_at", range(5)))


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
    _rows("missing_at_night_365d", "Missing at night", count(IS_AT_NIGHT), last_days(365), "Reported missing at night {value} times in {period}",
          "The time of day tells where a child may have been.", source="missing_episodes", theme="missing_episodes"),
    _rows("missing_in_school_hours_365d", "Missing in school hours", count(IS_IN_SCHOOL_HOURS), last_days(365),
          "Reported missing in school hours {value} times in {period}", "Working Together 2023: missing from education.",
          source="missing_episodes", theme="missing_episodes"),
    _rows("missing_mean_gap_365d", "Time between missing episodes", mean_gap(), last_days(365), "On average {value} from one missing episode to the next in {period}",
          "Episodes that follow close on each other are a stronger sign than their number.", source="missing_episodes", theme="missing_episodes",
          direction=Direction.LOWERS, missing=Missing.UNKNOWN, value_format="days"),
    _rows("missing_change_180d", "Change in missing episodes", change(count(), earlier=between_days(360, 180)), last_days(180),
          "Reported missing {value} more times in {period} than in the six months before", _WT, source="missing_episodes", theme="missing_episodes"),
    _rows("sibling_missing_365d", "Brothers' and sisters' missing episodes", count(), last_days(365),
          "Brothers or sisters were reported missing {value} times in {period}", _WT, source="missing_episodes", theme="missing_episodes",
          unit=Unit.FAMILY),
    _rows("days_since_domestic_abuse_notice_ever", "Days since a domestic abuse notice", days_since_last(isin("kind", {"domestic_abuse_notice"})), ever(),
          "The last notice about domestic abuse was {value} ago", "A recent notice weighs more than an old one.", source="notifications",
          theme="safety", direction=Direction.LOWERS, missing=Missing.UNKNOWN, value_format="days"),
    _rows("sibling_youth_justice_365d", "Brothers' and sisters' youth justice contacts", count(isin("kind", {"youth_justice"})), last_days(365),
          "{value} contacts of brothers or sisters with the youth justice service in {period}",
          "Brothers and sisters may be drawn in after each other.", source="notifications", theme="safety", unit=Unit.FAMILY),
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
