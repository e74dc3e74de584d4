"""Conditions on rows, as small frozen values.

A condition is meaning without an engine: it can be printed, hashed, compared, evaluated in plain Python and
compiled to a query. The vocabulary is closed: ``isin``, ``at_least``, ``at_most``, ``is_true``, ``hour_in``, ``weekday_in``, ``month_in``, ``not_``,
``all_of``, ``any_of``.

A comparison with an empty value is never true, as in SQL's WHERE; ``not_`` of it is true, which differs from SQL and is
why compilers must treat an unknown comparison as false *before* they negate it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class IsIn:
    """The column holds one of ``values``."""

    column: str
    values: frozenset[str]


@dataclass(frozen=True)
class AtLeast:
    """The column holds ``bound`` or more."""

    column: str
    bound: float


@dataclass(frozen=True)
class AtMost:
    """The column holds ``bound`` or less."""

    column: str
    bound: float


@dataclass(frozen=True)
class IsTrue:
    """The column holds true (``Y`` in source files)."""

    column: str


#: Parts of a date that a condition may look at, and the types of column that have them.
PARTS: dict[str, tuple[str, ...]] = {"hour": ("timestamp",), "weekday": ("date", "timestamp"), "month": ("date", "timestamp")}


@dataclass(frozen=True)
class PartIn:
    """The ``part`` of the date in the column (hour 0 to 23, weekday from Monday 0, month from January 1) is one of ``values``."""

    column: str
    part: str
    values: frozenset[int]


@dataclass(frozen=True)
class Not:
    """``inner`` does not hold."""

    inner: Condition


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = IsIn | AtLeast | AtMost | IsTrue | PartIn | Not | AllOf | AnyOf


def isin(column: str, values: Iterable[str]) -> IsIn:
    """Rows whose ``column`` holds one of ``values``."""
    return IsIn(column, frozenset([values] if isinstance(values, str) else values))


def at_least(column: str, bound: float) -> AtLeast:
    """Rows whose ``column`` holds ``bound`` or more."""
    return AtLeast(column, bound)


def at_most(column: str, bound: float) -> AtMost:
    """Rows whose ``column`` holds ``bound`` or less."""
    return AtMost(column, bound)


def is_true(column: str) -> IsTrue:
    """Rows whose yes-or-no ``column`` says yes."""
    return IsTrue(column)


def hour_in(column: str, hours: Iterable[int]) -> PartIn:
    """Rows whose time in ``column`` begins with one of the ``hours`` (0 to 23)."""
    return PartIn(column, "hour", frozenset(hours))


def weekday_in(column: str, days: Iterable[int]) -> PartIn:
    """Rows whose date in ``column`` is one of these days of the week, Monday being 0."""
    return PartIn(column, "weekday", frozenset(days))


def month_in(column: str, months: Iterable[int]) -> PartIn:
    """Rows whose date in ``column`` lies in one of these months, January being 1."""
    return PartIn(column, "month", frozenset(months))


def not_(inner: Condition) -> Not:
    """Rows for which ``inner`` does not hold, rows with an empty value included."""
    return Not(inner)


def all_of(*parts: Condition) -> AllOf:
    """Rows for which every part holds."""
    return AllOf(parts)


def any_of(*parts: Condition) -> AnyOf:
    """Rows for which at least one part holds."""
    return AnyOf(parts)


def leaves(condition: Condition | None) -> Iterator[IsIn | AtLeast | AtMost | IsTrue | PartIn]:
    """The comparisons inside a condition, in order of writing."""
    match condition:
        case None:
            return
        case Not(inner):
            yield from leaves(inner)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case _:
            yield condition


def can_hold(condition: Condition | None, column: str, value: str) -> bool:
    """Whether a row whose ``column`` holds the code ``value`` could meet ``condition``, whatever its other columns hold.

    >>> can_hold(not_(isin("factor", {"rent_arrears"})), "factor", "rent_arrears")
    False
    """
    return _possible(condition, column, value)[0]


def _possible(condition: Condition | None, column: str, value: str) -> tuple[bool, bool]:
    """Whether the condition can be true, and whether it can be false."""
    match condition:
        case None:
            return True, False
        case Not(inner):
            true, false = _possible(inner, column, value)
            return false, true
        case AllOf(parts):
            possible = [_possible(part, column, value) for part in parts]
            return all(true for true, _ in possible), any(false for _, false in possible)
        case AnyOf(parts):
            possible = [_possible(part, column, value) for part in parts]
            return any(true for true, _ in possible), all(false for _, false in possible)
        case IsIn(name, values) if name == column:
            return value in values, value not in values
    return True, True


def columns_of(condition: Condition | None) -> set[str]:
    """Names of the columns that a condition reads."""
    return {leaf.column for leaf in leaves(condition)}
