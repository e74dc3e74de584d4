"""One measure in each group of one characteristic, compared with everyone else (or a named group), before any verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from early_id.audit.crossed import EVIDENCE
from early_id.audit.groups import Grouping
from early_id.audit.measures import EXPECTED, Measure, Scored
from early_id.stats.arrays import Bools, Floats, ratio
from early_id.stats.calibration import observed_expected_of
from early_id.stats.cells import Cells, cells, sides, whole_family_sides
from early_id.stats.intervals import newcombe
from early_id.stats.multiple import smallest_detectable, two_sided_p
from early_id.stats.rates import Rates

EVERYONE_ELSE = "everyone else"

#: Measure, members of the group, members of the named comparator (0 for everyone else): one question, one test.
TestKey: TypeAlias = tuple[str, int, int]


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
    members: int = 0  #: a number for the children of the group, the same wherever they are one group
    evidence: bool = True  #: ten children with the outcome and ten without, in the group and in what it is compared with


@dataclass(frozen=True)
class Compared:
    """Each group and what it is compared with; NaN in ``rest_expected`` and ``z`` where there is none."""

    group: Rates
    rest: Rates
    z: Floats
    expected: Floats
    rest_expected: Floats


def detectable(gaps: Sequence[Gap], alpha: float) -> tuple[Floats, Floats]:
    """Smallest gaps each row could have shown at the first Holm step, above and below, in the units of its measure."""
    if not gaps:
        return np.zeros(0), np.zeros(0)
    rate, size, rest_size, scale = np.array([(g.rest_rate, g.n_effective, g.rest_n_effective, g.scale) for g in gaps]).T
    higher, lower = smallest_detectable(rate, size, rest_size, alpha=alpha)
    return higher * scale, lower * scale


def cells_of(scored: Scored, by: Grouping) -> Cells:
    """The families in each group, gathered once for all measures."""
    return cells(by.codes, scored.clusters, len(by.groups), scored.n_clusters)


def compared(scored: Scored, by: Grouping, who: Cells, measure: Measure) -> Compared:
    """One measure in each group and in everyone else, or in the named comparator."""
    found = _everyone_else(scored, who, measure)
    if not by.comparator:
        return found
    against = by.groups.index(by.comparator)
    for g in range(len(by.groups)):
        rows = np.flatnonzero((by.codes == g) | (by.codes == against))
        two = _of_rows(scored, rows)
        other = _everyone_else(two, cells((by.codes[rows] == g).astype(np.int64), two.clusters, 2, two.n_clusters), measure)
        keep = g != against
        rest = Rates(*(_put(getattr(found.rest, n), g, getattr(other.rest, n)[1] if keep else np.nan) for n in _RATES))
        z, expected = (other.z[1], other.rest_expected[1]) if keep else (np.nan, np.nan)
        found = replace(found, rest=rest, z=_put(found.z, g, z), rest_expected=_put(found.rest_expected, g, expected))
    return found


_RATES = ("successes", "n", "families", "design_effect")


def _put(values: Floats, place: int, value: float) -> Floats:
    copied = values.copy()
    copied[place] = value
    return copied


def _of_rows(scored: Scored, rows: np.ndarray) -> Scored:
    """The same list, seen for some of the rows; families keep their codes."""
    pick: dict[str, Any] = {
        n: None if getattr(scored, n) is None else getattr(scored, n)[rows] for n in ("listed", "y", "probability", "clusters", "score", "units")
    }
    return replace(scored, **pick)


def _everyone_else(scored: Scored, who: Cells, measure: Measure) -> Compared:
    counted, among = measure.counted(scored), measure.among(scored)
    found = whole_family_sides(who, counted, among) if measure.kind == "per" else sides(who, counted, among)
    expected = who.sums(who.totals(EXPECTED(scored))) if measure.kind == "ratio" else np.full(who.n_groups, np.nan)
    return Compared(found.group, found.rest, found.z, expected, expected.sum() - expected)


def figures(measure: Measure, rates: Rates, expected: Floats) -> tuple[Floats, Floats, Floats]:
    """Value and interval of a measure from its shares."""
    if measure.kind == "ratio":
        return observed_expected_of(rates, expected)
    low, high = rates.interval()
    if measure.kind == "per":
        return ratio(rates.n, rates.successes), ratio(np.ones(len(high)), high), ratio(np.ones(len(low)), low)
    return rates.value, low, high


def gaps_of(scored: Scored, by: Grouping, measure: Measure, primary: tuple[str, ...], min_group: int, who: Cells | None = None) -> list[Gap]:
    """One measure in each group of one characteristic, before any verdict. A group without a name is only part of everyone else."""
    found = compared(scored, by, cells_of(scored, by) if who is None else who, measure)
    value, low, high = figures(measure, found.group, found.expected)
    other = figures(measure, found.rest, found.rest_expected)
    difference, (d_low, d_high) = value - other[0], newcombe(value, low, high, *other)
    one_group = len(by.groups) == 1
    tested = measure.name in primary and not one_group
    p = two_sided_p(found.z) if tested else np.full(len(by.groups), np.nan)
    children = np.bincount(by.codes, minlength=len(by.groups))
    against = by.groups.index(by.comparator) if by.comparator else -1
    others = np.full(len(by.groups), children[against]) if by.comparator else len(by.codes) - children
    small = (children < min_group) | (others < min_group)
    evidence = _evidence(scored, by, against)
    scale = {"share": np.ones(len(value)), "ratio": ratio(found.group.n, found.expected)}.get(measure.kind, np.full(len(value), np.nan))
    count = measure.kind == "count"
    gaps = []
    for g, name in enumerate(by.groups):
        if not name:
            continue
        alone = one_group or g == against
        notes = [f"cannot be estimated: {measure.empty}"] if np.isnan(value[g]) and not count else []
        notes += ["no upper end: too few of those listed had the outcome"] if measure.kind == "per" and value[g] > 0 and np.isnan(high[g]) else []
        notes += ["only one group, so there is nobody to compare with"] if one_group and not count else []
        notes += ["the group that the others are compared with"] if g == against and not count else []
        notes += [f"under {min_group} children on one side: shown, not tested"] if tested and small[g] and not alone else []
        gaps.append(
            Gap(
                characteristic=by.name,
                characteristic_label=by.label,
                group=name,
                measure=measure,
                n=float(found.group.n[g]),
                families=int(found.group.families[g]),
                successes=float(found.group.successes[g]),
                value=float(found.group.successes[g] if count else value[g]),
                low=np.nan if count else float(low[g]),
                high=np.nan if count else float(high[g]),
                difference=np.nan if count or alone else float(difference[g]),
                difference_low=np.nan if count or alone else float(d_low[g]),
                difference_high=np.nan if count or alone else float(d_high[g]),
                comparator="" if count or alone else by.comparator or EVERYONE_ELSE,
                design_effect=np.nan if count else float(found.group.design_effect[g]),
                n_effective=float(found.group.n_effective[g]),
                rest_rate=float(found.rest.value[g]),
                rest_n_effective=float(found.rest.n_effective[g]),
                scale=float(scale[g]),
                primary=measure.name in primary and g != against,
                p=np.nan if small[g] else float(p[g]),
                test=(measure.name, by.members[g], by.members[against] if by.comparator else 0) if tested and not alone else None,
                notes=tuple(notes),
                members=by.members[g],
                evidence=bool(evidence[g]),
            )
        )
    return gaps


def _evidence(scored: Scored, by: Grouping, against: int) -> Bools:
    """Groups that can speak for their characteristic; against fewer outcomes any gap may be chance, and the widest one always is theirs."""
    enough = np.ones(len(by.groups), dtype=bool)
    for answer in (1.0, 0.0):
        own = np.bincount(by.codes, weights=scored.y == answer, minlength=len(by.groups))
        others = np.full(len(own), own[against]) if by.comparator else own.sum() - own
        enough &= (own >= EVIDENCE) & (others >= EVIDENCE)
    return enough
