"""Refits on families drawn anew: counts by state, no family named in what is written down."""

from __future__ import annotations

import json

import pytest

from early_id.models.refits import STATES, steadiness, with_steadiness
from early_id.models.train import train
from model_fixtures import SHARING, bar, fake_matrix, settings


def test_families_are_counted_by_how_often_they_are_listed() -> None:
    matrix = fake_matrix(500, seed=5)
    chosen = settings(models=("logistic",), put_forward="logistic", resamples=50, baselines=("absence",), refits=12, families_folds=2)
    trial = train(matrix, chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=30)
    found = steadiness(trial, matrix, chosen, sharing=SHARING)
    assert sum(found.counts.values()) == found.listed == 30
    assert found.as_of == "2025-11-03", "today's list, not that of the test date"
    frame = found.frame()
    assert (frame.loc[frame["state"] == "steady", "share"] >= STATES["steady"]).all()
    assert frame["share"].sum() == pytest.approx(30), "every refit lists as many families as there are places"
    assert found.share_steady == found.counts["steady"] / 30
    assert found.to_json() | {"seconds": 0} == steadiness(trial, matrix, chosen, sharing=SHARING).to_json() | {"seconds": 0}
    text = json.dumps(with_steadiness(trial, found).to_json()["further"]["stability"], allow_nan=False)
    assert not any(str(family) in text for family in frame.index)
    assert "<svg" in found.plot()
