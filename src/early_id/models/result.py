"""What a trial gives back: figures with intervals, a verdict, and the model put forward."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.types import Json
from early_id.models.risk_model import RiskModel
from early_id.models.verdict import CANNOT_TELL

if TYPE_CHECKING:
    from early_id.models.further import Further

#: Measures of every model, in the order in which they are shown: the list first, ranking figures after it.
MEASURES = {
    "precision_at_capacity": "Listed families with the outcome",
    "recall_at_capacity": "Children with the outcome who were listed",
    "average_precision": "Average precision",
    "auc": "AUC",
    "brier": "Brier score (lower is closer)",
}

#: Why a trial without a bar shows nothing.
NO_BAR = "No bar was written down before the results were seen, so no test results are shown."


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval. NaN: it cannot be estimated.

    ``n`` is the number of families or children the figure is about.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    n: int = 0

    def to_json(self) -> Json:
        """``value``, ``low``, ``high``, ``n``; null where it cannot be estimated."""
        return {key: _plain(value) for key, value in (("value", self.value), ("low", self.low), ("high", self.high))} | {"n": self.n}

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "cannot be estimated"
        between = "" if math.isnan(self.low) else f" ({self.low:.3f} to {self.high:.3f})"
        return f"{self.value:.3f}{between}"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class ModelResult:
    """How one model or rule did at the test date.

    ``held_out`` holds its scores, row by row; ``extra`` holds further figures: censored children counted as no, known
    families left in, listed families not already known to services.
    """

    name: str
    kind: str
    auc: Estimate
    average_precision: Estimate
    precision_at_capacity: Estimate
    recall_at_capacity: Estimate
    brier: Estimate
    sentence: str
    held_out: pd.DataFrame = field(repr=False)
    extra: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        """The five figures, the sentence, the kind; no rows."""
        return {
            "kind": self.kind,
            **{measure: getattr(self, measure).to_json() for measure in MEASURES},
            "sentence": self.sentence,
            "extra": self.extra,
        }


def _nothing_further() -> Further:
    from early_id.models.further import Further

    return Further()


@dataclass(frozen=True, repr=False)
class Trial:
    """Rules and models for one audience, compared at the capacity of the list.

    Attributes
    ----------
    models : dict of str to ModelResult
        Rules first.
    best : RiskModel
        The model that the settings put forward, whatever the test date says: results do not choose it.
    verdict : str
        *ready for approval*, *not ready*, *cannot tell* or *use the rule instead*.
    comparisons : DataFrame
        Model put forward against each rule: paired difference, two-sided 90 % interval (its ends are the one-sided
        95 % bounds), margin.
    components : DataFrame
        The parts of the outcome and further labels, side by side, for the same list.
    censoring : DataFrame
        Figures with children who left before the horizon left out, and counted as no.
    further : Further
        Parts of the council, bands, calibration, net benefit, ends of follow-up, schools as a funnel, labels, steadiness.
    acceptance : dict
        ``hash`` of the bar (null without one) and, once the final verdict has been given, its limits, gaps and opening.
    """

    audience: str
    outcome: str
    capacity: int
    models: dict[str, ModelResult]
    best: RiskModel
    verdict: str
    reasons: tuple[str, ...]
    splits: Json
    components: pd.DataFrame
    censoring: pd.DataFrame
    notes: tuple[str, ...] = ()
    test_notes: tuple[str, ...] = ()  #: those of the notes that tell something about the test date's outcomes
    run_id: str | None = None
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)
    outcome_by_date: pd.DataFrame = field(default_factory=pd.DataFrame)
    acceptance: Json = field(default_factory=dict)
    further: Further = field(default_factory=_nothing_further)

    def __repr__(self) -> str:
        return f"Trial({self.audience}, {len(self.models)} models at {self.capacity} places: {self.verdict})"

    def without_results(self) -> Trial:
        """The fitted model, without any figure of the test date: *cannot tell*, because no bar was written down first."""
        nothing = pd.DataFrame()
        emptied = dict.fromkeys(("comparisons", "components", "censoring", "outcome_by_date"), nothing)
        notes = tuple(note for note in self.notes if note not in self.test_notes)
        return replace(self, models={}, verdict=CANNOT_TELL, reasons=(NO_BAR,), notes=notes, test_notes=(), further=_nothing_further(), **emptied)

    @property
    def segments(self) -> pd.DataFrame:
        """Figures by hub, area, phase, age, term, completeness of the records, recent joiners; never by single school."""
        return self.further.segments

    @property
    def split_notes(self) -> tuple[str, ...]:
        """What everything made from this trial has to say about how its rows were split; empty for a split by time."""
        return tuple(self.splits.get("notes") or ())

    def frame(self) -> pd.DataFrame:
        """One row a model and measure: model, kind, measure, value, low, high, n."""
        rows = [
            {"model": r.name, "kind": r.kind, "measure": m, "value": e.value, "low": e.low, "high": e.high, "n": e.n}
            for r in self.models.values()
            for m, e in ((m, getattr(r, m)) for m in MEASURES)
        ]
        return pd.DataFrame(rows)

    def summary(self) -> pd.DataFrame:
        """One row a model, figures as text, for people."""
        return pd.DataFrame([{"model": r.name, **{title: str(getattr(r, m)) for m, title in MEASURES.items()}} for r in self.models.values()])

    def plot(self) -> str:
        """SVG: of the families listed, the share with the outcome, per model, with intervals."""
        from early_id.present.charts import forest

        rows = [
            {"label": r.name, "value": e.value, "low": e.low, "high": e.high, "strong": r.kind == "model"}
            for r in self.models.values()
            for e in (r.precision_at_capacity,)
        ]
        title = f"Of the families listed, the share with the outcome, with {self.capacity:,} places"
        desc = " ".join([*(f"{r.name}: {r.precision_at_capacity}." for r in self.models.values()), *self.split_notes])
        return str(forest(rows, title=title, desc=desc))

    def to_json(self) -> Json:
        """``verdict``, ``reasons``, ``models`` and what they rest on; no rows."""
        return {
            "audience": self.audience,
            "outcome": self.outcome,
            "capacity": self.capacity,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            # The key among ``models``; the model itself is named with its audience, because each audience has its own.
            "put_forward": self.best.name.removesuffix(f"_{self.audience}"),
            "models": {name: result.to_json() for name, result in self.models.items()},
            "comparisons": _records(self.comparisons),
            "components": _records(self.components),
            "censoring": _records(self.censoring),
            "outcome_by_date": _records(self.outcome_by_date),
            "splits": self.splits,
            "notes": list(self.notes),
            "run_id": self.run_id,
            "acceptance": self.acceptance,
            "further": self.further.to_json(),
        }

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        sentences = "".join(f"<li>{escape(r.name)}: {escape(r.sentence)}</li>" for r in self.models.values())
        reasons = "".join(f"<li>{escape(reason)}</li>" for reason in self.reasons)
        note = f"{self.audience}, {self.capacity:,} places, outcome {self.outcome}"
        verdict = f"<p><strong>{escape(self.verdict)}</strong></p><ul>{reasons}</ul>"
        return frame_html(self.summary(), title="Trial", note=note) + f"<ul>{sentences}</ul>" + verdict


def _records(frame: pd.DataFrame) -> list[Json]:
    return [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]
