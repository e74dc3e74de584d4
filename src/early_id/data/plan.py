"""What an intake reads: the files of every source, and which of them say something new."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from early_id.config.settings import Source
from early_id.core.fingerprint import fingerprint
from early_id.data.mapping import Shape
from early_id.data.sources.snapshots import is_snapshot
from early_id.schema.tables import Table


@dataclass(frozen=True)
class Staged:
    """One file that a source supplies."""

    source: Source
    shape: Shape
    table: Table
    name: str
    path: Path
    sha256: str
    received: date
    recognised: bool = False  #: its shape was told by its columns, not by the settings

    @property
    def reading(self) -> str:
        """Fingerprint of the instructions under which the file is read: who sends it, how its columns are understood, and the stated day of receipt.

        A day that nobody stated is that of the file on disk, which changes when the file is copied, and is no instruction.
        """
        return fingerprint([self.source.name, self.table.name, self.shape.instructions, str(self.source.received or "")], length=16)

    @property
    def assumption(self) -> str:
        """When the rows of the file are taken to have been known, in words."""
        stated = self.shape.known.column or self.shape.known.lag_days is not None
        if self.shape.snapshot and not stated:
            return "known from the day of the snapshot in which it is first seen"
        undated = not self.shape.known.column and (not self.table.happened or self.table.name == "pupils")
        return "the values of the extract are taken to have held at all earlier dates too" if undated else str(self.shape.known)


def to_read(found: list[Staged], batches: Iterable[dict[str, Any]]) -> tuple[list[Staged], list[dict[str, Any]]]:
    """The files that say something new, and the records of earlier readings that they replace (each with its ``batch``).

    A file taken in before is read again

    - under other instructions (source name, shape, stated day of receipt): the earlier reading is replaced, and whatever else stands in the folder of
      that source and table is read with it, because a row that two files hold is stored under the first;
    - where another came under its name in between, so that a correction taken back is seen;
    - where it is part of a snapshot of which another part of the same day is new, since what stands in no part is closed.
    """
    before = [{**file, "batch": batch["number"]} for batch in batches for file in batch["files"]]
    newest = {(file["source"], file["table"], file["file"]): file["sha256"] for file in before}
    # By content: a folder may hold thousands of files, and each is compared with what is held.
    held: dict[str, list[dict[str, Any]]] = {}
    for file in before:
        held.setdefault(file["sha256"], []).append(file)
    otherwise = {id(item) for item in found if not any(_same(item, file) for file in held.get(item.sha256, ()))}
    # What came back after another content stood under its name is a new delivery, and the earlier one stays what it was.
    last = [file for file in before if newest[file["source"], file["table"], file["file"]] == file["sha256"]]
    changed = [item for item in found if id(item) in otherwise and item.sha256 in held]
    replaced = [file for file in last if any(_replaces(item, file, found) for item in changed)]
    whole = {(file["source"], file["table"]) for file in replaced}
    new = [
        item
        for item in found
        if id(item) in otherwise
        or (item.source.name, item.table.name) in whole
        or newest.get((item.source.name, item.table.name, item.name), item.sha256) != item.sha256
    ]
    chosen = {id(item) for item in new}
    parts = {(item.source.name, item.table.name, item.received) for item in new if is_snapshot(item)}
    return [
        item for item in found if id(item) in chosen or (is_snapshot(item) and (item.source.name, item.table.name, item.received) in parts)
    ], replaced


def _same(item: Staged, file: dict[str, Any]) -> bool:
    """Whether ``file`` is the record of a reading of ``item`` under the instructions of now."""
    same = (item.sha256, item.source.name, item.table.name) == (file["sha256"], file["source"], file["table"])
    return same and (file.get("reading") or item.reading) == item.reading


def _replaces(item: Staged, file: dict[str, Any], found: list[Staged]) -> bool:
    """Whether ``file`` is an earlier reading of ``item`` that no file of now stands for; one file may fill two tables."""
    if item.sha256 != file["sha256"] or any(_same(other, file) for other in found):
        return False
    return item.name == file["file"] or all(other.name != file["file"] for other in found)


def made_up_files(folder: Path) -> set[str]:
    """Hashes that the made-up council wrote beside its extracts; empty elsewhere."""
    note = folder / "made_up.json"
    if not note.is_file():
        return set()
    try:
        return set(json.loads(note.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()
