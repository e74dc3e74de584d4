"""Shapes: how the columns of a file become the columns of a canonical table.

A shape is a YAML file (``config/defaults/sources`` or one that the settings name under ``shapes``). It names columns and date
formats and says when a row was known; it holds no logic.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from early_id.config.load import parse_yaml, read_yaml
from early_id.core.errors import SettingsError
from early_id.data.rules.returns import checked_columns
from early_id.schema.tables import Tables


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
    """One mapping from a file to a canonical table."""

    name: str
    table: str
    label: str
    columns: dict[str, str]
    dates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    known: Known = Known()
    sheet: str | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    prepare: str | None = None
    optional: tuple[str, ...] = ()  #: headings that the file may lack


_KEYS = {"shape", "table", "label", "columns", "dates", "values", "known", "sheet", "delimiter", "encoding", "prepare", "optional"}


def load_shapes(tables: Tables, extra: tuple[Path, ...] = ()) -> dict[str, Shape]:
    """All shapes in force: the shipped ones and those of the folders or files in ``extra``."""
    shapes: dict[str, Shape] = {}
    for name, values in _shipped():
        shape = _shape(values, where=name, tables=tables)
        shapes[shape.name] = shape
    for path in extra:
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            shape = _shape(read_yaml(file, role="shape"), where=str(file), tables=tables)
            shapes[shape.name] = shape
    return shapes


@cache
def _shipped() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Name and content of each shipped file, read once: reading YAML takes longer than taking in a small file."""
    folder = resources.files("early_id.config.defaults").joinpath("sources")
    items = sorted((item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda entry: entry.name)
    return tuple((item.name, parse_yaml(item.read_text(encoding="utf-8"), where=item.name)) for item in items)


def _shape(values: dict[str, Any], *, where: str, tables: Tables) -> Shape:
    unknown = sorted(set(values) - _KEYS)
    if unknown:
        raise SettingsError(f"A shape has the unknown key '{unknown[0]}'.", where=where, what_next=f"Known keys: {', '.join(sorted(_KEYS))}.")
    for key in ("shape", "table", "columns"):
        if key not in values:
            raise SettingsError(f"A shape lacks '{key}'.", where=where)
    table = tables[values["table"]]
    allowed = {*table.column_names, "source_person_id", *(column.name for column in checked_columns(table.name))}
    for key in ("columns", "dates", "values", "known"):
        if not isinstance(values.get(key) or {}, dict):
            raise SettingsError(f"'{key}' of a shape must hold 'name: value' pairs.", where=where)
    known = values.get("known") or {}
    if strange := sorted(set(known) - {item.name for item in fields(Known)}):
        raise SettingsError.unknown_name("part of 'known'", strange[0], [item.name for item in fields(Known)], where=where)
    for column in values["columns"]:
        if column not in allowed:
            raise SettingsError.unknown_name(f"column of the table '{table.name}'", column, allowed, where=where)
    needed = [*(["source_person_id"] if table.has_person else []), *table.required]
    if left_out := [name for name in needed if name not in values["columns"]]:
        raise SettingsError(
            f"A shape leaves out what no row of the table '{table.name}' can do without: {', '.join(left_out)}.",
            where=f"{where}, columns",
            what_next="Name the heading of each, or leave the file out.",
        )
    return Shape(
        name=values["shape"],
        table=values["table"],
        label=values.get("label", values["shape"]),
        columns={str(k): str(v) for k, v in values["columns"].items()},
        dates={k: tuple([v] if isinstance(v, str) else v) for k, v in (values.get("dates") or {}).items()},
        values={k: {str(a): str(b) for a, b in v.items()} for k, v in (values.get("values") or {}).items()},
        known=Known(**known),
        sheet=values.get("sheet"),
        delimiter=values.get("delimiter", ","),
        encoding=values.get("encoding", "utf-8"),
        prepare=values.get("prepare"),
        optional=tuple(str(heading) for heading in values.get("optional") or ()),
    )
