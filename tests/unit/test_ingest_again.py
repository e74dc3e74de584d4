"""A file read under other instructions replaces its earlier reading: settings and shapes that were put right take effect, and nothing is lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from intake import GOOD, MARK, PERSON, PUPIL, Council, stored

BESIDE = {**PUPIL, "source_person_id": "P2", "upn": "", "nhs_number": "", "forename": "Bo"}
#: One version only: no outcome comes later.
CONTACT = {**GOOD["contacts"][2], "outcome": "", "outcome_on": ""}


@pytest.fixture
def council(tmp_path: Path) -> Council:
    made = Council(tmp_path).put_good("schools")
    made.put("pupils", PUPIL, BESIDE)
    made.put("people", PERSON)
    return made


def shape(council: Council, **more: Any) -> None:
    """A shape of one's own for suspensions, with ``more`` in it."""
    columns = {"source_person_id": "PupilID", "school_id": "SchoolID", "start_on": "StartDate", "sessions": "Sessions", "category": "Category"}
    values = {"shape": "mine", "table": "suspensions", "columns": columns, **more}
    (council.folder / "mine.yaml").write_text(json.dumps(values), encoding="utf-8")
    council.settings["shapes"] = [str(council.folder / "mine.yaml")]


def put_suspensions(council: Council, *rows: dict[str, str], file: str = "education/suspensions.csv") -> None:
    path = council.extracts / file
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["PupilID,SchoolID,StartDate,Sessions,Category"]
    lines += [f"{row.get('who', 'P1')},S1,{row['start']},{row.get('sessions', '2')},{row.get('category', 'SUSP')}" for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    entry = {"name": "education", "shape": "mine", "files": file, "snapshot": False}
    if entry not in council.sources:
        council.sources.append(entry)


def test_a_corrected_shape_takes_effect_and_the_old_version_stays(council: Council) -> None:
    shape(council, dates={"start_on": ["%m/%d/%Y"]})  # day and month the wrong way round
    put_suspensions(council, {"start": "03/04/2024"}, {"start": "25/04/2024", "who": "P2"})
    first = council.ingest()
    assert stored(council, "suspensions", "source_person_id", "start_on") == [("P1", "2024-03-04")]
    before = first.number
    shape(council, dates={"start_on": ["%d/%m/%Y"]})
    batch = council.ingest()
    assert batch.findings.by_code() == {"FIL001": 3, "FIL002": 1}
    assert [(item.file, item.rows_in, item.rows_kept) for item in batch.files] == [("education/suspensions.csv", 2, 2)]
    assert sorted(stored(council, "suspensions", "source_person_id", "start_on")) == [("P1", "2024-04-03"), ("P2", "2024-04-25")]
    store = council.store()
    [earlier] = [item for item in store.version.batches if item["number"] == before]
    assert [item["file"] for item in earlier["withdrawn"][0]["files"]] == ["education/suspensions.csv"]
    assert "education/suspensions.csv" not in {item["file"] for item in earlier["files"]}
    assert "GEN001" not in {row["code"] for row in earlier["findings"]}  # it was of the reading that is gone
    assert council.ingest().findings.by_code() == {"FIL001": 4}  # and it is not read a third time
    store.go_back(before)
    assert stored(council, "suspensions", "start_on") == [("2024-03-04",)]  # the old version stands beside
    left = [item for name in ("parts", "versions", "set_aside") for item in (store.folder / name).iterdir() if f"{before + 1:06d}" in item.name]
    assert not left  # a step that failed leaves nobody's records behind


def test_a_file_read_under_the_wrong_source_moves_to_the_right_one_with_its_cover(council: Council) -> None:
    council.put("people", PERSON, source="police", file="police/people.csv")
    council.put("contacts", CONTACT, source="police", file="social_care/contacts.csv")
    council.ingest()
    assert stored(council, "contacts", "source") == [("police",)]
    council.sources[-1]["name"] = "social_care"
    assert council.ingest().findings.by_code()["FIL002"] == 1
    assert stored(council, "contacts", "source") == [("social_care",)]
    version = council.store().version
    assert {row["source"] for row in version.coverage if row["table"] == "contacts"} == {"social_care"}
    assert not [name for name in version.assumptions if name == "police: contacts"]


def test_a_corrected_table_takes_the_rows_out_of_the_wrong_one(council: Council) -> None:
    shape(council)
    put_suspensions(council, {"start": "2024-03-04"})
    wrong = {"shape": "mine", "table": "enrolments", "columns": {"source_person_id": "PupilID", "school_id": "SchoolID", "start_on": "StartDate"}}
    (council.folder / "mine.yaml").write_text(json.dumps(wrong), encoding="utf-8")
    council.ingest()
    assert len(stored(council, "enrolments", "start_on")) == 1
    shape(council)
    council.ingest()
    assert stored(council, "enrolments", "start_on") == []
    assert len(stored(council, "suspensions", "start_on")) == 1
    assert "enrolments" not in {row["table"] for row in council.store().version.coverage}


def test_a_corrected_day_of_receipt_takes_effect(council: Council) -> None:
    council.put("contacts", CONTACT)
    council.ingest("2025-03-03")
    council.ingest("2025-02-01")
    assert council.store().last_received is not None and str(council.store().last_received) == "2025-02-01"
    assert {row["covers_to"] for row in council.store().version.coverage} == {"2025-02-01"}


def test_what_a_withdrawn_snapshot_closed_is_open_again(council: Council) -> None:
    first, second = GOOD["household_factors"][2], {**GOOD["household_factors"][2], "factor": "3B"}
    council.put("household_factors", first, second, snapshot=True)
    council.ingest("2024-11-01")
    council.put("household_factors", first, snapshot=True)
    council.ingest("2024-12-10")
    assert {to for code, to in stored(council, "household_factors", "factor", "known_to") if code == "3B"} == {"2024-12-10"}
    council.ingest("2024-12-01")  # the register was of the first of the month
    assert {to for code, to in stored(council, "household_factors", "factor", "known_to") if code == "3B"} == {"2024-12-01"}


def test_rows_of_another_file_are_not_lost_with_the_reading_that_also_held_them(council: Council) -> None:
    """A row that two files hold is stored under the first; when that reading goes, the second has to give it again."""
    shape(council)
    put_suspensions(council, {"start": "2024-03-04"}, {"start": "2024-03-18"}, file="education/one.csv")
    council.ingest()
    put_suspensions(council, {"start": "2024-03-04"}, {"start": "2024-04-22"}, file="education/two.csv")
    council.ingest()
    assert len(stored(council, "suspensions", "start_on")) == 3
    one = next(entry for entry in council.sources if entry["files"] == "education/one.csv")
    one["name"] = "trust"
    council.put("pupils", PUPIL, source="trust", file="trust/pupils.csv")
    council.ingest()
    assert sorted(stored(council, "suspensions", "source", "start_on")) == [
        ("education", "2024-03-04"), ("education", "2024-04-22"), ("trust", "2024-03-04"), ("trust", "2024-03-18"),
    ]  # fmt: skip


def test_only_the_reading_itself_is_withdrawn_where_a_file_keeps_its_name_from_week_to_week(council: Council) -> None:
    """marks.csv holds one week only, and its day of receipt was left as it was once: last week's rows stay."""
    council.put("attendance", MARK)
    council.ingest("2025-03-03")
    council.put("attendance", {**MARK, "date": "2024-11-11", "known": "2024-11-12"})
    council.ingest("2025-03-03")
    council.ingest("2025-03-10")
    assert sorted(stored(council, "attendance", "date")) == [("2024-11-04",), ("2024-11-11",)]


def test_a_file_that_was_renamed_and_mapped_anew_replaces_its_old_reading(council: Council) -> None:
    council.put("people", PERSON, source="police", file="police/people.csv")
    path = council.put("contacts", CONTACT, source="police", file="police/contacts.csv")
    council.ingest()
    (council.extracts / "social_care").mkdir(exist_ok=True)
    shutil.move(path, council.extracts / "social_care" / "contacts.csv")
    council.sources[-1].update(name="social_care", files="social_care/contacts.csv")
    council.ingest()
    assert stored(council, "contacts", "source") == [("social_care",)]


def test_two_sources_may_send_the_same_bytes(council: Council) -> None:
    council.put("people", PERSON, source="police", file="police/people.csv")
    council.put("contacts", CONTACT, source="police", file="police/contacts.csv")
    council.ingest()
    council.put("contacts", CONTACT)
    council.ingest()
    assert sorted(stored(council, "contacts", "source")) == [("police",), ("social_care",)]


def test_a_store_that_kept_neither_readings_nor_batches_is_read_on(council: Council) -> None:
    """As written by the first version of the package."""
    import pyarrow.parquet as pq

    council.put("contacts", CONTACT)
    council.ingest()
    store = council.store().folder
    for part in (store / "parts").glob("*.parquet"):
        table = pq.read_table(part)
        pq.write_table(table.drop_columns(["batch"]), part)
    listing = store / "versions" / "000001.json"
    values = json.loads(listing.read_text(encoding="utf-8"))
    for file in values["batches"][0]["files"]:
        del file["reading"]
    listing.write_text(json.dumps(values), encoding="utf-8")
    assert council.ingest().findings.by_code() == {"FIL001": 4}
    assert len(stored(council, "contacts", "source")) == 1
    council.put("people", PERSON, source="police", file="police/people.csv")
    council.sources[-2]["name"] = "police"
    council.ingest()
    assert stored(council, "contacts", "source") == [("police",)]
