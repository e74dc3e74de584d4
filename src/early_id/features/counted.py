"""Measures counted from registers as bits (``registers.py``): the same integers as the engine's (``compile.aggregates``, ``compile.longest_run``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.features.compile import day_number
from early_id.features.declare import Measure
from early_id.features.registers import BLOCK_DAYS, PER_DAY, View, days_of

if TYPE_CHECKING:
    from early_id.features.scope import Scope

_ONE = np.uint64(1)
#: The morning of each day of a block, and the first moment of each of its weeks.
_MORNINGS = np.uint64(sum(1 << PER_DAY * day for day in range(BLOCK_DAYS)))
_WEEK = 7 * PER_DAY
_WHOLE_WEEK = np.uint64((1 << _WEEK) - 1)


#: Windows that are kept for the next measure: each is eight bytes a cell, of which there are some thirty a child and year.
_MOST_SPANS = 3


@dataclass(frozen=True, repr=False)
class Seen:
    """Cells of a view as they count for some people: ``cell`` in order of person and, within a person, of time.

    ``person`` has the number of each of those who have any, and ``start`` where their cells begin.
    """

    view: View
    people: int
    cell: np.ndarray
    person: np.ndarray
    start: np.ndarray
    several: bool  #: whether anybody stands in more than one register
    _spans: dict[tuple[int, int], np.ndarray] = field(default_factory=dict, init=False, compare=False)
    _counts: dict[tuple[bytes, int, int], np.ndarray] = field(default_factory=dict, init=False, compare=False)
    _marks: dict[tuple[bytes, int, int], np.ndarray] = field(default_factory=dict, init=False, compare=False)

    @classmethod
    def of(cls, view: View, people: int, person: np.ndarray, lane: np.ndarray) -> Seen:
        """Cells of ``lane`` as they count for ``person``, of which each is a number below ``people``; a lane may count for several."""
        order = np.argsort(person, kind="stable")
        person, lane = person[order], lane[order]
        first = view.first_cell[lane]
        length = view.first_cell[lane + 1] - first
        ends = np.cumsum(length)
        cell = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - length), length)
        whose = np.repeat(person, length)
        several = bool((person[1:] == person[:-1]).any())
        if several:
            # Somebody stands in several registers: their cells in order of time, for days and runs that go across.
            order = np.lexsort((view.block[cell], whose))
            cell, whose = cell[order], whose[order]
        start = _begins(whose)
        return cls(view, people, cell, whose[start], start, several)

    def inside(self, start: int, end: int) -> np.ndarray:
        """Of each cell the moments of the days ``[start, end)``."""
        if (start, end) not in self._spans:
            if len(self._spans) >= _MOST_SPANS:
                del self._spans[next(iter(self._spans))]
            self._spans[start, end] = days_of(self.view.block, start, end)[self.cell]
        return self._spans[start, end]

    def marks(self, kinds: np.ndarray, start: int, end: int) -> np.ndarray:
        """Of each cell the moments of the days ``[start, end)`` with a mark of one of ``kinds``."""
        key = (kinds.tobytes(), start, end)
        if key not in self._marks:
            self._marks.clear()  # the last is asked for again: how many, and when
            self._marks[key] = self.view.met(kinds)[self.cell] & self.inside(start, end)
        return self._marks[key]

    def count(self, kinds: np.ndarray, start: int, end: int) -> np.ndarray:
        """Number of marks of each of the people."""
        key = (kinds.tobytes(), start, end)
        if key not in self._counts:
            self._counts[key] = self._summed(np.bitwise_count(self.marks(kinds, start, end)))
        return self._counts[key]

    def newest(self, kinds: np.ndarray, start: int, end: int) -> np.ndarray:
        """Day number of the newest mark; NaN where there is none."""
        return self._extreme(self.marks(kinds, start, end), last=True)

    def oldest(self, kinds: np.ndarray, start: int, end: int) -> np.ndarray:
        """Day number of the oldest mark; NaN where there is none."""
        return self._extreme(self.marks(kinds, start, end), last=False)

    def days(self, kinds: np.ndarray, start: int, end: int) -> np.ndarray:
        """Number of days with a mark."""
        marks = self._joined(self.marks(kinds, start, end))
        return self._of_blocks(np.bitwise_count((marks | marks >> _ONE) & _MORNINGS))

    def weeks(self, kinds: np.ndarray, start: int, end: int) -> np.ndarray:
        """Number of weeks from Monday to Sunday with a mark."""
        marks = self._joined(self.marks(kinds, start, end))
        return self._of_blocks(
            sum((((marks >> np.uint64(shift)) & _WHOLE_WEEK) != 0).astype("uint8") for shift in range(0, BLOCK_DAYS * PER_DAY, _WEEK))
        )

    def longest_run(self, of: np.ndarray, among: np.ndarray, start: int, end: int) -> np.ndarray:
        """Most consecutive marks of ``among`` that are all of ``of``; of several at one moment those that are not come first."""
        hits, others = self.marks(of & among, start, end), self.marks(among & ~of, start, end)
        block = self.view.block[self.cell]
        blocks = int(block.max()) - int(block.min()) + 1 if len(block) else 0
        best = np.zeros(len(self.start), dtype="int32")
        run = np.zeros(len(self.start), dtype="int32")
        owner = np.repeat(np.arange(len(self.start)), np.diff(np.append(self.start, len(self.cell))))
        for number in range(blocks):
            here = np.flatnonzero(block == block.min() + number)
            layers = _layers(owner[here])
            hit, other = (np.zeros((layers.max(initial=-1) + 1, len(best)), dtype=np.uint64) for _ in range(2))
            hit[layers, owner[here]], other[layers, owner[here]] = hits[here], others[here]
            either = int(np.bitwise_or.reduce(hit | other, axis=None)) if hit.size else 0
            broken = np.bitwise_or.reduce(other, axis=0)
            for place in range(BLOCK_DAYS * PER_DAY):
                if either >> place & 1:
                    run[(broken >> np.uint64(place) & _ONE).astype(bool)] = 0
                    for layer in hit:
                        run += (layer >> np.uint64(place) & _ONE).astype("int32")
                    np.maximum(best, run, out=best)
        return self._placed(best, 0.0)

    def _joined(self, marks: np.ndarray) -> np.ndarray:
        """Marks of one person and block, of whatever register, as one."""
        return np.bitwise_or.reduceat(marks, self._block_start) if len(marks) and self.several else marks

    @cached_property
    def _block_start(self) -> np.ndarray:
        """Where the cells of each person and block begin."""
        begins = np.zeros(len(self.cell), dtype=bool)
        begins[self.start] = True
        block = self.view.block[self.cell]
        begins[1:] |= block[1:] != block[:-1]
        return np.flatnonzero(begins)

    @cached_property
    def _joined_start(self) -> np.ndarray:
        """Where each person begins among what was joined."""
        return np.searchsorted(self._block_start, self.start) if self.several else self.start

    def _of_blocks(self, numbers: np.ndarray) -> np.ndarray:
        """Sums by person of what was counted by person and block."""
        return self._placed(np.add.reduceat(numbers, self._joined_start, dtype="int64") if len(numbers) else numbers, 0.0)

    def _summed(self, numbers: np.ndarray) -> np.ndarray:
        return self._placed(np.add.reduceat(numbers, self.start, dtype="int64") if len(numbers) else numbers, 0.0)

    def _extreme(self, marks: np.ndarray, *, last: bool) -> np.ndarray:
        """Day of the newest or oldest mark."""
        marks = self._joined(marks)
        if not len(marks):
            return self._placed(marks, np.nan)
        nowhere = -1 if last else len(marks)
        chosen = (np.maximum if last else np.minimum).reduceat(np.where(marks != 0, np.arange(len(marks)), nowhere), self._joined_start)
        found = chosen != nowhere
        bits, cell = marks[chosen[found]], self.cell[self._block_start[chosen[found]] if self.several else chosen[found]]
        # The place of the highest bit, or of the lowest alone, as the exponent of a float: a power of two is exact.
        place = np.frexp(_highest(bits if last else bits & (~bits + _ONE)).astype("float64"))[1] - 1
        day = np.full(len(chosen), np.nan)
        day[found] = self.view.block[cell].astype("int64") * BLOCK_DAYS + place // PER_DAY
        return self._placed(day, np.nan)

    def _placed(self, values: np.ndarray, otherwise: float) -> np.ndarray:
        """By number of person; ``otherwise`` for those without any mark."""
        result = np.full(self.people, otherwise)
        result[self.person] = values
        return result


def _begins(values: np.ndarray) -> np.ndarray:
    """Where a new value begins in an ordered array."""
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if len(values) else np.zeros(0, dtype="int64")


def _layers(owner: np.ndarray) -> np.ndarray:
    """0 for the first of each owner in an ordered array, 1 for the second, and so on."""
    start = _begins(owner)
    return np.arange(len(owner)) - np.repeat(start, np.diff(np.append(start, len(owner))))


def _highest(bits: np.ndarray) -> np.ndarray:
    """Only the highest bit of each integer."""
    spread = bits
    for shift in (1, 2, 4, 8, 16, 32):
        spread = spread | spread >> np.uint64(shift)
    return spread & ~(spread >> _ONE)


def seen_by(scope: Scope, person: np.ndarray, link: np.ndarray, school: pd.Series, people: int) -> Seen | None:
    """The registers of a scope's table as they count for people, by number; None where the engine has to answer.

    ``link`` has the number of the link (``Past.links``) by which a record counts for a person, and ``school`` the only school whose register counts, where
    the scope is of the present school's rows.
    """
    registers = scope.past.registers.get(scope.table.name)
    view = registers.on(scope.past.as_of, scope.settings.settling_days) if registers is not None else None
    if registers is None or view is None:
        return None
    lanes, first = registers.by_link(scope.past.people)
    number = first[link + 1] - first[link]
    pair = np.repeat(np.arange(len(link)), number)
    lane = lanes[np.arange(len(pair)) - np.repeat(np.cumsum(number) - number, number) + np.repeat(first[link], number)]
    if scope.own_school_only and "school_id" in registers.lanes:
        own = registers.schools.get_indexer(school)[pair]
        same = (own >= 0) & (own == registers.school_of[lane])
        pair, lane = pair[same], lane[same]
    return Seen.of(view, people, person[pair], lane)


def counted(seen: Seen, measures: Iterable[tuple[str, Measure, date, date]]) -> dict[str, np.ndarray]:
    """The integers of each measure over ``[start, end)`` under its prefix, by number of person, as ``compile.aggregates`` and ``longest_run`` name them."""
    found: dict[str, np.ndarray] = {}
    for prefix, measure, first, after in measures:
        found |= {f"{prefix}_{name}": values for name, values in _of(seen, measure, max(day_number(first), 0), day_number(after)).items()}
    return found


def _of(seen: Seen, measure: Measure, start: int, end: int) -> dict[str, np.ndarray]:
    truth = seen.view.registers.truth
    of, among = truth[measure.of], truth[measure.among]
    if measure.kind in ("share", "longest_run"):
        both = {"m": seen.count(among, start, end)}
        if measure.kind == "share":
            return {**both, "n": seen.count(of & among, start, end), "newest": seen.newest(among, start, end)}
        return {**both, "n": seen.longest_run(of, among, start, end), "newest": seen.newest(of & among, start, end)}
    parts = {"hits": seen.count(of, start, end), "rows": seen.count(among, start, end), "newest": seen.newest(of, start, end)}
    if measure.kind in ("count", "any_"):
        parts["n"] = parts["hits"]
    elif measure.kind == "days":
        parts["n"] = seen.days(of, start, end)
    elif measure.kind == "weeks":
        parts["n"] = seen.weeks(of, start, end)
    else:
        parts |= {"last": parts["newest"], "first": seen.oldest(of, start, end)}
    return parts
