"""What a fault is, and the small pieces that the tables of faults are put together from."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import pandas as pd

from early_id.data.synth.files.extracts import Tables
from early_id.data.synth.timeline import Timeline

Row = dict[str, str]
#: Styles of the dates in the extracts.
ISO, BRITISH, STAMP = "%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S"


@dataclass(frozen=True)
class Around:
    """What a fault may look at besides its row: the tables before any fault, and the dates."""

    tables: Tables
    timeline: Timeline

    @cached_property
    def births(self) -> dict[str, str]:
        """Birth dates in the social-care list."""
        people = self.tables["socialcare/people.csv"]
        return dict(zip(people["PersonID"], people["DOB"], strict=True))

    @cached_property
    def last_activity(self) -> dict[str, str]:
        """Day on which the last status of each case began."""
        table = self.tables["socialcare/statutory.csv"]
        return table.groupby("ReferralID")["StartOn"].max().to_dict()

    @cached_property
    def protected_from(self) -> dict[str, str]:
        """Day on which each child's first protection plan of the list began."""
        table = self.tables["socialcare/statutory.csv"]
        plans = table[table["Status"] == "CPP"].drop_duplicates("PersonID")
        return dict(zip(plans["PersonID"], plans["StartOn"], strict=True))

    @cached_property
    def schools(self) -> dict[str, Row]:
        """Each school's row, and under ``next`` another school of its phase."""
        table = self.tables["education/schools.xlsx"]
        rows = [{str(name): str(cell) for name, cell in row.items()} for row in table.to_dict("records")]
        phases: dict[str, list[Row]] = {}
        for row in rows:
            phases.setdefault(row["Phase"], []).append(row)
        following = {row["SchoolID"]: after["SchoolID"] for same in phases.values() for row, after in zip(same, same[1:] + same[:1], strict=True)}
        return {row["SchoolID"]: {**row, "next": following[row["SchoolID"]]} for row in rows}


@dataclass(frozen=True)
class Case:
    """One row to be spoilt: the how-manieth it is, what is around it, and its partner where faults come in pairs."""

    number: int
    around: Around
    partner: Row


Usable = Callable[[pd.DataFrame, Around], pd.Series]
Spoil = Callable[[Row, Case], Row]


@dataclass(frozen=True)
class Fault:
    """One kind of mess in one file.

    Attributes
    ----------
    kind, file, column : str
        The kind (``mess.KINDS``), the table, and the column or columns that show it.
    at_5000 : int or None
        Rows among 5,000 children; other sizes are in proportion, never under two. None: every usable row.
    usable : callable
        Which rows of the table, as it is before any fault, can take it.
    spoil : callable
        What is made of one row.
    adds : bool
        The spoilt row follows the row it was made of, which stays as it was.
    related : str
        Rows with the same value in this column stay free of other faults, because the fault shows only beside them.
    pairs : bool
        Rows are taken two and two, each spoilt with the other as its partner.
    """

    kind: str
    file: str
    column: str
    at_5000: int | None
    usable: Usable
    spoil: Spoil
    adds: bool = False
    related: str = ""
    pairs: bool = False

    def count(self, children: int) -> int:
        """How many rows take it in a council of this size."""
        return children * 1000 if self.at_5000 is None else scaled(self.at_5000, children)


def scaled(at_5000: int, children: int) -> int:
    """A number of faults in proportion to the size, at least two."""
    return max(2, round(at_5000 * children / 5000))


def birth_may_go(table: pd.DataFrame, around: Around) -> pd.Series:
    """One person in four. Only they may lose their birth date in the list; faults that show beside it go to the others."""
    return table["PersonID"].map(lambda person: zlib.crc32(person.encode()) % 4 == 0)


def birth_stays(table: pd.DataFrame, around: Around) -> pd.Series:
    """The other three of four."""
    return ~birth_may_go(table, around)


def any_row(table: pd.DataFrame, around: Around) -> pd.Series:
    """Every row."""
    return pd.Series(True, index=table.index)


def filled(*columns: str) -> Usable:
    """Rows with something in each of ``columns``."""
    return lambda table, around: (table[list(columns)] != "").all(axis=1)


def equals(column: str, *values: str) -> Usable:
    """Rows that hold one of ``values``."""
    return lambda table, around: table[column].isin(values)


def both(*parts: Usable) -> Usable:
    """Rows that every part takes."""

    def usable(table: pd.DataFrame, around: Around) -> pd.Series:
        rows = any_row(table, around)
        for part in parts:
            rows &= part(table, around)
        return rows

    return usable


def earlier(first: str, second: str) -> Usable:
    """Rows whose two ISO dates differ, the first before the second."""
    return lambda table, around: (table[first] != "") & (table[second] != "") & (table[first] < table[second])


def put(**values: str) -> Spoil:
    """Other values in some columns."""
    return lambda row, case: {**row, **values}


def unchanged(row: Row, case: Case) -> Row:
    """The row as it is, for faults that add a second copy."""
    return dict(row)


def swap(first: str, second: str) -> Spoil:
    """Two columns change places."""
    return lambda row, case: {**row, first: row[second], second: row[first]}


def append(column: str, tail: str) -> Spoil:
    """Something after the value."""
    return lambda row, case: {**row, column: row[column] + tail}


def moved(day: str, days: int, style: str) -> str:
    """A date written in ``style``, some days later; empty stays empty."""
    return (datetime.strptime(day, style) + timedelta(days=days)).strftime(style) if day else ""


def restyled(column: str, style: str, *others: str) -> Spoil:
    """The date of ``column``, written in the other styles in turn; ``{n}`` in a style is the day without a nought."""

    def spoil(row: Row, case: Case) -> Row:
        day = datetime.strptime(row[column], style)
        other = others[case.number % len(others)]
        return {**row, column: day.strftime(other).replace("{n}", str(day.day))}

    return spoil
