"""The workbook of lists that an inspection asks for (Annex A): eleven sheets, dates as dates, codes behind letters.

Lists 1 to 5 hold the last six months; 6 to 8 who was open in them; 9 care leavers. The council holds nothing on adoption, so lists
10 and 11 have their headings alone. Headings and labels: Ofsted, Annex A to the inspection framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from early_id.data.synth.files.writers import CREATED
from early_id.data.synth.shapes.annex_a_care import care_list
from early_id.data.synth.shapes.annex_a_lists import (
    HEADINGS,
    Lists,
    assessment_list,
    contact_list,
    early_help_list,
    enquiry_list,
    leaver_list,
    need_list,
    protection_list,
    referral_list,
)
from early_id.data.synth.shapes.dates import ISO, Texts
from early_id.data.synth.shapes.extra import Extra
from early_id.data.synth.shapes.records import EARLY_HELP, FACTORS, Records
from early_id.data.synth.shapes.ssd import ssd_tables


def write_annex_a(folder: Path, records: Records, extra: Extra) -> None:
    """One workbook."""
    records = records.as_on(records.day)
    lists = Lists(ssd_tables(records, extra), records.day)
    episodes = extra.ids(EARLY_HELP, "EH", records.rows(EARLY_HELP))
    assessed = dict(zip(episodes, records.dates(EARLY_HELP, "AssessedOn").text(ISO), strict=True))
    alone = set(records.column(FACTORS, "PersonID")[records.column(FACTORS, "Factor") == "9A"])
    found: dict[str, Mapping[str, Texts]] = {
        "List 1": contact_list(lists),
        "List 2": early_help_list(lists, assessed),
        "List 3": referral_list(lists),
        "List 4": assessment_list(lists),
        "List 5": enquiry_list(lists),
        "List 6": need_list(lists),
        "List 7": protection_list(lists),
        "List 8": care_list(lists, alone),
        "List 9": leaver_list(lists),
    }
    _write(folder / "Annex_A.xlsx", found)


def _write(path: Path, lists: Mapping[str, Mapping[str, Texts]]) -> None:
    """Dates as date cells; a date that is none stays the text it is."""
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": "Annex A", "author": "made-up council", "created": CREATED})
    as_date = book.add_format({"num_format": "dd/mm/yyyy"})
    for sheet, headings in HEADINGS.items():
        page = book.add_worksheet(sheet)
        page.write_row(0, 0, headings)
        columns = lists.get(sheet, {})
        dates = {heading for heading in headings if "Date" in heading or "date" in heading}
        for row in range(len(columns.get(headings[0], ()))):
            for place, heading in enumerate(headings):
                cell = columns[heading][row] if heading in columns else ""
                day = _date(cell) if heading in dates else None
                if day is not None:
                    page.write_datetime(row + 1, place, day, as_date)
                elif isinstance(cell, int):
                    page.write_number(row + 1, place, cell)
                elif cell != "":
                    page.write_string(row + 1, place, str(cell))
    book.close()


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
