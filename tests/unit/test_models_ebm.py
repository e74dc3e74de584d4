"""The explainable boosting machine stops by families that it has not seen: its inner bags never part one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from early_id.models import ebm, fitting
from early_id.models.train import train
from model_fixtures import SHARING, bar, fake_matrix, settings


def parted(bags: np.ndarray, family: np.ndarray) -> int:
    """Families of which a bag learns from some rows and judges by others, over all bags."""
    order = np.argsort(family, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(family[order]) != 0])
    return int(sum((np.maximum.reduceat(bag[order], starts) != np.minimum.reduceat(bag[order], starts)).sum() for bag in bags))


def test_a_bag_sets_whole_families_apart_about_one_in_seven() -> None:
    rng = np.random.default_rng(3)
    family, y = rng.integers(0, 700, 3000), (rng.random(3000) < 0.1).astype(np.int64)
    bags = ebm._bags(y, family, 8, seed=1)
    assert bags.shape == (8, 3000) and set(np.unique(bags)) == {-1, 1}
    assert parted(bags, family) == 0
    assert (bags == -1).mean() == pytest.approx(ebm.SET_APART, abs=0.03)
    assert len({bag.tobytes() for bag in bags}) == 8, "each bag sets others apart"
    assert parted(ebm._bags(y, None, 8, seed=1), family) > 0, "what is asked here can fail"


def test_in_a_trial_the_machine_is_given_bags_of_whole_families(monkeypatch: pytest.MonkeyPatch) -> None:
    interpret = pytest.importorskip("interpret.glassbox", reason="interpret-core is not installed: pip install 'early-id[ebm]'")
    given: list[tuple[np.ndarray, np.ndarray]] = []
    groups_of: list[np.ndarray] = []
    make_bags = ebm._bags

    class Machine(interpret.ExplainableBoostingClassifier):  # type: ignore[misc, name-defined]
        def fit(self, X: Any, y: Any, **more: Any) -> Any:
            given.append((more["bags"].T, groups_of[-1]))
            return super().fit(X, y, **more)

    def bags(y: Any, groups: Any, number: int, seed: int) -> Any:
        groups_of.append(np.asarray(groups))
        return make_bags(y, groups, number, seed)

    monkeypatch.setattr(ebm, "_interpret", lambda: Machine)
    monkeypatch.setattr(ebm, "_bags", bags)
    quick = replace(fitting.LEARNED["ebm"], make=lambda features, _: ebm.GroupedEBM(outer_bags=2, max_rounds=5))
    monkeypatch.setitem(fitting.LEARNED, "ebm", quick)
    matrix = fake_matrix(200, seed=2)
    chosen = settings(models=("ebm",), put_forward="ebm", families_folds=2, resamples=50, baselines=(), comparators=())
    train(matrix, chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=20)
    assert len(given) == 4, "two folds, with known families left in, and for the next lists"
    for found, family in given:
        assert found.shape == (2, len(family)) and len(np.unique(family)) < len(family) / 2, "dates and siblings of one family stand in many rows"
        assert parted(found, family) == 0
