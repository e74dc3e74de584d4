"""Functions of an extension that bring a file's rows into reach of a shape, such as a join with a second file.

They are registered by name and named in the shape under ``prepare``. They get and return a pandas frame; the column ``row`` must come back
unchanged, so that every row of the file is still kept or set aside.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from early_id.config.settings import Config
from early_id.core.errors import DeclarationError, SettingsError

if TYPE_CHECKING:
    import duckdb

Prepare = Callable[[pd.DataFrame, Path, Config], pd.DataFrame]
_REGISTERED: dict[str, Prepare] = {}


def register_prepare(name: str, function: Prepare) -> None:
    """Make ``function`` known to shapes under ``name``."""
    _REGISTERED[name] = function


def prepare(connection: duckdb.DuckDBPyConnection, name: str, file: Path, cfg: Config, *, where: str) -> None:
    """Run the function called ``name`` over the raw rows of ``file``."""
    if name not in _REGISTERED:
        raise SettingsError.unknown_name("prepare function", name, _REGISTERED, where=where)
    before = connection.execute('SELECT * FROM "_raw"').df()
    after = _REGISTERED[name](before, file, cfg)
    if list(after["row"]) != list(before["row"]):
        raise DeclarationError(
            f"The prepare function '{name}' lost, added or reordered rows.",
            where=where,
            what_next="Use left joins on unique keys and keep the column 'row'.",
        )
    connection.register("_prepared", after)
    connection.execute('CREATE OR REPLACE TEMP TABLE "_raw" AS SELECT * FROM _prepared')
    connection.unregister("_prepared")
