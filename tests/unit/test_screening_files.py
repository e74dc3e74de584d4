"""Workbooks, pages and folders: inert, the same to the byte, whole or not at all, without a score."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import yaml
from explain_fixtures import fake_matrix, model_for, people_of

from early_id.core.errors import BusyError, SettingsError
from early_id.core.fingerprint import file_sha256
from early_id.explain.page import OUTCOMES
from early_id.features.themes import THEMES
from early_id.present.wording import ALARM, check_words
from early_id.screening import write
from early_id.screening.entries import ScreeningLists
from early_id.screening.filled_in import filled_in, put_aside, refuse_open_workbooks
from early_id.screening.lists import screen
from early_id.screening.offer import GENERAL, check_offer, services_for
from early_id.screening.page import list_pages
from early_id.screening.words import REASONS
from early_id.screening.workbook import ENTRY, list_workbook
from early_id.screening.write import write_lists

MATRIX = fake_matrix()
PEOPLE = people_of(MATRIX)
SHIPPED = Path(write.__file__).parents[1] / "config" / "defaults" / "offer.yaml"
OFFER = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))


def both(people: pd.DataFrame = PEOPLE, capacity: int = 4) -> ScreeningLists:
    made = [screen(model_for(a, MATRIX), MATRIX, people_frame=people, capacity=capacity) for a in ("school_lead", "hub_lead")]  # type: ignore[arg-type]
    return made[0] + made[1]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lists")
    write_lists(both(), folder, offer=OFFER, watermark="Made-up data: no real child is in it")
    return folder


def cells(path: Path) -> list[Any]:
    book = openpyxl.load_workbook(path)
    return [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]


def test_every_recipient_has_its_folder_and_paths_are_relative(tmp_path: Path) -> None:
    outputs = write_lists(both(), tmp_path / "out", offer=OFFER)
    assert {o["kind"] for o in outputs} == {"school_list", "hub_list", "taken_out", "list_index"}
    assert all((tmp_path / "out" / o["path"]).is_file() for o in outputs)
    assert sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.xlsx")) == sorted(
        [f"lists/schools/s{n}/list.xlsx" for n in range(4)] + [f"lists/hubs/h{n}/list.xlsx" for n in range(2)] + ["restricted/taken_out.xlsx"]
    )


def test_manifest_says_what_is_there_without_naming_anybody(out: Path) -> None:
    folder = out / "lists" / "hubs" / "h0"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"] == {name: file_sha256(folder / name) for name in ("list.xlsx", "page.html")}
    assert (manifest["families"], manifest["capacity"], manifest["as_of"], manifest["model_hash"]) == (
        4,
        4,
        "2025-11-03",
        "0123456789abcdef",
    )
    text = json.dumps(manifest)
    assert not any(name in text for name in {*PEOPLE["surname"], *PEOPLE["forename"], *PEOPLE["child_id"]})


def test_same_input_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    write_lists(both(), tmp_path, offer=OFFER, watermark="Made-up data: no real child is in it")
    files = {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert files == {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert len(files) == 6 * 3 + 3


def test_workbook_has_three_sheets_and_the_drop_downs(out: Path) -> None:
    book = openpyxl.load_workbook(out / "lists/schools/s0/list.xlsx")
    assert [sheet.title for sheet in book if sheet.sheet_state == "visible"] == [
        "Read me first",
        "List",
        "Families you are thinking of",
    ]
    hidden = [[c.value for c in column if c.value] for sheet in book if sheet.sheet_state != "visible" for column in sheet.columns]
    assert hidden == [list(OUTCOMES), list(REASONS)] and len(OUTCOMES) == 8
    for name in ("List", "Families you are thinking of"):
        assert len(book[name].data_validations.dataValidation) == 2
        assert book[name].protection.sheet
    assert [c.value for c in headings(book["List"])][-6:] == [*ENTRY, "Key"]
    assert [c.value for c in headings(book["Families you are thinking of"])][-5:] == list(ENTRY)
    # What is read is printed; what is filled in on the screen would only make the print small.
    last = next(c.coordinate for c in headings(book["List"]) if c.value == "What we do not know")
    assert f":${last.rstrip('0123456789')}$" in book["List"].print_area
    assert "Read me first: what this is" in str([c.value for c in book["Read me first"]["A"]])


def headings(sheet: Any) -> list[Any]:
    return next([c for c in row if c.value] for row in sheet.iter_rows() if row[0].value == "Name")


def test_one_row_a_child_with_reasons_and_empty_decisions(out: Path) -> None:
    sheet = openpyxl.load_workbook(out / "lists/hubs/h0/list.xlsx")["List"]
    head = headings(sheet)
    rows = [{h.value: c.value for h, c in zip(head, row, strict=False)} for row in sheet.iter_rows(min_row=head[0].row + 1)]
    lists = [one for one in both().lists if one.recipient.id == "h0"]
    assert len(rows) == lists[0].n_children
    assert all(row[name] is None for row in rows for name in ENTRY)
    assert any(row["What we noticed"].startswith("• Being in school: Absent") for row in rows)
    assert all(row["Year and school"] and row["Before you make contact"] for row in rows)
    twins = [row for row in rows if row["Same family as"]]
    assert twins and all(row["Same family as"].split("\n")[0] in {r["Name"] for r in rows} for row in twins)


def test_no_number_of_any_kind_stands_in_a_workbook(out: Path) -> None:
    for path in (out / "lists").rglob("list.xlsx"):
        for cell in cells(path):
            assert isinstance(cell.value, str), (path.name, cell.coordinate)
            assert not re.search(r"%|per cent|\bscore|\brank|probab|\d\.\d", cell.value.lower()), cell.value


def test_no_score_or_contribution_is_in_a_page(out: Path) -> None:
    model = model_for("hub_lead", MATRIX)
    numbers = {f"{abs(value):.3f}"[:5] for value in model.scores(MATRIX.X)} - {"0.000"}
    for path in (out / "lists").rglob("page.html"):
        body = re.sub(r"<style>.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"%|per cent|\bscore|\branks?\b|probab|log-odds", body.lower())
        assert not numbers & set(re.findall(r"\d+\.\d{3}", body))


def test_alarm_sentence_is_everywhere(out: Path) -> None:
    for path in (out / "lists").rglob("list.xlsx"):
        for sheet in openpyxl.load_workbook(path):
            if sheet.sheet_state == "visible":
                assert any(ALARM in str(c.value) for row in sheet.iter_rows() for c in row if c.value), (path, sheet.title)
    assert all(ALARM in path.read_text(encoding="utf-8") for path in (out / "lists").rglob("page.html"))


def test_school_files_hold_no_fact_of_another_service(out: Path) -> None:
    words = (
        "SECRET",
        "another service",
        "Services were in touch",
        "missing",
        "wellbeing",
        "children's services",
        "safe contact first",
    )
    for path in (out / "lists" / "schools").rglob("*"):
        if path.suffix == ".html":
            text = re.sub(r"<style>.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            # The printed advice on every page names social care as an outcome, never as a source.
            assert not [w for w in words if w in text], path
        elif path.suffix == ".xlsx":
            assert not [w for w in words for c in cells(path) if w in c.value and c.parent.sheet_state == "visible"], path


def test_withheld_facts_are_in_no_file(out: Path) -> None:
    for path in out.rglob("*"):
        if path.is_file():
            text = " ".join(str(c.value) for c in cells(path)) if path.suffix == ".xlsx" else path.read_text(encoding="utf-8")
            assert "SECRET" not in text, path


def test_names_are_inert(tmp_path: Path) -> None:
    nasty = "=cmd|'/c calc'!A1"
    people = PEOPLE.assign(forename=nasty, surname="<script>alert(1)</script>", school_name="@SUM(1+1)")
    write_lists(both(people), tmp_path)
    for path in tmp_path.rglob("*.xlsx"):
        # The only numbers are counts of reasons, in the restricted workbook.
        allowed = ("s", "n") if path.name == "taken_out.xlsx" else ("s",)
        assert all(c.data_type in allowed and c.hyperlink is None for c in cells(path)), path
    assert any(str(c.value).startswith("=cmd") for c in cells(tmp_path / "lists/hubs/h0/list.xlsx"))
    page = (tmp_path / "lists/hubs/h0/page.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page


def test_taken_out_holds_name_and_reason_and_no_list_does(out: Path) -> None:
    values = [c.value for c in cells(out / "restricted/taken_out.xlsx")]
    assert "open to children's social care" in values and "contact only through the hub: check safe contact first" in values
    for path in (out / "lists").rglob("*"):
        if path.suffix in (".html", ".json"):
            text = path.read_text(encoding="utf-8")
            assert "x1" not in re.findall(r"\bx\d\b", text) and "contact only through" not in text


def test_safe_contact_is_said_in_the_hub_workbook_and_page(tmp_path: Path) -> None:
    write_lists(both(PEOPLE.assign(safe_contact=False)), tmp_path)
    sheet = openpyxl.load_workbook(tmp_path / "lists/hubs/h0/list.xlsx")["List"]
    column = next(c.column for c in headings(sheet) if c.value == "Before you make contact")
    rows = [r[column - 1].value for r in sheet.iter_rows(min_row=headings(sheet)[0].row + 1)]
    assert rows and all(value.startswith("Check safe contact first") for value in rows)
    page = (tmp_path / "lists/hubs/h0/page.html").read_text(encoding="utf-8")
    assert page.count("Check safe contact first.") == page.count('class="sheet new-page"')
    empty = (tmp_path / "lists/schools/s0/page.html").read_text(encoding="utf-8")
    assert "No family is suggested this time." in empty


def test_old_lists_do_not_stay_beside_new_ones(tmp_path: Path) -> None:
    write_lists(both(), tmp_path)
    (tmp_path / "lists/schools/gone").mkdir()
    write_lists(both(), tmp_path)
    assert not (tmp_path / "lists/schools/gone").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lists", "restricted"]


@pytest.mark.parametrize("broken", ["list_workbook", "list_pages", "taken_out_workbook"])
def test_a_failure_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    write_lists(both(), tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    calls = []

    def fail(*_: object, **__: object) -> bytes:
        calls.append(1)
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(write, broken, fail)
    with pytest.raises(RuntimeError):
        write_lists(both(capacity=2), tmp_path)
    assert calls and {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("fails_at", [1, 2])
def test_an_open_file_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    write_lists(both(), tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    real, seen = Path.replace, []

    def replace(source: Path, target: Path) -> Path:
        if source.is_dir():
            seen.append(target)
            if len(seen) == fails_at:
                raise PermissionError("open elsewhere")
        return real(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(BusyError):
        write_lists(both(capacity=2), tmp_path)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_ids_make_safe_folders_and_clashes_are_refused(tmp_path: Path) -> None:
    people = PEOPLE.copy()
    index = MATRIX.index.assign(school_id=MATRIX.index["school_id"].replace({"s0": "../S 0/x", "s1": "a/b", "s2": "c", "s3": "d"}))
    people["school_id"] = index["school_id"].to_numpy()
    from dataclasses import replace

    matrix = replace(MATRIX, index=index)
    lists = screen(model_for("school_lead", MATRIX), matrix, people_frame=people, capacity=2)  # type: ignore[arg-type]
    write_lists(lists, tmp_path)
    assert sorted(p.name for p in (tmp_path / "lists/schools").iterdir()) == ["S_0_x", "a_b", "c", "d"]
    clash = {"../S 0/x": "A b", "a/b": "a-b", "c": "A_b", "d": "d"}
    people["school_id"] = people["school_id"].map(clash)
    matrix = replace(matrix, index=index.assign(school_id=index["school_id"].map(clash)))
    with pytest.raises(SettingsError, match="same folder"):
        write_lists(screen(model_for("school_lead", MATRIX), matrix, people_frame=people, capacity=2), tmp_path)  # type: ignore[arg-type]


def test_shipped_offer_is_valid_and_plain() -> None:
    check_offer(OFFER)
    assert set(OFFER) <= {*THEMES, GENERAL} and GENERAL in OFFER
    text = json.dumps(OFFER)
    assert check_words(text) == ()
    assert all(set(service) == {"name", "how", "where"} for services in OFFER.values() for service in services)


def test_offer_with_an_unknown_theme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="atendance") as caught:
        write_lists(both(), tmp_path, offer={"atendance": [{"name": "x"}]})
    assert "attendance" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SettingsError, match="no name"):
        check_offer({"general": [{"how": "x"}]})


def test_services_answer_to_what_was_noticed() -> None:
    names = [s["name"] for s in services_for(["lateness", "money_housing"], OFFER)]
    assert names == ["Morning club", "Money and benefits advice", "Help with travel to school"]
    assert [s["name"] for s in services_for([], OFFER)] == [s["name"] for s in OFFER["general"]]
    assert services_for([], {}) == []


def test_large_lists_are_split_into_pages_under_1_mb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("early_id.screening.page.SHEETS_A_PAGE", 10)
    lists = both(capacity=500)
    outputs = write_lists(lists, tmp_path)
    one = next(one for one in lists.lists if one.recipient.id == "h0")
    pages = list_pages(one, offer={}, ask="x")
    assert len(pages) > 5 and sum(page.count("What came of it") for page in pages) == one.n_children
    assert "Part 2 of" in pages[1]
    assert sum(o["path"].startswith("lists/hubs/h0/page") for o in outputs) == len(pages)


def test_a_page_of_a_hundred_sheets_is_under_1_mb() -> None:
    one = next(one for one in both(capacity=500).lists if one.recipient.id == "h0")
    assert one.n_children > 100
    assert max(len(page.encode()) for page in list_pages(one, offer=OFFER, ask="x")) < 1_000_000


def test_workbook_of_an_empty_list_opens() -> None:
    one = both(PEOPLE.assign(safe_contact=False)).lists[0]
    assert one.families == () and list_workbook(one)[:2] == b"PK"


def test_a_hub_reads_how_old_a_child_is_whom_no_school_gives_a_year_and_that_no_school_is_held() -> None:
    index = MATRIX.index.copy()
    row = index.index[0]
    index.loc[row, ["school_id", "nc_year"]] = None
    people = PEOPLE.copy()
    people.loc[people["child_id"] == index.at[row, "child_id"], ["school_id", "school_name", "nc_year"]] = ""
    lists = screen(model_for("hub_lead", MATRIX), replace(MATRIX, index=index), people_frame=people, capacity=500)
    (one,) = [one for one in lists.lists if any(child.explanation.key == row for family in one.families for child in family.children)]
    told = f", aged {int(index.at[row, 'age'])}, no school on record</h2>"
    pages = list_pages(one, offer=OFFER, ask="the hub")
    assert sum(page.count(told) for page in pages) == 1
    assert sum(page.count("No school is on record: ask who knows the child") for page in pages) == 1


def test_what_somebody_wrote_into_a_list_is_put_aside_before_new_lists_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_lists(both(), tmp_path, offer=OFFER)
    books = sorted((tmp_path / "lists").glob("*/*/list.xlsx"))
    assert filled_in(tmp_path / "lists") == [] and put_aside(tmp_path) is None
    book = openpyxl.load_workbook(books[0])
    book["List"]["K9"] = "talked, help wanted"
    book.save(books[0])
    typed = books[0].read_bytes()
    write_lists(both(), tmp_path, offer=OFFER)
    [kept] = (tmp_path / "filled_in").rglob("list.xlsx")
    assert kept.read_bytes() == typed and kept.parent.name == books[0].parent.name
    assert filled_in(tmp_path / "lists") == []
    said = capsys.readouterr().err
    assert "1 list workbook had been filled in" in said and "filled_in" in said


@pytest.mark.parametrize("mark", ["~$list.xlsx", ".~lock.list.xlsx#"])
def test_a_workbook_that_somebody_has_open_on_a_share_is_noticed_by_its_mark(tmp_path: Path, mark: str) -> None:
    write_lists(both(), tmp_path, offer=OFFER)
    refuse_open_workbooks(tmp_path)
    folder = next((tmp_path / "lists").glob("*/*"))
    (folder / mark).write_bytes(b"")
    with pytest.raises(BusyError, match=re.escape(mark)) as refused:
        refuse_open_workbooks(tmp_path)
    assert refused.value.where == str(folder / "list.xlsx")
