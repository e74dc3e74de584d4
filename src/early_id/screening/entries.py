"""What a list is: families with their children as one recipient sees them, and all lists of a date together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from early_id.core.findings import Findings
from early_id.core.types import Json
from early_id.explain.narrative import Explanation
from early_id.screening.people import Recipient


@dataclass(frozen=True, repr=False)
class ChildEntry:
    """One child of a listed family, as the recipient sees it."""

    name: str
    nc_year: str
    school: str
    explanation: Explanation = field(repr=False)
    hub_id: str = ""
    hub: str = ""
    key: str = ""  #: what stands for the child on papers that come back; a keyed hash, another one on each list


@dataclass(frozen=True, repr=False)
class FamilyEntry:
    """One family to think about. ``children`` are in alphabetical order and hold only those the recipient may see."""

    children: tuple[ChildEntry, ...]
    check_safe_contact: bool = False
    known_to_services: bool = False
    speak_to_worker: bool = False
    help_at_home: bool = False
    lead: str = ""  #: who speaks to the family in this period, in words
    since: date | None = None  #: the first list on which the family stood; later than that it was carried over


@dataclass(frozen=True)
class ScreeningList:
    """The list of one recipient, in alphabetical order. It holds no score."""

    recipient: Recipient
    as_of: date
    expires_on: date
    capacity: int
    model: str
    model_hash: str
    families: tuple[FamilyEntry, ...] = field(repr=False)
    #: For the governance report only: services know, schools do not, so nothing in the recipient's own files may say it.
    not_already_known: int = field(default=0, repr=False)
    #: Name, version and level of the threshold document, in a sentence.
    threshold: str = ""
    #: Whether any record says with whom contact is safe; where none does, nobody could be kept back for it, and the list says so.
    marks_held: bool = True

    @property
    def n_children(self) -> int:
        """Children listed, over all families."""
        return sum(len(family.children) for family in self.families)

    @property
    def n_carried(self) -> int:
        """Families that stood on an earlier list already."""
        return sum(family.since is not None and family.since < self.as_of for family in self.families)

    def record(self) -> Json:
        """The list's part of :meth:`ScreeningLists.record`."""
        return {
            "audience": str(self.recipient.audience),
            "recipient": self.recipient.id,
            "capacity": self.capacity,
            "families": [
                {
                    "key": family.children[0].key,
                    "children": [child.explanation.child_id for child in family.children],
                    "keys": [child.key for child in family.children],
                    "since": (family.since or self.as_of).isoformat(),
                }
                for family in self.families
            ],
        }


@dataclass(frozen=True)
class ScreeningLists:
    """Lists of one or more audiences, and who was taken out.

    Add the lists of two audiences with ``+``. ``taken_out`` is restricted: it goes into its own file and nowhere else.
    """

    lists: tuple[ScreeningList, ...]
    taken_out: pd.DataFrame = field(repr=False)
    findings: Findings = field(default_factory=Findings)
    not_made: tuple[tuple[str, str], ...] = ()  #: recipients that get no list, by name, and why

    def __add__(self, other: ScreeningLists) -> ScreeningLists:
        parts = [part for part in (self.taken_out, other.taken_out) if len(part)]
        taken_out = pd.concat(parts, ignore_index=True) if parts else self.taken_out
        return ScreeningLists(self.lists + other.lists, taken_out, self.findings + other.findings, self.not_made + other.not_made)

    def frame(self) -> pd.DataFrame:
        """One row a list: audience, recipient, capacity, families, children, families not already known. Counts only."""
        rows = [
            {
                "audience": str(one.recipient.audience),
                "recipient": one.recipient.id,
                "name": one.recipient.name,
                "capacity": one.capacity,
                "families": len(one.families),
                "children": one.n_children,
                "not_already_known": one.not_already_known,
            }
            for one in self.lists
        ]
        columns = ["audience", "recipient", "name", "capacity", "families", "children", "not_already_known"]
        return pd.DataFrame(rows, columns=columns)

    def record(self) -> Json:
        """What goes on record for later lists, and for looking back: who was suggested to whom, by keyed hashes, and until when."""
        if not self.lists:
            return {}
        return {
            "as_of": self.lists[0].as_of.isoformat(),
            "expires_on": self.lists[0].expires_on.isoformat(),
            "models": {str(one.recipient.audience): one.model_hash for one in self.lists},
            "threshold": self.lists[0].threshold,
            "lists": [one.record() for one in self.lists],
        }

    def summary(self) -> Json:
        """Counts for the governance report and ``--json``: ``recipients``, ``taken_out`` by audience and reason, ``findings``."""
        reasons = self.taken_out.groupby(["audience", "reason"]).size()
        by_reason: dict[str, dict[str, int]] = {}
        for (audience, reason), n in reasons.items():
            by_reason.setdefault(str(audience), {})[str(reason)] = int(n)
        return {
            "recipients": self.frame().to_dict("records"),
            "taken_out": by_reason,
            "findings": self.findings.by_code(),
            "not_made": [{"recipient": name, "why": why} for name, why in self.not_made],
        }

    def __repr__(self) -> str:
        families = sum(len(one.families) for one in self.lists)
        return f"ScreeningLists({len(self.lists)} lists, {families:,} families, {len(self.taken_out):,} taken out beforehand)"

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        return frame_html(self.frame(), title="Lists", note="families to think about; counts only")
