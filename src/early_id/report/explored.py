"""Sections 7 to 9: crossed groups, before and after people, and themes with what the sharing rule costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from early_id.audit.crossed import EVIDENCE
from early_id.present import charts, page
from early_id.present.wording import and_list, count_of, number_word, out_of, percent, plural, sentence_case
from early_id.report.context import list_name
from early_id.report.groups import GroupRow, group_rows
from early_id.report.in_words import MEASURE_NAMES, gap_in_brief, measure_name
from early_id.report.section import (
    SMALLEST,
    Material,
    Section,
    audience_heading,
    paragraph,
    picture,
    points,
    sheet_name,
    smallest,
    subheading,
)
from early_id.report.showing import Figure, Showing, number

#: Crossed groups in a table; the workbook has all.
SHOWN = 10

#: Begins every line of the cost of the sharing rule in the summary of lists.
COST_BEGINS = "families a school list could not show because "

#: Links under this share are left out.
LINKED = 0.03
#: The strongest of them on a page.
LINKS = 6

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
        found = group_rows(rows, Showing(False)).found() if len(rows) else []
        said = f"a gap was found for {and_list([gap_in_brief(m, row) for row in found[:3]])}" if found else "no gap was shown beyond doubt"
        said += f" and {len(found) - 3} more" if len(found) > 3 else ""
        sentences.append(
            f"{list_name(audience)}: of {count_of(len(compared) + len(small), 'crossed group')}, {number_word(len(compared))} "
            f"{plural(len(compared), 'has', 'have')} enough children to compare; {said}."
        )
        if m.showing.publishable:
            continue
        if found:
            parts += [audience_heading(m, audience), *_found(audience, found)]
        if len(small):
            parts.append(
                paragraph(
                    f"{list_name(audience)}: {count_of(len(small), 'crossed group')} had too few children with or without the outcome. A gap there would not be "
                    f"seen. Each is named with its numbers in the workbook of tables, sheet “{sheet_name(audience, 'too small')}”; the {number_word(len(compared))} "
                    f"that were compared are on sheet “{sheet_name(audience, 'crossed')}”."
                )
            )
    if m.showing.publishable:
        parts.append(
            paragraph("The numbers are in the restricted report only: beside those of single characteristics they would give small ones away.")
        )
    finding = "\n".join(sentences) or "No characteristics were crossed: fewer than two are held."
    return Section("crossed", "Crossed groups", finding, tuple(parts))


def _found(audience: str, found: Sequence[GroupRow]) -> list[Markup]:
    """The crossed groups in which a gap was found, widest first."""
    shown = found[:SHOWN]
    headings = ["Group", "Measure", "Counted among", "Gap, in points", SMALLEST]
    cells: list[Any] = [[row.label, measure_name(row), row.n, points(row), smallest(row)] for row in shown]
    more_found = f" The {len(shown)} widest of {len(found)}." if len(found) > len(shown) else ""
    table = page.table_html(headings, cells, f"Crossed groups in which a gap was found: {list_name(audience).lower()}.{more_found}".rstrip("."))
    return [table]


def before_after(m: Material) -> Section:
    """Where the list as acted on is set beside the list as made."""
    finding = "What people made of earlier lists, the list as made beside the list as acted on, is on the page of oversight (early-id oversight), once decisions were read in."
    return Section("before-after", "Before and after people", finding)


#: Said once before what each theme adds.
EFFECTS = (
    "Each theme in turn was made to count for nobody, and the list made again at the same places, with nothing fitted anew. It describes this model; it is "
    "not proof of a cause, and a model made without the theme would lean on others. A characteristic that is not used can still come in through a theme that "
    f"goes along with it. 0%: nothing to do with each other; 100%: who is in which group could be read from the theme. Links under {percent(LINKED)} are left out."
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
        parts += [] if parts else [paragraph(EFFECTS)]
        parts += [audience_heading(m, audience), *_effects(m, audience, effects), *_links(m, audience)]
    cost_finding, cost = _cost(m)
    return Section("themes", "Themes, and what the sharing rule costs", "\n".join([*sentences, cost_finding]), (*parts, *cost, *_allowed(m)))


def _effects(m: Material, audience: str, effects: pd.DataFrame) -> list[Markup]:
    """What the list would be without each theme that changes it."""
    every = [(row, m.showing.share(number(row["listed"]), row["others"], None, None)) for row in effects.to_dict("records")]
    shown = [(row, figure) for row, figure in every if figure.hidden or (figure.value or 0.0) > 0]
    none = [str(row["theme"]).lower() for row, figure in every if not figure.hidden and not figure.value]
    if not shown:
        return [paragraph("Without any one theme the list would stay as it is.")]
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
    caption = f"What each theme adds: {list_name(audience).lower()}"
    rest = [paragraph(f"Without {and_list(none)} nobody else would be listed.")] if none else []
    sheet = "" if m.showing.publishable else sheet_name(audience, "themes")
    return [picture(svg, page.table_html(headings, cells, caption, note=m.showing.note), sheet=sheet), *rest]


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
    """Themes that go along with a characteristic, strongest first."""
    links = m.study(audience, "links")
    if links.empty:
        return []
    step = _COARSE if m.showing.publishable else 0.0
    titles = m.groups[audience].page_titles()
    strong = links[(links["share"] >= LINKED) & links["characteristic"].isin(titles)].sort_values("share", ascending=False, kind="stable")
    if strong.empty:
        return [paragraph(f"No theme goes along with a characteristic by {percent(LINKED)} or more.")]
    cells: list[Any] = [[row["theme"], row["characteristic"], _link(row["share"], step)] for row in strong.head(LINKS).to_dict("records")]
    caption = f"Themes that go along with a characteristic: {list_name(audience).lower()}"
    table = page.table_html(["Theme", "Characteristic", "Share of the theme's differences that goes along with it"], cells, caption)
    return [table]


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
        parts.append(page.table_html(["Why", "Families"], numbers, "Families that a school list could not show", note=m.showing.note))
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
    """Which list may use which theme, in a sentence a list."""
    audiences = list(dict.fromkeys(a for used in m.context.themes.values() for a in used))
    may = {a: [theme.lower() for theme, used in m.context.themes.items() if a in used] for a in audiences}
    said = [f"{list_name(a)} may use {'all themes' if len(own) == len(m.context.themes) else and_list(own)}." for a, own in may.items()]
    return [paragraph(" ".join(said))] if said else []
