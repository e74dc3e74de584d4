"""Dated snapshots of a register without recorded dates: first seen, changed, gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from early_id.config.load import folder_config
from early_id.data.batch import Batch
from early_id.data.store import Store

PERSON = "pers_person_id,pers_forename,pers_surname,pers_sex,pers_ethnicity,pers_dob,pers_upn"
PLANS = "cinp_cin_plan_id,cinp_referral_id,cinp_person_id,cinp_cin_plan_start_date,cinp_cin_plan_end_date"

#: day → people and plans of the register as it stood.
REGISTER = {
    "2025-01-01": (["A,Ada,Winter,F,WBRI,2012-05-04,", "B,Ben,Summer,M,WBRI,2013-05-04,"], ["1,R1,A,2024-10-01,", "2,R2,B,2024-11-01,"]),
    "2025-02-01": (
        ["A,Ada,Winter,F,WBRI,2012-05-04,", "B,Ben,Autumn,M,WBRI,2013-05-04,", "C,Cy,Spring,M,WBRI,2014-05-04,"],
        ["1,R1,A,2024-10-01,2025-01-20", "2,R2,B,2024-11-01,", "3,R3,C,2025-01-10,"],
    ),
    "2025-03-01": (
        ["A,Ada,Winter,F,WBRI,2012-05-04,", "B,Ben,Autumn,M,WBRI,2013-05-04,", "C,Cy,Spring,M,WBRI,2014-05-04,"],
        ["1,R1,A,2024-10-01,2025-01-20", "3,R3,C,2025-01-10,"],
    ),
}


def write(folder: Path, *days: str) -> None:
    for day in days:
        people, plans = REGISTER[day]
        (folder / day).mkdir(parents=True)
        (folder / day / "ssd_person.csv").write_text("\n".join([PERSON, *people]) + "\n", encoding="utf-8")
        (folder / day / "ssd_cin_plans.csv").write_text("\n".join([PLANS, *plans]) + "\n", encoding="utf-8")


def take_in(folder: Path) -> tuple[Store, Batch]:
    store = Store.open(folder_config(folder, out=folder.parent / "out"))
    return store, store.ingest()


def versions(store: Store, table: str, *columns: str) -> list[tuple[str | None, ...]]:
    """Stored records with the span for which they held, in order."""
    frame = store.records(table)
    shown = frame[[*columns, "known_from", "known_to"]].astype(object)
    rows = [tuple(None if cell is None or cell != cell else str(cell)[:10] for cell in row) for row in shown.itertuples(index=False, name=None)]
    return sorted(rows, key=lambda row: [str(cell) for cell in row])


EXPECTED_PLANS = [
    ("A", "2024-10-01", "2025-01-20", "2025-02-01", None),
    ("A", "2024-10-01", None, "2025-01-01", "2025-02-01"),
    ("B", "2024-11-01", None, "2025-01-01", "2025-03-01"),  # gone
    ("C", "2025-01-10", None, "2025-02-01", None),  # first seen in the second one
]


@pytest.mark.parametrize("together", [True, False], ids=["all at once", "one after the other"])
def test_first_seen_changed_and_gone(tmp_path: Path, together: bool) -> None:
    folder = tmp_path / "in"
    if together:
        write(folder, *REGISTER)
        store, batch = take_in(folder)
        assert sum(item.rows_in for item in batch.files) == sum(len(people) + len(plans) for people, plans in REGISTER.values())
    else:
        for day in REGISTER:
            write(folder, day)
            store, batch = take_in(folder)
            assert all(item.received == day for item in batch.files)
    assert versions(store, "statutory", "source_person_id", "start_on", "end_on") == EXPECTED_PLANS
    assert versions(store, "pupils", "source_person_id", "surname") == [
        ("A", "Winter", "2025-01-01", None),
        ("B", "Autumn", "2025-02-01", None),
        ("B", "Summer", "2025-01-01", "2025-02-01"),
        ("C", "Spring", "2025-02-01", None),
    ]
    assert not [code for code in batch.findings.by_code() if code.startswith("DUP")]
    for item in batch.files:
        assert item.rows_in == item.rows_kept + item.rows_set_aside
    assert not take_in(folder)[1].files  # nothing is new


def test_one_snapshot_alone_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write(folder, "2025-01-01")
    _, batch = take_in(folder)
    assert batch.findings.by_code()["SRC002"] == 2  # people and plans
    write(folder, "2025-02-01")
    assert "SRC002" not in take_in(folder)[1].findings.by_code()


def test_an_older_snapshot_is_left_out_and_said(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write(folder, "2025-02-01")
    store, _ = take_in(folder)
    before = versions(store, "statutory", "source_person_id")
    write(folder, "2025-01-01")
    store, batch = take_in(folder)
    assert batch.findings.by_code()["SRC005"] == 2 and not batch.files
    assert versions(store, "statutory", "source_person_id") == before
    write(folder, "2025-03-01")
    store, batch = take_in(folder)
    assert {item.received for item in batch.files} == {"2025-03-01"} and batch.findings.by_code()["SRC005"] == 2
