"""Questions to the engine are compiled once and asked for many dates.

To build and compile a query of some hundred sums takes longer than to answer it for a school. Only the dates in it differ from one as-of date to the
next, so it is compiled with dates that stand for the real ones, kept as text, and the real ones are written in. They stay constants for the engine, which
can so pass over what lies outside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from early_id.core.fingerprint import fingerprint
from early_id.data.engine import raw
from early_id.features.past import Past, TableSource
from early_id.schema.tables import Table

if TYPE_CHECKING:
    import ibis

#: Role of a date → the date: ``as_of``, ``settled``, ``90d start``.
Dates: TypeAlias = Mapping[str, date]
#: Years of the dates that stand for real ones; no source has rows of that time.
_FIRST_STAND_IN = 9000
_TEXTS: dict[tuple[Any, ...], str] = {}
#: Texts kept; a catalogue needs some thirty.
_MOST_TEXTS = 500
_HEARD: ContextVar[list[tuple[str, str]] | None] = ContextVar("heard", default=None)


def ask(store: TableSource, key: tuple[Any, ...], build: Callable[[Dates], ibis.Table], dates: Dates) -> pd.DataFrame:
    """The answer of ``build(dates)``.

    Parameters
    ----------
    store : TableSource
    key : tuple
        Everything but the dates that the query depends on, :func:`key_of` each table among it.
    build : callable
        Gives the query for some dates; not called where the key was asked before.
    dates : mapping
        The dates by role.
    """
    backend = store.backend
    roles = sorted(dates)
    stands = {role: date(_FIRST_STAND_IN + number, 1, 1) for number, role in enumerate(roles)}
    full = (backend.name, *key, *roles)
    if full not in _TEXTS:
        if len(_TEXTS) >= _MOST_TEXTS:
            _TEXTS.clear()
        _TEXTS[full] = str(backend.compile(build(stands)))
    text = _TEXTS[full]
    for role, stand in stands.items():
        day = dates[role]
        text = text.replace(f"MAKE_DATE({stand.year}, 1, 1)", f"MAKE_DATE({day.year}, {day.month}, {day.day})")
        text = text.replace(stand.isoformat(), day.isoformat())
    if (heard := _HEARD.get()) is not None:
        heard.append((backend.name, text))
    return _answered(backend, text)


def is_heard() -> bool:
    """Whether somebody listens to the questions, and so wants to have them asked."""
    return _HEARD.get() is not None


@contextmanager
def listening() -> Iterator[list[tuple[str, str]]]:
    """The questions that are asked within: name of the engine, and text as it runs."""
    heard: list[tuple[str, str]] = []
    token = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(token)


def _answered(backend: Any, text: str) -> pd.DataFrame:
    if backend.name == "duckdb":
        return raw(backend).execute(text).df()
    frame: pd.DataFrame = backend.answer(text)
    return frame


def key_of(past: Past, table: Table) -> str:
    """What of a table a query depends on: its declaration, the columns that this store has it in, and how it is read.

    A store that reads tables in a way of its own says so in ``reading``; a table that is held in memory for a build is read alike, whatever store it came from.
    Asking for the columns also sees to it that an engine that reads tables on demand has this one before a kept text names it.
    """

    def find() -> str:
        columns, held = tuple((name, str(kind)) for name, kind in past.stored(table.name).schema().items()), past.held
        placed = held is not None and held.places(table.name)
        return fingerprint((table, placed, "" if placed else getattr(past.store, "reading", ""), columns))

    return past.once(f"columns of {table.name}", find)
