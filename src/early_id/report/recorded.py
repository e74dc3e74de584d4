"""Need, or only recording: what a second outcome that is judged apart tells, in words for page 1 and for the board's questions."""

from __future__ import annotations

import pandas as pd

from early_id.audit.recording import LESS, MORE
from early_id.audit.signs import SIGNS, told_apart
from early_id.present.wording import and_list
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


def need_or_recording(m: Material, audience: str) -> str:
    """One line for page 1. It names groups, and no figure."""
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
    return "; ".join(found) or f"no sign of it: beyond chance, need is written down in no group more or less often than {named} shows"
