"""What a trial works on: the rows and features that an audience may see, the outcome, the splits, the places of the lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from early_id.config.load import shipped
from early_id.config.settings import TrainingSettings
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.types import Audience, Json
from early_id.features.matrix import FeatureMatrix
from early_id.models.evaluate import TestRows
from early_id.models.fitting import check_classes
from early_id.models.regimes import check_regimes
from early_id.models.splits import Splits, named_splits, random_splits, temporal_splits


@dataclass(frozen=True)
class Prepared:
    """The part of a matrix that a trial uses, checked."""

    matrix: FeatureMatrix
    outcome: str
    y: pd.Series
    censored: pd.Series
    splits: Splits
    notes: tuple[str, ...]
    audience: str
    regimes: Json = field(default_factory=dict)

    @property
    def components(self) -> tuple[str, ...]:
        """The parts of the outcome that the matrix holds."""
        return tuple(name for name in self.matrix.meta.components if name in self.matrix.y.columns)


def prepare(
    matrix: FeatureMatrix,
    settings: TrainingSettings,
    audience: str,
    sharing: Mapping[str, Iterable[str]] | None,
    test_date: str | None,
    *,
    council: str = "",
    regimes: bool = True,
) -> Prepared:
    """Restrict the matrix to what the audience may see, find the outcome, split the rows, look for breaks.

    ``regimes=False`` does not look for breaks a second time.
    """
    if not len(matrix):
        raise InputDataError("The feature matrix has no rows.", what_next="Check the cohort settings and the as-of dates.")
    seen = matrix.for_audience(str(audience), sharing if sharing is not None else shipped("sharing.yaml"))
    outcome = settings.outcome or seen.meta.outcome
    if outcome in seen.meta.labels:
        raise SettingsError(
            f"'{outcome.replace('_', ' ')}' is shown beside the others and can never be what lists are made for.", where="training.outcome"
        )
    if outcome not in seen.y.columns or outcome == "censored":
        raise SettingsError.unknown_name("outcome", outcome, [c for c in seen.y.columns if c != "censored"], where="training.outcome")
    y = seen.y[outcome].astype("float64")
    censored = seen.y["censored"].astype(bool) if "censored" in seen.y.columns else pd.Series(False, index=y.index)
    key = f"family-folds-{settings.seed}"
    if settings.split == "named":
        splits = named_splits(seen.index, y, folds=settings.families_folds, key=key)
    elif settings.split == "random":
        day = pd.Timestamp(test_date) if test_date else None
        splits = random_splits(seen.index, y, censored, folds=settings.families_folds, seed=settings.seed, test_date=day)
    else:
        day = pd.Timestamp(test_date) if test_date else None
        splits = temporal_splits(seen.index, y, censored, folds=settings.families_folds, key=key, test_date=day)
    values = np.asarray(y, dtype=np.float64)
    if not splits.usable.any():
        raise InputDataError(
            "No row can be used for training: no earlier date had outcomes known before the test date.",
            where=f"test date {splits.test_date.date()}",
            what_next="Add earlier as-of dates, at least the horizon and the recording lag before the test date.",
        )
    check_classes(values, splits.usable, outcome)
    if not np.nansum(values[splits.test]) > 0:
        raise InputDataError(
            f"Nobody has the outcome '{outcome}' at the test date, so no model can be judged.",
            where=f"test date {splits.test_date.date()}, {int(splits.test.sum())} rows",
            what_next="Check that the tables of the outcome were ingested and when they were received, or choose an earlier test date.",
        )
    prepared = Prepared(seen, outcome, y, censored, splits, (*seen.meta.notes, *splits.notes), str(audience))
    return _look_for_breaks(prepared, settings, council) if regimes else prepared


def _look_for_breaks(prepared: Prepared, settings: TrainingSettings, council: str) -> Prepared:
    """The same, with a note for each declared break that is crossed; an undeclared one is refused. A named or random split has no before."""
    index, splits = prepared.matrix.index, prepared.splits
    if splits.kind != "temporal" or "outcome_until" not in index.columns:
        return prepared
    rows = splits.final
    found, notes = check_regimes(
        index[rows],
        prepared.matrix.y[rows],
        prepared.components or (prepared.outcome,),
        splits.family[rows],
        prepared.matrix.meta.features,
        settings.regimes,
        council=council,
        alpha=settings.break_alpha,
    )
    return replace(prepared, notes=(*prepared.notes, *notes), regimes=found)


def rows_of_test(prepared: Prepared, capacity: int | None, settings: TrainingSettings) -> TestRows:
    """The rows of the test date, with the places of the lists."""
    test = prepared.splits.test
    index = prepared.matrix.index[test]
    named = index["family_id"].where(index["family_id"].notna(), "child:" + index["child_id"].astype(str))
    family, families = pd.factorize(named.astype(str), sort=True)
    if capacity is None and settings.capacity_share is not None:
        capacity = max(1, round(settings.capacity_share * len(families)))
    units, spots = units_and_places(prepared, index, capacity)
    places = None if units is None else np.asarray(spots, dtype=np.float64)
    capacity = int(np.sum(spots))
    known = index["known_to_services"] if "known_to_services" in index.columns else None
    return TestRows(
        y=prepared.y[test].to_numpy(),
        censored=prepared.censored[test].to_numpy(dtype=bool),
        family=family.astype(np.int64),
        cluster=prepared.splits.family[test],
        known_to_services=known.fillna(False).to_numpy(dtype=bool) if known is not None else None,
        capacity=int(capacity),
        units=units,
        places=places,
    )


def units_and_places(prepared: Prepared, index: pd.DataFrame, capacity: int | None) -> tuple[np.ndarray | None, np.ndarray | int]:
    """Code of the recipient of each row with the places of each, or None and ``capacity`` where there is one list over everybody."""
    if capacity is not None:
        return None, capacity
    if prepared.audience not in prepared.matrix.meta.places:
        raise SettingsError("The number of places is not known.", where="training.capacity_share", what_next="Give 'capacity' or 'capacity_share'.")
    unit, each = recipients_of(prepared, index)
    names, units = np.unique(unit, return_inverse=True)
    return units, np.array([each.get(str(name), 0) for name in names], dtype=np.float64)


def recipients_of(prepared: Prepared, index: pd.DataFrame) -> tuple[np.ndarray, Mapping[str, int]]:
    """The recipient of each row (a school or a hub; empty where there is none), and the places of each recipient."""
    column = "school_id" if prepared.audience == Audience.SCHOOL_LEAD else "hub_id"
    named = index[column].astype("object").where(index[column].notna(), "").astype(str)
    return named.to_numpy(), prepared.matrix.meta.places[prepared.audience]


def outcome_by_date(prepared: Prepared) -> pd.DataFrame:
    """Rows, known outcomes, their rate, and children who left, per as-of date."""
    index = prepared.matrix.index
    frame = pd.DataFrame({"as_of": index["as_of"], "y": prepared.y, "censored": prepared.censored})
    by = frame.groupby("as_of")
    out = pd.DataFrame(
        {"rows": by.size(), "known": by["y"].count(), "with_outcome": by["y"].sum(), "rate": by["y"].mean(), "left": by["censored"].sum()}
    ).reset_index()
    out["as_of"] = out["as_of"].dt.date.astype(str)
    return out
