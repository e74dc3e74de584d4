"""What only analysts and governance see on a sheet: the band in words, how near the edge of the list the child stands, and reasons that swap."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.core.errors import SettingsError
from early_id.models.bands import NAMES, band_of

if TYPE_CHECKING:
    from early_id.explain.explanations import Explanations
    from early_id.explain.swaps import Swaps
    from early_id.models.result import Trial

#: A score no further than this (log-odds; odds by 10 in 100) above the best one that found no place is near the edge.
NEAR_THE_EDGE = 0.1
#: What was observed in a band, as the outlines of pages have it; an outcome is no need.
OUTCOME = "were later offered early help or referred and accepted"
_UNITS = {"school_lead": ("school_id", "school"), "hub_lead": ("hub_id", "hub")}


@dataclass(frozen=True)
class AnalystMarks:
    """Lines for the box, and the themes that are marked as swapping. Empty lines are not shown."""

    band: str = ""
    edge: str = ""
    swaps: str = ""
    swapping: frozenset[str] = frozenset()

    @property
    def lines(self) -> tuple[str, ...]:
        """What stands in the box."""
        return tuple(line for line in (self.band, self.edge, self.swaps) if line)


def analyst_marks(
    explained: Explanations, key: str, trial: Trial, *, listed: Collection[str] = (), swaps: Swaps | None = None, outcome: str = OUTCOME
) -> AnalystMarks:
    """Marks of one child, for :meth:`Explanations.page`; never for front-line staff.

    Parameters
    ----------
    explained : Explanations
        By ``trial.best``, of one date.
    key : str
        The child's row.
    trial : Trial
        Whose bands were cut before its test date, and what was observed in them at it.
    listed : collection of str, optional
        Row keys of the children listed; with them the distance to the first child who found no place is told.
    swaps : Swaps, optional
        As :func:`early_id.explain.swaps.mark_swaps` gives them.
    outcome : str
        What the children of a band did or were, in words that follow "about 34".

    Raises
    ------
    SettingsError
        The row is not among those explained.
    """
    if key not in explained.index.index:
        raise SettingsError(
            "The row asked for is not among the explained ones.", what_next="Row keys look like child@YYYY-MM-DD; see matrix.X.index."
        )
    inputs = explained.contributions.inputs
    swapping, told = frozenset[str](), ""
    if swaps is not None:
        mine = swaps.reasons[(swaps.reasons["row"] == key) & swaps.reasons["swaps"]]
        swapping = frozenset(map(str, mine["theme"]))
        tail = "those marked below would be others had half of the families not taught the model" if swapping else "none is marked"
        told = f"Reasons were held against {swaps.refits} refits: {tail}."
    return AnalystMarks(_band(trial, inputs.loc[[key]], outcome), _edge(explained, key, frozenset(listed)), told, swapping)


def _band(trial: Trial, X: pd.DataFrame, outcome: str) -> str:
    """``Of 100 children in the highest band about 34 (28 to 41) were later …; that is not the same as needing it.``"""
    edges, bands = np.asarray(trial.further.band_edges, dtype=np.float64), trial.further.bands
    if not len(edges) or bands.empty:
        return "There were too few outcomes before the test date for bands."
    name = NAMES[len(edges) + 1][int(band_of(edges, trial.best.probabilities(X).to_numpy())[0])]
    row = bands.set_index("band").loc[name]
    if pd.isna(row["observed"]):
        return f"In the {name} band; what was observed in it cannot be estimated."
    seen, low, high = (f"{100 * row[end]:.0f}" for end in ("observed", "observed_low", "observed_high"))
    return f"Of 100 children in the {name} band about {seen} ({low} to {high}) {outcome}; that is not the same as needing it."


def _edge(explained: Explanations, key: str, listed: frozenset[str]) -> str:
    """How far above the best score without a place, among children of the same school or hub whose family is not listed."""
    if key not in listed:
        return ""
    column, unit = _UNITS[str(explained.audience)]
    index, scores = explained.index, explained.contributions.scores
    families = set(index.loc[index.index.isin(listed), "family_id"])
    others = scores[(index[column] == index.at[key, column]) & ~index["family_id"].isin(families)]
    if others.empty:
        return f"No child of the same {unit} is left without a place."
    best = scores[index.index.isin(listed) & (index["family_id"] == index.at[key, "family_id"])].max()
    if best - others.max() > NEAR_THE_EDGE:
        return "Not near the edge of the list."
    return f"Near the edge of the list: the best score without a place in the same {unit} is hardly lower, so chance had its part in who was listed."
