"""A solver tries to give hidden counts back from what is published: margins, rates, intervals, gaps and pictures.

Everything on a published page about a group follows from rounded counts of the group and of everyone else; pictures draw the same figures.
So the attacker knows, for each figure shown, in which band of five the counts behind it lie, for the group and for the rest, and how two
roll-ups hang together. Integer programming then finds the least and the greatest value of each small count that was hidden. It is
recovered if they are equal. ``EARLY_ID_RUN_FACTOR=50`` makes 1,000 tables.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from early_id.audit.measures import MEASURES
from early_id.present.disclosure import is_small, round_count
from early_id.report.publish import publish

TABLES = 20 * int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))
KINDS = {name: measure.kind for name, measure in MEASURES.items()}

#: Counts of a group: found, missed, listed without the outcome, neither; and each measure as (part, whole) of them.
PARTS = {
    "children": ([1, 1, 1, 1], [1, 1, 1, 1]),
    "children_with_outcome": ([1, 1, 0, 0], [1, 1, 1, 1]),
    "outcome_rate": ([1, 1, 0, 0], [1, 1, 1, 1]),
    "selection_share": ([1, 0, 1, 0], [1, 1, 1, 1]),
    "missed_share": ([0, 1, 0, 0], [1, 1, 0, 0]),
    "precision": ([1, 0, 0, 0], [1, 0, 1, 0]),
    "false_flag_rate": ([0, 0, 1, 0], [0, 0, 1, 1]),
}


def records(counts: np.ndarray, name: str) -> list[dict[str, Any]]:
    """Audit rows of one characteristic from counts (groups × 4)."""
    rows = []
    for measure, (part, whole) in PARTS.items():
        parts, wholes = counts @ part, counts @ whole
        for g in range(len(counts)):
            value = parts[g] / wholes[g] if wholes[g] else math.nan
            value = float(parts[g]) if measure.startswith("children") else value
            rest = wholes.sum() - wholes[g]
            gap = value - (parts.sum() - parts[g]) / rest if rest and wholes[g] and not measure.startswith("children") else math.nan
            rows.append(
                {"characteristic": name, "group": str(g), "measure": measure, "n": float(wholes[g]), "successes": float(parts[g]), "value": value,
                 "low": value, "high": value, "difference": gap, "difference_low": gap, "difference_high": gap, "smallest_detectable": 0.1,
                 "design_effect": 1.0, "verdict": "", "note": ""}
            )  # fmt: skip
    return rows


def band(shown: float) -> tuple[float, float]:
    """Counts that a published number can stand for."""
    held = [n for n in range(max(int(shown) - 4, 0), int(shown) + 5) if round_count(n) == int(shown)]
    return float(min(held)), float(max(held))


def known(rows: list[dict[str, Any]], exact: list[dict[str, Any]], groups: int) -> list[tuple[np.ndarray, float, float]]:
    """What the page tells: linear forms of the counts (groups × 4, flat) with their least and greatest value."""
    told = []
    for row, true in zip(rows, exact, strict=True):
        if row["hidden"]:
            continue
        g = int(row["group"])
        for key, weights in (("successes", PARTS[row["measure"]][0]), ("n", PARTS[row["measure"]][1])):
            own = np.zeros((groups, 4))
            own[g] = weights
            told.append((own.ravel(), *band(row[key])))
            if row["difference"] == row["difference"]:
                # A gap, with the group's own figure, gives the rounded counts of everyone else.
                others = np.tile(np.array(weights, dtype=float), (groups, 1))
                others[g] = 0
                total = sum(t[key] for t in exact if t["measure"] == true["measure"]) - true[key]
                told.append((others.ravel(), *band(float(round_count(round(total)) if not is_small(round(total)) else 5))))
    return told


def recovered(counts: np.ndarray, merge: bool) -> list[str]:
    """Small counts of hidden groups that only one value fits."""
    groups = len(counts)
    exact = records(counts, "fine")
    shown = publish(exact, KINDS)
    told = known(shown, exact, groups)
    if merge:
        # A second roll-up of the same children: the last two groups are one.
        merged = np.vstack([counts[:-2], counts[-2:].sum(axis=0)])
        coarse = records(merged, "coarse")
        join = np.zeros((groups - 1, groups))
        join[np.minimum(np.arange(groups), groups - 2), np.arange(groups)] = 1
        for form, low, high in known(publish(coarse, KINDS), coarse, groups - 1):
            told.append(((join.T @ form.reshape(groups - 1, 4)).ravel(), low, high))
    whole = np.ones((groups, 4)).ravel()
    told.append((whole, *band(float(round_count(int(counts.sum()))))))
    A, low, high = (np.array(x) for x in zip(*told, strict=True))
    rule = LinearConstraint(A, low, high)
    found = []
    for row, true in zip(shown, exact, strict=True):
        part = round(true["successes"])
        if not row["hidden"] or not is_small(part):
            continue
        target = np.zeros((groups, 4))
        target[int(row["group"])] = PARTS[row["measure"]][0]
        ends = [milp(sign * target.ravel(), constraints=rule, integrality=np.ones(4 * groups), bounds=Bounds(0, np.inf)) for sign in (1.0, -1.0)]
        assert ends[0].success, "the true counts fit what is told, so there is an answer"
        least, most = ends[0].fun, -ends[1].fun if ends[1].success else math.inf
        if round(least) == round(most) if math.isfinite(most) else False:
            found.append(f"{row['measure']} of group {row['group']}: {part}")
    return found


def draw(rng: np.random.Generator) -> np.ndarray:
    groups = int(rng.integers(2, 6))
    size = rng.choice([15, 60, 300, 2000], groups)
    need = rng.binomial(size, rng.uniform(0.02, 0.2))
    found = rng.binomial(need, rng.uniform(0.1, 0.6))
    extra = rng.binomial(size - need, rng.uniform(0.005, 0.1))
    return np.column_stack([found, need - found, extra, size - need - extra]).astype(int)


@pytest.mark.parametrize("merge", [False, True], ids=["one roll-up", "two roll-ups"])
def test_no_small_count_comes_back(merge: bool) -> None:
    rng = np.random.default_rng(5 + merge)
    hidden = 0
    given_back = []
    for _ in range(TABLES // 2):
        counts = draw(rng)
        hidden += sum(row["hidden"] for row in publish(records(counts, "x"), KINDS))
        given_back += recovered(counts, merge and len(counts) > 2)
    print(f"{TABLES // 2} tables, {hidden} figures hidden, {len(given_back)} small counts given back")
    assert hidden > TABLES and given_back == []


def test_the_attack_works_where_nothing_but_the_small_count_is_hidden() -> None:
    """It can fail: with exact margins and one hidden group the small count comes back."""
    groups = 2
    counts = np.array([[2, 5, 9, 400], [30, 40, 50, 900]])
    told = []
    for weights in np.eye(4):
        other, both = np.zeros((groups, 4)), np.tile(weights, (groups, 1))
        other[1] = weights
        told += [(other.ravel(), float(counts[1] @ weights)), (both.ravel(), float((counts @ weights).sum()))]
    A, values = (np.array(x) for x in zip(*told, strict=True))
    target = np.zeros((groups, 4))
    target[0, 0] = 1
    ends = [
        milp(s * target.ravel(), constraints=LinearConstraint(A, values, values), integrality=np.ones(8), bounds=Bounds(0, np.inf)).fun
        for s in (1, -1)
    ]
    assert ends[0] == pytest.approx(-ends[1]) == pytest.approx(2)
