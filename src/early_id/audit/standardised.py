"""Share listed as if every group had the council's own mix of outcome, age and list.

A group that has more children with the outcome, is older, or lives where there are more places for fewer families is listed more often
for that alone. Direct standardisation takes the share listed within each stratum and weights strata as the whole council has them. It
never standardises to the model's own score: that would take the score's word for who should be listed.

Where a group does not fill the strata, coarser ones are used, and the row says which. The variance is that of family sums of the
linearised estimate, strata weights taken as given (Cochran 1977, ch. 5A).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from early_id.audit.gaps import EVERYONE_ELSE
from early_id.audit.groups import Grouping
from early_id.audit.measures import Scored
from early_id.stats.arrays import Bools, Floats, Ints, ratio
from early_id.stats.intervals import normal_quantile

#: Columns that hold the age.
AGE_COLUMNS = ("age_band", "age")

#: What the figures cannot say. A stratum is what was recorded, so recording that differs by group goes into the mix and out of the gap.
WARNING = "at the same outcome as recorded: where need is recorded more or less often for a group, part of a gap is taken for a difference in mix"
COARSER = "; fewer strata than for other groups, which are too empty here"

#: Strata in which both sides have at least two children must make up this share of the council.
COVERED = 0.9

#: With fewer children listed a standardised share says nothing.
FEWEST = 10

COLUMNS = (
    *("characteristic", "characteristic_label", "group", "comparator", "n", "listed", "value", "low", "high", "crude_difference"),
    *("difference", "difference_low", "difference_high", "standardised_by", "covered", "note"),
)


@dataclass(frozen=True)
class Mix:
    """Strata of the rows whose outcome is known."""

    name: str
    codes: Ints
    weight: Floats  #: share of the council in each stratum


def standardised_table(scored: Scored, held: Sequence[Grouping], *, age: Grouping | None = None) -> pd.DataFrame:
    """One row a group: standardised share listed, and its difference from everyone else's over the same strata."""
    known = ~np.isnan(scored.y)
    outcome = scored.y[known].astype(np.int64)
    parts = {"outcome": outcome}
    parts |= {} if age is None else {"age": age.codes[known]}
    parts |= {} if scored.units is None else {"list": scored.units[known]}
    orders = [list(parts), *([[k for k in parts if k != "age"]] if "list" in parts else []), [k for k in parts if k != "list"], ["outcome"]]
    mixes = [_mix(order, parts) for k, order in enumerate(orders) if order not in orders[:k]]
    listed, family = scored.listed[known], scored.clusters[known]
    rows = []
    for by in held:
        if len(by.groups) < 2:
            continue
        # Age is not standardised by itself.
        mine = [mix for mix in mixes if age is None or by.name != age.name or "age" not in mix.name] or mixes[-1:]
        for g, name in enumerate(by.groups):
            figures = _row(by.codes[known] == g, listed, family, mine)
            rows.append({"characteristic": by.name, "characteristic_label": by.label, "group": name, "comparator": EVERYONE_ELSE} | figures)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _mix(order: Sequence[str], parts: dict[str, Ints]) -> Mix:
    codes = np.zeros(len(parts["outcome"]), dtype=np.int64)
    for name in order:
        codes = codes * (int(parts[name].max(initial=0)) + 1) + parts[name]
    _, codes = np.unique(codes, return_inverse=True)
    count = np.bincount(codes.ravel()).astype(np.float64)
    return Mix(", ".join(order), codes.ravel().astype(np.int64), count / max(count.sum(), 1.0))


def _row(inside: Bools, listed: Floats, family: Ints, mixes: Sequence[Mix]) -> dict[str, object]:
    n, k = int(inside.sum()), float(listed[inside].sum())
    crude = float(ratio(k, n) - ratio(listed[~inside].sum(), len(listed) - n))
    empty: dict[str, object] = {"n": n, "listed": k, "crude_difference": crude, "standardised_by": "", "covered": np.nan}
    empty |= dict.fromkeys(("value", "low", "high", "difference", "difference_low", "difference_high"), np.nan)
    if k < FEWEST or listed[~inside].sum() < FEWEST:
        return empty | {"note": f"cannot be estimated: fewer than {FEWEST} children listed on one side"}
    for mix in mixes:
        both = _both_sides(inside, mix)
        covered = float(mix.weight[both].sum())
        if covered >= COVERED:
            return (
                empty
                | _figures(inside, listed, family, mix, both)
                | {
                    "standardised_by": mix.name,
                    "covered": covered,
                    "note": WARNING + (COARSER if mix is not mixes[0] else ""),
                }
            )
    return empty | {"note": "cannot be estimated: the two sides share too few strata"}


def _both_sides(inside: Bools, mix: Mix) -> Bools:
    strata = len(mix.weight)
    own = np.bincount(mix.codes[inside], minlength=strata)
    both: Bools = (own >= 2) & (np.bincount(mix.codes, minlength=strata) - own >= 2)
    return both


def _figures(inside: Bools, listed: Floats, family: Ints, mix: Mix, both: Bools) -> dict[str, object]:
    weight = np.where(both, mix.weight, 0.0)
    weight = weight / weight.sum()
    value, pull = _side(inside, listed, mix.codes, weight)
    other, against = _side(~inside, listed, mix.codes, weight)
    z = normal_quantile(0.975)
    own, both_ways = z * _spread(pull, family), z * _spread(pull - against, family)
    difference = value - other
    return {
        "value": value,
        "low": max(value - own, 0.0),
        "high": min(value + own, 1.0),
        "difference": difference,
        "difference_low": difference - both_ways,
        "difference_high": difference + both_ways,
    }


def _side(mask: Bools, listed: Floats, codes: Ints, weight: Floats) -> tuple[float, Floats]:
    """Weighted share of one side, and how much each row pulls it away from its expectation."""
    n = np.bincount(codes[mask], minlength=len(weight)).astype(np.float64)
    share = np.nan_to_num(ratio(np.bincount(codes[mask], weights=listed[mask], minlength=len(weight)), n))
    # A stratum of n rows loses one of them to its own mean.
    fewer = np.sqrt(ratio(n, n - 1.0))
    pull = np.where(mask, (weight * np.nan_to_num(fewer) / np.maximum(n, 1.0))[codes] * (listed - share[codes]), 0.0)
    return float((weight * share).sum()), pull


def _spread(pull: Floats, family: Ints) -> float:
    sums = np.bincount(family, weights=pull)
    families = max(int((np.bincount(family) > 0).sum()), 2)
    return float(np.sqrt((sums**2).sum() * families / (families - 1)))
