"""One question over groups in two renderings: each row is in one of a few categories; shares of one of them with intervals, or counts as they may be published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from markupsafe import Markup

from early_id.learning.published import hidden_totals, publish
from early_id.learning.shares import NOT_KNOWN, gap_words, interval_text, published_share, shares
from early_id.present import charts
from early_id.present.disclosure import HIDDEN, NOTE, is_small, round_count
from early_id.present.page import chart_html, table_html
from early_id.present.wording import and_list, percent, sentence_case

#: Groups in a picture; the table has all.
MOST_SHOWN = 12


@dataclass(frozen=True)
class Words:
    """Whose page it is, and whom its readers ask."""

    council: str
    contact: str
    watermark: str | None = None


@dataclass(frozen=True, repr=False)
class Question:
    """Rows that are each in one category.

    Parameters
    ----------
    rows : DataFrame
        ``category``, ``family_id`` and the columns they can be grouped by.
    categories : sequence of str
        In order.
    focal : str
        The category whose share is compared between groups.
    noun : str
        What a row is, in the plural: "children listed".
    """

    rows: pd.DataFrame = field(repr=False)
    categories: Sequence[str]
    focal: str
    noun: str

    @property
    def counts(self) -> list[int]:
        """Rows of each category."""
        found = self.rows["category"].value_counts()
        return [int(found.get(name, 0)) for name in self.categories]

    def crossed(self, column: str) -> pd.DataFrame:
        """Groups by categories; an empty group is *not known*."""
        named = self.rows[column].astype("object").where(self.rows[column].notna() & (self.rows[column] != ""), NOT_KNOWN).astype(str)
        table = pd.crosstab(named, self.rows["category"]).reindex(columns=list(self.categories), fill_value=0)
        return table.loc[sorted(table.index, key=lambda name: (name == NOT_KNOWN, str(name)))]

    def shares(self, column: str) -> pd.DataFrame:
        """Share of the focal category by group."""
        return shares(self.rows["category"].eq(self.focal), self.rows[column], self.rows["family_id"])


def total_table(question: Question, caption: str, *, publishable: bool) -> Markup:
    """All rows by category."""
    counts, whole = question.counts, len(question.rows)
    hide = hidden_totals(counts) if publishable else [False] * len(counts)
    rows: list[list[Any]] = []
    for name, count, hidden in zip(question.categories, counts, hide, strict=True):
        if publishable:
            shown: Any = HIDDEN if hidden or is_small(whole) else round_count(count)
            rows.append([sentence_case(name), shown, published_share(count, whole, hidden=bool(hidden))])
        else:
            found = shares(question.rows["category"].eq(name), pd.Series("all", index=question.rows.index), question.rows["family_id"])
            rows.append([sentence_case(name), count, interval_text(*found.iloc[0][["value", "low", "high"]]) if len(found) else "none"])
    rows.append([f"All {question.noun}", round_count(whole) if publishable else whole, ""])
    return table_html(["", "How many", "Share (95% interval)"], rows, caption, note=NOTE if publishable else "", numbers=(1,))


def group_section(question: Question, column: str, label: str, *, publishable: bool, picture: bool = True) -> Markup:
    """One sentence with the finding, the picture (restricted only), the table."""
    if question.rows.empty or (publishable and is_small(len(question.rows))):
        return Markup('<p class="finding">{}: too few to say anything.</p>').format(label)
    return _published(question, column, label) if publishable else _restricted(question, column, label, picture=picture)


def _restricted(question: Question, column: str, label: str, *, picture: bool) -> Markup:
    table, found = question.crossed(column), question.shares(column)
    apart = [str(group) for group in found.index[found["p_adjusted"] < 0.05]]
    focal = sentence_case(question.focal)
    finding = (
        f"{focal}: a gap from everyone else beyond chance for {and_list([f'{group} ({gap_words(found.loc[group])})' for group in apart])}."
        if apart
        else f"{focal}: these numbers cannot tell any of the groups from everyone else."
    )
    parts = [Markup('<p class="finding">{}</p>').format(finding)]
    if picture and len(found) > 1:
        shown = found.sort_values("n", ascending=False).head(MOST_SHOWN).sort_index()
        drawn = [{"label": g, "value": r["value"], "low": r["low"], "high": r["high"], "strong": g in apart} for g, r in shown.iterrows()]
        parts.append(
            chart_html(
                charts.forest(drawn, title=f"{focal}, by: {label.lower()}", desc=" ".join(f"{d['label']}: {percent(d['value'])}." for d in drawn))
            )
        )
    rows = [
        [
            group,
            *(int(n) for n in table.loc[group]),
            int(table.loc[group].sum()),
            interval_text(*found.loc[group, ["value", "low", "high"]]),
            gap_words(found.loc[group]),
        ]
        for group in found.index
    ]
    headings = [label, *(sentence_case(name) for name in question.categories), "All", f"{focal} (95% interval)", "Gap"]
    parts.append(table_html(headings, rows, f"{sentence_case(question.noun)}, by: {label.lower()}"))
    return Markup("").join(parts)


def _published(question: Question, column: str, label: str) -> Markup:
    crossed = question.crossed(column)
    made = publish([str(name) for name in crossed.index], crossed.to_numpy(), hidden_totals(question.counts))
    effects: Mapping[Any, float] = question.shares(column)["effect"].to_dict()
    at = list(question.categories).index(question.focal)
    rows: list[list[Any]] = []
    for i, group in enumerate(made.groups):
        hidden = bool(made.hidden[i, at] or made.hidden[i, -1])
        share = published_share(int(made.counts[i, at]), int(made.counts[i, -1]), float(effects.get(group, 1.0)), hidden=hidden)
        rows.append([group, *made.row(i), share])
    shown = sum(row[-1] != HIDDEN for row in rows)
    finding = f"{sentence_case(question.focal)}: can be shown for {shown} of {len(rows)} groups. Where intervals overlap, a difference may be chance."
    headings = [label, *(sentence_case(name) for name in question.categories), "All", f"{sentence_case(question.focal)} (95% interval)"]
    table = table_html(headings, rows, f"{sentence_case(question.noun)}, by: {label.lower()}", note=NOTE)
    return Markup('<p class="finding">{}</p>').format(finding) + table
