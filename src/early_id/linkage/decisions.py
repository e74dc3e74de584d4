"""Decisions of people about pairs: kept for ever, above the model, below the hard rules; a later one about the same pair takes the place of an earlier.

The file only grows. Taking a decision back is a decision of its own (*open*), so that who decided what, and when, can always be read.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from early_id.core.errors import InputDataError, SettingsError
from early_id.core.findings import Finding
from early_id.linkage.facts import facts_of
from early_id.linkage.messages import finding
from early_id.linkage.records import PERSON
from early_id.linkage.rules import STANDING, Marked, forbidden

Answer: TypeAlias = Literal["same", "different", "open"]
#: What stands in the workbook → what it means; *not sure* leaves the pair open.
ANSWERS: dict[str, Answer] = {"same person": "same", "different people": "different", "not sure": "open"}


@dataclass(frozen=True, order=True)
class Decision:
    """What one person decided about two records, by the ids of their sources; the smaller of the two stands first."""

    one: tuple[str, str]
    two: tuple[str, str]
    answer: Answer
    by: str = ""
    on: str = ""
    note: str = ""

    @classmethod
    def of(cls, one: tuple[str, str], two: tuple[str, str], answer: Answer, *, by: str = "", on: date | None = None, note: str = "") -> Decision:
        """A decision, whichever record is named first."""
        first, second = sorted((one, two))
        return cls(first, second, answer, by, on.isoformat() if on else "", note)


@dataclass(frozen=True)
class Resolved:
    """Decisions as positions in the records: what is joined, what is kept apart, and what could not be followed."""

    same: pd.DataFrame = field(default_factory=lambda: _pairs([]))
    apart: pd.DataFrame = field(default_factory=lambda: _pairs([]))
    findings: tuple[Finding, ...] = ()

    def over(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """The pairs with the decisions in the place of what the model said. A pair that was opened again is as the model says."""
        for decided, verdict in ((self.same, "link"), (self.apart, "different")):
            keys = pd.MultiIndex.from_frame(pairs[["left", "right"]])
            is_decided = keys.isin(pd.MultiIndex.from_frame(decided))
            pairs = pairs.assign(
                verdict=pairs["verdict"].mask(is_decided, verdict),
                reason=pairs["reason"].mask(is_decided, "decision"),
                trust=pairs["trust"].mask(is_decided, 1.0 if verdict == "link" else np.nan),
            )
        return pairs


@dataclass(frozen=True)
class Decisions:
    """All decisions ever taken, in order."""

    items: tuple[Decision, ...] = ()

    def add(self, *more: Decision) -> Decisions:
        """These and ``more``."""
        return Decisions((*self.items, *more))

    def in_force(self) -> dict[tuple[tuple[str, str], tuple[str, str]], Decision]:
        """The last decision about each pair."""
        return {(item.one, item.two): item for item in self.items}

    def undo(self, *, by: str, on: date, last: int = 1) -> Decisions:
        """The last decisions in force taken back: their pairs are open again."""
        if last < 1:
            raise SettingsError("Fewer than one decision cannot be taken back.", where=f"last: {last}", what_next="Give 1 or more.")
        standing = [item for item in self.in_force().values() if item.answer != "open"]
        places = {id(item): place for place, item in enumerate(self.items)}
        standing.sort(key=lambda item: places[id(item)])
        return self.add(*(Decision.of(item.one, item.two, "open", by=by, on=on, note="taken back") for item in standing[-last:]))

    def on(self, records: pd.DataFrame, marked: Marked) -> Resolved:
        """The decisions in force about these records.

        A chain of *same* that ends in *different* contradicts itself: none of the decisions of that chain is used. *Same* where a hard rule forbids it is not
        used either. Each is a finding.
        """
        place = {key: at for at, key in enumerate(zip(records["source"], records["source_person_id"], strict=True))}
        found: list[Finding] = []
        kept: dict[Answer, list[tuple[int, int]]] = {"same": [], "different": [], "open": []}
        gone = 0
        for item in self.in_force().values():
            if item.one in place and item.two in place:
                left, right = sorted((place[item.one], place[item.two]))
                kept[item.answer].append((left, right))
            else:
                gone += 1
        if gone:
            found.append(finding("LNK014", gone, "decisions"))
        same, refused = _allowed(records, _pairs(kept["same"]), marked)
        if refused:
            found.append(finding("LNK008", refused, "decisions"))
        same, apart, contradictory = _without_contradictions(same, _pairs(kept["different"]))
        if contradictory:
            found.append(finding("LNK009", contradictory, "decisions"))
        return Resolved(same, apart, tuple(found))


def _pairs(items: list[tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame(sorted(set(items)), columns=["left", "right"]).astype("int64")


def _allowed(records: pd.DataFrame, same: pd.DataFrame, marked: Marked) -> tuple[pd.DataFrame, int]:
    if same.empty:
        return same, 0
    why = forbidden(facts_of(records, same), same, marked)
    bad = np.isin(why, STANDING)
    return same[~bad].reset_index(drop=True), int(bad.sum())


def _without_contradictions(same: pd.DataFrame, apart: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Leave out each chain of *same* within which somebody said *different*, with what was said."""
    root: dict[int, int] = {}

    def top(record: int) -> int:
        while root.setdefault(record, record) != record:
            record = root[record]
        return record

    for left, right in same.itertuples(index=False):
        root[top(left)] = top(right)
    bad = {top(left) for left, right in apart.itertuples(index=False) if top(left) == top(right)}
    if not bad:
        return same, apart, 0
    in_chain = [top(left) in bad for left, _ in same.itertuples(index=False)]
    against = [top(left) in bad and top(left) == top(right) for left, right in apart.itertuples(index=False)]
    keep_same = same[~np.array(in_chain, dtype=bool)].reset_index(drop=True)
    keep_apart = apart[~np.array(against, dtype=bool)].reset_index(drop=True)
    return keep_same, keep_apart, sum(in_chain) + sum(against)


def read_decisions(path: Path) -> Decisions:
    """The decisions kept in a store; none where nobody has decided anything yet.

    Raises
    ------
    InputDataError
        The file was changed by hand and cannot be read. Nothing is guessed: a lost decision would join or part a family.
    """
    if not path.is_file():
        return Decisions()
    items = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            items.append(Decision(**{**row, "one": tuple(row["one"]), "two": tuple(row["two"])}))
            if items[-1].answer not in ("same", "different", "open"):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            raise InputDataError(
                "A kept decision about a pair cannot be read.", where=f"{path}, line {number}", what_next="Restore the file from a backup."
            ) from None
    return Decisions(tuple(items))


def decision_lines(decisions: Decisions) -> str:
    """The decisions as text, one a line."""
    return "".join(json.dumps(asdict(item), ensure_ascii=False, sort_keys=True) + "\n" for item in decisions.items)


def keys_of(records: pd.DataFrame, positions: pd.Series) -> list[tuple[str, str]]:
    """(source, source_person_id) of records."""
    return [(str(s), str(p)) for s, p in records.iloc[positions.to_numpy()][PERSON].itertuples(index=False)]
