"""What is to be made: size, seed, scenarios, mess, shapes. Everything a council depends on stands here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from early_id.core.errors import SettingsError
from early_id.data.synth import mess as kinds_of_mess
from early_id.data.synth.naming import whole_number
from early_id.data.synth.scenarios import declare as known_scenarios
from early_id.data.synth.shapes import declare as known_shapes

SMALLEST, LARGEST = 200, 1_000_000
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
        Scenarios switched on, with their sizes (``scenarios.declare.SCENARIOS`` lists them).
    mess : frozenset of str
        Kinds of mess switched on (``mess.KINDS`` lists them).
    shapes : tuple of str
        Further shapes the records are written in (``shapes.declare.SHAPES`` lists them).
    processes : int
        Processes that make marks side by side; changes nothing in the files.
    area, areas : int
        Which area of how many, where the council is too large to be made at once (``areas.py``); ``children`` are those of the area.
    whole : int
        Children of all areas; 0 where there is one.
    """

    children: int
    seed: int
    start: date = START
    scenarios: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    mess: frozenset[str] = frozenset()
    shapes: tuple[str, ...] = ()
    processes: int = 1
    area: int = 0
    areas: int = 1
    whole: int = 0

    def size(self, scenario: str) -> float:
        """The size of a scenario, 0 where it is off."""
        return self.scenarios.get(scenario, 0.0)

    def __reduce__(self) -> tuple[type[CouncilPlan], tuple[object, ...]]:
        """How a plan travels to another process: a read-only mapping cannot, a dict can."""
        parts = (self.children, self.seed, self.start, dict(self.scenarios), self.mess, self.shapes, self.processes)
        return CouncilPlan, (*parts, self.area, self.areas, self.whole)

    @property
    def total(self) -> int:
        """Children of the whole council."""
        return self.whole or self.children

    @property
    def mess_words(self) -> str:
        """The kinds of mess as they can be named on the command line: the shortest way."""
        ways: list[list[str]] = []
        for word in kinds_of_mess.WORDS:
            group = kinds_of_mess.parse(word)
            started = [word] if group or not self.mess else []
            ways.append([*started, *sorted(self.mess - group), *(f"-{name}" for name in sorted(group - self.mess))])
        shortest = min(ways, key=len)
        return ",".join(shortest)

    @property
    def mess_shown(self) -> str:
        """The mess in a few words, for every page with a figure that hangs on it, as those of linkage do."""
        groups = {kinds_of_mess.parse(word): word for word in kinds_of_mess.WORDS}
        return groups.get(self.mess) or f"{len(self.mess)} kinds chosen"

    @property
    def command(self) -> str:
        """The command that makes the same council; the call, where it starts in another year than a command can name."""
        if self.start != START:
            rest = f"scenarios={dict(self.scenarios)}, mess={self.mess_words!r}, shapes={list(self.shapes)}"
            return f"early_id.data.synth.make_council({self.total}, {self.seed}, 'DIR', start={self.start!r}, {rest})"
        words = [f"early-id synth --children {self.total} --seed {self.seed}"]
        words += [f"--scenario {name}={_exact(size)}" for name, size in self.scenarios.items()]
        if self.mess_words != "usual":
            words.append(f"--mess {self.mess_words}")
        if self.shapes:
            words.append(f"--shapes {','.join(self.shapes)}")
        return " ".join([*words, "--out DIR"])

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of scenarios that do not go together."""
        return known_scenarios.remarks(self.scenarios)

    def to_json(self) -> dict[str, object]:
        """Plain values for ``truth/plan.json``; ``processes`` is left out because no file depends on it."""
        return {
            "children": self.total,
            "seed": self.seed,
            "start": self.start.isoformat(),
            "scenarios": dict(sorted(self.scenarios.items())),
            "mess": sorted(self.mess),
            "shapes": list(self.shapes),
        }


def _exact(size: float) -> str:
    """A size with all its digits, without a point where it has no fraction."""
    return repr(float(size)).removesuffix(".0")


def council_plan(
    children: int,
    seed: int,
    *,
    start: date = START,
    scenarios: Iterable[str] | Mapping[str, float] = (),
    mess: str | Iterable[str] = "usual",
    shapes: str | Iterable[str] = (),
    processes: int = 1,
) -> CouncilPlan:
    """A plan from the words of a command or a call.

    Raises
    ------
    SettingsError
        A number out of range, or a scenario, kind of mess or shape that is not known.
    """
    if not whole_number(children, SMALLEST, LARGEST):
        raise SettingsError(
            f"A made-up council has {SMALLEST:,} to {LARGEST:,} children.",
            where="--children",
            what_next="Give a number in that range.",
        )
    if not whole_number(seed, 0):
        raise SettingsError("A seed is a whole number from 0.", where="--seed", what_next="Give another seed.")
    if not whole_number(processes, 1):
        raise SettingsError("At least one process is needed.", where="--processes", what_next="Give 1, or the number of cores.")
    return CouncilPlan(
        children, seed, start, known_scenarios.parse(scenarios), kinds_of_mess.parse(mess), known_shapes.parse(shapes, children=children), processes
    )
