"""The governance report of a run: which facts go with the figures, and what the last report in the same folder said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from early_id.audit.drift import drift_table, in_words
from early_id.audit.linked import linked_rows
from early_id.features.cohort import REASONS
from early_id.features.past import Past
from early_id.features.themes import THEMES
from early_id.present.wording import day_text, percent
from early_id.report import GovernanceContext, governance_pack
from early_id.report.context import list_name
from early_id.workflow.publish import Output, relative
from early_id.workflow.words import NO_LISTS, approval_text, first_date, glossary, no_households, not_looked_at, outcome_sentence, said

if TYPE_CHECKING:
    from early_id.acceptance.approval import ApprovalStatus
    from early_id.audit.result import AuditResult
    from early_id.features import FeatureMatrix
    from early_id.features.statutory import StatutoryGap
    from early_id.linkage import People
    from early_id.models.result import Trial
    from early_id.workflow.steps import Bench


def governance(
    bench: Bench,
    people: People,
    matrix: FeatureMatrix,
    trials: Mapping[str, Trial],
    audits: Mapping[str, AuditResult],
    lists_summary: dict[str, Any] | None,
    status: ApprovalStatus,
    gap: StatutoryGap | None = None,
    before: Mapping[str, Any] | None = None,
    *,
    name: str = "governance",
) -> list[Output]:
    """The governance report, RESTRICTED and PUBLISHABLE, and its tables, in files whose names begin with ``name``.

    ``gap``: why lists were refused for want of statutory records; ``before``: what :func:`last_report` gives of the output folder.
    """
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
        hashes=hashes(bench, matrix, trials),
        cohort={
            "Everyone whom the records hold": len(latest) + len(gone),
            "Taken out first": len(gone),
            "Who could be on a list": len(latest),
        },
        excluded={REASONS.get(str(reason), str(reason)): int(n) for reason, n in gone["reason"].value_counts().items()},
        not_looked_at=() if bench.in_force.programme.keys_only else (*not_looked_at(gone, gap), *no_households(bench)),
        sources=_by_source(bench),
        coverage=[_covers(bench, row) for row in store.version.coverage],
        findings=_finding_counts(bench),
        assumptions=[_assumed(bench, name, text) for name, text in store.version.assumptions.items()] + list(matrix.meta.notes),
        owners=cfg.audit.owners,
        themes={title: _audiences_of(bench, classes) for title, classes in _themes(bench).items()},
        before=before or {},
        drift=_drift(matrix, trials),
        waiting=f"an outcome counts as known {cfg.outcome.horizon_days + cfg.outcome.recording_lag_days} days after a date, "
        f"{cfg.outcome.recording_lag_days} of them for recording.",
        linked=None if bench.in_force.programme.keys_only else linked_rows(latest, Past(store, people, latest.index["as_of"].iloc[0].date()).links(), cfg.audit),
        version=version("early-id"),
        said=(*([f"{NO_LISTS} {gap.text}"] if gap else []), *said(trials)),
        words=glossary(bench),
    )  # fmt: skip
    made = governance_pack(dict(trials), dict(audits), lists_summary, to=cfg.out_dir / f"{name}.html", context=context)
    kinds = {"restricted": name, "publishable": f"{name}_publishable", "tables": f"{name}_tables"}
    return [{"kind": kinds.get(kind, kind), "path": relative(bench, Path(path))} for kind, path in made.items()]


def hashes(bench: Bench, matrix: FeatureMatrix, trials: Mapping[str, Trial]) -> dict[str, str]:
    """What ties a report to one set of records, one catalogue and one model for each list.

    A report without results says nothing of a model, so it is tied to none: an approval asks for the hash of its model in the report that was read.
    """
    models = {f"model, {list_name(audience).lower()}": trial.best.fingerprint() for audience, trial in trials.items() if trial.models}
    return {"data": bench.store.fingerprint, "catalogue": matrix.meta.catalogue_hash, **models}


def last_report(out: Path) -> dict[str, Any]:
    """Date, hashes and trials of the last report in an output folder; empty where there is none, or none that says so."""
    try:
        told = json.loads((out / "run.json").read_text(encoding="utf-8"))
        return {
            "as_of": date.fromisoformat(told["report"]["as_of"]).isoformat(),
            "hashes": dict(told["report"]["hashes"]),
            "trials": dict(told["audiences"]),
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _drift(matrix: FeatureMatrix, trials: Mapping[str, Trial]) -> list[dict[str, Any]]:
    """The children of the lists beside those of the test, by theme: of the list that may use the widest records."""
    trial = list(trials.values())[-1]
    tested, now = first_date([trial.splits.get("test_date")]), matrix.index["as_of"].max().date()
    if tested is None or tested == now:
        return []
    rows = drift_table(matrix, trial.best.features, then=tested, now=now).to_dict("records")
    known = {day: f"known on {day_text(day)}" for day in (tested, now)}
    return [
        {
            "theme": row["theme"],
            known[tested]: percent(row["known_then"]),
            known[now]: percent(row["known_now"]),
            "sign that moved furthest": row["feature"] or "none",
            "shift": in_words(row["shift"]),
        }
        for row in rows
    ]


def _label(bench: Bench, table: str) -> str:
    """A table in words."""
    return bench.store.tables[table].label or table


def _by_source(bench: Bench) -> list[dict[str, Any]]:
    """Rows of files added up: a board need not see each month's file."""
    totals: dict[tuple[str, str], list[int]] = {}
    for row in (file for batch in bench.store.version.batches for file in batch["files"]):
        total = totals.setdefault((str(row["source"]), _label(bench, row["table"])), [0, 0, 0, 0])
        for place, n in enumerate((1, row["rows_in"], row["rows_kept"], row["rows_set_aside"])):
            total[place] += int(n)
    keys = ("files", "rows in", "rows kept", "rows set aside")
    return [
        {"who sent it": source.replace("_", " "), "what": table, **dict(zip(keys, total, strict=True))}
        for (source, table), total in sorted(totals.items())
    ]


_SCHOOLS = {"all": "all schools", "sent": "the schools that sent some", "None": "as the files show"}


def _covers(bench: Bench, row: Mapping[str, Any]) -> dict[str, Any]:
    """One line on what a source covers, in words."""
    schools = row.get("schools")
    told = f"{len(schools)} named schools" if isinstance(schools, list | tuple) else _SCHOOLS.get(str(schools), str(schools))
    return {
        "who sent it": str(row["source"]).replace("_", " "),
        "what": _label(bench, row["table"]),
        "from": day_text(date.fromisoformat(str(row["covers_from"]))),
        "to": day_text(date.fromisoformat(str(row["covers_to"]))),
        "how the beginning is known": "the settings say so" if row.get("stated") else "the oldest row",
        "of which schools": told,
    }


def _assumed(bench: Bench, name: str, text: str) -> str:
    """``education, Session marks: assumed known 3 days after it happened``."""
    source, _, table = name.rpartition(": ")
    return f"{source.replace('_', ' ')}, {_label(bench, table)[:1].lower()}{_label(bench, table)[1:]}: {text}"


def _themes(bench: Bench) -> dict[str, list[str]]:
    """Theme title → classes of who holds its records."""
    held: dict[str, list[str]] = {}
    for feature in bench.in_force.catalogue:
        classes = held.setdefault(THEMES[feature.theme].title, [])
        if str(feature.sharing) not in classes:
            classes.append(str(feature.sharing))
    return held


def sharing_cost(bench: Bench, matrix: FeatureMatrix) -> dict[str, Any]:
    """Families on no school list because of another agency's records; None where no such record is held, which is not the same as no family."""
    now = matrix.at(matrix.index["as_of"].max()).index
    why = {
        "a child of the household is open to services": now["household"] == "household_open",
        "a child of the household has early help or waits for an answer": now["household"] == "household_in_help",
        "a child of the household has a sign that goes to the safeguarding route": now["household"] == "household_safeguarding",
        "safe contact has to be checked first": (now["household"] == "") & ~now["contact_is_safe"],
    }
    # Only households are marked with whom contact is safe.
    held = {words: not words.startswith("safe contact") or bench.store.has("household_members") for words in why}
    return {
        f"families a school list could not show because {words}": int(now.loc[rows, "home_id"].nunique()) if held[words] else None
        for words, rows in why.items()
    }


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
