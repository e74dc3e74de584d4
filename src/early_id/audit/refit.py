"""The model put forward, fitted again with something changed: fewer features, another outcome, training rows drawn anew.

Penalty or rounds stay as chosen for the list, families stay apart, and every family at the test date is scored by a model fitted on other
families at earlier dates, as in the trial. So what differs between two refits is the change, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from early_id.config.settings import TrainingSettings
from early_id.core.errors import SettingsError
from early_id.models.evaluate import TestRows
from early_id.models.fitting import LEARNED, Learned
from early_id.models.prepare import Prepared, prepare, rows_of_test
from early_id.models.risk_model import RiskModel
from early_id.stats.arrays import Floats, Ints

#: Outcomes in the smallest training fold from which a refit says anything.
FEWEST = 30


@dataclass(frozen=True)
class Refitter:
    """Everything a refit needs, prepared once."""

    prepared: Prepared
    rows: TestRows
    kind: Learned
    chosen: object
    capacity: int

    @property
    def keys(self) -> pd.Index:
        """Row keys of the test date, in the order of all scores."""
        return self.prepared.matrix.index.index[self.prepared.splits.test]

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features that the model may see."""
        return tuple(str(name) for name in self.prepared.matrix.X.columns)

    def scores(
        self, features: Sequence[str], *, y: Floats | None = None, draw: Callable[[Ints], Floats] | None = None, seed: int = 0
    ) -> pd.DataFrame | None:
        """One term a feature and ``baseline`` for each test row, which add up to the score; None where a fold has too few outcomes.

        Parameters
        ----------
        features : sequence of str
        y : array, optional
            Another outcome of all rows of the matrix.
        draw : function, optional
            Training rows of a fold (positions in the matrix) to their weights: the rows are drawn anew, with replacement, in proportion. It is asked fold by
            fold, so that no weight knows of a row that is tested.
        """
        matrix, splits = self.prepared.matrix, self.prepared.splits
        wanted = [feature for feature in matrix.meta.features if feature.name in set(features)]
        X = matrix.X[[feature.name for feature in wanted]]
        target = self.prepared.y.to_numpy() if y is None else y
        rng = np.random.default_rng(seed)
        parts = []
        with threadpool_limits(1):
            for part in splits.fits:
                if not part.test.any():
                    continue
                rows = np.flatnonzero(part.fit & ~np.isnan(target))
                if draw is not None:
                    weight = draw(rows)
                    rows = np.sort(rng.choice(rows, len(rows), p=weight / weight.sum()))
                if min(target[rows].sum(), (target[rows] == 0).sum()) < FEWEST:
                    return None
                groups = {"groups": splits.family[rows]} if self.kind.by_family else {}
                model = self.kind.make(wanted, self.chosen).fit(X.iloc[rows], target[rows], **groups)
                terms = model.contributions(X[part.test])
                parts.append(terms.set_axis(np.flatnonzero(part.test), axis=0))
        return pd.concat(parts).sort_index().set_axis(self.keys, axis=0)

    def reweighted(self, column: str) -> Callable[[Ints], Floats]:
        """Weights that unlink group and outcome among the training rows asked about; see `reweighing`."""
        codes, _ = pd.factorize(self.prepared.matrix.groups[column].astype(str), sort=True)
        y = self.prepared.y.to_numpy()
        return lambda rows: reweighing(codes[rows].astype(np.int64), y[rows])


def reweighing(codes: Ints, y: Floats) -> Floats:
    """Weight of each row that makes group and outcome independent among the weighted rows: P(g)·P(y) / P(g, y) (Kamiran and Calders 2012)."""
    known = ~np.isnan(y)
    weight = np.ones(len(y))
    for g in np.unique(codes[known]):
        for value in (0.0, 1.0):
            cell = known & (codes == g) & (y == value)
            if cell.any():
                weight[cell] = (codes[known] == g).mean() * (y[known] == value).mean() / (cell.sum() / known.sum())
    return weight


def refitter(model: RiskModel, matrix: object, training: TrainingSettings, sharing: object = None) -> Refitter:
    """Prepare refits of ``model`` on the matrix it was trained on.

    Raises
    ------
    SettingsError
        If the model is none that learns.
    """
    name = model.name.removesuffix(f"_{model.audience}")
    if name not in LEARNED:
        raise SettingsError(
            f"'{name}' is not fitted to outcomes, so there is nothing to fit again.",
            where="audit.study",
            what_next="Put a learned model forward, or leave the study out.",
        )
    prepared = prepare(matrix, training, model.audience, sharing, None, regimes=False)  # type: ignore[arg-type]
    rows = rows_of_test(
        prepared, None if training.capacity_share is None and model.audience in prepared.matrix.meta.places else model.capacity, training
    )
    kind = LEARNED[name]
    return Refitter(prepared, rows, kind, model.extra[kind.chosen], rows.capacity)
