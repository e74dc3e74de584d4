"""Room on the disk: how much a council takes, and one message where it is not there."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from early_id.core.errors import SettingsError
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.shapes.declare import SHAPES

#: Bytes a council takes besides those of each child, and bytes a child, with room to spare (``make bench`` measures them).
FIXED, PER_CHILD = 30_000_000, 2_600
#: Errors of a system that has no room left: disk, quota, size of one file.
_FULL = tuple(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name))


def room_needed(plan: CouncilPlan) -> int:
    """Bytes that a council of this plan is sure to fit in."""
    return FIXED + plan.children * (PER_CHILD + sum(SHAPES[name].room for name in plan.shapes))


def check_room(plan: CouncilPlan, folder: Path) -> None:
    """Refuse before the work where the disk of ``folder`` has too little room.

    Raises
    ------
    SettingsError
    """
    if shutil.disk_usage(folder).free < room_needed(plan):
        raise no_room(plan, folder, "There is not enough room on the disk for this council; nothing was written.")


def no_room(plan: CouncilPlan, folder: Path, what: str = "The disk is full; what was written of the council has been taken away.") -> SettingsError:
    """The message, with what is needed and what is free."""
    needed, free = room_needed(plan), shutil.disk_usage(folder).free
    return SettingsError(
        what,
        where=f"{folder}: about {_size(needed)} needed, {_size(free)} free",
        what_next="Make room, name a folder on another disk with --out, or make fewer children or shapes.",
    )


def is_full(error: OSError) -> bool:
    """Whether an error of the system says that there is no room."""
    # Some libraries pass the system's words on without its number.
    return error.errno in _FULL or "No space left on device" in str(error)


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{max(count, 0) / 1e6:,.0f} MB"
