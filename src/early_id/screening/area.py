"""The same capacity offered to whole year groups of schools instead of chosen families, and how that would have done beside a list.

No child is chosen, so nobody's name and no score is in it: the page may be published. Which year groups is decided by how often need was recognised
there at earlier dates; how it would have done is measured at the test date, on the same families as the list.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from early_id.core.errors import InputDataError
from early_id.explain.wording import year_label
from early_id.features.matrix import FeatureMatrix
from early_id.models.listed import shares
from early_id.models.risk_model import RiskModel
from early_id.stats.capacity import at_capacity

CELL = ["school_id", "year"]
#: A year group of fewer children is not offered as a whole: it would point at families.
SMALLEST = 10
#: So many children at the council's average are added to each cell, so that small ones do not come first or last by chance.
WEIGHT = 20.0


@dataclass(frozen=True)
class Efficiency:
    """How a way to use the same number of places would have done at the test date.

    ``precision``: of the ``families`` spoken to, the share with need recognised (``with_outcome``); ``recall``: of the children with need
    recognised (``outcomes``), the share ``reached``; each as value, low, high. Families drawn by lot are expected numbers.
    """

    name: str
    families: int
    with_outcome: int
    precision: tuple[float, float, float]
    outcomes: int
    reached: int
    recall: tuple[float, float, float]


@dataclass(frozen=True)
class AreaTargeting:
    """Year groups that would be offered help as a whole on a date, with how it would have done.

    ``cells`` has school_id, year, children, families; in order of school and year. ``efficiency`` is empty where no result may be shown.
    """

    as_of: str
    places: int
    cells: pd.DataFrame = field(repr=False)
    efficiency: tuple[Efficiency, ...] = ()
    test_date: str = ""

    @property
    def families(self) -> int:
        """Families in the year groups named."""
        return int(self.cells["families"].sum())


def area_targeting(matrix: FeatureMatrix, model: RiskModel, *, as_of: str, places: int, withheld: bool = False) -> AreaTargeting:
    """Whole year groups for the number of families that can be talked to.

    Parameters
    ----------
    matrix : FeatureMatrix
        All dates, that of the lists among them.
    model : RiskModel
        The one whose list is compared; its held-out rows are the families of the test date.
    as_of : str
        Date of the lists.
    places : int
        Families that all recipients together can talk to.
    withheld : bool
        Leave out every result of the test date.

    Raises
    ------
    InputDataError
        No year group of a school is large enough.
    """
    index = matrix.index.assign(year=matrix.index["nc_year"].map(year_label), y=matrix.y[model.outcome])
    index = index[index["school_id"].notna() & (index["year"] != "")]
    day = pd.Timestamp(as_of)
    # What matured before the date of the lists; nothing later may choose.
    chosen = _choose(index[index["as_of"] == day], _rates(index[index["mature_on"] < day]), places)
    if chosen.empty:
        raise InputDataError(
            "No year group of a school is large enough to be offered help as a whole.", where=f"{as_of}, year groups of {SMALLEST} children or more",
            what_next="Check that enrolments give schools and year groups, or that more families can be talked to.",
        )  # fmt: skip
    if withheld:
        return AreaTargeting(as_of, places, chosen)
    return AreaTargeting(as_of, places, chosen, _efficiency(index, model), str(pd.Timestamp(model.held_out["as_of"].iloc[0]).date()))


def _rates(rows: pd.DataFrame) -> pd.Series:
    """Smoothed share of children with the outcome, by cell."""
    known = rows[rows["y"].notna()]
    overall = float(known["y"].mean()) if len(known) else 0.0
    counted = known.groupby(CELL)["y"].agg(["sum", "size"])
    return (counted["sum"] + WEIGHT * overall) / (counted["size"] + WEIGHT)


def _choose(rows: pd.DataFrame, rates: pd.Series, places: int) -> pd.DataFrame:
    """Cells from the highest rate down, as long as their families still have a place; a family of two cells takes one."""
    sizes = rows.groupby(CELL).agg(children=("child_id", "nunique"))
    order = rates.reindex(sizes[sizes["children"] >= SMALLEST].index).dropna()
    order = order.reset_index(name="rate").sort_values(["rate", *CELL], ascending=[False, True, True])
    members = {cell: set(own["family_id"]) for cell, own in rows.groupby(CELL)}
    taken: set[str] = set()
    cells = []
    for school, year in zip(order["school_id"], order["year"], strict=True):
        more = members[school, year] - taken
        if len(taken) + len(more) <= places:
            taken |= more
            cells.append((school, year, int(sizes.at[(school, year), "children"]), len(more)))
    found = pd.DataFrame(cells, columns=[*CELL, "children", "families"])
    return found.sort_values(CELL, ignore_index=True)


def _efficiency(index: pd.DataFrame, model: RiskModel) -> tuple[Efficiency, ...]:
    held = model.held_out
    rows = index.reindex(held.index).assign(score=held["score"], y=held["y"], family=held["family_id"])
    rows = rows[rows["school_id"].notna()]
    test = pd.Timestamp(held["as_of"].iloc[0])
    cells = _choose(rows.assign(family_id=rows["family"]), _rates(index[index["mature_on"] < test]), model.capacity)
    in_cell = pd.MultiIndex.from_frame(rows[CELL]).isin(pd.MultiIndex.from_frame(cells[CELL]))
    whole = rows["family"].isin(rows.loc[in_cell, "family"]).to_numpy(dtype=float)
    units = held["unit"].reindex(rows.index).to_numpy() if "unit" in held else None
    spots = held.groupby("unit")["unit_places"].first().sort_index().to_numpy() if units is not None else model.capacity
    listed = at_capacity(rows["score"].to_numpy(), rows["family"].to_numpy(), rows["y"].to_numpy(dtype=float), spots, units).listed
    everyone = np.full(len(rows), model.capacity / max(rows["family"].nunique(), 1))
    by_cell = rows["school_id"].astype(str) + "|" + rows["year"].astype(str)
    return (
        _measured("the list", listed, rows, rows["family"].astype(str)),
        # Children of one year group are offered help together, so they count together.
        _measured("whole year groups", whole, rows, by_cell),
        _measured("families drawn by lot", everyone, rows, rows["family"].astype(str)),
    )


def _measured(name: str, listed: np.ndarray, rows: pd.DataFrame, together: pd.Series) -> Efficiency:
    frame = rows.assign(listed=listed, together=together.to_numpy())
    known = frame[frame["y"].notna()]
    families = known.groupby("family").agg(listed=("listed", "max"), y=("y", "max"), together=("together", "first"))
    found = known[known["y"] == 1]
    precision = _share(families["listed"] * families["y"], families["listed"], families["together"])
    recall = _share(found["listed"], pd.Series(1.0, index=found.index), found["together"])
    counts = (families["listed"].sum(), (families["listed"] * families["y"]).sum(), found["listed"].sum())
    n, right, reached = (round(float(count)) for count in counts)
    return Efficiency(name, n, right, precision, len(found), reached, recall)


def _share(part: pd.Series, weight: pd.Series, together: pd.Series) -> tuple[float, float, float]:
    if not float(weight.sum()):
        return (np.nan, np.nan, np.nan)
    _, rates = shares(part.to_numpy(dtype=float), weight.to_numpy(dtype=float), np.full(len(part), "all"), together.to_numpy().astype(str))
    low, high = rates.interval()
    return float(rates.value[0]), float(low[0]), float(high[0])
