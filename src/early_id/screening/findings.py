"""What a list cannot settle, in words: one code a situation."""

from __future__ import annotations

from early_id.core.findings import FindingKind
from early_id.core.types import Severity

_ABOUT = "who can be on which list"
NO_HUB, TWO_HUBS, NO_RECIPIENT, NO_PERSON, NO_SCHOOL = KINDS = (
    FindingKind("LST001", Severity.QUERY, "Children's schools have no family hub.", "Give each school a hub_id in the schools table.", _ABOUT),
    FindingKind(
        "LST002", Severity.QUERY, "Families have schools in two hubs; one hub sees them.", "Tell the two hubs which of them leads for these families.", _ABOUT
    ),
    FindingKind(
        "LST003", Severity.QUERY, "Children belong to a school or hub that gets no list.",
        "Add the school or hub to the recipients, or confirm that it takes no part.", _ABOUT,
    ),
    FindingKind("LST004", Severity.QUERY, "Children in the matrix have no person record.", "Check the linkage and the roll of this date.", _ABOUT),
    FindingKind("LST005", Severity.QUERY, "Children have no school on this date.", "Check the enrolments; the hub list still sees them.", _ABOUT),
)  # fmt: skip
