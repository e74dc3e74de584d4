"""For whom linking fails: how often records are joined, and how often a join is missed, by group, with a finding where groups differ beyond chance.

An unlinked child looks safe and a wrongly linked one is harmed, so a rate over everybody is not enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from early_id.core.findings import Finding, Findings
from early_id.linkage.messages import finding
from early_id.linkage.people import People
from early_id.linkage.records import PERSON, filled_in_dates
from early_id.stats.cells import cells, sides
from early_id.stats.multiple import holm, two_sided_p

CHARACTERISTICS = ("ethnicity", "sex", "age", "school", "source")
NOT_KNOWN = "not known"
#: Groups of fewer people are counted and not judged.
LEAST = 30
#: Chance of any finding, over all groups of all characteristics, where nothing differs (Holm).
ALPHA = 0.05
_AGES = ((5, "under 5"), (11, "5 to 10"), (16, "11 to 15"), (18, "16 and 17"), (200, "18 and over"))


@dataclass(frozen=True)
class LinkageByGroup:
    """Rates by group, and findings where they differ.

    Parameters
    ----------
    rows : DataFrame
        measure (``joined``: share of records joined to one of another source; ``missed``: share of true pairs that were not joined), characteristic, group,
        n, hits, share, low, high, rest (share of everyone else), p_adjusted (missing where not judged), differs.
    findings : Findings
    """

    rows: pd.DataFrame
    findings: Findings

    def frame(self) -> pd.DataFrame:
        """The rows."""
        return self.rows


def linkage_by_group(
    people: People, pupils: pd.DataFrame, *, on: date, enrolments: pd.DataFrame | None = None, truth: pd.Series | None = None
) -> LinkageByGroup:
    """How often the records of each group were joined, and how often a join was missed.

    Parameters
    ----------
    people : People
    pupils : DataFrame
        Stored rows of ``pupils``: who is in which group is what any source says, the newest first.
    on : date
        The day for ages.
    enrolments : DataFrame, optional
        Stored rows of ``enrolments``, for schools.
    truth : Series, optional
        Who each record really is, by (source, source_person_id); from a made-up council, or from a labelled sample. Without it nothing can be missed.
    """
    records = _records(people, pupils, on, enrolments)
    sources = records.groupby("child_id")["source"].transform("nunique")
    # Parents stand in few lists and have nobody to be joined to.
    young = records["age"] != _AGES[-1][1]
    parts = [_rates(records.assign(hit=sources.gt(1).astype(float))[young], "joined", "child_id")]
    if truth is not None:
        parts.append(_rates(_true_pairs(records, truth), "missed", "person"))
    rows = pd.concat(parts, ignore_index=True)
    found: list[Finding] = []
    for (measure, characteristic), own in rows[rows["differs"]].groupby(["measure", "characteristic"], sort=False):
        found.append(finding("LNK013", len(own), f"{measure} by {characteristic}"))
    return LinkageByGroup(rows, Findings(tuple(found)))


def _records(people: People, pupils: pd.DataFrame, on: date, enrolments: pd.DataFrame | None) -> pd.DataFrame:
    """One row a record, with the groups of its child."""
    records = people.current()[[*PERSON, "child_id"]].copy()
    rows = pupils.sort_values("known_from").astype(dict.fromkeys(PERSON, str)).merge(records, on=PERSON)
    if "birth_date" in rows:  # a date that a system fills in, which linking took for none, gives no age
        newest = rows.drop_duplicates(PERSON, keep="last")
        false = newest.loc[filled_in_dates(newest), ["source", "birth_date"]].drop_duplicates()
        rows["birth_date"] = rows["birth_date"].where(~pd.MultiIndex.from_frame(rows[["source", "birth_date"]]).isin(pd.MultiIndex.from_frame(false)))
    for name in ("ethnicity", "sex", "birth_date"):
        held = (
            rows.dropna(subset=[name]).drop_duplicates("child_id", keep="last").set_index("child_id")[name]
            if name in rows
            else pd.Series(dtype=object)
        )
        records[name] = records["child_id"].map(held.astype(object))
    years = (pd.Timestamp(on) - pd.to_datetime(records.pop("birth_date"))).dt.days / 365.25
    records["age"] = [next((label for top, label in _AGES if age < top), NOT_KNOWN) for age in years]
    records["school"] = None
    if enrolments is not None and len(enrolments):
        there = enrolments.sort_values("start_on").astype(dict.fromkeys(PERSON, str)).merge(records[[*PERSON, "child_id"]], on=PERSON)
        records["school"] = records["child_id"].map(there.drop_duplicates("child_id", keep="last").set_index("child_id")["school_id"])
    groups = [name for name in CHARACTERISTICS if name != "source"]
    return records.assign(**{name: records[name].astype(object).where(records[name].notna(), NOT_KNOWN).astype(str) for name in groups})


def _true_pairs(records: pd.DataFrame, truth: pd.Series) -> pd.DataFrame:
    """One row a true pair, in the groups of its first record; ``hit`` where it was missed. A pair's sources stand together as its source."""
    known = records.assign(person=truth.reindex(pd.MultiIndex.from_frame(records[PERSON])).to_numpy()).dropna(subset=["person"])
    # The school's record knows most about the child, so it stands first.
    known = known.assign(known=(known[["ethnicity", "sex", "school"]] != NOT_KNOWN).sum(axis=1)).sort_values("known", ascending=False, kind="stable")
    known = known.assign(at=np.arange(len(known)))
    second = known[["person", "child_id", "source", "at"]]
    pairs = known.merge(second, on="person", suffixes=("", "_other"))
    pairs = pairs[pairs["at"] < pairs["at_other"]]
    both = pairs["source"].where(pairs["source"] < pairs["source_other"], pairs["source_other"])
    other = pairs["source_other"].where(pairs["source"] < pairs["source_other"], pairs["source"])
    return pairs.assign(hit=(pairs["child_id"] != pairs["child_id_other"]).astype(float), source=both + " and " + other)


def _rates(rows: pd.DataFrame, measure: str, cluster: str, characteristics: Sequence[str] = CHARACTERISTICS) -> pd.DataFrame:
    """Share of ``hit`` in every group, beside that of everyone else, clustered by person."""
    if rows.empty:
        return pd.DataFrame(columns=["measure", "characteristic", "group", "n", "hits", "share", "low", "high", "rest", "p_adjusted", "differs"])
    parts = []
    for name in characteristics:
        known = rows[rows[name] != NOT_KNOWN]
        parts += _judged(known, name, measure, cluster)
        unknown = rows[rows[name] == NOT_KNOWN]
        # Those of whom nobody knows the group are often in one list only, so they are shown and compared with nobody.
        parts += [{**row, "rest": np.nan, "p": np.nan} for row in _judged(unknown, name, measure, cluster)]
    table = pd.DataFrame(parts)
    table["p_adjusted"] = holm(table.pop("p").to_numpy())
    return table.assign(differs=(table["p_adjusted"] < ALPHA).fillna(False))


def _judged(rows: pd.DataFrame, name: str, measure: str, cluster: str) -> list[dict[str, object]]:
    """Every group of one characteristic beside the others of it."""
    if rows.empty:
        return []
    people = pd.factorize(rows[cluster])[0].astype(np.int64)
    codes, labels = pd.factorize(rows[name], sort=True)
    who = cells(codes.astype(np.int64), people, len(labels), int(people.max()) + 1)
    two = sides(who, rows["hit"].to_numpy(dtype=np.float64), np.ones(len(rows)))
    low, high = two.group.interval()
    z = np.where(two.group.families >= LEAST, two.z, np.nan)
    table = pd.DataFrame(
        {"measure": measure, "characteristic": name, "group": labels.astype(str), "n": two.group.n.astype(int), "hits": two.group.successes.astype(int),
         "share": two.group.value, "low": low, "high": high, "rest": two.rest.value, "p": two_sided_p(z)}
    )  # fmt: skip
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
