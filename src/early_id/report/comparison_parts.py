"""Most of what stands below the picture of the comparison page: who would be new, parts of the council, bands, schools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from early_id.config.settings import AuditSettings
from early_id.models.funnel import funnel_sentence, limits
from early_id.models.segments import KINDS
from early_id.present import curves, page
from early_id.present.wording import percent, sentence_case
from early_id.report.comparison_judged import Card, Part, bar, labels, scorecard, share, sharing, steadiness
from early_id.report.follow_up import leavers, outcome_by_date
from early_id.report.section import lead_in, paragraph, subheading
from early_id.report.showing import Showing, number
from early_id.report.usefulness import model_name

#: Characteristics as pages call them; "fsm" is no word.
_TITLES = AuditSettings().characteristics


def _own(card: Card, rows: Any) -> list[Card]:
    return [row for row in rows or () if row.get("model") == card.get("put_forward")]


def new_families(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """Families that nobody of the services knew."""
    rows = further.get("not_known") or ()
    if not rows:
        return ()
    cells: list[Any] = [
        [
            model_name(row["model"], (card["models"].get(row["model"]) or {}).get("kind")),
            showing.count(row["not_known"]),
            share(showing, row, "share", row["families_listed"]),
            share(showing, row, "precision", row["n"]),
        ]
        for row in rows
    ]
    headings = ["Way of choosing", "Families listed whom services did not know", "As a share of the list", "Of them, share with need"]
    words = (
        "Whom services did not know: no contact, offer of early help or statutory status of a child of the family in the year before. "
        "Whether the reader of the list knew the family is not in these records."
    )
    return (
        subheading("Families whom services did not know"),
        lead_in(words),
        page.table_html(headings, cells, "Families not already known to services", note=showing.note),
    )


def how_it_ended(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """Ends of follow-up, children who left by group, outcome by date."""
    rows = further.get("ends") or ()
    found: list[Markup] = []
    if rows:
        cells: list[Any] = [
            [sentence_case(str(r["end"]).replace("_", " ")) + (" (ends the chance of early help)" if r["competing"] else ""), n, of]
            for r, n, of in zip(
                rows, showing.counts([r["children"] for r in rows]), showing.counts([r["of_listed_families"] for r in rows]), strict=True
            )
        ]
        caption = "How follow-up ended: each child once"
        found += [
            subheading("What became of the children"),
            *_ends_in_words(showing, card),
            page.table_html(["End", "Children", "Of them in families on the model's list"], cells, caption, note=showing.note),
        ]
    found += [*outcome_by_date(showing, card), *leavers(showing, card)]
    groups = further.get("censored") or ()
    if groups and not showing.publishable and any(r["left"] for r in groups):
        cells = [
            [
                f"{_TITLES.get(r['characteristic'], sentence_case(r['characteristic'].replace('_', ' ')))}: {r['group']}",
                r["children"],
                r["left"],
                share(showing, r, "share", r["children"], "low", "high"),
            ]
            for r in groups
        ]
        table = page.table_html(["Group", "Children", "Left before the end", "Share (95% interval)"], cells, "Children who left, by group")
        found.append(table)
    return found


def _ends_in_words(showing: Showing, card: Card) -> list[Markup]:
    """How many needs there were at the test date, and how many children could not be followed; exact, so for the restricted page."""
    day = str((card.get("splits") or {}).get("test_date") or "")
    at = next((row for row in card.get("outcome_by_date") or () if str(row["as_of"])[:10] == day[:10]), None)
    if at is None or showing.publishable:
        return []
    had, known, left = (round(number(at.get(name)) or 0) for name in ("with_outcome", "known", "left"))
    gone = "Nobody left before the end." if not left else f"{left:,} left before the end, so nobody can say what would have become of them."
    return [lead_in(f"Of {known:,} children whose outcome is known, {had:,} later had a need recognised. {gone}")]


def left_in(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """The optimistic figures, labelled."""
    rows = further.get("left_in") or ()
    if not rows or showing.publishable:
        return ()
    words = {
        "precision_at_capacity": "of the families listed, share with need",
        "recall_at_capacity": "of the children with need, share listed",
        "auc": "ranking overall (AUC)",
    }
    cells: list[Any] = [[f"{model_name(r['model'], 'model')}: {words[r['measure']]}", _fine(r["held_out"]), _fine(r["left_in"])] for r in rows]
    lead = "What careless testing would have shown: the right-hand column is optimistic, because the models had seen earlier dates of the same families. On short lists chance can hide that."
    return (
        subheading("With known families left in"),
        lead_in(lead),
        page.table_html(
            ["Model and figure", "On families it had not seen", "With known families left in (optimistic)"],
            cells,
            "Held out, and with known families left in",
        ),
    )


def _fine(value: Any) -> str:
    found = number(value)
    return "cannot be estimated" if found is None else f"{found:.3f}"


def bands(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """Bands and how the probabilities were judged."""
    rows, judged = further.get("bands") or (), further.get("calibration") or {}
    found: list[Markup] = [subheading("Does 30 in 100 mean 30 in 100?")]
    if judged and not showing.publishable:
        asked = {"observed_expected": ("Needs seen, divided by needs expected", 1), "intercept": ("Shift in log-odds", 0), "slope": ("Slope", 1)}
        cells: list[Any] = [
            [words, *(_two(judged.get(key) or {}, end) for end in ("value", "low", "high")), right] for key, (words, right) in asked.items()
        ]
        found += _expected_in_words(judged)
        found.append(
            page.table_html(
                ["Figure at the test date", "Value", "From", "To", "Right would be"],
                cells,
                f"The {judged.get('kind')} calibration, judged at the test date",
            )
        )
    if not rows:
        found.append(paragraph("There were too few outcomes before the test date for bands: each needs 30."))
        return found
    cells = [
        [
            sentence_case(r["band"]),
            showing.count(r["children"]),
            showing.count(r["with_outcome"]),
            percent(r["expected"], fine=True),
            share(showing, r, "observed", r["children"]),
        ]
        for r in rows
    ]
    if showing.publishable:
        cells = [[row[0], row[1], row[2], row[4]] for row in cells]
    headings = ["Band", "Children", "With need", *([] if showing.publishable else ["Expected"]), "Seen (95% interval)"]
    words = "Bands were cut before the test date; what was seen in them is from the test date only. They are for analysts and the board, never for lists or sheets."
    return [*found, lead_in(words), page.table_html(headings, cells, "Bands", note=showing.note)]


def _expected_in_words(judged: Card) -> list[Markup]:
    """Needs seen beside those that the model expected."""
    figure = judged.get("observed_expected") or {}
    value, low, high = (number(figure.get(end)) for end in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return []
    return [
        lead_in(
            f"At the test date there were {value:.2f} times as many needs seen as needs expected by the model's probabilities ({low:.2f} to {high:.2f})."
        )
    ]


def _two(figure: Card, end: str) -> str:
    value = number(figure.get(end))
    return "cannot be estimated" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def benefit(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """Net benefit over the thresholds that the board states."""
    rows = further.get("benefit") or ()
    if not rows or showing.publishable:
        return ()
    thresholds = sorted({r["threshold"] for r in rows})
    by_model: dict[str, dict[float, Card]] = {}
    for row in rows:
        by_model.setdefault(row["model"], {})[row["threshold"]] = row
    cells: list[Any] = [
        [
            _name(card, model),
            *(
                f"{row[t]['net_benefit']:.0f} ({row[t]['low']:.0f} to {row[t]['high']:.0f})".replace("-0 ", "0 ")
                .replace("(-0", "(0")
                .replace("-", "−")
                for t in thresholds
            ),
        ]
        for model, row in by_model.items()
    ]
    words = (
        "What talking to everybody above a threshold would be worth: conversations with a need behind them, less the others, per 1,000 children. "
        "At a threshold of 10% one conversation with need is worth nine without. The thresholds are those of the settings, for the board to state."
    )
    headings = ["Way of choosing", *(f"From {percent(t)}" for t in thresholds)]
    return (
        subheading("What a conversation is worth"),
        lead_in(words),
        page.table_html(headings, cells, "Net benefit per 1,000 children (95% interval)"),
    )


def _name(card: Card, model: str) -> str:
    figures = card["models"].get(model)
    return model_name(model, figures.get("kind")) if figures else sentence_case(model)


def segments(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """Parts of the council; never single schools."""
    rows = further.get("segments") or ()
    if not rows or showing.publishable:
        return ()
    found = [
        subheading("In parts of the council"),
        lead_in(
            "Figures of the model put forward. Where fewer than ten families or children stand behind a figure it cannot be estimated. Among many "
            "parts some stand out by chance."
        ),
    ]
    for kind, title in KINDS.items():
        mine = [row for row in rows if row["kind"] == kind]
        if not mine:
            found.append(paragraph(f"{title}: not held."))
            continue
        cells: list[Any] = [
            [
                sentence_case(r["part"]),
                r["children"],
                r["with_outcome"],
                r["listed_families"],
                share(showing, r, "precision", r["listed_families"]),
                share(showing, r, "recall", r["with_outcome"]),
                _ratio(r),
            ]
            for r in mine
        ]
        headings = [
            title,
            "Children",
            "With need",
            "Families listed",
            "Of them, share with need",
            "Of the children with need, share listed",
            "Needs seen / expected",
        ]
        note = (
            "Dates before the test date are held out by family only, so they look a little better than they would have been."
            if kind == "term"
            else ""
        )
        found.append(page.table_html(headings, cells, f"By {title[0].lower()}{title[1:]}", note=note))
    return found


def _ratio(row: Card) -> str:
    value = number(row.get("observed_expected"))
    return "–" if value is None else f"{value:.2f} ({row['observed_expected_low']:.2f} to {row['observed_expected_high']:.2f})"


def schools(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """The funnel."""
    held = further.get("funnel") or {}
    points = held.get("points") or ()
    if showing.publishable or not points:
        return ()
    share = float(held["share"])
    sentence = funnel_sentence(len(points), sum(p["outside_95"] for p in points), sum(p["outside_998"] for p in points))
    svg = curves.funnel(
        points, share=share, limits=lambda sizes: limits(share, np.asarray(sizes)), title="Schools, all dates together", desc=sentence
    )
    sizes = sorted({int(p["listed"]) for p in points})
    bound = limits(share, np.array(sizes)).to_dict("records")
    cells: list[Any] = [[r["n"], sum(p["listed"] == r["n"] for p in points), f"{percent(r['low_95'])} to {percent(r['high_95'])}"] for r in bound]
    table = page.table_html(
        ["Families listed at a school", "Schools", "Inner limits"], cells, f"Limits round {percent(share)}, the share at all schools"
    )
    words = "Each point is a school without its name. Dashed lines: 1 school in 20 lies outside by chance; full lines: 1 in 500. Diamonds lie outside the dashed ones."
    return (subheading("Schools"), paragraph(sentence), lead_in(words), page.chart_html(svg, table))


PARTS: tuple[Part, ...] = (bar, new_families, how_it_ended, left_in, bands, benefit, segments, schools, sharing, labels, steadiness, scorecard)
