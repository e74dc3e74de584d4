"""What linking keeps in a store, in the folder ``linkage`` that only its owner can read.

```
linkage/
  links.json                 every linking: number, data, state, day, newest day received, merges and splits, and whether all was dated anew; only ever added to
  links/000001.parquet       the links as they were then, closed ones included
  waits/000001.parquet       the pairs that waited for a person by then, closed ones included
  joins/000001.parquet       the pairs that were joined then, each by itself
  weights-….parquet          the weights of the pairs of one state of the records, so that they are learnt once
  decisions.jsonl            what people decided about pairs; only ever added to
```
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from early_id.core.errors import BusyError, InputDataError, SettingsError
from early_id.core.fingerprint import fingerprint, frame_fingerprint
from early_id.core.folders import restrict
from early_id.linkage.decisions import Decisions, decision_lines, read_decisions
from early_id.linkage.history import Change, History
from early_id.linkage.model import LinkageModel
from early_id.linkage.splink_pass import Level, Scored, score_pairs
from early_id.linkage.waiting import PAIR
from early_id.present.write import write_bytes, write_text

if TYPE_CHECKING:
    from early_id.config.engine import EngineSettings

#: Changed with anything that makes other weights of the same records.
_WEIGHTS_VERSION = 1


@dataclass(frozen=True)
class Kept:
    """The folder ``linkage`` of a store.

    Parameters
    ----------
    folder : Path
    group : bool
        Whether the group of the folder's owner may read it, as the settings say.
    """

    folder: Path
    group: bool = False

    @property
    def decisions_path(self) -> Path:
        """The file of decisions."""
        return self.folder / "decisions.jsonl"

    def decisions(self) -> Decisions:
        """What people have decided about pairs."""
        return read_decisions(self.decisions_path)

    def keep_decisions(self, decisions: Decisions) -> None:
        """Write decisions; those held before have to be the beginning of them."""
        self.make()
        write_text(self.decisions_path, decision_lines(decisions))
        restrict(self.decisions_path, group=self.group)

    def linkings(self) -> list[dict[str, Any]]:
        """Every linking so far: number, data, state, on, changes."""
        path = self.folder / "links.json"
        if not path.is_file():
            return []
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return [dict(item) for item in found]
        except (OSError, ValueError, TypeError):
            raise _damaged(path) from None

    def links_of(self, number: int) -> pd.DataFrame:
        """The links of one linking."""
        path = self.folder / "links" / f"{number:06d}.parquet"
        try:
            return pd.read_parquet(path)
        except (OSError, ValueError):
            raise _damaged(path) from None

    def waits_of(self, number: int) -> pd.DataFrame | None:
        """The pairs that waited by one linking; None where it was kept by a version that did not keep them."""
        return self._pairs_of("waits", number)

    def joins_of(self, number: int) -> pd.DataFrame | None:
        """The pairs that one linking joined; None where it was kept by a version that did not keep them."""
        return self._pairs_of("joins", number)

    def _pairs_of(self, name: str, number: int) -> pd.DataFrame | None:
        path = self.folder / name / f"{number:06d}.parquet"
        try:
            return pd.read_parquet(path) if path.is_file() else None
        except (OSError, ValueError):
            raise _damaged(path) from None

    def history(self) -> History:
        """All links and changes until now."""
        held = self.linkings()
        if not held:
            return History()
        changes = tuple(Change(**change) for item in held for change in item["changes"])
        number = held[-1]["number"]
        return History(self.links_of(number), changes, self.waits_of(number), self.joins_of(number))

    def replay(self, *, data: str, state: str, newest: bool) -> History | None:
        """The links, changes and waiting pairs that were made of the same data in the same state; None where they never were.

        Of data that are not the newest, the last links that were made of them, whatever has been decided since: whoever builds a model again wants the links
        that it had.
        """
        same = [item for item in self.linkings() if item["data"] == data and (not newest or item["state"] == state)]
        if not same:
            return None
        number = same[-1]["number"]
        changes = tuple(Change(**change) for change in same[-1]["changes"])
        return History(self.links_of(number), changes, self.waits_of(number), self.joins_of(number))

    def keep_links(self, made: History, *, data: str, state: str, on: pd.Timestamp, received: pd.Timestamp | None = None, anew: bool = False) -> None:
        """Add one linking, with what it changed; ``received`` is the newest day on which anything was; with ``anew``, as one that dated all links again."""
        self.make()
        held = self.linkings()
        number = (held[-1]["number"] if held else 0) + 1
        for name, frame in (("links", made.links), ("waits", made.waits), ("joins", made.joins)):
            (self.folder / name).mkdir(exist_ok=True)
            if frame is not None:
                write_bytes(self.folder / name / f"{number:06d}.parquet", _parquet(frame))
        row = {"number": number, "data": data, "state": state, "on": str(on.date()), "changes": [asdict(change) for change in made.changes]}
        row |= {"received": str(received.date())} if received is not None else {}
        row |= {"anew": True} if anew else {}
        write_text(self.folder / "links.json", json.dumps([*held, row], indent=1))
        restrict(self.folder, group=self.group)

    def go_back(self, number: int) -> None:
        """Take back the linkings after ``number``, because the run that made them failed; 0 is none at all."""
        held = self.linkings()
        later = [item for item in held if item["number"] > number]
        if not later:
            return
        kept = [item for item in held if item["number"] <= number]
        # The list first: a file that it does not name is nothing.
        if kept:
            write_text(self.folder / "links.json", json.dumps(kept, indent=1))
        else:
            (self.folder / "links.json").unlink(missing_ok=True)
        for item in later:
            for name in ("links", "waits", "joins"):
                (self.folder / name / f"{item['number']:06d}.parquet").unlink(missing_ok=True)
        restrict(self.folder, group=self.group)

    def score(self, records: pd.DataFrame, model: LinkageModel, least: float, spark: EngineSettings | None = None) -> Scored:
        """Weights as kept from an earlier run on the same records and model; else learnt now, on Spark where its settings are given, and kept."""
        # Spark may draw other pairs to learn from, so its weights are not taken for DuckDB's.
        engine = ["spark"] if spark is not None else []
        mark = fingerprint([frame_fingerprint(records), asdict(model), least, _WEIGHTS_VERSION, *engine])
        path, beside = self.folder / f"weights-{mark}.parquet", self.folder / f"weights-{mark}.json"
        with suppress(OSError, ValueError, KeyError, TypeError):
            if path.is_file() and beside.is_file():
                said = json.loads(beside.read_text(encoding="utf-8"))
                levels = tuple(Level(**level) for level in said["levels"])
                return Scored(pd.read_parquet(path), pd.DataFrame(said["blocking"]), levels, said["prior"], said["taught"])
        made = score_pairs(records, model, least=least, spark=spark)
        with suppress(OSError, SettingsError, BusyError):  # a reader without the right to write learns them anew
            self.make()
            for old in self.folder.glob("weights-*"):
                old.unlink(missing_ok=True)
            write_bytes(path, _parquet(made.pairs))
            said = {
                "levels": [asdict(level) for level in made.levels],
                "blocking": made.blocking.to_dict("records"),
                "prior": made.prior,
                "taught": made.taught,
            }
            write_text(beside, json.dumps(said))
            restrict(self.folder, group=self.group)
        return made

    def forget(self, people: Iterable[tuple[str, str]]) -> int:
        """Take out everything that is kept about these records, as an erasure asks: their links of all times, merges and splits of their ids,
        decisions about them, weights; how many lines.
        """
        gone = {(str(source), str(person)) for source, person in people}
        lines, ids = 0, set()
        for path in sorted((self.folder / "links").glob("*.parquet")):
            frame = pd.read_parquet(path)
            mine = np.array([pair in gone for pair in zip(frame["source"], frame["source_person_id"], strict=True)], dtype=bool)
            if mine.any():
                lines += int(mine.sum())
                ids |= set(frame.loc[mine, "child_id"])
                write_bytes(path, _parquet(frame[~mine].reset_index(drop=True)))
        for path in sorted(path for name in ("waits", "joins") for path in (self.folder / name).glob("*.parquet")):
            frame = pd.read_parquet(path)
            ours = np.array([row[:2] in gone or row[2:] in gone for row in frame[list(PAIR)].itertuples(index=False, name=None)], dtype=bool)
            if ours.any():
                write_bytes(path, _parquet(frame[~ours].reset_index(drop=True)))
        told = self.linkings()
        left = [{**item, "changes": [one for one in item["changes"] if not {one["child_id"], one["other_id"]} & ids]} for item in told]
        if left != told:
            lines += sum(len(item["changes"]) for item in told) - sum(len(item["changes"]) for item in left)
            write_text(self.folder / "links.json", json.dumps(left, indent=1))
        held = self.decisions()
        kept = Decisions(tuple(item for item in held.items if item.one not in gone and item.two not in gone))
        if len(kept.items) < len(held.items):
            lines += len(held.items) - len(kept.items)
            self.keep_decisions(kept)
        sent = self.folder / "review.json"
        if sent.is_file():
            pairs = json.loads(sent.read_text(encoding="utf-8"))
            write_text(sent, json.dumps({code: both for code, both in pairs.items() if not any(tuple(one) in gone for one in both)}, sort_keys=True))
        for weights in self.folder.glob("weights-*"):
            weights.unlink(missing_ok=True)
        if self.folder.is_dir():
            restrict(self.folder, group=self.group)
        return lines

    def make(self) -> None:
        """Make the folder, which only its owner can read before anything is in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        restrict(self.folder, group=self.group)


def _parquet(frame: pd.DataFrame) -> bytes:
    out = BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


def _damaged(path: Path) -> InputDataError:
    return InputDataError("What linking keeps in the store cannot be read.", where=str(path), what_next="Restore the folder from a backup.")
