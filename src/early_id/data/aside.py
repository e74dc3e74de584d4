"""Rows set aside, as files for people and for machines: how they are named and written, and how a person's lines are taken out of them.

Whoever looks for the fault opens the CSV in Excel or LibreOffice. What came from a file is not trusted there: a cell that a program would take for a formula
begins with an apostrophe. The same rows stand beside it, cell for cell as they came, in a Parquet file of the same name.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from early_id.data.engine import quote, text

if TYPE_CHECKING:
    import duckdb

#: File, source and table of one reading.
Place: TypeAlias = tuple[str, str, str]
FOLDER, WAITING, README = "set_aside", "waiting.parquet", "READ_ME.txt"
_FORMULA = r"^\s*[=+\-@\t\r]"
_SAID = (
    "Rows that broke a rule, with the number of the row in the file, the codes of the rules and the cells at fault. They hold people's data: do not forward them.\n"
    "In the .csv files a cell that a spreadsheet would take for a formula begins with an apostrophe (') that did not come with the file.\n"
    "The .parquet file of the same name holds the same rows as they came, to the sign. What waits for a correction stands in waiting.parquet, as places and hashes.\n"
)


def aside_names(read: Iterable[Place]) -> dict[Place, str]:
    """Reading → name of its file of rows set aside, without an ending; two readings of one batch never share one.

    Parameters
    ----------
    read : iterable of (file, source, table)
        All readings of the batch, those without rows set aside too.
    """
    places = sorted(set(read))
    several = Counter(_flat(file).casefold() for file, _, _ in places)
    found = {}
    for number, (file, source, table) in enumerate(places):
        apart = "" if several[_flat(file).casefold()] == 1 else f".{number}.{re.sub('[^A-Za-z0-9_-]', '_', source)}.{table}"
        found[file, source, table] = f"{_flat(file)}{apart}"
    return found


def _flat(file: str) -> str:
    return file.replace("/", "__")


def write_aside(connection: duckdb.DuckDBPyConnection, folder: Path, place: Place, name: str, *, rows: str) -> None:
    """Write the rows of ``_aside`` of one reading, joined to the raw rows of its file: safe to open as CSV, and as they came as Parquet."""
    headings = [str(row[0]) for row in connection.execute(f"DESCRIBE {quote(rows)}").fetchall() if row[0] != "row"]
    mine = f"_aside AS a JOIN {quote(rows)} AS r USING (row) WHERE a.file = {text(place[0])} AND a.source = {text(place[1])} ORDER BY a.row"
    faults = "array_to_string(a.faults, '; ')"
    cells = ["array_to_string(a.codes, ' ') AS codes", f"{_safe(faults)} AS faults"]
    cells += [f"{_safe(f'r.{quote(heading)}')} AS {quote(safe_text(heading))}" for heading in headings]
    connection.execute(f"COPY (SELECT a.row, {', '.join(cells)} FROM {mine}) TO {text(str(folder / f'{name}.csv'))} (HEADER, DELIMITER ',')")
    listed = "".join(f", r.{quote(heading)}" for heading in headings)
    connection.execute(f"COPY (SELECT a.row{listed} FROM {mine}) TO {text(str(folder / f'{name}.parquet'))} (FORMAT parquet, COMPRESSION zstd)")
    (folder / README).write_text(_SAID, encoding="utf-8")


def _safe(cell: str) -> str:
    """SQL for a cell as a spreadsheet may hold it."""
    as_text = f"CAST({cell} AS VARCHAR)"
    return f"CASE WHEN regexp_matches({as_text}, {text(_FORMULA)}) THEN '''' || {as_text} ELSE {as_text} END"


def safe_text(cell: str) -> str:
    """The same of a text."""
    return f"'{cell}" if re.match(_FORMULA, cell) else cell


def _as_it_came(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and re.match(_FORMULA, cell[1:]) else cell


def take_out(folder: Path, batch: str, places: Collection[Place], name: str, goes: Callable[[Mapping[str, str]], bool]) -> int:
    """Take the lines for which ``goes`` holds out of one file of rows set aside, of its exact copy, and of what waits; how many lines.

    The CSV, by which lines are known, comes last: whatever breaks off in between is done by the next attempt.
    """
    path = folder / batch / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    headings = [_as_it_came(cell) for cell in rows[0]]
    left = [row for i, row in enumerate(rows) if i == 0 or not goes(dict(zip(headings, map(_as_it_came, row), strict=False)))]
    if len(left) == len(rows):
        return 0
    kept = {id(row) for row in left}
    numbers = {int(row[0]) for row in rows[1:] if id(row) not in kept}
    _keep(path.with_suffix(".parquet"), lambda row: row["row"] not in numbers)
    for waiting in sorted(folder.glob(f"*/{WAITING}")):
        _keep(
            waiting,
            lambda row: row["row"] not in numbers or row["batch"] != int(batch) or (row["file"], row["source"], row["table_name"]) not in places,
        )
    beside = path.with_suffix(".tmp")
    with beside.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(left)
    beside.replace(path)
    return len(rows) - len(left)


def _keep(path: Path, stays: Callable[[Mapping[str, Any]], bool]) -> None:
    """Leave only some rows in a Parquet file, and its types as they are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        return
    table = pq.read_table(path)
    columns = [name for name in ("row", "batch", "file", "source", "table_name") if name in table.column_names]
    mask = [stays(row) for row in table.select(columns).to_pylist()]
    if not all(mask):
        beside = path.with_suffix(".tmp")
        pq.write_table(table.filter(pa.array(mask)), beside, compression="zstd")
        beside.replace(path)
