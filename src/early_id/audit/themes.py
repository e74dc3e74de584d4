"""What each theme adds to a list, and how far it goes along with each characteristic: description, not cause.

A theme is taken out of the held-out scores by giving every child the average of its contribution; nothing is fitted anew. With a new fit other
themes would take over some of its work, so these are the effects on this model, not on the best model without the theme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from early_id.audit.gaps import gaps_of
from early_id.audit.groups import Grouping
from early_id.audit.measures import MEASURES, Scored
from early_id.audit.paired import spread
from early_id.features.declare import Feature
from early_id.features.themes import THEMES
from early_id.stats.arrays import Floats, Ids, Ints
from early_id.stats.capacity import at_capacity
from early_id.stats.intervals import normal_quantile
from early_id.stats.resample import clustered_draws, percentile_bounds, precision_statistic, recall_statistic

RESAMPLES = 200

EFFECT_COLUMNS = (
    *("theme", "listed", "others", "precision", "precision_low", "precision_high", "missed", "missed_low", "missed_high"),
    *("gap", "gap_before", "gap_after"),
)
LINK_COLUMNS = ("theme", "characteristic", "share", "share_low", "share_high")


def by_theme(terms: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """Contributions added up by theme, under the themes' titles."""
    titles = {f.name: THEMES[f.theme].title if f.theme in THEMES else f.theme for f in features}
    summed: pd.DataFrame = terms.T.groupby(terms.columns.map(titles), sort=False).sum().T
    return summed


def theme_effects(
    score: Floats,
    themes: pd.DataFrame,
    families: Ids,
    y: Floats,
    spots: Floats | int,
    units: Ids | None,
    *,
    scored: Scored,
    held: Sequence[Grouping],
    deciding: Mapping[str, tuple[str, str]],
    min_group: int,
    seed: int = 0,
) -> pd.DataFrame:
    """One row a theme: what the same places would hold if it counted for nobody.

    Parameters
    ----------
    score : array
        Held-out scores.
    themes : DataFrame
        Contributions by theme, in the order of ``score``.
    deciding : mapping
        Characteristic → (measure, group) of the gap that decided it.

    Returns
    -------
    DataFrame
        ``others``: of the families listed, the share in whose place another would stand. ``precision``, ``missed``: what would be added to the
        share of listed families with the outcome, and to the share of children with the outcome who are missed, with 95 % intervals from
        resamples paired by family. ``gap``: the deciding gap that moves most, as it is and as it would be.
    """
    scores = {title: score - themes[title].to_numpy() + float(themes[title].mean()) for title in themes}
    every = {"": score, **scores}
    precision = {name: precision_statistic(s, families, y, spots, units) for name, s in every.items()}
    recall = {name: recall_statistic(s, families, y, spots, units) for name, s in every.items()}
    named = {**{f"p{name}": f for name, f in precision.items()}, **{f"r{name}": f for name, f in recall.items()}}
    draws = clustered_draws(named, families, resamples=RESAMPLES, seed=seed)
    ones = np.ones((1, len(score)))
    points = {name: float(f(ones)[0]) for name, f in named.items()}
    per_family = pd.Series(scored.listed).groupby(np.asarray(families)).max()
    rows = []
    for title, changed in scores.items():
        listed = at_capacity(changed, families, y, spots, units).listed
        left = np.maximum(per_family - pd.Series(listed).groupby(np.asarray(families)).max(), 0.0).sum()
        p = percentile_bounds(points[f"p{title}"] - points["p"], draws[f"p{title}"] - draws["p"])
        m = percentile_bounds(points["r"] - points[f"r{title}"], draws["r"] - draws[f"r{title}"])
        gap = _moved_most(scored, replace(scored, listed=listed), held, deciding, min_group)
        rows.append((title, float(per_family.sum()), float(left / per_family.sum()), p.value, p.low, p.high, m.value, m.low, m.high, *gap))
    return pd.DataFrame(rows, columns=list(EFFECT_COLUMNS)).sort_values("others", ascending=False, kind="stable", ignore_index=True)


def _moved_most(
    before: Scored, after: Scored, held: Sequence[Grouping], deciding: Mapping[str, tuple[str, str]], min_group: int
) -> tuple[str, float, float]:
    """Name of the deciding gap that moves most, as it is and as it would be."""
    found: list[tuple[str, float, float]] = []
    for by in held:
        measure, group = deciding.get(by.name, ("", ""))
        if group not in by.groups:
            continue
        place = by.groups.index(group)
        was, then = (gaps_of(scored, by, MEASURES[measure], (measure,), min_group)[place].difference for scored in (before, after))
        if not np.isnan(was) and not np.isnan(then):
            found.append((f"{by.label}: {group}|{measure}", was, then))
    return max(found, key=lambda row: abs(row[2] - row[1]), default=("", np.nan, np.nan))


def theme_links(themes: pd.DataFrame, held: Sequence[Grouping], families: Ints) -> pd.DataFrame:
    """Of the differences between children in a theme's contribution, the share that goes along with each characteristic.

    Omega squared (Hays 1963), which is about 0 where they have nothing to do with each other, however many groups there are; 1: the
    contribution follows from the group. The 95 % interval rests on family sums of what each child adds to the ratio of the two variances.
    """
    rows = [(title, by.label, *_omega_squared(themes[title].to_numpy(), by.codes, len(by.groups), families)) for title in themes for by in held]
    return pd.DataFrame(rows, columns=list(LINK_COLUMNS))


def _omega_squared(values: Floats, codes: np.ndarray, groups: int, families: Ints) -> tuple[float, float, float]:
    n, size = len(values), np.bincount(codes, minlength=groups)
    used = size > 0
    k = int(used.sum())
    total = float(((values - values.mean()) ** 2).sum())
    if k < 2 or n <= k or total <= 1e-12 * n:
        return (float("nan"),) * 3
    means = np.bincount(codes, weights=values, minlength=groups) / np.maximum(size, 1)
    inside, around = (values - means[codes]) ** 2, (values - values.mean()) ** 2
    between = total - float(inside.sum())
    within = (total - between) / (n - k)
    found = max((between - (k - 1) * within) / (total + within), 0.0)
    # Share = 1 - within/total variance: what each child adds to it, to first order.
    half = normal_quantile(0.975) * spread((inside.sum() / total * around - inside) / total, families)
    return found, max(found - half, 0.0), min(found + half, 1.0)
