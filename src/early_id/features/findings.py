"""What a matrix cannot know, as findings: counts and names of tables and features, never a child's row. Nothing of this is filled with nought."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.findings import Finding, FindingKind
from early_id.core.types import Severity
from early_id.features.ask import Dates, ask, key_of
from early_id.features.membership import among
from early_id.features.past import Past
from early_id.schema.absence import DUAL

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
        Severity.QUERY, "Children are on the roll of several schools at once and no school marks them as dual registered (D); the enrolment begun last counts.",
        "Ask the schools to close enrolments that have ended, or to mark with D the sessions due at the other school.",
    ),
}  # fmt: skip


#: Days before the date in which a mark has to say that a child is dual registered.
_LATELY = 120


#: Every code of features, as ``early-id rules show`` explains it.
KINDS: tuple[FindingKind, ...] = tuple(
    FindingKind(code, severity, message, advice, "what features can know on a date") for code, (severity, message, advice) in _MESSAGES.items()
)
_BY_CODE = {kind.code: kind for kind in KINDS}


def _finding(code: str, count: int, where: str) -> Finding:
    return _BY_CODE[code].found(count, where)


def not_held(store: TableSource, features: Iterable[Feature]) -> list[Finding]:
    """``FEA001``: tables that features read and no source sends."""
    missing = pd.Series([f.source for f in features if not store.has(f.source)], dtype="object").value_counts().sort_index()
    return [_finding("FEA001", int(count), f"table {table}") for table, count in missing.items()]


def not_known(store: TableSource, features: Iterable[Feature], values: pd.DataFrame, past: Past) -> list[Finding]:
    """``FEA002``: features that nobody has on the date although their table is held."""
    empty = [f.name for f in features if store.has(f.source) and values[f.name].isna().all()]
    return [_finding("FEA002", len(empty), f"{past.as_of}: {', '.join(empty)}")] if empty else []


def _dual_registered(past: Past) -> set[str]:
    """Children with a mark of the last months that says: due at the other school."""
    if not past.store.has("attendance"):
        return set()

    def query(on: Dates) -> Any:
        import ibis

        rows = past.rows("attendance", on["as_of"])
        said = rows.filter(rows.code.isin(sorted(DUAL)), rows.happened_on >= ibis.literal(on["since"], type="date"))
        return said.select("source", "source_person_id").distinct()

    dates = {"as_of": past.as_of, "since": past.as_of - timedelta(days=_LATELY)}
    found = ask(past.store, ("dual registered", key_of(past, past.store.tables["attendance"])), query, dates)
    return set(past.linked(found)["child_id"])


def several_rolls(past: Past, index: pd.DataFrame) -> list[Finding]:
    """``FEA003``: children of the cohort whose enrolments at different schools are open at once, unless a school marks them as dual registered."""
    if "enrolments" not in past.store.tables:
        return []
    spells = past.frame("enrolments")
    if spells.empty:
        return []
    ends = pd.to_datetime(spells["end_on"])
    spells = spells[(ends.isna() | (ends >= pd.Timestamp(past.as_of))) & among(spells["child_id"], index["child_id"])]
    schools = spells.groupby("child_id")["school_id"].nunique()
    several = schools.index[schools > 1]
    count = int((~several.isin(_dual_registered(past))).sum()) if len(several) else 0
    return [_finding("FEA003", count, f"enrolments on {past.as_of}")] if count else []
