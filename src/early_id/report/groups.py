"""Audit rows as a report shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from early_id.audit.gaps import EVERYONE_ELSE
from early_id.audit.measures import MEASURES
from early_id.core.types import Verdict
from early_id.present.disclosure import HIDDEN
from early_id.report.publish import publish
from early_id.report.showing import Cell, Figure, Showing, number

#: Groups with fewer counted are left out of pictures: their intervals would fill the page and say nothing.
_DRAWN_FROM = 10

#: Groups of one measure that a page shows; the workbook has all.
SHOWN = 10

#: Characteristic that divides another one more finely -> that other one. A page shows the coarse one, and of the fine one what was found.
FINER = {"ethnic_group_5": "ethnic_group", "ethnic_group_18": "ethnic_group", "sen_need": "sen"}

NOT_KNOWN = "not known"


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
    smallest: float | None  #: how far a higher figure would have to lie above the others' to be found 4 times in 5; None where none would
    verdict: str
    comparator: str = ""  #: the group that this one is compared with; empty for everyone else
    members: str = ""  #: the same for a group, for everyone else together, and for the same children under another name
    rest_n: int | None = None  #: how many are counted among those that the group is compared with; None where hidden
    way: int = 0  #: 1 where the figure is higher than that of those it is compared with, -1 where lower; known of a hidden gap that was found
    smallest_below: float | None = None  #: the same for a lower figure, negative
    is_finer: bool = False  #: whether the characteristic only divides another one, which the page shows, more finely

    @property
    def is_found(self) -> bool:
        """Whether a gap was found here."""
        return self.verdict == str(Verdict.GAP_FOUND)

    @property
    def rest(self) -> float | None:
        """The figure of those that the group is compared with."""
        return None if self.figure.value is None or self.gap.value is None else self.figure.value - self.gap.value

    @property
    def label(self) -> str:
        """ "Ethnic group: White"."""
        return f"{self.title}: {self.group}"

    @property
    def is_drawn(self) -> bool:
        """Whether enough were counted, on both sides, for the row to stand in a picture."""
        return isinstance(self.n, int) and self.n >= _DRAWN_FROM and (self.rest_n is None or self.rest_n >= _DRAWN_FROM)


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

    def found(self) -> list[GroupRow]:
        """Every gap that was found, once, widest first."""
        return sorted(self.once([row for row in self.rows if row.is_found]), key=lambda row: (-abs(row.gap.value or 0.0), row.label))

    def once(self, rows: Iterable[GroupRow]) -> list[GroupRow]:
        """Rows without their mirror images: of two groups that divide everybody, a gap of the one is the same gap of the other.

        Kept is the one with more of the harm that the measure counts, which is the group that a reader has to think of.
        """
        kept: dict[tuple[str, str], GroupRow] = {}
        for row in rows:
            groups = {r.group for r in self.of(row.measure) if r.title == row.title} - {NOT_KNOWN}
            key = (row.measure, row.title if len(groups) == 2 and row.group in groups else row.members or row.label)
            if key not in kept or (row.way, row.gap.value or 0.0) > (kept[key].way, kept[key].gap.value or 0.0):
                kept[key] = row
        return list(kept.values())

    def furthest(self, measure: str, most: int = SHOWN) -> list[GroupRow]:
        """What a page shows of a measure: gaps found, then the groups furthest from everyone else, without very small and unknown ones.

        Roll-ups of a characteristic that stands there already, and mirror images, are left out, unless a gap was found.
        """
        rows = [row for row in self.of(measure) if row.is_found or (row.is_drawn and row.group != NOT_KNOWN and not row.is_finer)]
        known = self.once([row for row in rows if row.gap.value is not None])
        order = sorted(known, key=lambda row: (not row.is_found, -abs(row.gap.value or 0.0), row.label))
        return [row for n, row in enumerate(order) if n < most or row.is_found]

    def page_titles(self) -> list[str]:
        """Titles of the characteristics that a page shows: all but roll-ups in which no gap was found."""
        return list(dict.fromkeys(row.title for row in self.rows if not row.is_finer or self.verdict(row.title) == str(Verdict.GAP_FOUND)))

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

        A smaller gap of another group never stands in for the one that was found. Where nothing was found, very small groups and *not known* do
        not speak for the characteristic: any gap may be chance there, and the widest one always is theirs.
        """
        verdict = self.verdict(title)
        deciding = [row for row in self.rows if row.title == title and row.verdict == verdict]
        shown = self.once([row for row in deciding if row.gap.value is not None])
        hidden = next((row for row in deciding if row.gap.hidden), None)
        if verdict != str(Verdict.GAP_FOUND):
            shown = [row for row in shown if row.is_drawn and row.group != NOT_KNOWN]
        return max(shown, key=lambda row: (abs(row.gap.value or 0.0), row.gap.value or 0.0, row.label), default=hidden)


def group_rows(rows: pd.DataFrame, showing: Showing) -> Groups:
    """The rows of an audit, as ``showing`` allows."""
    records = [{str(key): value for key, value in record.items()} for record in rows.to_dict("records")]
    if showing.publishable:
        records = publish(records, {name: measure.kind for name, measure in MEASURES.items()})
    held = {str(record["characteristic"]) for record in records}
    rows = [_row(record, held) for record in records]
    return Groups(tuple(replace(row, rest_n=_rest(row, rows)) for row in rows))


def _rest(row: GroupRow, rows: Iterable[GroupRow]) -> int | None:
    """How many are counted among those that a group is compared with."""
    own = [r for r in rows if (r.characteristic, r.measure) == (row.characteristic, row.measure) and r.group != row.group]
    sizes = [r.n for r in own if not row.comparator or r.group == row.comparator]
    return None if any(not isinstance(n, int) for n in sizes) or not sizes else sum(n for n in sizes if isinstance(n, int))


def _row(record: dict[str, Any], held: set[str]) -> GroupRow:
    hidden = bool(record.get("hidden", False))
    above, below = (number(record.get(key)) for key in ("smallest_detectable", "smallest_detectable_lower"))
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
        smallest=above if above is not None and above > 0 else None,  # the audit gives the one below where none above could be seen
        smallest_below=below,
        verdict=str(record.get("verdict") or ""),
        comparator="" if record.get("comparator") in (None, "", EVERYONE_ELSE) else str(record["comparator"]),
        members=str(record.get("members") or ""),
        way=int(record["way"]) if "way" in record else _sign(number(record["difference"])),
        is_finer=FINER.get(str(record["characteristic"]), "") in held,
    )


def _sign(x: float | None) -> int:
    return 0 if not x else 1 if x > 0 else -1


def _figure(record: dict[str, Any], keys: tuple[str, str, str], hidden: bool) -> Figure:
    value, low, high = (number(record[key]) for key in keys)
    return Figure(value, low, high, hidden)


def titles(rows: Iterable[GroupRow]) -> list[str]:
    """Titles of the characteristics, each once, in order."""
    return list(dict.fromkeys(row.title for row in rows))
