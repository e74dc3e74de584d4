"""A made-up matrix, an additive model and people with names, for tests of explanations and lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.features.declare import Feature, count, last_days, last_school_weeks
from early_id.features.library import SHIPPED
from early_id.features.matrix import FeatureMatrix, MatrixMeta, row_keys

AS_OF = "2025-11-03"


def feature(name: str, **more: Any) -> Feature:
    """A school-held count of the last 365 days unless said otherwise."""
    given: dict[str, Any] = {
        "label": name.replace("_", " ").capitalize(),
        "source": "attendance",
        "measure": count(),
        "window": last_days(365),
        "direction": Direction.RAISES,
        "sharing": SharingClass.SCHOOL,
        "theme": "attendance",
        "missing": Missing.UNKNOWN,
        "phrase": "{value} times in {period}",
        "reason": "a test",
    }
    return Feature(name=name, **{**given, **more})


SCHOOL_FEATURES = (
    feature(
        "absence_share_90d",
        label="Sessions missed",
        window=last_days(90),
        phrase="Absent from {value} of sessions in {period}",
        value_format="share",
        strength_phrase="In school for {rest} of sessions in {period}",
        strength_below=0.05,
    ),
    feature(
        "unauthorised_share_6sw",
        label="Sessions missed without leave",
        window=last_school_weeks(6),
        phrase="Absent without leave from {value} of sessions in {period}",
        value_format="share",
    ),
    feature(
        "late_count_6sw",
        label="Late marks",
        window=last_school_weeks(6),
        theme="lateness",
        phrase="Late {value} times in {period}",
        strength_phrase="On time nearly every day in {period}",
        strength_below=1,
    ),
    feature(
        "suspensions_365d",
        label="Suspensions",
        source="suspensions",
        theme="suspensions",
        phrase="Suspended {value} times in {period}",
        missing=Missing.ZERO_IF_COVERED,
        strength_phrase="No suspension in {period}",
        strength_below=0,
    ),
    feature(
        "days_in_school",
        label="Time at this school",
        source="enrolments",
        theme="school_moves",
        direction=Direction.LOWERS,
        phrase="At this school for {value}",
        value_format="days",
        strength_phrase="Settled at this school for {value}",
        strength_above=365,
    ),
)
HUB_FEATURES = (
    feature(
        "missing_365d",
        label="Times missing",
        source="missing_episodes",
        sharing=SharingClass.EDUCATION,
        theme="missing_episodes",
        phrase="Missing from home {value} times in {period}",
    ),
    feature(
        "wellbeing_signs_365d",
        label="Signs about wellbeing at home",
        source="household_factors",
        sharing=SharingClass.SOCIAL_CARE,
        theme="family_wellbeing",
        phrase="{value} signs about health or wellbeing at home in {period}",
    ),
    feature(
        "safety_signs_365d",
        label="SECRET_LABEL",
        source="household_factors",
        sharing=SharingClass.SOCIAL_CARE,
        theme="safety",
        phrase="SECRET_PHRASE {value} times in {period}",
    ),
    feature(
        "police_notices_365d",
        label="SECRET_POLICE",
        source="notifications",
        sharing=SharingClass.POLICE,
        theme="home",
        phrase="SECRET_PHRASE {value} times in {period}",
    ),
    feature(
        "sibling_absence_share_90d",
        label="Sessions missed by brothers and sisters",
        sharing=SharingClass.EDUCATION,
        theme="siblings",
        unit=Unit.FAMILY,
        window=last_days(90),
        phrase="Brothers and sisters were absent from {value} of sessions in {period}",
        value_format="share",
    ),
)
ALL_FEATURES = (*SCHOOL_FEATURES, *HUB_FEATURES)
WEIGHTS = {
    "absence_share_90d": 6.0,
    "unauthorised_share_6sw": 4.0,
    "late_count_6sw": 0.12,
    "suspensions_365d": 0.7,
    "days_in_school": -0.0006,
    "missing_365d": 0.8,
    "wellbeing_signs_365d": 0.6,
    "safety_signs_365d": 0.9,
    "police_notices_365d": 0.7,
    "sibling_absence_share_90d": 2.0,
}


@dataclass(frozen=True)
class LinearModel:
    """The parts of a RiskModel that explanations and lists use, with terms that can be checked by hand."""

    audience: str
    features: tuple[Feature, ...]
    means: dict[str, float]
    name: str = "logistic_1"
    settings_hash: str = "fedcba9876543210"
    off_by: float = 0.0
    weights: dict[str, float] = field(default_factory=lambda: dict(WEIGHTS))

    def fingerprint(self) -> str:
        """As of a fitted model."""
        return "0123456789abcdef"

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        # An unknown value has a small term of its own, as in the real models.
        terms = {f.name: ((X[f.name] - self.means[f.name]) * self.weights[f.name]).fillna(0.07) for f in self.features}
        return pd.DataFrame({**terms, "baseline": -2.0}, index=X.index)

    def scores(self, X: pd.DataFrame) -> pd.Series:
        return self.contributions(X).sum(axis=1) + self.off_by


def model_for(audience: str, matrix: FeatureMatrix, **more: Any) -> LinearModel:
    """A model on the features the audience may see."""
    features = SCHOOL_FEATURES if audience == "school_lead" else ALL_FEATURES
    return LinearModel(audience, features, {f.name: float(matrix.X[f.name].mean()) for f in features}, **more)


def fake_matrix(children: int = 240, *, seed: int = 3, schools: int = 4, unknown: float = 0.06, facts_seed: int | None = None) -> FeatureMatrix:
    """One date; families of one to three; ``facts_seed`` redraws only what schools do not hold."""
    rng = np.random.default_rng(seed)
    family = np.repeat(np.arange(children), rng.integers(1, 4, children))[:children]
    strain = rng.gamma(1.2, 0.8, children)[family]
    X = pd.DataFrame(
        {
            "absence_share_90d": np.round(np.clip(rng.beta(1.2, 18, children) + 0.05 * strain, 0, 1), 3),
            "unauthorised_share_6sw": np.round(np.clip(rng.beta(0.6, 30, children) + 0.02 * strain, 0, 1), 3),
            "late_count_6sw": rng.poisson(0.6 + strain),
            "suspensions_365d": rng.poisson(0.15 * strain),
            "days_in_school": rng.integers(10, 1800, children),
        }
    ).astype(float)
    facts = np.random.default_rng(seed + 1 if facts_seed is None else facts_seed)
    X["missing_365d"] = facts.poisson(0.1 * strain).astype(float)
    X["wellbeing_signs_365d"] = facts.poisson(0.3 * strain).astype(float)
    X["safety_signs_365d"] = facts.poisson(0.15 * strain).astype(float)
    X["police_notices_365d"] = facts.poisson(0.1 * strain).astype(float)
    X["sibling_absence_share_90d"] = np.round(facts.beta(1.2, 15, children), 3)
    school_part = rng.random((children, len(SCHOOL_FEATURES))) < unknown
    hub_part = facts.random((children, len(HUB_FEATURES))) < unknown
    X = X.mask(np.hstack([school_part, hub_part]))
    school = rng.integers(0, schools, children)
    # Brothers and sisters are mostly in one school.
    school = np.where(rng.random(children) < 0.7, school[np.searchsorted(family, family)], school)
    child = np.array([f"c{n:04d}" for n in range(children)])
    age = rng.integers(5, 16, children)
    index = pd.DataFrame(
        {
            "child_id": child,
            "as_of": pd.Timestamp(AS_OF),
            "family_id": [f"f{n:04d}" for n in family],
            "school_id": [f"s{n}" for n in school],
            "hub_id": [f"h{n % 2}" for n in school],
            "outcome_until": pd.Timestamp("2026-05-02"),
            "mature_on": pd.Timestamp("2026-06-01"),
            "age": age,
            "nc_year": [str(a - 5) if a > 5 else "R" for a in age],
            "known_to_services": facts.random(children) < 0.2,
        }
    )
    index.index = row_keys(index["child_id"], index["as_of"])
    X.index = index.index
    newest = pd.DataFrame(
        {name: pd.Timestamp(AS_OF) - pd.to_timedelta(facts.integers(1, 20, children), unit="D") for name in X.columns},
        index=index.index,
    )
    for name in SCHOOL_FEATURES:
        days = rng.integers(1, 40, children)
        newest[name.name] = (pd.Timestamp(AS_OF) - pd.to_timedelta(days, unit="D")).to_numpy()
    newest = newest.where(X.notna())
    y = pd.DataFrame({"need_recognised": np.nan, "censored": False}, index=index.index)
    groups = pd.DataFrame({"sex": "not known", "ethnic_group": "not known"}, index=index.index)
    excluded = pd.DataFrame(
        {
            "child_id": ["x1", "x2"],
            "as_of": pd.Timestamp(AS_OF),
            "family_id": ["fx1", "fx2"],
            "school_id": ["s0", "s1"],
            "hub_id": ["h0", "h1"],
            "reason": ["open to children's social care", "early help is already open"],
            "audiences": ["school_lead,hub_lead", "school_lead,hub_lead"],
        }
    )
    meta = MatrixMeta(features=ALL_FEATURES, outcome="need_recognised")
    return FeatureMatrix(X, y, groups, index, excluded, meta, newest)


FORENAMES = (
    "Ada",
    "Ben",
    "Chidi",
    "Dina",
    "Élodie",
    "Farid",
    "Grace",
    "Hamza",
    "Isla",
    "Jakub",
    "Kezia",
    "Leo",
    "Maja",
    "Noah",
    "O'Dell",
)
SURNAMES = (
    "Adeyemi",
    "Brown",
    "Clarke",
    "Dąbrowski",
    "Evans",
    "Farah",
    "Green",
    "Hussain",
    "Iqbal",
    "Jones",
    "Khan",
    "Lewis",
    "O'Neill",
)


def people_of(matrix: FeatureMatrix, *, seed: int = 5) -> pd.DataFrame:
    """Names and contact marks for every child of the matrix; about one family in twenty needs a check before contact."""
    rng = np.random.default_rng(seed)
    index = matrix.index
    families = index["family_id"].unique()
    surname = dict(zip(families, rng.choice(SURNAMES, len(families)), strict=True))
    unsafe = set(rng.choice(families, max(1, len(families) // 20), replace=False))
    return pd.DataFrame(
        {
            "child_id": index["child_id"].to_numpy(),
            "family_id": index["family_id"].to_numpy(),
            "forename": rng.choice(FORENAMES, len(index)),
            "surname": index["family_id"].map(surname).to_numpy(),
            "birth_date": pd.Timestamp("2014-05-01"),
            "school_id": index["school_id"].to_numpy(),
            "school_name": ("School " + index["school_id"].str[1:]).to_numpy(),
            "hub_id": index["hub_id"].to_numpy(),
            "hub_name": ("Hub " + index["hub_id"].str[1:]).to_numpy(),
            "nc_year": index["nc_year"].to_numpy(),
            "safe_contact": (~index["family_id"].isin(unsafe)).to_numpy(),
            "protected_address": False,
            "no_joint_contact": False,
        }
    )


def shipped_matrix(children: int = 600, *, seed: int = 0) -> FeatureMatrix:
    """Made-up values for every shipped feature, so that real labels and phrases are laid out."""
    base = fake_matrix(children, schools=6)
    rng = np.random.default_rng(seed)
    strain = rng.gamma(1.2, 0.8, children)
    draws: dict[str, Any] = {
        "share": lambda: np.clip(rng.beta(1, 18, children) + 0.04 * strain, 0, 1).round(3),
        "yes_no": lambda: np.where(rng.random(children) < 0.3, rng.random(children) < 0.5, np.nan),
        "days": lambda: rng.poisson(2 + strain).astype(float),
        "count": lambda: rng.poisson(0.2 * strain).astype(float),
    }
    X = pd.DataFrame({f.name: draws[f.value_format]().astype(float) for f in SHIPPED}, index=base.X.index)
    for f in SHIPPED:
        if f.measure.kind in ("change", "against_peers"):
            X[f.name] = rng.normal(0, 0.06, children).round(3) if f.value_format == "share" else rng.integers(-3, 4, children).astype(float)
    X = X.mask(rng.random(X.shape) < 0.03)
    days = pd.to_timedelta(rng.integers(1, 500, children), unit="D")
    newest = pd.DataFrame({name: pd.Timestamp(AS_OF) - days for name in X.columns}, index=X.index).where(X.notna())
    meta = MatrixMeta(features=SHIPPED, outcome="need_recognised")
    return FeatureMatrix(X, base.y, base.groups, base.index, base.excluded, meta, newest)


def shipped_model(matrix: FeatureMatrix, audience: str = "hub_lead") -> LinearModel:
    """Weights of equal size in the declared direction, so that many themes are noticed."""
    features = tuple(f for f in SHIPPED if audience == "hub_lead" or f.sharing is SharingClass.SCHOOL)
    spread = matrix.X.std().clip(lower=1e-6)
    weights = {f.name: (-0.25 if f.direction is Direction.LOWERS else 0.25) / float(spread[f.name]) for f in features}
    return LinearModel(audience, features, {f.name: float(matrix.X[f.name].mean()) for f in features}, weights=weights)
