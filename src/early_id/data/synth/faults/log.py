"""What was planted where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from early_id.data.synth.faults.counting import HOW_TO_COUNT
from early_id.data.synth.mess import KINDS, REFUSED

#: Kinds that are ordinary life, not faults: they are counted, but not added up with the others.
ORDINARY = frozenset({"late_marks", "corrected_marks"})


class Entry(NamedTuple):
    """A number of rows of one file that show one kind of mess in one column."""

    kind: str
    file: str
    column: str
    number: int


class FaultLog:
    """What was planted where; ``frame`` is the content of ``truth/faults.csv``."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._sizes: dict[str, int] = {}

    def add(self, kind: str, file: str, column: str, count: int) -> None:
        """Note ``count`` rows; the same kind, file and column may be noted again."""
        if count:
            self._entries.append(Entry(kind, file, column, int(count)))

    def add_each(self, kind: str, files: Iterable[str], column: str) -> None:
        """Note one row in each of ``files``, a file as often as it was hit."""
        counts = pd.Series(list(files), dtype=object).value_counts().sort_index()
        for file, count in counts.items():
            self.add(kind, str(file), column, int(count))

    def note_size(self, file: str, rows: int) -> None:
        """Note how many rows of data a file holds."""
        self._sizes[file] = self._sizes.get(file, 0) + int(rows)

    def size(self, file: str) -> int:
        """Rows of data in a file, as noted."""
        return self._sizes.get(file, 0)

    @property
    def rows(self) -> tuple[Entry, ...]:
        """What was noted, to be sent from one process to another."""
        return tuple(self._entries)

    def extend(self, rows: Iterable[Entry]) -> None:
        """Take over what another log noted."""
        self._entries.extend(rows)

    def frame(self) -> pd.DataFrame:
        """One row a kind, file and column.

        Returns
        -------
        DataFrame
            ``kind``, ``rule`` (number in ``data_quality_rules``), ``fault`` (in words), ``finding_code`` (what the intake of
            today makes of it), ``file``, ``column``, ``count``, ``how_to_count``, ``file_rows`` (rows of the file).
        """
        kinds = {kind.name: kind for kind in KINDS}
        sums: dict[tuple[str, str, str], int] = {}
        for entry in self._entries:
            key = (entry.kind, entry.file, entry.column)
            sums[key] = sums.get(key, 0) + entry.number
        lines = []
        for (name, file, column), count in sums.items():
            kind = kinds[name]
            code = "" if kind.found == REFUSED else kind.found
            lines.append((name, kind.rule or "", kind.text, code, file, column, count, HOW_TO_COUNT[name], self._sizes.get(file, "")))
        table = pd.DataFrame(lines, columns=["kind", "rule", "fault", "finding_code", "file", "column", "count", "how_to_count", "file_rows"])
        return table.sort_values(["finding_code", "kind", "file", "column"], ignore_index=True)


def total(frame: pd.DataFrame) -> int:
    """All faults of a frame, without the late and corrected marks that every register has."""
    return int(frame.loc[~frame["kind"].isin(ORDINARY), "count"].sum())
