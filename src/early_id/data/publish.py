"""Put a prepared batch in place by one rename, and take away what a run that broke off left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

from early_id.data.store import Version

#: What holds files of one batch each, numbered.
_FOLDERS = ("versions", "parts", "set_aside", "urgent")


def sweep(folder: Path, current: int, *, keep: Collection[str] = ()) -> None:
    """Take away what belongs to no version: the work of a run that broke off, however far it came; but for the folders to ``keep``."""
    left = [
        *folder.glob(".batch-*"),
        *folder.glob(".current.json"),
        *folder.glob(".listing.json"),
        *(item for name in _FOLDERS if name not in keep for item in (folder / name).glob("*")),
    ]
    for item in left:
        number = re.search(r"(\d{6,})(\.\w+)*$", item.name)
        if item.parent != folder and (number is None or int(number.group(1)) <= current):
            continue
        if item.is_dir():
            shutil.rmtree(item, ignore_errors=True)
        else:
            item.unlink(missing_ok=True)


def publish(folder: Path, work: Path, version: Version) -> None:
    """Move the prepared files into place; the last rename makes the version current.

    What it names is on the disk before it does: a power cut may not leave a version whose files are empty.
    """
    for name in _FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    for written in sorted(path for path in work.rglob("*") if path.is_file()):
        _settle(written)
    for part in sorted(work.glob("*.parquet")):
        part.replace(folder / "parts" / part.name)
    target = folder / "set_aside" / f"{version.number:06d}"
    shutil.rmtree(target, ignore_errors=True)
    (work / "set_aside").replace(target)
    for item in sorted(work.glob("urgent.*")):
        item.replace(folder / "urgent" / f"{version.number:06d}{item.suffix}")
    _write_whole(folder / "versions" / f"{version.number:06d}.json", folder / ".listing.json", asdict(version))
    _write_whole(folder / "current.json", folder / ".current.json", {"version": version.number})


def _write_whole(target: Path, beside: Path, value: object) -> None:
    """A file that is on the disk before it takes its name: whoever reads every version never meets half of one."""
    beside.write_text(json.dumps(value, indent=1), encoding="utf-8")
    _settle(beside)
    beside.replace(target)


def _settle(path: Path) -> None:
    """Wait until a file is on the disk, not only on its way there."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
