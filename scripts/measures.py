"""Measure the figures that READMEs and notes quote: one function a figure, on the small made-up material of the tests.

Each function gives the numbers of one figure, in the order in which the page says them. `figures.py` holds the table.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "unit")]

Numbers = tuple[float, ...]


def seconds(work: Callable[[], object]) -> float:
    """Processor time of the quickest of three runs: other work on the machine only ever adds."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def environment_size() -> Numbers:
    """Gigabytes of the virtual environment that is running this."""
    return (sum(path.stat().st_size for path in Path(sys.prefix).rglob("*") if path.is_file() and not path.is_symlink()) / 1e9,)


def resampling() -> Numbers:
    """Seconds of 500 resamples of five measures on 5,000 rows."""
    from early_id.stats import resample as r

    rng = np.random.default_rng(3)
    n = 5000
    y = (rng.random(n) < 0.2).astype(float)
    score, family = rng.normal(size=n) + y, rng.integers(0, n // 2, n)
    statistics = {
        "auc": r.auc_statistic(y, score),
        "average_precision": r.average_precision_statistic(y, score),
        "brier": r.brier_statistic(y, np.full(n, 0.2)),
        "precision": r.precision_statistic(score, family, y, 50),
        "recall": r.recall_statistic(score, family, y, 50),
    }
    return (seconds(lambda: r.clustered_draws(statistics, family, resamples=500, seed=1)),)


def block_of_weights() -> Numbers:
    """Megabytes of the weights held at once."""
    from early_id.stats.resample import CELLS_AT_ONCE

    return (CELLS_AT_ONCE * np.dtype(np.float64).itemsize / 1e6,)


def interval_coverage() -> Numbers:
    """Lowest exact coverage in per cent: of Wilson for 5 to 20 rows, and of the rule in use from 5 to 200 rows."""
    from early_id.stats.intervals import proportion_interval, wilson

    rates = np.linspace(0.005, 0.995, 199)

    def lowest(interval: Callable[..., Any], sizes: range) -> float:
        return min(_coverage(interval, n, rates).min() for n in sizes)

    return 100 * lowest(wilson, range(5, 21)), 100 * lowest(proportion_interval, range(5, 201, 5))


def _coverage(interval: Callable[..., Any], n: int, rates: np.ndarray) -> np.ndarray:
    """Exact coverage at each rate: the binomial chances of all counts whose interval holds the rate."""
    from scipy.stats import binom

    counts = np.arange(n + 1)
    low, high = interval(counts, n)
    chance = binom.pmf(counts[:, None], n, rates[None, :])
    return np.asarray((chance * ((low[:, None] <= rates) & (rates <= high[:, None]))).sum(axis=0))


def auc_interval_with_few_outcomes() -> Numbers:
    """Share in per cent of resampled intervals that hold the true AUC where 5 of 300 had the outcome."""
    from early_id.stats.resample import auc_statistic, clustered_interval

    # Normal scores 1.5 apart have AUC Φ(1.5 / √2) = 0.8556.
    rng, runs, truth, hits = np.random.default_rng(5), 300, 0.8556, 0
    for run in range(runs):
        y = np.r_[np.ones(5), np.zeros(295)]
        bounds = clustered_interval(auc_statistic(y, rng.normal(size=300) + 1.5 * y), np.arange(300), resamples=200, seed=run)
        hits += bool(bounds.low <= truth <= bounds.high)
    return (100 * hits / runs,)


@cache
def _report(kind: str) -> str:
    import report_material as made

    from early_id.report.governance import governance_html

    return governance_html(**made.everything(), publishable=kind == "publishable")


def chart() -> Numbers:
    """Kilobytes and seconds of a chart: the mean of those in the tests' report, and a chart of ten groups."""
    import re

    from early_id.present.charts import forest

    drawn = re.findall(r"(?s)<svg.*?</svg>", _report("restricted"))
    rows = [{"label": f"Group {i}", "value": i / 100, "low": -0.1, "high": 0.2} for i in range(10)]
    return sum(map(len, drawn)) / len(drawn) / 1000, seconds(lambda: forest(rows, title="t", desc="d", unit="points", zero_line=True))


def report_pages() -> Numbers:
    """Kilobytes of the restricted and the published page, and seconds of one."""
    import report_material as made

    from early_id.report.governance import governance_html

    sizes = [len(_report(kind).encode()) / 1000 for kind in ("restricted", "publishable")]
    return *sizes, seconds(lambda: governance_html(**made.everything(), publishable=False))


def report_hidden() -> Numbers:
    """Children, outcomes and places of the hub's list in the tests' report; per cent of its gaps that the published page hides."""
    import report_material as made

    from early_id.audit.measures import SHARES
    from early_id.report.groups import group_rows
    from early_id.report.showing import Showing

    audit = made.audit()
    rows = [row for row in group_rows(audit.rows, Showing(publishable=True)).rows if row.measure in SHARES]
    hidden = sum(row.gap.hidden for row in rows)
    return float(audit.meta["with_outcome"]), float(audit.meta["rows"]), float(made.trial()["capacity"]), 100 * hidden / len(rows)


def notice_grades() -> Numbers:
    """Parents' notice by ARI and Coleman–Liau, then the young people's."""
    import report_material as made
    from test_report_notices import prose

    from early_id.report.notices import notice_html

    return tuple(grade for name in ("parents", "young_people") for grade in _grades(prose(notice_html(name, made.notice_context()))))


def _grades(text: str) -> Numbers:
    import textstat

    return float(textstat.automated_readability_index(text)), float(textstat.coleman_liau_index(text))


def sentence_grades() -> Numbers:
    """ARI and Coleman–Liau of everything said about made-up children with the shipped features."""
    import explain_fixtures as made

    from early_id.explain.explanations import explain_scores

    matrix = made.shipped_matrix(150)
    told = [r.said for e in explain_scores(made.shipped_model(matrix), matrix) for r in (*e.noticed, *e.against, *e.going_well)]
    return _grades(" ".join(dict.fromkeys(told)))


def explaining() -> Numbers:
    """Children, features, and seconds to explain them all."""
    import explain_fixtures as made

    from early_id.explain.explanations import explain_scores

    matrix = made.shipped_matrix(2000)
    model = made.shipped_model(matrix)
    return 2000.0, float(matrix.X.shape[1]), seconds(lambda: list(explain_scores(model, matrix)))


def sheet_size() -> Numbers:
    """Kilobytes of one sheet of a list."""
    from explain_fixtures import people_of, shipped_matrix, shipped_model

    from early_id.screening.lists import screen
    from early_id.screening.page import list_pages

    matrix = shipped_matrix(240)
    people = people_of(matrix)
    capacity = dict.fromkeys(sorted(matrix.index["hub_id"].unique()), 20)
    made = screen(shipped_model(matrix), matrix, people_frame=people, capacity=capacity, tie_key="k").lists[0]
    pages = "".join(list_pages(made, offer={}, ask="the council", watermark=None))
    sheets = pages.split('<section class="sheet')
    return (sum(len(part.encode()) for part in sheets[1:]) / (len(sheets) - 1) / 1000,)


@cache
def _planted() -> tuple[Any, np.ndarray]:
    from model_fixtures import DATES, fake_matrix

    matrix = fake_matrix(20_000, seed=11, dates=(DATES[0], DATES[4])).at(DATES[0])
    known = matrix.y["need_recognised"].notna()
    return matrix.X[known], matrix.y.loc[known, "need_recognised"].to_numpy()


def _signs() -> tuple[int, ...]:
    from model_fixtures import TRUTH

    return tuple(direction.sign for _, direction, _, _ in TRUTH)


def tables_and_trees() -> Numbers:
    """Power of ten of the largest difference between tables and trees, on 20,000 rows and 60 rounds."""
    from early_id.models.additive import MonotoneAdditive

    X, y = _planted()
    return (float(np.ceil(np.log10(MonotoneAdditive(_signs(), max_iter=60).fit(X, y).difference_))),)


def terms_without_effect() -> Numbers:
    """Largest rise (2nd to 98th percentile) of a monotone term without effect: at 60 rounds, and at 180."""
    from early_id.models.additive import MonotoneAdditive
    from model_fixtures import TRUTH

    X, y = _planted()
    rises = []
    for rounds in (60, 180):
        tables = MonotoneAdditive(_signs(), max_iter=rounds).fit(X, y).tables()
        idle = [(X[name], table) for (name, direction, _, effect), table in zip(TRUTH, tables, strict=True) if not effect and direction.sign]
        ends = [table.at(np.quantile(values.dropna(), [0.02, 0.98])) for values, table in idle]
        rises.append(max(abs(float(high - low)) for low, high in ends))
    return tuple(rises)


def below_the_oracle() -> Numbers:
    """How far the AUC of the additive and the logistic model lies under that of the true score; 8,000 children to learn from."""
    from early_id.models.additive import MonotoneAdditive
    from early_id.models.logistic import PenalisedLogistic
    from early_id.stats.metrics import auc
    from model_fixtures import DATES, fake_matrix

    learn, fresh = (fake_matrix(n, seed=seed, unknown=0.0, dates=(DATES[0], DATES[4])).at(DATES[0]) for n, seed in ((8_000, 12), (20_000, 13)))
    known = learn.y["need_recognised"].notna().to_numpy()
    y = fresh.y["need_recognised"].to_numpy()
    under = []
    for model in (MonotoneAdditive(_signs(), max_iter=90), PenalisedLogistic(C=0.1)):
        model.fit(learn.X[known], learn.y.loc[known, "need_recognised"])
        under.append(auc(y, fresh.index["true_score"]) - auc(y, model.score_log_odds(fresh.X)))
    return tuple(under)


def null_trials() -> Numbers:
    """Null matrices, children in each, how many were ready; lowest and highest per cent in which the bound cleared one rule."""
    from early_id.models.train import train
    from model_fixtures import SHARING, bar, fake_matrix, settings

    runs, children = 60, 600
    ready, cleared = 0, []
    for seed in range(runs):
        chosen = settings(models=("logistic",), put_forward="logistic", resamples=100, seed=seed, families_folds=2)
        matrix = fake_matrix(children, seed=seed, effect=0, base=-2.0)
        trial = train(matrix, chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=30)
        ready += trial.verdict == "ready for approval"
        cleared.append(trial.comparisons.groupby("rule")["clears"].all())
    shares = [100 * float(np.mean([one[rule] for one in cleared])) for rule in cleared[0].index]
    return float(runs), float(children), float(ready), min(shares), max(shares)


def breaks(councils: int = 100, children: int = 5000) -> Numbers:
    """Drawn councils, children in each, and how many are refused for a break: where nothing changed, and with the scenario ``regime``."""
    import pandas as pd

    from early_id.data.synth import matrix
    from early_id.data.synth.direct.crowd import known_dates
    from early_id.data.synth.plan import START
    from early_id.features.outcomes import COMPONENTS
    from early_id.models.regimes import outcome_breaks

    def refused(seed: int, scenarios: dict[str, float]) -> bool:
        drawn = [matrix(children, seed, scenarios=scenarios, as_of=day) for day in known_dates(START.isoformat())]
        index = pd.DataFrame({"as_of": np.repeat(pd.to_datetime([one.as_of for one in drawn]), children)})
        index["outcome_until"] = index["as_of"] + pd.Timedelta(days=180)
        outcomes = pd.concat([one.outcomes for one in drawn], ignore_index=True)
        family = np.concatenate([one.family for one in drawn])
        return bool(outcome_breaks(index, outcomes, COMPONENTS, family, [], alpha=0.01))

    found = [float(sum(refused(seed, scenarios) for seed in range(councils))) for scenarios in ({}, {"regime": 0.5})]
    return float(councils), float(children), *found


def tracking() -> Numbers:
    """Seconds of processor time to track the first trial of a process (mlflow is imported then), and the next."""
    from dataclasses import replace

    from early_id.models.tracking import track
    from early_id.models.train import train
    from model_fixtures import SHARING, bar, fake_matrix, settings

    matrix, chosen = fake_matrix(300, seed=1), settings(models=("logistic",), put_forward="logistic", resamples=50)
    trial = train(matrix, chosen, acceptance=bar(), audience="hub_lead", sharing=SHARING, capacity=20)
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            started = time.process_time()
            track(replace(trial), matrix.meta, chosen, store=Path(folder))
            taken.append(time.process_time() - started)
    return tuple(taken)


def audit_time() -> Numbers:
    """Children, and seconds of one core to audit them by eight characteristics."""
    import pandas as pd

    from early_id.audit.fairness import audit_rows
    from early_id.audit.measures import Scored
    from early_id.config.settings import AuditSettings

    rng, n = np.random.default_rng(1), 100_000
    family = rng.integers(0, 60_000, n)
    scored = Scored((rng.random(n) < 0.05).astype(float), (rng.random(n) < 0.08).astype(float), rng.random(n), family, 60_000)
    groups = pd.DataFrame({f"c{i}": rng.integers(0, 6, n).astype(str) for i in range(8)})
    rules = AuditSettings(characteristics={name: name for name in groups})
    return float(n), seconds(lambda: audit_rows(scored, groups, rules, meta={}))
