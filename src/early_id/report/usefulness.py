"""Sections 9 to 12: themes and the sharing rule, no model at all, what changed, and how things were measured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from markupsafe import Markup

from early_id.present import charts, page, wording
from early_id.present.wording import and_list, sentence_case
from early_id.report.context import list_name
from early_id.report.groups import Groups, titles
from early_id.report.section import NOT_YET, Material, Section, bullets, lead_in, mapping_table, paragraph, subheading
from early_id.report.showing import Figure, estimate, number

#: How rules and models are called for readers.
MODEL_NAMES = {
    "absence": "Rule: most absence first",
    "indicators": "Rule: most signs first",
    "points": "Rule: a points tool",
    "age": "Rule: by age",
    "logistic": "Model: logistic",
    "additive": "Model: additive",
    "scorecard": "Model: scorecard",
    "ebm": "Model: explainable boosting machine",
    "last_list": "For comparison: keeping the last list",
    "area_only": "For comparison: by school alone",
    "boosting with interactions": "For comparison: a black box",
}

#: What is said before the name of one that an extension brought.
KINDS = {"baseline": "Rule", "comparator": "For comparison", "challenger": "For comparison"}


#: Begins every line of the cost of the sharing rule in the summary of lists.
COST_BEGINS = "families a school list could not show because "


def model_name(name: str, kind: object) -> str:
    """How a rule or model is called; one that an extension brought is called by its own name."""
    return MODEL_NAMES.get(name) or f"{KINDS.get(str(kind), 'Model')}: {name.replace('_', ' ')}"


def themes(m: Material) -> Section:
    """Section 9."""
    cost: Mapping[str, Any] = m.lists.get("sharing_cost") or {}
    parts: list[Markup] = []
    shown = m.showing.counts([number(v) or 0 for v in cost.values()])
    numbers = [[sentence_case(key.removeprefix(COST_BEGINS).replace("_", " ")), n] for key, n in zip(cost, shown, strict=True)]
    if numbers:
        svg = charts.bars(
            [{"label": row[0], "value": row[1] if isinstance(row[1], int) else None, "note": "not shown: small numbers"} for row in numbers],
            title="Families that a school list could not show, by reason",
            desc=" ".join(f"{row[0]}: {page.cell_text(row[1])}." for row in numbers),
        )
        parts.append(
            page.chart_html(svg, page.table_html(["Why", "Families"], numbers, "Families that a school list could not show", note=m.showing.note))
        )
    parts.append(
        paragraph(
            "Each list is made from the records its reader may see. A school's list uses that school's own records only, "
            "so it cannot show a "
            "family whose signs lie elsewhere. That is the price of giving each reader the complete reasons."
        )
    )
    if m.context.themes:
        audiences = list(dict.fromkeys(a for used in m.context.themes.values() for a in used))
        rows = [[theme, *("yes" if a in used else "no" for a in audiences)] for theme, used in m.context.themes.items()]
        parts.append(page.table_html(["Theme", *(list_name(a) for a in audiences)], rows, "Themes that each list may use"))
    parts.append(
        paragraph(
            f"What each theme adds, how it is linked to each characteristic, and what taking it out would do to gaps: "
            f"{NOT_YET[0].lower()}{NOT_YET[1:]}"
        )
    )
    most = max(numbers, key=lambda row: row[1] if isinstance(row[1], int) else 0, default=None)
    first = (
        f"Families that a school list could not show: the most, {page.cell_text(most[1])}, because {_lower(str(most[0]))}."
        if most
        else f"What the sharing rule costs: {NOT_YET[0].lower()}{NOT_YET[1:]}"
    )
    return Section("themes", "Themes, and what the sharing rule costs", first, tuple(parts))


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def no_model(m: Material) -> Section:
    """Section 10."""
    parts: list[Markup] = []
    sentences = []
    for audience, trial in m.trials.items():
        models: Mapping[str, Any] = trial.get("models") or {}
        rows = [(name, figures, estimate(m.showing, figures, "precision_at_capacity")) for name, figures in models.items()]
        if not rows:
            continue
        sentences.append(_beside_best_rule(m, audience, trial))
        svg = charts.forest(
            [figure.row(model_name(name, figures.get("kind")), strong=figures.get("kind") == "model") for name, figures, figure in rows],
            title=f"{list_name(audience)}: of the families listed, the share in which somebody {m.context.had_outcome}",
            desc="Filled dots are models, hollow dots are rules without a model. "
            + " ".join(f"{model_name(name, figures.get('kind'))}: {figure.text()}." for name, figures, figure in rows),
        )
        table = page.table_html(
            [
                "Way of choosing",
                "Of the families listed, share with need",
                "Of the children with need, share listed",
                "Ranking overall (AUC)",
            ],
            [
                [
                    model_name(name, figures.get("kind")),
                    figure.text(),
                    estimate(m.showing, figures, "recall_at_capacity").text(),
                    _auc(figures),
                ]
                for name, figures, figure in rows
            ],
            f"Models and rules with {page.cell_text(trial.get('capacity'))} places: {list_name(audience).lower()}",
            note=m.showing.note,
        )
        parts += [
            subheading(list_name(audience)),
            lead_in("Filled dots are models; hollow dots are rules that need no model."),
            page.chart_html(svg, table),
        ]
        if not m.showing.publishable:
            parts += [
                paragraph("Why this verdict. The bar was written down beforehand; the audit can take readiness back, never give it:"),
                bullets([_named_rules(str(reason), models) for reason in trial.get("reasons") or ["No reason was recorded."]]),
            ]
        parts += _components(m, trial)
    parts.append(paragraph("Current practice, targeting whole schools, and choosing at random: not yet measured in this version."))
    return Section("no-model", "Compared with no model", "\n".join(sentences) or "No model has been tested.", tuple(parts))


def _named_rules(reason: str, models: Mapping[str, Any]) -> str:
    """A reason with its rules called as the table calls them."""
    for name, figures in models.items():
        reason = reason.replace(f"the rule '{name}'", f"the rule “{model_name(name, figures.get('kind')).removeprefix('Rule: ')}”")
    return reason


def _beside_best_rule(m: Material, audience: str, trial: Mapping[str, Any]) -> str:
    """The model put forward beside the rule that did best, and the verdict, in one sentence."""
    models: Mapping[str, Any] = trial.get("models") or {}
    rates = {name: estimate(m.showing, figures, "precision_at_capacity").value for name, figures in models.items()}
    rules = {name: rate for name, rate in rates.items() if models[name].get("kind") == "baseline" and rate is not None}
    own = rates.get(str(trial.get("put_forward")))
    verdict = f"Final verdict, from the bar set beforehand and the audit: {trial.get('verdict', 'none')}."
    if own is None or not rules:
        return f"{list_name(audience)}: the model cannot be set beside a rule. {verdict}"
    # Which rule is best is told by exact figures in both renderings; only what is said about it differs.
    best = max(rules, key=lambda name: (number(models[name]["precision_at_capacity"]["value"]) or 0.0, name))
    found = [wording.out_of(rate, 10).removesuffix(" out of 10") for rate in (own, rules[best])]
    rule = model_name(best, "baseline").removeprefix("Rule: ")
    return (
        f"{list_name(audience)}: of every 10 families listed by the model, {found[0]} had somebody who "
        f"{m.context.had_outcome}; "
        f"with the best simple rule ({rule}), {found[1]}. {verdict}"
    )


def _auc(figures: Mapping[str, Any]) -> str:
    found = figures.get("auc") or {}
    value, low, high = (number(found.get(key)) for key in ("value", "low", "high"))
    if value is None:
        return "cannot be estimated"
    return f"{value:.2f}" + (f" ({low:.2f} to {high:.2f})" if low is not None and high is not None else "")


def _components(m: Material, trial: Mapping[str, Any]) -> list[Markup]:
    """Parts of the outcome, and leavers both ways, for the model put forward."""
    own = [row for row in trial.get("components") or () if row.get("model") == trial.get("put_forward")]
    rows = []
    for row in own:
        n = number(row.get("children_with_it"))
        found = m.showing.share(n, row.get("found"), row.get("found_low"), row.get("found_high"))
        rows.append([sentence_case(str(row["component"]).replace("_", " ")), m.showing.count(n), found.text()])
    parts = []
    if rows:
        headings = [
            "Part of the outcome",
            "Children with it",
            "Share of them listed (95% interval)",
        ]
        parts.append(
            page.table_html(
                headings,
                rows,
                f"Parts of the outcome: {list_name(str(trial.get('audience', '')))}".rstrip(": "),
                note=m.showing.note,
            )
        )
    left = [row for row in trial.get("censoring") or () if row.get("model") == trial.get("put_forward")]
    if left and not m.showing.publishable:
        cells = [
            [
                sentence_case(str(r["children_who_left"])),
                r["children"],
                _percent(r["precision_at_capacity"]),
                _percent(r["recall_at_capacity"]),
            ]
            for r in left
        ]
        headings = [
            "Those who left before the end",
            "How many",
            "Of those listed, share with need",
            "Of those with need, share listed",
        ]
        parts.append(page.table_html(headings, cells, "Leavers, both ways"))
    return parts


def _percent(value: Any) -> str:
    return wording.percent(number(value))


def change(m: Material) -> Section:
    """Section 11."""
    parts: list[Markup] = []
    rows = (m.trials.get(m.main) or {}).get("outcome_by_date") or ()
    if rows and not m.showing.publishable:
        parts.append(
            page.table_html(
                ["Date", "Children", "Outcome known", "With the outcome", "Share", "Left before the end"],
                [_date_row(row) for row in rows],
                "The outcome at earlier dates",
            )
        )
    return Section(
        "change",
        "Since last time",
        "Nothing is compared with an earlier report: change and drift are not yet measured in this version.",
        tuple(parts),
    )


def _date_row(row: Mapping[str, Any]) -> list[Any]:
    """One as-of date, in whole numbers; nothing where no outcome is known yet."""
    known = round(number(row.get("known")) or 0)
    rate = number(row.get("rate"))
    return [
        wording.day_text(date.fromisoformat(str(row["as_of"])[:10])),
        round(number(row.get("rows")) or 0),
        known or "not known yet",
        round(number(row.get("with_outcome")) or 0) if known else "not known yet",
        wording.percent(rate, fine=True) if known and rate is not None else "not known yet",
        round(number(row.get("left")) or 0),
    ]


def measurement(m: Material) -> Section:
    """Section 12."""
    known = _not_known(m)
    parts: list[Markup] = []
    if known:
        title = "Share not known, by characteristic"
        rows = [[name, figure.text()] for name, figure in known.items()]
        desc = " ".join(f"{name}: {text}." for name, text in rows)
        svg = charts.bars([figure.row(name) for name, figure in known.items()], title=title, desc=desc, unit="percent")
        table = page.table_html(["Characteristic", "Share not known"], rows, title, note=m.showing.note)
        parts.append(page.chart_html(svg, table))
    if m.context.sources and not m.showing.publishable:
        parts.append(mapping_table([dict(row) for row in m.context.sources], "Sources"))
    if m.context.coverage:
        parts.append(mapping_table([_plainly(row) for row in m.context.coverage], "Coverage"))
    if m.context.findings and not m.showing.publishable:
        parts.append(mapping_table([_plainly(row) for row in m.context.findings], "What the checks of the records found"))
    if m.context.assumptions:
        parts += [subheading("Assumptions"), bullets(list(m.context.assumptions))]
    parts.append(
        paragraph("Links between agencies by group, and how results move if all “not known” belonged to one group: not yet measured in this version.")
    )
    return Section("measurement", "How things were measured", _completeness(known), tuple(parts))


def _plainly(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its values as words: yes and no, and nothing for nothing."""
    words = {"True": "yes", "False": "no", "None": "", "nan": "", "NaT": ""}
    return {key: words.get(str(value), value) for key, value in row.items()}


def _not_known(m: Material) -> dict[str, Figure]:
    """Share of those whose answer is not known, by characteristic, from the counts as they are shown."""
    groups = m.groups.get(m.main, Groups(()))
    found: dict[str, Figure] = {}
    for title in titles(groups.rows):
        counts = [row for row in groups.of("children") if row.title == title]
        unknown = [row for row in counts if row.group == "not known"]
        total = sum(row.figure.value or 0.0 for row in counts)
        share = sum(row.figure.value or 0.0 for row in unknown) / total if total else None
        found[title] = Figure(hidden=True) if any(row.figure.hidden for row in unknown) else Figure(share)
    return found


def _completeness(known: Mapping[str, Figure]) -> str:
    missing = {name.lower(): figure.value for name, figure in known.items() if figure.value}
    if not known:
        return "How completely characteristics are recorded is not known."
    if not missing:
        return "Every characteristic that is held is recorded for everyone, as far as this may be shown."
    worst = max(missing, key=lambda name: (missing[name], name))
    rest = [name for name in missing if name != worst]
    also = f" Also incomplete: {and_list(rest)}." if rest else ""
    return f"What is least well recorded is {worst}: not known for {wording.percent(missing[worst], fine=True)}.{also}"
