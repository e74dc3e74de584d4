"""Notices for families: a page for parents and carers and one for young people, filled from the run.

They are given *before* the first list. Anything the council has not decided yet is named in a box at the top, so that a
half-filled notice cannot be taken for a finished one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment

from early_id.present.page import environment, render_page
from early_id.present.wording import MADE_UP, day_text
from early_id.present.write import write_text

#: Who holds a record, as a family would say it.
HOLDERS = {
    "SCHOOL": "your child’s school",
    "EDUCATION": "the council’s education team",
    "SOCIAL_CARE": "the council’s family support team",
    "POLICE": "the police",
    "HEALTH": "health services",
    "HOUSING_FINANCE": "the council’s housing and money advice teams",
}

#: Who reads a list, and what they do with it.
READERS = {
    "school_lead": "The safeguarding lead in your child’s school, and the staff they have named, see the school’s list.",
    "hub_lead": "The lead of your family hub sees the hub’s list.",
}

PAGES = {
    "parents": ("How we use records to offer help early: for parents and carers", "notice_parents.html"),
    "young_people": ("How we use records to offer help early: for young people", "notice_young_people.html"),
}

_BANNER = "For families. Please keep this page, or ask us for it on paper or in another language."


@dataclass(frozen=True)
class NoticeContext:
    """What the notices are filled with.

    Parameters
    ----------
    council : str
        Who writes to the family.
    contact : str
        Whom to ask, with a telephone number or an address.
    data_protection_contact : str
        The data protection officer.
    made_up : bool
    used : mapping
        What is used, in plain words ("Being in school") -> classes of who holds it.
    audiences : sequence of str
        Who gets lists.
    kept : mapping
        What -> how long it is kept: "Lists" -> "six weeks".
    left_out : bool
        Whether records of social workers are used to leave children out.
    family : bool
        Whether records of brothers and sisters are used.
    lawful_basis : str
        The law that allows it, as the council's data protection officer has settled it.
    first_list_on : date, optional
    looked_at : str
        Who is looked at: "children aged 4 to 17 who go to school here".
    said : sequence of str
        Sentences that every output of the run carries.
    """

    council: str = "The council"
    contact: str = ""
    data_protection_contact: str = ""
    made_up: bool = False
    used: Mapping[str, Sequence[str]] = field(default_factory=dict)
    audiences: Sequence[str] = ("school_lead", "hub_lead")
    kept: Mapping[str, str] = field(default_factory=dict)
    left_out: bool = True
    family: bool = True
    lawful_basis: str = ""
    first_list_on: date | None = None
    looked_at: str = "children and young people aged 4 to 17"
    said: Sequence[str] = ()

    def unfilled(self) -> tuple[str, ...]:
        """What the council has still to decide or supply."""
        needed = {
            "whom to ask": self.contact,
            "the data protection officer": self.data_protection_contact,
            "which records are used": self.used,
            "how long records and lists are kept": self.kept,
            "the law that allows it": self.lawful_basis,
            "the date of the first list": self.first_list_on,
        }
        return tuple(what for what, given in needed.items() if not given)


def write_notices(to_dir: Path | str, context: NoticeContext) -> dict[str, Path]:
    """Write ``notice_parents.html`` and ``notice_young_people.html`` into a folder.

    Returns
    -------
    dict
        "parents", "young_people" -> path.
    """
    folder = Path(to_dir)
    return {name: write_text(folder / template, notice_html(name, context)) for name, (_, template) in PAGES.items()}


def notice_html(name: str, context: NoticeContext) -> str:
    """One of the two pages, as text: "parents" or "young_people"."""
    title, template = PAGES[name]
    # A made-up council says in brackets how it was made, which is nothing for a letter.
    council = context.council.partition(" (")[0] if context.made_up else context.council
    holders = list(dict.fromkeys(HOLDERS.get(str(c), str(c)) for classes in context.used.values() for c in classes))
    body = (
        _templates()
        .get_template(template)
        .render(
            c=replace(context, council=council),
            unfilled=list(context.unfilled()),
            used=[(what, [HOLDERS.get(str(one), str(one)) for one in classes]) for what, classes in context.used.items()],
            holders=holders,
            readers=[READERS[str(audience)] for audience in context.audiences if str(audience) in READERS],
            first=day_text(context.first_list_on) if context.first_list_on else None,
        )
    )
    return render_page(title, body, banner=_BANNER, watermark=MADE_UP if context.made_up else None, staff=False, said=context.said)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return environment(Path(__file__).parent / "templates")
