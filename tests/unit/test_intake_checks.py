"""What an intake does with what its checks find: rows that wait for a correction, files that are refused, gaps, history, coverage and pages."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from early_id.core.errors import InputDataError
from early_id.core.types import Severity
from early_id.data.history import code_trend
from early_id.data.pages.findings import findings_page
from early_id.data.pages.supplier import supplier_pages
from early_id.present.wording import check_words
from intake import GOOD, MARK, PERSON, PUPIL, SCHOOL, Council, Row, codes_of, stored

CONTACT, FACTOR = GOOD["contacts"][2], GOOD["household_factors"][2]


@pytest.fixture
def council(tmp_path: Path) -> Council:
    made = Council(tmp_path / "council")
    made.put("people", PERSON, {**PERSON, "source_person_id": "C2", "upn": ""})
    return made


def contacts(*changes: Row) -> list[Row]:
    return [{**CONTACT, **change} for change in changes]


# --- rows that wait


CASES = {
    "an unknown code": ("household_factors", {"factor": "99Z"}, {"factor": "4C"}),
    "a date that cannot be read": ("contacts", {"contact_on": "31/02/2024"}, {"contact_on": "2024-02-28"}),
    "a value that was missing": ("contacts", {"contact_on": ""}, {"contact_on": "2024-02-28"}),
    "dates out of order": ("statutory", {"end_on": "2023-01-01"}, {"end_on": "2024-03-01"}),
    "a type in other words": ("missing_episodes", {"type": "absconded"}, {"type": "M"}),
    "somebody who was not listed": ("contacts", {"source_person_id": "C9"}, {"source_person_id": "C2"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_corrected_row_is_recognised_and_clears_the_one_set_aside(council: Council, name: str) -> None:
    table, wrong, right = CASES[name]
    good = GOOD[table][2]
    other = {**good, "source_person_id": "C2"} if name != "somebody who was not listed" else {**good, "contact_source": "health"}
    council.put(table, other, {**good, **wrong})
    first = council.ingest("2025-03-03")
    assert (first.files[-1].rows_set_aside or first.files[0].rows_set_aside, first.cleared, first.waiting) == (1, 0, 1)
    council.put(table, other, {**good, **right})
    second = council.ingest("2025-03-10")
    assert (second.cleared, second.waiting) == (1, 0)
    [count] = [item for item in second.files if item.table == table]
    assert (count.rows_in, count.rows_kept, count.rows_set_aside, count.rows_cleared) == (2, 2, 0, 1)
    assert second.to_json()["cleared"] == 1 and second.to_json()["waiting"] == 0


def test_a_row_as_wrong_as_it_was_waits_once_and_another_row_clears_nothing(council: Council) -> None:
    council.put("household_factors", FACTOR, {**FACTOR, "factor": "99Z", "happened_on": "2024-11-01"})
    assert council.ingest("2025-03-03").waiting == 1
    council.put(
        "household_factors", FACTOR, {**FACTOR, "factor": "99Z", "happened_on": "2024-11-01"}, {**FACTOR, "factor": "3B", "happened_on": "2024-12-01"}
    )
    again = council.ingest("2025-03-10")
    assert (again.cleared, again.waiting) == (0, 1)
    waiting = pd.read_parquet(council.folder / "out/store/set_aside/000002/waiting.parquet")
    assert waiting[["file", "row", "batch", "since"]].to_numpy().tolist() == [["social_care/household_factors.csv", 3, 2, 1]]
    # Nothing of the row is in the list but its place and a number.
    assert not {"factor", "source_person_id"} & set(waiting.columns)


def test_where_the_day_is_lost_only_the_one_row_that_fits_counts(council: Council) -> None:
    """Two marks that would fit are no proof that either is the one that was set aside; the same line of the same file is."""
    council.put("schools", SCHOOL)
    council.put("pupils", PUPIL)
    wrong = {**MARK, "date": "32/13/2024", "known": "2024-11-06"}
    council.put("attendance", MARK, wrong)
    assert council.ingest("2025-03-03").waiting == 1
    two = [{**MARK, "date": day, "known": "2024-11-06"} for day in ("2024-11-05", "2024-11-06")]
    council.put("attendance", *two, file="education/more.csv")
    assert council.ingest("2025-03-10").cleared == 0
    council.put("attendance", MARK, {**MARK, "date": "2024-11-04", "session": "PM", "known": "2024-11-06"})
    assert council.ingest("2025-03-17").cleared == 0
    council.put("attendance", MARK, {**MARK, "date": "2024-11-07", "known": "2024-11-06"})
    assert council.ingest("2025-03-24").cleared == 1


def test_a_repeat_waits_for_nothing(council: Council) -> None:
    council.put("contacts", CONTACT, CONTACT)
    batch = council.ingest()
    assert batch.files[0].rows_set_aside == 1 and batch.waiting == 0


def test_rows_that_contradicted_each_other_are_cleared_by_one_that_stands_alone(council: Council) -> None:
    council.put("contacts", CONTACT, {**CONTACT, "outcome": "referred"})
    assert council.ingest("2025-03-03").waiting == 1
    council.put("contacts", {**CONTACT, "outcome": "referred"})
    assert (council.ingest("2025-03-10").cleared, council.ingest("2025-03-10").waiting) == (1, 0)


def test_a_mark_that_is_settled_beats_one_that_is_not(council: Council) -> None:
    """Whatever their order in the file; of two that are settled the first is kept, and the other one is asked about."""
    council.put("schools", SCHOOL)
    council.put("pupils", PUPIL)
    evening = {**MARK, "session": "PM"}
    third = {**MARK, "date": "2024-11-05", "known": "2024-11-06"}
    council.put(
        "attendance",
        {**MARK, "code": "N"},
        {**MARK, "code": "I"},
        {**evening, "code": "-"},
        {**evening, "code": "\\"},
        {**third, "code": "I"},
        {**third, "code": "/"},
    )
    batch = council.ingest()
    assert codes_of(batch, "education/attendance.csv") == {"DUP002": 3}
    assert sorted(code for (code,) in stored(council, "attendance", "code")) == ["I", "I", "\\"]


# --- files that are refused, and columns that are asked about


def birthdays(style: str, n: int = 60) -> list[Row]:
    days = pd.date_range("2010-01-03", periods=n, freq="23D")
    return [{**PUPIL, "source_person_id": f"P{i}", "upn": "", "nhs_number": "", "birth_date": day.strftime(style)} for i, day in enumerate(days)]


def test_birthdays_with_the_month_first_are_refused(council: Council) -> None:
    """More than half of them cannot be read, and the others would be wrong."""
    council.put("pupils", *birthdays("%m/%d/%Y", 200))
    with pytest.raises(InputDataError, match="day and month changed round: DOB") as caught:
        council.ingest()
    assert "%m/%d/%Y" in str(caught.value) and "checks.unreadable_dates" in str(caught.value) and caught.value.exit_code == 3
    assert council.store().version.number == 0
    council.settings["checks"] = {"unreadable_dates": 0.9}
    batch = council.ingest()
    assert codes_of(batch, "education/pupils.csv").keys() == {"GEN001", "DAT001"}
    [asked] = [item for item in batch.findings if item.code == "DAT001"]
    assert asked.count == batch.files[0].rows_kept and asked.columns.startswith("DOB (")


def test_birthdays_in_the_usual_style_are_not_asked_about(council: Council) -> None:
    council.put("pupils", *birthdays("%d/%m/%Y"))
    assert council.ingest().findings.by_code() == {}


def test_a_few_dates_that_cannot_be_read_refuse_no_file(council: Council) -> None:
    rows = birthdays("%d/%m/%Y", 30)
    council.put("pupils", *rows[:21], *({**row, "birth_date": "summer"} for row in rows[21:]))
    assert council.ingest().files[0].rows_set_aside == 9


def test_a_file_much_shorter_than_the_one_before_is_asked_about(council: Council) -> None:
    rows = birthdays("%d/%m/%Y", 120)
    council.put("pupils", *rows)
    council.ingest("2025-03-03")
    council.put("pupils", *rows[:59])
    batch = council.ingest("2025-03-10")
    assert codes_of(batch, "education/pupils.csv")["COV003"] == 61


# --- what did not come


def week_marks(pupil: str, school: str, weeks: list[str]) -> list[Row]:
    days = [day for week in weeks for day in pd.date_range(week, periods=5)]
    return [{**MARK, "source_person_id": pupil, "school_id": school, "date": f"{day:%Y-%m-%d}", "known": f"{day:%Y-%m-%d}"} for day in days]


WEEKS = ["2024-11-04", "2024-11-11", "2024-11-18", "2024-11-25", "2024-12-02"]


def test_a_school_that_is_silent_for_a_week_is_one_gap_and_a_holiday_is_none(council: Council) -> None:
    pupils = {f"P{n}": f"S{n}" for n in (1, 2, 3, 4)}
    council.put("schools", *[{**SCHOOL, "school_id": school} for school in pupils.values()])
    council.put("pupils", *[{**PUPIL, "source_person_id": pupil, "upn": "", "nhs_number": ""} for pupil in pupils])
    council.put("enrolments", *[{**GOOD["enrolments"][2], "source_person_id": pupil, "school_id": school} for pupil, school in pupils.items()])
    marks = week_marks("P1", "S1", WEEKS) + week_marks("P2", "S2", [WEEKS[0], WEEKS[3], WEEKS[4]]) + week_marks("P3", "S3", WEEKS)
    council.put("attendance", *marks)
    found = {item.code: (item.count, item.where) for item in council.ingest().findings}
    assert found == {"COV001": (1, "attendance"), "COV002": (1, "attendance")}
    # Where nearly nobody sent anything it was a holiday.
    others = [row for row in marks if row["date"] < WEEKS[3] or row["date"] >= WEEKS[4]]
    council.put("attendance", *others)
    council.sources = [entry for entry in council.sources if "people" not in entry["files"]]
    assert codes_of(council.ingest("2025-03-10"), "attendance")["COV001"] == 1


# --- history, coverage, pages


@pytest.fixture
def told(council: Council) -> Council:
    """Three batches: a fault that stays, one that is put right, one that comes."""
    council.put("contacts", *contacts({}, {"contact_on": "31/02/2024"}, {"outcome_on": "2024-10-01", "contact_source": "health"}))
    council.put("household_factors", FACTOR, {**FACTOR, "factor": "99Z", "happened_on": "2024-11-01"})
    council.ingest("2025-03-03")
    council.put("household_factors", FACTOR, {**FACTOR, "factor": "3B", "happened_on": "2024-11-01"})
    council.put(
        "contacts",
        *contacts({}, {"contact_on": "31/02/2024"}, {"outcome_on": "2024-10-01", "contact_source": "health"}, {"contact_on": "2025-01-07"}),
    )
    council.ingest("2025-03-10")
    council.put(
        "contacts", *contacts({}, {"contact_on": "31/02/2024"}, {"outcome_on": "2024-10-01", "contact_source": "police"}, {"contact_source": ""})
    )
    council.ingest("2025-03-17")
    return council


def test_findings_say_since_when_they_stand(told: Council) -> None:
    files, found = told.store().taken().standing
    since = {item.code: item.since for item in found if item.where == "social_care/contacts.csv"}
    assert since["GEN001"] == since["CON001"] == "2025-03-03" and since["CON004"] == "2025-03-17"
    # The factors were put right in the second batch, and nothing was said of them since.
    assert not [item for item in found if "factors" in item.where]
    assert {file["file"]: file["batch"] for file in files}["social_care/contacts.csv"] == 3
    frame = found.frame()
    assert {"code", "message", "count", "where", "since", "advice", "columns"} <= set(frame.columns)


def test_the_trend_tells_each_batch_as_it_was(told: Council) -> None:
    taken = told.store().taken()
    trend = taken.trend().set_index("batch")
    assert trend["rows_set_aside"].to_dict() == {1: 2, 2: 1, 3: 1} and trend["rows_cleared"].to_dict() == {1: 0, 2: 1, 3: 0}
    assert trend["waiting"].to_dict() == {1: 2, 2: 1, 3: 1} and trend["received"].tolist() == ["2025-03-03", "2025-03-10", "2025-03-17"]
    codes = code_trend(taken.batches).set_index("code")
    assert codes.loc["FAC001"].tolist() == [1, 0, 0] and codes.loc["GEN001"].tolist() == [1, 1, 1]


def test_coverage_says_where_no_record_means_none_and_where_it_is_not_known(council: Council) -> None:
    council.put("schools", SCHOOL, {**SCHOOL, "school_id": "S2", "name": "Oak School"})
    council.put("pupils", PUPIL, {**PUPIL, "source_person_id": "P2", "upn": "", "nhs_number": ""})
    council.put("enrolments", GOOD["enrolments"][2], {**GOOD["enrolments"][2], "source_person_id": "P2", "school_id": "S2"})
    council.put("attendance", MARK)
    council.put("contacts", CONTACT)
    batch = council.ingest("2024-12-02")
    rows = batch.coverage.frame().set_index(["source", "table"])
    assert rows.loc[("social_care", "contacts"), ["from", "to", "people"]].tolist() == ["2024-10-12", "2024-12-02", 1]
    assert rows.loc[("social_care", "contacts"), "no_row_means"].startswith("none, for people of this source")
    assert rows.loc[("education", "attendance"), "no_row_means"].startswith("not known") and rows.loc[("education", "attendance"), "schools"] == 1
    schools = batch.coverage.schools().set_index(["table", "school_id"])
    assert schools.loc[("attendance", "S2"), ["name", "pupils", "rows"]].tolist() == ["Oak School", 1, 0]
    assert schools.loc[("attendance", "S1"), "rows"] == 1
    assert council.store().covered().frame().equals(batch.coverage.frame())


def test_the_page_says_what_how_many_where_since_when_and_what_to_do(told: Council) -> None:
    taken = told.store().taken()
    page = findings_page(taken)
    assert page.count("<h1>") == 1 and "GEN001" in page and "3&nbsp;Mar&nbsp;2025" in page and "social_<wbr>care/<wbr>contacts.csv" in page
    for words in (
        "What to do first",
        "By supplier",
        "Over the batches",
        "What the sources cover",
        "wait for a correction",
        "Check both dates",
        "<svg",
        "Batch 3",
    ):
        assert words.replace("wait for a correction", "waits for a correction") in page, words
    assert re.findall(r"(?:src|href)=\"(?!#|data:)", page) == [] and "<script" not in page
    text = re.sub(r"<style.*?</style>|<svg.*?</svg>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert check_words(text) == () and "None of" not in text


def test_a_page_for_the_supplier_holds_counts_and_asks_for_a_correction(told: Council) -> None:
    pages = supplier_pages(told.store().taken(), contact="the early-help team")
    assert list(pages) == ["social_care.html"]
    page = pages["social_care.html"]
    assert "Please correct" in page and "Please check" in page and "contacts.csv" in page and "the early-help team" in page
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    # What only the analyst can do is not asked of whoever sent the file.
    assert "shape" not in text and "settings" not in text and check_words(text) == ()
    for value in ("C1", "C2", "31/02/2024", "2024-10-01", "health"):
        assert value not in text


def test_files_of_one_school_have_a_page_of_that_school(council: Council) -> None:
    council.put("schools", SCHOOL)
    council.put("pupils", PUPIL)
    council.put("enrolments", GOOD["enrolments"][2])
    council.put("attendance", MARK, {**MARK, "session": "PM", "code": "8"})
    council.ingest()
    pages = supplier_pages(council.store().taken(), contact="us")
    assert list(pages) == ["education_s1.html"] and "Elm School" in pages["education_s1.html"]


def test_old_stores_without_the_newer_counts_can_still_be_told_of(told: Council) -> None:
    batches = [
        {"number": b["number"], "files": [{k: v for k, v in f.items() if k not in ("rows_cleared", "school")} for f in b["files"]],
         "findings": [{k: v for k, v in row.items() if k != "since"} for row in b["findings"]]}
        for b in told.store().version.batches
    ]  # fmt: skip
    from early_id.data.history import Taken

    taken = Taken(tuple(batches), told.store().covered())
    assert len(taken.trend()) == 3 and "not known" in findings_page(taken)


def test_rows_sent_twice_are_no_fault_and_the_figures_add_up(council: Council) -> None:
    """Of three rows two are copies and one is wrong: the supplier is asked for one, and nobody is told of an error in the copies."""
    council.put("contacts", *contacts({}, {}, {}, {"contact_on": "31/02/2024"}))
    council.ingest()
    taken = council.store().taken()
    [copies] = [item for item in taken.standing[1] if item.code == "DUP001"]
    assert (copies.severity, copies.count) == (Severity.NOTE, 2)
    page = supplier_pages(taken, contact="us")["social_care.html"]
    assert "; 1 could not be used, and of 2 rows sent twice one copy was kept." in page and "DUP001" not in page
    assert "2 rows set aside repeat others exactly, so that nothing is lost." in findings_page(taken)
