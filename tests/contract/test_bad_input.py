"""Bad input: one message that says what, where and what next, the right exit code, no value from a row, and a store that is as it was.

The command line is run in this process, through the function that ``python -m early_id`` calls; one case starts the process itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from early_id.config.load import shipped
from early_id.data.store import Store
from intake import CANARIES, CANARY, MARK, PUPIL, Council, check, hashes, urgent_batch, write_rows

Spoil = Callable[[Council], None]


def _without(column: str) -> Spoil:
    return lambda c: void(write_rows(c.extracts / "education/attendance.csv", "council_marks", [MARK], without=(column,)))


def void(_: object) -> None:
    """For the value of a lambda that is called for its effect."""


def _workbook(name: str, rows: list[list[object]], title: str = "Sheet") -> Spoil:
    def spoil(council: Council) -> None:
        from openpyxl import Workbook

        book = Workbook()
        book.active.title = title
        for row in rows:
            book.active.append(row)
        _replace(council, name, ".xlsx", lambda path: book.save(path))

    return spoil


def _replace(council: Council, name: str, suffix: str, write: Callable[[Path], object]) -> None:
    """Another file in the place of one of the extracts."""
    [source] = [item for item in council.sources if item["files"].endswith(f"/{name}.csv")]
    (council.extracts / source["files"]).unlink()
    source["files"] = source["files"].replace(".csv", suffix)
    write(council.extracts / source["files"])


def _bytes(name: str, suffix: str, data: bytes) -> Spoil:
    return lambda council: _replace(council, name, suffix, lambda path: path.write_bytes(data))


def _own_shape(council: Council, **keys: str) -> None:
    """Marks in a shape of the council's own that says more than the shipped one."""
    said = shipped("sources/council/council_marks.yaml") | {"shape": "our_marks", **keys}
    (council.folder / "our_marks.yaml").write_text(json.dumps(said), encoding="utf-8")
    council.settings["shapes"] = ["our_marks.yaml"]
    next(source for source in council.sources if source["shape"] == "council_marks")["shape"] = "our_marks"


def _commas_as_semicolons(council: Council) -> None:
    _own_shape(council, delimiter=";")


def _cp1252_as_utf8(council: Council) -> None:
    _own_shape(council, encoding="utf-8")
    path = council.extracts / "education/attendance.csv"
    path.write_bytes((",".join(MARK_HEADINGS) + f"\nP1,S1,{CANARY}é,AM,/,\n").encode("cp1252"))


def _no_headings(council: Council) -> None:
    path = council.extracts / "education/pupils.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[1] + "\n", encoding="utf-8")


def _ragged(council: Council) -> None:
    path = council.extracts / "education/pupils.csv"
    path.write_text(path.read_text(encoding="utf-8") + f"{CANARY},{CANARY}\n" * 3, encoding="utf-8")


MARK_HEADINGS = ["PupilID", "SchoolID", "Date", "Session", "Code", "RecordedOn"]

#: name → how it is spoilt, where the message must point, words that it must hold.
CASES: dict[str, tuple[Spoil, str, tuple[str, ...]]] = {
    "missing file": (lambda c: (c.extracts / "education/attendance.csv").unlink(), "education/attendance.csv", ("No file was found", "'education'")),
    "missing column": (_without("Code"), "education/attendance.csv", ("missing: Code", "Columns found")),
    "missing column of recorded dates": (_without("RecordedOn"), "education/attendance.csv", ("missing: RecordedOn",)),
    "workbook without anything": (_workbook("attendance", []), "education/attendance.xlsx", ("no data rows",)),
    "workbook with headings only": (_workbook("attendance", [MARK_HEADINGS]), "education/attendance.xlsx", ("no data rows",)),
    "workbook without the sheet": (_workbook("schools", [["SchoolID"]], "Other"), "education/schools.xlsx", ("no sheet 'Schools'", "Other")),
    "workbook with a heading twice": (_workbook("attendance", [[*MARK_HEADINGS, "Code"], [CANARY] * 7]), "education/attendance.xlsx", ("stands twice: Code",)),
    "workbook that is none": (_bytes("attendance", ".xlsx", f"{CANARY},1\n".encode()), "education/attendance.xlsx", ("cannot be read as a workbook",)),
    "parquet that is none": (_bytes("attendance", ".parquet", f"{CANARY},1\n".encode()), "education/attendance.parquet", ("cannot be read as Parquet",)),
    "file of another kind": (_bytes("attendance", ".pdf", CANARY.encode()), "education/attendance.pdf", ("cannot be read", ".csv")),
    "file without a byte": (_bytes("attendance", ".csv", b""), "education/attendance.csv", ("no data rows",)),
    "headings only": (_bytes("attendance", ".csv", ",".join(MARK_HEADINGS).encode() + b"\n"), "education/attendance.csv", ("no data rows",)),
    "an encoding that the shape names and the file has not": (_cp1252_as_utf8, "education/attendance.csv, line 2", ("encoding 'utf-8'",)),
    "a delimiter that the shape names and the file has not": (_commas_as_semicolons, "education/attendance.csv", ("single column", "delimiter")),
    "no heading row": (_no_headings, "education/pupils.csv", ("heading row",)),
    "lines with too few cells": (_ragged, "education/pupils.csv, line 3", ("as many cells",)),
    "no folder": (lambda c: c.extracts.rename(c.folder / "moved"), "extracts", ("folder of extracts was not found",)),
    "unknown shape": (lambda c: c.sources[0].update(shape="council_scools"), "source 'education'", ("council_schools",)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_fault_of_a_file_is_one_message_and_changes_nothing(council: Council, cli: Callable[..., tuple[int, str]], case: str) -> None:
    spoil, where, words = CASES[case]
    spoil(council)
    store = council.folder / "out" / "store"
    before = hashes(store)
    code, said = cli("ingest", "--config", council.write_settings())
    assert code == (2 if case in ("no folder", "unknown shape") else 3), said
    check(said, *words, where=where)
    assert hashes(store) == before
    assert Store.open(council.config()).version.number == 1


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({**MARK, "session": "PM", "date": CANARY}, "GEN001"),
        ({**MARK, "session": "PM", "code": CANARY}, "ATT001"),
        ({**MARK, "session": CANARY}, "ATT002"),
        ({**MARK, "source_person_id": CANARY}, "ORP001"),
        ({**MARK, "session": "PM", "known": CANARY}, "GEN001"),
        ({**MARK, "code": "I"}, "DUP002"),
    ],
    ids=["unreadable date", "unknown code", "unknown session", "unknown person", "unreadable recorded date", "contradiction"],
)
def test_a_bad_row_is_set_aside_with_a_finding_and_the_rest_is_kept(
    council: Council, cli: Callable[..., tuple[int, str]], row: dict[str, str], code: str
) -> None:
    council.put("attendance", MARK, row)
    exit_code, said = cli("ingest", "--config", council.write_settings())
    assert exit_code == 0 and f"{code} ERROR" in said and "education/attendance.csv" in said
    assert not [value for value in CANARIES if value in said]
    exit_code, said = cli("ingest", "--config", council.write_settings(), "--json")
    assert exit_code == 0 and CANARY not in said


def test_a_duplicate_child_is_a_finding(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    twin = {**PUPIL, "forename": CANARY}
    council.put("pupils", twin, twin, {**twin, "surname": "Summer"}, {**twin, "source_person_id": "P2"})
    code, said = cli("ingest", "--config", council.write_settings())
    assert code == 0
    assert all(name in said for name in ("DUP001", "DUP002", "PUP002")) and not [value for value in CANARIES if value in said]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--set", "capacty.per_school=3"), 2, ("'capacty' is not known", "capacity")),
        (("--set", "capacity.per_scool=3"), 2, ("per_school",)),
        (("--set", "nonsense"), 2, ("part.name=value",)),
        (("--set", "sharing.school_lead=[SCHOOL, POLICE]"), 2, ("own records only",)),
        (("--data", "no/such/folder"), 2, ("folder of extracts was not found",)),
    ],
)
def test_settings_that_cannot_be_followed(
    council: Council, cli: Callable[..., tuple[int, str]], arguments: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    before = hashes(council.folder / "out")
    exit_code, said = cli("ingest", "--config", council.write_settings(), *arguments)
    assert exit_code == code and said.count("early-id: ") == 1 and "what next" in said, said
    assert all(word in said for word in words), said
    assert hashes(council.folder / "out") == before


def test_no_settings_file_an_unknown_option_and_a_date_that_cannot_be_read(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    code, said = cli("run", "--config", council.folder / "none.yaml")
    assert code == 2
    check(said, "settings file was not found", where="none.yaml")
    assert cli("ingest", "--config", council.write_settings(), "--no-such-option")[0] == 2
    code, said = cli("screen", "--config", council.write_settings(), "--as-of", "31/02/2024")
    assert code == 2 and "YYYY-MM-DD" in said and "what next" in said


def records(folder: Path) -> dict[str, str]:
    """Hashes of all files but for the links, which are kept as soon as they are found, whatever comes after."""
    return {name: value for name, value in hashes(folder).items() if "store/linkage/" not in name}


def test_an_as_of_date_outside_the_data(small_store: object, cli: Callable[..., tuple[int, str]]) -> None:
    cfg = small_store.cfg  # type: ignore[attr-defined]
    before = records(cfg.out_dir)
    for day in ("2031-01-06", "2001-01-08"):
        code, said = cli(
            "train", "--config", cfg.base / "config.yaml", "--out", cfg.out_dir, "--set", f"as_of.dates=[{day}]", "--set", f"as_of.screening={day}"
        )
        assert code == 3, said
        assert f"{day} lies outside the data" in said and "what next" in said and "where" in said
    assert records(cfg.out_dir) == before


def test_an_empty_store_is_one_message(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    code, said = cli("link", "--config", council.write_settings(), "--out", council.folder / "elsewhere")
    assert code == 3
    check(said, "The store holds no people", where="store")
    assert not (council.folder / "elsewhere").exists()


# --- the command line


def test_unacknowledged_signs_are_said_by_every_command_until_receipt(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    urgent_batch(council)
    settings = council.write_settings()
    code, said = cli("ingest", "--config", settings)
    assert code == 0 and "URGENT and not acknowledged: 1 sign(s) of batch 2" in said
    assert "URGENT and not acknowledged" in cli("link", "--config", settings)[1]
    assert "Receipt recorded for 1 batch" in cli("ingest", "--config", settings, "--acknowledge", "duty officer")[1]
    assert "URGENT" not in cli("link", "--config", settings)[1]


def test_demo_leaves_a_folder_alone_that_is_no_demo(tmp_path: Path, cli: Callable[..., tuple[int, str]]) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    code, said = cli("demo", "--out", tmp_path, "--children", 200)
    assert code == 2 and "not an earlier demo" in said
    assert cli("demo", "--out", tmp_path / "mine.txt")[0] == 2
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "keep"


def test_the_module_gives_the_exit_code_to_the_system(council: Council) -> None:
    (council.extracts / "education/attendance.csv").unlink()
    command = [sys.executable, "-m", "early_id", "ingest", "--config", str(council.write_settings()), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 3 and done.stdout == ""
    check(done.stderr, "No file was found", where="education/attendance.csv")
