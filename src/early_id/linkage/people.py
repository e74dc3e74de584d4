"""People: which records of which sources are one child, and who is family to whom, when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.config.settings import LinkageSettings
from early_id.core.display import frame_html
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.findings import Findings
from early_id.core.privacy import keyed_hash
from early_id.linkage.decisions import Decisions
from early_id.linkage.families import family_id, family_spells
from early_id.linkage.history import History, found_on
from early_id.linkage.ids import ALWAYS as ALWAYS
from early_id.linkage.ids import child_ids, linked_since
from early_id.linkage.kin import Kin, kin_of
from early_id.linkage.linked import Linkage, Scorer, link_records
from early_id.linkage.marks import marked_records
from early_id.linkage.messages import finding
from early_id.linkage.records import PERSON, comparable
from early_id.linkage.standing import holds_less
from early_id.linkage.waiting import OTHER, carry_waits, waits_now

if TYPE_CHECKING:
    from early_id.linkage.history import Change


@dataclass(frozen=True)
class Belonging:
    """Stored rows of the tables of who belongs to whom, beside households and relationships; None where no source sends one."""

    family_groups: pd.DataFrame | None = None
    school_contacts: pd.DataFrame | None = None
    addresses: pd.DataFrame | None = None


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
    linkage : Linkage, optional
        Every pair that was weighed, for review, pictures and figures.
    changes : tuple of Change
        Merges and splits since the last time these records were linked.
    """

    person_links: pd.DataFrame
    family_spells: pd.DataFrame
    findings: Findings = field(default_factory=Findings)
    key: str = ""
    linkage: Linkage | None = field(default=None, repr=False, compare=False)
    changes: tuple[Change, ...] = ()
    kin: Kin | None = field(default=None, repr=False, compare=False)
    #: Pairs that wait or waited for a person, as ``waiting.carry_waits`` gives them; None where only today's are known.
    waits: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    #: Since when each record (source, source_person_id) has been known at all; empty where nobody said.
    first_known: pd.Series | None = field(default=None, repr=False, compare=False)

    def family_on(self, day: date | pd.Timestamp, child_id: str | None = None) -> pd.DataFrame:
        """Who was family to whom on a date, as known then, with the evidence and the trust of each link; of one child where it is named.

        See :meth:`early_id.linkage.kin.Kin.family_on`; features use :meth:`families_on`.

        Raises
        ------
        SettingsError
            ``day`` is text that is no date as 2025-11-10.
        InputDataError
            No record was ever linked to ``child_id``.
        """
        if child_id is not None and not (self.person_links["child_id"] == child_id).any():
            raise InputDataError(
                "There is no child of this id.",
                where="family_on(…, child_id=…)",
                what_next="Take an id from people.current(): a source's own number is none.",
            )
        kin = self.kin or kin_of(self.person_links, pd.DataFrame(columns=[*PERSON, "known_from"]), None)
        found = kin.family_on(_day(day))
        one = self._since_joined()
        others = np.array([pair not in one for pair in zip(found["person_id"], found["relative_id"], strict=True)], dtype=bool)
        found = found[others].reset_index(drop=True)
        return found if child_id is None else found[found["person_id"] == child_id].reset_index(drop=True)

    def _since_joined(self) -> set[tuple[str, str]]:
        """Pairs of ids that were two then and are one person now: nobody is family of himself."""
        now = self.current()[[*PERSON, "child_id"]].rename(columns={"child_id": "now"})
        ids = self.person_links[[*PERSON, "child_id"]].merge(now, on=PERSON)[["child_id", "now"]].drop_duplicates()
        several = ids[ids["now"].duplicated(keep=False)]
        both = several.merge(several, on="now", suffixes=("", "_other"))
        return set(zip(both["child_id"], both["child_id_other"], strict=True))

    def families_on(self, day: date | pd.Timestamp) -> pd.DataFrame:
        """Who was family on a date, as known then: child_id, family_id, safe_contact, protected_address, no_joint_contact.

        A child in no household row is a family of one. A child in several households counts with the one begun last, and with the marks of all of them: what
        makes contact unsafe in one home is not undone by another.
        """
        open_then = self.spells_on(day)
        latest = open_then.sort_values(["child_id", "from_on", "family_id"]).drop_duplicates("child_id", keep="last")
        careful = open_then.groupby("child_id").agg(
            safe_contact=("safe_contact", "min"), protected_address=("protected_address", "max"), no_joint_contact=("no_joint_contact", "max")
        )
        return latest[["child_id", "family_id"]].merge(careful.reset_index(), on="child_id").reset_index(drop=True)

    def spells_on(self, day: date | pd.Timestamp) -> pd.DataFrame:
        """Every household that a child belonged to on a date, as known then; a child whose parents live apart has two."""
        moment = pd.Timestamp(_day(day))
        spells = self.family_spells
        return spells[
            (spells["from_on"] < moment)
            & (spells["known_from"] < moment)
            & (spells["known_to"].isna() | (spells["known_to"] >= moment))
            & (spells["to_on"].isna() | (spells["to_on"] >= moment))
        ]

    def own_family(self, child_id: pd.Series) -> pd.Series:
        """The family id of a child who is in no household row."""
        return child_id.map(lambda value: "F" + keyed_hash(f"alone:{value}", self.key))

    def may_be_one(self, day: date | pd.Timestamp | None = None) -> pd.DataFrame:
        """child_id, other_id of children who may be one person and wait for somebody to look: enough to take a child out, never to put one on a list.

        With a day, only pairs that waited then, of which both records and both links were known before it, under the ids of then.
        """
        if self.linkage is None:
            return pd.DataFrame(columns=["child_id", "other_id"], dtype=object)
        waits, links = waits_now(self.linkage) if self.waits is None else self.waits, self.current()
        known: pd.Series | None = None
        if day is not None:
            moment, links = pd.Timestamp(day), History(self.person_links).on(pd.Timestamp(day))
            known = None if self.first_known is None else self.first_known < moment
            if self.waits is not None:
                waits = waits[(waits["known_from"] < moment) & (waits["known_to"].isna() | (waits["known_to"] >= moment))]
        elif self.waits is not None:
            waits = waits[waits["known_to"].isna()]
        child = links.set_index(PERSON)["child_id"].astype(object)
        both = {}
        for name, side in (("child_id", PERSON), ("other_id", OTHER)):
            records = pd.MultiIndex.from_frame(waits[list(side)])
            ids = child.reindex(records).to_numpy(copy=True)
            if known is not None:
                ids[~known.reindex(records, fill_value=True).to_numpy(dtype=bool)] = None
            both[name] = ids
        return pd.DataFrame(both, dtype=object).dropna().drop_duplicates(ignore_index=True)

    def current(self) -> pd.DataFrame:
        """The links as they are known now: one row a record."""
        return self.person_links[self.person_links["known_to"].isna()]

    def as_known_now(self) -> People:
        """The same with every link and every pair that waits as it is now, on every date; without what has ended."""
        waits = None if self.waits is None else self.waits[self.waits["known_to"].isna()].assign(known_from=ALWAYS)
        return replace(self, person_links=self.current().assign(known_from=ALWAYS), waits=waits)

    def changed_since(self, day: date | pd.Timestamp) -> bool:
        """Whether any link, or any pair that waits, was found or given up on a day or later, so that the day itself does not see it."""
        held = (self.person_links, *(() if self.waits is None else (self.waits,)))
        return any(bool(((frame["known_from"] >= pd.Timestamp(day)) | (frame["known_to"] >= pd.Timestamp(day))).any()) for frame in held)

    def ids_of(self, records: Iterable[tuple[str, str]]) -> frozenset[str]:
        """Ids under which these records (source, number) ever stood and no other did: after a merge, the id that was given up too.

        An id that was shared with another child, before a split, is not among them.
        """
        links, mine = self.person_links, set(records)
        own = np.array([pair in mine for pair in zip(links["source"].astype(str), links["source_person_id"].astype(str), strict=True)], dtype=bool)
        return frozenset(links.loc[own, "child_id"].astype(str)) - frozenset(links.loc[~own, "child_id"].astype(str))

    def __len__(self) -> int:
        return int(self.current()["child_id"].nunique())

    def __repr__(self) -> str:
        families, records = self.family_spells["family_id"].nunique(), len(self.current())
        return f"People({len(self):,} people from {records:,} records, {families:,} households)"

    def _repr_html_(self) -> str:
        counts = self.current().groupby("source")["child_id"].agg(records="size", people="nunique").reset_index()
        return frame_html(counts, title="People", note=repr(self))


def link_people(
    pupils: pd.DataFrame,
    households: pd.DataFrame | None,
    *,
    key: str,
    settings: LinkageSettings | None = None,
    statutory: pd.DataFrame | None = None,
    relationships: pd.DataFrame | None = None,
    belonging: Belonging | None = None,
    decisions: Decisions | None = None,
    history: History | None = None,
    on: pd.Timestamp | None = None,
    received: pd.Timestamp | None = None,
    anew: bool = False,
    before: pd.DataFrame | None = None,
    sources: Iterable[str] = (),
    score: Scorer | None = None,
) -> People:
    """Link records into people, and people into families.

    Parameters
    ----------
    pupils : DataFrame
        Stored rows of the table ``pupils`` of all sources.
    households : DataFrame or None
        Stored rows of ``household_members``.
    key : str
        Secret under which child and family ids are made.
    settings : LinkageSettings, optional
    statutory : DataFrame, optional
        Stored rows of ``statutory``: who left care is never joined to somebody of another name, and a placement is no family.
    relationships : DataFrame, optional
        Stored rows of ``relationships``: what sources say about who is whose mother or kin.
    belonging : Belonging, optional
        Family groups, contacts of schools and addresses; see :func:`early_id.linkage.kin.kin_of`.
    decisions : Decisions, optional
        What people have decided about pairs.
    history : History, optional
        The links as they were made before; ids go on, and what is new or changes is known from ``on``.
    on : Timestamp, optional
        The day of this linking: as-of dates from that day on see all of its links. Where none is given, the newest day on which anything became known, and a
        first linking dates its links by the records alone.
    received : Timestamp, optional
        The newest day on which anything was received, from which new records are known as their child's; ``on`` where none is given.
    anew : bool
        Date every link as a first linking does; ids go on all the same.
    before : DataFrame, optional
        Pairs that stand unless something speaks against them (``standing.py``), where there is no history: those that were joined of these records.
    sources : iterable of str
        Sources that ought to have people.
    score : function, optional
        In the place of Splink, where weights are kept from an earlier run.

    Raises
    ------
    InputDataError
        There are no people at all.
    """
    records = comparable(pupils, sources)
    marked = marked_records(records.frame, households, statutory)
    frame = records.frame
    stand = before if history is None else history.joins
    held = None if stand is None or stand.empty else (stand, holds_less(pupils, frame))
    linkage = link_records(records, settings or LinkageSettings(), marked=marked, decisions=decisions, score=score, before=held)
    group = linkage.group
    links = frame[PERSON].copy()
    links["child_id"] = child_ids(frame, group, key)
    since, day = linked_since(pupils, frame, group), on if received is None else received
    links["known_from"], links["known_to"], links["trust"] = since if day is None else since.clip(upper=found_on(day)), pd.NaT, _trust(linkage)
    changes: tuple[Change, ...] = ()
    arrived: pd.Series | None = None
    today = on if on is not None else pd.Timestamp(pupils["known_from"].max())
    if history is not None and len(history.links):
        links, changes = history.carry_on(links, key=key, on=today, received=received, anew=anew)
        since_then = links.set_index(PERSON)["known_from"]
        arrived = since_then[~since_then.index.isin(pd.MultiIndex.from_frame(history.links[PERSON]))]
    links["known_to"] = pd.to_datetime(links["known_to"]).astype("datetime64[ns]")
    spells, kin = families_of(links, pupils, households, statutory, relationships, belonging, key=key)
    found = [*linkage.findings, *([finding("LNK015", kin.unlinked, "table relationships")] if kin.unlinked else [])]
    first_known = pd.to_datetime(pupils.astype(dict.fromkeys(PERSON, str)).groupby(PERSON)["known_from"].min())
    waits = carry_waits(None if history is None or anew else history.waits, waits_now(linkage), found=found_on(today), arrived=arrived)
    return People(links, spells, Findings(tuple(found)), key, linkage, changes, kin, waits, first_known)


def families_of(
    links: pd.DataFrame,
    pupils: pd.DataFrame,
    households: pd.DataFrame | None,
    statutory: pd.DataFrame | None,
    relationships: pd.DataFrame | None,
    belonging: Belonging | None = None,
    *,
    key: str,
) -> tuple[pd.DataFrame, Kin]:
    """Family spells and everybody's kin, from links and stored rows; households have one id in both."""
    ids = None
    if households is not None and len(households):
        keys = households[["source", "household_id"]].astype(str).drop_duplicates()
        ids = pd.Series([family_id(s, h, key) for s, h in keys.itertuples(index=False)], index=pd.MultiIndex.from_frame(keys))
    more = belonging or Belonging()
    kin = kin_of(
        links,
        pupils,
        households,
        statutory,
        relationships,
        family_ids=ids,
        groups=more.family_groups,
        contacts=more.school_contacts,
        addresses=more.addresses,
    )
    return family_spells(households, links, key), kin


def _trust(linkage: Linkage) -> np.ndarray:
    """How sure each record's link is: that of its surest join to the others of its child; 1 for a record that stands alone."""
    trust = np.ones(len(linkage.records))
    joined = linkage.pairs[linkage.pairs["verdict"] == "link"]
    inside = joined[linkage.group[joined["left"].to_numpy(dtype=np.int64)] == linkage.group[joined["right"].to_numpy(dtype=np.int64)]]
    ends = pd.concat([inside[[side, "trust"]].set_axis(["at", "trust"], axis=1) for side in ("left", "right")])
    surest = ends.groupby("at")["trust"].max()
    trust[surest.index.to_numpy(dtype=np.int64)] = surest.to_numpy(dtype=float)
    return trust


def _day(day: date | pd.Timestamp | str) -> date | pd.Timestamp:
    """A day as given; text only as ISO 8601 has it, since 01/06 is two days."""
    if not isinstance(day, str):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise SettingsError(
            "A day in words or in another order of figures cannot be told for sure.", where="day", what_next="Write it as 2025-11-10."
        ) from None
