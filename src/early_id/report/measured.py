"""What changed since last time, and how things were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from early_id.present import charts, page
from early_id.present.wording import and_list, count_of, day_text, percent, plural, sentence_case
from early_id.report.context import list_name
from early_id.report.follow_up import outcome_by_date
from early_id.report.groups import GroupRow, Groups, group_rows
from early_id.report.in_words import MEASURE_NAMES
from early_id.report.section import (
    Material,
    Section,
    bullets,
    lead_in,
    mapping_table,
    more,
    paragraph,
    picture,
    points,
    quiet,
    sheet_name,
    subheading,
)
from early_id.report.showing import Figure, Showing, estimate, number

#: Shifts that are worth a word, as ``audit.drift`` calls them.
SAME = "about the same"


def change(m: Material) -> Section:
    """What changed since the last report, and between the date of the test and that of the lists."""
    finding, parts = _since_last(m)
    moved = [row for row in m.context.drift if row["shift"] not in (SAME, "cannot be told")]
    if m.context.drift:
        said = (
            f"{and_list([str(row['theme']).lower() for row in moved])} {plural(len(moved), 'looks', 'look')} different"
            if moved
            else "no theme looks different"
        )
        finding += f"\nBetween the date of the test and the date of the lists, {said}."
        title = "From the date of the test to the date of the lists"
        if moved:
            parts += [
                subheading("The children of the lists beside those of the test"),
                lead_in(
                    "A model tells little about children who look otherwise than those it was tested on. For each theme that looks different (by a fifth of the "
                    "usual spread between children or more): how much of it was known on both dates, and the sign that moved furthest."
                ),
                mapping_table(moved, title),
            ]
        parts.append(more("Every theme, from the date of the test to the date of the lists", mapping_table(m.context.drift, f"{title}, every theme")))
    if dates := outcome_by_date(m.showing, m.trials.get(m.main) or {}):
        parts.append(more("The outcome by date", *dates))
    parts.append(
        paragraph(f"How late a need is recorded is assumed, not measured: {m.context.waiting} See the assumptions under “How things were measured”.")
    )
    return Section("change", "Since last time", finding, tuple(parts))


def _since_last(m: Material) -> tuple[str, list[Markup]]:
    """What the last report in the same folder said, beside this one."""
    before = m.context.before
    if not before:
        return "This is the first report in its folder, so there is no earlier one to set it beside.", []
    when = day_text(date.fromisoformat(str(before["as_of"])))
    sentences: list[str] = []
    parts: list[Markup] = []
    pairs: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
    for audience, trial in m.trials.items():
        old: Mapping[str, Any] = (before.get("trials") or {}).get(audience) or {}
        if not old:
            continue
        verdicts = str(old.get("verdict")), str(trial.get("verdict"))
        said = f"again “{verdicts[1]}”" if verdicts[0] == verdicts[1] else f"now “{verdicts[1]}”, then “{verdicts[0]}”"
        sentences.append(f"{list_name(audience)}: since the report for {when} the verdict is {said}.")
        pairs[audience] = old, trial
    parts += [_then_and_now(m.showing, pairs)] if pairs else []
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


def _then_and_now(showing: Showing, pairs: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Markup:
    """The figures of the models put forward, then and now, list beside list."""
    headings = ["Figure", *(f"{list_name(audience)}: {when}" for audience in pairs for when in ("last report", "this report"))]
    cards = [card for pair in pairs.values() for card in pair]
    measures = {"precision_at_capacity": "Of the families listed, share with need", "recall_at_capacity": "Of the children with need, share listed"}
    rows: list[list[Any]] = [
        ["Verdict", *(str(card.get("verdict")) for card in cards)],
        ["Places", *(page.cell_text(card.get("capacity")) for card in cards)],
    ]
    for measure, title in measures.items():
        rows.append([title, *(estimate(showing, (card.get("models") or {}).get(card.get("put_forward")) or {}, measure).text() for card in cards)])
    return page.table_html(headings, rows, "Last report and this one")


def measurement(m: Material) -> Section:
    """How completely things are recorded, how records were joined, and what was assumed."""
    known = _not_known(m)
    parts: list[Markup] = []
    some = {name: figure for name, figure in known.items() if figure.hidden or figure.value}
    if some:
        title = "Share not known, by characteristic"
        rows = [[name, figure.text()] for name, figure in some.items()]
        desc = " ".join(f"{name}: {text}." for name, text in rows)
        svg = charts.bars([figure.row(name) for name, figure in some.items()], title=title, desc=desc, unit="percent")
        parts.append(picture(svg, page.table_html(["Characteristic", "Share not known"], rows, title, note=m.showing.note)))
    parts += [*_if_all_belonged(m), *_linked(m)]
    if m.context.sources and not m.showing.publishable:
        parts.append(
            more("Records taken in, by who sent them", mapping_table(m.context.sources, "Records taken in, by who sent them"), sheet=SOURCES)
        )
    if m.context.coverage:
        title = "What each source covers. Only where a source covers a child and a time does no record mean none"
        parts.append(more("What each source covers", mapping_table(m.context.coverage, title), sheet="" if m.showing.publishable else COVERS))
    if m.context.findings and not m.showing.publishable:
        title = "What the checks of the records found"
        parts.append(more(title, mapping_table(m.context.findings, title), sheet=CHECKS))
    if m.context.assumptions:
        same: dict[str, list[str]] = {}
        for text in m.context.assumptions:
            what, _, told = text.partition(": ") if ": " in text else ("", "", text)
            same.setdefault(told, []).extend([what] if what else [])
        # What is assumed of several records alike is said once.
        said = [
            f"{sentence_case(told)}: {'; '.join(names)}." if names else f"{sentence_case(told)}{'' if told.endswith('.') else '.'}"
            for told, names in same.items()
        ]
        parts += [subheading("When records are taken to have been known"), bullets(said)]
    return Section("measurement", "How things were measured", _completeness(known), tuple(parts))


#: Sheets of the workbook with facts about the records.
SOURCES, COVERS, CHECKS = "records", "coverage", "checks"

#: Lines of the table of what *not known* could hide.
MOST_TURNED = 5


def _if_all_belonged(m: Material) -> list[Markup]:
    """Which answers would be others if all *not known* belonged to one group: only those are worth a board's minute."""
    frame = m.study(m.main, "unknown")
    if frame.empty:
        return []
    frame = frame[frame["characteristic_label"].isin(m.groups[m.main].page_titles())]
    by = frame.assign(step=(frame["moved"] - frame["difference"]).abs()).dropna(subset=["step"])
    most = by.sort_values(["turns", "step"], ascending=False, kind="stable").drop_duplicates(["characteristic", "measure"])
    turned = most[most["turns"]].to_dict("records")
    parts = [
        subheading("If everyone not known belonged to one group"),
        paragraph(
            "Nobody knows where they belong; these are the ends of what is possible, for the group whose answer would turn. "
            + (
                f"For {count_of(len(turned), 'figure')} of {len(most)} whether a gap is found would be another answer."
                if turned
                else "For none of them would whether a gap is found be another answer."
            )
        ),
    ]
    if m.showing.publishable or not turned:
        return parts
    cells: list[Any] = [
        [
            f"{row['characteristic_label']}: {row['group']}",
            m.context.words.text(MEASURE_NAMES.get(str(row["measure"]), str(row["measure"]))),
            row["not_known"],
            _gap(row, "difference"),
            _gap(row, "moved"),
        ]
        for row in turned[:MOST_TURNED]
    ]
    headings = ["Group", "Measure", "Children not known", "Gap as recorded, in points", "Gap if all were in this group, in points"]
    few = f", the {MOST_TURNED} that move most" if len(turned) > MOST_TURNED else ""
    table = page.table_html(headings, cells, f"Answers that would be others{few}: {list_name(m.main).lower()}")
    return [*parts, table, quiet(f"All are in the workbook of tables, sheet “{sheet_name(m.main, 'not known')}”.")]


def _gap(row: Mapping[str, Any], key: str) -> str:
    return Figure(number(row[key]), number(row[f"{key}_low"]), number(row[f"{key}_high"])).text(signed=True).replace("%", "")


def _linked(m: Material) -> list[Markup]:
    """Links between agencies, by group."""
    if m.context.linked is None or m.context.linked.empty:
        return []
    groups = group_rows(m.context.linked, m.showing)
    headings = ["Group", "Children", "Share joined to a record of another agency (95% interval)", "Gap from everyone else, in points"]

    def table(rows: Sequence[GroupRow], caption: str) -> Markup:
        cells: list[Any] = [[row.label, row.n, row.figure.text(), points(row)] for row in rows]
        return page.table_html(headings, cells, caption, note=m.showing.note)

    words = (
        "A child whose records could not be joined is seen by one agency only, and what others know of the family is missing. "
        "A child of whom no other agency holds anything counts as not joined too. The groups whose records were joined least, against everyone else:"
    )
    title = "Children whose records were joined to those of another agency"
    least = [row for row in groups.of("linked_share") if row.is_drawn and not row.is_finer and (row.gap.value or 0.0) < 0]
    shown = sorted(least, key=lambda row: (row.gap.value or 0.0, row.label))[:SHOWN]
    every = table(groups.rows, f"{title}, every group")
    where = more(f"Every group: {title.lower()}", every, sheet="" if m.showing.publishable else LINKED)
    return [subheading("Links between agencies"), *([lead_in(words), table(shown, title)] if shown else []), where]


#: The sheet with links between agencies, and groups of them on the page.
LINKED, SHOWN = "links", 6


def _not_known(m: Material) -> dict[str, Figure]:
    """Share of those whose answer is not known, by characteristic, from the counts as they are shown."""
    groups = m.groups.get(m.main, Groups(()))
    found: dict[str, Figure] = {}
    for title in groups.page_titles():
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
