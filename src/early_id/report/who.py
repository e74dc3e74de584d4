"""Sections 1 to 3: what the report can tell, the summary by characteristic, and who is on the lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from early_id.core.types import Verdict
from early_id.present import charts, page
from early_id.present.wording import and_list, count_of, plural, sentence_case
from early_id.report.context import list_name
from early_id.report.groups import GroupRow, Groups, titles
from early_id.report.section import (
    Material,
    Section,
    audience_heading,
    bullets,
    lead_in,
    mapping_table,
    paragraph,
    points,
    smallest,
    subheading,
)
from early_id.report.showing import Showing, number

#: Stands above every summary table.
HOW_TO_READ = (
    "Gap found: the difference is larger than chance explains, after allowing for the number of comparisons; one look at many groups always shows "
    "some differences. No gap found: the whole interval lies within a tolerance that the board set beforehand. Cannot tell: everything else; it does "
    "not mean that there is no gap. A gap as large as the last figure of a row would be found in 4 of 5 such data sets; a smaller one is found now and then."
)

#: Said beside it where the board has set none.
NO_TOLERANCE = (
    "No tolerance is set, so “no gap found” was not a possible answer, however good the data. The board sets it before the results are seen, under "
    "audit.tolerances in the settings: the largest difference that it would accept."
)

#: A group with fewer children with the outcome than this says little about a share (the evidence rule of the audit).
ENOUGH = 10


def what_it_tells(m: Material) -> Section:
    """Section 1."""
    showing = m.showing
    meta = m.meta.get(m.main, {})
    groups = m.groups.get(m.main, Groups(()))
    small, hidden = _too_small(groups), [row.label for row in groups.of("children_with_outcome") if row.figure.hidden]
    rows, found = showing.count(number(meta.get("rows"))), showing.count(number(meta.get("with_outcome")))
    which = f"{list_name(m.main)}: the" if len(m.meta) > 1 else "The"
    tested = (
        f"{which} figures rest on {_count(rows)} children, of whom {_count(found)} {m.context.had_outcome}"
        if meta
        else "No test on past children has been supplied"
    )
    finding = tested + (
        f"; they can say little about {len(small)} {plural(len(small), 'group')}, each with few who had the outcome." if small else "."
    )
    finding += f" For {len(hidden)} {plural(len(hidden), 'group')} numbers are hidden, so this page does not say." if hidden else ""
    parts: list[Markup] = []
    if m.context.cohort:
        # Each step is part of the one before, so these counts do not add up to anything that could give one away.
        labels, counts = list(m.context.cohort), [showing.count(n) for n in m.context.cohort.values()]
        svg = charts.bars(
            [{"label": label, "value": n if isinstance(n, int) else None, "note": "c"} for label, n in zip(labels, counts, strict=True)],
            title="From all records to the children who could be listed",
            desc=" ".join(f"{label}: {_count(n)}." for label, n in zip(labels, counts, strict=True)),
        )
        table = page.table_html(
            ["Step", "Number"],
            list(zip(labels, counts, strict=True)),
            "From all records to the children who could be listed",
            note=showing.note,
        )
        parts.append(page.chart_html(svg, table))
    if m.context.excluded:
        reasons = [sentence_case(reason) for reason in m.context.excluded]
        counts = showing.counts(list(m.context.excluded.values()))
        parts.append(
            page.table_html(
                ["Reason", "Children"],
                list(zip(reasons, counts, strict=True)),
                "Taken out before anything was worked out",
                note=showing.note,
            )
        )
    if small:
        parts += [
            subheading("Groups too small to say much about"),
            paragraph(
                f"Fewer than {ENOUGH} children with the outcome at the test date: {and_list(small)}. A gap in these groups "
                f"would most likely not be seen."
            ),
        ]
    if hidden:
        parts.append(
            paragraph(
                f"Not shown, because a small number stands behind them or could be worked out from them: {and_list(hidden)}. They may be large or small."
            )
        )
    if m.context.not_looked_at:
        parts += [
            subheading("Who was not looked at, and needs another way to be found"),
            bullets([sentence_case(showing.told(item)) + "." for item in m.context.not_looked_at]),
        ]
    parts.append(
        paragraph(
            "A record shows what somebody wrote down. A group that is watched more is recorded more. With these data "
            "alone, more need "
            "and more recording cannot be told apart."
        )
    )
    return Section("what-it-tells", "What this report can and cannot tell you", finding, tuple(parts))


def _count(n: object) -> str:
    return page.cell_text(n)  # type: ignore[arg-type]


def _too_small(groups: Groups) -> list[str]:
    """Groups with too few outcomes. Where published, those whose rounded count is under the rule; a hidden one says nothing of its size."""
    rows = groups.of("children_with_outcome")
    return [row.label for row in rows if row.figure.value is not None and row.figure.value < ENOUGH]


def summary(m: Material) -> Section:
    """Section 2."""
    sentences: list[str] = []
    parts: list[Markup] = []
    for audience, groups in m.groups.items():
        names = titles(groups.rows)
        possible = "; no tolerance is set, so “no gap found” was not a possible answer" if m.no_tolerance(audience) else ""
        sentences.append(f"{list_name(audience)}: {_in_short(groups, names)}{possible}.")
        headings = [
            "Characteristic",
            "Can we tell?",
            "Group and measure",
            "Gap that decided this, in points",
            "Smallest gap we would nearly always see, in points",
            "Owner",
        ]
        caption = f"Gaps by characteristic: {list_name(audience).lower()}"
        table = page.table_html(headings, [_summary_row(m, groups, title) for title in names], caption, note=m.showing.note)
        drawn = [row for title in names if (row := groups.largest(title)) is not None]
        svg = charts.forest(
            [row.gap.row(f"{row.label}, {m.context.words.text(measure_name(row))}", strong=row.verdict == str(Verdict.GAP_FOUND)) for row in drawn],
            title=f"{list_name(audience)}: the gap that decided each characteristic, in percentage points",
            desc=" ".join(f"{row.label}, {measure_name(row)}: {points(row)} points, {row.verdict}." for row in drawn),
            unit="points",
            zero_line=True,
        )
        words = (
            "The gap that decided each characteristic (line at 0: no gap). A filled dot is a gap found; a hollow one is a gap that may be chance, "
            "even where its interval leaves out 0: with so many comparisons some intervals do."
        )
        how = [paragraph(HOW_TO_READ), *([paragraph(NO_TOLERANCE)] if m.no_tolerance(audience) else [])]
        parts += [audience_heading(m, audience), *([lead_in(words), page.chart_html(svg)] if drawn else []), *how, table]
    if m.not_held:
        rows = [[sentence_case(str(row["characteristic"])), "not held", str(row["why"])] for row in m.not_held]
        parts.append(page.table_html(["Characteristic", "Can we tell?", "Why"], rows, "Characteristics that are not held"))
    return Section("summary", "Summary by characteristic", "\n".join(sentences) or "No audit by group has been supplied.", tuple(parts))


def _in_short(groups: Groups, names: Sequence[str]) -> str:
    """The verdicts of one list in one sentence."""
    by = {verdict: [title.lower() for title in names if groups.verdict(title) == str(verdict)] for verdict in Verdict}
    gaps, none, rest = by[Verdict.GAP_FOUND], by[Verdict.NO_GAP_FOUND], by[Verdict.CANNOT_TELL]
    text = f"a gap was found by {and_list(gaps)}" if gaps else "no gap was shown beyond doubt"
    text += f"; no gap beyond the board's tolerance by {and_list(none)}" if none else ""
    return text + (f"; for {len(rest)} of {count_of(len(names), 'characteristic')} these data cannot tell" if rest else "")


def _summary_row(m: Material, groups: Groups, title: str) -> list[str]:
    """One characteristic: the verdict of its tested rows, and its largest gap that may be shown."""
    top, verdict = groups.largest(title), groups.verdict(title)
    name = next(row.characteristic for row in groups.rows if row.title == title)
    owner = m.context.owners.get(name, "not yet named (audit.owners)")
    if top is None:
        return [title, verdict, "none that can be estimated", "–", "–", owner]
    return [title, verdict, f"{top.group}: {measure_name(top)}", points(top), smallest(top), owner]


def measure_name(row: GroupRow) -> str:
    """How a row's measure is called in running text."""
    return MEASURE_NAMES.get(row.measure, row.measure.replace("_", " "))


#: How measures are called in running text.
MEASURE_NAMES = {
    "missed_share": "missed share",
    "false_flag_rate": "listed without need",
    "precision": "listed with need",
    "selection_share": "share listed",
    "outcome_rate": "share with need",
}


def on_the_list(m: Material) -> Section:
    """Section 3."""
    parts: list[Markup] = []
    recipients: Sequence[Mapping[str, Any]] = m.lists.get("recipients") or ()
    sentences = []
    if recipients:
        rows = _list_rows(recipients, m.showing)
        sentences = [
            f"{row[0]}: {_count(row[3])} families against {_count(row[2])} places"
            + (f"; of them, {_count(row[4])} were not already known to services in the last year." if row[4] is not None else ".")
            for row in rows
        ]
        svg = charts.paired_bars(
            [{"label": row[0], "first": _int(row[2]), "second": _int(row[3]), "note": "not shown: small numbers"} for row in rows],
            names=("Places", "Families listed"),
            title="Places and families listed",
            desc="\n".join(sentences) + " No list is longer than its places.",
            unit="count",
        )
        headings = ["Lists", "Recipients", "Places", "Families listed", "Not already known to services"]
        is_held = any(row[-1] is not None for row in rows)
        shown = [row if is_held else row[:-1] for row in rows]
        parts.append(page.chart_html(svg, page.table_html(headings[: len(shown[0])], shown, "Lists against places", note=m.showing.note)))
        if is_held:
            parts.append(paragraph("Not already known: no contact, early help or social care in the last year is recorded for anyone in the family."))
        if not m.showing.publishable:
            parts.append(mapping_table([_recipient(row, is_held=is_held) for row in sorted(recipients, key=_in_order)], "Every recipient"))
    if m.lists.get("taken_out"):
        reasons = [sentence_case(str(reason)) for reason in m.lists["taken_out"]]
        counts = m.showing.counts(list(m.lists["taken_out"].values()))
        taken = list(zip(reasons, counts, strict=True))
        parts.append(page.table_html(["Reason", "Number"], taken, "Taken out when the lists were made", note=m.showing.note))
    if not m.showing.publishable and m.lists.get("urgent"):
        parts.append(
            mapping_table(
                [{"what": key, "number": value} for key, value in m.lists["urgent"].items()],
                "Urgent signs: they go to the duty officer and never on a list",
            )
        )
    for audience, groups in m.groups.items():
        pairs = [(row, groups.find("outcome_rate", row.characteristic, row.group)) for row in groups.of("selection_share")]
        if pairs:
            parts += [
                subheading(f"{list_name(audience)}: how often listed, beside how often in need"),
                *_paired(m, audience, pairs),
            ]
    return Section("on-the-list", "Who is on the list", "\n".join(sentences) or "No lists have been made yet.", tuple(parts))


def _list_rows(recipients: Sequence[Mapping[str, Any]], showing: Showing) -> list[list[Any]]:
    """One row an audience; places are policy and shown as they are."""
    audiences = list(dict.fromkeys(str(row["audience"]) for row in recipients))
    own = [[row for row in recipients if str(row["audience"]) == audience] for audience in audiences]
    totals = [sum(row["families"] for row in rows) for rows in own]
    places = [sum(row["capacity"] for row in rows) for rows in own]
    # A full list says no more than its places, which are policy; rounding may never make a list look longer than them.
    families = [
        full if total == full else (min(n, full) if isinstance(n, int) else n)
        for n, total, full in zip(showing.counts(totals), totals, places, strict=True)
    ]
    unknown = [_total(rows, "not_already_known") for rows in own]
    shown = showing.counts([n or 0 for n in unknown])
    return [
        [list_name(audience), len(rows), sum(row["capacity"] for row in rows), n, new if known is not None else None]
        for audience, rows, n, new, known in zip(audiences, own, families, shown, unknown, strict=True)
    ]


def _total(rows: Sequence[Mapping[str, Any]], key: str) -> int | None:
    values = [row.get(key) for row in rows]
    return None if any(value is None for value in values) else sum(int(value) for value in values if value is not None)


def _in_order(row: Mapping[str, Any]) -> tuple[bool, str]:
    """Hubs first, then schools, each by name."""
    return str(row["audience"]) != "hub_lead", str(row.get("name") or row["recipient"])


def _recipient(row: Mapping[str, Any], *, is_held: bool) -> dict[str, Any]:
    facts = {
        "recipient": f"{row['name']} ({row['recipient']})" if row.get("name") not in (None, "", row["recipient"]) else row["recipient"],
        "list": list_name(row["audience"]).removesuffix("s"),
        "places": row["capacity"],
        "families listed": row["families"],
    }
    return facts | ({"not already known": row.get("not_already_known")} if is_held else {})


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _paired(m: Material, audience: str, pairs: Sequence[tuple[GroupRow, GroupRow | None]]) -> list[Markup]:
    drawn = [pair for pair in pairs if pair[0].figure.value is not None and pair[1] is not None and pair[1].figure.value is not None]
    furthest = sorted(drawn, key=lambda pair: (-abs(pair[0].gap.value or 0.0), pair[0].label))[:8]
    svg = charts.paired_bars(
        [{"label": a.label, "first": a.figure.value, "second": b.figure.value if b else None} for a, b in furthest],
        names=("Share listed", f"Share who {m.context.had_outcome}"),
        title=f"{list_name(audience)}: share listed beside share in need",
        desc="The eight groups listed most differently from everyone else. "
        + " ".join(f"{a.label}: listed {a.figure.text()}, in need {b.figure.text() if b else 'not known'}." for a, b in furthest),
    )
    table = page.table_html(
        [
            "Group",
            "Children",
            "Share listed (95% interval)",
            f"Share who {m.context.had_outcome} (95% interval)",
        ],
        [[a.label, a.n, a.figure.text(), b.figure.text() if b else "not known"] for a, b in pairs],
        f"Share listed beside share in need, by group: {list_name(audience).lower()}",
        note=m.showing.note,
    )
    return [
        lead_in("The picture shows the eight groups listed most differently from everyone else; the table shows all."),
        page.chart_html(svg),
        table,
    ]
