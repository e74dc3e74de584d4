"""What is published is worked out from rounded counts only, so it cannot tell more than they do."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from early_id.present.disclosure import is_small
from early_id.report.publish import publish

KINDS = {"outcome_rate": "share", "missed_share": "share", "precision": "share", "children": "count"}
CELLS = st.tuples(st.integers(0, 300), st.integers(0, 60), st.integers(0, 40), st.integers(0, 40))


def records(cells: list[tuple[int, int, int, int]], nudge: int = 0) -> list[dict[str, Any]]:
    """Audit rows of one characteristic: children without the outcome, missed, found, listed without need."""
    rows = []
    for g, (rest, missed, found, extra) in enumerate(cells):
        need = missed + found
        n = rest + need + extra
        for measure, part, whole in (
            ("children", n, n),
            ("outcome_rate", need, n),
            ("missed_share", missed, need),
            ("precision", found, found + extra),
        ):
            part, whole = _nudged(part, nudge), _nudged(whole, nudge)
            value = part / whole if whole else math.nan
            rows.append(
                {
                    "characteristic": "x",
                    "group": f"g{g}",
                    "measure": measure,
                    "n": float(whole),
                    "successes": float(part),
                    "value": float(part) if measure == "children" else value,
                    "low": value,
                    "high": value,
                    "difference": value,
                    "difference_low": value,
                    "difference_high": value,
                    "smallest_detectable": 0.1,
                    "design_effect": 1.0,
                    "verdict": "",
                    "note": "exact",
                }
            )
    return rows


def _nudged(n: int, way: int) -> int:
    """Another count with the same rounded form, where there is one."""
    moved = n + way
    same = (moved + 2) // 5 == (n + 2) // 5 and moved > 5 and n > 5
    return moved if same else n


@given(st.lists(CELLS, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_small_counts_and_lone_hidden_groups_do_not_show(cells: list[tuple[int, int, int, int]]) -> None:
    exact = records(cells)
    shown = publish(exact, KINDS)
    for before, after in zip(exact, shown, strict=True):
        part, whole = round(before["successes"]), round(before["n"])
        if any(is_small(count) for count in (part, whole, whole - part)):
            assert after["hidden"]
        if after["hidden"]:
            assert math.isnan(after["n"]) and math.isnan(after["value"]) and math.isnan(after["difference"])
        else:
            assert after["n"] % 5 == 0 and after["successes"] % 5 == 0
        assert after["note"] == ""
    for measure in KINDS:
        hidden = [row["hidden"] for row in shown if row["measure"] == measure]
        assert sum(hidden) != 1 or len(hidden) == 1


@given(st.lists(CELLS, min_size=1, max_size=3), st.sampled_from([-2, -1, 1, 2]))
@settings(max_examples=200, deadline=None)
def test_counts_with_the_same_rounded_form_publish_the_same(cells: list[tuple[int, int, int, int]], nudge: int) -> None:
    """Gaps too, where the counts of everyone else together have the same rounded form."""
    exact = records(cells), records(cells, nudge)
    plain, nudged = (publish(rows, KINDS) for rows in exact)
    for n, (one, other) in enumerate(zip(plain, nudged, strict=True)):
        if one["hidden"] or other["hidden"]:
            continue
        keys = ("n", "successes", "value", "low", "high")
        assert [str(one[key]) for key in keys] == [str(other[key]) for key in keys]
        if _rest(exact[0], n) == _rest(exact[1], n):
            gaps = ("difference", "difference_low", "difference_high")
            assert [str(one[key]) for key in gaps] == [str(other[key]) for key in gaps]


def _rest(rows: list[dict[str, Any]], n: int) -> list[int]:
    """Rounded counts of everyone else in the table of one row."""
    others = [r for r in rows if r["measure"] == rows[n]["measure"] and r["group"] != rows[n]["group"]]
    return [(round(sum(r[key] for r in others)) + 2) // 5 for key in ("successes", "n")]


@given(st.lists(CELLS, min_size=2, max_size=5))
@settings(max_examples=100, deadline=None)
def test_intervals_hold_their_value(cells: list[tuple[int, int, int, int]]) -> None:
    for row in publish(records(cells), KINDS):
        if not math.isnan(row["low"]):
            assert 0 <= row["low"] <= row["value"] + 1e-9 and row["value"] - 1e-9 <= row["high"] <= 1
        if not math.isnan(row["difference"]):
            assert row["difference_low"] - 1e-9 <= row["difference"] <= row["difference_high"] + 1e-9
