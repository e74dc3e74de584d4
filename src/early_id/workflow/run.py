"""The main job from end to end: extracts → checked store → people → features → compared models → audit → explained lists → governance page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from early_id.config.settings import Config
from early_id.core.display import aside
from early_id.core.errors import InputDataError, PolicyError
from early_id.linkage.store_link import kept_of
from early_id.present.glossary import Glossary
from early_id.workflow import publish, reporting
from early_id.workflow.governing import approval_of, check_first, judge_all, keep_all, models_for_lists, open_all, results_withheld
from early_id.workflow.refusals import gap_now, stops_now
from early_id.workflow.steps import Bench, at_work, audit_all, build, not_in_the_future, open_bench, screen_all, settle_lists, take_in, train_all
from early_id.workflow.trailing import note_run
from early_id.workflow.words import OPENED_ALL_THE_SAME, dates_not_used, glossary, no_bar, not_made

if TYPE_CHECKING:
    from early_id.acceptance.approval import ApprovalStatus
    from early_id.acceptance.openings import Opening
    from early_id.audit.result import AuditResult
    from early_id.data.ingest import Batch
    from early_id.features import FeatureMatrix
    from early_id.linkage import People
    from early_id.models.result import Trial
    from early_id.screening.entries import ScreeningLists


@dataclass(frozen=True)
class RunResult:
    """What a run made. ``exit_code`` is 0, or 4 where no approval or no statutory records allow lists; ``refusal`` says why."""

    outputs: tuple[dict[str, Any], ...]
    counts: dict[str, Any]
    audiences: dict[str, Any]  #: audience → verdict, reasons, models, ...
    main_audience: str
    notes: tuple[str, ...] = ()
    refusal: str | None = None
    approval: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0
    matrix: FeatureMatrix | None = field(default=None, repr=False)
    places: dict[str, int] = field(default_factory=dict)  #: audience → places on its lists, on the date of the lists
    trials: dict[str, Trial] = field(default_factory=dict, repr=False)
    audits: dict[str, AuditResult] = field(default_factory=dict, repr=False)
    lists: ScreeningLists | None = field(default=None, repr=False)
    words: Glossary = field(default_factory=Glossary, repr=False)

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{audience}: {one['verdict']}" for audience, one in self.audiences.items())
        return f"RunResult({len(self.outputs)} outputs; {verdicts}; {'no lists: ' + self.refusal if self.refusal else self.lists!r})"

    def to_json(self) -> dict[str, Any]:
        """The object that ``early-id run --json`` prints; ``verdict`` and ``models`` are those of the widest audience."""
        return {
            "outputs": list(self.outputs), "counts": self.counts, **by_audience(self.audiences, self.main_audience),
            "notes": list(self.notes), "refusal": self.refusal, "approval": self.approval,
        }  # fmt: skip


def by_audience(trials: dict[str, Any], main: str) -> dict[str, Any]:
    """Verdict, reasons and models of the main audience at the top, and those of every audience below."""
    first = trials[main]
    return {"audience": main, "verdict": first["verdict"], "reasons": first["reasons"], "models": first["models"], "audiences": trials}


def run(cfg: Config, *, taken_in: Callable[[Batch], None] | None = None) -> RunResult:
    """Run the main job.

    Parameters
    ----------
    cfg : Config
    taken_in : callable, optional
        Called with the batch as soon as it is stored, so that what the checks found can be said before anything later fails.

    Without an approval, or without statutory records that reach the date, the audit and the governance page are written, no lists, and
    ``exit_code`` is 4.

    Raises
    ------
    EarlyIdError
        One message that says what, where and what next; the store and earlier outputs are as they were.
    """
    bench = open_bench(cfg)
    with at_work(bench, on_store=True):
        publish.check_free(cfg.out_dir)
        not_in_the_future(bench)  # said before the files are gone through, not after
        settle_lists(bench)
        before, linked = bench.store.version.number, len(kept_of(bench.store).linkings())
        openings: dict[str, Opening] = {}
        batch = take_in(bench)
        try:
            if taken_in is not None:
                taken_in(batch)
            result = run_taken_in(bench, batch, openings)
        except BaseException:
            # What was taken in stays in the files it came from; the next run takes it in again.
            bench.store.go_back(before)
            kept_of(bench.store).go_back(linked)
            if openings:
                aside(OPENED_ALL_THE_SAME)
            raise
        settle_lists(bench)
        note_run(bench, result.lists, result.approval, what="run")
        return result


def run_taken_in(bench: Bench, batch: Batch, openings: dict[str, Opening] | None = None) -> RunResult:
    """Everything after the intake; ``openings`` is filled as soon as the test date counts as opened."""
    openings = {} if openings is None else openings
    if not bench.store.version.batches:
        raise InputDataError("There is nothing in the store.", where=str(bench.store.folder), what_next="Check the sources of the settings.")
    check_first(bench)
    people = bench.people
    matrix = build(bench, people)
    # Without a bar nothing of the test date is shown, tracked or counted as opened: a look at it can never be taken back.
    withheld = results_withheld(bench)
    trials = train_all(bench, matrix, withheld=withheld)
    audits: dict[str, AuditResult] = {}
    if not withheld:
        audits = audit_all(bench, matrix, trials)
        openings.update(open_all(bench, trials))
        trials = judge_all(bench, trials, audits, matrix=matrix, openings=openings)
    keys_only = bench.in_force.programme.keys_only
    status = approval_of(bench)
    outputs: list[dict[str, Any]] = []
    summary: dict[str, Any] | None = None
    lists = None
    gap = gap_now(bench, people)
    stops = stops_now(bench, people)
    refusal = " ".join(part for part in (None if status.is_approved else status.text, gap and gap.text, stops.text) if part) or None
    with publish.at_once(bench) as desk:
        if status.is_approved and keys_only:
            outputs, recipients = publish.key_lists(desk, matrix, models_for_lists(status, trials), trials, status)
            summary = {"recipients": recipients, "taken_out": {}}
        elif refusal is None:
            lists = screen_all(desk, people, matrix, models_for_lists(status, trials))
            outputs = publish.lists(desk, lists, trials, status)
            made = lists.summary()
            summary = {**made, "taken_out": _flat(made["taken_out"]), "sharing_cost": reporting.sharing_cost(bench, matrix)}
            summary["urgent"] = {"signs in the urgent file": batch.urgent}
        keep_all(desk, trials, matrix)
        outputs += publish.findings(desk, people, trials)
        if not keys_only:
            outputs += publish.notices(desk, matrix, trials, gap)
        outputs += reporting.governance(desk, people, matrix, trials, audits, summary, status, gap, before=reporting.last_report(bench.cfg.out_dir))
        result = _result(desk, batch, people, matrix, trials, audits, lists, status, refusal, outputs, _places(summary))
        report = {"as_of": str(bench.screening_date()), "hashes": reporting.hashes(desk, matrix, trials)}
        publish.manifest(desk, {**result.to_json(), "report": report})
    return result


def _result(
    bench: Bench, batch: Batch, people: People, matrix: FeatureMatrix, trials: dict[str, Trial], audits: dict[str, AuditResult],
    lists: ScreeningLists | None, status: ApprovalStatus, refusal: str | None, outputs: list[dict[str, Any]],
    places: dict[str, int],
) -> RunResult:  # fmt: skip
    return RunResult(
        outputs=tuple(outputs),
        counts=publish.counts(bench, batch, people, matrix),
        audiences={audience: trial.to_json() for audience, trial in trials.items()},
        main_audience=bench.in_force.programme.audiences[-1],
        notes=tuple(
            dict.fromkeys(
                [
                    *no_bar(bench),
                    *not_made(lists),
                    *dates_not_used(bench),
                    *status.notes,
                    *(note for trial in trials.values() for note in trial.notes),
                ]
            )
        ),
        approval=status.to_json(),
        places=places,
        refusal=refusal,
        exit_code=PolicyError.exit_code if refusal else 0,
        matrix=matrix,
        trials=trials,
        audits=audits,
        lists=lists,
        words=glossary(bench),
    )


def _places(summary: dict[str, Any] | None) -> dict[str, int]:
    """Audience → places of all its recipients together."""
    places: dict[str, int] = {}
    for row in (summary or {}).get("recipients", ()):
        places[str(row["audience"])] = places.get(str(row["audience"]), 0) + int(row["capacity"])
    return places


def _flat(taken_out: dict[str, dict[str, int]]) -> dict[str, int]:
    """Reasons over both audiences; a child taken out of both lists counts once for each reason."""
    totals: dict[str, int] = {}
    for reasons in taken_out.values():
        for reason, n in reasons.items():
            totals[reason] = max(totals.get(reason, 0), n)
    return totals
