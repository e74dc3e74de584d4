"""Made-up readers who fill in lists and send them back: for tests and practice, with mistakes as real ones make them. Made-up councils only."""

from __future__ import annotations

import random
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from early_id.explain.page import OUTCOMES
from early_id.screening.words import REASONS
from early_id.screening.workbook import ENTRY, KEY, LIST, OWN

#: How often readers choose each of the first six outcomes; step-ups are planted.
USUAL = (0.3, 0.15, 0.15, 0.28, 0.05, 0.07)
ROLES = ("designated safeguarding lead", "deputy DSL", "hub lead")


@dataclass
class Sent:
    """What was sent back: the workbooks, and what was planted in them, by kind → keys of lines."""

    folder: Path
    planted: dict[str, list[str]] = field(default_factory=dict)
    answered: int = 0


def send_back(
    lists: Path,
    to: Path,
    *,
    as_of: date,
    seed: int,
    answered: float = 0.8,
    conflicts: int = 1,
    step_ups: int = 1,
    own: Sequence[str] = ("Quiet lately",),
) -> Sent:
    """Copies of every ``list.xlsx`` below ``lists``, filled in, into ``to``.

    Parameters
    ----------
    answered : float
        Share of lines that readers get to.
    conflicts : int
        Lines that come back twice, with two answers of one day, in a second workbook of the same list.
    step_ups : int
        Families passed to children's social care.
    own : sequence of str
        What readers noticed in families of their own; one line each in the first workbook.
    """
    rng, sent = random.Random(seed), Sent(to)
    books = sorted(lists.glob("*/*/list.xlsx"))
    for number, source in enumerate(books):
        target = to / f"{source.parent.parent.name}_{source.parent.name}.xlsx"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        book = _opened(target)
        rows, at = _lines(book[LIST])
        for row in rows:
            if rng.random() >= answered:
                continue
            outcome = rng.choices(OUTCOMES[:6], USUAL)[0]
            if len(sent.planted.setdefault("step_up", [])) < step_ups:
                outcome = OUTCOMES[6 + len(sent.planted["step_up"]) % 2]
                sent.planted["step_up"].append(str(row[at[KEY]].value))
            day = as_of + timedelta(days=rng.randint(3, 60))
            _fill(row, at, outcome, rng.choice(REASONS[:6]), day, ROLES[2] if "hubs" in target.name else rng.choice(ROLES[:2]), rng)
            sent.answered += 1
        if number == 0:
            _own(book[OWN], own, as_of)
        book.save(target)
        done = [row for row in rows if row[at[ENTRY[0]]].value and str(row[at[KEY]].value) not in sent.planted["step_up"]]
        for row in done[: max(conflicts - len(sent.planted.setdefault("conflict", [])), 0)]:
            other = next(o for o in (OUTCOMES[0], OUTCOMES[3]) if o != row[at[ENTRY[0]]].value)
            row[at[ENTRY[0]]].value = other
            sent.planted["conflict"].append(str(row[at[KEY]].value))
            book.save(target.with_name(f"{target.stem}_again.xlsx"))
    return sent


def _opened(path: Path) -> Any:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about drop-downs and styles that are not kept
        return load_workbook(path)


def _lines(sheet: Any) -> tuple[list[Any], dict[str, int]]:
    """Rows below the headings that have a key, and the place of each heading."""
    rows = list(sheet.iter_rows())
    top = next((i for i, row in enumerate(rows) if any(cell.value == ENTRY[0] for cell in row)), None)
    if top is None:
        return [], {}
    at = {str(cell.value): i for i, cell in enumerate(rows[top]) if cell.value}
    return [row for row in rows[top + 1 :] if row[at[KEY]].value], at


def _fill(row: Any, at: dict[str, int], outcome: str, reason: str, day: date, role: str, rng: random.Random) -> None:
    values = (outcome, reason, day if rng.random() < 0.5 else day.strftime("%d/%m/%Y"), role, "a note" if rng.random() < 0.2 else None)
    for name, value in zip(ENTRY, values, strict=True):
        row[at[name]].value = value


def _own(sheet: Any, noticed: Sequence[str], as_of: date) -> None:
    rows = list(sheet.iter_rows())
    top = next(i for i, row in enumerate(rows) if any(cell.value == ENTRY[0] for cell in row))
    at = {str(cell.value): i for i, cell in enumerate(rows[top]) if cell.value}
    for line, text in enumerate(noticed, start=1):
        row = rows[top + line]
        row[at["Name"]].value, row[at["What you have noticed"]].value = f"Made-Up Child {line}", text
        row[at[ENTRY[0]]].value, row[at[ENTRY[2]]].value, row[at[ENTRY[3]]].value = OUTCOMES[0], as_of + timedelta(days=5), ROLES[0]
