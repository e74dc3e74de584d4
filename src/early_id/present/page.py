"""The shell every page stands in, and tables for it.

One file, no script, no request to anywhere: styles are inline and the icon is empty. Text is at least 4.5:1
against its ground, nothing is told by colour alone, and everything prints on A4.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from early_id.present import wording
from early_id.present.glossary import AsIs

Cell: TypeAlias = str | int | float | date | None

_OWN_TEMPLATES = Path(__file__).parent / "templates"

#: Tables of at most this many rows are not broken over two printed pages.
_KEPT_WHOLE = 11

#: Looks of the band at the top of a page.
KINDS = ("restricted", "publishable", "plain")


def css_string(text: str) -> Markup:
    """``text`` as a quoted CSS string that can hold nothing but text, inside a ``<style>`` element."""
    kept = "".join(c if c.isalnum() or c in " .,:;()-" else f"\\{ord(c):x} " for c in text)
    return Markup(f'"{kept}"')  # every other character was just escaped


def environment(*folders: Path | str) -> Environment:
    """A Jinja environment over template folders: escaping on, an unknown name an error, our filters in.

    Filters: ``count`` (1,204), ``percent``, ``out_of``, ``day`` (3 November 2025), ``and_list``, ``plural``.
    """
    env = Environment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters |= {
        "count": lambda value: cell_text(value),
        "percent": wording.percent,
        "out_of": wording.out_of,
        "day": wording.day_text,
        "and_list": wording.and_list,
        "plural": wording.plural,
        "css_string": css_string,
    }
    return env


@lru_cache(maxsize=1)
def _shell() -> Environment:
    return environment(_OWN_TEMPLATES)


def render_page(
    title: str,
    body_html: str,
    *,
    banner: str,
    watermark: str | None = None,
    lang: str = "en-GB",
    kind: str = "plain",
    staff: bool = True,
    said: Sequence[str] = (),
    extra_css: str = "",
) -> str:
    """One whole HTML page.

    Parameters
    ----------
    title : str
        The page's only h1, and its title.
    body_html : str
        Ready HTML, headings from h2 down. Anything from data must already be escaped.
    banner : str
        One line at the top and bottom: who may read this.
    watermark : str, optional
        Said at the top, at the bottom and in the foot of each printed page, such as "Made-up data: no real child is in it".
    kind : {"restricted", "publishable", "plain"}
        Look of the band at the top.
    staff : bool
        Pages for staff carry the sentence that this is not a safeguarding alarm; notices for families do not.
    said : sequence of str
        Sentences that every output of the run carries, shown under the title.
    extra_css : str
        More rules, from the caller's own style sheet, never from data.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}")
    css = (_OWN_TEMPLATES / "page.css").read_text(encoding="utf-8") + extra_css
    foot = " · ".join(part for part in (banner.split(".")[0], watermark) if part)
    html: str = (
        _shell()
        .get_template("page.html")
        .render(
            title=title,
            body=Markup(body_html),  # escaped by the caller, as said above
            banner=banner,
            watermark=watermark,
            lang=lang,
            kind=kind,
            staff=staff,
            alarm=wording.ALARM,
            said=list(said),
            css=Markup(css),  # our own file
            foot=foot,
        )
    )
    return html


def cell_text(value: Cell) -> str:
    """How one value looks in a table: thousands with commas, dates in words, unknown as "not known"."""
    value = getattr(value, "item", lambda: value)()  # numpy's numbers are not Python's
    if value is None or value != value:  # NaN and NaT alone differ from themselves
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, date):
        return wording.day_text(value)
    return value


def table_html(
    headings: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    caption: str,
    *,
    numbers: Sequence[int] | None = None,
    note: str = "",
    tight: bool = False,
) -> Markup:
    """A table with a caption, column headers and row headers (the first column), everything escaped.

    Parameters
    ----------
    numbers : sequence of int, optional
        Positions of columns to set flush right. Left out: columns whose cells are all numbers (or ``c``, or per cents).
    note : str
        A line under the table, such as the rule for small counts.
    tight : bool
        Keep every cell but the first of a row on one line: for figures with their intervals.
    """
    if any(len(row) != len(headings) for row in rows):
        raise ValueError("every row needs one cell a heading")
    right = set(numbers) if numbers is not None else {j for j in range(1, len(headings)) if rows and all(_is_number(row[j]) for row in rows)}
    css = [Markup(' class="number"') if j in right else Markup("") for j in range(len(headings))]
    head = Markup("").join(Markup('<th scope="col"{}>{}</th>').format(css[j], text) for j, text in enumerate(headings))
    body = Markup("\n").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                (Markup('<th scope="row">{}</th>') if j == 0 else Markup("<td{}>{{}}</td>").format(css[j])).format(_cell(value))
                for j, value in enumerate(row)
            )
        )
        for row in rows
    )
    foot = Markup('<p class="quiet">{}</p>').format(note) if note else Markup("")
    # The wrapper scrolls sideways on small screens, so it must be reachable by keyboard and have a name.
    short = (" short" if len(rows) <= _KEPT_WHOLE else "") + (" tight" if tight else "")
    return Markup(
        '<div class="table-wrap{}" role="region" tabindex="0" aria-label="{}"><table><caption>{}</caption>\n'
        "<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody></table></div>{}\n"
    ).format(short, f"Table: {caption}", caption, head, body, foot)


def chart_html(svg: str, table: str = "") -> Markup:
    """A chart followed by its table, as every chart must be."""
    return Markup('<figure class="chart">{}</figure>\n{}').format(Markup(svg), Markup(table))  # from charts and table_html


def _cell(value: Cell) -> Markup:
    if isinstance(value, AsIs):
        return Markup('<span translate="no">{}</span>').format(value)
    return value if isinstance(value, Markup) else escape(cell_text(value))


def _is_number(value: Cell) -> bool:
    if isinstance(value, Markup | bool):
        return False
    text = cell_text(value).rstrip("%").lstrip("+−").replace(",", "").replace(".", "", 1)
    return isinstance(value, int | float) or text.isdigit() or text in ("c", "not known")
