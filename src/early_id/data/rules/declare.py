"""What a rule is: one frozen declaration, compiled with the others of its table into one scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from early_id.core.errors import DeclarationError
from early_id.core.types import Severity

#: ``row``: told by the row and the lists of people and schools. ``records``: by the rows of its table that are kept in this batch and the records held.
#: ``store``: by several tables, once all are stored. ``intake``: applied by ingest itself.
Scope = Literal["row", "records", "store", "intake"]
SCOPES: tuple[Scope, ...] = ("row", "records", "store", "intake")


@dataclass(frozen=True)
class Rule:
    """One coded check.

    Parameters
    ----------
    code : str
        Stable code such as ``ATT001``.
    severity : Severity
        ERROR sets the row aside, QUERY keeps it and asks a person, NOTE informs. Only a rule of scope ``row`` or ``intake`` can be an ERROR: the
        others look at rows that are kept.
    tables : tuple of str
        Canonical tables it applies to; empty for all. Of scope ``store``: all tables that it reads, the first being the one whose rows it counts.
    predicate : str
        SQL that is true for a row at fault; NULL counts as false. It may use

        - the table's columns, those of :data:`~early_id.data.rules.returns.CHECKED`, ``happened_on``, ``received_on`` and, of scope ``row``, the
          text originals ``raw_<column>`` of typed columns;
        - of scope ``row``: ``person_listed``, ``person_born``, ``person_births``, ``person_upn``, ``person_ethnicity``, ``held_upn`` and
          ``held_ethnicity`` of the row's person in its source's people list (now, and as held before this batch), ``{schools}`` (school_id) and
          ``{people}`` (source, source_person_id, birth_date);
        - of scope ``records``: window functions and ``{records}``, which is all these rows;
        - ``{starts}`` and ``{ends}``, the columns that date and close a row.

        Of scope ``store`` it is a whole query that gives ``file`` and ``count``; ``{table}`` is each table's records in force and ``{new}`` those of
        its first table that stand in a file of this batch; ``{aside}`` is everybody (source, source_person_id) of whom a row was set aside in it.
    message, advice : str
        What is wrong and what to do, for a person.
    source : str
        Where the rule comes from.
    needs : tuple of str
        Columns that the file has to supply; without them the rule is not applied.
    blames : tuple of str
        Columns that may be wrong where the rule is broken. A corrected row is recognised by the others.
    sets_aside : bool
        The row is set aside although nothing is wrong with what it says, such as a copy of one that is kept. Whatever is an ERROR is set aside anyway.
    number : int, optional
        Number of the fault in the data standards (``data_quality_rules``).
    valid_from, valid_to : date, optional
        First and last day on which it holds, by ``happened_on``, both included.
    """

    code: str
    severity: Severity
    tables: tuple[str, ...]
    predicate: str
    message: str
    advice: str
    source: str = "package rule"
    scope: Scope = "row"
    needs: tuple[str, ...] = ()
    blames: tuple[str, ...] = field(default=(), kw_only=True)
    number: int | None = field(default=None, kw_only=True)
    sets_aside: bool = field(default=False, kw_only=True)
    valid_from: date | None = field(default=None, kw_only=True)
    valid_to: date | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        where = f"Rule '{self.code}'"
        if self.scope not in SCOPES:
            raise DeclarationError(f"The rule has the unknown scope '{self.scope}'.", where=where, what_next=f"Use one of: {', '.join(SCOPES)}.")
        if not (len(self.code) == 6 and self.code[:3].isupper() and self.code[3:].isdigit()):
            raise DeclarationError("The code of a rule is three capitals and three digits.", where=where, what_next="Write it like LOC001.")
        if self.severity is Severity.ERROR and self.scope in ("records", "store"):
            raise DeclarationError(
                f"A rule of scope '{self.scope}' cannot set rows aside: it looks at rows that are kept.",
                where=where,
                what_next="Make it a QUERY, or tell the fault by the row alone.",
            )
        for part in ("message", "advice"):
            if not getattr(self, part).strip():
                raise DeclarationError(f"The rule has no {part}.", where=where, what_next="A person has to know what is wrong and what to do.")
        if self.scope == "store" and not self.tables:
            raise DeclarationError("A rule of scope 'store' names the tables it reads.", where=where, what_next="List them, the counted one first.")

    def applies_to(self, table: str) -> bool:
        """Whether the rule checks ``table``."""
        return not self.tables or table in self.tables

    @property
    def years(self) -> str:
        """When it holds, in words."""
        if self.valid_from is None and self.valid_to is None:
            return "all years"
        start = f"from {self.valid_from.isoformat()}" if self.valid_from else ""
        end = f"until {self.valid_to.isoformat()}" if self.valid_to else ""
        return " ".join(part for part in (start, end) if part)

    @property
    def dated_predicate(self) -> str:
        """The predicate, true only on days on which the rule holds."""
        limits = [f"happened_on {sign} DATE '{day.isoformat()}'" for sign, day in ((">=", self.valid_from), ("<=", self.valid_to)) if day is not None]
        return " AND ".join([*limits, f"({self.predicate})"]) if limits else self.predicate
