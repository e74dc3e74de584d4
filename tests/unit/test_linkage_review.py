"""Pairs go out to a workbook and come back as decisions: remembered for ever, above the weights, below the hard rules, and all or nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from linkage_material import NUMBERS, UPNS, groups, linked, record, said
from openpyxl import load_workbook

from early_id.config.settings import LinkageSettings
from early_id.core.errors import InputDataError
from early_id.linkage.decisions import Decision, Decisions
from early_id.linkage.kept import Kept
from early_id.linkage.people import People
from early_id.linkage.review import HEADINGS, JOINED, export_review, import_review, pair_code, undo_review
from early_id.linkage.words import in_words, pair_picture, verdict_words
from early_id.present.wording import check_words

DAY = date(2025, 6, 1)
HOME = {"postcode": "AB1 2CD"}
#: One pair that waits: the same number, another forename. One that is joined. One that no decision may join.
ROWS = (
    record("edu", "1", "Emily", "Reed", upn=UPNS[0]), record("care", "2", "Zarah", "Reed", upn=UPNS[0]),
    record("edu", "3", "Adam", "Pike", "2011-02-03", **HOME), record("care", "4", "Adam", "Pike", "2011-02-03", **HOME),
    record("edu", "5", "Mia", "Stone", "2010-02-03", nhs_number=NUMBERS[0]), record("care", "6", "Mia", "Stone", "2010-02-03", nhs_number=NUMBERS[1]),
)  # fmt: skip
PAIR = (("care", "2"), ("edu", "1"))


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "linkage")


def people(kept: Kept) -> People:
    return linked(*ROWS, decisions=kept.decisions())


def sent(kept: Kept, tmp_path: Path) -> Path:
    made = people(kept)
    assert made.linkage is not None
    export_review(made.linkage, tmp_path / "review.xlsx", kept=kept, key="k", settings=LinkageSettings())
    return tmp_path / "review.xlsx"


def fill(path: Path, answers: dict[str, str], note: str = "") -> Path:
    book = load_workbook(path)
    page = book["Pairs"]
    for row in page.iter_rows():
        if row[0].value in answers:
            row[HEADINGS.index("Your decision")].value, row[HEADINGS.index("Note")].value = answers[row[0].value], note
    book.save(path)
    return path


CODE = pair_code(*PAIR, "k")


def test_the_workbook_holds_the_pairs_that_wait_and_no_others(kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sent(kept, tmp_path)
    cells = [[cell.value for cell in row] for row in load_workbook(path)["Pairs"].iter_rows()]
    codes = [row[0] for row in cells if row[0] and str(row[0]).startswith("P") and row[0] != "Pair"]
    assert CODE in codes and pair_code(("edu", "5"), ("care", "6"), "k") not in codes
    [row] = [row for row in cells if row[0] == CODE]
    assert row[2] == "Zarah Reed\nEmily Reed" and row[5].startswith("Same UPN or NHS number; same date of birth; another forename; same surname")
    assert path.stat().st_mode & 0o077 == 0
    monkeypatch.setattr("early_id.linkage.review.restrict", lambda *_, **__: None)
    assert sent(kept, tmp_path / "again").stat().st_mode & 0o077 == 0  # from the start, not afterwards
    text = " ".join(str(cell) for row in cells for cell in row if cell)
    assert not check_words(text) and UPNS[0] not in text


def test_where_the_only_pair_that_waited_is_joined_through_a_third_record_none_waits() -> None:
    rows = (
        record("edu", "1", "Emily", "Reed", upn=UPNS[0]),
        record("care", "2", "Zarah", "Reed", upn=UPNS[0]),
        record("police", "3", None, None, upn=UPNS[0]),
    )
    made = linked(*rows).linkage
    assert made is not None and made.pairs["verdict"].tolist().count("review") == 1
    assert made.to_review().empty and not made.to_review()["left"].isna().any()


def test_a_decision_comes_back_joins_and_is_remembered(kept: Kept, tmp_path: Path) -> None:
    taken = import_review(fill(sent(kept, tmp_path), {CODE: "same person"}, "seen both files"), kept=kept, by="data officer", on=DAY)
    assert (taken.same, taken.different, taken.not_sure) == (1, 0, 0)
    assert frozenset({"edu:1", "care:2"}) in groups(people(kept))
    assert said(people(kept), "edu:1", "care:2") == ("link", "decision")
    [decision] = kept.decisions().items
    assert (decision.by, decision.on, decision.note) == ("data officer", "2025-06-01", "seen both files")
    # What was decided is asked no more.
    made = people(kept).linkage
    assert made is not None and CODE not in {pair_code(("edu", "1"), ("care", "2"), "k") for _ in made.to_review().itertuples()}


def test_the_same_workbook_twice_adds_nothing_and_says_so_in_one_line(kept: Kept, tmp_path: Path) -> None:
    path = fill(sent(kept, tmp_path), {CODE: "same person"}, "seen both files")
    import_review(path, kept=kept, by="data officer", on=DAY)
    taken = import_review(path, kept=kept, by="somebody else", on=date(2025, 7, 1))
    assert taken.lines() == ["Nothing new: all 1 answer(s) in this workbook were taken in before and stand as they are."]
    [decision] = kept.decisions().items
    assert (decision.by, decision.on) == ("data officer", "2025-06-01")
    assert undo_review(kept, by="data officer", on=DAY, last=1) == 1 and undo_review(kept, by="data officer", on=DAY, last=1) == 0
    # After an undo the answer of the workbook is new again.
    assert import_review(path, kept=kept, by="data officer", on=DAY).same == 1


def test_not_sure_leaves_a_pair_open_and_says_what_that_means(kept: Kept, tmp_path: Path) -> None:
    before = groups(people(kept))
    taken = import_review(fill(sent(kept, tmp_path), {CODE: "not sure"}), kept=kept, by="data officer", on=DAY)
    assert taken.not_sure == 1 and groups(people(kept)) == before
    assert taken.lines()[1].startswith("Not sure: 1 pair left open: joined to nobody, and in the next workbook again")
    cells = {str(row[0].value) for row in load_workbook(sent(kept, tmp_path))["Pairs"].iter_rows()}
    assert CODE in cells  # it does go out again
    # "Not sure" after a decision takes it back, and says so.
    import_review(fill(sent(kept, tmp_path), {CODE: "same person"}), kept=kept, by="data officer", on=DAY)
    path = tmp_path / "review.xlsx"
    taken = import_review(fill(path, {CODE: "not sure"}), kept=kept, by="data officer", on=DAY)
    assert taken.replaced == 1 and "take the place of what had been decided before" in taken.lines()[-1] and groups(people(kept)) == before


def test_a_workbook_without_an_answer_says_that_nothing_was_taken_in(kept: Kept, tmp_path: Path) -> None:
    taken = import_review(sent(kept, tmp_path), kept=kept, by="data officer", on=DAY)
    [line] = taken.lines()
    assert line.startswith("Nothing was taken in: no pair has an answer") and not kept.decisions().items


def test_different_people_wins_over_the_weights_and_undo_brings_the_pair_back(kept: Kept) -> None:
    assert frozenset({"edu:3", "care:4"}) in groups(people(kept))
    kept.keep_decisions(Decisions().add(Decision.of(("edu", "3"), ("care", "4"), "different", on=DAY)))
    assert frozenset({"edu:3", "care:4"}) not in groups(people(kept))
    assert undo_review(kept, by="data officer", on=DAY, last=1) == 1
    assert frozenset({"edu:3", "care:4"}) in groups(people(kept))
    assert [item.answer for item in kept.decisions().items] == ["different", "open"]  # that it was taken stays on record
    assert undo_review(kept, by="data officer", on=DAY, last=1) == 0


def test_a_wrong_join_can_be_parted_by_a_person(kept: Kept, tmp_path: Path) -> None:
    made, path, code = people(kept), tmp_path / "joined.xlsx", pair_code(("edu", "3"), ("care", "4"), "k")
    assert made.linkage is not None and frozenset({"edu:3", "care:4"}) in groups(made)
    assert export_review(made.linkage, path, kept=kept, key="k", settings=LinkageSettings(), joined=[("care", "4")]) == 1
    cells = [str(cell.value) for row in load_workbook(path)["Pairs"].iter_rows() for cell in row if cell.value]
    assert code in cells and JOINED in cells and CODE not in cells and not check_words(" ".join(cells))
    assert import_review(fill(path, {code: "different people"}), kept=kept, by="data officer", on=DAY).different == 1
    parted = people(kept)
    assert frozenset({"edu:3", "care:4"}) not in groups(parted) and said(parted, "edu:3", "care:4") == ("different", "decision")


def test_a_decision_does_not_beat_a_hard_rule_and_says_so(kept: Kept) -> None:
    kept.keep_decisions(Decisions().add(Decision.of(("edu", "5"), ("care", "6"), "same", on=DAY)))
    made = people(kept)
    assert frozenset({"edu:5", "care:6"}) not in groups(made) and made.findings.by_code()["LNK008"] == 1


def test_decisions_that_contradict_each_other_are_a_finding_and_leave_links_unharmed(kept: Kept) -> None:
    third = record("police", "7", "Adam", "Pike", "2011-02-03", **HOME)
    said_so = (
        Decision.of(("edu", "3"), ("care", "4"), "same"), Decision.of(("care", "4"), ("police", "7"), "same"),
        Decision.of(("edu", "3"), ("police", "7"), "different"),
    )  # fmt: skip
    before = groups(linked(*ROWS, third))
    made = linked(*ROWS, third, decisions=Decisions().add(*said_so))
    assert made.findings.by_code()["LNK009"] == 3 and groups(made) == before


def test_a_decision_about_a_record_that_is_gone_is_kept(kept: Kept) -> None:
    made = linked(*ROWS[:2], decisions=Decisions().add(Decision.of(("edu", "1"), ("police", "99"), "same")))
    assert made.findings.by_code()["LNK014"] == 1


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda page: page.delete_cols(HEADINGS.index("Your decision") + 1), "Columns that are needed are missing"),
        (lambda page: setattr(page, "title", "Other"), "no sheet 'Pairs'"),
        (lambda page: [setattr(row[7], "value", "perhaps") for row in page.iter_rows() if row[0].value == CODE], "not on offer"),
        (lambda page: page.append(["Pxxxx", *[None] * 6, "same person", None]), "not sent out"),
        (lambda page: page.append([None, *[None] * 6, "same person", None]), "without the code"),
        (lambda page: page.append([CODE, *[None] * 6, "different people", None]), "twice and differently"),
    ],
    ids=["column gone", "sheet renamed", "an answer of one's own", "a pair of one's own", "code gone", "two answers"],
)
def test_a_workbook_edited_out_of_shape_is_refused_whole(kept: Kept, tmp_path: Path, spoil: object, words: str) -> None:
    path = fill(sent(kept, tmp_path), {CODE: "same person"})
    book = load_workbook(path)
    spoil(book["Pairs"])  # type: ignore[operator]
    book.save(path)
    with pytest.raises(InputDataError, match=words) as refused:
        import_review(path, kept=kept, by="data officer", on=DAY)
    assert "Reed" not in str(refused.value) and kept.decisions() == Decisions()


def test_a_file_that_is_no_workbook_is_one_message(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "review.xlsx").write_text("no workbook", encoding="utf-8")
    with pytest.raises(InputDataError, match="cannot be read"):
        import_review(tmp_path / "review.xlsx", kept=kept, by="x", on=DAY)
    with pytest.raises(InputDataError, match="not found"):
        import_review(tmp_path / "none.xlsx", kept=kept, by="x", on=DAY)


def test_a_damaged_file_of_decisions_is_never_guessed_at(kept: Kept) -> None:
    kept.keep_decisions(Decisions().add(Decision.of(*PAIR, "same")))
    kept.decisions_path.write_text('{"one": ["edu"', encoding="utf-8")
    with pytest.raises(InputDataError, match="cannot be read"):
        kept.decisions()


def test_a_pair_that_waits_takes_nobody_out_before_both_records_were_known(kept: Kept) -> None:
    late = [row | ({"known_from": "2024-09-01"} if row["source"] == "care" else {}) for row in ROWS]
    made = linked(*late, decisions=kept.decisions())
    ids = made.current().set_index(["source", "source_person_id"])["child_id"]
    pair = {ids["edu", "1"], ids["care", "2"]}

    def asked(day: str | None) -> list[set[str]]:
        return [set(row) for row in made.may_be_one(pd.Timestamp(day) if day else None).itertuples(index=False, name=None)]

    assert pair in asked(None) and pair in asked("2024-09-02")
    assert pair not in asked("2024-09-01") and pair not in asked("2024-06-01")


# --- words and picture


def test_a_pair_in_words() -> None:
    made = linked(record("edu", "1", "Marten", "Cole", "2012-05-04", **HOME), record("care", "2", "Martin", "Cole", "2012-04-05", postcode="AB1 2CD"))
    assert made.linkage is not None
    pair = made.linkage.pairs.iloc[0].to_dict()
    assert in_words(made.linkage, pair) == "Day and month of birth changed places; forename one letter apart; same surname; same home"
    assert verdict_words(pair) == "joined: names, date of birth or home agree"
    assert not check_words(in_words(made.linkage, pair))


def test_the_picture_of_a_pair_says_what_is_drawn_and_names_nobody() -> None:
    made = linked(record("edu", "1", **HOME), record("care", "2", **HOME))
    assert made.linkage is not None
    levels = {f"level_{n}": 4 for n in ("forename", "surname", "postcode")} | {"level_birth_date": 5}
    weights = {f"weight_{n}": w for n, w in (("forename", 5.0), ("surname", 7.5), ("birth_date", 12.0), ("postcode", -3.0))}
    pair = {**made.linkage.pairs.iloc[0].to_dict(), **levels, **weights, "weight": 21.5}
    svg = str(pair_picture(made.linkage, pair, LinkageSettings()))
    assert svg.startswith("<svg") and "<title" in svg and "+12.0" in svg and "−3.0" in svg
    assert "Joan" not in svg and "Reed" not in svg and str(pair_picture(made.linkage, pair, LinkageSettings())) == svg


def test_every_message_says_what_to_do() -> None:
    from early_id.linkage.messages import _MESSAGES, finding

    for code in _MESSAGES:
        made = finding(code, 1, "here")
        assert made.advice and not check_words(f"{made.message} {made.advice}")
