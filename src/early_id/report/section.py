"""A section of the report: one sentence that gives the finding, then the picture, then the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from markupsafe import Markup

from early_id.core.types import Verdict
from early_id.present import charts, page
from early_id.present.wording import percent, sentence_case
from early_id.report.context import GovernanceContext, list_name
from early_id.report.groups import GroupRow, Groups
from early_id.report.showing import Figure, Showing


@dataclass(frozen=True)
class Section:
    """One numbered section.

    ``finding`` is one sentence, or one a list on lines of their own; ``parts`` are charts, tables, paragraphs and
    subheadings, as ready HTML.
    """

    key: str
    title: str
    finding: str
    parts: tuple[Markup, ...] = ()


@dataclass(frozen=True)
class Material:
    """Everything the sections are made from, in one rendering.

    ``trials``: JSON of each trial by audience; ``groups``: audit rows by audience, as they may be shown; ``audits``: the
    audits' own ``meta``, ``not_held`` rows; ``lists``: the summary of the lists; ``studies``: further tables of each audit, exact.
    """

    showing: Showing
    context: GovernanceContext
    trials: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, Groups]
    meta: Mapping[str, Mapping[str, Any]]
    not_held: Sequence[Mapping[str, Any]]
    lists: Mapping[str, Any]
    studies: Mapping[str, Mapping[str, pd.DataFrame]] = field(default_factory=dict)

    def study(self, audience: str, name: str) -> pd.DataFrame:
        """One of the audit's further tables; empty where it was not made."""
        return self.studies.get(audience, {}).get(name, pd.DataFrame())

    def of_table(self, audience: str, measure: str) -> Figure:
        """A share of everybody on a list that somebody else made; of lists made here the trial says it."""
        found = (self.meta.get(audience, {}).get("overall") or {}).get(measure) or {}
        if audience in self.trials or not found:
            return Figure()
        return self.showing.share(found["n"], found["value"], found["low"], found["high"])

    def tolerance(self, row: GroupRow, audience: str) -> float | None:
        """What the board tolerates in a measure of a list; None where it has not said."""
        found: float | None = (self.meta.get(audience, {}).get("tolerances") or {}).get(row.measure)
        return found

    def no_tolerance(self, audience: str) -> bool:
        """Whether the audit of a list was made without any tolerance of the board."""
        return self.meta.get(audience, {}).get("tolerances", True) in ({}, ())

    @property
    def main(self) -> str:
        """The audience whose figures lead: the hub's list where there is one, since it may use the widest records."""
        return next((name for name in ("hub_lead", *self.trials, *self.groups) if name in self.trials or name in self.groups), "")


def paragraph(text: str) -> Markup:
    """A paragraph, escaped."""
    return Markup("<p>{}</p>").format(text)


def subheading(text: str) -> Markup:
    """A heading inside a section."""
    return Markup("<h3>{}</h3>").format(text)


def bullets(items: Sequence[str]) -> Markup:
    """A list, escaped."""
    return Markup("<ul>{}</ul>").format(Markup("").join(Markup("<li>{}</li>").format(item) for item in items))


def facts(pairs: Mapping[str, str]) -> Markup:
    """A short list of names and values."""
    return Markup('<dl class="facts">{}</dl>').format(
        Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(key, value) for key, value in pairs.items())
    )


def mapping_table(rows: Sequence[Mapping[str, Any]], caption: str, *, note: str = "") -> Markup:
    """A table from mappings that share their keys."""
    headings = list(rows[0])
    return page.table_html(
        [sentence_case(h.replace("_", " ")) for h in headings],
        [list(r.values()) for r in rows],
        caption,
        note=note,
    )


def audience_heading(material: Material, audience: str) -> Markup:
    """The name of the list, where there is more than one."""
    return subheading(list_name(audience)) if len(material.groups) > 1 else Markup("")


def more(summary: str, *parts: Markup, sheet: str = "") -> Markup:
    """What a reader opens on the screen. On paper its name is left, with the sheet of the workbook that holds it; without one, nothing."""
    where = f" (workbook of tables, sheet “{sheet}”)" if sheet else ""
    kind = "more" if sheet else "more on-screen"
    return Markup('<details class="{}"><summary>{}{}</summary>{}</details>').format(kind, summary, where, Markup("").join(parts))


def picture(svg: Markup, table: Markup, *, sheet: str = "") -> Markup:
    """A picture that holds its figures; its table is opened on the screen."""
    return page.chart_html(svg, more("The figures of this picture, with their intervals", table, sheet=sheet))


def sheet_name(audience: str, table: str) -> str:
    """Name of the sheet that holds one of an audience's tables."""
    return f"{list_name(audience)[:20]} {table}"


#: Name of the sheet that holds every figure by group.
BY_GROUP = "by group"

#: Heading of the last figure of a row: what the test could have seen (80% power), whatever was there.
SMALLEST = "Seen from: above, below"


def every_group(material: Material, audience: str, table: Markup, what: str) -> Markup:
    """All groups: on the published page itself, which has no workbook beside it; of the restricted one in the workbook alone."""
    if material.showing.publishable:
        return more(f"Every group: {what}", table)
    n = len({(row.title, row.group) for row in material.groups[audience].rows})
    return quiet(f"{'The only group is' if n == 1 else f'All {n} groups are'} in the workbook of tables, sheet “{sheet_name(audience, BY_GROUP)}”.")


#: Said once before the pictures of a measure.
PICTURES = (
    "The pictures show the gaps found, and the groups furthest from everyone else (line at 0: no gap). A filled dot is a gap found; a hollow one may be chance: "
    "where the table says nothing else, these data cannot tell. “Seen from”: the smallest gap above and below everyone else, in points, that would be found "
    "4 times in 5; – where not even the widest would."
)


def measure_parts(material: Material, audience: str, measure: str, *, heading: str, n_heading: str) -> list[Markup]:
    """For one share: picture and table of the gaps found and of the groups furthest from everyone else; then where all others are."""
    groups, name = material.groups[audience], list_name(audience)
    rows, furthest = groups.of(measure), groups.furthest(measure)
    if not rows:
        return [paragraph(f"{name}: the audit looked at no group.")]
    headings = ["Group", n_heading, f"{heading} (95% interval)", "Gap, in points", SMALLEST]

    def table(shown: Sequence[GroupRow], caption: str) -> Markup:
        cells: list[Any] = [
            [with_verdict(row, material.tolerance(row, audience)), row.n, row.figure.text(), points(row), smallest(row)] for row in shown
        ]
        return page.table_html(headings, cells, f"{caption}: {name.lower()}", note=material.showing.note, tight=True)

    rest = every_group(material, audience, table(rows, f"{heading}, every group"), f"{heading.lower()}, {name.lower()}")
    if not furthest:
        return [paragraph(f"{name}: of no group there is enough to show."), rest]
    svg = charts.forest(
        [row.gap.row(row.label, strong=row.is_found) for row in furthest],
        title=f"{heading}, {name.lower()}: gaps from everyone else, in percentage points",
        desc=" ".join(f"{row.label}: {points(row)} points, {row.verdict or 'not tested'}." for row in furthest),
        unit="points",
        zero_line=True,
    )
    return [page.chart_html(svg, table(furthest, heading)), rest]


def with_verdict(row: GroupRow, tolerance: float | None) -> Markup:
    """The group, and what was found of it; nothing where these data cannot tell."""
    if row.verdict in ("", str(Verdict.CANNOT_TELL)):
        return Markup("{}").format(against(row))
    if row.is_found:
        return Markup("{}: <strong>{}</strong>{}").format(against(row), row.verdict, beside_tolerance(row, tolerance))
    return Markup("{}: none beyond the tolerance").format(against(row))


def beside_tolerance(row: GroupRow, tolerance: float | None) -> str:
    """Where the interval of a gap lies: beyond, across or inside the tolerance that the board set; nothing where it set none."""
    low, high = row.gap.low, row.gap.high
    if tolerance is None or low is None or high is None:
        return ""
    where = "beyond" if low > tolerance or high < -tolerance else "inside" if -tolerance < low and high < tolerance else "across"
    return f", {where} the tolerance"


def against(row: GroupRow) -> str:
    """The group, and whom it is compared with where that is not everyone else."""
    return f"{row.label} (against {row.comparator})" if row.comparator else row.label


def lead_in(text: str) -> Markup:
    """A paragraph that stays with what follows it when printed."""
    return Markup('<p class="lead-in">{}</p>').format(text)


def quiet(text: str) -> Markup:
    """A line in small print."""
    return Markup('<p class="quiet">{}</p>').format(text)


def smallest(row: GroupRow) -> str:
    """The smallest gaps that would be found 4 times in 5, in points, above everyone else and below: "+4, −3"; "±4" where they are the same."""
    above, below = _ends(row)
    if above == below:
        return "–" if above is None else f"±{above}"
    return ", ".join("–" if size is None else f"{sign}{size}" for sign, size in (("+", above), ("−", below)))


def smallest_in_words(row: GroupRow) -> str:
    """The same in a sentence: "seen from 4 above or 3 below"; "seen from 12 either way"."""
    above, below = _ends(row)
    if above == below:
        return "no gap would be seen" if above is None else f"seen from {above} either way"
    return (
        "seen from "
        + " or ".join(f"{size} {way}" for size, way in ((above, "above"), (below, "below")) if size is not None)
        + (f" (never {'above' if above is None else 'below'})" if above is None or below is None else "")
    )


def _ends(row: GroupRow) -> tuple[str | None, str | None]:
    above, below = (None if size is None else percent(abs(size), fine=True).rstrip("%") for size in (row.smallest, row.smallest_below))
    return above, below


def points(row: GroupRow) -> str:
    """A gap in percentage points with its interval: "+4 (−1 to +9)"."""
    return row.gap.text(signed=True).replace("%", "")
