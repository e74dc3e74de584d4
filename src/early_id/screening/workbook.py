"""One recipient's workbook: read me first, the list, and the families the reader is thinking of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from early_id.explain.narrative import Reason, counted_as_well
from early_id.explain.wording import year_label
from early_id.present.wording import ALARM
from early_id.present.workbook import Sheet, Value, workbook_bytes
from early_id.screening.lists import ChildEntry, FamilyEntry, ScreeningList, ScreeningLists
from early_id.screening.words import DECISIONS, REASONS, at_a_glance, banner, how_to_read, list_title

ENTRY = ("Your decision", "Reason", "Date", "Your role", "Notes")
_ENTRY_WIDTHS = (13.0, 12.0, 9.0, 8.0, 12.0)
_CHOICES = {"Your decision": DECISIONS, "Reason": REASONS}
CHECK_SAFE = "Check safe contact first. Ask the safeguarding lead how, and with which adult, contact is safe. No joint contact."
KNOWN = "Services were in touch in the last year: speak to that worker first."
IN_HELP = "Early help is under way, or an answer is awaited, for another child of the household: speak to whoever leads it first."
WORKER = "Another child of the household has an allocated worker: speak to the worker first."
NOTHING_NOTICED = "Nothing stood out for this child."
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
    headings = ("Taken out of", "Name", "Child", "Family", "School", "Reason")
    rows = [
        (
            names.get(str(row.audience), str(row.audience)),
            str(row.name),
            str(row.child_id),
            str(row.family_id),
            str(row.school),
            str(row.reason),
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
        widths=(16, 26, 18, 18, 28, 60),
    )
    counted = Counter((row[0], row[-1]) for row in rows)
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
    top = [banner(one), *([watermark] if watermark else []), at_a_glance(one)]
    return Sheet(name="Read me first", title=list_title(one), notes=[*top, *how_to_read(one)], widths=(72.0,), protected=True, landscape=False)


def _list(one: ScreeningList, watermark: str | None) -> Sheet:
    school = one.recipient.is_school
    facts = ["Name", "Year", *([] if school else ["School"]), "Same family as"]
    widths = [14.0, 9.0, *([] if school else [13.0]), 11.0]
    if not school:
        facts, widths = [*facts, "Before you make contact"], [*widths, 17.0]
    facts += ["What is going well", "What we noticed", "What speaks against", "What we do not know"]
    widths += [22.0, 31.0, 20.0, 18.0]
    rows = [_row(child, family, school) for family in one.families for child in family.children]
    return Sheet(
        name="List",
        headings=[*facts, *ENTRY],
        rows=rows,
        title=list_title(one),
        notes=[*([watermark] if watermark else []), f"{at_a_glance(one)} {ALARM}"],
        widths=[*widths, *_ENTRY_WIDTHS],
        dropdowns=_CHOICES if rows else {},
        protected=True,
        unlocked=ENTRY,
    )


def _row(child: ChildEntry, family: FamilyEntry, school: bool) -> Sequence[Value]:
    others = [other.name for other in family.children if other is not child]
    e = child.explanation
    notes = (
        (CHECK_SAFE, family.check_safe_contact),
        (WORKER, family.speak_to_worker),
        (IN_HELP, family.help_at_home),
        (KNOWN, family.known_to_services),
    )
    contact = "\n".join(line for line, holds in notes if holds)
    return [
        child.name,
        year_label(child.nc_year) or "not held",
        *([] if school else [child.school or "not held"]),
        "\n".join(others),
        *([] if school else [contact or "Speak to the child's school first."]),
        _points(e.going_well, NO_STRENGTH),
        "\n".join(
            [
                _points(e.noticed, NOTHING_NOTICED),
                *(f"To be read with it: {line}" for line in e.read_with),
                *([counted_as_well(e)] if e.also_counted else []),
            ]
        ),
        _points(e.against, NOTHING_AGAINST),
        "\n".join(f"• {line}" for line in (*e.not_known, *e.out_of_date)) or ALL_HELD,
        *([None] * len(ENTRY)),
    ]


def _points(reasons: Sequence[Reason], nothing: str) -> str:
    return "\n".join(f"• {reason.title}: {reason.text}" for reason in reasons) or nothing


def _own(one: ScreeningList) -> Sheet:
    headings = ("Name", "Year", "What you have noticed", *ENTRY)
    return Sheet(
        name="Families you are thinking of",
        headings=headings,
        title="Families you are thinking of who are not here",
        notes=(f"Your own worry counts as much as any list. {ALARM}",),
        widths=(24.0, 9.0, 50.0, *_ENTRY_WIDTHS),
        dropdowns=_CHOICES,
        protected=True,
        unlocked=headings,
        blank_rows=BLANK_ROWS,
    )
