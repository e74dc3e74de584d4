"""What became of the families on a reader's own list: the step reached and a line of thanks or reason, as far as the partners have agreed to tell.

Whether a family said yes or no to an offer is told to nobody here, and nothing told depends on it: everybody who was offered help that has not begun is at
"help offered", however long ago. What children's social care does is told to nobody either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from early_id.core.types import Audience
from early_id.present.wording import count_of, day_text
from early_id.present.workbook import Sheet, Value, workbook_bytes
from early_id.screening.answers import HELP_WANTED, NO_ANSWER, NOT_SAFE, RECORD_WRONG, STEP_UPS, SUPPORTED

CONTACT_MADE, OFFERED, RUNNING, ENDED, NOBODY_FREE = "contact made", "help offered", "help running", "ended", "nobody free yet"
ALL_STEPS = (CONTACT_MADE, OFFERED, RUNNING, ENDED, NOBODY_FREE)
#: Days after which help that is wanted by the reader's own answer, and of which no offer is on record, counts as waiting for somebody to be free.
WAITING_AFTER = 21
NOT_SHARED = "not told here: the sharing agreement does not cover it"
#: What stands on record of help, by child: newest offer since the list, its beginning and end; never what the family said to it.
HELP_COLUMNS = ("child_id", "offered_on", "start_on", "end_on")
_TALKED = ("talked, help wanted", "talked, not now")


@dataclass(frozen=True, repr=False)
class FeedbackLine:
    """One child of the reader's own list or of the reader's own families."""

    name: str
    listed_on: date
    answer: str
    step: str
    thanks: str


@dataclass(frozen=True, repr=False)
class Feedback:
    """One reader's feedback, in alphabetical order."""

    audience: str
    recipient: str
    name: str
    day: date
    lines: tuple[FeedbackLine, ...] = field(repr=False)


def step_of(help_: Mapping[str, object] | None, decision: str, *, listed_on: date, day: date, decided_on: date | None) -> str:
    """The step reached, from the records of early help since the list and the reader's own answer; empty where there is none yet."""
    started, ended, offered = (_as_day((help_ or {}).get(name)) for name in ("start_on", "end_on", "offered_on"))
    if started and started < day:
        return ENDED if ended and ended < day else RUNNING
    if offered and offered < day:
        return OFFERED
    if decision == HELP_WANTED and (day - (decided_on or listed_on)).days > WAITING_AFTER:
        return NOBODY_FREE
    return CONTACT_MADE if decision in _TALKED else ""


def steps_allowed(audience: str, feedback: Mapping[Audience, Sequence[str]], sharing: Mapping[Audience, Sequence[object]]) -> frozenset[str]:
    """Steps that readers of an audience are told of: what the settings name, else all for who may see social care, else none."""
    who = Audience(audience)
    if who in feedback:
        return frozenset(feedback[who])
    return frozenset(ALL_STEPS) if "SOCIAL_CARE" in {str(c) for c in sharing.get(who, ())} else frozenset()


def thanks_for(decision: str, status: str, decided_on: date | None) -> str:
    """A line of thanks or reason that repeats nothing but the reader's own answer."""
    when = f" of {day_text(decided_on)}" if decided_on else ""
    if not decision and status in ("", NO_ANSWER):
        return "Not answered yet. If you could not get to this family, leave the line open: it may stand on your next list."
    if not decision:
        return "Different answers came back; please send the one that holds, with its date."
    if decision in STEP_UPS:
        return f"Thank you for your answer{when}. A manager confirms every such step; ask children's social care if you have heard nothing."
    if decision == RECORD_WRONG:
        return f"Thank you for your answer{when}. The record goes back to whoever supplied it, to be put right or explained."
    if decision == NOT_SAFE:
        return f"Thank you for your answer{when}. Please ask the safeguarding lead how contact is safe; the line stays open."
    if decision == SUPPORTED:
        return f"Thank you for your answer{when}. It is good to know who is there already."
    return f"Thank you for your answer{when}."


def reader_step(step: str, allowed: frozenset[str], decision: str) -> str:
    """The step as the reader may be told: a step that is not agreed falls back to what the reader knows from the own answer."""
    if step in allowed:
        return step
    if decision in _TALKED:
        return CONTACT_MADE
    return NOT_SHARED if step else "nothing recorded yet" if allowed else NOT_SHARED


def feedback_workbook(one: Feedback, *, watermark: str | None) -> bytes:
    """The reader's workbook, the same to the byte for the same lines."""
    who = "the designated safeguarding lead and named deputies" if one.audience == Audience.SCHOOL_LEAD else "the hub lead"
    banner = f"RESTRICTED. For {who}, {one.name}. Do not forward or copy."
    answered = sum(line.answer != "no answer yet" for line in one.lines)
    glance = f"Of {count_of(len(one.lines), 'child', 'children')} you were asked about or told us of, we have your answer for {answered}. Thank you."
    rows: list[list[Value]] = [[line.name, day_text(line.listed_on), line.answer, line.step, line.thanks] for line in one.lines]
    sheet = Sheet(
        name="What became of it",
        headings=("Name", "On the list of", "Your answer", "Where it stands", "From us to you"),
        rows=rows,
        title=f"What became of the families you looked at: {one.name}",
        notes=[
            banner,
            *([watermark] if watermark else []),
            f"{glance} As recorded on {day_text(one.day)}.",
            "Where it stands is told as far as your partners have agreed. Help is a choice: that help was offered and has not begun says nothing about a family.",
        ],
        widths=(24.0, 18.0, 30.0, 26.0, 56.0),
    )
    return workbook_bytes([sheet], title=f"What became of it: {one.name}", restricted=" ".join(part for part in (banner, watermark) if part))


def help_since(early_help: pd.DataFrame, listed_on: pd.Series) -> pd.DataFrame:
    """The newest offer on or after the day a child was listed, by the index of ``listed_on``: :data:`HELP_COLUMNS`.

    Parameters
    ----------
    early_help : DataFrame
        Known rows with child_id.
    listed_on : Series
        Day of the list, indexed by child_id.
    """
    rows = early_help[early_help["child_id"].isin(listed_on.index)]
    offered = pd.to_datetime(rows["offered_on"])
    rows = rows[offered >= rows["child_id"].map(listed_on)]
    rows = rows.assign(offered_on=pd.to_datetime(rows["offered_on"]))
    newest = rows.sort_values("offered_on", kind="stable").drop_duplicates("child_id", keep="last")
    return newest.set_index("child_id")[list(HELP_COLUMNS[1:])]


def _as_day(value: object) -> date | None:
    if value is None or pd.isna(value):
        return None
    day: date = pd.Timestamp(value).date()
    return day
