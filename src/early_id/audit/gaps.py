"""One measure in each group of one characteristic, compared with everyone else, before any verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from early_id.audit.groups import Grouping
from early_id.audit.measures import EXPECTED, Measure, Scored
from early_id.stats.arrays import Floats
from early_id.stats.calibration import observed_expected_of
from early_id.stats.intervals import newcombe
from early_id.stats.multiple import score_z, smallest_detectable, two_sided_p
from early_id.stats.rates import family_totals, rates_of_totals

EVERYONE_ELSE = "everyone else"

#: Characteristic, measure, and group (0 for both rows of a pair).
TestKey: TypeAlias = tuple[str, str, int]


@dataclass(frozen=True)
class Gap:
    """One measure in one group against everyone else, before any verdict."""

    characteristic: str
    characteristic_label: str
    group: str
    measure: Measure
    n: float
    families: int
    successes: float
    value: float
    low: float
    high: float
    comparator: str
    difference: float
    difference_low: float
    difference_high: float
    design_effect: float
    n_effective: float
    rest_rate: float
    rest_n_effective: float
    scale: float  #: what turns a difference in shares into one in this measure
    primary: bool
    p: float
    test: TestKey | None
    notes: tuple[str, ...]


def detectable(gaps: Sequence[Gap], alpha: float) -> Floats:
    """Smallest gap each row could have shown at the first Holm step, in the units of its measure."""
    rate, size, rest_size, scale = np.array([(g.rest_rate, g.n_effective, g.rest_n_effective, g.scale) for g in gaps]).T
    found: Floats = smallest_detectable(rate, size, rest_size, alpha=alpha) * scale
    return found


def gaps_of(scored: Scored, by: Grouping, measure: Measure, primary: tuple[str, ...], min_group: int) -> list[Gap]:
    """One measure in each group of one characteristic, before any verdict."""
    size = (scored.clusters, len(by.groups), scored.n_clusters)

    def totals(weights: Floats) -> Floats:
        return family_totals(weights, by.codes, size[0], size[1], size[2])

    rows = totals(measure.among(scored))
    hits = totals(measure.counted(scored))
    all_rows, all_hits = rows.sum(axis=1), hits.sum(axis=1)
    group, rest = rates_of_totals(hits, rows), rates_of_totals(all_hits[:, None] - hits, all_rows[:, None] - rows)
    children = np.bincount(by.codes, minlength=len(by.groups))
    one_group = len(by.groups) == 1
    if measure.kind == "ratio":
        expected = totals(EXPECTED(scored)).sum(axis=0)
        value, low, high = observed_expected_of(group, expected)
        other = observed_expected_of(rest, expected.sum() - expected)
        scale = np.where(expected > 0, group.n / np.where(expected > 0, expected, 1.0), np.nan)
    else:
        value, (low, high) = group.value, group.interval()
        other = (rest.value, *rest.interval())
        scale = np.ones(len(by.groups))
    difference, (d_low, d_high) = value - other[0], newcombe(value, low, high, *other)
    tested = measure.name in primary and not one_group
    p = two_sided_p(score_z(hits, rows, all_hits, all_rows)) if tested else np.full(len(by.groups), np.nan)
    small = children < min_group
    mirrored = len(by.groups) == 2
    gaps = []
    for g, name in enumerate(by.groups):
        too_small = bool(small.any()) if mirrored else bool(small[g])
        notes = [f"cannot be estimated: {measure.empty}"] if np.isnan(value[g]) and measure.kind != "count" else []
        notes += ["only one group, so there is nobody to compare with"] if one_group and measure.kind != "count" else []
        notes += [f"under {min_group} children on one side: shown, not tested"] if tested and too_small else []
        count = measure.kind == "count"
        gaps.append(
            Gap(
                characteristic=by.name,
                characteristic_label=by.label,
                group=name,
                measure=measure,
                n=float(group.n[g]),
                families=int(group.families[g]),
                successes=float(group.successes[g]),
                value=float(group.successes[g] if count else value[g]),
                low=np.nan if count else float(low[g]),
                high=np.nan if count else float(high[g]),
                difference=np.nan if count else float(difference[g]),
                difference_low=np.nan if count else float(d_low[g]),
                difference_high=np.nan if count else float(d_high[g]),
                comparator="" if count or one_group else EVERYONE_ELSE,
                design_effect=np.nan if count else float(group.design_effect[g]),
                n_effective=float(group.n_effective[g]),
                rest_rate=float(rest.value[g]),
                rest_n_effective=float(rest.n_effective[g]),
                scale=float(scale[g]),
                primary=measure.name in primary,
                p=np.nan if too_small else float(p[g]),
                # Rows of two groups are one test seen from two sides.
                test=(by.name, measure.name, 0 if mirrored else g) if tested else None,
                notes=tuple(notes),
            )
        )
    return gaps
