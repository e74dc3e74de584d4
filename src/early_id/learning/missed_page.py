"""Totals of missed chances without names, as they may be published or for the audit group; and the timelines, for the audit group alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from early_id.learning.missed import LISTED, Missed
from early_id.learning.shares import published_share, share_text
from early_id.learning.tables import Words
from early_id.present.disclosure import HIDDEN, NOTE, is_small, publish_list, round_count
from early_id.present.page import render_page, table_html
from early_id.present.wording import day_text, out_of, sentence_case

TITLE = "Looking back: what was known before a threshold was reached"
BANNERS = {
    False: "RESTRICTED. For the multi-agency audit group. Counts of all sizes, no names.",
    True: "For publication. Counts of 1 to 5 are not shown, others are rounded to the nearest 5.",
}
READ_WITH = (
    "A sign is not a fault of whoever recorded it, and most children with a sign never come to any harm: how many never did stands beside each. "
    "Nothing here ranks schools, services or people."
)
_STATUS = {
    "CLA": "came into care",
    "CPP": "child protection plan",
    "COURT": "court or pre-proceedings",
    "S47": "section 47 enquiry",
    "CIN": "child in need plan",
}


def missed_page(found: Missed, words: Words, *, publishable: bool) -> str:
    """Totals by route and sign, and what kept lists from holding the children."""
    body = Markup("").join([_about(found, words, publishable), _held(found, publishable), _off(found, publishable), _by_route(found, publishable)])
    kind = "publishable" if publishable else "restricted"
    return render_page(f"{TITLE}: {words.council}", body, banner=BANNERS[publishable], kind=kind, watermark=words.watermark)


def _n(count: int, publishable: bool) -> str:
    return str(round_count(count)) if publishable else f"{count:,}"


def _about(found: Missed, words: Words, publishable: bool) -> Markup:
    lines = [
        f"Looked at: {_n(len(found.children), publishable)} children who reached a statutory threshold for the first time since {day_text(found.dates[0])}, and what stood on "
        f"record on {len(found.dates)} dates before.",
        READ_WITH,
        "Lists on those dates: as they were made, where they were; otherwise as a model would have made them that was taught by nothing but what was known on that date."
        + (f" On {len(found.without)} of the dates too little was known to teach one." if found.without else ""),
        f"Thresholds are known until {day_text(found.known_until)}. Questions: {words.contact}.",
    ]
    return Markup("<h2>What this page is</h2>") + Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)


def _held(found: Missed, publishable: bool) -> Markup:
    children, whole = found.children, len(found.children)
    held = children[children["held_on"].notna()]
    small = publishable and (is_small(len(held)) or is_small(whole - len(held)) or is_small(whole))
    days = float(held["days_earlier"].median()) if len(held) else float("nan")
    if not whole:
        text = "No child reached a threshold for the first time in this time."
    elif small:
        text = "Too few children to say how many a list held before."
    else:
        said = out_of((float(round_count(len(held))) / float(round_count(whole))) if publishable else len(held) / whole)
        step = f"; half of these {30 * round(days / 30) if publishable else round(days):,} days or more before" if len(held) else ""
        text = f"A list held, or would have held, {said} of these children before they reached a threshold{step}."
    return Markup('<h2>When a list would have held them</h2><p class="finding">{}</p>').format(text)


def _off(found: Missed, publishable: bool) -> Markup:
    counts = found.reasons()
    if counts.empty:
        return Markup("")
    values = [int(n) for n in counts]
    shown: list[Any] = list(publish_list(values)) if publishable else list(values)
    rows = [[sentence_case(str(why)), n] for why, n in zip(counts.index, shown, strict=True)]
    first = next((str(why) for why in counts.index if why != LISTED), "")
    text = (
        f"At the last date before the threshold, the commonest reason why no list held a child: {first}."
        if first
        else "Every child was held by a list."
    )
    table = table_html(
        ["At the last date before the threshold", "Children"],
        rows,
        "What kept children off, or that a list held them",
        note=NOTE if publishable else "",
    )
    return Markup('<h2>What kept them off</h2><p class="finding">{}</p>').format(text) + table


def _by_route(found: Missed, publishable: bool) -> Markup:
    totals = found.totals()
    parts = [Markup("<h2>Signs by route</h2>")]
    if totals.empty:
        return parts[0] + Markup('<p class="finding">No sign stood on record on these dates.</p>')
    widest = totals.groupby("route")["children"].sum().idxmax()
    parts.append(Markup('<p class="finding">Most of what was on record stood with: {}. {}</p>').format(widest, READ_WITH))
    for route, own in totals.groupby("route", sort=True):
        rows = [_sign_row(row, publishable) for row in own.to_dict("records")]
        headings = [
            "Sign",
            "Children who later reached a threshold",
            "Days before, half at least",
            "Children with the sign on one date",
            "Of these, never reached one",
        ]
        parts += [
            Markup("<h3>{}</h3>").format(sentence_case(str(route))),
            table_html(headings, rows, f"Signs in records of: {route}", note=NOTE if publishable else "", numbers=(1, 2, 3)),
        ]
    return Markup("").join(parts)


def _sign_row(row: Mapping[Any, Any], publishable: bool) -> list[Any]:
    children, with_sign, never = int(row["children"]), int(row["with_sign"]), int(row["never"])
    if not publishable:
        return [row["label"], children, round(row["days"]), with_sign, share_text(never, with_sign)]
    # The children who did escalate are few behind many signs; whatever rests on fewer than six of them is not shown.
    hidden = is_small(children) or is_small(with_sign) or is_small(with_sign - never)
    days: Any = HIDDEN if hidden else 30 * round(row["days"] / 30)
    return [
        row["label"],
        HIDDEN if hidden else round_count(children),
        days,
        HIDDEN if is_small(with_sign) else round_count(with_sign),
        published_share(never, with_sign, hidden=hidden),
    ]


def timelines_page(found: Missed, names: Mapping[str, str], words: Words) -> str:
    """One timeline a child, with signs by route and what a list did on each date: for the multi-agency audit group and nobody else."""
    base = {(f, pd.Timestamp(d)): (n, never) for f, d, n, never in found.base.itertuples(index=False, name=None)}
    parts = [
        Markup("<p>{}</p>").format(READ_WITH),
        Markup("<p>{}</p>").format(
            "Each line says what was on record on that date, the newest record behind it, and how many children with the same sign on the same date never reached a threshold."
        ),
    ]
    ordered = sorted(found.children.to_dict("records"), key=lambda row: (names.get(str(row["child_id"]), ""), str(row["child_id"])))
    for row in ordered:
        parts.append(_timeline(found, row, names, base))
    body = Markup("").join(parts) if ordered else Markup("<p>No child reached a threshold for the first time in this time.</p>")
    banner = "RESTRICTED. For the multi-agency audit group alone. Do not forward, copy or take out of the meeting."
    return render_page(f"Timelines: {words.council}", body, banner=banner, kind="restricted", watermark=words.watermark)


def _timeline(found: Missed, row: Mapping[Any, Any], names: Mapping[str, str], base: Mapping[tuple[str, pd.Timestamp], tuple[int, int]]) -> Markup:
    child, entered = str(row["child_id"]), pd.Timestamp(row["entered_on"])
    signs = found.signs[found.signs["child_id"] == child]
    standing = found.standing[found.standing["child_id"] == child].sort_values("as_of")
    lines: list[list[Any]] = []
    for at in standing.itertuples():
        own = signs[signs["as_of"] == at.as_of].sort_values(["route", "label"])
        lines.append([day_text(at.as_of.date()), "the list", str(at.why), "", ""])
        for sign in own.itertuples():
            n, never = base.get((sign.feature, at.as_of), (0, 0))
            newest = day_text(pd.Timestamp(sign.newest_on).date()) if pd.notna(sign.newest_on) else "not known"
            lines.append(["", sign.route, sign.label, newest, f"{never:,} of {n:,}"])
    held = (
        f"A list held the child from {day_text(row['held_on'].date())}, {int(row['days_earlier']):,} days before."
        if pd.notna(row["held_on"])
        else "No list held the child before."
    )
    heading = Markup("<h2>{}</h2>").format(names.get(child) or "Name not held")
    said = Markup('<p class="finding">{}: {}. {}</p>').format(
        day_text(entered.date()), sentence_case(_STATUS.get(str(row["status"]), str(row["status"]))), held
    )
    if not lines:
        return heading + said + Markup("<p>None of the dates looked at lies before it.</p>")
    headings = ["Date", "Route", "What was on record", "Newest record", "Same sign, same date: never reached a threshold"]
    return heading + said + table_html(headings, lines, f"What was known before {day_text(entered.date())}", numbers=())
