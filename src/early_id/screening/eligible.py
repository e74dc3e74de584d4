"""Rows that may be listed for an audience, and the reasons why others may not.

The cohort has already taken out those open to statutory services and the like (``matrix.excluded``). What is left to do here
is particular to lists: a row taken out for this audience only, safe contact, and children no recipient is there for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from early_id.core.findings import Findings
from early_id.core.privacy import keyed_hash
from early_id.core.types import Audience
from early_id.features.cohort import REASONS
from early_id.screening import findings
from early_id.screening.history import Earlier
from early_id.screening.people import RECIPIENT_COLUMNS, children_to_check, display_name

if TYPE_CHECKING:
    from early_id.features.matrix import FeatureMatrix

TAKEN_OUT_COLUMNS = ("audience", "child_id", "family_id", "name", "school", "reason", "until")
HUB_ONLY = "contact only through the hub: check safe contact first"
NO_SCHOOL = "no school held for this date"
NO_HUB = "no family hub held for the child's school"
NO_PERSON = "no person record held for this date"
RESTS = "was on a list not long ago: not asked again yet, whatever the answer was"
CARRIED = "still stands on the list of another recipient, which has not answered yet"
LED_BY_SCHOOL = "on a school's list of this date: that school speaks to the family"
LED_BY_OTHER_SCHOOL = "on the list of another school, that of the youngest child: that school speaks to the family"


@dataclass(frozen=True, repr=False)
class Eligible:
    """Rows that may be listed (with their ``recipient``), who was taken out, families to check before contact.

    ``check`` holds children. ``worker`` holds the families in which another child is open to statutory services: no school lists them, and a
    hub speaks to the allocated worker first; ``in_help`` those in which another child has early help or waits for an answer.
    """

    rows: pd.DataFrame
    taken_out: pd.DataFrame
    check: frozenset[str]
    worker: frozenset[str]
    in_help: frozenset[str]
    findings: Findings
    people: pd.DataFrame
    audience: Audience

    def without(self, rows: pd.Series, reason: str) -> Eligible:
        """The same without the rows for which ``rows`` holds, which are taken out for ``reason``."""
        if not rows.any():
            return self
        gone = as_taken_out(self.rows[rows], self.people, self.audience, reason)
        return replace(self, rows=self.rows[~rows], taken_out=pd.concat([self.taken_out, gone], ignore_index=True))


def eligible_rows(
    matrix: FeatureMatrix, people: pd.DataFrame, audience: Audience, scores: pd.Series, *, tie_key: str, earlier: Earlier | None = None
) -> Eligible:
    """Split the matrix of one date into rows that may be listed and rows that may not.

    Parameters
    ----------
    matrix : FeatureMatrix
        One as-of date; ``excluded`` rows meant for other audiences only are left alone.
    people : DataFrame
        As :func:`early_id.screening.people.tidy_people` gives it.
    audience : Audience
        School lead or hub lead.
    scores : Series
        Used only to say which hub sees a family whose schools lie in two.
    earlier : Earlier, optional
        What earlier lists ask: who rests, and who stays on whose list.
    """
    rows = matrix.index.assign(child_id=matrix.index["child_id"].astype(str), family_id=matrix.index["family_id"].astype(str))
    excluded = _excluded_for(matrix.excluded, audience)
    check = children_to_check(people) | _unsafe(rows)
    id_column, _ = RECIPIENT_COLUMNS[audience]
    rows["recipient"] = rows[id_column].astype("object").where(rows[id_column].notna(), "").astype(str)
    rows["reason"] = ""
    _mark(rows, ~rows["child_id"].isin(people.index), NO_PERSON)
    _mark(rows, rows["recipient"] == "", NO_SCHOOL if audience is Audience.SCHOOL_LEAD else NO_HUB)
    already = dict(zip(excluded["child_id"], excluded["reason"], strict=True))
    _mark(rows, rows["child_id"].isin(already), rows["child_id"].map(already))
    if audience is Audience.SCHOOL_LEAD:
        _mark(rows, rows["child_id"].isin(check), HUB_ONLY)
    out = rows[rows["reason"] != ""]
    kept = rows[rows["reason"] == ""].drop(columns="reason")
    findings = _findings(out, audience)
    if audience is Audience.HUB_LEAD:
        kept, two = _one_hub_a_family(kept, scores, tie_key)
        findings = findings + two
    taken = pd.concat([excluded, out[["child_id", "family_id", "school_id", "reason"]]], ignore_index=True)
    taken = taken.drop_duplicates(["child_id"], keep="first")
    worker, in_help = (_at_home(matrix.excluded, audience, reason) for reason in ("household_open", "household_in_help"))
    found = Eligible(kept, _with_names(taken, people, audience), check, worker, in_help, findings, people, audience)
    rests, until, elsewhere = _asked_lately(kept, people, audience, earlier or Earlier())
    found = replace(found, rows=kept.assign(until=until)).without(rests, RESTS)
    return found.without(elsewhere[found.rows.index], CARRIED)


def _unsafe(rows: pd.DataFrame) -> frozenset[str]:
    """Children whom the cohort marks: contact is known not to be safe for somebody at home, or a young person lives apart."""
    if "contact_is_safe" not in rows:
        return frozenset()
    return frozenset(rows.loc[~rows["contact_is_safe"].astype(bool), "child_id"])


def _asked_lately(rows: pd.DataFrame, people: pd.DataFrame, audience: Audience, earlier: Earlier) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Which rows rest because anyone of the family or the household was listed lately, until when; and which still stand on another list."""
    household = rows["child_id"].map(people["family_id"])
    everyone = pd.Series(people.index, index=people.index)

    def of_the_family(values: pd.Series) -> pd.Series:
        """The latest value of anyone of the household, or of the row's family."""
        at_home = household.map(values.groupby(people["family_id"]).max())
        as_listed = rows["child_id"].map(values).groupby(rows["family_id"]).transform("max")
        return pd.concat([at_home, as_listed], axis=1).max(axis=1)

    until = of_the_family(pd.to_datetime(everyone.map({child: pd.Timestamp(day) for child, day in earlier.rests.items()})))
    stays = everyone.map({child: f"{place[0]}|{place[1]}" for child, (place, _) in earlier.carried.items()})
    here = rows["recipient"].map(lambda name: f"{audience}|{name}")
    mine = of_the_family(stays.notna().astype(int)).astype(bool)
    own = rows["child_id"].map(stays) == here
    own = own.groupby(rows["family_id"]).transform("any")
    return until.notna() & ~own, until, mine & ~own


def _mark(rows: pd.DataFrame, mask: pd.Series, reason: str | pd.Series) -> None:
    """Write the first reason that holds: a row is taken out once."""
    free = mask & (rows["reason"] == "")
    rows.loc[free, "reason"] = reason if isinstance(reason, str) else reason[free]


def _excluded_for(excluded: pd.DataFrame, audience: Audience) -> pd.DataFrame:
    """The cohort's own exclusions that hold for ``audience``; without a column ``audiences`` they hold for all."""
    columns = ["child_id", "family_id", "school_id", "reason", *(["until"] if "until" in excluded else [])]
    if excluded.empty:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    holds = pd.Series(True, index=excluded.index)
    if "audiences" in excluded:
        holds = excluded["audiences"].map(lambda named: _holds_for(named, audience))
    return excluded.loc[holds.astype(bool), columns].assign(child_id=lambda frame: frame["child_id"].astype(str))


def _at_home(excluded: pd.DataFrame, audience: Audience, reason: str) -> frozenset[str]:
    """Families taken out for other audiences because of another child of the household (the reason as a code or in words)."""
    if excluded.empty or audience is Audience.SCHOOL_LEAD:
        return frozenset()
    named = excluded["reason"].isin([reason, REASONS[reason]])
    return frozenset(excluded.loc[named, "family_id"].astype(str))


def _holds_for(named: object, audience: Audience) -> bool:
    if isinstance(named, str):
        return named in ("", "all") or str(audience) in named.replace(";", ",").replace(" ", "").split(",")
    if isinstance(named, Iterable):
        return str(audience) in {str(item) for item in named}
    return True  # nothing said: holds for everyone


def _one_hub_a_family(rows: pd.DataFrame, scores: pd.Series, tie_key: str) -> tuple[pd.DataFrame, Findings]:
    """A family whose schools lie in two hubs goes to the hub of its highest-scoring child, whole."""
    if rows.empty:
        return rows, Findings()
    hubs = rows.groupby("family_id")["recipient"].nunique()
    two = set(hubs[hubs > 1].index)
    if not two:
        return rows, Findings()
    torn = rows.loc[rows["family_id"].isin(two), ["family_id", "recipient"]]
    torn = torn.assign(score=scores[torn.index], tie=[keyed_hash(str(key), tie_key) for key in torn.index])
    lead = torn.sort_values(["score", "tie"], ascending=[False, True]).drop_duplicates("family_id").set_index("family_id")["recipient"]
    rows = rows.assign(recipient=rows["family_id"].map(lead).fillna(rows["recipient"]))
    return rows, Findings((findings.TWO_HUBS.found(len(two), "hubs"),))


_KINDS = {NO_PERSON: findings.NO_PERSON, NO_HUB: findings.NO_HUB, NO_SCHOOL: findings.NO_SCHOOL}


def _findings(out: pd.DataFrame, audience: Audience) -> Findings:
    counts = out["reason"].value_counts()
    return Findings(tuple(kind.found(int(counts[reason]), f"list for {audience}") for reason, kind in _KINDS.items() if reason in counts))


def as_taken_out(rows: pd.DataFrame, people: pd.DataFrame, audience: Audience, reason: str = LED_BY_OTHER_SCHOOL) -> pd.DataFrame:
    """Rows that could have been listed, as the restricted file shows them."""
    return _with_names(rows.assign(reason=reason), people, audience)


def _with_names(taken: pd.DataFrame, people: pd.DataFrame, audience: Audience) -> pd.DataFrame:
    known = taken["child_id"].isin(people.index)
    names = [display_name(people.loc[child], child) if held else child for child, held in zip(taken["child_id"], known, strict=True)]
    schools = [people.at[child, "school_name"] if held else "" for child, held in zip(taken["child_id"], known, strict=True)]
    until = pd.to_datetime(taken["until"]) if "until" in taken else pd.Series(pd.NaT, index=taken.index)
    until = until.dt.strftime("%Y-%m-%d").where(until.notna(), "")
    table = taken.assign(audience=str(audience), name=names, school=schools, until=until)
    return table[list(TAKEN_OUT_COLUMNS)].sort_values(["name", "child_id"], ignore_index=True).astype("object")
