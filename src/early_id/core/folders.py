"""Folders that are written to: whether they can be, who holds them, and who may read them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from early_id.core.errors import BusyError, SettingsError

_OTHER = "Give another folder with --out, or under 'out' or 'store' in the settings, or ask for the right to write to this one."


def usable_folder(folder: Path, *, role: str) -> None:
    """Make ``folder`` where it is missing, and see that files can be written into it.

    Parameters
    ----------
    folder : Path
    role : str
        What it is, for people: "output folder".

    Raises
    ------
    SettingsError
        It is a file, lies in one, or may not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".try-", dir=folder)
        os.close(handle)
        Path(name).unlink()
    except (FileExistsError, NotADirectoryError):
        raise SettingsError(f"The {role} cannot be made, because a file stands in its place.", where=str(folder), what_next=_OTHER) from None
    except OSError as error:
        why = f" ({os.strerror(error.errno).lower()})" if error.errno else ""
        raise SettingsError(f"The {role} cannot be written to{why}.", where=str(folder), what_next=_OTHER) from None


@contextmanager
def holding(folder: Path, *, role: str, group: bool = False) -> Iterator[None]:
    """Hold ``folder`` for one run; a second one is told who holds it and since when.

    The lock is one of the operating system on the file ``lock``: where a run is killed it ends with the process, whatever files stay behind.
    ``lock.json`` beside it only says who it was. With ``group`` another user of the owner's group can hold it after this one.

    Raises
    ------
    BusyError
        Another run, of this or any other process, holds it.
    """
    from filelock import FileLock, Timeout

    lock, note = FileLock(folder / "lock"), folder / "lock.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        since = "just started"
        try:
            held = json.loads(note.read_text(encoding="utf-8"))
            who = f"{held['user']}, " if held.get("user") else ""
            since = f"{who}process {held['process']} since {held['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            pass  # the other run is just writing or removing it
        raise BusyError(f"Another run holds the {role}.", where=f"{folder} ({since})", what_next="Wait until it ends, then run again.") from None
    try:
        if group:
            restrict(Path(lock.lock_file), group=True)
        note.write_text(
            json.dumps({"user": _user(), "process": os.getpid(), "since": datetime.now().isoformat(timespec="seconds")}), encoding="utf-8"
        )
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _user() -> str:
    """Who runs this process; empty where the system does not tell."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


#: Before the name of what was moved aside: to be put back where nothing took its place, or to go for good.
_OLD, _GONE = ".old-", ".gone-"


def put_in_place(fresh: Path, target: Path) -> None:
    """Let ``fresh``, a file or folder beside ``target``, take its place whole.

    Wherever the process is killed, ``target`` is whole: the old one, the new one, or missing for a moment, with the old one beside it, which
    :func:`restore` puts back. Where something of the old one is open and holds it, everything stays as it was.

    Raises
    ------
    OSError
        It could not be moved.
    """
    if not target.is_dir():
        fresh.replace(target)
        return
    old = target.with_name(f"{_OLD}{target.name}")
    _remove(old)
    target.replace(old)
    try:
        fresh.replace(target)
    except OSError:
        old.replace(target)
        raise
    _remove(old)


def take_away(target: Path) -> None:
    """Remove a folder so that nobody ever meets half of it."""
    if target.exists():
        gone = target.with_name(f"{_GONE}{target.name}")
        _remove(gone)
        target.replace(gone)
        _remove(gone)


def restore(folder: Path) -> None:
    """Tidy up after a process that was killed in the middle of :func:`put_in_place` or :func:`take_away`."""
    for old in sorted(folder.glob(f"{_OLD}*")):
        target = old.with_name(old.name.removeprefix(_OLD))
        _remove(old) if target.exists() else old.replace(target)
    for gone in sorted(folder.glob(f"{_GONE}*")):
        _remove(gone)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def own_folder(path: Path, *, group: bool = False) -> None:
    """Make a folder that :func:`restrict` has closed before anything is in it."""
    path.mkdir(parents=True, exist_ok=True)
    restrict(path, group=group)


def restrict(path: Path, *, group: bool = False) -> None:
    """Let only the owner read ``path`` and all that is in it: folders 0700, files 0600.

    With ``group`` the owner's group may read and write as well (2770, 0660; what is made in such a folder belongs to the same group).
    Windows knows no such modes; there the rights of the folder above decide.
    """
    folder, file = (0o2770, 0o660) if group else (0o700, 0o600)
    if os.name == "nt" or not path.exists():
        return
    for item in [path, *(path.rglob("*") if path.is_dir() else ())]:
        if not item.is_symlink():
            with suppress(PermissionError, FileNotFoundError):  # somebody else's file, or one that another run just took away
                item.chmod(folder if item.is_dir() else file)
