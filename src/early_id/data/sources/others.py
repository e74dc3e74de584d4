"""The table of recognised records that no list reads: reviews, visits, health checks, staff, adoption.

Councils supply whole returns. What no feature may or can use is still counted, checked for repeats and kept as it came, as one JSON text a row that
nothing may read as a feature. Who keeps less writes a source for each file that is needed.
"""

from __future__ import annotations

from early_id.core.types import SharingClass, Usage
from early_id.schema.columns import Column, Table
from early_id.schema.tables import Tables

OTHER_RECORDS = Table(
    "other_records",
    "Recognised records that no list reads",
    (
        Column("kind", "text", "Kind of record", Usage.NEVER, required=True),
        Column("about", "text", "Whom it is about, as its source calls them", Usage.NEVER),
        Column("content", "text", "The row as it came", Usage.NEVER, required=True),
    ),
    key=("kind", "content"),
    has_person=False,
    sharing=SharingClass.SOCIAL_CARE,
    note="kept as supplied; no feature, cohort, outcome or list reads it",
)


def with_others(tables: Tables) -> Tables:
    """The tables in force, and this one."""
    return tables if OTHER_RECORDS.name in tables else tables.plus((OTHER_RECORDS,))
