"""Cut points, and one table per feature from a boosted model without interactions.

Features are cut into intervals here, before boosting, and the trees see interval numbers only. So every interval can be asked
about through the public ``decision_function``: no private attribute of scikit-learn is read, and a change inside it shows up
as a difference on the training rows, where :func:`check_tables` looks for it.

Cuts lie half-way between values that occurred, so that the last bit of a share that another engine computed cannot move a child
to the next interval. They are closer together in the tails than quantiles would put them: a list is made from the top few per
cent, and one wide interval there would tie most of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from early_id.core.errors import NotAdditiveError

Floats = NDArray[np.float64]

#: Tables and model may differ by this much on the training rows, in log-odds.
TOLERANCE = 1e-9

#: Extra quantiles at each end, on top of evenly spaced ones.
TAIL: tuple[float, ...] = (0.001, 0.0025, 0.005, 0.01)


@dataclass(frozen=True)
class FeatureTable:
    """A step function of one feature.

    ``cuts`` are sorted upper ends: interval ``i`` holds ``cuts[i-1] < x <= cuts[i]``, the last one everything above.
    ``values`` has one entry more than ``cuts``, and then one for "unknown".
    """

    cuts: Floats
    values: Floats

    def at(self, x: Floats) -> Floats:
        """The step each value falls on; NaN takes the value for "unknown"."""
        return look_up(self.cuts, self.values, x)


def look_up(cuts: Floats, values: Floats, x: Floats) -> Floats:
    """Value of the interval that each ``x`` falls in, the last value where ``x`` is NaN."""
    position = np.searchsorted(cuts, x, side="left")
    position[np.isnan(x)] = len(cuts) + 1
    answer: Floats = values[position]
    return answer


def find_cuts(x: Floats, most: int) -> Floats:
    """At most ``most`` cut points for one feature, each half-way between two values that occurred.

    Every gap is a cut where there are few values; otherwise the quantiles of the known values, evenly spaced and closer at
    both ends.
    """
    known = np.sort(x[~np.isnan(x)])
    values = known[np.concatenate([[True], known[1:] > known[:-1]])] if len(known) else known
    if len(values) < 2:
        return np.zeros(0)
    lower = values[:-1]
    if len(lower) > most:
        even = np.linspace(0, 1, most - 2 * len(TAIL) + 2)[1:-1]
        wanted = np.concatenate([TAIL, even, 1 - np.array(TAIL)])
        at = np.quantile(known, wanted, method="inverted_cdf")
        lower = np.unique(at[at < values[-1]])
    upper = values[np.searchsorted(values, lower, side="right")]
    # Half of each, so that two huge values do not overflow; where no number lies between, the cut is the lower value itself.
    middle = lower / 2 + upper / 2
    return np.where(middle < upper, middle, lower)


def interval_numbers(X: Floats, cuts: list[Floats]) -> Floats:
    """Number of the interval of each value, NaN where it is unknown."""
    # Column by column in memory: every step of boosting looks at one feature of all rows.
    numbers = np.empty(X.shape, order="F")
    for j, c in enumerate(cuts):
        numbers[:, j] = np.searchsorted(c, X[:, j], side="left")
        numbers[np.isnan(X[:, j]), j] = np.nan
    return numbers


def compile_tables(model: Any, Z: Floats, cuts: list[Floats]) -> tuple[float, list[FeatureTable]]:
    """Mean score of the training rows and one centred table per feature.

    Parameters
    ----------
    model
        Fitted on interval numbers; has ``decision_function``.
    Z : array
        Interval numbers of the training rows.
    cuts : list of arrays
        Cut points of each feature.

    Notes
    -----
    Each table is read off the answers to rows that differ from an all-unknown row in one feature. It is then centred on the
    training rows, and the means go into the baseline. A feature that was never unknown in training is neutral where it is
    unknown later: the trees would send it wherever most rows went.
    """
    probes = [np.concatenate([np.arange(len(c) + 1.0), [np.nan]]) for c in cuts]
    rows = np.full((1 + sum(len(p) for p in probes), Z.shape[1]), np.nan)
    start = 1
    for j, points in enumerate(probes):
        rows[start : start + len(points), j] = points
        start += len(points)
    answers = model.decision_function(rows)
    baseline = float(answers[0])
    tables, start = [], 1
    for j, points in enumerate(probes):
        values = answers[start : start + len(points)] - answers[0]
        start += len(points)
        unknown = np.isnan(Z[:, j])
        mean = float(values[np.where(unknown, len(cuts[j]) + 1, Z[:, j]).astype(np.int64)].mean())
        baseline += mean
        values = values - mean
        if not unknown.any():
            values[-1] = 0.0
        # Neighbouring intervals with the same value are one interval to a reader.
        steps = np.flatnonzero(np.diff(values[:-1]) != 0)
        tables.append(FeatureTable(cuts[j][steps], values[np.concatenate([steps, [len(cuts[j]), len(cuts[j]) + 1]])]))
    return baseline, tables


def check_tables(model: Any, Z: Floats, scores: Floats) -> float:
    """Refuse tables that do not give the model's scores on the training rows; return the largest difference.

    It also refuses a model with interactions, which no set of tables can reproduce.
    """
    difference = float(np.max(np.abs(model.decision_function(Z) - scores)))
    if not difference <= TOLERANCE:
        raise NotAdditiveError(
            f"The per-feature tables differ from the additive model by {difference:.1e} on the training rows.",
            where="models/additive_tables.py",
            what_next="Nothing was saved. Check the scikit-learn version against requirements.lock and report this.",
        )
    return difference
