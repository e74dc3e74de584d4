"""Money and housing, as the housing and revenues teams hold them, and moves of home.

Source: Supporting Families outcomes framework (housing, financial stability); practitioners name debt and home conditions.
"""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.features.declare import Feature, any_, count, current, days_in_current, different, ever, last_days, relatives
from early_id.schema.conditions import isin

#: Indicators that are about money rather than the home.
IS_MONEY = isin("factor", {"rent_arrears", "council_tax_arrears", "benefit_cap", "debt_advice"})


def _home(name: str, label: str, measure: object, window: object, phrase: str, reason: str, **more: object) -> Feature:
    values = {
        "source": "household_members", "direction": Direction.RAISES, "sharing": SharingClass.HOUSING_FINANCE, "theme": "home",
        "missing": Missing.UNKNOWN, "value_format": "count",
    }  # fmt: skip
    return Feature(name=name, label=label, measure=measure, window=window, phrase=phrase, reason=reason, **{**values, **more})  # type: ignore[arg-type]


def _money(name: str, label: str, code: str, phrase: str, **more: object) -> Feature:
    values = {
        "source": "household_factors", "measure": any_(isin("factor", {code})), "window": last_days(365), "direction": Direction.RAISES,
        "sharing": SharingClass.HOUSING_FINANCE, "theme": "money_housing", "missing": Missing.ZERO_IF_COVERED, "value_format": "yes_no",
        "reason": "Supporting Families outcome on housing and money; practitioners add debt.",
    }  # fmt: skip
    return Feature(name=name, label=label, phrase=phrase, **{**values, **more})  # type: ignore[arg-type]


HOUSING: tuple[Feature, ...] = (
    _money("rent_arrears_365d", "Behind with the rent", "rent_arrears", "The household fell behind with the rent in {period}"),
    _money("council_tax_arrears_365d", "Behind with council tax", "council_tax_arrears", "The household fell behind with council tax in {period}"),
    _money("temporary_accommodation_now", "In temporary housing", "temporary_accommodation", "The family lives in temporary housing",
           measure=current(isin("factor", {"temporary_accommodation"})), window=last_days(730), version=2),
    _money("temporary_accommodation_365d", "In temporary housing, last year", "temporary_accommodation",
           "The family lived in temporary housing in {period}"),
    _money("benefit_cap_365d", "Benefits were capped", "benefit_cap", "The household's benefits were capped in {period}"),
    _money("debt_advice_365d", "Debt advice", "debt_advice", "The household asked for debt advice in {period}", direction=Direction.EITHER),
    _money("money_signs_365d", "Kinds of money worry", "rent_arrears", "The household had {value} kinds of money worry in {period}",
           measure=different("factor", IS_MONEY), value_format="count"),
    _home("home_moves_730d", "Moves of home", count(), last_days(730), "Moved home {value} times in {period}",
          "Moves of home break friendships, school and support.",
          strength_phrase="Has lived in the same home for two years or more", strength_below=0.5, version=2),
    _home("days_at_home_ever", "Time at the present home", days_in_current(), ever(), "Came to the present home {value} ago",
          "A settled home protects; a new one is a time when help is welcome.", direction=Direction.LOWERS, value_format="days", version=2),
    _home("siblings_count_now", "Other children of the family", relatives(), ever(), "Lives with {value} other children of the family",
          "Larger families have more to carry, and more to gain from whole-family help.", direction=Direction.EITHER, unit=Unit.FAMILY,
          theme="siblings"),
)  # fmt: skip
