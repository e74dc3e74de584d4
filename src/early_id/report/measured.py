"""Sections 11 and 12: what changed since last time, and how things were measured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from markupsafe import Markup

from early_id.present import charts, page
from early_id.present.wording import and_list, count_of, day_text, percent, plural, sentence_case
from early_id.report.context import list_name
from early_id.report.follow_up import outcome_by_date
from early_id.report.groups import Groups, group_rows, titles
from early_id.report.section import Material, Section, bullets, lead_in, mapping_table, paragraph, subheading
from early_id.report.showing import Figure, Showing, estimate, number
from early_id.report.who import MEASURE_NAMES

#: Shifts that are worth a word, as ``audit.drift`` calls them.
SAME = "about the same"


def change(m: Material) -> Section:
    """Section 11."""
    finding, parts = _since_last(m)
    moved = [row for row in m.context.drift if row["shift"] not in (SAME, "cannot be told")]
    if m.context.drift:
        said = (
            f"{and_list([str(row['theme']).lower() for row in moved])} {plural(len(moved), 'looks', 'look')} different"
            if moved
            else "no theme looks different"
        )
        finding += f"\nBetween the date of the test and the date of the lists, {said}."
        parts += [
            subheading("The children of the lists beside those of the test"),
            lead_in(
                "A model tells little about children who look otherwise than those it was tested on. For each theme: how much of it was known on both dates, "
                "and the sign that moved furthest. Different: by a fifth of the usual spread between children or more."
            ),
            mapping_table(m.context.drift, "From the date of the test to the date of the lists"),
        ]
    parts += outcome_by_date(m.showing, m.trials.get(m.main) or {})
    parts.append(paragraph(f"How late a need is recorded is assumed, not measured: {m.context.waiting} See the assumptions in section 12."))
    return Section("change", "Since last time", finding, tuple(parts))


def _since_last(m: Material) -> tuple[str, list[Markup]]:
    """What the last report in the same folder said, beside this one."""
    before = m.context.before
    if not before:
        return "This is the first report in its folder, so there is no earlier one to set it beside.", []
    when = day_text(date.fromisoformat(str(before["as_of"])))
    sentences, parts = [], []
    for audience, trial in m.trials.items():
        old: Mapping[str, Any] = (before.get("trials") or {}).get(audience) or {}
        if not old:
            continue
        verdicts = str(old.get("verdict")), str(trial.get("verdict"))
        said = f"again “{verdicts[1]}”" if verdicts[0] == verdicts[1] else f"now “{verdicts[1]}”, then “{verdicts[0]}”"
        sentences.append(f"{list_name(audience)}: since the report for {when} the verdict is {said}.")
        parts.append(_then_and_now(m.showing, audience, old, trial))
    hashes = before.get("hashes") or {}
    same = [label for label, value in m.context.hashes.items() if hashes.get(label) == value]
    other = [label for label in m.context.hashes if label not in same]
    if same or other:
        parts.append(
            paragraph(
                " ".join(
                    sentence
                    for sentence, named in (
                        (f"The same as then: {and_list(same)}.", same),
                        (f"Not the same as then: {and_list(other)}.", other),
                    )
                    if named
                )
            )
        )
    return "\n".join(sentences) or f"The report for {when} was about other lists, so nothing can be set beside it.", parts


def _then_and_now(showing: Showing, audience: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Markup:
    """The figures of the model put forward, then and now."""
    measures = {"precision_at_capacity": "Of the families listed, share with need", "recall_at_capacity": "Of the children with need, share listed"}
    rows: list[list[Any]] = [["Verdict", str(old.get("verdict")), str(new.get("verdict"))]]
    rows.append(["Places", *(page.cell_text(card.get("capacity")) for card in (old, new))])
    for measure, title in measures.items():
        rows.append(
            [title, *(estimate(showing, (card.get("models") or {}).get(card.get("put_forward")) or {}, measure).text() for card in (old, new))]
        )
    return page.table_html(["", "Last report", "This report"], rows, f"Last report and this one: {list_name(audience).lower()}")


def measurement(m: Material) -> Section:
    """Section 12."""
    known = _not_known(m)
    parts: list[Markup] = []
    if known:
        title = "Share not known, by characteristic"
        rows = [[name, figure.text()] for name, figure in known.items()]
        desc = " ".join(f"{name}: {text}." for name, text in rows)
        svg = charts.bars([figure.row(name) for name, figure in known.items()], title=title, desc=desc, unit="percent")
        table = page.table_html(["Characteristic", "Share not known"], rows, title, note=m.showing.note)
        parts.append(page.chart_html(svg, table))
    parts += [*_if_all_belonged(m), *_linked(m)]
    if m.context.sources and not m.showing.publishable:
        parts.append(mapping_table(m.context.sources, "Records taken in, by who sent them"))
    if m.context.coverage:
        parts.append(
            mapping_table(m.context.coverage, "What each source covers. Only where a source covers a child and a time does no record mean none")
        )
    if m.context.findings and not m.showing.publishable:
        parts.append(mapping_table(m.context.findings, "What the checks of the records found"))
    if m.context.assumptions:
        parts += [subheading("When records are taken to have been known"), bullets([sentence_case(text) for text in m.context.assumptions])]
    return Section("measurement", "How things were measured", _completeness(known), tuple(parts))


def _if_all_belonged(m: Material) -> list[Markup]:
    """The gaps again if all *not known* belonged to one group: of each characteristic and measure the group that would move most."""
    frame = m.study(m.main, "unknown")
    if frame.empty:
        return []
    by = frame.assign(step=(frame["moved"] - frame["difference"]).abs()).dropna(subset=["step"])
    by = by.sort_values(["turns", "step"], ascending=False, kind="stable")
    most = by.drop_duplicates(["characteristic", "measure"]).sort_values(["characteristic", "measure"], kind="stable").to_dict("records")
    turned = [row for row in most if row["turns"]]
    said = (
        f"For {count_of(len(turned), 'figure')} of {len(most)} whether a gap is found would be another answer."
        if turned
        else "For none of them would whether a gap is found be another answer."
    )
    parts = [
        subheading("If everyone not known belonged to one group"),
        paragraph(
            f"Nobody knows where they belong. These are the ends of what is possible, for the group whose answer would turn, or else whose gap would move most. {said}"
        ),
    ]
    if m.showing.publishable:
        return parts
    cells: list[Any] = [
        [
            f"{row['characteristic_label']}: {row['group']}",
            m.context.words.text(MEASURE_NAMES.get(str(row["measure"]), str(row["measure"]))),
            row["not_known"],
            _gap(row, "difference"),
            _gap(row, "moved"),
        ]
        for row in most
    ]
    headings = ["Group", "Measure", "Children not known", "Gap as recorded, in points", "Gap if all were in this group, in points"]
    return [*parts, page.table_html(headings, cells, f"Not known, put into one group: {list_name(m.main).lower()}")]


def _gap(row: Mapping[str, Any], key: str) -> str:
    return Figure(number(row[key]), number(row[f"{key}_low"]), number(row[f"{key}_high"])).text(signed=True).replace("%", "")


def _linked(m: Material) -> list[Markup]:
    """Links between agencies, by group."""
    if m.context.linked is None or m.context.linked.empty:
        return []
    rows = group_rows(m.context.linked, m.showing).rows
    cells: list[Any] = [[row.label, row.n, row.figure.text(), row.gap.text(signed=True).replace("%", "")] for row in rows]
    headings = ["Group", "Children", "Share joined to a record of another agency (95% interval)", "Gap from everyone else, in points"]
    words = (
        "A child whose records could not be joined is seen by one agency only, and what others know of the family is missing. "
        "A child of whom no other agency holds anything counts as not joined too."
    )
    caption = "Children whose records were joined to those of another agency, by group"
    return [subheading("Links between agencies"), lead_in(words), page.table_html(headings, cells, caption, note=m.showing.note)]


def _not_known(m: Material) -> dict[str, Figure]:
    """Share of those whose answer is not known, by characteristic, from the counts as they are shown."""
    groups = m.groups.get(m.main, Groups(()))
    found: dict[str, Figure] = {}
    for title in titles(groups.rows):
        counts = [row for row in groups.of("children") if row.title == title]
        unknown = [row for row in counts if row.group == "not known"]
        total = sum(row.figure.value or 0.0 for row in counts)
        share = sum(row.figure.value or 0.0 for row in unknown) / total if total else None
        found[title] = Figure(hidden=True) if any(row.figure.hidden for row in unknown) else Figure(share)
    return found


def _completeness(known: Mapping[str, Figure]) -> str:
    missing = {name.lower(): figure.value for name, figure in known.items() if figure.value}
    if not known:
        return "How completely characteristics are recorded is not known."
    if not missing and (hidden := [name.lower() for name, figure in known.items() if figure.hidden]):
        return f"How completely {and_list(hidden)} {plural(len(hidden), 'is', 'are')} recorded may not be shown: small numbers stand behind it."
    if not missing:
        return "Every characteristic that is held is recorded for everyone."
    worst = max(missing, key=lambda name: (missing[name], name))
    rest = [name for name in missing if name != worst]
    also = f" Also incomplete: {and_list(rest)}." if rest else ""
    return f"What is least well recorded is {worst}: not known for {percent(missing[worst], fine=True)}.{also}"
