"""The log of what runs did: one line a step, with counts and hashes, never a row. It is appended to and never rewritten."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from early_id.core.errors import EarlyIdError
from early_id.core.folders import restrict

#: In the output folder; for its owner alone.
LOG = "run_log.jsonl"


@dataclass(frozen=True)
class Journal:
    """The log of one run."""

    path: Path
    run: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"))
    group: bool = False

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Log that a step ended, with what is put into the mapping; or that it failed, with the kind of error and its exit code."""
        told: dict[str, Any] = {}
        started = perf_counter()
        try:
            yield told
        except BaseException as error:
            code = error.exit_code if isinstance(error, EarlyIdError) else 1
            # The text of an error of another library may quote a row, so it stays out.
            what = error.what if isinstance(error, EarlyIdError) else type(error).__name__
            self._write({"step": name, "ended": "failed", "exit_code": code, "what": what, "seconds": round(perf_counter() - started, 1)})
            raise
        self._write({"step": name, "ended": "done", **told, "seconds": round(perf_counter() - started, 1)})

    def say(self, name: str, **told: Any) -> None:
        """Log something that takes no time."""
        self._write({"step": name, **told})

    def _write(self, line: Mapping[str, Any]) -> None:
        new = not self.path.exists()
        text = json.dumps({"run": self.run, "at": datetime.now(UTC).isoformat(timespec="seconds"), **line}, ensure_ascii=False, default=str) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as stream:
            # Where a process was killed in the middle of a line, that part stays a line of its own, which readers skip.
            if stream.tell() and self.path.read_bytes()[-1:] != b"\n":
                stream.write(b"\n")
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        if new:
            restrict(self.path, group=self.group)


def read_log(path: Path) -> list[dict[str, Any]]:
    """Every whole line of a log, oldest first."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue  # the last line of a process that was killed
    return lines
