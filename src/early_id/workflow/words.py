"""Sentences that stand on what a run writes: whether it was approved, what was looked for, what it cannot see, how rows were split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from early_id.features.cohort import OPEN_TO_STATUTORY
from early_id.models.verdict import READY
from early_id.present.glossary import Glossary
from early_id.present.wording import sentence_case
from early_id.report.context import list_name

if TYPE_CHECKING:
    from early_id.acceptance.approval import ApprovalStatus
    from early_id.features import FeatureMatrix
    from early_id.models.result import Trial
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


def not_linked(gone: pd.DataFrame) -> list[str]:
    """What a missed link may cost: a child open to services whose two records nobody could join could still be on a list."""
    apart = int((gone["reason"].isin(OPEN_TO_STATUTORY) & gone["school_id"].isna()).sum())
    alike = int((gone["reason"] == "maybe_statutory").sum())
    return [
        f"{apart} records open to statutory services are on no school roll. Where such a record carries neither a valid UPN nor a valid NHS number it "
        f"cannot be linked to the school's record of the same child. {alike} children were taken out because name and date of birth agree with one; "
        "where those differ too, such a child can still be on a list"
    ]


def first_date(values: Iterable[object]) -> date | None:
    """The first of ``values`` that is a date."""
    return next((pd.Timestamp(str(value)).date() for value in values if value is not None), None)


def outcome_sentence(bench: Bench, matrix: FeatureMatrix) -> str:
    """What is looked for, in one sentence."""
    if bench.in_force.programme.keys_only:
        return f"{sentence_case(bench.in_force.programme.name)}."
    days = bench.cfg.outcome.horizon_days
    if matrix.meta.outcome == "need_recognised":
        return (
            f"Need recognised: within {days} days early help was offered (whatever the family answered), or a statutory service began, "
            "or a referral was not closed with no further action."
        )
    return f"{matrix.meta.outcome.replace('_', ' ').capitalize()} within {days} days."
