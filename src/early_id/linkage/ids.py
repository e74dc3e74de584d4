"""Names for people: a child's id, and since when each record could be known to be that child's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.core.privacy import keyed_hash
from early_id.linkage.facts import NUMBERS
from early_id.linkage.identifiers import valid_or_missing
from early_id.linkage.records import IDENTIFIERS, PERSON

#: A record that needs no joining is linked for all time.
ALWAYS = pd.Timestamp("1900-01-01")
_LIKENESS = ("forename", "surname", "birth_date")


def child_ids(records: pd.DataFrame, group: npt.NDArray[np.int64], key: str) -> pd.Series:
    """A stable id for each group: a keyed hash of its UPN, else of its NHS number, else of the first source's own id."""
    own = records["source"].astype(str) + ":" + records["source_person_id"].astype(str)
    upn = records["upn"].fillna(records["temporary_upn"])
    anchors = pd.DataFrame({"group": group, "upn": upn, "nhs": records["nhs_number"], "own": own})
    first = anchors.groupby("group").agg(upn=("upn", _least), nhs=("nhs", _least), own=("own", "min"))
    anchor = np.where(
        first["upn"].notna(), "upn:" + first["upn"].astype(str), np.where(first["nhs"].notna(), "nhs:" + first["nhs"].astype(str), first["own"])
    )
    # Groups that share an identifier and were kept apart must not meet again in their id.
    named = pd.Series(anchor, index=first.index).astype(str)
    named = named.where(~named.duplicated(keep=False), named + "|" + first["own"])
    ids = named.map(lambda value: f"C{keyed_hash(value, key)}")
    return pd.Series(group, index=records.index).map(ids)


def _least(values: pd.Series) -> str | None:
    return min(values.dropna(), default=None)


def linked_since(pupils: pd.DataFrame, records: pd.DataFrame, group: npt.NDArray[np.int64]) -> pd.Series:
    """Since when each record could be joined to its child: since it first carried a number, or the names and birth date, that it is joined by.

    The first record of a child needs no joining, and so is linked always. A number that was added in June does not link the records of May. This is how a
    first linking dates its links; a later one dates those that are new by its own day (``history.py``).
    """
    shared = [name for name in (*NUMBERS, *_LIKENESS) if name in pupils]
    versions = pupils[[*PERSON, *shared, "known_from"]].astype(dict.fromkeys(PERSON, str))
    versions = versions.merge(records[PERSON].assign(at=np.arange(len(records)), group=group), on=PERSON)
    number = pd.Series(False, index=versions.index)
    for name in NUMBERS:
        if name not in shared:
            continue
        now = records[name].fillna(records["temporary_upn"]) if name == "upn" else records[name]
        value = valid_or_missing(versions[name], IDENTIFIERS[name])
        # A number joins only where another record of the child carries it.
        carried = now.groupby([pd.Series(group, index=now.index), now]).transform("size").gt(1)
        joins = now.where(carried, None).to_numpy()[versions["at"].to_numpy()]
        number |= pd.Series(value.to_numpy() == joins, index=versions.index) & value.notna()
    by_number = versions[number].groupby("at")["known_from"].min()
    likeness = pd.Series(True, index=versions.index)
    newest = versions.sort_values("known_from").drop_duplicates("at", keep="last").set_index("at")
    for name in (part for part in _LIKENESS if part in shared):
        now_then = versions["at"].map(newest[name])
        likeness &= (versions[name] == now_then).fillna(False) | (versions[name].isna() & now_then.isna())
    by_likeness = versions[likeness].groupby("at")["known_from"].min()
    since = pd.to_datetime(by_number.reindex(range(len(records))).fillna(by_likeness.reindex(range(len(records)))))
    since = pd.Series(since.to_numpy(), index=records.index).fillna(ALWAYS)
    earliest = since.groupby(group).transform("min")
    return since.where(since > earliest, ALWAYS)
