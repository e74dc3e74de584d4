"""People: which records of which sources are one child, and who is family to whom, when.

First version: records are one child where they agree on a valid UPN or NHS number and do not contradict each other; families are the
given household rows. Better linkage changes the rows of ``People``, never its shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from early_id.core.display import frame_html
from early_id.core.errors import InputDataError
from early_id.core.findings import Finding, Findings
from early_id.core.privacy import keyed_hash
from early_id.core.types import Severity
from early_id.linkage.families import family_spells
from early_id.linkage.identifiers import nhs_number_is_valid, upn_is_valid, valid_or_missing

#: Links of the first version hold for all time: they rest on identifiers, not on dates.
ALWAYS = pd.Timestamp("1900-01-01")


@dataclass(frozen=True)
class People:
    """Children and families behind the records.

    Parameters
    ----------
    person_links : DataFrame
        source, source_person_id, child_id, known_from, known_to, trust (0 to 1).
    family_spells : DataFrame
        child_id, family_id, from_on, to_on, known_from, known_to, evidence, and the safe-contact marks of the household.
    findings : Findings
        What linking could not settle.
    """

    person_links: pd.DataFrame
    family_spells: pd.DataFrame
    findings: Findings = field(default_factory=Findings)
    key: str = ""

    def families_on(self, day: date | pd.Timestamp) -> pd.DataFrame:
        """Who was family on a date, as known then: child_id, family_id, safe_contact, protected_address, no_joint_contact.

        A child in no household row is a family of one. A child in several households counts with the one begun last.
        """
        moment = pd.Timestamp(day)
        spells = self.family_spells
        open_then = spells[
            (spells["from_on"] < moment)
            & (spells["known_from"] < moment)
            & (spells["known_to"].isna() | (spells["known_to"] >= moment))
            & (spells["to_on"].isna() | (spells["to_on"] >= moment))
        ]
        latest = open_then.sort_values(["child_id", "from_on", "family_id"]).drop_duplicates("child_id", keep="last")
        columns = ["child_id", "family_id", "safe_contact", "protected_address", "no_joint_contact"]
        return latest[columns].reset_index(drop=True)

    def own_family(self, child_id: pd.Series) -> pd.Series:
        """The family id of a child who is in no household row."""
        return child_id.map(lambda value: "F" + keyed_hash(f"alone:{value}", self.key))

    def __len__(self) -> int:
        return int(self.person_links["child_id"].nunique())

    def __repr__(self) -> str:
        families = self.family_spells["family_id"].nunique()
        return f"People({len(self):,} people from {len(self.person_links):,} records, {families:,} households)"

    def _repr_html_(self) -> str:
        counts = self.person_links.groupby("source")["child_id"].agg(records="size", people="nunique").reset_index()
        return frame_html(counts, title="People", note=repr(self))


def link_people(pupils: pd.DataFrame, households: pd.DataFrame | None, *, key: str) -> People:
    """Link records into people, and people into families.

    Parameters
    ----------
    pupils : DataFrame
        Stored rows of the table ``pupils`` of all sources.
    households : DataFrame or None
        Stored rows of ``household_members``.
    key : str
        Secret under which child and family ids are made.

    Raises
    ------
    InputDataError
        There are no people at all.
    """
    if pupils.empty:
        raise InputDataError("There are no people to link.", where="table pupils", what_next="Ingest a people file of at least one source.")
    records = pupils.sort_values(["source", "source_person_id", "known_from"]).drop_duplicates(["source", "source_person_id"], keep="last")
    records = records.reset_index(drop=True)
    records["upn"] = valid_or_missing(records["upn"], upn_is_valid)
    records["nhs_number"] = valid_or_missing(records["nhs_number"], nhs_number_is_valid)
    findings: list[Finding] = []
    for name in ("upn", "nhs_number"):
        twice = records[name].notna() & records.duplicated(["source", name], keep=False)
        if twice.any():
            findings.append(_finding("LNK001", int(twice.sum()), name))
            records.loc[twice, name] = None
    group, contradicted = _components(records)
    group, more = _without_contradictions(records, group)
    contradicted += more
    if contradicted:
        findings.append(_finding("LNK002", contradicted, "person links"))
    records["child_id"] = _child_ids(records, group, key)
    links = records[["source", "source_person_id", "child_id"]].copy()
    links["known_from"], links["known_to"], links["trust"] = _known_from(pupils, records, group), pd.NaT, 1.0
    return People(links, family_spells(households, links, key), Findings(tuple(findings)), key)


def _known_from(pupils: pd.DataFrame, records: pd.DataFrame, group: np.ndarray) -> pd.Series:
    """Since when each record could be joined to its child: since it first carried a number that it is joined by.

    The first record of a child needs no joining, and so is linked always. A number that was added in June does not link the records of May.
    """
    person = ["source", "source_person_id"]
    versions = pupils[[*person, "upn", "nhs_number", "known_from"]].merge(records[[*person, "upn", "nhs_number"]], on=person, suffixes=("", "_now"))
    same = pd.Series(False, index=versions.index)
    for name, check in (("upn", upn_is_valid), ("nhs_number", nhs_number_is_valid)):
        same |= valid_or_missing(versions[name], check).eq(versions[f"{name}_now"]) & versions[f"{name}_now"].notna()
    first = versions[same].groupby(person)["known_from"].min()
    since = records[person].merge(first.rename("since"), left_on=person, right_index=True, how="left")["since"]
    since = pd.to_datetime(since).fillna(ALWAYS)
    earliest = since.groupby(group).transform("min")
    return since.where(since > earliest, ALWAYS)


def _components(records: pd.DataFrame) -> tuple[np.ndarray, int]:
    """Group records that agree on an identifier; pairs whose other facts contradict are not joined."""
    left, right, contradicted = [], [], 0
    numbered = records[["upn", "nhs_number", "birth_date"]].assign(at=range(len(records)))
    for name, other in (("upn", "nhs_number"), ("nhs_number", "upn")):
        held = numbered[numbered[name].notna()]
        pairs = held.merge(held.drop_duplicates(name), on=name, suffixes=("", "_first"))
        pairs = pairs[pairs["at"] != pairs["at_first"]]
        against = pd.Series(False, index=pairs.index)
        for fact in ("birth_date", other):
            both = pairs[fact].notna() & pairs[f"{fact}_first"].notna()
            against |= both & (pairs[fact] != pairs[f"{fact}_first"])
        contradicted += int(against.sum())
        left += pairs.loc[~against, "at_first"].tolist()
        right += pairs.loc[~against, "at"].tolist()
    n = len(records)
    graph = coo_matrix((np.ones(len(left)), (left, right)), shape=(n, n))
    return connected_components(graph, directed=False)[1], contradicted


def _without_contradictions(records: pd.DataFrame, group: np.ndarray) -> tuple[np.ndarray, int]:
    """Take apart the groups that hold a contradiction only through a third record; returns how many records that touches.

    Each record of such a group stays with those alone whose identifiers and birth date are the same as its own; two records of one source,
    which may be two people, do not stay together at all.
    """
    sources = records["source"]
    bad = records.groupby(group)[["upn", "nhs_number", "birth_date"]].nunique().gt(1).any(axis=1)
    bad |= sources.groupby([group, sources]).size().groupby(level=0).max().gt(1)
    apart = pd.Series(group).map(bad).to_numpy(dtype=bool)
    if not apart.any():
        return group, 0
    alike = records.fillna({"upn": "", "nhs_number": ""}).assign(group=group, person="")
    twice = sources.groupby([group, sources]).transform("size") > 1
    alike.loc[twice, "person"] = sources[twice].astype(str) + ":" + records.loc[twice, "source_person_id"].astype(str)
    split = alike.groupby(["group", "upn", "nhs_number", "birth_date", "person"], dropna=False).ngroup().to_numpy()
    return np.where(apart, split + len(records), group), int(apart.sum())


def _child_ids(records: pd.DataFrame, group: np.ndarray, key: str) -> pd.Series:
    """A stable id for each group: a keyed hash of its UPN, else of its NHS number, else of the first source's own id."""
    own = records["source"].astype(str) + ":" + records["source_person_id"].astype(str)
    anchors = pd.DataFrame({"group": group, "upn": records["upn"], "nhs": records["nhs_number"], "own": own})
    first = anchors.groupby("group").agg(
        upn=("upn", lambda s: min(s.dropna(), default=None)), nhs=("nhs", lambda s: min(s.dropna(), default=None)), own=("own", "min")
    )
    anchor = np.where(
        first["upn"].notna(), "upn:" + first["upn"].astype(str), np.where(first["nhs"].notna(), "nhs:" + first["nhs"].astype(str), first["own"])
    )
    # Groups that share an identifier and were kept apart must not meet again in their id.
    anchor = pd.Series(anchor, index=first.index).astype(str)
    anchor = anchor.where(~anchor.duplicated(keep=False), anchor + "|" + first["own"])
    ids = anchor.map(lambda value: f"C{keyed_hash(value, key)}")
    return pd.Series(group, index=records.index).map(ids)


_MESSAGES = {
    "LNK001": (
        "An identifier stands on two people of one source and was not used.",
        "Ask the source which is right; they are never merged automatically.",
    ),
    "LNK002": (
        "Records agree on one identifier but contradict each other on another fact, and were not joined.",
        "Check birth dates and numbers at the sources.",
    ),
}


def _finding(code: str, count: int, where: str) -> Finding:
    message, advice = _MESSAGES[code]
    return Finding(code, Severity.QUERY, message, advice, count, where=where)
