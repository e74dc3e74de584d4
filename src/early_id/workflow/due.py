"""What is due today, without anybody watching: new files are taken in; where a list date has come, its lists are made and published.

It may be called as often as one likes. A date whose lists lie there is done, whatever came in since: schools would not thank anybody for a list that
changes from day to day, and whoever wants one made again says ``early-id screen``. A run that was killed is done again from the beginning, and gives
the same lists. Without an approval nothing is trained and no test date is opened. Nothing waits for a person, and nothing goes out of the folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from early_id.config.settings import Config
from early_id.core.errors import PolicyError, SettingsError
from early_id.core.fingerprint import fingerprint
from early_id.linkage.store_link import kept_of
from early_id.screening import history
from early_id.workflow import publish
from early_id.workflow.governing import approval_of, models_for_lists
from early_id.workflow.journal import LOG, Journal
from early_id.workflow.refusals import gap_now, stops_now
from early_id.workflow.run import run_taken_in
from early_id.workflow.steps import Bench, at_work, build, open_bench, screen_all, settle_lists, take_in
from early_id.workflow.trailing import note_run
from early_id.workflow.words import not_made

if TYPE_CHECKING:
    from early_id.acceptance.approval import ApprovalStatus
    from early_id.data.ingest import Batch
    from early_id.screening.entries import ScreeningLists

NOTHING_DUE, DONE_BEFORE, MADE, REFUSED = "nothing due", "done before", "made", "refused"


@dataclass(frozen=True)
class Due:
    """What an unattended run did."""

    what: str  #: nothing due, done before, made, or refused
    today: date
    day: date | None  #: the date of the lists
    batch: int
    urgent: int = 0  #: urgent signs of the batch
    outputs: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str | None = None
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0, or 4 where lists were due and may not be made."""
        return PolicyError.exit_code if self.what == REFUSED else 0

    def to_json(self) -> dict[str, Any]:
        """The object that ``early-id run --due --json`` prints."""
        return {
            "due": self.what, "today": str(self.today), "as_of": str(self.day) if self.day else None, "batch": self.batch, "urgent": self.urgent,
            "outputs": list(self.outputs), "counts": self.counts, "notes": list(self.notes), "refusal": self.refusal,
        }  # fmt: skip


def due_date(cfg: Config, today: date) -> date | None:
    """The latest date of the schedule that has come; None before the first.

    Raises
    ------
    SettingsError
        The settings name no schedule.
    """
    plan = cfg.schedule
    if not plan.dates and plan.first is None:
        raise SettingsError(
            "The settings say nothing of when lists are due.",
            where="schedule",
            what_next="Give schedule.first and schedule.every_days, or schedule.dates.",
        )
    dates = [day for day in plan.dates if day <= today]
    if plan.first is not None and plan.first <= today:
        dates.append(plan.first + timedelta(days=(today - plan.first).days // plan.every_days * plan.every_days))
    return max(dates, default=None)


def run_due(cfg: Config, *, today: date | None = None, taken_in: Callable[[Batch], None] | None = None) -> Due:
    """Do what is due.

    Parameters
    ----------
    cfg : Config
        With ``schedule``.
    today : date, optional
        Otherwise that of the clock.
    taken_in : callable, optional
        Called with the batch as soon as it is stored.

    Raises
    ------
    EarlyIdError
        As ``run`` does; store and earlier lists are as they were, and the log says at which step it ended.
    """
    today = today or date.today()
    day = due_date(cfg, today)
    cfg = cfg.model_copy(update={"as_of": cfg.as_of.model_copy(update={"screening": day})}) if day else cfg
    bench, log = open_bench(cfg), Journal(cfg.out_dir / LOG, group=cfg.shared_with_group)
    with at_work(bench, on_store=True):
        log.say("start", today=str(today), as_of=str(day))
        with log.step("check"):
            publish.check_free(cfg.out_dir)
            settle_lists(bench)
        before, linked = bench.store.version.number, len(kept_of(bench.store).linkings())
        with log.step("ingest") as told:
            batch = take_in(bench)
            told |= {
                "batch": batch.number,
                "files": len(batch.files),
                "rows_in": sum(f.rows_in for f in batch.files),
                "store": bench.store.fingerprint,
            }
            told |= {"rows_set_aside": sum(f.rows_set_aside for f in batch.files), "urgent": batch.urgent}
        try:
            if taken_in is not None:
                taken_in(batch)
            done, made = _lists_due(bench, log, day, today, batch)
        except BaseException:
            # As in ``run``: what was taken in stays in its files, and the next run takes it in again.
            bench.store.go_back(before)
            kept_of(bench.store).go_back(linked)
            raise
        if made is not None:
            # The lists are out, and tell of what was taken in: whatever fails from here on takes nothing of it back.
            settle_lists(bench)
            note_run(bench, made[0], made[1].to_json(), what="run --due")
        log.say("end", due=done.what, exit_code=done.exit_code)
        return done


def _lists_due(
    bench: Bench, log: Journal, day: date | None, today: date, batch: Batch
) -> tuple[Due, tuple[ScreeningLists | None, ApprovalStatus] | None]:
    """What was done, and the lists that were published with what approved them."""
    number = bench.store.version.number
    done = Due(NOTHING_DUE, today, day, number, batch.urgent)
    if day is None:
        return done, None
    status = approval_of(bench)
    if (history.read_record(bench.cfg.out_dir) or {}).get("as_of") == str(day):
        return replace(done, what=DONE_BEFORE), None
    with log.step("link") as told:
        people = bench.people
        told["people"] = len(people)
    if refusal := _refusal(bench, people, status):
        log.say("refused", why=refusal)
        return replace(done, what=REFUSED, refusal=refusal), None
    if not status.approved:  # a demonstration makes its lists with the models just trained
        with log.step("run") as told:
            made = run_taken_in(bench, batch)
            told |= {"outputs": len(made.outputs), "verdict": made.audiences[made.main_audience]["verdict"], **_counts(made.lists)}
        return replace(done, what=MADE, outputs=made.outputs, notes=made.notes, counts=_counts(made.lists)), (made.lists, status)
    with log.step("build") as told:
        matrix = build(bench, people, dates=(day,))
        told |= {"rows": len(matrix), "matrix": matrix.fingerprint}
    with log.step("screen") as told:
        lists = screen_all(bench, people, matrix, models_for_lists(status, {}))
        told |= {**_counts(lists), "record": fingerprint(lists.record())}
    with log.step("publish") as told:
        outputs = publish.lists(bench, lists, {}, status)
        told["files"] = len(outputs)
    done = replace(done, what=MADE, outputs=tuple(outputs), notes=(*not_made(lists), *status.notes), counts=_counts(lists))
    return done, (lists, status)


def _refusal(bench: Bench, people: Any, status: ApprovalStatus) -> str:
    gap = gap_now(bench, people)
    return " ".join(part for part in (None if status.is_approved else status.text, gap and gap.text, stops_now(bench, people).text) if part)


def _counts(lists: ScreeningLists | None) -> dict[str, int]:
    if lists is None:
        return {"lists": 0, "families": 0, "children": 0, "not_made": 0}
    families = sum(len(one.families) for one in lists.lists)
    return {"lists": len(lists.lists), "families": families, "children": sum(one.n_children for one in lists.lists), "not_made": len(lists.not_made)}
