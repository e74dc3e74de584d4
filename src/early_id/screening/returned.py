"""Which lines of a workbook that came back still have no answer. What a family answered is not read here, only that somebody wrote something."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from zipfile import BadZipFile

from early_id.core.types import Json
from early_id.explain.page import OUTCOMES
from early_id.screening.filled_in import filled_in
from early_id.screening.workbook import ENTRY, KEY, LIST

#: The one answer after which a family is still to be spoken to.
NOT_YET = OUTCOMES[5]
#: Rows above the table that are looked through for its headings.
_TOP = 40


def returned_lists(lists: Path, record: Json | None) -> list[Json]:
    """One record for each workbook below ``lists`` in which somebody answered something: the keys of its families without an answer.

    A workbook that cannot be read, or that is not one of ``record``, says nothing; it is put aside with the others all the same.
    """
    if record is None:
        return []
    held = {(one["audience"], one["recipient"]): one["families"] for one in record["lists"]}
    found = []
    for book in filled_in(lists):
        place = _place(book)
        answers = read_answers(book)
        families = held.get(place, ()) if place else ()
        if place and families and answers and set(answers) <= {key for family in families for key in family["keys"]}:
            open_keys = [family["key"] for family in families if not any(_answered(answers.get(key, "")) for key in family["keys"])]
            if any(answers.values()):
                found.append({"as_of": record["as_of"], "audience": place[0], "recipient": place[1], "open": open_keys})
    return found


def read_answers(book: Path) -> dict[str, str]:
    """Key of each line → the decision that was chosen, empty where none was; nothing where the file is no such workbook."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        opened = load_workbook(book, read_only=True, data_only=True)
    except (OSError, ValueError, KeyError, BadZipFile, InvalidFileException):
        return {}
    try:
        if LIST not in opened.sheetnames:
            return {}
        return _answers(opened[LIST].iter_rows(values_only=True))
    finally:
        opened.close()


def _answers(rows: Iterable[tuple[object, ...]]) -> dict[str, str]:
    answers: dict[str, str] = {}
    at: tuple[int, int] | None = None
    for number, row in enumerate(rows):
        if at is None:
            if KEY in row and ENTRY[0] in row:
                at = row.index(KEY), row.index(ENTRY[0])
            elif number > _TOP:
                break
        elif row[at[0]] is not None:
            answers[str(row[at[0]])] = str(row[at[1]] or "").strip()
    return answers


def _answered(decision: str) -> bool:
    return decision not in ("", NOT_YET)


def _place(book: Path) -> tuple[str, str] | None:
    try:
        manifest = json.loads((book.parent / "manifest.json").read_text(encoding="utf-8"))
        return str(manifest["audience"]), str(manifest["recipient"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
