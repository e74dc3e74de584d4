"""Sections 7 to 9: crossed groups, before and after people, and themes with what the sharing rule costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from early_id.audit.crossed import EVIDENCE
from early_id.core.types import Verdict
from early_id.present import charts, page
from early_id.present.wording import and_list, count_of, number_word, out_of, percent, plural, sentence_case
from early_id.report.context import list_name
from early_id.report.groups import GroupRow, group_rows
from early_id.report.section import Material, Section, audience_heading, lead_in, paragraph, points, smallest, subheading
from early_id.report.showing import Figure, Showing, number
from early_id.report.who import MEASURE_NAMES, measure_name

#: Crossed groups in the picture and table; the workbook has all.
SHOWN = 10

#: Begins every line of the cost of the sharing rule in the summary of lists.
COST_BEGINS = "families a school list could not show because "

#: Where published, links are given to the nearest such step.
_COARSE = 0.05


def crossed(m: Material) -> Section:
    """Section 7. The numbers of crossed groups are never published: with the tables of single characteristics they would give small ones away."""
    sentences: list[str] = []
    parts = [
        paragraph(
            f"Every pair of characteristics was crossed. A crossed group is compared with everyone else if at least {EVIDENCE} of its children had the "
            f"outcome and {EVIDENCE} had not. This is exploring: there are so many groups that some look different by chance, and what is found here "
            "wants to be seen again before anybody acts on it."
        )
    ]
    for audience in m.groups:
        rows, small = m.study(audience, "crossed"), m.study(audience, "crossed_small")
        if rows.empty and small.empty:
            continue
        compared = rows.drop_duplicates(["characteristic", "group"]) if len(rows) else rows
        found = [row for row in group_rows(rows, Showing(False)).rows if row.verdict == str(Verdict.GAP_FOUND)] if len(rows) else []
        said = f"a gap was found for {and_list([_crossed_label(row) for row in found[:3]])}" if found else "no gap was shown beyond doubt"
        said += f" and {len(found) - 3} more" if len(found) > 3 else ""
        sentences.append(
            f"{list_name(audience)}: of {count_of(len(compared) + len(small), 'crossed group')}, {number_word(len(compared))} "
            f"{plural(len(compared), 'has', 'have')} enough children to compare; {said}."
        )
        if not m.showing.publishable and len(rows):
            parts += [audience_heading(m, audience), *_furthest(audience, rows)]
        if not m.showing.publishable and len(small):
            parts.append(
                paragraph(
                    f"{list_name(audience)}: {count_of(len(small), 'crossed group')} had too few children with or without the outcome. A gap there would not be "
                    "seen. Each is named with its numbers in the workbook of tables."
                )
            )
    if m.showing.publishable:
        parts.append(
            paragraph("The numbers are in the restricted report only: beside those of single characteristics they would give small ones away.")
        )
    finding = "\n".join(sentences) or "No characteristics were crossed: fewer than two are held."
    return Section("crossed", "Crossed groups", finding, tuple(parts))


def _crossed_label(row: GroupRow) -> str:
    return f"{row.label} ({measure_name(row)})"


def _furthest(audience: str, rows: pd.DataFrame) -> list[Markup]:
    """The crossed groups furthest from everyone else: what was found first, then by the size of the gap."""
    order = sorted(
        group_rows(rows, Showing(False)).rows, key=lambda row: (row.verdict != str(Verdict.GAP_FOUND), -abs(row.gap.value or 0.0), row.label)
    )
    shown = order[:SHOWN]
    title = f"{list_name(audience)}: crossed groups furthest from everyone else, in percentage points"
    svg = charts.forest(
        [row.gap.row(f"Row {n}", strong=row.verdict == str(Verdict.GAP_FOUND)) for n, row in enumerate(shown, 1)],
        title=title,
        desc=" ".join(f"Row {n}, {_crossed_label(row)}: {points(row)} points, {row.verdict}." for n, row in enumerate(shown, 1)),
        unit="points",
        zero_line=True,
    )
    headings = ["Group", "Measure", "Counted among", "Gap, in points", "Smallest gap we would nearly always see, in points", "Can we tell?"]
    cells: list[Any] = [[f"{n}. {row.label}", measure_name(row), row.n, points(row), smallest(row), row.verdict] for n, row in enumerate(shown, 1)]
    words = f"The {len(shown)} furthest of {len(order)} figures; all are in the workbook of tables. Rows of the picture are those of the table below it; a filled dot is a gap found."
    return [lead_in(words), page.chart_html(svg, page.table_html(headings, cells, f"Crossed groups: {list_name(audience).lower()}"))]


def before_after(m: Material) -> Section:
    """Section 8."""
    text = (
        "Decisions on the lists are written into the workbooks. Once they come back and are read in, this section will show the list as made beside the list "
        "as acted on, by group. Elsewhere, staff who used a score with their own judgement narrowed a gap the score alone would have made; "
        "that cannot be taken for granted here."
    )
    return Section(
        "before-after", "Before and after people", "No decisions on these lists have been read in, so nothing can be compared.", (paragraph(text),)
    )


def themes(m: Material) -> Section:
    """Section 9."""
    parts: list[Markup] = []
    sentences: list[str] = []
    for audience in m.groups:
        effects = m.study(audience, "themes")
        if effects.empty:
            continue
        first = effects.iloc[0]
        others = m.showing.share(number(first["listed"]), first["others"], None, None)
        if others.value is not None:
            sentences.append(
                f"{list_name(audience)}: what counts most for who is listed is “{str(first['theme']).lower()}”; without it, "
                f"{out_of(others.value, 10).removesuffix(' out of 10')} of every 10 families listed would be others."
            )
        parts += [audience_heading(m, audience), *_effects(m, audience, effects), *_links(m, audience)]
    cost_finding, cost = _cost(m)
    return Section("themes", "Themes, and what the sharing rule costs", "\n".join([*sentences, cost_finding]), (*parts, *cost, *_allowed(m)))


def _effects(m: Material, audience: str, effects: pd.DataFrame) -> list[Markup]:
    """What the list would be without each theme."""
    shown = [(row, m.showing.share(number(row["listed"]), row["others"], None, None)) for row in effects.to_dict("records")]
    svg = charts.bars(
        [figure.row(str(row["theme"])) for row, figure in shown],
        title=f"{list_name(audience)}: of the families listed, the share who would be others without the theme",
        desc=" ".join(f"{row['theme']}: {figure.text()}." for row, figure in shown),
        unit="percent",
    )
    headings, cells = ["Without the theme", "Families listed who would be others"], [[str(row["theme"]), figure.text()] for row, figure in shown]
    if not m.showing.publishable:
        headings += ["Listed with need: change, in points", "Missed share: change, in points", "The gap that moves most, in points"]
        cells = [[*cell, _change(row, "precision"), _change(row, "missed"), _gap_moved(m, row)] for cell, (row, _) in zip(cells, shown, strict=True)]
    words = (
        "Each theme in turn was made to count for nobody, and the list made again at the same places, with nothing fitted anew. It describes this model; it is "
        "not proof of a cause, and a model made without the theme would lean on others."
    )
    caption = f"What each theme adds: {list_name(audience).lower()}"
    return [lead_in(words), page.chart_html(svg, page.table_html(headings, cells, caption, note=m.showing.note))]


def _change(row: Mapping[str, Any], measure: str) -> str:
    """A change in points with its interval, as gaps are written."""
    value, low, high = (number(row[key]) for key in (measure, f"{measure}_low", f"{measure}_high"))
    return Figure(value, low, high).text(signed=True).replace("%", "")


def _gap_moved(m: Material, row: Mapping[str, Any]) -> str:
    label, _, measure = str(row["gap"]).partition("|")
    before, after = number(row["gap_before"]), number(row["gap_after"])
    if before is None or after is None:
        return "none that can be estimated"
    was, then = (percent(value, signed=True, fine=True).rstrip("%") for value in (before, after))
    return f"{label}, {m.context.words.text(MEASURE_NAMES.get(measure, measure))}: {was} becomes {then}"


def _links(m: Material, audience: str) -> list[Markup]:
    """How far each theme goes along with each characteristic."""
    links = m.study(audience, "links")
    if links.empty:
        return []
    step = _COARSE if m.showing.publishable else 0.0
    wide = links.pivot(index="theme", columns="characteristic", values="share")
    order, characteristics = list(dict.fromkeys(links["theme"])), list(dict.fromkeys(links["characteristic"]))
    cells: list[Any] = [[theme, *(_link(wide.at[theme, name], step) for name in characteristics)] for theme in order]
    words = (
        "Of the differences between children in what a theme counts for them, the share that goes along with the characteristic. 0%: nothing to do with each "
        "other; 100%: who is in which group could be read from the theme. A characteristic that is not used can still come in this way. “–”: the theme counts the same for everyone."
    )
    caption = f"How far each theme goes along with each characteristic: {list_name(audience).lower()}"
    return [lead_in(words), page.table_html(["Theme", *characteristics], cells, caption)]


def _link(share: float, step: float) -> str:
    if share != share:  # nothing varies
        return "–"
    return percent(round(share / step) * step) if step else percent(share)


def _cost(m: Material) -> tuple[str, list[Markup]]:
    """What it costs that a school's list is made from its own records alone."""
    cost: Mapping[str, Any] = m.lists.get("sharing_cost") or {}
    parts: list[Markup] = [subheading("What the sharing rule costs")]
    held = {key: number(value) for key, value in cost.items() if value is not None}
    shown = dict(zip(held, m.showing.counts([n or 0 for n in held.values()]), strict=True))
    numbers = [[sentence_case(key.removeprefix(COST_BEGINS).replace("_", " ")), shown.get(key, "not held")] for key in cost]
    if numbers:
        svg = charts.bars(
            [{"label": row[0], "value": row[1] if isinstance(row[1], int) else None, "note": "not shown: small numbers"} for row in numbers],
            title="Families that a school list could not show, by reason",
            desc=" ".join(f"{row[0]}: {page.cell_text(row[1])}." for row in numbers),
        )
        table = page.table_html(["Why", "Families"], numbers, "Families that a school list could not show", note=m.showing.note)
        parts.append(page.chart_html(svg, table))
    parts.append(
        paragraph(
            "Each list is made from the records its reader may see. A school's list uses that school's own records only, so it cannot show a family whose "
            "signs lie elsewhere. That is the price of giving each reader the complete reasons."
        )
    )
    most = max(numbers, key=lambda row: row[1] if isinstance(row[1], int) else 0, default=None)
    if most is None:
        return "What the sharing rule costs can be told once lists have been made.", parts
    text = str(most[0])
    return f"Families that a school list could not show: the most, {page.cell_text(most[1])}, because {text[:1].lower()}{text[1:]}.", parts


def _allowed(m: Material) -> list[Markup]:
    """Which list may use which theme."""
    if not m.context.themes:
        return []
    audiences = list(dict.fromkeys(a for used in m.context.themes.values() for a in used))
    rows = [[theme, *("yes" if a in used else "no" for a in audiences)] for theme, used in m.context.themes.items()]
    return [page.table_html(["Theme", *(list_name(a) for a in audiences)], rows, "Themes that each list may use")]
