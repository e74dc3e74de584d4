"""Declared breaks: days from which records or outcomes no longer mean what they meant before."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from early_id.config.base import Frozen


class Regime(Frozen):
    """One declared break: what it is called, when it begins and ends, for which councils, and what it changes.

    ``affects`` says whether records (what features are made from), outcomes (what counts as need recognised) or both change their meaning.
    """

    name: str
    since: date
    until: date | None = None  #: last day, where the old rules came back
    councils: Literal["all"] | tuple[str, ...] = "all"
    changes: str
    affects: Literal["records", "outcome", "both"] = "both"

    @model_validator(mode="after")
    def _in_order(self) -> Regime:
        if self.until is not None and self.until < self.since:
            raise ValueError("a regime cannot end before it begins")
        return self

    def holds_for(self, council: str) -> bool:
        """Whether it is declared for this council: by its name as the settings give it, capitals aside."""
        return self.councils == "all" or council.casefold() in {name.casefold() for name in self.councils}

    @property
    def edges(self) -> tuple[date, ...]:
        """The days on which something changes."""
        return (self.since, *([self.until] if self.until else []))


#: Breaks that every English council shares (data-standards, sections 1.1, 4.3, 4.5). Family Help began and begins at another day in each
#: council, so each declares its own: name, since, councils, changes.
SHIPPED: tuple[Regime, ...] = (
    Regime(
        name="Covid years",
        since=date(2020, 9, 1),
        until=date(2022, 8, 31),
        changes="closures, and X marks for pupils who stayed at home because of Covid; fewer contacts from schools",
        affects="both",
    ),
    Regime(
        name="attendance codes of August 2024",
        since=date(2024, 8, 19),
        changes="new codes C1, C2, J1, K, Q and Y1 to Y7; H, J and Y withdrawn",
        affects="records",
    ),
    Regime(
        name="free school meals of September 2026",
        since=date(2026, 9, 1),
        changes="every household on Universal Credit qualifies; transitional protection ends",
        affects="records",
    ),
)


#: The word that no longer tells a statutory plan from help that a family is offered early.
WORD = "CIN"


class FamilyHelpSettings(Frozen):
    """Where targeted early help and child in need work have become one service: which local step is which status.

    From ``since`` on a status is set by the local step that ``steps`` names, never by the word *CIN*, which no longer tells a child with a
    statutory plan from one whose family is helped early (data-standards, sections 4.3 and 5.1).
    """

    since: date | None = None
    steps: dict[str, Literal["CLA", "CPP", "COURT", "S47", "CIN", "REFERRAL", "CARE_LEAVER"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_steps(self) -> FamilyHelpSettings:
        if self.since is not None and not self.steps:
            raise ValueError("a Family Help area names its local steps, each with the status that it is (family_help.steps)")
        if any(step.strip().upper() == WORD for step in self.steps):
            raise ValueError(f"a status is never set by the word {WORD} in a Family Help area: name the local step that the case system records")
        return self
