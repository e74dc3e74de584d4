"""Whose rows count for whom, and the rows of one table as one group of features may see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.calendar import SchoolCalendar
from early_id.core.types import Unit
from early_id.features.ask import Dates
from early_id.features.compile import columns_of_all, compact
from early_id.features.coverage import Coverage
from early_id.features.declare import Window
from early_id.features.past import Past
from early_id.features.windows import BEGINNING, span
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import ibis

    from early_id.features.values import Part


def persons_of(past: Past, children: pd.DataFrame) -> dict[Unit, pd.DataFrame]:
    """Who counts for whom: rid, own_school, child_id; the child, or the family without the child."""
    own = children.rename(columns={"school_id": "own_school"})
    families = past.families()[["child_id", "family_id"]].rename(columns={"child_id": "relative_id"})
    relatives = own.merge(families, on="family_id")
    relatives = relatives[relatives["relative_id"] != relatives["child_id"]].drop(columns="child_id").rename(columns={"relative_id": "child_id"})
    return {unit: frame[["rid", "own_school", "child_id"]] for unit, frame in ((Unit.CHILD, own), (Unit.FAMILY, relatives))}


def subjects_of(persons: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Whose rows count for whom, by the ids of the sources: rid, own_school, source, source_person_id, and the number of the link."""
    frame = persons.merge(links.rename_axis("link").reset_index(), on="child_id")
    # Two links of one record would count its rows twice; where there are none, numbers tell the same as texts and sooner.
    twice = links.duplicated(["source", "source_person_id", "child_id"]).any()
    frame = frame.drop_duplicates(["rid", "source", "source_person_id"] if twice else ["rid", "link"])
    # Stated types: a column that is empty throughout has none of its own, and the engine refuses it.
    types = {"rid": "int64", "own_school": "string", "source": "string", "source_person_id": "string", "link": "int64"}
    return frame[list(types)].astype(types).reset_index(drop=True)


def start_of(window: Window) -> str:
    """Role of a window's first day among the dates of a query: one and the same for all windows that begin or end with it."""
    if window.kind in ("last_days", "between_days"):
        return f"{window.first}d"
    return f"{window.suffix} start"


def end_of(window: Window) -> str:
    """Role of the day after a window's last."""
    if window.kind == "between_days" and window.last:
        return f"{window.last}d"
    return "last Monday" if window.kind == "last_school_weeks" else "as_of"


@dataclass(frozen=True)
class Scope:
    """One table as seen by one group of features.

    ``children`` has rid, child_id, family_id and school_id of everyone asked about; ``persons`` and ``subjects`` whose rows count for whom.
    """

    past: Past
    table: Table
    unit: Unit
    children: pd.DataFrame
    persons: pd.DataFrame
    subjects: pd.DataFrame
    own_school_only: bool
    calendar: SchoolCalendar
    settings: FeatureSettings
    coverage: Coverage

    def window(self, window: Window) -> tuple[date, date]:
        """The window as plain dates."""
        return span(window, self.past.as_of, self.calendar)

    def dates(self, windows: Iterable[Window], *, earliest: date = BEGINNING) -> dict[str, date]:
        """Every date that a query needs, by its role; ``earliest`` is among them where rows before it are not asked for."""
        as_of = self.past.as_of
        found = {"as_of": as_of, "settled": as_of - timedelta(days=self.settings.settling_days)}
        for window in windows:
            found[start_of(window)], found[end_of(window)] = self.window(window)
        return {**found, "earliest": earliest} if earliest > BEGINNING else found

    def settled(self, table: Table, dates: Dates) -> ibis.Table:
        """Rows of any table as known, without marks that are still rewritten this close to the date."""
        import ibis

        rows = self.past.rows(table.name, dates["as_of"])
        if table.provisional:
            column, codes = table.provisional
            since = ibis.literal(dates["settled"], type="date")
            rows = rows.filter(~(rows[column].isin(sorted(codes)).fill_null(False) & (rows.happened_on >= since)))
        return rows

    def since(self, dates: Dates) -> ibis.Table:
        """All settled rows of the table that are not too early, whoever they are about."""
        import ibis

        rows = self.settled(self.table, dates)
        return rows.filter(rows.happened_on >= ibis.literal(dates["earliest"], type="date")) if "earliest" in dates else rows

    @property
    def placed(self) -> str:
        """What the engine calls :attr:`subjects`."""
        return f"_subjects_{self.unit}"

    def place_subjects(self) -> None:
        """Tell the engine whose rows count for whom."""
        self.past.store.backend.create_table(self.placed, self.subjects.drop(columns="link"), temp=True, overwrite=True)

    def rows(self, dates: Dates) -> ibis.Table:
        """Linked rows of the table, cut in time, with ``rid``; :meth:`place_subjects` comes first."""
        return self._linked(self.since(dates))

    def compacted(self, parts: Sequence[Part], dates: Dates) -> ibis.Table:
        """The same rows, brought together as far as ``parts`` do not tell them apart."""
        return self._linked(self.brought_together(parts, dates))

    def brought_together(self, parts: Sequence[Part], dates: Dates) -> ibis.Table:
        """All settled rows, whoever they are about, brought together as far as ``parts`` do not tell them apart."""
        measures = [part.measure for part in parts]
        person = ["source", "source_person_id", *(["school_id"] if "school_id" in self.table else [])]
        # No row is of the as-of date or later, so that it is no cut.
        roles = {role for part in parts for role in (start_of(part.window), end_of(part.window))} - {"as_of"}
        columns = sorted(columns_of_all(measures, self.table))
        return compact(self.since(dates), person, columns, [dates[role] for role in roles], measures)

    def _linked(self, rows: ibis.Table) -> ibis.Table:
        joined = rows.join(self.past.store.backend.table(self.placed), ["source", "source_person_id"])
        if self.own_school_only and "school_id" in self.table:
            joined = joined.filter(joined.school_id == joined.own_school)
        return joined
