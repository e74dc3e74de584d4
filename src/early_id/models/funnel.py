"""Single schools, only as a funnel: is a school's share further from everybody's than chance allows for its size?

Pooled over terms. A family counts once at a school, at the newest date on which it was listed there, because what happens to one family
at two dates is not independent. Limits are exact binomial ones round the share of all schools; a point carries no school's name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from early_id.core.types import Json
from early_id.models.listed import Dates

#: Two-sided limits: about 1 school in 20, and 1 in 500, lies outside by chance.
LIMITS = (0.95, 0.998)


@dataclass(frozen=True)
class Funnel:
    """One row a school: listed, with_outcome, share, and whether it lies outside each limit; and the share of all schools.

    ``schools`` is indexed by school id for analysts; :meth:`to_json` leaves the ids out.
    """

    schools: pd.DataFrame
    share: float

    def frame(self) -> pd.DataFrame:
        """One row a school."""
        return self.schools

    def limits(self, sizes: np.ndarray) -> pd.DataFrame:
        """Lower and upper limit of the share for each number of families listed: columns n, and low and high of each of :data:`LIMITS`."""
        return limits(self.share, sizes)

    def to_json(self) -> Json:
        """Points without names, in order of size, and the share of all schools."""
        points = self.schools.sort_values(["listed", "with_outcome"]).to_dict("records")
        return {"share": self.share if self.share == self.share else None, "points": [{str(k): _plain(v) for k, v in row.items()} for row in points]}

    def plot(self) -> str:
        """SVG of the funnel."""
        from early_id.present import curves

        return str(
            curves.funnel(self.to_json()["points"], share=self.share, limits=self.limits, title="Schools, pooled over terms", desc=self.sentence)
        )

    @property
    def sentence(self) -> str:
        """What the funnel shows."""
        return funnel_sentence(len(self.schools), int(self.schools["outside_95"].sum()), int(self.schools["outside_998"].sum()))


def funnel_sentence(schools: int, outside: int, far: int) -> str:
    """How many schools lie outside the limits, and how many would by chance."""
    if not schools:
        return "No family with a known outcome was listed at any school."
    expected = 0.05 * schools
    about = "fewer than 1" if expected < 1 else f"about {expected:.0f}"
    return (
        f"Of {schools} schools, {outside} lie outside the inner limits, where {about} would by chance alone, and {far} outside the outer ones. "
        "A school outside is a reason to ask how help is offered and recorded there, not a judgement of it."
    )


def limits(share: float, sizes: np.ndarray) -> pd.DataFrame:
    """Exact binomial limits of the share for each size, outside which at most the stated part lies by chance."""
    from scipy.stats import binom

    found = {"n": sizes}
    for level, name in zip(LIMITS, ("95", "998"), strict=True):
        tail = (1 - level) / 2
        found |= {f"low_{name}": binom.ppf(tail, sizes, share) / sizes, f"high_{name}": binom.ppf(1 - tail, sizes, share) / sizes}
    return pd.DataFrame(found)


def school_funnel(lists: Dates) -> Funnel:
    """The funnel of all schools at which a family was listed."""
    from scipy.stats import binom

    rows = lists.frame[lists.frame["school_id"].notna() & (lists.frame["listed"] >= 0.5) & lists.frame["y"].notna()]
    each = rows.groupby(["school_id", "family", "as_of"])["y"].max().reset_index().sort_values("as_of")
    newest = each.drop_duplicates(["school_id", "family"], keep="last").groupby("school_id")["y"]
    schools = pd.DataFrame({"listed": newest.size(), "with_outcome": newest.sum()}).astype("int64")
    if schools.empty:
        return Funnel(schools.assign(share=[], outside_95=[], outside_998=[]), float("nan"))
    share = float(schools["with_outcome"].sum() / schools["listed"].sum())
    n, x = schools["listed"].to_numpy(), schools["with_outcome"].to_numpy()
    # Chance of so few or fewer, and of so many or more.
    tail = np.minimum(binom.cdf(x, n, share), binom.sf(x - 1, n, share))
    schools["share"] = x / n
    for level, name in zip(LIMITS, ("95", "998"), strict=True):
        schools[f"outside_{name}"] = tail < (1 - level) / 2
    return Funnel(schools, share)


def _plain(value: object) -> object:
    item = getattr(value, "item", None)
    return item() if callable(item) else value
