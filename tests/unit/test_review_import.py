"""Workbooks that come back: whatever was done to them, nothing is lost and nothing is attached to the wrong child."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook
from review_material import (
    AS_OF,
    HARM,
    HELP,
    IN_NEED,
    NO_NEED,
    NOT_NOW,
    OWN_HEADINGS,
    SUPPORTED,
    TODAY,
    UNSAFE,
    WRONG,
    Published,
    line,
    published,
    workbook,
)  # fmt: skip

from early_id.cli.review import _require_read
from early_id.core.errors import InputDataError, SettingsError
from early_id.core.trail import Trail, people_in
from early_id.data.decisions import FOLDER, add_decisions, keep_only, read_decisions
from early_id.data.store import Store
from early_id.explain.page import OUTCOMES
from early_id.features.catalogue import Catalogue, catalogue
from early_id.features.programme import build_features
from early_id.screening.answers import CONFLICT, COUNTERSIGNED, NO_ANSWER, STANDS, WAITS, answers, open_aside
from early_id.screening.coming_back import CameBack, came_back, standing_findings
from early_id.screening.history import RETURNED, ledger
from early_id.screening.listed import FOLLOW_UP, PLACE, followup_ledger, listed
from early_id.screening.needs_a_person import write_needs
from early_id.screening.review import decision_of, read_workbook, workbooks_in
from early_id.workflow.reviewing import Imported, countersign, deal_with, import_reviews, waiting_step_ups


@pytest.fixture(scope="module")
def base(small_store: Any, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Made once; each test has a copy of its own."""
    return published(small_store, tmp_path_factory.mktemp("published"))


@pytest.fixture
def lists(base: Published, tmp_path: Path) -> Iterator[Published]:
    shutil.copytree(base.cfg.store_dir, tmp_path / "store", ignore=shutil.ignore_patterns("lock*"))
    yield Published(base.cfg.model_copy(update={"out": tmp_path / "out", "store": tmp_path / "store"}), base.people, base.rows, base.schools)


def took_in(lists: Published, path: Path) -> Imported:
    """The command's own step, store and all."""
    return import_reviews(lists.cfg, path, today=TODAY)


@dataclass
class Desk:
    """The same without a store's tables: lists, names and decisions in a folder. A second instead of three."""

    lists: Published
    folder: Path

    def took_in(self, path: Path) -> CameBack:
        held = listed(self.lists.cfg.store_dir).merge(self.lists.rows[["child_id", "name"]], on="child_id")
        nobody = pd.DataFrame(columns=["list_as_of", "audience", "recipient", "child_id", "name", "year"])
        books = [read_workbook(one, today=TODAY) for one in workbooks_in(path)]
        made = came_back(books, held, nobody, self.rows, today=TODAY)
        add_decisions(self.folder, made.rows)
        return made

    @property
    def rows(self) -> pd.DataFrame:
        return read_decisions(self.folder)

    @property
    def asked(self) -> dict[str, int]:
        return standing_findings(self.rows).by_code()


@pytest.fixture
def desk(base: Published, tmp_path: Path) -> Desk:
    return Desk(base, tmp_path / "desk")


def on_record(lists: Published) -> Any:
    return read_decisions(lists.cfg.store_dir)


def test_every_decision_comes_in_with_reason_date_and_role(desk: Desk, tmp_path: Path) -> None:
    rows = desk.lists.of(0)
    lines = [line(row, OUTCOMES[i], reason="there is a plain reason for it", notes=f"n{i}") for i, (_, row) in enumerate(rows.iterrows())]
    made = desk.took_in(workbook(tmp_path / "back.xlsx", lines))
    found = desk.rows
    assert len(made.rows) == len(found) == 6 and not made.aside
    assert found["child_id"].tolist() == rows["child_id"].tolist() and found["decision"].tolist() == list(OUTCOMES[:6])
    assert set(found["decided_on"]) == {"2025-12-03"} and set(found["role"]) == {"DSL"} and found["notes"].tolist() == [f"n{i}" for i in range(6)]


def test_moved_columns_sorted_and_deleted_rows_and_a_second_sending_change_nothing(desk: Desk, tmp_path: Path) -> None:
    rows = [row for _, row in desk.lists.of(0).iterrows()]
    lines = [line(row, OUTCOMES[NO_NEED] if i % 2 else None) for i, row in enumerate(rows)]
    desk.took_in(workbook(tmp_path / "a.xlsx", lines))
    before = desk.rows
    assert len(before) == 3
    again = desk.took_in(tmp_path / "a.xlsx")
    assert not again.rows and again.findings.by_code()["REV013"] == 1
    moved = desk.took_in(workbook(tmp_path / "b.xlsx", [lines[5], lines[1], lines[0], lines[3]], order=[9, 4, 0, 8, 6, 2, 5, 7, 1, 3]))
    assert not moved.rows and not moved.aside
    assert desk.rows.equals(before)


def test_a_later_answer_replaces_and_a_contradiction_stands_for_nobody(desk: Desk, tmp_path: Path) -> None:
    rows = [row for _, row in desk.lists.of(0).iterrows()]
    first = [line(rows[0], OUTCOMES[NOT_NOW], day="01/12/2025"), line(rows[1], OUTCOMES[NO_NEED]), line(rows[3], OUTCOMES[HELP])]
    second = [line(rows[0], OUTCOMES[HELP], day="04/12/2025"), line(rows[1], OUTCOMES[HELP]), line(rows[3], OUTCOMES[HELP], notes="rang twice")]
    desk.took_in(workbook(tmp_path / "one.xlsx", first))
    desk.took_in(workbook(tmp_path / "two.xlsx", second))
    found = answers(desk.rows).set_index("child_id")
    assert desk.asked == {"REV007": 1}
    assert found.loc[rows[0]["child_id"], ["decision", "status"]].tolist() == [OUTCOMES[HELP], STANDS]
    assert found.loc[rows[1]["child_id"], ["decision", "status"]].tolist() == ["", CONFLICT]
    assert found.loc[rows[3]["child_id"], ["decision", "notes"]].tolist() == [OUTCOMES[HELP], "rang twice"]
    assert len(desk.rows) == 6  # nothing lost
    desk.took_in(workbook(tmp_path / "three.xlsx", [line(rows[1], OUTCOMES[SUPPORTED], day="05/12/2025")]))
    assert answers(desk.rows).set_index("child_id").loc[rows[1]["child_id"], "status"] == STANDS


def test_two_answers_for_one_family_are_kept_and_shown(lists: Published, tmp_path: Path) -> None:
    rows = [row for _, row in lists.of(0).iterrows()]
    made = took_in(lists, workbook(tmp_path / "a.xlsx", [line(rows[1], OUTCOMES[HELP]), line(rows[2], OUTCOMES[NO_NEED])]))
    assert made.findings.by_code() == {"REV008": 1} and len(on_record(lists)) == 2
    book = load_workbook(lists.cfg.out_dir / made.outputs[0]["path"])
    shown = [cell for row in book["Families that differ"].iter_rows(values_only=True) for cell in row]
    assert rows[1]["name"] in shown and rows[2]["name"] in shown


def test_step_ups_wait_for_a_manager_whatever_else_was_answered(lists: Published, tmp_path: Path) -> None:
    rows = [row for _, row in lists.of(0).iterrows()]
    desk = Desk(lists, lists.cfg.store_dir)
    desk.took_in(workbook(tmp_path / "a.xlsx", [line(rows[0], OUTCOMES[HARM]), line(rows[1], OUTCOMES[IN_NEED])]))
    desk.took_in(workbook(tmp_path / "b.xlsx", [line(rows[0], OUTCOMES[NO_NEED])]))  # of the same day: a conflict
    assert desk.asked == {"REV007": 1, "REV011": 2}
    found = answers(desk.rows).set_index("child_id")
    assert set(found["status"]) == {WAITS} and found.loc[rows[0]["child_id"], "decision"] == OUTCOMES[HARM]
    assert waiting_step_ups(lists.cfg.store_dir) == 2
    with pytest.raises(SettingsError, match="who countersigns"):
        countersign(lists.cfg, by=" ", keys=[])
    with pytest.raises(SettingsError, match="wait for no countersign"):
        countersign(lists.cfg, by="team manager", keys=["FFFFFF"])
    assert countersign(lists.cfg, by="team manager", keys=[rows[1]["key"].lower()], on=date(2025, 12, 6)) == 1
    found = answers(on_record(lists)).set_index("child_id")
    assert found["status"].to_dict() == {rows[0]["child_id"]: WAITS, rows[1]["child_id"]: COUNTERSIGNED}


def test_a_line_about_nobody_on_the_list_or_about_two_is_set_aside(desk: Desk, tmp_path: Path) -> None:
    rows = [row for _, row in desk.lists.of(0).iterrows()]
    other = desk.lists.of(1).iloc[0]
    swapped = line({"name": rows[1]["name"], "key": rows[0]["key"]}, OUTCOMES[HARM])
    renamed = line({"name": "Somebody Else", "key": rows[3]["key"]}, OUTCOMES[HELP])
    made = desk.took_in(workbook(tmp_path / "a.xlsx", [swapped, renamed, line(other, OUTCOMES[HELP]), line(rows[4], OUTCOMES[HELP])]))
    assert made.findings.by_code() == {"REV003": 1, "REV004": 1, "REV015": 1}
    assert desk.rows.loc[desk.rows["kind"] == "decision", "child_id"].tolist() == [rows[3]["child_id"], rows[4]["child_id"]]
    assert [(line["said"], line["row"]) for line in made.aside] == [(OUTCOMES[HARM], 5), (OUTCOMES[HELP], 7)]


def test_lines_set_aside_that_differ_in_their_key_alone_are_both_kept(desk: Desk, tmp_path: Path) -> None:
    rows = [row for _, row in desk.lists.of(0).iterrows()]
    for n, key in enumerate(("ABCDEF", "ABCDEE", "ABCDEF")):
        desk.took_in(workbook(tmp_path / f"{n}.xlsx", [line(rows[n]), line({"name": "Somebody Else", "key": key}, OUTCOMES[HELP])]))
    assert open_aside(desk.rows)["key"].tolist() == ["ABCDEF", "ABCDEE"]


def test_without_keys_lines_are_matched_by_name_and_said_to_be(desk: Desk, tmp_path: Path) -> None:
    rows = [row for _, row in desk.lists.of(0).iterrows()]
    lines = [line(row, OUTCOMES[NO_NEED]) for row in rows]
    made = desk.took_in(workbook(tmp_path / "a.xlsx", lines, order=list(range(9))))
    assert len(made.rows) == 6 and made.findings.by_code() == {"REV014": 6}


def test_what_is_no_workbook_of_ours_is_kept_as_it_came(lists: Published, tmp_path: Path) -> None:
    back = tmp_path / "back"
    strange = workbook(back / "another_run.xlsx", [line({"name": "A B", "key": "000000"}, OUTCOMES[HELP])])
    workbook(back / "renamed.xlsx", [], headings=("Names", "Answers"))
    (back / "broken.xlsx").write_bytes(b"PK not a workbook")
    (back / "list.ods").write_bytes(b"an open document")
    (back / "~$another_run.xlsx").write_bytes(b"Excel's own")
    made = took_in(lists, back)
    assert made.added == 0 and made.findings.by_code() == {"REV001": 3, "REV002": 1}
    kept = list((lists.cfg.store_dir / FOLDER / "workbooks").iterdir())
    assert len(kept) == 4 and strange.read_bytes() in [path.read_bytes() for path in kept]
    assert not [f for f in made.findings if "A B" in str(f)]


def test_answers_typed_by_hand_are_understood_or_kept_as_written(desk: Desk, tmp_path: Path) -> None:
    rows = [row for _, row in desk.lists.of(0).iterrows()]
    lines = [
        line(rows[0], "  Talked;  HELP wanted", day=datetime(2025, 12, 2)),
        line(rows[1], "not needed now", day="2 December 2025"),
        line(rows[2], "spoke to mum, all fine", day="last week", notes="see file"),
        line(rows[3], OUTCOMES[NO_NEED], day="31/12/2025"),
        line(rows[4], OUTCOMES[NO_NEED], day="01/10/2025"),
        line(rows[5], OUTCOMES[NO_NEED], role=None),
    ]
    made = desk.took_in(workbook(tmp_path / "a.xlsx", lines))
    found = desk.rows.set_index("child_id")
    assert made.findings.by_code() == {"REV005": 1, "REV006": 3, "REV009": 3}
    assert found["decided_on"].tolist() == ["2025-12-02", "2025-12-02", "", "", "", "2025-12-03"]
    assert found.loc[rows[2]["child_id"], ["decision", "said", "notes"]].tolist() == [
        "",
        "spoke to mum, all fine",
        "see file [date as written: last week]",
    ]
    assert answers(desk.rows).set_index("child_id").loc[rows[2]["child_id"], "status"] == NO_ANSWER


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("talked, help wanted", HELP),
        ("TALKED – not now", NOT_NOW),
        ("passed to childrens social care today (significant harm)", HARM),
        ("record", WRONG),
    ],
)
def test_decisions_are_read_as_people_write_them(text: str, index: int) -> None:
    assert decision_of(text) == OUTCOMES[index]


@pytest.mark.parametrize("text", ["", "talked", "passed to children's social care", "no", "not"])
def test_what_may_mean_two_things_means_none(text: str) -> None:
    assert decision_of(text) == ""


def test_families_of_ones_own_are_matched_where_one_child_is_meant_and_kept_always(lists: Published, tmp_path: Path) -> None:
    from early_id.features.cohort import persons
    from early_id.features.past import Past

    past = Past(Store.open(lists.cfg), lists.people, AS_OF)
    roll = past.frame("enrolments")
    other = next(c for c in roll.loc[roll["school_id"] == lists.schools[0], "child_id"] if c not in set(lists.rows["child_id"]))
    who = persons(past).loc[other]
    name = f"{who['forename']} {who['surname']}"
    assert len(OWN_HEADINGS) == 8
    own = [
        [name.upper(), "", "quiet lately", OUTCOMES[HELP], None, "02/12/2025", "DSL", None],
        ["Nobody Known", "4", "tired", None, None, None, None, None],
    ]
    made = took_in(lists, workbook(tmp_path / "a.xlsx", [line(lists.of(0).iloc[0])], own))
    found = on_record(lists)
    assert found["kind"].tolist() == ["own", "own"] and found["noticed"].tolist() == ["quiet lately", "tired"]
    assert found["child_id"].tolist() == [other, ""] and made.findings.by_code() == {"REV012": 1}


def test_wrong_records_go_to_who_supplied_them(lists: Published, tmp_path: Path) -> None:
    made = took_in(lists, workbook(tmp_path / "a.xlsx", [line(lists.of(0).iloc[0], OUTCOMES[WRONG], notes="absent on 3 May: was on a trip")]))
    assert made.findings.by_code() == {"REC001": 1, "REV010": 1}
    [finding] = [f for f in made.findings if f.code == "REC001"]
    assert finding.source == "education" and "trip" not in str(finding)
    sheet = load_workbook(lists.cfg.out_dir / made.outputs[0]["path"])["Records said to be wrong"]
    assert "absent on 3 May: was on a trip" in [cell for row in sheet.iter_rows(values_only=True) for cell in row]


def test_lines_without_an_answer_may_stand_again(lists: Published, tmp_path: Path) -> None:
    rows = lists.of(0)
    took_in(lists, workbook(tmp_path / "a.xlsx", [line(rows.iloc[0], OUTCOMES[HELP]), line(rows.iloc[3], OUTCOMES[UNSAFE]), line(rows.iloc[4])]))
    [returned] = [record.body for record in ledger(lists.cfg.store_dir).read() if record.kind == RETURNED]
    assert rows.iloc[0]["key"] not in returned["open"] and {rows.iloc[3]["key"], rows.iloc[4]["key"]} <= set(returned["open"])


def test_what_came_in_is_on_the_trail_and_no_name_is(lists: Published, tmp_path: Path) -> None:
    rows = lists.of(0)
    took_in(lists, workbook(tmp_path / "a.xlsx", [line(rows.iloc[0], OUTCOMES[HELP])]))
    trail = Trail(lists.cfg.store_dir)
    [record] = [r for r in trail.read() if r.kind == "review"]
    assert set(people_in(record.body)) & trail.names_of(rows.iloc[0]["child_id"])
    text = (trail.folder / "trail.jsonl").read_text(encoding="utf-8")
    assert rows.iloc[0]["name"] not in text and rows.iloc[0]["child_id"] not in text


def test_decisions_never_become_features(lists: Published, tmp_path: Path) -> None:
    """The matrix of a later date is the same to the byte whatever came back."""
    features = Catalogue(catalogue().features[::12])
    day = date(2025, 11, 10)
    before = build_features(Store.open(lists.cfg), lists.people, features, as_of=day, settings=lists.cfg)
    rows = [row for _, row in lists.of(0).iterrows()]
    took_in(lists, workbook(tmp_path / "a.xlsx", [line(row, OUTCOMES[i]) for i, row in enumerate(rows)]))
    after = build_features(Store.open(lists.cfg), lists.people, features, as_of=day, settings=lists.cfg)
    assert after.X.equals(before.X) and after.y.equals(before.y) and after.groups.equals(before.groups) and after.excluded.equals(before.excluded)
    assert Store.open(lists.cfg).version == Store.open(lists.cfg).version and FOLDER not in Store.open(lists.cfg).version.tables


def test_what_cannot_be_imported_is_one_message(lists: Published, tmp_path: Path) -> None:
    with pytest.raises(InputDataError, match="no such file"):
        took_in(lists, tmp_path / "none.xlsx")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputDataError, match="no workbook"):
        took_in(lists, tmp_path / "empty")
    # Sheets of the follow-up too, which another test of the same store may have written.
    for item in [*lists.cfg.store_dir.glob("*.jsonl"), *lists.cfg.store_dir.glob("*.head.json")]:
        item.unlink()
    with pytest.raises(InputDataError, match="No lists are on record"):
        took_in(lists, workbook(tmp_path / "a.xlsx", []))


def test_versions_are_added_and_what_is_taken_out_leaves_none_behind(tmp_path: Path) -> None:
    add_decisions(tmp_path, [{"kind": "own", "name": "A"}])
    add_decisions(tmp_path, [{"kind": "own", "name": "B"}])
    assert read_decisions(tmp_path)["number"].tolist() == [1, 2] and len(list((tmp_path / FOLDER).glob("*.parquet"))) == 2
    assert keep_only(tmp_path, read_decisions(tmp_path)["name"] != "A") == 1
    assert read_decisions(tmp_path)["name"].tolist() == ["B"] and len(list((tmp_path / FOLDER).glob("*.parquet"))) == 1
    (tmp_path / FOLDER / "current.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputDataError, match="cannot be read"):
        read_decisions(tmp_path)


def test_answers_on_a_follow_up_sheet_find_their_way_back(desk: Desk, tmp_path: Path) -> None:
    rows = [row for _, row in desk.lists.of(1).iterrows()]
    store = tmp_path / "sheets"
    entries = [["F00001", rows[0]["child_id"], "F00001"], ["F00002", rows[1]["child_id"], "F00002"]]
    followup_ledger(store).append("sheet", {"as_of": AS_OF.isoformat(), "recipient": "H1", "entries": entries})
    held = listed(store).merge(desk.lists.rows[["child_id", "name"]], on="child_id")
    book = read_workbook(workbook(tmp_path / "a.xlsx", [line({**rows[0], "key": "f00001"}, OUTCOMES[SUPPORTED])]), today=TODAY)
    made = came_back([book], held, pd.DataFrame(columns=["list_as_of", "audience", "recipient", "child_id", "name", "year"]), desk.rows, today=TODAY)
    assert [(row["audience"], row["child_id"], row["decision"]) for row in made.rows] == [(FOLLOW_UP, rows[0]["child_id"], OUTCOMES[SUPPORTED])]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not here")
def test_a_workbook_saved_by_libreoffice_is_read_alike(desk: Desk, tmp_path: Path) -> None:
    rows = [row for _, row in desk.lists.of(0).iterrows()]
    source = workbook(tmp_path / "in" / "a.xlsx", [line(row, OUTCOMES[NO_NEED], day=datetime(2025, 12, 3)) for row in rows])
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    subprocess.run([*command, "--outdir", str(tmp_path / "out_lo"), str(source)], check=True, capture_output=True, timeout=120)
    made = desk.took_in(tmp_path / "out_lo" / "a.xlsx")
    assert len(made.rows) == 6 and set(desk.rows["decided_on"]) == {"2025-12-03"} and not made.aside


def test_what_is_set_aside_stays_open_until_somebody_has_seen_to_it(desk: Desk, tmp_path: Path) -> None:
    rows = [row for _, row in desk.lists.of(0).iterrows()]
    stranger = [*line(rows[1], OUTCOMES[HELP], notes="rang")[:-1], "ABCDEF"]
    swapped = [rows[2]["name"], *line(rows[3], OUTCOMES[NO_NEED])[1:]]
    desk.took_in(workbook(tmp_path / "a.xlsx", [line(rows[0], OUTCOMES[HELP]), stranger, swapped]))
    (tmp_path / "b.xlsx").write_bytes(b"no workbook")
    assert not desk.took_in(tmp_path / "b.xlsx").books[0]["read"]
    assert desk.took_in(tmp_path / "b.xlsx").aside == []  # the same once more
    desk.took_in(workbook(tmp_path / "c.xlsx", [line(rows[4], OUTCOMES[HELP])]))
    still = open_aside(desk.rows)
    assert still[["file", "row", "said"]].to_numpy().tolist() == [
        ["a.xlsx", 6, OUTCOMES[HELP]], ["a.xlsx", 7, OUTCOMES[NO_NEED]], ["b.xlsx", 0, ""],
    ]  # fmt: skip
    # A later line about the key that was meant closes it; of the others somebody says so.
    desk.took_in(workbook(tmp_path / "d.xlsx", [line(rows[3], OUTCOMES[NO_NEED])]))
    assert open_aside(desk.rows)["file"].tolist() == ["a.xlsx", "b.xlsx"]
    add_decisions(desk.folder, [{"kind": "settled", "row": int(still["number"].iloc[0]), "role": "clerk"}])
    assert open_aside(desk.rows)["file"].tolist() == ["b.xlsx"]
    assert answers(desk.rows)["status"].eq(STANDS).all()


def test_an_answer_without_a_date_takes_no_date_away_and_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    row = desk.lists.of(0).iloc[0]
    desk.took_in(workbook(tmp_path / "a.xlsx", [line(row, OUTCOMES[HELP])]))
    desk.took_in(workbook(tmp_path / "b.xlsx", [line(row, OUTCOMES[HELP], day=None, notes="again")]))
    found = answers(desk.rows)
    assert found[["decided_on", "status"]].to_numpy().tolist() == [["2025-12-03", STANDS]]
    desk.took_in(workbook(tmp_path / "c.xlsx", [line(row, OUTCOMES[NOT_NOW], day=None)]))
    assert answers(desk.rows)[["decision", "status"]].to_numpy().tolist() == [["", CONFLICT]]


def test_an_answer_that_is_none_of_the_eight_stands_on_a_sheet(desk: Desk, tmp_path: Path) -> None:
    rows = [row for _, row in desk.lists.of(0).iterrows()]
    desk.took_in(
        workbook(
            tmp_path / "a.xlsx", [line(rows[0], "perhaps"), line(rows[1], "maybe"), line(rows[2], OUTCOMES[HELP]), line(rows[3], "", notes="moved")]
        )
    )
    desk.took_in(workbook(tmp_path / "b.xlsx", [line(rows[1], OUTCOMES[HELP])]))
    found, nobody = answers(desk.rows), pd.DataFrame(columns=["source", "source_person_id", *PLACE, "decided_on", "role", "reason", "notes"])
    path = write_needs(tmp_path / "out", desk.rows, found, nobody, {}, watermark=None, group=False)
    cells = [cell for row in load_workbook(path)["Not one of the eight"].iter_rows(values_only=True) for cell in row]
    assert {"perhaps", "moved"} <= set(cells) and "maybe" not in cells


def test_where_nothing_could_be_read_the_command_says_so_and_fails(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xlsx").write_bytes(b"no workbook")
    shutil.copy(tmp_path / "in" / "a.xlsx", tmp_path / "in" / "copy.xlsx")
    made = desk.took_in(tmp_path / "in")
    told = Imported(tuple(made.books), 0, len(made.aside), made.findings, 0)
    with pytest.raises(InputDataError, match=r"None of 2 file\(s\) could be read"):
        _require_read(told, tmp_path / "in")
    workbook(tmp_path / "in" / "good.xlsx", [line(desk.lists.of(0).iloc[0], OUTCOMES[HELP])])
    _require_read(Imported(tuple(desk.took_in(tmp_path / "in").books), 1, 0, made.findings, 0), tmp_path / "in")


def test_a_file_larger_than_any_list_is_never_read(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", [line(desk.lists.of(0).iloc[0], OUTCOMES[HELP])])
    monkeypatch.setattr("early_id.screening.review._MOST_MB", 0)
    whole = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("it was read") if self == path else whole(self))
    book = read_workbook(path, today=TODAY)
    assert book.left and not book.content and len(book.digest) == 64
    assert desk.took_in(path).findings.by_code() == {"REV016": 1}


def test_an_import_killed_after_the_decisions_is_made_good_by_the_next(lists: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row for _, row in lists.of(0).iterrows()]
    stranger = [*line(rows[1], OUTCOMES[NO_NEED])[:-1], "ABCDEF"]
    path = workbook(tmp_path / "a.xlsx", [line(rows[0], OUTCOMES[HELP]), *[line(row) for row in rows[1:]], stranger])
    with monkeypatch.context() as killed:
        killed.setattr("early_id.workflow.reviewing._note_open_lines", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            took_in(lists, path)
    store = lists.cfg.store_dir
    assert on_record(lists)["kind"].tolist() == ["decision", "aside"] and not [r for r in ledger(store).read() if r.kind == RETURNED]
    for _ in range(2):  # the second time nothing more
        assert took_in(lists, path).added == 0
        [returned] = [r.body for r in ledger(store).read() if r.kind == RETURNED]
        assert rows[0]["family"] not in returned["open"] and rows[1]["family"] in returned["open"]
        [noted] = [r.body for r in Trail(store).read() if r.kind == "review"]
        assert len(list(people_in(noted))) == 1
    # The line that is nobody's stays open until somebody says that they have seen to it.
    [number] = open_aside(on_record(lists))["number"]
    with pytest.raises(SettingsError, match="of no line that is set aside"):
        deal_with(lists.cfg, by="clerk", numbers=[number + 7])
    assert deal_with(lists.cfg, by="clerk", numbers=[number]) == 1 and open_aside(on_record(lists)).empty
    assert Trail(store).read()[-1].kind == "dealt with"
