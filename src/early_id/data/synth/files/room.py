"""Room on the disk: how much a council takes, and one message where it is not there."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from early_id.core.errors import SettingsError
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.shapes.declare import SHAPES

#: Bytes a council takes besides those of each child, and bytes a child, with room to spare (``make bench`` measures them).
FIXED, PER_CHILD = 30_000_000, 2_600
#: A small council has less of what does not grow with the children: bytes of the smallest, and bytes a child up to ``FIXED``.
LEAST, PER_CHILD_OF_SMALL = 4_000_000, 22_000
#: Errors of a system that has no room left, and what they say: disk, quota, size of one file.
_FULL = {
    getattr(errno, name): words
    for name, words in (
        ("ENOSPC", "The disk is full"),
        ("EDQUOT", "The room that the system allows you on the disk is used up"),
        ("EFBIG", "A file became larger than the system allows (ulimit -f)"),
    )
    if hasattr(errno, name)
}


def room_needed(plan: CouncilPlan) -> int:
    """Bytes that a council of this plan is sure to fit in."""
    return min(FIXED, LEAST + plan.children * PER_CHILD_OF_SMALL) + plan.children * (PER_CHILD + sum(SHAPES[name].room for name in plan.shapes))


def check_room(plan: CouncilPlan, folder: Path) -> None:
    """Refuse before the work where the disk of ``folder`` has too little room.

    Raises
    ------
    SettingsError
    """
    if shutil.disk_usage(folder).free < room_needed(plan):
        raise no_room(plan, folder, "There is not enough room on the disk for this council; nothing was written.")


def no_room(plan: CouncilPlan, folder: Path, error: OSError | str) -> SettingsError:
    """The message, with what is needed and what is free; ``error`` is what the system said, or what to say."""
    if isinstance(error, OSError):
        error = f"{_FULL[_full(error) or errno.ENOSPC]}; what was written of the council has been taken away."
    needed, free = room_needed(plan), shutil.disk_usage(folder).free
    return SettingsError(
        error,
        where=f"{folder}: about {_size(needed)} needed, {_size(free)} free",
        what_next="Make room or raise the limit, name a folder on another disk with --out, or make fewer children or shapes.",
    )


def usable_folder(out: Path) -> Path:
    """The folder to make, without links, if a council can be put there.

    Raises
    ------
    SettingsError
        A file, a folder that holds something, one that cannot be replaced when the council is whole (a disk, the folder one stands in).
    """
    out = Path(out).resolve()
    if not out.exists():
        return out
    inside = "Name a folder inside it that is not there yet."
    wrong = (
        (not out.is_dir(), "The output folder is a file.", "Name a folder."),
        (out.is_dir() and any(out.iterdir()), "The output folder is there already and is not empty.", "Name another folder, or empty this one."),
        (out.is_mount(), "The output folder is a disk of its own, which cannot be replaced.", inside),
        (out == Path.cwd(), "The output folder is the one that the command runs in, which cannot be replaced.", inside),
    )
    for holds, what, what_next in wrong:
        if holds:
            raise SettingsError(what, where=str(out), what_next=what_next)
    return out


def is_full(error: OSError) -> bool:
    """Whether an error of the system says that there is no room."""
    return _full(error) is not None


def _full(error: OSError) -> int | None:
    # Some libraries pass the system's words on without its number.
    return next((code for code in _FULL if error.errno == code or os.strerror(code) in str(error)), None)


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{max(count, 0) / 1e6:,.0f} MB"
