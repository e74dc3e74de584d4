"""Findings: what checks saw, as codes and counts, never as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from early_id.core.types import Severity

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Finding:
    """One thing that a check saw, in one file, with a count and advice.

    ``code`` is stable (``ATT001``) and can be looked up with ``early-id rules show``.
    ``where`` names a file or a table; it never holds a value from a row.
    """

    code: str
    severity: Severity
    message: str
    advice: str
    count: int
    where: str = ""
    source: str = ""
    columns: str = ""  #: headings of the file and how often each was at fault, where the rule is about single cells
    since: str = ""  #: day on which the source first sent it so, in batches that follow each other

    def __str__(self) -> str:
        return f"{self.code} {self.severity}: {self.message} ({self.count:,} in {self.where or 'the store'}{f', column {self.columns}' if self.columns else ''}). {self.advice}"


@dataclass(frozen=True)
class FindingKind:
    """What a code means, where no rule of incoming rows declares it: what is wrong, what to do, and what was looked at."""

    code: str
    severity: Severity
    message: str
    advice: str
    about: str  #: what was looked at, in words: ``people and their links``

    def found(self, count: int, where: str = "", *, source: str = "", columns: str = "") -> Finding:
        """One finding of this kind."""
        return Finding(self.code, self.severity, self.message, self.advice, count, where=where, source=source, columns=columns)


@dataclass(frozen=True)
class Findings:
    """An ordered collection of findings that knows how to print itself."""

    items: tuple[Finding, ...] = field(default=())

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __add__(self, other: Iterable[Finding]) -> Findings:
        return replace(self, items=self.items + tuple(other))

    def by_code(self) -> dict[str, int]:
        """Total count of each code, in order of code."""
        totals: dict[str, int] = {}
        for finding in sorted(self.items, key=lambda item: item.code):
            totals[finding.code] = totals.get(finding.code, 0) + finding.count
        return totals

    def lines(self, *, few: int = 3) -> list[str]:
        """Each finding as a line; a code met in more than ``few`` files is one line for all of them."""
        by_code: dict[str, list[Finding]] = {}
        for item in self.items:
            by_code.setdefault(item.code, []).append(item)
        lines: list[str] = []
        for items in by_code.values():
            if len(items) <= few:
                lines += map(str, items)
            else:
                lines.append(str(replace(items[0], count=sum(item.count for item in items), where=f"{len(items)} files", columns="")))
        return lines

    def frame(self) -> pd.DataFrame:
        """One row a finding: code, severity, message, count, where, columns, since, source, advice."""
        import pandas as pd

        columns = ["code", "severity", "message", "count", "where", "columns", "since", "source", "advice"]
        return pd.DataFrame([{**asdict(item), "severity": str(item.severity)} for item in self.items], columns=columns)

    def summary(self) -> pd.DataFrame:
        """One row a code: severity, message, count, in how many files, advice."""
        rows = self.frame()
        if rows.empty:
            return rows
        parts = {
            "severity": ("severity", "first"),
            "message": ("message", "first"),
            "count": ("count", "sum"),
            "files": ("where", "nunique"),
            "advice": ("advice", "first"),
        }
        return rows.groupby("code", sort=True).agg(**parts).reset_index()

    def to_json(self) -> list[dict[str, object]]:
        """Plain dictionaries for manifests and ``--json``."""
        return [{**asdict(item), "severity": str(item.severity)} for item in self.items]

    @classmethod
    def from_json(cls, rows: Iterable[dict[str, object]]) -> Findings:
        """Read back what :meth:`to_json` wrote."""
        return cls(tuple(Finding(**{**row, "severity": Severity(str(row["severity"]))}) for row in rows))  # type: ignore[arg-type]

    def __repr__(self) -> str:
        counts = ", ".join(f"{code} {count:,}" for code, count in sorted(self.by_code().items()))
        return f"Findings({len(self.items)}: {counts or 'none'})"

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        return frame_html(self.summary(), title="Findings")
