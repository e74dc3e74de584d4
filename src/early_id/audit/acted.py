"""Before and after people: the same tables for a list as it was made and as it was acted on, and whose entries people changed.

A person decides, so what a list does to a group is what is left of it after the decisions. Both audits follow the same rule; agreement and what was taken off or
put on stand beside them by group; and the change of each gap is paired by family, since both lists are of the same children.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from early_id.audit.crossed import EVIDENCE
from early_id.audit.gaps import EVERYONE_ELSE
from early_id.audit.groups import Grouping, groupings
from early_id.audit.measurement import shares_by_group
from early_id.audit.measures import MEASURES
from early_id.audit.paired import gap_change
from early_id.audit.result import AuditResult, records
from early_id.audit.settings import AuditRules
from early_id.audit.table import audit_table
from early_id.core.errors import SettingsError
from early_id.core.types import Json
from early_id.stats.arrays import Bools, Floats, Ints, cluster_codes

GAP_COLUMNS = (
    *("characteristic", "characteristic_label", "group", "measure", "measure_label", "comparator", "n", "gap_before", "gap_after"),
    *("change", "change_low", "change_high", "note"),
)


@dataclass(frozen=True)
class BeforeAndAfter:
    """A list as made and as acted on.

    Attributes
    ----------
    before, after : AuditResult
        The audit of each, every table of it.
    agreement : DataFrame
        One row a group and share: entries left as they were; listed children taken off, and with and without the outcome; children put on. Each with interval
        and difference from everyone else.
    gaps : DataFrame
        One row a group and measure: the gap before and after, and its change with an interval paired by family.
    """

    before: AuditResult
    after: AuditResult
    agreement: pd.DataFrame
    gaps: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """Gaps before and after, as a copy."""
        return self.gaps.copy()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table that holds anything; those of the audits under ``before_…`` and ``after_…``."""
        both = {f"{when}_{name}": table for when in ("before", "after") for name, table in getattr(self, when).tables().items()}
        return {name: table for name, table in {"agreement": self.agreement, "gaps": self.gaps, **both}.items() if len(table)}

    def plot(self, measure: str = "missed_share") -> str:
        """How each gap changed, with its interval, as SVG."""
        from early_id.present import charts

        if measure not in PAIRED:
            raise SettingsError.unknown_name("paired audit measure", measure, PAIRED)
        shown = self.gaps[(self.gaps["measure"] == measure) & self.gaps["change_low"].notna()]
        rows = [
            {"label": f"{row['characteristic_label']}: {row['group']}", "value": row["change"], "low": row["change_low"], "high": row["change_high"]}
            for row in shown.to_dict(orient="records")
        ]
        title = f"{MEASURES[measure].label}: change of the gap from the list as made to the list as acted on"
        return str(charts.forest(rows, title=title, desc=f"{len(rows)} groups with intervals.", unit="points", zero_line=True))

    def to_json(self) -> Json:
        """Both audits and the two tables; NaN becomes null."""
        return {
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "agreement": records(self.agreement),
            "gaps": records(self.gaps),
        }

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        note = f"{self.before.meta['listed']:,.0f} children listed as made, {self.after.meta['listed']:,.0f} as acted on"
        return frame_html(self.gaps, title="Gaps before and after people", note=note, rows=60)


def audit_before_and_after(
    frame: pd.DataFrame,
    *,
    label: str,
    groups: Sequence[str] | Mapping[str, str],
    settings: AuditRules,
    before: str = "flag_before",
    after: str = "flag_after",
    cluster: str | None = None,
) -> BeforeAndAfter:
    """Audit a list as it was made and as people acted on it.

    Parameters
    ----------
    frame : DataFrame
        One row a child who could be on the list, listed or not.
    label : str
        Column with 1, 0 or empty (not known yet).
    groups : list of str, or mapping of column to plain name
    before, after : str
        Columns with 1 and 0: on the list as made; somebody acted on it, or added the child. A listed child about whom nothing is decided yet is either left out of
        the frame or counted as acted on; an empty value is refused, since either reading would be a guess.
    cluster : str, optional
        Column with the family.

    Raises
    ------
    SettingsError, InputDataError
        As `early_id.audit.table.audit_table`.

    Examples
    --------
    >>> from early_id.config.settings import AuditSettings
    >>> table = pd.DataFrame({"y": [1, 0] * 60, "sex": ["f", "m", "m"] * 40, "flag_before": [1, 1, 0] * 40, "flag_after": [1, 0, 0] * 40})
    >>> both = audit_before_and_after(table, label="y", groups=["sex"], settings=AuditSettings())
    >>> both.agreement.query("what == 'left as it was'").set_index("group")["value"].to_dict()
    {'f': 1.0, 'm': 0.5}
    """
    made, acted = (audit_table(frame, label=label, groups=groups, settings=settings, selected=flag, cluster=cluster) for flag in (before, after))
    named = dict(groups) if isinstance(groups, Mapping) else {name: name for name in groups}
    held, _ = groupings(frame[list(named)], named)
    family, families = cluster_codes(np.arange(len(frame)) if cluster is None else frame[cluster].to_numpy())
    y, was, then = (frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in (label, before, after))
    agreement = [shares_by_group(held, family, families, part, whole, what=what) for what, (part, whole) in _overrides(y, was, then).items()]
    return BeforeAndAfter(made, acted, pd.concat(agreement, ignore_index=True), _gaps(y, was, then, held, family))


def _overrides(y: Floats, was: Floats, then: Floats) -> dict[str, tuple[Floats, Floats]]:
    """What people did to entries, as parts of wholes."""
    off, on = was * (1.0 - then), (1.0 - was) * then
    need, none = (y == 1).astype(np.float64), (y == 0).astype(np.float64)
    return {
        "left as it was": ((was == then).astype(np.float64), np.ones(len(y))),
        "taken off, of those listed": (off, was),
        "taken off, of those listed with the outcome": (off * need, was * need),
        "taken off, of those listed without the outcome": (off * none, was * none),
        "put on, of those not listed": (on, 1.0 - was),
    }


#: Measures of the same children on both lists: what counts of each list, and among whom.
PAIRED = ("selection_share", "missed_share", "false_flag_rate")


def _paired(y: Floats, listed: Floats) -> dict[str, tuple[Floats, Bools]]:
    return {"selection_share": (listed, np.ones(len(y), dtype=bool)), "missed_share": (1.0 - listed, y == 1), "false_flag_rate": (listed, y == 0)}


def _gaps(y: Floats, was: Floats, then: Floats, held: Sequence[Grouping], family: Ints) -> pd.DataFrame:
    rows = []
    old, new = _paired(y, was), _paired(y, then)
    for by in (one for one in held if len(one.groups) > 1):
        for g, group in enumerate(by.groups):
            inside = by.codes == g
            for name in PAIRED:
                among = old[name][1]
                n, rest = int((among & inside).sum()), int((among & ~inside).sum())
                gap, left, change = gap_change(old[name][0], new[name][0], among, inside, family)
                enough = min(n, rest) >= EVIDENCE
                low, high = (change.low, change.high) if enough else (np.nan, np.nan)
                note = "" if enough else f"fewer than {EVIDENCE} children on one side: no interval"
                what = (by.name, by.label, group, name, MEASURES[name].label, EVERYONE_ELSE, n)
                rows.append((*what, gap, left, change.value, low, high, note))
    return pd.DataFrame(rows, columns=list(GAP_COLUMNS))
