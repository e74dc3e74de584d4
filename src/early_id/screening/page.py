"""One recipient's printable page: how to read it, the families, then one sheet a child, each one side of A4."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from early_id.explain.page import SheetContext, sheet_body, sheet_css
from early_id.explain.wording import year_label
from early_id.present.page import environment, render_page
from early_id.present.wording import ALARM, day_text
from early_id.screening.entries import ChildEntry, FamilyEntry, ScreeningList
from early_id.screening.offer import Offer, nearest_hub, services_for
from early_id.screening.words import at_a_glance, banner, how_to_read, list_title

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
#: Keeps a page under 1 MB: a sheet takes about 8 KB.
SHEETS_A_PAGE = 100
#: From so many children on the first side is set smaller, so that it stays one side.
MANY = 12
NO_SCHOOL_HELD = "no school on record"


def list_pages(one: ScreeningList, *, offer: Offer, ask: str, watermark: str | None = None) -> list[str]:
    """The page of one list; more than one only where it would grow past 1 MB. Families are never split."""
    chunks: list[list[FamilyEntry]] = [[]]
    for family in one.families:
        if chunks[-1] and sum(len(f.children) for f in chunks[-1]) + len(family.children) > SHEETS_A_PAGE:
            chunks.append([])
        chunks[-1].append(family)
    return [_page(one, chunk, n + 1, len(chunks), offer=offer, ask=ask, watermark=watermark) for n, chunk in enumerate(chunks)]


def _page(one: ScreeningList, families: Sequence[FamilyEntry], n: int, of: int, *, offer: Offer, ask: str, watermark: str | None) -> str:
    numbered: list[tuple[str, ChildEntry, FamilyEntry]] = []
    for family in families:
        for child in family.children:
            numbered.append((f"sheet-{len(numbered) + 1}", child, family))
    contents = [[(anchor, child.name, _details(child, one)) for anchor, child, owner in numbered if owner is family] for family in families]
    head = (
        _templates()
        .get_template("list.html")
        .render(
            glance=at_a_glance(one),
            threshold=one.threshold,
            sections=[(heading, text.removeprefix(f"{ALARM} ")) for heading, text in how_to_read(one)],  # the shell says it already
            contents=contents,
            part=f"Part {n} of {of}." if of > 1 else "",
            many=len(numbered) > MANY,
        )
    )
    sheets = [sheet_body(child.explanation, _context(anchor, child, family, one, offer, ask)) for anchor, child, family in numbered]
    css = sheet_css() + (TEMPLATES / "list.css").read_text(encoding="utf-8")
    body = "\n".join([head, *sheets])
    return render_page(list_title(one), body, banner=banner(one), kind="restricted", watermark=watermark, extra_css=css)


def _details(child: ChildEntry, one: ScreeningList) -> str:
    parts = [year_label(child.nc_year), "" if one.recipient.is_school else child.school or NO_SCHOOL_HELD]
    return ", ".join(part for part in parts if part)


def _context(anchor: str, child: ChildEntry, family: FamilyEntry, one: ScreeningList, offer: Offer, ask: str) -> SheetContext:
    by_weight = sorted(child.explanation.noticed, key=lambda reason: -reason.contribution)
    noticed = [reason.theme for reason in by_weight if not reason.withheld]
    # A family has one hub, whose list this may be; the school of one of its children can lie in the area of another.
    hub = (child.hub_id, child.hub) if one.recipient.is_school else (one.recipient.id, one.recipient.name)
    return SheetContext(
        heading=child.name,
        key=child.key,
        lead=family.lead,
        since=day_text(family.since) if family.since and family.since < one.as_of else "",
        school=child.school or ("" if one.recipient.is_school else NO_SCHOOL_HELD),
        year=year_label(child.nc_year),
        speak_first=_speak_first(child, family, one),
        check_safe_contact=family.check_safe_contact,
        offer=services_for(noticed, offer),
        general_help=nearest_hub(*hub, offer),
        ask=ask,
        small_print=f"Made with the model for {'school' if one.recipient.is_school else 'hub'} lists, fingerprint {one.model_hash}.",
        anchor=anchor,
    )


def _speak_first(child: ChildEntry, family: FamilyEntry, one: ScreeningList) -> tuple[str, ...]:
    """Whom to ask besides the lead contact, who stands before them."""
    if one.recipient.is_school:
        first = "Whoever in school knows the family best: form tutor, head of year, family support worker."
        return (first, "Look in your own file for who may be contacted, and how.")
    lines = (
        ("Services were in touch with the family in the last year: speak to that worker before you contact the family.", family.known_to_services),
        (f"The child's school: {child.school}.", bool(child.school)),
        ("No school is on record: ask who knows the child, and where the child is taught.", not child.school),
    )
    return tuple(line for line, holds in lines if holds)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return environment(TEMPLATES)
