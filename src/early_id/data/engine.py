"""The engine: DuckDB in memory, reading immutable Parquet files, reached through ibis by the floors above.

Nothing is kept in a DuckDB file: a file open for writing would block readers in other processes, and the reverse.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import ibis


def connect() -> ibis.backends.duckdb.Backend:
    """A fresh in-memory DuckDB behind ibis. Threads and memory follow the machine; ``EARLY_ID_MEMORY`` caps the latter."""
    import ibis

    backend = ibis.duckdb.connect()
    backend.raw_sql("SET preserve_insertion_order = true")
    backend.raw_sql("SET autoinstall_known_extensions = false")  # no network at run time
    backend.raw_sql("SET autoload_known_extensions = false")
    backend.raw_sql("SET enable_progress_bar = false")
    if limit := os.environ.get("EARLY_ID_MEMORY"):
        backend.raw_sql(f"SET memory_limit = '{limit}'")
    return backend


def raw(backend: ibis.backends.duckdb.Backend) -> duckdb.DuckDBPyConnection:
    """The DuckDB connection under an ibis backend, for the SQL of ingest."""
    return backend.con


def quote(name: str) -> str:
    """A column or table name, quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string literal for SQL."""
    return "'" + value.replace("'", "''") + "'"
