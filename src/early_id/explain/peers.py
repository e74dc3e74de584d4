"""What is usual for the year group in the council: the middle value, and nothing about anyone in particular."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from early_id.explain.wording import DIFFERENCES, NOT_COMPARED, is_withheld, value_text, year_label

if TYPE_CHECKING:
    from early_id.features.declare import Feature

#: Fewer known values than this say little about what is usual, and could point to a child.
MIN_PEERS = 20
#: Where fewer than half of a year group are known (only assessed children have factors), "usual" would mislead.
MIN_KNOWN = 0.5
#: Differences smaller than these are not worth a comparison in words.
NEAR = {"share": 0.01, "count": 0.5, "days": 0.5, "number": 0.05}
#: A difference below these is a small one, which no reader should take for more: 2 of every 100, one week.
SMALL_SHARE, SMALL_WEEKS = 0.025, 1.5
#: A share that differs by less than this from what was before, or from the year group, is no sign: it is written "1 of every 100".
WORTH_TELLING = 0.015
#: How the comparison of a usual value begins.
ABOUT = "About"
#: Measures of how long something has lasted.
STAYS = frozenset({"days_in_stay", "days_in_current"})


@dataclass(frozen=True)
class YearGroups:
    """Middle values by year group and feature, among the children who could have been listed on that date."""

    medians: dict[str, dict[str, float]]  #: year label -> feature name -> median (absent where too few are known)

    @classmethod
    def of(cls, X: pd.DataFrame, nc_year: pd.Series) -> YearGroups:
        """Medians of ``X`` by year group; year groups with fewer than 20 known values give none."""
        labels = nc_year.map(year_label)
        known = labels != ""
        if not known.any():
            return cls({})
        grouped = X[known].groupby(labels[known])
        # The lower of two middle values, so that "usual" is a value somebody has: never 1.5 suspensions.
        middle = grouped.quantile(0.5, interpolation="lower")
        size, share = grouped.count(), grouped.agg(lambda values: values.notna().mean())
        medians = {
            str(year): {
                str(name): float(value) for name, value in row.items() if size.at[year, name] >= MIN_PEERS and share.at[year, name] >= MIN_KNOWN
            }
            for year, row in middle.iterrows()
        }
        return cls(medians)

    def median(self, feature: Feature, nc_year: object) -> float | None:
        """The middle value, or None where the year group is unknown or too small, or it would not help a reader."""
        if feature.measure.kind in NOT_COMPARED or feature.value_format == "yes_no" or is_withheld(feature):
            return None
        return self.medians.get(year_label(nc_year), {}).get(feature.name)

    def usual(self, feature: Feature, nc_year: object) -> str:
        """``5 of every 100``, for a table; empty where it cannot be said."""
        middle = self.median(feature, nc_year)
        return "" if middle is None else value_text(feature, middle)

    def sentence(self, feature: Feature, nc_year: object, value: float) -> str:
        """``More than is usual in Year 8 (5 of every 100).`` Empty where it cannot be said.

        "Usual" is the middle value of the year group across the council; the page says so once.
        """
        middle = self.median(feature, nc_year)
        if middle is None or math.isnan(value):
            return ""
        year, written = year_label(nc_year), value_text(feature, middle)
        if self.is_usual(feature, nc_year, value):
            return f"{ABOUT} what is usual in {year} ({written})."
        words = ("longer", "shorter") if feature.measure.kind in STAYS else ("more", "less")
        text = f"{words[value < middle]} than is usual in {year} ({written})."
        return f"A little {text}" if self.is_small(feature, nc_year, value) else f"{text[:1].upper()}{text[1:]}"

    def is_small(self, feature: Feature, nc_year: object, value: float) -> bool:
        """Whether the value lies so near to the usual one, or to what it is compared with, that by itself it says little."""
        middle = 0.0 if feature.measure.kind in DIFFERENCES else self.median(feature, nc_year)
        if middle is None or math.isnan(value):
            return False
        limit = SMALL_SHARE if feature.value_format == "share" else SMALL_WEEKS if feature.measure.kind == "weeks" else 0.0
        return abs(value - middle) < limit

    def is_usual(self, feature: Feature, nc_year: object, value: float) -> bool:
        """Whether a reader would call the value about usual: near the middle one, or written the same after rounding."""
        middle = self.median(feature, nc_year)
        if middle is None or math.isnan(value):
            return False
        return abs(value - middle) < NEAR.get(feature.value_format, 0.05) or value_text(feature, value) == value_text(feature, middle)

    def is_towards_need(self, feature: Feature, nc_year: object, value: float) -> bool:
        """Whether a reader would take the value for a sign, whatever a model made of it: such a value speaks against nothing."""
        if feature.measure.kind in DIFFERENCES or self.median(feature, nc_year) is not None:
            return self.stands_out(feature, nc_year, value)
        return feature.direction.sign > 0 and feature.value_format in ("yes_no", "count") and value > 0

    def stands_out(self, feature: Feature, nc_year: object, value: float) -> bool:
        """Whether the value differs from the usual one towards need, as its author declared it, or nothing is known of what is usual.

        Against the average child of a model even a usual value can raise a score, where most others never come late at all.
        """
        if feature.measure.kind in DIFFERENCES:  # about the same as before or as the year group, or better, is no sign
            least = WORTH_TELLING if feature.value_format == "share" else NEAR.get(feature.value_format, 0.05)
            return (feature.direction.sign or 1) * value >= least
        middle = self.median(feature, nc_year)
        if middle is None or math.isnan(value):
            return value != 0 or feature.direction.sign < 0  # "none recorded" is no sign, unless it is of something good
        # Where either way may count, less than usual is still nothing that a reader would call a sign.
        return not self.is_usual(feature, nc_year, value) and (feature.direction.sign or 1) * (value - middle) >= 0
