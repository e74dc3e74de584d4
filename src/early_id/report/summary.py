"""Section 2: one row a characteristic, list beside list."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from early_id.core.types import Verdict
from early_id.present import charts, page
from early_id.present.wording import and_list, count_of, percent, sentence_case
from early_id.report.context import list_name
from early_id.report.groups import Groups
from early_id.report.in_words import MEASURE_NAMES, measure_name
from early_id.report.section import Material, Section, against, beside_tolerance, lead_in, paragraph, points, smallest_in_words, subheading

#: Stands above every summary table.
HOW_TO_READ = (
    "Gap found: the difference is larger than chance explains, after allowing for the number of comparisons. No gap found: the whole interval lies "
    "within a tolerance that the board set beforehand. Cannot tell: everything else; it does not mean that there is no gap. “Seen from” is the smallest gap "
    "above everyone else, and below, that these data would have shown 4 times in 5: a smaller one is found now and then, and mostly missed."
)

#: Said beside it where the board has set none.
NO_TOLERANCE = (
    "No tolerance is set, so “no gap found” was not a possible answer, however good the data. The board sets it before the results are seen, under "
    "audit.tolerances in the settings: the largest difference that it would accept."
)
NO_OWNER = "not yet named"


def summary(m: Material) -> Section:
    """Section 2."""
    sentences = [f"{list_name(audience)}: {in_a_sentence(groups, groups.page_titles())}." for audience, groups in m.groups.items()]
    found = [(audience, row) for audience, groups in m.groups.items() for row in groups.found()]
    parts: list[Markup] = []
    if drawn := [(audience, row) for audience, row in found if row.gap.value is not None]:
        labels = [f"{list_name(audience)}: {row.label}, {m.context.words.text(measure_name(row))}" for audience, row in drawn]
        svg = charts.forest(
            [row.gap.row(label) for label, (_, row) in zip(labels, drawn, strict=True)],
            title="The gaps that were found, in percentage points",
            desc=" ".join(f"{label}: {points(row)} points." for label, (_, row) in zip(labels, drawn, strict=True)),
            unit="points",
            zero_line=True,
        )
        parts += [lead_in("The gaps that were found, with their intervals (line at 0: no gap)."), page.chart_html(svg)]
    if m.groups:
        parts += [paragraph(HOW_TO_READ), *_tolerances(m), *_table(m)]
    if m.not_held:
        held_not = [f"{row['characteristic']!s} ({str(row['why'])[:1].lower()}{str(row['why'])[1:].rstrip('.')})" for row in m.not_held]
        parts += [subheading("Not held, so that nothing can be said"), paragraph(f"{sentence_case('; '.join(held_not))}.")]
    return Section("summary", "Summary by characteristic", "\n".join(sentences) or "No audit by group has been supplied.", tuple(parts))


def in_a_sentence(groups: Groups, names: Sequence[str]) -> str:
    """The verdicts of one list in one sentence."""
    by = {verdict: [title.lower() for title in names if groups.verdict(title) == str(verdict)] for verdict in Verdict}
    gaps, none, rest = by[Verdict.GAP_FOUND], by[Verdict.NO_GAP_FOUND], by[Verdict.CANNOT_TELL]
    text = f"a gap was found by {and_list(gaps)}" if gaps else "no gap was shown beyond doubt"
    text += f"; no gap beyond the board's tolerance by {and_list(none)}" if none else ""
    return text + (f"; for {len(rest)} of {count_of(len(names), 'characteristic')} these data cannot tell" if rest else "")


def _table(m: Material) -> list[Markup]:
    """One table for all lists. Who answers for a characteristic has a column only where the answers differ."""
    names = list(dict.fromkeys(title for groups in m.groups.values() for title in groups.page_titles()))
    column = {row.title: row.characteristic for groups in m.groups.values() for row in groups.rows}
    owners = {title: m.context.owners.get(column[title], NO_OWNER) for title in names}
    alone = len(set(owners.values())) == 1
    headings = ["Characteristic"]
    for audience in m.groups:
        own = f"{list_name(audience)}: " if len(m.groups) > 1 else ""
        headings.append(sentence_case(f"{own}can we tell? The widest gap, in points"))
    rows = [[title, *(_cell(m, audience, title) for audience in m.groups), *([] if alone else [owners[title]])] for title in names]
    who = next(iter(owners.values()), NO_OWNER)
    said = (
        "Nobody is named yet who answers for a characteristic (audit.owners in the settings)." if who == NO_OWNER else f"Who answers for all: {who}."
    )
    table = page.table_html([*headings, *([] if alone else ["Who answers"])], rows, "Gaps by characteristic", note=m.showing.note)
    return [table, *([paragraph(said)] if alone and names else [])]


def _tolerances(m: Material) -> list[Markup]:
    """What the board set, or that it set nothing."""
    said: dict[str, list[str]] = {}
    for audience in m.groups:
        for measure, size in (m.meta.get(audience, {}).get("tolerances") or {}).items():
            text = f"{m.context.words.text(MEASURE_NAMES.get(measure, measure))}, {percent(size, fine=True).rstrip('%')} points"
            said.setdefault(text, []).append(list_name(audience).lower())
    some = len(said) and any(len(names) < len(m.groups) for names in said.values())
    told = [f"{text} ({and_list(names)})" if some else text for text, names in said.items()]
    return [
        *([paragraph(f"What the board tolerates either way, as it set beforehand: {'; '.join(told)}.")] if told else []),
        *([paragraph(NO_TOLERANCE)] if any(map(m.no_tolerance, m.groups)) else []),
    ]


def _cell(m: Material, audience: str, title: str) -> Markup:
    """The verdict of the tested rows, the largest gap that may be shown, and what could have been seen."""
    groups = m.groups[audience]
    top, verdict = groups.largest(title), groups.verdict(title)
    is_found = verdict == str(Verdict.GAP_FOUND)
    told = Markup("<strong>{}</strong>" if is_found else "{}").format(sentence_case(verdict))
    if len({row.group for row in groups.rows if row.title == title}) == 1:
        return told + Markup(": only one group, so there is nobody to compare with")
    if top is None:
        return told + Markup(": too few children in its groups to compare")
    if top.gap.hidden and not is_found:
        return told + Markup("; its figures are hidden (c)")
    told += Markup("{}").format(beside_tolerance(top, m.tolerance(top, audience)) if is_found else "")
    what = m.context.words.text(MEASURE_NAMES.get(top.measure, top.measure))
    seen = "" if top.gap.hidden else f"; {smallest_in_words(top)}"
    return told + Markup(". {}, {}: {}{}").format(against(top).removeprefix(f"{title}: "), what, points(top), seen)
