"""The page of year groups that would be offered help as a whole. It may be published: no child is chosen, and small counts are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from early_id.present.disclosure import HIDDEN, NOTE, round_count, round_rate
from early_id.present.page import render_page, table_html
from early_id.present.wording import count_of, out_of
from early_id.screening.area import AreaTargeting, Efficiency

_MEANING = {
    "the list": "families chosen one by one, as the lists do",
    "whole year groups": "every family of the year groups that came first at that date",
    "families drawn by lot": "the same number of families, whoever they are",
}


def area_page(found: AreaTargeting, schools: Mapping[str, str], *, watermark: str | None = None, said: Sequence[str] = ()) -> str:
    """The page.

    Parameters
    ----------
    schools : mapping
        School id to name.
    """
    body = Markup('<p class="finding">{}</p><p>{}</p>').format(
        f"{count_of(len(found.cells), 'year group')} with about {round_count(found.families)} families could be offered help as a whole, "
        f"with the places of all lists together ({found.places:,}).",
        "Nobody is chosen here: the offer goes to every family of a year group, through the school, and says so. Year groups come from how often need "
        "was recognised in them at earlier dates; the order below is that of the schools' names.",
    )
    named = sorted((schools.get(row.school_id, row.school_id), row.year, row.children, row.families) for row in found.cells.itertuples())
    rows = [[name, year, round_count(children), round_count(families)] for name, year, children, families in named]
    body += table_html(["School", "Year group", "Children", "Families"], rows, "Year groups, with rounded counts", note=NOTE)
    body += _efficiency(found)
    return render_page(
        "Help offered to whole year groups",
        body,
        banner="PUBLISHABLE. No child is chosen or named.",
        kind="publishable",
        watermark=watermark,
        said=said,
    )


def _efficiency(found: AreaTargeting) -> Markup:
    heading = Markup("<h2>Beside a list of chosen families</h2>")
    if not found.efficiency:
        return heading + Markup("<p>{}</p>").format(
            "No result is shown: what a model has to reach was not written down beforehand (acceptance.yaml)."
        )
    listed, whole = (next(one for one in found.efficiency if one.name == name) for name in ("the list", "whole year groups"))
    text = f"At {found.test_date}, {_out_of(whole)} families of the year groups had need recognised within the time looked at, and {_out_of(listed)} of the list."
    rows = [
        [
            one.name,
            _MEANING[one.name],
            round_count(one.families),
            _rate(one.with_outcome, one.families, one.precision),
            _rate(one.reached, one.outcomes, one.recall),
        ]
        for one in found.efficiency
    ]
    caption = f"The same places used in three ways, at the test date {found.test_date}"
    headings = [
        "Way",
        "What it is",
        "Families",
        "Of 100 families, with need recognised (95 % interval)",
        "Of 100 children with need recognised, reached (95 % interval)",
    ]
    return heading + Markup("<p>{}</p>").format(text) + table_html(headings, rows, caption, note=NOTE)


def _out_of(one: Efficiency) -> str:
    rate = round_rate(one.with_outcome, one.families)
    return "too few to say of" if rate is None else out_of(rate)


def _rate(part: int, whole: int, exact: tuple[float, float, float]) -> str:
    """A rate from rounded counts; its interval goes with it."""
    rate = round_rate(part, whole)
    if rate is None:
        return HIDDEN
    low, high = (f"{100 * value:.0f}" for value in exact[1:])
    return f"{100 * rate:.0f} ({low} to {high})"
