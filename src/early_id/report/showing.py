"""One report, two renderings: what a figure looks like with full counts, and as it may be published.

In the published one, counts of 1 to 5 are ``c``, others are rounded to the nearest 5, and rates come from rounded
counts. Figures by group are worked out again from rounded counts (:mod:`early_id.report.publish`); the few figures of
whole models, whose intervals were resampled, keep their intervals, widened to the next 5 points, since an exact
interval gives back the exact count it was made from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from early_id.present import disclosure
from early_id.present.page import cell_text
from early_id.present.wording import percent
from early_id.report.context import Counted

Cell = str | int | float | None

#: Width of the steps to which published intervals of whole models are widened.
STEP = 0.05

HIDDEN_NOTE = "not shown: small numbers"


@dataclass(frozen=True)
class Figure:
    """A value with its interval, ready to be drawn and written. None: it cannot be estimated, or may not be shown."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    hidden: bool = False

    def text(self, *, signed: bool = False) -> str:
        """ "34% (28% to 41%)"; ``c`` where hidden."""
        if self.hidden:
            return disclosure.HIDDEN
        if self.value is None:
            return "cannot be estimated"
        shown = [percent(x, signed=signed, fine=True) for x in (self.value, self.low, self.high) if x is not None]
        return f"{shown[0]} ({shown[1]} to {shown[2]})" if len(shown) == 3 else shown[0]

    def ratio_text(self) -> str:
        """ "1.12 (0.90 to 1.40)"."""
        if self.hidden or self.value is None:
            return self.text()
        between = "" if self.low is None or self.high is None else f" ({self.low:.2f} to {self.high:.2f})"
        return f"{self.value:.2f}{between}"

    def row(self, label: str, **more: Any) -> dict[str, Any]:
        """As a row of a chart."""
        note = HIDDEN_NOTE if self.hidden else "cannot be estimated"
        return {"label": label, "value": self.value, "low": self.low, "high": self.high, "note": note, **more}


@dataclass(frozen=True)
class Showing:
    """How figures are shown in one of the two renderings."""

    publishable: bool

    @property
    def note(self) -> str:
        """The line under tables with counts."""
        return disclosure.NOTE if self.publishable else ""

    def count(self, n: float | None) -> Cell:
        """A count."""
        if n is None or math.isnan(n):
            return None
        return disclosure.round_count(round(n)) if self.publishable else round(n)

    def told(self, sentence: str | Counted) -> str:
        """A sentence with its counts as they may be shown."""
        if isinstance(sentence, str):
            return sentence
        return sentence.text.format(*(cell_text(self.count(n)) for n in sentence.counts))

    def counts(self, values: Sequence[float]) -> list[Cell]:
        """Counts that add up to something known elsewhere: never exactly one of them is hidden."""
        whole = [round(value) for value in values]
        return list(disclosure.publish_list(whole)) if self.publishable else list(whole)

    def is_small(self, n: float | None, value: float | None, *, successes: float | None = None) -> bool:
        """Whether a small count stands behind the share ``value`` of ``n``, on either side of it."""
        if not self.publishable or n is None or math.isnan(n):
            return False
        part = successes if successes is not None else (value or 0.0) * n
        return any(disclosure.is_small(round(x)) for x in (n, part, n - part) if not math.isnan(x))

    def share(self, n: float | None, value: Any, low: Any, high: Any, *, successes: float | None = None, hidden: bool = False) -> Figure:
        """A share of ``n`` with its interval."""
        point, bottom, top = number(value), number(low), number(high)
        if point is None:
            return Figure()
        if not self.publishable:
            return Figure(point, bottom, top)
        if hidden or n is None or self.is_small(n, point, successes=successes):
            return Figure(hidden=True)
        part = successes if successes is not None else point * n
        rate = disclosure.round_rate(round(part), round(n))
        return Figure(rate, widened(bottom, -1), widened(top, 1)) if rate is not None else Figure(hidden=True)


def number(value: Any) -> float | None:
    """A finite number, or None."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def widened(value: float | None, way: int, step: float = STEP) -> float | None:
    """``value`` moved outwards to the next ``step``: down for -1, up for 1."""
    if value is None:
        return None
    # The tiny part keeps 0.35, stored as 0.35000000000000003, from moving a whole step.
    moved = math.floor(value / step + 1e-9) if way < 0 else math.ceil(value / step - 1e-9)
    return round(moved * step, 10)


def estimate(showing: Showing, figures: Mapping[str, Any], measure: str) -> Figure:
    """One of a model's figures, from a trial's JSON."""
    found = figures.get(measure) or {}
    return showing.share(found.get("n"), found.get("value"), found.get("low"), found.get("high"))
