"""Sheets read as a teacher and a hub lead would: nothing contradicts itself, nothing is harsher than it is, nothing is said twice."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest
from explain_fixtures import feature

from early_id.core.types import Direction, Missing, Unit
from early_id.explain.lines import run_on, small_signs
from early_id.explain.narrative import Explanation, Row, narrate
from early_id.explain.page import sheet_body
from early_id.explain.peers import YearGroups
from early_id.explain.wording import fact_sentence, fill, value_text
from early_id.features.declare import Feature, against_peers, change, count, days_in_stay, ever, last_days, relatives, weeks
from early_id.features.library import SHIPPED

AS_OF = date(2025, 11, 3)
LEVEL = feature("late", label="Late, last year", theme="lateness", phrase="Late for {value} of sessions in {period}", value_format="share")
PEERS = replace(
    feature("peers", label="Being late compared with the year group", theme="lateness", value_format="share"),
    measure=against_peers(count()), window=last_days(90), phrase="Late more often than the year group in {period}: {value} more of sessions",
)  # fmt: skip
USUAL = YearGroups({"Year 8": {"late": 0.01, "weeks": 1.0}, "Reception": {"late": 0.01}})


def told(values: dict[str, float], parts: dict[str, float], *features: Feature, year: str = "8", newest: date = AS_OF) -> Explanation:
    row = Row("k", "c", AS_OF, year, values, {**dict.fromkeys(values, 0.0), **parts}, dict.fromkeys(values, newest))
    return narrate(row, features, USUAL)


@pytest.mark.parametrize(
    ("value", "noticed"), [(-0.05, False), (0.005, False), (0.012, False), (0.02, True)], ids=["better", "same", "1 of 100", "2 of 100"]
)
def test_less_than_the_year_group_or_hardly_more_is_no_sign(value: float, noticed: bool) -> None:
    e = told({"peers": value}, {"peers": 0.5}, PEERS)
    assert bool(e.noticed) is noticed
    assert e.also_counted == (() if noticed else ("Being on time",))


def test_small_signs_are_called_small() -> None:
    e = told({"late": 0.02}, {"late": 0.9}, LEVEL)
    assert e.noticed[0].comparison == "A little more than is usual in Year 8 (1 of every 100)."
    assert small_signs(e).startswith("This is a small difference, and says little by itself.") and small_signs(e) in sheet_body(e)
    two = told({"late": 0.02, "peers": 0.02}, {"late": 0.9, "peers": 0.9}, LEVEL, replace(PEERS, theme="attendance"))
    assert small_signs(two).startswith("These are small differences")
    clear = told({"late": 0.2}, {"late": 0.9}, LEVEL)
    assert clear.noticed[0].comparison.startswith("More than") and small_signs(clear) == "" and "small difference" not in sheet_body(clear)


def test_one_suspension_is_never_called_a_small_difference() -> None:
    once = feature("s", theme="suspensions", source="suspensions")
    assert not YearGroups({"Year 8": {"s": 0.0}}).is_small(once, "8", 1.0)


def test_the_fact_that_is_told_stands_first_and_comparisons_that_could_not_be_made_are_no_facts() -> None:
    other = replace(LEVEL, name="late_90", label="Late, last 90 days", window=last_days(90))
    e = told({"late": 0.2, "late_90": 0.2, "peers": math.nan}, {"late": 0.3, "late_90": 0.5, "peers": 0.6}, LEVEL, other, PEERS)
    (reason,) = e.noticed
    assert "not recorded" not in [fact.value for fact in reason.facts]
    small = told({"late": 0.01, "peers": 0.06}, {"late": 0.9, "peers": 0.3}, LEVEL, PEERS)
    assert small.noticed[0].facts[0].value == "6 more of every 100"


def test_one_value_over_two_windows_is_one_fact() -> None:
    """A child who came to school in September has one share of absence, whatever the window."""
    usual = YearGroups({"Year 8": {"late": 0.01, "late_90": 0.01}})
    other = replace(LEVEL, name="late_90", label="Late, last 90 days", window=last_days(90))
    row = Row("k", "c", AS_OF, "8", {"late": 0.2, "late_90": 0.2}, {"late": 0.5, "late_90": 0.3}, {})
    assert [fact.what for fact in narrate(row, (LEVEL, other), usual).noticed[0].facts] == ["Late, last year"]


def test_what_was_not_recorded_is_said_once_for_a_theme_and_plants_no_words() -> None:
    known = feature("known", theme="family_wellbeing")
    blank = [replace(feature(f"f{n}", theme="family_wellbeing", source="household_factors"), label="Alcohol or drug use at home") for n in range(3)]
    e = told({"known": 0.0, **{f.name: math.nan for f in blank}}, {}, known, *blank)
    assert e.not_known == ("Health and wellbeing in the family: no assessment on record.",)
    before = replace(feature("before", theme="lateness", value_format="share"), measure=change(count(), earlier=last_days(365)))
    again = replace(before, name="again", theme="attendance")
    e = told({"late": 0.0, "known": 0.0, "before": math.nan, "again": math.nan, "peers": math.nan}, {}, LEVEL, before, PEERS, known, again)
    assert e.not_known == (
        "Being in school: no record to go by.",
        "Change over time: not enough earlier records to compare with.",
        "The same year group at this school: not enough records to compare with.",
    )


def test_an_only_child_lacks_no_records_of_brothers_and_sisters() -> None:
    others = replace(feature("others", theme="siblings", unit=Unit.FAMILY), measure=relatives(), window=ever())
    absent = feature("absent", theme="siblings", unit=Unit.FAMILY)
    assert told({"others": 0.0, "absent": math.nan}, {}, others, absent).not_known == ()
    assert told({"others": 1.0, "absent": math.nan}, {}, others, absent).not_known == ("Absent: not recorded.",)
    blank = replace(absent, missing=Missing.ZERO_IF_COVERED)
    assert told({"others": 1.0, "absent": math.nan}, {}, others, blank).not_known == (
        "Brothers and sisters: the records do not cover them for the whole of the last year.",
    )


def test_a_home_of_many_years_is_no_old_record() -> None:
    home = feature("moves", source="household_members", theme="home")
    finished = replace(feature("finished", source="early_help", theme="earlier_help"), window=ever())
    assert told({"moves": 1.0, "finished": 1.0}, {}, home, finished, newest=date(2015, 1, 1)).out_of_date == ()


def test_no_suspension_is_no_praise_for_a_child_of_five() -> None:
    never = feature("s", source="suspensions", theme="suspensions", strength_phrase="No suspension in {period}", strength_below=0)
    assert [len(told({"s": 0.0}, {}, never, year=year).going_well) for year in ("R", "2", "3", "8")] == [0, 0, 1, 1]


def test_good_news_beside_a_sign_does_not_contradict_it() -> None:
    """ "Late less often than the year group" and "late more often than is usual" cannot both be read."""
    good = replace(PEERS, strength_phrase="Late less often than the year group: {value} fewer of sessions", strength_below=-0.03)
    e = told({"late": 0.2, "peers": -0.06}, {"late": 0.9, "peers": -0.2}, LEVEL, good)
    assert e.noticed and e.going_well == ()
    assert len(told({"peers": -0.06}, {"peers": -0.2}, good).going_well) == 1


def test_strengths_need_no_comparison_where_none_would_help() -> None:
    here = replace(
        feature(
            "here", theme="school_moves", value_format="days", direction=Direction.LOWERS, strength_phrase="Here for {value}", strength_above=365
        ),
        measure=days_in_stay(),
    )
    peers = YearGroups({"Year 8": {"here": 70.0, "late": 0.05}})
    row = Row("k", "c", AS_OF, "8", {"here": 1500.0}, {"here": 0.0}, {})
    assert narrate(row, (here,), peers).going_well[0].comparison == ""
    assert peers.sentence(here, "8", 1500.0) == "Longer than is usual in Year 8 (70 days)."
    assert peers.sentence(here, "8", 10.0) == "Shorter than is usual in Year 8 (70 days)."
    none = replace(LEVEL, strength_phrase="Late for {value} of sessions in {period}", strength_below=0.02)
    row = Row("k", "c", AS_OF, "8", {"late": 0.0}, {"late": 0.0}, {})
    assert narrate(row, (none,), peers).going_well[0].said == "Late for no sessions in the last year."


def test_themes_told_as_going_well_are_pointed_to_in_one_line() -> None:
    features = [
        feature(theme, theme=theme, strength_phrase="Well in {period}", strength_below=1) for theme in ("attendance", "lateness", "school_moves")
    ]
    e = told({f.name: 0.0 for f in features}, {f.name: -0.5 for f in features}, *features)
    assert len(e.against) == 3
    assert [(r.title, r.said) for r in e.speaks_against] == [("Being in school, being on time and changes of school", "See what is going well.")]


def test_two_sentences_that_begin_alike_become_one() -> None:
    one, two = "The school arranged a part-time timetable for 3 of every 100 sessions.", "The school arranged a part-time timetable in 15 weeks."
    assert run_on((one, two)) == ("The school arranged a part-time timetable for 3 of every 100 sessions, and in 15 weeks.",)
    assert run_on((one, "Taught off site.")) == (one, "Taught off site.") and run_on((one,)) == (one,)
    assert run_on((one, one)) == (one, one)


def test_a_number_says_what_it_counts_and_a_difference_which_way_it_goes() -> None:
    late = replace(feature("weeks", phrase="Late in {value} weeks of {period}"), measure=weeks())
    assert [value_text(late, n) for n in (0.0, 1.0, 3.0)] == ["none", "1 week", "3 weeks"]
    assert USUAL.sentence(late, "8", 2.0) == "A little more than is usual in Year 8 (1 week)."
    assert value_text(PEERS, 0.004) == value_text(PEERS, -0.004) == "about the same"
    assert fact_sentence(PEERS, 0.06) == "Late more often than the year group in the last 90 days: 6 more of every 100 sessions."


def test_shipped_sentences_say_a_difference_in_the_order_people_do() -> None:
    for f in SHIPPED:
        for phrase in (f.phrase, f.strength_phrase or ""):
            text = fill(phrase, f, 0.06 if f.value_format == "share" else 2.0)
            assert (
                " sessions fewer" not in text and " suspensions fewer" not in text and " times more" not in text and " suspensions more" not in text
            )


def test_none_recorded_is_never_a_sign_and_a_sign_never_speaks_against() -> None:
    """ "Worries recorded by social workers: none" as noticed, or "the benefits were capped" as speaking against, would tell the opposite."""
    worries = feature("worries", source="household_factors", theme="family_wellbeing")
    e = told({"worries": 0.0}, {"worries": 0.5}, worries)
    assert e.noticed == () and e.also_counted == ("Health and wellbeing in the family",)
    capped = feature("capped", theme="money_housing", value_format="yes_no")
    assert told({"capped": 1.0}, {"capped": -0.5}, capped).against == ()
    assert len(told({"capped": 0.0}, {"capped": -0.5}, capped).against) == 1
    assert told({"late": 0.05}, {"late": -0.5}, LEVEL).against == () and len(told({"late": 0.0}, {"late": -0.5}, LEVEL).against) == 1


def test_a_table_of_facts_is_never_without_facts() -> None:
    """Where much is said besides, each theme keeps the fact that its sentence tells."""
    features = [feature(theme, theme=theme) for theme in ("attendance", "suspensions", "school_moves")]
    usual = replace(LEVEL, name="usual", theme="home")
    e = told({**{f.name: 5.0 for f in features}, "usual": 0.0}, {**{f.name: 0.9 for f in features}, "usual": 0.5}, *features, usual)
    assert len(e.noticed) == 3 and e.also_counted == ("Home",)
    assert sheet_body(e).count('<tr><th scope="row">') == 3


def test_that_another_service_holds_nothing_is_never_noticed() -> None:
    safe = feature("safe", source="household_factors", theme="safety")
    assert told({"safe": 0.0}, {"safe": 0.5}, safe).noticed == () and len(told({"safe": 1.0}, {"safe": 0.5}, safe).noticed) == 1
