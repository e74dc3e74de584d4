"""Audit rows as a report shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from early_id.audit.measures import MEASURES
from early_id.core.types import Verdict
from early_id.present.disclosure import HIDDEN
from early_id.report.publish import publish
from early_id.report.showing import Cell, Figure, Showing, number

#: Groups with fewer counted are left out of pictures: their intervals would fill the page and say nothing.
_DRAWN_FROM = 10


@dataclass(frozen=True)
class GroupRow:
    """One measure in one group."""

    characteristic: str
    title: str
    group: str
    measure: str
    n: Cell
    figure: Figure
    gap: Figure
    smallest: float | None
    verdict: str

    @property
    def label(self) -> str:
        """ "Ethnic group: White"."""
        return f"{self.title}: {self.group}"

    @property
    def is_drawn(self) -> bool:
        """Whether enough were counted for the row to stand in a picture."""
        return isinstance(self.n, int) and self.n >= _DRAWN_FROM


@dataclass(frozen=True)
class Groups:
    """All rows of one audit, in one rendering."""

    rows: tuple[GroupRow, ...]

    @property
    def held_back(self) -> int:
        """How many figures are hidden."""
        return sum(1 for row in self.rows if row.figure.hidden)

    def of(self, measure: str) -> list[GroupRow]:
        """Rows of one measure, in the order of the audit."""
        return [row for row in self.rows if row.measure == measure]

    def furthest(self, measure: str, most: int = 10) -> list[GroupRow]:
        """The groups furthest from everyone else, widest gap first, without very small and unknown ones."""
        known = [row for row in self.of(measure) if row.gap.value is not None and isinstance(row.n, int) and row.n >= _DRAWN_FROM]
        return sorted(known, key=lambda row: (-abs(row.gap.value or 0.0), row.label))[:most]

    def find(self, measure: str, characteristic: str, group: str) -> GroupRow | None:
        """One row."""
        return next((row for row in self.of(measure) if (row.characteristic, row.group) == (characteristic, group)), None)

    def verdict(self, title: str) -> str:
        """What the tested rows of a characteristic add up to."""
        words = {row.verdict for row in self.rows if row.title == title and row.verdict}
        if str(Verdict.GAP_FOUND) in words:
            return str(Verdict.GAP_FOUND)
        return str(Verdict.NO_GAP_FOUND) if words == {str(Verdict.NO_GAP_FOUND)} else str(Verdict.CANNOT_TELL)

    def largest(self, title: str) -> GroupRow | None:
        """The largest gap of a characteristic among the rows that decided its verdict; a hidden one where no other is left.

        A smaller gap of another group never stands in for the one that was found. Where nothing was found, very small groups do
        not speak for the characteristic: any gap may be chance there, and the widest one always is theirs.
        """
        verdict = self.verdict(title)
        deciding = [row for row in self.rows if row.title == title and row.verdict == verdict]
        shown = [row for row in deciding if row.gap.value is not None]
        if verdict != str(Verdict.GAP_FOUND):
            shown = [row for row in shown if row.is_drawn] or shown
        hidden = next((row for row in deciding if row.gap.hidden), None)
        return max(shown, key=lambda row: (abs(row.gap.value or 0.0), row.gap.value or 0.0, row.label), default=hidden)


def group_rows(rows: pd.DataFrame, showing: Showing) -> Groups:
    """The rows of an audit, as ``showing`` allows."""
    records = [{str(key): value for key, value in record.items()} for record in rows.to_dict("records")]
    if showing.publishable:
        records = publish(records, {name: measure.kind for name, measure in MEASURES.items()})
    return Groups(tuple(_row(record) for record in records))


def _row(record: dict[str, Any]) -> GroupRow:
    hidden = bool(record.get("hidden", False))
    n = number(record["n"])
    title = record.get("characteristic_label") or str(record["characteristic"]).replace("_", " ").capitalize()
    return GroupRow(
        characteristic=str(record["characteristic"]),
        title=str(title),
        group=str(record["group"]),
        measure=str(record["measure"]),
        n=HIDDEN if hidden else None if n is None else round(n),
        figure=_figure(record, ("value", "low", "high"), hidden),
        gap=_figure(record, ("difference", "difference_low", "difference_high"), hidden),
        smallest=number(record["smallest_detectable"]),
        verdict=str(record.get("verdict") or ""),
    )


def _figure(record: dict[str, Any], keys: tuple[str, str, str], hidden: bool) -> Figure:
    value, low, high = (number(record[key]) for key in keys)
    return Figure(value, low, high, hidden)


def titles(rows: Iterable[GroupRow]) -> list[str]:
    """Titles of the characteristics, each once, in order."""
    return list(dict.fromkeys(row.title for row in rows))
