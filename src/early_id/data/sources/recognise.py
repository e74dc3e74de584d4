"""Tell the shape of a file by its columns, or of XML by its elements; say which known shapes come nearest where none fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from early_id.core.errors import InputDataError
from early_id.data.mapping import Shape
from early_id.data.sources.survey import each_once, survey
from early_id.data.sources.workbook import sheets_of
from early_id.data.sources.xml import elements_of, holds

#: So many of the nearest shapes are named, and so many of the columns that each misses.
_NEAREST, _MISSING = 3, 8


@dataclass(frozen=True)
class Seen:
    """What a file, or a sheet of it, shows of itself."""

    headings: tuple[str, ...]
    sheet: str | None = None
    rows: bool = True
    first: bool = True  #: of a workbook's sheets


@dataclass(frozen=True)
class Nearest:
    """A known shape that a file comes near to, and the columns that it lacks."""

    shape: str
    missing: tuple[str, ...]

    def __str__(self) -> str:
        more = len(self.missing) - _MISSING
        listed = ", ".join(self.missing[:_MISSING]) + (f" and {more} more" if more > 0 else "")
        return f"{self.shape} (missing: {listed})"


@dataclass(frozen=True)
class Recognised:
    """The shapes of a file, and the parts of it that have none or no rows."""

    shapes: tuple[Shape, ...]
    unknown: tuple[tuple[str | None, tuple[Nearest, ...]], ...] = ()  #: sheet, and the nearest shapes
    empty: tuple[tuple[str | None, str], ...] = ()  #: sheet, and the shape of its headings


def recognise(file: Path, shapes: Mapping[str, Shape], *, where: str) -> Recognised:
    """Which of ``shapes`` the file ``file`` has.

    Raises
    ------
    InputDataError
        It cannot be read at all.
    """
    if file.suffix.lower() == ".xml":
        elements = elements_of(file, where=where)
        fitting = [shape for shape in shapes.values() if shape.record and holds(elements, shape.record)]
        return Recognised(tuple(fitting), () if fitting else ((None, ()),))
    found: list[Shape] = []
    unknown: list[tuple[str | None, tuple[Nearest, ...]]] = []
    empty: list[tuple[str | None, str]] = []
    tables = {name: shape for name, shape in shapes.items() if not shape.record}
    for seen in look(file, tables, where=where):
        best = _best(seen, tables)
        if best is None:
            if seen.headings or seen.sheet is None:
                unknown.append((seen.sheet, nearest(seen, tables)))
        elif not seen.rows:
            empty.append((seen.sheet, best.name))
        else:
            found.append(best)
    names = {shape.name for shape in found}
    found += [shape for shape in tables.values() if names & set(shape.beside)]
    return Recognised(tuple(found), tuple(unknown), tuple(empty))


def look(file: Path, shapes: Mapping[str, Shape], *, where: str) -> list[Seen]:
    """Headings of a table file, of a workbook sheet by sheet."""
    suffix = file.suffix.lower()
    if suffix == ".xlsx":
        sheets = sheets_of(file, where=where)
        return [Seen(headings, name, rows, number == 0) for number, (name, headings, rows) in enumerate(sheets)]
    if suffix == ".parquet":
        import pyarrow.parquet

        try:
            meta = pyarrow.parquet.read_metadata(file)
        except (OSError, ValueError):
            raise InputDataError("The file cannot be read as Parquet.", where=where, what_next="Export it again.") from None
        return [Seen(tuple(meta.schema.to_arrow_schema().names), rows=meta.num_rows > 0)]
    wanted = {heading for shape in shapes.values() for heading in shape.read}
    headings = survey(file, where=where, wanted=wanted).headings
    return [Seen(tuple(each_once(list(headings), (), where)), rows=_has_rows(file))]


def _has_rows(file: Path) -> bool:
    """Whether anything stands below the first line of a text file."""
    with file.open("rb") as stream:
        head = stream.read(1 << 20)
        return len(head) == 1 << 20 or len([line for line in head.splitlines() if line.strip(b'\0 \t,;|"')]) > 1


def _best(seen: Seen, shapes: Mapping[str, Shape]) -> Shape | None:
    """The shape that explains most of the columns; where two do, the one named first."""
    headings = set(seen.headings)
    fitting = [shape for shape in shapes.values() if not shape.beside and shape.needed and shape.needed <= headings]
    if not fitting:
        return None
    best = max(fitting, key=lambda shape: (len(headings & set(shape.read)), len(shape.needed)))
    if seen.sheet is None or (best.sheet and fnmatchcase(seen.sheet, best.sheet)) or (seen.first and not best.sheet):
        return best
    return replace(best, sheet=seen.sheet, part=seen.sheet)


def nearest(seen: Seen, shapes: Mapping[str, Shape]) -> tuple[Nearest, ...]:
    """The shapes that share most of their columns with the file, the nearest first; none where none shares any."""
    headings = set(seen.headings)
    near = [shape for shape in shapes.values() if not shape.beside and shape.needed & headings]
    near.sort(key=lambda shape: (-len(shape.needed & headings) / len(shape.needed), len(shape.needed - headings), shape.name))
    return tuple(Nearest(shape.name, tuple(sorted(shape.needed - headings))) for shape in near[:_NEAREST])


def said(options: tuple[Nearest, ...], known: Mapping[str, Shape]) -> str:
    """What a person is told of a file of no known shape."""
    if options:
        return f"Nearest known shapes: {'; '.join(map(str, options))}."
    return f"No known shape shares a column with it. {len(known)} are known, among them {', '.join(sorted(known)[:6])}."
