"""The Standard Safeguarding Dataset's own list of tables and fields, and tables made in that order."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import pandas as pd

Column = npt.NDArray[np.object_] | list[str] | str


@cache
def fields() -> dict[str, tuple[str, ...]]:
    """Table → its fields in the order of the standard (data-to-insight/ssd-data-model)."""
    text = resources.files("early_id.data.synth.tables").joinpath("ssd_fields.csv").read_text(encoding="utf-8")
    out: dict[str, list[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        out.setdefault(row["table"], []).append(row["field"])
    return {table: tuple(names) for table, names in out.items()}


@cache
def keys() -> dict[str, tuple[str, ...]]:
    """Table → the fields that identify a row."""
    text = resources.files("early_id.data.synth.tables").joinpath("ssd_fields.csv").read_text(encoding="utf-8")
    out: dict[str, list[str]] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["primary_key"] == "yes":
            out.setdefault(row["table"], []).append(row["field"])
    return {table: tuple(names) for table, names in out.items()}


def ssd_table(name: str, count: int, **columns: Column) -> pd.DataFrame:
    """A table of the standard with every field of it; fields that are not given are empty.

    Parameters
    ----------
    name : str
        Without the prefix ``ssd_``.
    count : int
        Number of rows.
    **columns
        Text by field.
    """
    wanted = fields()[f"ssd_{name}"]
    unknown = set(columns) - set(wanted)
    if unknown:
        raise ValueError(f"not fields of ssd_{name}: {', '.join(sorted(unknown))}")
    return pd.DataFrame({field: columns.get(field, "") for field in wanted}, index=range(count), dtype=object)
