"""The audit's further tables as sheets: headings in words, what their figures are counted in, and no short names of the audit's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from early_id.audit.measures import MEASURES
from early_id.features.themes import THEMES
from early_id.present.figures import Amount, Chance, Points, Ratio, Share, Signed
from early_id.present.glossary import AsIs
from early_id.present.wording import sentence_case

#: Columns with an interval beside them: name -> heading; the ends are named after it.
_WITH_INTERVAL = {
    "difference": "Gap, in points",
    "slope": "Slope",
    "auc": "AUC",
    "ratio": "Recorded so many times as often",
    "shift": "Distance between the two outcomes, in standard deviations",
    "tipping": "λ at which the gap would be gone",
    "precision": "Share with the outcome of those listed",
    "share": "Share of the theme's differences that goes along with it",
    "gap": "Gap, in points",
    "part": "Part of the gap, in points",
    "change": "Change, in points",
}
HEADINGS = {
    "n": "Counted among",
    "successes": "Counted",
    "value": "Figure",
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
    "crude_difference": "Gap as it is, in points",
    "standardised_by": "Mix of",
    "covered": "Share of everyone whose mix this group has",
    "median_days": "Days late in the middle",
    "rest_value": "Figure of everyone else",
    "depends_on": "λ may depend on",
    "source": "Told from",
    "families_tied": "Families tied at the last place",
    "missed": "With the outcome and not listed",
    "says": "What these data say",
    "outcomes": "With the outcome",
    "other_outcomes": "With the other outcome",
    "missed_share": "Share missed",
    "what": "What is counted",
    **_WITH_INTERVAL,
    **{
        f"{name}_{end}": f"{heading.removesuffix(', in points')}, 95% {word}"
        for name, heading in _WITH_INTERVAL.items()
        for end, word in (("low", "from"), ("high", "to"))
    },
}
#: Where a table means something else by a name.
OF_TABLE: dict[str, dict[str, str]] = {
    "themes": {
        "listed": "Children listed",
        "others": "Share of the families listed who would be others",
        "precision": "Change in the share with need of those listed, in points",
        "precision_low": "That change, 95% from",
        "precision_high": "That change, 95% to",
        "missed": "Change in the share missed, in points",
        "missed_low": "That change in the share missed, 95% from",
        "missed_high": "That change in the share missed, 95% to",
        "gap": "Gap that moves most",
        "gap_before": "That gap with the theme, in points",
        "gap_after": "That gap without it, in points",
    },
    "signs": {"difference": "Difference in mean rank"},
    "lists": {"missed_low": "Share missed, 95% from", "missed_high": "Share missed, 95% to"},
    "tipping": {"difference": "Gap (of shares: in points)"},
    "options": {
        "change": "Share missed: change from the list as it is, in points",
        "children_found": "Children with the outcome listed",
        "families_found": "Families listed in which somebody had the outcome",
        "reasons_exact": "Are the reasons given still exact?",
        "kind": "What was changed",
        "status": "What may be done with it",
    },
    "option_gaps": {
        "gap_before": "Gap on the list as it is, in points",
        "gap": "Gap on this list, in points",
        "change": "Change of the gap, in points",
        "kind": "What was changed",
        "more_found_in_group": "Children with the outcome listed more in the group (less: a minus)",
        "more_found_elsewhere": "… and elsewhere",
    },
    "decomposition": {"gap": "Gap that is left, in points"},
}
#: What the figures of a table are counted in, where it is not a share.
COUNTED_IN = {
    "calibration": "Observed ÷ expected: 1 is as many as expected. Slope and AUC are numbers; a slope takes 50 children with the outcome.",
    "proxies": "AUC: 0.5 tells nothing about the group, 1 always gives it away.",
    "completeness": "Counted among: values, one a child and feature.",
    "tipping": (
        "λ: how often a need is written down in the group, divided by how often for everyone else. Beside the share missed stands how many times as often needs of "
        "listed children would have to be written down as those of others."
    ),
    "second_outcomes": "A ratio of 1: both outcomes are recorded alike. Below 1: the first one less often for this group.",
    "signs": "Difference in mean rank: from -0.5 to 0.5; 0 is none. Beyond chance: after allowing for the number of signs and groups.",
    "themes": "What would change if the theme counted for nobody and nothing were fitted anew; a minus where less.",
    "recording_lag": "Counted among: records.",
    "options": "A study; nothing of it was applied. Children and families are counted on the lists of the test date.",
    "option_gaps": "A study; nothing of it was applied. The change of a gap is paired by family.",
    "decomposition": "A description in one stated order; another order would give other parts, and none is a cause.",
}
#: The words of the sheets, on a sheet of their own.
WORDS = (
    ("Counted among", "How many children (or families, records, values, where the sheet says so) the figure is taken of."),
    ("Counted", "How many of them the figure counts."),
    *(
        (MEASURES[name].label, f"{what} {MEASURES[name].harm}".strip())
        for name, what in (
            ("outcome_rate", "Of all children whose outcome is known, those with it."),
            ("selection_share", "Of all children, those listed."),
            ("missed_share", "Of the children with the outcome, those who were not listed."),
            ("false_flag_rate", "Of the children without the outcome, those who were listed."),
            ("precision", "Of the children listed, those with the outcome."),
            ("conversations", "How many listed families it takes for one with the outcome."),
            ("observed_expected", "How many had the outcome, divided by how many the score led us to expect."),
        )
    ),
    ("Gap", "The group's figure less that of everyone else, or of the group named under “Compared with”. A plus: the group's is higher."),
    ("95% from, 95% to", "The range in which the true figure most likely lies. A wide one means that little is known."),
    ("Adjusted p-value", "Allows for all comparisons that are made together (Holm). At 0.05 or under a gap is found."),
    (
        "Smallest gap we would see",
        "A true gap of this size would be found in 4 of 5 audits; a smaller one mostly not. [x]: not even the widest would.",
    ),
    (
        "Can we tell?",
        "Gap found; no gap found (the whole range lies within the tolerance that the board set beforehand); cannot tell; or not tested.",
    ),
    ("AUC", "How often one who is looked for ranks above one who is not: 0.5 is chance, 1 is always."),
    ("Slope", "1: high and low scores mean what they say. Below 1: high ones are too high, low ones too low."),
    ("λ (lambda)", "How often a need is written down in the group, divided by how often for everyone else."),
)
#: What an empty text means.
EMPTY = {"verdict": "not tested", "note": "none", "comparator": "nobody"}
#: Marks for the machine; nobody reads them.
LEFT_OUT = ("members", "evidence", "told_by", "design_effect")

_KINDS = {"set": "all features together", "theme": "one theme", "feature": "one feature", "base": "nothing", "by group": "cut-offs by group"}
_DEPENDS = {"score": "the group, and who is listed", "group only": "the group alone"}

#: What a column is shown as, in every table; ends of intervals as what they are the ends of.
_AS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("value", "low", "high", "rest_value", "missed_share", "share", "covered", "others"), Share),
    **dict.fromkeys(("difference", "crude_difference", "change", "gap", "gap_before", "gap_after", "part", "moved"), Points.between),
    **dict.fromkeys(("smallest_detectable", "smallest_detectable_lower"), Points.between),
    **dict.fromkeys(("slope", "auc", "ratio", "tipping", "observed_expected"), Ratio),
    **dict.fromkeys(("listed", "places", "families_listed", "families_found", "children_found", "children_listed", "successes", "expected"), Amount),
    **dict.fromkeys(("more_found_in_group", "more_found_elsewhere", "shift"), Signed),
    **dict.fromkeys(
        ("n", "families", "children", "with_outcome", "without_outcome", "not_known", "outcomes", "other_outcomes", "families_tied"), Amount
    ),
    "p_adjusted": Chance,
}
#: Where a table means something else by a name.
_AS_OF_TABLE: dict[str, dict[str, Callable[[Any], Any]]] = {
    "calibration": dict.fromkeys(("value", "low", "high"), Ratio),
    "signs": dict.fromkeys(("difference", "low", "high"), Signed),
    "themes": dict.fromkeys(("precision", "missed"), Points.between) | {"gap": str},
    "lists": {"precision": Share, "missed_low": Share, "missed_high": Share, "missed": Amount},
}
#: Measures that are no shares: how their figures and differences are shown.
_NO_SHARE = {"count": (Amount, Signed), "ratio": (Ratio, Signed), "per": (Ratio, Signed)}


def shown(column: str, value: Any, *, table: str = "", measure: str = "") -> Any:
    """A figure as what it is: a share, points, a ratio; anything else as it comes."""
    if isinstance(value, bool | str) or not isinstance(value, int | float) or value != value:
        return value
    known = _AS | _AS_OF_TABLE.get(table, {})
    kind = known.get(column) or known.get(column.removesuffix("_low").removesuffix("_high").removesuffix("_lower"))
    if measure in MEASURES and MEASURES[measure].kind != "share":
        of_figure, of_difference = _NO_SHARE[MEASURES[measure].kind]
        kind = of_figure if kind is Share else of_difference if kind == Points.between else kind
    return value if kind is None else kind(value)


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
    names = [name for name in names if name != "what" or frame["what"].nunique() > 1]  # the same in each row is said above the table
    first = [name for name in ("characteristic_label", "group", "measure_label") if name in names]
    order = [*first, *(name for name in names if name not in first)]
    own = HEADINGS | OF_TABLE.get(table, {})
    headings = [own.get(name) or sentence_case(name.removesuffix("_label").replace("_", " ")) for name in order]
    measures = frame["measure"] if "measure" in frame else [""] * len(frame)
    rows = [
        [shown(name, _cell(name, value, labels), table=table, measure=measure) for name, value in zip(order, row, strict=True)]
        for measure, row in zip(measures, frame[order].round(4).itertuples(index=False), strict=True)
    ]
    return headings, rows


def counted_in(frame: pd.DataFrame, table: str) -> str:
    """What the figures of a table are counted in, and what is counted where it is one thing."""
    one = "what" in frame and frame["what"].nunique() == 1
    return " ".join(part for part in (f"{sentence_case(str(frame['what'].iloc[0]))}." if one else "", COUNTED_IN.get(table, "")) if part)


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
    if column == "depends_on":
        return _DEPENDS.get(value, value)
    if column in ("outcome", "other_outcome"):
        return sentence_case(value.replace("_", " "))
    if column == "gap":
        whose, _, measure = value.rpartition("|")
        return f"{whose}: {MEASURES[measure].label.lower()}" if measure in MEASURES else value
    return value
