"""After a split, a request about one child touches nothing of the other."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from early_id.core.errors import InputDataError, SettingsError
from early_id.data.decisions import add_decisions
from early_id.features.trace import child_of
from early_id.linkage.people import People
from early_id.screening.answers import RECORD_WRONG
from early_id.workflow.access import held_about, write_access
from early_id.workflow.reviewing import FAMILY, records_said_wrong
from early_id.workflow.rights import _links_of, _record_at
from intake import GOOD, PERSON, PUPIL, Council

SPLIT = pd.Timestamp("2025-03-01")


@pytest.fixture
def people() -> People:
    """C1 and C2 at social care were one child, C, until the split; C2 is D's since."""
    links = pd.DataFrame(
        [("social_care", "C1", "C", None), ("social_care", "C2", "C", SPLIT), ("social_care", "C2", "D", None), ("education", "P9", "E", SPLIT)],
        columns=["source", "source_person_id", "child_id", "known_to"],
    )
    links["known_to"] = pd.to_datetime(links["known_to"])
    return People(links, pd.DataFrame())


def test_only_records_linked_now_are_erased_or_said_to_be_wrong(people: People) -> None:
    assert _links_of(people, "C")["source_person_id"].tolist() == ["C1"]
    assert _record_at(people, "D", "social_care") == ("social_care", "C2")
    with pytest.raises(SettingsError, match="No record is linked to the child any more"):
        _links_of(people, "E")
    found = pd.DataFrame([{"decision": RECORD_WRONG, "child_id": "C", "audience": FAMILY, "recipient": "social_care"}])
    found = found.assign(list_as_of="2025-03-02", decided_on="", role="", reason="", notes="")
    bench: Any = SimpleNamespace(store=SimpleNamespace(has=lambda name: False))
    assert records_said_wrong(bench, people, found)["source_person_id"].tolist() == ["C1"]


def test_a_number_names_the_child_whose_record_it_is_now(people: People) -> None:
    assert child_of(people, "social_care/C2") == "D" and child_of(people, "social_care/C1") == child_of(people, "C") == "C"
    assert child_of(people, "education/P9") == "E"  # nobody's any more: whoever had it last
    with pytest.raises(InputDataError, match="No child is known"):
        child_of(people, "social_care/C3")


def test_access_prints_no_row_of_the_other_child(people: People, tmp_path: Path) -> None:
    council = Council(tmp_path).put_good("schools")
    council.put("pupils", PUPIL)
    council.put("people", PERSON, {**PERSON, "source_person_id": "C2", "upn": ""})
    contact = GOOD["contacts"][2]
    council.put("contacts", contact, {**contact, "source_person_id": "C2"})
    council.ingest()
    store = council.store()
    bench: Any = SimpleNamespace(store=store, cfg=store.settings)
    told = held_about(bench, people, "C")
    assert told.tables["contacts"]["source_person_id"].unique().tolist() == ["C1"]
    assert all(set(rows["source_person_id"]) == {"C1"} for rows in told.tables.values())


def test_what_stands_under_an_id_that_a_merge_gave_up_is_the_childs(people: People) -> None:
    """C2 was X's until it was merged into C, and shared the id Y with D's record before that."""
    links = pd.DataFrame(
        [
            ("s", "C1", "C", None),
            ("s", "C2", "X", SPLIT),
            ("s", "C2", "Y", SPLIT),
            ("s", "D1", "Y", SPLIT),
            ("s", "C2", "C", None),
            ("s", "D1", "D", None),
        ],
        columns=["source", "source_person_id", "child_id", "known_to"],
    )
    found = People(links, pd.DataFrame())
    assert found.ids_of([("s", "C1"), ("s", "C2")]) == {"C", "X"} and found.ids_of([]) == frozenset()


def test_access_tells_of_nobody_else_and_not_where_a_protected_family_lives(tmp_path: Path) -> None:
    council = Council(tmp_path).put_good("schools", "school_contacts", "family_groups")
    council.put("pupils", {**PUPIL, "postcode": "M1 1AA"})
    council.put("people", PERSON, {**PERSON, "source_person_id": "C9", "upn": ""})
    row = GOOD["relationships"][2]
    council.put("relationships", row, {**row, "source_person_id": "C9", "other_person_id": "C1", "relation": "child"})
    homes = [{**GOOD["household_members"][2], "source_person_id": number} for number in ("C1", "C9")]
    council.put("household_members", homes[0], homes[1])
    council.ingest()
    links = pd.DataFrame(
        [("education", "P1", "C", None), ("social_care", "C1", "C", None), ("social_care", "C9", "M", None), ("social_care", "C1", "X", SPLIT)],
        columns=["source", "source_person_id", "child_id", "known_to"],
    )
    links["known_to"] = pd.to_datetime(links["known_to"])
    people, store = People(links, pd.DataFrame()), council.store()
    bench: Any = SimpleNamespace(store=store, cfg=store.settings)
    add_decisions(store.folder, [{"kind": "decision", "child_id": "X", "decision": "asked under the former id"}])
    told = held_about(bench, people, "C")
    assert told.tables["pupils"]["postcode"].dropna().tolist() == ["M1 1AA"] and len(told.tables["decisions"]) == 1
    assert not {"relationships", "family_groups", "school_contacts"} & set(told.tables)
    # Both rows of the mother: the child's own, and hers that names the child.
    assert sorted(note[:2] for note in told.notes if "tell of other people too" in note) == ["1 ", "1 ", "2 "]
    text = "".join(path.read_text(encoding="utf-8") for path in write_access(tmp_path / "told", told, bench, date(2025, 3, 4)))
    assert "P1" in text and not [word for word in ("Eva", "mother", "C9", "CT1") if word in text]
    council.put("household_members", homes[0], {**homes[1], "protected_address": "Y"})
    council.ingest("2025-03-10")
    bench.store = council.store()
    told = held_about(bench, people, "C")
    assert "postcode" not in told.tables["pupils"] and [note for note in told.notes if "is protected" in note]
