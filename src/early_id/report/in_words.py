"""Gaps and shares in words that a council member reads aloud."""

from __future__ import annotations

from early_id.present.wording import out_of, percent
from early_id.report.groups import GroupRow
from early_id.report.section import Material

#: How measures are called in running text.
MEASURE_NAMES = {
    "missed_share": "missed share",
    "false_flag_rate": "listed without need",
    "precision": "listed with need",
    "selection_share": "share listed",
    "outcome_rate": "share with need",
}

#: Measure -> (who is counted, what happened to them; how a group with a higher figure is spoken of).
IN_WORDS = {
    "missed_share": ("children who {had}", "were not listed", "missed more often"),
    "false_flag_rate": ("children without the outcome", "were listed without need", "listed without need more often"),
    "precision": ("listed children", "{had}", "listed with need more often"),
    "selection_share": ("children", "were listed", "listed more often"),
    "outcome_rate": ("children", "{had}", "more often in need"),
}


def measure_name(row: GroupRow) -> str:
    """How a row's measure is called in running text."""
    return MEASURE_NAMES.get(row.measure, row.measure.replace("_", " "))


def tenths(share: float) -> str:
    """ "about 3", of every 10."""
    return out_of(share, 10).removesuffix(" out of 10")


def gap_in_words(m: Material, row: GroupRow, *, brief: bool = False) -> str:
    """ "Ethnic group: Black, missed more often. Of every 100 children who …, 90 were not listed; of everyone else, 70 (20 points; 5 to 33)."

    ``brief``, after another gap of the measure: "Ethnic group: Black, missed more often: 90 of 100; of everyone else, 70 (20 points; 5 to 33)."
    """
    had = m.context.had_outcome
    who, what, higher = (text.format(had=had) for text in IN_WORDS.get(row.measure, ("children", "were counted", "a higher share")))
    way = higher if row.way >= 0 else higher.replace("more often", "less often")
    if row.gap.value is None or row.figure.value is None or row.rest is None:
        return f"{row.label}, {way}; by how much may not be published, since small numbers stand behind it."
    sign = 1 if row.gap.value >= 0 else -1
    ends = sorted((sign * (row.gap.low or 0.0), sign * (row.gap.high or 0.0)))
    size, low, high = (percent(x, fine=True).rstrip("%") for x in (abs(row.gap.value), *ends))
    # Shares of a few in a hundred would all read alike.
    of = 100 if max(row.figure.value, row.rest) >= 0.05 else 1000
    mine, other = (_in(value, of) for value in (row.figure.value, row.rest))
    said = f": {mine} of {of:,}" if brief else f". Of every {of:,} {who}, {mine} {what}"
    return f"{row.label}, {way}{said}; of {row.comparator or 'everyone else'}, {other} ({size} points; {low} to {high})."


def gap_in_brief(m: Material, row: GroupRow) -> str:
    """ "Ethnic group: Black (missed more often)"."""
    higher = IN_WORDS[row.measure][2].format(had=m.context.had_outcome) if row.measure in IN_WORDS else measure_name(row)
    return f"{row.label} ({higher if row.way >= 0 else higher.replace('more often', 'less often')})"


def _in(share: float, of: int) -> str:
    return out_of(share, of).removesuffix(f" out of {of}").removeprefix("about ")
