"""A small made-up FeatureMatrix with a known truth, drawn directly rather than built from records."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from early_id.config.settings import AcceptanceSettings, TrainingSettings
from early_id.core.types import Direction, Missing, SharingClass
from early_id.features.declare import Feature, count, last_days
from early_id.features.matrix import FeatureMatrix, MatrixMeta, row_keys

#: The last date is the screening date: its outcomes are not known yet.
DATES = ("2023-11-06", "2024-03-04", "2024-11-04", "2025-03-03", "2025-11-03")

#: name, direction, sharing class, true effect per unit of the value
TRUTH: tuple[tuple[str, Direction, SharingClass, float], ...] = (
    ("absence_share_365d", Direction.RAISES, SharingClass.SCHOOL, 6.0),
    ("suspensions_365d", Direction.RAISES, SharingClass.SCHOOL, 0.7),
    ("late_share_90d", Direction.RAISES, SharingClass.SCHOOL, 0.0),
    ("years_at_school", Direction.LOWERS, SharingClass.SCHOOL, -0.25),
    ("missing_episodes_365d", Direction.RAISES, SharingClass.POLICE, 0.9),
    ("home_factors_365d", Direction.RAISES, SharingClass.SOCIAL_CARE, 0.8),
    ("noise", Direction.EITHER, SharingClass.EDUCATION, 0.0),
)

SHARING: dict[str, list[str]] = {"school_lead": ["SCHOOL"], "hub_lead": [c.value for c in SharingClass]}


def feature(name: str, direction: Direction = Direction.RAISES, sharing: SharingClass = SharingClass.SCHOOL) -> Feature:
    """A feature with everything but its name, direction and class made up."""
    return Feature(
        name=name,
        label=name.replace("_", " "),
        source="attendance",
        measure=count(),
        window=last_days(365),
        direction=direction,
        sharing=sharing,
        theme="attendance",
        missing=Missing.UNKNOWN,
        phrase="{value} in {period}",
        reason="a test",
    )


def fake_matrix(
    children: int = 1500, *, seed: int = 0, effect: float = 1.0, base: float = -3.4, unknown: float = 0.05, dates: tuple[str, ...] = DATES
) -> FeatureMatrix:
    """Rows of all ``dates`` for the same children, in families of one to three.

    ``effect`` scales the planted effects: 0 is a null matrix. ``meta.notes`` is empty; the true log-odds are in
    ``index["true_score"]``.
    """
    rng = np.random.default_rng(seed)
    family = np.repeat(np.arange(children), rng.integers(1, 4, children))[:children]
    strain = rng.normal(0, 1, children)[family] * 0.6
    own = rng.normal(0, 1, children)
    parts = []
    for number, day in enumerate(pd.to_datetime(list(dates))):
        wobble = rng.normal(0, 0.5, children)
        X = pd.DataFrame(
            {
                "absence_share_365d": np.clip(0.05 * np.exp(0.7 * own + 0.3 * strain + wobble), 0, 1).round(3),
                "suspensions_365d": rng.poisson(0.15 * np.exp(own + strain)),
                "late_share_90d": np.clip(0.03 * np.exp(0.7 * own + wobble), 0, 1).round(3),
                "years_at_school": rng.integers(0, 7, children),
                "missing_episodes_365d": rng.poisson(0.08 * np.exp(strain + own)),
                "home_factors_365d": rng.poisson(0.3 * np.exp(strain)),
                "noise": rng.normal(0, 1, children).round(2),
            }
        ).astype("float64")
        for name, most in {"suspensions_365d": 5, "missing_episodes_365d": 4, "home_factors_365d": 5}.items():
            X[name] = X[name].clip(upper=most)
        true = base + effect * sum(weight * X[name].to_numpy() for name, _, _, weight in TRUTH)
        y = (rng.random(children) < 1 / (1 + np.exp(-true))).astype(float)
        left = rng.random(children) < 0.02
        y[left] = np.nan
        known = day + pd.Timedelta(days=210) <= pd.Timestamp(dates[-1])
        index = pd.DataFrame(
            {
                "child_id": [f"c{i:05d}" for i in range(children)],
                "as_of": day,
                "family_id": [f"f{i:05d}" for i in family],
                "school_id": [f"s{i % 12:02d}" for i in family],
                "hub_id": [f"h{i % 3}" for i in family],
                "outcome_until": day + pd.Timedelta(days=180),
                "mature_on": day + pd.Timedelta(days=210),
                "age": (4 + (np.arange(children) + number) % 14),
                "nc_year": [str(i % 11) for i in range(children)],
                "known_to_services": rng.random(children) < 0.1,
                "true_score": true,
            }
        )
        X = X.mask(rng.random(X.shape) < unknown)
        split = rng.random(children) < 0.7
        outcomes = pd.DataFrame(
            {
                "need_recognised": y,
                "help_offered": np.where(split, y, np.where(np.isnan(y), np.nan, 0.0)),
                "statutory": np.where(~split, y, np.where(np.isnan(y), np.nan, 0.0)),
            }
        )
        if not known:
            outcomes = outcomes * np.nan
        outcomes["censored"] = left & known
        index["row"] = row_keys(index["child_id"], index["as_of"])
        parts.append((X, outcomes, index))
    index = pd.concat([p[2] for p in parts]).set_index("row")
    X = pd.concat([p[0] for p in parts]).set_axis(index.index)
    y_all = pd.concat([p[1] for p in parts]).set_axis(index.index)
    groups = pd.DataFrame({"sex": np.where(np.arange(len(index)) % 2, "F", "M")}, index=index.index)
    meta = MatrixMeta(
        features=tuple(feature(name, direction, sharing) for name, direction, sharing, _ in TRUTH),
        outcome="need_recognised",
        components=("help_offered", "statutory"),
        as_of_dates=tuple(date.fromisoformat(d) for d in dates),
    )
    excluded = pd.DataFrame(columns=["child_id", "as_of", "family_id", "school_id", "hub_id", "reason"])
    return FeatureMatrix(X=X, y=y_all, groups=groups, index=index, excluded=excluded, meta=meta)


def settings(**changes: Any) -> TrainingSettings:
    """Quick training settings: few resamples, and no models of other labels, which are five more fits each."""
    return TrainingSettings(**{"resamples": 100, "tracking": False, "labels": False, **changes})


def bar(**changes: Any) -> AcceptanceSettings:
    """A low bar."""
    return AcceptanceSettings(**{"minimum_outcomes": 20, **changes})
