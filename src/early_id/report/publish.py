"""Audit rows as they may be published: everything is worked out again from rounded counts.

A rate to two decimals, an interval or a gap gives back the exact counts it was made from. So nothing exact is rounded for show:
counts are rounded first, and shares, intervals and gaps are computed from those. What a small count stands behind is hidden,
and so is what would give it away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from early_id.audit.gaps import EVERYONE_ELSE
from early_id.core.types import Verdict
from early_id.present.disclosure import is_small, round_count
from early_id.report.showing import STEP, number, widened
from early_id.stats.intervals import newcombe, proportion_interval

#: Measures whose counts hang together: a group hidden in one is hidden in all of its set, because they share counts
#: (children with the outcome, children listed). A set also hides what the earlier sets it names hide.
_TOGETHER: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    (("children", "children_with_outcome", "outcome_rate", "observed_expected"), ()),
    (("selection_share",), ()),
    (("linked_share",), (0,)),
    (("missed_share", "precision", "conversations", "false_flag_rate"), (0, 1)),
)
_FIGURES = ("value", "low", "high", "difference", "difference_low", "difference_high", "smallest_detectable", "smallest_detectable_lower")

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
    # What another characteristic shows already, divided in another way, is not published twice; only its verdicts are.
    records = joined([record for record in records if not record.get("told_by")]) + [r for r in records if r.get("told_by") and r.get("verdict")]
    hidden = _hidden([record for record in records if not record.get("told_by")]) | {_key(r) for r in records if r.get("told_by")}
    return [
        _hide(record) if _key(record) in hidden else _from_rounded(record, kinds.get(record["measure"], "share"), _others(record, records, hidden))
        for record in records
    ]


def _key(record: Record) -> tuple[str, str, str]:
    return record["characteristic"], record["group"], record["measure"]


def _others(record: Record, records: Sequence[Record], hidden: set[tuple[str, str, str]]) -> list[Record]:
    """Rows that a group is compared with: everyone else, or the group that the settings name, if it is shown."""
    table = [r for r in records if (r["characteristic"], r["measure"]) == (record["characteristic"], record["measure"])]
    against = record.get("comparator")
    if against in (None, "", EVERYONE_ELSE):
        return [r for r in table if r["group"] != record["group"]]
    return [r for r in table if r["group"] == against and _key(r) not in hidden]


def joined(records: Sequence[Record]) -> list[Record]:
    """Rows in which groups of one to five children are counted with the largest group of their characteristic, which is named after both.

    Hidden by itself, such a group would hide others: two children whose sex is not known hid girls and boys, or the two could be worked out. Joined, they
    stand nowhere, and the page is that of a council which never held them apart. Two groups have to be left to be compared.
    """
    size: dict[tuple[str, str], float] = {}
    for r in records:
        size[r["characteristic"], r["group"]] = max(size.get((r["characteristic"], r["group"]), 0.0), number(r["n"]) or 0.0)
    made = list(records)
    for name in dict.fromkeys(record["characteristic"] for record in records):
        own = {group: n for (one, group), n in size.items() if one == name}
        tiny = [group for group, n in own.items() if is_small(round(n))]
        others = [group for group in own if group not in tiny]
        if tiny and len(others) > 1:
            host = max(others, key=lambda group, own=own: (own[group], str(group)))  # type: ignore[misc]
            label = f"{host}, and {tiny[0]}" if len(tiny) == 1 else f"{host}, and very small groups"
            made = _with_host(made, name, host, set(tiny), label)
    return made


def _with_host(records: Sequence[Record], name: str, host: str, tiny: set[str], label: str) -> list[Record]:
    found: list[Record] = []
    for record in records:
        if record["characteristic"] != name:
            found.append(record)
        elif record["group"] == host:
            few = [r for r in records if r["group"] in tiny and (r["characteristic"], r["measure"]) == (name, record["measure"])]
            found.append(_together(record, few, label))
        elif record["group"] not in tiny:
            found.append({**record, "comparator": label} if record.get("comparator") == host else record)
    return found


def _together(host: Record, few: Sequence[Record], label: str) -> Record:
    """The row of a group with those of a few children added to it; what was expected of them is under one child and left out."""
    part, whole = (sum(count(r) for r in (host, *few)) for count in (successes, lambda r: number(r["n"]) or 0.0))
    value = number(host["value"])
    ratio = str(host["measure"]) == "observed_expected"
    if ratio and value:
        shown = part * value / (successes(host) or math.nan)
    else:
        shown = part if str(host["measure"]).startswith("children") else part / whole if whole else math.nan
    words = {str(r.get("verdict") or "") for r in (host, *few)}
    verdict = next((str(v) for v in (Verdict.GAP_FOUND, Verdict.CANNOT_TELL, Verdict.NO_GAP_FOUND) if str(v) in words), "")
    return {**host, "group": label, "n": whole, "successes": part, "value": shown, "members": "", "verdict": verdict}


def _hide(record: Record) -> Record:
    """A row without its figures. Of a gap that was found it stays known which side is worse off: that it was found says as much of its size."""
    way = number(record["difference"]) if record.get("verdict") == str(Verdict.GAP_FOUND) else None
    return {
        **record,
        "way": 0 if not way else 1 if way > 0 else -1,
        **dict.fromkeys(_FIGURES, math.nan),
        "n": math.nan,
        "successes": math.nan,
        "note": "",
        "hidden": True,
    }


def _from_rounded(record: Record, kind: str, others: Sequence[Record]) -> Record:
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
    if kind == "per":  # families listed for each one helped: the share turned over, without a gap of its own
        return shown | {key: 1 / v if v and v == v else math.nan for key, v in (("value", rate), ("low", high), ("high", low))}
    rest_part, rest_whole = sum(successes(r) for r in others), sum(number(r["n"]) or 0.0 for r in others)
    if rest_whole and number(record["difference"]) is not None and not _small(rest_part, rest_whole):
        rest = _share(rounded(rest_part), rounded(rest_whole), effect)
        d_low, d_high = newcombe(rate, low, high, *rest)
        smallest, lower = (
            widened(number(record.get(key)), way, STEP) for key, way in (("smallest_detectable", 1), ("smallest_detectable_lower", -1))
        )
        shown |= {"difference": rate - rest[0], "difference_low": float(d_low), "difference_high": float(d_high)}
        shown |= {
            "smallest_detectable": math.nan if smallest is None else smallest,
            "smallest_detectable_lower": math.nan if lower is None else lower,
        }
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


def _few_together(records: Sequence[Record], groups: set[str], measures: Sequence[str]) -> bool:
    """Whether the groups together have a small count behind any of the measures."""
    mine = [[r for r in records if r["group"] in groups and r["measure"] == measure] for measure in measures]
    return any(_small(sum(map(successes, rows)), sum(number(r["n"]) or 0.0 for r in rows)) for rows in mine if rows)


def _small(part: float, whole: float) -> bool:
    """Whether the whole, those counted, or the rest number 1 to 5."""
    return any(is_small(max(round(count), 0)) for count in (whole, part, whole - part))


def _hidden(records: Sequence[Record]) -> set[tuple[str, str, str]]:
    """(characteristic, group, measure) of every figure that may not be published.

    Per characteristic and set of measures that hang together: every group with a small count in any of them; where that is exactly one
    group (or one with the outcome), or all of them hold one to five between them, the smallest other group too, because totals stand elsewhere in the report
    and gaps tell of everyone else; and a group that is the same children as one that
    is hidden in another characteristic, or the count would stand there. Again, until nothing changes.
    """
    names = list(dict.fromkeys(record["characteristic"] for record in records))
    own = {name: [record for record in records if record["characteristic"] == name] for name in names}
    size: dict[str, dict[str, float]] = {name: {} for name in names}
    same: dict[str, set[tuple[str, str]]] = {}
    small: dict[tuple[str, int], set[str]] = {}
    for name in names:
        for r in own[name]:
            size[name][r["group"]] = max(size[name].get(r["group"], 0.0), number(r["n"]) or 0.0)
            if r.get("members"):
                same.setdefault(str(r["members"]), set()).add((name, r["group"]))
        for k, (measures, _) in enumerate(_TOGETHER):
            small[name, k] = {r["group"] for r in own[name] if r["measure"] in measures and _small(successes(r), number(r["n"]) or 0.0)}
    empty = {n: {r["group"] for r in own[n] if r["measure"] == "children_with_outcome" and round(successes(r)) == 0} for n in names}
    alike = [pairs for pairs in same.values() if len(pairs) > 1]
    before = -1
    while (count := sum(map(len, small.values()))) != before:
        before = count
        for name in names:
            for k, (_, earlier) in enumerate(_TOGETHER):
                mine = small[name, k]
                mine |= set().union(*(small[name, e] for e in earlier))
                # A group that nobody in has the outcome hides nothing: its nought is shown, so it is no cover for another.
                for cover in (set(size[name]), set(size[name]) - empty[name]):
                    rest = cover - mine
                    # Nor may all that are hidden hold one to five between them: totals and gaps would tell that number.
                    if rest and (len(mine & cover) == 1 or (mine and _few_together(own[name], mine, _TOGETHER[k][0]))):
                        mine.add(min(rest, key=lambda g, name=name: (rounded(size[name][g]), str(g))))  # type: ignore[misc]
        for pairs in alike:
            for k in range(len(_TOGETHER)):
                if any(group in small[name, k] for name, group in pairs):
                    for name, group in pairs:
                        small[name, k].add(group)
    return {(name, group, measure) for (name, k), groups in small.items() for group in groups for measure in _TOGETHER[k][0]}
