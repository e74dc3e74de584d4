"""The result of :func:`explain_scores`: one explanation for each row, as words, as a table, as a picture and for shap."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from early_id.core.errors import SettingsError
from early_id.explain.contributions import Contributions, exact_contributions, model_inputs
from early_id.explain.narrative import SIDES, Explanation, Reason, Row, narrate
from early_id.explain.peers import YearGroups
from early_id.explain.wording import is_withheld, theme_title

if TYPE_CHECKING:
    from early_id.explain.analyst import AnalystMarks
    from early_id.features.declare import Feature
    from early_id.features.matrix import FeatureMatrix
    from early_id.models.risk_model import RiskModel

FRAME_COLUMNS = ("row", "theme", "contribution", "side", "sentence", "period", "newest_on", "source")


@dataclass(frozen=True, repr=False)
class Explanations:
    """Explanations of every row of a matrix, made when asked for.

    ``frame()`` holds the contributions and is for analysts; lists and sheets for staff are made from :meth:`for_row`, whose
    pages show no number that a score could be rebuilt from.
    """

    model_name: str
    audience: str
    contributions: Contributions = field(repr=False)
    index: pd.DataFrame = field(repr=False)
    newest: np.ndarray = field(repr=False)  #: newest record behind each value, datetime64[D], in the shape of the inputs
    peers: YearGroups = field(repr=False)

    def __repr__(self) -> str:
        return f"Explanations(of {len(self):,} rows)"

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[Explanation]:
        return (self._narrate(position) for position in range(len(self)))

    @property
    def features(self) -> tuple[Feature, ...]:
        """The model's features, in order."""
        return self.contributions.features

    def for_row(self, key: str) -> Explanation:
        """The explanation of one row, by its key ``child@YYYY-MM-DD``."""
        if key not in self.index.index:
            # The key holds a child's id, so the message does not repeat it (core/errors.py).
            raise SettingsError(
                "The row asked for is not among the explained ones.",
                where=f"{len(self):,} rows explained for the audience {self.audience}",
                what_next="Row keys look like child@YYYY-MM-DD; see matrix.X.index.",
            )
        return self._narrate(int(self.index.index.get_loc(key)))

    def frame(self) -> pd.DataFrame:
        """One row a child and theme, and one a strength.

        The contributions of a child's rows sum to score less baseline to 1e-9. A strength is a fact already counted in its
        theme, so its contribution is empty.
        """
        rows = [(e.key, r.theme, r.contribution, r.side, r.sentence, r.period, r.newest_on, r.source) for e in self for r in _all_reasons(e)]
        table = pd.DataFrame(rows, columns=list(FRAME_COLUMNS))
        return table.astype({"newest_on": "datetime64[s]", "contribution": float})

    def themes(self) -> pd.DataFrame:
        """How often each theme raised or lowered a score: one row a theme, counts only."""
        parts = self.contributions.by_theme()
        return pd.DataFrame(
            {
                "theme": [theme_title(str(theme)) for theme in parts.columns],
                "raises": [int((parts[theme] > 0).sum()) for theme in parts.columns],
                "lowers": [int((parts[theme] < 0).sum()) for theme in parts.columns],
                "mean_size": [float(parts[theme].abs().mean()) for theme in parts.columns],
            }
        ).sort_values("mean_size", ascending=False, ignore_index=True)

    def plot(self) -> str:
        """An SVG bar chart of how often each theme raises a score, for analysts."""
        from early_id.present.charts import bars

        rows = [{"label": str(row.theme), "value": row.raises / max(len(self), 1)} for row in self.themes().itertuples()]
        title = "How often each theme raises a score"
        return str(bars(rows, title=title, desc="Share of the children explained, theme by theme.", unit="percent"))

    def to_shap(self) -> Any:
        """A ``shap.Explanation`` with our exact terms as its values."""
        return self.contributions.to_shap()

    def page(self, key: str, *, marks: AnalystMarks | None = None) -> str:
        """One explanation sheet as a whole HTML page; with ``marks`` (:func:`early_id.explain.analyst.analyst_marks`) for analysts and governance only."""
        from early_id.explain.page import SheetContext, explanation_page

        return explanation_page(self.for_row(key), SheetContext(heading=key, marks=marks) if marks else None)

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        note = f"{len(self):,} rows, for {self.audience}; contributions sum to the score"
        return frame_html(self.themes().round(3), title="Explanations", note=note)

    def _narrate(self, position: int) -> Explanation:
        names = [feature.name for feature in self.features]
        row = self.index.iloc[position]
        values, parts = self.contributions.inputs.iloc[position], self.contributions.values.iloc[position]
        return narrate(
            Row(
                key=str(self.index.index[position]),
                child_id=str(row["child_id"]),
                as_of=pd.Timestamp(row["as_of"]).date(),
                nc_year="" if pd.isna(row["nc_year"]) else str(row["nc_year"]),
                values=dict(zip(names, values.to_numpy(dtype=float).tolist(), strict=True)),
                parts=dict(zip(names, parts.to_numpy(dtype=float).tolist(), strict=True)),
                newest=dict(zip(names, (_day(day) for day in self.newest[position]), strict=True)),
            ),
            self.features,
            self.peers,
            held=self._held,
        )

    @cached_property
    def _held(self) -> frozenset[str]:
        """Features of which a value is known for anybody."""
        known = self.contributions.inputs.notna().any()
        return frozenset(str(name) for name in known.index[known])


def explain_scores(model: RiskModel, matrix: FeatureMatrix) -> Explanations:
    """Explain every row of ``matrix`` as ``model`` scores it.

    Parameters
    ----------
    model : RiskModel
        Its features are those its audience may see, so that reasons are complete and nothing is held back behind them.
    matrix : FeatureMatrix
        The rows of one as-of date. Year-group comparisons are made among these rows.

    Returns
    -------
    Explanations
        ``for_row(key)``, ``frame()``, ``plot()``, ``page(key)``, ``to_shap()``.

    Raises
    ------
    NotAdditiveError
        If contributions do not sum to the score to 1e-9.
    """
    contributions = exact_contributions(model, matrix.X, protected=[str(name) for name in matrix.groups.columns])
    inputs = model_inputs(model.features, matrix.X)
    shown = inputs[[feature.name for feature in model.features if not is_withheld(feature)]]
    return Explanations(
        model_name=model.name,
        audience=str(model.audience),
        contributions=contributions,
        index=matrix.index,
        newest=_newest(matrix.evidence_dates, inputs),
        peers=YearGroups.of(shown, matrix.index["nc_year"]),
    )


def _newest(evidence: pd.DataFrame, inputs: pd.DataFrame) -> np.ndarray:
    """Evidence dates in the shape of the inputs; empty where a matrix came without them."""
    aligned = evidence.reindex(index=inputs.index, columns=inputs.columns)
    return np.column_stack([pd.to_datetime(aligned[name]).to_numpy().astype("datetime64[D]") for name in inputs.columns])


def _day(value: np.datetime64) -> date | None:
    day: date | None = value.astype(object)
    return day


def _all_reasons(explanation: Explanation) -> list[Reason]:
    reasons = [*explanation.noticed, *explanation.against, *explanation.others, *explanation.going_well]
    return sorted(reasons, key=lambda r: (SIDES.index(r.side), -abs(r.contribution) if not math.isnan(r.contribution) else 0.0, r.theme))
