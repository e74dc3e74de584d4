"""Records that rules protect: members of a household whose address is protected, and children whose time in care has ended."""

from __future__ import annotations

import pandas as pd

from early_id.linkage.records import PERSON
from early_id.linkage.rules import Marked

#: Outcomes of care after which a child may have another name: adopted (903: E11, E12; CIN close reason RC1), and an end that says nothing.
ADOPTED = frozenset({"E11", "E12", "RC1", "ADOPTED", "ADOPTION"})
_MAY_BE_ADOPTED = ADOPTED | {""}


def marked_records(records: pd.DataFrame, households: pd.DataFrame | None, statutory: pd.DataFrame | None) -> Marked:
    """Which records rules protect.

    A mark of a household covers all its members, and is not forgotten when somebody leaves it or when it is taken back: an address that had to be protected
    once may still tell where somebody is.
    """
    return Marked(frozenset(_protected(records, households)), frozenset(_after_care(records, statutory)))


def _protected(records: pd.DataFrame, households: pd.DataFrame | None) -> set[int]:
    if households is None or households.empty or "protected_address" not in households:
        return set()
    home = ["source", "household_id"]
    marked = households.loc[households["protected_address"].eq(True).fillna(False).astype(bool), home].drop_duplicates()
    return _positions(records, households.merge(marked, on=home))


def _after_care(records: pd.DataFrame, statutory: pd.DataFrame | None) -> set[int]:
    if statutory is None or statutory.empty:
        return set()
    ended = statutory[statutory["status"].eq("CLA").fillna(False).astype(bool) & statutory["end_on"].notna()]
    outcome = ended["outcome"].fillna("").astype(str).str.strip().str.upper() if "outcome" in ended else pd.Series("", index=ended.index)
    return _positions(records, ended[outcome.isin(_MAY_BE_ADOPTED)])


def _positions(records: pd.DataFrame, rows: pd.DataFrame) -> set[int]:
    place = records[PERSON].assign(at=range(len(records)))
    return set(place.merge(rows[PERSON].astype(str).drop_duplicates(), on=PERSON)["at"].astype(int))
