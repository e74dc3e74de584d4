"""Look at a text file before it is read: its encoding, byte order mark, delimiter, and whether it can be read at all.

One pass over the bytes in blocks of a megabyte, so that a line of two gigabytes is refused without being held. What is found is said in the table of
files ("CSV, Windows-1252, semicolons") and never guessed in silence.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from early_id.core.errors import InputDataError

#: Longest line that is read, in bytes: that of the engine.
LONGEST = 2_097_152
#: Most headings that a file may have.
MOST_COLUMNS = 2_000
_BLOCK = 1 << 20
#: So much of the text that is not UTF-8 is looked at to tell its encoding.
_SAMPLE = 65_536
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
#: Encodings in which British systems export, the likeliest first; the others are told from it by what the text would say in them.
_LIKELY = ("cp1252", "cp850", "mac_roman")
#: Letters and signs in names and addresses, by how usual they are (our own judgement).
_USUAL = {
    letter: weight
    for weight, letters in ((5, "é’"), (4, "ëüöáíó£"), (3, "ñçèïôúãä‘–"), (2, "âêîûàìòùåøæýßÉÖÜÓÁ"), (1, "œšžłčćÿõðþ€“”—…°½\xa0"))
    for letter in letters
}
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_NAMES = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8 with a byte order mark", "utf-16": "UTF-16 with a byte order mark", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
    "utf-32": "UTF-32", "cp1252": "Windows-1252", "cp850": "DOS 850", "mac_roman": "Mac Roman", "latin-1": "Latin-1",
}  # fmt: skip


@dataclass(frozen=True)
class Survey:
    """How a text file is to be read."""

    encoding: str  #: as Python calls it
    delimiter: str
    headings: tuple[str, ...]
    guessed: bool = False  #: the encoding is the likeliest of several that would do

    @property
    def is_utf8(self) -> bool:
        """Whether the engine reads the file as it stands."""
        return self.encoding in ("utf-8", "utf-8-sig")

    @property
    def name(self) -> str:
        """The encoding as people call it."""
        return _NAMES.get(self.encoding, self.encoding)

    def __str__(self) -> str:
        return f"CSV, {self.name}, {DELIMITERS.get(self.delimiter, 'another delimiter')}"


def survey(file: Path, *, where: str, wanted: Iterable[str] = (), encoding: str | None = None, delimiter: str | None = None) -> Survey:
    """Encoding, delimiter and headings of ``file``.

    Parameters
    ----------
    file : Path
    where : str
        The file as messages call it.
    wanted : iterable of str
        Headings that the file is thought to have: of several delimiters, the one that gives most of them is right.
    encoding, delimiter : str, optional
        What the shape says; then nothing is looked for.

    Raises
    ------
    InputDataError
        The file is empty, holds NUL bytes or a line that is too long, or cannot be read in the encoding that the shape names.
    """
    if encoding is not None and encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        found, guessed = encoding, False
        _look(file, where)
    else:
        found, guessed = _encoding_of(file, where, only_utf8=encoding is not None)
    lines = _first_lines(file, found, where)
    wanted = set(wanted)
    tries = [delimiter] if delimiter is not None else list(DELIMITERS)
    best = max(tries, key=lambda mark: (len(wanted & set(_cells(lines, mark))), len(_cells(lines, mark)), -tries.index(mark)))
    headings = _cells(lines, best)
    if not headings:
        raise InputDataError.no_rows(where=where)
    if len(headings) > MOST_COLUMNS:
        raise InputDataError(f"The file has more than {MOST_COLUMNS:,} columns.", where=where, what_next="Export only the columns that are needed.")
    return Survey(found, best, tuple(headings), guessed)


def each_once(headings: list[str], wanted: Iterable[str], where: str) -> list[str]:
    """Headings made different, and each given a name; one that the shape reads may not stand twice."""
    headings = [name or f"column {n}" for n, name in enumerate(headings, 1)]
    if twice := sorted({name for name in headings if headings.count(name) > 1} & set(wanted)):
        raise InputDataError(f"A heading stands twice: {', '.join(twice)}.", where=where, what_next="Remove or rename the column that is not meant.")
    # The engine does not tell capitals from small letters, and keeps row numbers in 'row'.
    small = ["row", *(name.lower() for name in headings)]
    return [f"{name} ({n})" if name.lower() in small[:n] else name for n, name in enumerate(headings, 1)]


def _cells(lines: list[str], delimiter: str) -> list[str]:
    """The first row, cell by cell; a quoted heading may go over several lines."""
    try:
        return [cell.strip() for cell in next(csv.reader(lines, delimiter=delimiter), [])]
    except csv.Error:
        return []


def _first_lines(file: Path, encoding: str, where: str) -> list[str]:
    try:
        # A bad byte further down is no fault of the headings: it is looked for where the rows are read.
        with file.open(encoding=encoding, newline="", errors="replace") as stream:
            lines = stream.read(_BLOCK).splitlines(keepends=True)[:50]
    except LookupError:
        lines = ["\ufffd"]
    if lines and "\ufffd" in lines[0]:
        raise InputDataError(
            f"The headings cannot be read in the encoding '{encoding}'.", where=where, what_next="Name the file's 'encoding' in the shape."
        ) from None
    return lines


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def _look(file: Path, where: str) -> bytes:
    """What of the file is not ASCII, up to a sample; a line that is too long or a NUL byte is refused on the way."""
    sample, carried, lines, wide = bytearray(), 0, 0, False
    for number, block in enumerate(_blocks(file)):
        if number == 0:
            wide = _looks_wide(block)
        if not wide and b"\0" in block:
            raise InputDataError(
                "The file holds NUL bytes, so it is damaged or no text file.",
                where=f"{where}, line {lines + block[: block.index(0)].count(10) + 1}",
                what_next="Export it again; a file of another kind needs its own ending (.xlsx, .parquet, .xml, .zip).",
            )
        first, last = _ends(block)
        if carried + (first if first >= 0 else len(block)) > LONGEST:
            raise InputDataError(
                f"A line is longer than {LONGEST // 1_048_576} MB, so the file is damaged or no table.",
                where=f"{where}, line {lines + 1}",
                what_next="Export it again, with a line for each row.",
            )
        carried = carried + len(block) if first < 0 else len(block) - last - 1
        lines += block.count(b"\n")
        if len(sample) < _SAMPLE and not block.isascii():
            sample += _around(block)
    return bytes(sample)


def _ends(block: bytes) -> tuple[int, int]:
    """Where the first and the last line of a block end; -1 where none does."""
    ends = [place for mark in (b"\n", b"\r") for place in (block.find(mark), block.rfind(mark)) if place >= 0]
    return (min(ends), max(ends)) if ends else (-1, -1)


def _around(block: bytes) -> bytes:
    """The lines of a block that are not ASCII, up to a sample."""
    kept = bytearray()
    for line in block.splitlines(keepends=True):
        if not line.isascii():
            kept += line[:2_000]
        if len(kept) >= _SAMPLE:
            break
    return bytes(kept)


def _looks_wide(block: bytes) -> bool:
    """Whether a file begins as UTF-16 or UTF-32 text does."""
    return block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _wide_without_mark(block) is not None


def _wide_without_mark(block: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of Western text is zero."""
    head = block[:400]
    even, odd = head[0::2], head[1::2]
    if len(head) >= 8 and odd.count(0) > 0.9 * len(odd) and not even.count(0):
        return "utf-16-le"
    if len(head) >= 8 and even.count(0) > 0.9 * len(even) and not odd.count(0):
        return "utf-16-be"
    return None


def _encoding_of(file: Path, where: str, *, only_utf8: bool) -> tuple[str, bool]:
    """The encoding of a file, and whether others would do as well."""
    sample = _look(file, where)
    with file.open("rb") as stream:
        head = stream.read(400)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, False
    if wide := _wide_without_mark(head):
        return wide, False
    if not sample or only_utf8 or can_be(file, "utf-8"):
        return "utf-8", False
    return _likeliest(file, sample), True


def can_be(file: Path, encoding: str) -> bool:
    """Whether every byte of the file has a meaning in ``encoding``."""
    decode = codecs.getincrementaldecoder(encoding)().decode
    try:
        for block in _blocks(file):
            decode(block)
        decode(b"", True)
    except UnicodeError:
        return False
    return True


def _likeliest(file: Path, sample: bytes) -> str:
    """The encoding in which the sample says most of what names and addresses in Britain say; where none says much, that of charset-normalizer."""
    said = {name: _plausible(sample, name) for name in _LIKELY}
    ranked = sorted(_LIKELY, key=lambda name: -said[name])
    if said[ranked[0]] < 1:
        from charset_normalizer import from_bytes

        ranked = [*(match.encoding for match in from_bytes(sample)), *ranked]
    return next((name for name in ranked if can_be(file, name)), "latin-1")


def _plausible(sample: bytes, encoding: str) -> float:
    """How usual the letters and signs beyond ASCII are that the sample holds if read in ``encoding``, on average."""
    strange = [letter for letter in sample.decode(encoding, errors="replace") if ord(letter) > 127]
    return sum(_USUAL.get(letter, 0) for letter in strange) / max(len(strange), 1)
