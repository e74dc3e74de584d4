"""Audit the lists that the models of a run would make, or any scored table, whoever made it, with the same report."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from early_id.audit.settings import AuditRules
from early_id.audit.table import audit_table
from early_id.config.load import BAR
from early_id.core.errors import InputDataError, PolicyError
from early_id.core.fingerprint import frame_fingerprint
from early_id.core.folders import restrict
from early_id.present.wording import sentence_case
from early_id.report import GovernanceContext, governance_pack
from early_id.workflow import reporting
from early_id.workflow.governing import approval_of, check_first, judge_all, open_all, results_withheld
from early_id.workflow.refusals import gap_now
from early_id.workflow.steps import Bench, audit_all, build, train_all

if TYPE_CHECKING:
    from early_id.audit.result import AuditResult

#: Ending → reader.
READERS = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".xlsx": pd.read_excel}

NOT_ASKED = "Not asked for: this report describes a list and approves nothing."


def audit_lists(bench: Bench) -> tuple[dict[str, AuditResult], dict[str, Path]]:
    """Audit the list that each audience's model would make, and write the report on it into the output folder; no list is made.

    Where a result is shown the test date counts as opened.

    Raises
    ------
    PolicyError
        No bar is written down, so no result of the test date may be shown.
    """
    check_first(bench)
    if results_withheld(bench):
        raise PolicyError(
            "Nothing is audited: no bar is written down, so no result of the test date may be shown.",
            where=f"{BAR} beside the settings, or the file that they name under 'acceptance'",
            what_next="Let the board fill in the form that early-id train --template writes. The test date was not opened.",
        )
    people = bench.people
    matrix = build(bench, people)
    trials = train_all(bench, matrix)
    audits = audit_all(bench, matrix, trials)
    trials = judge_all(bench, trials, audits, matrix=matrix, openings=open_all(bench, trials))
    before = reporting.last_report(bench.cfg.out_dir)
    made = reporting.governance(bench, people, matrix, trials, audits, None, approval_of(bench), gap_now(bench, people), before, name=AUDIT)
    written = {item["kind"]: bench.cfg.out_dir / item["path"] for item in made}
    for kind, path in written.items():
        if kind != f"{AUDIT}_publishable":
            restrict(path, group=bench.cfg.shared_with_group)
    return audits, written


#: Begins the names of the files of an audit.
AUDIT = "audit"


def read_table(path: Path) -> pd.DataFrame:
    """The table to be audited.

    Raises
    ------
    InputDataError
        If there is no such file, or it cannot be read as a table.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None or not path.is_file():
        why = "There is no such file." if not path.is_file() else "The table is of a kind that is not read."
        raise InputDataError(why, where=path.name, what_next=f"Give a file that ends in {', '.join(READERS)}.")
    try:
        found: pd.DataFrame = reader(path)
    except (OSError, ValueError, ImportError) as error:
        # A parser's own message can quote a row.
        raise InputDataError("The file cannot be read as a table.", where=path.name, what_next=f"Save it again ({type(error).__name__}).") from None
    return found


def audit_file(
    path: Path,
    *,
    label: str,
    groups: Sequence[str],
    settings: AuditRules,
    score: str | None = None,
    threshold: float | None = None,
    flag: str | None = None,
    capacity: int | None = None,
    cluster: str | None = None,
    probability: str | None = None,
    others: Sequence[str] = (),
    child: str | None = None,
    out: Path | None = None,
) -> tuple[AuditResult, dict[str, Path]]:
    """Audit a file and, with ``out``, write the governance report on it: restricted, publishable, and the workbook of all tables.

    Parameters are those of :func:`early_id.audit.table.audit_table`; ``flag`` is its ``selected``.
    """
    frame = read_table(path)
    named = {name: settings.characteristics.get(name) or sentence_case(name.replace("_", " ")) for name in groups}
    result = audit_table(
        frame, label=label, groups=named, settings=settings, selected=flag, score=score, threshold=threshold, capacity=capacity, cluster=cluster,
        probability=probability, others=others, child=child,
    )  # fmt: skip
    if out is None:
        return result, {}
    context = GovernanceContext(
        council=path.name,
        approval=NOT_ASKED,
        outcome=f"Column '{label}'. Listed: {result.meta['selection']}.",
        had_outcome="had the outcome",
        hashes={"table": frame_fingerprint(frame)},
        not_looked_at=(),
        version=version("early-id"),
    )
    return result, governance_pack(None, {"table": result}, to=out / f"{AUDIT}.html", context=context)
