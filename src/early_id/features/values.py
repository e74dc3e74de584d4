"""From the engine's integers to the values of a feature, with unknown where the answer is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from early_id.core.types import Missing
from early_id.features.compile import SCALE, day_number
from early_id.features.declare import Feature, Measure, Window
from early_id.features.scope import Scope

#: Name of an integer (``f3_hits``) → its value for each child, NaN where the engine has no row.
Answer: TypeAlias = Mapping[str, np.ndarray]
#: Sums and sizes of which a part may not be known: an empty amount is not nothing.
_OF_A_COLUMN = ("total", "largest", "different")


@dataclass(frozen=True)
class Part:
    """One measure over one window, under a prefix of the answer's columns."""

    prefix: str
    measure: Measure
    window: Window


def parts_of(feature: Feature, prefix: str) -> list[Part]:
    """The measure over the feature's window; for ``change`` over the earlier one too."""
    measure = feature.measure
    if measure.kind == "change" and measure.inner is not None and measure.earlier is not None:
        return [Part(f"{prefix}a", measure.inner, feature.window), Part(f"{prefix}b", measure.inner, measure.earlier)]
    if measure.kind == "against_peers" and measure.inner is not None:
        return [Part(prefix, measure.inner, feature.window)]
    return [Part(prefix, measure, feature.window)]


def value_of(scope: Scope, feature: Feature, part: Part, answer: Answer) -> np.ndarray:
    """One part of a feature for each child, NaN where unknown."""
    measure = part.measure

    def column(name: str) -> np.ndarray:
        return answer[f"{part.prefix}_{name}"]

    if measure.kind in ("share", "longest_run"):
        n, m = np.nan_to_num(column("n")), np.nan_to_num(column("m"))
        value = n / np.where(m > 0, m, 1) if measure.kind == "share" else n
        return np.where(m >= max(measure.at_least, 1), value, np.nan)
    if measure.kind in ("days_since_last", "days_since_first"):
        return day_number(scope.past.as_of) - column(measure.kind.rsplit("_", 1)[1])
    if measure.kind in ("days_in_current", "days_in_stay"):
        return day_number(scope.past.as_of) - column("newest" if measure.kind == "days_in_current" else "first")
    if measure.kind == "mean_gap":
        gaps = np.nan_to_num(column("hits")) - 1
        return np.where(gaps > 0, (column("last") - column("first")) / np.where(gaps > 0, gaps, 1), np.nan)
    if measure.kind == "latest":
        return column("latest") / SCALE
    scale = SCALE if measure.kind in ("total", "largest") else 1
    n, hits = np.nan_to_num(column("n")) / scale, np.nan_to_num(column("hits"))
    n = (n > 0).astype("float64") if measure.kind in ("any_", "current") else n
    known = _is_known(scope, feature, part, answer)
    if measure.kind in _OF_A_COLUMN:
        known &= np.nan_to_num(column("told")) >= hits
    return np.where(known, n, np.nan)


def _is_known(scope: Scope, feature: Feature, part: Part, answer: Answer) -> np.ndarray:
    """Whether what was counted is all there was."""
    hits, rows = (np.nan_to_num(answer[f"{part.prefix}_{name}"]) for name in ("hits", "rows"))
    if scope.table.covered_by == "rows":
        known = rows > 0
    else:
        covered = scope.coverage.of(part.measure, *scope.window(part.window))
        if scope.table.covered_by == "source_or_rows":
            covered = covered | (rows > 0)
        if feature.missing is Missing.UNKNOWN:
            # Of a child who was never looked at, a source that covers says nothing.
            covered = covered & (np.nan_to_num(answer[f"{part.prefix}_ever"]) > 0)
        # What was counted is there, whoever covers; that there was none takes a source that covers.
        known = (hits > 0) | covered
    return known & (rows >= part.measure.at_least) if part.measure.at_least > 1 else known
