"""Marks in the shapes of schools: the register of the extracts, told in rows, grids, strings and totals."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from shapes_material import text

from early_id.data.synth.shapes.declare import FOLDER
from early_id.schema.codes import code_list


@pytest.fixture(scope="module")
def register(shaped: Path) -> pd.DataFrame:
    """The last entry of each mark of the extracts, worked out with pandas alone."""
    folder = shaped / "extracts" / "attendance"
    parts = [pd.read_parquet(path) for path in folder.rglob("*.parquet")]
    for path in folder.glob("*.csv"):
        table = text(path)
        table = table[table["Date"].str.fullmatch(r"\d\d/\d\d/20\d\d") & ~table["Date"].str.startswith("32")]
        parts.append(table.assign(**{name: pd.to_datetime(table[name], format="%d/%m/%Y").dt.date for name in ("Date", "RecordedOn")}))
    marks = pd.concat(parts, ignore_index=True)
    for name in ("Date", "RecordedOn"):
        marks[name] = pd.to_datetime(marks[name])
    for name in ("PupilID", "SchoolID", "Session", "Code"):
        marks[name] = marks[name].astype("category")
    last = marks.groupby(["PupilID", "SchoolID", "Date", "Session"], observed=True)["RecordedOn"].transform("max")
    marks = marks[marks["RecordedOn"] == last]
    days = {day: day.strftime("%d/%m/%Y") for day in marks["Date"].unique()}
    marks["Date"] = marks["Date"].map(days)
    return marks.rename(columns={"SchoolID": "School", "PupilID": "Adno", "Code": "Mark"})[["School", "Adno", "Date", "Session", "Mark"]]


@cache
def exported(shaped: Path, shape: str) -> pd.DataFrame:
    return pd.concat([text(path) for path in sorted((shaped / FOLDER / shape).rglob("*.csv"))], ignore_index=True)


def ordered(marks: pd.DataFrame) -> pd.DataFrame:
    return marks.sort_values(list(marks.columns), ignore_index=True).astype(str)


def test_long_form_is_the_register_of_the_extracts(shaped: Path, register: pd.DataFrame) -> None:
    long = exported(shaped, "mis_long")
    assert list(long.columns) == ["School", "Adno", "UPN", "Date", "Session", "Mark"]
    dated = long[long["Date"].isin(set(register["Date"]))]
    pd.testing.assert_frame_equal(ordered(dated.drop(columns="UPN")), ordered(register))
    pupils = text(shaped / "extracts/education/pupils.csv").set_index("PupilID")["UPN"]
    assert (long["UPN"] == long["Adno"].map(pupils)).all()


def test_daily_form_holds_the_same_marks(shaped: Path, register: pd.DataFrame) -> None:
    daily = exported(shaped, "mis_daily")
    assert not daily[daily["Date"].isin(set(register["Date"]))].duplicated(["School", "Adno", "Date"]).any()
    wide = daily.melt(["School", "Adno", "Date"], ["AM", "PM"], "Session", "Mark").query("Mark != ''")
    wide = wide[wide["Date"].isin(set(register["Date"]))]
    once = register.drop_duplicates()  # a cell cannot repeat a mark
    assert len(once) < len(register)
    pd.testing.assert_frame_equal(ordered(wide), ordered(once))


def test_faults_of_marks_show_in_both_forms(shaped: Path) -> None:
    files = [text(path) for path in (shaped / "extracts/attendance").glob("*.csv")]
    unreadable = sum(table["Date"].isin(["32/13/2024", ""]).sum() for table in files)
    assert unreadable > 0
    for shape in ("mis_daily", "mis_long"):
        assert exported(shaped, shape)["Date"].isin(["32/13/2024", ""]).sum() == unreadable
    assert {"A", "8"} <= set(exported(shaped, "mis_long")["Mark"])


def test_school_census_counts_the_sessions_of_the_term_before(shaped: Path, register: pd.DataFrame) -> None:
    marks = register.drop_duplicates()
    day = pd.to_datetime(marks["Date"], format="%d/%m/%Y")
    autumn = marks[(day >= "2024-09-01") & (day <= "2024-12-31")]
    possible = code_list("attendance").having(flag="possible")
    truth = autumn[autumn["Mark"].isin(possible)].groupby(["School", "Adno"]).size()
    shown = {}
    for path in (shaped / FOLDER / "school_census" / "2025_spring").glob("*.xml"):
        for pupil in ET.parse(path).getroot().find("Pupils").iter():
            attendance = pupil.find("Attendance/TermlyAttendance")
            if attendance is not None:
                sessions = {name: int(attendance.findtext(name)) for name in ("SessionsPossible", "SessionsAuthorised", "SessionsUnauthorised")}
                details = [int(item.text) for item in attendance.iter("AbsenceSessions")]
                assert sum(details) == sessions["SessionsAuthorised"] + sessions["SessionsUnauthorised"] <= sessions["SessionsPossible"]
                shown[path.stem.upper(), pupil.findtext("PupilIdentifiers/PupilID")] = sessions["SessionsPossible"]
    assert len(shown) > 100
    # Pupils who changed school over Christmas are on no list of the spring term.
    assert len(truth) - len(shown) <= 0.03 * len(truth)
    assert all(truth[key] == count for key, count in shown.items())


def test_transfer_strings_hold_every_mark_of_the_year(shaped: Path, register: pd.DataFrame) -> None:
    marks = register.drop_duplicates().assign(day=lambda rows: pd.to_datetime(rows["Date"], format="%d/%m/%Y"))
    marks = marks[(marks["day"] >= "2024-09-01") & (marks["day"] <= "2025-08-31")].sort_values(["day", "Session"])
    seen = 0
    for path in (shaped / FOLDER / "ctf").glob("*.xml"):
        root = ET.parse(path).getroot()
        for pupil in root.iter("Pupil"):
            string = pupil.findtext("Attendance/AttendanceMarks")
            if string is None:
                continue
            start = pd.Timestamp(pupil.findtext("Attendance/AttendanceStartDate"))
            assert start.weekday() == 0
            tokens = re.findall(r"C[12]|J1|Y\d|.", string)
            assert len(tokens) % 2 == 0
            read = [(start + pd.Timedelta(days=place // 2), code) for place, code in enumerate(tokens) if code != "#"]
            own = marks[(marks["Adno"] == pupil.findtext("PupilID")) & (marks["School"] == path.stem.split("_")[0].upper())]
            assert read == [(day, code) for day, code in zip(own["day"], own["Mark"], strict=True) if code != "#"]
            seen += 1
    assert seen > 10
