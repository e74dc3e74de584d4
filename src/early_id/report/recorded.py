"""Need, or only recording: what a second outcome that is judged apart tells, in words for page 1 and for the board's questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from early_id.audit.recording import FEWEST, LESS, MORE, chance_of_so_few
from early_id.audit.signs import SIGNS, told_apart
from early_id.present.wording import and_list
from early_id.report.context import list_name
from early_id.report.groups import NOT_KNOWN
from early_id.report.section import Material

UNTOLD = "Cannot be told: that takes a second outcome by which everybody is judged alike, such as what reviewers find."


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


#: Characteristics that the signs themselves make: whoever was known to services has more of them on record.
OF_THE_RECORDS = ("known_before",)


def signs_apart(m: Material, audience: str) -> dict[str, str]:
    """Groups with a gap found whose signs differ at the same answer to the second outcome → the sign that differs most.

    One group a characteristic: the one with the widest gap that has more of a sign, or else less of one.
    """
    own, signs = second_outcome(m, audience), m.study(audience, "signs")
    if own.empty or signs.empty:
        return {}
    names: Mapping[str, str] = m.meta.get(audience, {}).get("labels") or {}
    found: dict[str, tuple[bool, str, str]] = {}
    for row in m.groups[audience].found():
        where, feature = told_apart(own, signs, row.characteristic, row.group)
        if where != SIGNS or row.characteristic in OF_THE_RECORDS:
            continue
        mine = signs[(signs["characteristic"] == row.characteristic) & (signs["group"] == row.group) & (signs["feature"] == feature)]
        more, name = bool(mine["difference"].iloc[0] > 0), f"“{names.get(feature, feature.replace('_', ' '))}”"
        if row.title not in found or (more and not found[row.title][0]):
            found[row.title] = more, row.label, name if more else f"less {name}"
    return {label: name for _, label, name in found.values()}


#: Groups whose signs differ that page 1 names.
NAMED = 2

#: What a group's figures come to where its need is recorded less, or more, often than it is there.
_MEANS = {
    LESS: "so this page shows too little of their need, and they may be missed more often than it says",
    MORE: "so this page shows too much of their need, and a list may be made too readily for them",
}


def need_or_recording(m: Material) -> dict[str, str]:
    """Two or three sentences for page 1, for each list. The published ones name no group of which few are recorded."""
    said = {audience: _recorded(m, audience) for audience in m.groups}
    untold = {audience: _untold(m, audience) for audience in m.groups}
    if len(set(said.values())) == 1 and len(set(untold.values())) > 1:  # the lists differ by these numbers alone
        each = and_list([f"{text} ({list_name(audience).lower()})" for audience, text in untold.items() if text])
        untold = dict.fromkeys(untold, each)
    return {
        audience: " ".join([text, *([f"For {untold[audience]} too few are recorded to tell."] if untold[audience] else [])])
        for audience, text in said.items()
    }


def _untold(m: Material, audience: str) -> str:
    """Of how many groups too few are recorded."""
    own = second_outcome(m, audience)
    rows = [] if own.empty else _told(m, audience, own)
    n = sum(map(_too_few, rows))
    return f"{n} of {len(rows)} groups" if n else ""


def _recorded(m: Material, audience: str) -> str:
    own = second_outcome(m, audience)
    if own.empty:
        return UNTOLD
    second = f"the second outcome ({and_list([str(name).replace('_', ' ') for name in dict.fromkeys(own['other_outcome'])])})"
    found = [
        f"Need is recorded {word} often than {second} shows for {and_list(labels)}, {_MEANS[says]}."
        for says, word in ((LESS, "less"), (MORE, "more"))
        if (labels := groups_recorded(m, audience, says))
    ]
    if differ := signs_apart(m, audience):
        told = "; ".join(f"{label} ({sign})" for label, sign in list(differ.items())[:NAMED])
        rest = f"; {len(differ) - NAMED} more" if len(differ) > NAMED else ""
        found.append(
            f"At the same answer to {second}, some have more of a sign on record: {told}{rest}. Their gaps may come from these signs, not from need."
        )
    if few := [] if m.showing.publishable else few_recorded(m, audience):
        said = and_list([f"{label} ({n} recorded, {other} by {second})" for label, n, other in few])
        found.append(f"Too few to be sure, but look there: {said}.")
    return " ".join(found) or f"No difference from {second} is shown beyond chance."
