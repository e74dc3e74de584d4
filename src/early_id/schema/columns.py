"""What a column and a table are: frozen declarations, from which the data dictionary is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from early_id.core.errors import DeclarationError, SettingsError
from early_id.core.types import SharingClass, Usage

#: Marks that are rewritten within days.
PROVISIONAL = frozenset({"N", "-"})
#: Columns that ingest adds to every row.
PROVENANCE = ("source", "source_person_id", "file", "row", "row_hash", "received_on", "happened_on", "known_from", "known_to")
TYPES = ("text", "date", "timestamp", "integer", "number", "yes_no")


@dataclass(frozen=True)
class Column:
    """One column: type, permitted use, code list, and caveats.

    ``usage`` is ``feature``, ``audit_only``, ``remove_only`` or ``never``; anything but ``feature`` cannot be declared in a feature.
    """

    name: str
    type: str = "text"
    label: str = ""
    usage: Usage = Usage.FEATURE
    codes: str | None = None
    required: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise DeclarationError(f"The column '{self.name}' has the unknown type '{self.type}'.", what_next=f"Use one of {TYPES}.")


@dataclass(frozen=True)
class Table:
    """One canonical table.

    Parameters
    ----------
    name, label : str
        Name in code, and in words.
    columns : tuple of Column
        The table's own columns.
    happened : str
        The column that dates a row; empty for tables without events (``schools``).
    key : tuple of str
        Columns that, with source and person, identify a record, so that a later copy is a correction.
    later : mapping
        Date column → columns that become known only with it (``end_on`` → ``end_reason``). Before that date they are empty.
    ends : str
        The column that closes a spell; empty for tables of events.
    sharing : SharingClass
        Who holds the records.
    also_held_by : tuple of SharingClass
        Who else supplies rows of this table, by kind of row. What schools hold, the council's education team holds too.
    covered_by : str
        When "no row" means none rather than not known: ``source`` (the source covers the span), ``roll`` (it does, and the child was
        on a roll in it), ``rows`` (the child has other rows in it).
    provisional : tuple, optional
        A column and its codes that are rewritten within days, held as not settled near the as-of date.
    """

    name: str
    label: str
    columns: tuple[Column, ...]
    happened: str = ""
    key: tuple[str, ...] = ()
    later: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ends: str = ""
    has_person: bool = True
    covered_by: str = "source"
    provisional: tuple[str, frozenset[str]] | None = None
    sharing: SharingClass = SharingClass.SCHOOL
    also_held_by: tuple[SharingClass, ...] = ()
    note: str = ""

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise SettingsError.unknown_name(f"column in the table '{self.name}'", name, [c.name for c in self.columns])

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The table's own columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that a row cannot do without."""
        return tuple(column.name for column in self.columns if column.required)
