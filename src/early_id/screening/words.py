"""The words of lists that do not depend on a child: how to read a list, and the answers on offer."""

from __future__ import annotations

import pandas as pd

from early_id.config.governing import ThresholdSettings
from early_id.core.types import Audience
from early_id.explain.page import OUTCOMES
from early_id.present.wording import ALARM, count_of, day_text
from early_id.screening.entries import ScreeningList
from early_id.screening.people import Recipient

DECISIONS = OUTCOMES
#: Said where no household records were sent, because then no family could be kept off a school list for safety.
NO_MARKS = (
    "No record used here says with whom contact is safe, or whose address is protected. "
    "Before the first call, letter or visit to any family, ask the safeguarding lead."
)
#: Why a reader decided as they did; free text goes into the notes.
REASONS = (
    "what was noticed fits what we see",
    "we already know and are helping",
    "there is a plain reason for it",
    "things have changed since the records",
    "a record is wrong or missing",
    "the family would rather not now",
    "we could not get in touch safely",
    "other (say in notes)",
)
ROLES = {Audience.SCHOOL_LEAD: "the designated safeguarding lead and named deputies", Audience.HUB_LEAD: "the hub lead"}

WHY_LISTED = {
    Audience.SCHOOL_LEAD: (
        "Every sign comes from this school's own records about its own pupils. Pupils whom those records show at one address stand together as one family. "
        "Records of other services may keep a family off this list; what they say puts nobody on it."
    ),
    Audience.HUB_LEAD: "Records of schools and of services that may be shared with the hub were used.",
}


def lead_text(recipient: Recipient, contacts: pd.Series, *, worker: bool, in_help: bool) -> str:
    """Who speaks to a family in this period: whoever works with it already, else the school, else the hub."""
    if worker:
        return "the allocated worker of another child of the household. Speak to the worker before anybody contacts the family."
    if in_help:
        return "whoever leads the early help of another child of the household, under way or awaiting an answer. Speak to them first."
    named = sorted({str(name) for name in contacts if name})
    if recipient.is_school:
        return f"{named[0] if len(named) == 1 else 'the named lead'}, {recipient.name}."
    return f"the hub lead, {recipient.name}."


def lead_note(one: ScreeningList) -> str:
    """Who speaks to the families of a list, for its head; of a hub's families some have a worker, whom their lines name."""
    if not one.families:
        return ""
    until = f"Lead contact for these families until {day_text(one.expires_on)}:"
    rest = "Other lists of this date leave them to you."
    if one.recipient.is_school:
        return f"{until} {one.families[0].lead} {rest}"
    return f"{until} the hub lead, {one.recipient.name}, or the worker whom the line names. {rest}"


def threshold_text(document: ThresholdSettings) -> str:
    """The threshold document that lists are for, in a sentence; that none is named, where none is."""
    if not document.name:
        return "The local threshold document has not been named."
    version = f", version {document.version}" if document.version else ""
    level = f" at level {document.level}" if document.level else ""
    signed = f", signed {day_text(max(document.signed.values()))}" if document.signed else ""
    return f"For families{level} of the local threshold document: {document.name}{version}{signed}."


def banner(one: ScreeningList) -> str:
    """Who may read the list, in one line."""
    return f"RESTRICTED. For {ROLES[one.recipient.audience]}, {one.recipient.name}. Do not forward or copy."


def list_title(one: ScreeningList) -> str:
    """Title of a list."""
    return f"Families to think about: {one.recipient.name}"


def at_a_glance(one: ScreeningList) -> str:
    """The finding of the page, in one sentence."""
    n = len(one.families)
    if n == 0:
        return "No family is suggested this time. Use the sheet for families you are thinking of yourself."
    families, children = count_of(n, "family", "families"), count_of(one.n_children, "child", "children")
    return f"{families} with {children} to think about, in alphabetical order. The order says nothing about need."


def how_to_read(one: ScreeningList) -> tuple[tuple[str, str], ...]:
    """Headings and paragraphs of "Read me first"."""
    until = day_text(one.expires_on)
    return (
        (
            "What this is",
            (
                f"A short list of families who may welcome an offer of early help. It was made from records before {day_text(one.as_of)} "
                f"and holds at most {count_of(one.capacity, 'family', 'families')}, the number set for {one.recipient.name}. "
                f"Please do not use it after {until}."
            ),
        ),
        ("What it is not", f"{ALARM} If you are worried about a child now, follow your safeguarding procedure today."),
        ("Whose records", WHY_LISTED[one.recipient.audience]),
        (
            "How to read a line",
            (
                "What is going well comes first: start there. What we noticed says what the records show, for which time, where it was "
                "written down and, in brackets, the date of the newest record; the signs stand in the same order for everyone. Usual means the middle value of the same year group in the council. "
                "What speaks against and what we do not know belong to the picture just as much. On the printed sheets a small bar shows how "
                "much a sign counted for this suggestion; it does not say how serious it is."
            ),
        ),
        (
            "What you are asked to do",
            (
                "Look at each family and use what you know. In the workbook, choose a decision and a reason from the lists, and give the date "
                "and your role. You may disagree without asking anyone. On the last sheet, add families you are thinking of who are not on the list; then give the workbook back to whoever sent it to you."
            ),
        ),
        (
            "Who to speak to first",
            (
                "Each family has one lead contact until this list ends, and is on no other list of the same date. Start with whoever already works with the family. Look in your own file for who may be contacted, and ask if an interpreter, easy read "
                "or an advocate would help. Help is a choice: saying no has no consequence, and it is not held against a family."
                f"{'' if one.marks_held else f' {NO_MARKS}'}"
            ),
        ),
        (
            "If a family asks why",
            (
                "Say that a computer looked through some records and put a short list together, what was noticed and where it was written down, and that a "
                "person decides whether to get in touch. Many families on such a list turn out to need nothing, and that is fine. They can ask to see it, "
                "have it put right, or object."
            ),
        ),
        (
            "Not to be used for",
            "Sanctions, attendance enforcement, deciding whether a safeguarding threshold is met, or a label for the family.",
        ),
        (
            "If a record is wrong",
            "Choose the decision 'record wrong' and say in the notes what is wrong, so that it can be put right.",
        ),
    )
