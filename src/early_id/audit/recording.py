"""Need, or who writes it down? What a gap would mean if need were recorded more often for one group than for others.

A list is audited against a label: need that somebody recognised and recorded. Write λ for the chance that a need is recorded in a group,
divided by that chance for everyone else.

- Precision and observed/expected: true figure = recorded figure / chance of recording, so the gap vanishes at λ = ratio of the two values.
- Missed share: a constant λ takes the same part of the needs found and of those missed, so it *cannot* explain a gap. What can is λ that
  depends on the score: needs of listed children recorded κ times as often, for the group over everyone else, as those of children not listed.
  The gap vanishes where κ is the ratio of the odds of being found.

With one label, nothing tells λ: the row says so. A second outcome that does not pass the same threshold (what a reviewer finds who sees
everybody alike) tells the ratio: λ = (first outcomes, group over rest) / (second outcomes, group over rest). Where the two differ in gravity that ratio moves by
itself: the rarer, graver outcome is relatively commoner wherever need is greater. So it counts only if a second reading agrees: with need spread normally and
a threshold for each outcome, the group's distance from the rest is the same for both (difference of probits).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from early_id.audit.gaps import Compared, cells_of, compared, figures
from early_id.audit.groups import Grouping
from early_id.audit.measures import MEASURES, Scored
from early_id.audit.paired import spread
from early_id.stats.arrays import Bools, Floats, Ints, ratio
from early_id.stats.intervals import normal_quantile, ratio_interval

CANNOT_TELL = "recording or need: these data cannot tell"
CONSTANT = "a constant λ cannot explain it: needs found and missed would shrink alike"

#: λ of children not listed and of listed ones, for the table of missed shares.
GRID = (0.5, 0.75, 1.0, 1.33, 2.0)

TIPPING_COLUMNS = (
    *("characteristic", "characteristic_label", "group", "measure", "measure_label", "value", "rest_value"),
    *("difference", "verdict", "depends_on", "tipping", "tipping_low", "tipping_high", "says"),
)
SECOND_COLUMNS = (
    *("characteristic", "characteristic_label", "group", "outcome", "other_outcome", "outcomes", "other_outcomes"),
    *("ratio", "ratio_low", "ratio_high", "shift", "shift_low", "shift_high", "says"),
)
#: Fewer of either outcome on either side say nothing about a ratio.
FEWEST = 10


def tipping_table(scored: Scored, held: Sequence[Grouping], rows: pd.DataFrame) -> pd.DataFrame:
    """λ at which each gap vanishes, one row a group for precision and observed/expected, and κ for the missed share."""
    verdicts = rows.set_index(["characteristic", "group", "measure"])["verdict"] if len(rows) else pd.Series(dtype=object)
    names = ["precision", *(["observed_expected"] if scored.probability is not None else []), "missed_share"]
    found = []
    for by in (one for one in held if len(one.groups) > 1):
        who = cells_of(scored, by)
        for name in names:
            both = compared(scored, by, who, MEASURES[name])
            value, rest, tip, low, high = _tipping(name, both)
            for g, group in enumerate(by.groups):
                verdict = verdicts.get((by.name, group, name), "")
                says = CANNOT_TELL if name != "missed_share" else f"{CONSTANT}; {CANNOT_TELL}"
                says = says if np.isfinite(tip[g]) else "cannot be estimated: nobody counted on one side"
                what = (by.name, by.label, group, name, MEASURES[name].label, value[g], rest[g], value[g] - rest[g], verdict)
                depends = "score" if name == "missed_share" else "group only"
                found.append((*what, depends, tip[g], low[g], high[g], says))
    return pd.DataFrame(found, columns=list(TIPPING_COLUMNS))


def _tipping(name: str, both: Compared) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Values of the group and of the rest, and the ratio with its interval; odds of being found for the missed share."""
    value, low, high = figures(MEASURES[name], both.group, both.expected)
    rest, rest_low, rest_high = figures(MEASURES[name], both.rest, both.rest_expected)
    if name != "missed_share":
        return value, rest, *ratio_interval(value, low, high, rest, rest_low, rest_high)
    # Odds of being found: from the shares missed, whose ends change places.
    mine, others = ((ratio(1 - v, v), ratio(1 - h, h), ratio(1 - lo, lo)) for v, lo, h in ((value, low, high), (rest, rest_low, rest_high)))
    filled = [np.where(np.isnan(one[2]), np.inf, one[2]) for one in (mine, others)]
    return value, rest, *ratio_interval(mine[0], mine[1], filled[0], others[0], others[1], filled[1])


def missed_grid(missed: float, rest_missed: float) -> pd.DataFrame:
    """Gap in the missed share that would be left, for λ of children not listed (rows) and of listed ones (columns).

    On the diagonal λ does not depend on the score and the gap stays as it is.
    """
    odds = ratio(1 - missed, missed)
    listed, not_listed = np.meshgrid(GRID, GRID)
    true_odds = odds * not_listed / listed
    return pd.DataFrame(1 / (1 + true_odds) - rest_missed, index=pd.Index(GRID, name="λ, not listed"), columns=pd.Index(GRID, name="λ, listed"))


def second_outcomes(
    scored: Scored, held: Sequence[Grouping], others: Mapping[str, Floats], *, outcome: str, judged_apart: Collection[str] | None = None
) -> pd.DataFrame:
    """λ of the main outcome against each other one that is held: the ratio of ratios of counts, with its interval.

    It speaks of recording only where the other outcome does not pass the same threshold; parts of one outcome pass it together, so only outcomes
    in ``judged_apart`` (all, where it is None) are given a reading. Many are compared, so a reading is given beyond an interval widened for all
    comparisons together (Bonferroni); the intervals shown are of 95 %.
    Variance of the logarithm: family sums of each count's share, since the two outcomes are of the same children.
    """
    found = []
    read = [name for name in others if judged_apart is None or name in judged_apart]
    # Of two groups one is the mirror of the other: one comparison.
    compared = len(read) * sum(max(len(by.groups) - (len(by.groups) == 2), 1) for by in held if len(by.groups) > 1)
    strict = normal_quantile(1.0 - 0.025 / max(compared, 1))
    for name, other in others.items():
        known = ~np.isnan(scored.y) & ~np.isnan(other)
        y, second, family = scored.y[known], other[known], scored.clusters[known]
        for by in (one for one in held if len(one.groups) > 1):
            for g, group in enumerate(by.groups):
                answer = _relative(y, second, by.codes[known] == g, family, strict=strict if name in read else None)
                found.append((by.name, by.label, group, outcome, name, *answer))
    return pd.DataFrame(found, columns=list(SECOND_COLUMNS))


def _relative(y: Floats, second: Floats, inside: Bools, family: Ints, *, strict: float | None) -> tuple[float | str, ...]:
    """Counts in the group, λ with its interval, difference of the two distances in probits with its interval, and what they say.

    ``strict`` is the normal quantile beyond which something is said; None where nothing may be.
    """
    counts = [float(v[side].sum()) for v in (y, second) for side in (inside, ~inside)]
    sizes = [float(inside.sum()), float((~inside).sum())] * 2
    if min(counts) < FEWEST or min(n - k for n, k in zip(sizes, counts, strict=True)) < FEWEST:
        return (counts[0], counts[2], *(np.nan,) * 6, f"cannot be estimated: fewer than {FEWEST} with or without an outcome on one side")
    value = (counts[0] / counts[1]) / (counts[2] / counts[3])
    usual = normal_quantile(0.975)
    error = spread(y * (inside / counts[0] - ~inside / counts[1]) - second * (inside / counts[2] - ~inside / counts[3]), family)
    normal, shift, pull = NormalDist(), 0.0, np.zeros(len(y))
    for outcome, side, k, n, sign in zip((y, y, second, second), (inside, ~inside) * 2, counts, sizes, (1.0, -1.0, -1.0, 1.0), strict=True):
        z = normal.inv_cdf(k / n)
        shift += sign * z
        pull += sign * np.where(side, (outcome - k / n) / (n * normal.pdf(z)), 0.0)
    pulled = spread(pull, family)
    low, high = value * np.exp(-usual * error), value * np.exp(usual * error)
    says = MIX
    if strict is not None:
        says = _says(value * np.exp(-strict * error), value * np.exp(strict * error), shift - strict * pulled, shift + strict * pulled)
    return counts[0], counts[2], value, low, high, shift, shift - usual * pulled, shift + usual * pulled, says


MORE = "recorded more often for this group than the other outcome says, if that one does not pass the same threshold"
LESS = "recorded less often for this group than the other outcome says, if that one does not pass the same threshold"
MIX = "nothing about recording: a part of the outcome, or an outcome that nobody said is judged apart"
GRAVITY = "they differ, but no more than two outcomes of different gravity would"
AGREE = "the two outcomes agree about this group, within chance"


def _says(low: float, high: float, shift_low: float, shift_high: float) -> str:
    if low > 1 and shift_low > 0:
        return MORE
    if high < 1 and shift_high < 0:
        return LESS
    return GRAVITY if low > 1 or high < 1 else AGREE


def chance_of_so_few(recorded: float, other: float, all_recorded: float, all_other: float) -> float:
    """Chance of at most ``recorded`` main outcomes in a group if it had its share of them by the second outcome (exact binomial).

    For groups with too few outcomes for a ratio with an interval; not corrected for the number of groups, so it says where to look and no more.
    Families are not taken into account, which makes few look rarer than they are.
    """
    n, share = round(all_recorded), other / all_other if all_other else math.nan
    return float(sum(math.comb(n, k) * share**k * (1.0 - share) ** (n - k) for k in range(round(recorded) + 1)))
