"""Sentences that stand on what a run writes: whether it was approved, what was looked for, what it cannot see, how rows were split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from early_id.config.load import BAR
from early_id.features.cohort import OPEN_TO_STATUTORY
from early_id.models.verdict import READY
from early_id.present.glossary import Glossary
from early_id.present.wording import sentence_case
from early_id.report.context import NOT_LOOKED_AT, Counted, list_name

if TYPE_CHECKING:
    from early_id.acceptance.approval import ApprovalStatus
    from early_id.features import FeatureMatrix
    from early_id.features.statutory import StatutoryGap
    from early_id.models.result import Trial
    from early_id.screening.entries import ScreeningLists
    from early_id.workflow.steps import Bench


def glossary(bench: Bench) -> Glossary:
    """The programme's words."""
    return Glossary(bench.in_force.programme.words)


def said(trials: Mapping[str, Trial]) -> tuple[str, ...]:
    """What every output of a run carries: that its split was named in the settings, where it was."""
    return tuple(dict.fromkeys(note for trial in trials.values() for note in trial.split_notes))


def watermark(status: ApprovalStatus, trials: Mapping[str, Trial]) -> str | None:
    """The watermark of lists, with what every output carries."""
    return ". ".join(part for part in (status.watermark, *said(trials)) if part) or None


def approval_text(status: ApprovalStatus, trials: Mapping[str, Trial]) -> str:
    """The approval's sentence, and where a list was made although no real one would be."""
    if status.approved:
        return " ".join([status.text, *status.notes, "The figures of models on these pages are of those trained today, for comparison."])
    short = [list_name(audience).lower() for audience, trial in trials.items() if trial.verdict != READY]
    # A benchmark's lists are not for use whatever the verdict, and its own sentence says so.
    if not status.is_approved or not short or said(trials):
        return status.text
    return f"{status.text} The verdict on the {' and the '.join(short)} is not '{READY}': for real families none would be made."


#: Begins the sentence on page 1 of the board's report where lists were refused whatever the approval.
NO_LISTS = "No lists were made."


def not_looked_at(gone: pd.DataFrame, gap: StatutoryGap | None) -> tuple[str | Counted, ...]:
    """Who is not looked at. Where statutory records are missing, nothing is said of children open to services as if somebody knew who they are."""
    if gap is None:
        return (*NOT_LOOKED_AT, *not_linked(gone))
    others = [text for text in NOT_LOOKED_AT if "statutory services" not in text]
    known = "are not held" if gap.last is None else f"end on {gap.last}"
    return (
        *others,
        f"children who are already known to statutory services: their records {known}, so nobody can tell who they are, and no list was made",
    )


def no_households(bench: Bench) -> tuple[str, ...]:
    """What follows where no source sends households."""
    if bench.store.has("household_members"):
        return ()
    return (
        "families as such: no household records are held, so brothers and sisters are known only by the addresses on school records, on hub lists not at all, and "
        "nobody can say with whom contact is safe",
    )


def not_linked(gone: pd.DataFrame) -> list[Counted]:
    """What a missed link may cost: a child open to services whose two records nobody could join could still be on a list."""
    apart = int((gone["reason"].isin(OPEN_TO_STATUTORY) & gone["school_id"].isna()).sum())
    alike = int((gone["reason"] == "maybe_statutory").sum())
    return [
        Counted(
            "records open to statutory services that are on no school roll: {}. Where such a record carries neither a valid UPN nor a valid NHS number "
            "it cannot be linked to the school's record of the same child. Children taken out because name and date of birth agree with one: {}; "
            "where those differ too, such a child can still be on a list",
            (apart, alike),
        )
    ]


#: Said where a run ends between the opening of the test date and its outputs.
OPENED_ALL_THE_SAME = (
    "The test date counts as opened all the same: its results were made, and stand in the tracking store. The next look at them will be exploratory."
)


def no_bar(bench: Bench) -> list[str]:
    """What is missing before results may be shown, and what the bar leaves open."""
    from early_id.workflow.governing import results_withheld

    bar = bench.cfg.acceptance
    if results_withheld(bench):
        return [
            f"No test results are shown. Missing: the bar, a file {BAR} beside the settings, or the file that they name under 'acceptance'. "
            "A form to fill in: early-id train --template. The test date was not opened."
        ]
    unstated = [words for name in bench.in_force.programme.audiences for words in bar.unstated_for(name)] if bar else []
    return [f"The bar says nothing about {words}, which an approval asks for." for words in dict.fromkeys(unstated)]


def not_made(lists: ScreeningLists | None) -> list[str]:
    """Whose list was not made, and why: said on every way out of a run."""
    return [f"NO LIST was made for {name}. {why}" for name, why in (lists.not_made if lists is not None else ())]


def dates_not_used(bench: Bench) -> list[str]:
    """That dates named to learn from lie after the date of the lists, where some do."""
    late = bench.dates_not_used()
    if not late:
        return []
    return [f"Not used, because they lie after the date of the lists ({bench.screening_date()}): {', '.join(map(str, late))} of as_of.dates."]


def first_date(values: Iterable[object]) -> date | None:
    """The first of ``values`` that is a date."""
    return next((pd.Timestamp(str(value)).date() for value in values if value is not None), None)


def outcome_sentence(bench: Bench, matrix: FeatureMatrix, gap: StatutoryGap | None = None) -> str:
    """What is looked for, in one sentence; and what cannot be counted, where statutory records are not held."""
    if bench.in_force.programme.keys_only:
        return f"{sentence_case(bench.in_force.programme.name)}."
    days = bench.cfg.outcome.horizon_days
    outcome = bench.cfg.training.outcome or matrix.meta.outcome  # what the models were made for
    if outcome == "need_recognised":
        not_held = " Statutory services and referrals are not held and could not be counted." if gap is not None and gap.last is None else ""
        return (
            f"Need recognised: within {days} days early help was offered (whatever the family answered), or a statutory service began, "
            f"or a referral was not closed with no further action.{not_held}"
        )
    return f"{outcome.replace('_', ' ').capitalize()} within {days} days."
