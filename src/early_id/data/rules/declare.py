"""What a rule is: one frozen declaration, compiled with the others of its table into one scan."""

from __future__ import annotations

from dataclasses import dataclass

from early_id.core.types import Severity


@dataclass(frozen=True)
class Rule:
    """One coded check.

    Parameters
    ----------
    code : str
        Stable code such as ``ATT001``.
    severity : Severity
        ERROR sets the row aside, QUERY keeps it and asks a person.
    tables : tuple of str
        Canonical tables it applies to; empty for all.
    predicate : str
        SQL that is true for a row at fault, over the table's columns, ``happened_on``, ``received_on`` and the text originals
        ``raw_<column>`` of typed columns. It may use ``{people}`` (source, source_person_id, birth_date) and ``{schools}``.
    message, advice : str
        What is wrong and what to do, for a person.
    source : str
        Where the rule comes from.
    """

    code: str
    severity: Severity
    tables: tuple[str, ...]
    predicate: str
    message: str
    advice: str
    source: str = "package rule"

    def applies_to(self, table: str) -> bool:
        """Whether the rule checks ``table``."""
        return not self.tables or table in self.tables
