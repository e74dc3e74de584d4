"""Statutory statuses in Family Help areas: by local step, as the settings name it, never by the word CIN."""

from __future__ import annotations

from early_id.config.regimes import WORD, FamilyHelpSettings
from early_id.data.engine import text

#: What stands in place of the word from the day on; no status has this name, so the row is set aside with its reason and its cure.
NOT_NAMED = "CIN without a local step"


def status_sql(status: str, word: str, start: str, settings: FamilyHelpSettings) -> str:
    """SQL for the status of a row: the status of its local step; the bare word only for spells that began before Family Help.

    Parameters
    ----------
    status, word, start : str
        SQL of the status as the shape maps it, of the word in the file, and of the spell's first day.
    """
    if settings.since is None:
        return status
    steps = " ".join(f"WHEN {text(step)} THEN {text(code)}" for step, code in settings.steps.items())
    day = f"DATE {text(settings.since.isoformat())}"
    late = f"upper({word}) = {text(WORD)} AND ({start} IS NULL OR {start} >= {day})"
    return f"CASE WHEN {late} THEN {text(NOT_NAMED)} ELSE CASE {word} {steps} ELSE {status} END END"
