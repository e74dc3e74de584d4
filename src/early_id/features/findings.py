"""What a matrix cannot know, as findings: counts and names of tables and features, never a child's row. Nothing of this is filled with nought."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from early_id.core.findings import Finding
from early_id.core.types import Severity
from early_id.features.past import Past

if TYPE_CHECKING:
    from early_id.features.declare import Feature
    from early_id.features.past import TableSource

_MESSAGES = {
    "FEA001": (
        Severity.NOTE, "No source sends this table, so the features that read it are not known for anybody.",
        "Add the file to the sources of the settings, or leave these features out with 'features.use'.",
    ),
    "FEA002": (
        Severity.QUERY, "Features are not known for anybody on this date, although their tables are held.",
        "The date may lie before the records begin, or no source of that kind of row reaches it: early-id features describe NAME says how many are not known.",
    ),
    "FEA003": (
        Severity.QUERY, "Children are on the roll of several schools at once; the one whose enrolment began last counts as theirs.",
        "Ask the schools to close enrolments that have ended; dual registration is not told apart from that.",
    ),
}  # fmt: skip


def _finding(code: str, count: int, where: str) -> Finding:
    severity, message, advice = _MESSAGES[code]
    return Finding(code, severity, message, advice, count, where=where)


def not_held(store: TableSource, features: Iterable[Feature]) -> list[Finding]:
    """``FEA001``: tables that features read and no source sends."""
    missing = pd.Series([f.source for f in features if not store.has(f.source)], dtype="object").value_counts().sort_index()
    return [_finding("FEA001", int(count), f"table {table}") for table, count in missing.items()]


def not_known(store: TableSource, features: Iterable[Feature], values: pd.DataFrame, past: Past) -> list[Finding]:
    """``FEA002``: features that nobody has on the date although their table is held."""
    empty = [f.name for f in features if store.has(f.source) and values[f.name].isna().all()]
    return [_finding("FEA002", len(empty), f"{past.as_of}: {', '.join(empty)}")] if empty else []


def several_rolls(past: Past, index: pd.DataFrame) -> list[Finding]:
    """``FEA003``: children of the cohort whose enrolments at different schools are open at once."""
    if "enrolments" not in past.store.tables:
        return []
    spells = past.frame("enrolments")
    if spells.empty:
        return []
    ends = pd.to_datetime(spells["end_on"])
    spells = spells[(ends.isna() | (ends >= pd.Timestamp(past.as_of))) & spells["child_id"].isin(index["child_id"])]
    count = int((spells.groupby("child_id")["school_id"].nunique() > 1).sum())
    return [_finding("FEA003", count, f"enrolments on {past.as_of}")] if count else []
