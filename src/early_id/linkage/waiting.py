"""Pairs that wait for a person, over time: since when and until when each did, so that a decision of today puts nobody back into an earlier cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from early_id.linkage.ids import ALWAYS
from early_id.linkage.records import PERSON

if TYPE_CHECKING:
    from early_id.linkage.linked import Linkage

#: Source and number of the second record of a pair; those of the first are ``PERSON``.
OTHER = ("other_source", "other_person_id")
PAIR = (*PERSON, *OTHER)
WAITS = (*PAIR, "known_from", "known_to")


def waits_now(linkage: Linkage) -> pd.DataFrame:
    """The pairs that wait by this linking: two records by the names of their sources, the smaller first."""
    wait, keys = linkage.to_review(), linkage.records[PERSON].astype(str)
    sides = [keys.iloc[wait[side].to_numpy(dtype=int)].itertuples(index=False, name=None) for side in ("left", "right")]
    return pd.DataFrame([(*one, *two) for one, two in (sorted(pair) for pair in zip(*sides, strict=True))], columns=list(PAIR), dtype=object)


def carry_waits(before: pd.DataFrame | None, now: pd.DataFrame, *, found: pd.Timestamp, arrived: pd.Series | None = None) -> pd.DataFrame:
    """Every pair that ever waited, with the days between which that was known.

    Parameters
    ----------
    before : DataFrame or None
        As this gave it at the last linking; None where that kept none, and then today's pairs count as having always waited.
    now : DataFrame
        :func:`waits_now`.
    found : Timestamp
        ``known_from`` of what is found today, and ``known_to`` of what waits no longer.
    arrived : Series, optional
        ``known_from`` of the links of records (source, source_person_id) that are linked for the first time: a pair of such a record waits from then on.
    """
    fresh = now.assign(known_from=ALWAYS if before is None else found, known_to=pd.NaT)
    if before is not None and arrived is not None:
        new = [arrived.reindex(pd.MultiIndex.from_frame(now[list(side)])).set_axis(now.index) for side in (PERSON, OTHER)]
        fresh["known_from"] = pd.concat(new, axis=1).max(axis=1).fillna(found)
    if before is not None and len(before):
        still = pd.MultiIndex.from_frame(before[list(PAIR)]).isin(pd.MultiIndex.from_frame(now))
        is_open = before["known_to"].isna().to_numpy()
        held = before.assign(known_to=before["known_to"].mask(is_open & ~still, found))
        waited = pd.MultiIndex.from_frame(before.loc[is_open, list(PAIR)])
        fresh = fresh[~pd.MultiIndex.from_frame(now).isin(waited)]
        fresh = pd.concat([held, fresh], ignore_index=True) if len(fresh) else held
    return fresh.astype(dict.fromkeys(("known_from", "known_to"), "datetime64[ns]"))[list(WAITS)].reset_index(drop=True)
