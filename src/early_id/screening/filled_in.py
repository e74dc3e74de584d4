"""Workbooks that somebody has filled in are never written over: they are put aside before new lists take their place."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

from early_id.core.display import aside
from early_id.core.errors import BusyError
from early_id.core.fingerprint import file_sha256
from early_id.core.folders import restrict

FOLDER = "filled_in"
#: What Excel and LibreOffice put beside a workbook while somebody has it open: pattern, and what stands round its name.
_LOCKS = (("~$*.xls*", "~$", ""), (".~lock.*#", ".~lock.", "#"))


def filled_in(lists: Path) -> list[Path]:
    """Workbooks below ``lists`` that differ from what was written; one whose manifest cannot be read counts as such."""
    changed = []
    for book in sorted(lists.glob("*/*/list.xlsx")):
        try:
            written = json.loads((book.parent / "manifest.json").read_text(encoding="utf-8"))["files"][book.name]
        except (OSError, ValueError, KeyError, TypeError):
            written = ""
        if file_sha256(book) != written:
            changed.append(book)
    return changed


def put_aside(out: Path, *, group: bool = False) -> Path | None:
    """Copy the filled-in workbooks of ``out/lists`` into a folder of their own beside it, and say so; None where there are none."""
    books = filled_in(out / "lists")
    if not books:
        return None
    folder = out / FOLDER / datetime.now().strftime("%Y-%m-%d_%H%M%S")
    for book in books:
        target = folder / book.relative_to(out / "lists")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(book, target)
    restrict(out / FOLDER, group=group)
    number = f"{len(books)} list workbook{' had' if len(books) == 1 else 's had'}"
    aside(f"{number} been filled in since it was written; what stands there was put aside in {folder.as_posix()}, and new lists take its place.")
    return folder


def refuse_open_workbooks(out: Path) -> None:
    """Refuse to replace a workbook that somebody has open on a shared drive, where nothing but the mark beside it tells.

    Raises
    ------
    BusyError
        Names the workbook and the mark.
    """
    for pattern, before, after in _LOCKS:
        for place in (out, *(out / name for name in ("lists", "restricted"))):
            for mark in sorted(place.glob(pattern) if place == out else place.rglob(pattern)):
                book = mark.name.removeprefix(before).removesuffix(after)
                raise BusyError(
                    f"A workbook that is to be replaced seems to be open: the mark '{mark.name}' lies beside it.",
                    where=str(mark.with_name(book)),
                    what_next="Close it, or delete the mark if nobody has it open, and run the command again; nothing was changed.",
                )
