"""The hub's sheet: children whose contact met no threshold and of whom nothing more stands on record. No model, no order but the name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from early_id.config.learning import FollowUpSettings
from early_id.core.privacy import keyed_hash
from early_id.explain.page import OUTCOMES
from early_id.explain.wording import year_label
from early_id.learning.followup import FollowUp
from early_id.present.wording import ALARM, count_of, day_text
from early_id.present.workbook import Sheet, Value, workbook_bytes

ENTRY = ("Your decision", "Reason", "Date", "Your role", "Notes")
REASONS = (
    "somebody is in touch already",
    "help was given and not entered",
    "there was nothing more to do",
    "the family would rather not now",
    "we could not get in touch safely",
    "other (say in notes)",
)
CHECK_SAFE = "Check safe contact first. Ask the safeguarding lead how, and with which adult, contact is safe. No joint contact."
ASK_FIRST = "Speak to the child's school first."
#: Who made contact is not said where it would tell of a police matter.
_NOT_NAMED = "another service"
_NAMED = ("school", "health", "family", "housing", "early_help", "other")


@dataclass(frozen=True, repr=False)
class HubSheet:
    """One hub's children, in alphabetical order: child_id, family_id, key, name, year, school, began_on, closed_as, source,
    check_safe."""

    hub_id: str
    hub_name: str
    day: date
    rows: pd.DataFrame = field(repr=False)
    not_yet: int = 0  #: children left out because it cannot be known yet whether anything followed

    def record(self) -> dict[str, object]:
        """What goes on record, so that answers find their way back: key, child, and the key of the family's first child on the sheet."""
        first = self.rows.groupby("family_id")["key"].transform("first")
        return {
            "as_of": self.day.isoformat(),
            "recipient": self.hub_id,
            "entries": [list(e) for e in zip(self.rows["key"], self.rows["child_id"], first, strict=True)],
        }


def nothing_since(follow: FollowUp, people: pd.DataFrame, settings: FollowUpSettings, *, secret: str = "") -> list[HubSheet]:
    """One sheet a hub, of children for whom nothing is recorded since their contact was closed.

    Parameters
    ----------
    people : DataFrame
        Of those who may be approached on the day, as lists have it: child_id, forename, surname, nc_year, school_name, hub_id, hub_name, contact
        marks, and ``order``, by which names are put in alphabetical order. Whoever is open to a service, has died or moved, or wishes not to be approached, is not in it.
    """
    moment = pd.Timestamp(follow.day)
    rows = follow.rows
    age = (moment - rows["closed_on"]).dt.days
    events = rows[["offered_on", "taken_up_on", "again_on", "statutory_on"]]
    left_open = rows[(age >= settings.list_after_days) & (age <= settings.list_within_days) & ~events.lt(moment).any(axis=1) & ~rows["helped"]]
    left_open = left_open.sort_values("closed_on").drop_duplicates("child_id", keep="last")
    # Records reach only so far: where the days since closing are not over by then, whether anything followed is not known yet.
    left_open["not_yet"] = left_open["closed_on"] + pd.Timedelta(days=settings.list_after_days) > pd.Timestamp(follow.known_until)
    columns = [
        "child_id",
        "forename",
        "surname",
        "nc_year",
        "school_name",
        "hub_id",
        "hub_name",
        "safe_contact",
        "protected_address",
        "no_joint_contact",
        "order",
    ]
    merged = left_open.drop(columns=["hub_id"]).merge(people[columns], on="child_id")
    merged = merged[merged["hub_id"].notna()]
    not_yet = merged[merged["not_yet"]].groupby("hub_id").size()
    merged = merged[~merged["not_yet"]].copy()
    marks = merged[["safe_contact", "protected_address", "no_joint_contact"]]
    unsafe = marks["safe_contact"].eq(False) | marks["protected_address"].eq(True) | marks["no_joint_contact"].eq(True)
    merged["check_safe"] = merged["family_id"].isin(merged.loc[unsafe, "family_id"])
    merged["name"] = (merged["forename"].fillna("") + " " + merged["surname"].fillna("")).str.strip()
    merged["year"] = [year_label("" if pd.isna(v) else str(v)) or "not held" for v in merged["nc_year"]]
    merged["school"] = merged["school_name"].fillna("not held")
    merged["source"] = merged["source"].where(merged["source"].isin(_NAMED), _NOT_NAMED).str.replace("_", " ")
    merged = merged.sort_values(["order", "child_id"])
    merged["key"] = [keyed_hash(f"{child}|{follow.day}|followup", secret, length=6).upper() for child in merged["child_id"]]
    kept = ["child_id", "family_id", "key", "name", "year", "school", "began_on", "closed_as", "source", "check_safe"]
    hubs = people.dropna(subset=["hub_id"]).drop_duplicates("hub_id").sort_values("hub_id")
    return [
        HubSheet(
            str(h.hub_id),
            str(h.hub_name) if pd.notna(h.hub_name) else str(h.hub_id),
            follow.day,
            merged.loc[merged["hub_id"] == h.hub_id, kept],
            not_yet=int(not_yet.get(h.hub_id, 0)),
        )
        for h in hubs.itertuples()
    ]


def sheet_workbook(one: HubSheet, settings: FollowUpSettings, *, watermark: str | None) -> bytes:
    """The hub's workbook, the same to the byte for the same rows."""
    banner = f"RESTRICTED. For the hub lead, {one.hub_name}. Do not forward or copy."
    n = len(one.rows)
    glance = (
        f"{count_of(n, 'child', 'children')} whose contact with the front door met no threshold, and of whom nothing more stands on record. In alphabetical order."
        if n
        else "No child is on this sheet: something is on record after every contact of which it can be known."
    )
    if one.not_yet:
        glance += f" Not known yet, and so not here: {count_of(one.not_yet, 'child', 'children')} whose contact was closed too recently for the records to tell."
    read_me = Sheet(
        name="Read me first",
        title=f"Nothing recorded since: {one.hub_name}",
        notes=[
            banner,
            *([watermark] if watermark else []),
            glance,
            ("What this is", (
                f"Children about whom somebody contacted the front door, where the contact was closed below the threshold between {settings.list_after_days} and "
                f"{settings.list_within_days} days before {day_text(one.day)}, and for whom the records hold no offer of help, no further contact and no help that was under way. "
                "No model was used and nobody was scored."
            )),
            ("What it is not", f"{ALARM} Nothing recorded is not nothing done: somebody may be in touch and not have entered it."),
            ("What you are asked to do", (
                "Ask the school, or whoever made contact, how the family is. If nobody is in touch, think about a call to offer help. Help is a choice: saying no has no consequence. "
                "Choose a decision and a reason from the lists, give the date and your role, and give the workbook back to whoever sent it."
            )),
            ("Not to be used for", "Sanctions, attendance enforcement, deciding whether a safeguarding threshold is met, or a label for the family."),
        ],
        widths=(72.0,),
        protected=True,
        landscape=False,
    )  # fmt: skip
    headings = (
        "Name",
        "Year",
        "School",
        "Same family as",
        "Contact on",
        "Who made contact",
        "How it was closed",
        "Before you make contact",
        *ENTRY,
        "Key",
    )
    rows = [_row(row, one) for row in one.rows.itertuples()]
    sheet = Sheet(
        name="List",
        headings=headings,
        rows=rows,
        title=f"Nothing recorded since: {one.hub_name}",
        notes=[*([watermark] if watermark else []), f"{glance} {ALARM}"],
        widths=(18.0, 9.0, 18.0, 14.0, 13.0, 13.0, 17.0, 22.0, 18.0, 16.0, 11.0, 12.0, 20.0, 9.0),
        dropdowns={"Your decision": OUTCOMES, "Reason": REASONS} if rows else {},
        protected=True,
        unlocked=ENTRY,
    )
    return workbook_bytes([read_me, sheet], title=f"Nothing recorded since: {one.hub_name}", restricted=" ".join(p for p in (banner, watermark) if p))


def _row(row: object, one: HubSheet) -> list[Value]:
    r: dict[str, object] = row._asdict()  # type: ignore[attr-defined]
    family = one.rows[(one.rows["family_id"] == r["family_id"]) & (one.rows["child_id"] != r["child_id"])]["name"]
    began = pd.Timestamp(str(r["began_on"])).date()
    return [
        str(r["name"]), str(r["year"]), str(r["school"]), "\n".join(family), day_text(began), str(r["source"]), str(r["closed_as"]),
        CHECK_SAFE if r["check_safe"] else ASK_FIRST, *([None] * len(ENTRY)), str(r["key"]),
    ]  # fmt: skip
