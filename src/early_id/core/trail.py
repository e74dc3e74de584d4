"""The audit trail: who ran what, which model, which children on which list, who looked, what was decided. Append-only, hash-chained under a key.

```
store/trail/
  trail.jsonl, trail.head.json    the chain; its hashes are made under chain.key, so nobody without it can write it anew
  keys/chain.key                  kept for as long as the trail is
  keys/people-2026.key            under which children are written in that year; destroyed when the year's time to be kept is over
```

A child stands in the trail as a keyed hash under the key of the year. Whoever has the key and a child's id can ask whether the child is in it; once the key is
destroyed the chain can still be verified and the children in it can be named by nobody.
"""

from __future__ import annotations

import getpass
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from early_id.core.chain import Chain, Record
from early_id.core.errors import BusyError, InputDataError
from early_id.core.folders import restrict

FOLDER = "trail"
_CHAIN_KEY = "chain"
_LENGTH = 24  # hex digits of a child's hash


@dataclass(frozen=True)
class Trail:
    """The trail of one store folder.

    Parameters
    ----------
    store : path
        Folder of the store.
    group : bool
        Whether the owner's group may read and write it too.
    """

    store: Path
    group: bool = False

    @property
    def folder(self) -> Path:
        """Where the trail lies."""
        return self.store / FOLDER

    @cached_property
    def _chain(self) -> Chain:
        path = self.folder / "trail.jsonl"
        held = self._key_path(_CHAIN_KEY).is_file()
        if path.is_file() and not held:
            raise InputDataError(
                "The key of the audit trail is missing, so nobody can tell whether the trail is as it was written.",
                where=str(self._key_path(_CHAIN_KEY)),
                what_next="Restore the folder 'trail' of the store from a backup.",
            )
        return Chain(path, "records of the audit trail", self._key(_CHAIN_KEY))

    def read(self) -> tuple[Record, ...]:
        """Every record, verified.

        Raises
        ------
        PolicyError
            A record was changed, taken out, put elsewhere or cut off.
        InputDataError
            The key of the chain is missing.
        """
        return self._chain.read() if self.folder.is_dir() else ()

    def note(self, kind: str, body: Mapping[str, object], *, at: datetime | None = None) -> Record:
        """Put something on record, with the user of the machine. Children in ``body`` must be :meth:`person`, never an id."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            record = self._chain.append(kind, {**body, "who": _user()}, at=at)
        except PermissionError:
            raise BusyError.target_open(self.folder) from None
        restrict(self.folder, group=self.group)
        return record

    def person(self, child_id: str, *, at: datetime | None = None) -> str:
        """What stands for a child in this year's records: ``2026:`` and a keyed hash."""
        year = (at or datetime.now(UTC)).year
        return f"{year}:{self._hash(child_id, self._key(f'people-{year}'))}"

    def people(self, children: Iterable[str], *, at: datetime | None = None) -> list[str]:
        """:meth:`person` of several children, in order of the hash, so that the order says nothing."""
        return sorted(self.person(child, at=at) for child in children)

    def names_of(self, child_id: str) -> frozenset[str]:
        """Everything that stands for a child in the years of which the key is still held."""
        return frozenset(f"{year}:{self._hash(child_id, self._read_key(f'people-{year}'))}" for year in self.years_held())

    def known(self, children: Iterable[str]) -> dict[str, str]:
        """What stands in the trail → child, for children that somebody knows by id."""
        keys = {year: self._read_key(f"people-{year}") for year in self.years_held()}
        return {f"{year}:{self._hash(child, key)}": child for child in children for year, key in keys.items()}

    def years_held(self) -> tuple[int, ...]:
        """Years of which the key is held."""
        return tuple(sorted(int(path.stem.removeprefix("people-")) for path in (self.folder / "keys").glob("people-*.key")))

    def destroy(self, year: int) -> bool:
        """Destroy the key of a year: the chain stays verifiable, the children in that year's records can be named by nobody. Whether there was one."""
        path = self._key_path(f"people-{year}")
        if not path.is_file():
            return False
        path.write_bytes(b"\0" * path.stat().st_size)  # on disks that write in place nothing is left to recover
        path.unlink()
        return True

    @staticmethod
    def _hash(child_id: str, key: str) -> str:
        return hmac.new(key.encode(), child_id.encode(), sha256).hexdigest()[:_LENGTH]

    def _key_path(self, name: str) -> Path:
        return self.folder / "keys" / f"{name}.key"

    def _read_key(self, name: str) -> str:
        return self._key_path(name).read_text(encoding="utf-8").strip()

    def _key(self, name: str) -> str:
        """A key, made where it is missing."""
        path = self._key_path(name)
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_suffix(f".{os.getpid()}.tmp")
            beside.write_text(secrets.token_hex(32), encoding="utf-8")
            restrict(beside, group=self.group)
            try:
                os.link(beside, path)  # whoever comes second keeps the key of the first
            except FileExistsError:
                pass
            except OSError:
                beside.replace(path)
            beside.unlink(missing_ok=True)
        return self._read_key(name)


def people_in(body: object) -> Iterator[str]:
    """Everything in a record's body that stands for a child: the lists under ``people``, and ``person``."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            if name == "people":
                yield from value
            elif name == "person":
                yield str(value)
            else:
                yield from people_in(value)
    elif isinstance(body, list):
        for item in body:
            yield from people_in(item)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "not known"
