"""Write what people read: lists, findings, notices, governance page. Counts and hashes only; rows stay in the files of their readers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from early_id.core.errors import BusyError
from early_id.core.folders import restrict
from early_id.features.cohort import REASONS
from early_id.features.themes import THEMES
from early_id.present.page import render_page, table_html
from early_id.present.wording import MADE_UP
from early_id.present.workbook import Sheet, write_workbook
from early_id.present.write import write_text
from early_id.report import GovernanceContext, NoticeContext, governance_pack, write_notices
from early_id.report.context import list_name
from early_id.report.records import used_records
from early_id.workflow.words import NO_LISTS, approval_text, first_date, glossary, not_looked_at, outcome_sentence, said, watermark

if TYPE_CHECKING:
    from early_id.acceptance.approval import ApprovalStatus
    from early_id.audit.result import AuditResult
    from early_id.features import FeatureMatrix
    from early_id.features.statutory import StatutoryGap
    from early_id.linkage import People
    from early_id.models.result import Trial
    from early_id.models.risk_model import RiskModel
    from early_id.screening.lists import ScreeningLists
    from early_id.workflow.steps import Bench

Output = dict[str, Any]


def check_free(out: Path) -> None:
    """Refuse to start where a file that will be replaced is open in another program (Excel locks what it shows) or may not be written to.

    Raises
    ------
    BusyError
        Names the file. Nothing was read or written yet.
    """
    for pattern in ("*.html", "*.xlsx", "*.json", "notices/*.html", "restricted/*.xlsx", "lists/**/*.*"):
        for path in sorted(out.glob(pattern)):
            try:
                with path.open("r+b"):
                    pass
            except PermissionError:
                raise BusyError.target_open(path) from None


def _shown(bench: Bench, path: Path) -> str:
    """A path relative to the output folder, with forward slashes."""
    return path.relative_to(bench.cfg.out_dir).as_posix()


def lists(bench: Bench, made: ScreeningLists, trials: Mapping[str, Trial], status: ApprovalStatus) -> list[Output]:
    """Workbook and page of every recipient, and the restricted file of those taken out."""
    from early_id.screening.write import write_lists

    return list(write_lists(made, bench.cfg.out_dir, offer=bench.cfg.offer, ask=bench.cfg.project.contact, watermark=watermark(status, trials)))


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
                rows=[[key] for key in keys],
                widths=[70.0],
                landscape=False,
                notes=[f"{name}: {approval_text(status, trials)} In order of key, not of score.", *said(trials)],
            )
            write_workbook(path, [glossary(bench).sheet(sheet)], title=f"List of {name}", restricted=True)
            outputs.append({"kind": "key_list", "path": _shown(bench, path), "audience": audience, "recipient": str(name), "families": len(chosen)})
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
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    cfg = bench.cfg.model_copy(update={"out": fresh.resolve(), "store": bench.cfg.store_dir.resolve()})
    try:
        yield replace(bench, cfg=cfg)
        for item in fresh.iterdir():
            if item.name not in FOR_ALL:
                restrict(item)
        check_free(out)
        for name in ("lists", "restricted"):
            if not (fresh / name).exists():
                shutil.rmtree(out / name, ignore_errors=True)
        for item in sorted(fresh.iterdir()):
            target = out / item.name
            if target.is_dir():
                shutil.rmtree(target)
            item.replace(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def findings(bench: Bench, people: People, trials: Mapping[str, Trial]) -> list[Output]:
    """The findings of every batch and of linking, as a page of counts."""
    from early_id.core.findings import Findings

    rows = [row for batch in bench.store.version.batches for row in batch["findings"]]
    everything = Findings.from_json(rows) + people.findings
    files = pd.DataFrame([file for batch in bench.store.version.batches for file in batch["files"]])
    found = everything.frame().rename(columns={"where": "file", "message": "what", "advice": "what to do"})
    told = ["code", "severity", "what", "what to do"]
    shown = found.groupby(told, sort=False, dropna=False).agg(count=("count", "sum"), files=("file", "nunique")).reset_index()
    shown = shown.sort_values(["code", "severity"], kind="stable")[["code", "severity", "what", "count", "files", "what to do"]]
    where = found[["code", "file", "count"]].sort_values(["code", "file"], kind="stable")
    counts = files[["file", "source", "table", "rows_in", "rows_kept", "rows_set_aside"]].rename(columns=lambda name: name.replace("_", " "))
    rows_in, kept, aside = (int(files[name].sum()) for name in ("rows_in", "rows_kept", "rows_set_aside"))
    body = Markup("<h2>Files</h2><p>{} rows came in, {} were kept, {} were set aside with the reason. None was dropped.</p>{}").format(
        f"{rows_in:,}", f"{kept:,}", f"{aside:,}", table_html(list(counts.columns), counts.astype(object).to_numpy().tolist(), "Rows of each file")
    )
    body += Markup(
        "<h2>Findings</h2><p>{} kinds of finding. ERROR: the row was set aside. QUERY: it was kept, and somebody should ask.</p>{}<h2>Where</h2>{}"
    ).format(
        f"{len(shown):,}",
        table_html(list(shown.columns), shown.astype(object).to_numpy().tolist(), "What the checks found"),
        table_html(list(where.columns), where.astype(object).to_numpy().tolist(), "Findings of each file"),
    )
    path = bench.cfg.out_dir / "findings.html"
    page = render_page("What was taken in, and what the checks found", body, banner="Counts only: for the analyst and the suppliers of the files.",
                       watermark=MADE_UP if bench.store.made_up else None, said=said(trials))  # fmt: skip
    write_text(path, glossary(bench).html(page))
    return [{"kind": "findings", "path": _shown(bench, path)}]


def _themes(bench: Bench) -> dict[str, list[str]]:
    """Theme title → classes of who holds its records."""
    held: dict[str, list[str]] = {}
    for feature in bench.in_force.catalogue:
        classes = held.setdefault(THEMES[feature.theme].title, [])
        if str(feature.sharing) not in classes:
            classes.append(str(feature.sharing))
    return held


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
        lawful_basis=cfg.project.lawful_basis,
        first_list_on=cfg.as_of.screening,
        said=said(trials),
        looked_at=f"children and young people aged {cfg.cohort.youngest} to {cfg.cohort.oldest}",
    )
    made = write_notices(cfg.out_dir / "notices", context)
    return [{"kind": f"notice_{name}", "path": _shown(bench, path)} for name, path in made.items()]


def sharing_cost(matrix: FeatureMatrix) -> dict[str, Any]:
    """Families on no school list because of another agency's records."""
    now = matrix.at(matrix.index["as_of"].max()).index
    why = {
        "a child of the household is open to services": now["household"] == "household_open",
        "a child of the household has early help or waits for an answer": now["household"] == "household_in_help",
        "a child of the household has a sign that goes to the safeguarding route": now["household"] == "household_safeguarding",
        "safe contact has to be checked first": (now["household"] == "") & ~now["contact_is_safe"],
    }
    return {f"families a school list could not show because {words}": int(now.loc[rows, "home_id"].nunique()) for words, rows in why.items()}


def governance(
    bench: Bench,
    matrix: FeatureMatrix,
    trials: Mapping[str, Trial],
    audits: Mapping[str, AuditResult],
    lists_summary: dict[str, Any] | None,
    status: ApprovalStatus,
    gap: StatutoryGap | None = None,
) -> list[Output]:
    """The governance report, RESTRICTED and PUBLISHABLE, and its tables. ``gap``: why lists were refused for want of statutory records."""
    cfg, store = bench.cfg, bench.store
    span = store.span()
    latest = matrix.at(matrix.index["as_of"].max())
    gone = latest.excluded[latest.excluded["audiences"] == "all"]
    tested = {audience: trial.splits.get("test_date") for audience, trial in trials.items()}
    context = GovernanceContext(
        council=cfg.project.name,
        made_up=store.made_up,
        approval=approval_text(status, trials),
        outcome=outcome_sentence(bench, matrix, gap),
        had_outcome=glossary(bench).text("later had a need recognised"),
        as_of=latest.index["as_of"].iloc[0].date(),
        tested_on=first_date(tested.values()),
        data_window=span,
        hashes={
            "data": store.fingerprint,
            "catalogue": matrix.meta.catalogue_hash,
            **{f"model, {list_name(a).lower()}": t.best.fingerprint() for a, t in trials.items()},
        },
        cohort={
            "everyone whom the records hold": len(latest) + len(gone),
            "taken out first": len(gone),
            "who could be on a list": len(latest),
        },
        excluded={REASONS.get(str(reason), str(reason)): int(n) for reason, n in gone["reason"].value_counts().items()},
        not_looked_at=() if bench.in_force.programme.keys_only else not_looked_at(gone, gap),
        sources=[{key: row[key] for key in ("file", "source", "table", "rows_in", "rows_kept", "rows_set_aside")} for b in store.version.batches for row in b["files"]],
        coverage=[{k: str(v) for k, v in row.items()} for row in store.version.coverage],
        findings=_finding_counts(bench),
        assumptions=[f"{name}: {text}" for name, text in store.version.assumptions.items()] + list(matrix.meta.notes),
        themes={title: _audiences_of(bench, classes) for title, classes in _themes(bench).items()},
        version=version("early-id"),
        said=(*([f"{NO_LISTS} {gap.text}"] if gap else []), *said(trials)),
        words=glossary(bench),
    )  # fmt: skip
    made = governance_pack(dict(trials), dict(audits), lists_summary, to=cfg.out_dir / "governance.html", context=context)
    kinds = {"restricted": "governance", "publishable": "governance_publishable", "tables": "governance_tables"}
    return [{"kind": kinds.get(name, name), "path": _shown(bench, Path(path))} for name, path in made.items()]


def _finding_counts(bench: Bench) -> list[dict[str, Any]]:
    """Code, what it means, and how many, over all batches."""
    totals: dict[tuple[str, str], int] = {}
    for batch in bench.store.version.batches:
        for row in batch["findings"]:
            key = (str(row["code"]), str(row["message"]))
            totals[key] = totals.get(key, 0) + row["count"]
    return [{"code": code, "what": what, "rows": n} for (code, what), n in sorted(totals.items())]


def _audiences_of(bench: Bench, classes: list[str]) -> list[str]:
    sharing = bench.cfg.sharing
    return [str(a) for a in bench.in_force.programme.audiences if {str(c) for c in sharing.get(a, ())} & set(classes)]  # type: ignore[call-overload]


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
