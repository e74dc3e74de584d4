"""The page of oversight, for a head of service (restricted) and for anybody (publishable)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
from markupsafe import Markup

from early_id.learning.oversight import AGREED, AROUND, NO_ANSWER, OVERRIDDEN, Change, Oversight
from early_id.learning.shares import published_share, share_text
from early_id.learning.tables import Words, group_section, total_table
from early_id.present.disclosure import HIDDEN, NOTE, is_small, round_count
from early_id.present.page import render_page, table_html
from early_id.present.wording import day_text, out_of, percent

TITLE = "After the lists: what people decided, and what help was given"
NO_CAUSE = "This does not show that the help caused it. Families come to help when things are at their worst, and things at their worst often get better by themselves."
BANNERS = {
    False: "RESTRICTED. For those who answer for early help. Counts of all sizes, no names.",
    True: "For publication. Counts of 1 to 5 are not shown, others are rounded to the nearest 5.",
}


def oversight_page(found: Oversight, words: Words, *, publishable: bool) -> str:
    """One whole page."""
    parts = [_about(found, words, publishable), _reviewed(found, publishable), _late(found, publishable), _agreed(found, publishable),
             _followed(found, publishable), _help(found, publishable), _quality(found, publishable), _changes(found, publishable)]  # fmt: skip
    return render_page(
        f"{TITLE}: {words.council}", Markup("").join(parts), banner=BANNERS[publishable], kind="publishable" if publishable else "restricted",
        watermark=words.watermark,
    )  # fmt: skip


def _count(n: int, publishable: bool) -> str:
    return str(round_count(n)) if publishable else f"{n:,}"


def _finding(text: str) -> Markup:
    return Markup('<p class="finding">{}</p>').format(text)


def _about(found: Oversight, words: Words, publishable: bool) -> Markup:
    lines = [
        f"What stood on record on {day_text(found.day)}, of lists of the last year and of help offered in it.",
        f"Children on lists: {_count(len(found.answers.rows), publishable)}. Offers of early help: {_count(len(found.help_steps.rows), publishable)}.",
        f"Questions: {words.contact}.",
    ]
    return Markup("<h2>What this page is</h2>") + Markup("").join(Markup("<p>{}</p>").format(line) for line in lines)


def _share_words(part: int, whole: int, publishable: bool) -> str:
    if not whole:
        return "none"
    if not publishable:
        return out_of(part / whole)
    small = is_small(part) or is_small(whole) or is_small(whole - part)
    return "a number too small to show" if small else out_of(min(float(round_count(part)) / float(round_count(whole)), 1.0))


def _reviewed(found: Oversight, publishable: bool) -> Markup:
    rows = found.answers.rows
    head = Markup("<h2>What was reviewed</h2>")
    if rows.empty:
        return head + _finding("No list of the last year is on record.")
    done = int((rows["category"] != NO_ANSWER).sum())
    text = f"An answer came back for {_share_words(done, len(rows), publishable)} children on lists; {_count(len(rows), publishable)} stood on them."
    waiting = (
        Markup("<p>Families passed to children's social care that no manager has countersigned: {}.</p>").format(found.waiting_step_ups)
        if found.waiting_step_ups and not publishable
        else Markup("")
    )
    return head + _finding(text) + waiting + total_table(found.answers, "What was answered about children on lists", publishable=publishable)


def _late(found: Oversight, publishable: bool) -> Markup:
    head = Markup("<h2>How late</h2>")
    if found.times.rows.empty:
        return head + _finding("Nothing can be said.")
    if found.late_days is None:
        text = "No answer carries a date."
    elif publishable:
        text = f"Half of the answers came within about {5 * round(found.late_days[0] / 5) or 5} days of the list."
    else:
        text = f"Half of the answers came within {found.late_days[0]:.0f} days of the list, nine in ten within {found.late_days[1]:.0f}."
    return head + _finding(text) + total_table(found.times, "Whether answers came before the list had expired", publishable=publishable)


def _agreed(found: Oversight, publishable: bool) -> Markup:
    rows = found.answers.rows[found.answers.rows["category"] != NO_ANSWER]
    answered = replace(
        found.answers, rows=rows, categories=[name for name in found.answers.categories if name != NO_ANSWER], noun="children answered for"
    )
    parts = [Markup("<h2>Who agreed with a suggestion, and who did not</h2>")]
    if answered.rows.empty:
        return parts[0] + _finding("No answer came back yet.")
    agreed, over = (int((answered.rows["category"] == name).sum()) for name in (AGREED, OVERRIDDEN))
    n = len(answered.rows)
    parts.append(_finding(
        f"Of the children answered for, readers saw a reason for a conversation for {_share_words(agreed, n, publishable)}, and none for {_share_words(over, n, publishable)}. "
        "Disagreeing is a reader's right; a gap between groups is a question to ask, not an answer."
    ))  # fmt: skip
    for column, label in found.by.items():
        if column in answered.rows and not (publishable and column in ("role", "recipient")):
            parts += [Markup("<h3>{}</h3>").format(label), group_section(answered, column, label, publishable=publishable)]
    if len(found.acted) and not publishable:
        parts += [Markup("<h3>{}</h3>").format("The list as made, and as acted on"), _acted(found.acted)]
    return Markup("").join(parts)


def _acted(rows: pd.DataFrame) -> Markup:
    shown = rows[rows["what"].isin(["taken off, of those listed", "left as it was"])]
    cells: list[list[Any]] = [
        [
            f"{r['characteristic_label']}: {r['group']}",
            str(r["what"]),
            int(r["n"]),
            f"{percent(r['value'], fine=True)} ({percent(r['low'], fine=True)} to {percent(r['high'], fine=True)})",
        ]
        for r in shown.to_dict("records")
        if r["value"] == r["value"]
    ]
    return table_html(["Group", "What people did", "Children", "Share (95% interval)"], cells, "Entries that people took off or left, by group")


def _followed(found: Oversight, publishable: bool) -> Markup:
    head = Markup("<h2>What followed for listed children</h2>")
    question = found.followed
    if question is None or question.rows.empty or question.counts[-1] == len(question.rows):
        return head + _finding("Nothing is known yet of what followed.")
    known = len(question.rows) - question.counts[-1]
    elsewhere, through = question.counts[0], question.counts[1]
    text = (
        f"Of the children of whom it is known, need was recognised by another route for {_share_words(elsewhere, known, publishable)}, and help was offered after a reader acted "
        f"on the list for {_share_words(through, known, publishable)}. Help that a list brought about does not show that the list was right, and is counted for nothing."
    )
    return head + _finding(text) + total_table(question, "Children on lists, by what followed", publishable=publishable)


def _help(found: Oversight, publishable: bool) -> Markup:
    parts = [Markup("<h2>Who was offered help, took it up and finished it</h2>")]
    question = found.help_steps
    if question.rows.empty:
        return parts[0] + _finding("No offer of the last year is held.")
    begun = int((question.rows["category"] != question.categories[0]).sum())
    parts += [
        _finding(f"Of {_count(len(question.rows), publishable)} offers, help has begun for {_share_words(begun, len(question.rows), publishable)}."),
        Markup("<p>Saying no has no consequence, and is counted with all that has not begun.</p>"),
        total_table(question, "Offers of early help, by the step they are at", publishable=publishable),
    ]
    for column, label in found.by.items():
        if column in question.rows and column not in ("role", "recipient"):
            parts += [Markup("<h3>{}</h3>").format(label), group_section(question, column, label, publishable=publishable, picture=False)]
    return Markup("").join(parts)


def _quality(found: Oversight, publishable: bool) -> Markup:
    rows: list[list[Any]] = []
    for what, part, whole in found.quality:
        if part is None or whole is None:
            rows.append([what, "not held", "not held", ""])
        elif publishable:
            hidden = is_small(part) or is_small(whole) or is_small(whole - part)
            rows.append(
                [what, HIDDEN if hidden else round_count(part), HIDDEN if is_small(whole) else round_count(whole), published_share(part, whole)]
            )
        else:
            rows.append([what, part, whole, share_text(part, whole)])
    held = [(what, part, whole) for what, part, whole in found.quality if part is not None and whole]
    most = max(held, key=lambda item: (item[1] or 0) / (item[2] or 1), default=None)
    text = (
        f"What is missing most often: {most[0][0].lower()}{most[0][1:]}, for {_share_words(most[1] or 0, most[2] or 0, publishable)}."
        if most
        else "No help under way is held, or its steps are not."
    )
    table = table_html(
        ["Of help that is under way", "How many", "Of how many", "Share (95% interval)"],
        rows,
        "Help without plan, view or review",
        note=NOTE if publishable else "",
        numbers=(1, 2),
    )
    return Markup("<h2>Help under way without plan, aims, child's view or review in time</h2>") + _finding(text) + table


def _changes(found: Oversight, publishable: bool) -> Markup:
    head = Markup("<h2>Before and after help</h2>")
    shown = [one for one in found.changes if not (publishable and (is_small(one.rows) or one.rows < 30))]
    if not shown:
        return head + _finding("Too little help has a whole time before and after it on record.") + Markup("<p>{}</p>").format(NO_CAUSE)
    first = shown[0]
    return (
        head
        + _finding(f"{first.what}: {percent(first.before, fine=True)} in the {AROUND} days before help began, {percent(first.after, fine=True)} from {AROUND} to {2 * AROUND} days after. {NO_CAUSE}")
        + table_html(
            ["What", "Children", f"{AROUND} days before", f"{AROUND} to {2 * AROUND} days after", "Change, in points (95% interval)"],
            [_change_row(one, publishable) for one in shown],
            "The same children before and after help began",
            numbers=(1,),
        )
    )  # fmt: skip


def _change_row(one: Change, publishable: bool) -> list[Any]:
    def points(value: float) -> str:
        return percent(value, signed=True, fine=True).replace("%", "")

    if publishable:  # whole points only, so that no exact count follows
        return [one.what, round_count(one.rows), percent(one.before), percent(one.after), f"{round(100 * one.change):+d}".replace("-", "−")]
    return [
        one.what,
        one.rows,
        percent(one.before, fine=True),
        percent(one.after, fine=True),
        f"{points(one.change)} ({points(one.low)} to {points(one.high)})",
    ]
