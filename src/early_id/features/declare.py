"""How a feature is declared: frozen values, no engine.

A declaration says what a number means; ``features/build.py`` turns it into a query and ``testing/evaluator.py`` into plain Python.
Both must give the same answer.

Example
-------
>>> from early_id.features.declare import Feature, share, last_days
>>> from early_id.schema.absence import IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES
>>> absence = share(of=IS_ABSENT_FOR_FEATURES, among=IS_POSSIBLE_FOR_FEATURES, at_least=20)
>>> str(last_days(90))
'the last 90 days'
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from early_id.core.fingerprint import fingerprint
from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.schema.conditions import Condition


@dataclass(frozen=True)
class Window:
    """A half-open span ``[start, end)`` before the as-of date, turned into plain dates by ``features/windows.py``."""

    kind: str  #: last_days, between_days, last_school_weeks, this_term, this_year, ever
    first: int = 0  #: days or weeks before the as-of date where the window starts
    last: int = 0  #: days before the as-of date where it ends (between_days)

    def __str__(self) -> str:
        return {
            "last_days": f"the last {self.first} days" if self.first != 365 else "the last year",
            "between_days": f"the time from {self.first} to {self.last} days ago",
            "last_school_weeks": f"the last {self.first} school weeks",
            "this_term": "this term",
            "this_year": "this school year",
            "ever": "the records held",
        }[self.kind]

    @property
    def suffix(self) -> str:
        """How the window shows in a feature's name."""
        return {
            "last_days": f"{self.first}d",
            "between_days": f"{self.first}d_to_{self.last}d",
            "last_school_weeks": f"{self.first}sw",
            "this_term": "this_term",
            "this_year": "this_year",
            "ever": "ever",
        }[self.kind]


def last_days(n: int) -> Window:
    """The ``n`` days before the as-of date."""
    return Window("last_days", n)


def between_days(first: int, last: int) -> Window:
    """From ``first`` to ``last`` days before the as-of date, ``first`` being the earlier."""
    return Window("between_days", first, last)


def last_school_weeks(n: int) -> Window:
    """The ``n`` school weeks before the week of the as-of date, by the school calendar."""
    return Window("last_school_weeks", n)


def this_term() -> Window:
    """From the first day of the term that holds the as-of date."""
    return Window("this_term")


def this_year() -> Window:
    """From 1 September of the school year that holds the as-of date."""
    return Window("this_year")


def ever() -> Window:
    """All records held before the as-of date."""
    return Window("ever")


#: A custom measure: gets {table: rows already cut in time} and the cohort as engine tables, returns rid and value.
Custom = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Measure:
    """What is computed from the rows of a window. Use the functions below rather than this class."""

    kind: str
    of: Condition | None = None
    among: Condition | None = None
    column: str | None = None
    at_least: int = 1  #: rows looked at, or children (against_peers), needed before an answer is given
    inner: Measure | None = None  #: the measure that ``change`` and ``against_peers`` compare
    earlier: Window | None = None  #: the window that ``change`` compares with
    compute: Custom | None = None
    tables: tuple[str, ...] = ()  #: tables that ``custom`` reads


def count(of: Condition | None = None, *, among: Condition | None = None, at_least: int = 1) -> Measure:
    """Number of rows that meet ``of``.

    With ``Missing.UNKNOWN``: unknown where the child never had an ``among`` row, and nought only where the source covers the window. With ``at_least``
    above one: unknown with fewer ``among`` rows in the window. Both hold for every measure below that has ``among``.
    """
    return Measure("count", of=of, among=among, at_least=at_least)


def share(of: Condition, among: Condition, *, at_least: int = 1) -> Measure:
    """Share of ``among`` rows that also meet ``of``. Unknown, not zero, with fewer than ``at_least`` such rows."""
    return Measure("share", of=of, among=among, at_least=at_least)


def total(column: str, of: Condition | None = None) -> Measure:
    """Sum of ``column`` over the rows that meet ``of``."""
    return Measure("total", of=of, column=column)


def days(of: Condition | None = None, *, among: Condition | None = None, at_least: int = 1) -> Measure:
    """Number of different days with a row that meets ``of``; unknown as ``count`` says."""
    return Measure("days", of=of, among=among, at_least=at_least)


def any_(of: Condition | None = None, *, among: Condition | None = None) -> Measure:
    """1 where at least one row meets ``of``, else 0; unknown as ``count`` says."""
    return Measure("any_", of=of, among=among)


def weeks(of: Condition | None = None, *, among: Condition | None = None, at_least: int = 1) -> Measure:
    """Number of different weeks, from Monday to Sunday, with a row that meets ``of``; unknown as ``count`` says."""
    return Measure("weeks", of=of, among=among, at_least=at_least)


def different(column: str, of: Condition | None = None, *, among: Condition | None = None) -> Measure:
    """Number of different values of ``column`` in the rows that meet ``of``; unknown as ``count`` says, and where such a row has no value."""
    return Measure("different", of=of, among=among, column=column)


def largest(column: str, of: Condition | None = None) -> Measure:
    """The largest number in ``column`` of the rows that meet ``of``."""
    return Measure("largest", of=of, column=column)


def days_since_first(of: Condition | None = None) -> Measure:
    """Days from the oldest row that meets ``of`` to the as-of date. Unknown where there is none."""
    return Measure("days_since_first", of=of)


def mean_gap(of: Condition | None = None) -> Measure:
    """Mean days from one row that meets ``of`` to the next. Unknown with fewer than two."""
    return Measure("mean_gap", of=of)


def days_since_last(of: Condition | None = None) -> Measure:
    """Days from the newest row that meets ``of`` to the as-of date. Unknown where there is none."""
    return Measure("days_since_last", of=of)


def latest(column: str, of: Condition | None = None) -> Measure:
    """The number in ``column`` of the newest row that meets ``of``; the larger one where several share that day."""
    return Measure("latest", of=of, column=column)


def current(of: Condition | None = None) -> Measure:
    """1 where a spell that meets ``of`` is open on the as-of date, else 0. The source must hold spells."""
    return Measure("current", of=of)


def days_in_current(of: Condition | None = None) -> Measure:
    """Days from the beginning of the newest spell that meets ``of`` and is open on the as-of date. Unknown where none is. The source must hold spells."""
    return Measure("days_in_current", of=of)


#: Spells of which one begins at most so many days after the end of another are one stay: many schools renew their rolls each September.
STAY_GAP_DAYS = 60


def days_in_stay(of: Condition | None = None) -> Measure:
    """Days from the beginning of the stay that is open on the as-of date, by the spells that meet ``of``. Unknown where none is open.

    Spells are one stay where each begins at most ``STAY_GAP_DAYS`` after an earlier one of them has ended. The source must hold spells.
    """
    return Measure("days_in_stay", of=of)


def change(inner: Measure, *, earlier: Window) -> Measure:
    """``inner`` in the feature's window minus ``inner`` in the ``earlier`` window; unknown where either is."""
    return Measure("change", inner=inner, earlier=earlier)


def against_peers(inner: Measure, *, at_least: int = 10) -> Measure:
    """``inner``, a share, minus the same share of all children of the child's school and year group, over the same window.

    The year group is that of the enrolment open on the as-of date, the child's own sessions among it. Unknown where ``inner`` is, or with fewer than
    ``at_least`` children of the group to compare with.
    """
    return Measure("against_peers", inner=inner, at_least=at_least)


def relatives() -> Measure:
    """Number of other children in the child's family on the as-of date. Unknown for a child of whom no household is known."""
    return Measure("relatives")


def longest_run(of: Condition, among: Condition, *, at_least: int = 1) -> Measure:
    """Most consecutive ``among`` rows, in order of time, that all meet ``of``."""
    return Measure("longest_run", of=of, among=among, at_least=at_least)


def custom(compute: Custom, *, tables: tuple[str, ...]) -> Measure:
    """A measure the vocabulary lacks. ``compute(rows, cohort)`` sees only rows that the cut in time has let through.

    Parameters
    ----------
    compute : callable
        Gets a mapping of table name to engine table (with ``rid``, already cut) and the cohort as an engine
        table (with ``rid`` and ``child_id``), and returns an engine table with the columns ``rid`` and ``value``.
    tables : tuple of str
        The canonical tables it reads.
    """
    return Measure("custom", compute=compute, tables=tables)


@dataclass(frozen=True)
class Feature:
    """One declared sign: what it counts, who may see it, how it is said, and why it is here.

    Parameters
    ----------
    name : str
        Measure and window, e.g. ``absence_share_90d``.
    label : str
        A short label for tables and pictures.
    source : str
        Canonical table that it reads.
    measure, window
        What is computed, over which span before the as-of date.
    direction : Direction
        How it may move the score; used as a monotone constraint and checked on fitted terms.
    sharing : SharingClass
        Who holds the record. ``SCHOOL`` reads only rows of the child's own present school.
    theme : str
        Key in ``features/themes.py``; explanations add up within a theme.
    missing : Missing
        What an empty answer means.
    phrase : str
        The sentence for a reader, with ``{value}`` and ``{period}``.
    reason : str
        Why the feature is here, from guidance or research.
    unit : Unit
        The child, or the family without the child.
    strength_phrase : str, optional
        The sentence where the value speaks of something going well.
    strength_below, strength_above : float, optional
        Where ``strength_phrase`` may be said.
    value_format : str
        How ``{value}`` is written: ``count``, ``share``, ``days``, ``yes_no`` or ``number``.
    version : int
        Raised when the meaning changes.
    """

    name: str
    label: str
    source: str
    measure: Measure
    window: Window
    direction: Direction
    sharing: SharingClass
    theme: str
    missing: Missing
    phrase: str
    reason: str
    unit: Unit = Unit.CHILD
    strength_phrase: str | None = None
    strength_below: float | None = None
    strength_above: float | None = None
    value_format: str = "count"
    version: int = 1

    @property
    def meaning(self) -> str:
        """Fingerprint of what decides the value, without the words about it; a change of it asks for another ``version``."""
        return fingerprint([self.source, self.measure, self.window, self.unit, self.sharing, self.missing])

    @property
    def period_label(self) -> str:
        """The window in words."""
        return str(self.window)
