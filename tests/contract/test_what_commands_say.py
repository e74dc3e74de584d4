"""What the commands say beside their results: findings before training, faults of files with their line, and one line where a person stops them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import pytest

from early_id.cli import commands
from early_id.cli.intake import show_set_aside
from early_id.core.display import Progress
from early_id.core.findings import Finding, Findings
from early_id.core.types import Severity
from early_id.data import ingest as ingest_module
from early_id.present.glossary import Glossary
from intake import CANARY, MARK, PUPIL, Council, check, hashes

ROW = f"{CANARY},S1,2024-11-04,AM,/,2024-11-05"
HEADINGS = "PupilID,SchoolID,Date,Session,Code,RecordedOn"


def test_run_says_what_the_checks_found_before_anything_later_fails(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    council.put("attendance", MARK, {**MARK, "session": "PM", "code": "8"})
    code, said = cli("run", "--config", council.write_settings())
    assert code == 2 and "no as-of dates" in said  # the settings of this council have none
    assert "Taken in: 1 files, 2 rows, 1 kept, 1 set aside." in said
    assert said.index("ATT001 ERROR: The mark is not in the attendance code list. (1)") < said.index("early-id: ")


def test_a_file_of_which_nothing_is_left_is_refused_and_the_store_stays(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    store = council.folder / "out" / "store"
    before = hashes(store)
    council.put("attendance", {**MARK, "code": "8"}, {**MARK, "session": "PM", "code": "8"}, {**MARK, "date": "soon"})
    code, said = cli("ingest", "--config", council.write_settings())
    assert code == 3
    check(said, "Every row of the file would be set aside", "ATT001 (2 of 3)", "source name", where="education/attendance.csv")
    assert hashes(store) == before


def test_a_wrong_source_name_is_refused_because_nobody_sends_its_people(tmp_path: Path, cli: Callable[..., tuple[int, str]]) -> None:
    council = Council(tmp_path).put_good("schools", "pupils")
    council.put("attendance", MARK, source="social_care", file="education/attendance.csv")
    code, said = cli("ingest", "--config", council.write_settings())
    assert code == 3
    check(said, "No source gives the people", "source 'social_care'")
    assert council.store().version.number == 0


def test_rows_that_another_file_holds_too_are_no_reason_to_refuse(tmp_path: Path) -> None:
    council = Council(tmp_path).put_good("schools", "pupils")
    council.put("attendance", MARK, file="education/a.csv")
    council.put("attendance", MARK, file="education/b.csv")
    assert sorted(item.rows_kept for item in council.ingest().files if item.table == "attendance") == [0, 1]


@pytest.mark.parametrize(("kept", "doubted"), [(1, True), (0, False)])
def test_rows_that_were_kept_are_doubted_only_where_there_are_some(capsys: pytest.CaptureFixture[str], kept: int, doubted: bool) -> None:
    show_set_aside({"a.csv": {"rows_in": 4, "rows_set_aside": 4 - kept}}, Path("store"))
    said = capsys.readouterr().err
    assert "LOOK AT a.csv" in said and ("may be wrong too" in said) is doubted


def _only_utf8(council: Council) -> None:
    """A shape that states its encoding: otherwise the usual one of Windows would be looked for."""
    shipped = resources.files("early_id.config.defaults").joinpath("sources/council/council_marks.yaml").read_text(encoding="utf-8")
    (council.folder / "stated.yaml").write_text(shipped + "encoding: utf-8\n", encoding="utf-8")
    council.settings["shapes"] = ["stated.yaml"]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (f"{HEADINGS}\r\n{ROW}\r\n{ROW}\n", 3, "lines end in different ways"),
        (f"{HEADINGS}\n{ROW}\n{ROW[:-1]}\xe9\n", 3, "not in the encoding"),
        (HEADINGS + "\n" + f"{ROW}\n" * 3000 + f"{ROW[:-1]}\xe9\n", 3002, "not in the encoding"),
        (f"{HEADINGS}\n{ROW}\n{CANARY},S1\n{CANARY},S2\n", 3, "Most lines of the file (2 of 3) do not have as many cells as the headings"),
        (f'{HEADINGS}\n{ROW}\n"{CANARY},S1\n', 3, "a quote is opened"),
    ],
    ids=["line ends", "byte", "byte far down", "cells", "quote"],
)
def test_a_csv_that_cannot_be_read_names_the_line_and_the_fault(
    council: Council, cli: Callable[..., tuple[int, str]], content: str, line: int, words: str
) -> None:
    _only_utf8(council)
    (council.extracts / "education" / "attendance.csv").write_bytes(content.encode("latin-1"))
    code, said = cli("ingest", "--config", council.write_settings())
    assert code == 3
    check(said, words, where=f"education/attendance.csv, line {line}")


def test_a_bad_byte_in_the_headings_is_said_of_them(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    _only_utf8(council)
    (council.extracts / "education" / "attendance.csv").write_bytes(f"{HEADINGS[:-1]}\xe9\n{ROW}\n".encode("latin-1"))
    code, said = cli("ingest", "--config", council.write_settings())
    assert code == 3
    check(said, "The headings cannot be read")


def test_the_advice_on_an_empty_file_can_be_followed(council: Council, cli: Callable[..., tuple[int, str]]) -> None:
    path = council.extracts / "social_care" / "contacts.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    code, said = cli("ingest", "--config", council.write_settings())
    assert code == 3
    check(said, "no data rows", "required: false")
    path.unlink()
    next(item for item in council.sources if "contacts" in item["files"])["required"] = False
    assert cli("ingest", "--config", council.write_settings())[0] == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("Query interrupted")], ids=["Python", "the engine"])
def test_ctrl_c_is_one_line_and_exit_code_130(
    council: Council, cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise error

    before = hashes(council.folder / "out" / "store")
    monkeypatch.setattr(ingest_module, "merge", stopped)
    code, said = cli("ingest", "--config", council.write_settings())
    assert code == 130
    assert said.strip().splitlines() == ["early-id: stopped. The store is as it was before."]
    assert hashes(council.folder / "out" / "store") == before


def test_places_that_differ_are_explained_and_no_sentence_is_said_twice(capsys: pytest.CaptureFixture[str]) -> None:
    trial = SimpleNamespace(capacity=594, verdict="exploratory", reasons=("The split is named.",), models={}, acceptance={})
    result = SimpleNamespace(
        outputs=(), trials={"school_lead": trial}, words=Glossary(), places={"school_lead": 619}, notes=("The split is named.", "Few children."),
        counts={"files_by_name": {}}, lists=None, refusal=None, approval={},
    )  # fmt: skip
    cfg = SimpleNamespace(out_dir=Path("out"), store_dir=Path("out/store"))
    commands._show(result, cfg, Path("config.yaml"))  # type: ignore[arg-type]
    said = capsys.readouterr().err
    assert "594 places" in said and "the lists have 619" in said and "outcome is known" in said
    assert said.count("The split is named.") == 1 and "Note: Few children." in said


# --- in a notebook


def test_a_batch_is_a_row_a_table_and_a_finding_is_a_row_a_rule(tmp_path: Path) -> None:
    council = Council(tmp_path).put_good("schools")
    council.put("pupils", PUPIL, {**PUPIL, "source_person_id": "P2", "upn": "", "nhs_number": "", "sex": ""})
    for week in range(3):
        council.put("attendance", {**MARK, "date": f"2024-11-1{week + 1}", "code": "H"}, file=f"education/week_{week}.csv")
    batch = council.ingest()
    table = batch.summary().set_index("table")
    assert table.loc["attendance", ["files", "rows_in", "rows_kept", "rows_set_aside"]].tolist() == [3, 3, 3, 0]
    found = batch.findings.summary().set_index("code")
    assert found.loc["ATT006", ["count", "files"]].tolist() == [3, 3] and len(found) == 2
    assert "week_1" not in batch._repr_html_()


def test_nothing_found_is_an_empty_table() -> None:
    assert Findings().summary().empty
    assert len(Findings((Finding("A", Severity.QUERY, "m", "a", 2),)).summary()) == 1


def test_progress_in_a_notebook_is_no_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """There, what goes to standard error stands in red."""
    import sys

    stream = type("OutStream", (), {"__module__": "ipykernel.iostream", "isatty": lambda self: False})()
    monkeypatch.setattr(sys, "stderr", stream)
    step = Progress("Reading")
    assert step._stream is sys.stdout
    step.close()


def test_a_step_that_takes_long_is_heard_of_before_its_first_part_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import time

    from early_id.core import display

    monkeypatch.setattr(display, "QUIET_FOR", 0.05)
    heard, short = io.StringIO(), io.StringIO()
    step, quick = Progress("Reading", 3, stream=heard), Progress("Writing", stream=short)
    quick.close()
    for _ in range(100):
        if heard.getvalue():
            break
        time.sleep(0.05)
    assert heard.getvalue() == "  Reading: at work\n"
    step.close()
    assert heard.getvalue().splitlines()[-1].startswith("  Reading: done in") and "at work" not in short.getvalue()
