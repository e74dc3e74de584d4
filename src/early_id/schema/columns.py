"""What a column and a table are: frozen declarations, from which the data dictionary is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from early_id.core.errors import DeclarationError, SettingsError
from early_id.core.types import SharingClass, Usage
from early_id.schema.conditions import Condition, columns_of

#: Marks that are rewritten within days.
PROVISIONAL = frozenset({"N", "-"})
#: Columns that ingest adds to every row.
PROVENANCE = ("source", "source_person_id", "file", "row", "row_hash", "received_on", "happened_on", "known_from", "known_to")
COVERED_BY = ("source", "roll", "rows", "source_or_rows")
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
        Who holds the records. It has to be said: what nobody says would otherwise be taken for the school's, and could be shown to it.
    also_held_by : tuple of SharingClass
        Who else supplies rows of this table, by kind of row. What schools hold, the council's education team holds too.
    covered_by : str
        When "no row" means none rather than not known: ``source`` (the source covers the span), ``roll`` (it does, and the child was
        on a roll in it, at schools that send such rows), ``rows`` (the child has other rows in it), ``source_or_rows`` (either: whoever has a row has a whole record).
    kind : str
        The column of codes that says what kind of row it is, where several suppliers fill the table: a kind that nobody sent is not known,
        never none. Codes of one ``feed`` come together.
    shown : Condition, optional
        Rows that features may read at all; the others are, for them, not there. Cohort, outcomes and lists read every row.
    one_school : bool
        Each person of the table belongs to one school only (an enrolment rather than a child), so that all rows are that school's own, although
        no column names it.
    provisional : tuple, optional
        A column and its codes that are rewritten within days, held as not settled near the as-of date.
    stored : bool
        Whether its rows are kept. Those of other tables are compared with what is held, and nothing of them stays.
    also_about : tuple of str
        Columns that name another person of the same source: whoever has the right to be forgotten is forgotten there too.
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
    sharing: SharingClass = None  # type: ignore[assignment]  # no default: __post_init__ says what to write
    also_held_by: tuple[SharingClass, ...] = ()
    kind: str = ""
    shown: Condition | None = None
    one_school: bool = False
    note: str = ""
    stored: bool = True
    also_about: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.sharing, SharingClass):
            classes = ", ".join(f"SharingClass.{item.name}" for item in SharingClass)
            raise DeclarationError(
                f"The table '{self.name}' does not say who holds its records.",
                where=f"Table '{self.name}', sharing",
                what_next=f"Write sharing=SharingClass.SCHOOL if the child's own school holds them; else one of {classes}.",
            )
        if self.covered_by not in COVERED_BY:
            raise DeclarationError(
                f"The table '{self.name}' is covered by something that is not known.",
                where=f"Table '{self.name}', covered_by",
                what_next=f"Use one of: {', '.join(COVERED_BY)}.",
            )
        if self.kind and not (self.kind in self and self[self.kind].codes):
            raise DeclarationError(
                f"The kind of row of the table '{self.name}' is not a column with a code list.",
                where=f"Table '{self.name}', kind",
                what_next="Name a column that has 'codes', or leave 'kind' out.",
            )

        if strange := sorted(columns_of(self.shown) - set(self.column_names)):
            raise DeclarationError(f"The table '{self.name}' shows rows by the column '{strange[0]}', which it does not have.")

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
