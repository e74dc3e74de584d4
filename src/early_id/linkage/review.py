"""Clerical review: pairs that the model cannot settle go out as a workbook, and people's decisions come back.

What the workbook says about records is for reading only. A decision is taken in by the pair's code alone, and only for pairs that were sent out, so nothing
that is changed in a cell can join anybody else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from early_id.config.settings import LinkageSettings
from early_id.core.errors import InputDataError
from early_id.core.folders import restrict
from early_id.core.privacy import keyed_hash
from early_id.linkage.decisions import ANSWERS, Decision, keys_of
from early_id.linkage.kept import Kept
from early_id.linkage.linked import Linkage
from early_id.linkage.words import how_sure, in_words
from early_id.present.wording import day_text
from early_id.present.workbook import Sheet, write_workbook
from early_id.present.write import write_text

HEADINGS = ("Pair", "Held by", "Names", "Born", "Postcode", "What agrees and what does not", "By weight alone", "Your decision", "Note")
_WIDTHS = (12.0, 14.0, 24.0, 19.0, 11.0, 44.0, 20.0, 18.0, 26.0)
SHEET = "Pairs"
_NOTES: tuple[str | tuple[str, str], ...] = (
    "Each row is two records that may be one person: the first line of a cell is one record, the second line the other.",
    (
        "What to do",
        "Choose in the column Your decision: same person, different people, or not sure. Leave it empty if you have not looked. Look at your own systems first: "
        "a wrong join shows one family another's facts.",
    ),
    (
        "What not to do",
        "Do not join brothers and sisters, a parent and a child of the same name, or a child with a record under another name from a time in care. "
        "Pairs that must never be joined are not here.",
    ),
    "This workbook holds names and dates of birth. Keep it where only those who decide can read it, and delete it when it has been taken in.",
)
JOINED = "Records that are held to be one person"
_JOINED_NOTE = "Each row is two records that are joined: the first line of a cell is one record, the second line the other. Different people parts them; an empty row stays joined."


@dataclass(frozen=True)
class Taken:
    """What an import took in: how many decisions of each kind, and what of the workbook was nothing new."""

    same: int
    different: int
    not_sure: int
    empty: int  #: pairs without an answer
    again: int = 0  #: answers that stand already, as they were given
    replaced: int = 0  #: decisions that stood before and were taken back or turned round

    def lines(self) -> list[str]:
        """What happened, for whoever sent the workbook: one sentence a situation."""
        new = self.same + self.different + self.not_sure
        if not new and self.again:
            left = f"; {_pairs(self.empty)} left empty" if self.empty else ""
            return [f"Nothing new: all {self.again} answer(s) in this workbook were taken in before and stand as they are{left}."]
        if not new:
            return [f"Nothing was taken in: no pair has an answer in the column 'Your decision' ({_pairs(self.empty)} left empty)."]
        said = [f"Taken in: {self.same} same person, {self.different} different people, {self.not_sure} not sure; {self.empty} left empty."]
        if self.not_sure:
            said.append(
                f"Not sure: {_pairs(self.not_sure)} left open: joined to nobody, and in the next workbook again (one that linking had joined stays joined); "
                "until somebody can tell, linking treats them as if nobody had looked."
            )
        if self.again:
            said.append(f"{self.again} further answer(s) were taken in before and stand as they are.")
        if self.replaced:
            said.append(f"{self.replaced} of these take the place of what had been decided before; the earlier decisions stay on record.")
        return said


def _pairs(count: int) -> str:
    return f"{count} pair{'' if count == 1 else 's'}"


def export_review(
    linkage: Linkage, to: Path, *, kept: Kept, key: str, settings: LinkageSettings, joined: Iterable[tuple[str, str]] | None = None
) -> int:
    """Write the pairs that wait for a person, or those within one person by whom a record of ``joined`` is held; how many were written.

    At most ``settings.review_at_most`` pairs, those that are nearest to being joined first. A protected address is shown to nobody.
    """
    wait = (linkage.to_review() if joined is None else linkage.joined(joined)).head(settings.review_at_most)
    title, notes = ("Records that may be one person", _NOTES) if joined is None else (JOINED, (_JOINED_NOTE, *_NOTES[1:]))
    keys = list(zip(keys_of(linkage.records, wait["left"]), keys_of(linkage.records, wait["right"]), strict=True))
    codes = [pair_code(one, two, key) for one, two in keys]
    rows = [_row(linkage, pair, code) for pair, code in zip(wait.to_dict("records"), codes, strict=True)]
    sheet = Sheet(
        SHEET,
        HEADINGS,
        rows,
        title=title,
        notes=notes,
        widths=_WIDTHS,
        dropdowns={"Your decision": tuple(ANSWERS)},
        protected=True,
        unlocked=("Your decision", "Note"),
    )
    write_workbook(to, [sheet], title=title, restricted=True, private=True)
    sent = _sent(kept) | {code: [list(one), list(two)] for code, (one, two) in zip(codes, keys, strict=True)}
    kept.make()
    write_text(_sent_path(kept), json.dumps(sent, sort_keys=True))
    restrict(kept.folder, group=kept.group)
    return len(rows)


def pair_code(one: tuple[str, str], two: tuple[str, str], key: str) -> str:
    """A pair's code: the same for the same two records, in whichever order, and no clue to either."""
    first, second = sorted((one, two))
    return "P" + keyed_hash(json.dumps([first, second]), key, length=10)


def _row(linkage: Linkage, pair: Mapping[Any, Any], code: str) -> list[str]:
    records = [linkage.records.iloc[int(pair[side])] for side in ("left", "right")]
    hidden = [int(pair[side]) in linkage.marked.protected for side in ("left", "right")]
    postcodes = ["protected" if any(hidden) else record["postcode"] or "not recorded" for record in records]
    cells = (
        [str(record["source"]).replace("_", " ") for record in records],
        [record["name"] or "not recorded" for record in records],
        [day_text(record["birth_date"].date()) if pd.notna(record["birth_date"]) else "not recorded" for record in records],
        postcodes,
    )
    words = in_words(linkage, {str(name): value for name, value in pair.items()})
    return [code, *("\n".join(cell) for cell in cells), words, how_sure(pair["weight"]), "", ""]


def import_review(path: Path, *, kept: Kept, by: str, on: date) -> Taken:
    """Take in a workbook that people filled in: all of it, or nothing where something is not in order.

    An answer that stands already, given with the same note, is not written a second time: the same workbook can be sent twice.

    Raises
    ------
    InputDataError
        The workbook is not one of ours, was edited out of shape, names a pair that was never sent out, or answers one pair in two ways. Decisions taken
        before are as they were.
    """
    table = _read(path)
    sent = _sent(kept)
    asked, answers, notes = (table[name] for name in ("Pair", "Your decision", "Note"))
    strange = [row for row, code in asked.items() if code and code not in sent]
    if strange:
        raise _refused(path, "names a pair that was not sent out", strange, "Take the rows out, or export the workbook again and fill it in anew.")
    wrong = [row for row, answer in answers.items() if answer and answer not in ANSWERS]
    if wrong:
        raise _refused(path, "gives an answer that is not on offer", wrong, f"Choose one of: {', '.join(ANSWERS)}.")
    lost = [row for row, code in asked.items() if not code and (answers[row] or notes[row])]
    if lost:
        raise _refused(path, "has a decision or a note without the code of its pair", lost, "Put the code back from the workbook as it was exported.")
    given: dict[str, str] = {}
    twice = []
    for row, code in asked.items():
        if code and answers[row] and given.setdefault(code, answers[row]) != answers[row]:
            twice.append(row)
    if twice:
        raise _refused(path, "answers a pair twice and differently", twice, "Keep one answer for each pair.")
    decided = [
        Decision.of(
            _key(sent[code][0]),
            _key(sent[code][1]),
            ANSWERS[answer],
            by=by,
            on=on,
            note=next((notes[r] for r in asked.index if asked[r] == code), ""),
        )
        for code, answer in given.items()
    ]
    before = kept.decisions()
    standing = before.in_force()
    new = [item for item in decided if not _says_the_same(standing.get((item.one, item.two)), item)]
    if new:
        kept.keep_decisions(before.add(*new))
    counts = pd.Series([item.answer for item in new], dtype=object).value_counts()
    replaced = [item for item in new if (was := standing.get((item.one, item.two))) and was.answer not in ("open", item.answer)]
    return Taken(
        int(counts.get("same", 0)),
        int(counts.get("different", 0)),
        int(counts.get("open", 0)),
        empty=len({code for code in asked if code} - set(given)),
        again=len(decided) - len(new),
        replaced=len(replaced),
    )


def _says_the_same(was: Decision | None, now: Decision) -> bool:
    return was is not None and (was.answer, was.note) == (now.answer, now.note)


def undo_review(kept: Kept, *, by: str, on: date, last: int) -> int:
    """Take back the last decisions; how many pairs are open again."""
    before = kept.decisions()
    after = before.undo(by=by, on=on, last=last)
    back = len(after.items) - len(before.items)
    if back:
        kept.keep_decisions(after)
    return back


def _read(path: Path) -> pd.DataFrame:
    """The filled-in columns as text, on the rows of the sheet as a person counts them."""
    from openpyxl import load_workbook

    if not path.is_file():
        raise InputDataError(
            "The review workbook was not found.", where=str(path), what_next="Give the path of the workbook that was exported and filled in."
        )
    export = "Export it again with: early-id link review export."
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        rows = [list(row) for row in book[SHEET].iter_rows(values_only=True)] if SHEET in book.sheetnames else []
        book.close()
    except Exception:
        # Whatever the reader trips over, its own message may quote a cell.
        raise InputDataError("The review workbook cannot be read.", where=str(path), what_next=export) from None
    head = next((number for number, row in enumerate(rows) if row and str(row[0]).strip() == HEADINGS[0]), None)
    names = [str(cell).strip() if cell is not None else "" for cell in rows[head]] if head is not None else []
    missing = [name for name in ("Pair", "Your decision", "Note") if names.count(name) != 1]
    if head is None or missing:
        what = (
            f"It has no sheet '{SHEET}' with a row of headings."
            if head is None
            else f"Columns that are needed are missing or stand twice: {', '.join(missing)}."
        )
        raise InputDataError(f"The review workbook is not in the shape in which it was exported. {what}", where=str(path), what_next=export)
    body = [[*row, *[None] * len(names)][: len(names)] for row in rows[head + 1 :]]
    frame = pd.DataFrame(body, columns=names, index=range(head + 2, head + 2 + len(body)), dtype=object)
    text = frame[["Pair", "Your decision", "Note"]].map(lambda cell: "" if cell is None else str(cell).strip())
    return text.assign(**{"Your decision": text["Your decision"].str.casefold()})


def _refused(path: Path, what: str, rows: list[Any], what_next: str) -> InputDataError:
    shown = ", ".join(str(row) for row in rows[:10]) + (" …" if len(rows) > 10 else "")
    return InputDataError(f"The review workbook {what}; nothing of it was taken in.", where=f"{path}, row {shown}", what_next=what_next)


def _sent_path(kept: Kept) -> Path:
    return kept.folder / "review.json"


def _sent(kept: Kept) -> dict[str, Any]:
    """Code → the two records of every pair that was ever sent out."""
    path = _sent_path(kept)
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise InputDataError(
            "The list of pairs that were sent out cannot be read.", where=str(path), what_next="Restore the file from a backup."
        ) from None


def _key(value: Any) -> tuple[str, str]:
    source, person = value
    return str(source), str(person)
