"""The words of one school list and one hub sheet, as people read them. To accept a change: EARLY_ID_UPDATE_GOLDEN=1, then read the diff."""

from __future__ import annotations

import os
import re
from html import unescape
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
import yaml
from explain_fixtures import fake_matrix, model_for, people_of

from early_id.screening import write
from early_id.screening.entries import ScreeningList
from early_id.screening.lists import screen
from early_id.screening.page import list_pages
from early_id.screening.workbook import list_workbook

HERE = Path(__file__).parent
OFFER = yaml.safe_load((Path(write.__file__).parents[1] / "config" / "defaults" / "offer.yaml").read_text(encoding="utf-8"))


def made(audience: str, recipient: str) -> ScreeningList:
    matrix = fake_matrix()
    lists = screen(model_for(audience, matrix), matrix, people_frame=people_of(matrix), capacity=3)  # type: ignore[arg-type]
    return next(one for one in lists.lists if one.recipient.id == recipient)


def workbook_text(one: ScreeningList) -> str:
    book = openpyxl.load_workbook(BytesIO(list_workbook(one, watermark="Made-up data")))
    return "\n".join(
        f"[{sheet.title} {cell.coordinate}] {cell.value}" for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None
    )


def page_text(one: ScreeningList) -> str:
    (page,) = list_pages(one, offer=OFFER, ask="the council's data protection officer", watermark="Made-up data")
    body = re.sub(r"<style>.*?</style>|<i[^>]*></i>", "", page, flags=re.DOTALL)
    body = re.sub(r"</(?:p|li|h1|h2|h3|tr|caption|section|div|title)>", "\n", body)
    text = unescape(re.sub(r"<[^>]+>", " ", body))
    return "\n".join(line for line in (" ".join(part.split()) for part in text.split("\n")) if line)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("school_list_workbook.txt", workbook_text(made("school_lead", "s0"))),
        ("hub_list_page.txt", page_text(made("hub_lead", "h0"))),
    ],
    ids=["workbook", "page"],
)
def test_words_are_those_that_were_read(name: str, text: str) -> None:
    path = HERE / "screening" / name
    if os.environ.get("EARLY_ID_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    assert text + "\n" == path.read_text(encoding="utf-8")
