"""Audit rows as they may be published: everything is worked out again from rounded counts.

A rate to two decimals, an interval or a gap gives back the exact counts it was made from. So nothing exact is rounded for show:
counts are rounded first, and shares, intervals and gaps are computed from those. What a small count stands behind is hidden,
and so is what would give it away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from early_id.present.disclosure import is_small, round_count
from early_id.report.showing import STEP, number, widened
from early_id.stats.intervals import newcombe, proportion_interval

#: Measures whose counts hang together: a group hidden in one is hidden in all of its set, because they share counts
#: (children with the outcome, children listed). A set also hides what the earlier sets it names hide.
_TOGETHER: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    (("children", "children_with_outcome", "outcome_rate", "observed_expected"), ()),
    (("selection_share",), ()),
    (("linked_share",), (0,)),
    (("missed_share", "precision", "false_flag_rate"), (0, 1)),
)
_FIGURES = ("value", "low", "high", "difference", "difference_low", "difference_high", "smallest_detectable")

Record = dict[str, Any]


def publish(records: Sequence[Record], kinds: Mapping[str, str]) -> list[Record]:
    """The same rows with rounded counts and what follows from them, each with ``hidden``.

    Parameters
    ----------
    records : sequence of dict
        Audit rows.
    kinds : mapping
        Measure -> "count", "share" or "ratio".
    """
    hidden = _hidden(records)
    return [
        _hide(record)
        if (record["characteristic"], record["group"], record["measure"]) in hidden
        else _from_rounded(record, kinds.get(record["measure"], "share"), records)
        for record in records
    ]


def _hide(record: Record) -> Record:
    return {**record, **dict.fromkeys(_FIGURES, math.nan), "n": math.nan, "successes": math.nan, "note": "", "hidden": True}


def _from_rounded(record: Record, kind: str, records: Sequence[Record]) -> Record:
    part, whole = rounded(successes(record)), rounded(record["n"])
    shown = {
        **record,
        **dict.fromkeys(_FIGURES, math.nan),
        "n": float(whole),
        "successes": float(part),
        "note": "",
        "hidden": False,
    }
    if kind == "count":
        return {**shown, "n": float(rounded(record["n"])), "value": float(rounded(record["value"]))}
    if not whole:
        return shown
    # To one decimal, upwards: the effect itself was worked out from exact counts.
    effect = math.ceil((number(record.get("design_effect")) or 1.0) * 10) / 10
    rate, low, high = _share(part, whole, effect)
    if kind == "ratio":
        expected = rounded(successes(record) / record["value"]) if number(record["value"]) else 0
        scale = whole / expected if expected else math.nan
        return {**shown, "value": rate * scale, "low": low * scale, "high": high * scale}
    shown |= {"value": rate, "low": low, "high": high}
    others = [r for r in records if _same_table(r, record) and r["group"] != record["group"]]
    rest_part, rest_whole = sum(successes(r) for r in others), sum(number(r["n"]) or 0.0 for r in others)
    if rest_whole and number(record["difference"]) is not None and not _small(rest_part, rest_whole):
        rest = _share(rounded(rest_part), rounded(rest_whole), effect)
        d_low, d_high = newcombe(rate, low, high, *rest)
        smallest = widened(number(record["smallest_detectable"]), 1, STEP)
        shown |= {"difference": rate - rest[0], "difference_low": float(d_low), "difference_high": float(d_high)}
        shown |= {"smallest_detectable": math.nan if smallest is None else smallest}
    return shown


def _share(part: int, whole: int, effect: float) -> tuple[float, float, float]:
    """Rate and interval of rounded counts; rounding can lift a part above its whole."""
    part = min(part, whole)
    low, high = proportion_interval(part, whole, effect)
    return part / whole, float(low), float(high)


def rounded(count: Any) -> int:
    """To the nearest 5; a small one becomes 5, but what holds it is hidden before it gets here."""
    shown = round_count(round(number(count) or 0.0))
    return shown if isinstance(shown, int) else 5


def successes(record: Record) -> float:
    """How many of ``n`` were counted."""
    given = number(record.get("successes"))
    return given if given is not None else (number(record["value"]) or 0.0) * (number(record["n"]) or 0.0)


def _same_table(one: Record, other: Record) -> bool:
    return bool(one["characteristic"] == other["characteristic"] and one["measure"] == other["measure"])


def _small(part: float, whole: float) -> bool:
    """Whether the whole, those counted, or the rest number 1 to 5."""
    return any(is_small(max(round(count), 0)) for count in (whole, part, whole - part))


def _hidden(records: Sequence[Record]) -> set[tuple[str, str, str]]:
    """(characteristic, group, measure) of every figure that may not be published.

    Per characteristic and set of measures that hang together: first every group with a small count in any of them, then, where
    that is exactly one group, the smallest other group too, because totals stand elsewhere in the report.
    """
    hidden: set[tuple[str, str, str]] = set()
    for name in dict.fromkeys(record["characteristic"] for record in records):
        own = [record for record in records if record["characteristic"] == name]
        groups = list(dict.fromkeys(record["group"] for record in own))
        size = {group: max(number(r["n"]) or 0.0 for r in own if r["group"] == group) for group in groups}
        by_set: list[set[str]] = []
        for measures, earlier in _TOGETHER:
            small = {r["group"] for r in own if r["measure"] in measures and _small(successes(r), number(r["n"]) or 0.0)}
            small |= set().union(*(by_set[i] for i in earlier))
            if len(small) == 1 and len(groups) > 1:
                small.add(min((g for g in groups if g not in small), key=lambda g: (size[g], str(g))))
            by_set.append(small)
            hidden |= {(name, group, measure) for group in small for measure in measures}
    return hidden
