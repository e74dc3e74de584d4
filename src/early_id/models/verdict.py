"""From figures and a bar to one of four verdicts.

The bar was written down before the result was seen. It is cleared only if the one-sided 95 % lower bound of the paired,
family-clustered difference from *every* rule is above the margin: on data without any signal the best point estimate of
several models often beats every rule by chance, the lower bound of one named model hardly ever (figures: README of this folder).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from early_id.config.settings import AcceptanceSettings
from early_id.models.adding import Floats
from early_id.stats.intervals import normal_quantile

READY = "ready for approval"
NOT_READY = "not ready"
CANNOT_TELL = "cannot tell"
USE_RULE = "use the rule instead"

#: One-sided confidence of the bar.
CONFIDENCE = 0.95

#: Beyond so many times as many families a number of them would promise what no council can do.
MANY_TIMES = 20

#: How each sentence about a difference begins, so that a page can put them where they do not hide the rest.
AGAINST = "Against the rule"

_NOT_SEEN = "no gain above the margin was seen, and none is ruled out"

#: Measures that the bar is about, and how a person reads them.
BAR = {
    "precision_at_capacity": ("margin_precision", "of the families listed, the share with the outcome"),
    "recall_at_capacity": ("margin_recall", "of the children with the outcome, the share listed"),
}


def compare(
    put_forward: str,
    rules: Sequence[str],
    draws: Mapping[str, Mapping[str, Floats]],
    points: Mapping[str, Mapping[str, float]],
    acceptance: AcceptanceSettings | None,
) -> pd.DataFrame:
    """The model put forward against each rule: difference, one-sided bounds, margin, more data needed.

    ``times`` is how many times as many families would bring a bound past the margin, the lower one where the difference is above it and
    the upper one where it is not, if the difference stayed what it is (the standard error shrinks with the square root of the number of
    families); infinite where the difference is the margin.
    """
    rows = []
    for rule in rules:
        for measure, (margin_name, _) in BAR.items():
            difference = points[put_forward][measure] - points[rule][measure]
            drawn = draws[put_forward][measure] - draws[rule][measure]
            usable = drawn[~np.isnan(drawn)]
            enough = not np.isnan(difference) and len(usable) >= 0.9 * len(drawn) > 0
            low, high = np.quantile(usable, [1 - CONFIDENCE, CONFIDENCE]) if enough else (np.nan, np.nan)
            margin = float(getattr(acceptance, margin_name)) if acceptance else 0.0
            error = float(np.std(usable)) if enough else np.nan
            gain = difference - margin
            times = (normal_quantile(CONFIDENCE) * error / gain) ** 2 if gain else np.inf
            rows.append(
                {
                    "model": put_forward,
                    "rule": rule,
                    "measure": measure,
                    "difference": difference,
                    "lower_bound": float(low),
                    "upper_bound": float(high),
                    "margin": margin,
                    "clears": bool(low > margin),
                    "times": float(times),
                }
            )
    return pd.DataFrame(rows)


def judge(
    comparisons: pd.DataFrame,
    acceptance: AcceptanceSettings | None,
    *,
    outcomes: int,
    families_listed: int,
    exploratory: Sequence[str] = (),
) -> tuple[str, tuple[str, ...]]:
    """Verdict and its reasons.

    *Not ready* is never said here: margins are cleared, beaten by a rule, or cannot be told. A gain that was not seen is not shown to be none
    as long as the interval reaches above the margin. What makes a model not ready are the other limits of the bar and the audit.

    Parameters
    ----------
    comparisons : DataFrame
        From :func:`compare`.
    acceptance : AcceptanceSettings or None
        The bar; without one nothing can be ready.
    outcomes : int
        Children with the outcome at the test date.
    families_listed : int
        Families on the list whose outcome is known.
    exploratory : sequence of str
        Reasons why this trial may inform but not decide (a named split, for instance).
    """
    if acceptance is None:
        return CANNOT_TELL, ("No bar was written down before the results were seen (acceptance settings).", *exploratory)
    if comparisons.empty:
        return CANNOT_TELL, ("No rule could be ranked on this matrix, so there is nothing to be better than.", *exploratory)
    if comparisons["lower_bound"].isna().any():
        return CANNOT_TELL, ("The difference from a rule cannot be estimated: too few outcomes are known.", *exploratory)

    beaten = comparisons[comparisons["upper_bound"] <= comparisons["margin"]]
    if len(beaten):
        return USE_RULE, tuple(_sentence(row, "no better than the margin") for row in _rows(beaten))
    short = comparisons[~comparisons["clears"]]
    if len(short):
        behind = short["difference"] <= short["margin"]
        reasons = (_sentence(row, _NOT_SEEN if no_gain else "the gain seen may be chance") for row, no_gain in zip(_rows(short), behind, strict=True))
        # Every rule has to be cleared, and one that is not is enough against the model.
        times = short.loc[behind, "times"].min() if behind.any() else short["times"].max()
        return CANNOT_TELL, (_more_families(float(times), families_listed, gain=not behind.any()), *reasons)
    if outcomes < acceptance.minimum_outcomes:
        missing = acceptance.minimum_outcomes - outcomes
        return CANNOT_TELL, (
            f"Needs {missing:,} more children with the outcome: {outcomes:,} at the test date, and the bar asks for {acceptance.minimum_outcomes:,}.",
        )
    if exploratory:
        return CANNOT_TELL, tuple(exploratory)
    return READY, tuple(_sentence(row, "above the margin") for row in _rows(comparisons))


def _more_families(times: float, listed: int, *, gain: bool) -> str:
    """How many more listed families would tell, or that no council has so many; and what they would tell, if the differences stayed what they are."""
    if times > MANY_TIMES:
        return (
            f"The difference from a rule is so small that more than {MANY_TIMES} times as many listed families with a known outcome are needed to tell "
            f"a gain from none: there were {listed:,}."
        )
    more = max(int(np.ceil((times - 1) * listed / 10) * 10), 10)
    needs = f"it needs about {more:,} more listed families with a known outcome"
    if gain:
        return f"To tell a gain from chance {needs}: more test dates, or more places."
    return f"To tell whether there is a gain {needs}, and as things stand they would show that at least one rule does as well."


def _rows(frame: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _sentence(row: Mapping[str, object], finding: str) -> str:
    words = BAR[str(row["measure"])][1]
    return (
        f"{AGAINST} '{row['rule']}', {words}: {_points(row['difference'])} points "
        f"(one-sided 95 % bounds {_points(row['lower_bound'])} and {_points(row['upper_bound'])}; margin {_points(row['margin'])}): {finding}."
    )


def _points(value: object) -> str:
    return f"{100 * float(str(value)):+.1f}"
