"""Small tables read and linked once for everything that one build asks of them, on whatever dates.

The cut of ``cut.py`` over a frame that holds every version of every row: what the engine would read again for each date is a mask here. The two agree row by
row (``tests/property/test_held.py``). Within ``read_once`` every ``Past`` of the same store and people reads so, those of outcomes and extensions too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from early_id.features.cut import with_stand_ins, without_lines
from early_id.linkage import People
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import ibis

    from early_id.features.past import TableSource

T = TypeVar("T")
_HELD: ContextVar[Held | None] = ContextVar("held", default=None)
#: What the engine calls a small table that it has in memory.
_PLACED = "_held_"
_LINKED = ("_linked_from", "_linked_to")


@dataclass(frozen=True, repr=False)
class Versions:
    """Every version of every row of a table, and what decides on which dates it is seen: half-open spans, as days."""

    table: Table
    frame: pd.DataFrame
    spans: tuple[tuple[np.ndarray, np.ndarray | None], ...]  #: after the first day, and until the second where there is one
    later: dict[str, np.ndarray]  #: column that is known later → its days

    @classmethod
    def of(cls, table: Table, rows: pd.DataFrame, links: pd.DataFrame | None) -> Versions:
        """The rows with the ``child_id`` of each link that there ever was, where links are given."""
        if links is not None:
            named = links.rename(columns=dict(zip(("known_from", "known_to"), _LINKED, strict=True)))
            rows = rows.merge(named[["source", "source_person_id", "child_id", *_LINKED]], on=["source", "source_person_id"], how="inner")
        spans: list[tuple[np.ndarray, np.ndarray | None]] = [(_days(rows["happened_on"]), None), (_days(rows["known_from"]), _days(rows["known_to"]))]
        if links is not None:
            spans.append((_days(rows[_LINKED[0]]), _days(rows[_LINKED[1]])))
            rows = rows.drop(columns=list(_LINKED))
        return cls(table, rows, tuple(spans), {name: _days(rows[name]) for name in table.later})

    def seen(self, day: date) -> np.ndarray:
        """Which rows are seen on a day: a boolean for each."""
        moment = np.datetime64(day, "us")
        seen = np.ones(len(self.frame), dtype=bool)
        for since, until in self.spans:
            seen &= since < moment
            if until is not None:
                seen &= np.isnat(until) | (until >= moment)
        return seen

    def passed(self, column: str, day: date) -> np.ndarray:
        """Of which rows what is known later in ``column`` had come by a day: a boolean for each."""
        passed: np.ndarray = self.later[column] < np.datetime64(day, "us")
        return passed

    def on(self, day: date, only: np.ndarray | None = None) -> pd.DataFrame:
        """The rows as they were known on a day; of ``only`` those for which it holds, where it is given."""
        seen = self.seen(day) if only is None else self.seen(day) & only
        rows = self.frame if seen.all() else self.frame[seen]
        changed: dict[str, Any] = {}
        for name, dependents in self.table.later.items():
            passed, undated = self.passed(name, day)[seen], np.isnat(self.later[name][seen])
            if not (passed | undated).all():
                changed |= {name: rows[name].where(passed), **{other: rows[other].where(passed | undated) for other in dependents}}
        return rows.assign(**changed).reset_index(drop=True)


def _days(column: pd.Series) -> np.ndarray:
    """Days and times as numbers of one kind, whatever the engine gave."""
    return pd.to_datetime(column).to_numpy(dtype="datetime64[us]")


@dataclass(frozen=True, repr=False)
class Held:
    """What was read so far of a store, and found out about it, for one build."""

    store: TableSource
    people: People
    _versions: dict[tuple[str, bool], Versions] = field(default_factory=dict, init=False, compare=False)
    _found: dict[str, Any] = field(default_factory=dict, init=False, compare=False)

    def rows(self, name: str) -> ibis.Table:
        """A stored table for the engine, which reads small ones from memory: each date asks them a dozen questions."""
        backend, placed = self.store.backend, f"{_PLACED}{name}"
        if not self.places(name):
            return self.store.table(name)
        return self.kept(placed, lambda: backend.create_table(placed, self.store.table(name), temp=True, overwrite=True))

    def places(self, name: str) -> bool:
        """Whether the engine has a table in memory for this build."""
        return self.store.backend.name == "duckdb" and self.store.tables[name].covered_by != "rows"

    def linked(self, name: str) -> Versions:
        """A stored table, linked where it has people; rows of people whom nobody linked are left out."""
        table = self.store.tables[name]
        links = self.people.person_links if table.has_person else None
        return self._once(name, False, lambda: Versions.of(table, without_lines(self._read(name)).execute(), links))

    def unlinked(self, name: str) -> Versions:
        """A stored table without links; codes that may never be used are replaced by their stand-ins."""
        table = self.store.tables[name]
        return self._once(name, True, lambda: Versions.of(table, with_stand_ins(without_lines(self._read(name)), table).execute(), None))

    def _read(self, name: str) -> ibis.Table:
        """A stored table to be read once: from memory where the engine has it there already, which is not worth while for this alone."""
        return self.rows(name) if f"{_PLACED}{name}" in self._found else self.store.table(name)

    def _once(self, name: str, plain: bool, read: Callable[[], Versions]) -> Versions:
        if (name, plain) not in self._versions:
            self._versions[name, plain] = read()
        return self._versions[name, plain]

    def let_go(self) -> None:
        """Take from the engine what was placed for this build."""
        for name in [name for name in self._found if name.startswith(_PLACED)]:
            self.store.backend.drop_table(name, force=True)

    def kept(self, name: str, find: Callable[[], T]) -> T:
        """What ``find`` found out the first time."""
        if name not in self._found:
            self._found[name] = find()
        found: T = self._found[name]
        return found


@contextmanager
def read_once(store: TableSource, people: People) -> Iterator[None]:
    """Whatever is asked within of this store and these people is read once; a build within a build goes on with what that one holds.

    Two stores with one engine are held one after the other, not one within the other: what the engine has in memory is called by the same names.
    """
    if held_of(store, people) is not None:
        yield
        return
    held = Held(store, people)
    token = _HELD.set(held)
    try:
        yield
    finally:
        _HELD.reset(token)
        held.let_go()


def held_of(store: TableSource, people: People) -> Held | None:
    """What is held of a store and its people, within ``read_once``."""
    held = _HELD.get()
    return held if held is not None and held.store is store and held.people is people else None
