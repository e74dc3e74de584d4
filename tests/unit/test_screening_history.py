"""Who was asked lately is asked by nobody, an unanswered line stays where it was, and the record of all this cannot be changed unnoticed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from explain_fixtures import AS_OF, fake_matrix, model_for, people_of

from early_id.config.settings import ScreeningSettings
from early_id.core.errors import InputDataError, PolicyError
from early_id.features.matrix import row_keys
from early_id.screening import history
from early_id.screening.eligible import CARRIED, LED_BY_OTHER_SCHOOL, LED_BY_SCHOOL, RESTS
from early_id.screening.entries import ScreeningLists
from early_id.screening.history import Earlier, earlier_lists, latest_of_each_date, ledger, note_returned, read_record, settle
from early_id.screening.lists import screen
from early_id.screening.returned import NOT_YET, returned_lists
from early_id.screening.workbook import ENTRY, KEY
from early_id.screening.write import write_lists

MATRIX = fake_matrix()
PEOPLE = people_of(MATRIX).assign(safe_contact=True)
FIRST = date.fromisoformat(AS_OF)
RULES = ScreeningSettings()


def at(day: date) -> Any:
    """The fake council on another day: the same children, as if nothing had changed."""
    index = MATRIX.index.assign(as_of=pd.Timestamp(day))
    keys = row_keys(index["child_id"], index["as_of"])
    moved = {name: getattr(MATRIX, name).set_axis(keys) for name in ("X", "y", "groups", "evidence_dates")}
    excluded = MATRIX.excluded.assign(as_of=pd.Timestamp(day))
    return replace(MATRIX, index=index.set_axis(keys), excluded=excluded, **moved)


def lists_on(day: date, earlier: Earlier | None = None, capacity: int = 3) -> ScreeningLists:
    matrix = at(day)
    schools = screen(model_for("school_lead", matrix), matrix, people_frame=PEOPLE, capacity=capacity, earlier=earlier)  # type: ignore[arg-type]
    hubs = screen(model_for("hub_lead", matrix), matrix, people_frame=PEOPLE, capacity=capacity, earlier=earlier, beside=schools)  # type: ignore[arg-type]
    return schools + hubs


def listed(lists: ScreeningLists) -> dict[str, tuple[str, str]]:
    """Child → where it is listed; twice nowhere."""
    places = [(c.explanation.child_id, (str(o.recipient.audience), o.recipient.id)) for o in lists.lists for f in o.families for c in f.children]
    assert len(places) == len(dict(places))
    return dict(places)


def households(children: set[str]) -> set[str]:
    return set(PEOPLE.loc[PEOPLE["child_id"].isin(children), "family_id"])


@pytest.fixture
def published(tmp_path: Path) -> Path:
    write_lists(lists_on(FIRST), tmp_path / "out")
    settle(tmp_path, tmp_path / "out")
    return tmp_path


def answer(book: Path, decisions: list[str | None]) -> None:
    """Fill in the decision of each line, as a reader would."""
    opened = openpyxl.load_workbook(book)
    sheet = opened["List"]
    top = next(row[0].row for row in sheet.iter_rows() if any(cell.value == KEY for cell in row))
    column = next(cell.column for cell in sheet[top] if cell.value == ENTRY[0])
    lines = [row for row in range(top + 1, sheet.max_row + 1) if sheet.cell(row, 1).value]
    for row, decision in zip(lines, decisions * len(lines), strict=False):
        sheet.cell(row, column).value = decision
    opened.save(book)


def test_no_household_stands_on_two_lists_of_one_date() -> None:
    lists = lists_on(FIRST, capacity=8)
    homes = [home for one in lists.lists for family in one.families for home in households({c.explanation.child_id for c in family.children})]
    assert len(homes) == len(set(homes)) > 20
    gone = set(lists.taken_out["reason"])
    assert {LED_BY_SCHOOL, LED_BY_OTHER_SCHOOL} <= gone
    assert all(family.lead for one in lists.lists for family in one.families)


def test_the_youngest_childs_school_leads_and_the_free_place_goes_to_the_next_family() -> None:
    apart = MATRIX.index.groupby("family_id")["school_id"].nunique()
    home = apart[apart > 1].index[0]
    own = MATRIX.index[MATRIX.index["family_id"] == home]
    people = PEOPLE.assign(birth_date=pd.Timestamp("2012-01-01"))
    child, school = own.iloc[-1][["child_id", "school_id"]]
    people.loc[people["child_id"] == child, "birth_date"] = pd.Timestamp("2019-01-01")
    lists = screen(model_for("school_lead", MATRIX), MATRIX, people_frame=people, capacity=500)  # type: ignore[arg-type]
    held = {k: v for k, v in listed(lists).items() if k in set(own["child_id"])}
    assert {place for _, place in held.values()} == {school}
    few = screen(model_for("school_lead", MATRIX), MATRIX, people_frame=people, capacity=8)  # type: ignore[arg-type]
    assert {len(one.families) for one in few.lists} == {8}


def test_nobody_is_asked_again_within_the_cool_off_whichever_list_it_was(published: Path) -> None:
    before = households(set(listed(lists_on(FIRST))))
    for days in (28, 89):
        again = lists_on(FIRST + timedelta(days=days), earlier_lists(published, FIRST + timedelta(days=days), RULES))
        assert not before & households(set(listed(again)))
        assert {len(one.families) for one in again.lists} == {3}  # others take the places
        rest = again.taken_out[again.taken_out["reason"] == RESTS]
        assert set(rest["until"]) == {str(FIRST + timedelta(days=90))} and before <= households(set(rest["child_id"]))
    later = FIRST + timedelta(days=90)
    assert listed(lists_on(later, earlier_lists(published, later, RULES))) == listed(lists_on(FIRST))


def test_lists_of_the_same_or_a_later_date_do_not_count(published: Path) -> None:
    for day in (FIRST, FIRST - timedelta(days=28)):
        assert earlier_lists(published, day, RULES) == Earlier({}, {})


def test_lines_without_an_answer_stay_with_their_recipient_until_the_carry_over_ends(published: Path) -> None:
    book = published / "out/lists/schools/s1/list.xlsx"
    record = read_record(published / "out")
    assert record is not None
    families = next(one["families"] for one in record["lists"] if one["recipient"] == "s1")
    lines = sum(len(family["children"]) for family in families)
    answer(book, ["talked, not now", *[None] * (lines - 1)])
    assert note_returned(published, returned_lists(published / "out/lists", record)) == 1
    assert note_returned(published, returned_lists(published / "out/lists", record)) == 0  # once is enough
    answered, stays = families[0]["children"], [child for family in families[1:] for child in family["children"]]
    later = FIRST + timedelta(days=28)
    earlier = earlier_lists(published, later, RULES)
    assert set(earlier.carried) == set(stays) and set(answered) <= set(earlier.rests)
    lists = lists_on(later, earlier)
    assert {listed(lists)[child] for child in stays} == {("school_lead", "s1")}
    one = next(one for one in lists.lists if one.recipient.id == "s1")
    assert one.n_carried == 2 and len(one.families) == 3
    assert {f.since for f in one.families} == {FIRST, later}
    assert not set(answered) & set(listed(lists))
    # Where the recipient cannot keep it, nobody else gets it either.
    elsewhere = replace(earlier, carried=dict.fromkeys(stays, (("school_lead", "s9"), FIRST)))
    moved = lists_on(later, elsewhere)
    assert not set(stays) & set(listed(moved)) and CARRIED in set(moved.taken_out["reason"])
    write_lists(lists, published / "out")
    settle(published, published / "out")
    last = FIRST + timedelta(days=43)  # the first list is more than 42 days ago
    assert set(stays) <= set(earlier_lists(published, last, RULES).rests)


def test_not_possible_yet_is_no_answer_and_a_workbook_without_any_says_nothing(published: Path) -> None:
    record = read_record(published / "out")
    books = sorted((published / "out/lists").glob("*/*/list.xlsx"))
    answer(books[0], [NOT_YET])
    answer(books[1], [None])
    (found,) = returned_lists(published / "out/lists", record)
    held = next(one for one in record["lists"] if one["recipient"] == found["recipient"])  # type: ignore[index]
    assert found["open"] == [family["key"] for family in held["families"]]


@pytest.mark.parametrize("other", ["talked, help wanted", "already supported (say by whom in notes)", "not needed now"])
def test_what_a_family_answered_changes_nothing(published: Path, tmp_path: Path, other: str) -> None:
    """A past 'not now' neither raises, lowers nor removes: the next lists are those after any other answer."""
    record = read_record(published / "out")
    book = published / "out/lists/hubs/h0/list.xlsx"
    made = []
    for decision in ("talked, not now", other):
        answer(book, [decision])
        made.append(returned_lists(published / "out/lists", record))
    assert made[0] == made[1] and len(made[0]) == 1
    assert "not now" not in json.dumps(made)


def test_a_file_that_is_no_such_workbook_says_nothing(published: Path) -> None:
    record = read_record(published / "out")
    books = sorted((published / "out/lists").glob("*/*/list.xlsx"))
    books[0].write_bytes(b"no workbook")
    foreign = openpyxl.Workbook()
    foreign.active.title = "List"  # type: ignore[union-attr]
    foreign.save(books[1])
    books[2].write_bytes(books[3].read_bytes())  # another school's
    assert returned_lists(published / "out/lists", record) == []
    assert returned_lists(published / "out/lists", None) == []


def test_the_record_follows_the_lists_once_whenever_it_is_settled(published: Path) -> None:
    chain = ledger(published)
    assert len(chain.read()) == 1 and not settle(published, published / "out")
    held = latest_of_each_date(chain.read())[FIRST]
    assert [one["recipient"] for one in held["lists"]] == ["s0", "s1", "s2", "s3", "h0", "h1"]
    # A run that was killed after the lists were published, before the record was copied: the next one does it.
    write_lists(lists_on(FIRST, capacity=2), published / "out")
    assert settle(published, published / "out") and len(chain.read()) == 2
    assert latest_of_each_date(chain.read())[FIRST]["lists"][0]["capacity"] == 2


def test_nobody_can_be_taken_off_the_record(published: Path) -> None:
    path = published / history.LEDGER
    path.write_text(path.read_text(encoding="utf-8").replace('"since"', '"Since"', 1), encoding="utf-8")
    with pytest.raises(PolicyError, match="records of earlier lists are not as they were written"):
        earlier_lists(published, FIRST + timedelta(days=28), RULES)


def test_a_record_that_cannot_be_read_stops_new_lists(published: Path) -> None:
    (published / "out/lists/record.json").write_text('{"as_of": "soon"}', encoding="utf-8")
    with pytest.raises(InputDataError, match="nobody can tell who was asked"):
        settle(published, published / "out")


def test_names_are_not_on_record(published: Path) -> None:
    text = (published / history.LEDGER).read_text(encoding="utf-8")
    assert not [name for name in PEOPLE["surname"].unique() if name in text]


def test_a_workbook_that_says_again_what_an_earlier_one_said_counts_last(tmp_path: Path) -> None:
    place = {"as_of": FIRST.isoformat(), "audience": "school_lead", "recipient": "s1"}
    a, b = {**place, "open": ["AAAAAA"]}, {**place, "open": ["BBBBBB"]}
    assert [note_returned(tmp_path, [body]) for body in (a, b, a, a)] == [1, 1, 1, 0]
    assert [record.body["open"] for record in ledger(tmp_path).read()] == [["AAAAAA"], ["BBBBBB"], ["AAAAAA"]]
    assert note_returned(tmp_path, [{**b, "recipient": "s2"}, {**b, "recipient": "s2"}]) == 1
