"""The last word on a trial: the bar with all its limits, the audit's findings, and whether the test date had been opened before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd

from early_id.acceptance.limits import Facts, Limit, check_limits, sentences
from early_id.acceptance.openings import Opening
from early_id.config.governing import AcceptanceSettings, FairnessLimits
from early_id.core.errors import SettingsError
from early_id.core.types import Json, Verdict
from early_id.models.result import Trial
from early_id.models.verdict import CANNOT_TELL, NOT_READY, READY, USE_RULE


class Audited(Protocol):
    """The part of an audit result that a verdict needs: one row per characteristic, with its verdict."""

    @property
    def summary(self) -> pd.DataFrame:
        """``characteristic``, ``verdict`` and the largest gap."""
        ...


@dataclass(frozen=True)
class FinalVerdict:
    """Verdict and reasons, and what they rest on.

    ``but_for_gaps`` is the verdict if every finding of the audit had been answered in writing: an approval can carry the answer.
    ``kept_back`` are the reasons why that is not *ready*. ``gaps`` holds the findings that need an answer, given or not:
    characteristic → its label.
    """

    verdict: str
    reasons: tuple[str, ...]
    but_for_gaps: str
    kept_back: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    gaps: dict[str, str] = field(default_factory=dict)
    unanswered: tuple[str, ...] = ()
    opening: Opening | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the model can be put before the people who approve."""
        return self.verdict == READY

    def to_json(self) -> Json:
        """``verdict`` and ``reasons``, and what they rest on."""
        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "but_for_gaps": self.but_for_gaps,
            "kept_back": list(self.kept_back),
            "exploratory": bool(self.opening and self.opening.is_exploratory),
            "opening": self.opening.to_json() if self.opening else None,
            "limits": [limit.to_json() for limit in self.limits],
            "gaps": self.gaps,
            "unanswered": list(self.unanswered),
        }


#: What is said of a finding of the audit, by its verdict.
_FINDING = {
    Verdict.GAP_FOUND.value: "A gap was found for {label}",
    Verdict.CANNOT_TELL.value: "The audit cannot tell whether there is a gap for {label}",
}


def final_verdict(
    trial: Trial,
    audit: Audited | None,
    *,
    responses: Iterable[str] = (),
    acceptance: AcceptanceSettings | None = None,
    facts: Facts | None = None,
    opening: Opening | None = None,
) -> FinalVerdict:
    """The trial's verdict after every limit of the bar, the audit, and the count of openings.

    Parameters
    ----------
    trial : Trial
    audit : AuditResult or None
        Without an audit nothing is ready.
    responses : iterable of str
        Characteristics for which the board's written response to a finding is on record.
    acceptance : AcceptanceSettings, optional
        The bar, of which that of the trial's audience counts; limits that it does not state are not asked for.
    facts : Facts, optional
        Figures of the records and refits; a limit that nobody measured is not met.
    opening : Opening, optional
        A second opening of the test date makes the verdict exploratory.

    Notes
    -----
    Nothing here makes a model ready that missed its margins: *ready* is taken back to *not ready* by a limit missed or a finding
    without an answer, and to *cannot tell* by a limit that was not measured, too small a sample, or a second opening. *Use the rule
    instead* stays: a model that is beaten by a rule is not mended by meeting other limits.
    """
    acceptance = acceptance.for_audience(trial.audience) if acceptance else None
    answered = set(responses)
    gaps, said = _findings(audit, acceptance, answered)
    unanswered = tuple(name for name in gaps if name not in answered)
    limits = check_limits(trial, acceptance, facts or Facts()) if acceptance else ()
    missed = sentences(limits, met=False, more=False)
    unsure = (*sentences(limits, met=False, more=True), *sentences(limits, met=None))
    if audit is None:
        unsure = ("The audit has not been run.", *unsure)

    but_for_gaps = trial.verdict
    if trial.verdict != USE_RULE and (missed or (trial.verdict == READY and audit is None)):
        but_for_gaps = NOT_READY
    elif trial.verdict == READY and (unsure or (opening and opening.is_exploratory)):
        but_for_gaps = CANNOT_TELL
    verdict = NOT_READY if unanswered and but_for_gaps != USE_RULE else but_for_gaps
    kept_back = (*(opening.reasons if opening else ()), *missed, *unsure, *(trial.reasons if trial.verdict != READY else ()))
    # What keeps a model back comes first; a finding that was answered is still said.
    order = (*(said[name] for name in unanswered), *kept_back, *(said[name] for name in gaps if name in answered), *trial.reasons)
    return FinalVerdict(verdict, tuple(dict.fromkeys(order)), but_for_gaps, kept_back, limits, gaps, unanswered, opening)


def _findings(audit: Audited | None, acceptance: AcceptanceSettings | None, answered: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Findings that need an answer (characteristic → label), and the sentence about each."""
    if audit is None:
        return {}, {}
    looked_at = list(audit.summary["characteristic"].astype(str))
    for name in sorted(answered - set(looked_at)):
        raise SettingsError.unknown_name("characteristic", name, looked_at, where="audit.responses")
    blocks = (acceptance.fairness if acceptance else FairnessLimits()).blocks
    labels = audit.summary["label" if "label" in audit.summary else "characteristic"].astype(str)
    rows = list(zip(looked_at, labels, audit.summary["verdict"].astype(str), strict=True))
    gaps = {name: label for name, label, verdict in rows if verdict in blocks}
    ends = {True: "a written response is on record.", False: "no written response is on record."}
    said = {
        name: f"{_FINDING[verdict].format(label=label)}{';' if name in answered else ', and'} {ends[name in answered]}"
        for name, label, verdict in rows
        if name in gaps
    }
    return gaps, said
