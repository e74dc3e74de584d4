"""What became of the outcome at earlier dates, and of those who left: the same tables on every page that shows them. Restricted only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from markupsafe import Markup

from early_id.present import page
from early_id.present.wording import day_text, percent, sentence_case
from early_id.report.showing import Showing, number


def leavers(showing: Showing, card: Mapping[str, Any]) -> list[Markup]:
    """Figures of the model put forward with those who left before the end left out, and counted as no."""
    left = [row for row in card.get("censoring") or () if row.get("model") == card.get("put_forward")]
    if not any(row["children"] for row in left) or showing.publishable:
        return []
    cells: list[Any] = [
        [
            sentence_case(str(row["children_who_left"])),
            row["children"],
            percent(number(row["precision_at_capacity"])),
            percent(number(row["recall_at_capacity"])),
        ]
        for row in left
    ]
    headings = ["Those who left before the end", "How many", "Of the families listed, share with need", "Of the children with need, share listed"]
    return [page.table_html(headings, cells, "Leavers, both ways")]


def outcome_by_date(showing: Showing, card: Mapping[str, Any]) -> list[Markup]:
    """The outcome at each date that models learned from or were tested at."""
    rows = card.get("outcome_by_date") or ()
    if not rows or showing.publishable:
        return []
    headings = ["Date", "Children", "Outcome known", "With the outcome", "Share", "Left before the end"]
    return [page.table_html(headings, [_date_row(row) for row in rows], "The outcome by date")]


def _date_row(row: Mapping[str, Any]) -> list[Any]:
    """One as-of date, in whole numbers; nothing where no outcome is known yet."""
    known = round(number(row.get("known")) or 0)
    rate = number(row.get("rate"))
    return [
        day_text(date.fromisoformat(str(row["as_of"])[:10])),
        round(number(row.get("rows")) or 0),
        known or "not known yet",
        round(number(row.get("with_outcome")) or 0) if known else "not known yet",
        percent(rate, fine=True) if known and rate is not None else "not known yet",
        round(number(row.get("left")) or 0),
    ]
