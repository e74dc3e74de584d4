"""What is counted in each group, as a table: one entry a measure, no branches elsewhere.

Every share is a weight on rows divided by another weight on rows, so that the same code counts, clusters and compares
them all. Rows whose outcome is not known yet carry no weight in measures that need it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from early_id.stats.arrays import Floats, Ints


@dataclass(frozen=True)
class Scored:
    """Rows of one list, made or bought, ready to be counted.

    Attributes
    ----------
    listed : array
        1 where the child's family is listed, 0 where not, in between where a tie at the last place is shared out.
    y : array
        1, 0, or NaN where the outcome is not known yet.
    probability : array or None
        Calibrated probability of the outcome, where there is one.
    clusters : array of int
        Family code of each row.
    n_clusters : int
    score : array or None
        What the list ranks by, where it is known.
    units : array of int or None
        List (school or hub) that each row could be on; None where there is one list over everybody.
    """

    listed: Floats
    y: Floats
    probability: Floats | None
    clusters: Ints
    n_clusters: int
    score: Floats | None = None
    units: Ints | None = None

    @cached_property
    def family_listed(self) -> Floats:
        """Listed share of each family: the largest of its children's."""
        best = np.zeros(self.n_clusters)
        np.maximum.at(best, self.clusters, self.listed)
        return best

    @cached_property
    def family_outcome(self) -> Floats:
        """1 where a child of the family has the outcome, 0 where none of those known has it, NaN where none is known."""
        best = np.full(self.n_clusters, -1.0)
        np.maximum.at(best, self.clusters, np.where(np.isnan(self.y), -1.0, self.y))
        return np.where(best < 0, np.nan, best)


Weight: TypeAlias = Callable[[Scored], Floats]


@dataclass(frozen=True)
class Measure:
    """One column of the audit.

    Attributes
    ----------
    name : str
        As in settings and JSON.
    label : str
        As on pages.
    counted, among : function
        Weights of numerator and denominator: of rows, or of families where ``kind`` is ``per``.
    kind : str
        ``count``; ``share``; ``ratio`` (counted against expected); ``per`` (families among, for each family counted).
    empty : str
        Why the figure is missing where nobody is in the denominator.
    harm : str
        What a gap means for a family, in words.
    """

    name: str
    label: str
    counted: Weight
    among: Weight
    kind: str = "share"
    empty: str = "no child in this group"
    harm: str = ""


def _all(s: Scored) -> Floats:
    return np.ones(len(s.y))


def _known(s: Scored) -> Floats:
    return np.where(np.isnan(s.y), 0.0, 1.0)


def _with(s: Scored) -> Floats:
    return np.where(s.y == 1, 1.0, 0.0)


def _without(s: Scored) -> Floats:
    return np.where(s.y == 0, 1.0, 0.0)


def _expected(s: Scored) -> Floats:
    none: Floats = np.full(len(s.y), np.nan)
    return np.where(np.isnan(s.y), 0.0, s.probability if s.probability is not None else none)


def _family_known(s: Scored) -> Floats:
    return np.where(np.isnan(s.family_outcome), 0.0, s.family_listed)


#: In the order of the report. ``observed_expected`` is counted among rows with a known outcome and divided by `_expected`.
MEASURES: dict[str, Measure] = {
    m.name: m
    for m in (
        Measure("children", "Children", _all, _all, kind="count"),
        Measure("children_with_outcome", "Children with the outcome", _with, _known, kind="count"),
        Measure("outcome_rate", "Share with the outcome", _with, _known, empty="no child in this group has a known outcome"),
        Measure(
            "selection_share",
            "Share listed",
            lambda s: s.listed,
            _all,
            harm="Being listed more often than need explains means being watched more.",
        ),
        Measure(
            "missed_share",
            "Share missed of those with the outcome",
            lambda s: _with(s) * (1.0 - s.listed),
            _with,
            empty="no child in this group has the outcome",
            harm="A family whose need was later recognised was not offered a conversation earlier.",
        ),
        Measure(
            "precision",
            "Share with the outcome of those listed",
            lambda s: _with(s) * s.listed,
            lambda s: _known(s) * s.listed,
            empty="no child in this group with a known outcome is listed",
            harm="Fewer of the conversations offered to this group turn out to be wanted or needed.",
        ),
        Measure(
            "conversations",
            "Conversations for each family helped",
            lambda s: np.where(s.family_outcome == 1, s.family_listed, 0.0),
            _family_known,
            kind="per",
            empty="no listed family with a child in this group is known to have had the outcome",
            harm="The more conversations it takes, the more families are spoken to who did not need it.",
        ),
        Measure(
            "false_flag_rate",
            "Share listed without need of those without the outcome",
            lambda s: _without(s) * s.listed,
            _without,
            empty="every child in this group with a known outcome has it",
            harm="A family was thought about, and perhaps approached, without need.",
        ),
        Measure(
            "observed_expected",
            "Observed against expected",
            _with,
            _known,
            kind="ratio",
            empty="no child in this group has a known outcome and an expected one",
            harm="Above 1 the score understates this group's need; below 1 it overstates it.",
        ),
    )
}

#: Expected number behind ``observed_expected``.
EXPECTED: Weight = _expected

#: Measures on which a verdict can be given.
SHARES = tuple(name for name, measure in MEASURES.items() if measure.kind == "share")
