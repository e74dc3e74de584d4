"""Files that harm, and files that are broken in ways nobody thought of: one message, no value of a row, nothing held that should not be."""

from __future__ import annotations

import contextlib
import io
import os
import random
import struct
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from early_id.config.load import folder_config
from early_id.core.errors import EarlyIdError, InputDataError
from early_id.data.context import make_context
from early_id.data.ingest import ingest_folder
from early_id.data.mapping import Shape
from early_id.data.readers import bring_into_reach, check_columns, read_raw
from early_id.data.sources import archive, survey
from early_id.data.sources.archive import check_archive, unpack
from early_id.data.sources.gather import digest
from early_id.data.sources.recognise import recognise
from early_id.data.stage import Incoming, stage
from early_id.data.store import Store
from early_id.schema.tables import CANONICAL
from intake import CANARIES, CANARY, MARK, PUPIL, SCHOOL, SHAPES, Council, codes_of, headings, stored, write_rows

MARKS = SHAPES["council_marks"]
HEADINGS = list(headings("council_marks").values())


def read(file: Path, shape: Shape = MARKS) -> int:
    """Read a file as ingest does; how many records it holds."""
    connection = duckdb.connect()
    read_raw(connection, file, shape, view="_raw", where=file.name, scratch=file.parent)
    check_columns(connection, shape, view="_raw", where=file.name)
    bring_into_reach(connection, file, shape, view="_raw", where=file.name)
    [(count,)] = connection.execute("SELECT count(*) FROM _raw").fetchall()
    return int(count)


def refused(file: Path, *words: str, shape: Shape = MARKS) -> str:
    with pytest.raises(InputDataError) as caught:
        read(file, shape)
    said = str(caught.value)
    assert file.name in said and "what next" in said and all(word in said for word in words), said
    assert not [value for value in CANARIES if value in said]
    return said


# --- text


def test_a_line_of_two_gigabytes_is_refused_after_a_few_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "long.csv"
    with file.open("wb") as stream:
        stream.write(",".join(HEADINGS).encode() + b"\n" + CANARY.encode() * 500_000)
        stream.truncate(2_200_000_000)
    blocks: list[int] = []
    real = survey._blocks

    def counted(path: Path) -> object:
        for block in real(path):
            blocks.append(len(block))
            yield block

    monkeypatch.setattr(survey, "_blocks", counted)
    refused(file, "longer than 2 MB", "line 2")
    assert sum(blocks) <= 5_000_000
    blocks.clear()
    with file.open("wb") as stream:  # the headings themselves
        stream.write(b"a" * 4_500_000)
        stream.truncate(2_200_000_000)
    refused(file, "longer than 2 MB", "line 1")
    assert sum(blocks) <= 5_000_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"P1,S1,2024-11-04,AM,/\0,2024-11-05\n", ("NUL", "line 3")),
        (b"P1,S1,2024-11-04,AM,/," + b",".join([CANARY.encode()] * 300) + b"\n", ("as many cells", "line 3")),
        (b'P1,S1,"' + CANARY.encode() + b",AM,/,2024-11-05\n" * 3, ("quote",)),
    ],
    ids=["NUL", "300 columns in a row", "quote not closed"],
)
def test_text_that_is_broken(tmp_path: Path, content: bytes, words: tuple[str, ...]) -> None:
    file = tmp_path / "marks.csv"
    file.write_bytes((",".join(HEADINGS) + "\nP1,S1,2024-11-04,PM,/,2024-11-05\n").encode() + content)
    refused(file, *words)


def test_three_hundred_columns_are_read_and_three_thousand_refused(tmp_path: Path) -> None:
    for more, fine in ((300, True), (3000, False)):
        file = tmp_path / f"wide{more}.csv"
        file.write_text(
            ",".join([*HEADINGS, *(f"x{n}" for n in range(more))]) + "\n" + ",".join(["1"] * (more + len(HEADINGS))) + "\n", encoding="utf-8"
        )
        assert read(file) == 1 if fine else refused(file, "more than 2,000 columns")


def test_a_formula_is_text_and_nothing_else(tmp_path: Path) -> None:
    values = ["=cmd|' /C calc'!A0", "+1+1", "@SUM(A1:A9)", "-2+3", '=HYPERLINK("http://x")']
    council = Council(tmp_path)
    council.put("schools", SCHOOL)
    council.put("pupils", *({**PUPIL, "source_person_id": f"P{n}", "upn": "", "forename": value} for n, value in enumerate(values)))
    council.put(
        "attendance", {**MARK, "source_person_id": "P0"}, *({**MARK, "source_person_id": f"P{n}", "code": value} for n, value in enumerate(values))
    )
    batch = council.ingest()
    assert codes_of(batch, "education/attendance.csv")["ATT001"] == 5
    assert sorted(stored(council, "pupils", "forename")) == sorted((value,) for value in values)


# --- archives and workbooks


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return path


@pytest.mark.parametrize(
    "name",
    ["../x.csv", "a/../../x.csv", "/etc/x.csv", "C:/x.csv", "..\\x.csv", f"{CANARY}/../../x.csv", "a" * 300 + ".csv"],
    ids=lambda name: name[:12],
)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    place = tmp_path / "deep" / "place"
    place.mkdir(parents=True)
    with pytest.raises(InputDataError, match="leads out of the folder") as caught:
        unpack(zipped(tmp_path / "a.zip", {"good.csv": b"x", name: b"y"}), place, where="a.zip")
    assert CANARY not in str(caught.value)
    assert not list(place.rglob("*")) and not list(tmp_path.rglob("x.csv"))


def test_bombs_links_archives_in_archives_and_secrets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "place"
    place.mkdir()

    def says(file: Path, words: str) -> None:
        with pytest.raises(InputDataError, match=words):
            unpack(file, place, where=file.name)
        assert not list(place.rglob("*"))

    says(zipped(tmp_path / "bomb.zip", {"x.csv": b"0" * 60_000_000}), "out of all proportion")
    says(zipped(tmp_path / "nested.zip", {"x.zip": b"0"}), "another archive")
    monkeypatch.setattr(archive, "MOST_MEMBERS", 50)
    says(zipped(tmp_path / "many.zip", {f"{n}.csv": b"" for n in range(51)}), "more than 50 members")
    link = zipfile.ZipInfo("x.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as out:
        out.writestr(link, "/etc/passwd")
    says(tmp_path / "link.zip", "a link")
    secret = bytearray(zipped(tmp_path / "plain.zip", {"x.csv": b"0"}).read_bytes())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        secret[secret.find(mark) + offset] |= 1
    (tmp_path / "secret.zip").write_bytes(secret)
    says(tmp_path / "secret.zip", "encrypted")
    (tmp_path / "none.zip").write_bytes(CANARY.encode())
    says(tmp_path / "none.zip", "cannot be read as an archive")
    monkeypatch.setattr(archive, "MOST_BYTES", 10)
    says(zipped(tmp_path / "big.zip", {"x.csv": b"0123456789A"}), "64 GB")


def test_a_member_that_is_longer_than_it_says_is_cut_off(tmp_path: Path) -> None:
    whole = bytearray(zipped(tmp_path / "a.zip", {"x.csv": b"0123456789" * 1000}).read_bytes())
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = whole.find(mark) + offset
        whole[at : at + 4] = struct.pack("<I", 10)
    (tmp_path / "a.zip").write_bytes(whole)
    with pytest.raises(InputDataError):
        unpack(tmp_path / "a.zip", tmp_path, where="a.zip")
    assert not (tmp_path / "x.csv").exists() or (tmp_path / "x.csv").stat().st_size <= 10


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """An archive whose directory names the same bytes many times over grows without any member being out of proportion."""
    whole = zipped(tmp_path / "a.zip", {"x.csv": os.urandom(5000)}).read_bytes()
    start = whole.find(b"PK\x01\x02")
    entry, end = whole[start : whole.find(b"PK\x05\x06")], bytearray(whole[whole.find(b"PK\x05\x06") :])
    again = b"".join(entry.replace(b"x.csv", f"{n}.csv".encode()) for n in range(10))
    end[8:16] = struct.pack("<HHI", 10, 10, len(again))
    (tmp_path / "a.zip").write_bytes(whole[:start] + again + bytes(end))
    with pytest.raises(InputDataError, match="overlap"):
        check_archive(tmp_path / "a.zip", where="a.zip")


def _workbook(path: Path, change: Callable[[str], str], name: str = "xl/worksheets/sheet1.xml") -> Path:
    """A good workbook of marks of which one part was changed."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(HEADINGS)
    book.active.append(["P1", "S1", "2024-11-04", "AM", CANARY, "2024-11-05"])
    made = io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for item in source.namelist():
            content = source.read(item)
            out.writestr(item, change(content.decode()).encode() if item == name else content)
    return path


def test_workbooks_that_harm(tmp_path: Path) -> None:
    assert read(_workbook(tmp_path / "good.xlsx", lambda text: text)) == 1
    entity = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'

    def declared(text: str) -> str:
        start = text.index("?>") + 2 if text.startswith("<?xml") else 0
        return text[:start] + entity + text[start:]

    refused(_workbook(tmp_path / "entity.xlsx", declared), "declares entities")
    refused(_workbook(tmp_path / "styles.xlsx", declared, "xl/styles.xml"), "declares entities")
    refused(_workbook(tmp_path / "cut.xlsx", lambda text: text[: len(text) // 2]), "cannot be read as a workbook")
    # What a sheet says of its own size is not believed.
    assert read(_workbook(tmp_path / "huge.xlsx", lambda text: text.replace('ref="A1:F2"', 'ref="A1:XFD1048576"'))) == 1
    far = _workbook(tmp_path / "far.xlsx", lambda text: text.replace('<c r="F1"', '<c r="XFD1"', 1))
    refused(far, "2,000 columns")
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(_workbook(tmp_path / "b.xlsx", lambda text: text)) as source, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as out:
        for item in source.namelist():
            out.writestr(item, source.read(item) + (b" " * 40_000_000 if item == "xl/worksheets/sheet1.xml" else b""))
    refused(bomb, "out of all proportion")


# --- anything at all

_RUNS = 40 * int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))


def _seed_files(folder: Path) -> dict[str, tuple[bytes, Shape]]:
    """A good file of each kind, with canaries in it."""
    from openpyxl import Workbook

    rows = [{**MARK, "source_person_id": CANARY, "code": code} for code in ("/", "I", CANARY)]
    text = write_rows(folder / "marks.csv", "council_marks", rows).read_bytes()
    book, made = Workbook(), io.BytesIO()
    for row in text.decode().splitlines():
        book.active.append(row.split(","))
    book.save(made)
    parquet = folder / "marks.parquet"
    duckdb.connect().execute(f"COPY (SELECT * FROM read_csv('{folder / 'marks.csv'}', all_varchar=true)) TO '{parquet}'")
    cin = (
        "<Message><Header><Year>2025</Year></Header><Children>"
        + f"<Child><ChildIdentifiers><LAchildID>{CANARY}</LAchildID><PersonBirthDate>2012-05-04</PersonBirthDate></ChildIdentifiers></Child>" * 4
        + "</Children></Message>"
    ).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("marks.csv", text)
    return {
        ".csv": (text, MARKS),
        ".xlsx": (made.getvalue(), MARKS),
        ".parquet": (parquet.read_bytes(), MARKS),
        ".xml": (cin, SHAPES["cin_census_children"]),
        ".zip": (packed.getvalue(), MARKS),
    }


_TOKENS = (
    b"\0",
    b'"',
    b"\r",
    b"\n",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b",,,,",
    b"=1+1",
    b"<!ENTITY a 'b'>",
    b"<![CDATA[",
    b"&lt;&x;",
    b"PK\x03\x04",
    b"\xe9",
    b"a" * 5000,
    b"../",
)


def mutated(content: bytes, random: random.Random) -> bytes:
    """``content`` with a few random faults."""
    out = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        at = random.randrange(len(out) + 1)
        kind = random.randrange(6)
        if kind == 0 and at < len(out):
            out[at] = random.randrange(256)
        elif kind == 1:
            del out[at : at + random.choice((1, 2, 16, 200))]
        elif kind == 2:
            out[at:at] = random.choice(_TOKENS)
        elif kind == 3:
            out[at:at] = out[at : at + random.choice((1, 8, 64))]
        elif kind == 4 and random.random() < 0.3:
            del out[at:]
        else:
            out[at:at] = bytes(random.randrange(256) for _ in range(random.choice((1, 4))))
    return bytes(out)


def _attempt(file: Path, shape: Shape, place: Path) -> None:
    """Everything that is done with a file before its rows are checked, and the checks."""
    files = unpack(file, place, where=file.name) if file.suffix == ".zip" else [file]
    for one in files:
        recognise(one, _FEW_SHAPES, where=one.name)
        connection = duckdb.connect()
        digest(one, one.name)
        read_raw(connection, one, shape, view="_raw", where=one.name, scratch=place)
        check_columns(connection, shape, view="_raw", where=one.name)
        bring_into_reach(connection, one, shape, view="_raw", where=one.name, scratch=place)
        make_context(connection)
        stage(connection, view="_raw", into="_one", table=CANONICAL[shape.table], shape=shape, incoming=Incoming("s", one.name, _DAY))


_DAY = date(2025, 3, 3)
_FEW_SHAPES = {name: SHAPES[name] for name in ("council_marks", "mis_daily", "cin_census_children", "cin_census_factors", "annex_a_contacts")}


@pytest.mark.parametrize("kind", [".csv", ".xlsx", ".parquet", ".xml", ".zip"])
def test_no_mutated_file_breaks_out(tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """200 files in all, 2,000 in the nightly run: each is read, or refused by one whole message without a value of a row."""
    content, shape = _seed_files(tmp_path)[kind]
    draws = random.Random(f"fuzz {kind}")
    outcomes = {"read": 0, "refused": 0}
    for number in range(_RUNS):
        place = tmp_path / f"p{number}"
        place.mkdir()
        file = place / f"f{kind}"
        file.write_bytes(mutated(content, draws))
        with contextlib.suppress(OSError):
            (place / "out").mkdir()
        try:
            _attempt(file, shape, place / "out")
            outcomes["read"] += 1
        except EarlyIdError as error:
            outcomes["refused"] += 1
            said = str(error)
            assert "what next" in said and "where" in said, (number, said)
            assert not [value for value in CANARIES if value in said], (number, said)
    printed = capfd.readouterr()
    assert not [value for value in CANARIES if value in printed.out + printed.err + caplog.text]
    assert outcomes["read"] > 0 and outcomes["refused"] > 0, outcomes  # both sides of the line were met


def test_a_hostile_file_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_rows(folder / "pupils.csv", "council_pupils", [PUPIL])
    store = Store.open(folder_config(folder, out=tmp_path / "out"))
    before = store.ingest().number
    zipped(folder / "bad.zip", {"good.csv": b"a,b\n1,2\n", "../x.csv": CANARY.encode()})
    with pytest.raises(InputDataError, match="leads out"):
        ingest_folder(store, folder, folder_config(folder, out=tmp_path / "out"))
    assert store.version.number == before and not list(store.folder.glob(".batch*"))
    assert not [value for value in CANARIES if any(value in path.name for path in tmp_path.rglob("*"))]
