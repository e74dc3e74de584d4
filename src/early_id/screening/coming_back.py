"""Lines of workbooks held against the lists they came from: each is attached to a child, or set aside with the reason. Nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd

from early_id.core.findings import Finding, FindingKind, Findings
from early_id.core.types import Severity
from early_id.screening.answers import CONFLICT, RECORD_WRONG, WAITS, answers, families_that_differ
from early_id.screening.listed import FOLLOW_UP, PLACE
from early_id.screening.people import sort_key
from early_id.screening.review import Line, Returned

#: Code → severity, message, advice. ERROR: set aside; QUERY: somebody should ask; kept, where the words do not say otherwise.
CODES: dict[str, tuple[Severity, str, str]] = {
    "REV001": (Severity.ERROR, "A workbook could not be read; it is kept as it came.", "Ask the reader for the workbook as it was sent out, saved as .xlsx."),
    "REV002": (Severity.ERROR, "A workbook belongs to lists that are not on record here, such as those of another store; it is kept as it came.", "Import it where its lists were made."),
    "REV003": (Severity.ERROR, "Lines about a child who was not on that list; set aside.", "Ask the reader; families of one's own belong on the last sheet."),
    "REV004": (Severity.ERROR, "The name on a line is that of another child on the list than its key; set aside, because nobody can tell who is meant.", "Ask the reader."),
    "REV005": (Severity.QUERY, "A decision is none of the eight; what was written is kept, and no decision stands.", "Ask the reader which of the eight is meant."),
    "REV006": (Severity.QUERY, "A date cannot be read, lies in the future or before the list; what was written is kept in the notes.", "Ask the reader for the day."),
    "REV007": (Severity.QUERY, "Different answers came back for one child, and nobody can tell which is later; none stands.", "Ask the readers; a line with a later date settles it."),
    "REV008": (Severity.QUERY, "Brothers and sisters on one list have different decisions; all are kept.", "Ask the reader whether that is meant."),
    "REV009": (Severity.QUERY, "A decision has no date or no role.", "Ask the reader to add it."),
    "REV010": (Severity.QUERY, "A reader says that a record is wrong.", "The sheet 'Records said to be wrong' goes to the supplier: correct the record, or say why it stands."),
    "REV011": (Severity.QUERY, "A family was passed to children's social care, and no manager has countersigned yet.", "early-id review countersign --by ROLE, after a look at each."),
    "REV012": (Severity.QUERY, "Families of a reader's own that no one child here can be matched to; they are kept as written.", "Ask the reader for full name and year group."),
    "REV013": (Severity.NOTE, "A workbook came in before with the same content; nothing was added.", "Nothing has to be done."),
    "REV014": (Severity.QUERY, "Lines without a key were matched by name.", "Send workbooks back with all their columns."),
    "REV016": (Severity.ERROR, "A file is larger than any list is; it was not read and was left where it lies.", "Ask the reader for the workbook as it was sent out."),
    "REV017": (Severity.QUERY, "Lines about a child whose records were erased; they were left out, and the workbook was not kept.",
               "Delete the workbook where it lies, and ask the reader to do the same; if another child was meant, ask for that child's line."),
    "REV015": (Severity.QUERY, "The name on a line is not the one that was printed; the key was used.", "Ask the reader if another child was meant."),
}  # fmt: skip
#: The same, as ``early-id rules show`` explains them.
KINDS: tuple[FindingKind, ...] = tuple(
    FindingKind(code, severity, message, advice, "workbooks that came back from readers of lists")
    for code, (severity, message, advice) in CODES.items()
)
_BY_CODE = {kind.code: kind for kind in KINDS}


@dataclass(frozen=True, repr=False)
class Gone:
    """Children whose records were erased: their ids, and their names as :func:`~early_id.screening.people.sort_key` gives them, where nobody else bore them."""

    children: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, repr=False)
class CameBack:
    """What workbooks brought: ``rows`` to be added to the decisions, those set ``aside`` among them, ``findings``, and how each book fared."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    books: list[dict[str, Any]] = field(default_factory=list)

    @property
    def aside(self) -> list[dict[str, Any]]:
        """Lines and workbooks that could not be attached."""
        return [row for row in self.rows if row["kind"] == "aside"]


def came_back(
    books: Sequence[Returned], listed: pd.DataFrame, named: pd.DataFrame, before: pd.DataFrame, *, today: date, gone: Gone | None = None
) -> CameBack:
    """Attach every answered line to a child, or set it aside.

    Parameters
    ----------
    listed : DataFrame
        As :func:`early_id.screening.listed.listed` gives it, with ``name`` as it was printed.
    named : DataFrame
        Children whom a reader may mean on the last sheet: list_as_of, audience, recipient, child_id, name, year.
    before : DataFrame
        Decisions on record.
    gone : Gone, optional
        Nothing that is said of these children is put on record again.
    """
    gone = gone or Gone()
    rows: list[dict[str, Any]] = []
    counts: Counter[tuple[str, str]] = Counter()
    summary: list[dict[str, Any]] = []
    unread: set[str] = set()
    # What was only set aside is looked at again: its list may be on record by now.
    left_before = before["kind"] == "aside"
    seen = set(before.loc[~left_before, "file_sha256"]) - {""}
    known = set(before.loc[left_before, ["file_sha256", "row"]].itertuples(index=False, name=None))
    stood = _contents(before)
    for book in books:
        if book.digest in seen:
            counts["REV013", book.name] += 1
            summary.append(
                {"file": book.name, "list": "", "lines": 0, "added": 0, "aside": 0, "same_as_before": True, "read": book.digest not in unread}
            )
            continue
        seen.add(book.digest)
        place = None if book.why_not and not book.own else list_of(book, listed)
        if place is None:
            unread.add(book.digest)
            counts["REV016" if book.left else "REV001" if book.why_not else "REV002", book.name] += 1
            if (book.digest, 0) not in known:
                why = book.why_not or "its keys are on no list on record"
                rows.append({"kind": "aside", "row": 0, "reason": why, **_from(book, today)})
            summary.append({"file": book.name, "list": "", "lines": len(book.lines), "added": 0, "aside": 1, "same_as_before": False, "read": False})
            continue
        if book.why_not:
            counts["REV001", book.name] += 1
        own = listed[(listed[PLACE] == pd.Series(place, index=PLACE)).all(axis=1)]
        made, left, found = _attached(book, place, own, gone)
        more, unmatched, forgotten = _own_families(book, place, named, gone)
        fresh = [row for row in (*made, *more) if _content(row) not in stood]
        left = [row for row in left if _content(row) not in stood]
        stood |= {_content(row) for row in (*fresh, *left)}
        counts.update({(code, book.name): n for code, n in found.items()})
        for code, n in (("REV012", unmatched), ("REV017", forgotten)):
            if n:
                counts[code, book.name] += n
        rows += [{**row, **_from(book, today)} for row in (*fresh, *left)]
        summary.append({
            "file": book.name, "list": " ".join(place), "lines": len(book.lines), "added": len(fresh), "aside": len(left), "same_as_before": False, "read": True,
        })  # fmt: skip
    findings = Findings(tuple(_finding(code, n, name) for (code, name), n in sorted(counts.items())))
    return CameBack(rows, findings, summary)


def _from(book: Returned, today: date) -> dict[str, Any]:
    return {"file_sha256": book.digest, "file": book.name, "imported_on": today.isoformat()}


def standing_findings(rows: pd.DataFrame) -> Findings:
    """What all decisions on record ask of people, whatever workbook they came with: conflicts, families that differ, wrong records, step-ups."""
    found = answers(rows)
    counts = {
        "REV007": int((found["status"] == CONFLICT).sum()) + int(_step_up_beside(rows, found)),
        "REV008": len(families_that_differ(found)),
        "REV010": int((found["decision"] == RECORD_WRONG).sum()),
        "REV011": int((found["status"] == WAITS).sum()),
    }
    return Findings(tuple(_finding(code, n, "decisions") for code, n in counts.items() if n))


def _step_up_beside(rows: pd.DataFrame, found: pd.DataFrame) -> int:
    """Step-ups that wait while another answer for the same child came back too."""
    waiting = found[found["status"] == WAITS]
    given = rows[(rows["kind"] == "decision") & (rows["decision"] != "")]
    different = given.groupby([*PLACE, "child_id"])["decision"].nunique()
    return int(sum(different.get(tuple(line), 0) > 1 for line in waiting[[*PLACE, "child_id"]].itertuples(index=False, name=None)))


def list_of(book: Returned, listed: pd.DataFrame) -> tuple[str, ...] | None:
    """The list that most lines of a workbook belong to, by key, else by name; the newest where several fit alike."""
    keys = {line.key for line in book.lines if line.key}
    hits = listed[listed["key"].isin(keys)]
    if hits.empty:
        names = {sort_key(line.name) for line in (*book.lines,) if line.name}
        hits = listed[listed["name"].map(sort_key).isin(names)] if names and not keys else hits
        if len(hits) and hits.groupby(PLACE)["name"].nunique().max() * 2 < len(names):
            return None
    if hits.empty:
        return None
    score = hits.groupby(PLACE)["key"].nunique()
    best = score[score == score.max()]
    return tuple(str(part) for part in sorted(best.index)[-1])


def names_erased(book: Returned, listed: pd.DataFrame, gone: Gone) -> bool:
    """Whether a child whose records were erased stands in a workbook, answered or not."""
    if any(sort_key(line.name) in gone.names for line in (*book.lines, *book.own) if line.name and not line.key):
        return True
    mine = listed[listed["child_id"].isin(gone.children)]
    keys = {line.key for line in book.lines if line.key} & set(mine["key"])
    place = list_of(book, listed) if keys else None
    return place is not None and bool(((mine[PLACE] == pd.Series(place, index=PLACE)).all(axis=1) & mine["key"].isin(keys)).any())


def _attached(
    book: Returned, place: tuple[str, ...], own: pd.DataFrame, gone: Gone
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Counter[str]]:
    erased = set(own.loc[own["child_id"].isin(gone.children), "key"])
    by_key = own.set_index("key")
    by_name: dict[str, list[str]] = {}
    for key, name in zip(own["key"], own["name"], strict=True):
        by_name.setdefault(sort_key(str(name)), []).append(str(key))
    rows, aside, found = [], [], Counter[str]()
    for line in book.lines:
        if not line.is_answered:
            continue
        if line.key in erased:
            found["REV017"] += 1
            continue
        key, code, notes = _key_of(line, by_key, by_name)
        if code and sort_key(line.name) in gone.names:
            found["REV017"] += 1
            continue
        found.update(notes)
        if code:
            found[code] += 1
            aside.append({**_plain(line, "aside", place), "key": line.key, "child_id": "", "family": "", "decision": "", "reason": _why(line, code)})
            continue
        line, late = _after_the_list(line, place[0])
        found.update({*line.problems, *late})
        child = by_key.loc[key]
        rows.append({**_plain(line, "decision", place), "key": key, "child_id": child["child_id"], "family": child["family"], "name": ""})
    return rows, aside, found


def _why(line: Line, code: str) -> str:
    return " ".join(part for part in (CODES[code][1], line.reason and f"[reason as written: {line.reason}]") if part)


def _key_of(line: Line, by_key: pd.DataFrame, by_name: dict[str, list[str]]) -> tuple[str, str, tuple[str, ...]]:
    """The key of the child that a line is about, or the code of why none can be told; and what should be asked."""
    same_name = by_name.get(sort_key(line.name), []) if line.name else []
    if line.key and line.key not in by_key.index:
        return "", "REV003", ()
    if line.key:
        if line.name and line.key not in same_name:
            return ("", "REV004", ()) if same_name else (line.key, "", ("REV015",))
        return line.key, "", ()
    if len(same_name) == 1:
        return same_name[0], "", ("REV014",)
    return "", "REV003" if not same_name else "REV004", ()


def _after_the_list(line: Line, as_of: str) -> tuple[Line, set[str]]:
    """A decision dated before the list was made is a slip: the day goes into the notes."""
    if not line.decided_on or line.decided_on >= as_of:
        return line, set()
    notes = " ".join(part for part in (line.notes, f"[date as written: {line.decided_on}]") if part)
    return replace(line, decided_on="", notes=notes), {"REV006"}


def _own_families(book: Returned, place: tuple[str, ...], named: pd.DataFrame, gone: Gone) -> tuple[list[dict[str, Any]], int, int]:
    candidates = named[(named[PLACE] == pd.Series(place, index=PLACE)).all(axis=1)] if place[1] != FOLLOW_UP else named.iloc[:0]
    rows, unmatched, forgotten = [], 0, 0
    for line in book.own:
        same = candidates[candidates["name"].map(sort_key) == sort_key(line.name)]
        if len(same) > 1 and line.year:
            same = same[same["year"].map(sort_key) == sort_key(line.year)]
        child = str(same["child_id"].iloc[0]) if len(same) == 1 else ""
        if not child and sort_key(line.name) in gone.names:
            forgotten += 1
            continue
        unmatched += not child
        rows.append({**_plain(line, "own", place), "child_id": child, "family": "", "key": ""})
    return rows, unmatched, forgotten


def _plain(line: Line, kind: str, place: tuple[str, ...]) -> dict[str, Any]:
    names = ("name", "year", "noticed", "decision", "said", "reason", "decided_on", "role", "notes", "row")
    return {"kind": kind, **dict(zip(PLACE, place, strict=True)), **{name: getattr(line, name) for name in names}}


#: What makes two lines the same, so that a workbook sent twice adds nothing but what was changed in between.
_SAME = ("kind", *PLACE, "child_id", "key", "name", "noticed", "decision", "said", "reason", "decided_on", "role", "notes")


def _content(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(name, "")) for name in _SAME)


def _contents(rows: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(rows[list(_SAME)].itertuples(index=False, name=None))


def _finding(code: str, count: int, where: str) -> Finding:
    return _BY_CODE[code].found(count, where)
