"""Money and housing, as the housing and revenues teams hold them, and moves of home.

Source: Supporting Families outcomes framework (housing, financial stability); practitioners name debt and home conditions.
"""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass
from early_id.features.declare import Feature, any_, count, current, ever, last_days
from early_id.schema.conditions import isin


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
           measure=current(isin("factor", {"temporary_accommodation"})), window=ever()),
    Feature(
        name="home_moves_730d", label="Moves of home", source="household_members", measure=count(), window=last_days(730),
        direction=Direction.RAISES, sharing=SharingClass.HOUSING_FINANCE, theme="home", missing=Missing.UNKNOWN,
        phrase="Moved home {value} times in {period}", reason="Moves of home break friendships, school and support.",
        strength_phrase="Has lived in the same home for two years or more", strength_below=0.5,
    ),
)  # fmt: skip
