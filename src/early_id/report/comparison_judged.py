"""What the comparison page says of the judgement: the bar of this list, what the sharing rule costs, labels, steadiness."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from early_id.models.scorecard_page import points_body
from early_id.models.verdict import AGAINST
from early_id.present import page
from early_id.present.wording import day_text, percent, sentence_case
from early_id.report.section import bullets, lead_in, paragraph, subheading
from early_id.report.showing import Showing, estimate, number
from early_id.report.usefulness import model_name

Card = Mapping[str, Any]
Part = Callable[[Showing, Card, Card], Sequence[Markup]]

#: Figures that the bar's margins are about, as the page calls them.
_MEASURED = {
    "precision_at_capacity": "Of the families listed, share with need",
    "recall_at_capacity": "Of the children with need, share listed",
    "average_precision": "Average precision",
    "auc": "Ranking overall (AUC)",
}

#: Refits from which the share that lists a family is told apart well enough.
FULL_REFITS = 50

#: How a limit of the bar ended.
_MET = {True: "reached", False: "not reached", None: "cannot tell"}


def share(showing: Showing, row: Card, value: str, n: Any, low: str = "", high: str = "", **more: Any) -> str:
    """A share of a row with its interval, as the page may show it."""
    return showing.share(number(n), row.get(value), row.get(low or f"{value}_low"), row.get(high or f"{value}_high"), **more).text()


def bar(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """What this list's model had to reach, and how near it came."""
    judged = card.get("acceptance") or {}
    asked = judged.get("bar")
    if not asked:
        return ()
    whose = "It was declared for this list." if judged.get("own_bar") else "It was not declared for this list alone: it is the one for every list."
    rows: list[Any] = []
    for measure, margin in (("precision_at_capacity", "margin_precision"), ("recall_at_capacity", "margin_recall")):
        against = [row for row in card.get("comparisons") or () if row["measure"] == measure]
        lowest = min(against, key=lambda row: number(row["lower_bound"]) or 0.0, default=None)
        found = (
            "–" if lowest is None or number(lowest["lower_bound"]) is None else f"{_points(lowest['lower_bound'])} (against {_rule(lowest['rule'])})"
        )
        met = "–" if not against else _MET[_beyond_chance(against)]
        rows.append([f"{_MEASURED[measure]}: better than every rule by more than", _points(asked[margin]), found, met])
    rows += [[sentence_case(limit["name"]), "", limit["sentence"], _MET[limit["met"]]] for limit in judged.get("limits") or ()]
    words = f"The bar was written down before any result was seen. {whose} A gain counts only where it is beyond chance: its lower bound has to be above the margin."
    if showing.publishable:  # what was found tells exact differences
        rows = [[row[0], row[1], row[3]] for row in rows]
    headings = ["What is asked", "Points asked for", *([] if showing.publishable else ["Found: lower bound, or the figure"]), "Reached"]
    table = page.table_html(headings, rows, "What the model of this list had to reach")
    each = [] if showing.publishable else [text for reason in card.get("reasons") or () if (text := str(reason)).startswith(AGAINST)]
    return (subheading("The bar for this list"), lead_in(words), table, *([bullets(each)] if each else []))


def _rule(name: Any) -> str:
    return model_name(str(name), "baseline").replace("Rule:", "the rule:")


def _beyond_chance(against: Sequence[Card]) -> bool | None:
    """Whether the model was better than every rule by more than the margin; False where a rule was; None where it cannot be told, as the verdict has it."""
    if any(number(row["lower_bound"]) is None for row in against):
        return None
    if all(row["clears"] for row in against):
        return True
    return False if any(row["upper_bound"] <= row["margin"] for row in against) else None


def _points(value: Any) -> str:
    """A difference of shares in points of 100."""
    return f"{100 * float(value):+.1f}".replace("-", "−")


def sharing(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """What this list's model loses because it may not see every class of record."""
    held = further.get("sharing") or {}
    if not held or showing.publishable:
        return ()
    title = subheading("What the sharing rule costs the model")
    if held["sees_all"]:
        return (title, paragraph("Nothing: this list's model may see every class of record that is held."))
    first = next(row for row in held["rows"] if row["measure"] == "precision_at_capacity")
    change = number(first["difference"])
    told = ""
    if change is not None and number(first["low"]) is not None:
        families = round(abs(100 * change))
        more = "more" if change >= 0 else "fewer"
        told = f" Of 100 families on such a list, about {families} {more} later had a need recognised ({_points(first['low'])} to {_points(first['high'])})."
        told += "" if first["low"] > 0 or first["high"] < 0 else " That may be chance."
    words = (
        f"For figures only, the same kind of model was also fitted on all {held['features_all']} features that are held, where this list's may see {held['features_seen']}: "
        f"the same children, families, places and dates.{told} That model was thrown away; no list can be made with it. For analysts and the board only."
    )
    cells: list[Any] = [
        [_MEASURED[r["measure"]], _fine(r["seen"]), _fine(r["all"]), f"{_signed(r['difference'])} ({_signed(r['low'])} to {_signed(r['high'])})"]
        for r in held["rows"]
    ]
    headings = ["Figure", "With what this list's model may see", "With every class", "Difference (95% interval)"]
    return (title, lead_in(words), page.table_html(headings, cells, "This list's model beside one with every class of record"))


def _fine(value: Any) -> str:
    found = number(value)
    return "cannot be estimated" if found is None else f"{found:.3f}"


def _signed(value: Any) -> str:
    found = number(value)
    return "cannot be estimated" if found is None else f"{found:+.3f}".replace("-", "−")


def labels(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """Children nobody looked at, with the warning on every page; lists made for other labels where they were made."""
    held = further.get("labels") or {}
    if not held:
        return ()
    found = [subheading("What nobody looked for"), paragraph(str(held.get("warning")))]
    if showing.publishable:
        return found
    seen = [
        [
            r["children"].capitalize(),
            r["number"],
            r["with_outcome"],
            share(showing, r, "observed", r["number"], "low", "high"),
            percent(r["expected"], fine=True),
        ]
        for r in held.get("looked_at") or ()
    ]
    if seen:
        headings = ["Children", "Number", "With need on record", "Share", "Expected by the model"]
        found.append(page.table_html(headings, seen, "What was seen, by whether anybody had looked"))
    rows = held.get("table") or ()
    if not rows:
        why = (
            "No other label is held, so no list could be made for one."
            if held.get("made", True)
            else "Lists for other labels were not made (training.labels)."
        )
        return [*found, paragraph(why)]
    cells: list[Any] = []
    for r in rows:
        value = number(r.get("agreement"))
        agreed = r["note"] or "" if value is None else f"{value:.2f} ({r['low']:.2f} to {r['high']:.2f})"
        change = number(r.get("of_listed_change"))
        cells.append(
            [
                sentence_case(_label(r)),
                r["outcomes"],
                agreed,
                "–" if change is None else f"{change:.0f} of {r['listed']:.0f}",
            ]
        )
    headings = ["Label", "Children with it", "Agreement of the two orders (1: the same)", "Families on the list who would change"]
    caption = "Lists made for other labels"
    return [*found, subheading("If something else were looked for"), lead_in(_other_lists(rows)), page.table_html(headings, cells, caption)]


def _label(row: Card) -> str:
    return str(row["label"]).replace("re_referral", "referred again").replace("_", " ")


def _other_lists(rows: Sequence[Card]) -> str:
    """How much of the list hangs on what was looked for, in two sentences."""
    could = [row for row in rows if number(row.get("of_listed_change")) is not None]
    why = "For figures only, the same kind of model was fitted to other things that services record. "
    if not could:
        return f"{why}None of them was recorded often enough to say whether the list would be another one."
    least, most = (end(could, key=lambda row: float(row["of_listed_change"])) for end in (min, max))
    told = "; ".join(
        f"had '{_label(row)}' been looked for, {row['of_listed_change']:.0f} of the {row['listed']:.0f} families on the list would be others"
        for row in ([least, most] if least is not most else [most])
    )
    return f"{why}{sentence_case(told)}. Models that agree can be wrong together, because the same services recorded all of it."


def scorecard(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """The points of the scorecard that was trained, beside the model put forward or as it."""
    held = further.get("scorecard") or {}
    if not held.get("rows") or showing.publishable:
        return ()
    name = str(card.get("put_forward"))
    own, other = (estimate(showing, card["models"].get(one) or {}, "precision_at_capacity").value for one in ("scorecard", name))
    told = (
        "The model put forward is this card of points."
        if name == "scorecard"
        else "A card of few signs and whole points was trained beside the model put forward."
    )
    if name != "scorecard" and own is not None and other is not None:
        told += f" Of 100 families on its list, {100 * own:.0f} later had a need recognised; on the list of the model put forward, {100 * other:.0f}. The interval of each stands in the first table."
    return (subheading("The card of points"), lead_in(told), points_body(held))


def steadiness(showing: Showing, card: Card, further: Card) -> Sequence[Markup]:
    """How much of the list is due to chance."""
    held = further.get("stability") or {}
    if showing.publishable:
        return ()
    if not held:
        return (subheading("How steady is the list?"), paragraph("Not measured: the model was not refitted on families drawn anew."))
    counts = held["counts"]
    what = {"steady": "listed by 90 in 100 refits or more", "near the edge": "listed by 50 to 90 in 100", "by chance": "listed by fewer than half"}
    cells: list[Any] = [[sentence_case(state), words, counts[state]] for state, words in what.items()]
    words = (
        f"The model was fitted {held['refits']} times on families drawn anew. Of the {held['listed']} families listed on {day_text(date.fromisoformat(held['as_of']))}, {counts['steady']} are on "
        f"nearly every list, and {counts['by chance']} are there by the chance of who was in the data. For analysts and the board only."
        + (" With so few refits these counts are rough." if held["refits"] < FULL_REFITS else "")
    )
    return (
        subheading("How steady is the list?"),
        lead_in(words),
        page.table_html(["Families", "Meaning", "How many"], cells, "Families listed, over all refits"),
    )
