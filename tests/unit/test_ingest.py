"""Taking extracts in: every row is kept or set aside, every rule is met by a fault and by nothing else, and versions follow what was known when."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from early_id.core.errors import InputDataError
from early_id.core.findings import Finding, Findings
from early_id.core.types import Severity
from early_id.data.remove import remove_from_files
from early_id.data.rules import all_rules, error_codes
from intake import GOOD, MARK, PERSON, PUPIL, SCHOOL, Council, Row, codes_of, stored, write_rows


@pytest.fixture
def council(tmp_path: Path) -> Council:
    return Council(tmp_path)


# --- every rule


def test_good_rows_of_every_table_break_no_rule(council: Council) -> None:
    batch = council.put_good().ingest()
    assert [str(finding) for finding in batch.findings] == []
    assert {item.table for item in batch.files} == set(GOOD) - {"people"}
    assert all(item.rows_in == item.rows_kept == 1 and item.rows_set_aside == 0 for item in batch.files)
    assert council.store().version.number == 1


#: Rule, table (a key of GOOD), and what differs from the good row. All other rules are tried in ``test_rules``; these go through a whole intake.
FAULTS: list[tuple[str, str, Row]] = [
    ("PUP001", "pupils", {"upn": "A801200005001"}),
    ("ATT001", "attendance", {"code": "8"}),
    ("ATT007", "attendance", {"session": "PM"}),
    ("GEN001", "wishes", {"until_on": "next summer"}),
    ("GEN002", "wishes", {"kind": ""}),
    ("ORP001", "contacts", {"source_person_id": "C9"}),
    ("INT001", "missing_episodes", {"ended_at": "2024-10-01 19:59:00"}),
    ("BIR002", "missing_episodes", {"stated_birth_date": "2012-04-05"}),
    ("GEN001", "contacts", {"contact_on": "31/02/2024"}),
    ("GEN001", "contacts", {"contact_on": "45567"}),
    ("GEN001", "contacts", {"contact_on": "12/10/24"}),
    ("GEN001", "pupils", {"birth_date": "04/05/12"}),
    ("GEN001", "pupils", {"fsm": "sometimes"}),
    ("GEN001", "pupils", {"idaci_decile": "two"}),
    ("GEN001", "attendance", {"known": "yesterday"}),
    ("GEN002", "contacts", {"contact_on": ""}),
    ("GEN002", "attendance", {"source_person_id": ""}),
]


@pytest.mark.parametrize(("code", "table", "change"), FAULTS, ids=[f"{code}-{table}-{n}" for n, (code, table, _) in enumerate(FAULTS)])
def test_each_fault_meets_its_own_rule_and_no_other(council: Council, code: str, table: str, change: Row) -> None:
    _, source, good = GOOD[table]
    others = {
        name: {**GOOD[name][2], "source_person_id": f"{GOOD[name][2]['source_person_id'][0]}2", "upn": "", "nhs_number": ""}
        for name in ("pupils", "people")
    }
    for name in ("schools", "pupils", "people"):
        council.put(name, *[row for row in (GOOD[name][2], others.get(name)) if row])
    # A good row of another person stands beside it, since a file of which nothing is left is refused.
    beside = others.get(table) or {**good, "source_person_id": f"{good['source_person_id'][0]}2"}
    council.put(table, beside, {**good, **change})
    batch = council.ingest()
    file = f"{source}/{table}.csv"
    assert codes_of(batch, file) == {code: 1}
    [count] = [item for item in batch.files if item.file == file]
    aside = code in error_codes()
    assert (count.rows_in, count.rows_kept, count.rows_set_aside) == (2, 2 - int(aside), int(aside))


def test_which_rules_set_a_row_aside() -> None:
    """Stated here in full, because a row that moves from one side to the other changes what every later floor sees."""
    assert set(error_codes()) == set(
        "FIL004 GEN001 GEN002 GEN005 DUP001 DUP002 PUP006 ATT001 ATT002 SUS001 MIS001 FAC001 STA001 ORP001 BIR001 INT001".split()  # noqa: SIM905 - reads as a list
    )
    assert {rule.code for rule in all_rules() if rule.severity is Severity.NOTE} == set(
        "FIL001 FIL002 FIL003 GEN003 GEN004 DAT002 DUP001 ATT007 SRC004".split()  # noqa: SIM905
    )


def test_two_people_with_one_upn_are_both_kept_and_asked_about(council: Council) -> None:
    council.put("pupils", PUPIL, {**PUPIL, "source_person_id": "P2", "nhs_number": ""})
    batch = council.ingest()
    assert codes_of(batch, "education/pupils.csv") == {"PUP002": 2}
    assert batch.files[0].rows_kept == 2


def test_a_duplicate_child_an_exact_repeat_and_a_contradiction(council: Council) -> None:
    council.put("pupils", PUPIL, PUPIL, {**PUPIL, "surname": "Summer"})
    batch = council.ingest()
    assert codes_of(batch, "education/pupils.csv") == {"DUP001": 1, "DUP002": 1}
    assert (batch.files[0].rows_in, batch.files[0].rows_kept, batch.files[0].rows_set_aside) == (3, 1, 2)
    assert stored(council, "pupils", "surname") == [("Winter",)]


def test_a_file_that_only_contradicts_another_is_set_aside_and_stops_nothing(council: Council) -> None:
    council.put("pupils", PUPIL, file="education/first.csv")
    council.put("pupils", {**PUPIL, "surname": "Summer"}, file="education/second.csv")
    batch = council.ingest()
    assert codes_of(batch, "education/second.csv") == {"DUP002": 1}
    assert [(one.rows_kept, one.rows_set_aside) for one in batch.files] == [(1, 0), (0, 1)]
    assert stored(council, "pupils", "surname") == [("Winter",)]


def test_a_row_with_an_error_never_makes_a_good_row_a_contradiction(council: Council) -> None:
    council.put_good("schools", "pupils")
    council.put("attendance", {**MARK, "code": "8"}, MARK)
    batch = council.ingest()
    assert codes_of(batch, "education/attendance.csv")["ATT001"] == 1
    assert stored(council, "attendance", "code") == [("/",)]


def test_rows_without_a_readable_key_are_not_called_repeats(council: Council) -> None:
    council.put_good("schools", "pupils")
    council.put(
        "attendance", MARK, {**MARK, "date": ""}, {**MARK, "date": "", "code": "I"}, {**MARK, "date": "31/02/2024"}, {**MARK, "date": "30/02/2024"}
    )
    assert codes_of(council.ingest(), "education/attendance.csv") == {"GEN001": 2, "GEN002": 2}


def test_an_unreadable_or_missing_value_is_told_with_its_column(council: Council) -> None:
    """Under the file's own heading, in the finding and beside the row that was set aside; the recorded date too."""
    council.put_good("schools", "pupils")
    council.put(
        "attendance", MARK, {**MARK, "date": "", "source_person_id": ""}, {**MARK, "date": "31/02/2024"}, {**MARK, "session": "PM", "known": "soon"}
    )
    batch = council.ingest()
    told = {finding.code: finding for finding in batch.findings if finding.where == "education/attendance.csv"}
    assert told["GEN001"].columns == "Date (1), RecordedOn (1)" and told["GEN002"].columns == "Date (1), PupilID (1)"
    assert "in education/attendance.csv, column Date (1), RecordedOn (1))" in str(told["GEN001"])
    aside = pd.read_csv(Path(str(batch.set_aside_folder)) / "education__attendance.csv.csv", dtype=str)
    assert sorted(aside["faults"]) == ["GEN001 Date", "GEN001 RecordedOn", "GEN002 Date; GEN002 PupilID"]


def test_a_source_without_people_is_told_so_and_not_that_its_rows_are_wrong(council: Council) -> None:
    council.put_good("schools")
    council.put("attendance", MARK)
    with pytest.raises(InputDataError, match=r"No source gives the people \(table 'pupils'\) of 'education'") as refused:
        council.ingest()
    assert "council_pupils" in str(refused.value)


def test_a_finding_of_many_files_is_one_line() -> None:
    many = Findings(
        tuple(Finding("FIL001", Severity.NOTE, "The file was taken in before.", "Nothing to do.", 1, where=f"{n}.csv") for n in range(12))
    )
    assert many.lines() == ["FIL001 NOTE: The file was taken in before. (12 in 12 files). Nothing to do."]
    assert len(Findings(many.items[:3]).lines()) == 3


def test_rows_set_aside_are_kept_beside_with_row_number_and_reason(council: Council) -> None:
    council.put_good("schools", "pupils")
    council.put("attendance", MARK, {**MARK, "session": "PM", "code": "8"}, {**MARK, "date": "soon"})
    batch = council.ingest()
    assert batch.set_aside_folder
    aside = pd.read_csv(Path(batch.set_aside_folder) / "education__attendance.csv.csv", dtype=str)
    assert aside[["row", "codes", "Code"]].to_numpy().tolist() == [["3", "ATT001", "8"], ["4", "GEN001", "/"]]
    assert aside["Date"].tolist() == ["2024-11-04", "soon"]


def test_rows_set_aside_are_safe_to_open_and_stand_beside_as_they_came(council: Council) -> None:
    council.put_good("schools", "pupils")
    council.put("attendance", MARK, {**MARK, "code": '=HYPERLINK("http://x","y")'}, {**MARK, "date": "-soon", "code": "+44"})
    folder = Path(str(council.ingest().set_aside_folder))
    safe = pd.read_csv(folder / "education__attendance.csv.csv", dtype=str)
    came = pd.read_parquet(folder / "education__attendance.csv.parquet")
    assert safe["Code"].tolist() == ['\'=HYPERLINK("http://x","y")', "'+44"] and safe["Date"].tolist() == ["2024-11-04", "'-soon"]
    assert came["Code"].tolist() == ['=HYPERLINK("http://x","y")', "+44"] and came["row"].tolist() == [3, 4]
    assert "apostrophe" in (folder / "READ_ME.txt").read_text(encoding="utf-8")


def test_one_file_of_two_tables_has_two_files_of_rows_set_aside(council: Council) -> None:
    council.put_good("schools", "pupils")
    roll = GOOD["enrolments"][2]
    council.put("enrolments", file="education/attendance.csv")
    path = council.put("attendance")
    other = pd.read_csv(write_rows(path, "council_enrolments", [roll, {**roll, "start_on": "later"}]), dtype=str)
    rows = pd.read_csv(write_rows(path, "council_marks", [MARK, {**MARK, "date": "soon"}]), dtype=str)
    rows.join(other[other.columns.difference(rows.columns)]).to_csv(path, index=False)
    batch = council.ingest()
    assert [one.rows_set_aside for one in batch.files if one.file == "education/attendance.csv"] == [1, 1]
    faults = {path.stem.rsplit(".", 1)[-1]: pd.read_csv(path)["faults"].tolist() for path in Path(str(batch.set_aside_folder)).glob("*.csv")}
    assert set(faults) == {"attendance", "enrolments"} and faults["attendance"] != faults["enrolments"]
    # A person's lines go from both.
    assert remove_from_files(council.store(), [("education", "P1")]) == 2


def test_a_code_is_never_guessed_and_old_ones_are_kept(council: Council) -> None:
    council.put_good("schools", "pupils")
    marks = [{**MARK, "date": f"2024-11-{day:02d}", "code": code} for day, code in zip((4, 5, 6, 7), "HJYF", strict=True)]
    council.put("attendance", *marks)
    batch = council.ingest()
    assert batch.files[0].rows_kept == 4
    assert [code for (code,) in stored(council, "attendance", "code")] == list("HJYF")
    assert codes_of(batch, "education/attendance.csv") == {"ATT006": 3}  # F has no known last day


# --- reading


def test_nothing_is_guessed_about_a_csv_file(council: Council) -> None:
    """A mark '#' at the start of a line is a mark, and a line with one cell too many never makes the lines above it vanish."""
    council.put_good("schools", "pupils")
    file = council.put("attendance", MARK)
    file.write_text(
        "Code,PupilID,SchoolID,Date,Session,RecordedOn\n#,P1,S1,2024-11-04,AM,2024-11-05\n#,P1,S1,2024-11-04,PM,2024-11-05\n", encoding="utf-8"
    )
    assert council.ingest().files[0].rows_kept == 2
    file.write_text(
        'PupilID,SchoolID,Date,Session,Code,RecordedOn\nP1,S1,2024-11-05,AM,/,2024-11-05\nP1,S1,2024-11-05,PM,/,2024-11-05,"x,y",z\n',
        encoding="utf-8",
    )
    batch = council.ingest()
    assert (batch.files[0].rows_in, batch.files[0].rows_kept, batch.files[0].rows_set_aside) == (2, 1, 1)
    assert codes_of(batch, "education/attendance.csv") == {"FIL004": 1}


def test_a_byte_order_mark_quotes_and_odd_headings_are_read(council: Council) -> None:
    council.put("schools", SCHOOL)
    file = council.extracts / "education/schools.csv"
    text = file.read_text(encoding="utf-8").replace("Elm School", '"Elm, the ""big"" School"')
    head, *body = text.splitlines()
    file.write_text("\ufeff" + head + ",Row,note,note\n" + "\n".join(line + ",7,a,b" for line in body) + "\n", encoding="utf-8")
    council.ingest()
    assert stored(council, "schools", "name", "row") == [('Elm, the "big" School', 2)]


def test_a_workbook_and_a_parquet_file_give_the_same_rows_as_csv(council: Council) -> None:
    csv = council.put("contacts", GOOD["contacts"][2])
    council.put("people", PERSON)
    council.ingest()
    expected = stored(council, "contacts", "contact_on", "outcome", "known_from")
    frame = pd.read_csv(csv, dtype=str)
    for suffix in ("xlsx", "parquet"):
        other = Council(council.folder / suffix)
        other.put("people", PERSON)
        path = other.put("contacts", file=f"social_care/contacts.{suffix}")
        dated = frame.assign(ContactDate=pd.to_datetime(frame["ContactDate"]), OutcomeDate=pd.to_datetime(frame["OutcomeDate"]))
        dated.to_excel(path, index=False) if suffix == "xlsx" else dated.to_parquet(path)
        assert other.ingest().findings.by_code() == {}
        assert stored(other, "contacts", "contact_on", "outcome", "known_from") == expected


# --- what a batch says of itself


def test_a_store_says_what_it_covers_and_when_rows_are_taken_to_be_known(council: Council) -> None:
    council.put_good("schools", "pupils", "attendance").ingest("2024-12-01")
    store = council.store()
    covered = store.coverage().set_index("table")
    assert (covered.loc["attendance", "covers_from"], covered.loc["attendance", "covers_to"]) == (
        pd.Timestamp("2024-11-04"),
        pd.Timestamp("2024-12-01"),
    )
    assert store.version.assumptions["education: attendance"] == "recorded date in the column 'RecordedOn'"
    assert store.last_received == date(2024, 12, 1)
    assert not store.made_up  # nothing vouches for these files


def test_a_store_keeps_what_settings_state_of_a_source(council: Council) -> None:
    """Since when, and of which schools: the newest statement counts, and silence later takes nothing back."""
    council.put_good("schools", "pupils", "suspensions")
    plain = council.sources[-1]

    def coverage(day: int, **said: object) -> tuple[str, bool, object]:
        council.sources[-1] = {**plain, **said}
        write_rows(council.extracts / plain["files"], plain["shape"], [{**GOOD["suspensions"][2], "sessions": str(day)}])
        council.ingest(f"2024-12-0{day}")
        row = council.store().coverage().set_index("table").loc["suspensions"]
        return str(row["covers_from"].date()), bool(row["stated"]), row["schools"]

    assert coverage(1) == ("2024-11-11", False, None)
    assert coverage(2, covers_from="2019-09-01", schools="all") == ("2019-09-01", True, "all")
    assert coverage(3) == ("2019-09-01", True, "all")
    assert coverage(4, covers_from="2022-09-01", schools=["S2", "S1"]) == ("2022-09-01", True, ["S1", "S2"])
    # Of two files of one source, the narrower word on schools counts.
    council.sources[-1] = {**plain, "schools": "sent"}
    council.sources.append({**plain, "files": "education/more.csv"})
    write_rows(council.extracts / "education/more.csv", plain["shape"], [{**GOOD["suspensions"][2], "start_on": "2023-01-09", "sessions": "1"}])
    write_rows(council.extracts / plain["files"], plain["shape"], [{**GOOD["suspensions"][2], "start_on": "2024-11-18", "sessions": "6"}])
    plain = council.sources[-1]
    assert coverage(7, schools="all") == ("2022-09-01", True, "sent")


def test_made_up_only_where_every_batch_is(council: Council, small_store: object) -> None:
    assert small_store.store.made_up and small_store.batch.made_up  # type: ignore[attr-defined]
    council.put_good("pupils").ingest()
    assert council.store().key != small_store.store.key  # type: ignore[attr-defined]
    assert council.store().key == council.store().key


def test_rows_in_are_rows_kept_and_rows_set_aside_for_every_file(small_store: object) -> None:
    batch = small_store.batch  # type: ignore[attr-defined]
    assert len(batch.files) >= 20
    for item in batch.files:
        assert item.rows_in == item.rows_kept + item.rows_set_aside > 0, item.file
    assert set(batch.to_json()["files"]) == {item.file for item in batch.files}


def test_rows_in_is_what_the_files_hold(small_store: object) -> None:
    cfg, batch = small_store.cfg, small_store.batch  # type: ignore[attr-defined]
    for item in batch.files:
        path = cfg.data_dir / item.file
        read = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".xlsx": pd.read_excel}[path.suffix]
        assert item.rows_in == len(read(path)), item.file
