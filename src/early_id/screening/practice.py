"""A made-up school's list with model answers, for training and supervision: the same workbook and page that a school gets, and a page of answers."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from markupsafe import Markup

from early_id.config.load import shipped
from early_id.core.errors import BusyError
from early_id.core.fingerprint import fingerprint
from early_id.core.types import Audience, Json
from early_id.explain.narrative import Row, narrate
from early_id.explain.peers import YearGroups
from early_id.explain.wording import year_label
from early_id.features.catalogue import catalogue
from early_id.features.declare import Feature
from early_id.present.page import render_page
from early_id.present.write import write_bytes, write_text
from early_id.screening.entries import ChildEntry, FamilyEntry, ScreeningList
from early_id.screening.page import list_pages
from early_id.screening.people import Recipient, sort_key
from early_id.screening.practice_cases import CASES, OWN, PLAIN, USUAL, Case
from early_id.screening.workbook import list_workbook

AS_OF, NEWEST = date(2025, 11, 10), date(2025, 11, 7)
SCHOOL = Recipient(Audience.SCHOOL_LEAD, "practice", "Practice School")
WATERMARK = "Practice: every child, family and school is made up"
_ANSWER = Markup(
    "<h2>{}</h2><p><strong>What school knows besides:</strong> {}</p><p><strong>Answer:</strong> {}. <strong>Reason:</strong> {}.</p><p>{}</p>"
    "<p><strong>How to begin:</strong> {}</p>"
)


def practice_list() -> ScreeningList:
    """The list of a school that does not exist, made from the sentences of the shipped catalogue."""
    features = _features()
    by_surname: dict[str, list[Case]] = {}
    for case in CASES:
        by_surname.setdefault(case.surname, []).append(case)
    families = tuple(
        FamilyEntry(
            children=tuple(_child(case, features) for case in sorted(own, key=lambda c: sort_key(c.forename))),
            lead=f"the named lead, {SCHOOL.name}.",
            since=AS_OF,
        )
        for _, own in sorted(by_surname.items(), key=lambda pair: sort_key(pair[0]))
    )
    return ScreeningList(
        recipient=SCHOOL, as_of=AS_OF, expires_on=AS_OF + timedelta(days=42), capacity=len(families), model="practice",
        model_hash=fingerprint([case.__dict__ for case in CASES]), families=families, threshold="For practice: no threshold document applies.",
    )  # fmt: skip


def write_practice(out: Path) -> list[Json]:
    """Write workbook, page and answers into ``out``; what was written.

    Raises
    ------
    BusyError
        Another ``list.xlsx`` lies there, such as one that somebody has filled in: nothing is written then.
    """
    one = practice_list()
    book, content = out / "list.xlsx", list_workbook(one, watermark=WATERMARK)
    if book.exists() and book.read_bytes() != content:
        raise BusyError(
            "A practice list lies there already and differs from what would be written; somebody may have filled it in.",
            where=str(book),
            what_next="Give another folder with --out, or move that file away first. Nothing was written.",
        )
    write_bytes(book, content)
    (page,) = list_pages(one, offer=shipped("offer.yaml"), ask="your supervisor, in this exercise", watermark=WATERMARK)
    write_text(out / "page.html", page)
    write_text(out / "answers.html", answers_page())
    what = {"list.xlsx": "The list, to fill in", "page.html": "The list, to print", "answers.html": "Model answers, for whoever leads the training"}
    return [{"kind": "practice", "path": name, "what": text} for name, text in what.items()]


def answers_page() -> str:
    """What a thoughtful reader might answer for each child, and why."""
    parts = [
        Markup("<p>{}</p>").format(
            "Let everyone read the list and write their own answers first; then compare. Each answer below is one that can be defended, not the only right one. "
            "What counts is that the reader used what school knows, began with what is going well, and would have dropped the suggestion where it did not hold."
        )
    ]
    parts += [
        _ANSWER.format(f"{c.forename} {c.surname}, {year_label(c.nc_year)}", c.known_to_reader, c.decision, c.reason, c.why, c.how_to_begin)
        for c in CASES
    ]
    parts.append(Markup("<h2>{}</h2><p>{}</p>").format("A family who is not on the list", OWN))
    return render_page("Model answers to the practice list", Markup("\n").join(parts), banner="For training and supervision.", watermark=WATERMARK)


def _features() -> tuple[Feature, ...]:
    """The shipped features that the cases speak of, in the order of the catalogue."""
    named = {name for case in CASES for name in (*case.values, *case.weights)} | set(PLAIN)
    return tuple(feature for feature in catalogue() if feature.name in named)


def _child(case: Case, features: tuple[Feature, ...]) -> ChildEntry:
    values = {f.name: case.values.get(f.name, PLAIN.get(f.name, 0.0)) for f in features}
    row = Row(
        key=f"{case.forename}@{AS_OF}",
        child_id=case.forename,
        as_of=AS_OF,
        nc_year=case.nc_year,
        values=values,
        parts={f.name: case.weights.get(f.name, 0.0) for f in features},
        newest={f.name: NEWEST for f in features},
    )
    name = f"{case.forename} {case.surname}"
    key = fingerprint(["practice", name], length=6).upper()
    return ChildEntry(name, case.nc_year, SCHOOL.name, narrate(row, features, YearGroups(USUAL), held=frozenset(values)), key=key)
