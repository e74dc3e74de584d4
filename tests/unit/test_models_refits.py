"""Refits on families drawn anew: counts by state, no family named in what is written down."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from early_id.config.settings import Config, TrainingSettings
from early_id.models.refits import STATES, steadiness, with_steadiness
from early_id.models.train import train
from early_id.report.comparison_judged import FULL_REFITS
from early_id.workflow.governing import _with_refits, facts
from model_fixtures import SHARING, bar, fake_matrix, settings


def test_fifty_refits_are_made_whatever_the_verdict_unless_the_settings_say_otherwise() -> None:
    usual = TrainingSettings()
    assert usual.refits == usual.refits_to_show == FULL_REFITS == 50


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


@pytest.mark.parametrize(
    ("verdict", "changes", "refits", "judged"),
    [
        ("cannot tell", {"refits_to_show": 10}, 10, False),
        ("ready for approval", {"refits_to_show": 10}, 12, True),
        ("cannot tell", {"refits_to_show": 0}, None, False),
        ("use the rule instead", {"refits_to_show": 11}, 11, False),
    ],
)
def test_how_steady_a_list_is_is_shown_whatever_the_verdict_and_judged_on_all_refits_alone(
    verdict: str, changes: dict[str, int], refits: int | None, judged: bool
) -> None:
    matrix = fake_matrix(150, seed=5)
    chosen = settings(models=("logistic",), put_forward="logistic", resamples=50, baselines=("absence",), refits=12, families_folds=2, **changes)
    acceptance = bar(audiences={"hub_lead": {"margin_precision": 0, "margin_recall": 0, "steady_at_least": 0.1}})
    trial = train(matrix, chosen, acceptance=acceptance, audience="hub_lead", sharing=SHARING, capacity=20)
    trial = replace(trial, verdict=verdict)
    cfg = Config(training=chosen, acceptance=acceptance, sharing=SHARING)  # type: ignore[arg-type]
    bench = SimpleNamespace(cfg=cfg, store=SimpleNamespace(version=SimpleNamespace(batches=[])))
    refitted = _with_refits(bench, trial, matrix)  # type: ignore[arg-type]
    assert refitted.further.stability.get("refits") == refits
    assert (facts(bench, matrix, refitted).steady is not None) is judged  # type: ignore[arg-type]
