"""Families in time: the given household rows, and the safe-contact marks of a household as they were known."""

from __future__ import annotations

import pandas as pd

from early_id.core.privacy import keyed_hash

MARKS = ("safe_contact", "protected_address", "no_joint_contact")
COLUMNS = ["child_id", "family_id", "from_on", "to_on", "known_from", "known_to", "evidence", *MARKS]
PERSON = ["source", "source_person_id"]
_DATES = ("from_on", "to_on", "known_from", "known_to")


def family_spells(households: pd.DataFrame | None, links: pd.DataFrame, key: str) -> pd.DataFrame:
    """Spells of children in households, each split where a mark of the household became known or was taken back.

    A mark on any member holds for the whole household while its row is known, also after that member has left.
    Ids of households are a source's own: the same id at two sources is two households.
    """
    if households is None or households.empty:
        return pd.DataFrame(columns=COLUMNS).astype(dict.fromkeys(_DATES, "datetime64[ns]"))
    rows = households.copy()
    for name in _DATES:
        rows[name] = pd.to_datetime(rows[name]).astype("datetime64[ns]")
    # A nullable column: unknown is neither unsafe nor protected.
    rows["unsafe"] = rows["safe_to_contact"].eq(False).fillna(False).astype(bool)
    for name in MARKS[1:]:
        rows[name] = rows[name].eq(True).fillna(False).astype(bool)
    homes = rows[["source", "household_id"]].astype(str)
    called = {pair: family_id(str(pair[0]), str(pair[1]), key) for pair in homes.drop_duplicates().itertuples(index=False, name=None)}
    rows["family_id"] = [called[pair] for pair in homes.itertuples(index=False, name=None)]
    marks = rows[rows["unsafe"] | rows["protected_address"] | rows["no_joint_contact"]]
    spells = rows[rows["role"] == "child"].drop(columns=["unsafe", *MARKS[1:]])
    spells = _while_linked(spells, links)
    spells["evidence"] = "household row of " + spells["source"].astype(str)
    spells = _split_where_marks_change(spells, marks)
    return spells[COLUMNS].drop_duplicates().sort_values(["child_id", "from_on", "known_from"]).reset_index(drop=True)


def family_id(source: str, household_id: str, key: str) -> str:
    """The id of a household of a source."""
    return "F" + keyed_hash(f"{source}:{household_id}", key)


def _while_linked(spells: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Spells with their child, known while both the row and the link were."""
    who = links[[*PERSON, "child_id", "known_from", "known_to"]].rename(columns={"known_from": "linked_from", "known_to": "linked_to"})
    both = spells.merge(who, on=PERSON)
    both["known_from"] = both[["known_from", "linked_from"]].max(axis=1)
    both["known_to"] = both[["known_to", "linked_to"]].min(axis=1)
    known = both["known_to"].isna() | (both["known_from"] < both["known_to"])
    return both[known].drop(columns=["linked_from", "linked_to"])


def _split_where_marks_change(spells: pd.DataFrame, marks: pd.DataFrame) -> pd.DataFrame:
    """Few households are marked; the others pass unchanged."""
    marked = spells["family_id"].isin(marks["family_id"])
    plain = spells[~marked].assign(safe_contact=True, protected_address=False, no_joint_contact=False)
    by_family = {str(family): own for family, own in marks.groupby("family_id")}
    pieces = []
    for spell in spells[marked].to_dict("records"):
        own = by_family[spell["family_id"]]
        end = spell["known_to"] if pd.notna(spell["known_to"]) else pd.Timestamp.max
        moments = {spell["known_from"], *own["known_from"], *own["known_to"].dropna()}
        starts = sorted(moment for moment in moments if spell["known_from"] <= moment < end)
        for start, stop in zip(starts, [*starts[1:], spell["known_to"]], strict=True):
            now = own[(own["known_from"] <= start) & (own["known_to"].isna() | (own["known_to"] > start))]
            flags = {"safe_contact": not now["unsafe"].any(), **{name: bool(now[name].any()) for name in MARKS[1:]}}
            pieces.append({**spell, "known_from": start, "known_to": stop, **flags})
    if not pieces:
        return plain
    split = pd.DataFrame(pieces)
    for name in _DATES:
        split[name] = pd.to_datetime(split[name]).astype("datetime64[ns]")
    return pd.concat([plain, split], ignore_index=True) if len(plain) else split
