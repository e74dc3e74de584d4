"""What is going well: facts a school or hub can open a conversation with.

Only features whose author wrote a strength phrase, and a limit where it may be said, can appear; a value that is unknown is
never good news.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from early_id.explain.wording import fill, is_withheld

if TYPE_CHECKING:
    from early_id.features.declare import Feature

MOST = 3
#: "No suspension" is no praise for a child of five, hardly any of whom is ever suspended.
NOT_OF_THE_YOUNGEST, YOUNGEST = frozenset({"suspensions"}), frozenset({"nursery", "Reception", "Year 1", "Year 2"})


def is_strength(feature: Feature, value: float) -> bool:
    """Whether the strength phrase may be said of ``value``."""
    if feature.strength_phrase is None or math.isnan(value) or is_withheld(feature):
        return False
    below, above = feature.strength_below, feature.strength_above
    if below is None and above is None:
        return False
    return (below is None or value <= below) and (above is None or value >= above)


def strengths(
    features: tuple[Feature, ...],
    values: Mapping[str, float],
    *,
    leave_out: frozenset[str] = frozenset(),
    parts: Mapping[str, float] | None = None,
    year: str = "",
) -> list[tuple[Feature, str]]:
    """At most three strengths, one a theme, in the order of the catalogue, what never happened last.

    Parameters
    ----------
    leave_out : frozenset of str
        Themes that raised the suggestion: good news about the very thing that was noticed would confuse the reader. What has got better lately, and
        what itself spoke against, are the exceptions: they are what a conversation can begin with, such as good attendance of the last weeks beside a
        year of absence, or absences that were all agreed with the school.
    parts : mapping, optional
        What each feature added to the score.
    year : str
        Year group in words.
    """
    found: dict[str, tuple[Feature, str]] = {}
    for feature in features:
        own = (parts or {}).get(feature.name, math.inf)
        # Better than the year group at this school, beside worse than the council's, would only contradict.
        despite = feature.measure.kind == "change" or (own < 0 and feature.measure.kind != "against_peers")
        may_be_told = (feature.theme not in leave_out or despite) and not (year in YOUNGEST and feature.theme in NOT_OF_THE_YOUNGEST)
        if may_be_told and feature.theme not in found and is_strength(feature, values[feature.name]):
            found[feature.theme] = (feature, fill(feature.strength_phrase or "", feature, values[feature.name]))
    # That something never happened says less about a child than something that did.
    told = sorted(found.values(), key=lambda item: item[0].value_format in ("count", "yes_no") and values[item[0].name] == 0)
    return told[:MOST]


def room_beside(noticed: int) -> int:
    """How much of what is going well one side of paper has room for beside so many signs."""
    return 3 if noticed < 4 else 2
