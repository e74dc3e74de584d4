"""One literal example for each measure and window, with the answer worked out by hand; and the cases that are unknown rather than zero."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from features_material import AS_OF, CALENDAR, ago, cohort, feature, past, people

from early_id.config.settings import FeatureSettings
from early_id.core.errors import DeclarationError
from early_id.core.types import Missing, SharingClass, Unit, Usage
from early_id.features.build import Built, build_at
from early_id.features.catalogue import Catalogue
from early_id.features.declare import (
    Measure,
    any_,
    between_days,
    change,
    count,
    current,
    custom,
    days,
    days_since_last,
    ever,
    last_days,
    last_school_weeks,
    latest,
    longest_run,
    share,
    this_term,
    this_year,
    total,
)
from early_id.features.windows import span
from early_id.schema.absence import IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES
from early_id.schema.conditions import all_of, any_of, at_least, at_most, is_true, isin, not_
from early_id.schema.tables import Column, Table, Tables

SUSP = isin("category", {"SUSP"})
ANY_KIND = isin("category", {"SUSP", "PERM"})
FAMILIES = {"Ann": "F1", "Ben": "F1", "Cat": "F1", "Dan": None, "Eve": "F2"}
SCHOOL_OF = {"Ann": "S1", "Ben": "S1", "Cat": "S2", "Dan": "S1"}


def susp(child: str, n: int, school: str = "S1", category: str = "SUSP", sessions: int | None = None, **more: Any) -> dict[str, Any]:
    return {"child": child, "school_id": school, "start_on": ago(n), "category": category, "sessions": sessions, **more}


def marks(child: str, first: int, codes: str, school: str = "S1", **more: Any) -> list[dict[str, Any]]:
    """Marks of consecutive days from ``first`` days ago on, one letter each, all in the morning."""
    return [{"child": child, "school_id": school, "date": ago(first - n), "session": "AM", "code": code, **more} for n, code in enumerate(codes)]


#: Ann: five suspensions round the 90 days. Ben: none, on roll. Cat: one elsewhere, on roll there. Dan: no brothers or sisters. Eve: on no roll.
ROWS = {
    "suspensions": [
        susp("Ann", 10, sessions=4, reason_1="PP", reason_2="RA"),
        susp("Ann", 90, sessions=2),
        susp("Ann", 91, sessions=6),
        susp("Ann", 30, "S2", "PERM"),
        susp("Ann", 10, "S2", sessions=10),
        susp("Cat", 5, "S2", sessions=1),
    ],
    "enrolments": [
        {"child": child, "school_id": school, "start_on": ago(900), "part_time": part_time}
        for child, school, part_time in (("Ann", "S1", True), ("Ben", "S1", False), ("Cat", "S2", None), ("Dan", "S1", None))
    ],
    "household_factors": [
        {"child": "Ann", "factor": "temporary_accommodation", "happened_on": ago(400), "ended_on": None},
        {"child": "Ann", "factor": "4B", "happened_on": ago(800)},
        # Codes that may not be used: trafficking may only take a child out, 9A may never be read.
        {"child": "Ann", "factor": "11A", "happened_on": ago(20)},
        {"child": "Ben", "factor": "9A", "happened_on": ago(20)},
        {"child": "Ben", "factor": "temporary_accommodation", "happened_on": ago(400), "ended_on": ago(1)},
        {"child": "Cat", "factor": "temporary_accommodation", "happened_on": ago(400), "ended_on": AS_OF},
        {"child": "Cat", "factor": "21", "happened_on": ago(100)},
    ],
    "attendance": [
        # present, late, then three absences with a closed day ('#') among them, present, ill twice
        *marks("Ann", 40, "/LIO#O/II"),
        *marks("Ann", 25, "OOOO", "S2"),
        *marks("Ben", 40, "////"),
        *marks("Ben", 30, "RTI"),
        # not settled: seven days ago and later; settled: eight days ago and before
        *marks("Ben", 9, "-NN"),
        *marks("Ben", 1, "-"),
    ],
}
FEATURES = {
    "count": (feature(), {"Ann": 4, "Ben": 0, "Cat": 1, "Eve": None}),
    "count of": (feature(measure=count(SUSP)), {"Ann": 3, "Ben": 0}),
    "own school only": (feature(measure=count(SUSP), sharing=SharingClass.SCHOOL), {"Ann": 2, "Ben": 0, "Cat": 1, "Eve": None}),
    "unknown without rows": (feature(missing=Missing.UNKNOWN), {"Ann": 4, "Ben": None, "Cat": 1, "Eve": None}),
    "share": (feature(measure=share(SUSP, ANY_KIND)), {"Ann": 0.75, "Ben": None, "Cat": 1}),
    "share with four": (feature(measure=share(SUSP, ANY_KIND, at_least=4)), {"Ann": 0.75, "Cat": None}),
    "share with five": (feature(measure=share(SUSP, ANY_KIND, at_least=5)), {"Ann": None, "Cat": None}),
    "total": (feature(measure=total("sessions", SUSP)), {"Ann": 16, "Ben": 0, "Cat": 1, "Eve": None}),
    # Nobody wrote down how long Ann's exclusion was: the sum is not known, while the number of events is.
    "total with an unknown part": (feature(measure=total("sessions")), {"Ann": None, "Ben": 0, "Cat": 1, "Eve": None}),
    "days": (feature(measure=days()), {"Ann": 3, "Ben": 0, "Cat": 1}),
    "any": (feature(measure=any_(isin("category", {"PERM"}))), {"Ann": 1, "Ben": 0, "Cat": 0, "Eve": None}),
    "days since": (feature(measure=days_since_last(SUSP), window=ever()), {"Ann": 10, "Ben": None, "Cat": 5}),
    "latest": (feature(measure=latest("sessions")), {"Ann": 10, "Ben": None, "Cat": 1}),
    "latest with a number": (feature(measure=latest("sessions"), window=between_days(60, 10)), {"Ann": None}),
    "latest before": (feature(measure=latest("sessions"), window=between_days(200, 60)), {"Ann": 2}),
    "change": (feature(measure=change(count(), earlier=between_days(180, 90))), {"Ann": 4 - 1, "Ben": 0, "Cat": 1, "Eve": None}),
    "at least": (feature(measure=count(at_least("sessions", 4))), {"Ann": 2, "Cat": 0}),
    "at most": (feature(measure=count(at_most("sessions", 4))), {"Ann": 2, "Cat": 1}),
    "not": (feature(measure=count(not_(at_most("sessions", 4)))), {"Ann": 2, "Cat": 0}),
    "not at least": (feature(measure=count(not_(at_least("sessions", 3)))), {"Ann": 2, "Cat": 1}),
    "all and any": (feature(measure=count(any_of(all_of(SUSP, at_least("sessions", 9)), isin("category", {"PERM"})))), {"Ann": 2, "Cat": 0}),
    "is true": (feature(source="enrolments", measure=current(is_true("part_time")), window=ever()), {"Ann": 1, "Ben": 0, "Cat": 0, "Eve": 0}),
    "a reason not to be used": (feature(measure=count(not_(isin("reason_2", {"PP"})))), {"Ann": 4}),
    "family without the child": (feature(unit=Unit.FAMILY), {"Ann": 1, "Ben": 5, "Cat": 4, "Dan": None, "Eve": None}),
    "current": (
        feature(source="household_factors", measure=current(isin("factor", {"temporary_accommodation"})), window=ever()),
        {"Ann": 1, "Ben": 0, "Cat": 1, "Dan": 0},
    ),
    "factors that may be read": (
        feature(source="household_factors", measure=count(), window=ever(), missing=Missing.UNKNOWN),
        {"Ann": 2, "Ben": 1, "Cat": 2, "Dan": None},
    ),
    "child not assessed": (
        feature(
            source="household_factors",
            measure=any_(isin("factor", {"4B"}), among=isin("factor", {"4B", "21"})),
            window=last_days(730),
            missing=Missing.UNKNOWN,
        ),
        {"Ann": 0, "Ben": None, "Cat": 0, "Dan": None},
    ),
    # Of Ann's nine marks at S1, '#' is no session: eight possible, of them five absent, three together; the four at S2 are another school's.
    # Ben's illness and his settled N follow each other, since '-' is no session either.
    "longest run": (
        feature(source="attendance", measure=longest_run(IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES), sharing=SharingClass.SCHOOL),
        {"Ann": 3, "Ben": 2, "Cat": None},
    ),
    "longest run among nine": (
        feature(source="attendance", measure=longest_run(IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES, at_least=9), sharing=SharingClass.SCHOOL),
        {"Ann": None},
    ),
    "longest run anywhere": (
        feature(source="attendance", measure=longest_run(IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES)),
        {"Ann": 6, "Ben": 2, "Cat": None},
    ),
    "absence at the own school": (
        feature(source="attendance", measure=share(IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES), sharing=SharingClass.SCHOOL),
        {"Ann": 5 / 8, "Cat": None},
    ),
    # R and T are read as present; '-' nine days ago and N eight days ago are settled, N seven days ago and '-' yesterday are not.
    "not settled": (feature(source="attendance", measure=days(isin("code", {"N", "-"}))), {"Ann": 0, "Ben": 2}),
    "a school that sent nothing": (feature(source="attendance", measure=days(IS_ABSENT_FOR_FEATURES)), {"Cat": None, "Dan": None}),
}
FEATURES = {key: (feature(**{**declared.__dict__, "name": key}), wanted) for key, (declared, wanted) in FEATURES.items()}


@pytest.fixture(scope="module")
def built() -> Built:
    who = people(FAMILIES)
    return build_at(past(ROWS, who), cohort(FAMILIES, SCHOOL_OF), [f for f, _ in FEATURES.values()], calendar=CALENDAR)


@pytest.mark.parametrize("name", FEATURES)
def test_literal_examples(built: Built, name: str) -> None:
    for child, wanted in FEATURES[name][1].items():
        got = built.values.at[child, name]
        assert np.isnan(got) if wanted is None else math.isclose(got, wanted, abs_tol=1e-12), f"{child}: {got}"


@pytest.mark.parametrize(
    ("name", "child", "newest"),
    [
        ("count", "Ann", ago(10)),
        ("count", "Ben", None),
        ("share", "Ann", ago(10)),
        ("share with five", "Ann", None),  # nothing stands behind what is not known
        ("latest before", "Ann", ago(90)),
        ("latest with a number", "Ann", None),
        ("days since", "Cat", ago(5)),
        ("change", "Ann", ago(10)),
        ("current", "Ann", ago(400)),
        ("current", "Ben", None),
        ("family without the child", "Ann", ago(5)),
        ("longest run", "Ann", ago(32)),
        ("absence at the own school", "Ann", ago(32)),
    ],
)
def test_evidence_dates_are_those_of_the_newest_record_behind_the_value(built: Built, name: str, child: str, newest: date | None) -> None:
    got = built.newest.at[child, name]
    assert pd.isna(got) if newest is None else got == pd.Timestamp(newest)


#: Window → first day inside, first day after it; by the calendar: inset day 6 January, half-term week from 10 February.
WINDOWS = {
    last_days(7): (date(2025, 3, 12), AS_OF),
    between_days(30, 10): (date(2025, 2, 17), date(2025, 3, 9)),
    last_school_weeks(6): (date(2025, 1, 27), date(2025, 3, 17)),
    last_school_weeks(4): (date(2025, 2, 17), date(2025, 3, 17)),
    this_term(): (date(2025, 1, 6), AS_OF),
    this_year(): (date(2024, 9, 1), AS_OF),
}


def test_windows_begin_and_end_on_the_day_they_say() -> None:
    """Rows on the day before the window, on its first and last day, and on the day after it: two of four count."""
    rows, named = [], {}
    for number, (window, (first, end)) in enumerate(WINDOWS.items()):
        assert span(window, AS_OF, CALENDAR) == (first, end)
        named[f"C{number}"] = feature(f"f{number}", source="notifications", window=window, sharing=SharingClass.POLICE)
        days_ = (first - timedelta(days=1), first, end - timedelta(days=1), end)
        rows += [{"child": f"C{number}", "kind": "health", "happened_on": day, "known_from": ago(300 if day < ago(300) else 1)} for day in days_]
    rows += [{"child": "old", "kind": "health", "happened_on": date(1901, 1, 1)}]
    named["old"] = feature("f_old", source="notifications", window=ever(), sharing=SharingClass.POLICE)
    who = dict.fromkeys(named)
    values = build_at(past({"notifications": rows}, people(who)), cohort(who, {}), named.values(), calendar=CALENDAR).values
    for child, declared in named.items():
        assert values.at[child, declared.name] == (1 if child == "old" else 2), declared.window


def test_a_corrected_mark_counts_only_from_when_it_was_corrected() -> None:
    mark = marks("Ann", 20, "O")[0]
    rows = {"attendance": [{**mark, "known_to": ago(5)}, {**mark, "code": "/", "known_from": ago(5)}]}
    absent = feature("absent", source="attendance", measure=days(IS_ABSENT_FOR_FEATURES))
    who = {"Ann": None}
    seen = {}
    for n in (20, 19, 5, 4):
        moment = past(rows, people(who), ago(n))
        seen[n] = build_at(moment, cohort(who, {"Ann": "S1"}), [absent], calendar=CALENDAR).values.at["Ann", "absent"]
    # On the day it was corrected the old mark still stands; a mark of the day itself is not known at all.
    assert np.isnan(seen[20])
    assert [seen[19], seen[5], seen[4]] == [1, 1, 0]


COVER = {
    "nothing at all": ([], None),
    "long enough": ([(900, 0)], 0),
    "as stale as is allowed": ([(900, 62)], 0),
    "too stale": ([(900, 63)], None),
    "another source is enough": ([(20, 0), (900, 0)], 0),
    "begun too late": ([(27, 0)], None),
    "begun as late as is allowed": ([(28, 0)], 0),
}


@pytest.mark.parametrize("name", COVER)
def test_no_row_means_none_only_where_a_source_covers_the_window(name: str) -> None:
    given, wanted = COVER[name]
    covers = [("police", "notifications", ago(first), ago(last)) for first, last in given]
    who = {"Ann": None}
    sent = [{"source": "police", "child": "Zoe", "kind": "health", "happened_on": ago(1000)}]
    moment = past({"notifications": sent}, people(who), covers=covers)
    asked = [feature("f", source="notifications", measure=count(isin("kind", {"health"})), sharing=SharingClass.POLICE)]
    got = build_at(moment, cohort(who, {}), asked, calendar=CALENDAR).values.at["Ann", "f"]
    assert np.isnan(got) if wanted is None else got == wanted


@pytest.mark.parametrize(
    ("window", "first", "last", "wanted"),
    [
        (last_days(30), 900, 40, None),  # the source ended before the window began
        (last_days(30), 900, 30, 0),
        (last_days(730), 400, 0, None),  # two years cannot be told from thirteen months
        (last_days(730), 668, 0, 0),
        (ever(), 400, 0, 0),  # a window without a beginning asks for the year before the date
        (ever(), 302, 0, None),
    ],
)
def test_cover_has_to_reach_into_the_window_and_back_to_its_beginning(window: Any, first: int, last: int, wanted: float | None) -> None:
    who = {"Ann": None}
    moment = past({"contacts": []}, people(who), covers=[("care", "contacts", ago(first), ago(last))])
    asked = [feature("f", source="contacts", window=window, sharing=SharingClass.SOCIAL_CARE)]
    got = build_at(moment, cohort(who, {}), asked, calendar=CALENDAR).values.at["Ann", "f"]
    assert np.isnan(got) if wanted is None else got == wanted


def test_a_link_that_is_not_known_yet_brings_no_rows() -> None:
    who = people({"Ann": None, "Ben": None})
    links = who.person_links.assign(known_from=[pd.Timestamp(AS_OF), pd.Timestamp(ago(1))])
    moment = past({"suspensions": [susp("Ann", 5), susp("Ben", 5)], "enrolments": []}, type(who)(links, who.family_spells, key="k"))
    values = build_at(moment, cohort({"Ann": None, "Ben": None}, {}), [feature("f")], calendar=CALENDAR).values["f"]
    assert np.isnan(values["Ann"]) and values["Ben"] == 1


def _kinds(rows: Any, cohort_: Any) -> Any:
    table = rows["suspensions"]
    return table.group_by("rid").agg(value=table.category.nunique())


def _columns_seen(seen: dict[str, list[str]]) -> Any:
    def compute(rows: Any, cohort_: Any) -> Any:
        seen.update({name: list(table.columns) for name, table in rows.items()}, cohort=list(cohort_.columns))
        return _kinds(rows, cohort_)

    return compute


def test_custom_measures_see_cut_and_settled_rows_and_no_column_that_may_not_be_used() -> None:
    seen: dict[str, list[str]] = {}
    asked = [
        feature("kinds", measure=custom(_columns_seen(seen), tables=("pupils", "attendance"))),
        feature("own", measure=custom(_kinds, tables=()), sharing=SharingClass.SCHOOL),
        feature("siblings", measure=custom(_kinds, tables=()), unit=Unit.FAMILY),
        feature("unknown", measure=custom(_kinds, tables=()), missing=Missing.UNKNOWN),
        feature("marks", source="attendance", measure=custom(_marks_counted, tables=())),
    ]
    rows = {**ROWS, "pupils": [{"child": child, "sex": "F"} for child in FAMILIES]}
    values = build_at(past(rows, people(FAMILIES)), cohort(FAMILIES, SCHOOL_OF), asked, calendar=CALENDAR).values
    assert values["kinds"].tolist()[:4] == [2, 0, 1, 0] and np.isnan(values.at["Eve", "kinds"])
    assert values["own"].tolist()[:4] == [1, 0, 1, 0]
    assert values.loc[["Ann", "Ben", "Cat"], "siblings"].tolist() == [1, 2, 2] and np.isnan(values.at["Dan", "siblings"])
    assert np.isnan(values.at["Ben", "unknown"]) and values.at["Ann", "unknown"] == 2
    # Four, three and two settled marks; a child without marks is unknown, not zero.
    assert values.at["Ben", "marks"] == 9 and np.isnan(values.at["Cat", "marks"])
    assert not {"sex", "ethnicity", "first_language", "fsm", "birth_date", "died_on", "postcode"} & set(seen["pupils"])
    assert "school_id" not in seen["suspensions"] and {"rid", "category", "happened_on"} <= set(seen["suspensions"])
    assert seen["cohort"] == ["rid", "child_id", "as_of"]


_POINTS = Table(
    "points", "Points",
    (Column("school_id", usage=Usage.NEVER, required=True), Column("on", "date", required=True), Column("given", "integer"),
     Column("origin", usage=Usage.NEVER), Column("band", usage=Usage.AUDIT_ONLY)),
    happened="on", sharing=SharingClass.SCHOOL,
)  # fmt: skip


@pytest.mark.parametrize("column", ["given", "origin", "band", "school_id", "own_school", "source_person_id", "file"])
def test_custom_measures_of_a_council_s_own_tables_read_only_what_is_marked_feature(column: str) -> None:
    """One that reads a column marked otherwise does not find it, and is told what it may read; no value of a row is said."""
    rows = {"points": [{"child": "Ann", "school_id": "S1", "on": ago(5), "given": 7, "origin": "Elsewhere", "band": "Low"}]}

    def most(tables: Any, cohort_: Any) -> Any:
        return tables["points"].group_by("rid").agg(value=tables["points"][column].max())

    asked = feature(source="points", measure=custom(most, tables=()), sharing=SharingClass.SCHOOL, missing=Missing.UNKNOWN)
    tables, who = Tables().plus((_POINTS,)), {"Ann": None}
    Catalogue((asked,), tables)
    moment = past(rows, people(who), tables=tables)
    if column == "given":
        assert build_at(moment, cohort(who, {"Ann": "S1"}), [asked], calendar=CALENDAR).values.at["Ann", asked.name] == 7
        return
    with pytest.raises(DeclarationError, match="could not be computed") as caught:
        build_at(moment, cohort(who, {"Ann": "S1"}), [asked], calendar=CALENDAR)
    assert asked.name in str(caught.value) and "points: on, given, happened_on, rid" in str(caught.value)
    assert not any(value in str(caught.value) for value in ("Elsewhere", "Low", "PAnn"))


def _marks_counted(rows: Any, cohort_: Any) -> Any:
    return rows["attendance"].group_by("rid").agg(value=rows["attendance"].count())


def test_numbers_keep_their_thousandths() -> None:
    rent = Table("rent", "Rent", (Column("owed", "number"), Column("on", "date", required=True)), happened="on", sharing=SharingClass.HOUSING_FINANCE)
    owed = {"Ann": [0.123], "Ben": [1234.567, -0.375], "Cat": [-72.501, None]}
    rows = [{"child": child, "owed": value, "on": ago(20 - n)} for child, values in owed.items() for n, value in enumerate(values)]
    asked = [
        feature(name, source="rent", measure=measure, sharing=SharingClass.HOUSING_FINANCE)
        for name, measure in (("latest", latest("owed")), ("total", total("owed")))
    ]
    who = dict.fromkeys([*owed, "Dan"])
    built = build_at(past({"rent": rows}, people(who), tables=Tables().plus((rent,))), cohort(who, {}), asked, calendar=CALENDAR)
    assert built.values["latest"].tolist()[:3] == [0.123, -0.375, -72.501]
    assert built.values["total"].tolist()[:2] == [0.123, 1234.192]
    # A part of Cat's sum is not known, and Dan owes nothing.
    assert np.isnan(built.values.at["Cat", "total"]) and built.values.at["Dan", "total"] == 0
    assert built.newest["latest"].tolist()[:3] == [pd.Timestamp(ago(20)), pd.Timestamp(ago(19)), pd.Timestamp(ago(20))]


def test_rows_of_one_moment_break_a_run_once() -> None:
    """Two schools, one day: the absence and the presence of that day stand in one order for all, however rows come in."""
    run: Measure = longest_run(IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES)
    rows = [*marks("Ann", 30, "OOOOO"), *marks("Ann", 30, "OO/OO", "S2")]
    who = {"Ann": None}
    got = {
        build_at(
            past({"attendance": order}, people(who)), cohort(who, {}), [feature("f", source="attendance", measure=run)], calendar=CALENDAR
        ).values.at["Ann", "f"]
        for order in (rows, rows[::-1])
    }
    # Four before the presence of the third day, then the absence of that day and four more.
    assert got == {5.0}


def test_a_run_follows_the_sessions_of_the_day() -> None:
    """Away from the afternoon of one day to the morning of the next: a run of two, in whatever order the marks were sent."""
    sent = [(10, "PM", "O"), (9, "PM", "/"), (9, "AM", "O"), (10, "AM", "/")]
    rows = [{"child": "Ann", "school_id": "S1", "date": ago(n), "session": session, "code": code} for n, session, code in sent]
    asked = [feature("f", source="attendance", measure=longest_run(IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES))]
    who = {"Ann": None}
    assert build_at(past({"attendance": rows}, people(who)), cohort(who, {}), asked, calendar=CALENDAR).values.at["Ann", "f"] == 2


def test_the_settling_period_is_a_setting() -> None:
    who = {"Ben": None}
    moment = past({"attendance": [*marks("Ben", 9, "-NN"), *marks("Ben", 1, "-")]}, people(who))
    asked = [feature("f", source="attendance", measure=days(isin("code", {"N", "-"})))]
    got = {
        n: build_at(moment, cohort(who, {}), asked, calendar=CALENDAR, settings=FeatureSettings(settling_days=n)).values.at["Ben", "f"]
        for n in (0, 8)
    }
    assert got == {0: 4, 8: 1}
