"""Who would have been listed, at the test date and at the dates before it, as rows that shares are counted from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from early_id.models.adding import Floats
from early_id.models.result import Estimate
from early_id.stats.arrays import cluster_codes
from early_id.stats.capacity import at_capacity
from early_id.stats.rates import Rates, family_totals, rates_of_totals

#: Fewer listed families, or children with the outcome, than this: a share of them cannot be estimated.
FEWEST = 10


@dataclass(frozen=True)
class Dates:
    """Rows of every date up to the test date that have a score, with the lists of each date.

    ``frame`` has as_of, child_id, family, school_id, score, y (NaN: not known), listed (share of tie-breaks), and ``test`` for the rows of
    the test date. Scores of earlier dates are held out by family, not by time: their models had seen later dates of other families.
    """

    frame: pd.DataFrame

    @property
    def test(self) -> pd.DataFrame:
        """Rows of the test date."""
        return self.frame[self.frame["test"]]


def lists_of_dates(
    index: pd.DataFrame, score: Floats, y: Floats, family: np.ndarray, test: np.ndarray, *, units: np.ndarray | None, places: dict[str, int] | int
) -> Dates:
    """The lists of each date, with the places of the test date's lists.

    Parameters
    ----------
    index : DataFrame
        Rows with a score: as_of, child_id, school_id.
    family : array
        Family that is listed together, per row.
    units : array of str, optional
        Recipient of each row; None for one list over everybody, with ``places`` families.
    """
    frame = pd.DataFrame({"as_of": index["as_of"].to_numpy(), "child_id": index["child_id"].to_numpy(), "family": family}, index=index.index)
    frame["school_id"] = index["school_id"].to_numpy() if "school_id" in index.columns else None
    frame = frame.assign(score=score, y=y, listed=0.0, test=test)
    for _, rows in frame.groupby("as_of"):
        at = frame.index.get_indexer(rows.index)
        if units is None or isinstance(places, int):
            listed = at_capacity(score[at], family[at], y[at], places if isinstance(places, int) else sum(places.values())).listed
        else:
            names, codes = np.unique(units[at], return_inverse=True)
            spots = np.array([places.get(str(name), 0) for name in names], dtype=np.float64)
            listed = at_capacity(score[at], family[at], y[at], spots, codes).listed
        frame.loc[rows.index, "listed"] = listed
    return Dates(frame)


def shares(numerator: Floats, weight: Floats, groups: np.ndarray, families: np.ndarray) -> tuple[list[str], Rates]:
    """Share of ``weight`` that counts, per group, on effective sizes over families."""
    names, codes = np.unique(groups.astype(str), return_inverse=True)
    cluster, n = cluster_codes(families)
    totals = (family_totals(values, codes.astype(np.int64), cluster, len(names), n) for values in (numerator, weight))
    return [str(name) for name in names], rates_of_totals(*totals)


def estimates(names: list[str], rates: Rates, *, fewest: int = FEWEST) -> dict[str, Estimate]:
    """One figure a group; what rests on fewer than ``fewest`` cannot be estimated."""
    low, high = rates.interval()
    columns = zip(names, rates.value, low, high, rates.n, strict=True)
    return {
        name: Estimate(float(value), float(bottom), float(top), round(float(n))) if n >= fewest else Estimate(np.nan, n=round(float(n)))
        for name, value, bottom, top, n in columns
    }


def precision_by(frame: pd.DataFrame, groups: np.ndarray) -> dict[str, Estimate]:
    """Of the families listed, the share in which a child of the group has the outcome, per group; families are counted once a date."""
    known = frame.assign(group=groups.astype(str))[frame["y"].notna().to_numpy()]
    each = known.groupby(["group", "family", "as_of"], sort=True).agg(listed=("listed", "max"), y=("y", "max")).reset_index()
    names, rates = shares((each["listed"] * each["y"]).to_numpy(), each["listed"].to_numpy(), each["group"].to_numpy(), each["family"].to_numpy())
    return estimates(names, rates)


def recall_by(frame: pd.DataFrame, groups: np.ndarray) -> dict[str, Estimate]:
    """Of the children with the outcome, the share whose family is listed, per group."""
    found = (frame["y"] == 1).to_numpy()
    listed, family = frame["listed"].to_numpy()[found], frame["family"].to_numpy()[found]
    return estimates(*shares(listed, np.ones(len(listed)), groups[found], family)) if found.any() else {}
