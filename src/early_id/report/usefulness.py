"""Models beside rules, beside keeping the last list, beside choosing by school alone or by lot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from early_id.present import charts, page
from early_id.present.wording import count_of, sentence_case
from early_id.report.context import list_name
from early_id.report.follow_up import leavers
from early_id.report.in_words import tenths
from early_id.report.section import Material, Section, bullets, lead_in, more, paragraph, picture, sheet_name, subheading
from early_id.report.showing import Showing, estimate, number

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
    "at_random": "For comparison: by lot",
    "boosting with interactions": "For comparison: a black box",
}

#: Reasons of a verdict that stand on the page; the others are opened, and all are in the run's JSON.
REASONS = 3

#: What is said before the name of one that an extension brought.
KINDS = {"baseline": "Rule", "comparator": "For comparison", "challenger": "For comparison"}


def model_name(name: str, kind: object) -> str:
    """How a rule or model is called; one that an extension brought is called by its own name."""
    return MODEL_NAMES.get(name) or f"{KINDS.get(str(kind), 'Model')}: {name.replace('_', ' ')}"


#: The sheet of the workbook with them, and its columns.
MODELS = "models"
MODEL_HEADINGS = ("Way of choosing", "Of the families listed, share with need", "Of the children with need, share listed", "Ranking overall (AUC)")


def model_row(showing: Showing, name: str, figures: Mapping[str, Any]) -> list[str]:
    """One way of choosing, with its figures."""
    shares = [estimate(showing, figures, measure).text() for measure in ("precision_at_capacity", "recall_at_capacity")]
    return [model_name(name, figures.get("kind")), *shares, _auc(figures)]


def no_model(m: Material) -> Section:
    """How models, rules and no model at all compare."""
    parts: list[Markup] = (
        [paragraph("Of the families listed, the share with need: filled dots are models; hollow dots are rules that need no model.")]
        if m.trials
        else []
    )
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
        caption = f"Models and rules with {page.cell_text(trial.get('capacity'))} places: {list_name(audience).lower()}"
        table = page.table_html(MODEL_HEADINGS, [model_row(m.showing, name, figures) for name, figures, _ in rows], caption, note=m.showing.note)
        parts += [
            subheading(list_name(audience)),
            picture(svg, table, sheet="" if m.showing.publishable else sheet_name(audience, MODELS)),
        ]
        if not m.showing.publishable:
            reasons = [named_rules(str(reason), models) for reason in trial.get("reasons") or ["No reason was recorded."]]
            parts += [
                lead_in("Why this verdict. The bar was written down beforehand; the audit can take readiness back, never give it."),
                bullets(reasons[:REASONS]),
                *(
                    [more(f"{count_of(len(reasons) - REASONS, 'more reason')}: {list_name(audience).lower()}", bullets(reasons[REASONS:]))]
                    if len(reasons) > REASONS
                    else []
                ),
            ]
        if further := _components(m, trial):
            parts.append(more(f"Parts of the outcome, and those who left: {list_name(audience).lower()}", *further))
    parts.append(
        paragraph(
            "Current practice, as the families whom staff think of themselves, is on no record that was sent, so nothing here can be set beside it. "
            "“Keeping the last list” is what stands nearest to going on as before."
        )
    )
    return Section("no-model", "Compared with no model", "\n".join(sentences) or "No model has been tested.", tuple(parts))


def named_rules(reason: str, models: Mapping[str, Any]) -> str:
    """A reason with its rules called as the table calls them."""
    for name, figures in models.items():
        reason = reason.replace(f"the rule '{name}'", f"the rule “{model_name(name, figures.get('kind')).removeprefix('Rule: ')}”")
    return reason


def places_of(trial: Mapping[str, Any]) -> str:
    """How many places the list has; empty where the trial does not say."""
    return "" if trial.get("capacity") is None else page.cell_text(trial["capacity"])


def best_rule(m: Material, trial: Mapping[str, Any]) -> tuple[str, float | None]:
    """The rule without a model that did best, and of the families it lists the share with need, as it may be shown.

    Which rule is best is told by exact figures in both renderings; only what is said about it differs.
    """
    models: Mapping[str, Any] = trial.get("models") or {}
    rates = {name: estimate(m.showing, figures, "precision_at_capacity").value for name, figures in models.items()}
    rules = [name for name, rate in rates.items() if models[name].get("kind") == "baseline" and rate is not None]
    if not rules:
        return "", None
    best = max(rules, key=lambda name: (number(models[name]["precision_at_capacity"]["value"]) or 0.0, name))
    return model_name(best, "baseline").removeprefix("Rule: "), rates[best]


def _beside_best_rule(m: Material, audience: str, trial: Mapping[str, Any]) -> str:
    """The model put forward beside the rule that did best, and the verdict, in one sentence."""
    own = estimate(m.showing, (trial.get("models") or {}).get(trial.get("put_forward")) or {}, "precision_at_capacity").value
    rule, share = best_rule(m, trial)
    verdict = f"Verdict: {trial.get('verdict', 'none')}."
    if own is None or share is None:
        return f"{list_name(audience)}: the model cannot be set beside a rule. {verdict}"
    return (
        f"{list_name(audience)}: of every 10 families listed by the model, {tenths(own)} had somebody who {m.context.had_outcome}; "
        f"with the best simple rule ({rule}), {tenths(share)}. {verdict}"
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
    return [*parts, *leavers(m.showing, trial)]
