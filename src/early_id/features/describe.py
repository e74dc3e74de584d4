"""One feature, described: what it counts in words, the SQL that ran, and how its values are spread. Counts only, no child's row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from early_id.core.calendar import SchoolCalendar, usual_calendar
from early_id.core.errors import SettingsError
from early_id.features.ask import listening
from early_id.features.catalogue import Catalogue
from early_id.features.declare import Feature
from early_id.features.past import TableSource
from early_id.features.programme import COUNCIL, Programme, build_features
from early_id.features.themes import THEMES
from early_id.features.windows import span
from early_id.features.words import SHARING_WORDS, definition
from early_id.linkage import People
from early_id.present.wording import count_of
from early_id.schema.tables import Tables

if TYPE_CHECKING:
    from early_id.config.settings import Config

#: Up to so many different values are shown one by one, more in as many bands.
_BARS = 10
#: Columns of the widest bar on a terminal.
_WIDTH = 40
#: Measures that no query of ours answers alone.
_NO_SQL = {"relatives": "Counted from the households as known on the date, without a query.", "custom": "Computed by a function of the extension."}
#: Engines whose SQL goes by another name than their own.
_DIALECTS = {"pyspark": "spark"}


@dataclass(frozen=True, repr=False)
class FeatureDescription:
    """What :func:`describe_feature` gives.

    Parameters
    ----------
    feature : Feature
    words : str
        The definition, read off the declaration.
    as_of : date, optional
        None where no store was given; then ``sql``, ``values`` and ``window`` are empty.
    window : tuple of date, optional
        The half-open span on that date.
    sql : tuple of str
        The queries that answered it, as they ran.
    values : Series
        The values of the cohort on that date; NaN is not known.
    """

    feature: Feature
    words: str
    as_of: date | None = None
    window: tuple[date, date] | None = None
    sql: tuple[str, ...] = ()
    values: pd.Series | None = None

    @property
    def share_unknown(self) -> float:
        """Share of the children for whom the value is not known."""
        return float(self.values.isna().mean()) if self.values is not None and len(self.values) else float("nan")

    def frame(self) -> pd.DataFrame:
        """The distribution: ``value`` (one, or a band) and ``children``; those not known last."""
        if self.values is None:
            return pd.DataFrame(columns=["value", "children"])
        known = self.values.dropna()
        rows = [*_spread(known, self.feature.value_format), ("not known", int(self.values.isna().sum()))]
        return pd.DataFrame(rows, columns=["value", "children"])

    def facts(self) -> list[tuple[str, str]]:
        """Name and text of everything but SQL and distribution."""
        feature = self.feature
        facts = [
            ("Label", feature.label),
            ("Definition", self.words),
            ("Why it is here", feature.reason),
            ("Time", f"{feature.window}" + (f": {self.window[0]} to {self.window[1]}, the last day not included" if self.window else "")),
            ("Records held by", f"{SHARING_WORDS[feature.sharing]} ({feature.sharing})"),
            ("Theme", THEMES[feature.theme].title),
            (
                "Direction",
                {"raises": "more of it raises a score", "lowers": "more of it lowers a score"}.get(str(feature.direction), "may go either way"),
            ),
            ("Sentence", feature.phrase),
        ]
        if self.values is not None:
            unknown = int(self.values.isna().sum())
            facts.append(("Children", f"{len(self.values):,} on {self.as_of}; not known for {unknown:,} ({self.share_unknown:.0%})"))
        return facts

    def text(self, *, width: int = 100, sql: bool = False) -> str:
        """Facts and distribution for a terminal, with ``sql`` also what ran."""
        from textwrap import fill

        lines = [self.feature.name, ""]
        for name, said in self.facts():
            lines.append(fill(said, width, initial_indent=f"  {name:<17}", subsequent_indent=" " * 19))
        if self.values is not None:
            lines += ["", f"Values of {len(self.values):,} children on {self.as_of}:", "", *self._bars()]
        if self.sql and not sql:
            lines += ["", f"{count_of(len(self.sql), 'query', 'queries')} answered it: to see the SQL add --sql."]
        for query in self.sql if sql else ():
            lines += ["", "SQL that ran:", "", *(f"  {line}" for line in query.splitlines())]
        if not self.sql and self.values is not None:
            lines += ["", _NO_SQL.get(self.feature.measure.kind, f"No table '{self.feature.source}' is held, so no query ran.")]
        return "\n".join(lines)

    def _bars(self) -> list[str]:
        frame = self.frame()
        most = max(int(frame["children"].max()), 1)
        wide = max(len(str(value)) for value in frame["value"])
        return [f"  {value!s:>{wide}}  {_bar(count, most)} {count:,}" for value, count in frame.itertuples(index=False)]

    def plot(self) -> str:
        """The distribution as SVG."""
        from early_id.present.charts import bars

        rows = [{"label": str(value), "value": float(count)} for value, count in self.frame().itertuples(index=False)]
        title = f"{self.feature.label}: children by value on {self.as_of}"
        return str(bars(rows, title=title, desc=" ".join(f"{row['label']}: {row['value']:.0f}." for row in rows)))

    def __repr__(self) -> str:
        about = f", {len(self.values):,} children on {self.as_of}, {self.share_unknown:.0%} not known" if self.values is not None else ""
        return f"FeatureDescription({self.feature.name}{about})"

    def _repr_html_(self) -> str:
        facts = "".join(
            f"<tr><th style='text-align:left;vertical-align:top'>{escape(n)}</th><td style='text-align:left'>{escape(t)}</td></tr>"
            for n, t in self.facts()
        )
        picture = f"<div style='max-width:46rem'>{self.plot()}</div>" if self.values is not None else ""
        sql = "".join(f"<details><summary>SQL that ran</summary><pre>{escape(query)}</pre></details>" for query in self.sql)
        return f"<p><strong>{escape(self.feature.name)}</strong></p><table>{facts}</table>{picture}{sql}"


def _bar(count: int, most: int) -> str:
    """Blocks, one at least where there is anybody."""
    return "█" * max(round(_WIDTH * count / most), 1 if count else 0)


def _spread(known: pd.Series, value_format: str) -> list[tuple[str, int]]:
    """Label and number of children, one by one or in bands of equal width."""

    def written(value: float) -> str:
        return (
            f"{value:.0%}"
            if value_format == "share"
            else {0.0: "no", 1.0: "yes"}.get(value, f"{value:g}")
            if value_format == "yes_no"
            else f"{value:,.4g}"
        )

    counts = known.value_counts().sort_index()
    if len(counts) <= _BARS:
        return [(written(float(value)), int(count)) for value, count in counts.items()]
    low, high = float(known.min()), float(known.max())
    # Whole numbers get whole bands, so that "1 to 3" means what it says.
    whole = bool((known == known.round()).all())
    step = max(1.0, float(np.ceil((high - low + 1) / _BARS))) if whole else (high - low) / _BARS
    edges = low + step * np.arange(int(np.ceil((high - low + (1 if whole else 0)) / step - 1e-9)) + (0 if whole else 1))
    edges = edges[:_BARS]
    place = np.clip(((known.to_numpy() - low) / step).astype("int64"), 0, len(edges) - 1)
    return [
        (f"{written(edge)} to {written(edge + step - 1 if whole else min(edge + step, high))}", int((place == i).sum()))
        for i, edge in enumerate(edges)
    ]


def declared(feature: Feature, tables: Tables) -> FeatureDescription:
    """A description without data: what the declaration says."""
    return FeatureDescription(feature, definition(feature, tables[feature.source]))


def describe_feature(
    store: TableSource,
    people: People,
    feature: Feature | str,
    *,
    as_of: date,
    features: Catalogue | None = None,
    settings: Config | None = None,
    programme: Programme = COUNCIL,
    calendar: SchoolCalendar | None = None,
) -> FeatureDescription:
    """Describe one feature with the values of the cohort on a date.

    Parameters
    ----------
    store, people
        As for ``build_features``.
    feature : Feature or str
        A name is looked up in ``features``, the shipped catalogue where none is given.
    as_of : date

    Raises
    ------
    SettingsError
        An unknown feature.
    InputDataError
        A date outside the data, or nobody in the cohort.
    """
    from early_id.config.settings import Config
    from early_id.features.catalogue import catalogue

    known = features if features is not None else catalogue()
    one = known[feature] if isinstance(feature, str) else feature
    if not isinstance(as_of, date):
        raise SettingsError("A feature is described on one date.", what_next="Give as_of=date(2025, 11, 10).")
    cfg, terms = settings or getattr(store, "settings", None) or Config(), calendar or usual_calendar()
    with listening() as asked:
        matrix = build_features(store, people, Catalogue((one,), store.tables), as_of=as_of, settings=cfg, programme=programme, calendar=terms)
    return FeatureDescription(
        one,
        definition(one, store.tables[one.source]),
        as_of,
        span(one.window, as_of, terms),
        tuple(_laid_out(*one) for one in asked),
        matrix.X[one.name],
    )


def _laid_out(engine: str, query: str) -> str:
    """A query over lines that fit a terminal, in the words of its own engine."""
    import sqlglot

    dialect = _DIALECTS.get(engine, engine)
    return sqlglot.transpile(query, dialect, dialect, pretty=True, max_text_width=90)[0]
