"""Which rows may teach a model about which others: dates, label gap, families.

Two leaks make a model look better than it will be. Rows whose outcome was not known at the test date smuggle in the
future; brothers, sisters and earlier snapshots of the same child smuggle in the family. So at the test date every
family is scored by a model that was fitted on *other* families at *earlier* dates whose horizon and recording lag had
passed, and each child is tested once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from early_id.core.errors import InputDataError
from early_id.core.privacy import keyed_hash
from early_id.core.types import Json

Mask = NDArray[np.bool_]

#: A date can be the test date when at least this share of its uncensored outcomes is known.
KNOWN_SHARE = 0.9

#: Outcomes that the latest training date needs to carry a calibration alone.
FEWEST_TO_CALIBRATE = 30

NAMED_NOTE = (
    "Named split: training and test rows were named in the settings, the label gap is off (a model may have learned from outcomes not yet "
    "known at the test date), and whoever is in both parts was dropped from training, so the figures are for comparison only."
)

RANDOM_NOTE = (
    "Random split: rows were dealt to training and test at random, so the models had seen the same children, their families and the same "
    "weeks. The figures are optimistic, and for comparison with published work only."
)


@dataclass(frozen=True)
class Fit:
    """One model to be fitted: on ``fit``, to score ``test`` (the test date) and ``calibrate`` (training dates)."""

    number: int
    fit: Mask
    test: Mask
    calibrate: Mask


@dataclass(frozen=True)
class Splits:
    """All fits of a trial.

    Attributes
    ----------
    fits : tuple of Fit
        Their ``test`` masks cover the test rows once, their ``calibrate`` masks the training rows once.
    usable : mask
        Rows that may be used for fitting, choosing or calibrating.
    test : mask
        Rows of the test date, whether or not their outcome is known: all of them could be listed.
    final : mask
        Rows on which the model for the next lists is fitted.
    family, fold : arrays of int
        Family group of each row (children and families that ever shared a row are one group), and its fold.
    calibrate : mask
        Training rows whose out-of-fold scores calibrations are fitted on and bands are cut on: those of the latest date whose outcomes were
        known before the test date, or of all dates where that one has too few outcomes.
    """

    kind: str
    test_date: pd.Timestamp
    fits: tuple[Fit, ...]
    usable: Mask
    test: Mask
    final: Mask
    family: NDArray[np.int64]
    fold: NDArray[np.int64]
    immature: int
    shared_families: int
    notes: tuple[str, ...]
    calibrate: Mask

    def to_json(self) -> Json:
        """Sizes, for tracking and for the model card; no ids."""
        return {
            "kind": self.kind,
            "label_gap": self.kind == "temporal",
            "test_date": str(self.test_date.date()),
            "folds": len({fit.number for fit in self.fits if fit.test.any()}),
            "training_rows": int(self.usable.sum()),
            "test_rows": int(self.test.sum()),
            "final_rows": int(self.final.sum()),
            "left_out_outcome_not_known_in_time": self.immature,
            "families_dropped_from_training": self.shared_families,
            "calibration_rows": int(self.calibrate.sum()),
            "notes": list(self.notes),
        }


def family_groups(index: pd.DataFrame) -> NDArray[np.int64]:
    """Code of the family group of each row: the connected parts of the graph of children and families.

    A child who moved from one family to another ties the two together, so that neither the child nor anyone at home
    can be on both sides of a split. A row without a family is tied to its child only.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    children, n_children = _codes(index["child_id"])
    named = index["family_id"].where(index["family_id"].notna(), "child:" + index["child_id"].astype(str))
    families, n_families = _codes(named)
    size = n_children + n_families
    graph = coo_array((np.ones(len(index)), (children, n_children + families)), shape=(size, size))
    _, part = connected_components(graph, directed=False)
    groups: NDArray[np.int64] = part[children].astype(np.int64)
    return groups


def _codes(ids: pd.Series) -> tuple[NDArray[np.int64], int]:
    codes, unique = pd.factorize(ids.astype(str), sort=True)
    return codes.astype(np.int64), len(unique)


def family_folds(index: pd.DataFrame, groups: NDArray[np.int64], folds: int, key: str) -> NDArray[np.int64]:
    """Fold of each row, by a keyed hash of its family group, so that a family keeps its fold when others come and go."""
    smallest = index["child_id"].astype(str).groupby(groups).min()
    fold_of_group = smallest.map(lambda name: int(keyed_hash(name, key), 16) % folds)
    result: NDArray[np.int64] = fold_of_group.reindex(groups).to_numpy(dtype=np.int64)
    return result


def label_gap(index: pd.DataFrame, test_date: pd.Timestamp) -> Mask:
    """Rows of earlier dates whose horizon and recording lag had passed by ``test_date``."""
    early = (index["as_of"] < test_date) & (index["mature_on"] <= test_date)
    mask: Mask = early.to_numpy(dtype=bool)
    return mask


def newest_known_date(index: pd.DataFrame, y: pd.Series, censored: pd.Series) -> pd.Timestamp:
    """The latest as-of date with known outcomes: the test date unless one is named."""
    known = y.notna()[~censored].groupby(index["as_of"][~censored]).mean()
    dates = known.index[known >= KNOWN_SHARE]
    if not len(dates):
        raise InputDataError(
            "No as-of date has outcomes that are known yet.",
            where="as_of.dates",
            what_next="Add earlier as-of dates, or wait until the horizon and the recording lag of one have passed.",
        )
    return pd.Timestamp(dates.max())


def temporal_splits(index: pd.DataFrame, y: pd.Series, censored: pd.Series, *, folds: int, key: str, test_date: pd.Timestamp | None = None) -> Splits:
    """Family folds crossed with time.

    Parameters
    ----------
    index : DataFrame
        child_id, family_id, as_of, mature_on.
    y, censored : Series
        Main outcome (NaN: not known) and whether the child left before the horizon.
    folds : int
    key : str
        Key of the hash that deals families to folds.
    test_date : Timestamp, optional
        The latest date with known outcomes, unless given.
    """
    day = test_date if test_date is not None else newest_known_date(index, y, censored)
    groups = family_groups(index)
    fold = family_folds(index, groups, folds, key)
    known = y.notna().to_numpy()
    before = (index["as_of"] < day).to_numpy()
    usable = label_gap(index, day) & known
    test = (index["as_of"] == day).to_numpy()
    fits = tuple(Fit(g, usable & (fold != g), test & (fold == g), usable & (fold == g)) for g in range(folds))
    final = known & (index["as_of"] <= day).to_numpy()
    calibrate = calibration_rows(index, y, usable)
    immature = int((before & known & ~usable).sum())
    return Splits("temporal", day, fits, usable, test, final, groups, fold, immature, 0, (), calibrate)


def calibration_rows(index: pd.DataFrame, y: pd.Series, usable: Mask) -> Mask:
    """Training rows of the latest date where they have outcomes enough, or else all training rows."""
    if not usable.any():
        return usable
    latest: Mask = usable & (index["as_of"] == index.loc[usable, "as_of"].max()).to_numpy()
    outcomes = float(y[latest].sum())
    return latest if FEWEST_TO_CALIBRATE <= outcomes <= latest.sum() - FEWEST_TO_CALIBRATE else usable


def named_splits(index: pd.DataFrame, y: pd.Series, *, folds: int, key: str) -> Splits:
    """Train and test rows as the column ``split`` says (``train``/``test``), for benchmarks with published splits.

    Families on both sides are dropped from training, never from test. The label gap is off, and the note says so.
    """
    if "split" not in index.columns:
        raise InputDataError.columns_missing(["split"], where="the matrix index, for 'split: named'", found=map(str, index.columns))
    groups = family_groups(index)
    fold = family_folds(index, groups, folds, key)
    named_train = (index["split"] == "train").to_numpy(dtype=bool)
    test = (index["split"] == "test").to_numpy(dtype=bool)
    if not test.any() or not named_train.any():
        raise InputDataError(
            f"The named split has {int(named_train.sum())} training and {int(test.sum())} test rows.",
            where="matrix index, column 'split'",
            what_next="Check the names of the training and test parts in the settings.",
        )
    shared = np.isin(groups, groups[test])
    usable = named_train & ~shared & y.notna().to_numpy()
    nobody = np.zeros(len(index), dtype=bool)
    fits = (Fit(-1, usable, test, nobody), *(Fit(g, usable & (fold != g), nobody, usable & (fold == g)) for g in range(folds)))
    dropped = len(np.unique(groups[named_train & shared]))
    day = pd.Timestamp(index.loc[test, "as_of"].max())
    return Splits("named", day, fits, usable, test, usable, groups, fold, 0, dropped, (NAMED_NOTE,), usable)


def random_splits(index: pd.DataFrame, y: pd.Series, censored: pd.Series, *, folds: int, seed: int, test_date: pd.Timestamp | None = None) -> Splits:
    """Rows dealt at random, families and dates disregarded: what much published work does, and optimistic. The note says so.

    The rows of the test date are scored, each by a model fitted on the other folds of all dates up to it.
    """
    day = test_date if test_date is not None else newest_known_date(index, y, censored)
    usable = y.notna().to_numpy() & (index["as_of"] <= day).to_numpy()
    test = (index["as_of"] == day).to_numpy()
    fold = np.random.default_rng(seed).integers(0, folds, len(index))
    fits = tuple(Fit(g, usable & (fold != g), test & (fold == g), usable & (fold == g)) for g in range(folds))
    return Splits("random", day, fits, usable, test, usable, family_groups(index), fold, 0, 0, (RANDOM_NOTE,), usable)


def validation_pairs(
    as_of: NDArray[np.datetime64], mature_on: NDArray[np.datetime64], fold: NDArray[np.int64], rows: Mask, *, most: int = 2
) -> Iterator[tuple[Mask, Mask]]:
    """Pairs of (fit, judge) masks inside ``rows``, for choosing a penalty: earlier dates and other families against later ones.

    Where no date has mature rows before it, families alone are set apart. ``most`` folds are used.
    """
    folds = [int(g) for g in np.unique(fold[rows])[:most]]
    pairs = []
    for day in np.unique(as_of[rows])[1:]:
        past = rows & (as_of < day) & (mature_on <= day)
        pairs += [(past & (fold != g), rows & (as_of == day) & (fold == g)) for g in folds]
    pairs = [(fit, judge) for fit, judge in pairs if fit.any() and judge.any()]
    yield from pairs or [(rows & (fold != g), rows & (fold == g)) for g in folds]
