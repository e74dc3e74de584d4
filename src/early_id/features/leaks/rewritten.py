"""Was the past rewritten? What was held after one receipt is compared with what a later receipt of the same source says was known by then.

A row that claims to have been known before a file was made, and was not in that file, was typed in afterwards; the lists of that day did not have
it, and training on it would teach what nobody knew. Corrections are no such rows: they count from the day on which they were received.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from early_id.core.calendar import SchoolCalendar
from early_id.core.errors import InputDataError
from early_id.features.build import build_at
from early_id.features.catalogue import Catalogue
from early_id.features.declare import Feature
from early_id.features.held import read_once
from early_id.features.leaks.cut import Changed
from early_id.features.leaks.result import Leak
from early_id.features.past import Past, TableSource
from early_id.features.registers import registers_of
from early_id.linkage import People
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import ibis

    from early_id.config.settings import Config
    from early_id.features.programme import Programme

#: A feature is named from this many children on whose value moves, and from this share of those who have any such row.
FEWEST, SHARE = 5, 0.02


@dataclass(frozen=True)
class AsReceived(Changed):
    """A store without the rows that came later than they claim."""

    receipts: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)  #: source, (school_id,) before: the day of the last receipt but one
    name: str = ""

    def table(self, name: str) -> ibis.Table:
        """Stored rows; of the table looked at only those that an earlier receipt had, or that became known after it."""
        rows = self.base.table(name)
        if name != self.name:
            return rows
        by = [column for column in self.receipts.columns if column != "before"]
        known = self.backend.create_table("_receipts", self.receipts, temp=True, overwrite=True)
        joined = rows.left_join(known, by)
        late = (joined.known_from <= joined.before) & (joined.received_on > joined.before)
        return joined.filter(~late.fill_null(False)).select(*rows.columns)


def receipts(store: TableSource, table: Table) -> pd.DataFrame:
    """The last receipt but one of each source (and school, where rows come from schools); empty where nothing was received twice."""
    by = ["source", *(["school_id"] if "school_id" in table else [])]
    rows = store.table(table.name)
    if "received_on" not in rows.columns or not table.has_person or not table.happened:
        return pd.DataFrame(columns=[*by, "before"])
    days = rows.group_by([*by, "received_on"]).agg(n=rows.count()).execute().dropna(subset=["received_on"])
    days["received_on"] = pd.to_datetime(days["received_on"])
    days = days.sort_values("received_on")
    days["before"] = days.groupby(by)["received_on"].shift(1)
    last = days.drop_duplicates(by, keep="last").dropna(subset=["before"])
    return last[[*by, "before"]].reset_index(drop=True)


def rewritten(
    store: TableSource, people: People, features: Catalogue, *, cfg: Config, programme: Programme, calendar: SchoolCalendar
) -> tuple[tuple[Leak, ...], tuple[str, ...]]:
    """Leaks, and the tables for which both were compared: received twice by some source, with anybody in the cohort on the day after."""
    leaks: list[Leak] = []
    compared: list[tuple[AsReceived, list[Feature], pd.DataFrame, pd.DataFrame]] = []
    by_table: dict[str, list[Feature]] = {}
    for feature in features:
        by_table.setdefault(feature.source, []).append(feature)

    def values(source: TableSource, day: date, index: pd.DataFrame, group: list[Feature]) -> pd.DataFrame:
        past = Past(source, people, day, registers_of(source, group, (day,), calendar, cfg.features))
        return build_at(past, index, group, calendar=calendar, settings=cfg.features).values

    with read_once(store, people):
        for name, group in by_table.items():
            known = receipts(store, store.tables[name]) if store.has(name) else pd.DataFrame()
            if known.empty:
                continue
            day = known["before"].max().date() + timedelta(days=1)
            try:
                index = programme.cohort(Past(store, people, day), cfg).index
            except InputDataError:
                continue  # nobody to compare it for
            earlier = AsReceived(store, day, receipts=known.assign(before=known["before"].dt.date), name=name)
            compared.append((earlier, group, index, values(store, day, index, group)))
    for earlier, group, index, now in compared:
        with read_once(earlier, people):
            then = values(earlier, earlier.as_of, index, group)
        leaks += _moved(store.tables[earlier.name], group, now, then, earlier.as_of)
    return tuple(leaks), tuple(earlier.name for earlier, *_ in compared)


def _moved(table: Table, group: list[Feature], now: pd.DataFrame, then: pd.DataFrame, day: date) -> Iterator[Leak]:
    for feature in group:
        one, other = then[feature.name], now[feature.name]
        moved = int((~((one == other) | (one.isna() & other.isna()))).sum())
        held = int((other.fillna(0) != 0).sum())
        if moved < max(FEWEST, SHARE * held):
            continue
        why = (
            f"For {moved:,} children the value on {day} is another if rows of '{table.name}' are left out that came only with a source's last receipt and claim "
            f"to have been known by the one before; {held:,} children have such records. The lists of that day did not have these rows."
        )
        yield Leak("rewritten", (feature.name,), (f"{table.name}.{table.happened}",), why, {"moved": moved, "held": held})
