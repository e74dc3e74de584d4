"""Oversight: what was reviewed and how late, who agreed, whether help is under way as it should be, and what was recorded before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from early_id.explain.page import OUTCOMES
from early_id.features.past import Past
from early_id.features.spans import absence_in
from early_id.learning.tables import Question
from early_id.stats.intervals import normal_quantile

#: The eight outcomes as agreement: the reader saw a reason to act, knew of help already, saw none, or could not get there yet.
AGREED, KNOWN, OVERRIDDEN, NOT_YET, UNCLEAR, NO_ANSWER = (
    "worth a conversation", "supported already", "not needed, or a record is wrong", "not safe or possible yet", "answers differ", "no answer",
)  # fmt: skip
ANSWERS = (AGREED, KNOWN, OVERRIDDEN, NOT_YET, UNCLEAR, NO_ANSWER)
_OF_OUTCOME = dict(zip(OUTCOMES, (AGREED, AGREED, KNOWN, OVERRIDDEN, OVERRIDDEN, NOT_YET, AGREED, AGREED), strict=True))
IN_TIME, LATE, NO_DATE = "in time", "after the list had expired", "no date given"
TIMES = (IN_TIME, LATE, NO_DATE, NO_ANSWER)
#: Help: from offer to end. A family that did not want it is at "offered" like any other where it has not begun.
OFFERED, UNDER_WAY, FINISHED, ENDED_OTHERWISE = "offered, not begun", "under way", "finished", "ended otherwise"
HELP_STEPS = (OFFERED, UNDER_WAY, FINISHED, ENDED_OTHERWISE)
_FINISHED = ("needs met", "no longer needed")
#: Working Together: a plan and a review in good time. Days after help began by which each is looked for.
DUE = {"assessed_on": 45, "plan_on": 60}
#: Days before and after that are compared.
AROUND = 90


@dataclass(frozen=True)
class Change:
    """A share or number before and after, of the same families, with the mean change and its interval."""

    what: str
    unit: str
    families: int
    rows: int
    before: float
    after: float
    change: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class Oversight:
    """Everything the page says, as frames and questions."""

    day: date
    answers: Question
    times: Question
    help_steps: Question
    quality: tuple[tuple[str, int | None, int | None], ...]  #: what is missing, how many, of how many; None where it is not held
    changes: tuple[Change, ...]
    by: Mapping[str, str] = field(default_factory=dict)
    waiting_step_ups: int = 0
    late_days: tuple[float, float] | None = None  #: median and 90th percentile of days until an answer
    followed: Question | None = None  #: what followed for listed children, the list's own doing apart
    acted: pd.DataFrame = field(default_factory=pd.DataFrame)  #: agreement by group of the audit before and after people

    def __repr__(self) -> str:
        return f"Oversight({len(self.answers.rows):,} children listed, {len(self.help_steps.rows):,} offers of help, until {self.day})"


def answered_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines of lists with ``category`` (what was answered) and ``time`` (whether in time).

    Parameters
    ----------
    lines : DataFrame
        list_as_of, expires_on, child_id, family_id, decision, status, decided_on, role (empty where nothing came back).
    """
    category = lines["decision"].map(_OF_OUTCOME)
    category = category.where(category.notna(), np.where(lines["status"].eq("conflict"), UNCLEAR, NO_ANSWER))
    decided, expires = (pd.to_datetime(lines[name].replace("", None)) for name in ("decided_on", "expires_on"))
    time = pd.Series(IN_TIME, index=lines.index).mask(decided > expires, LATE).mask(decided.isna(), NO_DATE).mask(category.eq(NO_ANSWER), NO_ANSWER)
    days = (decided - pd.to_datetime(lines["list_as_of"])).dt.days
    return lines.assign(category=category, time=time, days=days)


def help_rows(past: Past, since: date) -> pd.DataFrame:
    """Offers of early help since a day, with ``category``: the step they are at on the past's date."""
    rows = past.frame("early_help")
    rows = rows[pd.to_datetime(rows["offered_on"]) >= pd.Timestamp(since)].reset_index(drop=True)
    families = past.families().set_index("child_id")["family_id"]
    rows["family_id"] = rows["child_id"].map(families).where(lambda s: s.notna(), past.people.own_family(rows["child_id"]))
    started, ended = pd.to_datetime(rows["start_on"]).notna(), pd.to_datetime(rows["end_on"]).notna()
    ends = pd.Series(ENDED_OTHERWISE, index=rows.index).mask(rows["end_reason"].isin(_FINISHED), FINISHED)
    rows["category"] = pd.Series(OFFERED, index=rows.index).mask(started, UNDER_WAY).mask(started & ended, ends)
    return rows


def help_quality(past: Past) -> tuple[tuple[str, int | None, int | None], ...]:
    """Of help that is under way: how much lacks an assessment, a plan, aims, the child's view, or a review in time."""
    rows, moment = past.frame("early_help"), pd.Timestamp(past.as_of)
    started = pd.to_datetime(rows["start_on"])
    running = rows[started.notna() & rows["end_on"].isna()]
    began = pd.to_datetime(running["start_on"])
    found: list[tuple[str, int | None, int | None]] = []
    for column, words in (("assessed_on", "No whole-family assessment"), ("plan_on", "No plan")):
        if rows[column].isna().all():
            found.append((words, None, None))
            continue
        due = running[began + pd.Timedelta(days=DUE[column]) < moment]
        found.append((f"{words}, {DUE[column]} days after help began", int(due[column].isna().sum()), len(due)))
    planned = running[running["plan_on"].notna()]
    held = rows["child_view_recorded"].notna().any()
    found.append(
        ("A plan without the child's view", int((~planned["child_view_recorded"].eq(True)).sum()) if held else None, len(planned) if held else None)
    )
    held = rows["review_due_on"].notna().any()
    due_on = pd.to_datetime(running["review_due_on"])
    due = running[due_on < moment]
    late = due["reviewed_on"].isna() | (pd.to_datetime(due["reviewed_on"]) > pd.to_datetime(due["review_due_on"]))
    found.append(("A review that was due and not made in time", int(late.sum()) if held else None, len(due) if held else None))
    aims = "aims" in rows.columns and rows["aims"].notna().any()
    found.append(("A plan without aims", int(planned["aims"].isna().sum()) if aims else None, len(planned) if aims else None))
    return tuple(found)


def before_and_after(past: Past, *, known_until: date) -> tuple[Change, ...]:
    """Absence and contacts with the front door, before help began and after it had, of help of which both times are known.

    Families come to help when things are at their worst, and things at their worst tend to get better by themselves: a change shows no cause.
    """
    rows, span = past.frame("early_help"), pd.Timedelta(days=AROUND)
    rows = rows.assign(start=pd.to_datetime(rows["start_on"])).dropna(subset=["start"])
    rows = (
        rows[rows["start"] + span + span <= pd.Timestamp(known_until)]
        .sort_values("start")
        .drop_duplicates("child_id", keep="last")
        .reset_index(drop=True)
    )
    if rows.empty:
        return ()
    families = past.families().set_index("child_id")["family_id"]
    family = rows["child_id"].map(families).where(lambda s: s.notna(), past.people.own_family(rows["child_id"]))
    number = pd.Series(range(len(rows)), index=rows.index)
    before = pd.DataFrame({"span": number * 2, "child_id": rows["child_id"], "start": rows["start"] - span, "end": rows["start"]})
    # The first weeks are the help's own; what is compared begins three months in.
    after = pd.DataFrame({"span": number * 2 + 1, "child_id": rows["child_id"], "start": rows["start"] + span, "end": rows["start"] + span + span})
    made = []
    absence = absence_in(past, pd.concat([before, after]))
    if len(absence):
        share = (absence["absent"] / absence["possible"].where(absence["possible"] >= 40)).reindex(range(2 * len(rows)))
        first, second = share.iloc[::2].to_numpy(dtype=float), share.iloc[1::2].to_numpy(dtype=float)
        made.append(_change("Absence from school", "share of sessions", first, second, family))
    if past.store.has("contacts") or past.store.has("statutory"):
        contacts, referrals = past.frame("contacts"), past.frame("statutory")
        events = pd.concat([
            pd.DataFrame({"child_id": contacts["child_id"], "on": pd.to_datetime(contacts["contact_on"])}),
            pd.DataFrame({"child_id": referrals["child_id"], "on": pd.to_datetime(referrals["start_on"])})[referrals["status"].eq("REFERRAL").to_numpy()],
        ])  # fmt: skip
        counts = []
        for spans in (before, after):
            met = spans.merge(events, on="child_id")
            met = met[(met["on"] >= met["start"]) & (met["on"] < met["end"])]
            counts.append(spans["span"].isin(met["span"]).to_numpy(dtype=float))
        made.append(_change("A contact with the front door, or a referral", "share of children", counts[0], counts[1], family))
    return tuple(one for one in made if one.rows)


def _change(what: str, unit: str, before: Any, after: Any, family: pd.Series) -> Change:
    """Mean change with an interval from sums of each family: Var = F/(F−1)·Σ(x − d̄·m)²/n² (as in stats/rates)."""
    both = ~np.isnan(before) & ~np.isnan(after)
    n = int(both.sum())
    if not n:
        return Change(what, unit, 0, 0, np.nan, np.nan, np.nan, np.nan, np.nan)
    difference = (after - before)[both]
    sums = pd.DataFrame({"x": difference, "m": 1.0, "f": family.to_numpy()[both]}).groupby("f").sum()
    mean, count = float(difference.mean()), len(sums)
    half = np.nan
    if count > 1:
        variance = count / (count - 1) * float(((sums["x"] - mean * sums["m"]) ** 2).sum()) / n**2
        half = normal_quantile(0.975) * float(np.sqrt(variance))
    return Change(what, unit, count, n, float(before[both].mean()), float(after[both].mean()), mean, mean - half, mean + half)
