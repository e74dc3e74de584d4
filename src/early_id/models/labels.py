"""Other labels: would the list be another one if something else were predicted, and what is known of children nobody looked at?

A label is what services recorded, not need itself: it exists only where somebody looked. Models of labels made by the same services can
agree and be wrong together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from early_id.core.types import Json
from early_id.models.adding import Floats
from early_id.models.evaluate import TestRows
from early_id.models.fitting import LEARNED, Ranked
from early_id.models.listed import estimates, shares
from early_id.models.prepare import Prepared
from early_id.models.splits import Mask
from early_id.stats.arrays import ratio
from early_id.stats.capacity import at_capacity
from early_id.stats.resample import BatchStatistic, clustered_interval

#: Outcomes in the smallest training fold from which a label's model says anything.
FEWEST = 30

WARNING = (
    "A need is on record only where somebody looked. Children whom nobody looked at have few outcomes whatever their need, so no figure here "
    "tells how many of them a list would miss, and a model learns in part who is looked at."
)


@dataclass(frozen=True)
class Labels:
    """How far the models of other labels agree with the model put forward.

    ``table``: label, held, outcomes, agreement (Spearman, with interval), listed, of_listed_change. ``looked_at``: children by whether
    services knew them in the year before, with what was observed. ``made``: whether models of other labels were asked for.
    """

    table: pd.DataFrame
    looked_at: pd.DataFrame
    warning: str = field(default=WARNING)
    made: bool = True

    def frame(self) -> pd.DataFrame:
        """One row a label."""
        return self.table

    def to_json(self) -> Json:
        """Both tables and the warning; not how long it took, since the same trial gives the same bytes."""
        return {"table": self.table, "looked_at": self.looked_at, "warning": self.warning, "made": self.made}

    def plot(self) -> str:
        """SVG: rank agreement of each label's model with the model put forward."""
        from early_id.present.charts import forest

        rows = [
            {"label": str(r["label"]).replace("_", " "), "value": r["agreement"], "low": r["low"], "high": r["high"], "note": r["note"]}
            for r in self.table.to_dict("records")
        ]
        return str(forest(rows, title="Rank agreement with the model put forward", desc="1 is the same order, 0 none.", unit="number"))


def compare_labels(prepared: Prepared, rows: TestRows, forward: Ranked) -> Labels:
    """Fit the kind of model that is put forward to every label that is held, fold by fold, and compare the lists.

    Penalty or rounds stay as chosen for the main outcome. A label is fitted on rows whose label is known.
    """
    outcomes, meta = prepared.matrix.y, prepared.matrix.meta
    names = tuple(dict.fromkeys((meta.outcome, *meta.components, *meta.labels)))
    main = forward.score[prepared.splits.test]
    listed = at_capacity(main, rows.family, rows.y, rows.spots, rows.units).listed
    found = []
    for name in names:
        if name == prepared.outcome:
            continue
        row: dict[str, object] = {"label": name, "held": False, "outcomes": 0, "agreement": np.nan, "low": np.nan, "high": np.nan}
        row |= {"listed": float(_families(listed, rows).sum()), "of_listed_change": np.nan, "note": "not held"}
        if name in outcomes and outcomes[name].notna().any():
            y = outcomes[name].to_numpy(dtype=np.float64)
            score = _scores(prepared, y, forward)
            row |= {"held": True, "outcomes": int(np.nansum(y[prepared.splits.test])), "note": "too few outcomes to fit a model"}
            if score is not None:
                bounds = clustered_interval(_rank_agreement(main, score), rows.cluster, resamples=200)
                other = at_capacity(score, rows.family, rows.y, rows.spots, rows.units).listed
                gone = float(np.clip(_families(listed, rows) - _families(other, rows), 0, None).sum())
                row |= {"agreement": bounds.value, "low": bounds.low, "high": bounds.high, "of_listed_change": gone, "note": ""}
        found.append(row)
    return Labels(pd.DataFrame(found), looked_at(rows, main, forward.probability[prepared.splits.test]))


def without_models(rows: TestRows, forward: Ranked, test: Mask) -> Labels:
    """The warning and what was observed for children nobody looked at, which need no fit; the models of other labels are left out."""
    found = looked_at(rows, forward.score[test], forward.probability[test])
    return Labels(pd.DataFrame(), found, made=False)


def _scores(prepared: Prepared, y: Floats, forward: Ranked) -> Floats | None:
    """Scores of the test rows by fold models of another label; None where a fold has too few outcomes."""
    splits, kind = prepared.splits, LEARNED[forward.name]
    X, known = prepared.matrix.X, ~np.isnan(y)
    score = np.full(len(y), np.nan)
    for part in splits.fits:
        if not part.test.any():
            continue
        rows = part.fit & known
        if min(np.nansum(y[rows]), (y[rows] == 0).sum()) < FEWEST:
            return None
        groups = {"groups": splits.family[rows]} if kind.by_family else {}
        model = kind.make(prepared.matrix.meta.features, forward.extra[kind.chosen]).fit(X[rows], y[rows], **groups)
        score[part.test] = model.score_log_odds(X[part.test])
    return score[splits.test]


def _families(listed: Floats, rows: TestRows) -> Floats:
    best = np.zeros(int(rows.family.max()) + 1)
    np.maximum.at(best, rows.family, listed)
    return best


def _rank_agreement(one: Floats, other: Floats) -> BatchStatistic:
    """Spearman's correlation as a function of row weights; ranks are those of all rows, which a resample hardly moves."""
    a, b = rankdata(one), rankdata(other)
    columns = np.column_stack([a, b, a * a, b * b, a * b])

    def agreement(weights: Floats) -> Floats:
        total = weights.sum(axis=1, keepdims=True)
        means = (weights @ columns) / np.maximum(total, 1e-12)
        x, y, xx, yy, xy = means.T
        return ratio(xy - x * y, np.sqrt(np.clip((xx - x * x) * (yy - y * y), 0, None)))

    return agreement


def looked_at(rows: TestRows, score: Floats, probability: Floats) -> pd.DataFrame:
    """What was observed for children whom services knew in the year before, and for those whom nobody had looked at."""
    if rows.known_to_services is None:
        return pd.DataFrame()
    listed = at_capacity(score, rows.family, rows.y, rows.spots, rows.units).listed
    words: Mapping[bool, str] = {True: "known to services in the year before", False: "nobody had looked"}
    known = ~np.isnan(rows.y)
    found = []
    for key, label in words.items():
        mine = known & (rows.known_to_services == key)
        y, family = rows.y[mine], rows.family[mine]
        rate = estimates(*shares(y, np.ones(len(y)), np.repeat(label, len(y)), family)).get(label) if mine.any() else None
        row: dict[str, object] = {
            "children": label,
            "number": int(mine.sum()),
            "with_outcome": int(y.sum()),
            "of_listed_families": float(listed[mine].sum()),
        }
        row |= {"observed": rate.value if rate else np.nan, "low": rate.low if rate else np.nan, "high": rate.high if rate else np.nan}
        found.append({**row, "expected": float(probability[mine].mean()) if mine.any() else np.nan})
    return pd.DataFrame(found)
