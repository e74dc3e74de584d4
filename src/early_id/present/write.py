"""Write files whole or not at all.

The new content goes to a temporary file in the same folder, which then takes the place of the old one. A reader
never sees half a file, and a target that is open in Excel on Windows leaves everything as it was.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from early_id.core.errors import BusyError, SettingsError


def write_bytes(path: Path | str, data: bytes, *, private: bool = False) -> Path:
    """Put ``data`` into ``path``, replacing what was there in one step; folders are made as needed.

    With ``private`` nobody but its owner could read it at any moment; otherwise the rights of the folder decide.

    Raises
    ------
    BusyError
        The target is open in another program.
    SettingsError
        The folder cannot be written to.
    """
    target = Path(path)
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    except OSError as error:
        raise SettingsError(
            "A file cannot be written here.",
            where=str(target.parent),
            what_next="Choose another output folder, or ask for the right to write to this one.",
        ) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        # mkstemp makes files that only the owner can read; lists lie in shared folders whose own rights decide.
        if not private:
            Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(target)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, PermissionError | IsADirectoryError):
            raise BusyError.target_open(target) from error
        raise
    return target


def write_text(path: Path | str, text: str, *, private: bool = False) -> Path:
    """Put ``text`` into ``path`` as UTF-8 with line feeds on every system; see :func:`write_bytes`."""
    return write_bytes(path, text.encode("utf-8"), private=private)


def _umask() -> int:
    """The process's file mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
