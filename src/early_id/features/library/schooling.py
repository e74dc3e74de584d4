"""Which school, since when, and education other than at school.

The roll of the present school is that school's own record; rolls of all schools and what else a child does for education are the council's.
Source: Working Together 2023 (missing education, not in full-time education); Children missing education guidance (2024).
"""

from __future__ import annotations

from early_id.core.types import Direction, Missing, SharingClass, Unit
from early_id.features.declare import Feature, any_, count, current, days_in_stay, ever, last_days
from early_id.schema.conditions import is_true, isin, month_in

_WT = "Working Together 2023 names children who miss education or are not in full-time education."
_MOVES = "Changes of school within the year break friendships and support."
#: A roll that begins in another month than August, September or October begins within the school year.
IS_WITHIN_THE_YEAR = month_in("start_on", {11, 12, 1, 2, 3, 4, 5, 6, 7})
#: The first school year of secondary school.
IS_YEAR_7 = isin("nc_year", {"7"})


def _roll(name: str, label: str, measure: object, window: object, phrase: str, reason: str, **more: object) -> Feature:
    values = {
        "source": "enrolments", "direction": Direction.RAISES, "sharing": SharingClass.SCHOOL, "theme": "school_moves",
        "missing": Missing.ZERO_IF_COVERED, "value_format": "count",
    }  # fmt: skip
    return Feature(name=name, label=label, measure=measure, window=window, phrase=phrase, reason=reason, **{**values, **more})  # type: ignore[arg-type]


def _status(name: str, label: str, measure: object, window: object, phrase: str, reason: str, **more: object) -> Feature:
    values = {"source": "education_status", "sharing": SharingClass.EDUCATION, "theme": "provision", "value_format": "yes_no"}
    return _roll(name, label, measure, window, phrase, reason, **{**values, **more})


SCHOOLING: tuple[Feature, ...] = (
    _roll("days_at_school_ever", "Time at this school", days_in_stay(), ever(), "Came to this school {value} ago",
          "A settled place at school protects; a new one is a time when help is welcome.", direction=Direction.LOWERS, missing=Missing.UNKNOWN,
          value_format="days", strength_phrase="Came to this school {value} ago and is still there", strength_above=365, version=2),
    _roll("joined_within_year_365d", "Joined in the middle of a school year", any_(IS_WITHIN_THE_YEAR), last_days(365),
          "Started at this school in the middle of a school year, in {period}", _MOVES, value_format="yes_no"),
    _roll("started_secondary_120d", "Started secondary school", any_(IS_YEAR_7), last_days(120), "Started Year 7 in {period}",
          "The first term in secondary school is when attendance and belonging change most.", value_format="yes_no"),
    _roll("part_time_place_now", "Part-time place", current(is_true("part_time")), ever(), "Is on the roll for part of the week only", _WT,
          theme="provision", value_format="yes_no"),
    _roll("school_moves_all_schools_730d", "Changes of school within a year", count(IS_WITHIN_THE_YEAR), last_days(730),
          "Started at a school in the middle of a school year {value} times in {period}", _MOVES, sharing=SharingClass.EDUCATION),
    _roll("on_roll_now", "On a school roll", current(), ever(), "Is on a school roll", "A child on no roll may be missing education.",
          direction=Direction.LOWERS, sharing=SharingClass.EDUCATION, theme="provision", value_format="yes_no"),
    _roll("sibling_school_moves_730d", "Brothers' and sisters' changes of school", count(IS_WITHIN_THE_YEAR), last_days(730),
          "Brothers or sisters started at a school in the middle of a school year {value} times in {period}", _MOVES, unit=Unit.FAMILY,
          sharing=SharingClass.EDUCATION, theme="siblings"),
    _status("home_educated_now", "Educated at home", current(isin("status", {"home_educated"})), ever(), "Is educated at home",
            "A choice of the parents; some families would welcome an offer of support.", direction=Direction.EITHER),
    _status("missing_education_730d", "Without a school place", any_(isin("status", {"missing_education"})), last_days(730),
            "Was without a school place for a time in {period}", _WT),
    _status("alternative_provision_council_730d", "Place arranged by the council", any_(isin("status", {"alternative_provision"})), last_days(730),
            "The council arranged a place other than at school in {period}", "Alternative provision marks children whom school did not hold."),
    _status("not_in_education_now", "Not in education or work at 16 or 17", current(isin("status", {"neet", "not_known"})), ever(),
            "Is 16 or 17 and not known to be in education, training or work", "Councils have a duty to 16- and 17-year-olds (Education and Skills Act 2008)."),
)  # fmt: skip
