"""What rules may look at beside the row: the people and schools that are held, and those that came in before it in the same batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from early_id.data.engine import quote, text

if TYPE_CHECKING:
    import duckdb

#: Column of ``_people`` → its type. ``place`` is 0 for what the store held before this batch.
_PEOPLE = {
    "source": "VARCHAR", "source_person_id": "VARCHAR", "birth_date": "DATE", "died_on": "DATE", "upn": "VARCHAR", "ethnicity": "VARCHAR",
    "in_force": "BOOLEAN", "place": "INTEGER",
}  # fmt: skip


def make_context(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty lists of people and schools."""
    columns = ", ".join(f"{name} {kind}" for name, kind in _PEOPLE.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _people ({columns})")
    connection.execute("CREATE OR REPLACE TEMP TABLE _schools (school_id VARCHAR)")


def add_people(connection: duckdb.DuckDBPyConnection, rows: str, *, place: int, in_force: str = "true") -> None:
    """Add people from ``rows`` (SQL with a condition, if any)."""
    _forget_persons(connection)
    connection.execute(
        f"INSERT INTO _people SELECT DISTINCT source, source_person_id, birth_date, died_on, upn, ethnicity, {in_force}, {place} FROM {rows}"
    )


def add_schools(connection: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Add schools from ``rows``."""
    connection.execute(f"INSERT INTO _schools SELECT DISTINCT school_id FROM {rows}")


def person_table(connection: duckdb.DuckDBPyConnection, source: str, table: str) -> str:
    """The table of :func:`person_sql`, made once for all files of a source between two changes of the list of people."""
    name = f"_persons of {source}{' before' if table == 'pupils' else ''}"
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {quote(name)} AS {person_sql(source, table)}")
    return name


def _forget_persons(connection: duckdb.DuckDBPyConnection) -> None:
    for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, '_persons of ')").fetchall():
        connection.execute(f"DROP TABLE {quote(name)}")


def person_sql(source: str, table: str) -> str:
    """SQL for one row a person of a source: what rules read as ``person_…`` and ``held_…``.

    For the list of people itself ``held`` is what the store held before this batch; for every other table it is what is held now.
    """
    held = "place = 0 AND in_force" if table == "pupils" else "in_force"
    return (
        "SELECT source_person_id, true AS person_listed, min(birth_date) AS person_born, "
        "coalesce(list(DISTINCT birth_date) FILTER (birth_date IS NOT NULL), []) AS person_births, max(died_on) AS person_died, "
        "arg_max(upn, place) AS person_upn, arg_max(ethnicity, place) AS person_ethnicity, "
        f"arg_max(upn, place) FILTER ({held}) AS held_upn, arg_max(ethnicity, place) FILTER ({held}) AS held_ethnicity "
        f"FROM _people WHERE source = {text(source)} GROUP BY source_person_id"
    )


def extend_context(connection: duckdb.DuckDBPyConnection, table: str, staged: str, file: str) -> None:
    """Add what a staged file of people or schools tells."""
    told = "NOT list_contains(codes, 'FIL004')"  # of a line with other numbers of cells nobody can tell which cell is the person
    if table == "pupils":
        add_people(connection, f"{quote(staged)} WHERE file = {text(file)} AND source_person_id IS NOT NULL AND {told}", place=1)
    elif table == "schools":
        add_schools(connection, f"{quote(staged)} WHERE school_id IS NOT NULL AND {told}")
