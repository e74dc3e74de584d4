"""Questions for the board, and the annex."""

from __future__ import annotations

from markupsafe import Markup

from early_id.core.types import Verdict
from early_id.models.verdict import READY
from early_id.present import disclosure
from early_id.present.wording import and_list, count_of, sentence_case
from early_id.report.context import list_name
from early_id.report.in_words import gap_in_brief
from early_id.report.recorded import few_recorded, less_recorded, signs_apart
from early_id.report.section import Material, Section, bullets, facts, paragraph, subheading


def questions(m: Material) -> Section:
    """Section 3, of what the outline calls section 13: a board should not have to read to the end to be asked."""
    found = asked(m)
    finding = f"The findings raise {count_of(len(found), 'question')} for the board to answer before it decides."
    where = paragraph("The box for the decision stands at the end of “In short”.") if m.trials and not m.showing.publishable else Markup("")
    return Section("questions", "Questions for the board", finding, (bullets(found), where))


#: Gaps of a list that a question names.
NAMED = 5
_WHOSE_GAP = "Is this need, recording, or the list? Who will look into it, and by when?"


def asked(m: Material) -> list[str]:
    """What the findings raise, each in one or two sentences."""
    found: list[str] = []
    unsure: list[str] = []
    for audience, groups in m.groups.items():
        name = list_name(audience).lower()
        if gaps := [gap_in_brief(m, row) for row in groups.found()]:
            shown = [*gaps[:NAMED], f"{len(gaps) - NAMED} more"] if len(gaps) > NAMED else gaps
            found.append(f"{sentence_case(name)}: a gap was found for {and_list(shown)}. {_WHOSE_GAP}")
        titles = groups.page_titles()
        if n := sum(groups.verdict(title) == str(Verdict.CANNOT_TELL) for title in titles):
            unsure.append(f"{n} of {count_of(len(titles), 'characteristic')} ({name})")
    if apart := less_recorded(m):
        found.append(
            f"Need seems to be written down less often than it is there for {and_list(apart)}. A list that learns from these records looks there less often "
            "too. Who will look at how families are named and helped, and what is done for them meanwhile?"
        )
    if differ := {label: how for audience in m.groups for label, how in signs_apart(m, audience).items()}:
        told_of = and_list([f"{label} ({sign})" for label, sign in differ.items()])
        found.append(
            f"At the same answer to the second outcome there is more of a sign on record for {told_of}. Who keeps these records, and are they written down alike "
            "for all?"
        )
    few = {label: (n, other) for audience in m.groups if not m.showing.publishable for label, n, other in few_recorded(m, audience)}
    if few:
        short = and_list([f"{label} ({n} recorded, {other} by the second outcome)" for label, (n, other) in few.items()])
        found.append(
            f"Hardly any need is written down for {short}. That is too few to be sure of anything. Who will look into it before any list is used?"
        )
    if unsure:
        found.append(f"For {and_list(unsure)} these data cannot tell. Is it right to go on without knowing, and what would tell us?")
    told = [
        f"of {list_name(audience).lower()} “{trial['verdict']}”"
        for audience, trial in m.trials.items()
        if trial.get("verdict") not in (None, "", READY)
    ]
    if told:
        found.append(f"The verdict on the model {and_list(told)}: would a simple rule, or no list at all, serve families better?")
    if any(m.no_tolerance(audience) for audience in m.groups):
        found.append(
            "Which difference between groups would the board accept? No tolerance is set, so these data could not have shown that there is no gap."
        )
    if m.not_held:
        found.append("Some characteristics are not held at all. How will the board know about gaps there?")
    if m.trials:
        found.append("Can those who receive the lists talk to this many families well, and is there help to offer?")
        found.append("Have families been told, before the first list, what is used and how to object?")
    return found


#: Said of the published page, which has no workbook beside it.
ON_SCREEN = "On the screen, lines with a mark before them open further tables: every figure by group that may be shown. They are not printed."

#: What the page names only.
ELSEWHERE = (
    "Every figure by group, and all that this page only opens on the screen, stands in the workbook of tables beside it, which begins with a list of its sheets; "
    "the same is in the JSON of early-id audit. What the checks of the records found is on the page of findings."
)


def _how_listed(m: Material) -> list[str]:
    """How the lists came about: made here and tested, or made by somebody else and only looked at."""
    if m.trials:
        return [
            "The past was frozen at earlier dates. Models learned from other families and were tested at a later date.",
            "The list is as long as its places. A child counts as listed where the family is listed.",
        ]
    made = [str(meta["selection"]) for meta in m.meta.values() if meta.get("selection")]
    return [f"The list was not made here, and nothing is known of how it was tested. Listed: {text}." for text in dict.fromkeys(made)]


def annex(m: Material) -> Section:
    """Section 14."""
    method = [*_how_listed(m), "Intervals are 95% intervals."]
    method += [
        "Children of one family are not independent, so they are counted together."
        if any(meta.get("clusters", "family") for meta in m.meta.values())
        else "No family was named, so rows are taken as independent; if families repeat, intervals are too narrow."
    ]
    method += [
        "A gap is the difference between a group and everyone else, or a group that the settings name. Verdicts allow for the number of comparisons made (Holm)."
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
    parts += [subheading("Where the rest is"), paragraph(ON_SCREEN if m.showing.publishable else ELSEWHERE)]
    if m.context.hashes:
        marks = {**m.context.hashes, **({"version of early_id": m.context.version} if m.context.version else {})}
        parts += [subheading("Fingerprints"), paragraph(f"{sentence_case('; '.join(f'{key}: {value}' for key, value in marks.items()))}.")]
    return Section(
        "annex",
        "Annex",
        "How the figures were made, and what ties this report to one model and one set of records.",
        tuple(parts),
    )
