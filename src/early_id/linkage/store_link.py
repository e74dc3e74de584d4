"""Link the people of a store."""

from __future__ import annotations

from early_id.core.errors import InputDataError
from early_id.data.store import Store
from early_id.linkage.people import People, link_people


def link(store: Store, *, key: str | None = None) -> People:
    """The people and families behind a store's records.

    Parameters
    ----------
    store : Store
        A store with at least one people file.
    key : str, optional
        The secret under which ids are made; the store's own where none is given.

    Returns
    -------
    People

    Raises
    ------
    InputDataError
        The store holds no people.
    """
    if not store.has("pupils"):
        raise InputDataError("The store holds no people.", where=str(store.folder), what_next="Ingest a people file of at least one source.")
    households = store.frame("household_members") if store.has("household_members") else None
    return link_people(store.frame("pupils"), households, key=key or store.key)
