"""What an intake reads: the files of every source, and which of them say something new."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from early_id.config.settings import Config, Source
from early_id.core.errors import BusyError, InputDataError, SettingsError
from early_id.core.fingerprint import file_sha256
from early_id.data.mapping import Shape
from early_id.schema.tables import Table, Tables


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


def _files_of(source: Source, folder: Path) -> list[Path]:
    files = sorted(path for path in folder.glob(source.files) if path.is_file())
    if not files and source.required:
        raise InputDataError.file_missing(source.files, folder, source=source.name)
    return files


def find_files(folder: Path, cfg: Config, shapes: dict[str, Shape], tables: Tables) -> list[Staged]:
    """Every file of every source, with its hash; a required source without a file is an error."""
    found: list[Staged] = []
    for source in cfg.sources:
        if source.shape not in shapes:
            raise SettingsError.unknown_name("shape", source.shape, shapes, where=f"source '{source.name}'")
        shape = shapes[source.shape]
        for path in _files_of(source, folder):
            received = source.received or date.fromtimestamp(path.stat().st_mtime)
            name = path.relative_to(folder).as_posix()
            found.append(Staged(source, shape, tables[shape.table], name, path, _digest(path, name), received))
    return found


def _digest(path: Path, name: str) -> str:
    try:
        return file_sha256(path)
    except PermissionError:
        raise BusyError(
            "A file of the extracts cannot be opened.", where=name, what_next="Close it in other programs, or ask for the right to read it."
        ) from None


def not_seen(found: list[Staged], batches: Iterable[dict[str, Any]]) -> list[Staged]:
    """The files that say something new.

    A file taken in before is read again where another came under its name in between, so that a correction taken back is seen; and where it is
    part of a snapshot of which another part is new, since what stands in no part is closed.
    """
    before = [file for batch in batches for file in batch["files"]]
    seen = {(file["table"], file["sha256"]) for file in before}
    newest = {(file["source"], file["table"], file["file"]): file["sha256"] for file in before}
    new = [
        item
        for item in found
        if (item.table.name, item.sha256) not in seen or newest.get((item.source.name, item.table.name, item.name), item.sha256) != item.sha256
    ]
    whole = {(item.source.name, item.table.name) for item in new if item.source.snapshot}
    return [item for item in found if item in new or (item.source.name, item.table.name) in whole]


def made_up_files(folder: Path) -> set[str]:
    """Hashes that the made-up council wrote beside its extracts; empty elsewhere."""
    note = folder / "made_up.json"
    if not note.is_file():
        return set()
    try:
        return set(json.loads(note.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return set()
