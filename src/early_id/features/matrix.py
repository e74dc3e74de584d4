"""The feature matrix: what features hand to models, audits, explanations and lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from early_id.core.errors import InputDataError, SettingsError
from early_id.core.findings import Findings
from early_id.core.fingerprint import frame_fingerprint
from early_id.core.types import Audience, SharingClass, Unit
from early_id.features.declare import Feature
from early_id.features.evidence import EvidenceRows, Origin, evidence_rows

#: Marks of a row that a school list could hold.
SCHOOL_LISTS_NEED = {"household": "", "contact_is_safe": True}
EXCLUDED_COLUMNS = ("child_id", "as_of", "family_id", "school_id", "hub_id", "reason", "audiences")


@dataclass(frozen=True)
class MatrixMeta:
    """What a matrix was made from and what its columns mean."""

    features: tuple[Feature, ...]
    outcome: str
    components: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    catalogue_hash: str = ""
    data_hash: str = ""
    as_of_dates: tuple[date, ...] = ()
    notes: tuple[str, ...] = ()
    places: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  #: audience → recipient → families that it can talk to
    findings: Findings = field(default_factory=Findings)  #: what could not be known: absent tables, features that nobody has, children on two rolls


#: Whose rows a feature counts, and what its number is.
_OF = {Unit.CHILD: "the child", Unit.FAMILY: "brothers and sisters"}
_MEASURED_IN = {"count": "number", "share": "share, 0 to 1", "days": "days", "yes_no": "yes 1, no 0", "number": "number"}


def row_keys(child_id: pd.Series, as_of: pd.Series) -> pd.Index:
    """Row keys ``child@YYYY-MM-DD``."""
    return pd.Index(child_id.astype(str) + "@" + pd.to_datetime(as_of).dt.strftime("%Y-%m-%d"), name="row")


@dataclass(frozen=True, repr=False)
class FeatureMatrix:
    """Features, outcomes, groups and bookkeeping of the same rows.

    Parameters
    ----------
    X : DataFrame, shape (n_rows, n_features)
        float64; NaN is unknown. The only part that reaches estimators.
    y : DataFrame, shape (n_rows, n_outcomes + 1)
        1, 0 or NaN (not yet known), and the boolean ``censored``.
    groups : DataFrame, shape (n_rows, n_characteristics)
        For the audit only; ``not known`` is a value.
    index : DataFrame
        child_id, as_of, family_id, home_id (the family as the school's own records show it), school_id, hub_id, outcome_until, mature_on, age,
        nc_year, known_to_services.
    excluded : DataFrame
        One row per child and date taken out before scoring, with the reason.
    evidence_dates : DataFrame, shape of X
        Date of the newest record behind each value; NaT where there is none.
    meta : MatrixMeta
    origin : Origin, optional
        Store and people that it was built from, for :meth:`evidence`; None for a matrix that was read or made by hand.

    All but ``excluded`` share the row index ``child@YYYY-MM-DD``.
    """

    X: pd.DataFrame
    y: pd.DataFrame
    groups: pd.DataFrame
    index: pd.DataFrame
    excluded: pd.DataFrame
    meta: MatrixMeta
    evidence_dates: pd.DataFrame = field(default_factory=pd.DataFrame)
    origin: Origin | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.X.index.has_duplicates:
            raise InputDataError(
                f"{int(self.X.index.duplicated().sum())} child-and-date rows occur twice in the matrix.",
                what_next="Check the linkage findings: two records may share one child id.",
            )
        for part in (self.y, self.groups, self.index, *([self.evidence_dates] if len(self.evidence_dates) else [])):
            if not part.index.equals(self.X.index):
                raise InputDataError("The parts of a feature matrix are not about the same rows.")

    def __len__(self) -> int:
        return len(self.X)

    def where(self, mask: pd.Series | np.ndarray) -> FeatureMatrix:
        """The rows for which ``mask`` holds; ``excluded`` is kept for the dates that remain. A series is matched by its row keys."""
        if isinstance(mask, pd.Series):
            if not mask.index.sort_values().equals(self.X.index.sort_values()):
                raise InputDataError("The mask is not about the rows of the matrix.")
            mask = mask.reindex(self.X.index)
        keep = np.asarray(mask, dtype=bool)
        index = self.index[keep]
        dates = index["as_of"].unique()
        excluded = self.excluded[self.excluded["as_of"].isin(dates)] if len(self.excluded) else self.excluded
        evidence = self.evidence_dates[keep] if len(self.evidence_dates) else self.evidence_dates
        return replace(self, X=self.X[keep], y=self.y[keep], groups=self.groups[keep], index=index, excluded=excluded, evidence_dates=evidence)

    def at(self, as_of: str | date | pd.Timestamp) -> FeatureMatrix:
        """The rows of one as-of date."""
        day = pd.Timestamp(as_of)
        mask = self.index["as_of"] == day
        if not mask.any():
            held = ", ".join(str(d.date()) for d in sorted(self.index["as_of"].unique()))
            raise InputDataError(f"The matrix has no rows for {day.date()}.", what_next=f"Dates held: {held}.")
        return self.where(mask)

    def evidence(self, child: str, as_of: str | date | pd.Timestamp, feature: str) -> EvidenceRows:
        """The very rows behind one number: as known on the date, through the cut, window, conditions, school scope and settling that made it.

        Parameters
        ----------
        child : str
            A ``child_id`` of the matrix.
        as_of : date
        feature : str
            A feature of the matrix.

        Returns
        -------
        EvidenceRows
            A pandas frame that prints counts only; ``frame()`` gives the plain one. For analysts: it holds rows. ``about`` says value, windows,
            and what was left out and why.

        Raises
        ------
        SettingsError
            An unknown feature, or one that this matrix does not hold.
        InputDataError
            No such row, or a matrix that was not built in this session.
        """
        if feature not in self.X:
            raise SettingsError.unknown_name("feature", feature, [f.name for f in self.meta.features])
        row = f"{child}@{pd.Timestamp(as_of).date()}"
        if row not in self.X.index:
            raise InputDataError(
                f"The matrix has no row for this child on {pd.Timestamp(as_of).date()}.",
                what_next="Look up child and date in matrix.index; matrix.excluded says who was taken out before scoring, and why.",
            )
        if self.origin is None:
            raise InputDataError(
                "This matrix does not know the store that it was built from.", what_next="Build it with build_features in the same session."
            )
        declared = next(f for f in self.meta.features if f.name == feature)
        return evidence_rows(self.origin, row, declared, float(self.X.at[row, feature]))

    def columns(self, names: Iterable[str]) -> FeatureMatrix:
        """Fewer features, in the order of the matrix; an unknown name is an error that offers the nearest."""
        wanted, held = set(names), [f.name for f in self.meta.features]
        if unknown := sorted(wanted - set(held)):
            raise SettingsError.unknown_name("feature", unknown[0], held)
        features = tuple(f for f in self.meta.features if f.name in wanted)
        kept = [f.name for f in features]
        evidence = self.evidence_dates[kept] if len(self.evidence_dates) else self.evidence_dates
        return replace(self, X=self.X[kept], evidence_dates=evidence, meta=replace(self.meta, features=features))

    def for_audience(self, audience: str, sharing: Mapping[str, Iterable[str]]) -> FeatureMatrix:
        """What a model for ``audience`` may learn from: its classes of features, and the children whom its lists could hold.

        An audience not named in ``sharing`` sees nothing. A school's lists hold children on its roll, of households that nobody of
        other services works with and where contact is known to be safe; their families are those of :meth:`families_for`.
        """
        allowed = {SharingClass(name) for name in sharing.get(str(audience), ())}
        kept = [f.name for f in self.meta.features if f.sharing in allowed]
        if not kept:
            raise InputDataError(
                f"The audience '{audience}' may see none of the features.",
                where="sharing.yaml",
                what_next=f"Audiences with classes: {', '.join(sharing) or 'none'}.",
            )
        rows = self
        if str(audience) == Audience.SCHOOL_LEAD:
            keep = self.index["school_id"].notna()
            for mark, wanted in SCHOOL_LISTS_NEED.items():
                # A programme without households has no such marks.
                keep &= self.index[mark].eq(wanted) if mark in self.index else True
            rows = self.where(keep)
        return rows.families_for(audience).columns(kept)

    def families_for(self, audience: str) -> FeatureMatrix:
        """The same rows, with families as the audience may know them: for a school, by the addresses on its own records.

        Who lives together is what housing and social care know; were a school's families formed from that, a change there would change a
        school's list. A programme without homes keeps its families.
        """
        if str(audience) != Audience.SCHOOL_LEAD or "home_id" not in self.index:
            return self
        excluded = self.excluded.assign(family_id=self.excluded["home_id"]) if "home_id" in self.excluded else self.excluded
        return replace(self, index=self.index.assign(family_id=self.index["home_id"]), excluded=excluded)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the values and of the row order."""
        return frame_fingerprint(self.X)

    def frame(self) -> pd.DataFrame:
        """Index, features and outcomes side by side."""
        return pd.concat([self.index, self.X, self.y], axis=1)

    def __repr__(self) -> str:
        dates = ", ".join(str(d) for d in self.meta.as_of_dates)
        return f"FeatureMatrix({len(self):,} rows, {self.X.shape[1]} features, as of {dates})"

    def summary(self) -> pd.DataFrame:
        """One row a feature: label, whose rows it counts, what its number is (a share, days, yes or no), class, share unknown, mean."""
        return pd.DataFrame(
            {
                "label": [f.label for f in self.meta.features],
                "of": [_OF[f.unit] for f in self.meta.features],
                "measured_in": [_MEASURED_IN[f.value_format] for f in self.meta.features],
                "theme": [f.theme for f in self.meta.features],
                "sharing": [str(f.sharing) for f in self.meta.features],
                "share_unknown": self.X.isna().mean().round(3).to_numpy(),
                "mean": self.X.mean().round(3).to_numpy(),
            },
            index=self.X.columns,
        )

    def plot(self) -> str:
        """SVG: how much is known, by theme: the mean share of rows with a known value."""
        from early_id.features.themes import THEMES
        from early_id.present.charts import bars

        known = self.X.notna().mean().groupby([THEMES[f.theme].title for f in self.meta.features]).mean().sort_values(ascending=False)
        rows = [{"label": title, "value": float(share)} for title, share in known.items()]
        desc = " ".join(f"{row['label']}: {row['value']:.0%}." for row in rows)
        return str(bars(rows, title="How much is known, by theme", desc=desc, unit="percent"))

    def _repr_html_(self) -> str:
        from early_id.core.display import frame_html

        dates = ", ".join(str(d) for d in self.meta.as_of_dates)
        note = f"{len(self):,} child-and-date rows, {self.X.shape[1]} features, as of {dates}"
        return frame_html(self.summary().reset_index(names="feature"), title="Feature matrix", note=note, rows=200)
