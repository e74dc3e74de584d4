"""Records that nobody can change without being noticed: JSON lines, each carrying the hash of the one before.

A file ``<name>.jsonl`` holds the records, ``<name>.head.json`` beside it how many there are and the hash of the last. A byte that was
changed, a record taken out, put elsewhere or cut off the end is noticed on the next reading, and nothing is read then. Somebody who
writes both files anew from the first record on is not noticed here, unless the hashes are made under a key: that is why the hash of the last
record is said aloud, for the minutes, and copied to the tracking store.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from early_id.core.errors import BusyError, PolicyError
from early_id.core.types import Json

#: What the first record carries in the place of an earlier record's hash.
START = "0" * 64


@dataclass(frozen=True)
class Record:
    """One entry: its number from 1, when it was written (UTC), what kind, what it says, and the two hashes."""

    number: int
    at: str
    kind: str
    body: Json
    previous: str
    hash: str

    def to_json(self) -> Json:
        """All of it, body last."""
        return {"number": self.number, "at": self.at, "kind": self.kind, "hash": self.hash, **self.body}


def _text(value: Mapping[str, object]) -> str:
    """The one way to write a record: another spelling of the same values is a change."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _line(number: int, at: str, kind: str, body: Mapping[str, object], previous: str, key: str) -> tuple[str, str]:
    """A record's line and hash."""
    content = {"number": number, "at": at, "kind": kind, "body": body, "previous": previous}
    text = _text(content).encode()
    digest = hmac.new(key.encode(), text, hashlib.sha256).hexdigest() if key else hashlib.sha256(text).hexdigest()
    return _text({**content, "hash": digest}), digest


@dataclass(frozen=True)
class Chain:
    """The records of one file.

    Parameters
    ----------
    path : path
        ``….jsonl``. Neither file nor folder has to exist.
    what : str
        What the records are, for messages: "approvals".
    key : str
        A secret under which the hashes are made: then nobody without it can write the files anew. Without one, anybody can verify them.
    """

    path: Path
    what: str
    key: str = field(default="", repr=False)

    @property
    def _head(self) -> Path:
        return self.path.with_suffix(".head.json")

    def read(self) -> tuple[Record, ...]:
        """Every record, verified; none where nothing was ever written.

        Raises
        ------
        PolicyError
            Something was changed, taken out, put elsewhere or cut off.
        """
        if not self.path.is_file() and not self._head.is_file():
            return ()
        try:
            head = json.loads(self._head.read_bytes())
            counted = head["records"]
            # The head of no records is written before the first one: until then there may be no file of records.
            text = self.path.read_bytes() if counted or self.path.is_file() else b""
            lines = text.decode("utf-8").split("\n")
            records = tuple(self._verified(lines[:-1]))
            # A run that broke off between the two files leaves one record more than the head counts, and nothing else.
            sound = lines[-1] == "" and self._head.read_bytes() == _head_text(counted, head["hash"], self.key)
            sound &= 0 <= counted <= len(records) <= counted + 1 and (records[counted - 1].hash if counted else START) == head["hash"]
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            raise self._tampered("a record is missing or cannot be read") from None
        if not sound:
            raise self._tampered("records are missing at the end, or were added by hand")
        return records

    def _verified(self, lines: list[str]) -> Iterator[Record]:
        previous = START
        for number, line in enumerate(lines, start=1):
            found = json.loads(line)
            expected, digest = _line(found["number"], found["at"], found["kind"], found["body"], found["previous"], self.key)
            if line != expected or found["number"] != number or found["previous"] != previous:
                raise self._tampered(f"record {number} is not the one that was written there")
            previous = digest
            yield Record(number, found["at"], found["kind"], found["body"], found["previous"], digest)

    def append(self, kind: str, body: Json, *, at: datetime | None = None) -> Record:
        """Write one more record, after verifying those before it.

        Raises
        ------
        BusyError
            Another program is writing, or the file is open.
        PolicyError
            The records before it were tampered with.
        """
        with self.writing():
            records = self.read()
            moment = (at or datetime.now(UTC)).isoformat(timespec="seconds")
            previous = records[-1].hash if records else START
            line, digest = _line(len(records) + 1, moment, kind, body, previous, self.key)
            before = self.path.read_bytes() if records else b""
            so_far = _head_text(len(records), previous, self.key)
            # First the head of what is there, of nothing too: a kill between the two files leaves one record more than it counts, never two, and never one
            # without any head, which would look like one added by hand.
            if not self._head.is_file() or self._head.read_bytes() != so_far:
                self._put(self._head, so_far)
            self._put(self.path, before + line.encode() + b"\n")
            self._put(self._head, _head_text(len(records) + 1, digest, self.key))
        return Record(len(records) + 1, moment, kind, body, previous, digest)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the records for one writer."""
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path.with_suffix(".lock"), timeout=10)
        try:
            with lock:
                yield
        except Timeout:
            raise BusyError(f"Another program is writing the {self.what}.", where=self.path.name, what_next="Run the command again.") from None

    def _put(self, path: Path, content: bytes) -> None:
        """Replace a file whole, so that a run that breaks off leaves the old one."""
        beside = path.with_suffix(".tmp")
        beside.write_bytes(content)
        try:
            beside.replace(path)
        except PermissionError:
            raise BusyError.target_open(path) from None

    def _tampered(self, why: str) -> PolicyError:
        return PolicyError(
            f"The {self.what} are not as they were written: {why}.",
            where=str(self.path.name),
            what_next="Nothing is done on their word. Restore both files from a backup, and find out who changed them.",
        )


def _head_text(records: int, digest: str, key: str) -> bytes:
    """How many records there are and the last one's hash; under a key also a seal, so that a shortened file needs more than a new count."""
    head: dict[str, object] = {"records": records, "hash": digest}
    if key:
        head["seal"] = hmac.new(key.encode(), _text(head).encode(), hashlib.sha256).hexdigest()
    return _text(head).encode()
