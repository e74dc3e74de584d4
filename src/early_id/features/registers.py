"""Registers as bits: the marks of one child at one school in four weeks, a bit for each morning and afternoon, read once for all dates of a build.

What the features of a table of marks count are marks of a kind inside a window, days and weeks with one, and the longest run of them. A mark has nothing
else to tell it by than the codes that some condition reads, its day, and on which of the dates it was known. So the engine puts marks that agree in all but
the day into one integer, once, and each date has its counts from a few million integers in place of tens of millions of rows (``counted.py``).

What cannot be said so, because two marks of one moment stand in one register, is left to the engine (``compile.py``), with which ``counted.py`` has to
agree in every number (``tests/unit/test_registers.py``, ``tests/property/test_features_twin.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.calendar import SchoolCalendar
from early_id.data.engine import quote, raw, text
from early_id.features.ask import is_heard
from early_id.features.compile import columns_of_all, compile_condition, day_number, goes_by_row
from early_id.features.cut import with_stand_ins
from early_id.features.declare import Feature, Measure
from early_id.features.values import parts_of
from early_id.features.windows import span
from early_id.linkage import People
from early_id.schema.conditions import Condition, IsIn
from early_id.schema.tables import Table

if TYPE_CHECKING:
    from early_id.features.past import TableSource

_PERSON = ["source", "source_person_id"]
#: Days of one integer: whole weeks from Monday, since the day numbers of the engine begin on one.
BLOCK_DAYS = 28
SESSIONS = {"AM": 0, "PM": 1}
PER_DAY = len(SESSIONS)
#: What the engine holds while marks are read.
_PLACED = ("_lanes", "_told_apart", "_kinds", "_reached")
#: What bits can answer.
KINDS = frozenset({"count", "any_", "share", "days", "weeks", "days_since_last", "days_since_first", "mean_gap", "longest_run"})
#: More kinds of mark than this are no list of codes.
_MOST_KINDS = 1_000


def by_bits(measure: Measure) -> bool:
    """Whether bits can answer a measure (of a change or a comparison, the one within it)."""
    return measure.kind in KINDS and not goes_by_row(measure)


@dataclass(frozen=True, repr=False)
class Registers:
    """The marks of one table. The arrays are of equal length, in order of lane and block.

    ``lanes`` has a row for each child's place in a register (source, source_person_id, school_id); ``truth`` says of each condition for which kinds of mark it
    holds. A mark is known on the date with the number ``i`` where ``known <= i < replaced``.
    """

    table: Table
    dates: tuple[date, ...]
    lanes: pd.DataFrame
    truth: Mapping[Condition | None, np.ndarray]
    lane: np.ndarray
    block: np.ndarray
    kind: np.ndarray
    known: np.ndarray
    replaced: np.ndarray
    bits: np.ndarray
    #: The last that was asked for: all groups of features of a date ask one after another.
    _linked: list[tuple[People, np.ndarray, np.ndarray]] = field(default_factory=list, init=False, compare=False)
    _seen: dict[tuple[date, int], View | None] = field(default_factory=dict, init=False, compare=False)

    @cached_property
    def schools(self) -> pd.Index:
        """The schools of all lanes, once each."""
        return pd.Index(self.lanes["school_id"].dropna().unique())

    @cached_property
    def school_of(self) -> np.ndarray:
        """The number of each lane's school; -1 where there is none."""
        return self.schools.get_indexer(self.lanes["school_id"])

    def by_link(self, people: People) -> tuple[np.ndarray, np.ndarray]:
        """Lanes in order of the link (a row of ``people.person_links``) whose record they are of, and where each link's begin: one more than there are links."""
        if not self._linked or self._linked[0][0] is not people:
            links = people.person_links[_PERSON].reset_index(drop=True).rename_axis("link").reset_index()
            lanes = self.lanes[_PERSON].assign(lane=np.arange(len(self.lanes)))
            both = links.merge(lanes, on=_PERSON).sort_values("link", kind="stable")
            self._linked[:] = [(people, both["lane"].to_numpy(), np.searchsorted(both["link"].to_numpy(), np.arange(len(links) + 1)))]
        return self._linked[0][1:]

    def on(self, as_of: date, settling_days: int) -> View | None:
        """The registers as known on one of the dates; None where two marks of one moment stand in one register, or the date is none of those."""
        asked = (as_of, settling_days)
        if asked not in self._seen:
            self._seen.clear()
            self._seen[asked] = self._known_on(as_of, as_of - timedelta(days=settling_days)) if as_of in self.dates else None
        return self._seen[asked]

    def forget(self) -> None:
        """Let go of what was made for the last date: as much memory again as the registers themselves."""
        self._seen.clear()

    def _known_on(self, as_of: date, settled: date) -> View | None:
        number, last = self.dates.index(as_of), day_number(as_of)
        rows = (self.known <= number) & (number < self.replaced) & (self.block <= last // BLOCK_DAYS)
        lane, block, kind, bits = self.lane[rows], self.block[rows], self.kind[rows], self.bits[rows]
        if self.table.provisional is not None:
            column, codes = self.table.provisional
            bits = np.where(self.truth[IsIn(column, codes)][kind], bits & days_of(block, 0, day_number(settled)), bits)
        bits = bits & days_of(block, 0, last)
        left = bits != 0
        return View.of(self, lane[left], block[left], kind[left], bits[left])


@dataclass(frozen=True, repr=False)
class View:
    """The registers as known on one date. A cell is one lane in one block; ``start`` says where its integers begin, one for each kind of mark."""

    registers: Registers
    kind: np.ndarray
    bits: np.ndarray
    start: np.ndarray
    lane: np.ndarray  #: of each cell
    block: np.ndarray  #: of each cell
    first_cell: np.ndarray  #: by lane, and one more: where its cells begin
    _cells: dict[bytes, np.ndarray] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, registers: Registers, lane: np.ndarray, block: np.ndarray, kind: np.ndarray, bits: np.ndarray) -> View | None:
        """The view of integers in order of lane and block; None where two of them have a moment in common."""
        begins = np.ones(len(lane), dtype=bool)
        begins[1:] = (lane[1:] != lane[:-1]) | (block[1:] != block[:-1])
        start = np.flatnonzero(begins)
        cells = lane[start]
        view = cls(registers, kind, bits, start, cells, block[start], np.searchsorted(cells, np.arange(len(registers.lanes) + 1)))
        if (
            len(start)
            and np.bitwise_count(view.met(np.ones(len(next(iter(registers.truth.values()))), dtype=bool))).sum() != np.bitwise_count(bits).sum()
        ):
            return None
        return view

    def met(self, kinds: np.ndarray) -> np.ndarray:
        """Of each cell, the moments with a mark of one of ``kinds`` (a boolean for each)."""
        key = kinds.tobytes()
        if key not in self._cells:
            if len(self._cells) >= _MOST_CELLS:
                del self._cells[next(iter(self._cells))]
            self._cells[key] = (
                np.bitwise_or.reduceat(np.where(kinds[self.kind], self.bits, np.uint64(0)), self.start) if len(self.start) else self.bits
            )
        return self._cells[key]


#: Answers that a view keeps: conditions come in turn, and each is some ten bytes a cell.
_MOST_CELLS = 6


def days_of(block: np.ndarray, start: int, end: int) -> np.ndarray:
    """Of each block the bits of the days from the day number ``start`` to before ``end``."""
    if not len(block):
        return np.zeros(0, dtype=np.uint64)
    first, last = int(block.min()), int(block.max())
    masks = [_first_days(end - BLOCK_DAYS * number) & ~_first_days(start - BLOCK_DAYS * number) for number in range(first, last + 1)]
    return np.array(masks, dtype=np.uint64)[block - first]


def _first_days(days: int) -> int:
    """An integer with the bits of the first ``days`` days of a block."""
    return (1 << PER_DAY * min(max(days, 0), BLOCK_DAYS)) - 1


def registers_of(
    store: TableSource, features: Iterable[Feature], dates: Sequence[date], calendar: SchoolCalendar, rules: FeatureSettings
) -> dict[str, Registers]:
    """Table → its marks as bits, for features on ``dates``. Only tables of marks, of which every child has hundreds, and only where DuckDB answers."""
    if store.backend.name != "duckdb" or is_heard():
        return {}
    windows: dict[str, list[tuple[date, Measure]]] = {}
    for feature in features:
        for part in parts_of(feature, ""):
            if by_bits(part.measure):
                windows.setdefault(feature.source, []).extend((span(part.window, day, calendar)[0], part.measure) for day in dates)
    days = tuple(sorted(set(dates)))
    try:
        found = {
            name: _read(store, store.tables[name], [measure for _, measure in asked], days, min(start for start, _ in asked))
            for name, asked in windows.items()
            if store.has(name) and _can_be(store.tables[name])
        }
    finally:
        _let_go(store.backend)
    return {name: registers for name, registers in found.items() if registers is not None}


def _let_go(backend: Any) -> None:
    """Take from the engine what was placed while marks were read."""
    connection = raw(backend)
    connection.execute("DROP VIEW IF EXISTS temp._marks")
    for name in _PLACED:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _can_be(table: Table) -> bool:
    """Marks, whose rows are judged by themselves: nothing of a row becomes known later, and no row is hidden for what it says."""
    return table.covered_by == "rows" and table.has_person and not table.later and table.shown is None


def _read(store: TableSource, table: Table, measures: list[Measure], dates: tuple[date, ...], earliest: date) -> Registers | None:
    import ibis

    conditions: list[Condition] = list(dict.fromkeys(c for measure in measures for c in (measure.of, measure.among) if c is not None))
    if table.provisional is not None:
        conditions.append(IsIn(*table.provisional))
    columns = sorted(columns_of_all(measures, table) | ({table.provisional[0]} if table.provisional else set()))
    backend, connection = store.backend, raw(store.backend)
    rows = with_stand_ins(store.table(table.name), table)
    rows = rows.filter(rows.happened_on >= ibis.literal(earliest, type="date"), rows.happened_on < ibis.literal(dates[-1], type="date"))
    rows = rows.filter(rows.known_from < ibis.literal(dates[-1], type="date"))
    rows = rows.filter(rows.known_to.isnull() | (rows.known_to >= ibis.literal(dates[0], type="date")))
    school = ["school_id"] if "school_id" in table else []
    own = [*_PERSON, *school]
    sessions = ["session"] if "session" in table else []
    used = rows.select(*dict.fromkeys((*own, *columns, *sessions, "happened_on", "known_from", "known_to")))
    connection.execute(f"CREATE OR REPLACE TEMP VIEW _marks AS {backend.compile(used)}")
    truth = _truth(backend, conditions, columns)
    if truth is None:
        return None
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _lanes AS SELECT (row_number() OVER () - 1)::INTEGER AS lane, * FROM (SELECT DISTINCT {_listed(own)} FROM _marks)"
    )
    session = f"CASE m.session {' '.join(f'WHEN {text(name)} THEN {place}' for name, place in SESSIONS.items())} END" if sessions else "0"
    epoch = f"(m.happened_on - DATE '{date(1900, 1, 1)}')"
    _place_reached(connection, dates)
    read = connection.execute(
        f"SELECT l.lane, ({epoch} // {BLOCK_DAYS})::SMALLINT AS block, k._kind::SMALLINT AS kind, f.reached::SMALLINT AS known, "
        f"(CASE WHEN m.known_to IS NULL THEN {len(dates)} ELSE t.reached END)::SMALLINT AS replaced, bit_or(1::UBIGINT << ({epoch} % {BLOCK_DAYS} * {PER_DAY} + {session})::UBIGINT) AS bits, count(*) AS marks "
        f"FROM _marks AS m JOIN _lanes AS l ON {_same('l', own)} JOIN _kinds AS k ON {_same('k', columns)} "
        "LEFT JOIN _reached AS f ON f.day = m.known_from::DATE LEFT JOIN _reached AS t ON t.day = m.known_to::DATE "
        "GROUP BY ALL HAVING coalesce(known < replaced, true) ORDER BY lane, block"
    ).fetchnumpy()
    lanes = connection.execute(f"SELECT {_listed(own)} FROM _lanes ORDER BY lane").df()
    # A mark in neither session, or a second one of its kind at the same moment, has no bit of its own; and of which nobody can tell when it was known is not guessed.
    if any(np.ma.is_masked(read[name]) for name in read) or (np.bitwise_count(read["bits"]) != read["marks"]).any():
        return None
    arrays = {name: np.asarray(read[name]) for name in ("lane", "block", "kind", "known", "replaced", "bits")}
    return Registers(table=table, dates=dates, lanes=lanes, truth=truth, **arrays)


def _truth(backend: Any, conditions: list[Condition], columns: list[str]) -> dict[Condition | None, np.ndarray] | None:
    """For which kinds of mark each condition holds, as the engine compiles it; kinds, by what the conditions read, are placed as ``_kinds``."""
    connection = raw(backend)
    listed = _listed(columns) or "1 AS nothing"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _told_apart AS SELECT (row_number() OVER () - 1)::INTEGER AS _place, * FROM (SELECT DISTINCT {listed} FROM _marks)"
    )
    rows = backend.table("_told_apart")
    held = (
        rows.select("_place", **{f"_c{n}": compile_condition(condition, rows) for n, condition in enumerate(conditions)}).order_by("_place").execute()
    )
    if len(held) > _MOST_KINDS:
        return None
    # Kinds that no condition tells apart are one.
    facts = held.assign(_place=True).to_numpy(dtype=bool)
    kinds, kind_of = np.unique(facts, axis=0, return_inverse=True)
    connection.register("_kind_of", pd.DataFrame({"_place": held["_place"].to_numpy(), "_kind": kind_of.reshape(-1)}))
    connection.execute("CREATE OR REPLACE TEMP TABLE _kinds AS SELECT * FROM _told_apart JOIN _kind_of USING (_place)")
    connection.unregister("_kind_of")
    return {condition: kinds[:, n] for n, condition in enumerate((None, *conditions))}


def _place_reached(connection: Any, dates: tuple[date, ...]) -> None:
    """Day → how many of ``dates`` it has reached, of every day on which a mark became known or was replaced."""
    days = connection.execute(
        "SELECT known_from::DATE FROM _marks WHERE known_from IS NOT NULL UNION SELECT known_to::DATE FROM _marks WHERE known_to IS NOT NULL"
    ).fetchall()
    known = pd.DataFrame({"day": pd.to_datetime([day for (day,) in days])})
    known["reached"] = np.searchsorted(pd.DatetimeIndex(dates).to_numpy(), known["day"].to_numpy(), side="right").astype("int16")
    connection.register("_reached_on", known)
    connection.execute("CREATE OR REPLACE TEMP TABLE _reached AS SELECT day::DATE AS day, reached FROM _reached_on")
    connection.unregister("_reached_on")


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(quote(name) for name in columns)


def _same(alias: str, columns: Sequence[str]) -> str:
    """A join that holds where columns agree, empty with empty."""
    return " AND ".join(f"{alias}.{quote(name)} IS NOT DISTINCT FROM m.{quote(name)}" for name in columns) or "true"
