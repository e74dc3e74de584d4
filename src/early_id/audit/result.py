"""What an audit gives back: every row, one line a characteristic, what is not held, and how it was done."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from early_id.audit.crossed import EVIDENCE
from early_id.audit.measures import MEASURES
from early_id.core.errors import SettingsError
from early_id.core.types import Json, Verdict

#: Columns of design §8, in its order; `rows` holds a few more after them.
JSON_COLUMNS = (
    *("characteristic", "group", "n", "measure", "value", "low", "high", "comparator"),
    *("difference", "difference_low", "difference_high", "p_adjusted", "smallest_detectable", "smallest_detectable_lower", "verdict"),
    *("families", "primary", "note"),
)

SUMMARY_COLUMNS = (
    *("characteristic", "label", "verdict", "measure", "group", "largest_gap", "low", "high"),
    *("p_adjusted", "smallest_detectable", "smallest_detectable_lower", "note"),
)


#: Why a summary shows no gap although groups were compared.
FEW = f"no group has {EVIDENCE} children with the outcome and {EVIDENCE} without, and as many to compare with"


@dataclass(frozen=True)
class AuditResult:
    """Findings of one audit.

    Attributes
    ----------
    rows : DataFrame
        One row a characteristic, group and measure: characteristic, group, n (rows the measure looks at), families,
        measure, value, low, high, comparator, difference, difference_low, difference_high, p_adjusted, smallest_detectable,
        smallest_detectable_lower, verdict (empty unless primary), primary, note; then characteristic_label, measure_label, successes, design_effect,
        members, evidence (ten children with the outcome and ten without, in the group and in what it is compared with), told_by.
        NaN cannot be estimated. A true gap of ``smallest_detectable`` (the group's share higher; negative where no higher share could be seen)
        or of ``smallest_detectable_lower`` (lower, so negative) would be found in 4 of 5 audits like this one, by itself, at the row's first Holm step.
    summary : DataFrame
        One row a characteristic: verdict, and its largest gap with interval and the smallest that could have been seen.
    not_held : DataFrame
        Characteristics the data do not hold, and why.
    meta : dict
        Model or table, dates, how the list was drawn, head counts of those taken out before scoring, tests made, notes.
    crossed, places : DataFrame
        Groups that cross two characteristics, and schools and hubs, as ``rows``, where enough children have and lack the outcome: a second family
        of tests, called exploratory.
    crossed_small : DataFrame
        The other crossed groups, schools and hubs, with their head counts.
    unknown : DataFrame
        The primary gaps of groups with evidence if everyone *not known* belonged to them, and whether the answer would be another (``turns``).
    themes, links : DataFrame
        What the list would be without each theme, and how far each theme goes along with each characteristic; only where a model was audited.
    calibration : DataFrame
        Observed against expected by group, overall and by band; slope; AUC.
    standardised : DataFrame
        Share listed as if every group had the council's mix of outcome, age and list.
    lists : DataFrame
        One row a list: places, families, who is missed, ties at the last place.
    further : mapping of str to DataFrame
        What needs more than the list: completeness, exposure, proxies, other outcomes, decomposition, options.
    """

    rows: pd.DataFrame
    summary: pd.DataFrame
    not_held: pd.DataFrame
    meta: Json
    crossed: pd.DataFrame = field(default_factory=pd.DataFrame)
    crossed_small: pd.DataFrame = field(default_factory=pd.DataFrame)
    unknown: pd.DataFrame = field(default_factory=pd.DataFrame)
    themes: pd.DataFrame = field(default_factory=pd.DataFrame)
    links: pd.DataFrame = field(default_factory=pd.DataFrame)
    places: pd.DataFrame = field(default_factory=pd.DataFrame)
    calibration: pd.DataFrame = field(default_factory=pd.DataFrame)
    standardised: pd.DataFrame = field(default_factory=pd.DataFrame)
    lists: pd.DataFrame = field(default_factory=pd.DataFrame)
    further: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table that holds anything, by name."""
        names = ("rows", "crossed", "places", "crossed_small", "calibration", "standardised", "lists", "unknown", "themes", "links")
        own = {name: getattr(self, name) for name in names}
        return {name: frame for name, frame in {**own, **self.further, "not_held": self.not_held}.items() if len(frame)}

    def frame(self) -> pd.DataFrame:
        """All rows, as a copy."""
        return self.rows.copy()

    def of(self, measure: str) -> pd.DataFrame:
        """The rows of one measure."""
        if measure not in MEASURES:
            raise SettingsError.unknown_name("audit measure", measure, MEASURES)
        return self.rows[self.rows["measure"] == measure].reset_index(drop=True)

    def plot(self, measure: str | None = None) -> str:
        """Differences from everyone else with their intervals, as SVG; the first primary measure unless one is named."""
        from early_id.present import charts

        chosen = measure or self.meta["primary"][0]
        shown = self.of(chosen)
        shown = shown[shown["difference"].notna()]
        unit = "points" if MEASURES[chosen].kind == "share" else "number"
        rows = [
            {
                "label": f"{row['characteristic_label']}: {row['group']}",
                "value": row["difference"],
                "low": row["difference_low"],
                "high": row["difference_high"],
                "strong": row["verdict"] == str(Verdict.GAP_FOUND),
            }
            for row in shown.to_dict(orient="records")
        ]
        title = f"{MEASURES[chosen].label}: difference from everyone else"
        found = int((shown["verdict"] == str(Verdict.GAP_FOUND)).sum())
        desc = f"{len(rows)} groups with intervals; a gap was found for {found} of them. Filled dots mark a gap found."
        return str(charts.forest(rows, title=title, desc=desc, unit=unit, zero_line=True))

    def to_json(self) -> Json:
        """Rows with the keys of every ``--json`` audit, summary, what is not held, how it was done; NaN becomes null."""
        return {
            "rows": _rows_json(self.rows),
            "crossed": _rows_json(self.crossed),
            "places": _rows_json(self.places),
            "summary": records(self.summary),
            "not_held": records(self.not_held),
            **{name: records(table) for name, table in self.tables().items() if name not in ("rows", "crossed", "places", "not_held")},
            "meta": self.meta,
        }

    def __repr__(self) -> str:
        verdicts = self.summary["verdict"].value_counts()
        told = ", ".join(f"{verdict} for {n}" for verdict, n in verdicts.items())
        return f"AuditResult({self.meta['rows']:,} rows, {self.meta['families']:,} families, {len(self.summary)} characteristics: {told})"

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        note = f"{self.meta['rows']:,} rows, {self.meta['families']:,} families, {self.meta['tests']} tests"
        return frame_html(self.summary, title="Audit by group", note=note, rows=60)


def summarise(rows: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """One row a characteristic.

    A gap found in any primary row is the verdict; *no gap found* needs every primary row to say so. The gap shown is the
    largest among the rows that decided, from the side of the group with the higher (worse) share; where no gap was found, of
    groups with ten children with the outcome and ten without on both sides.
    """
    return pd.DataFrame(
        [_summary_row(rows[(rows["characteristic"] == name) & rows["primary"]], name, label) for name, label in names.items()],
        columns=list(SUMMARY_COLUMNS),
    )


def _summary_row(primary: pd.DataFrame, name: str, label: str) -> Json:
    found = primary[primary["verdict"] == str(Verdict.GAP_FOUND)]
    # Rows nobody tested, and those with a handful of outcomes, may differ by anything; a summary that showed them would show noise.
    tested = primary[primary["p_adjusted"].notna()]
    deciding = found if len(found) else tested[tested["evidence"].astype(bool)]
    row: Json = dict.fromkeys(SUMMARY_COLUMNS, np.nan)
    row |= {"characteristic": name, "label": label, "measure": "", "group": "", "note": ""}
    if len(found):
        row["verdict"] = str(Verdict.GAP_FOUND)
    elif len(primary) and (primary["verdict"] == str(Verdict.NO_GAP_FOUND)).all():
        row["verdict"] = str(Verdict.NO_GAP_FOUND)
    else:
        row["verdict"] = str(Verdict.CANNOT_TELL)
    if not len(deciding):
        row["note"] = "; ".join(dict.fromkeys(note for note in primary["note"] if note)) if tested.empty else FEW
        return row
    size = deciding["difference"].abs()
    largest = deciding[size >= size.max() - 1e-12].sort_values("difference", ascending=False, kind="stable").iloc[0]
    return row | {
        "measure": largest["measure"],
        "group": largest["group"],
        "largest_gap": largest["difference"],
        "low": largest["difference_low"],
        "high": largest["difference_high"],
        "p_adjusted": largest["p_adjusted"],
        "smallest_detectable": largest["smallest_detectable"],
        "smallest_detectable_lower": largest["smallest_detectable_lower"],
        "note": largest["note"],
    }


def _rows_json(rows: pd.DataFrame) -> list[Json]:
    return [row | {"n": _whole(row["n"])} for row in records(rows[list(JSON_COLUMNS)])] if len(rows) else []


def records(frame: pd.DataFrame) -> list[Json]:
    """The rows of a table; NaN becomes null."""
    return [{str(key): _plain(value) for key, value in record.items()} for record in frame.to_dict(orient="records")]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _whole(n: float) -> float | int:
    """Head counts as whole numbers, unless a tie at the last place is shared out."""
    return int(n) if float(n).is_integer() else n
