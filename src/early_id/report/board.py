"""Sections 13 and 14: questions for the board, the decision box, and the annex."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from early_id.core.types import Verdict
from early_id.present import disclosure
from early_id.present.wording import and_list, count_of, day_text, out_of, percent, sentence_case
from early_id.report.context import list_name
from early_id.report.groups import GroupRow, titles
from early_id.report.section import Material, Section, bullets, facts, paragraph, subheading
from early_id.report.showing import estimate
from early_id.report.who import measure_name

#: Sections that the first page sends its reader to: key -> number and name.
NUMBERS = {"summary": (2, "summary by characteristic"), "no-model": (10, "compared with no model"), "questions": (13, "questions for the board")}

_DECISION = Markup(
    """<div class="box"><h3>Decision of the board</h3>
<ul class="key"><li>☐ Approve</li><li>☐ Approve with conditions</li><li>☐ Refuse</li></ul>
<p>Reasons and conditions:</p><div class="write-in"></div><div class="write-in"></div><div class="write-in"></div>
<dl class="facts"><dt>Name and role</dt><dd class="write-in"></dd>
<dt>Date</dt><dd class="write-in"></dd><dt>Valid until</dt><dd class="write-in"></dd></dl>
</div>"""
)


def questions(m: Material) -> Section:
    """Section 13."""
    asked = _questions(m)
    finding = f"The findings raise {count_of(len(asked), 'question')} for the board to answer before it decides."
    return Section("questions", "Questions for the board", finding, (bullets(asked), _DECISION))


_WHOSE_GAP = "Is this need, recording, or the list? Who will look into it, and by when?"


def _gap_in_words(row: GroupRow) -> str:
    what = measure_name(row)
    if row.gap.value is None:
        return f"a gap was found ({what}); its size may not be published, since small numbers stand behind it."
    more = "higher" if row.gap.value > 0 else "lower"
    return f"{what} is {percent(abs(row.gap.value), fine=True).rstrip('%')} points {more} than for everyone else."


def _questions(m: Material) -> list[str]:
    asked: list[str] = []
    for audience, groups in m.groups.items():
        name = list_name(audience).lower()
        found = _one_of_two([row for row in groups.rows if row.verdict == str(Verdict.GAP_FOUND)], groups.rows)
        asked += [f"{row.label} ({name}): {_gap_in_words(row)} {_WHOSE_GAP}" for row in found]
        unsure = [title.lower() for title in titles(groups.rows) if groups.verdict(title) == str(Verdict.CANNOT_TELL)]
        if unsure:
            asked.append(
                f"For {count_of(len(unsure), 'characteristic')} ({', '.join(unsure)}; {name}) these data cannot tell. Is "
                f"it right to go on without knowing, and what would tell us?"
            )
    for audience, trial in m.trials.items():
        verdict = str(trial.get("verdict", ""))
        if verdict and verdict != "ready for approval":
            asked.append(
                f"{list_name(audience)}: the verdict on the model is “{verdict}”. Would a simple rule, or no list at all, serve families better?"
            )
    if any(m.no_tolerance(audience) for audience in m.groups):
        asked.append(
            "Which difference between groups would the board accept? No tolerance is set, so these data could not have shown that there is no gap."
        )
    if m.not_held:
        asked.append("Some characteristics are not held at all. How will the board know about gaps there?")
    asked.append("Can those who receive the lists talk to this many families well, and is there help to offer?")
    asked.append("Have families been told, before the first list, what is used and how to object?")
    return asked


def _one_of_two(found: Sequence[GroupRow], rows: Sequence[GroupRow]) -> list[GroupRow]:
    """Gaps without their mirror images: where a characteristic has two groups, a gap of the one is the same gap of the other."""
    kept: list[GroupRow] = []
    for row in found:
        groups = {r.group for r in rows if (r.title, r.measure) == (row.title, row.measure) and r.group != "not known"}
        mirrored = len(groups) == 2 and any((k.title, k.measure) == (row.title, row.measure) for k in kept)
        if not mirrored:
            kept.append(row)
    return kept


def annex(m: Material) -> Section:
    """Section 14."""
    method = [
        "The past was frozen at earlier dates. Models learned from other families and were tested at a later date.",
        "Intervals are 95% intervals. Children of one family are not independent, so they are counted together.",
        "A gap is the difference between a group and everyone else. Verdicts allow for the number of comparisons made (Holm).",
        "The list is as long as its places. A child counts as listed where the family is listed.",
    ]
    if not m.showing.publishable:
        method += [f"{list_name(audience)}: {note}" for audience, meta in m.meta.items() for note in meta.get("notes", ())]
    terms = {
        "Share missed": f"Of the children who {m.context.had_outcome}, those who were not listed.",
        "Listed without need": "Listed, and no need was recorded in the time looked at. Its share is taken of all children without the outcome.",
        "Observed ÷ expected": "How many had the outcome, divided by how many the score led us to expect.",
        "95% interval": "The range in which the true figure most likely lies. A wide one means that little is known.",
        "AUC": "How often a person with the outcome ranks above one without: 0.5 is chance, 1 is always.",
        "c": disclosure.NOTE,
    }
    held_back = sum(groups.held_back for groups in m.groups.values())
    suppression = (
        f"{count_of(held_back, 'figure')} by group {'is' if held_back == 1 else 'are'} not shown. {disclosure.NOTE} Rates, "
        f"gaps and intervals by group are worked "
        "out again from rounded counts; other intervals are widened to the next 5 points. Where a hidden figure could be "
        "worked out from the others, another is hidden too."
        if m.showing.publishable
        else "None: this is the restricted report. Its tables are also in the workbook beside it. Do not pass them on."
    )
    parts = [
        subheading("Method"),
        bullets(method),
        subheading("What the words mean"),
        facts({key: text for key, text in terms.items() if key != "c" or m.showing.publishable}),
        subheading("Small numbers"),
        paragraph(suppression),
    ]
    if m.context.hashes:
        parts += [
            subheading("Fingerprints"),
            facts(
                {
                    **{sentence_case(key): value for key, value in m.context.hashes.items()},
                    **({"Version of early_id": m.context.version} if m.context.version else {}),
                }
            ),
        ]
    return Section(
        "annex",
        "Annex",
        "How the figures were made, and what ties this report to one model and one set of records.",
        tuple(parts),
    )


def in_short(m: Material) -> Markup:
    """What a reader with one minute needs, each with the section that says more."""
    lines: list[Markup] = []
    for audience, trial in m.trials.items():
        figures = (trial.get("models") or {}).get(trial.get("put_forward")) or {}
        right, found = (estimate(m.showing, figures, name).value for name in ("precision_at_capacity", "recall_at_capacity"))
        verdict = str(trial.get("verdict") or "no verdict")
        text = f"{list_name(audience)}: the verdict on the model is “{verdict}”."
        if right is not None and found is not None:
            text += (
                f" Of every 10 families listed, {_tenths(right)} had somebody who {m.context.had_outcome}; of every 10 children who "
                f"{m.context.had_outcome}, {_tenths(1 - found)} were not listed."
            )
        lines.append(_see(text, "no-model"))
    if m.groups:
        found_gaps = {row.title.lower(): None for groups in m.groups.values() for row in groups.rows if row.verdict == str(Verdict.GAP_FOUND)}
        text = f"A gap between groups was found by {and_list(list(found_gaps))}." if found_gaps else "No gap between groups was shown beyond doubt."
        unsure = {title for groups in m.groups.values() for title in titles(groups.rows) if groups.verdict(title) == str(Verdict.CANNOT_TELL)}
        text += f" For {count_of(len(unsure), 'characteristic')} these data cannot tell, which does not mean that there is no gap." if unsure else ""
        lines.append(_see(text, "summary"))
    lines.append(_see(f"{count_of(len(_questions(m)), 'question')} for you, and the box for your decision, stand at the end.", "questions"))
    return Markup('<div class="box"><p class="lead-in"><strong>In short</strong></p><ul>{}</ul></div>').format(Markup("").join(lines))


def _see(text: str, key: str) -> Markup:
    number, title = NUMBERS[key]
    return Markup('<li>{} <a href="#{}">Section {}: {}</a></li>').format(text, key, number, title)


def _tenths(share: float) -> str:
    return out_of(share, 10).removesuffix(" out of 10")


def header(m: Material) -> Markup:
    """The facts at the top (section 0)."""
    c = m.context
    window = f"{day_text(c.data_window[0])} to {day_text(c.data_window[1])}" if c.data_window else "not stated"
    models = {f"Verdict, {list_name(a).lower()}": str(t.get("verdict", "not stated")) for a, t in m.trials.items()}
    return facts(
        {
            "Whose": c.council,
            "What is looked for": c.outcome,
            "Date of the lists": day_text(c.as_of) if c.as_of else "not stated",
            "Tested on": day_text(c.tested_on) if c.tested_on else "not stated",
            "Records from": window,
            **models,
            "Approval": c.approval,
            "Expires": day_text(c.expires_on) if c.expires_on else "no approval is on record that could expire",
            **{sentence_case(key): value for key, value in c.hashes.items() if "model" in key.lower()},
        }
    )
