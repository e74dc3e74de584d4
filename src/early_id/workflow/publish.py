"""Write what people read: lists, findings, notices, governance page. Counts and hashes only; rows stay in the files of their readers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from early_id.core.errors import BusyError
from early_id.core.folders import put_in_place, restore, restrict, take_away
from early_id.core.types import Unit
from early_id.present.glossary import AsIs
from early_id.present.workbook import Sheet, write_workbook
from early_id.present.write import write_text
from early_id.report import NoticeContext, write_notices
from early_id.report.records import used_records
from early_id.screening.filled_in import put_aside, refuse_open_workbooks
from early_id.workflow.words import approval_text, glossary, said, watermark

if TYPE_CHECKING:
    from early_id.acceptance.approval import ApprovalStatus
    from early_id.features import FeatureMatrix
    from early_id.features.statutory import StatutoryGap
    from early_id.linkage import People
    from early_id.models.result import Trial
    from early_id.models.risk_model import RiskModel
    from early_id.screening.entries import ScreeningLists
    from early_id.workflow.steps import Bench

Output = dict[str, Any]


def check_free(out: Path) -> None:
    """Refuse to start where a file that will be replaced is open in another program (Excel locks what it shows) or may not be written to.

    Raises
    ------
    BusyError
        Names the file. Nothing was read or written yet.
    """
    refuse_open_workbooks(out)
    for pattern in ("*.html", "*.xlsx", "*.json", "notices/*.html", "restricted/*.xlsx", "lists/**/*.*"):
        for path in sorted(out.glob(pattern)):
            try:
                with path.open("r+b"):
                    pass
            except PermissionError:
                raise BusyError.target_open(path) from None


def relative(bench: Bench, path: Path) -> str:
    """A path relative to the output folder, with forward slashes."""
    return path.relative_to(bench.cfg.out_dir).as_posix()


def lists(bench: Bench, made: ScreeningLists, trials: Mapping[str, Trial], status: ApprovalStatus) -> list[Output]:
    """Workbook and page of every recipient, and the restricted file of those taken out."""
    from early_id.screening.write import write_lists

    return list(
        write_lists(
            made,
            bench.cfg.out_dir,
            offer=bench.cfg.offer,
            ask=bench.cfg.project.contact,
            watermark=watermark(status, trials),
            group=bench.cfg.shared_with_group,
        )
    )


def key_lists(
    bench: Bench, matrix: FeatureMatrix, models: Mapping[str, RiskModel], trials: Mapping[str, Trial], status: ApprovalStatus
) -> tuple[list[Output], list[dict[str, Any]]]:
    """Lists of keys, one recipient a school: for benchmarks on published data, where there are no names and nobody to talk to."""
    from early_id.screening.capacity import choose_families
    from early_id.workflow.steps import key_places

    outputs: list[Output] = []
    recipients: list[dict[str, Any]] = []
    for audience, model in models.items():
        now = matrix.at(matrix.index["as_of"].max())
        scores, capacity = model.scores(now.X), key_places(now.index, bench.cfg.training.capacity_share or 0.1)
        for name, rows in now.index.groupby("school_id", sort=True):
            chosen = choose_families(scores[rows.index], rows["family_id"], capacity[str(name)], tie_key=bench.cfg.project.key or "")
            keys = sorted(rows.loc[rows["family_id"].isin(chosen), "child_id"].astype(str))
            path = bench.cfg.out_dir / "lists" / str(name) / "list.xlsx"
            path.parent.mkdir(parents=True, exist_ok=True)
            sheet = Sheet(
                name="List",
                headings=["Key"],
                rows=[[AsIs(key)] for key in keys],
                widths=[70.0],
                landscape=False,
                notes=[f"{name}: {approval_text(status, trials)} In order of key, not of score.", *said(trials)],
            )
            write_workbook(path, [glossary(bench).sheet(sheet)], title=f"List of {name}", restricted=True)
            outputs.append({"kind": "key_list", "path": relative(bench, path), "audience": audience, "recipient": str(name), "families": len(chosen)})
            recipients.append({"audience": audience, "recipient": str(name), "capacity": capacity[str(name)], "families": len(chosen)})
    return outputs, recipients


#: Outputs that may lie open in a shared folder; everything else is for its owner to pass on.
FOR_ALL = ("governance_publishable.html", "notices")


@contextmanager
def at_once(bench: Bench) -> Iterator[Bench]:
    """A desk beside the output folder: what is written on it takes the place of the old outputs when everything has been written.

    Where anything fails, the old outputs are as they were. Lists of an earlier run never stay: without new ones the old ones go.
    """
    out, fresh = bench.cfg.out_dir, bench.cfg.out_dir / ".new"
    restore(out)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    cfg = bench.cfg.model_copy(update={"out": fresh.resolve(), "store": bench.cfg.store_dir.resolve()})
    try:
        yield replace(bench, cfg=cfg)
        for item in fresh.iterdir():
            if item.name not in FOR_ALL:
                restrict(item, group=cfg.shared_with_group)
        check_free(out)
        put_aside(out, group=cfg.shared_with_group)
        for name in ("lists", "restricted"):
            if not (fresh / name).exists():
                take_away(out / name)
        for item in sorted(fresh.iterdir()):
            put_in_place(item, out / item.name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def findings(bench: Bench, people: People, trials: Mapping[str, Trial]) -> list[Output]:
    """What was taken in and what the checks found, with the findings of linking; and a page of counts for each supplier."""
    from early_id.data.pages.write import write_findings

    taken = replace(bench.store.taken(), further=people.findings)
    page, *suppliers = write_findings(taken, bench.cfg.out_dir, contact=bench.cfg.project.contact, said=said(trials), words=glossary(bench).html)
    outputs: list[Output] = [{"kind": "findings", "path": relative(bench, page)}]
    return outputs + [{"kind": "supplier_summary", "path": relative(bench, path)} for path in suppliers]


def notices(bench: Bench, matrix: FeatureMatrix, trials: Mapping[str, Trial], gap: StatutoryGap | None = None) -> list[Output]:
    """The page for parents and the page for young people, filled with what this run really used."""
    cfg, span = bench.cfg, bench.store.span()
    oldest = f"; the oldest note is from {span[0]:%B %Y}" if span else ""
    context = NoticeContext(
        council=cfg.project.name,
        contact=cfg.project.contact,
        data_protection_contact=cfg.project.data_protection_contact,
        made_up=bench.store.made_up,
        used=used_records([feature for trial in trials.values() for feature in trial.best.features], matrix.X),
        audiences=bench.in_force.programme.audiences,
        kept={"Lists": f"{cfg.screening.expires_after_days // 7} weeks", "The notes behind them": f"until the council takes them out{oldest}"},
        left_out=gap is None,
        family=any(feature.unit is Unit.FAMILY for trial in trials.values() for feature in trial.best.features),
        lawful_basis=cfg.project.lawful_basis,
        first_list_on=cfg.as_of.screening,
        said=said(trials),
        looked_at=f"children and young people aged {cfg.cohort.youngest} to {cfg.cohort.oldest}",
    )
    made = write_notices(cfg.out_dir / "notices", context)
    return [{"kind": f"notice_{name}", "path": relative(bench, path)} for name, path in made.items()]


def manifest(bench: Bench, result: dict[str, Any]) -> None:
    """``run.json``: what the run made, in counts and paths."""
    write_text(bench.cfg.out_dir / "run.json", json.dumps(result, indent=1, default=str))


def counts(bench: Bench, batch: Any, people: People, matrix: FeatureMatrix) -> dict[str, Any]:
    """How many of what went through each step."""
    latest = matrix.index["as_of"].max()
    return {
        "files": len(batch.files),
        "rows_in": sum(item.rows_in for item in batch.files),
        "rows_kept": sum(item.rows_kept for item in batch.files),
        "rows_set_aside": sum(item.rows_set_aside for item in batch.files),
        "people": len(people),
        "as_of_dates": [str(d) for d in matrix.meta.as_of_dates],
        "rows": len(matrix),
        "features": matrix.X.shape[1],
        "cohort_now": int((matrix.index["as_of"] == latest).sum()),
        "urgent_signs": batch.urgent,
        "files_by_name": {item.file: {k: v for k, v in asdict(item).items() if k.startswith("rows")} for item in batch.files},
    }
