"""Need, or only recording: what a second outcome that is judged apart tells, in words for page 1 and for the board's questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from early_id.audit.recording import FEWEST, LESS, MORE, chance_of_so_few
from early_id.audit.signs import SIGNS, told_apart
from early_id.present.wording import and_list
from early_id.report.groups import NOT_KNOWN
from early_id.report.section import Material

UNTOLD = "cannot be told: that takes a second outcome by which everybody is judged alike, such as what reviewers find"


def second_outcome(m: Material, audience: str) -> pd.DataFrame:
    """Rows of the outcomes that are judged apart; empty where there is none."""
    second, signs = m.study(audience, "second_outcomes"), m.study(audience, "signs")
    if second.empty or signs.empty:  # outcomes of a table that somebody else made were named because they are judged apart
        return second if audience not in m.trials else second.iloc[:0]
    return second[second["other_outcome"] == signs["outcome"].iloc[0]]


def groups_recorded(m: Material, audience: str, says: str) -> list[str]:
    """Groups whose need is written down more, or less, often than the second outcome says, beyond chance."""
    own = second_outcome(m, audience)
    if own.empty:
        return []
    shown = m.groups[audience].page_titles()
    told = own[own["says"] == says].to_dict("records")
    return list(dict.fromkeys(f"{row['characteristic_label']}: {row['group']}" for row in told if row["characteristic_label"] in shown))


def less_recorded(m: Material) -> list[str]:
    """Groups whose need records show less often than it is there, on any list."""
    return list(dict.fromkeys(label for audience in m.groups for label in groups_recorded(m, audience, LESS)))


def few_recorded(m: Material, audience: str) -> list[tuple[str, int, int]]:
    """Groups too small to be sure of, with fewer recorded than chance would seldom give: label, recorded, and what the second outcome shows.

    Where a group's needs are hardly ever written down, too few are left to tell by any test: just there silence would mislead.
    """
    own = second_outcome(m, audience)
    found: dict[str, tuple[str, int, int]] = {}
    rows = _told(m, audience, own)
    for row in rows:
        everyone = own[(own["characteristic"] == row["characteristic"]) & (own["other_outcome"] == row["other_outcome"])]
        counts = row["outcomes"], row["other_outcomes"], everyone["outcomes"].sum(), everyone["other_outcomes"].sum()
        if row["outcomes"] < FEWEST and row["other_outcomes"] >= SHOWN_BY_OTHER and chance_of_so_few(*counts) <= SELDOM / len(rows):
            label = f"{row['characteristic_label']}: {row['group']}"
            found[label] = label, round(row["outcomes"]), round(row["other_outcomes"])
    return list(found.values())


#: So many of a group's children with the second outcome make it worth a word that hardly any of them were recorded.
SHOWN_BY_OTHER = 20
#: So few would be recorded by chance this seldom in any of the groups looked at; one audit in forty points at a group for nothing.
SELDOM = 0.025


def _told(m: Material, audience: str, own: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of characteristics that the page shows, *not known* apart."""
    shown = m.groups[audience].page_titles()
    return [row for row in own.to_dict("records") if row["characteristic_label"] in shown and row["group"] != NOT_KNOWN]


def _too_few(row: Mapping[str, Any]) -> bool:
    return str(row["says"]).startswith("cannot be estimated")


def need_or_recording(m: Material, audience: str) -> str:
    """One line for page 1. The published one names no group of which few are recorded."""
    if audience not in m.groups:
        return ""
    own, signs = second_outcome(m, audience), m.study(audience, "signs")
    if own.empty:
        return UNTOLD
    named = f"a second outcome ({and_list([str(name).replace('_', ' ') for name in dict.fromkeys(own['other_outcome'])])})"
    found = [
        f"need is written down {word} often for {and_list(labels)} than {named} shows, so for them the figures on this page say {'too little' if says == LESS else 'too much'}"
        for says, word in ((LESS, "less"), (MORE, "more"))
        if (labels := groups_recorded(m, audience, says))
    ]
    if len(signs):
        apart = [row.label for row in m.groups[audience].found() if told_apart(own, signs, row.characteristic, row.group)[0] == SIGNS]
        found += [f"signs are written down differently for {and_list(list(dict.fromkeys(apart)))} at the same answer to {named}"] if apart else []
    few = [] if m.showing.publishable else few_recorded(m, audience)
    found += [f"too few to be sure, but look there: for {label}, {n} recorded where {named} shows {other}" for label, n, other in few]
    rows = _told(m, audience, own)
    untold = sum(map(_too_few, rows))
    rest = f"for {untold} of {len(rows)} groups too few are recorded to tell" if untold else ""
    none = "" if found else f"no difference from {named} shown beyond chance"
    return "; ".join(part for part in (*found, none, rest) if part)
