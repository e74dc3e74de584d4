"""Rows of an export stand in no order that tells anything: not who is related, not who was entered twice, not who was added last."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.seeds import Seeds


def in_no_order(tables: Tables, seeds: Seeds) -> Tables:
    """The tables with their people in an order of each table's own; the rows of one person stay together, in the order they had.

    A person's place hangs on the id alone, so that a row more or less moves no other.
    """
    out = dict(tables)
    for name, table in tables.items():
        heading = next((heading for heading in ("PupilID", "PersonID") if heading in table), None)
        if heading:
            out[name] = table.iloc[order_of(table[heading], name, seeds)].reset_index(drop=True)
    return out


def order_of(ids: Iterable[str], purpose: str, seeds: Seeds) -> npt.NDArray[np.intp]:
    """Places of ``ids`` in the order of a keyed hash (SipHash), the first place first."""
    key = f"{seeds.rng(f'order of {purpose}').integers(10**15, 10**16)}"
    return np.argsort(pd.util.hash_array(np.array(list(ids), dtype=object), hash_key=key), kind="stable")
