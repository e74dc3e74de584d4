"""What is told of a file before it is read: encoding, delimiter, shape; and how its rows come into reach of a shape."""

from __future__ import annotations

import zipfile
from pathlib import Path

import duckdb
import pytest

from early_id.config.load import folder_config
from early_id.core.errors import InputDataError, SettingsError
from early_id.data.mapping import Shape, load_shapes
from early_id.data.readers import read_raw
from early_id.data.sources.recognise import recognise
from early_id.data.sources.snapshots import day_in
from early_id.data.sources.survey import survey
from early_id.data.sources.unfold import Derived, Each, unfold
from early_id.data.store import Store
from early_id.schema.tables import Tables
from intake import GOOD, MARK, PERSON, PUPIL, SCHOOL, SHAPES, Council, codes_of, stored, write_rows

# --- encodings and delimiters


@pytest.mark.parametrize(
    ("names", "encoding", "said"),
    [
        (("Zoë", "Siân"), "utf-8", "UTF-8"),
        (("Zoë", "Siân"), "utf-8-sig", "UTF-8 with a byte order mark"),
        (("Zoë", "Siân"), "cp1252", "Windows-1252"),
        (("O’Brien", "Chloé"), "cp1252", "Windows-1252"),
        (("Renée",), "cp850", "DOS 850"),
        (("Müller", "François"), "mac_roman", "Mac Roman"),
        (("Zoë", "Siân"), "utf-16", "UTF-16 with a byte order mark"),
        (("Zoë", "Siân"), "utf-16-le", "UTF-16"),
        (("Ann", "Bob"), "cp1252", "UTF-8"),  # ASCII is both
    ],
)
@pytest.mark.parametrize(("delimiter", "word"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_encoding_and_delimiter_are_told_and_the_names_read(
    tmp_path: Path, names: tuple[str, ...], encoding: str, said: str, delimiter: str, word: str
) -> None:
    file = tmp_path / "people.csv"
    lines = [delimiter.join(("PersonID", "Forename", "DOB")), *(delimiter.join((f"C{n}", name, "04/05/2012")) for n, name in enumerate(names))]
    file.write_bytes("\r\n".join(lines).encode(encoding))
    connection = duckdb.connect()
    shape = Shape("people", "pupils", "", {"source_person_id": "PersonID", "forename": "Forename", "birth_date": "DOB"})
    assert str(read_raw(connection, file, shape, view="_raw", where="people.csv", scratch=tmp_path)) == f"CSV, {said}, {word}"
    assert connection.execute("SELECT Forename FROM _raw ORDER BY row").fetchall() == [(name,) for name in names]
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]  # no copy stays behind


def test_an_encoding_that_the_shape_names_is_taken_at_its_word(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes("PersonID,Forename\nC1,Zoë\n".encode("cp850"))
    assert survey(file, where="x").encoding == "cp850"
    assert survey(file, where="x", encoding="cp1252").encoding == "cp1252"
    with pytest.raises(InputDataError, match="not in the encoding 'utf-8'") as caught:
        read_raw(duckdb.connect(), file, Shape("x", "pupils", "", {"source_person_id": "PersonID"}, encoding="utf-8"), view="_raw", where="x.csv")
    assert "Zo" not in str(caught.value) and "line 2" in str(caught.value)


def test_a_guessed_encoding_is_a_finding_and_stands_in_the_table_of_files(tmp_path: Path) -> None:
    council = Council(tmp_path).put_good("schools", "pupils")
    path = council.put("people", {**PERSON, "forename": "Zoë"})
    path.write_bytes(path.read_text(encoding="utf-8").replace(",", ";").encode("cp1252"))
    batch = council.ingest()
    assert codes_of(batch, "social_care/people.csv") == {"SRC001": 1}
    assert {item.file: item.read_as for item in batch.files}["social_care/people.csv"] == "CSV, Windows-1252, semicolons"
    assert "Windows-1252" in next(item.message for item in batch.findings if item.code == "SRC001")
    assert ("Zoë",) in stored(council, "pupils", "forename")


# --- recognition


@pytest.mark.parametrize("name", sorted(name for name, shape in SHAPES.items() if not shape.record and not shape.beside))
def test_each_shape_is_told_from_all_others_by_its_columns(tmp_path: Path, name: str) -> None:
    file = tmp_path / "file.csv"
    file.write_text(
        ",".join(f'"{heading}"' for heading in SHAPES[name].read) + "\n" + ",".join("1" for _ in SHAPES[name].read) + "\n", encoding="utf-8"
    )
    assert name in {shape.name for shape in recognise(file, SHAPES, where="file.csv").shapes}
    if SHAPES[name].optional:
        held = [heading for heading in SHAPES[name].read if heading not in SHAPES[name].optional]
        file.write_text(",".join(held) + "\n" + ",".join("1" for _ in held) + "\n", encoding="utf-8")
        assert name in {shape.name for shape in recognise(file, SHAPES, where="file.csv").shapes}


def test_an_unknown_shape_lists_the_nearest_and_what_they_miss(tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("School,Adno,UPN,Date,AM\nS1,P1,,04/11/2024,/\n", encoding="utf-8")
    with pytest.raises(InputDataError) as caught:
        Store.open(folder_config(tmp_path, out=tmp_path / "out")).ingest()
    assert "mis_daily (missing: PM)" in str(caught.value) and "marks.csv" in str(caught.value)
    council = Council(tmp_path / "c", [{"name": "education", "files": "marks.csv"}])
    council.extracts.mkdir(parents=True)
    (tmp_path / "marks.csv").rename(council.extracts / "marks.csv")
    with pytest.raises(InputDataError, match="no known shape") as caught:
        council.ingest()
    assert "mis_daily (missing: PM)" in str(caught.value) and "source 'education'" in str(caught.value)


def test_what_has_no_heading_row_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Zaphodine,Winter,2012-05-04\nZaphodine,Winter,2012-05-04\n", encoding="utf-8")
    with pytest.raises(InputDataError) as caught:
        Store.open(folder_config(tmp_path, out=tmp_path / "out")).ingest()
    assert "Zaphodine" not in str(caught.value) and "shares a column" in str(caught.value)


def test_a_folder_without_settings(tmp_path: Path) -> None:
    """Agencies are told by the shapes of a folder, archives are looked into, what is not known is said and what is its own output left out."""
    folder = tmp_path / "in"
    write_rows(folder / "education/schools.csv", "council_schools", [SCHOOL])
    write_rows(folder / "education/pupils.csv", "council_pupils", [PUPIL])
    write_rows(folder / "care/people.csv", "council_people", [PERSON])
    write_rows(folder / "care/contacts.csv", "council_contacts", [GOOD["contacts"][2]])
    write_rows(tmp_path / "marks.csv", "council_marks", [MARK, {**MARK, "session": "PM", "code": "\\"}])
    write_rows(tmp_path / "empty.csv", "council_notifications", [])
    with zipfile.ZipFile(folder / "marks.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "marks.csv", "2024/marks.csv")
        archive.write(tmp_path / "empty.csv", "empty.csv")
    (folder / "strange.csv").write_text("Rent Ref,Weeks\n1,2\n", encoding="utf-8")
    cfg = folder_config(folder, out=folder / "out")
    store = Store.open(cfg)
    batch = store.ingest()
    assert {(item.file, item.source, item.table, item.rows_in, item.rows_kept) for item in batch.files} == {
        ("education/schools.csv", "education", "schools", 1, 1),
        ("education/pupils.csv", "education", "pupils", 1, 1),
        ("care/people.csv", "social_care", "pupils", 1, 1),
        ("care/contacts.csv", "social_care", "contacts", 1, 1),
        ("marks.zip/2024/marks.csv", "education", "attendance", 2, 2),
    }
    assert all(item.recognised and item.shape.startswith("council_") for item in batch.files)
    assert [item.file for item in batch.not_read] == ["marks.zip/empty.csv", "strange.csv"]
    assert batch.findings.by_code() == {"SRC003": 1, "SRC004": 1}
    assert batch.to_json()["not_read"][1]["nearest"] == ()
    assert not list(store.folder.glob(".batch*"))  # nothing of the archive stays behind
    again = store.ingest()
    assert not again.files and again.findings.by_code() == {"FIL001": 5, "SRC003": 1, "SRC004": 1}


def test_folders_globs_and_archives_of_a_source(tmp_path: Path) -> None:
    council = Council(tmp_path).put_good("schools", "pupils")
    for month in ("09", "10", "11"):
        write_rows(council.extracts / f"marks/2024/m{month}.csv", "council_marks", [{**MARK, "date": f"2024-{month}-04"}])
    with zipfile.ZipFile(council.extracts / "more.zip", "w") as archive:
        archive.write(write_rows(tmp_path / "m12.csv", "council_marks", [{**MARK, "date": "2024-12-04"}]), "m12.csv")
    council.sources += [{"name": "education", "shape": "council_marks", "files": name} for name in ("marks", "more.zip")]
    batch = council.ingest()
    assert sorted(item.file for item in batch.files if item.table == "attendance") == [
        "marks/2024/m09.csv", "marks/2024/m10.csv", "marks/2024/m11.csv", "more.zip/m12.csv",
    ]  # fmt: skip
    assert len(stored(council, "attendance", "date")) == 4


# --- unfolding


def _made(
    sql: str, each: Each | None = None, derive: dict[str, Derived] | None = None, *, distinct: bool = False, read: tuple[str, ...] = ()
) -> list[dict[str, object]]:
    connection = duckdb.connect()
    connection.execute(f"CREATE TEMP TABLE _raw AS {sql}")
    unfold(connection, "_raw", each=each, derive=derive or {}, read=read, distinct=distinct)
    frame = connection.execute("SELECT * FROM _raw").df()
    return [{name: None if value != value else value for name, value in row.items()} for row in frame.astype(object).to_dict("records")]


@pytest.mark.parametrize(
    ("marks", "codes"),
    [
        ("/\\", ["/", "\\"]),
        ("C1C2J1Y1Y7D#", ["C1", "C2", "J1", "Y1", "Y7", "D", "#"]),
        ("CCJJ", ["C", "C", "J", "J"]),
        ("Y8", ["Y", "8"]),  # the old Y, and a digit that no code has: a finding, never a guess
        ("--", ["-", "-"]),
    ],
)
def test_a_string_of_marks_is_read_mark_by_mark(marks: str, codes: list[str]) -> None:
    rows = _made(f"SELECT 7 AS row, '{marks}' AS m, '2024-09-02' AS d", Each(marks="m", start="d"))
    assert [row["Mark"] for row in rows] == codes and {row["row"] for row in rows} == {7}
    assert [row["Session"] for row in rows] == [("AM", "PM")[n % 2] for n in range(len(codes))]
    assert [row["Date"] for row in rows] == [f"2024-09-0{2 + n // 2}" for n in range(len(codes))]


def test_a_string_without_marks_and_one_without_a_date_are_records_to_set_aside() -> None:
    assert [(row["Mark"], row["Date"]) for row in _made("SELECT 2 AS row, '' AS m, '2024-09-02' AS d", Each(marks="m", start="d"))] == [
        (None, "2024-09-02")
    ]
    assert [(row["Mark"], row["Date"]) for row in _made("SELECT 2 AS row, '/' AS m, 'soon' AS d", Each(marks="m", start="d"))] == [("/", "soon")]


def test_cells_side_by_side_and_lists_in_a_cell() -> None:
    side = Each(columns={"AM": "am", "PM": "pm"}, name="Session", value="Mark")
    rows = _made("SELECT 2 AS row, '/' AS am, '' AS pm UNION ALL SELECT 3, '', ' ' UNION ALL SELECT 4, 'I', 'C2'", side)
    assert [(row["row"], row["Session"], row["Mark"]) for row in rows] == [(2, "AM", "/"), (3, None, None), (4, "AM", "I"), (4, "PM", "C2")]
    cell = Each(json="j", value="factor")
    for text, found in (
        ('["1A", "4B"]', ["1A", "4B"]),
        ('{"1A": "Yes", "2B": "No", "4B": true}', ["1A", "4B"]),
        ("[]", [None]),
        ("not json", [None]),
    ):
        assert [row["factor"] for row in _made(f"SELECT 2 AS row, '{text}' AS j", cell)] == found


@pytest.mark.parametrize(
    ("derived", "value"),
    [
        (Derived(constant="CPP"), "CPP"),
        (Derived(first=("empty", "label")), "q) 6: Police"),
        (Derived(joined=("lea", "estab")), "0051001"),
        (Derived(without_letter="label"), "6: Police"),
        (Derived(before="need"), "N1"),
        (Derived(json=("object", "UPRN")), "12"),
        (Derived(flags="object"), "NEW_REFERRAL"),
        (Derived(only_if=("lea", "yes", ("true", "1"))), "005"),
        (Derived(only_if=("lea", "yes", ("no",))), None),
        (Derived(since=("day", 3)), "2024-03-01"),
        (Derived(json=("label", "UPRN")), None),
    ],
)
def test_columns_made_of_others(derived: Derived, value: object) -> None:
    row = (
        "SELECT 2 AS row, '' AS empty, 'q) 6: Police' AS label, '005' AS lea, '1001' AS estab, 'N1 - Abuse or Neglect' AS need, 'TRUE' AS yes, "
        '\'2024-02-27\' AS day, \'{"UPRN": "12", "NEW_REFERRAL": "Y", "NFA": "N"}\' AS object'
    )
    assert _made(row, derive={"made": derived})[0]["made"] == value


def test_distinct_rows_are_one_record_with_the_first_number() -> None:
    rows = _made("SELECT * FROM (VALUES (2, 'a', 'x'), (3, 'a', 'y'), (4, 'b', 'x')) AS t(row, who, what)", distinct=True, read=("who",))
    assert [(row["row"], row["who"]) for row in rows] == [(2, "a"), (4, "b")]


# --- shape files


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("derive: {a: {constant: x, before: y}}", "must say one thing"),
        ("derive: {a: {sql: x}}", "no way to make a column named 'sql'"),
        ("derive: {a: x}", "must hold 'name: value' pairs"),
        ("each: {name: a}", "must say one thing"),
        ("join: {file: x}", "'file', 'on' and 'columns'"),
        ("derive: {dob: {constant: x}}", "makes the column 'dob'"),
        ("colour: red", "unknown key 'colour'"),
    ],
)
def test_a_shape_that_cannot_be_followed(tmp_path: Path, more: str, words: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"shape: s\ntable: pupils\ncolumns: {{source_person_id: ID, birth_date: DOB}}\n{more}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_shapes(Tables(), (path,))
    assert words in str(caught.value) and "s.yaml" in str(caught.value)


def test_the_shapes_to_copy_load_and_read(tmp_path: Path) -> None:
    from openpyxl import Workbook

    folder = Path(__file__).parents[2] / "configs" / "sources"
    shapes = load_shapes(Tables(), (folder,))
    book = Workbook()
    book.active.title = "Register"
    for row in (["Pupil No", "School", "Day", "Morning", "Afternoon"], ["P1", "S1", "04/11/2024", "/", "C2"]):
        book.active.append(row)
    book.save(tmp_path / "register.xlsx")
    assert [shape.name for shape in recognise(tmp_path / "register.xlsx", shapes, where="x").shapes] == ["our_register"]
    council = Council(tmp_path / "c", settings={"shapes": [str(folder)]}).put_good("schools", "pupils")
    (tmp_path / "register.xlsx").rename(council.extracts / "register.xlsx")
    council.sources.append({"name": "education", "shape": "our_register", "files": "register.xlsx"})
    council.ingest()
    assert stored(council, "attendance", "session", "code") == [("AM", "/"), ("PM", "C2")]


def test_what_a_store_knew_before_counts_as_the_same_instruction() -> None:
    """Otherwise every file ever taken in would be withdrawn and read again for keys that say nothing."""
    said = SHAPES["council_marks"].instructions
    assert set(said) == {"table", "columns", "dates", "values", "known", "sheet", "delimiter", "encoding", "prepare"}
    assert (said["delimiter"], said["encoding"]) == (",", "utf-8")


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2025-06-01/ssd_person.csv", "2025-06-01"), ("ssd_person_20250601.csv", "2025-06-01"), ("2024/2025_06_01/x.csv", "2025-06-01"),
        ("2024-01-01/2025-06-01.csv", "2025-06-01"), ("marks_2022_09.csv", None), ("2025-02-30/x.csv", None), ("1202506011.csv", None),
    ],
)  # fmt: skip
def test_the_day_of_a_snapshot_stands_in_its_path(name: str, day: str | None) -> None:
    assert (str(day_in(name)) if day_in(name) else None) == day
