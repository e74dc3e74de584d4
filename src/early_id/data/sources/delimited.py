"""CSV: text with a delimiter, in whatever encoding it came.

The engine reads UTF-8 only, so a file in another encoding is rewritten in the batch's own folder first and taken away again. Nothing else is guessed:
the engine's own guesses skip lines above the one that suits them best, and lines that begin with '#', a mark.
"""

from __future__ import annotations

import codecs
import csv
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from early_id.core.errors import InputDataError
from early_id.data.engine import quote, text
from early_id.data.sources.survey import LONGEST, Survey, each_once, survey
from early_id.data.sources.uneven import even_out

if TYPE_CHECKING:
    import duckdb

    from early_id.data.mapping import Shape

_UNKNOWN_FAULT = "a line does not have as many cells as the headings, or the text is not in the encoding '{encoding}'."
_SAVE_AGAIN = "Open the file in a text editor and save it again with one kind of line end (CRLF or LF)."


def read_delimited(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    shape: Shape,
    *,
    view: str,
    where: str,
    scratch: Path | None = None,
    lazy: bool = False,
    uneven: bool = False,
) -> Survey:
    """Put the rows of a CSV file into ``view``, all columns as text; how the file was read comes back.

    Parameters
    ----------
    scratch : Path, optional
        Folder for a rewritten copy, which holds people's data; otherwise the system's own for such files.
    lazy : bool
        The rows are to be read as they are asked for, where the file allows it, and not held.
    uneven : bool
        Lines with more or fewer cells than headings are read too, and marked by the columns :data:`~early_id.data.sources.uneven.UNEVEN`; otherwise the file is
        refused.
    """
    import duckdb

    found = survey(file, where=where, wanted=shape.read, encoding=shape.encoding, delimiter=shape.delimiter)
    names = each_once(list(found.headings), shape.read, where)
    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
    options = f"auto_detect=false, header=true, columns={{{columns}}}, delim={text(found.delimiter)}, quote='\"', escape='\"', encoding='utf-8'"
    kind = "VIEW" if lazy and found.is_utf8 else "TABLE"
    try:
        with _in_utf8(file, found, scratch, where) as readable:
            connection.execute(
                f"CREATE OR REPLACE TEMP {kind} {quote(view)} AS "
                f"SELECT row_number() OVER () + 1 AS row, * FROM read_csv({text(str(readable))}, {options}, max_line_size={LONGEST}, null_padding=false)"
            )
    except duckdb.Error as error:
        if not uneven or not _read_uneven(connection, file, found, names, view, scratch, where):
            raise _refused(error, file, found, len(names), where) from None
    return found


def _read_uneven(
    connection: duckdb.DuckDBPyConnection, file: Path, found: Survey, names: list[str], view: str, scratch: Path | None, where: str
) -> bool:
    """Read a file that the engine refused, if lines with other numbers of cells are all that is wrong with it."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix=".uneven-", dir=scratch) as folder:
        evened = even_out(file, found, names, Path(folder) / "copy.csv", where)
        if evened is None:
            return False
        columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in evened.headings)
        options = f"auto_detect=false, header=true, columns={{{columns}}}, delim={text(found.delimiter)}, quote='\"', escape='\"', encoding='utf-8'"
        try:
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {quote(view)} AS "
                f"SELECT row_number() OVER () + 1 AS row, * FROM read_csv({text(str(evened.path))}, {options}, max_line_size={LONGEST}, null_padding=false)"
            )
        except duckdb.Error:
            return False
    return True


def _refused(error: Exception, file: Path, found: Survey, width: int, where: str) -> InputDataError:
    """What the engine refused, said without the line that it quotes."""
    line = re.search(r"[Ll]ine:? (\d+)", str(error))
    what, number, what_next = first_fault(file, found, width) or (_UNKNOWN_FAULT, line and int(line.group(1)), "")
    place = f"{where}, line {number}" if number else where
    at = "Open the file at that line" if number else "Open the file in a text editor"
    return InputDataError(
        f"The file cannot be read as CSV: {what.format(encoding=found.encoding)}",
        where=place,
        what_next=what_next or f"{at}; check the delimiter, the quotes and the encoding, or name them in the shape.",
    )


@contextmanager
def _in_utf8(file: Path, found: Survey, scratch: Path | None, where: str) -> Iterator[Path]:
    """The file itself where it is UTF-8; otherwise a copy that is, for as long as it is read."""
    if found.is_utf8:
        yield file
        return
    with tempfile.TemporaryDirectory(prefix=".utf8-", dir=scratch) as folder:
        copy = Path(folder) / "copy.csv"
        try:
            with file.open(encoding=found.encoding, newline="") as source, copy.open("w", encoding="utf-8", newline="") as target:
                while block := source.read(1 << 20):
                    target.write(block)
        except (UnicodeError, LookupError):
            _, number, _ = first_fault(file, found, 0) or ("", None, "")
            raise InputDataError(
                f"The file cannot be read as CSV: the text is not in the encoding '{found.encoding}'.",
                where=f"{where}, line {number}" if number else where,
                what_next="Name the file's 'encoding' in the shape, or save it again in that one.",
            ) from None
        yield copy


def first_fault(file: Path, found: Survey, width: int) -> tuple[str, int | None, str] | None:
    """What is wrong with a CSV file that the engine refused, the line where it begins, and what to do; None where this cannot tell either.

    Read line by line in Python, which takes its time: only where a file was refused. No line is longer than the survey let pass.
    """
    line, mixed, usual = 0, None, b""
    try:
        decode = codecs.getincrementaldecoder(found.encoding)().decode
        with file.open("rb") as stream:
            for line, content in enumerate(stream, 1):
                decode(content)
                end = b"\r\n" if content.endswith(b"\r\n") else b"\n" if content.endswith(b"\n") else b""
                usual = usual or end
                if mixed is None and ((end and end != usual) or b"\r" in content.removesuffix(end)):
                    mixed = line
            decode(b"", True)
        with file.open(encoding=found.encoding, newline="") as text_stream:
            reader = csv.reader(text_stream, delimiter=found.delimiter, strict=True)
            try:
                for cells in reader:
                    if cells and len(cells) != width:
                        return f"a line does not have as many cells as the headings: {len(cells)}, not {width}.", reader.line_num, ""
            except csv.Error:
                return "a quote is opened and not closed, or stands within a cell.", reader.line_num, ""
    except UnicodeError:
        return "the text is not in the encoding '{encoding}'.", max(line, 1), "Name the file's 'encoding' in the shape, or save it again in that one."
    except LookupError:
        return None
    if mixed and not found.encoding.startswith(("utf-16", "utf-32")):
        return "its lines end in different ways, and this is the first that ends otherwise than the line above.", mixed, _SAVE_AGAIN
    return None
