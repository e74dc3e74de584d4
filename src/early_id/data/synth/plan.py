"""What is to be made: size, seed, scenarios, mess, shapes. Everything a council depends on stands here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

#: First marked school year.
START = date(2022, 9, 1)
NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class CouncilPlan:
    """One council to be made.

    Attributes
    ----------
    children : int
        All who are 4 to 17 on any as-of date.
    seed : int
        The same seed gives the same bytes, whatever ``processes`` is.
    start : date
        Any day of the first school year of marks.
    scenarios : mapping of str to float
        Scenarios switched on, with their sizes (``scenarios.SCENARIOS`` lists them).
    mess : frozenset of str
        Kinds of mess switched on (``mess.KINDS`` lists them).
    shapes : tuple of str
        Further shapes the records are written in (``shapes`` lists them).
    processes : int
        Processes that make marks side by side; changes nothing in the files.
    """

    children: int
    seed: int
    start: date = START
    scenarios: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    mess: frozenset[str] = frozenset()
    shapes: tuple[str, ...] = ()
    processes: int = 1

    def size(self, scenario: str) -> float:
        """The size of a scenario, 0 where it is off."""
        return self.scenarios.get(scenario, 0.0)
