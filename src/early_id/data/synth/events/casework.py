"""What follows a contact: an offer of early help or a referral, assessment, plans, care; rows are gathered as arrays.

Every draw belongs to a child and a day, so that a case which takes another course moves nobody else's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.seeds import RowDraws, gamma, whole
from early_id.data.synth.timeline import NEVER

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Rows = dict[str, npt.NDArray[Any]]

#: The family's answer: accepted, not now, no contact.
ANSWERS = (0.60, 0.22, 0.18)
#: Referrals closed at once; assessed and found not in need (children in need census, 2025).
NO_FURTHER_ACTION, NOT_IN_NEED = 0.065, 0.308
#: Children found not in need who are offered early help; help that leads on to a referral.
OFFERED_INSTEAD, STEPPED_UP = 0.3, 0.1
#: Days that help or a status lasts: mean and shape of a gamma.
DURATIONS = {"EH": (190, 3.0), "CIN": (245, 2.0), "CPP": (300, 3.0), "CLA": (1100, 1.5)}
#: Of children found in need: a section 47 enquiry, a protection plan after it, care, court.
SECTION_47, PLAN_AFTER, INTO_CARE, COURT = 0.34, 0.46, 0.07, 0.35
SOURCE_SHARES = (("school", 0.38), ("police", 0.1), ("health", 0.2), ("family", 0.16), ("housing", 0.06), ("other", 0.1))
#: Of contacts within two months of a police sign, those that the police make.
POLICE_MAKES = 0.75
LEAD_ROLES = ("school pastoral lead", "family hub worker", "health visitor", "youth worker")
KINDS = {"contacts": "on", "early_help": "offered", "statutory": "start", "assessed": "on", "decisions": "on"}

_SOURCES = np.array([name for name, _ in SOURCE_SHARES], dtype=object)
_SOURCE_EDGES = np.cumsum([share for _, share in SOURCE_SHARES])[:-1]
_ANSWER_EDGES = np.cumsum(ANSWERS)[:-1]
_ANSWERS = np.array(["accepted", "not_now", "no_contact"], dtype=object)
_ROLES = np.array(LEAD_ROLES, dtype=object)
_ENDS, _END_EDGES = np.array(["needs met", "family withdrew", "no longer needed"], dtype=object), np.cumsum([0.6, 0.22])


@dataclass
class Casework:
    """Who is open to what, and the rows written so far.

    Attributes
    ----------
    dob, stop : array of int
        Birthday, and the day services for the child end (18th birthday or move away).
    free_from : array of int
        The day from which a new contact can be made about the child.
    draws : RowDraws
        Draws by child and day.
    """

    dob: Ints
    stop: Ints
    free_from: Ints
    draws: RowDraws
    rows: dict[str, list[Rows]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def arrays(self, kind: str) -> Rows:
        """All rows of one kind, in the order in which they were written; columns of length 0 where there are none."""
        parts = self.rows[kind]
        if not parts:
            return {name: np.zeros(0, dtype=np.int64) for name in ("child", KINDS[kind])}
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def frames(self) -> dict[str, pd.DataFrame]:
        """Each kind of row as one frame in order of date and child."""
        return {
            kind: pd.DataFrame(self.arrays(kind)).sort_values([day, "child"], kind="stable", ignore_index=True)
            for kind, day in KINDS.items()
        }  # fmt: skip

    def contact(self, child: Ints, day: Ints, score: Floats, referral_from: Floats, help_from: Floats, fair_from: Floats, police: Flags) -> None:
        """One month's contacts: outcome, then an offer of early help or a referral.

        Parameters
        ----------
        score : array
            Need plus what the front door happens to make of it.
        referral_from, help_from : array
            Scores from which the child is referred, or offered help.
        fair_from : array
            Score from which a council without bias would offer help or refer.
        police : array of bool
            Whether the police know of something in these weeks.
        """
        by, police_makes, answer, answered, offered = self.draws.columns(5, "contact", child, day)
        source = _SOURCES[np.searchsorted(_SOURCE_EDGES, by)]
        source = np.where(police & (police_makes < POLICE_MAKES), "police", source)
        refer = score > referral_from
        help_ = ~refer & (score > help_from)
        outcome = np.where(answer < 0.6, "nfa", "advice").astype(object)
        outcome[refer], outcome[help_] = "new_referral", "early_help"
        on = day + whole(answered, 0, 6)
        self._add("contacts", child=child, on=day, source=source, outcome=outcome, outcome_on=on)
        self._add("decisions", child=child, on=day, score=score, passed=refer | help_, passed_without_bias=score > fair_from)
        self.free_from[child] = on + 45
        self._offer(child[help_], (on + whole(offered, 1, 15))[help_])
        self._refer(child[refer], on[refer])

    def care_at_start(self, child: Ints, begin: int) -> None:
        """Children who were looked after when the events begin."""
        since, lasts = self.draws.columns(2, "care at start", child)
        start = np.maximum(begin - whole(since, 5, 700), self.dob[child] + 10)
        end = np.minimum(begin + _days(lasts, "CLA"), self.stop[child])
        self._status("CLA", child, start, end)
        self.free_from[child] = end + 60

    def _offer(self, child: Ints, offered: Ints) -> None:
        """Early help is offered; the family answers; some of it leads on to a referral."""
        if not len(child):
            return
        stop = self.stop[child]
        answer, begins, lasts, steps, why, lead, assessed, planned, view, reviewed = self.draws.columns(10, "offer", child, offered)
        response = _ANSWERS[np.searchsorted(_ANSWER_EDGES, answer)]
        took = response == "accepted"
        start = np.where(took, offered + whole(begins, 5, 25), NEVER)
        end = np.where(took, np.minimum(start + _days(lasts, "EH"), stop), NEVER)
        stepped = took & (steps < STEPPED_UP) & (end < stop)
        reason = _ENDS[np.searchsorted(_END_EDGES, why)]
        reason[end >= stop] = "moved away"
        reason[stepped] = "stepped up"
        self._add(
            "early_help",
            child=child,
            offered=offered,
            response=response,
            start=start,
            end=end,
            end_reason=reason,
            lead_role=_ROLES[whole(lead, 0, len(_ROLES))],
            assessed=start + whole(assessed, 10, 40),
            plan=start + whole(planned, 42, 70),
            child_view=np.where(view < 0.7, "Y", "N").astype(object),
            review_due=start + 150,
            reviewed=start + 150 + whole(reviewed, -20, 40),
        )
        self.free_from[child] = np.where(took, end + 60, offered + 75)
        self._refer(child[stepped], end[stepped])

    def _refer(self, child: Ints, on: Ints) -> None:
        """A referral: closed, or assessed; then in need or not; then enquiry, plan, care."""
        if not len(child):
            return
        stop = self.stop[child]
        closes, after, fate, instead, offered = self.draws.columns(5, "referral", child, on)
        closed = closes < NO_FURTHER_ACTION
        done = np.minimum(on + np.where(closed, whole(after, 1, 10), whole(after, 20, 56)), stop)
        self._status("REFERRAL", child, on, done, outcome=np.where(closed, "nfa", "assessed").astype(object), outcome_on=done)
        self.free_from[child] = done + 60
        assessed = ~closed & (done < stop)
        self._add("assessed", child=child[assessed], on=done[assessed])
        needs = assessed & (fate >= NOT_IN_NEED / (1 - NO_FURTHER_ACTION))
        self._in_need(child[needs], done[needs] + 1)
        back = assessed & ~needs & (instead < OFFERED_INSTEAD)
        self._offer(child[back], (done + whole(offered, 3, 20))[back])

    def _in_need(self, child: Ints, start: Ints) -> None:
        if not len(child):
            return
        stop = self.stop[child]
        lasts, asked, planned, cared, after, plan_lasts, care_after, to_court = self.draws.columns(8, "in need", child, start)
        end = np.minimum(start + _days(lasts, "CIN"), stop)
        enquiry = asked < SECTION_47
        plan = enquiry & (planned < PLAN_AFTER)
        care = cared < INTO_CARE
        begins = start + whole(after, 3, 40)
        enquiry &= begins < stop  # nobody enquires about a child who has left
        self._status("S47", child[enquiry], begins[enquiry], np.minimum(begins + 14, stop)[enquiry])
        plan_from = begins + 16
        plan_to = np.minimum(plan_from + _days(plan_lasts, "CPP"), stop)
        plan &= plan_from < stop - 5
        self._status("CPP", child[plan], plan_from[plan], plan_to[plan])
        care_from = start + whole(care_after, 20, 120)
        care &= care_from < stop - 30
        court = care & (to_court < COURT)
        self._status("COURT", child[court], care_from[court] + 10, np.minimum(care_from + 200, stop)[court])
        end = np.where(plan, np.maximum(end, plan_to), end)
        self._status("CIN", child, start, np.where(care, care_from, end))
        self.free_from[child] = np.where(care, np.where(plan, plan_to, care_from), end) + 60  # a plan may outlast care
        self._care(child[care], care_from[care])

    def _care(self, child: Ints, start: Ints) -> None:
        if not len(child):
            return
        stop = self.stop[child]
        end = np.minimum(start + _days(self.draws.uniform("care", child, start), "CLA"), stop)
        self._status("CLA", child, start, end)
        self.free_from[child] = np.maximum(self.free_from[child], end + 60)
        older = (end - self.dob[child] > 16 * 365.25) & (end < stop - 5)
        self._status("CARE_LEAVER", child[older], end[older] + 1, stop[older])
        self.free_from[child[older]] = NEVER

    def _status(
        self, status: str, child: Ints, start: Ints, end: Ints, *, outcome: npt.NDArray[np.object_] | None = None, outcome_on: Ints | None = None
    ) -> None:
        count = len(child)
        if not count:
            return
        self._add(
            "statutory",
            child=child,
            status=np.full(count, status, dtype=object),
            start=start,
            end=end,
            outcome=np.full(count, "", dtype=object) if outcome is None else outcome,
            outcome_on=np.full(count, NEVER) if outcome_on is None else outcome_on,
            other_la=np.where(self.draws.uniform(f"elsewhere {status}", child, start) < 0.02, "Y", "N").astype(object),
        )

    def _add(self, kind: str, **columns: npt.NDArray[Any]) -> None:
        self.rows[kind].append(columns)


def _days(uniform: Floats, kind: str) -> Ints:
    """How long help or a status lasts."""
    mean, shape = DURATIONS[kind]
    return np.maximum(20, gamma(uniform, shape, mean)).astype(np.int64)
