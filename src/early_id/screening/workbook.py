"""One recipient's workbook: read me first, the list, and the families the reader is thinking of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from early_id.explain.lines import counted_as_well, nothing_noticed, small_signs
from early_id.explain.narrative import Explanation, Reason
from early_id.explain.wording import year_label
from early_id.present.wording import ALARM, day_text
from early_id.present.workbook import Sheet, Value, workbook_bytes
from early_id.screening.entries import ChildEntry, FamilyEntry, ScreeningList, ScreeningLists
from early_id.screening.words import DECISIONS, REASONS, at_a_glance, banner, how_to_read, lead_note, list_title

ENTRY = ("Your decision", "Reason", "Date", "Your role", "Notes")
_ENTRY_WIDTHS = (22.0, 22.0, 12.0, 14.0, 30.0)
LIST, OWN, KEY = "List", "Families you are thinking of", "Key"
#: What the sheets hold, for the contents on the first one.
CONTENTS = (
    ("Read me first", "what this is, how to read it, what you are asked to do."),
    (LIST, "one line a child, with what is going well, what we noticed, what speaks against and what we do not know. The yellow cells are for you."),
    (OWN, "families you are thinking of who are not here. Your own worry counts as much as any list."),
)
_CHOICES = {"Your decision": DECISIONS, "Reason": REASONS}
CHECK_SAFE = "Check safe contact first. Ask the safeguarding lead how, and with which adult, contact is safe. No joint contact."
KNOWN = "Services were in touch in the last year: speak to that worker first."
IN_HELP = "Early help is under way, or an answer is awaited, for another child of the household: speak to whoever leads it first."
WORKER = "Another child of the household has an allocated worker: speak to the worker first."
NOTHING_AGAINST = "Nothing in the records used."
NO_STRENGTH = "The records used do not tell."
ALL_HELD = "We saw nothing left out of the records used here."
BLANK_ROWS = 20


def list_workbook(one: ScreeningList, *, watermark: str | None = None) -> bytes:
    """The workbook of one list, the same to the byte for the same list."""
    foot = " ".join(part for part in (banner(one), watermark) if part)
    return workbook_bytes([_read_me(one, watermark), _list(one, watermark), _own(one)], title=list_title(one), restricted=foot)


def taken_out_workbook(lists: ScreeningLists, *, watermark: str | None = None) -> bytes:
    """Who was taken out before scoring and why: restricted to those who run the lists."""
    names = {"school_lead": "school lists", "hub_lead": "hub lists"}
    headings = ("Taken out of", "Name", "Child", "Family", "School", "Reason", "Until")
    rows = [
        (
            names.get(str(row.audience), str(row.audience)),
            str(row.name),
            str(row.child_id),
            str(row.family_id),
            str(row.school),
            str(row.reason),
            str(row.until),
        )
        for row in lists.taken_out.itertuples(index=False)
    ]
    sheet = Sheet(
        name="Taken out",
        headings=headings,
        rows=rows,
        title="Children taken out before any list was made",
        notes=(
            "RESTRICTED. For the person who runs the lists. Never send this to a school.",
            *((watermark,) if watermark else ()),
        ),
        widths=(16, 26, 18, 18, 28, 60, 12),
    )
    counted = Counter((row[0], row[-2]) for row in rows)
    summary = Sheet(
        name="How many",
        headings=("Taken out of", "Reason", "Children"),
        rows=[(*key, n) for key, n in sorted(counted.items(), key=lambda pair: (pair[0][0], -pair[1], pair[0][1]))],
        title="Children taken out before any list was made: how many, and why",
        notes=("RESTRICTED. The names are on the second sheet.", *((watermark,) if watermark else ())),
        widths=(16, 60, 12),
    )
    return workbook_bytes([summary, sheet], title="Taken out", restricted=True)


def _read_me(one: ScreeningList, watermark: str | None) -> Sheet:
    top = [banner(one), *([watermark] if watermark else []), at_a_glance(one), one.threshold]
    contents = ("In this workbook", "\n".join(f"{name}: {text}" for name, text in CONTENTS))
    return Sheet(
        name=CONTENTS[0][0],
        title=list_title(one),
        notes=[*(line for line in top if line), contents, *how_to_read(one)],
        widths=(74.0,),  # the widest that LibreOffice prints on A4 without cutting a sheet of one column
        protected=True,
        landscape=False,
        one_page=True,
    )


def _list(one: ScreeningList, watermark: str | None) -> Sheet:
    columns = _columns(one)
    rows = [
        [*(column.cell(child, family) for column in columns), *([None] * len(ENTRY)), child.key]
        for family in one.families
        for child in family.children
    ]
    return Sheet(
        name=LIST,
        headings=[*(column.heading for column in columns), *ENTRY, KEY],
        rows=rows,
        title=list_title(one),
        notes=[*([watermark] if watermark else []), *([lead_note(one)] if rows else []), f"{at_a_glance(one)} {ALARM}"],
        widths=[*(column.width for column in columns), *_ENTRY_WIDTHS, 9.0],
        dropdowns=_CHOICES if rows else {},
        protected=True,
        unlocked=ENTRY,
        print_columns=len(columns),
    )


@dataclass(frozen=True)
class _Column:
    heading: str
    width: float
    cell: Callable[[ChildEntry, FamilyEntry], Value]


def _columns(one: ScreeningList) -> list[_Column]:
    """What a line says, narrow columns first; what people fill in comes after them, and is not printed."""
    school = one.recipient.is_school
    year = [_Column("Year", 10.0, _year)] if school else [_Column("Year and school", 17.0, _year_and_school)]
    since = [_Column("On your list since", 12.0, lambda _, family: _since(family, one.as_of))] if one.n_carried else []
    before = [] if school else [_Column("Before you make contact", 21.0, lambda _, family: _before_contact(family))]
    return [
        _Column("Name", 15.0, lambda child, _: child.name),
        *year,
        _Column("Same family as", 13.0, lambda child, family: "\n".join(other.name for other in family.children if other is not child)),
        *since,
        *before,
        _Column("What is going well", 28.0, lambda child, _: _points(child.explanation.going_well, NO_STRENGTH)),
        _Column("What we noticed", 38.0, lambda child, _: _noticed(child.explanation)),
        _Column("What speaks against", 22.0, lambda child, _: _points(child.explanation.speaks_against, NOTHING_AGAINST)),
        _Column("What we do not know", 22.0, lambda child, _: _not_known(child.explanation)),
    ]


def _year(child: ChildEntry, _: FamilyEntry) -> str:
    return year_label(child.nc_year) or "not held"


def _year_and_school(child: ChildEntry, _: FamilyEntry) -> str:
    return f"{year_label(child.nc_year) or 'Year not held'}\n{child.school or 'School not held'}"


def _since(family: FamilyEntry, as_of: date) -> str:
    return day_text(family.since) if family.since and family.since < as_of else "new"


def _before_contact(family: FamilyEntry) -> str:
    notes = (
        (CHECK_SAFE, family.check_safe_contact),
        (WORKER, family.speak_to_worker),
        (IN_HELP, family.help_at_home),
        (KNOWN, family.known_to_services),
    )
    return "\n".join(line for line, holds in notes if holds) or "Speak to the child's school first."


def _noticed(e: Explanation) -> str:
    read_with = [f"To be read with it: {line}" for line in e.read_with]
    small = [small_signs(e)] if e.only_small else []
    return "\n".join([_points(e.noticed, nothing_noticed(e)), *read_with, *small, *([counted_as_well(e)] if e.also_counted and e.noticed else [])])


def _not_known(e: Explanation) -> str:
    return "\n".join(f"• {line}" for line in (*e.not_known, *e.out_of_date)) or ALL_HELD


def _points(reasons: Sequence[Reason], nothing: str) -> str:
    return "\n".join(f"• {reason.title}: {reason.text}" for reason in reasons) or nothing


def _own(one: ScreeningList) -> Sheet:
    headings = ("Name", "Year", "What you have noticed", *ENTRY)
    return Sheet(
        name=OWN,
        headings=headings,
        title="Families you are thinking of who are not here",
        notes=(f"Your own worry counts as much as any list. {ALARM}",),
        widths=(24.0, 9.0, 44.0, 22.0, 22.0, 12.0, 14.0, 22.0),
        dropdowns=_CHOICES,
        protected=True,
        unlocked=headings,
        blank_rows=BLANK_ROWS,
    )
