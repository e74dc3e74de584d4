"""What could be done about a gap, as far as the audit studied it: lists made in other ways, who gains and who loses, the gap taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from early_id.audit.options import BY_THEME, CAUTION, FEWER, LEVELLING, LEVELLING_FLAGS
from early_id.present import page
from early_id.present.tradeoff import trade_off
from early_id.present.wording import and_list
from early_id.report.context import list_name
from early_id.report.in_words import MEASURE_NAMES
from early_id.report.origins import SHOWN, Parts, figure, plain, told
from early_id.report.section import Material, bullets, lead_in, paragraph
from early_id.report.showing import number

#: What makes a gap smaller, in a table.
IN_BRIEF = {LEVELLING: "levelling down", LEVELLING_FLAGS: "levelling down", FEWER: "fewer found in all"}

WHAT_IT_IS = (
    "Each line is a list made another way and set beside the list as it is: the same test date, the same places on each list (but for more places, and for places "
    "by area, which shares the same number out anew), differences paired by family. It is a study; nothing of it was applied."
)
HOW_TO_READ = (
    "Further to the right finds more families; nearer to the line at 0 leaves a smaller gap. The filled dot is the list as it is; the numbers are those of the table; "
    "the lines are 95% intervals of the change in the gap."
)


def _exact(made: pd.DataFrame) -> str:
    """Whether the reasons that people are given would still be the whole of it."""
    by_theme = [str(name) for name in made.loc[made["reasons_exact"] == BY_THEME, "option"]]
    but = f", but {and_list(by_theme)}: there the share of a theme is exact, of a single sign in it not" if by_theme else ""
    return f"The reasons given for a suggestion would stay exact on every list that is not refused{but}."


def options(m: Material, audience: str) -> Parts:
    """What could be done: a study, never applied."""
    made, gaps = m.study(audience, "options"), m.study(audience, "option_gaps")
    if made.empty:
        words = "Lists made in other ways (without a theme, with more places, for another outcome) were not studied in this run: audit.study in the settings."
        return [paragraph(words)] if audience == next(iter(m.groups)) else []
    if m.showing.publishable:  # which option does what follows from exact counts
        return told(m, audience, "What could be done", f"{WHAT_IT_IS} {CAUTION}", [])
    first = _judged_by(m, audience, gaps)
    mine = gaps[(gaps["group"] == first["group"]) & (gaps["characteristic"] == first["characteristic"]) & (gaps["measure"] == first["measure"])]
    by_option = {str(row["option"]): row for row in mine.to_dict("records")}
    what = f"{first['characteristic_label']}: {first['group']} ({m.context.words.text(MEASURE_NAMES.get(first['measure'], first['measure']))})"
    tested = m.groups[audience].find(first["measure"], first["characteristic"], first["group"])
    chance = "" if tested is not None and tested.is_found else " No gap was found there; it is the widest with enough outcomes, so it may be chance."
    down = [row["option"] for row in by_option.values() if row["note"] in (LEVELLING, LEVELLING_FLAGS) and _is_sure(row)]
    warned = (
        f"Levelling down, where the gap shrinks mostly because those who fared better fare worse: {and_list(down)}."
        if down
        else "No option makes this gap smaller, beyond chance, mostly by treating those who fared better worse."
    )
    said = [
        f"Judged by the gap for {what}.{chance}",
        f"{warned} The second table shows how many children each list finds more, or fewer, in the group and elsewhere.",
        _exact(made),
        CAUTION,
    ]
    headings = ["List made", "Places", "Families found", "Missed share: change, in points", f"Gap for {what}: change, in points", "Note"]
    cells = [_line(n, row, by_option.get(row["option"], {})) for n, row in enumerate(made.to_dict("records"), start=1)]
    table = page.table_html(headings, cells, f"What could be done: {list_name(audience).lower()}")
    chart = _chart(made, by_option, f"{list_name(audience)}: gap for {what} against families found")
    parts = [bullets(said), lead_in(HOW_TO_READ), page.chart_html(chart, table), *_who_loses(m, gaps), *_steps(m, audience)]
    return told(m, audience, "What could be done", WHAT_IT_IS, parts, sheet="options")


def _line(n: int, row: Mapping[str, Any], gap: Mapping[str, Any]) -> list[Any]:
    """One list made another way, beside the list as it is."""
    change = figure(gap, "change", "change_low", "change_high", signed=True) if gap and row["kind"] != "base" else "–"
    missed = figure(row, "change", "change_low", "change_high", signed=True) if row["kind"] not in ("base", "by group") else "–"
    note = IN_BRIEF.get(str(gap.get("note", "")), "")
    note = (note if _is_sure(gap) else f"{note}, if it is not chance") if note else row["status"]
    return [f"{n}. {row['option']}", plain(row["places"]), plain(row["families_found"]), missed, change, note]


def _is_sure(gap: Mapping[str, Any]) -> bool:
    """Whether the gap changes by more than chance explains."""
    return bool(gap["change_low"] > 0 or gap["change_high"] < 0)


def _chart(made: pd.DataFrame, by_option: Mapping[str, Mapping[str, Any]], title: str) -> Markup:
    """Each list that differs from the list as it is, by the families it finds and the gap it leaves."""
    points: list[dict[str, Any]] = []
    usual = made["families_found"].iloc[0]
    for n, row in enumerate(made.to_dict("records"), start=1):
        gap, found = by_option.get(row["option"]), number(row["families_found"])
        if gap is None or found is None or not (row["kind"] == "base" or abs(gap["change"]) > 1e-9 or abs(found - usual) > 1e-9):
            continue
        half = (gap["change_high"] - gap["change_low"]) / 2 if row["kind"] != "base" else 0.0
        points.append({"number": n, "label": row["option"], "x": found, "y": gap["gap"], "low": gap["gap"] - half, "high": gap["gap"] + half})
    return trade_off(
        points,
        title=title,
        desc=" ".join(f"{one['label']}: {one['x']:.0f} families found, gap {100 * one['y']:+.1f} points." for one in points),
        x_label="listed families in which somebody had the outcome",
        y_label="gap, percentage points",
    )


def _judged_by(m: Material, audience: str, gaps: pd.DataFrame) -> dict[str, Any]:
    """The gap that options are judged by: the widest that was found, or else the widest of all."""
    base = gaps[gaps["kind"] == "base"].dropna(subset=["gap"])
    rows = (m.groups[audience].find(row["measure"], row["characteristic"], row["group"]) for row in base.to_dict("records"))
    is_found = [row is not None and row.is_found for row in rows]
    shown = base[is_found] if any(is_found) else base
    found: dict[str, Any] = shown.loc[shown["gap"].abs().idxmax()].to_dict()
    return found


def _more(children: float) -> str:
    """How many more: "+2", "−11", "0"; to one decimal where a tie is shared out."""
    text = f"{children:+.1f}".removesuffix(".0").replace("-", "−")
    return "0" if text in ("+0", "−0") else text


def _who_loses(m: Material, gaps: pd.DataFrame) -> Parts:
    """Children with the outcome found more, or less, in each watched group and elsewhere."""
    missed = gaps[(gaps["measure"] == "missed_share") & (gaps["kind"] != "base")]
    moved = missed[(missed["more_found_in_group"].abs() + missed["more_found_elsewhere"].abs()) >= 0.5]
    if moved.empty:
        return []
    order = (moved["more_found_in_group"].abs() + moved["more_found_elsewhere"].abs()).sort_values(ascending=False, kind="stable").index
    cells: list[Any] = [
        [
            row["option"],
            f"{row['characteristic_label']}: {row['group']}",
            _more(row["more_found_in_group"]),
            _more(row["more_found_elsewhere"]),
            row["note"] or "–",
        ]
        for row in moved.reindex(order).head(SHOWN).to_dict("records")
    ]
    headings = ["List made", "Group", "Children with the outcome found more in the group", "… elsewhere", "Note"]
    return [page.table_html(headings, cells, "Who gains and who loses, most children first")]


def _steps(m: Material, audience: str) -> Parts:
    frame = m.study(audience, "decomposition")
    if frame.empty:
        return []
    cells: list[Any] = [
        [
            f"{row['characteristic_label']}: {row['group']}",
            row["step"],
            figure(row, "gap", "gap_low", "gap_high", signed=True),
            "–" if row["part"] != row["part"] else figure(row, "part", "part_low", "part_high", signed=True),
        ]
        for row in frame.to_dict("records")
    ]
    words = (
        "The gap in the share listed, taken apart in one order: first what goes with having the outcome more or less often, then what goes when the theme "
        "most linked to the group is left out, then what is left. It is a description; another order would give other parts, and none is a cause."
    )
    return [
        lead_in(words),
        page.table_html(
            ["Group", "Step", "Gap that is left, in points (95% interval)", "Part, in points (95% interval)"], cells, "The gap, taken apart"
        ),
    ]
