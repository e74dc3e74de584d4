"""How much of a list is due to who happened to be in the training data: refits on families drawn anew.

For analysts and governance, as counts; never on a page for staff, where "by chance" would stick to a family.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from early_id.config.settings import TrainingSettings
from early_id.core.display import progress
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.types import Json
from early_id.features.matrix import FeatureMatrix
from early_id.models.fitting import LEARNED
from early_id.models.prepare import prepare, units_and_places
from early_id.models.result import Trial
from early_id.models.risk_model import RiskModel
from early_id.stats.capacity import at_capacity
from early_id.stats.intervals import proportion_interval

#: State → smallest share of refits that list the family.
STATES = {"steady": 0.9, "near the edge": 0.5, "by chance": 0.0}


@dataclass(frozen=True)
class Steadiness:
    """Share of refits that list each family.

    ``families`` is indexed by family id: listed_today, share (of refits), state; everyone listed today or by any refit. It is for analysts;
    :meth:`to_json` holds counts only.
    """

    families: pd.DataFrame = field(repr=False)
    refits: int
    as_of: str

    def frame(self) -> pd.DataFrame:
        """One row a family."""
        return self.families

    @property
    def counts(self) -> dict[str, int]:
        """Families listed today, by state."""
        today = self.families[self.families["listed_today"]]
        return {state: int((today["state"] == state).sum()) for state in STATES}

    @property
    def listed(self) -> int:
        """Families listed today."""
        return int(self.families["listed_today"].sum())

    @property
    def share_steady(self) -> float:
        """Of the families listed today, the share that 90 % or more of the refits list; NaN where nobody is listed."""
        return self.counts["steady"] / self.listed if self.listed else float("nan")

    @property
    def just_missed(self) -> int:
        """Families not listed today that half of the refits or more would list."""
        families = self.families
        return int((~families["listed_today"] & (families["share"] >= STATES["near the edge"])).sum())

    def to_json(self) -> Json:
        """Counts, and the share that is steady with its interval."""
        low, high = proportion_interval(self.counts["steady"], self.listed)
        steady = {"value": self.share_steady, "low": float(low), "high": float(high)} if self.listed else {"value": None, "low": None, "high": None}
        return {
            "refits": self.refits,
            "as_of": self.as_of,
            "listed": self.listed,
            "counts": self.counts,
            "just_missed": self.just_missed,
            "share_steady": steady,
            "mean_share_kept": float(self.families.loc[self.families["listed_today"], "share"].mean()) if self.listed else None,
        }

    def plot(self) -> str:
        """SVG: families listed today by state."""
        from early_id.present.charts import bars

        rows = [{"label": state, "value": count} for state, count in self.counts.items()]
        desc = " ".join(f"{state}: {count}." for state, count in self.counts.items())
        return str(bars(rows, title=f"Families listed today, over {self.refits} refits", desc=desc))


def steadiness(
    trial: Trial,
    matrix: FeatureMatrix,
    settings: TrainingSettings,
    *,
    sharing: Mapping[str, Iterable[str]] | None = None,
    as_of: str | None = None,
) -> Steadiness:
    """Refit the model put forward on families drawn with replacement, and count how often each family is listed.

    Parameters
    ----------
    trial : Trial
    matrix : FeatureMatrix
        The matrix that the trial was made from, with the rows of today's list.
    settings : TrainingSettings
        ``refits`` says how many. Penalty or rounds stay as chosen, so that what moves is the data.
    sharing : mapping, optional
        As for ``train``.
    as_of : str, optional
        Date of the lists; otherwise the latest of the matrix.

    Raises
    ------
    SettingsError
        The trial put another model forward than the settings.
    InputDataError
        The matrix has no row of that date.
    """
    name = settings.put_forward
    if trial.best.name != f"{name}_{trial.audience}":
        raise SettingsError(f"The trial put '{trial.best.name}' forward, the settings '{name}'.", where="training.put_forward")
    prepared = prepare(matrix, settings, trial.audience, sharing, str(trial.splits["test_date"]), regimes=False)
    index = prepared.matrix.index
    day = pd.Timestamp(as_of) if as_of else index["as_of"].max()
    now = (index["as_of"] == day).to_numpy()
    if not now.any():
        raise InputDataError(f"The matrix has no rows for {day.date()}.", where="as_of")
    today = index[now]
    family, families = pd.factorize(today["family_id"].where(today["family_id"].notna(), "child:" + today["child_id"].astype(str)).astype(str))
    units, places = units_and_places(prepared, today, trial.capacity if trial.splits.get("one_list", True) else None)
    X, y, final = prepared.matrix.X, prepared.y.to_numpy(), prepared.splits.final
    nothing = np.full(len(today), np.nan)

    def listed(model: object) -> np.ndarray:
        score = model.score_log_odds(X[now])  # type: ignore[attr-defined]
        rows = at_capacity(score, family, nothing, places, units).listed
        best = np.zeros(len(families))
        np.maximum.at(best, family, rows)
        return best

    first = listed(trial.best.estimator)
    total = np.zeros(len(families))
    rng = np.random.default_rng(settings.seed)
    kind, at = LEARNED[name], np.flatnonzero(final)
    groups = np.unique(prepared.splits.family[at], return_inverse=True)[1]
    order, starts = np.argsort(groups, kind="stable"), np.r_[0, np.cumsum(np.bincount(groups))]
    members = [at[order[a:b]] for a, b in itertools.pairwise(starts)]
    with progress("Fitting again on families drawn anew", settings.refits) as bar, threadpool_limits(1):
        for _ in range(settings.refits):
            rows = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
            model = kind.make(prepared.matrix.meta.features, trial.best.extra[kind.chosen])
            extra = {"groups": prepared.splits.family[rows]} if kind.by_family else {}
            total += listed(model.fit(X.iloc[rows].reset_index(drop=True), y[rows], **extra))
            bar.advance(note=name)
    share = total / settings.refits
    frame = pd.DataFrame({"listed_today": first >= 0.5, "share": share}, index=pd.Index(families, name="family_id"))
    frame["state"] = np.select([share >= STATES["steady"], share >= STATES["near the edge"]], list(STATES)[:2], list(STATES)[2])
    frame = frame[frame["listed_today"] | (share > 0)].sort_values(["share"], ascending=False)
    return Steadiness(frame, settings.refits, str(day.date()))


def refits_on_halves(
    trial: Trial, matrix: FeatureMatrix, settings: TrainingSettings, *, sharing: Mapping[str, Iterable[str]] | None = None, refits: int = 10
) -> list[RiskModel]:
    """The model put forward, fitted again on halves of its training families drawn anew, to see which reasons hold.

    Parameters
    ----------
    trial, matrix, settings, sharing
        As for :func:`steadiness`. Penalty or rounds stay as chosen.
    refits : int
        How many halves.
    """
    name = settings.put_forward
    if trial.best.name != f"{name}_{trial.audience}":
        raise SettingsError(f"The trial put '{trial.best.name}' forward, the settings '{name}'.", where="training.put_forward")
    prepared = prepare(matrix, settings, trial.audience, sharing, str(trial.splits["test_date"]), regimes=False)
    kind, at = LEARNED[name], np.flatnonzero(prepared.splits.final)
    family = prepared.splits.family[at]
    everyone = np.unique(family)
    rng = np.random.default_rng(settings.seed + 1)
    made = []
    with progress("Fitting again on halves of the families", refits) as bar, threadpool_limits(1):
        for _ in range(refits):
            rows = at[np.isin(family, rng.choice(everyone, len(everyone) // 2, replace=False))]
            model = kind.make(prepared.matrix.meta.features, trial.best.extra[kind.chosen])
            extra = {"groups": prepared.splits.family[rows]} if kind.by_family else {}
            X = prepared.matrix.X.iloc[rows].reset_index(drop=True)
            made.append(replace(trial.best, estimator=model.fit(X, prepared.y.to_numpy()[rows], **extra)))
            bar.advance(note=name)
    return made


def with_steadiness(trial: Trial, found: Steadiness) -> Trial:
    """The trial with the counts of its refits."""
    return replace(trial, further=replace(trial.further, stability=found.to_json()))
