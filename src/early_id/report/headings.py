"""The audit's further tables as sheets: headings in words, what their figures are counted in, and no short names of the audit's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from early_id.audit.measures import MEASURES
from early_id.features.themes import THEMES
from early_id.present.glossary import AsIs
from early_id.present.wording import sentence_case

#: Columns with an interval beside them: name -> heading; the ends are named after it.
_WITH_INTERVAL = {
    "difference": "Gap",
    "slope": "Slope",
    "auc": "AUC",
    "ratio": "Recorded so many times as often",
    "shift": "Distance between the two outcomes, in standard deviations",
    "tipping": "λ at which the gap would be gone",
    "missed": "Missed",
    "precision": "Share with the outcome of those listed",
    "share": "Share of the theme's differences that goes along with it",
    "gap": "Gap",
    "part": "Part of the gap",
    "change": "Change",
}
HEADINGS = {
    "n": "Counted among",
    "successes": "Counted",
    "value": "Value",
    "low": "95% from",
    "high": "95% to",
    "comparator": "Compared with",
    "p_adjusted": "Adjusted p-value",
    "smallest_detectable": "Smallest gap we would see in 4 of 5 audits, above",
    "smallest_detectable_lower": "Smallest gap we would see in 4 of 5 audits, below",
    "verdict": "Can we tell?",
    "primary": "Tested",
    "with_outcome": "With the outcome",
    "observed_expected": "Observed ÷ expected",
    "crude_difference": "Gap as it is",
    "standardised_by": "Mix of",
    "covered": "Share of everyone whose mix this group has",
    "median_days": "Days late in the middle",
    "rest_value": "Value of everyone else",
    "says": "What these data say",
    "outcomes": "With the outcome",
    "other_outcomes": "With the other outcome",
    "missed_share": "Share missed",
    "what": "What is counted",
    **_WITH_INTERVAL,
    **{f"{name}_{end}": f"{heading}, 95% {word}" for name, heading in _WITH_INTERVAL.items() for end, word in (("low", "from"), ("high", "to"))},
}
#: Where a table means something else by a name.
OF_TABLE: dict[str, dict[str, str]] = {
    "themes": {
        "listed": "Children listed",
        "others": "Share of the families listed who would be others",
        "precision": "Change in the share with need of those listed",
        "precision_low": "That change, 95% from",
        "precision_high": "That change, 95% to",
        "missed": "Change in the share missed",
        "missed_low": "That change in the share missed, 95% from",
        "missed_high": "That change in the share missed, 95% to",
        "gap": "Gap that moves most",
        "gap_before": "That gap with the theme",
        "gap_after": "That gap without it",
    },
    "signs": {"difference": "Difference in mean rank"},
    "lists": {"missed_low": "Share missed, 95% from", "missed_high": "Share missed, 95% to"},
    "option_gaps": {"gap_before": "Gap on the list as it is", "gap": "Gap on this list"},
}
#: What the figures of a table are counted in, where it is not a share.
COUNTED_IN = {
    "calibration": "Observed ÷ expected: 1 is as many as expected. Slope and AUC are numbers; a slope takes 50 children with the outcome.",
    "proxies": "AUC: 0.5 tells nothing about the group, 1 always gives it away.",
    "tipping": "λ: how often a need is written down in the group, divided by how often for everyone else.",
    "second_outcomes": "A ratio of 1: both outcomes are recorded alike. Below 1: the first one less often for this group.",
    "signs": "Difference in mean rank: from -0.5 to 0.5; 0 is none. Beyond chance: after allowing for the number of signs and groups.",
    "themes": "What would change if the theme counted for nobody and nothing were fitted anew: fractions of 1, with a minus where less.",
    "recording_lag": "Days are days.",
    "places": "Exploratory: tested together with the crossed groups.",
}
#: What an empty text means.
EMPTY = {"verdict": "not tested", "note": "none", "comparator": "nobody"}
#: Marks for the machine; nobody reads them.
LEFT_OUT = ("members", "evidence", "told_by", "design_effect")

_KINDS = {"set": "all features together", "theme": "one theme", "feature": "one feature"}


def plain_sheet(frame: pd.DataFrame, table: str, labels: Mapping[str, str]) -> tuple[Sequence[str], list[list[Any]]]:
    """Headings and rows of one table; names first, then figures.

    Parameters
    ----------
    table : str
        The audit's name of it.
    labels : mapping
        Feature -> what it is called.
    """
    names = [name for name in frame.columns if f"{name}_label" not in frame.columns and name not in LEFT_OUT]
    first = [name for name in ("characteristic_label", "group", "measure_label") if name in names]
    order = [*first, *(name for name in names if name not in first)]
    own = HEADINGS | OF_TABLE.get(table, {})
    headings = [own.get(name) or sentence_case(name.removesuffix("_label").replace("_", " ")) for name in order]
    rows = [[_cell(name, value, labels) for name, value in zip(order, row, strict=True)] for row in frame[order].round(4).itertuples(index=False)]
    return headings, rows


def seen_above(value: Any) -> Any:
    """The smallest gap above; the audit gives the one below where none above would be seen."""
    return None if value is None or value != value or value < 0 else value


def _cell(column: str, value: Any, labels: Mapping[str, str]) -> Any:
    if column == "smallest_detectable":
        return seen_above(value)
    if not isinstance(value, str):
        return value
    if value == "":
        return EMPTY.get(column, "none")
    if column == "group":
        return AsIs(value)
    if column in ("feature", "source"):
        return THEMES[value].title if value in THEMES else labels.get(value, value.replace("_", " "))
    if column == "kind":
        return _KINDS.get(value, value)
    if column in ("outcome", "other_outcome"):
        return sentence_case(value.replace("_", " "))
    if column == "gap":
        whose, _, measure = value.rpartition("|")
        return f"{whose}: {MEASURES[measure].label.lower()}" if measure in MEASURES else value
    return value
