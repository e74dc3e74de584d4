"""Who is missed, who is listed without need, observed against expected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from early_id.audit.measures import MEASURES
from early_id.present import charts, page
from early_id.present.wording import and_list, count_of, number_word, out_of, plural
from early_id.report.context import list_name
from early_id.report.groups import NOT_KNOWN, SHOWN, GroupRow
from early_id.report.in_words import tenths
from early_id.report.section import (
    BY_GROUP,
    PICTURES,
    Material,
    Section,
    audience_heading,
    every_group,
    lead_in,
    measure_parts,
    more,
    paragraph,
    picture,
    sheet_name,
)
from early_id.report.showing import Figure, estimate


def _put_forward(trial: Mapping[str, Any]) -> Mapping[str, Any]:
    """Figures of the model that the settings put forward."""
    figures: Mapping[str, Any] = (trial.get("models") or {}).get(trial.get("put_forward"), {})
    return figures


def missed(m: Material) -> Section:
    """Who is missed, and which groups more."""
    sentences = []
    shares: dict[str, Figure] = {}
    for audience, trial in m.trials.items():
        found = estimate(m.showing, _put_forward(trial), "recall_at_capacity")
        if found.value is not None:
            share = 1 - found.value
            sentences.append(
                f"{list_name(audience)}: of every 10 children who {m.context.had_outcome}, "
                f"{out_of(share, 10).removesuffix(' out of 10')} were not listed."
            )
            shares[list_name(audience)] = found
    for audience in m.groups:
        whole = m.of_table(audience, "missed_share")
        if whole.value is not None:
            sentences.append(f"{list_name(audience)}: of every 10 children who {m.context.had_outcome}, {tenths(whole.value)} were not listed.")
            shares[list_name(audience)] = _rest_of(whole)
    parts = _strips(shares, f"Of every 10 children who {m.context.had_outcome}, those listed (filled in)")
    parts.append(
        paragraph(
            f"The harm: {MEASURES['missed_share'].harm} A short list always misses most of the need; these figures show "
            f"whether it misses more in some groups."
        )
    )
    parts += [paragraph(PICTURES)] if m.groups else []
    for audience in m.groups:
        parts += [
            audience_heading(m, audience),
            *measure_parts(m, audience, "missed_share", heading="Share missed", n_heading="Children with the outcome"),
        ]
    return Section("missed", "Who is missed", "\n".join(sentences) or "How many are missed cannot be estimated.", tuple(parts))


def _rest_of(share: Figure) -> Figure:
    """What is left to the whole."""
    value, low, high = (None if x is None else 1 - x for x in (share.value, share.high, share.low))
    return Figure(value, low, high)


def _strips(found: Mapping[str, Figure], caption: str) -> list[Markup]:
    """Ten people a list, those the share speaks of filled in; then one table for all."""
    if not found:
        return []
    drawn = []
    for label, figure in found.items():
        n = int(10 * (figure.value or 0.0) + 0.5)  # halves go up, as in the words
        desc = f"{number_word(n).capitalize()} of ten figures are filled in: {figure.text()}."
        drawn.append(Markup("<div>{}{}</div>").format(lead_in(label), page.chart_html(charts.people_strip(n, 10, title=label, desc=desc))))
    rows = [[label, figure.text()] for label, figure in found.items()]
    pair = Markup('<div class="side-by-side">{}</div>').format(Markup("").join(drawn))
    return [lead_in(f"{caption}."), pair, more("The shares, with their intervals", page.table_html(["Lists", "Share (95% interval)"], rows, caption))]


def without_need(m: Material) -> Section:
    """Who is listed without need, and which groups more."""
    sentences = []
    shares: dict[str, Figure] = {}
    for audience, trial in m.trials.items():
        right = estimate(m.showing, _put_forward(trial), "precision_at_capacity")
        if right.value is not None:
            n = 10 - int(10 * right.value + 0.5)
            sentences.append(
                f"{list_name(audience)}: of every 10 families listed, about {n} {plural(n, 'was', 'were')} listed "
                f"without need, as far as later records show."
            )
            shares[list_name(audience)] = right
    whom = f"Of every 10 families listed, those in which somebody {m.context.had_outcome} (filled in)"
    for audience in m.groups:
        share = m.of_table(audience, "precision")
        if share.value is not None:
            n = 10 - int(10 * share.value + 0.5)
            sentences.append(
                f"{list_name(audience)}: of every 10 children listed, about {n} {plural(n, 'was', 'were')} listed without need, as far as later records show."
            )
            shares[list_name(audience)] = share
            whom = f"Of every 10 children listed, those who {m.context.had_outcome} (filled in)"
    parts = _strips(shares, whom)
    parts.append(
        paragraph(
            f"The harm: {MEASURES['false_flag_rate'].harm} {MEASURES['precision'].harm} “Without need” means that no need "
            f"was recorded "
            "later; some of these families may have had one that nobody wrote down."
        )
    )
    parts += [paragraph(PICTURES)] if m.groups else []
    for audience in m.groups:
        parts.append(audience_heading(m, audience))
        parts += measure_parts(
            m,
            audience,
            "false_flag_rate",
            heading="Share listed without need",
            n_heading="Children without the outcome",
        )
        rows = m.groups[audience].of("precision")
        if rows:
            caption = f"Of those listed, the share who {m.context.had_outcome}, by group: {list_name(audience).lower()}"
            cells = [[row.label, row.n, row.figure.text()] for row in rows]
            table = page.table_html(["Group", "Listed, outcome known", "Share (95% interval)"], cells, caption, note=m.showing.note)
            parts.append(more(caption, table, sheet="" if m.showing.publishable else sheet_name(audience, BY_GROUP)))
    return Section(
        "without-need",
        "Who is listed without need",
        "\n".join(sentences) or "How many are listed without need cannot be estimated.",
        tuple(parts),
    )


def observed_expected(m: Material) -> Section:
    """Whether the score means the same in every group."""
    sentences = []
    parts: list[Markup] = [
        paragraph(
            "For each group, the number who had the outcome is divided by the number the score led us to expect. At 1 they "
            "agree. Above 1, the score understates the need of this group; below 1, it overstates it. The pictures show the ten groups furthest from 1. With so "
            "many groups, some intervals leave out 1 by chance; this is not tested."
        )
    ]
    for audience, groups in m.groups.items():
        rows = groups.of("observed_expected")
        usual = [row for row in rows if row.is_drawn and row.group != NOT_KNOWN and not row.is_finer] or rows
        known = [row for row in usual if _says_something(row)]
        if not known:
            continue
        away = sorted((row for row in known if not (row.figure.low or 0) <= 1 <= (row.figure.high or 0)), key=_how_far)
        apart = f"; {and_list([_away(row) for row in away[:3]])}" if away else ""
        apart += f"; and {len(away) - 3} more differ less" if len(away) > 3 else ""
        sentences.append(
            f"{list_name(audience)}: in {len(known) - len(away)} of {count_of(len(known), 'group')} as many had the outcome as expected, as far as can be "
            f"told{apart}."
        )
        drawn = sorted(known, key=_how_far)[:SHOWN]
        svg = charts.forest(
            [row.figure.row(row.label) for row in drawn],
            title=f"{list_name(audience)}: observed against expected, the {len(drawn)} groups furthest from 1",
            desc=" ".join(f"{row.label}: {row.figure.ratio_text()}." for row in drawn),
            unit="ratio",
            zero_line=True,
        )

        def table(rows: Sequence[GroupRow], caption: str, audience: str = audience) -> Markup:
            cells = [
                [row.label, row.n, row.figure.ratio_text() if row.figure.hidden or _says_something(row) else "cannot be estimated"] for row in rows
            ]
            headings = ["Group", "Children, outcome known", "Observed ÷ expected (95% interval)"]
            return page.table_html(headings, cells, f"{caption}: {list_name(audience).lower()}", note=m.showing.note)

        rest = every_group(
            m, audience, table(rows, "Observed against expected, every group"), f"observed against expected, {list_name(audience).lower()}"
        )
        parts += [audience_heading(m, audience), picture(svg, table(drawn, "Observed against expected")), rest]
    finding = "\n".join(sentences) or NO_CHANCES
    return Section("observed-expected", "Does 30% mean 30%?", finding, tuple(parts))


NO_CHANCES = "Whether the score means the same in every group cannot be estimated: that takes, for each child, the chance that the score stands for."

#: An interval whose ends are more than this many times apart says nothing.
_WIDEST = 20.0


def _says_something(row: GroupRow) -> bool:
    """Whether the ratio and both ends are there and its interval is narrower than everything."""
    low, high = row.figure.low, row.figure.high
    return bool(row.figure.value) and low is not None and high is not None and low > 0 and high / low <= _WIDEST


def _how_far(row: GroupRow) -> tuple[float, str]:
    """Furthest from 1 first, half as much counting as far as twice as much."""
    return -abs(math.log(row.figure.value or 1.0)), row.label


def _away(row: GroupRow) -> str:
    way = "more had the outcome than expected" if (row.figure.value or 1.0) > 1 else "fewer had the outcome than expected"
    ratio = row.figure.ratio_text().replace(" (", "; ").rstrip(")")
    return f"for {row.label} {way} ({ratio})"
