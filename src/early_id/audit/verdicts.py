"""From figures to one of three answers: gap found, no gap found, cannot tell.

*Gap found*: the adjusted p-value is at most 0.05. *No gap found*: it is not, and the whole interval of the difference lies
inside the tolerance the board set. *Cannot tell*: everything else, and always where no tolerance is set, since absence of
evidence is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from early_id.audit.gaps import Gap, TestKey
from early_id.core.types import Json, Verdict
from early_id.stats.arrays import Floats
from early_id.stats.multiple import holm

#: Adjusted p-values are scaled to this bar.
BAR = 0.05


#: Columns of the rows, in order.
ROW_COLUMNS = (
    *("characteristic", "group", "n", "families", "measure", "value", "low", "high", "comparator"),
    *(
        "difference",
        "difference_low",
        "difference_high",
        "p_adjusted",
        "smallest_detectable",
        "smallest_detectable_lower",
        "verdict",
        "primary",
        "note",
    ),
    *("characteristic_label", "measure_label", "successes", "design_effect", "members", "evidence"),
)


def adjusted_p(p: Sequence[float], alpha: float) -> Floats:
    """Holm's adjusted p-values, scaled so that `BAR` is the bar of a family of tests held to ``alpha``."""
    return holm(p) * (BAR / alpha)


def judge(
    gap: Gap,
    adjusted: Mapping[TestKey, float],
    detectable: tuple[float, float],
    tolerances: Mapping[str, float],
) -> Json:
    """The finished row: figures, adjusted p-value, smallest gaps that could have been seen (above, below), verdict and notes."""
    name = gap.measure.name
    p = min(float(adjusted.get(gap.test, np.nan)), 1.0) if gap.test is not None and not np.isnan(gap.p) else np.nan
    tolerance = tolerances.get(name)
    verdict, why = _verdict(gap, p, tolerance) if gap.primary else ("", "")
    higher, lower = detectable if gap.comparator != "" and not np.isnan(gap.difference) else (np.nan, np.nan)
    return {
        "characteristic": gap.characteristic,
        "group": gap.group,
        "n": gap.n,
        "families": gap.families,
        "measure": name,
        "value": gap.value,
        "low": gap.low,
        "high": gap.high,
        "comparator": gap.comparator,
        "difference": gap.difference,
        "difference_low": gap.difference_low,
        "difference_high": gap.difference_high,
        "p_adjusted": p,
        "smallest_detectable": lower if np.isnan(higher) else higher,
        "smallest_detectable_lower": lower,
        "verdict": str(verdict),
        "primary": gap.primary,
        "note": "; ".join(part for part in (*gap.notes, why) if part),
        "characteristic_label": gap.characteristic_label,
        "measure_label": gap.measure.label,
        "successes": gap.successes,
        "design_effect": gap.design_effect,
        "members": str(gap.members),
        "evidence": gap.evidence,
    }


def _verdict(gap: Gap, p: float, tolerance: float | None) -> tuple[Verdict, str]:
    low, high = gap.difference_low, gap.difference_high
    inside = tolerance is not None and -tolerance < low and high < tolerance
    if p <= BAR:
        if tolerance is None:
            return Verdict.GAP_FOUND, ""
        beyond = low > tolerance or high < -tolerance
        return Verdict.GAP_FOUND, f"{'beyond' if beyond else 'inside' if inside else 'across'} the tolerance the board set"
    if np.isnan(p):
        return Verdict.CANNOT_TELL, "" if gap.notes else "nothing varies, so there is nothing to compare"
    if tolerance is None:
        return Verdict.CANNOT_TELL, "no tolerance is set"
    return (Verdict.NO_GAP_FOUND, "") if inside else (Verdict.CANNOT_TELL, "the interval reaches beyond the tolerance")
