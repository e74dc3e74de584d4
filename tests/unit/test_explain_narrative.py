"""Which themes are told, on which side, and what is never told."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from explain_fixtures import ALL_FEATURES, SCHOOL_FEATURES, WEIGHTS, feature

from early_id.core.types import Direction, Missing
from early_id.explain.narrative import MOST_AGAINST, MOST_NOTICED, Row, bar_steps, narrate
from early_id.explain.not_known import MOST_NOT_KNOWN
from early_id.explain.page import sheet_body
from early_id.explain.peers import YearGroups
from early_id.features.declare import Feature, change, count, days_since_last, last_days

AS_OF = date(2025, 11, 3)
PEERS = YearGroups({"Year 8": {"absence_share_90d": 0.05, "late_count_6sw": 1.0, "suspensions_365d": 0.0}})
NONE_HELD = {f.name: math.nan for f in ALL_FEATURES}


def row(values: dict[str, float], parts: dict[str, float], newest: dict[str, date] | None = None, year: str = "8") -> Row:
    names = [f.name for f in ALL_FEATURES]
    days: dict[str, date | None] = {name: (newest or {}).get(name, date(2025, 10, 31)) for name in names}
    return Row(
        "c1@2025-11-03",
        "c1",
        AS_OF,
        year,
        {**dict.fromkeys(names, 0.0), **values},
        {**dict.fromkeys(names, 0.0), **parts},
        days,
    )


def test_noticed_is_a_sentence_with_value_period_source_date_and_comparison() -> None:
    e = narrate(row({"absence_share_90d": 0.22}, {"absence_share_90d": 0.9}), SCHOOL_FEATURES, PEERS)
    (reason,) = e.noticed
    assert reason.text == (
        "Absent from 22 of every 100 sessions in the last 90 days. More than is usual in Year 8 (5 of every 100). "
        "(attendance register, 31 October 2025)"
    )
    assert reason.origin == "Attendance register, newest record 31 October 2025."
    assert (reason.title, reason.steps, reason.steps_in_words) == ("Being in school", 4, "strongly")
    assert [fact.what for fact in reason.facts] == [
        "Sessions missed, last 90 days",
        "Sessions missed without leave, last 6 school weeks",
    ]


def test_related_features_add_up_to_one_theme() -> None:
    e = narrate(
        row(
            {"absence_share_90d": 0.22, "unauthorised_share_6sw": 0.1},
            {"absence_share_90d": 0.5, "unauthorised_share_6sw": -0.2},
        ),
        SCHOOL_FEATURES,
        PEERS,
    )
    assert [r.theme for r in e.noticed] == ["attendance"]
    assert e.noticed[0].contribution == pytest.approx(0.3)


def test_at_most_four_noticed_and_three_against() -> None:
    many = tuple(feature(f"f{n}", theme=theme) for n, theme in enumerate(("attendance", "lateness", "suspensions", "school_moves", "home", "study")))
    for sign, side, most in ((1, "noticed", MOST_NOTICED), (-1, "against", MOST_AGAINST)):
        r = Row("k", "c", AS_OF, "8", {f.name: 2.0 * (sign > 0) for f in many}, {f.name: sign * (1 + n) for n, f in enumerate(many)}, {})
        e = narrate(r, many, YearGroups({}))
        told = getattr(e, side)
        assert len(told) == most
        assert {abs(x.contribution) for x in told} == set(range(7 - most, 7))  # those that count most
        assert math.fsum(x.contribution for x in (*told, *e.others)) == pytest.approx(sign * 21)


def test_what_nobody_recorded_is_not_a_reason() -> None:
    e = narrate(row({"late_count_6sw": math.nan}, {"late_count_6sw": 0.8}), SCHOOL_FEATURES, PEERS)
    assert e.noticed == ()
    assert [(r.side, r.contribution) for r in e.others if r.theme == "lateness"] == [("not known", 0.8)]
    assert "Being on time: no record to go by." in e.not_known


def test_unknown_in_part_is_named_and_too_many_are_counted() -> None:
    e = narrate(row({"unauthorised_share_6sw": math.nan}, {}), SCHOOL_FEATURES, PEERS)
    assert e.not_known == ("Sessions missed without leave: not recorded.",)
    e = narrate(row(NONE_HELD, {}), ALL_FEATURES, PEERS)
    assert len(e.not_known) == MOST_NOT_KNOWN
    assert e.not_known[-1] == "And 4 more things that are not recorded."


def test_strength_needs_a_known_value_within_its_limit() -> None:
    def well(value: float) -> list[str]:
        others = {"late_count_6sw": 9.0, "suspensions_365d": 1.0}
        return [r.sentence for r in narrate(row({"absence_share_90d": value, **others}, {}), SCHOOL_FEATURES, YearGroups({})).going_well]

    assert well(0.02) == ["In school for 98 of every 100 sessions in the last 90 days."]
    assert well(0.2) == well(math.nan) == []


def test_a_theme_that_raised_the_suggestion_is_not_also_going_well() -> None:
    e = narrate(row({"absence_share_90d": 0.02, "unauthorised_share_6sw": 0.3}, {"unauthorised_share_6sw": 0.6}), SCHOOL_FEATURES, PEERS)
    assert "attendance" in {r.theme for r in e.noticed}
    assert "attendance" not in {r.theme for r in e.going_well}


def test_a_fact_is_not_said_twice() -> None:
    e = narrate(row({"absence_share_90d": 0.02}, {"absence_share_90d": -0.6}), SCHOOL_FEATURES, PEERS)
    assert e.against[0].text == "See what is going well."
    assert e.against[0].sentence == "Absent from 2 of every 100 sessions in the last 90 days."


def test_withheld_facts_are_named_by_theme_only_and_only_where_there_is_one() -> None:
    held = narrate(
        row({"safety_signs_365d": 3.0, "police_notices_365d": 2.0}, {"safety_signs_365d": 0.9, "police_notices_365d": 0.7}),
        ALL_FEATURES,
        PEERS,
    )
    assert [(r.title, r.withheld, r.facts, r.newest_on) for r in held.noticed] == [
        ("Home", True, (), None),
        ("Safety", True, (), None),
    ]
    for e in (
        held,
        narrate(row({}, {"safety_signs_365d": -0.9}), ALL_FEATURES, PEERS),
        narrate(row(NONE_HELD, {}), ALL_FEATURES, PEERS),
    ):
        page = sheet_body(e)
        assert "SECRET" not in page + repr(e)
    clear = narrate(row({}, {"safety_signs_365d": -0.9, "police_notices_365d": -0.7}), ALL_FEATURES, PEERS)
    assert "Safety" not in sheet_body(clear)


def test_old_records_are_said_to_be_old() -> None:
    values = {"absence_share_90d": 0.2, "suspensions_365d": 1.0}
    fresh = narrate(row(values, {}), SCHOOL_FEATURES, PEERS)
    assert fresh.out_of_date == ()
    old = narrate(
        row(values, {}, newest={"absence_share_90d": date(2025, 9, 1), "suspensions_365d": date(2025, 3, 1)}),
        SCHOOL_FEATURES,
        PEERS,
    )
    assert old.out_of_date == ("Attendance register: the newest record used is from 1 September 2025. Check that it still holds.",)


def test_bar_has_five_steps() -> None:
    assert [bar_steps(x) for x in (0.05, -0.2, 0.5, 0.9, 5.0)] == [1, 2, 3, 4, 5]


def test_sheet_shows_no_number_behind_the_bar() -> None:
    e = narrate(row({"absence_share_90d": 0.22}, {"absence_share_90d": 0.98765}), SCHOOL_FEATURES, PEERS)
    page = sheet_body(e)
    assert "counted strongly" in page
    assert "0.98" not in page and "98765" not in page and "%" not in page


def test_lowering_features_can_raise_and_are_told_with_their_value() -> None:
    f: Feature = replace(SCHOOL_FEATURES[-1], direction=Direction.LOWERS)
    r = Row("k", "c", AS_OF, "8", {f.name: 20.0}, {f.name: 0.4}, {f.name: date(2025, 10, 14)})
    assert narrate(r, (f,), YearGroups({})).noticed[0].sentence == "At this school for 20 days."


def test_every_weight_of_the_fixture_belongs_to_a_feature() -> None:
    assert set(WEIGHTS) == {f.name for f in ALL_FEATURES}


def test_a_value_that_is_a_strength_is_never_noticed() -> None:
    e = narrate(row({"absence_share_90d": 0.03}, {"absence_share_90d": 0.4}), SCHOOL_FEATURES, PEERS)
    assert e.noticed == ()
    assert [(r.side, r.contribution) for r in e.others if r.theme == "attendance"] == [("not shown", 0.4)]


@pytest.mark.parametrize("usual", [4.0, 9.0], ids=["about usual", "better than usual"])
def test_a_usual_value_is_no_reason_and_is_named_in_a_line_of_its_own(usual: float) -> None:
    """However much it counted: against the average child even a usual value can raise a score."""
    peers = YearGroups({"Year 8": {"absence_share_90d": 0.05, "late_count_6sw": usual}})
    values, parts = {"late_count_6sw": 4.0, "absence_share_90d": 0.22}, {"late_count_6sw": 0.9, "absence_share_90d": 0.2}
    e = narrate(row(values, parts), SCHOOL_FEATURES, peers)
    assert [reason.theme for reason in e.noticed] == ["attendance"]
    assert e.also_counted == ("Being on time",)
    assert "Counted as well, though little or no more than is usual for the year group: being on time." in sheet_body(e)
    assert math.fsum(r.contribution for r in (*e.noticed, *e.others)) == pytest.approx(1.1)


@pytest.mark.parametrize("usual", [4.0, 9.0], ids=["about usual", "better than usual"])
def test_where_nothing_stands_out_no_usual_value_is_given_as_a_reason(usual: float) -> None:
    """ "Less than is usual" is no reason that a reader could give to a family."""
    peers = YearGroups({"Year 8": {"late_count_6sw": usual}})
    e = narrate(row({"late_count_6sw": 4.0}, {"late_count_6sw": 0.9}), SCHOOL_FEATURES, peers)
    assert e.noticed == () and e.also_counted == ("Being on time",)
    body = sheet_body(e)
    assert (
        "No single sign stands out. What counted is little or no more than is usual for the year group: being on time." in body
        and "Counted as well" not in body
    )


def test_where_either_way_may_count_only_more_than_usual_is_noticed() -> None:
    either = feature("visits", direction=Direction.EITHER)
    for value, noticed in ((1.0, 0), (9.0, 1)):
        r = Row("k", "c", AS_OF, "8", {"visits": value}, {"visits": 0.9}, {"visits": AS_OF})
        assert len(narrate(r, (either,), YearGroups({"Year 8": {"visits": 4.0}})).noticed) == noticed


def test_what_itself_spoke_against_is_told_as_going_well_beside_its_theme() -> None:
    """Good weeks lately beside a year of absence are what a conversation can begin with; a strength that raised the score is not."""
    names = ("absence_share_90d", "unauthorised_share_6sw")
    for part, told in ((-0.1, 1), (0.1, 0)):
        e = narrate(row(dict(zip(names, (0.03, 0.2), strict=True)), dict(zip(names, (part, 0.9), strict=True))), SCHOOL_FEATURES, PEERS)
        assert [r.theme for r in e.noticed] == ["attendance"]
        assert [r.sentence for r in e.going_well if r.theme == "attendance"] == ["In school for 97 of every 100 sessions in the last 90 days."] * told


def test_what_never_happened_is_told_after_what_did() -> None:
    values = {"suspensions_365d": 0.0, "days_in_school": 800.0, "absence_share_90d": 0.2, "late_count_6sw": 9.0}
    e = narrate(row(values, dict.fromkeys(values, 0.0)), SCHOOL_FEATURES, PEERS)
    assert [r.theme for r in e.going_well] == ["school_moves", "suspensions"]


def test_signs_stand_in_one_order_whatever_they_counted() -> None:
    """By weight, sheets of one model would all begin with the sign it leans on; the bar says how much each counted."""
    values = {"late_count_6sw": 9.0, "absence_share_90d": 0.6}
    for late, absent in ((0.9, 0.2), (0.2, 0.9)):
        e = narrate(row(values, {"late_count_6sw": late, "absence_share_90d": absent}), SCHOOL_FEATURES, PEERS)
        assert [reason.theme for reason in e.noticed] == ["attendance", "lateness"]


def test_that_something_is_long_ago_is_said_so_and_its_record_is_not_called_old() -> None:
    days = replace(
        feature("days_since_suspension", theme="suspensions"),
        measure=days_since_last(),
        value_format="days",
        phrase="The last suspension was {value} ago",
    )
    r = Row("k", "c", AS_OF, "8", {days.name: 580.0}, {days.name: -0.4}, {days.name: AS_OF - timedelta(days=580)})
    e = narrate(r, (days,), YearGroups({}))
    assert e.against[0].sentence == "Not lately: the last suspension was about 19 months ago." and e.out_of_date == ()


def test_that_things_got_better_lately_is_told_beside_what_was_noticed() -> None:
    change = replace(
        feature("absence_change", theme="attendance"), measure=replace(days_since_last(), kind="change"), value_format="share",
        strength_phrase="Attendance has got better: {value} of sessions fewer missed in {period} than before", strength_below=-0.03,
    )  # fmt: skip
    level = feature("absence", theme="attendance")
    r = Row("k", "c", AS_OF, "8", {change.name: -0.15, level.name: 9.0}, {change.name: -0.1, level.name: 0.9}, {})
    e = narrate(r, (level, change), YearGroups({}))
    assert [x.theme for x in e.noticed] == ["attendance"]
    assert "15 of every 100 sessions fewer missed" in e.going_well[0].sentence


def test_a_theme_is_told_by_what_differs_from_the_usual_where_anything_does() -> None:
    usual = YearGroups({"Year 8": {"absence_share_90d": 0.15}})
    values = {"absence_share_90d": 0.15, "unauthorised_share_6sw": 0.1}
    e = narrate(row(values, {"absence_share_90d": 0.5, "unauthorised_share_6sw": 0.2}), SCHOOL_FEATURES, usual)
    assert "10 of every 100" in e.noticed[0].sentence and e.noticed[0].comparison == ""


def test_the_lack_of_a_strength_is_no_reason_to_notice_anyone() -> None:
    """Against the average child even help that never was, and so never finished well, can raise a score."""
    helped = feature("helped", value_format="yes_no", direction=Direction.LOWERS, strength_phrase="Help finished well", strength_above=1)
    e = narrate(Row("k", "c", AS_OF, "8", {"helped": 0.0}, {"helped": 0.4}, {}), (helped,), YearGroups({}))
    assert e.noticed == () and math.fsum(r.contribution for r in e.others) == 0.4
    # A sign without a good side, such as being on a roll, may be missed.
    on_roll = replace(helped, strength_phrase=None, strength_above=None)
    assert len(narrate(Row("k", "c", AS_OF, "8", {"helped": 0.0}, {"helped": 0.4}, {}), (on_roll,), YearGroups({})).noticed) == 1


def test_what_nobody_sends_is_no_hole_in_the_records_of_a_child() -> None:
    features = (feature("sent", theme="home"), feature("never_sent", theme="study"))
    unknown = Row("k", "c", AS_OF, "8", dict.fromkeys(("sent", "never_sent"), math.nan), dict.fromkeys(("sent", "never_sent"), 0.0), {})
    assert len(narrate(unknown, features, YearGroups({})).not_known) == 2
    assert narrate(unknown, features, YearGroups({}), held=frozenset({"sent"})).not_known == ("Home: no record to go by.",)


def test_no_difference_is_no_reason() -> None:
    same = replace(feature("same", value_format="share"), measure=change(count(), earlier=last_days(30)))
    late = feature("late", theme="lateness")
    e = narrate(Row("k", "c", AS_OF, "8", {"same": 0.004, "late": 3.0}, {"same": 0.4, "late": 0.1}, {}), (same, late), YearGroups({}))
    assert [reason.theme for reason in e.noticed] == ["lateness"] and e.also_counted == ("Being in school",)


def test_several_old_sources_are_told_in_one_line() -> None:
    tables = ("attendance", "suspensions", "contacts")
    features = tuple(feature(table, source=table) for table in tables)
    old = Row("k", "c", AS_OF, "8", dict.fromkeys(tables, 1.0), dict.fromkeys(tables, 0.0), dict.fromkeys(tables, date(2024, 1, 2)))
    (line,) = narrate(old, features, YearGroups({})).out_of_date
    assert line == (
        "The newest records used are old. Check that they still hold: attendance register, 2 January 2024; suspension record, 2 January 2024; "
        "children's services, 2 January 2024."
    )
    assert len(narrate(old, features[:2], YearGroups({})).out_of_date) == 2


def test_signs_that_nobody_holds_anything_about_are_one_line_without_their_words() -> None:
    """ "Suspended after violence" has no place on the sheet of a child of four whose school has just begun to send records."""
    known = feature("suspensions", theme="suspensions")
    blank = [replace(feature(f"s{n}", theme="suspensions"), label="Suspended after violence", missing=Missing.ZERO_IF_COVERED) for n in range(2)]
    values = {known.name: 0.0, **{f.name: math.nan for f in blank}}
    e = narrate(Row("k", "c", AS_OF, "R", values, dict.fromkeys(values, 0.0), {}), (known, *blank), YearGroups({}))
    assert e.not_known == ("Suspensions: the records do not cover this child for the whole of the last year.",)
    # The shortest of the times that are not covered: "no suspension in the last 90 days" may stand on the same sheet.
    both = (replace(blank[0], window=last_days(730)), replace(blank[1], window=last_days(180)))
    (line,) = narrate(Row("k", "c", AS_OF, "R", values, dict.fromkeys(values, 0.0), {}), (known, *both), YearGroups({})).not_known
    assert line == "Suspensions: the records do not cover this child for the whole of the last six months."


def test_what_the_school_arranged_is_told_whatever_it_counted() -> None:
    """A child on a part-time timetable who came to every session he was asked to is not a child who stayed away."""
    absence = feature("absence", theme="attendance")
    part_time = replace(
        feature("part_time", theme="provision"), value_format="share", phrase="{value} of sessions were part-time timetable in {period}"
    )
    r = Row("k", "c", AS_OF, "10", {absence.name: 9.0, part_time.name: 0.4}, {absence.name: 0.9, part_time.name: 0.0}, {})
    e = narrate(r, (absence, part_time), YearGroups({}))
    assert e.read_with and "40 of every 100 sessions were part-time timetable" in e.read_with[0]
    page = sheet_body(e)
    assert "To be read with it:" in page and "None of this is counted as absence" in page
    none = narrate(replace(r, values={absence.name: 9.0, part_time.name: 0.0}), (absence, part_time), YearGroups({}))
    assert none.read_with == () and "To be read with it" not in sheet_body(none)
    counted = narrate(replace(r, parts={absence.name: 0.9, part_time.name: 0.5}), (absence, part_time), YearGroups({}))
    assert counted.read_with == () and "provision" in [reason.theme for reason in counted.noticed]


def test_only_what_a_sheet_has_room_for_is_pointed_to() -> None:
    """A reader who is sent to what is going well finds it there."""
    signs = {"missing_365d": 3.0, "wellbeing_signs_365d": 3.0, "safety_signs_365d": 2.0, "sibling_absence_share_90d": 0.4}
    lowers = {"absence_share_90d": -0.3, "late_count_6sw": -0.4, "suspensions_365d": -0.5}
    e = narrate(row(signs, {**dict.fromkeys(signs, 0.5), **lowers}), ALL_FEATURES, PEERS)
    assert len(e.noticed) == 4 and len(e.going_well) == 3 and e.going_well[:2] == e.well_on_page
    assert {reason.theme for reason in e.against if reason.told_above} == {reason.theme for reason in e.well_on_page}
