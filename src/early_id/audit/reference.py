"""A second opinion on the point values, from fairlearn; imported late, since it takes a second to load.

fairlearn has no notion of an outcome not known yet or of a place shared in a tie, so unknown rows are left out for it and
tied rows enter twice, with weights. Where a denominator is zero fairlearn says 0 and we say NaN: those cells are not
compared.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from early_id.audit.gaps import gaps_of
from early_id.audit.groups import grouping
from early_id.audit.measures import MEASURES, Scored
from early_id.audit.resampled import resampled_table

#: Our name, fairlearn's (or scikit-learn's) function, and which rows it looks at.
SHARED = ("selection_share", "missed_share", "precision", "false_flag_rate", "outcome_rate")


def fairlearn_values(scored: Scored, groups: pd.Series) -> pd.DataFrame:
    """Point values by group, as fairlearn counts them: index = group, columns = `SHARED`."""
    from fairlearn import metrics as fl
    from sklearn.metrics import precision_score

    listed = np.r_[np.ones(len(scored.y)), np.zeros(len(scored.y))]
    weight = np.r_[scored.listed, 1.0 - scored.listed]
    y = np.r_[scored.y, scored.y]
    group = np.r_[groups.to_numpy(dtype=object), groups.to_numpy(dtype=object)]

    def by_group(functions: dict[str, object], truth: np.ndarray, guess: np.ndarray, keep: np.ndarray) -> pd.DataFrame:
        weights = {name: {"sample_weight": weight[keep]} for name in functions}
        frame = fl.MetricFrame(metrics=functions, y_true=truth[keep], y_pred=guess[keep], sensitive_features=group[keep], sample_params=weights)
        found: pd.DataFrame = frame.by_group
        return found

    used, known = weight > 0, (weight > 0) & ~np.isnan(y)
    on_all = by_group({"selection_share": fl.selection_rate}, np.zeros(len(y)), listed, used)
    on_known = by_group(
        {
            "missed_share": fl.false_negative_rate,
            "precision": partial(precision_score, zero_division=0.0),
            "false_flag_rate": fl.false_positive_rate,
        },
        y,
        listed,
        known,
    )
    outcome = by_group({"outcome_rate": fl.selection_rate}, y, y, known)
    return on_all.join(on_known).join(outcome)[list(SHARED)].astype(float)


def intervals_side_by_side(scored: Scored, groups: pd.Series, *, resamples: int = 60, seed: int = 0) -> pd.DataFrame:
    """Missed share and false-flag rate of each group with 95 % intervals: ours in closed form, ours resampled by family, fairlearn's by row.

    fairlearn draws rows, not families, and is slow, hence the few resamples; where its denominator is empty it says 0 of 0.
    """
    from fairlearn import metrics as fl

    measures = {"missed_share": fl.false_negative_rate, "false_flag_rate": fl.false_positive_rate}
    by = grouping(groups, name="group", label="Group")
    known = ~np.isnan(scored.y)
    names = np.array(by.groups, dtype=object)[by.codes[known]]
    frame = fl.MetricFrame(
        metrics=measures, y_true=scored.y[known], y_pred=scored.listed[known], sensitive_features=names, n_boot=resamples, ci_quantiles=[0.025, 0.975],
        random_state=seed,
    )  # fmt: skip
    low, high = frame.by_group_ci
    drawn = resampled_table(scored, by, clusters=scored.clusters, seed=seed).set_index(["group", "measure"])
    rows = []
    for name in measures:
        for gap in gaps_of(scored, by, MEASURES[name], (), 1):
            own, theirs = drawn.loc[(gap.group, name)], (low.loc[gap.group, name], high.loc[gap.group, name])
            rows.append((name, gap.group, gap.n, gap.value, gap.low, gap.high, own["low"], own["high"], *theirs))
    columns = ["measure", "group", "n", "value", "low", "high", "by family, low", "by family, high", "fairlearn, low", "fairlearn, high"]
    return pd.DataFrame(rows, columns=columns)


def fairlearn_mitigation(
    X: pd.DataFrame, y: np.ndarray, groups: pd.Series, train: np.ndarray, *, group: str, missed_costs: float = 10.0, seed: int = 0
) -> pd.DataFrame:
    """fairlearn's two best-known methods on one data set, as a worked example; never used for a list.

    Parameters
    ----------
    X : DataFrame
        Features; unknown values are filled with the mean.
    y : array of 0/1
    groups : Series
    train : array of bool
        Rows to fit on; the others are looked at.
    group : str
        The group that is compared with everyone else.
    missed_costs : float
        What a missed child counts for, against 1 for one listed without need.

    Returns
    -------
    DataFrame
        One row a method: shares listed and missed, the gap in the missed share, whether the protected value is needed when scoring, and whether
        the same child can get two answers (both methods draw lots).
    """
    from fairlearn.postprocessing import ThresholdOptimizer
    from fairlearn.reductions import ErrorRate, ExponentiatedGradient, TruePositiveRateParity
    from sklearn.linear_model import LogisticRegression

    inside = (groups == group).to_numpy()
    filled = X.fillna(X[train].mean()).fillna(0.0).to_numpy(dtype=np.float64)
    spread = filled[train].std(axis=0)
    design = (filled - filled[train].mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)
    target, weights = y.astype(int), np.where(y == 1, missed_costs, 1.0)
    plain = LogisticRegression(C=0.1, max_iter=1000).fit(design[train], target[train], sample_weight=weights[train])
    halved = ExponentiatedGradient(
        LogisticRegression(C=0.1, max_iter=1000), TruePositiveRateParity(difference_bound=0.02), objective=ErrorRate(costs={"fp": 1 / missed_costs, "fn": 1.0}),
        max_iter=12,
    )  # fmt: skip
    halved.fit(design[train], target[train], sensitive_features=inside[train])
    moved = ThresholdOptimizer(
        estimator=plain, constraints="true_positive_rate_parity", objective="balanced_accuracy_score", prefit=True, predict_method="predict_proba"
    )
    moved.fit(design[train], target[train], sensitive_features=inside[train])
    test = ~train
    answers = {
        "logistic regression as it is": ([plain.predict(design[test])] * 2, "no"),
        "ExponentiatedGradient (lots over several models)": ([halved.predict(design[test], random_state=seed + k) for k in (0, 1)], "no"),
        "ThresholdOptimizer (a cut-off for each group)": (
            [moved.predict(design[test], sensitive_features=inside[test], random_state=seed + k) for k in (0, 1)], "yes: refused for screening",
        ),
    }  # fmt: skip
    rows = []
    for name, ((once, again), needs) in answers.items():
        need = target[test] == 1
        missed = [1 - float(np.mean(once[need & side])) for side in (inside[test], ~inside[test])]
        twice = float(np.mean(once != again))
        rows.append((name, float(np.mean(once)), 1 - float(np.mean(once[need])), missed[0] - missed[1], needs, twice))
    columns = [
        "method",
        "share listed",
        "missed share",
        f"gap in the missed share, {group}",
        "protected value needed when scoring",
        "share with two answers",
    ]
    return pd.DataFrame(rows, columns=columns)
