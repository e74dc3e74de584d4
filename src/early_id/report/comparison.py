"""The page that a board reads before it decides on a model: models and rules side by side, at the places that there are.

It leads with what a list would find, in sentences and a picture; tables follow. Made from the JSON of trials, so that a result once shown
is shown again without training. RESTRICTED holds everything; PUBLISHABLE holds what the rule for small numbers lets through, from rounded
counts, and leaves out what cannot be rounded without giving a count back (curve, funnel, parts of the council, refits).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup, escape

from early_id.models.verdict import AGAINST
from early_id.present import charts, curves, page
from early_id.present.glossary import Glossary
from early_id.present.wording import MADE_UP, and_list, day_text, out_of, plural, sentence_case
from early_id.report import comparison_parts as parts
from early_id.report.context import list_name
from early_id.report.outcome_words import NEED, worded
from early_id.report.section import bullets, lead_in, paragraph
from early_id.report.showing import Showing, estimate, number
from early_id.report.usefulness import model_name

TITLE = "Models and rules compared"

BANNERS = {
    True: "PUBLISHABLE. Small numbers are hidden, and others rounded.",
    False: "RESTRICTED. Full counts: for the governance board and the analyst only. Do not copy or forward.",
}

#: Kind of model → its look in the picture.
_LOOK = {"model": "model", "baseline": "rule"}


def comparison_page(
    trials: Mapping[str, Any],
    *,
    publishable: bool = False,
    made_up: bool = False,
    said: Sequence[str] = (),
    words: Glossary | None = None,
) -> str:
    """The whole page.

    Parameters
    ----------
    trials : mapping
        Audience → trial, or its JSON as it was kept.
    publishable : bool
        Apply the rule for small numbers; otherwise the page is marked RESTRICTED.
    made_up : bool
        Watermark the page.
    said : sequence of str
        What every output of the run has to say; what the trials' own splits have to say is added.
    words : Glossary, optional
        The programme's own words; another outcome than *need recognised* is called by its name where they say nothing of it.
    """
    cards = {str(name): trial if isinstance(trial, Mapping) else trial.to_json() for name, trial in trials.items()}
    showing = Showing(publishable)
    body = Markup("\n").join(_list_of(showing, name, card) for name, card in cards.items())
    own = [note for card in cards.values() for note in (card.get("splits") or {}).get("notes") or ()]
    html = page.render_page(
        TITLE,
        f"{_intro(cards)}{body}",
        banner=BANNERS[publishable],
        watermark=MADE_UP if made_up else None,
        kind="publishable" if publishable else "restricted",
        said=list(dict.fromkeys([*said, *own])),
    )
    return worded((str(card.get("outcome") or NEED) for card in cards.values()), words).html(html)


def _intro(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    found = {str((card.get("splits") or {}).get("test_date") or "") for card in cards.values()}
    dates = [day_text(date.fromisoformat(day)) for day in sorted(found) if day]
    return paragraph(
        f"Each way of choosing families was tried on families and dates that it had not seen: what would a list made on {and_list(dates)} "
        "have found? Need that nobody recorded is in no figure. Help is offered, never imposed, and a person decides each time."
    )


def _list_of(showing: Showing, audience: str, card: Mapping[str, Any]) -> Markup:
    """One audience: sentences, picture, table, then everything else."""
    heading = Markup('<section><h2 id="{}">{}</h2>').format(audience, list_name(audience))
    if not card.get("models"):
        return heading + bullets([str(reason) for reason in card.get("reasons") or ()]) + Markup("</section>")
    further = card.get("further") or {}
    blocks = [
        Markup('<p class="finding">{}</p>').format(lead(showing, card)),
        *_strip(showing, card),
        _verdict(showing, card),
        _picture(showing, card, further),
        _table(showing, card),
        *(part for make in parts.PARTS for part in make(showing, card, further)),
        _notes(card),
    ]
    return heading + Markup("\n").join(blocks) + Markup("</section>")


def forward_of(card: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Name and figures of the model put forward."""
    name = str(card.get("put_forward"))
    found: Mapping[str, Any] = card["models"].get(name) or {}
    return name, found


def lead(showing: Showing, card: Mapping[str, Any]) -> str:
    """What the list of the model put forward would find, beside the best rule, in two sentences."""
    name, own = forward_of(card)
    places = page.cell_text(card.get("capacity"))
    right = estimate(showing, own, "precision_at_capacity").value
    found = estimate(showing, own, "recall_at_capacity").value
    if right is None or found is None:
        return f"With {places} places, how often the list of '{model_name(name, 'model')}' would have been right cannot be shown."
    rules = {n: estimate(showing, f, "precision_at_capacity").value for n, f in card["models"].items() if f.get("kind") == "baseline"}
    shown = {n: value for n, value in rules.items() if value is not None}
    text = (
        f"With {places} places: of every 10 families on the model's list, {_tenths(right)} later had a need recognised; of every 10 children whose "
        f"need was later recognised, {_tenths(1 - found)} {plural(int(10 * (1 - found) + 0.5), 'was', 'were')} not in a family on it."
    )
    if not shown:
        return text
    best = max(shown, key=lambda n: (shown[n], n))
    return f"{text} The best simple rule ({model_name(best, 'baseline').removeprefix('Rule: ')}) was right for {_tenths(shown[best])} of 10 families."


def _tenths(share: float) -> str:
    return out_of(share, 10).removesuffix(" out of 10")


def _strip(showing: Showing, card: Mapping[str, Any]) -> list[Markup]:
    value = estimate(showing, forward_of(card)[1], "precision_at_capacity").value
    if value is None:
        return []
    found = int(10 * value + 0.5)  # halves go up, as in the words
    desc = f"{found} of 10 families on the list later had a need recognised; {10 - found} did not."
    return [page.chart_html(charts.people_strip(found, 10, title="Of every 10 families on the list", desc=desc)), paragraph(desc)]


def _verdict(showing: Showing, card: Mapping[str, Any]) -> Markup:
    verdict = Markup("<p>Verdict: <strong>{}</strong>.</p>").format(card.get("verdict", "no verdict"))
    if showing.publishable:
        return verdict  # reasons hold exact differences
    return verdict + bullets([text for reason in card.get("reasons") or () if not (text := str(reason)).startswith(AGAINST)])


def _picture(showing: Showing, card: Mapping[str, Any], further: Mapping[str, Any]) -> Markup:
    """Families found against places, and the same numbers as a table."""
    points = further.get("curve") or ()
    if showing.publishable or not points:
        return Markup("")
    name, _ = forward_of(card)
    by_model: dict[str, list[tuple[float, float]]] = {}
    for row in points:
        by_model.setdefault(str(row["model"]), []).append((float(row["places"]), float(row["found"])))
    kinds = {model: str(figures.get("kind")) for model, figures in card["models"].items()}
    lines = [
        {"label": _short(model, kinds[model]), "look": "put forward" if model == name else _LOOK.get(kinds[model], "comparison"), "points": found}
        for model, found in by_model.items()
    ]
    places, need = float(card["capacity"]), float(further.get("families_with_need") or 0)
    families = 0.0 if "at_random" in by_model else float((card.get("splits") or {}).get("test_families") or 0)  # one line by lot is enough
    at = {model: dict(found).get(places, 0.0) for model, found in by_model.items()}
    desc = f"With {places:,.0f} places: " + "; ".join(f"{_short(m, kinds[m])} {n:.0f}" for m, n in at.items()) + f"; of {need:,.0f} families in all."
    svg = curves.found_curve(
        lines, places=places, everybody=need, families=families, title="Families found whose need was later recognised, by number of places", desc=desc,
        with_need="families with need, found",
    )  # fmt: skip
    steps = [0.5, 1.0, 2.0]
    rows: list[Any] = [
        [_short(m, kinds[m]), *(round(dict(found).get(places * step, float("nan"))) for step in steps)] for m, found in by_model.items()
    ]
    table = page.table_html(
        ["Way of choosing", *(f"{places * step:,.0f} places" for step in steps)],
        rows,
        f"Families found whose need was later recognised, of {need:,.0f} in all",
    )
    words = (
        "How many families whose need was later recognised each way of choosing would have found, for shorter and longer lists. The upright line is this list. "
        "The thick line is the model put forward; brown lines are rules that need no model; dotted ones are for comparison."
    )
    return lead_in(words) + page.chart_html(svg, table)


def _short(model: str, kind: str) -> str:
    return sentence_case(model_name(model, kind).split(": ", 1)[-1])


def _table(showing: Showing, card: Mapping[str, Any]) -> Markup:
    rows: list[Any] = []
    for name, figures in card["models"].items():
        rank = figures.get("auc") or {}
        value = number(rank.get("value"))
        rows.append(
            [
                model_name(name, figures.get("kind")) + (" (put forward)" if name == card.get("put_forward") else ""),
                estimate(showing, figures, "precision_at_capacity").text(),
                estimate(showing, figures, "recall_at_capacity").text(),
                "cannot be estimated" if value is None else f"{value:.2f}",
            ]
        )
    headings = ["Way of choosing", "Of the families listed, share with need", "Of the children with need, share listed", "Ranking overall (AUC)"]
    return page.table_html(headings, rows, f"All ways of choosing, with {page.cell_text(card.get('capacity'))} places", note=showing.note)


def _notes(card: Mapping[str, Any]) -> Markup:
    at_the_top = (card.get("splits") or {}).get("notes") or ()
    notes = [str(note) for note in card.get("notes") or () if note not in at_the_top]
    return Markup("<h3>{}</h3>").format(escape("Notes")) + bullets(notes) if notes else Markup("")
