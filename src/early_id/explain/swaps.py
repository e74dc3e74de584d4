"""Which reasons would be others had half of the families not been in the training data: marked for analysts, never for staff.

A refit on half of the families is a model as good as ours might have been. A reason of a child, which is a theme on the sheet, *holds* in a refit
where the refit's sheet gives it too. Reasons that do not hold in nearly all of them are marked: they rest on chance, and should not be leaned on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from early_id.core.errors import SettingsError
from early_id.explain.explanations import Explanations, explain_scores

if TYPE_CHECKING:
    from early_id.features.matrix import FeatureMatrix
    from early_id.models.risk_model import RiskModel

#: A reason is marked where it holds in a smaller share of the refits.
HOLDS_FROM = 0.9
COLUMNS = ("row", "theme", "held", "swaps")


@dataclass(frozen=True, repr=False)
class Swaps:
    """How steady reasons are: one row a child and reason, with the share of refits in which it ``held`` and whether it ``swaps``."""

    reasons: pd.DataFrame = field(repr=False)
    refits: int

    def __repr__(self) -> str:
        return f"Swaps(of {len(self.reasons):,} reasons over {self.refits} refits: {self.share_marked:.0%} marked)"

    def frame(self) -> pd.DataFrame:
        """row, theme, held, swaps."""
        return self.reasons

    @property
    def share_marked(self) -> float:
        """Of all reasons, the share that is marked."""
        return float(self.reasons["swaps"].mean()) if len(self.reasons) else float("nan")

    def holding_in(self, refit: RiskModel, matrix: FeatureMatrix) -> dict[str, float]:
        """How often reasons hold in a further refit that the marks were not made from.

        Returns
        -------
        dict
            ``unmarked`` and ``marked``: the share of such reasons that the further refit gives too; ``suggestions``: of the children all of whose
            reasons are unmarked, the share for whom all hold. NaN where there are none.
        """
        again = noticed(explain_scores(refit, matrix), tuple(self.reasons["row"].unique()))
        holds = self.reasons.assign(holds=[theme in again[row] for row, theme in zip(self.reasons["row"], self.reasons["theme"], strict=True)])
        plain = holds.groupby("row").filter(lambda own: not own["swaps"].any())
        return {
            "unmarked": float(holds.loc[~holds["swaps"], "holds"].mean()),
            "marked": float(holds.loc[holds["swaps"], "holds"].mean()),
            "suggestions": float(plain.groupby("row")["holds"].all().mean()) if len(plain) else float("nan"),
        }

    def plot(self) -> str:
        """SVG: how many reasons of each theme are marked."""
        from early_id.explain.wording import theme_title
        from early_id.present.charts import bars

        shares = self.reasons.groupby("theme")["swaps"].mean().sort_values(ascending=False)
        rows = [{"label": theme_title(str(theme)), "value": float(share)} for theme, share in shares.items()]
        return str(bars(rows, title="Reasons that swap between refits", desc="Share of the reasons of each theme that is marked.", unit="percent"))

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        table = self.reasons.groupby("theme").agg(reasons=("swaps", "size"), marked=("swaps", "sum"), held=("held", "mean")).reset_index()
        return frame_html(table.round(2), title="Reasons that swap", note=repr(self))


def mark_swaps(explained: Explanations, matrix: FeatureMatrix, refits: Sequence[RiskModel], rows: Sequence[str]) -> Swaps:
    """Mark the reasons of some children that do not hold in nearly all refits.

    Parameters
    ----------
    explained : Explanations
        By the model that makes the list.
    matrix : FeatureMatrix
        What was explained.
    refits : sequence of RiskModel
        On halves of the families: :func:`early_id.models.refits.refits_on_halves`.
    rows : sequence of str
        Keys of the children, as a rule those listed.

    Raises
    ------
    SettingsError
        No refit is given.
    """
    if not refits:
        raise SettingsError(
            "Without refits nobody can tell which reasons swap.", what_next="Make some with refits_on_halves(trial, matrix, settings)."
        )
    now = noticed(explained, rows)
    others = [noticed(explain_scores(refit, matrix), rows) for refit in refits]
    found = [(row, theme, sum(theme in other[row] for other in others) / len(others)) for row, themes in now.items() for theme in sorted(themes)]
    table = pd.DataFrame(found, columns=["row", "theme", "held"])
    return Swaps(table.assign(swaps=table["held"] < HOLDS_FROM)[list(COLUMNS)], len(refits))


def noticed(explained: Explanations, rows: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Row key → themes that its sheet gives as reasons."""
    return {row: frozenset(reason.theme for reason in explained.for_row(row).noticed) for row in rows}
