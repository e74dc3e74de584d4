"""What followed where a contact or referral met no threshold. No model is asked: this counts what the council's own records say.

A contact that is closed with no further action, with advice, or "to early help" is the moment at which a family is most easily lost. Each is
followed for some days: was early help offered, taken up, did the family come back to the front door, or does nothing more stand on record?
*Nothing recorded* is not *nothing done*: it is where somebody should look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from early_id.config.settings import Config
from early_id.core.errors import InputDataError
from early_id.core.findings import FindingKind, Findings
from early_id.core.types import Severity
from early_id.features.cohort import age_on, hubs, open_spells, persons
from early_id.features.outcomes import departures
from early_id.features.past import Past
from early_id.features.programme import COUNCIL, Programme
from early_id.learning.shares import NOT_KNOWN, shares

#: Measure → what it says of a contact within some days.
MEASURES: dict[str, str] = {
    "offered": "Early help offered",
    "taken_up": "Early help taken up",
    "again": "Back at the front door",
    "statutory": "Open to a statutory service",
    "nothing": "Nothing recorded",
}
#: Measure → tables that have to be held, or nobody can tell.
_NEEDS = {
    "offered": ("early_help",),
    "taken_up": ("early_help",),
    "again": ("contacts", "statutory"),
    "statutory": ("statutory",),
    "nothing": ("early_help", "contacts", "statutory"),
}
#: Each contact is in exactly one of these: the furthest that was reached.
STEPS = ("help taken up", "help offered", "back at the front door, no help offered", "help was already running", "nothing recorded")
#: How contacts are grouped: column → label. Characteristics of the settings follow.
BY = {"closed_as": "How it was closed", "source": "Who made contact", "need": "Main need as recorded", "area": "Area"}
#: Characteristics that divide the same children in another way, or say how the record came about, are left out.
_LEFT_OUT = ("ethnic_group_5", "ethnic_group_18", "ethnic_group_19", "known_before", "sen_need", "age_band")
_ENTRY = ("CLA", "CPP", "COURT", "S47", "CIN")
_EVENTS = ("offered_on", "taken_up_on", "again_on", "statutory_on")
NOT_HELD = "not held"
AGES = ((0, 4, "under 5"), (5, 10, "5 to 10"), (11, 15, "11 to 15"), (16, 17, "16 or 17"))


UNNAMED_OUTCOMES = FindingKind(
    "FUP001", Severity.QUERY, "Outcomes of contacts that the settings do not name; these contacts are not followed up.",
    "Say what they mean under 'follow_up.closed' or 'follow_up.passed_on'.", "contacts with the front door, for the follow-up",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class FollowUp:
    """Contacts and referrals that met no threshold, and what followed.

    ``rows`` has one row a contact or referral about one child: child_id, family_id, kind, began_on, closed_on, source, need, closed_as, area,
    hub_id, school_id, age_band, helped (early help was running), the dates of what followed first (``offered_on`` …), ``gone_on`` (left, turned 18
    or died), and the characteristics. ``known_until``: the day until which everything that followed is known.
    """

    day: date
    days: tuple[int, ...]
    main_days: int
    rows: pd.DataFrame = field(repr=False)
    known_until: date
    held: frozenset[str]  #: of the tables contacts, early_help and statutory
    by: dict[str, str]  #: column → label
    waiting: int  #: contacts without an outcome
    passed_on: int  #: contacts that went on to social care
    findings: Findings = field(default_factory=Findings)

    def __repr__(self) -> str:
        return f"FollowUp({len(self.rows):,} contacts and referrals that met no threshold, until {self.day})"

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures of which all tables are held."""
        return tuple(name for name, needed in _NEEDS.items() if self.held.issuperset(needed))

    @property
    def not_held(self) -> tuple[str, ...]:
        """Columns of :data:`BY` that say nothing about anybody."""
        return tuple(name for name in BY if not len(self.rows) or self.rows[name].isin([NOT_KNOWN, NOT_HELD]).all())

    def within(self, days: int) -> pd.DataFrame:
        """What followed within ``days`` of closing, for the rows of which all of it is known: the measures as booleans, and ``step``.

        A child who left, turned 18 or died within the time is left out, unless that came after the end of it.
        """
        rows, span = self.rows, pd.Timedelta(days=days)
        end = rows["closed_on"] + span
        whole = (end <= pd.Timestamp(self.known_until)) & ~(rows["gone_on"] < end)
        rows, end = rows[whole], end[whole]
        frame = pd.DataFrame({name.removesuffix("_on"): rows[name] < end for name in _EVENTS}, index=rows.index)
        frame["nothing"] = ~frame.any(axis=1) & ~rows["helped"]
        came_back = frame["again"] | frame["statutory"]
        step = pd.Series(STEPS[4], index=rows.index).mask(rows["helped"], STEPS[3]).mask(came_back, STEPS[2])
        frame["step"] = step.mask(frame["offered"], STEPS[1]).mask(frame["taken_up"], STEPS[0])
        return frame

    def left_within(self, days: int) -> int:
        """Rows left out of :meth:`within` because the child left, turned 18 or died first."""
        end = self.rows["closed_on"] + pd.Timedelta(days=days)
        return int(((end <= pd.Timestamp(self.known_until)) & (self.rows["gone_on"] < end)).sum())

    def not_yet_within(self, days: int) -> int:
        """Rows left out of :meth:`within` because the days since closing, and the time that recording takes, are not over."""
        return int((self.rows["closed_on"] + pd.Timedelta(days=days) > pd.Timestamp(self.known_until)).sum())

    def overall(self) -> pd.DataFrame:
        """One row a measure and number of days: n, successes, value, low, high."""
        parts = []
        for days in self.days:
            found = self.within(days)
            rows = self.rows.loc[found.index]
            everyone = pd.Series("all", index=found.index)
            for name in self.measures:
                parts.append(shares(found[name], everyone, rows["family_id"]).assign(measure=name, days=days))
        return _joined(parts)

    def by_group(self, column: str, days: int | None = None) -> pd.DataFrame:
        """One row a measure and group of ``column``: n, successes, value, low, high."""
        found = self.within(days or self.main_days)
        rows = self.rows.loc[found.index]
        return _joined([shares(found[name], rows[column], rows["family_id"]).assign(measure=name) for name in self.measures])

    def frame(self) -> pd.DataFrame:
        """All shares: one row a way of grouping, group, measure and number of days. Exact counts: restricted."""
        parts = [self.overall().assign(by="all")]
        parts += [self.by_group(column).assign(by=column, days=self.main_days) for column in self.by if column not in self.not_held]
        return pd.concat(parts, ignore_index=True)[["by", "group", "measure", "days", "n", "successes", "value", "low", "high"]]

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        table = self.overall().assign(measure=lambda f: f["measure"].map(MEASURES))
        return frame_html(table[["measure", "days", "n", "successes", "value", "low", "high"]].round(3), title="What followed", note=repr(self))


def follow_up(past: Past, cfg: Config, *, programme: Programme = COUNCIL) -> FollowUp:
    """What followed contacts and referrals that met no threshold, as known on ``past.as_of``.

    Raises
    ------
    InputDataError
        Neither contacts nor referrals are held, or none was closed in the time looked at.
    """
    held = frozenset(name for name in ("contacts", "early_help", "statutory") if past.store.has(name))
    if not held & {"contacts", "statutory"}:
        raise InputDataError(
            "Neither contacts with the front door nor referrals are held, so nothing can be followed up.",
            where="tables contacts and statutory",
            what_next="Add a file of contacts to the sources of the settings (shape council_contacts, or your own) and take it in.",
        )
    closed, waiting, passed_on, findings = _closed(past, cfg)
    if closed.empty:
        raise InputDataError(
            "No contact or referral was closed below the threshold in the time looked at.",
            where=f"the {cfg.follow_up.look_back_days} days before {past.as_of}",
            what_next="Look at the outcomes of your contacts: 'follow_up.closed' in the settings names those that are followed up.",
        )
    rows = _followed(past, _described(past, closed, programme))
    characteristics = {k: v for k, v in cfg.audit.characteristics.items() if k in rows and k not in _LEFT_OUT}
    return FollowUp(
        day=past.as_of,
        days=cfg.follow_up.days,
        main_days=cfg.follow_up.main_days,
        rows=rows,
        known_until=_known_until(past, held, cfg.outcome.recording_lag_days),
        held=held,
        by={**BY, "age_band": "Age", **characteristics},
        waiting=waiting,
        passed_on=passed_on,
        findings=findings,
    )


def _closed(past: Past, cfg: Config) -> tuple[pd.DataFrame, int, int, Findings]:
    """Contacts and referrals closed below the threshold; contacts that wait; contacts passed on; findings."""
    settings, moment = cfg.follow_up, pd.Timestamp(past.as_of)
    since = moment - pd.Timedelta(days=settings.look_back_days)
    contacts = past.frame("contacts")
    text = contacts["outcome"].astype("string").str.strip().str.casefold()
    meaning = {word.casefold(): how for how, words in settings.closed.items() for word in words}
    contacts = contacts.assign(
        kind="contact", began_on=pd.to_datetime(contacts["contact_on"]), closed_as=text.map(meaning), source_text=contacts["contact_source"]
    )
    contacts["closed_on"] = pd.to_datetime(contacts["outcome_on"]).fillna(contacts["began_on"])
    recent = contacts["closed_on"] >= since
    onward = text.isin([word.casefold() for word in settings.passed_on])
    strange = int((recent & text.notna() & text.ne("") & contacts["closed_as"].isna() & ~onward).sum())
    referrals = past.frame("statutory")
    referrals = referrals[(referrals["status"] == "REFERRAL") & (referrals["outcome"] == "nfa")]
    referrals = referrals.assign(kind="referral", began_on=pd.to_datetime(referrals["start_on"]), closed_as="no further action", source_text=None)
    referrals["closed_on"] = pd.to_datetime(referrals["outcome_on"]).fillna(pd.to_datetime(referrals["end_on"])).fillna(referrals["began_on"])
    columns = ["child_id", "kind", "began_on", "closed_on", "closed_as", "source_text", "need"]
    parts = [frame.reindex(columns=columns) for frame in (contacts[contacts["closed_as"].notna()], referrals)]
    parts = [part.astype({"source_text": object, "need": object}) for part in parts if len(part)]
    closed = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    closed = closed[(closed["closed_on"] >= since) & (closed["closed_on"] < moment)]
    closed = closed.drop_duplicates(["child_id", "kind", "began_on", "closed_on", "source_text"]).reset_index(drop=True)
    found = Findings()
    if strange:
        found += [UNNAMED_OUTCOMES.found(strange, "contacts", columns="outcome")]
    return closed, int((recent & (text.isna() | text.eq(""))).sum()), int((recent & onward).sum()), found


def _described(past: Past, closed: pd.DataFrame, programme: Programme) -> pd.DataFrame:
    """With family, school, hub, area, source, need, age and characteristics."""
    rows, people = closed.copy(), persons(past)
    families = past.families().set_index("child_id")["family_id"]
    own = past.people.own_family(rows["child_id"])
    rows["family_id"] = rows["child_id"].map(families).where(lambda s: s.notna(), own)
    roll = past.frame("enrolments").sort_values(["child_id", "start_on", "school_id"]).drop_duplicates("child_id", keep="last")
    rows["school_id"] = rows["child_id"].map(roll.set_index("child_id")["school_id"])
    schools = past.frame("schools").drop_duplicates("school_id", keep="last").set_index("school_id")
    rows["hub_id"] = rows["school_id"].map(hubs(past))
    by_family = rows.dropna(subset=["hub_id"]).groupby("family_id")["hub_id"].min()
    rows["hub_id"] = rows["hub_id"].where(rows["hub_id"].notna(), rows["family_id"].map(by_family))
    rows["area"] = rows["school_id"].map(schools["area_id"])
    rows["source"] = rows["source_text"].where(rows["source_text"].notna(), rows["kind"].map({"referral": "referral: not held"}))
    born = rows["child_id"].map(people["birth_date"])
    age = pd.Series(
        [int(age_on(pd.Series([b]), d).iloc[0]) if pd.notna(b) else -1 for b, d in zip(born, rows["closed_on"], strict=True)], index=rows.index
    )
    rows["age_band"] = age.map({years: label for low, high, label in AGES for years in range(low, high + 1)})
    groups = programme.groups(past, pd.DataFrame({"child_id": rows["child_id"], "age": age}))
    rows = rows.drop(columns="source_text").join(groups.drop(columns=[c for c in groups if c in rows]))
    for name in (*BY, "age_band"):
        rows[name] = rows[name].astype("object").where(rows[name].notna(), NOT_KNOWN).astype(str)
    return rows


def _followed(past: Past, rows: pd.DataFrame) -> pd.DataFrame:
    """With the first date of each thing that followed."""
    rows = rows.copy()
    offers = past.frame("early_help")
    offers = offers.assign(offered_on=pd.to_datetime(offers["offered_on"]), start_on=pd.to_datetime(offers["start_on"]))
    accepted = offers[offers["response"] == "accepted"]
    begun = "start_on" if accepted["start_on"].notna().any() else "offered_on"
    contacts, statutory = past.frame("contacts"), past.frame("statutory")
    again = pd.concat([_events(contacts, "contact_on"), _events(statutory[statutory["status"] == "REFERRAL"], "start_on")])
    # Help may be offered before the contact is closed: from the day of contact on. Coming back can only be after closing.
    rows["offered_on"] = _first(rows, _events(offers, "offered_on"), rows["began_on"])
    rows["taken_up_on"] = _first(rows, _events(accepted, begun), rows["began_on"])
    rows["again_on"] = _first(rows, again, rows["closed_on"] + pd.Timedelta(days=1))
    rows["statutory_on"] = _first(rows, _events(statutory[statutory["status"].isin(_ENTRY)], "start_on"), rows["closed_on"])
    running = offers[offers["start_on"].notna()].merge(rows[["child_id", "began_on"]].reset_index(), on="child_id")
    ends = pd.to_datetime(running["end_on"])
    running = running[(running["start_on"] < running["began_on"]) & (ends.isna() | (ends >= running["began_on"]))]
    rows["helped"] = rows.index.isin(running["index"])
    gone = departures(past).reindex(rows["child_id"]).set_axis(rows.index)
    rows["gone_on"] = gone.where(gone.ge(rows["closed_on"], axis=0)).min(axis=1)
    return rows


def _events(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    return pd.DataFrame({"child_id": frame["child_id"], "on": pd.to_datetime(frame[column]).astype("datetime64[ns]")}).dropna()


def _first(rows: pd.DataFrame, events: pd.DataFrame, since: pd.Series) -> pd.Series:
    """The first event of each row's child on or after ``since``; empty where there is none."""
    asked = pd.DataFrame({"row": rows.index, "child_id": rows["child_id"].to_numpy(), "since": pd.to_datetime(since).to_numpy()})
    met = asked.merge(events, on="child_id")
    return met[met["on"] >= met["since"]].groupby("row")["on"].min().reindex(rows.index).astype("datetime64[ns]")


def _known_until(past: Past, held: Sequence[str] | frozenset[str], lag: int) -> date:
    """The day until which what followed is known: what every table covers, less the time that recording takes."""
    covered = past.store.coverage()
    last = covered[covered["table"].isin(held)].groupby("table")["covers_to"].max().min()
    moment = min(pd.Timestamp(last) + pd.Timedelta(days=1), pd.Timestamp(past.as_of)) if pd.notna(last) else pd.Timestamp(past.as_of)
    day: date = (moment - pd.Timedelta(days=lag)).date()
    return day


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part.reset_index() for part in parts], ignore_index=True) if parts else pd.DataFrame()


def still_open(past: Past) -> frozenset[str]:
    """Children open to a statutory service on the date: nobody else has to call."""
    rows = open_spells(past.frame("statutory"), "start_on", "end_on", pd.Timestamp(past.as_of))
    return frozenset(rows["child_id"])
