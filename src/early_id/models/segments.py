"""How the model put forward did in parts of the council: counts and intervals, or *cannot be estimated*. Never single schools.

Parts are looked at to find out where a list does not work, not to rank anybody; among many parts some stand out by chance.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from early_id.models.listed import FEWEST, Dates, precision_by, recall_by
from early_id.models.result import Estimate
from early_id.stats.calibration import observed_expected
from early_id.stats.resample import auc_statistic, clustered_interval

NOT_KNOWN, ONE_SCHOOL = "not known", "those with one school, together"

#: Outcomes and non-outcomes from which the AUC of a part is resampled; below that a bootstrap covers too little.
FEWEST_FOR_AUC = 50

#: Kind of part → how it is called.
KINDS = {
    "hub": "Hub",
    "area": "Area",
    "phase": "Phase of school",
    "age": "Age",
    "term": "Term (all dates)",
    "completeness": "Share of the model's questions with an answer",
    "joined": "Recent joiners",
    "listed": "On a list of this date or before",
}

_PHASES = (
    ("nursery and reception", ("n1", "n2", "r")),
    ("primary", tuple("123456")),
    ("secondary", ("7", "8", "9", "10", "11")),
    ("sixth form", ("12", "13", "14")),
)
_PHASE = {year: name for name, years in _PHASES for year in years}
_AGES = ([-1, 3, 7, 10, 13, 17, 200], ["under 4", "4 to 7", "8 to 10", "11 to 13", "14 to 17", "18 and over"])
_COMPLETE = ([-0.01, 0.7, 0.9, 1.0], ["under 70%", "70% to 90%", "90% and more"])
#: Months of each term.
_TERMS = {"autumn": range(9, 13), "spring": range(1, 5), "summer": range(5, 9)}
#: Parts in their natural order; others follow in that of the alphabet.
_ORDER = {part: n for n, part in enumerate((*(name for name, _ in _PHASES), *_AGES[1], *_COMPLETE[1], *_TERMS))}


def labels_of(index: pd.DataFrame, X: pd.DataFrame, test: np.ndarray, *, areas: Mapping[str, str] | None = None) -> dict[str, np.ndarray]:
    """Part → label of each row of the test date; a part of which nothing is held is left out.

    Parameters
    ----------
    index, X : DataFrame
        All rows of the matrix, so that who is new at a school can be told; ``X`` is the model's features.
    test : mask
    areas : mapping, optional
        School → area, where the index has no ``area_id``.
    """
    now = index[test]
    found = {"hub": _text(now, "hub_id"), "area": _text(now, "area_id"), "phase": _phase(now), "joined": _joined(index, test), "listed": _listed(now)}
    if areas and "school_id" in now:
        found["area"] = now["school_id"].map(areas).fillna(NOT_KNOWN).astype(str).to_numpy()
    for kind in ("hub", "area"):
        if (labels := found.get(kind)) is not None and "school_id" in now:
            found[kind] = _no_single_school(labels, now["school_id"])
    if "age" in now:
        found["age"] = pd.cut(pd.to_numeric(now["age"], errors="coerce"), _AGES[0], labels=_AGES[1]).astype(object).fillna(NOT_KNOWN).to_numpy()
    if X.shape[1]:
        found["completeness"] = pd.cut(X[test].notna().mean(axis=1), _COMPLETE[0], labels=_COMPLETE[1]).astype(str).to_numpy()
    return {kind: labels for kind in KINDS if (labels := found.get(kind)) is not None and not (labels == NOT_KNOWN).all()}


def _text(now: pd.DataFrame, column: str) -> np.ndarray | None:
    return now[column].astype(object).where(now[column].notna(), NOT_KNOWN).astype(str).to_numpy() if column in now else None


def _no_single_school(labels: np.ndarray, schools: pd.Series) -> np.ndarray:
    """Parts with one school go together, since figures of a single school stand in the funnel only."""
    each = schools.groupby(labels).transform("nunique").to_numpy()
    return np.where((each == 1) & (labels != NOT_KNOWN), ONE_SCHOOL, labels)


def _phase(now: pd.DataFrame) -> np.ndarray | None:
    if "nc_year" not in now:
        return None
    return now["nc_year"].astype("string").str.strip().str.lower().map(_PHASE).fillna(NOT_KNOWN).astype(str).to_numpy()


def _joined(index: pd.DataFrame, test: np.ndarray) -> np.ndarray | None:
    """Whether a child was at another school, or not in the records, at the date before the test date."""
    earlier = index["as_of"] < index.loc[test, "as_of"].max()
    if not earlier.any() or "school_id" not in index:
        return None
    before = index[(index["as_of"] == index.loc[earlier, "as_of"].max()).to_numpy()].drop_duplicates("child_id").set_index("child_id")["school_id"]
    now = index[test]
    was = now["child_id"].map(before)
    return np.select(
        [now["school_id"].isna().to_numpy(), (was == now["school_id"]).to_numpy()],
        ["on no roll", "there at the date before"],
        "new since the date before",
    )


def _listed(now: pd.DataFrame) -> np.ndarray | None:
    """Whether a child had stood on a list: what was recognised afterwards may have come of it, so these stand apart. Nothing before the first list."""
    if "listed_on" not in now or now["listed_on"].isna().all():
        return None
    return np.where(now["listed_on"].notna(), "had been on a list", "had never been on one")


def term_of(dates: pd.Series) -> np.ndarray:
    """Term of each date."""
    months = {month: term for term, span in _TERMS.items() for month in span}
    return pd.to_datetime(dates).dt.month.map(months).to_numpy()


def segments_table(lists: Dates, probability: np.ndarray, labels: Mapping[str, np.ndarray], *, resamples: int, seed: int) -> pd.DataFrame:
    """One row a part and measure-by-measure figures.

    Parameters
    ----------
    lists : Dates
        The lists of the model put forward.
    probability : array
        Calibrated probabilities of the rows of the test date.
    labels : mapping
        From :func:`labels_of`.

    Returns
    -------
    DataFrame
        kind, part, children, with_outcome, listed_families, and value, low and high of precision, recall, observed_expected and auc.
    """
    rows: list[dict[str, object]] = []
    test = lists.test.assign(probability=probability)
    for kind, named in labels.items():
        rows += _rows(kind, test, named, resamples=resamples, seed=seed)
    everything = lists.frame
    if everything["as_of"].nunique() > 1:
        rows += _rows("term", everything, term_of(everything["as_of"]), resamples=resamples, seed=seed)
    return pd.DataFrame(rows)


def _rows(kind: str, frame: pd.DataFrame, named: np.ndarray, *, resamples: int, seed: int) -> list[dict[str, object]]:
    precision, recall = precision_by(frame, named), recall_by(frame, named)
    rows = []
    for part in sorted(set(map(str, named)), key=lambda part: (_ORDER.get(part, len(_ORDER)), part)):
        mine = frame[named.astype(str) == part]
        outcomes = int((mine["y"] == 1).sum())
        figures = {"precision": precision.get(part, Estimate(np.nan)), "recall": recall.get(part, Estimate(np.nan))}
        figures["observed_expected"] = _observed(mine, outcomes) if "probability" in mine else Estimate(np.nan)
        figures["auc"] = _auc(mine, outcomes, resamples, seed)
        row: dict[str, object] = {"kind": kind, "part": part, "children": int(mine["y"].notna().sum()), "with_outcome": outcomes}
        row["listed_families"] = figures["precision"].n
        for name, figure in figures.items():
            row |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
        rows.append(row)
    return rows


def _observed(mine: pd.DataFrame, outcomes: int) -> Estimate:
    if outcomes < FEWEST:
        return Estimate(np.nan)
    return Estimate(*observed_expected(mine["y"], mine["probability"], mine["family"]), n=len(mine))


def _auc(mine: pd.DataFrame, outcomes: int, resamples: int, seed: int) -> Estimate:
    if min(outcomes, int((mine["y"] == 0).sum())) < FEWEST_FOR_AUC:
        return Estimate(np.nan)
    bounds = clustered_interval(auc_statistic(mine["y"], mine["score"]), mine["family"], resamples=resamples, seed=seed)
    return Estimate(bounds.value, bounds.low, bounds.high, len(mine))
