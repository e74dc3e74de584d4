"""XML of national collections and transfer files, read record by record.

A shape names the element that is a record. Of its path, what stands before ``//`` is held in memory one at a time: of
``Message/Children/Child//CINdetails/Assessments`` one child. A heading is a path that is looked for in the record and then further out, element by element
to the top (``Reason[2]`` is the second of that name), so ``CINreferralDate`` of an assessment is that of its episode and ``Header/Source/LEA`` that of the file; ``.`` is the record's own text,
and a heading that begins with ``./`` is looked for in the record alone, so that a contact without a surname is not given the pupil's.

Document types and entities are refused (defusedxml), so nothing is expanded and nothing is fetched. Names are compared without their namespace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, ParseError

from early_id.core.errors import InputDataError
from early_id.data.engine import quote

if TYPE_CHECKING:
    import duckdb

    from early_id.data.mapping import Shape

_BATCH = 20_000
_NUMBERED = re.compile(r"([^\[\]]*)(?:\[(\d+)\])?")
#: Elements within elements, and bytes without a new element, beyond which a file is none of a national collection.
_DEEPEST = 60
_LONGEST = 4_000_000
#: So many elements outside the records are held.
_AROUND = 100_000


@dataclass
class _Guarded:
    """A stream of bytes that is given up where no element begins for too long."""

    stream: IO[bytes]
    where: str
    silent: int = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        block = self.stream.read(min(size, 1 << 16) if size > 0 else 1 << 16)
        last = block.rfind(b"<")
        self.silent = self.silent + len(block) if last < 0 else len(block) - last
        if self.silent > _LONGEST:
            raise InputDataError(
                f"An element is longer than {_LONGEST // 1_000_000} MB, so the file is damaged or no table.",
                where=self.where,
                what_next="Export it again.",
            )
        return block


@dataclass
class _Place:
    """Where the reader stands: the open elements and their names."""

    elements: list[Element] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def name_of(element: Element) -> str:
    """An element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


@contextmanager
def _plainly(where: str) -> Iterator[None]:
    from defusedxml.common import DefusedXmlException

    try:
        yield
    except DefusedXmlException:
        raise InputDataError(
            "The XML declares a document type or entities, which no collection needs, so it is refused.", where=where, what_next="Export it again."
        ) from None
    except ParseError as error:
        line = f", line {error.position[0]}" if getattr(error, "position", None) else ""
        raise InputDataError(
            "The file is not well-formed XML.", where=f"{where}{line}", what_next="Export it again; it may have been cut off."
        ) from None
    except (UnicodeError, ValueError, LookupError):
        raise InputDataError("The file cannot be read as XML.", where=where, what_next="Export it again.") from None


def _events(file: Path, where: str) -> Iterator[tuple[_Place, bool]]:
    """The open elements at each beginning and (True) each end of an element; what has ended is let go by whoever read it."""
    from defusedxml.ElementTree import iterparse

    place = _Place()
    with _plainly(where), file.open("rb") as stream:
        for event, element in iterparse(
            _Guarded(stream, where), events=("start", "end"), forbid_dtd=True, forbid_entities=True, forbid_external=True
        ):
            if event == "start":
                place.elements.append(element)
                place.names.append(name_of(element))
                if len(place.names) > _DEEPEST:
                    raise InputDataError(f"Elements lie more than {_DEEPEST} deep.", where=where, what_next="Export the file again.")
                yield place, False
            else:
                yield place, True
                place.elements.pop()
                place.names.pop()


def elements_of(file: Path, *, where: str) -> frozenset[str]:
    """Every path of elements that occurs in the file, from the top: ``Message/Children/Child``."""
    found: set[tuple[str, ...]] = set()
    for place, ends in _events(file, where):
        if ends:
            _let_go(place)
        else:
            found.add(tuple(place.names))
    return frozenset("/".join(names) for names in found)


def _let_go(place: _Place) -> None:
    """Forget the element that has just ended; its parent keeps nothing of it."""
    if len(place.elements) > 1:
        place.elements[-2].remove(place.elements[-1])


def holds(elements: frozenset[str], record: str) -> bool:
    """Whether a file with these ``elements`` holds a record of a shape; ``*`` in its path is any name."""
    path = record.replace("//", "/").split("/")
    return any(_fits(element.split("/"), path) for element in elements)


def _fits(names: list[str], path: list[str]) -> bool:
    return len(names) == len(path) and all(fnmatchcase(name, part) for name, part in zip(names, path, strict=True))


def read_xml(connection: duckdb.DuckDBPyConnection, file: Path, shape: Shape, *, view: str, where: str) -> str:
    """Put the records of the shape into ``view``, all columns as text; ``row`` is the record's number in the file."""
    import pyarrow as pa

    if not shape.record:
        raise InputDataError(
            f"The shape '{shape.name}' does not say which element is a record.", where=where, what_next="Name it under 'record' in the shape."
        )
    headings = list(shape.read)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {quote(view)} (row BIGINT, {', '.join(f'{quote(name)} VARCHAR' for name in headings)})")
    batch: list[list[str | None]] = []
    number = 0

    def hand_over() -> None:
        columns = list(zip(*batch, strict=True))
        table = pa.table(
            {
                "row": pa.array(range(number - len(batch) + 1, number + 1), pa.int64()),
                **{name: pa.array(column, pa.string()) for name, column in zip(headings, columns, strict=True)},
            }
        )
        connection.register("_incoming", table)
        connection.execute(f"INSERT INTO {quote(view)} SELECT * FROM _incoming")
        connection.unregister("_incoming")
        batch.clear()

    for chain in _records(file, shape.record, where):
        number += 1
        batch.append([_look_outwards(chain, heading) for heading in headings])
        if len(batch) >= _BATCH:
            hand_over()
    if batch:
        hand_over()
    return "XML"


def _records(file: Path, record: str, where: str) -> Iterator[list[Element]]:
    """Each record with the elements around it, the record last."""
    outer, _, inner = record.partition("//")
    path = outer.split("/")
    around = 0
    for place, ends in _events(file, where):
        if not ends:
            continue
        if _fits(place.names, path):
            yield from _within(list(place.elements), inner.split("/") if inner else [])
            _let_go(place)
        elif not _fits(place.names[: len(path)], path):
            # What stands around the records is kept, as a heading may name it, but not without end.
            around += 1
            if around > _AROUND:
                _let_go(place)


def _within(chain: list[Element], path: list[str]) -> Iterator[list[Element]]:
    if not path:
        yield chain
        return
    for child in chain[-1]:
        if fnmatchcase(name_of(child), path[0]):
            yield from _within([*chain, child], path[1:])


def _look_outwards(chain: list[Element], heading: str) -> str | None:
    """The text of ``heading``: in the record, else in the elements around it, the nearest first."""
    if heading == ".":
        return chain[-1].text
    if heading.startswith("./"):
        chain, heading = chain[-1:], heading[2:]
    names = [_NUMBERED.fullmatch(part) for part in heading.split("/")]
    wanted = [(match[1], int(match[2] or 1) - 1) for match in names if match]
    for element in reversed(chain):
        found: Any = element
        for name, number in wanted:
            found = next(islice((child for child in found if name_of(child) == name), number, None), None)
            if found is None:
                break
        if found is not None:
            return found.text
    return None
