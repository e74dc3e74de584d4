"""What the leak test found, as plain values: counts, figures and names of features and columns, no row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from early_id.core.display import frame_html
from early_id.core.errors import LeakError
from early_id.core.types import Json

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Kind of leak → what was tried.
KINDS = {
    "cut": "rows that happened, became known or were taken back on the wrong side of the date were added",
    "rewritten": "rows that came only with a source's last receipt and claim to be older were left out",
    "too good": "the last weeks were compared with the same signs months earlier",
}


@dataclass(frozen=True)
class Leak:
    """One leak: the feature or column, and why it is taken for one."""

    kind: str  #: a key of ``KINDS``
    features: tuple[str, ...]
    columns: tuple[str, ...]  #: ``table.column``, the column that dates the rows first
    why: str
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def column(self) -> str:
        """The column to look at first; empty where it is the feature itself."""
        return self.columns[0] if self.columns else ""

    def to_json(self) -> Json:
        """Plain values."""
        return {
            "kind": self.kind, "feature": self.features[0] if self.features else None, "features": list(self.features),
            "column": self.column or None, "columns": list(self.columns), "why": self.why, "figures": dict(self.figures),
        }  # fmt: skip


@dataclass(frozen=True, repr=False)
class LeakCheck:
    """What :func:`~early_id.features.leaks.check.check_features` found.

    Parameters
    ----------
    leaks : tuple of Leak
    signs : DataFrame
        One row a sign whose strength could be measured: ``near``, ``far``, ``gain``, ``beyond``, ``z``.
    tried : tuple of str
        What was done, in sentences.
    not_tried : tuple of str
        What could not be done, and why: a check that could not be run has not been passed.
    """

    leaks: tuple[Leak, ...]
    signs: pd.DataFrame
    tried: tuple[str, ...]
    not_tried: tuple[str, ...]
    as_of: tuple[date, ...]

    @property
    def found(self) -> bool:
        """Whether any leak was found."""
        return bool(self.leaks)

    def refuse(self) -> None:
        """Raise where leaks were found (exit code 3)."""
        if self.leaks:
            names = list(dict.fromkeys(leak.column or (leak.features[0] if leak.features else "the cohort") for leak in self.leaks))
            raise LeakError(
                "Features know what they could not have known on their date.",
                where=", ".join(names),
                what_next="Ask whoever keeps these records when they are typed in, and have the day of recording exported ('known: {column: …}' in the "
                "shape); until then leave these features out with 'features.use'.",
            )

    def frame(self) -> pd.DataFrame:
        """One row a leak."""
        columns = ["kind", "column", "features", "why"]
        return pd.DataFrame([[x.kind, x.column, ", ".join(x.features), x.why] for x in self.leaks], columns=columns)

    def to_json(self) -> Json:
        """Plain values; ``leaks`` is empty where none was found."""
        return {
            "leaks": [leak.to_json() for leak in self.leaks],
            "tried": list(self.tried),
            "not_tried": list(self.not_tried),
            "as_of": [str(day) for day in self.as_of],
            "signs": self.signs.to_dict("records"),
        }

    def plot(self, most: int = 12) -> str:
        """SVG: how well each sign tells the outcome from its last weeks, beside the same sign months earlier; the largest gains first."""
        from early_id.present.charts import paired_bars

        shown = self.signs.sort_values("gain", ascending=False).head(most)
        rows = [
            {"label": str(row["sign"]).replace("_", " "), "first": float(row["near"]) - 0.5, "second": float(row["far"]) - 0.5}
            for row in shown.to_dict("records")
        ]
        title = "How well signs tell what comes soon: the last weeks beside the same sign months earlier"
        desc = "Area under the curve less one half; none is 0. " + " ".join(
            f"{row['label']}: {row['first']:.2f} and {row['second']:.2f}." for row in rows
        )
        return str(paired_bars(rows, names=("last 90 days", "half a year to a year before"), title=title, desc=desc, unit="ratio"))

    def __repr__(self) -> str:
        return f"LeakCheck({len(self.leaks)} leaks, {len(self.signs)} signs measured, {len(self.not_tried)} checks could not be run)"

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{escape(text)}</li>" for text in (*self.tried, *(f"Not tried: {text}" for text in self.not_tried)))
        note = "none found" if not self.leaks else f"{len(self.leaks)} found"
        return frame_html(self.frame(), title="Leaks", note=note) + f"<ul>{said}</ul>"
