"""The partnership's page on follow-up, restricted and publishable: one sentence with the finding, then the picture, then the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from early_id.learning.followup import BY, MEASURES, STEPS, FollowUp
from early_id.learning.published import PublishedTable, hidden_totals, publish
from early_id.learning.shares import gap_words, interval_text, published_share, share_text
from early_id.learning.tables import Words
from early_id.present import charts
from early_id.present.disclosure import HIDDEN, NOTE, is_small, round_count
from early_id.present.page import chart_html, render_page, table_html
from early_id.present.wording import and_list, day_text, out_of, percent, sentence_case

TITLE = "After the front door: what followed where no threshold was met"
BANNERS = {
    False: "RESTRICTED. For the lead officers of the partnership. Counts of all sizes, no names.",
    True: "For publication. Counts of 1 to 5 are not shown, others are rounded to the nearest 5.",
}
NOT_NOTHING = "Nothing recorded is not the same as nothing done: a talk at school or a call that nobody entered leaves no trace in these records. It is where somebody should look."
#: Groups shown in a picture; the table has all of them.
MOST_SHOWN = 12


def followup_page(follow: FollowUp, words: Words, *, publishable: bool) -> str:
    """One whole page."""
    view = _View(follow, publishable)
    body = Markup("").join([_about(view, words), _all(view), *(_by(view, column) for column in follow.by), _limits(view)])
    return render_page(
        f"{TITLE}: {words.council}", body, banner=BANNERS[publishable], kind="publishable" if publishable else "restricted", watermark=words.watermark
    )


@dataclass(frozen=True)
class _View:
    """What was found, in one rendering."""

    follow: FollowUp
    publishable: bool

    def count(self, n: int) -> str:
        return str(round_count(n)) if self.publishable else f"{n:,}"

    def steps(self, days: int, column: str | None = None) -> pd.DataFrame:
        """Groups by steps, exact."""
        found = self.follow.within(days)
        by = self.follow.rows.loc[found.index, column] if column else pd.Series("All", index=found.index)
        table = pd.crosstab(by, found["step"]).reindex(columns=list(STEPS), fill_value=0)
        order = sorted(table.index, key=lambda name: (name == "not known", str(name)))
        return table.loc[order]

    def published(self, column: str) -> PublishedTable:
        totals = hidden_totals(self.steps(self.follow.main_days).iloc[0].tolist())
        table = self.steps(self.follow.main_days, column)
        return publish([str(name) for name in table.index], table.to_numpy(), totals)

    @property
    def too_few(self) -> bool:
        return self.publishable and is_small(len(self.follow.within(self.follow.main_days)))


def _about(view: _View, words: Words) -> Markup:
    follow = view.follow
    n = len(follow.rows)
    kinds = and_list(sorted(follow.rows["closed_as"].unique()))
    lines = [
        f"Looked at: contacts with the front door and referrals about children that were closed as {kinds}, in the two years before {day_text(follow.day)}: {view.count(n)}."
        if (follow.day - follow.rows["closed_on"].min().date()).days > 365
        else f"Looked at: contacts with the front door and referrals about children that were closed as {kinds}, before {day_text(follow.day)}: {view.count(n)}.",
        f"Each is counted once for each child. What followed is known until {day_text(follow.known_until)}; a contact counts only once the whole of its days had gone by then. "
        "The days run from the day on which it was closed; help that was offered while it was still open counts as well.",
        f"Passed to children's social care, and so not counted here: {view.count(follow.passed_on)}. Closed without an outcome, or still open: {view.count(follow.waiting)}.",
        NOT_NOTHING,
        "Saying no to help has no consequence: a family that was offered help and did not want it counts as offered, and is asked nothing more here.",
        f"Questions: {words.contact}.",
    ]
    return Markup("<h2>What this page is</h2>") + Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)


def _all(view: _View) -> Markup:
    follow, days = view.follow, view.follow.main_days
    found = follow.within(days)
    if found.empty or view.too_few:
        why = "too few to be shown" if len(found) else f"not one of them is {days} days old with all of it known"
        return Markup('<h2>What followed</h2><p class="finding">Nothing can be said: {}.</p>').format(why)
    heading = Markup("<h2>What followed</h2>")
    table = _steps_table(view)
    if "nothing" not in follow.measures:
        missing = and_list([name.replace("_", " ") for name in ("contacts", "early_help", "statutory") if name not in follow.held])
        return (
            heading
            + Markup('<p class="finding">Whether nothing followed cannot be told. Not held: {}.</p>').format(missing)
            + (Markup("") if view.publishable else _measures_table(view))
        )
    share = float(found["nothing"].mean())
    if view.publishable:
        part, whole = round_count(int(found["nothing"].sum())), round_count(len(found))
        said = None if isinstance(part, str) or isinstance(whole, str) else min(part / whole, 1.0)
        share_words = "a number too small to show" if said is None else out_of(said)
    else:
        share_words = out_of(share)
    finding = f"{days} days after closing, nothing more stood on record for {share_words} of the {view.count(len(found))} contacts and referrals."
    parts = [heading, Markup('<p class="finding">{}</p>').format(finding)]
    if not view.publishable:
        rows = follow.overall()
        rows = rows[rows["days"] == days]
        drawn = [{"label": MEASURES[r.measure], "value": r.value, "low": r.low, "high": r.high} for r in rows.itertuples()]
        svg = charts.forest(
            drawn,
            title=f"What followed within {days} days",
            desc=" ".join(f"{d['label']}: {percent(d['value'])}." for d in drawn),
        )
        parts += [chart_html(svg), _measures_table(view)]
    return Markup("").join([*parts, table])


def _measures_table(view: _View) -> Markup:
    follow = view.follow
    rows = follow.overall()
    lines: list[list[Any]] = []
    for name, label in MEASURES.items():
        if name not in follow.measures:
            lines.append([label, *("not held" for _ in follow.days)])
            continue
        own = rows[rows["measure"] == name].set_index("days")
        lines.append([label, *(interval_text(*own.loc[d, ["value", "low", "high"]]) if d in own.index else "not known yet" for d in follow.days)])
    counted = [f"{int(rows.loc[rows['days'] == d, 'n'].max()):,}" if (rows["days"] == d).any() else "none yet" for d in follow.days]
    lines.append(["Contacts and referrals counted", *counted])
    lines.append(["Left out: moved away, turned 18 or died first", *(f"{follow.left_within(d):,}" for d in follow.days)])
    lines.append(["Not known yet: closed too recently for all of it to be recorded", *(f"{follow.not_yet_within(d):,}" for d in follow.days)])
    headings = ["What followed (a contact can have several)", *(f"Within {d} days" for d in follow.days)]
    return table_html(headings, lines, "What followed, with 95% intervals", numbers=())


def _steps_table(view: _View) -> Markup:
    """Each contact once, at the furthest step."""
    rows: list[list[Any]] = []
    for days in view.follow.days:
        table = view.steps(days)
        counts = table.iloc[0].tolist() if len(table) else [0] * len(STEPS)
        if view.publishable:
            hide = hidden_totals(counts)
            small = is_small(sum(counts))
            shown: list[Any] = [HIDDEN if h or small else round_count(c) for c, h in zip(counts, hide, strict=True)]
            rows.append([f"{days} days", *shown, round_count(sum(counts))])
        else:
            rows.append([f"{days} days", *counts, sum(counts)])
    headings = ["Within", *(sentence_case(step) for step in STEPS), "All"]
    return table_html(headings, rows, "Each contact or referral once, at the furthest step that was reached", note=NOTE if view.publishable else "")


def _by(view: _View, column: str) -> Markup:
    follow, label = view.follow, view.follow.by[column]
    heading = Markup("<h2>{}</h2>").format(label)
    if column in follow.not_held:
        return heading + Markup('<p class="finding">{}: not held.</p>').format(label)
    if "nothing" not in follow.measures or view.too_few or follow.within(follow.main_days).empty:
        return heading + Markup('<p class="finding">Cannot be told; see above.</p>')
    return heading + (_published_groups(view, column) if view.publishable else _restricted_groups(view, column))


def _restricted_groups(view: _View, column: str) -> Markup:
    follow, days, label = view.follow, view.follow.main_days, view.follow.by[column]
    figures = follow.by_group(column)
    nothing = figures[figures["measure"] == "nothing"].set_index("group")
    apart = [str(group) for group in nothing.index[nothing["p_adjusted"] < 0.05]]
    words = [f"{group} ({gap_words(nothing.loc[group])})" for group in apart]
    finding = (
        f"Nothing recorded after {days} days: a gap from everyone else beyond chance for {and_list(words)}."
        if words
        else f"Nothing recorded after {days} days: these numbers cannot tell any of the groups from everyone else."
    )
    shown = nothing.sort_values("n", ascending=False).head(MOST_SHOWN).sort_index()
    drawn = [{"label": g, "value": r["value"], "low": r["low"], "high": r["high"], "strong": g in apart} for g, r in shown.iterrows()]
    svg = charts.forest(
        drawn, title=f"Nothing recorded after {days} days, by: {label.lower()}", desc=" ".join(f"{d['label']}: {percent(d['value'])}." for d in drawn)
    )
    per = {name: figures[figures["measure"] == name].set_index("group") for name in follow.measures}
    rows = [
        [
            group,
            int(nothing.loc[group, "n"]),
            *(interval_text(*per[name].loc[group, ["value", "low", "high"]]) for name in follow.measures),
            gap_words(nothing.loc[group]),
        ]
        for group in nothing.index
    ]
    headings = [label, "Counted", *(MEASURES[name] for name in follow.measures), "Gap in nothing recorded"]
    caption = f"Within {days} days, by: {label.lower()} (95% intervals; families counted as one where they answer alike)"
    lead = Markup('<p class="lead-in">{}</p>').format("A filled dot differs from everyone else beyond chance; a hollow one may not.")
    return Markup('<p class="finding">{}</p>').format(finding) + lead + chart_html(svg) + table_html(headings, rows, caption)


def _published_groups(view: _View, column: str) -> Markup:
    follow, days, label = view.follow, view.follow.main_days, view.follow.by[column]
    table = view.published(column)
    figures = follow.by_group(column)
    effects = figures[figures["measure"] == "nothing"].set_index("group")["effect"]
    last = len(STEPS) - 1
    rows: list[list[Any]] = []
    for i, group in enumerate(table.groups):
        part, whole = int(table.counts[i, last]), int(table.counts[i, -1])
        hidden = bool(table.hidden[i, last] or table.hidden[i, -1])
        rows.append([group, *table.row(i), published_share(part, whole, float(effects.get(group, np.nan)), hidden=hidden)])
    hidden_groups = sum(row[-1] == HIDDEN for row in rows)
    finding = (
        f"How often nothing was recorded after {days} days can be shown for {len(rows) - hidden_groups} of {len(rows)} groups. "
        "Where intervals overlap, a difference may be chance."
    )
    headings = [label, *(sentence_case(step) for step in STEPS), "All", "Nothing recorded (95% interval)"]
    return Markup('<p class="finding">{}</p>').format(finding) + table_html(headings, rows, f"Within {days} days, by: {label.lower()}", note=NOTE)


def _limits(view: _View) -> Markup:
    follow = view.follow
    lines = [
        "Help by schools, health or voluntary groups that is not entered in the records taken in here is not seen.",
        "That help followed does not show that it came because of the contact, nor that it helped.",
        f"Characteristics are those on record on {day_text(follow.day)}.",
    ]
    lines += [f"{BY[name]}: not held." for name in follow.not_held]
    lines += [
        f"{count:,} contacts carry an outcome that the settings do not name, and are not counted."
        if not view.publishable
        else "Some contacts carry an outcome that the settings do not name, and are not counted."
        for count in [sum(item.count for item in follow.findings)]
        if count
    ]
    items = Markup("").join(Markup("<li>{}</li>").format(line) for line in lines)
    return Markup('<h2>What this cannot show</h2><p class="finding">This counts what was written down.</p><ul>{}</ul>').format(items)


def finding_lines(follow: FollowUp) -> Sequence[str]:
    """The finding in two or three lines, for the command line. Counts only."""
    found = follow.within(follow.main_days)
    lines = [repr(follow)]
    if "nothing" in follow.measures and len(found):
        n = int(found["nothing"].sum())
        lines.append(f"Nothing recorded within {follow.main_days} days: {n:,} of {len(found):,}, {share_text(n, len(found))}")
    return lines
