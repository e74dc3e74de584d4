"""How a sheet prints: how tall text makes a row, and a foot that is not cut.

Row heights have to be worked out here: merged cells do not grow by themselves, and LibreOffice prints wrapped lines of rows without
a height over each other. Columns are measured in digits of the workbook's own font, which is the font of its cells; were it another,
columns would be wider or narrower than reckoned, by how much depending on the fonts of the machine.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

#: Widths of Arial's letters against a digit's, which is Excel's unit of column width; every other sign counts as a digit.
_NARROW, _WIDE = 0.55, 1.3
_NARROW_LETTERS, _WIDE_LETTERS = frozenset(" .,:;'’!|/()[]iIjltfr-"), frozenset("mwMWABCDEGHKNOPQRSUVXY%@–—…")

#: Letters of a line of the foot that leave room for the page number, and lines that fit into the margin and into Excel's 255 characters.
_FOOT = {"landscape": (95, 2), "portrait": (62, 3)}


def lines_of(text: str, width: float) -> int:
    """How many lines ``text`` takes in a cell ``width`` digits wide."""
    return sum(_wrapped(part, width) for part in text.split("\n"))


def _wrapped(line: str, width: float) -> int:
    lines, used = 1, 0.0
    for word in line.split():
        long = sum(_size(letter) for letter in word)
        if used and used + _NARROW + long > width:
            lines, used = lines + 1, 0.0
        # A word that is wider than the cell is broken.
        while long > width:
            lines, long = lines + 1, long - width
        used += long + (_NARROW if used else 0.0)
    return lines


def _size(letter: str) -> float:
    return _NARROW if letter in _NARROW_LETTERS else _WIDE if letter in _WIDE_LETTERS else 1.0


def set_up_page(page: Worksheet, *, landscape: bool, one_page: bool = False, head: tuple[str, str], foot: str) -> None:
    """A4, one page wide (and one long where ``one_page``), with head and foot."""
    if landscape:
        page.set_landscape()
    page.set_paper(9)
    page.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.7)
    page.fit_to_pages(1, int(one_page))
    page.hide_gridlines(2)
    page.set_header(f"&L&9{_plain(head[0])}&R&9{_plain(head[1])}")
    page.set_footer(f"&L&8{foot_text(foot, *_FOOT['landscape' if landscape else 'portrait'])}&R&8Page &P of &N")


def foot_text(text: str, line: int, lines: int) -> str:
    """The foot in lines; what does not fit is cut at a word, and the cut is shown."""
    return "\n".join(wrap(text.replace("&", "&&"), line, max_lines=lines, placeholder=" …", break_on_hyphens=False))


def _plain(text: str) -> str:
    """Header text without Excel's own codes, cut to what a header can hold."""
    return text[:100].replace("&", "&&")
