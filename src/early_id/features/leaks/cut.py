"""Does anything from after the date reach a feature? The store is read as it stood on the date, and again with rows added that may not matter.

Every child is given the rows of another one: dated after the date, known only from it on, or taken back before it. Nothing may move, neither a
value nor who is in the cohort nor why somebody is not.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.calendar import SchoolCalendar
from early_id.features.build import build_at
from early_id.features.catalogue import Catalogue
from early_id.features.held import read_once
from early_id.features.leaks.result import Leak
from early_id.features.past import Past, TableSource
from early_id.features.registers import registers_of
from early_id.linkage import People
from early_id.schema.tables import Table, Tables

if TYPE_CHECKING:
    import ibis

    from early_id.config.settings import Config
    from early_id.features.cohort import Cohort
    from early_id.features.programme import Programme


@dataclass(frozen=True)
class Changed:
    """A store whose tables are read through ``change``."""

    base: TableSource
    as_of: date
    number: int = field(default_factory=itertools.count().__next__, init=False, compare=False)

    @property
    def reading(self) -> str:
        """Tells its questions from those of other stores, and from its own kind on another date."""
        return f"{type(self).__name__} {self.number}"

    @property
    def tables(self) -> Tables:
        return self.base.tables

    @property
    def backend(self) -> Any:
        return self.base.backend

    def has(self, table: str) -> bool:
        return self.base.has(table)

    def coverage(self) -> pd.DataFrame:
        return self.base.coverage()

    def table(self, name: str) -> ibis.Table:
        raise NotImplementedError


class AsItStood(Changed):
    """Only what had happened and was known before the date, with nothing corrected since."""

    def table(self, name: str) -> ibis.Table:
        """Rows that were there on the date."""
        import ibis

        rows, when = self.base.table(name), ibis.literal(self.as_of, type="date")
        rows = rows.filter(rows.happened_on < when, rows.known_from < when)
        return rows.mutate(known_to=(rows.known_to < when).ifelse(rows.known_to, ibis.null("date")))


class WithLaterRows(Changed):
    """All rows, corrected on the date; and every person's rows once more under another person: from after it, known too late, or taken back in time."""

    def table(self, name: str) -> ibis.Table:
        """Stored rows and added ones."""
        import ibis

        rows, table = self.base.table(name), self.base.tables[name]
        if not table.has_person or not table.happened:
            return rows
        when = ibis.literal(self.as_of, type="date")
        before = rows.filter(rows.happened_on < when)
        lent = _lent(before)
        none = ibis.null("date")
        known_late = lent.mutate(known_from=when, known_to=none)
        taken_back = lent.mutate(known_from=ibis.literal(self.as_of - timedelta(days=9), type="date"), known_to=_day(self.as_of, -1))
        later = lent.mutate(happened_on=_day(self.as_of, 1), known_from=_day(self.as_of, -20), known_to=none, **_happened(table, self.as_of))
        corrected = rows.mutate(known_to=((rows.known_from < when) & rows.known_to.isnull()).ifelse(when, rows.known_to))
        return ibis.union(_like(rows, corrected), *(_like(rows, extra) for extra in (known_late, taken_back, later)))


def _day(day: date, more: int) -> Any:
    import ibis

    return ibis.literal(day + timedelta(days=more), type="date")


def _happened(table: Table, as_of: date) -> dict[str, Any]:
    """The table's own date column, on the day after ``as_of``."""
    import ibis

    if table.happened == "happened_on":
        return {}
    day = as_of + timedelta(days=1)
    if table[table.happened].type == "timestamp":
        return {table.happened: ibis.literal(datetime.combine(day, time(9)), type="timestamp")}
    return {table.happened: ibis.literal(day, type="date")}


def _lent(rows: ibis.Table) -> ibis.Table:
    """The rows, each under the next person of its source, so that shares change where they are counted, not only numbers."""
    import ibis

    persons = rows.select("source", "source_person_id").distinct()
    place = ibis.window(group_by=persons.source, order_by=persons.source_person_id)
    following = persons.mutate(
        other=ibis.coalesce(persons.source_person_id.lead().over(place), persons.source_person_id.first().over(ibis.window(group_by=persons.source)))
    )
    return rows.join(following, ["source", "source_person_id"]).mutate(source_person_id=ibis._.other).drop("other")


def _like(rows: ibis.Table, extra: ibis.Table) -> ibis.Table:
    """``extra`` with the columns and types of ``rows``."""
    return extra.select(**{name: extra[name].cast(kind) for name, kind in rows.schema().items()})


#: Parts of the check of one date: the cohort and the features, each twice.
STEPS = 4


def cut_leaks(
    store: TableSource, people: People, features: Catalogue, day: date, *, cfg: Config, programme: Programme, calendar: SchoolCalendar,
    done: Callable[[int, str], None] = lambda _, __: None,
) -> Iterator[Leak]:  # fmt: skip
    """Features whose values on ``day`` move when rows are added that may not matter, and the cohort if it does; ``done`` is told of each part."""
    cohorts: list[Cohort] = []
    values: list[pd.DataFrame] = []
    for changed in (AsItStood(store, day), WithLaterRows(store, day)):
        # Read as a build reads, registers as bits and small tables from memory: what is tested is what runs.
        past = Past(changed, people, day, registers_of(changed, features, (day,), calendar, cfg.features))
        with read_once(changed, people):
            cohorts.append(programme.cohort(past, cfg))
            done(1, f"cohort of {day}")
            values.append(build_at(past, cohorts[0].index, features, calendar=calendar, settings=cfg.features).values)
            done(1, f"features of {day}")
    stood, now = cohorts
    if not _same(stood.index, now.index) or not _same(stood.excluded, now.excluded):
        yield Leak("cut", (), (), f"Who is in the cohort on {day}, or why somebody is not, moves when rows from after that date are added.")
    before, after = values
    for feature in features:
        one, other = before[feature.name], after[feature.name]
        moved = int((~((one == other) | (one.isna() & other.isna()))).sum())
        if moved:
            table = store.tables[feature.source]
            why = f"On {day} the values of {moved:,} of {len(one):,} children move when rows are added that happened, became known or were corrected after it."
            yield Leak("cut", (feature.name,), (f"{table.name}.{table.happened}",) if table.happened else (), why, {"moved": moved})


def _same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two frames hold the same rows, in whatever order."""
    first, second = (frame.sort_values("child_id", kind="stable").reset_index(drop=True) for frame in (one, other))
    return first.equals(second)
