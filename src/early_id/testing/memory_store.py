"""A store in memory, from literal rows: what features need of a store, without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from early_id.data.engine import connect
from early_id.data.stage import SQL_TYPES
from early_id.schema.tables import Table, Tables

Row = Mapping[str, Any]
Cover = tuple[str, str, date | None, date] | tuple[str, str, date | None, date, Any]
_FAR_BACK, _FAR_ON = date(2015, 1, 1), date(2035, 1, 1)


class MemoryStore:
    """Tables from lists of plain dictionaries.

    Parameters
    ----------
    rows : mapping of table name to rows
        Each row holds the table's own columns and, where the table has people, ``source_person_id``. ``source``, ``happened_on``,
        ``known_from`` and ``known_to`` are filled in where left out: the row is known on the day after it happened, for good.
    covers : sequence of (source, table, from, to) or (source, table, from, to, schools), optional
        Coverage; by default 'education' covers every table in ``rows`` for ever. Where ``from`` is None, settings state no beginning. ``schools``
        is what settings say of the schools: 'all', 'sent', a list, or None.
    """

    def __init__(self, rows: Mapping[str, Sequence[Row]], *, tables: Tables | None = None, covers: Sequence[Cover] | None = None):
        self.tables = tables or Tables()
        self.rows = {name: [self._filled(self.tables[name], row) for row in items] for name, items in rows.items()}
        self._covers: Sequence[Cover] = covers if covers is not None else [("education", name, _FAR_BACK, _FAR_ON) for name in rows]
        self.fingerprint = "memory"

    @staticmethod
    def _filled(table: Table, row: Row) -> dict[str, Any]:
        # A row without a date has always been so, as at ingest (a person whom nobody dated).
        happened = (row.get(table.happened) if table.happened else None) or date(1900, 1, 1)
        day = happened.date() if isinstance(happened, datetime) else happened
        defaults = {"source": "education", "source_person_id": None, "happened_on": day, "known_to": None, "file": "rows.csv"}
        filled = {**dict.fromkeys(table.column_names), **defaults, **row}
        if filled.get("known_from") is None:
            filled["known_from"] = day
        return filled

    @cached_property
    def backend(self) -> Any:
        """The engine, with one typed table for each canonical table."""
        backend = connect()
        for name, items in self.rows.items():
            table = self.tables[name]
            types = {
                "source": "VARCHAR", "source_person_id": "VARCHAR", **{c.name: SQL_TYPES[c.type] for c in table.columns},
                "happened_on": "DATE", "known_from": "DATE", "known_to": "DATE", "file": "VARCHAR",
            }  # fmt: skip
            columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
            backend.raw_sql(f'CREATE TABLE "{name}" ({columns})')
            if items:
                # One frame rather than row by row: a council of some hundred marks loads twenty times as fast.
                given = pa.table({column: [row[column] for row in items] for column in types})
                backend.con.register("_given", given)
                backend.raw_sql(f'INSERT INTO "{name}" SELECT * FROM _given')
                backend.con.unregister("_given")
        return backend

    def has(self, table: str) -> bool:
        """Whether the table was given."""
        return table in self.rows

    def table(self, name: str) -> Any:
        """A table as an ibis expression."""
        return self.backend.table(name)

    def coverage(self) -> pd.DataFrame:
        """source, table, covers_from, covers_to, stated, schools."""
        rows = [(*row, None)[:5] for row in self._covers]
        frame = pd.DataFrame(rows, columns=["source", "table", "covers_from", "covers_to", "schools"])
        stated = frame["covers_from"].notna()
        dates = {name: pd.to_datetime(frame[name]) for name in ("covers_from", "covers_to")}
        # Made as objects from the start: among texts alone a None would become NaN.
        return frame.assign(**dates, stated=stated, schools=pd.Series([row[4] for row in rows], index=frame.index, dtype=object))
