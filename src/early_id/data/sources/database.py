"""A table or a query of a database, read in chunks through ibis: PostgreSQL and SQL Server.

Nobody's password is in the settings. Who signs in is whoever is signed in to the machine (Windows or Kerberos, or what libpq finds of its own), or stands in
environment variables that the settings name. Messages of the drivers quote hosts, users and values, so none of them is passed on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from early_id.config.settings import Config, Database, Source
from early_id.core.errors import InputDataError, SettingsError
from early_id.data.engine import connect, raw, text

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa


@dataclass(frozen=True)
class Fetched:
    """What a database gave, as a Parquet file in the batch's own folder."""

    name: str
    path: Path
    sha256: str  #: of the rows, in whatever order they came


@dataclass(frozen=True)
class _Address:
    """Where a database is, without anybody's password."""

    kind: str
    host: str
    port: int | None
    name: str
    options: dict[str, str]

    def __str__(self) -> str:
        return f"{self.kind}://{self.host}{f':{self.port}' if self.port else ''}/{self.name}"


def fetch(source: Source, cfg: Config, folder: Path) -> Fetched:
    """The rows of a source's table or query, as text and dates in a file of ``folder``.

    Raises
    ------
    SettingsError
        The address cannot be read, an environment variable is not set, or the driver is not installed.
    InputDataError
        The database cannot be reached, refuses the sign-in, or has no such table; its own words are not repeated.
    """
    database = source.database
    if database is None:
        raise SettingsError(f"The source '{source.name}' names no database.")
    where = f"source '{source.name}', database"
    address = _address(database.uri, where)
    name = f"database {database.table or (database.query.stem if database.query else '')}"
    path = folder / "rows.parquet"
    with _no_words_of_the_driver(where, str(address), "could not be reached, or refused the sign-in"):
        backend = _CONNECT[address.kind](address, _from_environment(database.user_from, where), _from_environment(database.password_from, where))
    try:
        with _no_words_of_the_driver(where, str(address), "has no such table, or could not answer"):
            rows = _expression(backend, database, cfg, where)
            _write(backend, rows, path, database.rows_at_a_time)
    finally:
        backend.disconnect()
    return Fetched(name, path, _digest(path))


def _address(uri: str, where: str) -> _Address:
    wrong = SettingsError(
        "The address of the database cannot be read.",
        where=where,
        what_next="Write it as postgresql://server:5432/database or mssql://server/database?driver=ODBC Driver 18 for SQL Server.",
    )
    try:
        parts = urlsplit(uri)
        address = _Address(_KINDS[parts.scheme], parts.hostname or "", parts.port, unquote(parts.path.lstrip("/")), dict(parse_qsl(parts.query)))
    except (ValueError, KeyError):
        raise wrong from None
    if not address.name:
        raise wrong
    if strange := sorted(set(address.options) - _OPTIONS[address.kind]):
        raise SettingsError.unknown_name("option of the database's address", strange[0], _OPTIONS[address.kind], where=where)
    return address


def _from_environment(variable: str | None, where: str) -> str | None:
    if variable is None:
        return None
    if not os.environ.get(variable):
        raise SettingsError(
            f"The environment variable '{variable}' is not set.",
            where=where,
            what_next="Set it for this session, or leave it out to sign in as yourself.",
        )
    return os.environ[variable]


@contextmanager
def _no_words_of_the_driver(where: str, address: str, what: str) -> Iterator[None]:
    """Say again what a driver refused, without its own words."""
    try:
        yield
    except (SettingsError, InputDataError):
        raise
    except ImportError as error:
        package, extra = _EXTRAS[address.partition(":")[0]]
        if isinstance(error.__cause__ or error, ModuleNotFoundError):  # ibis raises an error of its own over it
            raise SettingsError.extra_missing(package, extra) from None
        raise SettingsError(
            f"The package '{package}' is installed, but a library of the system that it needs is not.",
            where=where,
            what_next="Install the system's ODBC driver manager (on Debian: unixodbc) and the database's driver.",
        ) from None
    except Exception as error:
        raise InputDataError(
            f"The database {what} ({type(error).__name__}).",
            where=f"{where} {address}",
            what_next="Try the same address with another program; check server, name, rights and sign-in. The store is as it was.",
        ) from None


def _postgres(address: _Address, user: str | None, password: str | None) -> Any:
    import ibis

    return ibis.postgres.connect(
        host=address.options.get("host", address.host) or None, port=address.port or 5432, database=address.name, user=user, password=password,
        **{name: value for name, value in address.options.items() if name != "host"},
    )  # fmt: skip


def _mssql(address: _Address, user: str | None, password: str | None) -> Any:
    import ibis

    # Without a user, SQL Server takes whoever is signed in to Windows.
    return ibis.mssql.connect(
        host=address.host, port=address.port or 1433, database=address.name, user=user, password=password, **address.options
    )  # fmt: skip


_KINDS = {"postgresql": "postgresql", "postgres": "postgresql", "mssql": "mssql"}
_EXTRAS = {"postgresql": ("psycopg", "postgres"), "mssql": ("pyodbc", "mssql")}
_CONNECT: dict[str, Callable[[_Address, str | None, str | None], Any]] = {"postgresql": _postgres, "mssql": _mssql}
_OPTIONS = {
    "postgresql": {"host", "sslmode", "sslrootcert", "connect_timeout", "application_name"},
    "mssql": {"driver", "TrustServerCertificate", "Encrypt", "timeout"},
}


def _expression(backend: Any, database: Database, cfg: Config, where: str) -> ibis.Table:
    """The rows as an expression: dates and times as they are, everything else as text."""
    if database.table is not None:
        schema, _, table = database.table.rpartition(".")
        rows = backend.table(table, database=schema or None)
    else:
        file = cfg.path(database.query or Path())
        if not file.is_file():
            raise SettingsError.file_missing(file, role="file with the query")
        rows = backend.sql(file.read_text(encoding="utf-8-sig").strip().rstrip(";"))
    kept = {name: kind for name, kind in rows.schema().items() if kind.is_date() or kind.is_timestamp()}
    return rows.cast({name: "string" for name in rows.columns if name not in kept})


def _write(backend: Any, rows: ibis.Table, path: Path, at_a_time: int) -> None:
    """Write the rows to a Parquet file, a chunk at a time, with column names that differ by more than capitals."""
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None
    batches: pa.RecordBatchReader = backend.to_pyarrow_batches(rows, chunk_size=at_a_time)
    try:
        for batch in batches:
            writer = writer or pq.ParquetWriter(path, batch.schema)
            writer.write_batch(batch)
        if writer is None:
            writer = pq.ParquetWriter(path, batches.schema)
    finally:
        if writer is not None:
            writer.close()


def _digest(path: Path) -> str:
    """Hash of all rows: the same for the same rows in another order, since a database promises none."""
    import hashlib

    connection = raw(connect())
    names = [str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM read_parquet({text(str(path))})").fetchall()]
    row = "md5_number_lower(CAST(t AS VARCHAR))"
    found = connection.execute(f"SELECT count(*), sum(CAST({row} AS HUGEINT)), bit_xor({row}) FROM read_parquet({text(str(path))}) AS t").fetchall()
    connection.close()
    return hashlib.sha256(repr((names, found)).encode()).hexdigest()
