"""Notices: complete, filled from the run, easy to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import report_material as made

from early_id.present import wording
from early_id.report import NoticeContext, write_notices
from early_id.report.notices import notice_html

PAGES = ("parents", "young_people")


def prose(html: str) -> str:
    """Whole sentences of the page: paragraphs and list items, without headings, table cells and bare lists of words."""
    body = html.split("<main")[1].split("</main>")[0]
    parts = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", part)).strip() for part in re.findall(r"(?s)<(?:p|li)\b[^>]*>(.*?)</(?:p|li)>", body)]
    return " ".join(part for part in parts if part.endswith((".", "?")) and len(part.split()) >= 6)


@pytest.mark.parametrize("name", PAGES)
def test_reading_age_is_at_most_eleven(name: str) -> None:
    textstat = pytest.importorskip("textstat")
    text = prose(notice_html(name, made.notice_context()))
    assert len(text.split()) > 250
    # US grade 6 is age 11 to 12. What they are is in the README of `report`.
    assert textstat.automated_readability_index(text) <= 6
    assert textstat.coleman_liau_index(text) <= 6


@pytest.mark.parametrize("name", PAGES)
def test_a_notice_says_all_it_must(name: str) -> None:
    html = notice_html(name, made.notice_context())
    for words in ("Money and housing", "six weeks", "01234 567890", "17 November 2025", "Information Commissioner", "999"):
        assert words in html, words
    for right in ("Ask.", "Put it right.", "Complain.", "say no"):
        assert right in html, right
    assert "Draft" not in html and "score" in html
    assert wording.check_words(html) == ()
    assert wording.ALARM not in html


@pytest.mark.parametrize("name", PAGES)
def test_an_unfilled_notice_says_that_it_is_a_draft(name: str) -> None:
    html = notice_html(name, NoticeContext())
    assert "Draft: not ready to be given to families." in html
    assert "how long records and lists are kept" in html
    assert "Made-up" not in html


def test_only_those_who_get_a_list_are_named() -> None:
    html = notice_html("parents", made.notice_context(audiences=("hub_lead",)))
    assert "family hub sees" in html and "safeguarding lead in your child" not in html


def test_names_from_settings_are_escaped() -> None:
    html = notice_html("parents", made.notice_context(council="<b>X</b>"))
    assert "<b>X</b>" not in html and "&lt;b&gt;X" in html


def test_both_are_written(tmp_path: Path) -> None:
    paths = write_notices(tmp_path, made.notice_context())
    assert {name: path.name for name, path in paths.items()} == {
        "parents": "notice_parents.html",
        "young_people": "notice_young_people.html",
    }
