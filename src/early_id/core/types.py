"""The small closed vocabularies that every floor shares."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


class Usage(StrEnum):
    """What a column or a code may be used for."""

    FEATURE = "feature"
    AUDIT_ONLY = "audit_only"
    REMOVE_ONLY = "remove_only"
    NEVER = "never"


class SharingClass(StrEnum):
    """Who holds a record, and so who may see what follows from it."""

    SCHOOL = "SCHOOL"
    EDUCATION = "EDUCATION"
    SOCIAL_CARE = "SOCIAL_CARE"
    POLICE = "POLICE"
    HEALTH = "HEALTH"
    HOUSING_FINANCE = "HOUSING_FINANCE"


class Audience(StrEnum):
    """Who reads a list or a page."""

    SCHOOL_LEAD = "school_lead"
    HUB_LEAD = "hub_lead"
    ANALYST = "analyst"
    GOVERNANCE = "governance"


class Severity(StrEnum):
    """ERROR sets the row aside; QUERY keeps it and asks a person; NOTE informs."""

    ERROR = "ERROR"
    QUERY = "QUERY"
    NOTE = "NOTE"


class Direction(StrEnum):
    """Which way a feature is expected to move the score, used as a monotone constraint."""

    RAISES = "raises"
    LOWERS = "lowers"
    EITHER = "either"

    @property
    def sign(self) -> int:
        """1, -1 or 0, as scikit-learn's ``monotonic_cst`` expects."""
        return {"raises": 1, "lowers": -1, "either": 0}[self.value]


class Unit(StrEnum):
    """Whose rows a feature counts: the child's own, or the family's without the child."""

    CHILD = "child"
    FAMILY = "family"


class Missing(StrEnum):
    """What an empty answer means."""

    UNKNOWN = "unknown"
    ZERO_IF_COVERED = "zero_if_covered"


class Verdict(StrEnum):
    """The three honest answers to 'is there a gap?'."""

    GAP_FOUND = "gap found"
    NO_GAP_FOUND = "no gap found"
    CANNOT_TELL = "cannot tell"
