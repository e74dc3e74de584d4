"""Random small councils for Hypothesis: a few children and many awkward dates round one as-of date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from early_id.linkage import People
from early_id.schema.codes import code_list
from early_id.schema.tables import CANONICAL, Table
from early_id.testing.memory_store import MemoryStore

AS_OF = date(2025, 3, 17)
SCHOOLS = ("S1", "S2")
_ALWAYS = pd.Timestamp("2010-01-01")
#: Tables that features read, and the most rows that one council gets of each.
EVENTS = {
    "attendance": 90,
    "suspensions": 8,
    "missing_episodes": 6,
    "household_factors": 8,
    "notifications": 6,
    "contacts": 5,
    "household_members": 5,
}
#: Columns with values of their own; the others come from their code list or type.
_TEXT = {"contact_source": ("school", "police"), "household_id": ("H1", "H2"), "school_id": SCHOOLS, "outcome": ("nfa", None)}


@dataclass(frozen=True)
class Council:
    """Rows by table, people, and the cohort on ``AS_OF``."""

    rows: dict[str, list[dict[str, Any]]]
    people: People
    cohort: pd.DataFrame

    @property
    def store(self) -> MemoryStore:
        """A fresh store of the rows."""
        return MemoryStore(self.rows)


def near(as_of: date = AS_OF, before: int = 800, after: int = 60) -> st.SearchStrategy[date]:
    """Dates round ``as_of``, crowded at window edges and at the date itself."""
    edges = [0, 1, -1, 7, 8, 90, 91, 180, 365, 366, 730]
    return st.one_of(st.sampled_from(edges), st.integers(-after, before), st.integers(-2, 100)).map(lambda n: as_of - timedelta(days=n))


@st.composite
def _row(draw: st.DrawFn, table: Table, persons: tuple[str, ...]) -> dict[str, Any]:
    row: dict[str, Any] = {"source_person_id": draw(st.sampled_from(persons))}
    for column in table.columns:
        if column.name in _TEXT:
            row[column.name] = draw(st.sampled_from(_TEXT[column.name]))
        elif column.codes:
            row[column.name] = draw(st.sampled_from(code_list(column.codes).values()))
        elif column.type == "date":
            row[column.name] = draw(near()) if column.required else draw(st.none() | near())
        elif column.type == "timestamp":
            day = draw(near()) if column.required else draw(st.none() | near())
            row[column.name] = None if day is None else datetime.combine(day, time(draw(st.integers(0, 23)), 30))
        elif column.type == "integer":
            row[column.name] = draw(st.none() | st.integers(0, 12))
        elif column.type == "yes_no":
            row[column.name] = draw(st.sampled_from([True, False, None]))
        else:
            row[column.name] = None
    happened = row[table.happened]
    day = happened.date() if isinstance(happened, datetime) else happened
    lag = draw(st.sampled_from([0, 0, 1, 3, 40]))
    row["known_from"] = day + timedelta(days=lag)
    row["known_to"] = draw(st.sampled_from([None, None, None, 1, 30])) or None
    if row["known_to"] is not None:
        row["known_to"] = row["known_from"] + timedelta(days=row["known_to"])
    return row


@st.composite
def councils(draw: st.DrawFn) -> Council:
    """A council of three to five children in one or two families and two schools."""
    children = tuple(f"P{n}" for n in range(draw(st.integers(3, 5))))
    rows: dict[str, list[dict[str, Any]]] = {name: draw(st.lists(_row(CANONICAL[name], children), max_size=most)) for name, most in EVENTS.items()}
    rows["attendance"] = _one_mark_a_session(rows["attendance"])
    rows["enrolments"] = draw(st.lists(_row(CANONICAL["enrolments"], children), max_size=8))
    schools = draw(st.lists(st.sampled_from([*SCHOOLS, None]), min_size=len(children), max_size=len(children)))
    families = draw(st.lists(st.sampled_from(["F1", "F2"]), min_size=len(children), max_size=len(children)))
    links = pd.DataFrame({"source": "education", "source_person_id": children, "child_id": [f"C{p}" for p in children]})
    links = links.assign(known_from=_ALWAYS, known_to=pd.NaT, trust=1.0)
    spells = pd.DataFrame({"child_id": links["child_id"], "family_id": families})
    spells = spells.assign(from_on=_ALWAYS, to_on=pd.NaT, known_from=_ALWAYS, known_to=pd.NaT, evidence="drawn")
    spells = spells.assign(safe_contact=True, protected_address=False, no_joint_contact=False)
    cohort = pd.DataFrame({"child_id": links["child_id"], "family_id": families, "school_id": schools})
    return Council(rows, People(links, spells, key="drawn"), cohort)


def _one_mark_a_session(marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The store holds one version of a mark at a time; two open marks of one session would have no order."""
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for mark in marks:
        kept.setdefault((mark["source_person_id"], mark["date"], mark["session"]), mark)
    return list(kept.values())
