"""Zip archives: looked at before anything is taken out, and unpacked by count, never by what they say of themselves.

Refused are: names that lead out of the folder, links, encryption, archives in archives, too many members, and members that grow out of all
proportion or beyond the room on the disk.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from early_id.core.errors import BusyError, InputDataError

MOST_MEMBERS = 20_000
#: A member larger than ``LARGE`` bytes may be so many times as large as it is packed; tables of marks come to about 30.
MOST_GROWTH = 250
LARGE = 20_000_000
#: All members together.
MOST_BYTES = 64_000_000_000


def _refused(why: str, where: str) -> InputDataError:
    return InputDataError(
        f"The archive is refused: {why}.", where=where, what_next="Unpack it where it was made, look at it, and supply the files themselves."
    )


def check_archive(file: Path, *, where: str, kind: str = "archive", again: str = "Make it again as .zip.") -> list[zipfile.ZipInfo]:
    """The members of a zip file, none of which is out of proportion.

    Raises
    ------
    InputDataError
        It is no zip file, or one that harms.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except PermissionError:
        raise BusyError(
            "A file of the extracts cannot be opened.", where=where, what_next="Close it in other programs, or ask for the right to read it."
        ) from None
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError, EOFError, UnicodeError):
        raise InputDataError(f"The file cannot be read as {'a' if kind == 'workbook' else 'an'} {kind}.", where=where, what_next=again) from None
    if len(members) > MOST_MEMBERS:
        raise _refused(f"it has more than {MOST_MEMBERS:,} members", where)
    if any(member.file_size > LARGE and member.file_size > MOST_GROWTH * max(member.compress_size, 1) for member in members):
        raise _refused("a member is out of all proportion to its packed size", where)
    # Members that share their bytes say more together than the archive holds.
    if sum(member.compress_size for member in members) > file.stat().st_size:
        raise _refused("its members overlap", where)
    if sum(member.file_size for member in members) > MOST_BYTES:
        raise _refused("it holds more than 64 GB", where)
    return members


def unpack(file: Path, into: Path, *, where: str) -> list[Path]:
    """Take the files of a zip into the folder ``into``, in their own folders; where each lies comes back.

    Raises
    ------
    InputDataError
        As of :func:`check_archive`; or a name leads out of the folder, a member is a link, encrypted or an archive itself, or longer than it says.
    """
    members = [member for member in check_archive(file, where=where) if not member.is_dir() and not _is_litter(member.filename)]
    for member in members:
        _check_member(member, where)
    if sum(member.file_size for member in members) > shutil.disk_usage(into).free:
        raise _refused("there is no room on the disk for what it holds", where)
    found: list[Path] = []
    try:
        with zipfile.ZipFile(file) as archive:
            for member in members:
                target = into.joinpath(*PurePosixPath(member.filename.replace("\\", "/")).parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.exists():
                    raise _refused("two of its members have the same name", where)
                _take_out(archive, member, target, where)
                found.append(target)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError):
        raise InputDataError("The archive is damaged.", where=where, what_next="Make it again.") from None
    except OSError as error:
        if isinstance(error, InputDataError):
            raise
        raise _refused("its members cannot be written as files here", where) from None
    except Exception as error:
        if type(error).__module__ in ("zlib", "lzma", "bz2", "_lzma"):
            raise InputDataError("The archive is damaged.", where=where, what_next="Make it again.") from None
        raise
    return found


def _is_litter(name: str) -> bool:
    """What other systems add of their own."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name in (".DS_Store", "Thumbs.db")


def _check_member(member: zipfile.ZipInfo, where: str) -> None:
    """Refuse what leads out of the folder or is no plain file. The name itself is not repeated: it may be made to harm, or be a child's."""
    name = member.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or any(":" in part or "\0" in part or len(part) > 200 for part in parts) or not parts:
        raise _refused("the name of a member leads out of the folder", where)
    if stat.S_ISLNK(member.external_attr >> 16):
        raise _refused("a member is a link", where)
    if member.flag_bits & 1:
        raise _refused("it is encrypted", where)
    if name.lower().endswith((".zip", ".7z", ".rar", ".gz", ".tar")):
        raise _refused("it holds another archive", where)


def _take_out(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, where: str) -> None:
    """Write one member, and no byte more than it says it has."""
    left = member.file_size
    with archive.open(member) as source, target.open("xb") as out:
        while block := source.read(1 << 20):
            left -= len(block)
            if left < 0:
                raise _refused("a member is longer than it says", where)
            out.write(block)
