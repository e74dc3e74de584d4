"""What is not known of a child, and which records are old: said on every sheet, since an empty record is not a good one."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING

from early_id.core.types import Missing, Unit
from early_id.explain.wording import holder, is_withheld, period_text, sentence_case, short_label, theme_title
from early_id.present.wording import day_text
from early_id.schema.absence import IS_ABSENT_FOR_FEATURES

if TYPE_CHECKING:
    from early_id.explain.narrative import Row
    from early_id.features.declare import Feature

MOST_NOT_KNOWN = 4
#: So many values of a theme are named one by one.
MOST_NAMED = 2
#: Table of what is found at assessments: who was never assessed has no row in it.
ASSESSMENTS = "household_factors"
#: Values that are no records but comparisons, and what is said where one could not be made.
NOT_COMPARABLE = {
    "change": "Change over time: not enough earlier records to compare with.",
    "against_peers": "The same year group at this school: not enough records to compare with.",
}
#: Tables of what lasts, such as a home: that it began long ago does not make the record old.
LASTING = frozenset({"household_members", "enrolments"})
#: More old sources than this are told in one line.
MOST_OUT_OF_DATE = 2
#: Days after which a record that is made all the time (a register mark) is out of date; others after a year.
STALE_AFTER = {"attendance": 28}
STALE_OTHERWISE = 365


def not_known(by_theme: dict[str, list[Feature]], row: Row, held: frozenset[str] | None) -> tuple[str, ...]:
    """Themes and values without a record, never read as zero. Facts that may not be printed are not named here either."""
    whole, lines, compared = [], [], []
    for theme, members in by_theme.items():
        # Of brothers and sisters nobody has, nothing is missing.
        alone = any(f.measure.kind == "relatives" and row.values[f.name] == 0 for f in members)
        shown = [f for f in members if not is_withheld(f) and (held is None or f.name in held) and not (alone and f.unit is Unit.FAMILY)]
        unknown = [f for f in shown if math.isnan(row.values[f.name]) and _would_be_known(f)]
        if shown and len(unknown) == len(shown):
            whole.append(sentence_case(f"{theme_title(theme)}: no record to go by"))
            continue
        compared += [NOT_COMPARABLE[f.measure.kind] for f in unknown if f.measure.kind in NOT_COMPARABLE]
        lines += _holes(theme_title(theme), [f for f in unknown if f.measure.kind not in NOT_COMPARABLE])
    lines = list(dict.fromkeys([*whole, *lines, *compared]))
    if len(lines) > MOST_NOT_KNOWN:
        more = len(lines) - MOST_NOT_KNOWN + 1
        lines = [*lines[: MOST_NOT_KNOWN - 1], f"And {more} more things that are not recorded."]
    return tuple(lines)


def _holes(title: str, unknown: list[Feature]) -> list[str]:
    """What one theme lacks. Named one by one, signs nobody holds anything about would plant their words on a blank record."""
    blank = [f for f in unknown if f.missing is Missing.ZERO_IF_COVERED]
    assessed = [f for f in unknown if f.source == ASSESSMENTS and f not in blank]
    others = [f for f in unknown if f not in blank and f not in assessed]
    lines = [f"{title}: {_not_covered(blank)}"] if blank else []
    lines += [f"{title}: no assessment on record"] if assessed else []
    lines += [f"{title}: some of it is not recorded"] if len(others) > MOST_NAMED else [f"{short_label(f)}: not recorded" for f in others]
    return [sentence_case(line) for line in lines]


def _not_covered(blank: list[Feature]) -> str:
    """How far back the records reach too little: the shortest of the windows, lest it be read against what is told of a shorter one."""
    whom = "them" if all(f.unit is Unit.FAMILY for f in blank) else "this child"
    shortest = min(blank, key=_reach)
    if _reach(shortest) == math.inf:
        return f"the records do not cover {whom} for all of the time"
    return f"the records do not cover {whom} for the whole of {period_text(shortest)}"


def _reach(feature: Feature) -> float:
    """About how many days back a window goes."""
    window = feature.window
    return {"last_days": window.first, "between_days": window.first, "last_school_weeks": 7 * window.first, "this_term": 90, "this_year": 300}.get(
        window.kind, math.inf
    )


def _would_be_known(feature: Feature) -> bool:
    """Whether an unknown value is a hole in the records. Days since something that never happened are none; nor are patterns of too few absences."""
    of_absences = feature.measure.kind == "share" and feature.measure.among == IS_ABSENT_FOR_FEATURES
    return feature.measure.kind not in ("days_since_last", "mean_gap") and not of_absences


def out_of_date(features: tuple[Feature, ...], row: Row) -> tuple[str, ...]:
    """Sources whose newest record behind a value is old, each told once."""
    newest: dict[str, date] = {}
    limit: dict[str, int] = {}
    for feature in features:
        day = row.newest.get(feature.name)
        value = row.values[feature.name]
        # That the last one is long ago says that nothing has come since, not that the records stopped.
        if day is None or is_withheld(feature) or math.isnan(value) or value == 0 or feature.measure.kind == "days_since_last":
            continue
        if feature.source in LASTING or feature.window.kind == "ever":  # what ever happened has happened
            continue
        name = holder(feature)
        newest[name] = max(day, newest.get(name, day))
        limit[name] = STALE_AFTER.get(feature.source, STALE_OTHERWISE)
    old = {name: day for name, day in newest.items() if (row.as_of - day).days > limit[name]}
    if len(old) > MOST_OUT_OF_DATE:
        named = "; ".join(f"{name}, {day_text(day)}" for name, day in old.items())
        return (f"The newest records used are old. Check that they still hold: {named}.",)
    return tuple(
        f"{name[:1].upper()}{name[1:]}: the newest record used is from {day_text(day)}. Check that it still holds." for name, day in old.items()
    )
