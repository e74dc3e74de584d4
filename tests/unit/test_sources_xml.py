"""XML of national collections: records, what is looked up around them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from early_id.core.errors import InputDataError
from early_id.data.mapping import Shape
from early_id.data.readers import read_raw
from early_id.data.sources import xml
from early_id.data.sources.recognise import recognise
from intake import SHAPES, Council, stored

CENSUS = """<?xml version="1.0" encoding="UTF-8"?>
<m:Message xmlns:m="urn:x">
  <m:Header><m:ReferenceDate>2025-02-05</m:ReferenceDate></m:Header>
  <m:Children>
    <m:Child><m:Id>1</m:Id><m:Case><m:Date>2024-01-01</m:Date><m:Factor>1A</m:Factor><m:Factor>4B</m:Factor></m:Case><m:Case><m:Date>2024-02-01</m:Date></m:Case></m:Child>
    <m:Child><m:Id>2</m:Id><m:Case><m:Date>2024-03-01</m:Date><m:Factor>16A &amp; x</m:Factor></m:Case></m:Child>
  </m:Children>
</m:Message>"""


def rows(tmp_path: Path, record: str, *headings: str, text: str = CENSUS) -> list[tuple[object, ...]]:
    file = tmp_path / "c.xml"
    file.write_text(text, encoding="utf-8")
    connection = duckdb.connect()
    shape = Shape("x", "pupils", "", {str(n): heading for n, heading in enumerate(headings)}, record=record)
    read_raw(connection, file, shape, view="_raw", where="c.xml")
    return connection.execute("SELECT * FROM _raw ORDER BY row").fetchall()


def test_a_record_looks_outwards(tmp_path: Path) -> None:
    found = rows(tmp_path, "Message/Children/Child//Case/Factor", ".", "Date", "Id", "Header/ReferenceDate", "Nothing")
    assert found == [
        (1, "1A", "2024-01-01", "1", "2025-02-05", None),
        (2, "4B", "2024-01-01", "1", "2025-02-05", None),
        (3, "16A & x", "2024-03-01", "2", "2025-02-05", None),
    ]
    assert rows(tmp_path, "Message/Children/Child//Case", "Date", "Factor[2]") == [
        (1, "2024-01-01", "4B"),
        (2, "2024-02-01", None),
        (3, "2024-03-01", None),
    ]
    found = rows(tmp_path, "Message/Children/Child//Case", "./Date", "./Id", "./Factor[2]")  # in the record alone
    assert found == [(1, "2024-01-01", None, "4B"), (2, "2024-02-01", None, None), (3, "2024-03-01", None, None)]
    assert rows(tmp_path, "Message/*/Child", "Id", "Case/Date") == [(1, "1", "2024-01-01"), (2, "2", "2024-03-01")]


def test_many_records_are_handed_over_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "_BATCH", 7)
    children = "".join(f"<C><Id>{n}</Id></C>" for n in range(100))
    assert rows(tmp_path, "M/C", "Id", text=f"<M>{children}</M>") == [(n + 1, str(n)) for n in range(100)]


def test_xml_is_told_by_its_elements(tmp_path: Path) -> None:
    file = tmp_path / "cin.xml"
    child = "<Child><ChildIdentifiers><LAchildID>1</LAchildID></ChildIdentifiers><CINdetails><CINreferralDate>2024-01-01</CINreferralDate></CINdetails></Child>"
    file.write_text(f"<Message><Children>{child}</Children></Message>", encoding="utf-8")
    assert {shape.name for shape in recognise(file, SHAPES, where="cin.xml").shapes} == {"cin_census_children", "cin_census_referrals"}
    file.write_text("<Rents><Rent/></Rents>", encoding="utf-8")
    assert not recognise(file, SHAPES, where="cin.xml").shapes


BOMB = (
    '<!DOCTYPE m [<!ENTITY a "Zaphodine">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><m><c>&i;</c></m>"
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "document type or entities"),
        ('<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><m><c>&x;</c></m>', "document type or entities"),
        ('<!DOCTYPE m SYSTEM "http://127.0.0.1:9/x.dtd"><m><c/></m>', "document type or entities"),
        ("<m><c>Zaphodine</c>", "not well-formed"),
        ("<m><c>Zaphodine</d></m>", "not well-formed"),
        ("Zaphodine", "not well-formed"),
        ("", "not well-formed"),
        ("<m>" * 70 + "</m>" * 70, "more than 60 deep"),
        ("<m><c>" + "Zaphodine" * 600_000 + "</c></m>", "longer than 4 MB"),
        ('<m><c a="' + "Zaphodine" * 600_000 + '"/></m>', "longer than 4 MB"),
        ('<?xml version="1.0" encoding="nonsense"?><m/>', "XML"),
    ],
)
def test_xml_that_harms_or_is_broken_is_one_message(tmp_path: Path, text: str, words: str) -> None:
    for look in (lambda: rows(tmp_path, "m/c", ".", text=text), lambda: recognise(tmp_path / "c.xml", SHAPES, where="c.xml")):
        with pytest.raises(InputDataError) as caught:
            look()
        assert words in str(caught.value) and "c.xml" in str(caught.value) and "what next" in str(caught.value)
        assert "Zaphodine" not in str(caught.value) and "passwd" not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None or "Zaphodine" not in str(caught.value.__context__)


TRANSFER = """<CTfile><Header><SourceSchool><LEA>801</LEA><Estab>4001</Estab></SourceSchool></Header><CTFpupilData><Pupil>
  <UPN>B801200005001</UPN><Surname>Winter</Surname><Forename>Ada</Forename><DOB>2012-05-04</DOB><Sex>F</Sex><Contacts>
    <Contact><Order>1</Order><Surname>Winter</Surname><Forename>Eva</Forename><Relationship>PAM</Relationship><Responsibility>true</Responsibility>
      <Address><AddressAsPupil>T</AddressAsPupil></Address></Contact>
    <Contact><Order>2</Order><Surname>Frost</Surname><Relationship>FOF</Relationship><Responsibility>F</Responsibility>
      <Address><BS7666Address><Street>Elm Row</Street></BS7666Address></Address></Contact>
    <Contact><Order>3</Order><Forename>Ned</Forename></Contact>
  </Contacts></Pupil></CTFpupilData></CTfile>"""


def test_contacts_of_a_transfer_file_come_with_their_marks_and_take_nothing_from_the_pupil(tmp_path: Path) -> None:
    council = Council(tmp_path)
    council.extracts.mkdir()
    (council.extracts / "8014001.xml").write_text(TRANSFER, encoding="utf-8")
    council.sources += [{"name": "ctf", "shape": shape, "files": "8014001.xml"} for shape in ("ctf_pupils", "ctf_contacts")]
    batch = council.ingest()
    columns = ("source_person_id", "school_id", "priority", "forename", "surname", "relation", "parental_responsibility", "lives_with_pupil")
    assert stored(council, "school_contacts", *columns) == [
        ("B801200005001", "8014001", 1, "Eva", "Winter", "mother", True, True),
        ("B801200005001", "8014001", 2, None, "Frost", "foster_carer", False, None),
    ]
    assert sorted(file.rows_set_aside for file in batch.files) == [0, 1]  # nobody says what that contact is to the child
    assert "Elm Row" not in (council.store().frame("school_contacts").to_csv())
