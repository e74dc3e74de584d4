"""Households in lists: what one child's status means for the others at home, and which pupils a school itself knows to share a home.

What other agencies know may keep a household off a school list and can never put one on (design, section 2.3). So the entries of a school list are
formed from the addresses on the school's own records; the households that housing or social care hold only take families out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from early_id.core.privacy import keyed_hash
from early_id.features.membership import share_one
from early_id.features.past import Past

#: Reason of one child → why school lists leave the others of the household out; the first that holds, in this order.
HOUSEHOLD_REASONS: dict[str, str] = {
    **dict.fromkeys(
        ("looked_after", "protection_plan", "court", "section_47", "child_in_need", "referral_open", "maybe_statutory"),
        "household_open",
    ),
    "safeguarding_route": "household_safeguarding",
    "early_help_open": "household_in_help",
    "contact_pending": "household_in_help",
}
#: More pupils of one school than this at one property number are a hostel, a refuge or a mistake, not a family.
LARGEST_HOME = 8


def household_reasons(frame: pd.DataFrame, found: Mapping[str, pd.Index]) -> pd.Series:
    """The reason why school lists leave a child out because of another at home; empty where there is none.

    Parameters
    ----------
    frame : DataFrame
        Everyone, by child_id, with ``family_id`` and ``home_id``.
    found : mapping of str to Index
        Reason → the children for whom it holds, whether or not another reason comes first: a baby with a plan is too young for a list, and the
        household is open all the same.

    Returns
    -------
    Series of str
        A child counts with a household by ``family_id`` (as housing or social care hold it) and by ``home_id`` (as the school does).
    """
    reason = np.full(len(frame), "", dtype=object)
    family, home = (pd.Series(pd.factorize(frame[name])[0]) for name in ("family_id", "home_id"))
    for own, shared in reversed(HOUSEHOLD_REASONS.items()):
        there = np.zeros(len(frame), dtype=bool)
        place = frame.index.get_indexer(found.get(own, ()))
        there[place[place >= 0]] = True
        reason[share_one(family, there) | share_one(home, there)] = shared
    return pd.Series(reason, index=frame.index)


def school_homes(past: Past, roll: pd.DataFrame, key: str) -> pd.Series:
    """child_id → the home as the child's own school can know it.

    Parameters
    ----------
    past : Past
    roll : DataFrame
        The open enrolment of each child: child_id, source, source_person_id, school_id; one row a child.
    key : str
        Secret under which ids are made.

    Returns
    -------
    Series of str
        Pupils of one school share a home where its records give the same property number, or, without one, the same surname and postcode. Equality
        alone is used, so that no other school's or agency's record can join two pupils.
    """
    own = past.frame("pupils").drop_duplicates(["source", "source_person_id"], keep="last")
    held = roll[["child_id", "source", "source_person_id", "school_id"]].merge(
        own[["source", "source_person_id", "surname", "postcode", "uprn"]], on=["source", "source_person_id"], how="left"
    )
    school = held["school_id"].astype(str)
    text = {name: held[name].astype("string").str.strip().str.casefold().fillna("") for name in ("surname", "postcode", "uprn")}
    by_property = school + "|uprn|" + text["uprn"]
    crowded = by_property.groupby(by_property).transform("size") > LARGEST_HOME
    by_name = school + "|name|" + text["surname"] + "|" + text["postcode"].str.replace(" ", "", regex=False)
    alone = "child|" + held["child_id"].astype(str)
    named = by_name.where((text["surname"] != "") & (text["postcode"] != ""), alone)
    home = by_property.where((text["uprn"] != "") & ~crowded, named)
    number, homes = pd.factorize(home)
    # A home that another date of the build has had has its key already.
    known: dict[str, str] = past.held.kept("keys of homes", dict) if past.held is not None else {}
    ids = np.array([known.get(value) or known.setdefault(value, "H" + keyed_hash(value, key)) for value in homes.astype(object)], dtype=object)
    return pd.Series(ids[number], index=held["child_id"].to_numpy())
