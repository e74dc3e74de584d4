"""Random small councils for Hypothesis: a few families with records enough to answer every feature, and awkward dates round one as-of date.

A list that Hypothesis fills by itself is short: three marks in a whole council, so that no share of absence was ever known. So each child gets
blocks of marks and each table several rows, made from one drawn seed; beside them stand rows that Hypothesis draws, and shrinks, one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, TypeAlias

import pandas as pd
from hypothesis import strategies as st

from early_id.linkage import People
from early_id.schema.codes import code_list
from early_id.schema.columns import Column
from early_id.schema.tables import CANONICAL, Table
from early_id.testing.memory_store import Cover, MemoryStore

AS_OF = date(2025, 3, 17)
SCHOOLS = ("S1", "S2", "S3")
#: Whose records each child may have: (source, id at the source) → child, for children C0, C1, …
SOURCES = ("education", "care")
_ALWAYS = pd.Timestamp("2010-01-01")
#: Children at S1 in Year 7 about whom nobody asks, enough for a comparison with the year group.
CLASSMATES = 10
#: Tables that features read, and how many rows of each a council has for each child, on average.
EVENTS = {
    "attendance": 6,
    "suspensions": 7,
    "missing_episodes": 3,
    "household_factors": 8,
    "notifications": 5,
    "contacts": 3,
    "household_members": 2,
    "enrolments": 2,
    "education_status": 2,
    "early_help": 3,
}
#: Columns with values of their own; the others come from their code list or type.
_TEXT = {
    "contact_source": ("school", "police", "family"),
    # Housing's own indicators among more than forty factors would hardly ever be drawn.
    "factor": (*code_list("household_factor").values(), *code_list("housing_finance").values() * 4),
    "household_id": ("H1", "H2"),
    "school_id": SCHOOLS,
    "nc_year": ("7", "8"),
    "outcome": ("nfa", None),
}
#: Window edges and the days beside them.
_EDGES = (0, 1, -1, 6, 7, 8, 41, 42, 43, 89, 90, 91, 179, 180, 181, 364, 365, 366, 729, 730, 731)
#: Marks of a block: mostly present, some absence of each kind, and now and then any code of the list.
_MARKS = ("/",) * 5 + ("\\",) * 3 + ("I", "I", "O", "O", "L", "U", "C2", "B", "K", "N", "-", "R", "T", "E", "S", "Y5")

Pick: TypeAlias = Callable[[tuple[Any, ...]], Any]
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Council:
    """Rows by table, people, the cohort on ``AS_OF``, what sources cover (everything, where nothing is said), and the seed it was made from.

    Only the seed is printed: Hypothesis shows the fields of a failing council, which would be thousands of lines.
    """

    rows: dict[str, list[Row]] = field(repr=False)
    people: People = field(repr=False)
    cohort: pd.DataFrame = field(repr=False)
    covers: tuple[Cover, ...] | None = field(default=None, repr=False)
    seed: int | None = None

    @property
    def store(self) -> MemoryStore:
        """A fresh store of the rows."""
        return MemoryStore(self.rows, covers=self.covers)


def near(as_of: date = AS_OF, before: int = 800, after: int = 60) -> st.SearchStrategy[date]:
    """Dates round ``as_of``, crowded at window edges and at the date itself."""
    return st.one_of(st.sampled_from(_EDGES), st.integers(-after, before), st.integers(-2, 100)).map(lambda n: as_of - timedelta(days=n))


def _some_day(random: Random) -> date:
    """As ``near``, from a seed."""
    return AS_OF - timedelta(days=random.choice((random.choice(_EDGES), random.randint(-60, 800), random.randint(-2, 100))))


def _row(table: Table, persons: list[tuple[str, str]], pick: Pick, day: Callable[[], date]) -> Row:
    """One row; ``pick`` chooses among values, ``day`` gives a date."""
    source, person = pick(tuple(persons))
    row: Row = {"source": source, "source_person_id": person}
    for column in table.columns:
        row[column.name] = _value(column, pick, day)
    happened = row[table.happened]
    on = happened.date() if isinstance(happened, datetime) else happened
    row["known_from"] = on + timedelta(days=pick((0, 0, 1, 1, 3, 40)))
    held = pick((None, None, None, None, 1, 30))
    row["known_to"] = None if held is None else row["known_from"] + timedelta(days=held)
    return row


def _value(column: Column, pick: Pick, day: Callable[[], date]) -> Any:
    empty = not column.required and pick((False, False, True))
    if column.name in _TEXT:
        return pick(_TEXT[column.name])
    if column.codes:
        return None if empty else pick(code_list(column.codes).values())
    match column.type:
        case "date":
            return None if empty else day()
        case "timestamp":
            return None if empty else datetime.combine(day(), time(pick((0, 9, 23)), 30))
        case "integer":
            return None if empty else pick(tuple(range(13)))
        case "number":
            return None if empty else pick((-0.375, 0.0, 0.123, 7.001, 72.5, 1234.567))
        case "yes_no":
            return pick((True, False, None))
        case _:
            return None


def _marks(random: Random, person: tuple[str, str], school: str) -> list[Row]:
    """Two blocks of marks of one child, one near the date and one in the time before: both sessions of each weekday, some of them corrected."""
    rows: list[Row] = []
    for newest, longest in ((random.choice((0, 1, 5, 40)), 30), (random.choice((85, 90, 100)), 25)):
        palette = random.sample(_MARKS, 6) if random.random() < 0.7 else code_list("attendance").values()
        for n in range(newest, newest + random.randint(14, longest)):
            on = AS_OF - timedelta(days=n)
            if on.weekday() > 4:
                continue
            for session in ("AM", "PM"):
                mark = {"source": person[0], "source_person_id": person[1], "school_id": school, "date": on, "session": session}
                rows += _versions(random, {**mark, "code": random.choice(palette), "known_from": on, "known_to": None}, palette)
    return rows


def _some_marks(random: Random, person: str) -> list[Row]:
    """Marks of a classmate at S1: every third morning of the last weeks and of a year ago."""
    mark = {"source": "education", "source_person_id": person, "school_id": "S1", "session": "AM", "known_to": None}
    days = [AS_OF - timedelta(days=n) for n in (*range(1, 42, 3), *range(300, 320, 3))]
    return [{**mark, "date": day, "code": random.choice(_MARKS), "known_from": day} for day in days if day.weekday() < 5]


def _versions(random: Random, mark: Row, palette: tuple[str, ...] | list[str]) -> list[Row]:
    """The mark, or now and then the mark and its correction some days later."""
    if random.random() > 0.1:
        return [mark]
    corrected = mark["date"] + timedelta(days=random.choice((1, 4, 30, 95)))
    return [{**mark, "known_to": corrected}, {**mark, "code": random.choice(palette), "known_from": corrected}]


@st.composite
def councils(draw: st.DrawFn) -> Council:
    """A council of four to eight children in up to three families and three schools, with records from two sources."""
    children = [f"C{n}" for n in range(draw(st.integers(4, 8)))]
    seed = draw(st.integers(0, 2**32))
    random = Random(seed)
    # Classmates are linked and on a roll, and nobody asks about them: what the year group does is known by their marks.
    mates = [f"M{n}" for n in range(CLASSMATES)]
    links = _links(children, random)
    persons = list(zip(links["source"], links["source_person_id"], strict=True))
    schools = [draw(st.sampled_from([*SCHOOLS, *SCHOOLS, None])) for _ in children]
    families = [draw(st.sampled_from(["F1", "F2", "F3"])) for _ in children]
    rows = {name: _some_rows(draw, random, CANONICAL[name], persons, per_child * len(children)) for name, per_child in EVENTS.items()}
    for child, school in zip(children, schools, strict=True):
        if draw(st.sampled_from([True, True, True, False])):
            rows["attendance"] += _marks(random, ("education", f"P{child}"), school or "S1")
            rows["enrolments"].append(_on_roll(f"P{child}", school or "S1", random))
    if random.random() < 0.7:
        rows["attendance"] += [mark for n in range(CLASSMATES) for mark in _some_marks(random, f"PM{n}")]
        rows["enrolments"] += [{**_on_roll(f"PM{n}", "S1", random), "nc_year": "7"} for n in range(CLASSMATES)]
    rows["attendance"] = _one_mark_a_session(rows["attendance"])
    rows = _suppliers(random, rows)
    cohort = pd.DataFrame({"child_id": children, "family_id": families, "school_id": schools})
    links = pd.concat([links, _linked([("education", f"P{mate}", mate, _ALWAYS, pd.NaT, 1.0) for mate in mates])], ignore_index=True)
    return Council(rows, People(links, _spells(cohort, random), key="drawn"), cohort, _covers(random), seed)


def _some_rows(draw: st.DrawFn, random: Random, table: Table, persons: list[tuple[str, str]], most: int) -> list[Row]:
    """Rows from the seed, and a few that Hypothesis draws."""
    seeded = [_row(table, persons, random.choice, lambda: _some_day(random)) for _ in range(random.randint(most // 2, most))]
    return seeded + [
        _row(table, persons, lambda options: draw(st.sampled_from(options)), lambda: draw(near())) for _ in range(draw(st.integers(0, 2)))
    ]


def _on_roll(person: str, school: str, random: Random) -> Row:
    start = AS_OF - timedelta(days=random.choice((20, 200, 900)))
    year = random.choice(("7", "7", "8"))
    return {"source": "education", "source_person_id": person, "school_id": school, "start_on": start, "known_from": start, "nc_year": year}


def _links(children: list[str], random: Random) -> pd.DataFrame:
    """Each child at one source or both; now and then a link that became known, or was taken back, near the date."""
    rows = []
    for child in children:
        for source in SOURCES:
            if source == "care" and random.random() < 0.5:
                continue
            since, until = _ALWAYS, pd.NaT
            if source == "care" and random.random() < 0.4:
                since = pd.Timestamp(AS_OF - timedelta(days=random.choice((-1, 0, 1))))
            elif source == "care" and random.random() < 0.4:
                until = pd.Timestamp(AS_OF + timedelta(days=random.choice((-1, 0, 1))))
            rows.append((source, f"P{child}" if source == "education" else f"Q{child}", child, since, until, 1.0))
    return _linked(rows)


def _linked(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["source", "source_person_id", "child_id", "known_from", "known_to", "trust"])


def _spells(cohort: pd.DataFrame, random: Random) -> pd.DataFrame:
    """The families of the cohort; now and then a spell that is over or not known yet, so that the child is not family on the date."""
    spells = cohort[["child_id", "family_id"]].assign(from_on=_ALWAYS, to_on=pd.NaT, known_from=_ALWAYS, known_to=pd.NaT, evidence="drawn")
    moment = pd.Timestamp(AS_OF)
    for name in ("to_on", "known_from"):
        shifted = [moment + pd.Timedelta(days=random.choice((-1, 0, 1))) if random.random() < 0.1 else value for value in spells[name]]
        spells[name] = pd.to_datetime(pd.Series(shifted, index=spells.index))
    return spells.assign(safe_contact=True, protected_address=False, no_joint_contact=False)


def _covers(random: Random) -> tuple[Cover, ...]:
    """What each source covers: mostly everything, now and then nothing, from or to a day near the limits, or from a day that nobody states."""
    rows: list[Cover] = []
    for name in EVENTS:
        for source in SOURCES:
            first: date | None = date(2015, 1, 1)
            last = AS_OF + timedelta(days=30)
            if random.random() < 0.25:
                first = AS_OF - timedelta(days=random.choice((0, 27, 28, 302, 303, 304, 668, 669)))
            elif random.random() < 0.25:
                first = None
            if random.random() < 0.25:
                last = AS_OF - timedelta(days=random.choice((0, 61, 62, 63)))
            if source == "education" or random.random() < 0.3:
                rows.append((source, name, first, last, random.choice((None, None, "all", "sent", ["S1"], ["S2", "S3"]))))
    return tuple(row for row in rows if random.random() < 0.9)


def _suppliers(random: Random, rows: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows as several suppliers send them: some send only some kinds, some schools send nothing, and rows come in files of one school or of all.

    Without this nearly every source sends nearly every kind and school, and coverage would never be told apart by them.
    """
    for name, column in (("household_factors", "factor"), ("notifications", "kind")):
        codes = code_list(CANONICAL[name][column].codes or "").values()
        kept = {source: set(random.sample(codes, random.choice((1, len(codes) // 2, len(codes), len(codes))))) for source in SOURCES}
        rows[name] = [row for row in rows[name] if row[column] in kept[row["source"]]]
    silent = random.choice(((), (), *((school,) for school in SCHOOLS), SCHOOLS))
    by_school = random.random() < 0.5
    rows["suspensions"] = [
        {**row, "file": f"{row['school_id']}.csv" if by_school else "all.csv"} for row in rows["suspensions"] if row["school_id"] not in silent
    ]
    return rows


def _one_mark_a_session(marks: list[Row]) -> list[Row]:
    """A school holds one version of a mark at a time: of two that overlap, the first stays."""
    kept: dict[tuple[Any, ...], list[Row]] = {}
    for mark in marks:
        same = kept.setdefault((mark["source"], mark["source_person_id"], mark["school_id"], mark["date"], mark["session"]), [])
        if all(_apart(mark, other) for other in same):
            same.append(mark)
    return [mark for same in kept.values() for mark in same]


def _apart(one: Row, other: Row) -> bool:
    return any(a["known_to"] is not None and a["known_to"] <= b["known_from"] for a, b in ((one, other), (other, one)))
