"""Records that nobody could link but that may be one child: used to take a child out, never to put one on a list.

A missed link between a school's record and an open record of children's services would put on a list a child who must not be there. So where
forename, surname and date of birth agree, or linking left a pair for somebody to look at, what takes one record out takes out the other, and a person can look at the reason. Two children who
share all three are both taken out until somebody has looked; no feature, outcome or reason ever comes from such a likeness.
"""

from __future__ import annotations

import pandas as pd

from early_id.features.membership import share_one


def likeness(people: pd.DataFrame) -> pd.Series:
    """child_id → forename, surname and date of birth as one text, without case and blanks; missing where any of them is."""
    names = [people[name].astype("string").str.strip().str.casefold() for name in ("forename", "surname")]
    born = people["birth_date"].dt.strftime("%Y-%m-%d").astype("string")
    return names[0] + "|" + names[1] + "|" + born


def with_doubts(alike: pd.Series, maybe: pd.DataFrame) -> pd.Series:
    """The likenesses, with those of children who may be one person by what linking weighed made one.

    Parameters
    ----------
    alike : Series
        From :func:`likeness`; children without one stand for themselves.
    maybe : DataFrame
        child_id, other_id: ``People.may_be_one(day)``.
    """
    pairs = maybe[maybe["child_id"].isin(alike.index) & maybe["other_id"].isin(alike.index)]
    if pairs.empty:
        return alike
    label = alike.where(alike.notna(), "child " + alike.index.to_series().astype(str)).astype(str)
    first = {text: text for text in label}

    def top(text: str) -> str:
        while first[text] != text:
            text = first[text]
        return text

    for one, other in pairs[["child_id", "other_id"]].itertuples(index=False):
        a, b = sorted((top(label[one]), top(label[other])))
        first[b] = a
    doubted = label.isin({text for text in first if top(text) != text} | {top(text) for text in first if top(text) != text})
    return alike.where(~doubted, label.map(top))


def share_marks(frame: pd.DataFrame, alike: pd.Series) -> pd.DataFrame:
    """Safe-contact marks, the more careful one for all records that look like one child."""
    shared = frame.copy()
    for mark, careful in (("safe_contact", "min"), ("protected_address", "max"), ("no_joint_contact", "max")):
        together = frame[mark].groupby(alike).transform(careful)
        shared[mark] = together.where(alike.notna(), frame[mark]).astype(bool)
    return shared


def reasons(frame: pd.DataFrame, alike: pd.Series, status: pd.Series, open_statuses: tuple[str, ...]) -> pd.Series:
    """child_id → ``maybe_statutory`` or ``double_record``; missing for everyone else.

    Parameters
    ----------
    frame : DataFrame
        Everyone in the records, by child_id, with ``school_id``.
    alike : Series
        From :func:`likeness`, on the index of ``frame``.
    status : Series
        child_id → reason for those open to statutory services.
    open_statuses : tuple of str
        The reasons that count as open.
    """
    is_open = frame.index.to_series().map(status).isin(open_statuses).to_numpy()
    on_roll = frame["school_id"].notna().to_numpy()
    found = pd.Series(index=frame.index, dtype=object)
    found[share_one(alike, on_roll) & ~on_roll] = "double_record"
    found[share_one(alike, is_open) & ~is_open] = "maybe_statutory"
    return found
