"""Where no household records are sent nobody could be kept back for safety: the lists say so instead of taking every contact for safe."""

from __future__ import annotations

from datetime import date

import pytest
from explain_fixtures import fake_matrix, model_for, people_of

from early_id.config.settings import Config
from early_id.linkage import link_people
from early_id.screening.lists import screen
from early_id.screening.words import NO_MARKS, how_to_read
from early_id.testing.memory_store import MemoryStore
from early_id.workflow.steps import CONTACT_MARKS, people_frame

DAY, LONG_AGO = date(2025, 3, 17), date(2020, 9, 1)
PUPIL = {
    "source": "education", "source_person_id": "1", "forename": "Ana", "surname": "Reed", "birth_date": date(2013, 5, 1),
    "recorded_on": LONG_AGO, "known_from": LONG_AGO,
}  # fmt: skip
AT_HOME = {
    "source": "education", "source_person_id": "1", "household_id": "h", "role": "child", "from_on": LONG_AGO, "known_from": LONG_AGO,
    "safe_contact": True, "protected_address": False, "no_joint_contact": False,
}  # fmt: skip


@pytest.mark.parametrize(("households", "held"), [([], False), ([AT_HOME], True)])
def test_marks_are_missing_where_no_household_record_is_held(households: list[dict], held: bool) -> None:
    rows = {
        "pupils": [PUPIL],
        "enrolments": [{"source_person_id": "1", "school_id": "S1", "start_on": LONG_AGO, "nc_year": "7"}],
        "schools": [{"school_id": "S1", "name": "One", "hub_id": "H1"}],
        "household_members": households,
    }
    store = MemoryStore(rows)
    frames = [store.table(name).execute() for name in ("pupils", "household_members")]
    frame = people_frame(store, link_people(*frames, key="k"), DAY, settings=Config())
    assert len(frame) == 1 and frame[list(CONTACT_MARKS)].notna().all(axis=None) == held


@pytest.mark.parametrize("audience", ["school_lead", "hub_lead"])
def test_a_list_without_marks_says_whom_to_ask_before_the_first_contact(audience: str) -> None:
    matrix = fake_matrix()
    people, model = people_of(matrix), model_for(audience, matrix)
    for frame, said in ((people, False), (people.assign(**dict.fromkeys(CONTACT_MARKS)), True)):
        lists = screen(model, matrix, people_frame=frame, capacity=3).lists
        assert lists and all((NO_MARKS in dict(how_to_read(one))["Who to speak to first"]) == said for one in lists)
