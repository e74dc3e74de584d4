"""XML written element by element with the standard library, so that a file of any size needs little memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape


class Document:
    """A file of XML under way."""

    def __init__(self, path: Path) -> None:
        self._handle = path.open("w", encoding="utf-8", newline="\n")
        self._depth = 0
        self._handle.write('<?xml version="1.0" encoding="UTF-8"?>\n')

    def __enter__(self) -> Document:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.close()

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Everything written in this block stands inside an element."""
        self._line(f"<{name}>")
        self._depth += 1
        yield
        self._depth -= 1
        self._line(f"</{name}>")

    def leaf(self, name: str, text: object) -> None:
        """An element with text; an empty one is left out, as the national collections do."""
        if text != "":
            self._line(f"<{name}>{_clean(str(text))}</{name}>")

    def leaves(self, **texts: object) -> None:
        """Several elements in order."""
        for name, text in texts.items():
            self.leaf(name, text)

    def _line(self, text: str) -> None:
        self._handle.write(f"{'  ' * self._depth}{text}\n")


def _clean(text: str) -> str:
    """Text without characters that XML cannot hold."""
    return escape("".join(letter for letter in text if letter >= " " or letter in "\t\n"))
