"""Random reading: existing records of a few families drawn by lot, below the line and above it, judged alike, to see how much need a list misses.

Each family's chance of being drawn is kept, so that draws of several lists can be pooled with weights of its inverse (Horvitz and Thompson 1952; shares
as Hájek's ratio). Nobody is contacted because of a draw; a reader who sees a reason acts on that reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import pandas as pd

from early_id.stats.intervals import proportion_interval, ratio_interval

BELOW, ABOVE = "below", "above"
#: What a reader answers; the last says nothing about need.
NEED, NO_NEED, CANNOT_TELL = "help would be worth offering", "no need seen", "cannot tell from the records"
JUDGED = (NEED, NO_NEED, CANNOT_TELL)
#: Half of the interval's width from which the missed share counts as known: ± 10 points.
WITHIN = 0.10
#: Answers in each part below which nothing is said.
FEWEST = 10


@dataclass(frozen=True)
class Estimate:
    """Share of need below and above the line, and the share of all need that the list missed; NaN where it cannot be estimated."""

    read_below: int
    read_above: int
    below: tuple[float, float, float]
    above: tuple[float, float, float]
    missed: tuple[float, float, float]
    more_needed: int | None  #: readings below the line that are still needed; 0: enough, None: nobody can say yet

    @property
    def text(self) -> str:
        """The finding in a sentence."""
        if self.more_needed is None:
            return f"Cannot tell: {self.read_below} records below the line and {self.read_above} above were judged; at least {FEWEST} of each are needed to say anything."
        value, low, high = (f"{100 * v:.0f}" for v in self.missed)
        found = f"Of 100 children with need as readers judge it, lists missed about {value} ({low} to {high})"
        return (
            f"{found}."
            if not self.more_needed
            else f"Cannot tell within 10 points: {found[0].lower()}{found[1:]}; about {self.more_needed} more readings below the line are needed."
        )


def draw(families: pd.DataFrame, *, below: int, above: int, seed: int) -> pd.DataFrame:
    """Families drawn by lot: family_id, stratum, chance; in an order that says nothing.

    Parameters
    ----------
    families : DataFrame
        One row a family that could be on the list: family_id, is_listed.
    seed : int
        From the system's own chance, and kept with the draw.
    """
    lot, parts = Random(seed), []
    for stratum, listed, wanted in ((BELOW, False, below), (ABOVE, True, above)):
        pool = sorted(families.loc[families["is_listed"] == listed, "family_id"].unique())
        n = min(wanted, len(pool))
        if n:
            parts.append(pd.DataFrame({"family_id": lot.sample(pool, n), "stratum": stratum, "chance": n / len(pool)}))
    drawn = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["family_id", "stratum", "chance"])
    return drawn.sample(frac=1, random_state=lot.randrange(2**31)).reset_index(drop=True)


def estimate(read: pd.DataFrame) -> Estimate:
    """What readings of one or several draws say.

    Parameters
    ----------
    read : DataFrame
        One row a family read: stratum, chance, judged. Families that a reader could not judge are left out of both sides.

    Notes
    -----
    With B and A the weighted numbers of families with need below and above the line, the missed share is B/(A+B) = r/(1+r), r = B/A; its interval comes from
    that of r (Newcombe's construction on logarithms) and is as wide as the fewest readings make it. Weights widen it by Kish's effect n·Σw²/(Σw)².
    """
    known = read[read["judged"].isin([NEED, NO_NEED])]
    found, totals, sizes = {}, {}, {}
    for stratum in (BELOW, ABOVE):
        own = known[known["stratum"] == stratum]
        weight = 1.0 / own["chance"].astype(float)
        need = own["judged"].eq(NEED)
        n, total = len(own), float(weight.sum())
        share = float(weight[need].sum()) / total if n else math.nan
        effect = n * float((weight**2).sum()) / total**2 if n else 1.0
        low, high = proportion_interval(share * n, n, effect) if n else (math.nan, math.nan)
        found[stratum], totals[stratum], sizes[stratum] = (share, float(low), float(high)), total, n
    nothing = (math.nan, math.nan, math.nan)
    if min(sizes.values()) < FEWEST or not found[ABOVE][0]:
        return Estimate(sizes[BELOW], sizes[ABOVE], found[BELOW], found[ABOVE], nothing, None)
    first, second = ([v * totals[s] for v in found[s]] for s in (BELOW, ABOVE))
    if not first[0]:
        missed = (0.0, 0.0, first[2] / (first[2] + second[1]) if second[1] else 1.0)
    else:
        ratio, low, high = (float(v) for v in ratio_interval(*first, *second))
        missed = (ratio / (1 + ratio), low / (1 + low), high / (1 + high) if high == high else 1.0)
    half = (missed[2] - missed[1]) / 2
    more = 0 if half <= WITHIN else math.ceil(sizes[BELOW] * ((half / WITHIN) ** 2 - 1))
    return Estimate(sizes[BELOW], sizes[ABOVE], found[BELOW], found[ABOVE], missed, more)
