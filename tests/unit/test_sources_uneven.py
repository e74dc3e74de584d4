"""A line of a CSV file with more or fewer cells than headings: set aside with its code and place, the rest is read, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from early_id.core.errors import InputDataError
from intake import GOOD, PERSON, Council, codes_of

CONTACT = GOOD["contacts"][2]


@pytest.fixture
def council(tmp_path: Path) -> Council:
    made = Council(tmp_path)
    made.put("people", PERSON)
    return made


def put(council: Council, spoil: dict[int, str], rows: int = 6) -> Path:
    """Contacts of so many days; of some rows (the headings are row 1) another line stands in the file."""
    path = council.put("contacts", *({**CONTACT, "contact_on": f"2024-10-{day:02d}"} for day in range(1, rows + 1)))
    lines = path.read_text(encoding="utf-8").splitlines()
    for row, line in spoil.items():
        lines[row - 1] = line
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_lines_with_too_many_or_too_few_cells_are_set_aside_with_their_place_and_the_rest_is_kept(council: Council) -> None:
    put(council, {3: "C1,2024-10-02,school, or so,advice,2024-10-14,more,and more", 5: "C1,2024-10-04"})
    batch = council.ingest()
    counts = {item.file: (item.rows_in, item.rows_kept, item.rows_set_aside) for item in batch.files}
    assert counts["social_care/contacts.csv"] == (6, 4, 2)
    assert codes_of(batch, "social_care/contacts.csv") == {"FIL004": 2}
    [path] = council.store().folder.glob("set_aside/*/*contacts.csv.csv")
    aside = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert aside["row"].tolist() == ["3", "5"] == aside["(line of the file)"].tolist() and set(aside["codes"]) == {"FIL004"}
    # Every cell that came is there.
    assert aside["(cells beyond the headings)"].iloc[0].split(",")[-2:] == ["more", "and more"] and aside["(cells in this line)"].tolist() == [
        "8",
        "2",
    ]
    [finding] = [item for item in batch.findings if item.code == "FIL004"]
    assert "C1" not in str(finding) and "2024" not in str(finding)


def test_a_corrected_export_clears_such_a_line(council: Council) -> None:
    put(council, {3: "C1,2024-10-02"})
    assert council.ingest().waiting == 1
    put(council, {})
    batch = council.ingest("2025-03-10")
    assert batch.waiting == 0 and sum(item.rows_cleared for item in batch.files) == 1


def test_nobody_is_known_by_such_a_line(council: Council) -> None:
    path = council.put("people", PERSON, {**PERSON, "source_person_id": "C2", "upn": ""}, {**PERSON, "source_person_id": "C3", "upn": ""})
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1] + ",one more"]) + "\n", encoding="utf-8")
    council.put("contacts", CONTACT, {**CONTACT, "source_person_id": "C3"})
    batch = council.ingest()
    assert codes_of(batch, "social_care/people.csv")["FIL004"] == 1 and codes_of(batch, "social_care/contacts.csv") == {"ORP001": 1}


def test_a_file_of_which_most_lines_are_uneven_is_refused_in_one_message(council: Council) -> None:
    put(council, dict.fromkeys(range(3, 8), "C1,2024-10-02"))
    with pytest.raises(InputDataError, match="Most lines of the file") as said:
        council.ingest()
    assert "5 of 6" in str(said.value) and "line 3" in str(said.value) and "delimiter" in str(said.value) and "C1" not in str(said.value)


def test_a_file_that_is_otherwise_broken_is_refused_as_before(council: Council) -> None:
    put(council, {3: 'C1,"2024-10-02', 4: "C1,2024-10-02"})
    with pytest.raises(InputDataError, match="quote"):
        council.ingest()


def test_the_hint_that_day_and_month_changed_places_does_not_count_rows_that_another_rule_took(council: Council) -> None:
    """Sixty dates without a day above 12, of which only a few belong to anybody."""
    days = [f"{day:02d}/{month:02d}/2024" for month in range(1, 8) for day in range(1, 10)]
    rows = [{**CONTACT, "contact_on": day, "outcome_on": "", "outcome": "", "source_person_id": "nobody"} for day in days]
    council.put("contacts", *({**row, "source_person_id": "C1"} for row in rows[::6]), *rows)
    batch = council.ingest()
    assert "DAT001" not in codes_of(batch, "social_care/contacts.csv") and codes_of(batch, "social_care/contacts.csv")["ORP001"] == len(rows)
    council.put("contacts", *({**row, "source_person_id": "C1"} for row in rows))
    assert "DAT001" in codes_of(council.ingest("2025-03-10"), "social_care/contacts.csv")


def test_an_exact_repeat_is_a_note_and_is_set_aside_all_the_same(council: Council) -> None:
    council.put("contacts", CONTACT, CONTACT)
    batch = council.ingest()
    [finding] = [item for item in batch.findings if item.code == "DUP001"]
    assert str(finding.severity) == "NOTE" and sum(item.rows_set_aside for item in batch.files) == 1
