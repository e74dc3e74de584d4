"""Read one file into the engine as text columns with row numbers, whatever its format.

Errors of the libraries underneath quote the offending line, so they are caught here and said again without it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from early_id.core.errors import InputDataError
from early_id.data.engine import quote, text
from early_id.data.mapping import Shape
from early_id.data.sources.delimited import read_delimited
from early_id.data.sources.survey import Survey
from early_id.data.sources.uneven import UNEVEN
from early_id.data.sources.unfold import unfold
from early_id.data.sources.workbook import read_workbook
from early_id.data.sources.xml import read_xml

if TYPE_CHECKING:
    import duckdb


def read_raw(
    connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, *, view: str, where: str, scratch: Path | None = None, uneven: bool = False
) -> Survey | str:
    """Put a file's rows into the table ``view``, all columns as they are plus ``row``; how the file was read comes back.

    ``row`` is the row's number in the file as a person would see it: the headings are row 1; of XML, the number of the record. ``where`` is the file as
    messages call it: its path in the folder of extracts, since two agencies' files may share a name. ``scratch`` is a folder for copies in another encoding. With
    ``uneven``, lines of a CSV file with more or fewer cells than headings are rows too, and marked as such (:mod:`early_id.data.sources.uneven`).

    Raises
    ------
    InputDataError
        The file cannot be read or holds no rows.
    """
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise InputDataError(
            f"Files ending in '{file.suffix}' cannot be read.", where=where, what_next=f"Supply one of: {', '.join(sorted(READERS))}, .zip."
        )
    connection.execute(f"DROP TABLE IF EXISTS {quote(view)}")
    if reader is _read_csv:
        read_as: Survey | str = read_delimited(connection, file, shape, view=view, where=where, scratch=scratch, uneven=uneven)
    else:
        read_as = reader(connection, file, shape, view, where, scratch)
    if connection.execute(f"SELECT 1 FROM {quote(view)} LIMIT 1").fetchall() == []:
        check_columns(connection, shape, view=view, where=where)
        raise InputDataError.no_rows(where=where)
    return read_as


def check_columns(connection: duckdb.DuckDBPyConnection, shape: Shape, *, view: str, where: str) -> None:
    """Refuse a file that lacks columns which the shape needs."""
    headings = [str(row[0]) for row in connection.execute(f"DESCRIBE {quote(view)}").fetchall() if row[0] not in ("row", *UNEVEN)]
    needed = shape.needed
    missing = needed - set(headings)
    if missing == needed and len(headings) > 1:
        # Perhaps these 'headings' are the first row of data, so they are not repeated here.
        raise InputDataError(
            "None of the columns that the shape needs is in the file; perhaps it has no heading row.",
            where=where,
            what_next=f"Export it with these headings, or correct the shape: {', '.join(sorted(needed))}.",
        )
    if missing:
        # A first line that lost its end holds cells of the first row, so only names that the shape knows are repeated.
        known = [name for name in headings if name in shape.read]
        others = len(headings) - len(known)
        found = [*known, *([f"and {others} that the shape does not name"] if others else [])]
        raise InputDataError.columns_missing(missing, where=where, found=found if len(headings) > 1 else headings)


def bring_into_reach(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, *, view: str, where: str, scratch: Path | None = None) -> None:
    """Make the columns of ``view`` that the shape makes of others, and its records out of the rows of the file."""
    headings = {str(row[0]) for row in connection.execute(f"DESCRIBE {quote(view)}").fetchall()}
    made_of = {name for derived in shape.derive.values() for name in derived.reads} | set(shape.each.reads if shape.each else ())
    for name in made_of & set(shape.optional):
        if name not in headings:
            connection.execute(f"ALTER TABLE {quote(view)} ADD COLUMN {quote(name)} VARCHAR")
    if shape.join:
        _join(connection, file, shape, view=view, where=where, scratch=scratch)
    if shape.each or shape.derive or shape.distinct:
        unfold(connection, view, each=shape.each, derive=shape.derive, read=shape.read, distinct=shape.distinct)


def _join(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, *, view: str, where: str, scratch: Path | None) -> None:
    join = shape.join
    if join is None:
        return
    others = [item for item in sorted(file.parent.iterdir()) if item.stem == join.file and item.suffix.lower() in READERS]
    if not others:
        raise InputDataError(
            f"The file needs a second one beside it, '{join.file}', which says whose its rows are.",
            where=where,
            what_next="Export both into one folder.",
        )
    here, there = join.on
    other = Shape(f"{shape.name}: {join.file}", shape.table, "", {name: name for name in (there, *join.columns)})
    read_raw(connection, others[0], other, view="_beside", where=others[0].name, scratch=scratch)
    check_columns(connection, other, view="_beside", where=others[0].name)
    added = ", ".join(f"any_value({quote(name)}) AS {quote(name)}" for name in join.columns)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE _joined AS SELECT f.*, {', '.join(f'b.{quote(name)}' for name in join.columns)} FROM {quote(view)} AS f "
        f"LEFT JOIN (SELECT {quote(there)} AS _there, {added} FROM _beside GROUP BY ALL) AS b ON f.{quote(here)} = b._there ORDER BY f.row"
    )
    connection.execute(f"DROP TABLE {quote(view)}")
    connection.execute(f"ALTER TABLE _joined RENAME TO {quote(view)}")
    connection.execute("DROP TABLE _beside")


def _read_csv(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, view: str, where: str, scratch: Path | None) -> Survey:
    return read_delimited(connection, file, shape, view=view, where=where, scratch=scratch)


def _read_parquet(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, view: str, where: str, scratch: Path | None) -> str:
    import duckdb

    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {quote(view)} AS SELECT file_row_number + 2 AS row, * EXCLUDE (file_row_number) "
            f"FROM read_parquet({text(str(file))}, file_row_number=true)"
        )
    except duckdb.Error:
        raise InputDataError("The file cannot be read as Parquet.", where=where, what_next="Export it again.") from None
    return "Parquet"


def _read_xlsx(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, view: str, where: str, scratch: Path | None) -> str:
    return read_workbook(connection, file, shape, view=view, where=where)


def _read_xml(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, view: str, where: str, scratch: Path | None) -> str:
    return read_xml(connection, file, shape, view=view, where=where)


Reader = Callable[["duckdb.DuckDBPyConnection", Path, Shape, str, str, Path | None], Survey | str]
READERS: dict[str, Reader] = {".csv": _read_csv, ".txt": _read_csv, ".parquet": _read_parquet, ".xlsx": _read_xlsx, ".xml": _read_xml}
