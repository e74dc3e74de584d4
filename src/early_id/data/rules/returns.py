"""Columns that only the checks read: a file may hold them for a statutory return; they come in with the row and are never stored.

A shape names them under ``optional``, so a file without them is read all the same, and the rules that need them are not applied to it.
"""

from __future__ import annotations

from early_id.core.types import Usage
from early_id.schema.columns import Column

_BIRTH = Column("stated_birth_date", "date", "Date of birth as the event states it", usage=Usage.NEVER)


def _c(name: str, type: str = "text", label: str = "") -> Column:
    return Column(name, type, label, usage=Usage.NEVER)


#: Table → columns that its rules may read beside its own.
CHECKED: dict[str, tuple[Column, ...]] = {
    "pupils": (
        _c("upn_unknown", label="Reason for having no UPN (UN1 to UN10)"),
        _c("child_number", label="Number of the child in the council's social care system"),
        _c("uln", label="Unique learner number"),
        _c("expected_birth_date", "date", "Expected date of birth"),
        _c("disability_codes", label="Disability codes of the children in need census, with commas"),
    ),
    "schools": (_c("establishment", label="Authority and establishment number, seven digits"),),
    "enrolments": (_c("establishment", label="Authority and establishment number, seven digits"),),
    "missing_episodes": (_BIRTH,),
    "household_factors": (_BIRTH,),
    "contacts": (_BIRTH,),
    "early_help": (_BIRTH,),
    "notifications": (_BIRTH,),
    "education_status": (_BIRTH,),
    "statutory": (
        _BIRTH,
        _c("referral_id", label="Referral or case"),
        _c("case_closed_on", "date", "Case closed"),
        _c("close_reason", label="Reason for closure"),
        _c("primary_need", label="Primary need"),
        _c("referral_source", label="Source of the referral"),
        _c("referral_nfa", "yes_no", "No further action on the referral"),
        _c("plan_start_on", "date", "Child in need plan from"),
        _c("plan_end_on", "date", "Child in need plan until"),
    ),
}


def checked_columns(table: str) -> tuple[Column, ...]:
    """Columns that only the checks of ``table`` read."""
    return CHECKED.get(table, ())
