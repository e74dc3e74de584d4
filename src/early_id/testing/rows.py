"""Rows of a small council in plain Python: which condition a row meets, and which rows are seen on a date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import product
from typing import Any

from early_id.core.types import Usage
from early_id.schema.codes import code_list
from early_id.schema.conditions import AllOf, AnyOf, AtLeast, AtMost, Condition, IsIn, IsTrue, Not, PartIn, leaves
from early_id.schema.tables import Table

Row = dict[str, Any]


_PARTS: dict[str, Callable[[Any], int]] = {"hour": lambda at: at.hour, "weekday": lambda day: day.weekday(), "month": lambda day: day.month}


def holds(condition: Condition | None, row: Row) -> bool:
    """Whether a row meets a condition; an empty value meets no comparison."""
    match condition:
        case None:
            return True
        case IsIn(column, values):
            return row[column] in values
        case AtLeast(column, bound):
            return row[column] is not None and row[column] >= bound
        case AtMost(column, bound):
            return row[column] is not None and row[column] <= bound
        case IsTrue(column):
            return row[column] is True
        case PartIn(column, part, numbers):
            return row[column] is not None and _PARTS[part](row[column]) in numbers
        case Not(inner):
            return not holds(inner, row)
        case AllOf(parts):
            return all(holds(part, row) for part in parts)
        case AnyOf(parts):
            return any(holds(part, row) for part in parts)
    raise TypeError(condition)


def day_of(value: Any) -> date:
    """The day of a date or of a moment."""
    return value.date() if isinstance(value, datetime) else value


def seen(rows: Iterable[Row], table: Table, as_of: date) -> list[Row]:
    """Rows as they were known on a date that the table shows, without codes that may not be used: each is its stand-in, or empty, or takes its row with it."""
    result = []
    stand_ins = {column.name: _read_as(column.codes) for column in table.columns if column.codes}
    needed = {column.name for column in table.columns if column.required and column.usage is Usage.FEATURE}
    for row in rows:
        if not (row["happened_on"] < as_of and row["known_from"] < as_of and (row["known_to"] is None or row["known_to"] >= as_of)):
            continue
        shown = dict(row)
        for name, dependents in table.later.items():
            if row[name] is not None and day_of(row[name]) >= as_of:
                for hidden in (name, *dependents):
                    shown[hidden] = None
        if not holds(table.shown, shown):
            continue
        for name, read_as in stand_ins.items():
            shown[name] = read_as.get(shown[name], shown[name])
        if not any(row[name] is not None and shown[name] is None for name in needed & set(stand_ins)):
            result.append(shown)
    return result


def _read_as(codes: str) -> dict[str | None, str | None]:
    """What a code that may not be used is read as, and one that has a stand-in so that another is not given away."""
    return {code.code: code.stand_in for code in code_list(codes).codes if code.usage is not Usage.FEATURE or code.stand_in}


def may_hold(condition: Condition | None, column: str, code: str) -> bool:
    """Whether some row with this code meets the condition: every answer of the other comparisons is tried."""
    others = [leaf for leaf in leaves(condition) if not (isinstance(leaf, IsIn) and leaf.column == column)]
    return any(_true(condition, column, code, iter(answers)) for answers in product((True, False), repeat=len(others)))


def _true(condition: Condition | None, column: str, code: str, answers: Iterator[bool]) -> bool:
    """The condition's truth, comparisons with other columns answered one after the other by ``answers``."""
    match condition:
        case None:
            return True
        case Not(inner):
            return not _true(inner, column, code, answers)
        case AllOf(parts):
            return all(_true(part, column, code, answers) for part in parts)
        case AnyOf(parts):
            return any(_true(part, column, code, answers) for part in parts)
        case IsIn(name, values) if name == column:
            return code in values
    return next(answers)
