"""Referrals and what came of them: the rows of the statutory table put together as episodes of need, assessments and factors.

The council's extract has one row a status (referral, enquiry, plan, care). Every national shape hangs them on a referral: an
episode opens with the referral and closes when the last status that followed it has ended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.shapes.dates import UNREADABLE, Dates, Ints, Texts
from early_id.data.synth.shapes.extra import Extra
from early_id.data.synth.shapes.records import FACTORS, STATUTORY, Records
from early_id.data.synth.timeline import NEVER

Flags = npt.NDArray[np.bool_]

#: Statuses that keep an episode of need open; a care leaver under 18 is a child in need.
STATUSES = ("REFERRAL", "CIN", "S47", "CPP", "COURT", "CLA", "CARE_LEAVER")
#: Code of the source of a contact or referral → words.
SOURCE_LABELS = {
    "1A": "Individual: family member, relative or carer",
    "2A": "Schools",
    "3A": "Health services: GP",
    "4": "Housing",
    "5A": "LA services: social care and early help",
    "6": "Police",
    "8": "Other",
    "10": "Unknown",
}
#: Days from the start of an assessment to its signature, where only the signature is known.
USUAL_LENGTH = 35
#: Days within which a referral is closed at once, if it is; one that is open longer is being assessed.
NO_ACTION_WITHIN = 10


@dataclass(frozen=True)
class Cases:
    """Episodes of need and their parts; ``case`` columns number the rows of ``table``.

    Attributes
    ----------
    table : DataFrame
        One row an episode: ``row`` (label in the statutory table, of the referral or else of the first status), ``id``,
        ``person``, ``opened``, ``closed`` (days), ``source``, ``nfa`` (Y, N, or empty while that is open), ``assessed``, ``need``, ``reason``.
    opened, closed : Dates
        The same days as they are written in the council's table.
    steps : DataFrame
        One row a status after the referral: ``case``, ``row``, ``at`` (place in the statutory table as on the day), ``status``.
    assessments : DataFrame
        One row an assessment: ``id``, ``case`` (-1 where no referral is known), ``person``, ``started``, ``authorised`` (days),
        ``factors`` (tuple of codes).
    """

    table: pd.DataFrame
    opened: Dates
    closed: Dates
    steps: pd.DataFrame
    assessments: pd.DataFrame


def make_cases(records: Records, extra: Extra) -> Cases:
    """Put the statutory rows and the factors of a day together."""
    rows = records.rows(STATUTORY)
    status, person = (records.column(STATUTORY, name) for name in ("Status", "PersonID"))
    start, end = records.dates(STATUTORY, "StartOn"), records.dates(STATUTORY, "EndOn")
    of_person, _ = pd.factorize(person)
    referral = np.flatnonzero(status == "REFERRAL")
    follows = np.flatnonzero(np.isin(status, STATUSES[1:]))
    case_of = np.full(len(status), -1, dtype=np.int64)
    at, case_of[referral], case_of[follows] = _hang(referral, follows, of_person, start.day)
    at, case_of = _second_episodes(at, case_of, np.flatnonzero(status == "CIN"), start.day, end.day)
    referred = np.isin(at, referral)
    older = ~referred & (status[at] != "CIN")
    lead = 10 + (extra.chance(STATUTORY, "older referral", rows[at]) * 170).astype(np.int64)
    opened = _mixed(start.take(at), ~older, start.day[at] - lead)
    last = np.full(len(at), UNREADABLE, dtype=np.int64)
    members = np.flatnonzero(case_of >= 0)
    np.maximum.at(last, case_of[members], end.day[members])
    closed = _mixed(records.dates(STATUTORY, "CaseClosedOn").take(at), referred, last)

    def of_referral(name: str, otherwise: str) -> Texts:
        return np.where(referred, records.column(STATUTORY, name)[at], otherwise).astype(object)

    own, nfa = of_referral("ReferralID", ""), of_referral("ReferralNFA", "N")
    assessed = (nfa == "N") | ((nfa == "") & (opened.day <= records.day - NO_ACTION_WITHIN))
    table = pd.DataFrame(
        {
            "row": rows[at],
            "id": np.where(own != "", own, extra.ids(STATUTORY, "R", rows[at])),
            "person": person[at],
            "opened": opened.day,
            "closed": closed.day,
            "nfa": nfa,
            "assessed": assessed,
            "source": of_referral("ReferralSource", "10"),
            "need": of_referral("PrimaryNeed", "N1"),
            "reason": np.where(referred, records.column(STATUTORY, "CloseReason")[at], np.where(closed.day < NEVER, "RC7", "")),
        }
    )
    steps = pd.DataFrame({"case": case_of[follows], "row": rows[follows], "at": follows, "status": status[follows]})
    return Cases(table, opened, closed, steps, _assessments(records, extra, at, referred & assessed, person, start))


def _mixed(written: Dates, use: Flags, days: Ints) -> Dates:
    """Dates of the council's table where ``use`` says so, and days worked out from other rows elsewhere."""
    return Dates(np.where(use, written.day, days), np.where(use, written.raw, ""), written.usual | ~use)


def _hang(referral: Ints, follows: Ints, of_person: Ints, start: Ints) -> tuple[Ints, Ints, Ints]:
    """The row that stands for each case, the case of each referral, and the case of each later status.

    A status belongs to the person's latest referral that did not come after it; without one, all such statuses of a person make
    one case (the referral is older than the council's records).
    """
    wide = 4 * NEVER
    key = of_person * wide + start + NEVER
    ordered = referral[np.argsort(key[referral], kind="stable")]
    place = np.searchsorted(key[ordered], key[follows], side="right") - 1
    found = place >= 0
    found[found] = of_person[ordered[place[found]]] == of_person[follows[found]]
    lone = follows[~found]
    lone = lone[np.argsort(key[lone], kind="stable")]
    people, first = np.unique(of_person[lone], return_index=True)
    case = place.copy()
    case[~found] = len(ordered) + np.searchsorted(people, of_person[follows[~found]])
    number = np.empty(len(start), dtype=np.int64)
    number[ordered] = np.arange(len(ordered))
    return np.concatenate([ordered, lone[first]]).astype(np.int64), number[referral], case


def _second_episodes(at: Ints, case_of: Ints, need: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """A child in need status that begins while another of the same case runs is an episode of its own (a fault of the record)."""
    order = need[np.lexsort((start[need], case_of[need]))]
    same = np.diff(case_of[order], prepend=-1) == 0
    again = order[same & (start[order] < np.concatenate([[UNREADABLE], end[order][:-1]]))] if len(order) else order
    case_of = case_of.copy()
    case_of[again] = len(at) + np.arange(len(again))
    return np.concatenate([at, again]), case_of


def _assessments(records: Records, extra: Extra, at: Ints, assessed: Flags, person: Texts, start: Dates) -> pd.DataFrame:
    """Assessments of referrals, open ones too, and those that only the factors tell of."""
    rows, outcome_on = records.rows(STATUTORY), records.dates(STATUTORY, "OutcomeOn").day
    case = np.flatnonzero(assessed)
    here = at[case]
    began = start.day[here] + 1 + (extra.chance(STATUTORY, "assessment begins", rows[here]) * 4).astype(np.int64)
    own = pd.DataFrame({"id": extra.ids(STATUTORY, "A", rows[here]), "case": case, "person": person[here]})
    own["started"], own["authorised"] = np.minimum(began, outcome_on[here]), outcome_on[here]
    own = own[(own["started"] < records.day) & (own["authorised"] > UNREADABLE)]
    on = records.dates(FACTORS, "AssessedOn").day
    factors = pd.DataFrame(
        {
            "person": records.column(FACTORS, "PersonID"),
            # An undated factor belongs to no assessment, not to one that is still open.
            "authorised": np.where(on == NEVER, NEVER + 1, on),
            "factor": records.column(FACTORS, "Factor"),
            "row": records.rows(FACTORS),
        }
    )
    found = factors.groupby(["person", "authorised"], sort=True).agg(factors=("factor", tuple), row=("row", "first")).reset_index()
    own = own.merge(found.drop(columns="row"), on=["person", "authorised"], how="left")
    own.loc[own.duplicated(["person", "authorised"]), "factors"] = np.nan  # the same factors are not shown twice
    known = pd.MultiIndex.from_frame(own[["person", "authorised"]])
    rest = found[~pd.MultiIndex.from_frame(found[["person", "authorised"]]).isin(known)]
    signed = rest["authorised"].to_numpy()
    others = pd.DataFrame({"id": extra.ids(FACTORS, "A9", rest["row"].to_numpy()), "case": -1, "person": rest["person"].to_numpy()})
    others["started"], others["authorised"] = np.where(signed > UNREADABLE, signed - USUAL_LENGTH, UNREADABLE), signed
    others["factors"] = rest["factors"].to_numpy()
    both = pd.concat([own, others], ignore_index=True)
    both["factors"] = [codes if isinstance(codes, tuple) else () for codes in both["factors"]]
    return both
