"""Whose a record or a line is, where a request is about one child: its numbers at the sources, and the names that it bears."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from early_id.data.erased import PersonKey, mark_of
from early_id.screening.people import sort_key

if TYPE_CHECKING:
    import pandas as pd

    from early_id.data.erased import Erasing
    from early_id.data.store import Store


def records_of(links: pd.DataFrame) -> frozenset[PersonKey]:
    """(source, number) of some links."""
    rows = links[["source", "source_person_id"]].itertuples(index=False, name=None)
    return frozenset((str(source), str(number)) for source, number in rows)


def name_mark(name: str, key: str) -> str:
    """A mark by which names are compared without being kept."""
    return mark_of("name", sort_key(name), key)


def name_marks(store: Store, pairs: Iterable[PersonKey]) -> frozenset[str]:
    """Marks of the names under which any list of people ever held some people."""
    return _marks(store, set(pairs), True)


def marks_of_others(store: Store, erasing: Erasing) -> frozenset[str]:
    """Marks of the child's names that somebody else in the store bears too: nobody can tell whom a line with one of them means."""
    return erasing.names & _marks(store, set(erasing.pairs), False)


def _marks(store: Store, pairs: set[PersonKey], of_them: bool) -> frozenset[str]:
    if not store.has("pupils"):
        return frozenset()
    rows = store.frame("pupils")
    if not {"forename", "surname"} <= set(rows):
        return frozenset()
    mine = [pair in pairs for pair in zip(rows["source"].astype(str), rows["source_person_id"].astype(str), strict=True)]
    # Whole names only: half a name means too many.
    names = rows.loc[[one == of_them for one in mine], ["forename", "surname"]].dropna().drop_duplicates()
    whole = (f"{forename} {surname}" for forename, surname in names.itertuples(index=False, name=None) if forename.strip() and surname.strip())
    return frozenset(name_mark(name, store.key) for name in whole)
