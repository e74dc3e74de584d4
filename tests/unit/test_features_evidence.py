"""Rows behind a number, on literal rows: which are shown, which are left out and why, and that a printed frame shows nobody's records."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest
from features_material import AS_OF, ago, feature, people, store

from early_id.core.errors import InputDataError, SettingsError
from early_id.core.types import Missing, SharingClass, Unit
from early_id.features.catalogue import Catalogue
from early_id.features.declare import against_peers, between_days, change, count, custom, last_days, share
from early_id.features.matrix import FeatureMatrix
from early_id.features.programme import build_features
from early_id.features.trace import child_of, trace_json, trace_text
from early_id.schema.conditions import isin

BORN = date(2014, 6, 1)
IS_SUSPENSION = isin("category", {"SUSP"})
SUSPENDED = {"child": "Ann", "school_id": "S1", "category": "SUSP", "sessions": 2}
ROWS: dict[str, list[dict[str, Any]]] = {
    "pupils": [{"child": child, "birth_date": BORN, "sex": "F"} for child in ("Ann", "Ben")],
    "schools": [{"school_id": "S1", "name": "One", "hub_id": "H1"}],
    "enrolments": [{"child": child, "school_id": "S1", "start_on": ago(900), "nc_year": "5"} for child in ("Ann", "Ben")],
    "attendance": [{"child": "Ann", "school_id": "S1", "date": ago(n), "session": "AM", "code": c} for n, c in ((9, "O"), (8, "/"), (2, "N"))],
    "suspensions": [
        {**SUSPENDED, "start_on": ago(5)},
        {**SUSPENDED, "start_on": ago(6), "category": "PERM"},
        {**SUSPENDED, "start_on": ago(7), "school_id": "S2"},
        {**SUSPENDED, "start_on": ago(100)},
        {**SUSPENDED, "start_on": ago(-1)},
        {**SUSPENDED, "start_on": ago(4), "known_from": ago(0)},
        {**SUSPENDED, "start_on": ago(3), "known_to": ago(1)},
        {**SUSPENDED, "child": "Ben", "start_on": ago(8)},
    ],
    "statutory": [],
    "early_help": [],
}
PEOPLE = people({"Ann": "F1", "Ben": "F1"})
FEATURES = Catalogue(
    (
        feature("own", measure=count(IS_SUSPENSION), sharing=SharingClass.SCHOOL),
        feature("risen", measure=change(count(IS_SUSPENSION), earlier=between_days(180, 90))),
        feature("of_relatives", measure=count(IS_SUSPENSION), unit=Unit.FAMILY),
        feature("absent", source="attendance", measure=share(isin("code", {"O", "N"}), isin("code", {"O", "N", "/"})), window=last_days(30),
                sharing=SharingClass.SCHOOL, missing=Missing.UNKNOWN),
        feature("never_sent", source="contacts", sharing=SharingClass.SOCIAL_CARE),
    )
)  # fmt: skip
DAY = AS_OF.isoformat()


@pytest.fixture(scope="module")
def matrix() -> FeatureMatrix:
    return build_features(store(ROWS), PEOPLE, FEATURES, as_of=AS_OF)


def test_the_rows_that_count_are_there_and_the_others_are_counted_by_reason(matrix: FeatureMatrix) -> None:
    rows = matrix.evidence("Ann", DAY, "own")
    assert rows["happened_on"].tolist() == [pd.Timestamp(ago(5))] and rows["counts"].all() and rows.about.value == 1
    assert rows.about.windows == {"now": (ago(90), AS_OF)}
    assert rows.about.left_out == {
        "happened on the date or later": 1,
        "became known only on the date or later": 1,
        "an older version, corrected or completed before the date": 1,
        "of a school that is not the child's present one": 1,
        "before the window": 1,
        "in the window, but not what this feature counts": 1,
    }


def test_a_change_shows_both_windows_and_a_share_what_it_is_a_share_of(matrix: FeatureMatrix) -> None:
    rows = matrix.evidence("Ann", AS_OF, "risen").frame()
    assert rows.groupby("window")["counts"].sum().to_dict() == {"now": 2, "before": 1}
    marks = matrix.evidence("Ann", AS_OF, "absent")
    assert marks["counts"].tolist() == [True, False] and marks["among"].all() and marks.about.value == 0.5
    assert marks.about.left_out == {"provisional marks of the last 7 days, still being rewritten": 1}


def test_a_family_feature_shows_the_relatives_rows(matrix: FeatureMatrix) -> None:
    rows = matrix.evidence("Ann", AS_OF, "of_relatives").frame()
    assert rows["child_id"].tolist() == ["Ben"] and rows["happened_on"].tolist() == [pd.Timestamp(ago(8))]


def test_the_year_group_stands_beside_the_child_s_own_rows() -> None:
    """Ann missed one of two mornings; the three of Year 5 at the school, Ann among them, two of seven."""
    names = ("Ann", "Ben", "Cat", "Dan")
    marks = [("Ann", 9, "O"), ("Ann", 8, "/"), ("Ben", 9, "/"), ("Ben", 8, "O"), ("Ben", 10, "/"), ("Cat", 9, "/"), ("Cat", 8, "/"), ("Dan", 9, "O")]
    rows = {
        **ROWS,
        "pupils": [{"child": child, "birth_date": BORN, "sex": "F"} for child in names],
        "enrolments": [{"child": child, "school_id": "S1", "start_on": ago(900), "nc_year": "6" if child == "Dan" else "5"} for child in names],
        "attendance": [{"child": child, "school_id": "S1", "date": ago(n), "session": "AM", "code": code} for child, n, code in marks],
    }
    inner = share(isin("code", {"O"}), isin("code", {"O", "/"}))
    features = Catalogue(
        (
            feature("beside", source="attendance", measure=against_peers(inner, at_least=2), window=last_days(30), sharing=SharingClass.SCHOOL,
                    missing=Missing.UNKNOWN),
            feature("own_way", measure=custom(_none, tables=("attendance",))),
        )
    )  # fmt: skip
    matrix = build_features(store(rows), people(dict.fromkeys(names)), features, as_of=AS_OF)
    found = matrix.evidence("Ann", AS_OF, "beside")
    assert found["counts"].tolist() == [True, False]
    mates = found.further("year group")
    assert mates.groupby("child_id")["counts"].agg(["size", "sum"]).to_numpy().tolist() == [[2, 1], [3, 1], [2, 0]]
    assert found.about.value == pytest.approx(1 / 2 - 2 / 7)
    assert "year group: 7 rows of 3 children looked at, 2 of them counted (28.6%)" in trace_text(found)
    assert trace_json(found)["further"] == {"year group": {"children": 3, "rows": 7, "counted": 2}}
    # Other children's rows are shown to nobody by accident either.
    assert "PBen" not in repr(found) + repr(found.about) + found._repr_html_()
    # A custom measure may read tables besides its own: what it was given of them is there too.
    given = matrix.evidence("Ann", AS_OF, "own_way")
    assert given.about.further["attendance"].rows == len(given.further("attendance")) == 2
    with pytest.raises(SettingsError, match="further rows"):
        given.further("contacts")


def _none(rows: Any, children: Any) -> Any:
    """A measure of a council's own that counts nothing."""
    return children.mutate(value=0.0).select("rid", "value")


def test_what_is_printed_by_accident_shows_nobody_s_records(matrix: FeatureMatrix) -> None:
    rows = matrix.evidence("Ann", AS_OF, "own")
    for shown in (repr(rows), str(rows), rows._repr_html_(), repr(matrix.origin), repr(rows.about)):
        assert "SUSP" not in shown.replace(str(rows.about.feature.measure), "") and str(ago(5)) not in shown and "PAnn" not in shown
    assert "1 rows, 1 of them count" in repr(rows)
    assert "PAnn" in repr(rows.frame()), "asked for by name, the rows are there"
    assert not {"response", "birth_date", "outcome"} & set(rows)


def test_a_source_that_is_absent_altogether_is_not_known_and_found(matrix: FeatureMatrix) -> None:
    assert matrix.X["never_sent"].isna().all()
    assert ("FEA001", "table contacts", 1) in [(f.code, f.where, f.count) for f in matrix.meta.findings]
    rows = matrix.evidence("Ann", AS_OF, "never_sent")
    assert rows.empty and rows.about.note == "No table 'contacts' is held."
    assert "not known" in trace_text(rows) and "No table 'contacts' is held." in trace_text(rows)


def test_a_date_before_a_source_begins_is_not_known_and_found() -> None:
    covers = [("education", name, ago(10) if name == "suspensions" else date(2015, 1, 1), ago(0)) for name in ROWS]
    early = build_features(store({**ROWS, "suspensions": ROWS["suspensions"][:1]}, covers=covers), PEOPLE, FEATURES.only(["own"]), as_of=ago(40))
    assert early.X["own"].isna().all(), "never nought"
    assert [(f.code, f.count) for f in early.meta.findings] == [("FEA002", 1)]


def test_two_rolls_at_once_are_found_and_the_later_one_counts() -> None:
    both = [*ROWS["enrolments"], {"child": "Ann", "school_id": "S2", "start_on": ago(50), "nc_year": "5"}]
    matrix = build_features(store({**ROWS, "enrolments": both}), PEOPLE, FEATURES.only(["own"]), as_of=AS_OF)
    assert [(f.code, f.count, f.where) for f in matrix.meta.findings] == [("FEA003", 1, f"enrolments on {AS_OF}")]
    assert matrix.evidence("Ann", AS_OF, "own")["school_id"].tolist() == ["S2"]


@pytest.mark.parametrize(("code", "when", "known", "asked_about"), [("D", 3, None, 0), ("D", 200, None, 1), ("/", 3, None, 1), ("D", 3, ago(0), 1)])
def test_who_is_marked_as_dual_registered_is_not_asked_about(code: str, when: int, known: Any, asked_about: int) -> None:
    both = [*ROWS["enrolments"], {"child": "Ann", "school_id": "S2", "start_on": ago(300), "nc_year": "5"}]
    mark = {"child": "Ann", "school_id": "S2", "date": ago(when), "session": "AM", "code": code, "known_from": known}
    rows = {**ROWS, "enrolments": both, "attendance": [*ROWS["attendance"], mark]}
    matrix = build_features(store(rows), PEOPLE, FEATURES.only(["own"]), as_of=AS_OF)
    assert sum(f.code == "FEA003" for f in matrix.meta.findings) == asked_about


def test_unknown_names_are_answered_without_repeating_a_child(matrix: FeatureMatrix) -> None:
    with pytest.raises(SettingsError, match="There is no feature named 'owm'"):
        matrix.evidence("Ann", AS_OF, "owm")
    with pytest.raises(InputDataError, match="no row for this child on") as refused:
        matrix.evidence("Zachary", AS_OF, "own")
    assert "Zachary" not in str(refused.value)
    with pytest.raises(InputDataError, match="No child is known") as refused:
        child_of(PEOPLE, "education/PZachary")
    assert "Zachary" not in str(refused.value) and "education" in str(refused.value)
    assert child_of(PEOPLE, "education/PAnn") == child_of(PEOPLE, "Ann") == "Ann"
    with pytest.raises(InputDataError, match="does not know the store"):
        replace(matrix, origin=None).evidence("Ann", AS_OF, "own")


def test_the_trace_says_value_window_cut_rows_and_what_was_left_out(matrix: FeatureMatrix) -> None:
    text = trace_text(matrix.evidence("Ann", AS_OF, "own"))
    for part in ("value    1", f"{ago(90)} to {AS_OF}", "1 looked at, 1 of them counted", f"*  {ago(5)}", "1  before the window", "S1"):
        assert part in text, text
    assert max(map(len, text.splitlines())) <= 100
    told = trace_json(matrix.evidence("Ben", AS_OF, "own"))
    assert told["value"] == 1 and told["counted"] == 1 and told["rows"][0]["happened_on"] == ago(8).isoformat()
