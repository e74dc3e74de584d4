"""Taking rows out for good: only lines of the person go, older versions too where the current one holds none, and what waits goes on waiting."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest

from early_id.data.decisions import FOLDER, add_decisions, keep_only, read_decisions
from early_id.data.remove import of_people, remove_from_files, remove_rows
from early_id.data.store import Store
from intake import GOOD, PERSON, PUPIL, Council

CONTACT = GOOD["contacts"][2]


@pytest.fixture
def council(tmp_path: Path) -> Council:
    """Two children of social care, 1 and 12, of each of whom a contact was set aside; a pupil of education is number 1 too."""
    made = Council(tmp_path).put_good("schools")
    made.put("pupils", {**PUPIL, "source_person_id": "1"})
    made.put("people", {**PERSON, "source_person_id": "12"}, {**PERSON, "source_person_id": "1", "upn": ""})
    rows = [{**CONTACT, "source_person_id": number} for number in ("12", "1")]
    made.put("contacts", *rows, *({**row, "contact_on": "31/02/2024"} for row in rows))
    made.ingest()
    return made


def aside(store: Store) -> list[str]:
    return [line for path in store.folder.glob("set_aside/*/*.csv") for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def test_a_number_goes_only_from_files_of_its_own_source_and_from_the_column_of_people(council: Council) -> None:
    store = council.store()
    [path] = store.folder.glob("set_aside/*/*.csv")
    table = pd.read_csv(path, dtype=str)
    assert len(table) == 2
    assert (
        remove_from_files(
            store, [("education", "1"), ("social_care", table["row"].iloc[0])] if table["row"].iloc[0] not in ("1", "12") else [("education", "1")]
        )
        == 0
    )
    assert len(aside(store)) == 2
    assert remove_from_files(store, [("social_care", "12")]) == 1
    assert len(aside(store)) == 1


def test_older_versions_go_even_where_the_current_one_holds_nothing(council: Council) -> None:
    store = council.store()
    older = replace(store.version, number=0)
    (store.folder / "versions" / "000000.json").write_text(json.dumps(asdict(older)), encoding="utf-8")
    assert remove_rows(store, of_people(store, [("social_care", "nobody")])) == {}
    assert [path.stem for path in (store.folder / "versions").iterdir()] == [f"{store.version.number:06d}"]


def test_older_decisions_go_even_where_nothing_is_taken_out(tmp_path: Path) -> None:
    for _ in range(2):
        add_decisions(tmp_path, [{"kind": "decision", "child_id": "C"}])
    assert len(list((tmp_path / FOLDER).glob("decisions-*.parquet"))) == 2
    assert keep_only(tmp_path, pd.Series([True, True])) == 0
    assert len(list((tmp_path / FOLDER).glob("decisions-*.parquet"))) == 1 and len(read_decisions(tmp_path)) == 2
