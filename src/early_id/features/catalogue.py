"""The catalogue: every declared feature, checked at load.

A feature without label, direction, sharing class or reason does not load, and neither does one that reads a column or code that may
not be used. The same checks hold for a council's own features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from string import Formatter
from typing import TypeAlias

import pandas as pd

from early_id.core.display import frame_html
from early_id.core.errors import DeclarationError, SettingsError
from early_id.core.fingerprint import fingerprint
from early_id.core.types import Direction, Missing, SharingClass, Unit, Usage
from early_id.features.compile import OF_OPEN_SPELLS
from early_id.features.declare import Feature, Measure, Window
from early_id.features.themes import THEMES
from early_id.schema.codes import code_list
from early_id.schema.conditions import PARTS, IsIn, PartIn, columns_of, leaves
from early_id.schema.tables import Table, Tables

MEASURES = {
    "count", "share", "total", "days", "weeks", "different", "largest", "any_", "days_since_first", "days_since_last", "mean_gap", "latest", "current",
    "days_in_current", "days_in_stay", "change", "against_peers", "longest_run", "relatives", "custom",
}  # fmt: skip
#: Measures of a column of numbers.
_OF_NUMBERS = ("total", "largest", "latest")
_WINDOWS = {"last_days", "between_days", "last_school_weeks", "this_term", "this_year", "ever"}
_CLOSED = {"measure": Measure, "window": Window, "direction": Direction, "sharing": SharingClass, "unit": Unit, "missing": Missing}
_BLANKS = {"value", "period"}
_VALUE_FORMATS = {"count", "share", "days", "yes_no", "number"}

#: What cannot be compared between two windows.
_NOT_INSIDE = ("change", "against_peers", "relatives", "custom", "days_in_stay")
#: Raises with what is wrong and what to do.
Refuse: TypeAlias = Callable[..., None]


@dataclass(frozen=True, repr=False)
class Catalogue:
    """An ordered, checked set of features. ``early_id.catalogue()`` gives the shipped one."""

    features: tuple[Feature, ...]
    tables: Tables = field(default_factory=Tables)

    def __post_init__(self) -> None:
        names = [feature.name for feature in self.features]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DeclarationError(f"The feature '{twice[0]}' is declared twice.", what_next="Give one of them another name.")
        for feature in self.features:
            check_declaration(feature, self.tables)

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, name: str) -> Feature:
        for feature in self.features:
            if feature.name == name:
                return feature
        raise SettingsError.unknown_name("feature", name, [f.name for f in self.features])

    def __repr__(self) -> str:
        return f"Catalogue({len(self)} features, {self.hash})"

    def only(self, names: Iterable[str]) -> Catalogue:
        """The named features, in the catalogue's order; an unknown name is an error that offers the nearest."""
        wanted = [self[name].name for name in names]
        return Catalogue(tuple(f for f in self.features if f.name in set(wanted)), self.tables)

    @property
    def hash(self) -> str:
        """Changes whenever the meaning of any feature does."""
        return fingerprint(self.features)

    def frame(self) -> pd.DataFrame:
        """One row a feature, for people."""
        rows = [
            {
                "feature": f.name, "label": f.label, "table": f.source, "measure": f.measure.kind, "window": f.period_label, "unit": str(f.unit),
                "direction": str(f.direction), "sharing": str(f.sharing), "theme": THEMES[f.theme].title, "empty means": str(f.missing), "reason": f.reason,
            }
            for f in self.features
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        return frame_html(self.frame(), title="Catalogue", note=f"{len(self)} features", rows=200)


def _parts(measure: Measure) -> Iterator[Measure]:
    yield measure
    if measure.inner is not None:
        yield from _parts(measure.inner)


def check_declaration(feature: Feature, tables: Tables) -> None:
    """Refuse a declaration that is incomplete or that reads what may not be used.

    Raises
    ------
    DeclarationError
        Says which feature, what is wrong, and what to do.
    """
    where = f"feature '{feature.name}'"

    def refuse(what: str, what_next: str | None = None) -> None:
        raise DeclarationError(what, where=where, what_next=what_next)

    for part in ("label", "phrase", "reason"):
        if not getattr(feature, part):
            refuse(f"The feature has no {part}.", "Write one; a reviewer has to be able to read why it is there.")
    for part, kind in _CLOSED.items():
        if not isinstance(getattr(feature, part), kind):
            refuse(f"The {part} of the feature is not a {kind.__name__}.", "Use the words of early_id.features.declare and early_id.core.types.")
    for phrase in (feature.phrase, feature.strength_phrase or ""):
        if strange := {name for _, name, _, _ in Formatter().parse(phrase) if name is not None} - _BLANKS:
            refuse(f"The phrase has the unknown blank '{{{sorted(strange)[0]}}}'.", "A phrase may have {value} and {period}.")
    if feature.theme not in THEMES:
        refuse(f"The theme '{feature.theme}' is not known.", f"Use one of: {', '.join(THEMES)}.")
    if feature.value_format not in _VALUE_FORMATS:
        refuse(f"The value format '{feature.value_format}' is not known.", f"Use one of: {', '.join(sorted(_VALUE_FORMATS))}.")
    table = tables[feature.source]
    if feature.sharing is SharingClass.SCHOOL:
        for name in (feature.source, *feature.measure.tables):
            if tables[name].sharing is not SharingClass.SCHOOL:
                refuse(f"The table '{name}' is not held by the school, so features that read it cannot be shared as SCHOOL.")
            if tables[name].has_person and "school_id" not in tables[name] and not tables[name].one_school:
                refuse(
                    f"The table '{name}' does not say which school a row is of, so features that read it cannot be shared as SCHOOL.",
                    "Give it the column school_id; or one_school=True, where each of its people is at one school only.",
                )
    if (
        feature.unit is Unit.FAMILY
        and feature.missing is Missing.ZERO_IF_COVERED
        and table.covered_by == "source"
        and feature.measure.kind == "share"
    ):
        refuse("A share has no zero where there are no rows.", "Use Missing.UNKNOWN.")
    if feature.measure.kind == "against_peers" and (feature.sharing is not SharingClass.SCHOOL or feature.unit is not Unit.CHILD):
        refuse("The year group is that of the child's own school.", "Use SharingClass.SCHOOL and Unit.CHILD, or compare with the child's own past.")
    if feature.measure.kind == "relatives" and feature.unit is not Unit.FAMILY:
        refuse("The measure 'relatives' is about the family.", "Use Unit.FAMILY.")
    _check_window(feature.window, refuse)
    for measure in _parts(feature.measure):
        _check_measure(measure, table, tables, refuse)
    read = [table, *(tables[name] for measure in _parts(feature.measure) for name in measure.tables)]
    holders = {holder for one in read for holder in _holders(one)}
    if feature.sharing not in holders:
        refuse(
            f"The table '{table.name}' is not held by {feature.sharing}, so its features cannot be shared as that.",
            f"Holders of the table: {', '.join(sorted(holders))}.",
        )


def _holders(table: Table) -> set[SharingClass]:
    """Who may be said to hold a table's rows; what schools hold, the council's education team holds too."""
    return {table.sharing, *table.also_held_by} | ({SharingClass.EDUCATION} if table.sharing is SharingClass.SCHOOL else set())


def _check_window(window: Window, refuse: Refuse) -> None:
    if window.kind not in _WINDOWS:
        refuse(f"The window '{window.kind}' is not known.", f"Use one of: {', '.join(sorted(_WINDOWS))}.")
    counted = window.kind in ("last_days", "between_days", "last_school_weeks")
    if counted and (window.first <= window.last or window.last < 0):
        refuse(f"The window '{window}' is empty.", "Give the longer span first, in whole days or weeks before the date.")


def _check_measure(measure: Measure, table: Table, tables: Tables, refuse: Refuse) -> None:
    if measure.kind not in MEASURES:
        refuse(f"The measure '{measure.kind}' is not known.", f"Use one of: {', '.join(sorted(MEASURES))}.")
    for name in measure.tables:
        tables[name]
    needed = {column for condition in (measure.of, measure.among) for column in columns_of(condition)}
    if measure.column:
        needed.add(measure.column)
    for name in sorted(needed):
        column = table[name]
        if column.usage is not Usage.FEATURE:
            refuse(
                f"The column '{table.name}.{name}' is marked {column.usage} and may not be used in a feature.",
                "Choose another sign; see the data dictionary.",
            )
    for condition in (measure.of, measure.among):
        for leaf in leaves(condition):
            if isinstance(leaf, IsIn) and (codes := table[leaf.column].codes):
                known = code_list(codes)
                for value in sorted(leaf.values):
                    if value not in known:
                        refuse(f"The code '{value}' is not in the list '{codes}'.")
                    if known[value].usage is not Usage.FEATURE:
                        refuse(f"The code '{value}' of the list '{codes}' is marked {known[value].usage} and may not be used in a feature.")
            if isinstance(leaf, PartIn) and table[leaf.column].type not in PARTS.get(leaf.part, ()):
                refuse(
                    f"The column '{table.name}.{leaf.column}' has no {leaf.part}.", "Name a column with a date, or with date and time for an hour."
                )
    if measure.kind in _OF_NUMBERS and (not measure.column or table[measure.column].type not in ("integer", "number")):
        refuse(f"The measure '{measure.kind}' needs a column of numbers.", "Count rows instead, or name another column.")
    if measure.kind == "different" and not measure.column:
        refuse("The measure 'different' needs a column.", "Name the column whose different values are counted.")
    if measure.kind in ("share", "longest_run") and (measure.of is None or measure.among is None):
        refuse(f"The measure '{measure.kind}' needs 'of' and 'among'.")
    if measure.kind == "custom" and measure.compute is None:
        refuse("The custom measure has no function.")
    if measure.kind == "change":
        if measure.inner is None or measure.earlier is None or measure.inner.kind in _NOT_INSIDE:
            refuse("A change compares one measure of the vocabulary over two windows.", "Write change(share(...), earlier=between_days(...)).")
        else:
            _check_window(measure.earlier, refuse)
    if measure.kind == "against_peers" and (measure.inner is None or measure.inner.kind != "share" or "school_id" not in table):
        refuse("Only a share of a table that names the school can be compared with the year group.", "Write against_peers(share(...)).")
    if measure.kind in (*OF_OPEN_SPELLS, "days_in_stay") and not table.ends:
        refuse(f"The table '{table.name}' holds events, not spells, so nothing can be '{measure.kind}'.")


def catalogue(extra: Iterable[Feature] = (), *, tables: Tables | None = None) -> Catalogue:
    """The shipped features and, after them, a council's own."""
    from early_id.features.library import SHIPPED

    return Catalogue((*SHIPPED, *extra), tables or Tables())
