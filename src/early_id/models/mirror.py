"""A copy of what happens to registered models in the tracking store: version, tags and alias.

The chain of records in ``acceptance`` is the truth. Tags can be overwritten without a trace, so nothing is ever read back from here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from early_id.models.tracking import DATABASE, quiet_mlflow, tracking_client

#: Aliases that a model can carry.
ALIASES = ("candidate", "approved", "retired")


def mirror(store: Path, name: str, version: str, alias: str, tags: Mapping[str, str], *, run: str | None = None, uri: str | None = None) -> bool:
    """Copy a record about ``name/version`` to the tracking store; False where there is none, because nothing was tracked.

    Parameters
    ----------
    store : path
        Folder of the SQLite store.
    alias : str
        One of :data:`ALIASES`; the version loses the others.
    tags : mapping
        Hashes and numbers of the record. No names of people: the store may be a server that others read.
    run : str, optional
        Run of the trial that the model comes from.
    uri : str, optional
        Another tracking server.
    """
    if uri is None and not (store / DATABASE).is_file():
        return False
    with tracking_client(store, uri) as client:
        with contextlib.suppress(quiet_mlflow().exceptions.MlflowException):
            client.create_registered_model(name)
        held = _version(client, name, version, run)
        for key, value in tags.items():
            client.set_model_version_tag(name, held, f"early_id.{key}", str(value))
        client.set_model_version_tag(name, held, "early_id.status", alias)
        current = client.get_registered_model(name).aliases
        for other in ALIASES:
            if other != alias and str(current.get(other)) == held:
                client.delete_registered_model_alias(name, other)
        client.set_registered_model_alias(name, alias, held)
    return True


def _version(client: Any, name: str, version: str, run: str | None) -> str:
    """MLflow's number of our version. It counts its own, so ours is a tag by which it is found again."""
    for held in client.search_model_versions(f"name='{name}'"):
        if held.tags.get("early_id.version") == version:
            return str(held.version)
    # No path: the bundle lies where the council keeps it, and the store can be moved. A scheme with an underscore is none, and a server
    # would take the whole for a path of its own; without the stroke it refuses a relative one.
    made = client.create_model_version(name, source=f"early-id:/{name}/{version}", run_id=run, tags={"early_id.version": version})
    return str(made.version)
