"""Lists that were published for the small council, without a model: children of two schools on record, and workbooks as readers send them back."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from early_id.core.privacy import keyed_hash
from early_id.data.store import Store
from early_id.features.past import Past
from early_id.linkage import People, link
from early_id.present.workbook import Sheet, write_workbook
from early_id.screening.history import LISTS, ledger
from early_id.screening.workbook import ENTRY, KEY, LIST, OWN

AS_OF = date(2025, 11, 10)
TODAY = date(2025, 12, 5)
HELP, NOT_NOW, SUPPORTED, NO_NEED, WRONG, UNSAFE, IN_NEED, HARM = range(8)
HEADINGS = ("Name", "Year", "Same family as", "What we noticed", *ENTRY, KEY)
OWN_HEADINGS = ("Name", "Year", "What you have noticed", *ENTRY)


@dataclass(frozen=True)
class Published:
    """A store of its own with lists of one date on record. ``rows``: child_id, name, key, school_id, family."""

    cfg: Any
    people: People
    rows: pd.DataFrame
    schools: tuple[str, str]

    def of(self, school: int) -> pd.DataFrame:
        return self.rows[self.rows["school_id"] == self.schools[school]].reset_index(drop=True)


def published(small: Any, folder: Path, *, as_of: date = AS_OF, each: int = 6) -> Published:
    """A copy of the small store, in which the first children of two schools stand on lists; the second and third are one family."""
    cfg = small.cfg.model_copy(update={"out": folder / "out", "store": folder / "store"})
    shutil.copytree(small.cfg.store_dir, cfg.store_dir, ignore=shutil.ignore_patterns("lock*"))
    store = Store.open(cfg)
    people = link(store)
    past = Past(store, people, as_of)
    roll = past.frame("enrolments").sort_values(["school_id", "child_id"]).drop_duplicates("child_id", keep="last")
    roll = roll[pd.to_datetime(roll["end_on"]).isna()]
    from early_id.features.cohort import persons

    who = persons(past)
    roll = roll[roll["child_id"].isin(who.index[who["forename"].notna() & who["surname"].notna()])]
    schools = tuple(roll["school_id"].value_counts().head(2).index.sort_values())
    parts = []
    for school in schools:
        own = roll[roll["school_id"] == school].head(each)[["child_id", "school_id"]].reset_index(drop=True)
        own["key"] = [keyed_hash(f"{child}|{as_of}|{school}", "k", length=6).upper() for child in own["child_id"]]
        own["family"] = own["key"]
        own.loc[2, "family"] = own.loc[1, "key"]
        parts.append(own)
    rows = pd.concat(parts, ignore_index=True)
    rows["name"] = [f"{who.loc[c, 'forename']} {who.loc[c, 'surname']}" for c in rows["child_id"]]
    lists = []
    for school, own in rows.groupby("school_id"):
        families = [
            {"key": f, "children": g["child_id"].tolist(), "keys": g["key"].tolist(), "since": as_of.isoformat()} for f, g in own.groupby("family")
        ]
        lists.append({"audience": "school_lead", "recipient": school, "capacity": 6, "families": families})
    body = {"as_of": as_of.isoformat(), "expires_on": "2025-12-22", "models": {"school_lead": "abc123"}, "threshold": "", "lists": lists}
    ledger(cfg.store_dir).append(LISTS, body)
    return Published(cfg, people, rows, schools)


def line(
    row: Any, decision: object = None, *, reason: object = None, day: object = "03/12/2025", role: object = "DSL", notes: object = None
) -> list[object]:
    """One line as a reader fills it in; no decision: left empty."""
    entry = [None] * 5 if decision is None else [decision, reason, day, role, notes]
    return [row["name"], "Year 5", "", "• Attendance: something", *entry, row["key"]]


def workbook(
    path: Path, lines: list[list[Any]], own: list[list[Any]] | None = None, *, headings: tuple[str, ...] = HEADINGS, order: list[int] | None = None
) -> Path:
    """A workbook as it comes back; ``order`` moves columns."""
    if order is not None:
        headings, lines = tuple(headings[i] for i in order), [[row[i] for i in order] for row in lines]
    path.parent.mkdir(parents=True, exist_ok=True)
    sheets = [
        Sheet(name="Read me first", title="Families to think about", notes=["Read this."]),
        Sheet(name=LIST, title="Families to think about", notes=["A note."], headings=headings, rows=lines),
        Sheet(name=OWN, title="Families you are thinking of", headings=OWN_HEADINGS, rows=own or []),
    ]
    return write_workbook(path, sheets, title="List", restricted=True)
