"""The cases of the practice list: invented children, what a school's records would show, and what a thoughtful reader might answer.

Nobody here exists. Values stand for features of the shipped catalogue; ``weights`` only say which of them count, so that the sheets come from
the same sentences as real ones. An answer is a model, not the only right one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One child of the practice list."""

    forename: str
    surname: str
    nc_year: str
    values: Mapping[str, float]
    weights: Mapping[str, float]
    known_to_reader: str  #: what the people in school know beside the records
    decision: str  #: one of the answers on offer
    reason: str  #: one of the reasons on offer
    why: str
    how_to_begin: str


#: What is usual in each year group here, for the comparisons.
USUAL: dict[str, dict[str, float]] = {
    year: {"absence_share_90d": 0.05, "absence_share_365d": 0.05, "late_share_90d": 0.01, "illness_share_90d": 0.03, "suspensions_count_365d": 0.0}
    for year in ("Year 3", "Year 5", "Year 7", "Year 8", "Year 9", "Year 10")
}
#: What most children's records show, where a case says nothing else.
PLAIN: dict[str, float] = {
    "absence_share_90d": 0.05, "absence_share_365d": 0.05, "late_share_90d": 0.01, "illness_share_90d": 0.03, "suspensions_count_365d": 0.0,
    "absence_explained_share_365d": 0.95, "days_at_school_ever": 800.0, "part_time_share_90d": 0.0, "unauthorised_share_90d": 0.0,
}  # fmt: skip

CASES: tuple[Case, ...] = (
    Case(
        "Ava", "Bramble", "8",
        {"absence_share_90d": 0.24, "absence_share_365d": 0.12, "absence_change_90d": 0.16, "unauthorised_share_90d": 0.1, "absence_explained_share_365d": 0.8},
        {"absence_share_90d": 0.6, "absence_change_90d": 0.5, "unauthorised_share_90d": 0.3},
        "The form tutor has seen that she sits alone since a friend moved away. Mum rings in when Ava is ill.",
        "talked, help wanted", "what was noticed fits what we see",
        "Absence rose within one term, somebody at home is in touch, and school has seen a change too. That fits a worry that a talk can reach early.",
        "Thank Mum for ringing in each time. Ask Ava first how the weeks since the summer have been, and who she spends breaks with. Offer the youth worker as a choice.",
    ),
    Case(
        "Ben", "Bramble", "5",
        {"absence_share_90d": 0.06},
        {},
        "Ava's brother. Nothing has been noticed in class.",
        "not needed now", "there is a plain reason for it",
        "He is on the list because he lives with Ava. Nothing stood out for him, and nobody in school sees anything. That one child is listed says nothing about another.",
        "Nothing to begin for Ben himself. When talking with Mum about Ava, ask how things are for the whole family.",
    ),
    Case(
        "Callum", "Denby", "9",
        {"absence_share_90d": 0.31, "illness_share_90d": 0.29, "absence_change_90d": 0.2},
        {"illness_share_90d": 0.7, "absence_share_90d": 0.6, "absence_change_90d": 0.2},
        "The school nurse knows that he has treatment at the hospital, and a plan for his health care is in place.",
        "already supported (say by whom in notes)", "we already know and are helping",
        "The records are right and the reason is known: treatment, with a plan. The list cannot see that. Write in the notes who leads.",
        "No new approach. Tell whoever leads his plan that the family could be offered more, if they would like it.",
    ),
    Case(
        "Dina", "Fenwick", "7",
        {"late_share_90d": 0.14, "late_weeks_12sw": 10.0, "late_change_90d": 0.11},
        {"late_share_90d": 0.8, "late_weeks_12sw": 0.4, "late_change_90d": 0.3},
        "Her bus line was cut in September. Four others from her street come late too.",
        "not needed now", "there is a plain reason for it",
        "There is a plain reason that has nothing to do with the family. It is worth an answer all the same: to the bus company, or by a later register.",
        "Tell the family that school knows about the bus, and ask if help with travel would be of use.",
    ),
    Case(
        "Ethan", "Garside", "10",
        {"part_time_share_90d": 0.45, "absence_share_90d": 0.12, "suspensions_count_365d": 2.0, "suspensions_change_180d": 2.0},
        {"absence_share_90d": 0.3, "suspensions_count_365d": 0.7, "suspensions_change_180d": 0.4},
        "School put him on a part-time timetable in September, after two suspensions. The review is overdue.",
        "talked, not now", "what was noticed fits what we see",
        "Much of what looks like time away was arranged by the school. The first step is the school's own: hold the review that is overdue. His father was told what "
        "help there is and would rather wait for the review. That is his choice, and it is not held against the family.",
        "Begin with what school owes him: the review and a date for full time. Say what is on offer, and that saying no has no consequence.",
    ),
    Case(
        "Freya", "Hale", "3",
        {"absence_share_90d": 0.38, "absence_share_365d": 0.3, "unauthorised_share_90d": 0.3, "days_at_school_ever": 60.0, "absence_explained_share_365d": 0.1},
        {"absence_share_90d": 0.7, "unauthorised_share_90d": 0.6},
        "The office says that Freya moved to another school four weeks ago; her marks here were never closed.",
        "record wrong", "a record is wrong or missing",
        "The marks go on after she left. Have the roll and the marks put right, and do not contact the family about absence that never was.",
        "No approach. Write what is wrong in the notes, so that the source can correct it.",
    ),
    Case(
        "Grace", "Inman", "9",
        {"absence_share_90d": 0.09, "late_share_90d": 0.04},
        {"absence_share_90d": 0.2, "late_share_90d": 0.25},
        "This morning she told her tutor that she is afraid to go home.",
        "passed to children's social care today (significant harm)", "things have changed since the records",
        "What she said comes before any list. Follow the safeguarding procedure today. The list showed almost nothing: it is not a safeguarding alarm, and never was one.",
        "Do not open a talk about early help. Speak to the designated safeguarding lead at once.",
    ),
)  # fmt: skip

#: A family nobody suggested, for the sheet of the reader's own.
OWN = (
    "Harriet Jowett, Year 8. Her attendance is good and she is never late, so no list would show her. Her tutor knows that she looks after her mother "
    "every evening. Write her on the last sheet: your own worry counts as much as any list."
)
