"""Lines of a CSV file that do not have as many cells as the headings: they are set aside, and the rest of the file is read.

Only where the engine refused a file is it read again here, line by line, which takes its time. Nothing of such a line is lost: cells beyond the headings stand
in a column of their own, beside the line of the file that they came from.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from early_id.core.errors import InputDataError
from early_id.data.sources.survey import DELIMITERS, Survey

#: Columns that the rows of such a file have besides: how many cells the line has, what stands beyond the headings, and which line it is. Empty in all others.
CELLS, BEYOND, LINE = UNEVEN = ("(cells in this line)", "(cells beyond the headings)", "(line of the file)")
#: A file of which more of the lines are uneven has another delimiter, or other headings.
MOST = 0.5


@dataclass(frozen=True)
class Evened:
    """A copy of a file in which every line has as many cells as the headings and the columns ``UNEVEN``."""

    path: Path
    headings: tuple[str, ...]


def even_out(file: Path, found: Survey, names: list[str], to: Path, where: str) -> Evened | None:
    """Write the copy ``to``; None where the cells are not what is wrong with the file, or nothing else than the cells.

    Raises
    ------
    InputDataError
        Most lines are uneven.
    """
    width, rows, uneven, first = len(names), 0, 0, 0
    try:
        with file.open(encoding=found.encoding, newline="") as source, to.open("w", encoding="utf-8", newline="") as target:
            reader, writer = csv.reader(source, delimiter=found.delimiter, strict=True), csv.writer(target, delimiter=found.delimiter)
            head = next(reader, [])
            begins = reader.line_num + 1
            writer.writerow([*head, *UNEVEN])
            for cells in reader:
                line, begins = begins, reader.line_num + 1
                if not cells:
                    continue
                rows += 1
                if len(cells) == width:
                    writer.writerow([*cells, "", "", ""])
                    continue
                uneven, first = uneven + 1, first or line
                beyond = found.delimiter.join(cells[width:])
                writer.writerow([*cells[:width], *[""] * (width - len(cells)), len(cells), beyond, line])
    except (csv.Error, UnicodeError, LookupError):
        return None
    if uneven and uneven > MOST * rows:
        raise InputDataError(
            f"Most lines of the file ({uneven:,} of {rows:,}) do not have as many cells as the headings, of which there are {width}; the first is named here.",
            where=f"{where}, line {first}",
            what_next=f"It was read with {DELIMITERS.get(found.delimiter, 'another delimiter')} between cells: name the 'delimiter' in the shape, or export it again "
            "with a heading for every column.",
        )
    return Evened(to, (*names, *UNEVEN)) if uneven else None
