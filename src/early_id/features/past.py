"""The past as it was known on one date: linked rows of any table, cut in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from early_id.features.cut import known_at, with_stand_ins, without_lines
from early_id.features.held import Held, held_of
from early_id.linkage import People
from early_id.schema.tables import Tables

if TYPE_CHECKING:
    import ibis

    from early_id.features.registers import Registers


T = TypeVar("T")


class TableSource(Protocol):
    """What features need of a store."""

    @property
    def tables(self) -> Tables:
        """The declarations of the stored tables."""

    @property
    def backend(self) -> Any:
        """The engine."""

    def has(self, table: str) -> bool:
        """Whether the table holds anything."""

    def table(self, name: str) -> ibis.Table:
        """Stored rows with provenance and time columns."""

    def coverage(self) -> pd.DataFrame:
        """source, table, covers_from, covers_to, stated, schools."""


@dataclass(frozen=True)
class Past:
    """What was known on ``as_of``. Authors of cohorts, groups and outcomes never see a later row."""

    store: TableSource
    people: People
    as_of: date
    #: Table → its marks as bits (``features/registers.py``), where they were read for a whole build.
    registers: Mapping[str, Registers] = field(default_factory=dict, compare=False, repr=False)
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, compare=False, repr=False)
    _found: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, name: str, find: Callable[[], T]) -> T:
        """What ``find`` finds out about this date, found out once."""
        if name not in self._found:
            self._found[name] = find()
        found: T = self._found[name]
        return found

    def stored(self, name: str) -> ibis.Table:
        """The table as it is stored, or held in memory for a build."""
        return self.store.table(name) if self.held is None else self.held.rows(name)

    def rows(self, name: str, on: date | None = None) -> ibis.Table:
        """The table's rows as known (on another day, where one is given), without links; codes that may never be used are replaced by their stand-ins."""
        table = self.store.tables[name]
        return with_stand_ins(known_at(self.stored(name), on or self.as_of, table), table)

    def frame(self, name: str) -> pd.DataFrame:
        """The table's rows as known, with ``child_id``; empty, with the right columns, where the table was never stored."""
        if name not in self._frames:
            table = self.store.tables[name]
            if not self.store.has(name):
                person = ("source", "source_person_id") if table.has_person else ()
                return pd.DataFrame(columns=["child_id", *dict.fromkeys((*person, *table.column_names, "happened_on", "known_from"))])
            if (held := self.held) is not None:
                self._frames[name] = held.linked(name).on(self.as_of)
            else:
                frame = without_lines(known_at(self.store.table(name), self.as_of, table)).execute()
                self._frames[name] = self.linked(frame) if table.has_person else frame
        return self._frames[name]

    @property
    def held(self) -> Held | None:
        """What a build of features has read already, whatever the date (``features/held.py``)."""
        return held_of(self.store, self.people)

    def unlinked(self, name: str) -> pd.DataFrame:
        """The table's rows as known, without links, as :meth:`rows` gives them."""
        held = self.held
        frame: pd.DataFrame = without_lines(self.rows(name)).execute() if held is None else held.unlinked(name).on(self.as_of)
        return frame

    def linked(self, frame: pd.DataFrame) -> pd.DataFrame:
        """``frame`` with the ``child_id`` of each row; rows of people whom nobody linked are dropped."""
        return frame.merge(self.links(), on=["source", "source_person_id"], how="inner")

    def links(self) -> pd.DataFrame:
        """source, source_person_id, child_id as linked by ``as_of``; the index is the number of the row in ``people.person_links``."""
        return self.once("links", self._links)

    def _links(self) -> pd.DataFrame:
        links, moment = self.people.person_links, pd.Timestamp(self.as_of)
        known = (links["known_from"] < moment) & (links["known_to"].isna() | (links["known_to"] >= moment))
        return links[["source", "source_person_id", "child_id"]].set_axis(np.arange(len(links)))[known.to_numpy()]

    def families(self) -> pd.DataFrame:
        """child_id, family_id and safe-contact marks on ``as_of``."""
        return self.once("families", lambda: self.people.families_on(self.as_of))
