"""A programme's own words in place of the council's, in what people read.

Pages and workbooks are written for a council: a child, a family, a school. A programme that looks at something else
declares what those are called there, longest phrases first in effect, and everything that people read is reworded in
one place. Machine-read keys stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from early_id.present.workbook import Sheet

#: What is not text on a page: styles, what is quoted from data, and tags.
_TAGS = re.compile(r'(<style.*?</style>|<span translate="no">.*?</span>|<[^>]*>)', re.DOTALL)
#: The only attribute that is read out to people.
_READ_OUT = re.compile(r'(?<=aria-label=")[^"]*')


class AsIs(str):
    """Text that comes from data: a key, the name of a file or a group. No glossary may reword it."""

    __slots__ = ()


@dataclass(frozen=True)
class Glossary:
    """The council's word or phrase → the programme's. Without entries everything stays as it is.

    Examples
    --------
    >>> Glossary({"child": "pupil", "a child": "a pupil"}).text("A child not on this list")
    'A pupil not on this list'
    """

    words: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # A phrase has to win over a word that stands in it; where it breaks over a line it is still the same phrase.
        phrases = sorted(self.words, key=len, reverse=True)
        return re.compile(r"(?<!\w)(" + "|".join(r"\s+".join(map(re.escape, p.split())) for p in phrases) + r")(?!\w)", re.IGNORECASE)

    @cached_property
    def _lower(self) -> dict[str, str]:
        return {key.lower(): value for key, value in self.words.items()}

    def _swap(self, found: re.Match[str]) -> str:
        said = self._lower[" ".join(found.group(0).lower().split())]
        return said[:1].upper() + said[1:] if found.group(0)[0].isupper() else said

    def text(self, text: str) -> str:
        """Plain text in the programme's words; a capital stays a capital."""
        return self._pattern.sub(self._swap, text) if self.words else text

    def html(self, html: str) -> str:
        """A page in the programme's words: its text and what is read out, never its tags or styles."""
        if not self.words:
            return html
        parts = _TAGS.split(html)
        # ``split`` with a group gives text and tags in turn.
        return "".join(self._tag(part) if n % 2 else self.text(part) for n, part in enumerate(parts))

    def _tag(self, tag: str) -> str:
        return tag if tag.startswith(("<style", "<span translate")) else _READ_OUT.sub(lambda found: self.text(found.group(0)), tag)

    def sheet(self, sheet: Sheet) -> Sheet:
        """A sheet in the programme's words: name, title, notes, headings and cells of text."""
        say = self.text
        return replace(
            sheet,
            name=say(sheet.name),
            title=say(sheet.title),
            notes=[say(note) if isinstance(note, str) else (say(note[0]), say(note[1])) for note in sheet.notes],
            headings=[say(heading) for heading in sheet.headings],
            rows=[[_cell(value, self) for value in row] for row in sheet.rows],
            dropdowns={say(heading): [say(option) for option in options] for heading, options in sheet.dropdowns.items()},
            unlocked=[say(heading) for heading in sheet.unlocked],
        )


def _cell(value: Any, glossary: Glossary) -> Any:
    return glossary.text(value) if isinstance(value, str) and not isinstance(value, AsIs) else value
