"""Where pairs are found and weighed: DuckDB in this process, or Spark where the pairs outgrow one machine.

Both are asked in the same SQL and give plain frames back. Which records are people is decided on this machine in either case: rules, decisions and groups
need one row a pair that is worth a look, not one a pair that was compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd
import pyarrow as pa

from early_id.core.errors import SettingsError
from early_id.data.engine import connect, raw

if TYPE_CHECKING:
    import duckdb
    import ibis

    from early_id.config.engine import EngineSettings

TABLE = "early_id_records"


class Scoring(Protocol):
    """An engine on which records are compared."""

    def put(self, records: pd.DataFrame) -> None:
        """The records as the table ``TABLE``: ``unique_id`` whole numbers, all other columns text, also those that are empty throughout."""

    def rows(self, query: str) -> pd.DataFrame:
        """The answer to a query."""

    def records(self) -> Any:
        """The table as Splink takes it."""

    def forget(self) -> None:
        """Take away what was put and made."""


def _arrow(records: pd.DataFrame) -> pa.Table:
    return pa.table({name: pa.array(records[name], pa.int64() if name == "unique_id" else pa.string(), from_pandas=True) for name in records})


@dataclass(frozen=True)
class OnDuckDB:
    """DuckDB behind ibis; a fresh one in memory where none is given."""

    connection: duckdb.DuckDBPyConnection

    @classmethod
    def of(cls, backend: ibis.backends.duckdb.Backend | None = None) -> OnDuckDB:
        """The connection of a backend."""
        return cls(raw(backend or connect()))

    def put(self, records: pd.DataFrame) -> None:
        """See :class:`Scoring`."""
        self.connection.register(f"{TABLE}_given", _arrow(records))
        self.connection.execute(f"CREATE OR REPLACE TABLE {TABLE} AS SELECT * FROM {TABLE}_given ORDER BY unique_id")
        self.connection.unregister(f"{TABLE}_given")

    def rows(self, query: str) -> pd.DataFrame:
        """See :class:`Scoring`."""
        return self.connection.execute(query).df()

    def records(self) -> str:
        """See :class:`Scoring`."""
        return TABLE

    def forget(self) -> None:
        """See :class:`Scoring`; Splink's own tables it takes away itself."""
        self.connection.execute(f"DROP TABLE IF EXISTS {TABLE}")


@dataclass(frozen=True)
class OnSpark:
    """A session of Spark of its own, so that no table of it meets another's."""

    session: Any

    @classmethod
    def of(cls, engine: EngineSettings) -> OnSpark:
        """Spark as the settings' ``engine`` says.

        Raises
        ------
        SettingsError
            Spark cannot be started, or is not installed.
        """
        try:
            from early_id.data.spark import session
        except ModuleNotFoundError:
            raise SettingsError.extra_missing("pyspark", "spark") from None
        return cls(session(engine).newSession())

    def put(self, records: pd.DataFrame) -> None:
        """See :class:`Scoring`."""
        self.session.createDataFrame(_arrow(records)).persist().createOrReplaceTempView(TABLE)

    def rows(self, query: str) -> pd.DataFrame:
        """See :class:`Scoring`."""
        found: pd.DataFrame = self.session.sql(query).toArrow().to_pandas()
        return found

    def records(self) -> Any:
        """See :class:`Scoring`."""
        return self.session.table(TABLE)

    def forget(self) -> None:
        """See :class:`Scoring`: every view of this session, Splink's too, which it would leave in memory."""
        for view in self.session.sql("SHOW TABLES").collect():
            if view["isTemporary"]:
                self.session.table(view["tableName"]).unpersist()
                self.session.catalog.dropTempView(view["tableName"])
