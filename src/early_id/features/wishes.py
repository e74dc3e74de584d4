"""A family's own wish not to be approached by way of a list, and objections to the use of its records: they hold an entry back, and nothing else does.

A wish holds from the day it was recorded until the date that the family chose, for all who live with the person it was recorded for. It is no
answer to an offer of help: what a family said to an offer (``early_help.response``) is never looked at here.
"""

from __future__ import annotations

import pandas as pd

from early_id.core.privacy import keyed_hash
from early_id.features.membership import among
from early_id.features.past import Past

TABLE = "wishes"
#: Kind of wish → reason to leave the family out. A kind that nobody knows counts as a wish: whoever wrote it down meant something.
OBJECTION = "objection"
REASONS = {OBJECTION: "objection"}
OTHERWISE = "family_wish"
_FOR_GOOD = pd.Timestamp("2200-01-01")


def held_back(past: Past, frame: pd.DataFrame) -> pd.DataFrame:
    """Children whose family is not to be approached on the date.

    Parameters
    ----------
    past : Past
    frame : DataFrame
        Everyone, by child_id, with ``family_id`` and ``home_id``.

    Returns
    -------
    DataFrame
        By child_id: ``reason`` (``objection`` before ``family_wish``) and ``until``, empty where no date was chosen.
    """
    nobody = pd.DataFrame({"reason": pd.Series(dtype=object), "until": pd.Series(dtype="datetime64[ns]")})
    if not past.store.has(TABLE):
        return nobody
    moment, rows = pd.Timestamp(past.as_of), _people(past, past.unlinked(TABLE))
    until = pd.to_datetime(rows["until_on"])
    # An end before the beginning is a slip of the pen: the wish holds until somebody corrects it.
    rows["until"] = until.where(until > pd.to_datetime(rows["from_on"]))
    rows = rows[rows["until"].isna() | (rows["until"] > moment)]
    if rows.empty:
        return nobody
    rows["reason"] = rows["kind"].map(REASONS).fillna(OTHERWISE)
    parts = []
    for reason, own in rows.groupby("reason"):
        until = _until(past, frame, own)
        parts.append(pd.DataFrame({"reason": reason, "until": until.where(until < _FOR_GOOD)}, index=until.index))
    found = pd.concat(parts).sort_values("reason", key=lambda names: names != REASONS[OBJECTION], kind="stable")
    return found[~found.index.duplicated()]


def _people(past: Past, rows: pd.DataFrame) -> pd.DataFrame:
    """``rows`` with ``person``: the linked person, or the source's own where nobody linked it, so that an adult's wish counts too."""
    linked = rows.merge(past.links(), on=["source", "source_person_id"], how="left")
    own = linked["source"].astype(str) + ":" + linked["source_person_id"].astype(str)
    return linked.assign(person=linked["child_id"].where(linked["child_id"].notna(), own))


def _until(past: Past, frame: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """child_id → how long the wishes of ``rows`` hold: for the persons, and for all who live with one, as housing and social care hold it or the school."""
    ends = rows["until"].fillna(_FOR_GOOD).groupby(rows["person"]).max()
    own = pd.Series(frame.index.map(ends), index=frame.index)
    at_home = own.groupby(frame["family_id"]).max()
    if past.store.has("household_members"):
        moment, held = pd.Timestamp(past.as_of), _people(past, past.unlinked("household_members"))
        left_on = pd.to_datetime(held["to_on"])
        held = held[(left_on.isna() | (left_on >= moment)) & among(held["person"], ends.index)]
        family = [f"F{keyed_hash(f'{source}:{home}', past.people.key)}" for source, home in zip(held["source"], held["household_id"], strict=True)]
        of_adults = held["person"].map(ends).groupby(pd.Series(family, index=held.index, dtype=object)).max()
        at_home = pd.concat([at_home, of_adults]).groupby(level=0).max()
    as_school_holds = own.groupby(frame["home_id"]).transform("max")
    until = pd.concat([own, frame["family_id"].map(at_home), as_school_holds], axis=1).max(axis=1)
    return pd.to_datetime(until.dropna())
