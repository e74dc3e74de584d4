"""Urgent signs: found when rows come in, once, for a named person, and loud until receipt is recorded."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from early_id.core.errors import InputDataError
from early_id.data.urgent import unacknowledged
from intake import GOOD, PERSON, Council, Row

FACTOR: Row = {**GOOD["household_factors"][2], "factor": "11A", "happened_on": "2025-02-20"}
EPISODE: Row = {**GOOD["missing_episodes"][2], "started_at": "2025-02-25 21:00:00", "ended_at": ""}
SECTION_47: Row = {"source_person_id": "C1", "contact_on": "2025-02-26", "contact_source": "section_47"}
CONTACT: Row = {"source_person_id": "C1", "contact_on": "2025-02-27", "contact_source": "school", "outcome": "advice", "outcome_on": "2025-02-27"}


@pytest.fixture
def council(tmp_path: Path) -> Council:
    made = Council(tmp_path)
    made.put("people", PERSON, {**PERSON, "source_person_id": "C2", "upn": ""})
    return made


def signs(council: Council, received: str = "2025-03-03") -> list[tuple[str, str]]:
    """Sign and date of every row of the urgent file that an intake writes."""
    batch = council.ingest(received)
    assert (batch.urgent_file is None) == (batch.urgent == 0)
    if batch.urgent_file is None:
        return []
    rows = pd.read_csv(batch.urgent_file, dtype=str)
    assert len(rows) == batch.urgent
    return list(rows[["sign", "happened_on"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("table", "row", "sign"),
    [
        ("household_factors", FACTOR, ("restricted factor recorded", "2025-02-20")),
        ("missing_episodes", EPISODE, ("missing episode still open", "2025-02-25")),
        ("contacts", SECTION_47, ("section 47 contact awaiting an outcome", "2025-02-26")),
    ],
)
def test_each_sign_of_the_closed_list_is_found(council: Council, table: str, row: Row, sign: tuple[str, str]) -> None:
    council.put(table, row)
    assert signs(council) == [sign]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("household_factors", {**FACTOR, "factor": "4B"}),
        ("household_factors", {**FACTOR, "happened_on": "2024-12-02"}),
        ("missing_episodes", {**EPISODE, "ended_at": "2025-02-26 09:00:00"}),
        ("contacts", {**SECTION_47, "outcome": "enquiry", "outcome_on": "2025-02-27"}),
        ("contacts", {**SECTION_47, "contact_source": "school"}),
    ],
    ids=["ordinary factor", "factor of 91 days ago", "episode over", "outcome there", "other contact"],
)
def test_old_closed_and_ordinary_records_are_not_urgent(council: Council, table: str, row: Row) -> None:
    council.put(table, row)
    assert signs(council) == []


def test_a_factor_of_ninety_days_ago_still_is(council: Council) -> None:
    council.put("household_factors", {**FACTOR, "happened_on": "2024-12-03"})
    assert len(signs(council)) == 1


def test_a_sign_is_told_once(council: Council) -> None:
    council.put("household_factors", FACTOR)
    council.put("missing_episodes", EPISODE)
    assert len(signs(council)) == 2
    council.put("household_factors", FACTOR, {**FACTOR, "source_person_id": "C2"})
    council.put("missing_episodes", EPISODE, {**EPISODE, "source_person_id": "C2", "ended_at": "2025-02-26 00:00:00"})
    assert signs(council, "2025-03-10") == [("restricted factor recorded", "2025-02-20")]  # that of the other child
    council.put("household_factors", {**FACTOR, "source_person_id": "C2"})
    assert signs(council, "2025-03-17") == []


def test_a_sign_that_a_source_sends_late_is_told_all_the_same(council: Council) -> None:
    council.put("household_factors", {**FACTOR, "factor": "4B"})
    assert signs(council, "2025-03-03") == []
    # Dated, and by its lag taken to be known, well before the last batch; but nobody here had it.
    council.put("household_factors", {**FACTOR, "factor": "4B"}, {**FACTOR, "happened_on": "2025-01-20"})
    assert signs(council, "2025-03-10") == [("restricted factor recorded", "2025-01-20")]


def test_a_contact_after_the_sign_means_that_someone_knows(council: Council) -> None:
    council.put("household_factors", FACTOR)
    council.put("contacts", CONTACT)
    assert signs(council) == []


@pytest.mark.parametrize("change", [{"contact_on": "2025-02-20", "outcome_on": ""}, {"source_person_id": "C2"}], ids=["same day", "other child"])
def test_an_earlier_contact_or_one_about_another_child_does_not(council: Council, change: Row) -> None:
    council.put("household_factors", FACTOR)
    council.put("contacts", {**CONTACT, **change})
    assert len(signs(council)) == 1


def test_a_contact_that_the_store_holds_already_counts_too(council: Council) -> None:
    council.put("contacts", CONTACT)
    council.put("household_factors", {**FACTOR, "factor": "4B"})
    council.ingest("2025-03-03")
    council.put("household_factors", FACTOR)
    assert signs(council, "2025-03-10") == []
    council.put("household_factors", {**FACTOR, "happened_on": "2025-02-28"})
    assert len(signs(council, "2025-03-17")) == 1


def test_settings_can_narrow_the_list(council: Council) -> None:
    council.settings["urgent"] = {"open_missing_episode": False, "section_47_contact_awaiting_outcome": False, "factors_within_days": 5}
    council.put("household_factors", FACTOR)
    council.put("missing_episodes", EPISODE)
    council.put("contacts", SECTION_47)
    assert signs(council) == []


def test_receipt_is_recorded_by_role_and_ends_the_reminder(council: Council) -> None:
    council.put("household_factors", FACTOR)
    council.ingest()
    store = council.store()
    [note] = unacknowledged(store.folder)
    assert (note["batch"], note["signs"], note["for"]) == (1, 1, "the duty officer of children's social care")
    assert store.acknowledge(by_role="duty officer", on=date(2025, 3, 4)) == 1
    assert unacknowledged(store.folder) == [] and store.acknowledge(by_role="duty officer", on=date(2025, 3, 5)) == 0
    kept = json.loads((store.folder / "urgent" / "000001.json").read_text(encoding="utf-8"))
    assert (kept["acknowledged_on"], kept["acknowledged_by_role"], kept["signs"]) == ("2025-03-04", "duty officer", 1)


def test_what_is_printed_holds_no_person(council: Council) -> None:
    council.put("household_factors", FACTOR)
    batch = council.ingest()
    said = json.dumps(batch.to_json())
    assert batch.to_json()["urgent"]["acknowledged"] is False
    assert "11A" not in said and "C1" not in said
    assert "C1" not in json.dumps(unacknowledged(council.store().folder))


def test_a_damaged_note_is_never_taken_for_acknowledged(council: Council) -> None:
    council.put("household_factors", FACTOR)
    council.ingest()
    (council.store().folder / "urgent" / "000001.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputDataError, match="urgent file cannot be read"):
        unacknowledged(council.store().folder)
