"""The register of people whose records were erased: every intake leaves out what it brings of them again, and so does every import of workbooks.

It holds keyed hashes of the numbers at each source, of ids and names of children, and of workbooks that were deleted, so that it names nobody.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
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


@dataclass(frozen=True, repr=False)
class Erasing:
    """What has to be known of a child until nothing of it is left.

    Parameters
    ----------
    who : str
    pairs : frozenset of (source, number)
    ids : frozenset of str
        Ids of the child, those that a merge gave up too.
    names : frozenset of str
        Marks of its names (:func:`mark_of`): a line that nobody could attach may bear one.
    """

    who: str
    pairs: frozenset[PersonKey] = field(repr=False)
    ids: frozenset[str] = field(default=frozenset(), repr=False)
    names: frozenset[str] = field(default=frozenset(), repr=False)


def mark_of(kind: str, value: str, key: str) -> str:
    """The keyed hash of a ``child``, a ``book`` (digest of a workbook) or a ``name``."""
    return keyed_hash(f"{kind}:{value}", key, length=32)


def remember_erased(
    store: Store,
    people: Iterable[PersonKey] = (),
    *,
    children: Iterable[str] = (),
    books: Iterable[str] = (),
    names: Iterable[str] = (),
    group: bool = False,
) -> None:
    """Remember, as keyed hashes, whose records were erased, and which workbooks went with them, so that nothing brings them back; ``names`` are marks already."""
    path = store.folder / ERASED
    pairs = set(people)
    fresh = {_mark(person, store.key) for person in pairs} | set(names)
    # A source that is renamed brings the same numbers under a name that nobody knew: they are remembered without it too, and where they are known to be others'.
    sources = {str(row["source"]) for row in store.version.coverage}
    fresh |= {mark_of("number", number, store.key) for _, number in pairs}
    fresh |= {mark_of("apart", f"{other}/{number}", store.key) for source, number in pairs for other in sources - {source}}
    fresh |= {mark_of(kind, value, store.key) for kind, values in (("child", children), ("book", books)) for value in values}
    own_folder(path.parent, group=group)
    _write(path, sorted(set(read_erased(store.folder)) | fresh), group=group)


def erased_among(store: Store, kind: str, values: Iterable[str]) -> frozenset[str]:
    """Those of some ids of children (``child``), digests of workbooks (``book``) or names (``name``, as they are compared) that are on the register."""
    marks = read_erased(store.folder)
    return frozenset(value for value in set(values) if mark_of(kind, value, store.key) in marks) if marks else frozenset()


def begun_of(folder: Path, child: str) -> Erasing | None:
    """What is left to be done of an erasure that broke off, asked for by one of the child's ids or numbers."""
    for one in _begun(folder).values():
        if child in {one.who, *one.ids, *(f"{source}/{number}" for source, number in one.pairs)}:
            return one
    return None


def unfinished(folder: Path) -> int:
    """How many erasures broke off."""
    return len(_begun(folder))


def begin(folder: Path, erasing: Erasing, *, group: bool = False) -> None:
    """Note whose records are being erased, until they are."""
    own_folder(folder / BEGUN.parent, group=group)
    _keep_begun(folder, {**_begun(folder), erasing.who: erasing}, group=group)


def end(folder: Path, who: str, *, group: bool = False) -> None:
    """Nothing of the child is left to be erased."""
    left = {one: erasing for one, erasing in _begun(folder).items() if one != who}
    if left:
        _keep_begun(folder, left, group=group)
    else:
        (folder / BEGUN).unlink(missing_ok=True)


def _keep_begun(folder: Path, begun: dict[str, Erasing], *, group: bool) -> None:
    said = {who: {"pairs": sorted(one.pairs), "ids": sorted(one.ids), "names": sorted(one.names)} for who, one in begun.items()}
    _write(folder / BEGUN, said, group=group)


def _begun(folder: Path) -> dict[str, Erasing]:
    try:
        held = json.loads((folder / BEGUN).read_text(encoding="utf-8"))
        # Older notes hold the numbers alone.
        told = {str(who): one if isinstance(one, dict) else {"pairs": one, "ids": [], "names": []} for who, one in held.items()}
        return {
            who: Erasing(
                who, frozenset((str(s), str(n)) for s, n in one["pairs"]), frozenset(map(str, one["ids"])), frozenset(map(str, one["names"]))
            )
            for who, one in told.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
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


def leave_out(
    connection: duckdb.DuckDBPyConnection, store: Store, table: Table, rows: str, *, formerly: Collection[str] | None = None
) -> tuple[int, int]:
    """Take the rows of erased people out of one file's staged ``rows``, before anything looks at them.

    Parameters
    ----------
    formerly : collection of str, optional
        What the source was called before; none at all where it is a source of its own. Where nobody has said, the number of an erased person under a name that
        was not known when the person was erased may be that person, after a source was renamed: the row is left out until somebody says. A row that is
        missing for a week can be sent again; what was erased and came back cannot be made good.

    Returns
    -------
    tuple of int
        Rows of erased people, and rows left out until somebody says whose they are.
    """
    counts = {"back": 0, "in doubt": 0}
    if not (marks := read_erased(store.folder)):
        return 0, 0  # and no key is made for it
    key = store.key
    for column in person_columns(table):
        people = connection.execute(f"SELECT DISTINCT source, {quote(column)} FROM {quote(rows)} WHERE {quote(column)} IS NOT NULL").fetchall()
        found: dict[str, list[PersonKey]] = {"back": [], "in doubt": []}
        for source, number in people:
            if any(_mark((name, number), key) in marks for name in (source, *(formerly or ()))):
                found["back"].append((source, number))
            elif formerly is None and mark_of("number", number, key) in marks and mark_of("apart", f"{source}/{number}", key) not in marks:
                found["in doubt"].append((source, number))
        for kind, pairs in found.items():
            if pairs:
                [(gone,)] = connection.execute(f"DELETE FROM {quote(rows)} WHERE {of_these(pairs, column)}").fetchall()
                counts[kind] += int(gone)
    return counts["back"], counts["in doubt"]


def of_these(people: Iterable[PersonKey], column: str) -> str:
    """SQL that holds for the rows of some people."""
    pairs = ", ".join(f"({text(source)}, {text(number)})" for source, number in sorted(set(people)))
    return f"(source, {quote(column)}) IN ({pairs})"


def _mark(person: PersonKey, key: str) -> str:
    return keyed_hash(f"erased:{person[0]}/{person[1]}", key, length=32)
