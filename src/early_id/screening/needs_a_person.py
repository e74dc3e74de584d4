"""The workbook of what came back and needs a person: step-ups to countersign, conflicts, lines set aside, records said to be wrong, families of readers' own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from early_id.core.folders import own_folder, restrict
from early_id.present.workbook import Sheet, Value, write_workbook
from early_id.screening.answers import CONFLICT, NO_ANSWER, WAITS, families_that_differ, open_aside
from early_id.screening.listed import PLACE

FILE = Path("reviews") / "needs_a_person.xlsx"
_PLACE = ("List of", "For", "Recipient")
_LISTS = {"school_lead": "school list", "hub_lead": "hub list", "hub_followup": "follow-up sheet"}


def write_needs(
    out: Path, rows: pd.DataFrame, found: pd.DataFrame, wrong: pd.DataFrame, names: Mapping[tuple[str, str], str],
    *, watermark: str | None, group: bool,
) -> Path:  # fmt: skip
    """Write ``reviews/needs_a_person.xlsx``: for the person who runs the lists, and nobody else.

    Parameters
    ----------
    names : mapping of (list_as_of, child_id) to str
        As they were printed.
    """
    notes = [
        "RESTRICTED. For the person who runs the lists. Do not forward: names of several schools stand here.",
        *([watermark] if watermark else []),
    ]

    def line(row: Mapping[str, Any], *more: str) -> list[Value]:
        name = names.get((str(row["list_as_of"]), str(row["child_id"])), "") or str(row.get("name", ""))
        return [*(_place(row)), name, *(str(row[column]) for column in more)]

    waiting = [line(row, "key", "decision", "decided_on", "role", "notes") for row in found[found["status"] == WAITS].to_dict("records")]
    asked = set(found.loc[found["status"] == CONFLICT, [*PLACE, "child_id"]].itertuples(index=False, name=None))
    of_one = pd.Series([line in asked for line in rows[[*PLACE, "child_id"]].itertuples(index=False, name=None)], index=rows.index, dtype=bool)
    given = rows[(rows["kind"] == "decision") & of_one]
    unread = rows.merge(found.loc[found["status"] == NO_ANSWER, [*PLACE, "child_id"]], on=[*PLACE, "child_id"])
    unread = unread[(unread["kind"] == "decision") & unread[["said", "reason", "notes"]].ne("").any(axis=1)]
    unclear = [line(row, "key", "said", "reason", "decided_on", "role", "notes") for row in unread.to_dict("records")]
    conflicts = [line(row, "key", "said", "reason", "decided_on", "role", "notes") for row in given.to_dict("records")]
    apart = families_that_differ(found)
    differ = found.merge(apart, on=[*PLACE, "family"])
    families = [line(row, "key", "decision", "decided_on", "role", "notes") for row in differ.to_dict("records")]
    own = [line(row, "year", "noticed", "decision", "decided_on", "role", "notes") for row in rows[rows["kind"] == "own"].to_dict("records")]
    said: list[list[Value]] = [[str(row["source"]), str(row["source_person_id"]), *_place(row), *(str(row[c]) for c in ("decided_on", "role", "reason", "notes"))] for row in wrong.to_dict("records")]  # fmt: skip
    left: list[list[Value]] = [
        [str(row["number"]), *_place(row), str(row["file"]), str(row["row"] or ""), *(str(row[c]) for c in ("name", "said", "decided_on", "role", "notes", "reason"))]
        for row in open_aside(rows).to_dict("records")
    ]  # fmt: skip
    sheets = [
        _sheet("To countersign", (*_PLACE, "Name", "Key", "Decision", "Date", "Role", "Notes"), waiting,
               "Passed to children's social care: a manager countersigns", [*notes, "early-id review countersign --by ROLE [KEY]"]),
        _sheet("Conflicts", (*_PLACE, "Name", "Key", "What was answered", "Reason", "Date", "Role", "Notes"), conflicts,
               "Different answers for one child: none stands until one has a later date", notes),
        _sheet("Not one of the eight", (*_PLACE, "Name", "Key", "What was answered", "Reason", "Date", "Role", "Notes"), unclear,
               "No answer, or none of the eight, and yet something was written: ask the reader which is meant", notes),
        _sheet("Families that differ", (*_PLACE, "Name", "Key", "Decision", "Date", "Role", "Notes"), families,
               "Brothers and sisters with different decisions: all stand; ask whether that is meant", notes),
        _sheet("Set aside", ("Number", *_PLACE, "Workbook", "Row", "Name", "What was answered", "Date", "Role", "Notes", "Why"), left,
               "Lines and workbooks that could not be attached to a child, until somebody has seen to them",
               [*notes, "early-id review dealt-with NUMBER --by ROLE"]),
        _sheet("Records said to be wrong", ("Supplier", "Its own number", *_PLACE, "Date", "Role", "Reason", "Notes"), said,
               "For each supplier: records that readers say are wrong", notes),
        _sheet("Families of readers' own", (*_PLACE, "Name", "Year", "What was noticed", "Decision", "Date", "Role", "Notes"), own,
               "Families that readers are thinking of themselves", notes),
    ]  # fmt: skip
    own_folder((out / FILE).parent, group=group)
    path = write_workbook(out / FILE, sheets, title="What came back and needs a person", restricted=notes[0])
    restrict(path.parent, group=group)
    return path


def _place(row: Mapping[str, Any]) -> list[Value]:
    return [str(row["list_as_of"]), _LISTS.get(str(row["audience"]), str(row["audience"])), str(row["recipient"])]


def _sheet(name: str, headings: tuple[str, ...], rows: list[list[Value]], title: str, notes: list[str]) -> Sheet:
    more = notes if rows else [*notes, "Nothing at present."]
    return Sheet(name=name, headings=headings, rows=rows, title=title, notes=more, widths=tuple(18.0 for _ in headings))
