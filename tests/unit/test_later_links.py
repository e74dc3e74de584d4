"""A list that is made for a date before the newest linking leaves out whom a link found since takes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from features_material import AS_OF, people, store

from early_id.config.settings import Config
from early_id.features import COUNCIL
from early_id.features.cohort import REASONS
from early_id.features.later_links import taken_out_since
from early_id.features.past import Past
from early_id.linkage import People
from early_id.linkage.history import found_on
from early_id.workflow import steps

LONG_AGO = date(2020, 9, 1)
BORN = date(2012, 5, 4)
ROWS: dict[str, list[dict[str, Any]]] = {
    "pupils": [{"child": name, "birth_date": BORN + timedelta(days=30 * n), "known_from": LONG_AGO} for n, name in enumerate(("Ann", "Bea", "Cat"))],
    "enrolments": [{"child": name, "school_id": "S1", "start_on": LONG_AGO, "nc_year": "8"} for name in ("Ann", "Bea", "Cat")],
    "schools": [{"school_id": "S1", "hub_id": "H1"}],
    "statutory": [{"source": "social_care", "source_person_id": "C1", "status": "CIN", "start_on": LONG_AGO}],
}


@dataclass(frozen=True)
class Held:
    """What ``screen`` needs of a matrix."""

    index: pd.DataFrame
    excluded: pd.DataFrame


def linked(found: date) -> People:
    """Ann, Bea and Cat, and a record of social care that a linking of ``found`` joined to Ann."""
    made = people({"Ann": "F1", "Bea": "F2", "Cat": "F1"})
    late = pd.DataFrame(
        [{"source": "social_care", "source_person_id": "C1", "child_id": "Ann", "known_from": found_on(pd.Timestamp(found)), "trust": 1.0}]
    )
    return replace(made, person_links=pd.concat([made.person_links, late.assign(known_to=pd.NaT)], ignore_index=True))


@pytest.mark.parametrize(
    ("found", "listed", "since"), [(AS_OF, {"Bea", "Cat"}, set()), (AS_OF + timedelta(days=1), {"Ann", "Bea", "Cat"}, {"Ann", "Cat"})]
)
def test_a_link_of_the_day_takes_out_of_the_cohort_and_a_later_one_of_the_list(
    found: date, listed: set[str], since: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, who, cfg = store(ROWS), linked(found), Config()
    vars(held)["folder"] = None
    cohort = COUNCIL.cohort(Past(held, who, AS_OF), cfg)
    assert set(cohort.index["child_id"]) == listed
    out = taken_out_since(Past(held, who, AS_OF), cohort.index, COUNCIL.cohort, cfg)
    assert set(out["child_id"]) == since
    given: list[Any] = []
    status = SimpleNamespace(require=lambda: None, require_model=lambda _: None)
    for name, stands in {
        "early_id.workflow.governing.approval_for": lambda *_: status, "early_id.screening.history.earlier_lists": lambda *_: None,
        "early_id.screening.lists.screen": lambda _, matrix, **__: given.append(matrix.excluded),
    }.items():  # fmt: skip
        monkeypatch.setattr(name, stands)
    stops = SimpleNamespace(refuse=lambda: None, schools={})
    for name in ("no_statutory", "check_model_sharing", "people_frame", "places"):
        monkeypatch.setattr(steps, name, lambda *_, **__: None)
    monkeypatch.setattr(steps, "stops_of", lambda *_, **__: stops)
    steps.screen(SimpleNamespace(audience="hub_lead"), Held(cohort.index, cohort.excluded), store=held, people=who, settings=cfg)  # type: ignore[arg-type]  # what screening reads of each, no more
    reasons = given[0].set_index(["child_id", "audiences"])["reason"]
    assert reasons["Ann", "all"] == REASONS["child_in_need"] and reasons["Cat", "school_lead"] == REASONS["household_open"]
