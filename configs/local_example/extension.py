"""Rent accounts as our housing team exports them: a table of our own, and two features that read it."""

from early_id.core.types import Direction, Missing, SharingClass
from early_id.features.declare import Feature, any_, last_days, latest
from early_id.features.extensions import Extension
from early_id.schema.columns import Column, Table
from early_id.schema.conditions import at_least

RENT = Table(
    "rent_accounts", "Rent accounts",
    (Column("month_end", "date", "End of month", required=True), Column("weeks_owed", "number", "Weeks owed", required=True)),
    happened="month_end", key=("month_end",), sharing=SharingClass.HOUSING_FINANCE,
)  # fmt: skip
USUAL = {
    "source": "rent_accounts", "direction": Direction.RAISES, "sharing": SharingClass.HOUSING_FINANCE, "theme": "money_housing",
    "reason": "Debt is one of the signs that practitioners name.",
}  # fmt: skip
FEATURES = (
    Feature(name="rent_weeks_owed_180d", label="Weeks of rent owed", measure=latest("weeks_owed"), window=last_days(180), value_format="number",
            missing=Missing.UNKNOWN, phrase="The rent is {value} weeks behind", **USUAL),
    Feature(name="rent_eight_weeks_365d", label="Eight weeks behind", measure=any_(at_least("weeks_owed", 8)), window=last_days(365),
            missing=Missing.ZERO_IF_COVERED, value_format="yes_no", phrase="The rent fell eight weeks behind in {period}", **USUAL),
)  # fmt: skip
EXTENSION = Extension(name="rent", tables=(RENT,), features=FEATURES)
