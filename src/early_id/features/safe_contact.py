"""With whom contact may not be safe beyond the marks of households: after domestic abuse, and with young people who live apart.

Such a family is on no school's list; on a hub's list its entry says to check safe contact first, and never why. What is asked here is only whether a
record is there as it was known on the date, however old it is.
"""

from __future__ import annotations

import pandas as pd

from early_id.features.membership import among
from early_id.features.past import Past

#: Records of domestic abuse: notices of police, and factors of assessments (child, parent or carer, another person of the household).
ABUSE_NOTICES = ("domestic_abuse_notice",)
ABUSE_FACTORS = ("3A", "3B", "3C")
#: A young person of these ages who lives in no household with an adult is approached alone, and never through the parents.
APART_FROM, APART_TO = 16, 17
_ADULTS = ("parent", "other_adult")


def check_first(past: Past, age: pd.Series) -> pd.Index:
    """Children for whom safe contact has to be checked first, by ``child_id``; of ``age``, by child, those of 16 and 17 are looked at."""
    notices, factors = past.frame("notifications"), past.frame("household_factors")
    abuse = [notices.loc[notices["kind"].isin(ABUSE_NOTICES), "child_id"], factors.loc[factors["factor"].isin(ABUSE_FACTORS), "child_id"]]
    return pd.Index(pd.concat(abuse).unique()).union(living_apart(past, age))


def living_apart(past: Past, age: pd.Series) -> pd.Index:
    """Young people of 16 and 17 whose newest household holds no other person who is an adult there.

    A source that sends no adults at all cannot tell, so its households are not looked at.
    """
    if not past.store.has("household_members"):
        return pd.Index([])
    moment = pd.Timestamp(past.as_of)
    rows = past.unlinked("household_members")
    rows = rows[rows["source"].isin(rows.loc[rows["role"].isin(_ADULTS), "source"].unique())]
    ends = pd.to_datetime(rows["to_on"])
    rows = rows[ends.isna() | (ends >= moment)].merge(past.links(), on=["source", "source_person_id"], how="left")
    home = rows["source"].astype(str) + ":" + rows["household_id"].astype(str)
    adult = rows["role"].isin(_ADULTS)
    young = among(rows["child_id"], age.index[age.between(APART_FROM, APART_TO)])
    # The young person may stand as an adult of the own household, as a young parent does.
    accompanied = set(home[adult & ~young])
    newest = rows[young].assign(home=home[young]).sort_values(["child_id", "from_on", "home"]).drop_duplicates("child_id", keep="last")
    return pd.Index(newest.loc[~among(newest["home"], accompanied), "child_id"])
