"""Sections 1 and 4: what the report can tell, and who is on the lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from early_id.present import charts, page
from early_id.present.wording import and_list, count_of, number_word, sentence_case
from early_id.report.context import list_name
from early_id.report.groups import GroupRow, Groups
from early_id.report.section import (
    BY_GROUP,
    Material,
    Section,
    bullets,
    every_group,
    lead_in,
    mapping_table,
    more,
    paragraph,
    picture,
    sheet_name,
    subheading,
)
from early_id.report.showing import Showing, number

#: Groups in the picture of shares listed.
DRAWN = 6

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
    finding = (
        f"{which} figures rest on {_count(rows)} children, of whom {_count(found)} {m.context.had_outcome}."
        if meta
        else "No test on past children has been supplied."
    )
    parts: list[Markup] = [
        paragraph(
            "A record shows what somebody wrote down. A group that is watched more is recorded more. With these data alone, more need and more recording "
            "cannot be told apart."
        )
    ]
    if m.context.cohort:
        # Each step is part of the one before, so these counts do not add up to anything that could give one away.
        steps = list(zip(m.context.cohort, [showing.count(n) for n in m.context.cohort.values()], strict=True))
        parts.append(page.table_html(["Step", "Number"], steps, "From all records to the children who could be listed", note=showing.note))
    if m.context.excluded:
        reasons = [sentence_case(reason) for reason in m.context.excluded]
        counts = list(zip(reasons, showing.counts(list(m.context.excluded.values())), strict=True))
        table = page.table_html(["Reason", "Children"], counts, "Taken out before anything was worked out", note=showing.note)
        parts.append(more("Why children were taken out before anything was worked out", table))
    if small:
        parts.append(
            paragraph(
                f"{count_of(len(small), 'group has', 'groups have')} fewer than {ENOUGH} children with the outcome at the test date, counted over all ways of "
                "dividing children into groups. A gap there would most likely not be seen."
            )
        )
        parts.append(
            more("Which groups these are", paragraph(f"{and_list(small)}."), sheet="" if showing.publishable else sheet_name(m.main, BY_GROUP))
        )
    if hidden:
        said = f"For {count_of(len(hidden), 'group')} numbers are hidden, because a small number stands behind them or could be worked out from them."
        parts += [paragraph(said), more("Which groups these are", paragraph(f"{and_list(hidden)}. They may be large or small."))]
    if m.context.not_looked_at:
        parts += [
            subheading("Who was not looked at, and needs another way to be found"),
            bullets([sentence_case(showing.told(item)) + "." for item in m.context.not_looked_at]),
        ]
    return Section("what-it-tells", "What this report can and cannot tell you", finding, tuple(parts))


def _count(n: object) -> str:
    return page.cell_text(n)  # type: ignore[arg-type]


def _too_small(groups: Groups) -> list[str]:
    """Groups with too few outcomes. Where published, those whose rounded count is under the rule; a hidden one says nothing of its size."""
    rows = groups.of("children_with_outcome")
    return [row.label for row in rows if row.figure.value is not None and row.figure.value < ENOUGH]


def on_the_list(m: Material) -> Section:
    """Section 4."""
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
        headings = ["Lists", "Recipients", "Places", "Families listed", "Not already known to services"]
        is_held = any(row[-1] is not None for row in rows)
        shown = [row if is_held else row[:-1] for row in rows]
        parts.append(page.table_html(headings[: len(shown[0])], shown, "Lists against places", note=m.showing.note))
        if is_held:
            parts.append(paragraph("Not already known: no contact, early help or social care in the last year is recorded for anyone in the family."))
        if not m.showing.publishable:
            every = mapping_table([recipient_row(row, is_held=is_held) for row in sorted(recipients, key=_in_order)], "Every recipient")
            parts.append(more("Every recipient", every, sheet=RECIPIENTS))
    if m.lists.get("taken_out"):
        reasons = [sentence_case(str(reason)) for reason in m.lists["taken_out"]]
        counts = m.showing.counts(list(m.lists["taken_out"].values()))
        table = page.table_html(
            ["Reason", "Number"], list(zip(reasons, counts, strict=True)), "Taken out when the lists were made", note=m.showing.note
        )
        parts.append(more("Who was taken out when the lists were made", table, sheet="" if m.showing.publishable else TAKEN_OUT))
    if not m.showing.publishable and m.lists.get("urgent"):
        urgent = "; ".join(f"{key.replace('_', ' ')}: {value}" for key, value in m.lists["urgent"].items())
        parts.append(paragraph(f"Urgent signs go to the duty officer and never on a list. {sentence_case(urgent)}."))
    for audience, meta in m.meta.items():
        if audience not in m.trials and "listed" in meta:  # a list that somebody else made
            listed, everyone = (_count(m.showing.count(number(meta[key]))) for key in ("listed", "rows"))
            sentences.append(f"{list_name(audience)}: {listed} of {everyone} children.")
    for audience, groups in m.groups.items():
        if groups.of("selection_share"):
            parts += [subheading(f"{list_name(audience)}: how often listed, beside how often in need"), *_paired(m, audience, groups)]
    return Section("on-the-list", "Who is on the list", "\n".join(sentences) or "No lists have been made yet.", tuple(parts))


#: Sheets of the workbook that hold what the page only names.
RECIPIENTS, TAKEN_OUT = "recipients", "taken out"


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


def recipient_row(row: Mapping[str, Any], *, is_held: bool) -> dict[str, Any]:
    """One recipient's list against its places."""
    facts = {
        "recipient": f"{row['name']} ({row['recipient']})" if row.get("name") not in (None, "", row["recipient"]) else row["recipient"],
        "list": list_name(row["audience"]).removesuffix("s"),
        "places": row["capacity"],
        "families listed": row["families"],
    }
    return facts | ({"not already known": row.get("not_already_known")} if is_held else {})


def _paired(m: Material, audience: str, groups: Groups) -> list[Markup]:
    name = list_name(audience)
    every = [(row, groups.find("outcome_rate", row.characteristic, row.group)) for row in groups.of("selection_share")]
    drawn = [(row, groups.find("outcome_rate", row.characteristic, row.group)) for row in groups.furthest("selection_share", DRAWN)]
    drawn = [(a, b) for a, b in drawn if b is not None and b.figure.value is not None]
    had = f"Share who {m.context.had_outcome}"
    headings = ["Group", "Children", "Share listed (95% interval)", f"{had} (95% interval)"]

    def table(pairs: Sequence[tuple[GroupRow, GroupRow | None]], caption: str) -> Markup:
        cells: list[Any] = [[a.label, a.n, a.figure.text(), b.figure.text() if b else "not known"] for a, b in pairs]
        return page.table_html(headings, cells, f"{caption}: {name.lower()}", note=m.showing.note)

    rest = every_group(
        m, audience, table(every, "Share listed beside share in need, every group"), f"share listed beside share in need, {name.lower()}"
    )
    if not drawn:
        return [rest]
    svg = charts.paired_bars(
        [{"label": a.label, "first": a.figure.value, "second": b.figure.value if b else None} for a, b in drawn],
        names=("Share listed", had),
        title=f"{name}: share listed beside share in need",
        desc=f"The {len(drawn)} groups listed most differently from everyone else. "
        + " ".join(f"{a.label}: listed {a.figure.text()}, in need {b.figure.text() if b else 'not known'}." for a, b in drawn),
    )
    words = f"The {number_word(len(drawn))} groups listed most differently from everyone else. Each may be chance: this is not tested."
    return [lead_in(words), picture(svg, table(drawn, "Share listed beside share in need")), rest]
