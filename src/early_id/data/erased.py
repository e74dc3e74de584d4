"""The register of people whose records were erased: every intake leaves out what it brings of them again.

It holds keyed hashes of the numbers at each source, so that it names nobody.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from early_id.core.errors import InputDataError
from early_id.core.folders import own_folder, restrict
from early_id.core.privacy import keyed_hash
from early_id.data.engine import quote, text
from early_id.data.sources.others import OTHER_RECORDS
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import duckdb

    from early_id.data.store import Store

#: (source, number at that source) of a person.
PersonKey: TypeAlias = tuple[str, str]
ERASED, BEGUN = Path("rights") / "erased.json", Path("rights") / "being_erased.json"


def person_columns(table: Table) -> tuple[str, ...]:
    """Columns with the number of a person at its source, that of the person whose row it is first; none where the rows of a table are nobody's."""
    if table.has_person:
        return ("source_person_id", *table.also_about)
    return ("about",) if table.name == OTHER_RECORDS.name else ()


def remember_erased(store: Store, people: Iterable[PersonKey], *, group: bool = False) -> None:
    """Remember, as keyed hashes, whose records were erased, so that the next extract does not bring them back."""
    path = store.folder / ERASED
    known = set(read_erased(store.folder)) | {_mark(person, store.key) for person in people}
    own_folder(path.parent, group=group)
    _write(path, sorted(known), group=group)


def begun_of(folder: Path, child: str) -> tuple[str, list[PersonKey]] | None:
    """The child and its numbers of an erasure that broke off, asked for in the same words or by one of its numbers."""
    for who, pairs in _begun(folder).items():
        if child == who or child in {f"{source}/{number}" for source, number in pairs}:
            return who, pairs
    return None


def unfinished(folder: Path) -> int:
    """How many erasures broke off."""
    return len(_begun(folder))


def begin(folder: Path, who: str, pairs: list[PersonKey], *, group: bool = False) -> None:
    """Note whose records are being erased, until they are."""
    own_folder(folder / BEGUN.parent, group=group)
    _write(folder / BEGUN, {**_begun(folder), who: pairs}, group=group)


def end(folder: Path, who: str, *, group: bool = False) -> None:
    """Nothing of the child is left to be erased."""
    left = {one: pairs for one, pairs in _begun(folder).items() if one != who}
    if left:
        _write(folder / BEGUN, left, group=group)
    else:
        (folder / BEGUN).unlink(missing_ok=True)


def _begun(folder: Path) -> dict[str, list[PersonKey]]:
    try:
        held = json.loads((folder / BEGUN).read_text(encoding="utf-8"))
        return {str(who): [(str(source), str(number)) for source, number in pairs] for who, pairs in held.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        raise InputDataError(
            "The note of an erasure that broke off cannot be read.", where=str(folder / BEGUN), what_next="Restore it from a backup, and erase again."
        ) from None


def _write(path: Path, value: object, *, group: bool) -> None:
    beside = path.with_suffix(".tmp")
    beside.touch()
    restrict(beside, group=group)
    beside.write_text(json.dumps(value, indent=0), encoding="utf-8")
    beside.replace(path)


def read_erased(folder: Path) -> frozenset[str]:
    """The keyed hashes on the register of a store.

    Raises
    ------
    InputDataError
        It is there and cannot be read.
    """
    try:
        return frozenset(json.loads((folder / ERASED).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, TypeError):
        raise InputDataError(
            "The register of erased people cannot be read, so nobody can tell whose records may not come back.",
            where=str(folder / ERASED), what_next="Restore it from a backup.",
        ) from None  # fmt: skip


def leave_out(connection: duckdb.DuckDBPyConnection, store: Store, table: Table, rows: str) -> int:
    """Take the rows of erased people out of one file's staged ``rows``, before anything looks at them; how many."""
    marks, taken = read_erased(store.folder), 0
    for column in person_columns(table) if marks else ():
        people = connection.execute(f"SELECT DISTINCT source, {quote(column)} FROM {quote(rows)} WHERE {quote(column)} IS NOT NULL").fetchall()
        back = [person for person in people if _mark(person, store.key) in marks]
        if back:
            [(gone,)] = connection.execute(f"DELETE FROM {quote(rows)} WHERE {of_these(back, column)}").fetchall()
            taken += int(gone)
    return taken


def of_these(people: Iterable[PersonKey], column: str) -> str:
    """SQL that holds for the rows of some people."""
    pairs = ", ".join(f"({text(source)}, {text(number)})" for source, number in sorted(set(people)))
    return f"(source, {quote(column)}) IN ({pairs})"


def _mark(person: PersonKey, key: str) -> str:
    return keyed_hash(f"erased:{person[0]}/{person[1]}", key, length=32)
