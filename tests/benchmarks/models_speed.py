"""One model on one number of rows, in a process of its own: fit, score, explain, what it finds, and the most memory it took.

python tests/benchmarks/models_speed.py additive 10000
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

FEATURES, FRESH = 90, 100_000


def make(rows: int, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Counts and shares of children in families, 5 % unknown; a third of the features have an effect, some bend; about 6 in 100 outcomes."""
    truth = np.random.default_rng(0)  # the same for every draw
    load, weight = truth.uniform(0, 0.7, FEATURES), np.where(np.arange(FEATURES) % 3 == 0, truth.uniform(0.02, 0.14, FEATURES), 0.0)
    rng = np.random.default_rng(seed + 1)
    family = np.repeat(np.arange(rows), rng.integers(1, 4, rows))[:rows]
    need = 0.6 * rng.normal(size=rows)[family] + 0.8 * rng.normal(size=rows)
    columns, score = {}, np.full(rows, -3.15)
    for j in range(FEATURES):
        latent = load[j] * need + np.sqrt(1 - load[j] ** 2) * rng.normal(size=rows)
        values = rng.poisson(np.exp(latent - 1)).astype(float) if j % 2 else np.round(1 / (1 + np.exp(2.5 - latent)), 4)
        effect = np.log1p(values) if j % 2 else 3 * values
        score += weight[j] * (effect - effect.mean()) / effect.std()
        columns[f"f{j:02d}"] = np.where(rng.random(rows) < 0.05, np.nan, values)
    y = (rng.random(rows) < 1 / (1 + np.exp(-score))).astype(float)
    return pd.DataFrame(columns), y, family


def additive() -> Any:
    from early_id.models.additive import MonotoneAdditive

    return MonotoneAdditive((1,) * FEATURES)


def grouped_ebm() -> Any:
    from early_id.models.ebm import GroupedEBM

    return GroupedEBM((1,) * FEATURES)


def interpret_defaults() -> Any:
    from interpret.glassbox import ExplainableBoostingClassifier

    return ExplainableBoostingClassifier(n_jobs=1)


def with_interactions() -> Any:
    from early_id.models.challenger import Challenger

    return Challenger()


MODELS: dict[str, Callable[[], Any]] = {
    "additive": additive, "grouped_ebm": grouped_ebm, "interpret_defaults": interpret_defaults, "with_interactions": with_interactions
}  # fmt: skip


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    clock, processor = time.perf_counter(), time.process_time()
    answer = work()
    return answer, {"clock": time.perf_counter() - clock, "processor": time.process_time() - processor}


def measure(name: str, rows: int) -> dict[str, Any]:
    """Seconds by the clock and of processor time, AUC and average precision on fresh rows, exactness, peak memory in gigabytes."""
    from threadpoolctl import threadpool_limits

    from early_id.stats.metrics import auc, average_precision

    X, y, family = make(rows, 1)
    model, found = MODELS[name](), {"model": name, "rows": rows}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extra = {"groups": family} if name == "grouped_ebm" else {}
        _, found["fit"] = timed(lambda: model.fit(X, y, **extra))
        found["peak_gb_fit"] = peak()
        score: np.ndarray
        score, found["score"] = timed(lambda: (model.decision_function if name == "interpret_defaults" else model.score_log_odds)(X))
        if name in ("additive", "grouped_ebm"):
            terms, found["explain"] = timed(lambda: model.contributions(X))
            found["exact_to"] = float(np.max(np.abs(terms.to_numpy().sum(axis=1) - score)))
        elif name == "interpret_defaults":
            terms, found["explain"] = timed(lambda: model.eval_terms(X))
            found["exact_to"] = float(np.max(np.abs(terms.sum(axis=1) + float(np.ravel(model.intercept_)[0]) - score)))
        found["peak_gb"] = peak()
        fresh, truth, _ = make(FRESH, 2)
        ranked = (model.decision_function if name == "interpret_defaults" else model.score_log_odds)(fresh)
    found["auc"], found["average_precision"] = auc(truth, ranked), average_precision(truth, ranked)
    return found


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
