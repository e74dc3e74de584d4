"""What an intake tells of itself: counts of each file, findings, urgent signs. No rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from early_id.core.display import frame_html
from early_id.core.findings import Findings
from early_id.data.covered import Coverage
from early_id.data.history import trend

if TYPE_CHECKING:
    import pandas as pd

    from early_id.data.sources.gather import NotRead


@dataclass(frozen=True)
class FileCount:
    """What became of the rows of one file."""

    file: str
    source: str
    table: str
    rows_in: int
    rows_kept: int
    rows_set_aside: int
    sha256: str
    received: str
    rows_cleared: int = 0  #: rows set aside in earlier batches that this file holds right
    school: str = ""  #: the school, where all rows are of one: whom to ask about them
    reading: str = ""  #: fingerprint of the instructions under which it was read; empty in stores written before they were kept
    shape: str = ""
    recognised: bool = False  #: the shape was told by the columns
    read_as: str = ""  #: kind of file, encoding and delimiter
    rows_left_out: int = 0  #: of people whose records were erased: left out before anything is counted, so not among ``rows_in``


@dataclass(frozen=True, repr=False)
class Batch:
    """One intake: files with their counts, findings, and urgent signs. No rows."""

    number: int
    files: tuple[FileCount, ...]
    findings: Findings
    urgent: int = 0
    urgent_file: str | None = None
    set_aside_folder: str | None = None
    made_up: bool = False
    assumptions: dict[str, str] = field(default_factory=dict)
    not_read: tuple[NotRead, ...] = ()
    waiting: int = 0  #: rows set aside, in this batch or before, that no later export has put right
    coverage: Coverage = field(default_factory=Coverage)
    history: tuple[dict[str, Any], ...] = ()  #: records of all batches of the store, this one last

    def __repr__(self) -> str:
        rows_in, aside = sum(item.rows_in for item in self.files), sum(item.rows_set_aside for item in self.files)
        return f"Batch({self.number}: {len(self.files)} files, {rows_in:,} rows in, {aside:,} set aside, {len(self.findings)} findings)"

    def frame(self) -> pd.DataFrame:
        """One row a file."""
        import pandas as pd

        return pd.DataFrame([asdict(item) for item in self.files]).drop(columns=["sha256", "reading", "school"], errors="ignore")

    @property
    def cleared(self) -> int:
        """Rows set aside in earlier batches that this one holds right."""
        return sum(item.rows_cleared for item in self.files)

    def trend(self) -> pd.DataFrame:
        """One row a batch of the store: rows in, kept, set aside, put right, waiting, and what was found."""
        return trend(self.history)

    def _label(self, item: FileCount) -> str:
        """The file's name; with the table where one file fills two."""
        return item.file if sum(other.file == item.file for other in self.files) == 1 else f"{item.file} ({item.table})"

    def to_json(self) -> dict[str, Any]:
        """The object that ``early-id ingest --json`` prints."""
        return {
            "batch": self.number,
            "files": {self._label(item): asdict(item) for item in self.files},
            "findings": self.findings.by_code(),
            "urgent": {"rows": self.urgent, "file": self.urgent_file, "acknowledged": self.urgent == 0},
            "set_aside": self.set_aside_folder,
            "not_read": [asdict(item) for item in self.not_read],
            "cleared": self.cleared,
            "waiting": self.waiting,
        }

    def summary(self) -> pd.DataFrame:
        """One row a source and table: how many files, rows in, kept and set aside."""
        rows = self.frame()
        if rows.empty:
            return rows
        sums = {"files": ("file", "size"), **{name: (name, "sum") for name in ("rows_in", "rows_kept", "rows_set_aside", "rows_cleared")}}
        return rows.groupby(["source", "table"], sort=True).agg(**sums).reset_index()

    def _repr_html_(self) -> str:
        return frame_html(self.summary(), title=f"Batch {self.number}") + self.findings._repr_html_()
