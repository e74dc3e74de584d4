"""The canonical tables: what each column holds, when its row happened, and what it may be used for.

Names follow the Standard Safeguarding Dataset and the school census where they exist. Every stored row also carries
``source``, ``source_person_id``, provenance (``file``, ``row``, ``row_hash``, ``received_on``), ``happened_on`` and the half-open
``[known_from, known_to)``. ``child_id`` and ``family_id`` are never stored: ``People`` supplies them when features are built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from early_id.core.errors import DeclarationError, SettingsError
from early_id.schema.canonical import CANONICAL, COMPARED
from early_id.schema.columns import PROVENANCE, Column, Table

__all__ = ["CANONICAL", "COMPARED", "PROVENANCE", "Column", "Table", "Tables"]


@dataclass(frozen=True, repr=False)
class Tables:
    """The tables in force: the canonical ones and those of a council's extensions."""

    items: dict[str, Table] = field(default_factory=lambda: dict(CANONICAL))

    def __getitem__(self, name: str) -> Table:
        if name in COMPARED:
            return COMPARED[name]
        if name not in self.items:
            raise SettingsError.unknown_name("table", name, [*self.items, *COMPARED])
        return self.items[name]

    def __contains__(self, name: object) -> bool:
        return name in self.items

    def __iter__(self) -> Iterator[Table]:
        return iter(self.items.values())

    def __repr__(self) -> str:
        return f"Tables({', '.join(self.items)})"

    def plus(self, extra: tuple[Table, ...]) -> Tables:
        """These tables and a council's own; a canonical table cannot be replaced."""
        clash = sorted({table.name for table in extra} & {*CANONICAL, *COMPARED})
        if clash:
            raise DeclarationError(f"The table '{clash[0]}' is canonical and cannot be replaced.", what_next="Give your table another name.")
        return Tables({**self.items, **{table.name: table for table in extra}})
