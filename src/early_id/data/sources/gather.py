"""Gather what a batch may read: the files of every source, members of archives, tables of databases, and files whose shape has to be recognised.

Without sources in the settings every file of the folder is looked at, and named after the agency that its shape belongs to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from early_id.config.settings import Config, Source
from early_id.core.errors import BusyError, InputDataError, SettingsError
from early_id.core.findings import Finding
from early_id.core.fingerprint import file_sha256
from early_id.data.mapping import Shape
from early_id.data.plan import Staged
from early_id.data.readers import READERS
from early_id.data.sources.archive import unpack
from early_id.data.sources.findings import file_finding
from early_id.data.sources.recognise import Recognised, recognise, said
from early_id.data.sources.snapshots import day_in
from early_id.schema.tables import Tables

_READ = (*READERS, ".zip")


@dataclass(frozen=True)
class NotRead:
    """A file, or a sheet of one, that was not read, and why."""

    file: str
    why: str
    nearest: tuple[dict[str, object], ...] = ()


@dataclass
class Gathered:
    """What was found."""

    found: list[Staged] = field(default_factory=list)
    not_read: list[NotRead] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class _File:
    """A file as it lies, and as messages call it."""

    path: Path
    name: str
    changed: date


def gather(folder: Path, cfg: Config, shapes: dict[str, Shape], tables: Tables, scratch: Path) -> Gathered:
    """Every file of every source, with its hash.

    Parameters
    ----------
    scratch : Path
        Folder for what archives and databases hold; whoever gives it takes it away.

    Raises
    ------
    InputDataError
        A required source has no file; a file of a source without a shape is of none that is known; none of a folder's files is.
    """
    out = Gathered()
    places = _Places(scratch)
    if not cfg.sources:
        _by_looking(out, places, folder, cfg, shapes, tables)
        return out
    for source in cfg.sources:
        if source.shape is not None and source.shape not in shapes:
            raise SettingsError.unknown_name("shape", source.shape, shapes, where=f"source '{source.name}'")
        if source.database is not None:
            from early_id.data.sources.database import fetch

            shape = shapes[source.shape or ""]
            fetched = fetch(source, cfg, places.new())
            out.found.append(Staged(source, shape, tables[shape.table], fetched.name, fetched.path, fetched.sha256, source.received or date.today()))
            continue
        for file in _files_of(source, folder, places):
            found = [shapes[source.shape]] if source.shape else _known(file, shapes, where=f"{file.name} (source '{source.name}')")
            out.found += [_staged(source, shape, file, tables, recognised=source.shape is None) for shape in found]
    return out


def _known(file: _File, shapes: dict[str, Shape], *, where: str) -> tuple[Shape, ...]:
    """The shapes of a file that a source names without a shape; one that is not known is refused."""
    seen = recognise(file.path, shapes, where=file.name)
    if not seen.shapes:
        options = seen.unknown[0][1] if seen.unknown else ()
        raise InputDataError(
            "The file is of no known shape.", where=where, what_next=f"{said(options, shapes)} Name or write a shape (configs/README.md)."
        )
    return seen.shapes


def _by_looking(out: Gathered, places: _Places, folder: Path, cfg: Config, shapes: dict[str, Shape], tables: Tables) -> None:
    """Every file of the folder, with the shape that its columns show."""
    own = [path.resolve() for path in (cfg.out_dir, cfg.store_dir)]
    listed = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix.lower() in _READ]
    listed = [path for path in listed if not any(place in path.resolve().parents for place in own)]
    files = [file for path in listed for file in _members(path, path.relative_to(folder).as_posix(), places)]
    looked: list[tuple[_File, Recognised]] = [(file, recognise(file.path, shapes, where=file.name)) for file in files]
    agencies = _agencies(looked)
    for file, seen in looked:
        for sheet, options in seen.unknown:
            name = f"{file.name} [{sheet}]" if sheet else file.name
            nearest: tuple[dict[str, object], ...] = tuple({"shape": one.shape, "missing": list(one.missing)} for one in options)
            out.not_read.append(NotRead(name, said(options, shapes), nearest))
            out.findings.append(file_finding("SRC003", name, said=said(options, shapes)))
        for sheet, shape_name in seen.empty:
            name = f"{file.name} [{sheet}]" if sheet else file.name
            out.not_read.append(NotRead(name, f"Headings of {shape_name}, and no rows."))
            out.findings.append(file_finding("SRC004", name))
        for shape in seen.shapes:
            source = Source(
                name=shape.source or agencies[_folder(file)], shape=shape.name, files=file.name, received=day_in(file.name), snapshot=shape.snapshot
            )
            out.found.append(_staged(source, shape, file, tables, recognised=True))
    if not out.found:
        first = next((item for item in out.not_read if item.nearest), out.not_read[0] if out.not_read else None)
        raise InputDataError(
            f"No file of a known shape was found among {len(files)}." if files else "The folder holds no file that can be read.",
            where=f"{folder}{f' ({first.file})' if first else ''}",
            what_next=f"{first.why} Write a shape (configs/README.md) and name it in the settings."
            if first
            else f"Supply {', '.join(sorted(_READ))}.",
        )


def _folder(file: _File) -> str:
    return file.name.rpartition("/")[0].rpartition("/")[2]


def _agencies(looked: list[tuple[_File, Recognised]]) -> dict[str, str]:
    """Folder → what its sources are called: the agency of most of its shapes, otherwise the folder itself."""
    seen: dict[str, Counter[str]] = {}
    for file, found in looked:
        seen.setdefault(_folder(file), Counter()).update(shape.source for shape in found.shapes if shape.source)
    return {name: counts.most_common(1)[0][0] if counts else name or "extracts" for name, counts in seen.items()}


def _staged(source: Source, shape: Shape, file: _File, tables: Tables, *, recognised: bool) -> Staged:
    if (source.snapshot or shape.snapshot) and (day := day_in(file.name)):
        # Of several snapshots each has a day of its own, whatever is said of the source.
        source = source.model_copy(update={"received": day})
    name = f"{file.name} [{shape.part}]" if shape.part else file.name
    return Staged(source, shape, tables[shape.table], name, file.path, digest(file.path, file.name), source.received or file.changed, recognised)


def _files_of(source: Source, folder: Path, places: _Places) -> list[_File]:
    """Files that a source names: a pattern, a folder, an archive, or all of these."""
    matched = sorted(folder.glob(source.files or ""))
    paths = [path for path in matched if path.is_file()]
    paths += [path for place in matched if place.is_dir() for path in sorted(place.rglob("*")) if path.is_file() and path.suffix.lower() in _READ]
    files = [file for path in paths for file in _members(path, path.relative_to(folder).as_posix(), places)]
    if not files and source.required:
        raise InputDataError.file_missing(source.files or "", folder, source=source.name)
    return files


def _members(path: Path, name: str, places: _Places) -> Iterator[_File]:
    """The file itself, or those that an archive holds."""
    changed = date.fromtimestamp(path.stat().st_mtime)
    if path.suffix.lower() != ".zip":
        yield _File(path, name, changed)
        return
    place = places.new()
    for member in unpack(path, place, where=name):
        if member.suffix.lower() in READERS:
            yield _File(member, f"{name}/{member.relative_to(place).as_posix()}", changed)


@dataclass
class _Places:
    """Folders for what archives hold, one after the other."""

    scratch: Path
    used: int = 0

    def new(self) -> Path:
        self.used += 1
        place = self.scratch / f"unpacked-{self.used}"
        place.mkdir(parents=True)
        return place


def digest(path: Path, name: str) -> str:
    """Hash of a file's bytes; one that another program holds is one clear message."""
    try:
        return file_sha256(path)
    except PermissionError:
        raise BusyError(
            "A file of the extracts cannot be opened.", where=name, what_next="Close it in other programs, or ask for the right to read it."
        ) from None
