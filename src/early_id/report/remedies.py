"""What could be done about a gap, as far as the audit studied it: lists made in other ways, who gains and who loses, the gap taken apart."""

from __future__ import annotations

from typing import Any

import pandas as pd

from early_id.audit.options import BY_THEME, CAUTION, FEWER, LEVELLING, LEVELLING_FLAGS
from early_id.present import page
from early_id.present.tradeoff import trade_off
from early_id.present.wording import and_list
from early_id.report.context import list_name
from early_id.report.in_words import MEASURE_NAMES
from early_id.report.origins import SHOWN, Parts, figure, plain, told
from early_id.report.section import Material, lead_in, paragraph
from early_id.report.showing import number

#: What makes a gap smaller, in a table.
IN_BRIEF = {LEVELLING: "levelling down", LEVELLING_FLAGS: "levelling down", FEWER: "fewer found in all"}

HOW_TO_READ = (
    "In the picture, further to the right finds more families, and nearer to the line at 0 leaves a smaller gap; the filled dot is the list as it is, the lines "
    "are 95% intervals of the change in the gap. "
)


def _exact(made: pd.DataFrame) -> str:
    """Whether the reasons that people are given would still be the whole of it."""
    by_theme = [str(name) for name in made.loc[made["reasons_exact"] == BY_THEME, "option"]]
    but = f", but {and_list(by_theme)}: there the share of a theme is exact, of a single sign in it not" if by_theme else ""
    return f"The reasons given for a suggestion would stay exact on every list that is not refused{but}. "


def options(m: Material, audience: str) -> Parts:
    """What could be done: a study, never applied."""
    made, gaps = m.study(audience, "options"), m.study(audience, "option_gaps")
    if made.empty:
        words = "Lists made in other ways (without a theme, with more places, for another outcome) were not studied in this run: audit.study in the settings."
        return [paragraph(words)] if audience == next(iter(m.groups)) else []
    first = _widest(gaps)
    cells: list[Any] = []
    points: list[dict[str, Any]] = []
    for n, row in enumerate(made.to_dict("records"), start=1):
        own = gaps[gaps["option"] == row["option"]]
        mine = own[(own["group"] == first["group"]) & (own["characteristic"] == first["characteristic"]) & (own["measure"] == first["measure"])]
        gap = mine.iloc[0].to_dict() if len(mine) else {}
        change = figure(gap, "change", "change_low", "change_high", signed=True) if gap and row["kind"] != "base" else "–"
        levelled = IN_BRIEF.get(str(gap.get("note", "")), "")
        missed = figure(row, "change", "change_low", "change_high", signed=True) if row["kind"] not in ("base", "by group") else "–"
        found = number(row["families_found"])
        cells.append([f"{n}. {row['option']}", plain(row["places"]), plain(row["families_found"]), missed, change, levelled or row["status"]])
        moved = gap and (abs(gap["change"]) > 1e-9 or abs(found - made["families_found"].iloc[0]) > 1e-9)
        if gap and found is not None and (moved or row["kind"] == "base"):
            half = (gap["change_high"] - gap["change_low"]) / 2 if row["kind"] != "base" else 0.0
            points.append({"number": n, "label": row["option"], "x": found, "y": gap["gap"], "low": gap["gap"] - half, "high": gap["gap"] + half})
    what = f"{first['characteristic_label']}: {first['group']} ({m.context.words.text(MEASURE_NAMES.get(first['measure'], first['measure']))})"
    svg = trade_off(
        points,
        title=f"{list_name(audience)}: gap for {what} against families found",
        desc=" ".join(f"{one['label']}: {one['x']:.0f} families found, gap {100 * one['y']:+.1f} points." for one in points),
        x_label="listed families in which somebody had the outcome",
        y_label="gap, percentage points",
    )
    judged = gaps[(gaps["group"] == first["group"]) & (gaps["characteristic"] == first["characteristic"])]
    # Which option it is follows from exact counts, so a published page does not name one.
    down = [] if m.showing.publishable else sorted(set(judged.loc[judged["note"].isin((LEVELLING, LEVELLING_FLAGS)), "option"]))
    tested = m.groups[audience].find(first["measure"], first["characteristic"], first["group"])
    chance = (
        ""
        if tested is not None and tested.verdict == "gap found"
        else "The gap that options are judged by is the widest with enough outcomes; no gap was found there, so it may be chance. "
    )
    warned = (
        f"Levelling down, where a gap shrinks mostly because others fare worse: {and_list(down)}."
        if down
        else ""
        if m.showing.publishable
        else "No option makes the gap smaller mostly by treating others worse; the table of who gains and who loses shows whom each would miss."
    )
    words = (
        "Each line is a list made another way and set beside the list as it is: the same test date, the same places on each list (but for more places, and for places "
        f"by area, which shares the same number out anew), differences paired by family. It is a study; nothing of it was applied. {chance}{warned} "
        f"{'' if m.showing.publishable else HOW_TO_READ + _exact(made)}{CAUTION}"
    )
    headings = ["List made", "Places", "Families found", "Missed share: change, in points", f"Gap for {what}: change, in points", "Note"]
    table = page.table_html(headings, cells, f"What could be done: {list_name(audience).lower()}")
    parts = [page.chart_html(svg, table), *_who_loses(m, gaps), *_steps(m, audience)]
    return told(m, audience, "What could be done", words, parts, sheet="options")


def _widest(gaps: pd.DataFrame) -> dict[str, Any]:
    base = gaps[gaps["kind"] == "base"].dropna(subset=["gap"])
    found: dict[str, Any] = base.loc[base["gap"].abs().idxmax()].to_dict()
    return found


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
            f"{row['more_found_in_group']:+.1f}",
            f"{row['more_found_elsewhere']:+.1f}",
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
            f"{100 * row['gap']:+.1f}",
            "–" if row["part"] != row["part"] else f"{100 * row['part']:+.1f}",
        ]
        for row in frame.to_dict("records")
    ]
    words = (
        "The gap in the share listed, taken apart in one order: first what goes with having the outcome more or less often, then what goes when the theme "
        "most linked to the group is left out, then what is left. It is a description; another order would give other parts, and none is a cause."
    )
    return [lead_in(words), page.table_html(["Group", "Step", "Gap that is left, in points", "Part, in points"], cells, "The gap, taken apart")]
