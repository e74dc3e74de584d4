"""How results and progress look on a terminal and in a notebook.

Progress goes to standard error: a bar where a person watches, plain lines elsewhere, so that a log of a
scheduled run stays readable and standard output stays free for ``--json``.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: A step is silent until it has run this long, in seconds.
QUIET_FOR = 2.0


class Progress:
    """One step's progress. ``advance`` moves it on; where nobody watches it prints plain lines.

    Parameters
    ----------
    label : str
        What is being done, for people.
    total : int, optional
        Number of parts, where it is known.
    """

    def __init__(self, label: str, total: int | None = None, *, stream: IO[str] | None = None) -> None:
        self._label = label
        self._total = total
        self._done = 0
        self._stream = stream or _watched()
        self._started = time.monotonic()
        self._last_line = self._started
        self._bar = None
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Rich

            done = "{task.completed}/{task.total}" if total else "{task.completed}"
            self._bar = Rich(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn(done),
                TimeElapsedColumn(),
                console=Console(file=self._stream),
                transient=True,
            )
            self._task = self._bar.add_task(label, total=total)
            self._bar.start()
            return
        # A part that takes long must not look like a standstill, so the first line does not wait for it to end.
        self._first = threading.Timer(QUIET_FOR, self._say_at_work)
        self._first.daemon = True
        self._first.start()

    def _say_at_work(self) -> None:
        with contextlib.suppress(ValueError):  # the stream was closed meanwhile
            print(f"  {self._label}: at work", file=self._stream, flush=True)

    def advance(self, step: int = 1, note: str = "") -> None:
        """Move on by ``step`` parts."""
        self._done += step
        if self._bar is not None:
            self._bar.update(self._task, advance=step, description=f"{self._label} {note}".rstrip())
            return
        now = time.monotonic()
        if now - self._last_line >= QUIET_FOR:
            self._first.cancel()
            self._last_line = now
            of = f" of {self._total}" if self._total else ""
            print(f"  {self._label}: {self._done}{of} {note}".rstrip(), file=self._stream, flush=True)

    def extend(self, steps: int) -> None:
        """More parts are to come than was known at the start."""
        self._total = (self._total or 0) + steps
        if self._bar is not None:
            self._bar.update(self._task, total=self._total)

    def close(self, *, ok: bool = True) -> None:
        """Finish the step and say how long it took where that is worth a line."""
        if self._bar is not None:
            self._bar.stop()
        else:
            self._first.cancel()
        took = time.monotonic() - self._started
        if ok and took >= QUIET_FOR:
            print(f"  {self._label}: done in {took:.1f} s", file=self._stream, flush=True)


def aside(text: str) -> None:
    """A line for whoever watches, beside progress."""
    print(text, file=_watched(), flush=True)


def _watched() -> IO[str]:
    """Standard error; in a notebook standard output, because there the other is shown as an error, in red."""
    return sys.stdout if type(sys.stderr).__module__.startswith("ipykernel") else sys.stderr


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Progress]:
    """Show progress for the body of a ``with`` block."""
    bar = Progress(label, total)
    try:
        yield bar
    except BaseException:
        bar.close(ok=False)
        raise
    bar.close()


def text_table(rows: Sequence[Sequence[str]], headings: Sequence[str]) -> str:
    """A plain table for a terminal of 100 columns."""
    widths = [max(len(str(row[i])) for row in [headings, *rows]) for i in range(len(headings))]
    lines = ["  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [headings, *rows]]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def frame_html(frame: pd.DataFrame, *, title: str, note: str = "", rows: int = 30) -> str:
    """A small captioned table for a notebook."""
    shown = frame.head(rows)
    more = f"<p>{len(frame) - rows:,} more rows.</p>" if len(frame) > rows else ""
    caption = f"<p><strong>{escape(title)}</strong>{': ' + escape(note) if note else ''}</p>"
    return caption + shown.to_html(index=False, border=0, escape=True, na_rep="") + more
