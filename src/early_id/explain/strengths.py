"""What is going well: facts a school or hub can open a conversation with.

Only features whose author wrote a strength phrase, and a limit where it may be said, can appear; a value that is unknown is
never good news.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from early_id.explain.wording import fill, is_withheld

if TYPE_CHECKING:
    from early_id.features.declare import Feature

MOST = 3


def is_strength(feature: Feature, value: float) -> bool:
    """Whether the strength phrase may be said of ``value``."""
    if feature.strength_phrase is None or math.isnan(value) or is_withheld(feature):
        return False
    below, above = feature.strength_below, feature.strength_above
    if below is None and above is None:
        return False
    return (below is None or value <= below) and (above is None or value >= above)


def strengths(features: tuple[Feature, ...], values: dict[str, float], *, leave_out: frozenset[str] = frozenset()) -> list[tuple[Feature, str]]:
    """At most three strengths, one a theme, in the order of the catalogue.

    Parameters
    ----------
    leave_out : frozenset of str
        Themes that raised the suggestion: saying both about one theme would confuse the reader. That things have got better lately is the
        exception: it is what a conversation can begin with.
    """
    found: dict[str, tuple[Feature, str]] = {}
    for feature in features:
        if (
            (feature.theme not in leave_out or feature.measure.kind == "change")
            and feature.theme not in found
            and is_strength(feature, values[feature.name])
        ):
            found[feature.theme] = (feature, fill(feature.strength_phrase or "", feature, values[feature.name]))
    return list(found.values())[:MOST]
