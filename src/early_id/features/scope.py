"""Whose rows count for whom, and the rows of one table as one group of features may see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from early_id.config.settings import FeatureSettings
from early_id.core.calendar import SchoolCalendar
from early_id.core.types import Unit
from early_id.features.coverage import Coverage
from early_id.features.declare import Window
from early_id.features.past import Past
from early_id.features.windows import BEGINNING, span
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import ibis


def persons_of(past: Past, children: pd.DataFrame) -> dict[Unit, pd.DataFrame]:
    """Who counts for whom: rid, own_school, child_id; the child, or the family without the child."""
    own = children.rename(columns={"school_id": "own_school"})
    families = past.families()[["child_id", "family_id"]].rename(columns={"child_id": "relative_id"})
    relatives = own.merge(families, on="family_id")
    relatives = relatives[relatives["relative_id"] != relatives["child_id"]].drop(columns="child_id").rename(columns={"relative_id": "child_id"})
    return {unit: frame[["rid", "own_school", "child_id"]] for unit, frame in ((Unit.CHILD, own), (Unit.FAMILY, relatives))}


def subjects_of(persons: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Whose rows count for whom, by the ids of the sources: rid, own_school, source, source_person_id."""
    frame = persons.merge(links, on="child_id").drop_duplicates(["rid", "source", "source_person_id"])
    # Stated types: a column that is empty throughout has none of its own, and the engine refuses it.
    types = {"rid": "int64", "own_school": "string", "source": "string", "source_person_id": "string"}
    return frame[list(types)].astype(types).reset_index(drop=True)


@dataclass(frozen=True)
class Scope:
    """One table as seen by one group of features.

    ``children`` has rid, child_id, family_id and school_id of everyone asked about; ``persons`` and ``subjects`` whose rows count for whom.
    """

    past: Past
    table: Table
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

    def settled(self, table: Table) -> ibis.Table:
        """Rows of any table as known, without marks that are still rewritten this close to the date."""
        import ibis

        rows = self.past.rows(table.name)
        if table.provisional:
            column, codes = table.provisional
            since = ibis.literal(self.past.as_of - timedelta(days=self.settings.settling_days), type="date")
            rows = rows.filter(~(rows[column].isin(sorted(codes)).fill_null(False) & (rows.happened_on >= since)))
        return rows

    def since(self, earliest: date) -> ibis.Table:
        """All settled rows of the table that happened from ``earliest`` on, whoever they are about."""
        import ibis

        rows = self.settled(self.table)
        return rows.filter(rows.happened_on >= ibis.literal(earliest, type="date")) if earliest > BEGINNING else rows

    def rows(self, earliest: date) -> ibis.Table:
        """Linked rows of the table that happened from ``earliest`` on, cut in time, with ``rid``."""
        subjects = self.past.store.backend.create_table("_subjects", self.subjects, temp=True, overwrite=True)
        joined = self.since(earliest).join(subjects, ["source", "source_person_id"])
        if self.own_school_only and "school_id" in self.table:
            joined = joined.filter(joined.school_id == joined.own_school)
        return joined
