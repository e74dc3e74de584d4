"""Breaks: days from which records or outcomes mean something else. Training across an undeclared one is refused, across a declared one said.

Two ways to find a break that nobody declared. *In the outcome*: each part of it is compared before and after each as-of date, within the
same term of the year, so that seasons do not count, and within periods between declared breaks. It is a break if it is both beyond chance
(Holm over all dates and parts, ``training.break_alpha``) and larger than :data:`MATTERS`. *In the records*: code lists of the catalogue's
tables in which several codes began or ended on one day (``schema.codes``).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from early_id.config.regimes import Regime
from early_id.core.errors import InputDataError
from early_id.core.types import Json
from early_id.features.declare import Feature
from early_id.models.segments import term_of
from early_id.schema.codes import code_list
from early_id.stats.breaks import stratified_change
from early_id.stats.multiple import holm, two_sided_p

#: A rate that moved by less than this factor is no break, however many children show it.
MATTERS = 1.15

#: Codes of one list that begin or end on the same day from which it is a break.
FEWEST_CODES = 3

#: Days before an as-of date whose records its features read.
LOOKS_BACK = 365

#: Table of the catalogue → its code list.
CODE_LISTS = {"attendance": "attendance"}


@dataclass(frozen=True)
class Break:
    """A part of the outcome that changed between two as-of dates, and by how much."""

    part: str
    after: str
    until: str
    ratio: float
    before_rate: float
    after_rate: float
    p: float

    @property
    def sentence(self) -> str:
        """The finding, in rates over all rows."""
        words = self.part.replace("_", " ")
        return (
            f"'{words}' changed between {self.after} and {self.until}: from {100 * self.before_rate:.1f} to {100 * self.after_rate:.1f} in 100 "
            f"children, {self.ratio:.2f} times as often in the same terms (corrected p {self.p:.4f})"
        )


def in_force(regimes: Iterable[Regime], council: str, first: date, last: date) -> tuple[tuple[Regime, date], ...]:
    """Edges of the regimes declared for this council that lie strictly after ``first`` and up to ``last``, in order."""
    edges = [(regime, day) for regime in regimes if regime.holds_for(council) for day in regime.edges if first < day <= last]
    return tuple(sorted(edges, key=lambda pair: pair[1]))


def outcome_breaks(
    index: pd.DataFrame, outcomes: pd.DataFrame, parts: Sequence[str], families: np.ndarray, declared: Sequence[date], *, alpha: float
) -> tuple[Break, ...]:
    """Breaks in parts of the outcome that chance does not explain, strongest first.

    Parameters
    ----------
    index : DataFrame
        as_of and outcome_until of rows whose outcome is known.
    declared : sequence of date
        Days from which the outcome is declared to mean something else. A row belongs to the period that holds its whole horizon; a date
        whose horizon goes across such a day has outcomes of both meanings, so it is compared with no other.
    alpha : float
        Chance of finding any break where none is, over all dates and parts.
    """
    dates = np.unique(index["as_of"].to_numpy(dtype="datetime64[ns]"))
    edges = np.array(sorted(map(np.datetime64, declared)), dtype="datetime64[ns]")
    start = index["as_of"].to_numpy(dtype="datetime64[ns]")
    period = np.searchsorted(edges, start, side="right")
    across = np.searchsorted(edges, index["outcome_until"].to_numpy(dtype="datetime64[ns]"), side="left") > period
    strata = [f"{term} {day if mixed else number}" for term, number, mixed, day in zip(term_of(index["as_of"]), period, across, start, strict=True)]
    tests = []
    for part in parts:
        y = outcomes[part].to_numpy(dtype=np.float64)
        for before, after in itertools.pairwise(dates):
            late = start >= after
            tests.append((part, before, after, stratified_change(y, late, strata, families)))
    adjusted = holm(two_sided_p([change.z for *_, change in tests])) if tests else np.zeros(0)
    found = [
        Break(part, _day(before), _day(after), change.ratio, change.before, change.after, float(p))
        for (part, before, after, change), p in zip(tests, adjusted, strict=True)
        if p < alpha and not 1 / MATTERS < change.ratio < MATTERS
    ]
    return tuple(sorted(found, key=lambda item: item.p))


def code_breaks(features: Iterable[Feature], dates: Sequence[date]) -> dict[date, str]:
    """Days on which code lists of the features' tables changed, between the oldest record read and the last as-of date."""
    used = {CODE_LISTS[feature.source] for feature in features if feature.source in CODE_LISTS}
    first, last = min(dates) - timedelta(days=LOOKS_BACK), max(dates)
    found: dict[date, str] = {}
    for name in sorted(used):
        codes = code_list(name)
        days = Counter(day for code in codes.codes for day in (code.valid_from, code.valid_to and code.valid_to + timedelta(days=1)) if day)
        found |= {
            day: f"{codes.label.lower()}: {count} codes began or ended"
            for day, count in days.items()
            if count >= FEWEST_CODES and first < day <= last
        }
    return found


def check_regimes(
    index: pd.DataFrame,
    outcomes: pd.DataFrame,
    parts: Sequence[str],
    families: np.ndarray,
    features: Iterable[Feature],
    regimes: Iterable[Regime],
    *,
    council: str,
    alpha: float,
) -> tuple[Json, tuple[str, ...]]:
    """What was declared and looked for, and a note for each declared break that training goes across.

    Raises
    ------
    InputDataError
        Training would go across a break that nobody declared.
    """
    days = sorted({day.date() for day in pd.to_datetime(index["as_of"])})
    first, last = days[0] - timedelta(days=LOOKS_BACK), pd.Timestamp(index["outcome_until"].max()).date()
    crossed = in_force(regimes, council, first, last)
    for day, words in sorted(code_breaks(features, days).items()):
        if not any(edge == day and regime.affects != "outcome" for regime, edge in crossed):
            _refuse(f"Codes of the records changed on {day.isoformat()} ({words}), and no break is declared for that day.", day)
    moved = [edge for regime, edge in crossed if regime.affects != "records"]
    breaks = outcome_breaks(index, outcomes, parts, families, moved, alpha=alpha)
    if breaks:
        _refuse(
            f"The outcome does not mean the same throughout: {breaks[0].sentence}. No break is declared there.", date.fromisoformat(breaks[0].until)
        )
    notes = tuple(f"Training goes across a declared break, {regime.name} ({edge.isoformat()}): {regime.changes}." for regime, edge in crossed)
    looked = {"parts": list(parts), "dates": len(days), "chance_of_a_false_alarm": alpha, "smallest_factor": MATTERS}
    declared = [{"name": regime.name, "on": edge.isoformat(), "affects": regime.affects, "changes": regime.changes} for regime, edge in crossed]
    return {"declared": declared, "looked_for": looked}, notes


def _refuse(what: str, day: date) -> None:
    raise InputDataError(
        what,
        where=f"as-of dates round {day.isoformat()}",
        what_next="Find out what changed and declare it under training.regimes (name, since, changes), or leave out the dates on one side.",
    )


def _day(value: np.datetime64) -> str:
    return str(pd.Timestamp(value).date())
