"""A programme's own words: phrases before words, capitals kept, tags and styles left alone."""

from __future__ import annotations

import pytest

from early_id.present.glossary import AsIs, Glossary
from early_id.present.page import table_html
from early_id.present.workbook import Sheet

WORDS = Glossary({"child": "enrolment", "a child": "an enrolment", "children": "enrolments", "without need": "but stayed", "school": "module"})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("A child of the school", "An enrolment of the module"),
        ("CHILD, children and childhood", "Enrolment, enrolments and childhood"),
        ("listed without\n need", "listed but stayed"),
        ("school's; school_id; pre-school", "module's; school_id; pre-module"),
        ("", ""),
    ],
)
def test_phrases_win_and_capitals_stay(said: str, meant: str) -> None:
    assert WORDS.text(said) == meant


def test_what_was_put_in_is_not_put_in_again() -> None:
    assert Glossary({"family": "child", "child": "enrolment"}).text("a family and a child") == "a child and a enrolment"


def test_a_page_keeps_its_tags_and_styles() -> None:
    html = '<style>.child { color: red }</style><p class="child" aria-label="Table: child">A child</p><a href="#school">school</a>'
    expected = '<style>.child { color: red }</style><p class="child" aria-label="Table: enrolment">An enrolment</p><a href="#school">module</a>'
    assert WORDS.html(html) == expected


def test_a_sheet_keeps_its_numbers_and_its_drop_downs() -> None:
    sheet = Sheet("School", ["Child", "Answer"], [["a child", 3]], dropdowns={"Answer": ["no school"]}, unlocked=["Answer"])
    said = WORDS.sheet(sheet)
    assert (said.name, list(said.headings), said.rows) == ("Module", ["Enrolment", "Answer"], [["an enrolment", 3]])
    assert said.dropdowns == {"Answer": ["no module"]}


def test_what_comes_from_data_is_never_reworded() -> None:
    """A key or a file that holds a declared word would be another one otherwise."""
    table = WORDS.html(table_html(["child", "what"], [[AsIs("child-17 of school.csv"), "a child"]], "A child"))
    assert 'scope="row"><span translate="no">child-17 of school.csv</span></th><td>an enrolment</td>' in table
    sheet = WORDS.sheet(Sheet("List", ["Key"], [[AsIs("child-17")], ["a child"]]))
    assert sheet.rows == [["child-17"], ["an enrolment"]]


def test_without_words_nothing_changes() -> None:
    assert Glossary().text("A child") == "A child" and Glossary().html("<p>A child</p>") == "<p>A child</p>"
