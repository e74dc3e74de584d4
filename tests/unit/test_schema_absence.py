"""Official absence: its denominator, its two thresholds, and the national figures from the national code mix."""

from __future__ import annotations

import csv
from importlib import resources

import pandas as pd
import pytest

from early_id.core.errors import InputDataError
from early_id.schema.absence import IS_ABSENT_FOR_FEATURES, IS_POSSIBLE_FOR_FEATURES, overall_absence
from early_id.schema.codes import code_list

#: Published for 2024/25 (Department for Education, daily attendance): overall, authorised, unauthorised, in percent of possible sessions.
PUBLISHED = {"Total": (6.87, 4.54, 2.33), "Primary": (5.25, 3.74, 1.51), "Secondary": (8.59, 5.30, 3.30), "Special": (12.88, 9.51, 3.37)}


def mix(phase: str) -> dict[str, tuple[int, float]]:
    """Code → sessions and percent of possible sessions, 2024/25."""
    text = resources.files("early_id.data.synth").joinpath("tables/attendance_code_mix.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["year"] == "2024/25" and row["phase"] == phase]
    return {row["code"]: (int(row["sessions"]), float(row["percent_of_possible_sessions"])) for row in rows}


def marks(**counts: int) -> pd.DataFrame:
    """So many marks of each code for one enrolment; ``present`` stands for '/'."""
    codes = [{"present": "/", "dash": "-", "closed": "#"}.get(code, code) for code, n in counts.items() for _ in range(n)]
    return pd.DataFrame({"child_id": "c", "school_id": "s", "code": codes})


def one(**counts: int) -> pd.Series:
    return overall_absence(marks(**counts), by=["child_id", "school_id"]).iloc[0]


@pytest.mark.parametrize("phase", PUBLISHED)
def test_the_national_code_mix_gives_the_published_rates(phase: str) -> None:
    # 200,000 sessions in proportion: rounding to whole sessions moves a rate by far less than its second decimal.
    counts = {code: round(percent * 2000) for code, (_, percent) in mix(phase).items()}
    frame = pd.DataFrame({"child_id": "all", "code": [code for code, n in counts.items() for _ in range(n)]})
    [row] = overall_absence(frame, by=["child_id"]).to_dict("records")
    overall, authorised, unauthorised = PUBLISHED[phase]
    assert row["possible"] == len(frame)  # every code of the published mix is a possible session
    assert 100 * row["absence_rate"] == pytest.approx(overall, abs=0.012)
    assert 100 * row["authorised"] / row["possible"] == pytest.approx(authorised, abs=0.012)
    assert 100 * row["unauthorised"] / row["possible"] == pytest.approx(unauthorised, abs=0.012)


@pytest.mark.parametrize("phase", PUBLISHED)
def test_shares_of_the_mix_are_of_possible_sessions(phase: str) -> None:
    held = mix(phase)
    total = sum(sessions for code, (sessions, _) in held.items() if code in code_list("attendance").having(flag="possible"))
    for code, (sessions, percent) in held.items():
        assert 100 * sessions / total == pytest.approx(percent, abs=6e-5), code


def test_the_denominator_leaves_out_what_was_not_possible() -> None:
    row = one(present=8, I=1, O=1, X=5, closed=10, dash=3, Z=2, D=4, Y1=1, Y5=1, Q=1, Y=2)
    assert (row["possible"], row["attended"], row["authorised"], row["unauthorised"]) == (10, 8, 1, 1)
    assert row["absence_rate"] == 0.2


def test_late_before_the_register_closes_is_present_and_after_it_is_absent() -> None:
    assert one(present=9, L=1)["absence_rate"] == 0
    assert one(present=9, U=1)["unauthorised"] == 1


def test_old_codes_are_counted_by_their_old_meaning() -> None:
    row = one(present=7, H=1, J=1, F=1, Y=4)
    assert (row["possible"], row["attended"], row["authorised"]) == (10, 8, 2)


@pytest.mark.parametrize(
    ("absent", "present", "persistent", "severe"),
    [
        (0, 10, False, False),
        (37, 343, False, False),
        (38, 342, True, False),
        (1, 9, True, False),
        (189, 191, True, False),
        (190, 190, True, True),
        (5, 0, True, True),
    ],
)
def test_persistent_from_ten_percent_and_severe_from_fifty(absent: int, present: int, persistent: bool, severe: bool) -> None:
    row = one(present=present, I=absent)
    assert (row["is_persistent"], row["is_severe"]) == (persistent, severe)


def test_no_possible_session_is_not_known_and_not_zero() -> None:
    row = one(closed=4, dash=2)
    assert row["possible"] == 0
    assert pd.isna(row["absence_rate"]) and pd.isna(row["is_persistent"]) and pd.isna(row["is_severe"])


def test_short_enrolments_can_be_held_back() -> None:
    frame = marks(present=5, I=5)
    held = overall_absence(frame, by=["child_id"], minimum_sessions=11).iloc[0]
    assert pd.isna(held["absence_rate"]) and held["possible"] == 10
    assert overall_absence(frame, by=["child_id"], minimum_sessions=10).iloc[0]["absence_rate"] == 0.5


def test_the_unit_is_the_enrolment() -> None:
    frame = pd.concat([marks(present=10), marks(I=10).assign(school_id="t")])
    assert overall_absence(frame, by=["child_id", "school_id"])["absence_rate"].tolist() == [0, 1]
    assert overall_absence(frame, by=["child_id"])["absence_rate"].tolist() == [0.5]


def test_an_unknown_code_stops_it_and_is_not_repeated() -> None:
    with pytest.raises(InputDataError, match="2 marks") as caught:
        one(present=3, SECRET=2)
    assert "SECRET" not in str(caught.value)


def test_features_set_apart_what_the_school_did_and_what_they_may_not_see() -> None:
    for code in ("S", "E", "C2", "Y5", "R", "T"):
        assert code not in IS_POSSIBLE_FOR_FEATURES.values and code not in IS_ABSENT_FOR_FEATURES.values
    assert IS_ABSENT_FOR_FEATURES.values < IS_POSSIBLE_FOR_FEATURES.values
    assert {"I", "O", "U", "H", "F"} <= IS_ABSENT_FOR_FEATURES.values
