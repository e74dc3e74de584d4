"""Page 1: what a reader with one minute needs to act on, list beside list, the box for the decision, and what the report is about (section 0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from early_id.core.types import Verdict
from early_id.models.verdict import CANNOT_TELL, NOT_READY, READY, USE_RULE
from early_id.present import page
from early_id.present.wording import and_list, count_of, day_text, number_word, percent, plural, sentence_case
from early_id.report.board import asked
from early_id.report.context import list_name
from early_id.report.groups import NOT_KNOWN, Groups
from early_id.report.in_words import gap_in_words, tenths
from early_id.report.recorded import need_or_recording
from early_id.report.section import Material, facts, quiet
from early_id.report.showing import estimate
from early_id.report.usefulness import best_rule, named_rules, places_of

#: What each verdict leaves open to the board.
MEANING = {
    READY: "The bar that was written down beforehand was reached. The board may approve, approve with conditions, or refuse.",
    NOT_READY: "The bar that was written down beforehand was not reached. No list may be made for real families with this model.",
    CANNOT_TELL: "Whether the bar that was written down beforehand was reached cannot be told. No list may be made for real families with this model.",
    USE_RULE: "A simple rule does as well. No list may be made for real families with this model.",
}
#: What can be ticked.
CHOICES = {READY: "☐ approve   ☐ approve with conditions   ☐ refuse", "": "☐ noted; not approved   ☐ to come back, with:"}

#: Gaps that are written out on page 1 for each list.
WRITTEN_OUT = 2

#: Asked on page 1, because gaps cannot show it.
RECORDED = "Need, or only recording?"


def in_short(m: Material) -> Markup:
    """What the report comes to, a column a list, and the box for the decision."""
    names = list(dict.fromkeys([*m.trials, *m.groups]))
    if not names:
        return Markup("")
    rows = [(label, [say(m, name) for name in names]) for label, say in _LINES]
    said = [[label.format(had=m.context.had_outcome), *cells] for label, cells in rows if any(cells)]
    # What is said of the records is mostly the same for each list, and then said once; it takes less room across the page than in a column.
    recorded = need_or_recording(m)
    texts = list(dict.fromkeys(recorded.values()))
    each = texts if len(texts) == 1 else [f"{list_name(name)}: {text}" for name, text in recorded.items()]
    alike = [Markup("<p><strong>{}</strong> {}</p>").format(RECORDED, " ".join(each))] if texts else []
    table = page.table_html(["Question", *(_head(m, name) for name in names)], said, "What the report comes to, list by list", numbers=[])
    lines = [*alike, _where_next(m)]
    first = Markup("").join(Markup("<p><strong>{}</strong></p>").format(note) for note in _read_first(m))
    return Markup('<section class="front" aria-labelledby="in-short"><h2 id="in-short">In short</h2>{}{}{}{}{}</section>').format(
        quiet(_of_what(m)), first, table, Markup("").join(lines), decision(m)
    )


def _read_first(m: Material) -> list[str]:
    """Why an audit means little, and what was done to its groups; without a figure about children, so on both pages."""
    return list(dict.fromkeys(str(note) for meta in m.meta.values() for note in meta.get("read_first") or ()))


def _of_what(m: Material) -> str:
    """Whose lists, of when."""
    c = m.context
    dates = [f"lists of {day_text(c.as_of)}" if c.as_of else "", f"tested on {day_text(c.tested_on)}" if c.tested_on else ""]
    return "; ".join([c.council, *(part for part in dates if part)]) + "."


def _head(m: Material, audience: str) -> str:
    places = places_of(m.trials.get(audience) or {})
    return f"{list_name(audience)} ({places} places)" if places else list_name(audience)


def _verdict(m: Material, audience: str) -> str:
    trial = m.trials.get(audience)
    if trial is None:
        return ""
    verdict = str(trial.get("verdict") or "no verdict")
    reasons = [named_rules(str(reason), trial.get("models") or {}) for reason in trial.get("reasons") or ()]
    if m.showing.publishable:  # a figure in a reason is an exact one
        reasons = [reason for reason in reasons if not any(sign.isdigit() for sign in reason)]
    if not reasons or verdict == READY:
        return verdict
    first = reasons[0].partition(". ")[0].removesuffix(".")  # the rest of a long reason stands in section 11
    return f"{verdict}: {first[:1].lower()}{first[1:]}."


def _listed(m: Material, audience: str) -> str:
    """Of a table that somebody else made: how many are listed, and how many had the outcome."""
    meta = m.meta.get(audience, {})
    if audience in m.trials or "listed" not in meta:
        return ""
    listed, rows, found = (page.cell_text(m.showing.count(meta[key])) for key in ("listed", "rows", "with_outcome"))
    return f"{listed} of {rows}; of all {rows}, {found} {m.context.had_outcome}"


def _figure(m: Material, audience: str, name: str) -> float | None:
    trial: Mapping[str, Any] = m.trials.get(audience) or {}
    return estimate(m.showing, (trial.get("models") or {}).get(trial.get("put_forward")) or {}, name).value


def _right(m: Material, audience: str) -> str:
    right = _figure(m, audience, "precision_at_capacity")
    name, share = best_rule(m, m.trials.get(audience) or {})
    beside = "" if share is None else f"; with the best simple rule, {name}: {tenths(share)}"
    return "" if right is None else f"{tenths(right)}{beside}"


def _right_children(m: Material, audience: str) -> str:
    """The same of a table that somebody else made, where children are counted and not families."""
    right = m.of_table(audience, "precision").value
    return "" if right is None else tenths(right)


def _missed(m: Material, audience: str) -> str:
    found = _figure(m, audience, "recall_at_capacity")
    share = m.of_table(audience, "missed_share").value if found is None else 1 - found
    return "" if share is None else tenths(share)


def _gaps(m: Material, audience: str) -> page.Cell:
    groups = m.groups.get(audience)
    if groups is None:
        return ""
    found = groups.found()
    if not found:
        return "none shown beyond doubt, which does not mean that there is none"
    shown = found[:WRITTEN_OUT]
    # The second gap of a measure says only its numbers: who is counted stands above.
    said = [sentence_case(gap_in_words(m, row, brief=any(row.measure == other.measure for other in shown[:n]))) for n, row in enumerate(shown)]
    said += [f"And {count_of(len(found) - WRITTEN_OUT, 'more gap')}: section 2."] if len(found) > WRITTEN_OUT else []
    return Markup("<br>").join(said)


def _unsure(m: Material, audience: str) -> str:
    groups = m.groups.get(audience)
    if groups is None:
        return ""
    titles = groups.page_titles()
    unsure = [title for title in titles if groups.verdict(title) == str(Verdict.CANNOT_TELL)]
    none = [title for title in titles if groups.verdict(title) == str(Verdict.NO_GAP_FOUND)]
    text = f"{len(unsure)} of {count_of(len(titles), 'characteristic')}" if unsure else "none"
    text += f"; no gap beyond the board's tolerance by {and_list([title.lower() for title in none])}" if none else ""
    return text + _seen(groups, unsure)


def _seen(groups: Groups, unsure: list[str]) -> str:
    """What the audit could have seen of the missed share, more and less, where it sees best and where it sees worst; very small groups apart."""
    rows = [row for row in groups.of("missed_share") if row.title in unsure and row.is_drawn and row.gap.value is not None and row.group != NOT_KNOWN]
    if not rows:
        return ""
    more, less = [row.smallest for row in rows if row.smallest], [-row.smallest_below for row in rows if row.smallest_below]
    blind = len(rows) - len(more)
    ways = [f"{_range(sizes)} {way}" for sizes, way in ((more, "above everyone else"), (less, "below")) if sizes]
    told = f". In who is missed, gaps would show 4 times in 5 only from {' or '.join(ways)}" if ways else ""
    if not blind:
        return told
    return f"{told}; {f'for {blind} of {len(rows)} groups none above' if more else 'none above'}"


def _range(sizes: list[float]) -> str:
    low, high = (percent(size).rstrip("%") for size in (min(sizes), max(sizes)))
    return f"{low} points" if low == high else f"{low} points (some groups {high})"


#: The rows of page 1.
_LINES = (
    ("Children listed", _listed),
    ("Verdict on the model", _verdict),
    ("Of every 10 families listed, those in which somebody {had}", _right),
    ("Of every 10 children listed, those who {had}", _right_children),
    ("Of every 10 children who {had}, those not listed", _missed),
    ("Gaps between groups", _gaps),
    ("These data cannot tell", _unsure),
)


def _meant(m: Material) -> list[str]:
    """What each verdict means, once."""
    by: dict[str, list[str]] = {}
    for audience, trial in m.trials.items():
        by.setdefault(str(trial.get("verdict") or ""), []).append(list_name(audience))
    return [f"{sentence_case(and_list([name.lower() for name in names]))}: {MEANING[verdict]}" for verdict, names in by.items() if verdict in MEANING]


def _where_next(m: Material) -> Markup:
    n = len(asked(m))
    told = f"{sentence_case(number_word(n))} {plural(n, 'question')}"
    told += " that the board has to answer before it decides" if m.showing.publishable else " to answer before you decide"
    meant = " ".join([*_meant(m), told])
    return Markup('<p>{}: <a href="#questions">section 3</a>. The gaps: <a href="#summary">section 2</a>.</p>').format(meant)


def decision(m: Material) -> Markup:
    """What can be decided on each list, and room to write; in the report that the board signs, not in the one that is published."""
    if not m.trials or m.showing.publishable:
        return Markup("")
    rows = Markup("").join(
        Markup("<dt>{}</dt><dd>{}</dd>").format(
            f"{list_name(audience)}: {trial.get('verdict') or 'no verdict'}", CHOICES[READY if trial.get("verdict") == READY else ""]
        )
        for audience, trial in m.trials.items()
    )
    blanks = Markup("").join(
        Markup('<dt>{}</dt><dd class="write-in"></dd>').format(name) for name in ("Reasons, conditions", "Name and role", "Date, and valid until")
    )
    return Markup('<div class="box decision"><h3>Decision of the board</h3><dl class="facts">{}{}</dl></div>').format(rows, blanks)


def header(m: Material) -> Markup:
    """The facts at the top (section 0)."""
    c = m.context
    window = f"records from {day_text(c.data_window[0])} to {day_text(c.data_window[1])}" if c.data_window else ""
    dates = [f"lists of {day_text(c.as_of)}" if c.as_of else "", f"tested on {day_text(c.tested_on)}" if c.tested_on else "", window]
    expires = f" Expires {day_text(c.expires_on)}." if c.expires_on else " No approval is on record that could expire." if m.trials else ""
    models = {key: value for key, value in c.hashes.items() if "model" in key.lower()}
    return facts(
        {
            "Whose": c.council,
            "What is looked for": c.outcome,
            "Dates": sentence_case("; ".join(part for part in dates if part)) or "Not stated",
            "Approval": f"{c.approval}{'' if c.approval.endswith('.') else '.'}{expires}",
            **{sentence_case(key): value for key, value in models.items()},
        }
    )
