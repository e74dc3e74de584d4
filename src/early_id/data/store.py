"""The store: a folder of versions beside each other, readers on the current one, one writer.

```
store/
  current.json               which version is current; the only file that is ever replaced
  versions/000002.json       the version's tables (part files), batches, coverage and assumptions
  parts/attendance-000002.parquet
  set_aside/000002/…         restricted: rows that broke a rule, with the reason
  urgent/000002.json         restricted: urgent signs and whether a person has acknowledged them
```

A new version is written whole under new names and becomes current by one rename, so a reader in another process never waits and never sees half
a batch, and a crash at any moment leaves the last good state.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from early_id.core.errors import InputDataError, SettingsError
from early_id.core.fingerprint import fingerprint
from early_id.core.folders import holding, restrict, usable_folder
from early_id.data.covered import Coverage, coverage_of
from early_id.data.engine import connect, quote, raw, text
from early_id.data.history import Taken
from early_id.data.sources.others import with_others
from early_id.data.stage import SQL_TYPES
from early_id.data.versions import unfolded
from early_id.schema.tables import Tables

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from early_id.config.settings import Config
    from early_id.data.ingest import Batch


def _damaged(where: Path) -> InputDataError:
    return InputDataError("The store cannot be read.", where=str(where), what_next="Restore the folder from a backup, or ingest into a new one.")


@dataclass(frozen=True)
class Version:
    """What one version of the store holds. Plain data: it is the version's JSON file."""

    number: int = 0
    tables: dict[str, str] = field(default_factory=dict)  #: table → part file
    batches: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)  #: source, table, covers_from, covers_to, stated, schools
    assumptions: dict[str, str] = field(default_factory=dict)  #: 'source: table' → when rows are taken to be known


class Store:
    """A store folder. Open it with ``Store.open(cfg)``; reading methods never change anything on disk."""

    def __init__(self, folder: Path, tables: Tables, settings: Config | None = None) -> None:
        self.folder = folder
        self.tables = with_others(tables)
        self.settings = settings
        self._held = False
        self.version = self._read_current()

    @classmethod
    def open(cls, cfg: Config, tables: Tables | None = None) -> Store:
        """The store that the settings name; an empty one where the folder does not exist yet."""
        return cls(cfg.store_dir, tables or Tables(), cfg)

    def _read_current(self) -> Version:
        pointer = self.folder / "current.json"
        if not pointer.is_file():
            return Version()
        try:
            number = json.loads(pointer.read_text(encoding="utf-8"))["version"]
            return Version(**json.loads((self.folder / "versions" / f"{number:06d}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            raise _damaged(self.folder) from None

    @cached_property
    def backend(self) -> ibis.backends.duckdb.Backend:
        """An in-memory engine with a view for every stored table."""
        backend = connect()
        for name in self.version.tables:
            stored = f"_stored_{name}"
            backend.raw_sql(f"CREATE VIEW {quote(stored)} AS SELECT * FROM {self.part_sql(name)}")
            backend.raw_sql(f"CREATE VIEW {quote(name)} AS {backend.compile(unfolded(backend.table(stored), self.tables[name]))}")
        return backend

    def part_sql(self, name: str) -> str:
        """SQL for a table's stored records; a part file that is missing or damaged is one clear message."""
        import pyarrow.parquet

        path = self.folder / "parts" / self.version.tables[name]
        try:
            names = pyarrow.parquet.read_metadata(path).schema.names
        except (OSError, ValueError):
            raise _damaged(path) from None
        # A folder named 'a=b' is a folder, not a column.
        rows = f"read_parquet({text(str(path))}, hive_partitioning = false)"
        # Stores written before the batch of a row was kept do not say it; nor do they have columns that a table got later.
        types = {**{column.name: SQL_TYPES[column.type] for column in self.tables[name].columns}, "batch": "INTEGER"}
        added = [f"CAST(NULL AS {kind}) AS {quote(column)}" for column, kind in types.items() if column not in names]
        return f"(SELECT *, {', '.join(added)} FROM {rows})" if added else rows

    def has(self, table: str) -> bool:
        """Whether any rows of ``table`` were ever stored."""
        return table in self.version.tables

    def table(self, name: str) -> ibis.Table:
        """A stored table as an ibis expression, one row a version of a record."""
        if not self.has(name):
            held = ", ".join(self.version.tables) or "none yet"
            raise SettingsError(f"The store holds no table '{name}'.", where=str(self.folder), what_next=f"Tables held: {held}.")
        return self.backend.table(name)

    def frame(self, name: str) -> pd.DataFrame:
        """A stored table as a pandas frame, one row a version of a record."""
        return raw(self.backend).execute(f"SELECT * FROM {quote(name)}").df()

    def records(self, name: str) -> pd.DataFrame:
        """Stored records as they were received, before later facts are unfolded."""
        return raw(self.backend).execute(f"SELECT * FROM {self.part_sql(name)}").df()

    def sources_with(self, table: str, column: str, values: Iterable[str]) -> tuple[str, ...]:
        """Sources of which a record of ``table`` holds one of ``values`` in ``column``, in order of name."""
        listed = ", ".join(text(value) for value in values)
        if not self.has(table) or not listed:
            return ()
        rows = (
            raw(connect())
            .execute(f"SELECT DISTINCT source FROM {self.part_sql(table)} WHERE {quote(column)} IN ({listed}) ORDER BY source")
            .fetchall()
        )
        return tuple(str(source) for (source,) in rows)

    @property
    def key(self) -> str:
        """The secret under which ids are made, kept in the store; fixed for made-up data, so that runs can be compared."""
        if self.made_up:
            return "made-up council"
        path = self.folder / "key"
        if not path.is_file():
            import secrets

            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_suffix(".tmp")
            beside.write_text(secrets.token_hex(32), encoding="utf-8")
            restrict(beside, group=self._shared)
            beside.replace(path)
        return path.read_text(encoding="utf-8").strip()

    @property
    def made_up(self) -> bool:
        """Whether every batch came from the made-up council. An empty store is not."""
        return bool(self.version.batches) and all(batch.get("made_up") for batch in self.version.batches)

    @property
    def fingerprint(self) -> str:
        """Hash of all files ever taken in."""
        return fingerprint([file["sha256"] for batch in self.version.batches for file in batch["files"]])

    def of_data(self, fingerprint: str) -> Store | None:
        """The newest version that holds exactly the files of ``fingerprint``, as a store to read from; None where none does."""
        for listing in sorted((self.folder / "versions").glob("*.json"), reverse=True):
            held = Store(self.folder, self.tables, self.settings)
            try:
                held.version = Version(**json.loads(listing.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                raise _damaged(listing) from None
            if held.fingerprint == fingerprint:
                return held
        return None

    @property
    def last_received(self) -> date | None:
        """The newest day on which anything was received."""
        days = [date.fromisoformat(file["received"]) for batch in self.version.batches for file in batch["files"]]
        return max(days) if days else None

    def coverage(self) -> pd.DataFrame:
        """Which source covers which table: source, table, covers_from, covers_to, whether the settings state its beginning, and of which schools."""
        import pandas as pd

        frame = pd.DataFrame(self.version.coverage, columns=["source", "table", "covers_from", "covers_to", "stated", "schools"])
        dates = {name: pd.to_datetime(frame[name]) for name in ("covers_from", "covers_to")}
        # Stores written before 'stated' and 'schools' were kept say neither.
        return frame.assign(**dates, stated=frame["stated"].eq(True), schools=frame["schools"].astype(object))

    def covered(self) -> Coverage:
        """What the sources cover, counted: schools, people and days; and of each school what it sent."""
        parts = {name: self.part_sql(name) for name in self.version.tables}
        return coverage_of(raw(connect()), parts, self.version.coverage, {table.name: table for table in self.tables})

    def taken(self) -> Taken:
        """What the pages of findings are made from: all batches, and what the sources cover."""
        return Taken(tuple(self.version.batches), self.covered(), self.made_up)

    def span(self) -> tuple[date, date] | None:
        """First and last day that the stored records of events cover; lists of people and schools have no such span."""
        rows = [row for row in self.version.coverage if row["table"] not in ("pupils", "schools")]
        if not rows:
            return None
        return min(date.fromisoformat(r["covers_from"]) for r in rows), max(date.fromisoformat(r["covers_to"]) for r in rows)

    def ingest(self, folder: Path | str | None = None, *, cfg: Config | None = None) -> Batch:
        """Read, map, check and store a folder of extracts as one batch.

        Parameters
        ----------
        folder : path, optional
            Otherwise the folder that the settings name under ``data``.
        cfg : Config, optional
            Otherwise the settings that the store was opened with.
        """
        from early_id.data.ingest import ingest_folder

        settings = cfg or self.settings
        if settings is None:
            raise SettingsError("There are no settings to ingest with.", what_next="Open the store with Store.open(cfg), or give cfg=cfg.")
        return ingest_folder(self, Path(folder) if folder else settings.data_dir, settings)

    def refresh(self) -> None:
        """Look again which version is current."""
        self.version = self._read_current()
        self.__dict__.pop("backend", None)

    def go_back(self, number: int) -> None:
        """Make an earlier version current again, because a later step of the same run failed; 0 is the empty store.

        What the later version left behind is taken away; but for an urgent file, which stays where its officer finds it until the next intake.
        """
        from early_id.data.publish import sweep

        if self._read_current().number == number:
            return
        with self.writing():
            pointer = self.folder / "current.json"
            if number == 0:
                pointer.unlink(missing_ok=True)
            else:
                fresh = self.folder / ".current.json"
                fresh.write_text(json.dumps({"version": number}), encoding="utf-8")
                fresh.replace(pointer)
            sweep(self.folder, number, keep=("urgent",))
        self.refresh()

    def acknowledge(self, *, by_role: str, on: date) -> int:
        """Record that a person has received the urgent signs of every open batch; returns how many batches."""
        from early_id.data.urgent import acknowledge

        return acknowledge(self.folder, by_role=by_role, on=on)

    @property
    def _shared(self) -> bool:
        return self.settings is not None and self.settings.shared_with_group

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the store for one writer, until the outermost ``with`` of this object ends; another one is told who holds it and since when."""
        if self._held:
            yield
            return
        usable_folder(self.folder, role="store")
        with holding(self.folder, role="store", group=self._shared):
            restrict(
                self.folder, group=self._shared
            )  # it holds rows throughout; what a writer adds lies behind the folder's own mode until it is done
            self._held = True
            try:
                yield
            finally:
                self._held = False
                restrict(self.folder, group=self._shared)

    def __repr__(self) -> str:
        batches = len(self.version.batches)
        return f"Store('{self.folder.name}', version {self.version.number}, {batches} batches, tables: {', '.join(self.version.tables) or 'none'})"
