"""Whether listed children's need was recognised later, with help that the list itself brought about shown apart and counted for nothing."""

from __future__ import annotations

import pandas as pd

from early_id.learning.tables import Question

ELSEWHERE, THROUGH_LIST, NONE_SO_FAR, NOT_YET_KNOWN = (
    "need recognised by another route", "help offered after a reader acted on the list", "no need recognised", "not known yet",
)  # fmt: skip
SUGGESTIONS = (ELSEWHERE, THROUGH_LIST, NONE_SO_FAR, NOT_YET_KNOWN)
#: Answers after which an offer counts as the list's own doing.
_ACTED = ("talked, help wanted", "talked, not now")


def suggestions(lines: pd.DataFrame, outcomes: pd.DataFrame, early_help: pd.DataFrame, *, outcome: str) -> Question:
    """Children on lists by what followed.

    Parameters
    ----------
    lines : DataFrame
        child_id, family_id, list_as_of, decision, decided_on.
    outcomes : DataFrame
        Of the same rows: ``outcome`` and its components, 1, 0 or empty.
    early_help : DataFrame
        Known offers.

    Notes
    -----
    An offer on or after the day on which a reader talked with the family is taken to have come of the list, whatever else might have led to it; a need recognised
    by social care alone is not.
    """
    decided = pd.to_datetime(lines["decided_on"].replace("", None))
    acted = lines["decision"].isin(_ACTED)
    offers = early_help.assign(on=pd.to_datetime(early_help["offered_on"]))[["child_id", "on"]]
    met = lines.assign(row=range(len(lines)), decided=decided)[["row", "child_id", "decided", "list_as_of"]].merge(offers, on="child_id")
    since = met["decided"].fillna(pd.to_datetime(met["list_as_of"]))
    through = set(met.loc[met["on"] >= since, "row"])
    by_list = pd.Series([row in through for row in range(len(lines))], index=lines.index) & acted
    y = outcomes[outcome]
    other = outcomes.reindex(columns=["statutory_entry", "referral_accepted"]).max(axis=1).eq(1)
    category = pd.Series(NONE_SO_FAR, index=lines.index).mask(y.eq(1), ELSEWHERE).mask(y.eq(1) & by_list & ~other, THROUGH_LIST)
    return Question(lines.assign(category=category.mask(y.isna(), NOT_YET_KNOWN)), SUGGESTIONS, ELSEWHERE, "children on lists")
