"""Shapes: how the columns of a file become the columns of a canonical table.

A shape is a YAML file (``config/defaults/sources`` or one that the settings name under ``shapes``). It names columns and date
formats and says when a row was known; it holds no logic. How rows are brought into reach of the columns (marks side by side, a list in one
cell, a label such as "a) WBRI") is said in the closed vocabulary of :mod:`early_id.data.sources.unfold`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from early_id.config.load import parse_yaml, read_yaml
from early_id.core.errors import SettingsError
from early_id.data.rules.returns import checked_columns
from early_id.data.sources.others import with_others
from early_id.data.sources.unfold import Derived, Each, Join, read_derived, read_each, read_join
from early_id.schema.tables import Table, Tables


def count_of_days(days: int) -> str:
    """``1 day``, ``3 days``."""
    return f"{days} day{'' if days == 1 else 's'}"


@dataclass(frozen=True)
class Known:
    """When a row became known: a column of the file, or an assumed lag after it happened."""

    column: str | None = None
    lag_days: int | None = None
    later_lag_days: int = 1  #: lag of facts that come later, such as an end date

    def __str__(self) -> str:
        if self.column:
            return f"recorded date in the column '{self.column}'"
        if self.lag_days is not None and self.lag_days < 0:
            return f"assumed known {count_of_days(-self.lag_days)} before it happened, as something planned is"
        if self.lag_days is not None:
            return f"assumed known {count_of_days(self.lag_days)} after it happened"
        return "assumed known on the day the extract was received"


@dataclass(frozen=True)
class Shape:
    """One mapping from a file, or a part of one, to a canonical table."""

    name: str
    table: str
    label: str
    columns: dict[str, str]
    dates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    known: Known = Known()
    sheet: str | None = None  #: of a workbook; ``*`` stands for any text, and several sheets are read one after the other
    delimiter: str | None = None  #: found by looking where nothing is said
    encoding: str | None = None  #: found by looking where nothing is said
    prepare: str | None = None
    record: str | None = None  #: of XML: the path of the element that is a row; what stands before ``//`` is read one at a time
    part: str = ""  #: what the part of the file is called, where several shapes read one file
    headings: tuple[str, ...] = ()  #: further headings by which the file is recognised
    optional: tuple[str, ...] = ()  #: headings that the file may lack
    derive: dict[str, Derived] = field(default_factory=dict)
    each: Each | None = None
    join: Join | None = None
    distinct: bool = False  #: rows that say the same in all columns that the shape reads are one record
    snapshot: bool = False  #: each file is the whole register of its day
    source: str = ""  #: what the source is called where the settings name none
    beside: tuple[str, ...] = ()  #: shapes in whose files this one is found too

    @property
    def given(self) -> frozenset[str]:
        """Headings that are made from others, not found in the file."""
        return frozenset(self.derive) | (self.each.makes if self.each else frozenset()) | (self.join.adds if self.join else frozenset())

    @cached_property
    def read(self) -> tuple[str, ...]:
        """Headings that are read from the file itself, whether or not it may lack them."""
        named = [*self.columns.values(), *([self.known.column] if self.known.column else []), *self.headings]
        named += [heading for derived in self.derive.values() for heading in derived.reads]
        named += [*(self.each.reads if self.each else ()), *(self.join.reads if self.join else ())]
        return tuple(dict.fromkeys(name for name in named if name not in self.given))

    @cached_property
    def needed(self) -> frozenset[str]:
        """Headings without which the file is not of this shape."""
        return frozenset(self.read) - set(self.optional)

    @property
    def instructions(self) -> dict[str, Any]:
        """What decides how a row is understood, as plain values: names and labels do not, and what is not said does not change."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _NOT_INSTRUCTIONS}
        later = {name: getattr(self, name) for name in _SINCE if getattr(self, name)}
        return {**said, **later, "known": asdict(self.known), "delimiter": self.delimiter or ",", "encoding": self.encoding or "utf-8"}


#: Keys that stores written before them know nothing of: they count as an instruction only where they say something.
_SINCE = ("record", "derive", "each", "join", "distinct", "snapshot")
#: Keys that say where a shape is found, not how it is read.
_FOUND = ("part", "headings", "optional", "source", "beside")
_NOT_INSTRUCTIONS = {"name", "label", "known", "delimiter", "encoding", *_SINCE, *_FOUND}
_KEYS = {"shape", *(f.name for f in fields(Shape))} - {"name"}


def load_shapes(tables: Tables, extra: tuple[Path, ...] = ()) -> dict[str, Shape]:
    """All shapes in force: the shipped ones and those of the folders or files in ``extra``."""
    tables = with_others(tables)
    shapes: dict[str, Shape] = {}
    for name, values in _shipped():
        shapes |= _shapes_of(values, where=name, tables=tables)
    for path in extra:
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            shapes |= _shapes_of(read_yaml(file, role="shape"), where=str(file), tables=tables)
    return shapes


@cache
def _shipped() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Name and content of each shipped file, read once: reading YAML takes longer than taking in a small file."""
    items = _yaml_files(resources.files("early_id.config.defaults").joinpath("sources"))
    return tuple((item.name, parse_yaml(item.read_text(encoding="utf-8"), where=item.name)) for item in items)


def _yaml_files(folder: Traversable) -> Iterator[Traversable]:
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.is_dir():
            yield from _yaml_files(item)
        elif item.name.endswith(".yaml"):
            yield item


def _shapes_of(values: dict[str, Any], *, where: str, tables: Tables) -> dict[str, Shape]:
    """The shape of a file, or the several shapes that it lists under ``shapes``, each with what the file says for all of them."""
    common = {key: value for key, value in values.items() if key != "shapes"}
    listed = [{**common, **one} for one in values["shapes"]] if isinstance(values.get("shapes"), list) else [values]
    return {shape.name: shape for shape in (_shape(one, where=where, tables=tables) for one in listed)}


def _shape(values: dict[str, Any], *, where: str, tables: Tables) -> Shape:
    unknown = sorted(set(values) - _KEYS)
    if unknown:
        raise SettingsError(f"A shape has the unknown key '{unknown[0]}'.", where=where, what_next=f"Known keys: {', '.join(sorted(_KEYS))}.")
    for key in ("shape", "table", "columns"):
        if key not in values:
            raise SettingsError(f"A shape lacks '{key}'.", where=where)
    table = tables[values["table"]]
    for key in ("columns", "dates", "values", "known", "derive"):
        if not isinstance(values.get(key) or {}, dict):
            raise SettingsError(f"'{key}' of a shape must hold 'name: value' pairs.", where=where)
    known = values.get("known") or {}
    if strange := sorted(set(known) - {item.name for item in fields(Known)}):
        raise SettingsError.unknown_name("part of 'known'", strange[0], [item.name for item in fields(Known)], where=where)
    _check_names(values["columns"], table, where)
    where = f"{where}, shape '{values['shape']}'"
    shape = Shape(
        name=values["shape"],
        table=values["table"],
        label=values.get("label", values["shape"]),
        columns={str(k): str(v) for k, v in values["columns"].items()},
        dates={k: _texts(v) for k, v in (values.get("dates") or {}).items()},
        values={k: {str(a): str(b) for a, b in v.items()} for k, v in (values.get("values") or {}).items()},
        known=Known(**known),
        derive={str(k): read_derived(v, where=f"{where}, derive, {k}") for k, v in (values.get("derive") or {}).items()},
        each=read_each(values["each"], where=f"{where}, each") if values.get("each") else None,
        join=read_join(values["join"], where=f"{where}, join") if values.get("join") else None,
        sheet=values.get("sheet"),
        delimiter=values.get("delimiter"),
        encoding=values.get("encoding"),
        prepare=values.get("prepare"),
        record=values.get("record"),
        part=str(values.get("part", "")),
        source=str(values.get("source", "")),
        headings=_texts(values.get("headings") or ()),
        optional=_texts(values.get("optional") or ()),
        beside=_texts(values.get("beside") or ()),
        distinct=bool(values.get("distinct")),
        snapshot=bool(values.get("snapshot")),
    )
    # The engine does not tell capitals from small letters.
    if clash := sorted({name.lower() for name in shape.given} & {name.lower() for name in shape.read}):
        raise SettingsError(
            f"A shape makes the column '{clash[0]}', which the file has too.", where=where, what_next="Call what it makes by another name."
        )
    return shape


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def _check_names(columns: dict[str, Any], table: Table, where: str) -> None:
    """Refuse a shape that names a column which the table has not, or leaves out one that no row can do without."""
    allowed = {*table.column_names, "source_person_id", *(column.name for column in checked_columns(table.name))}
    for column in columns:
        if column not in allowed:
            raise SettingsError.unknown_name(f"column of the table '{table.name}'", column, allowed, where=where)
    needed = [*(["source_person_id"] if table.has_person else []), *table.required]
    if left_out := [name for name in needed if name not in columns]:
        raise SettingsError(
            f"A shape leaves out what no row of the table '{table.name}' can do without: {', '.join(left_out)}.",
            where=f"{where}, columns",
            what_next="Name the heading of each, or leave the file out.",
        )
