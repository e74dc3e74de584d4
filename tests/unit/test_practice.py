"""The practice list: the same papers as a real one, answers that are on offer, and words for people."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest

from early_id.core.errors import BusyError
from early_id.features.catalogue import catalogue
from early_id.present.wording import check_words
from early_id.screening.practice import answers_page, practice_list, write_practice
from early_id.screening.practice_cases import CASES, OWN
from early_id.screening.words import DECISIONS, REASONS


def test_answers_are_those_on_offer_and_every_kind_of_end_but_two_is_practised() -> None:
    assert {case.reason for case in CASES} <= set(REASONS)
    met = {case.decision for case in CASES}
    assert met <= set(DECISIONS)
    assert {"talked, not now", "record wrong", "not needed now", "passed to children's social care today (significant harm)"} <= met


@pytest.mark.parametrize("case", CASES, ids=[case.forename for case in CASES])
def test_each_case_rests_on_features_that_a_school_may_see(case: object) -> None:
    features = {feature.name: feature for feature in catalogue()}
    names = {*case.values, *case.weights}  # type: ignore[attr-defined]
    assert {str(features[name].sharing) for name in names} <= {"SCHOOL"}


def test_the_sheets_say_what_the_answers_speak_of() -> None:
    told = {child.name: child.explanation for family in practice_list().families for child in family.children}
    assert list(told) == sorted(told, key=lambda name: name.split()[::-1])
    assert "Absence has risen by 16 of every 100 sessions" in " ".join(r.sentence for r in told["Ava Bramble"].noticed) or told["Ava Bramble"].noticed
    assert told["Ben Bramble"].noticed == () and told["Ben Bramble"].going_well
    assert any("part-time timetable" in line for line in told["Ethan Garside"].read_with)
    assert all(explanation.going_well for explanation in told.values())


def test_what_is_written_opens_and_is_kind(tmp_path: Path) -> None:
    written = write_practice(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(str(item["path"]) for item in written)
    assert openpyxl.load_workbook(tmp_path / "list.xlsx").sheetnames[:3] == ["Read me first", "List", "Families you are thinking of"]
    answers = (tmp_path / "answers.html").read_text(encoding="utf-8")
    assert check_words(re.sub(r"<style>.*?</style>", "", answers, flags=re.DOTALL)) == ()
    assert OWN in answers and all(case.how_to_begin.split(".")[0] in answers_page().replace("&#39;", "'") for case in CASES)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Practice: every child, family and school is made up" in page
    again = tmp_path / "again"
    write_practice(again)
    assert [(again / path.name).read_bytes() == path.read_bytes() for path in sorted(tmp_path.glob("*.*"))] == [True] * 3
    write_practice(again)  # nobody has touched it
    (again / "list.xlsx").write_bytes(b"filled in")
    with pytest.raises(BusyError, match="somebody may have filled it in"):
        write_practice(again)
    assert (again / "list.xlsx").read_bytes() == b"filled in"
