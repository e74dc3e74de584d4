"""Links that stand: what was joined before is given up for a reason, never because a later file holds less.

A source may send its list without numbers, or with one birth date for everybody. Whoever was joined by what an earlier version of the record held stays
joined, unless something now contradicts it, a rule forbids it, or a person has decided otherwise: an unlinked child looks safe.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.linkage.facts import NUMBERS
from early_id.linkage.identifiers import valid_or_missing
from early_id.linkage.records import IDENTIFIERS, PERSON, plain_name

Flags = npt.NDArray[np.bool_]
#: The reason of a pair that was joined before.
STANDS = "before"


def holds_less(pupils: pd.DataFrame, frame: pd.DataFrame) -> Flags:
    """Which comparable records lack a number, a name or a birth date that some stored version of them held."""
    place = pd.Series(np.arange(len(frame)), index=pd.MultiIndex.from_frame(frame[PERSON]))
    less = np.zeros(len(frame), dtype=bool)
    for name in (*NUMBERS, "forename", "surname", "birth_date"):
        gone = frame[name].isna()
        if name == "upn":
            gone &= frame["temporary_upn"].isna()
        if name not in pupils or not gone.any():
            continue
        rows = pupils.loc[pupils[name].notna(), [*PERSON, name]].astype(dict.fromkeys(PERSON, str))
        at = place.reindex(pd.MultiIndex.from_frame(rows[PERSON])).to_numpy(dtype=int)
        asked = gone.to_numpy()[at]
        held, at = rows.loc[asked, name], at[asked]
        if name in IDENTIFIERS:
            held = valid_or_missing(held, IDENTIFIERS[name])
        elif name != "birth_date":
            held = held.map({value: plain_name(value) for value in held.unique()})
        less[at[held.notna().to_numpy()]] = True
    return less


def pairs_before(frame: pd.DataFrame, links: pd.DataFrame, among: Flags) -> pd.DataFrame:
    """left, right, trust of records that were one child by the last linking, where either is ``among`` those asked about.

    Parameters
    ----------
    frame : DataFrame
        ``Records.frame``.
    links : DataFrame
        Links of the last linking.
    """
    was = links.loc[links["known_to"].isna(), [*PERSON, "child_id", "trust"]]
    rows = frame[PERSON].assign(at=np.arange(len(frame)), among=among).merge(was, on=PERSON)
    rows = rows[rows.groupby("child_id")["among"].transform("any").to_numpy(dtype=bool)]
    both = rows.merge(rows, on="child_id", suffixes=("", "_other"))
    both = both[(both["at"] < both["at_other"]) & (both["among"] | both["among_other"])]
    return pd.DataFrame({"left": both["at"], "right": both["at_other"], "was": both[["trust", "trust_other"]].min(axis=1)}).reset_index(drop=True)


def that_stand(pairs: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """The pairs with those of ``before`` joined that nothing speaks against.

    Parameters
    ----------
    pairs : DataFrame
        With facts and verdicts.
    before : DataFrame
        From :func:`pairs_before`, without those that a person has opened again.
    """
    if before.empty:
        return pairs
    was = pairs[["left", "right"]].merge(before, on=["left", "right"], how="left")["was"].set_axis(pairs.index)
    swapped = pairs["swapped"].astype(bool)
    agrees = ((pairs["forename"] != "different") & (pairs["surname"] != "different")) | swapped
    allowed = pairs["verdict"].isin(["", "review"]) | ((pairs["verdict"] == "never") & (pairs["reason"] == "protected"))
    stands = was.notna() & agrees & (pairs["born"] != "different") & ~pairs["other_number"].astype(bool) & allowed
    return pairs.assign(
        verdict=pairs["verdict"].mask(stands, "link"), reason=pairs["reason"].mask(stands, STANDS), trust=pairs["trust"].mask(stands, was)
    )
