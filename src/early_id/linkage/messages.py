"""What linking could not settle, in words: one code a situation."""

from __future__ import annotations

from early_id.core.findings import Finding, FindingKind
from early_id.core.types import Severity

_MESSAGES: dict[str, tuple[str, str]] = {
    "LNK001": (
        "An identifier stands on two people of one source and was not used.",
        "Ask the source which is right; they are never merged on that identifier alone.",
    ),
    "LNK002": (
        "Records agree on one identifier but contradict each other on another fact, and were not joined.",
        "Check birth dates and numbers at the sources.",
    ),
    "LNK003": (
        "A source that the settings name holds no people, so none of its records is linked.",
        "Ask for its list of people, or take the source out.",
    ),
    "LNK004": (
        "One birth date stands on a large share of a source's records, so it is what the system fills in, and was not used.",
        "Ask the source to export the recorded birth dates.",
    ),
    "LNK005": (
        "No record holds a valid identifier, so people are linked by names, birth dates and addresses alone.",
        "Ask each source for UPN or NHS number.",
    ),
    "LNK006": (
        "A record holds neither a valid identifier nor both names and a birth date, and cannot be linked.",
        "Ask the source to complete the record.",
    ),
    "LNK008": (
        "A decision says that two records are one person where a rule forbids it. The rule held.",
        "Correct the numbers or marks at the sources, or take the decision back.",
    ),
    "LNK009": (
        "Decisions contradict each other, and none of them was used; these records are linked as if nobody had decided.",
        "Look at them in the review workbook and take one back: early-id link review undo.",
    ),
    "LNK010": ("Pairs may be one person, and wait for somebody to look.", "early-id link review export"),
    "LNK011": (
        "Names, birth dates and addresses could not teach the model on these records, so people are linked by identifiers alone.",
        "More records, or records with names and birth dates from at least two sources, are needed.",
    ),
    "LNK012": (
        "A rule for finding pairs would have made too many, and was left out.",
        "Some value is probably filled in by a system; look at the birth dates and names of the sources.",
    ),
    "LNK013": (
        "Links of groups differ beyond chance: the records of one are joined less often than those of the others.",
        "See the table of linkage by group before a figure about that group is used.",
    ),
    "LNK014": (
        "A decision is about a record that is no longer held. It is kept, and counts again when the record returns.",
        "Nothing has to be done.",
    ),
    "LNK015": (
        "Relationships name people who stand in no list of people, so they join nobody.",
        "Ask the source for a list of people that holds parents and carers too.",
    ),
    "LNK016": (
        "Records that were joined before hold too little now to be joined by it. They stay joined, as nothing speaks against it.",
        "Ask the source why its newest list holds fewer numbers, names or birth dates than an earlier one.",
    ),
    "LNK017": (
        "Records that likeness had joined were not compared this time. They stay joined, as nothing speaks against it.",
        "See beside it whether a rule for finding pairs was left out, or names could teach nothing; they are compared again once that is mended.",
    ),
}


#: Every code of linkage, as ``early-id rules show`` explains it.
KINDS: tuple[FindingKind, ...] = tuple(
    FindingKind(code, Severity.QUERY, message, advice, "people and their links") for code, (message, advice) in _MESSAGES.items()
)
_BY_CODE = {kind.code: kind for kind in KINDS}


def finding(code: str, count: int, where: str) -> Finding:
    """A finding about links, with its words."""
    return _BY_CODE[code].found(count, where)
