"""The last word on a trial: the bar, and the audit's findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from early_id.core.errors import SettingsError
from early_id.core.types import Json, Verdict
from early_id.models.result import Trial
from early_id.models.verdict import NOT_READY, READY


class Audited(Protocol):
    """The part of an audit result that a verdict needs: one row per characteristic, with its verdict."""

    @property
    def summary(self) -> pd.DataFrame:
        """``characteristic``, ``verdict`` and the largest gap."""
        ...


@dataclass(frozen=True)
class FinalVerdict:
    """Verdict and reasons, and whether a person may be asked to approve."""

    verdict: str
    reasons: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether the model can be put before the people who approve."""
        return self.verdict == READY

    def to_json(self) -> Json:
        """``verdict`` and ``reasons``."""
        return {"verdict": self.verdict, "reasons": list(self.reasons)}


def final_verdict(trial: Trial, audit: Audited | None, *, responses: Iterable[str] = ()) -> FinalVerdict:
    """The trial's verdict, unless the audit found a gap that nobody has answered in writing.

    Parameters
    ----------
    trial : Trial
    audit : AuditResult or None
        Without an audit nothing is ready.
    responses : iterable of str
        Characteristics for which the board's written response to a gap is on record.

    Notes
    -----
    Only *ready for approval* can be taken back here: an audit never makes a model ready that missed its bar. "Cannot tell"
    in the audit is no gap and no all-clear; it is said and left to the board.
    """
    if trial.verdict != READY:
        return FinalVerdict(trial.verdict, trial.reasons)
    if audit is None:
        return FinalVerdict(NOT_READY, ("The audit has not been run.", *trial.reasons))
    answered, looked_at = set(responses), list(audit.summary["characteristic"].astype(str))
    for name in answered:
        if name not in looked_at:
            raise SettingsError.unknown_name("characteristic", name, looked_at, where="audit.responses")
    gaps = audit.summary[audit.summary["verdict"].astype(str) == Verdict.GAP_FOUND.value]
    found = dict(zip(gaps["characteristic"].astype(str), gaps["label" if "label" in gaps else "characteristic"].astype(str), strict=True))
    unanswered = [label for name, label in found.items() if name not in answered]
    if unanswered:
        reasons = tuple(f"A gap was found for {label}, and no written response is on record." for label in unanswered)
        return FinalVerdict(NOT_READY, (*reasons, *trial.reasons))
    return FinalVerdict(READY, (*(f"A gap was found for {label}; a written response is on record." for label in found.values()), *trial.reasons))
