"""The explanation sheet: one side of A4 about one child, by the outline in the project's page outlines.

The sheet is for school leads and hub leads, so it carries no band, score or rank; an analyst's has a box besides (``analyst.py``). The words that do not depend on the child
stand in the template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from early_id.explain.lines import counted_as_well, nothing_noticed, small_signs
from early_id.explain.narrative import STEPS, Explanation
from early_id.explain.wording import year_label
from early_id.present.page import environment, render_page

if TYPE_CHECKING:
    from jinja2 import Environment

    from early_id.explain.analyst import AnalystMarks

TEMPLATES = Path(__file__).parent / "templates"
BARS = len(STEPS) + 1
#: Rows of "as recorded" for each theme, the weightiest first.
MOST_FACTS = 3
#: Rows of the table of facts on a sheet, so that it keeps to one side of A4.
MOST_ROWS = 4

#: What came of looking at a suggestion; also the drop-down of the workbook (project page outlines, sheet item 11).
OUTCOMES = (
    "talked, help wanted",
    "talked, not now",
    "already supported (say by whom in notes)",
    "not needed now",
    "record wrong",
    "not safe or possible to contact yet",
    "passed to children's social care (child in need, agreed with the family)",
    "passed to children's social care today (significant harm)",
)
VIEWS = ("worth a conversation", "not now", "not sure")


@dataclass(frozen=True)
class SheetContext:
    """What a sheet says besides the explanation itself.

    Attributes
    ----------
    heading : str
        Who it is about: a name on a list, a key for analysts.
    key : str
        What stands for the child on papers that come back; empty: the heading is the key already.
    lead : str
        Who speaks to the family in this period.
    since : str
        The first list on which the family stood, where that was an earlier one.
    school : str
        Name of the school; empty where not known.
    year : str
        Year group, or what else tells a reader how old the child is; empty: as the explanation has it.
    speak_first : tuple of str
        Who to speak to first, and what to check before any contact.
    check_safe_contact : bool
        Whether the box "check safe contact first" is shown.
    offer : sequence of mappings
        Services on offer here: ``name``, ``how``, ``where``, ``waiting``.
    general_help : str
        The nearest hub and how a family refers itself.
    ask : str
        Where a family can ask, correct, object or complain.
    small_print : str
        Model and version.
    marks : AnalystMarks, optional
        What only analysts and governance see; a list for a school or hub never has it.
    anchor : str
        Where links on the same page lead; never an id of a child.
    """

    heading: str
    key: str = ""
    lead: str = ""
    since: str = ""
    school: str = ""
    year: str = ""
    speak_first: tuple[str, ...] = ("Whoever in school knows the family best.",)
    check_safe_contact: bool = False
    offer: Sequence[Mapping[str, str]] = ()
    general_help: str = ""
    ask: str = "the council's data protection officer"
    small_print: str = ""
    marks: AnalystMarks | None = None
    anchor: str = "sheet"


def sheet_body(explanation: Explanation, context: SheetContext | None = None) -> str:
    """The sheet as HTML, headings from h2 down, to stand in a page."""
    template = _templates().get_template("sheet.html")
    return template.render(
        e=explanation,
        also=counted_as_well(explanation) if explanation.noticed else "",
        nothing=nothing_noticed(explanation),
        small=small_signs(explanation),
        c=context or SheetContext(heading=explanation.key),
        year=(context.year if context else "") or year_label(explanation.nc_year),
        bars=BARS,
        most_facts=MOST_FACTS,
        most_rows=MOST_ROWS,
        outcomes=OUTCOMES,
        views=VIEWS,
    )


def sheet_css() -> str:
    """Styles of the sheet, to be added to the page's own."""
    return (TEMPLATES / "sheet.css").read_text(encoding="utf-8")


def explanation_page(explanation: Explanation, context: SheetContext | None = None, *, watermark: str | None = None) -> str:
    """One sheet as a whole page."""
    analysts = context is not None and context.marks is not None
    banner = f"RESTRICTED. For {'analysts and governance only' if analysts else 'the people who work with this family'}. It is not a finding."
    body = sheet_body(explanation, context)
    return render_page("Explanation sheet", body, banner=banner, kind="restricted", watermark=watermark, extra_css=sheet_css())


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return environment(TEMPLATES)
