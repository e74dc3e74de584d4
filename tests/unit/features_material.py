"""Literal people and stores for the tests of ``features``: every date and every code is written out, so that answers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from early_id.core.calendar import usual_calendar
from early_id.core.types import Direction, Missing, SharingClass
from early_id.features.build import build_at
from early_id.features.catalogue import Catalogue
from early_id.features.declare import Feature, count, last_days
from early_id.features.past import Past
from early_id.linkage import People
from early_id.schema.tables import Tables
from early_id.testing.evaluator import Twin
from early_id.testing.memory_store import MemoryStore

#: A Wednesday in the spring term of 2025.
AS_OF = date(2025, 3, 19)
ALWAYS = pd.Timestamp("1900-01-01")
CALENDAR = usual_calendar()
Row = dict[str, Any]
Rows = dict[str, list[dict[str, Any]]]


def ago(days: int) -> date:
    """The day so many days before ``AS_OF``; negative after it."""
    return AS_OF - timedelta(days=days)


def feature(name: str = "made_up_90d", **more: Any) -> Feature:
    """A whole declaration with a few parts of one's own."""
    values: Row = {
        "label": "Made up", "source": "suspensions", "measure": count(), "window": last_days(90), "direction": Direction.RAISES,
        "sharing": SharingClass.EDUCATION, "theme": "suspensions", "missing": Missing.ZERO_IF_COVERED, "phrase": "Happened {value} times in {period}",
        "reason": "for a test",
    }  # fmt: skip
    return Feature(name=name, **{**values, **more})


def people(families: Mapping[str, str | None], **marks: Mapping[str, bool]) -> People:
    """Children by name, each with one record ``P<name>`` at 'education', and their family; None for no household row.

    ``marks`` are safe-contact marks: ``safe_contact={"Ann": False}``.
    """
    names = list(families)
    links = pd.DataFrame({"source": "education", "source_person_id": [f"P{n}" for n in names], "child_id": names})
    links = links.assign(known_from=ALWAYS, known_to=pd.NaT, trust=1.0)
    housed = [name for name in names if families[name] is not None]
    spells = pd.DataFrame({"child_id": housed, "family_id": [families[name] for name in housed]}, dtype="object")
    spells = spells.assign(from_on=ALWAYS, to_on=pd.NaT, known_from=ALWAYS, known_to=pd.NaT, evidence="given")
    for mark, usual in (("safe_contact", True), ("protected_address", False), ("no_joint_contact", False)):
        spells[mark] = [marks.get(mark, {}).get(name, usual) for name in housed]
    return People(links, spells, key="k")


def store(rows: Mapping[str, Sequence[Row]], *, covers: Any = None, tables: Tables | None = None) -> MemoryStore:
    """A store of rows that name their child: ``{"child": "Ann", ...}`` stands for the record ``PAnn``."""
    given = {name: [{"source_person_id": f"P{row['child']}", **{k: v for k, v in row.items() if k != "child"}} for row in items]
             for name, items in ((name, [r if "child" in r else {**r, "child": ""} for r in items]) for name, items in rows.items())}  # fmt: skip
    return MemoryStore(given, covers=covers, tables=tables)


def past(rows: Mapping[str, Sequence[Row]], who: People, as_of: date = AS_OF, **more: Any) -> Past:
    """The past of literal rows."""
    return Past(store(rows, **more), who, as_of)


def cohort(who: Mapping[str, str | None], schools: Mapping[str, str | None]) -> pd.DataFrame:
    """Cohort rows as ``build_at`` wants them, indexed by the child's name."""
    names = list(who)
    frame = pd.DataFrame({"child_id": names, "family_id": [who[n] or f"own-{n}" for n in names], "school_id": [schools.get(n) for n in names]})
    return frame.set_index(pd.Index(names, name="row"))


def answer(rows: Rows, asked: Feature, families: dict[str, str | None] | None = None, schools: dict[str, str | None] | None = None, covers: Any = None,
           ) -> dict[str, float | None]:  # fmt: skip
    """The feature of each child, None where it is not known; the engine and its twin have to agree."""
    Catalogue((asked,))
    families = families or {"Ann": None}
    moment = past(rows, people(families), covers=covers)
    who = cohort(families, schools if schools is not None else dict.fromkeys(families, "S1"))
    values = build_at(moment, who, [asked], calendar=CALENDAR).values[asked.name]
    slow = Twin(moment.store, moment.people, AS_OF, CALENDAR).frame(who, [asked])[asked.name]
    np.testing.assert_allclose(values, slow, rtol=0, atol=1e-12)
    return {child: None if np.isnan(value) else value for child, value in values.items()}
