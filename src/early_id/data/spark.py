"""Spark as the engine for councils that outgrow one machine: the only file that knows it.

Reading extracts, checking them and linking people stay with DuckDB on this machine. What is large, the marks of many years of many schools,
is read where Spark runs: its workers open the same immutable Parquet parts, and the same ibis expressions give the same integers.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
from ibis.backends.pyspark import Backend
from ibis.formats.pandas import PandasData
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from early_id.config.settings import EngineSettings
from early_id.core.errors import InputDataError, SettingsError
from early_id.data.store import Store
from early_id.data.versions import unfolded
from early_id.schema.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

#: No page in a browser, no bar on the terminal. Spark itself sends nothing anywhere.
_USUAL = {
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
#: Without a cluster nothing listens beyond this machine, and the folder that Spark makes for tables of its own (none is made) is not in the reader's.
_THIS_MACHINE = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.warehouse.dir": str(Path(tempfile.gettempdir()) / "early_id_spark"),
}
#: Types of columns that a table got after the store was written.
_TYPES = {"text": "string", "date": "date", "timestamp": "timestamp", "integer": "int64", "number": "float64", "yes_no": "boolean"}


class ArrowBackend(Backend):
    """ibis's own Spark, with frames going in and out through Arrow.

    Its own way through pandas takes null and NaN for the same and uses what pandas 3 warns of; and it has no temporary tables, which here are views.
    """

    def create_table(self, name: str, /, obj: Any = None, *, temp: bool | None = None, overwrite: bool = False, **more: Any) -> ibis.Table:
        """A frame as a view of this session."""
        if not temp:
            return super().create_table(name, obj, temp=temp, overwrite=overwrite, **more)
        rows = obj if isinstance(obj, pa.Table) else pa.Table.from_pandas(obj, preserve_index=False)
        plain = pa.schema([(f.name, pa.string() if pa.types.is_large_string(f.type) else f.type) for f in rows.schema])
        self._session.createDataFrame(rows.cast(plain)).createOrReplaceTempView(name)
        return self.table(name)

    def to_pyarrow(self, expr: ibis.Expr, /, *, params: Any = None, limit: Any = None, **more: Any) -> pa.Table:
        """The answer as Spark gives it."""
        table = expr.as_table()
        self._run_pre_execute_hooks(table)
        return expr.__pyarrow_result__(self._session.sql(self.compile(table, params=params, limit=limit, **more)).toArrow())

    def answer(self, text: str) -> pd.DataFrame:
        """The answer to a query that was compiled before; numbers with nulls are floats."""
        frame: pd.DataFrame = self._session.sql(text).toArrow().to_pandas()
        return frame

    def execute(self, expr: ibis.Expr, /, *, params: Any = None, limit: Any = None, **more: Any) -> Any:
        """The answer as a frame."""
        table = expr.as_table()
        answer = self.to_pyarrow(table, params=params, limit=limit, **more)
        frame = answer.to_pandas(integer_object_nulls=True, timestamp_as_object=False)
        return expr.__pandas_result__(PandasData.convert_table(frame, table.schema()))


def session(engine: EngineSettings) -> SparkSession:
    """The session of these settings; one that runs already is taken.

    Raises
    ------
    SettingsError
        Spark cannot be started.
    """
    building, usual = SparkSession.builder.appName("early_id").master(engine.master), dict(_USUAL)
    if engine.master.startswith("local"):
        usual |= _THIS_MACHINE
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    for name, value in {**usual, **engine.options}.items():
        building = building.config(name, value)
    try:
        return building.getOrCreate()
    except (PySparkException, Py4JError, OSError) as error:
        raise SettingsError(
            f"Spark could not be started ({type(error).__name__}).",
            where=f"engine.master: {engine.master}",
            what_next="Install Java 17 or 21 and set JAVA_HOME, check 'engine.master' and 'engine.options', or set engine.name to duckdb.",
        ) from None


def connect(engine: EngineSettings) -> ArrowBackend:
    """Spark behind ibis."""
    ArrowBackend.register_options()
    backend = ArrowBackend()
    # A session of its own: what is called 'attendance' in one store is not what is called so in another.
    backend.do_connect(session(engine).newSession())
    return backend


@dataclass(frozen=True)
class SparkStore:
    """A store whose rows Spark reads; everything else is the store's own.

    Parameters
    ----------
    store : Store
    engine : EngineSettings
    """

    store: Store
    engine: EngineSettings
    _read: dict[str, ibis.Table] = field(default_factory=dict, compare=False, repr=False)

    @property
    def tables(self) -> Tables:
        """The declarations of the stored tables."""
        return self.store.tables

    @property
    def fingerprint(self) -> str:
        """Hash of all files ever taken in."""
        return self.store.fingerprint

    @cached_property
    def backend(self) -> ArrowBackend:
        """Spark behind ibis."""
        return connect(self.engine)

    def has(self, table: str) -> bool:
        """Whether any rows of ``table`` were ever stored."""
        return self.store.has(table)

    def table(self, name: str) -> ibis.Table:
        """A stored table as an ibis expression, one row a version of a record.

        Raises
        ------
        InputDataError
            The part file is not where Spark looks for it.
        """
        if name not in self._read:
            file = self.store.version.tables[name]
            path = f"{self.engine.parts.rstrip('/')}/{file}" if self.engine.parts else str((self.store.folder / "parts" / file).resolve())
            try:
                rows = self.backend.read_parquet(path, table_name=f"_stored_{name}")
            except (PySparkException, Py4JError) as error:
                raise InputDataError(
                    f"Spark cannot read the stored table '{name}' ({type(error).__name__}).",
                    where=path,
                    what_next="Set engine.parts to the folder of the store's part files as Spark's machines see it, and check that they may read it.",
                ) from None
            added = {c.name: ibis.null(_TYPES[c.type]) for c in self.tables[name].columns if c.name not in rows.columns}
            whole = unfolded(rows.mutate(**added) if added else rows, self.tables[name])
            self.backend.raw_sql(f"CREATE OR REPLACE TEMPORARY VIEW `{name}` AS {self.backend.compile(whole)}")
            self._read[name] = self.backend.table(name)
        return self._read[name]

    def coverage(self) -> pd.DataFrame:
        """source, table, covers_from, covers_to, stated, schools."""
        return self.store.coverage()
