"""The rows behind a number: recomputing the value from them gives the value of the matrix, for every feature on random councils."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import pandas as pd
import pytest
from hypothesis import given
from test_features_twin import CALENDAR, CATALOGUE, examples

from early_id.config.settings import FeatureSettings
from early_id.features import evidence as evidence_module
from early_id.features.build import build_at
from early_id.features.evidence import YEAR_GROUP, Origin, evidence_rows
from early_id.features.past import Past
from early_id.testing.evidence import value_from
from early_id.testing.strategies import AS_OF, Council, councils


def _check(council: Council) -> int:
    """Compare every feature, each of another child; how many known values were compared."""
    store = council.store
    cohort = council.cohort.assign(as_of=pd.Timestamp(AS_OF)).set_axis([f"{c}@{AS_OF}" for c in council.cohort["child_id"]])
    values = build_at(Past(store, council.people, AS_OF), cohort, CATALOGUE, calendar=CALENDAR).values
    origin = Origin(store, council.people, FeatureSettings(), CALENDAR, cohort)
    known = 0
    for number, feature in enumerate(f for f in CATALOGUE if f.measure.kind != "custom"):
        held = values.index[values[feature.name].notna()]  # that nothing covers is no matter of rows
        if not len(held):
            continue
        row = held[number % len(held)]
        value = float(values.at[row, feature.name])
        rows = evidence_rows(origin, row, feature, value, left_out=False)
        again = value_from(rows.frame(), feature, AS_OF, rows.more.get(YEAR_GROUP))
        known += 1
        assert again is not None and abs(again - value) < 1e-12, (feature.name, value, again)
    return known


@examples(1)
@given(councils())
def test_the_rows_behind_a_number_give_the_number(council: Council) -> None:
    assert _check(council) > 20


@examples(1)
@given(councils())
def test_rows_that_were_not_counted_would_give_another(council: Council) -> None:
    """The property can fail: it does when evidence takes every row of the window for one that counts."""
    whole = evidence_module.marks_of

    def everything(*given: object) -> object:
        marks = whole(*given)  # type: ignore[arg-type]
        return replace(marks, hit=marks.inside, counted=marks.inside)

    with mock.patch.object(evidence_module, "marks_of", everything), pytest.raises(AssertionError):
        _check(council)
