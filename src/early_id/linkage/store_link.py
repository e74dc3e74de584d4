"""Link the people of a store."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from early_id.config.settings import EngineSettings, LinkageSettings
from early_id.core.errors import BusyError, InputDataError, SettingsError
from early_id.core.fingerprint import fingerprint
from early_id.core.privacy import keyed_hash
from early_id.data.store import Store
from early_id.linkage.decisions import decision_lines
from early_id.linkage.history import History
from early_id.linkage.kept import Kept
from early_id.linkage.people import Belonging, People, families_of, link_people

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Changed with anything that makes other links of the same records, so that links kept from before are not taken for today's.
_LINKS_VERSION = 1


def kept_of(store: Store) -> Kept:
    """What linking keeps in a store."""
    settings = store.settings
    return Kept(store.folder / "linkage", group=settings is not None and settings.shared_with_group)


def link(store: Store, settings: LinkageSettings | None = None, *, key: str | None = None, anew: bool = False) -> People:
    """The people and families behind a store's records.

    Parameters
    ----------
    store : Store
        A store with at least one people file.
    settings : LinkageSettings, optional
        Otherwise those that the store was opened with.
    key : str, optional
        The secret under which ids are made; the store's own where none is given.
    anew : bool
        Date all links as a first linking would, for a council that takes in a source with its past and wants models to learn from it. Ids, decisions and the
        links of earlier linkings stay; features of earlier dates change.

    Returns
    -------
    People
        The same data, settings and decisions give the same links, also later, when the store has gone on. What is new since the last linking is seen by
        as-of dates from the day of this linking on, and by none before: records from the newest day on which anything was received, or, where an earlier linking has seen that day and this one is of a later day,
        from the day after it; what changes for others from the newest day on which anything was received or decided, or from the day itself where only the
        settings are others.

    Raises
    ------
    InputDataError
        The store holds no people, or what was kept cannot be read.
    SettingsError
        Links are to be made anew and may not be written.
    """
    if not store.has("pupils"):
        raise InputDataError("The store holds no people.", where=str(store.folder), what_next="Ingest a people file of at least one source.")
    chosen = settings or (store.settings.linkage if store.settings else LinkageSettings())
    kept = kept_of(store)
    decisions = kept.decisions()
    pupils = store.frame("pupils")  # a store that cannot be read is said before a key is made for it
    secret = key or store.key
    households, statutory = _held(store, "household_members"), _held(store, "statutory")
    relationships = _held(store, "relationships")
    belonging = Belonging(_held(store, "family_groups"), _held(store, "school_contacts"), _held(store, "addresses"))
    data = _data_of(store)
    # Where pairs are compared is no part of what is linked.
    state = fingerprint(
        [chosen.model_dump(mode="json", exclude={"engine"}), decision_lines(decisions), keyed_hash("state of linkage", secret), _LINKS_VERSION]
    )
    again = None if anew else kept.replay(data=data, state=state, newest=_is_newest(store))
    received = _day(store)
    on, history = (
        _today(kept, data, max([received, *(pd.Timestamp(item.on) for item in decisions.items if item.on)])),
        None if again else kept.history(),
    )
    people = link_people(
        pupils, households, key=secret, settings=chosen, statutory=statutory, relationships=relationships, belonging=belonging, decisions=decisions, history=history, on=on, received=received if anew else _since(kept, received, on), anew=anew,
        before=again.joins if again else None, sources=_expected(store), score=partial(kept.score, spark=_spark(store, chosen)),
    )  # fmt: skip
    if again:
        spells, kin = families_of(again.links, pupils, households, statutory, relationships, belonging, key=secret)
        return replace(people, person_links=again.links, changes=again.changes, family_spells=spells, kin=kin, waits=again.waits)
    # A reader without the right to write links all the same; whoever writes remembers. Links made anew are there to be remembered.
    with nullcontext() if anew else suppress(OSError, SettingsError, BusyError):
        joins = None if people.linkage is None else people.linkage.joins
        kept.keep_links(
            History(people.person_links, people.changes, people.waits, joins), data=data, state=state, on=on, received=received, anew=anew
        )
    return people


def linking_of(store: Store) -> int | None:
    """The number under which the links of a store's data were kept last; None where they never were."""
    data = _data_of(store)
    return max((int(item["number"]) for item in kept_of(store).linkings() if item["data"] == data), default=None)


def _held(store: Store, table: str) -> pd.DataFrame | None:
    return store.frame(table) if store.has(table) else None


def _spark(store: Store, chosen: LinkageSettings) -> EngineSettings | None:
    """How Spark is reached, where the settings of linkage ask for it; None for DuckDB."""
    if chosen.engine == "duckdb":
        return None
    return store.settings.engine if store.settings else EngineSettings(name="spark")


def _is_newest(store: Store) -> bool:
    return _data_of(Store(store.folder, store.tables, store.settings)) == _data_of(store)


def _data_of(store: Store) -> str:
    """The mark of what was taken in and how it was read: the same file under another source, table or reading makes other records, and so other links."""
    names = ("source", "table", "file", "reading", "sha256")
    return fingerprint([[str(file.get(name, "")) for name in names] for batch in store.version.batches for file in batch["files"]])


def _day(store: Store) -> pd.Timestamp:
    """The newest day on which anything was received."""
    return pd.Timestamp(store.last_received or "1900-01-01")


def _today(kept: Kept, data: str, newest: pd.Timestamp) -> pd.Timestamp:
    """The day of this linking: the newest on which anything was received or decided, and never before that of the last linking.

    Where nothing was, and links are made again all the same because the settings are others, it is the day of the clock.
    """
    held = kept.linkings()
    if not held:
        return newest
    last = pd.Timestamp(held[-1]["on"])
    if held[-1]["data"] == data and newest <= last:
        return max(last, pd.Timestamp(date.today()))
    return max(newest, last)


def _since(kept: Kept, received: pd.Timestamp, on: pd.Timestamp) -> pd.Timestamp:
    """The day from which new records count: the newest on which anything was received, where that has moved on since the last linking.

    Where it has not, the files came late, or in parts: lists of that day may have been made, so that their records count from the day after, and never later
    than the linking itself. A linking on the very day is seen on that day, as every linking is.

    Not the day of the last linking, which may be that of a decision or of the clock, in a council of long ago years after its newest file. So an as-of date
    between the newest day of receipt and such a day, which only somebody who names it gets, sees a file that is received by it and taken in later.
    """
    held = kept.linkings()
    last = held[-1].get("received") if held else None
    return received if last is None else min(on, max(received, pd.Timestamp(last) + pd.Timedelta(days=1)))


def _expected(store: Store) -> Iterable[str]:
    """Sources that sent a list of people, by the files taken in."""
    return sorted({file["source"] for batch in store.version.batches for file in batch["files"] if file["table"] == "pupils"})
