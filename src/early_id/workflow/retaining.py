"""The end of the time that things are kept: what is over is deleted, and what was deleted is reported."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from early_id.core.trail import Trail
from early_id.data.aside import WAITING
from early_id.data.decisions import FOLDER as DECISIONS
from early_id.data.decisions import keep_only, read_decisions
from early_id.data.remove import count_rows, drop_old_versions, expired, remove_rows
from early_id.screening.filled_in import put_aside
from early_id.workflow.reviewing import write_what_needs_a_person
from early_id.workflow.steps import at_work, open_bench, settle_lists

if TYPE_CHECKING:
    from early_id.config.settings import Config
    from early_id.workflow.steps import Bench

#: Files about people that are written over or added to: as old as they are.
LOOSE = ("features/*.parquet", "retired/*.csv")
#: Folders of the output folder that are named by the day on which they were made.
DATED = ("followup", "feedback", "filled_in", "rights", "missed", "oversight", "reading")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class Retained:
    """What was deleted, by kind, and what nobody has decided about."""

    deleted: dict[str, int]
    undecided: tuple[str, ...]
    dry_run: bool

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"deleted": self.deleted, "undecided": list(self.undecided), "dry_run": self.dry_run}


def retain(cfg: Config, *, today: date | None = None, dry_run: bool = False) -> Retained:
    """Delete what is over by the settings' ``retention``, and put it on the trail. With ``dry_run`` it is only counted."""
    bench, day, rules = open_bench(cfg), today or date.today(), cfg.retention
    steps: dict[str, tuple[object, Callable[[Bench, date, bool], dict[str, int]]]] = {
        "rows of sources": (rules.sources or rules.other_sources, _rows),
        "earlier versions": (rules.versions, _versions),
        "rows set aside": (rules.set_aside, _set_aside),
        "lists and sheets": (rules.lists is not None, _lists),
        "decisions": (rules.decisions, _decisions),
        "keys of the trail": (rules.trail_years, _keys),
    }
    deleted: dict[str, int] = {}
    with at_work(bench, on_store=True):
        if rules.lists is not None and not dry_run:
            settle_lists(bench)  # a publication that broke off is put on record before its lists go
        try:
            for decided, step in steps.values():
                if decided:
                    deleted |= {name: n for name, n in step(bench, day, dry_run).items() if n}
        finally:  # what is gone is on record, whatever happened to the rest
            if deleted and not dry_run:
                Trail(cfg.store_dir, cfg.shared_with_group).note("retain", {"deleted": deleted, "on": day.isoformat()})
    return Retained(deleted, tuple(name for name, (decided, _) in steps.items() if not decided), dry_run)


def _rows(bench: Bench, today: date, dry: bool) -> dict[str, int]:
    rules, store = bench.cfg.retention, bench.store
    names = {str(row["source"]) for row in store.version.coverage}
    days = {name: rules.sources.get(name, rules.other_sources or 0) for name in names}
    predicates = expired(store, {name: n for name, n in days.items() if n}, today)
    found = count_rows(store, predicates) if dry else remove_rows(store, predicates)
    return {f"rows of {name}": n for name, n in found.items()}


def _versions(bench: Bench, today: date, dry: bool) -> dict[str, int]:
    before = today - timedelta(days=bench.cfg.retention.versions or 0)
    if not dry:
        return {"earlier versions of the store": drop_old_versions(bench.store, before=before)}
    count = 0
    for listing in (bench.store.folder / "versions").glob("*.json"):
        if int(listing.stem) != bench.store.version.number:
            batches = json.loads(listing.read_text(encoding="utf-8"))["batches"]
            received = max((date.fromisoformat(file["received"]) for batch in batches for file in batch["files"]), default=date.min)
            count += received < before
    return {"earlier versions of the store": count}


def _set_aside(bench: Bench, today: date, dry: bool) -> dict[str, int]:
    before = today - timedelta(days=bench.cfg.retention.set_aside or 0)
    gone = 0
    for batch in bench.store.version.batches:
        received = max((date.fromisoformat(file["received"]) for file in batch["files"]), default=today)
        folder = bench.store.folder / "set_aside" / f"{batch['number']:06d}"
        # What waits for a correction is the version's: places and hashes, which go with it.
        versions = bench.store.folder / "versions" / f"{batch['number']:06d}.json"
        over = [item for item in folder.glob("*") if not (item.name == WAITING and versions.is_file())]
        if received < before and over:
            gone += 1
            if not dry:
                for item in over:
                    item.unlink()
        note = bench.store.folder / "urgent" / f"{batch['number']:06d}.json"
        # An urgent file that nobody has acknowledged stays, however old it is.
        if received < before and note.is_file() and json.loads(note.read_text(encoding="utf-8")).get("acknowledged_on"):
            gone += 1
            if not dry:
                note.unlink()
                note.with_suffix(".csv").unlink(missing_ok=True)
    return {"batches' rows set aside and urgent files": gone}


def _lists(bench: Bench, today: date, dry: bool) -> dict[str, int]:
    out, before = bench.cfg.out_dir, today - timedelta(days=bench.cfg.retention.lists or 0)
    gone = {"lists": 0, "dated folders": 0, "files of features and of retired models": 0}
    manifests = list((out / "lists").glob("*/*/manifest.json"))
    ends = [_field(path, "expires_on") for path in manifests]
    if manifests and all(end is not None and end < before for end in ends):
        gone["lists"] = len(manifests)
        if not dry:
            put_aside(out, group=bench.cfg.shared_with_group)  # what somebody filled in, and nobody has imported yet
            for name in ("lists", "restricted", "reviews"):
                shutil.rmtree(out / name, ignore_errors=True)
            if len(read_decisions(bench.cfg.store_dir)):  # step-ups and lines set aside stay open, whatever became of the lists
                write_what_needs_a_person(bench)
    for folder in (item for name in DATED for item in (out / name).glob("*")):
        found = _DAY.search(folder.name)
        if found and date.fromisoformat(found.group(1)) < before:
            gone["dated folders"] += 1
            if not dry:
                shutil.rmtree(folder) if folder.is_dir() else folder.unlink()
    for path in (item for name in LOOSE for item in out.glob(name)):
        if date.fromtimestamp(path.stat().st_mtime) < before:
            gone["files of features and of retired models"] += 1
            if not dry:
                path.unlink()
    return gone


def _decisions(bench: Bench, today: date, dry: bool) -> dict[str, int]:
    store, before = bench.cfg.store_dir, (today - timedelta(days=bench.cfg.retention.decisions or 0)).isoformat()
    rows = read_decisions(store)
    old = (rows["imported_on"] < before) & (rows["imported_on"] != "")
    kept = {digest[:16] for digest in rows.loc[~old, "file_sha256"]}
    came = _came_in(store)
    gone = {digest[:16] for digest in rows.loc[old, "file_sha256"]}
    books = [path for path, day in came.items() if path.stem not in kept and (path.stem in gone or day < before)]
    if not dry:
        keep_only(store, ~old, group=bench.cfg.shared_with_group)
        for book in books:
            book.unlink()
    return {"decisions": int(old.sum()), "workbooks": len(books)}


def _came_in(store: Path) -> dict[Path, str]:
    """Workbook → day on which it came in last, by the trail; by its file where nothing is on record of it."""
    days: dict[str, str] = {}
    for record in Trail(store).read():
        if record.kind == "review":
            days |= {one["sha256"]: record.body.get("on", record.at[:10]) for one in record.body["workbooks"]}
    books = (store / DECISIONS / "workbooks").glob("*.xlsx")
    return {path: days.get(path.stem, date.fromtimestamp(path.stat().st_mtime).isoformat()) for path in books}


def _keys(bench: Bench, today: date, dry: bool) -> dict[str, int]:
    trail = Trail(bench.cfg.store_dir, bench.cfg.shared_with_group)
    over = [year for year in trail.years_held() if today.year - year > (bench.cfg.retention.trail_years or 0)]
    if not dry:
        for year in over:
            trail.destroy(year)
    return {"keys to the people of a year in the trail": len(over)}


def _field(path: Path, name: str) -> date | None:
    try:
        return date.fromisoformat(json.loads(path.read_text(encoding="utf-8"))[name])
    except (OSError, ValueError, KeyError, TypeError):
        return None
