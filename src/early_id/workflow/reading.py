"""The steps behind ``reading``: a draw, what readers judged, and what that says. Off unless a board has approved it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.chain import Chain
from early_id.core.errors import InputDataError, PolicyError
from early_id.core.folders import own_folder, restrict
from early_id.core.privacy import keyed_hash
from early_id.data.decisions import add_decisions, keep_workbook, read_decisions
from early_id.data.erased import erased_among
from early_id.explain.wording import year_label
from early_id.learning.reading import JUDGED, Estimate, draw, estimate
from early_id.learning.reading_sheet import reading_workbook
from early_id.present.wording import MADE_UP
from early_id.present.write import write_bytes
from early_id.screening.listed import FOLLOW_UP, listed, newest_of_each
from early_id.screening.people import sort_key
from early_id.screening.review import read_workbook, workbooks_in
from early_id.workflow.afterwards import not_for_keys
from early_id.workflow.reviewing import write_what_needs_a_person
from early_id.workflow.steps import at_work, open_bench, people_frame
from early_id.workflow.trailing import trail_of

if TYPE_CHECKING:
    from early_id.config.settings import Config

LEDGER, KIND = "reading.jsonl", "reading"
ENTRY = ["key", "child_id", "family_id", "hub_id", "stratum", "chance"]


@dataclass(frozen=True)
class Reading:
    """What a step of random reading gave: counts and paths."""

    drawn: int = 0
    read: int = 0
    aside: int = 0
    estimate: Estimate | None = None
    outputs: tuple[dict[str, Any], ...] = ()
    again: bool = False  #: the draw of the date was on record already, and stands
    left_out: int = 0  #: lines about children whose records were erased
    books: int = 0
    understood: int = 0  #: workbooks that could be read as those of a draw on record

    @property
    def nothing_read(self) -> bool:
        """Whether workbooks came in, and not one could be read as that of a draw made here."""
        return self.books > 0 and not self.understood

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        said = {**asdict(self.estimate), "text": self.estimate.text} if self.estimate else None
        return {
            "drawn": self.drawn,
            "drawn_before": self.again,
            "read": self.read,
            "set_aside": self.aside,
            "left_out": self.left_out,
            "estimate": said,
            "outputs": list(self.outputs),
        }


def ledger(store: Path) -> Chain:
    """The chain of draws."""
    return Chain(store / LEDGER, "records of random readings")


def draw_records(cfg: Config, *, seed: int | None = None) -> Reading:
    """Draw families by lot from those who could be on the lists of the date, and write a workbook for each hub.

    A date is drawn once: of two samples somebody could choose the one that says what they like. Asked for again, the first draw is given, and workbooks
    that are missing are written; none that lies there is replaced.

    Raises
    ------
    PolicyError
        No board has approved it.
    InputDataError
        No list of the date is on record, so there is no line.
    """
    rules = cfg.random_reading
    if not rules.below:
        raise PolicyError(
            "Records are not read at random: it is off, and no board has approved it.", where="random_reading",
            what_next="Put it before the board and into the notices; then set below, above, approved_by, minutes and named_in_notice.",
        )  # fmt: skip
    bench = open_bench(cfg)
    not_for_keys(bench, "Reading of records")
    with at_work(bench, on_store=True):
        day, people = bench.screening_date(), bench.people
        held = newest_of_each(listed(cfg.store_dir))
        held = held[(held["list_as_of"] == day.isoformat()) & (held["audience"] != FOLLOW_UP)]
        if held.empty:
            raise InputDataError(
                "No list of this date is on record, so nobody is above or below its line.", where=str(day), what_next="Make the lists first."
            )
        who = people_frame(bench.store, people, day, settings=cfg, programme=bench.in_force.programme).dropna(subset=["hub_id"])
        who = who.assign(is_listed=who["child_id"].isin(held["child_id"]))
        before = _drawn(cfg.store_dir)
        entries = before[before["as_of"] == day.isoformat()]
        again = len(entries) > 0
        if not again:
            families = who.groupby("family_id")["is_listed"].any().reset_index()
            number = secrets.randbits(48) if seed is None else seed
            first = who.sort_values(["family_id", "child_id"]).drop_duplicates("family_id")
            entries = draw(families, below=rules.below, above=rules.above, seed=number).merge(
                first[["family_id", "child_id", "hub_id"]], on="family_id"
            )
            entries["key"] = [keyed_hash(f"{family}|{day}|{KIND}", people.key, length=8).upper() for family in entries["family_id"]]
            listed_now = entries[ENTRY].astype({"hub_id": str}).to_numpy().tolist()
            ledger(cfg.store_dir).append(
                "drawn", {"as_of": day.isoformat(), "seed": number, "approved_by": rules.approved_by, "minutes": rules.minutes, "entries": listed_now}
            )
        rows = entries[["key", "child_id", "stratum", "chance"]].merge(who, on="child_id")
        names = zip(rows["forename"].fillna(""), rows["surname"].fillna(""), strict=True)
        rows["name"] = [f"{f} {s}".strip() for f, s in names]
        rows["order"] = [sort_key(f"{s} {f}") for f, s in zip(rows["forename"].fillna(""), rows["surname"].fillna(""), strict=True)]
        rows["year"] = [year_label("" if pd.isna(v) else str(v)) or "not held" for v in rows["nc_year"]]
        rows["school"] = rows["school_name"].fillna("not held")
        own_folder(cfg.out_dir / KIND, group=cfg.shared_with_group)
        outputs = []
        for hub, own in rows.sort_values(["order", "child_id"]).groupby("hub_id"):
            path = cfg.out_dir / KIND / day.isoformat() / f"{_safe(str(hub))}.xlsx"
            content = reading_workbook(
                own[["name", "year", "school", "key"]],
                str(own["hub_name"].iloc[0] or hub),
                council=cfg.project.name,
                watermark=MADE_UP if bench.store.made_up else None,
            )
            if not path.exists():
                write_bytes(path, content)
            outputs.append({"kind": KIND, "path": path.relative_to(cfg.out_dir).as_posix(), "families": len(own)})
        restrict(cfg.out_dir / KIND, group=cfg.shared_with_group)
        trail = trail_of(bench)
        trail.note("reading", {"as_of": day.isoformat(), "drawn_before": again, "people": trail.people(rows["child_id"])})
    return Reading(drawn=len(rows), outputs=tuple(outputs), again=again)


def import_readings(cfg: Config, path: Path, *, today: date | None = None) -> Reading:
    """Put what readers judged on record, and say what all readings so far tell."""
    bench, day = open_bench(cfg), today or date.today()
    if not path.exists():
        raise InputDataError(
            "There is no such file or folder.", where=str(path), what_next="Give the workbook that came back, or the folder they lie in."
        )
    books = [read_workbook(one, today=day) for one in workbooks_in(path)]
    if not books:
        raise InputDataError("The folder holds no workbook.", where=str(path), what_next="Give the folder in which the returned workbooks lie.")
    with at_work(bench, on_store=True):
        drawn = _drawn(cfg.store_dir)
        known, held = set(drawn["key"]), read_decisions(cfg.store_dir)
        # What was only set aside is looked at again: its draw may be on record by now.
        left_before = held["kind"] == "aside"
        before, seen = set(held.loc[left_before & (held["row"] == 0), "file_sha256"]), set(held.loc[~left_before, "file_sha256"])
        erased = keys_drawn(cfg.store_dir, erased_among(bench.store, "child", drawn["child_id"]))
        deleted = erased_among(bench.store, "book", (book.digest for book in books))
        rows, aside, left_out, understood = [], 0, 0, 0
        for book in books:
            keys = {line.key for line in book.lines}
            if not (book.left or book.digest in deleted or keys & erased):
                keep_workbook(cfg.store_dir, book.digest, book.content, group=cfg.shared_with_group)
            if book.digest in seen:
                understood += 1
                continue
            if book.why_not or not keys & known:
                aside += 1
                if book.digest not in before:
                    rows.append({"kind": "aside", "row": 0, "reason": book.why_not or "its keys are of no draw on record",
                                 "file_sha256": book.digest, "file": book.name, "imported_on": day.isoformat()})  # fmt: skip
                continue
            understood += 1
            for line in book.lines:
                judged = next((one for one in JUDGED if sort_key(one) == sort_key(line.said)), "")
                if not line.said:
                    continue
                if line.key in erased:
                    left_out += 1
                    continue
                if line.key not in known or not judged:
                    aside += 1
                    continue
                entry = drawn[drawn["key"] == line.key].iloc[-1]
                rows.append({"kind": KIND, "list_as_of": entry["as_of"], "audience": KIND, "recipient": entry["hub_id"], "key": line.key, "child_id": entry["child_id"],
                             "family": entry["family_id"], "decision": judged, "said": line.said, "decided_on": line.decided_on, "role": line.role, "notes": line.notes,
                             "row": line.row, "file_sha256": book.digest, "imported_on": day.isoformat()})  # fmt: skip
        add_decisions(cfg.store_dir, rows, group=cfg.shared_with_group)
        read = sum(row["kind"] == KIND for row in rows)
        trail_of(bench).note("reading", {"read": read, "set_aside": aside})
        outputs = write_what_needs_a_person(bench) if read < len(rows) else []
    return Reading(
        read=read,
        aside=aside,
        left_out=left_out,
        estimate=readings_say(cfg.store_dir),
        outputs=tuple(outputs),
        books=len(books),
        understood=understood,
    )


def readings_say(store: Path) -> Estimate:
    """What all readings of all draws say together; of two readings of one family the later counts."""
    drawn, rows = _drawn(store), read_decisions(store)
    read = (
        rows[rows["kind"] == KIND].drop_duplicates(["list_as_of", "key"], keep="last").rename(columns={"decision": "judged", "list_as_of": "as_of"})
    )
    return estimate(drawn.merge(read[["as_of", "key", "judged"]], on=["as_of", "key"]))


def keys_drawn(store: Path, children: Iterable[str]) -> frozenset[str]:
    """Keys under which some children were drawn, of all draws."""
    drawn = _drawn(store)
    return frozenset(drawn.loc[drawn["child_id"].isin(list(children)), "key"])


def _drawn(store: Path) -> pd.DataFrame:
    """Who was drawn: of each date by its first draw, whatever an older store may hold."""
    parts: dict[str, pd.DataFrame] = {}
    for record in ledger(store).read():
        as_of = str(record.body["as_of"])
        parts.setdefault(as_of, pd.DataFrame(record.body["entries"], columns=ENTRY).assign(as_of=as_of))
    return pd.concat(parts.values(), ignore_index=True) if parts else pd.DataFrame(columns=[*ENTRY, "as_of"])


def _safe(name: str) -> str:
    """A name from the data as the name of a file."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name).strip("_") or "unnamed"
