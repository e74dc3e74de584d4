"""Check a made-up council against what is published: draw it in memory, count it, and compare figure by figure."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from early_id.core.errors import SettingsError
from early_id.data.synth.check.attendance import attendance_figures
from early_id.data.synth.check.events import event_figures
from early_id.data.synth.check.measures import counted, on_weekday, share
from early_id.data.synth.check.table import ROOMS, SOURCES, Figure
from early_id.data.synth.check.tally import Tally, count_council
from early_id.data.synth.check.unmet import unmet_figures
from early_id.data.synth.plan import LARGEST

#: Standard errors that a figure may be away from the published one, besides its room.
ERRORS = 3.0
#: Widest tolerance, as a share of the published figure, with which a figure is judged: a wider one says little.
WIDEST = 0.25
#: Most that the middle figure of a topic may differ, in one direction, besides one standard error; and figures that make a topic.
LEAN, LEAN_ERRORS, FEWEST_OF_TOPIC = 0.05, 1.0, 3
#: Figures that a check has to judge at least.
FEWEST = 40
#: Families or schools without which a standard error is no guide.
FEWEST_CASES = 10
#: A council smaller than this tells nothing about rare things.
SMALLEST = 2_000


@dataclass(frozen=True)
class Compared:
    """One figure, published and made up."""

    figure: Figure
    made_up: float
    error: float
    enough: bool  #: as many families or schools have what is counted as a standard error needs
    rooms: float = 1.0  #: what the room of the figure is multiplied by

    @property
    def room(self) -> float:
        """Room in the unit of the figure."""
        return self.rooms * self.figure.allowed

    @property
    def tolerance(self) -> float:
        """Three standard errors at the size drawn, and the room of the figure."""
        return ERRORS * self.error + self.room

    @property
    def used(self) -> float:
        """Share of the tolerance that the difference takes up."""
        return abs(self.made_up - self.figure.published) / self.tolerance

    @property
    def relative(self) -> float:
        """Difference as a share of the published figure."""
        return (self.made_up - self.figure.published) / abs(self.figure.published)

    @property
    def can_tell(self) -> bool:
        """Whether the council is large enough for this figure: a tolerance of more than a quarter of it says little."""
        return bool(self.enough and self.tolerance <= WIDEST * abs(self.figure.published))

    @property
    def passed(self) -> bool:
        """Whether the made-up figure is near enough."""
        return bool(abs(self.made_up - self.figure.published) <= self.tolerance)


@dataclass(frozen=True)
class Lean:
    """How far the figures of one topic lie to one side: the middle one of those judged, and what it may be."""

    topic: str
    median: float
    allowed: float

    @property
    def passed(self) -> bool:
        """Whether the topic lies near enough to the middle."""
        return abs(self.median) <= self.allowed


@dataclass(frozen=True, repr=False)
class CheckResult:
    """All figures of one council.

    Attributes
    ----------
    children, seed : int
    rows : tuple of Compared
        Figures with a published counterpart.
    choices : dict
        Figures that no table gives and the generator had to choose; they are shown and not judged.
    unmet : tuple of Compared
        Published figures that nothing is fitted to; they are shown and not judged.
    """

    children: int
    seed: int
    rows: tuple[Compared, ...]
    choices: dict[str, float]
    unmet: tuple[Compared, ...] = ()

    @property
    def judged(self) -> tuple[Compared, ...]:
        """Figures that a council of this size can tell about."""
        return tuple(row for row in self.rows if row.can_tell)

    @property
    def failures(self) -> tuple[Compared, ...]:
        """Figures out of tolerance."""
        return tuple(row for row in self.judged if not row.passed)

    @property
    def leans(self) -> tuple[Lean, ...]:
        """Topics of several judged figures."""
        found = []
        for topic in dict.fromkeys(row.figure.topic for row in self.judged):
            rows = [row for row in self.judged if row.figure.topic == topic]
            if len(rows) >= FEWEST_OF_TOPIC:
                error = float(np.median([row.error / abs(row.figure.published) for row in rows]))
                found.append(Lean(topic, float(np.median([row.relative for row in rows])), LEAN + LEAN_ERRORS * error))
        return tuple(found)

    @property
    def passed(self) -> bool:
        """Whether every figure is within its tolerance, no topic leans to one side, and there are enough figures."""
        return not self.failures and all(lean.passed for lean in self.leans) and len(self.judged) >= FEWEST

    def frame(self) -> pd.DataFrame:
        """One row a figure: topic, figure, published, made_up, difference, sampling_error, room, tolerance, used, can_tell, within, year, source, reason."""
        return pd.DataFrame(
            [
                {
                    "topic": row.figure.topic,
                    "figure": row.figure.name,
                    "published": row.figure.published,
                    "made_up": row.made_up,
                    "difference": row.made_up - row.figure.published,
                    "sampling_error": row.error,
                    "room": row.room,
                    "tolerance": row.tolerance,
                    "used": row.used,
                    "can_tell": row.can_tell,
                    "within": row.passed,
                    "year": row.figure.year,
                    "source": row.figure.source,
                    "reason": ROOMS[row.figure.room][1],
                }
                for row in self.rows
            ]
        )

    def to_json(self) -> dict[str, object]:
        """Plain values for ``--json``."""
        return {
            "children": self.children,
            "seed": self.seed,
            "passed": self.passed,
            "figures": self.frame().round(4).to_dict(orient="records"),
            "topics": {lean.topic: {"median_difference": round(lean.median, 4), "allowed": round(lean.allowed, 4)} for lean in self.leans},
            "choices": {name: round(value, 4) for name, value in self.choices.items()},
            "not_met": {
                row.figure.name: {
                    "published": round(row.figure.published, 4),
                    "made_up": round(row.made_up, 4),
                    "sampling_error": round(row.error, 4),
                }
                for row in self.unmet
            },
            "sources": SOURCES,
        }

    def text(self) -> str:
        """A plain table for a terminal."""
        lines = [f"{'figure':<62}{'published':>10}{'made up':>10}{'tolerance':>11}{'used':>6}  year and source"]
        topic = ""
        for row in self.rows:
            figure = row.figure
            if figure.topic != topic:
                topic = figure.topic
                lines += ["", topic]
            mark = "  too few to tell" if not row.can_tell else "" if row.passed else "  OUT OF TOLERANCE"
            numbers = f"{figure.published:>10.3f}{row.made_up:>10.3f}{row.tolerance:>11.3f}{100 * row.used:>5.0f}%"
            lines.append(f"  {figure.name:<60}{numbers}  {figure.year} {figure.source}{mark}")
        lines += ["", "middle difference of the figures of a topic, and what it may be"]
        for lean in self.leans:
            lines.append(f"  {lean.topic:<60}{100 * lean.median:>+19.1f}%{100 * lean.allowed:>10.1f}%{'' if lean.passed else '  LEANS TO ONE SIDE'}")
        lines += ["", "published, not fitted to and not judged (± one standard error)"]
        for row in self.unmet:
            numbers = f"{row.figure.published:>10.3f}{row.made_up:>10.3f}{f'±{row.error:.3f}':>11}"
            lines.append(f"  {row.figure.name:<60}{numbers}        {row.figure.year} {row.figure.source}")
        lines += ["", "chosen, not published"]
        lines += [f"  {name:<60}{'':>10}{value:>10.3f}" for name, value in self.choices.items()]
        lines += [
            "",
            f"{self._summary()} ({self.children:,} children, seed {self.seed}).",
            f"Tolerance: {ERRORS:g} standard errors at this size, and room for what the mechanism leaves out:",
            *(f"  {name}: {100 * part:.0f} % of the published figure; {why}" for name, (part, why) in ROOMS.items()),
            *(f"  {key}: {text}" for key, text in SOURCES.items()),
        ]
        return "\n".join(lines)

    def _summary(self) -> str:
        few = len(self.rows) - len(self.judged)
        rest = f"; {few} more have too few cases to tell" if few else ""
        leaning = [lean.topic for lean in self.leans if not lean.passed]
        side = f"; to one side: {', '.join(leaning)}" if leaning else ""
        return f"{len(self.judged) - len(self.failures)} of {len(self.judged)} figures within tolerance{side}{rest}"

    def __repr__(self) -> str:
        return f"CheckResult({self._summary()}, {self.children:,} children, seed {self.seed})"

    def _repr_html_(self) -> str:
        shown = self.frame().drop(columns=["reason"]).round(3)
        return f"<p>{escape(repr(self))}</p>{shown.to_html(index=False, border=0)}"


def check_council(children: int = 20_000, seed: int = 1, rooms: float = 1.0) -> CheckResult:
    """Compare a made-up council with the published tables.

    Parameters
    ----------
    children : int
        Size of the council: the smaller, the wider the tolerances. 20,000 take some seconds.
    seed : int
        Another seed gives another council of the same mechanism.
    rooms : float
        What the rooms for what the mechanism leaves out are multiplied by.

    Returns
    -------
    CheckResult

    Raises
    ------
    SettingsError
        Too few children to tell, or too many to draw.

    Examples
    --------
    >>> check_council(2000, 1)  # doctest: +SKIP
    CheckResult(45 of 45 figures within tolerance; 132 more have too few cases to tell, 2,000 children, seed 1)
    """
    if not SMALLEST <= children <= LARGEST:
        raise SettingsError(
            f"The check needs {SMALLEST:,} to {LARGEST:,} children.",
            where="--children",
            what_next="Leave it out for 20,000, or give a number in that range.",
        )
    return compare(count_council(children, seed), rooms)


def compare(tally: Tally, rooms: float = 1.0) -> CheckResult:
    """Every figure of a council that has been counted."""
    rows, unmet = (
        tuple(_compared(figure, tally, rooms) for figure in figures) for figures in ((*attendance_figures(), *event_figures()), unmet_figures())
    )
    plan = tally.world.plan
    return CheckResult(plan.children, plan.seed, rows, _choices(tally), unmet)


def _compared(figure: Figure, tally: Tally, rooms: float) -> Compared:
    found = figure.measure(tally)
    # The error that matters is the one at the published value: few cases drawn by chance look more certain than they are.
    ratio = abs(figure.published) / max(abs(found.value), abs(figure.published) / 100)
    error = found.error * float(np.sqrt(max(1.0, ratio)))
    # A share of sessions is never above the share of families that have one, so where even that asks for enough cases, none is a failure.
    expected = found.clusters * figure.published / 100
    return Compared(figure, found.value, error, max(found.cases, expected) >= FEWEST_CASES, rooms)


def _choices(tally: Tally) -> dict[str, float]:
    """What no table gives."""
    rows = counted(tally)
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    help_ = tally.world.services["early_help"]
    day = tally.world.timeline.years[3].start + 211
    is_open = ((help_["start"] <= day) & (help_["end"] > day)).sum()
    return {
        "days absent in the morning and the afternoon, % of days absent at all": share(
            rows["agreeing_days"], rows["absent_days"], rows["family"]
        ).value,
        "days in a run of illness, mean": share(rows["ill_days"], rows["illnesses"], rows["family"], percent=1.0).value,
        **{f"absence on a {name} over that of all days": on_weekday(tally, number).value for number, name in enumerate(names)},
        "early help open on 31 March, % of children": 100 * float(is_open) / float(tally.residents(day).sum()),
    }
