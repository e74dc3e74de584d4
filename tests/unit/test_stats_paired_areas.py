"""AUC with its error: the same area as elsewhere, and an error that agrees with resampling whole families."""

from __future__ import annotations

import numpy as np
import pytest

from early_id.stats.metrics import auc, ranking
from early_id.stats.paired_areas import placements
from early_id.stats.resample import clustered_draws


def test_area_and_error() -> None:
    rng = np.random.default_rng(3)
    family = np.repeat(np.arange(300), 4)
    shared = rng.normal(size=300)[family]
    y = (rng.normal(size=1200) * 0.3 + rng.normal(size=300)[family] + shared > 1).astype(float)
    score = np.round(shared + 0.3 * rng.normal(size=1200), 1)
    found = placements(y, score)
    assert found.auc == pytest.approx(auc(y, score), abs=1e-12)
    draws = clustered_draws({"auc": ranking(y, score).auc}, family, resamples=800, seed=1)["auc"]
    assert found.error(family) == pytest.approx(np.std(draws), rel=0.12)
    assert found.error(family) > 1.5 * found.error(np.arange(1200)), "rows of one family are not independent"


def test_differences_are_paired() -> None:
    y = np.r_[np.ones(50), np.zeros(150)]
    score = np.random.default_rng(1).normal(size=200) + y
    same = placements(y, score) - placements(y, score) * 1.0
    assert same.auc == 0 and same.error(np.arange(200)) == 0
    assert (placements(y, score) + placements(y, score)).auc == pytest.approx(2 * auc(y, score))
