"""The engine and its slow twin give the same answers on random councils; time is cut; codes that may not be used change nothing."""

from __future__ import annotations

import os
from datetime import timedelta
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from early_id.core.calendar import usual_calendar
from early_id.features import catalogue
from early_id.features import past as past_module
from early_id.features.build import build_at
from early_id.features.past import Past
from early_id.testing.evaluator import Twin
from early_id.testing.strategies import AS_OF, Council, councils

CALENDAR = usual_calendar()
CATALOGUE = catalogue()
#: More examples in the nightly run; each builds the whole catalogue through the engine.
FACTOR = int(os.environ.get("EARLY_ID_RUN_FACTOR", "1"))


def examples(n: int) -> settings:
    # Shrinking takes minutes, because each example goes through the engine; the nightly run shrinks.
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if FACTOR > 1 else [])]
    return settings(max_examples=n * FACTOR, deadline=None, phases=phases, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def build(council: Council) -> pd.DataFrame:
    return build_at(Past(council.store, council.people, AS_OF), council.cohort, CATALOGUE, calendar=CALENDAR).values


@examples(12)
@given(councils())
def test_the_engine_agrees_with_its_twin_on_every_feature(council: Council) -> None:
    twin = Twin(council.store, council.people, AS_OF, CALENDAR).frame(council.cohort, CATALOGUE)
    pd.testing.assert_frame_equal(build(council), twin, check_exact=False, rtol=0, atol=1e-12)


def _later(row: dict, how: str) -> dict:
    """The row as one that happened, became known, or was corrected away at the date or after it."""
    if how == "known later":
        return {**row, "known_from": AS_OF + timedelta(days=3), "known_to": None}
    if how == "known on the day":
        return {**row, "known_from": AS_OF, "known_to": None}
    moved = {name: AS_OF + timedelta(days=1) for name in ("date", "start_on", "happened_on", "contact_on", "from_on") if row.get(name) is not None}
    if "started_at" in row:
        moved["started_at"] = pd.Timestamp(AS_OF + timedelta(days=1)).to_pydatetime()
    return {**row, **moved, "known_from": AS_OF - timedelta(days=20), "known_to": None}


@examples(8)
@given(councils(), st.sampled_from(["known later", "known on the day", "happened later"]))
def test_rows_dated_or_known_on_or_after_the_date_change_nothing(council: Council, how: str) -> None:
    more = {name: [*rows, *(_later(row, how) for row in rows)] for name, rows in council.rows.items()}
    pd.testing.assert_frame_equal(build(council), build(Council(more, council.people, council.cohort)))


@examples(5)
@given(councils())
def test_rows_corrected_on_or_after_the_date_still_count(council: Council) -> None:
    closed = {
        name: [{**row, "known_to": row["known_to"] or max(AS_OF, row["known_from"] + timedelta(days=1))} for row in rows]
        for name, rows in council.rows.items()
    }
    pd.testing.assert_frame_equal(build(council), build(Council(closed, council.people, council.cohort)))


def test_without_the_cut_later_rows_do_change_features() -> None:
    """The leak property can fail: it does when the cut is taken out."""
    mark = {"source_person_id": "P0", "school_id": "S1", "session": "AM", "code": "O"}
    days = [AS_OF - timedelta(days=n) for n in range(1, 60)]
    rows = {"attendance": [{**mark, "date": day, "code": "/"} for day in days]}
    later = {"attendance": [*rows["attendance"], *({**mark, "session": "PM", "date": day, "known_from": AS_OF + timedelta(days=9)} for day in days)]}
    links = pd.DataFrame({"source": ["education"], "source_person_id": ["P0"], "child_id": ["C0"]})
    links = links.assign(known_from=pd.Timestamp("2010-01-01"), known_to=pd.NaT, trust=1.0)
    from early_id.linkage.people import People, _spells

    people = People(links, _spells(None, links, "k"), key="k")
    cohort = pd.DataFrame({"child_id": ["C0"], "family_id": ["F0"], "school_id": ["S1"]})
    plain, more = Council(rows, people, cohort), Council(later, people, cohort)
    pd.testing.assert_frame_equal(build(plain), build(more))
    with mock.patch.object(past_module, "known_at", lambda rows, moment, table: rows), pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(build(plain), build(more))


@examples(8)
@given(councils(), st.randoms(use_true_random=False))
def test_marks_that_may_not_be_used_and_order_of_rows_change_nothing(council: Council, random: object) -> None:
    """R and T read as present, Y5 as another unavoidable cause; rows may come in any order."""
    instead = {"R": "/", "T": "\\", "Y5": "Y7"}
    changed = {name: random.sample(rows, len(rows)) for name, rows in council.rows.items()}  # type: ignore[attr-defined]
    changed["attendance"] = [{**row, "code": instead.get(row["code"], row["code"])} for row in changed["attendance"]]
    pd.testing.assert_frame_equal(build(council), build(Council(changed, council.people, council.cohort)))


def test_a_source_that_was_never_given_leaves_features_unknown() -> None:
    links = pd.DataFrame({"source": ["education"], "source_person_id": ["P0"], "child_id": ["C0"]})
    links = links.assign(known_from=pd.Timestamp("2010-01-01"), known_to=pd.NaT, trust=1.0)
    from early_id.linkage.people import People, _spells

    people = People(links, _spells(None, links, "k"), key="k")
    cohort = pd.DataFrame({"child_id": ["C0"], "family_id": ["F0"], "school_id": ["S1"]})
    values = build(Council({"enrolments": []}, people, cohort))
    assert np.isnan(values.to_numpy()).all()
