"""Links that stand: what was joined before is given up for a reason, never because a later file holds less.

A source may send its list without numbers, or with one birth date for everybody. A pair that was joined by what earlier versions of both records held stays
joined, unless something now contradicts it, a rule forbids it, or a person has decided otherwise: an unlinked child looks safe. Kept for that is each pair
that was joined by itself: two records that only a third held together do not outlive it, and a pair that only a decision joined does not outlive that.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.linkage.facts import NUMBERS
from early_id.linkage.identifiers import valid_or_missing
from early_id.linkage.records import IDENTIFIERS, PERSON, plain_name
from early_id.linkage.waiting import OTHER, PAIR

Flags = npt.NDArray[np.bool_]
#: The reason of a pair that was joined before.
STANDS = "before"
#: The reason of one that was joined by likeness and was not compared this time.
UNSEEN = "unseen"
#: A pair of two records that was joined, how surely, and the blocking rule that found it; empty where a number did.
JOINS = (*PAIR, "trust", "rule")


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


def empty_joins() -> pd.DataFrame:
    """No pair was joined."""
    return pd.DataFrame(columns=list(JOINS), dtype=object).astype({"trust": "float64"})


def joins_of(records: pd.DataFrame, pairs: pd.DataFrame, group: npt.NDArray[np.int64]) -> pd.DataFrame:
    """The pairs that what is held of both has joined, by the names of their records, without those that only a decision joins.

    Parameters
    ----------
    records : DataFrame
        ``Records.frame``.
    pairs : DataFrame
        left, right, verdict, reason, trust, rule (its words); as they were before decisions took their place.
    group : array of int
        The person of each record: a pair that was parted all the same was not joined.
    """
    left, right = (pairs[side].to_numpy(dtype=np.int64) for side in ("left", "right"))
    joined = (pairs["verdict"] == "link").to_numpy() & (group[left] == group[right])
    sides = [records[PERSON].astype(str).iloc[at[joined]].reset_index(drop=True) for at in (left, right)]
    named = pd.concat(sides, axis=1).set_axis(list(PAIR), axis=1)
    rule = pairs["rule"].where(pairs["reason"] != "number").fillna("").to_numpy(dtype=object)
    return named.assign(trust=pairs.loc[joined, "trust"].to_numpy(dtype=float), rule=rule[joined])


def pairs_before(frame: pd.DataFrame, joins: pd.DataFrame, less: Flags, used: Collection[str] | None) -> pd.DataFrame:
    """Pairs that were joined at the last linking and may not be found again today: left, right, was (their trust), rule, less.

    That is so where either record holds less, or where the blocking rule that found the pair is left out today, which it may be for one linking or for many.

    Parameters
    ----------
    frame : DataFrame
        ``Records.frame``.
    joins : DataFrame
        :func:`joins_of` of the last linking.
    less : array of bool
        :func:`holds_less`.
    used : collection of str or None
        Blocking rules by which records are compared today; None where names are not to be used, so that nothing is.
    """
    place = pd.Index(pd.MultiIndex.from_frame(frame[PERSON]))
    one, two = (place.get_indexer(pd.MultiIndex.from_frame(joins[list(side)].set_axis(PERSON, axis=1))) for side in (PERSON, OTHER))
    places = {"left": np.minimum(one, two).astype("int64"), "right": np.maximum(one, two).astype("int64")}
    pairs = pd.DataFrame({**places, "was": joins["trust"].to_numpy(dtype=float), "rule": joins["rule"].to_numpy(dtype=object)})
    pairs = pairs[pairs["left"] >= 0]
    pairs = pairs.assign(less=less[pairs["left"]] | less[pairs["right"]])
    unseen = (pairs["rule"] != "") & ~pairs["rule"].isin(list(used)) if used is not None else False
    return pairs[pairs["less"] | unseen].reset_index(drop=True)


def that_stand(pairs: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """The pairs with those of ``before`` joined that nothing speaks against.

    Parameters
    ----------
    pairs : DataFrame
        With facts and verdicts.
    before : DataFrame
        From :func:`pairs_before`.
    """
    if before.empty:
        return pairs
    known = pairs[["left", "right"]].merge(before, on=["left", "right"], how="left").set_axis(pairs.index)
    was, less = known["was"], known["less"].eq(True)
    swapped = pairs["swapped"].astype(bool)
    agrees = ((pairs["forename"] != "different") & (pairs["surname"] != "different")) | swapped
    # A protected address is joined by a number only, also by one that was held earlier.
    by_number = (pairs["verdict"] == "never") & (pairs["reason"] == "protected") & (was >= 1.0)
    allowed = pairs["verdict"].isin(["", "review"]) | by_number
    # What was compared today and holds as much as ever is as the weights of today say.
    asked = was.notna() & (less | pairs["weight"].isna())
    stands = asked & agrees & (pairs["born"] != "different") & ~pairs["other_number"].astype(bool) & allowed
    return pairs.assign(
        verdict=pairs["verdict"].mask(stands, "link"),
        reason=pairs["reason"].mask(stands & less, STANDS).mask(stands & ~less, UNSEEN),
        trust=pairs["trust"].mask(stands, was),
        rule=pairs["rule"].mask(stands, known["rule"]),
    )
