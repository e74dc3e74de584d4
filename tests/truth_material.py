"""Material for tests of what a trial finds where the truth is known: drawn matrices as ``FeatureMatrix``, a planted gain, exact bounds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import beta

from early_id.core.types import Direction
from early_id.data.synth import Drawn
from early_id.data.synth import matrix as draw
from early_id.data.synth.direct.crowd import known_dates
from early_id.data.synth.plan import START
from early_id.features.matrix import FeatureMatrix, MatrixMeta, row_keys
from model_fixtures import feature

#: ``make nightly`` runs ten times as many.
RUNS = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))

#: As-of dates of a drawn council; those before the last whose horizon and recording lag had passed by then may teach a model.
DAYS = known_dates(START.isoformat())
LAST = DAYS[-1]
MATURE = tuple(day for day in DAYS if (LAST - day).days >= 210)


def bounds(hits: int, runs: int, level: float = 0.99) -> tuple[float, float]:
    """Exact binomial (Clopper–Pearson) interval of a share."""
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, runs - hits + 1)) if hits else 0.0
    return low, float(beta.ppf(1 - tail, hits + 1, runs - hits)) if hits < runs else 1.0


def drawn_council(children: int, seed: int, *, days: Iterable[date] = (MATURE[0], MATURE[2], LAST), scenarios: Iterable[str] = ()) -> FeatureMatrix:
    """One made-up council drawn on several dates, as the features hand it on.

    The same seed has the same families on every date, by number, so folds keep them together. Children have no number of their own in a
    draw: each row is taken for a child of its own, tied to the others by the family.
    """
    from early_id.features import catalogue

    known = {found.name: found for found in catalogue()}
    parts = [draw(children, seed, as_of=day, scenarios=scenarios) for day in days]
    features = tuple(known[name] for name in parts[0].X.columns if name in known)
    index = pd.concat([_index(part) for part in parts])
    X = pd.concat([part.X[[found.name for found in features]] for part in parts]).set_axis(index.index)
    y = pd.concat([part.outcomes[["need_recognised"]] for part in parts]).set_axis(index.index).assign(censored=False)
    groups = pd.concat([part.groups for part in parts]).set_axis(index.index)
    meta = MatrixMeta(features=features, outcome="need_recognised", as_of_dates=tuple(part.as_of for part in parts))
    return FeatureMatrix(X=X, y=y, groups=groups, index=index, excluded=pd.DataFrame({"as_of": []}), meta=meta)


def _index(part: Drawn) -> pd.DataFrame:
    day = pd.Timestamp(part.as_of)
    index = pd.DataFrame(
        {
            "child_id": [f"c{i:06d}{day:%y%m%d}" for i in range(len(part))],
            "as_of": day,
            "family_id": [f"f{number:06d}" for number in part.family],
            "school_id": [f"s{number:03d}" if number >= 0 else None for number in part.index["school"]],
            "hub_id": [f"h{number}" if number >= 0 else None for number in part.index["hub"]],
            "outcome_until": day + pd.Timedelta(days=180),
            "mature_on": day + pd.Timedelta(days=210),
            "age": part.index["age"].to_numpy(),
        }
    )
    return index.set_index(row_keys(index["child_id"], index["as_of"]))


@dataclass(frozen=True)
class Planted:
    """Sizes of a planted gain: log-odds at the average child, per standard deviation of absence, and of everything else together."""

    base: float
    absence: float
    rest: float


#: With one place for 50 children the best rule (absence) finds 12 of 100 families listed, the true score 20; need in 4 of 100 children.
GAIN = Planted(base=-3.27, absence=0.21, rest=0.57)


def planted_council(
    children: int, seed: int, *, dates: tuple[str, ...] = ("2023-11-13", "2024-06-17", "2025-03-17"), gain: Planted = GAIN
) -> FeatureMatrix:
    """Rows of all ``dates`` with a gain over every rule that is known: four further signs of either direction beside absence.

    ``index["true_score"]`` holds the log-odds.
    """
    rng = np.random.default_rng(seed)
    family = np.repeat(np.arange(children), rng.integers(1, 4, children))[:children]
    home = rng.normal(size=(children, 5))[family]
    X, y, index = [], [], []
    for day in pd.to_datetime(list(dates)):
        z = np.sqrt(0.3) * home + np.sqrt(0.7) * rng.normal(size=(children, 5))
        true = gain.base + gain.absence * z[:, 0] + gain.rest * z[:, 1:].sum(axis=1) / 2
        values = np.column_stack([0.06 * np.exp(0.8 * z[:, 0]), z[:, 1:].round(3), rng.integers(4, 18, children)])
        X.append(pd.DataFrame(values, columns=["absence_share_365d", "sign_a", "sign_b", "sign_c", "sign_d", "years_old"]))
        y.append((rng.random(children) < 1 / (1 + np.exp(-true))).astype(float))
        names = {"child_id": [f"c{i:06d}" for i in range(children)], "as_of": day, "family_id": [f"f{i:06d}" for i in family]}
        ends = {"outcome_until": day + pd.Timedelta(days=180), "mature_on": day + pd.Timedelta(days=210)}
        index.append(pd.DataFrame({**names, **ends, "age": X[-1]["years_old"].astype(int), "true_score": true}))
    whole = pd.concat(index, ignore_index=True)
    whole = whole.set_index(row_keys(whole["child_id"], whole["as_of"]))
    frame = pd.concat(X).set_axis(whole.index)
    outcome = pd.DataFrame({"need_recognised": np.concatenate(y), "censored": False}, index=whole.index)
    features = tuple(feature(name, Direction.RAISES if name == "absence_share_365d" else Direction.EITHER) for name in frame.columns)
    meta = MatrixMeta(features=features, outcome="need_recognised", as_of_dates=tuple(pd.Timestamp(day).date() for day in dates))
    return FeatureMatrix(frame, outcome, pd.DataFrame(index=whole.index), whole, pd.DataFrame({"as_of": []}), meta)
