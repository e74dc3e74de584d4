"""Our ranking measures are scikit-learn's, to 1e-12, with ties and weights."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from early_id.stats.metrics import auc, average_precision, brier


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_equal_to_scikit_learn(seed: int, decimals: int) -> None:
    rng = np.random.default_rng(seed)
    n = 300
    y = np.r_[1.0, 0.0, (rng.random(n - 2) < 0.15)].astype(float)
    score = np.round(rng.normal(size=n) + y, decimals)
    p = rng.random(n)
    weight = rng.integers(0, 4, n) + np.r_[1, 1, np.zeros(n - 2)]
    assert auc(y, score) == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    assert auc(y, score, weight) == pytest.approx(roc_auc_score(y, score, sample_weight=weight), abs=1e-12)
    assert average_precision(y, score) == pytest.approx(average_precision_score(y, score), abs=1e-12)
    assert average_precision(y, score, weight) == pytest.approx(average_precision_score(y, score, sample_weight=weight), abs=1e-12)
    assert brier(y, p) == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert brier(y, p, weight) == pytest.approx(brier_score_loss(y, p, sample_weight=weight), abs=1e-12)
