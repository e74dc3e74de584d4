"""Reading a workbook that came back: lines as they stand, found by headings and keys, so that moved columns and sorted rows do no harm."""

from __future__ import annotations

import re
import unicodedata
import warnings
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from early_id.core.errors import BusyError
from early_id.core.fingerprint import file_sha256
from early_id.explain.page import OUTCOMES
from early_id.screening.workbook import ENTRY, KEY, LIST, OWN

DECISION, REASON, DATE, ROLE, NOTES = ENTRY
NAME, YEAR, NOTICED = "Name", "Year", "What you have noticed"
#: Rows above a table that are looked through for its headings, and the most lines and megabytes of a workbook that anybody filled in.
_TOP, _MOST_LINES, _MOST_MB = 60, 5_000, 20
_UNREADABLE = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, BadZipFile, zlib.error, ParseError)
_WRITTEN = ("%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y", "%d %b %Y")


@dataclass(frozen=True, repr=False)
class Line:
    """One line as it came back. ``decision`` is one of the eight, or empty; ``said`` is what stood there. ``problems``: codes of findings."""

    row: int
    key: str = ""
    name: str = ""
    year: str = ""
    noticed: str = ""
    decision: str = ""
    said: str = ""
    reason: str = ""
    decided_on: str = ""
    role: str = ""
    notes: str = ""
    problems: tuple[str, ...] = ()

    @property
    def is_answered(self) -> bool:
        """Whether somebody wrote anything."""
        return any((self.said, self.reason, self.decided_on, self.role, self.notes)) or bool(self.problems)


@dataclass(frozen=True, repr=False)
class Returned:
    """A workbook that came back: its lines, and why it could not be read where it could not."""

    name: str
    digest: str
    content: bytes = field(repr=False)
    lines: tuple[Line, ...] = ()
    own: tuple[Line, ...] = ()
    why_not: str = ""
    left: bool = False  #: too large to be looked at, or to be kept


def workbooks_in(path: Path) -> list[Path]:
    """The workbooks of a folder, or the one file; what Excel and LibreOffice put beside an open one is left alone."""
    if path.is_dir():
        return sorted(
            p for p in path.rglob("*") if p.suffix.lower() in (".xlsx", ".xlsm", ".ods", ".xls") and not p.name.startswith(("~$", ".~lock"))
        )
    return [path]


def read_workbook(path: Path, *, today: date) -> Returned:
    """The lines of a workbook. Nothing is refused here: what cannot be read is said in ``why_not``."""
    try:
        if path.stat().st_size > _MOST_MB * 2**20:
            said = f"it is larger than {_MOST_MB} MB, which no list is, and was left where it lies"
            return Returned(path.name, file_sha256(path), b"", why_not=said, left=True)
        content = path.read_bytes()
    except PermissionError:
        raise BusyError.target_open(path) from None
    digest = sha256(content).hexdigest()
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        return Returned(path.name, digest, content, why_not="it is not an .xlsx workbook: open it and save it as one")
    try:
        lines, own = _sheets(path, today)
    except _UNREADABLE:
        return Returned(path.name, digest, content, why_not="it cannot be opened as a workbook")
    if lines is None:
        return Returned(path.name, digest, content, own=tuple(own), why_not=f"no sheet has the headings '{KEY}' or '{NAME}' and '{DECISION}'")
    return Returned(path.name, digest, content, tuple(lines), tuple(own))


def _sheets(path: Path, today: date) -> tuple[list[Line] | None, list[Line]]:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about drop-downs and styles that are not kept
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            lines: list[Line] | None = None
            own: list[Line] = []
            for sheet in book.worksheets:
                found = _table(sheet.iter_rows(values_only=True))
                if found is None:
                    continue
                headings, rows = found
                read = [_line(number, dict(zip(headings, row, strict=False)), today) for number, row in rows]
                if _folded(NOTICED) in headings or _folded(sheet.title) == _folded(OWN):
                    own += [line for line in read if line.name or line.noticed or line.is_answered]
                elif _folded(KEY) in headings or _folded(sheet.title) == _folded(LIST):
                    lines = [*(lines or []), *(line for line in read if line.key or line.name or line.is_answered)]
            return lines, own
        finally:
            book.close()


def _table(rows: Iterable[Sequence[object]]) -> tuple[list[str], list[tuple[int, Sequence[object]]]] | None:
    """Headings, folded, and the numbered rows below them; None where there are none."""
    headings: list[str] | None = None
    found: list[tuple[int, Sequence[object]]] = []
    for number, row in enumerate(rows, start=1):
        if headings is None:
            folded = [_folded(cell) for cell in row]
            if _folded(DECISION) in folded and (_folded(KEY) in folded or _folded(NAME) in folded):
                headings = folded
            elif number > _TOP:
                return None
        elif any(cell not in (None, "") for cell in row):
            found.append((number, row))
            if len(found) > _MOST_LINES:
                raise ValueError("too many lines")
    return None if headings is None else (headings, found)


def _line(number: int, cells: dict[str, object], today: date) -> Line:
    text = {name: _text(cells.get(_folded(name))) for name in (KEY, NAME, YEAR, NOTICED, DECISION, REASON, ROLE, NOTES)}
    decision, problems = decision_of(text[DECISION]), []
    if text[DECISION] and not decision:
        problems.append("REV005")
    day, odd = _day(cells.get(_folded(DATE)), today)
    notes = text[NOTES]
    if odd:
        problems.append("REV006")
        notes = " ".join(part for part in (notes, f"[date as written: {odd}]") if part)
    answered = bool(text[DECISION])
    if answered and not (day and text[ROLE]):
        problems.append("REV009")
    return Line(
        row=number, key=text[KEY].upper(), name=text[NAME], year=text[YEAR], noticed=text[NOTICED], decision=decision, said=text[DECISION],
        reason=text[REASON], decided_on=day, role=text[ROLE], notes=notes, problems=tuple(problems),
    )  # fmt: skip


def decision_of(text: str) -> str:
    """The one of the eight outcomes that ``text`` means: written alike but for capitals, blanks and signs, or the one beginning of it; else empty."""
    plain = _folded(text)
    if not plain:
        return ""
    begins = [outcome for outcome in OUTCOMES if _folded(outcome).startswith(plain)]
    same = [outcome for outcome in OUTCOMES if _folded(outcome) == plain]
    found = same or (begins if len(plain) >= 6 else [])
    return found[0] if len(found) == 1 else ""


def _day(value: object, today: date) -> tuple[str, str]:
    """A day as YYYY-MM-DD, and what was written where it is none, or lies in the future."""
    day: date | None = None
    if isinstance(value, datetime):
        day = value.date()
    elif isinstance(value, date):
        day = value
    elif text := _text(value):
        for written in _WRITTEN:
            try:
                day = datetime.strptime(text, written).date()
                break
            except ValueError:
                continue
        if day is None:
            return "", text
    if day is not None and day > today:
        return "", day.isoformat()
    return (day.isoformat() if day else ""), ""


def _text(value: object) -> str:
    """A cell as one line of text, without signs that are not seen."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return re.sub(r"\s+", " ", "".join(c for c in str(value) if unicodedata.category(c) not in ("Cc", "Cf") or c in "\n\t\r ")).strip()


def _folded(value: object) -> str:
    """Text for comparing: no capitals, no signs."""
    plain = unicodedata.normalize("NFKD", _text(value))
    return re.sub(r"\s+", " ", "".join(c if c.isalnum() else "" if c in "'’" else " " for c in plain)).strip().casefold()
