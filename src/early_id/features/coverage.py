"""For whom "no row" means none: zero only where somebody sends such rows, of the child's school, about the time that is asked for.

A source covers a table from the day that its settings state, or else from the first row that was known; until the day it was received. Beyond that

- *kind of row*: where several suppliers fill one table (``Table.kind``), a kind that nobody has sent is not known, whoever sends the other kinds;
- *school*: where rows come from schools (``covered_by="roll"``), a school from which none came is not known, unless the return is of all schools.

What a source has sent is judged by the rows that were known on the date, through the same cut as everything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.types import Usage
from early_id.features.ask import Dates, ask, key_of
from early_id.features.declare import Measure
from early_id.features.past import Past
from early_id.features.windows import BEGINNING
from early_id.schema.codes import code_list
from early_id.schema.conditions import Condition, can_hold
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import ibis

#: The feed of tables that one supplier fills.
WHOLE = ""


@dataclass(frozen=True)
class Supply:
    """What one source sends of a table, as far as was known on a date."""

    first: dict[str, pd.Timestamp]  #: feed → its first row
    begins: pd.Timestamp | None  #: since when everything is recorded, where the settings say so
    ends: pd.Timestamp
    schools: frozenset[str] | None  #: schools whose rows it sends; None: all

    def covers(self, feed: str, since: pd.Timestamp, until: pd.Timestamp) -> bool:
        """Whether it sends rows of ``feed``, and has done so since ``since`` until ``until``."""
        first = self.first.get(feed)
        if feed != WHOLE and first is None:
            return False
        begins = self.begins if self.begins is not None else first
        return begins is not None and begins <= since and self.ends >= until


def feeds(table: Table, measure: Measure) -> frozenset[str]:
    """The kinds of row that ``measure`` may count, by who sends them together; all of the table's, where it does not say."""
    return _feeds(table.kind, table[table.kind].codes or "", measure.of) if table.kind else frozenset({WHOLE})


@cache
def _feeds(kind: str, codes: str, of: Condition | None) -> frozenset[str]:
    """The same of a list of codes; asked for every feature on every date."""
    return frozenset(c.feed or c.code for c in code_list(codes).codes if c.usage is Usage.FEATURE and can_hold(of, kind, c.code))


@dataclass(frozen=True)
class Coverage:
    """Coverage of one table for one group of features.

    Parameters
    ----------
    past, table, settings
        What was known on the date, the table, and how stale a source may be.
    children : DataFrame
        Column rid: everyone who is asked about.
    persons : DataFrame
        Columns rid, child_id, own_school: whose rows count for whom; the child, or the family without the child.
    linked : array of bool
        For which of ``children`` anybody's rows can be found at all.
    own_school_only : bool
        Whether only rows of the child's present school count.
    """

    past: Past
    table: Table
    settings: FeatureSettings
    children: pd.DataFrame
    persons: pd.DataFrame
    linked: np.ndarray
    own_school_only: bool
    _found: dict[tuple[frozenset[str], date, date], np.ndarray] = field(default_factory=dict, compare=False, repr=False)

    def of(self, measure: Measure, start: date, end: date) -> np.ndarray:
        """A boolean for each child: whether no row that ``measure`` counts in ``[start, end)`` means that there was none."""
        asked = (feeds(self.table, measure), start, end)
        if asked not in self._found:
            self._found[asked] = self._covered(*asked)
        return self._found[asked]

    def _covered(self, kinds: frozenset[str], start: date, end: date) -> np.ndarray:
        slack = timedelta(days=self.settings.covered_within_days)
        # Windows without a beginning need cover for the year before the date only.
        wanted = start if start > BEGINNING else self.past.as_of - timedelta(days=365)
        # A source that ends before a short window begins says nothing about it, however little it is behind.
        until = pd.Timestamp(max(self.past.as_of - slack, start))
        since = pd.Timestamp(wanted + slack)
        by_feed = [[s for s in self.supplies if s.covers(feed, since, until)] for feed in sorted(kinds)]
        if not all(by_feed):
            return np.zeros(len(self.children), dtype=bool)
        if self.table.covered_by == "roll":
            return self.linked & self._on_roll(by_feed, since, pd.Timestamp(start), pd.Timestamp(end))
        return self.linked

    def _on_roll(self, by_feed: list[list[Supply]], since: pd.Timestamp, start: pd.Timestamp, end: pd.Timestamp) -> np.ndarray:
        """Who was on a roll from the beginning of the window, and in it on the roll of no school whose rows are not sent."""
        spells = self._spells
        inside = spells[(spells["start_on"] < end) & (spells["end_on"].isna() | (spells["end_on"] >= start))]
        # A child who came last week has no record here of the year before: none was kept, which is not the same as none.
        long_enough = inside.loc[inside["start_on"] <= since, "rid"]
        sent = pd.Series(True, index=inside.index)
        if "school_id" in self.table:
            for supplies in by_feed:
                if all(supply.schools is not None for supply in supplies):
                    sent &= inside["school_id"].isin(frozenset().union(*(supply.schools or () for supply in supplies)))
        rid = self.children["rid"]
        return (rid.isin(long_enough) & ~rid.isin(inside.loc[~sent, "rid"])).to_numpy()

    @property
    def supplies(self) -> tuple[Supply, ...]:
        """What each source sends of the table; the same for all features of the date."""
        return self.past.once(f"supplies of {self.table.name}", self._supplies)

    def _supplies(self) -> tuple[Supply, ...]:
        held = self.past.store.coverage()
        held = held[held["table"] == self.table.name]
        if held.empty or not self.past.store.has(self.table.name):
            return ()
        first, schools = self._first_rows(), self._schools()
        stated = held["stated"].to_numpy(dtype=bool)
        return tuple(
            Supply(
                first=first.get(row["source"], {}),
                begins=pd.Timestamp(row["covers_from"]) if says else None,
                ends=pd.Timestamp(row["covers_to"]),
                schools=_schools_of(row["schools"], schools.get(row["source"], []), self._schools_on_roll),
            )
            for row, says in zip(held.to_dict("records"), stated, strict=True)
        )

    def _first_rows(self) -> dict[str, dict[str, pd.Timestamp]]:
        """Source → feed → day of its first row."""
        by = ["source", *([self.table.kind] if self.table.kind else [])]

        def query(on: Dates) -> ibis.Table:
            rows = self.past.rows(self.table.name, on["as_of"])
            return rows.group_by(by).agg(first=rows.happened_on.min())

        found = ask(self.past.store, ("first", key_of(self.past, self.table)), query, {"as_of": self.past.as_of})
        feed_of = {c.code: c.feed or c.code for c in code_list(self.table[self.table.kind].codes or "").codes} if self.table.kind else {}
        first: dict[str, dict[str, pd.Timestamp]] = {}
        for row in found.to_dict("records"):
            feed = feed_of.get(row[self.table.kind]) if self.table.kind else WHOLE
            if feed is not None:
                known, day = first.setdefault(row["source"], {}), pd.Timestamp(row["first"])
                known[feed] = min(known.get(feed, day), day)
        return first

    def _schools(self) -> dict[str, list[frozenset[str]]]:
        """Source → the schools of each of its files."""
        if "school_id" not in self.table:
            return {}
        found = ask(
            self.past.store,
            ("schools", key_of(self.past, self.table)),
            lambda on: self.past.rows(self.table.name, on["as_of"]).select("source", "file", "school_id").distinct(),
            {"as_of": self.past.as_of},
        )
        return {
            source: [frozenset(one["school_id"].dropna().unique()) for _, one in files.groupby("file", dropna=False)]
            for source, files in found.groupby("source")
        }

    @cached_property
    def _enrolments(self) -> pd.DataFrame:
        columns = ["child_id", "school_id", "start_on", "end_on"]
        return self.past.frame("enrolments")[columns] if "enrolments" in self.past.store.tables else pd.DataFrame(columns=columns)

    @property
    def _schools_on_roll(self) -> frozenset[str]:
        return self.past.once("schools on roll", lambda: frozenset(self._enrolments["school_id"].dropna().unique()))

    @cached_property
    def _spells(self) -> pd.DataFrame:
        """Spells on a roll of those whose rows count."""
        spells = self.persons.merge(self._enrolments, on="child_id")
        if self.own_school_only:
            spells = spells[spells["school_id"] == spells["own_school"]]
        return spells.assign(start_on=pd.to_datetime(spells["start_on"]), end_on=pd.to_datetime(spells["end_on"]))


def _schools_of(said: object, files: Iterable[frozenset[str]], on_roll: frozenset[str]) -> frozenset[str] | None:
    """The schools whose rows a source sends: as its settings say; else as its files show.

    One file with rows of more than half of the schools that have a roll is a return of all schools, in which a small school may have none. Otherwise
    it is known only of the schools that have sent some.
    """
    sent = frozenset().union(*files)
    if said == "all":
        return None
    if isinstance(said, (list, tuple)):
        return sent | frozenset(said)
    if said != "sent" and any(len(one & on_roll) > len(on_roll) / 2 for one in files):
        return None
    return sent
