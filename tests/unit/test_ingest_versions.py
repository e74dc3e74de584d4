"""Versions of a record: what was known when, through corrections, snapshots, repeats and facts that come later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from early_id.schema.tables import CANONICAL, Column, Tables
from intake import GOOD, MARK, PERSON, PUPIL, Council, hashes, stored


@pytest.fixture
def council(tmp_path: Path) -> Council:
    return Council(tmp_path)


def seen_on(council: Council, table: str, day: str) -> pd.DataFrame:
    """Rows as known on a day, by the plain reading of ``[known_from, known_to)``."""
    frame, moment = council.store().frame(table), pd.Timestamp(day)
    return frame[(frame["known_from"] <= moment) & (frame["known_to"].isna() | (frame["known_to"] > moment))]


def test_a_correction_closes_the_earlier_version_on_the_day_it_was_received(council: Council) -> None:
    council.put_good("schools", "pupils")
    council.put("attendance", {**MARK, "code": "N"})
    council.ingest("2024-11-10")
    council.put("attendance", {**MARK, "code": "I"})
    council.ingest("2024-11-17")
    assert stored(council, "attendance", "code", "known_from", "known_to") == [("N", "2024-11-05", "2024-11-17"), ("I", "2024-11-17", None)]
    assert seen_on(council, "attendance", "2024-11-16")["code"].tolist() == ["N"]


def test_a_correction_taken_back_is_a_third_version(council: Council) -> None:
    council.put_good("schools", "pupils")
    for code, received in (("N", "2024-11-10"), ("I", "2024-11-17"), ("N", "2024-11-24")):
        council.put("attendance", {**MARK, "code": code})
        council.ingest(received)
    assert stored(council, "attendance", "code", "known_from", "known_to") == [
        ("N", "2024-11-05", "2024-11-17"), ("I", "2024-11-17", "2024-11-24"), ("N", "2024-11-24", None),
    ]  # fmt: skip


def test_a_file_with_its_whole_history_changes_nothing_when_it_comes_again(council: Council) -> None:
    council.put_good("schools", "pupils")
    history = [{**MARK, "code": "N"}, {**MARK, "code": "I", "known": "2024-11-08"}]
    council.put("attendance", *history)
    council.ingest("2024-11-10")
    before = stored(council, "attendance", "code", "known_from", "known_to")
    assert before == [("N", "2024-11-05", "2024-11-08"), ("I", "2024-11-08", None)]
    council.put("attendance", *history, {**MARK, "session": "PM", "known": "2024-11-12"})
    council.ingest("2024-11-17")
    assert stored(council, "attendance", "code", "known_from", "known_to")[:2] == before
    assert len(council.store().frame("attendance")) == 3


def test_a_row_gone_from_a_snapshot_is_closed_and_opens_again_when_it_returns(council: Council) -> None:
    council.put("people", PERSON)
    a, b = ({**GOOD["household_factors"][2], "factor": factor} for factor in ("4B", "3B"))
    for rows, received in (([a, b], "2024-11-01"), ([a], "2024-11-08"), ([a, b], "2024-11-15")):
        council.put("household_factors", *rows, snapshot=True)
        council.ingest(received)
    assert set(stored(council, "household_factors", "factor", "known_from", "known_to")) == {
        ("4B", "2024-10-15", None), ("3B", "2024-10-15", "2024-11-08"), ("3B", "2024-11-15", None),
    }  # fmt: skip


def test_a_row_gone_from_a_source_that_sends_changes_only_stays(council: Council) -> None:
    council.put("people", PERSON)
    a, b = ({**GOOD["household_factors"][2], "factor": factor} for factor in ("4B", "3B"))
    for rows, received in (([a, b], "2024-11-01"), ([a], "2024-11-08")):
        council.put("household_factors", *rows)
        council.ingest(received)
    assert {to for _, to in stored(council, "household_factors", "factor", "known_to")} == {None}


def test_a_snapshot_in_two_files_is_read_whole_when_one_of_them_changes(council: Council) -> None:
    council.put("people", PERSON)
    a, b, c = ({**GOOD["household_factors"][2], "factor": factor} for factor in ("4B", "3B", "2B"))
    council.put("household_factors", a, snapshot=True, file="social_care/one.csv")
    council.put("household_factors", b, snapshot=True, file="social_care/two.csv")
    council.ingest("2024-11-01")
    council.put("household_factors", b, c, snapshot=True, file="social_care/two.csv")
    council.ingest("2024-11-08")
    assert {(factor, to) for factor, to in stored(council, "household_factors", "factor", "known_to")} == {("4B", None), ("3B", None), ("2B", None)}


def test_the_same_file_is_noticed_by_its_hash(council: Council) -> None:
    council.put_good("schools", "pupils", "attendance")
    council.ingest()
    before = hashes(council.folder / "out" / "store")
    (council.extracts / "education/attendance.csv").rename(council.extracts / "education/attendance_again.csv")
    council.sources[-1]["files"] = "education/attendance*.csv"
    batch = council.ingest()
    assert batch.findings.by_code() == {"FIL001": 3} and batch.files == ()
    assert hashes(council.folder / "out" / "store") == before


def test_one_file_may_fill_two_tables_even_when_the_second_is_named_later(council: Council) -> None:
    file = council.put("pupils", PUPIL)
    council.ingest()
    shape = council.folder / "also.yaml"
    shape.write_text("shape: also\ntable: notifications\ncolumns: {source_person_id: PupilID, kind: Forename, happened_on: DOB}\n", encoding="utf-8")
    council.settings["shapes"] = [str(shape)]
    council.sources.append({"name": "education", "shape": "also", "files": file.relative_to(council.extracts).as_posix()})
    assert [item.table for item in council.ingest().files] == ["notifications"]


def test_later_facts_are_invisible_before_they_are_known(council: Council) -> None:
    council.put("people", PERSON)
    council.put("statutory", {**GOOD["statutory"][2], "outcome": "closed", "outcome_on": "2024-06-20"})
    council.ingest()
    assert stored(council, "statutory", "end_on", "outcome", "known_from", "known_to") == [
        (None, None, "2024-01-13", "2024-06-11"), ("2024-06-10", None, "2024-06-11", "2024-06-21"), ("2024-06-10", "closed", "2024-06-21", None),
    ]  # fmt: skip
    assert seen_on(council, "statutory", "2024-06-10")["end_on"].isna().all()
    assert council.store().records("statutory")["end_on"].notna().all()


def test_an_end_that_comes_with_a_later_batch_is_known_from_that_day(council: Council) -> None:
    council.put("people", PERSON)
    for end, received in (("", "2024-06-15"), ("2024-06-10", "2024-06-22")):
        council.put("statutory", {**GOOD["statutory"][2], "end_on": end})
        council.ingest(received)
    assert seen_on(council, "statutory", "2024-06-21")["end_on"].isna().all()
    assert seen_on(council, "statutory", "2024-06-22")["end_on"].notna().all()


def test_a_store_written_before_a_table_got_a_column_has_it_empty_and_takes_in_more(council: Council) -> None:
    council.put_good("schools", "pupils", "suspensions")
    council.ingest("2024-12-01")
    old = CANONICAL["suspensions"]
    later = replace(old, columns=(*old.columns, Column("noted_on", "date"), Column("hours", "number")))
    store = council.store()
    store.tables = Tables({**CANONICAL, "suspensions": later})
    assert store.frame("suspensions")[["noted_on", "hours"]].isna().all(axis=None)
    council.put("suspensions", GOOD["suspensions"][2], {**GOOD["suspensions"][2], "start_on": "2024-11-20"})
    store.ingest(cfg=council.config("2024-12-15"))
    # The old record, written out with the new column, is another version of itself with the same values.
    again = store.frame("suspensions")
    assert again["hours"].isna().all() and sorted(again["start_on"].dt.date.astype(str).unique()) == ["2024-11-11", "2024-11-20"]
