"""A source that is late or lost stops the lists of those it concerns, and nobody else's; the reason is a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from explain_fixtures import fake_matrix, model_for, people_of
from features_material import AS_OF, ago, people, store

from early_id.config.settings import Config, FeatureSettings, ScreeningSettings, Source
from early_id.core.errors import PolicyError
from early_id.features.late import REMOVING, list_stops
from early_id.screening.lists import screen
from early_id.screening.write import write_lists
from early_id.workflow.words import not_made

WHO = people({"Ann": "F1", "Ben": "F2"})
ROWS: dict[str, dict[str, Any]] = {
    "wishes": {"child": "Ann", "kind": "not_this_way", "from_on": ago(400)},
    "early_help": {"child": "Ann", "offered_on": ago(400)},
    "contacts": {"child": "Ann", "contact_on": ago(400)},
    "household_members": {"child": "Ann", "household_id": "H", "role": "child", "from_on": ago(400)},
}
CFG = Config(sources=(Source(name="housing", shape="x", files="x"),))


@pytest.mark.parametrize("table", REMOVING)
def test_records_that_take_families_out_may_not_be_late(table: str) -> None:
    for days, late in ((62, 0), (63, 1)):
        made = store({table: [ROWS[table]]}, covers=[("housing", table, None, ago(days))])
        stops = list_stops(made, WHO, AS_OF, CFG)
        assert len(stops.everyone) == late
    with pytest.raises(PolicyError, match=f"records of {REMOVING[table]} from 'housing' end on 2025-01-15") as refused:
        stops.refuse()
    assert refused.value.exit_code == 4
    assert list_stops(made, WHO, AS_OF, CFG.model_copy(update={"features": FeatureSettings(covered_within_days=63)})).everyone == ()


def test_a_source_that_the_settings_no_longer_name_stops_nothing_nor_does_a_table_that_nobody_sends() -> None:
    made = store({"contacts": [ROWS["contacts"]]}, covers=[("an_old_one", "contacts", None, ago(300)), ("housing", "early_help", None, ago(300))])
    stops = list_stops(made, WHO, AS_OF, CFG)
    assert stops.everyone == () and stops.schools == {}
    stops.refuse()


def test_a_feature_only_source_that_is_late_stops_nothing() -> None:
    row = {"child": "Ann", "factor": "rent_arrears", "happened_on": ago(400)}
    made = store({"household_factors": [row]}, covers=[("housing", "household_factors", None, ago(300))])
    assert list_stops(made, WHO, AS_OF, CFG).everyone == ()


def mark(child: str, school: str, days: int) -> dict[str, Any]:
    return {"child": child, "school_id": school, "date": ago(days), "session": "AM", "code": "/"}


@pytest.mark.parametrize(("days", "late"), [(24, set()), (25, {"S2"})])
def test_a_school_whose_marks_end_long_before_the_others_gets_no_list(days: int, late: set[str]) -> None:
    made = store({"attendance": [mark("Ann", "S1", 3), mark("Ann", "S2", 500), mark("Ben", "S2", days)]})
    stops = list_stops(made, WHO, AS_OF, CFG)
    assert set(stops.schools) == late and stops.everyone == ()
    assert all(why == "Its marks end on 2025-02-22, those of other schools on 2025-03-16." for why in stops.schools.values())
    patient = CFG.model_copy(update={"screening": ScreeningSettings(marks_late_after_days=40)})
    assert list_stops(made, WHO, AS_OF, patient).schools == {}


def test_a_holiday_makes_nobody_late() -> None:
    made = store({"attendance": [mark("Ann", "S1", 45), mark("Ben", "S2", 47)]})
    assert list_stops(made, WHO, AS_OF, CFG).schools == {}


def test_the_list_that_is_not_made_is_told_to_the_sender_and_all_others_are_made(tmp_path: Any) -> None:
    matrix = fake_matrix(60)
    why = {"s1": "Its marks end on 2025-02-22, those of other schools on 2025-03-16."}
    model = model_for("school_lead", matrix)
    lists = screen(model, matrix, people_frame=people_of(matrix), capacity=2, stopped=why)  # type: ignore[arg-type]
    assert [one.recipient.id for one in lists.lists] == ["s0", "s2", "s3"]
    assert lists.findings.by_code()["LST003"] > 0 and lists.summary()["not_made"] == [{"recipient": "School 1", "why": why["s1"]}]
    write_lists(lists, tmp_path)
    assert "School 1</strong>: no list was made. Its marks end on" in (tmp_path / "lists/index.html").read_text(encoding="utf-8")
    assert not_made(lists) == ["NO LIST was made for School 1. Its marks end on 2025-02-22, those of other schools on 2025-03-16."]
    hubs = screen(model_for("hub_lead", matrix), matrix, people_frame=people_of(matrix), capacity=2, stopped=why)  # type: ignore[arg-type]
    assert hubs.not_made == ()


class _Read:
    """A store of which only the record of what was read matters."""

    def __init__(self, aside: list[int]) -> None:
        files = [
            [{"file": "wishes.csv", "table": "wishes", "rows_set_aside": n}, {"file": "a.csv", "table": "contacts", "rows_set_aside": 9}]
            for n in aside
        ]
        self.version = type("Version", (), {"batches": [{"files": part} for part in files]})()
        self._empty = store({})
        self.coverage, self.has = self._empty.coverage, self._empty.has


@pytest.mark.parametrize(("aside", "stopped"), [([2], True), ([2, 0], False), ([0, 1], True), ([], False)])
def test_a_wish_that_could_not_be_read_stops_every_list_until_it_was_corrected(aside: list[int], stopped: bool) -> None:
    stops = list_stops(_Read(aside), WHO, AS_OF, CFG)  # type: ignore[arg-type]
    assert bool(stops.everyone) is stopped
    assert "of the families' wishes could not be read" in stops.text or not stopped
