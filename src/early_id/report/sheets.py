"""The workbook of all tables: every figure of the audits under plain headings, and what the page only names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from early_id.audit.measures import MEASURES
from early_id.present.figures import Ratio, Share
from early_id.present.glossary import AsIs
from early_id.present.wording import day_text, sentence_case
from early_id.present.workbook import Sheet
from early_id.report import origins
from early_id.report.context import GovernanceContext, list_name
from early_id.report.headings import EMPTY, WORDS, counted_in, plain_sheet, seen_above, shown
from early_id.report.measured import CHECKS, COVERS, LINKED, SOURCES
from early_id.report.section import BY_GROUP, sheet_name
from early_id.report.showing import number
from early_id.report.usefulness import MODELS, model_name
from early_id.report.who import RECIPIENTS, TAKEN_OUT, recipient_row

#: Columns of the workbook: the audit's own -> heading.
_COLUMNS = {
    "characteristic_label": "Characteristic",
    "characteristic": "Characteristics",
    "group": "Group",
    "measure_label": "Measure",
    "measure": "Measure",
    "children": "Children",
    "with_outcome": "With the outcome",
    "without_outcome": "Without it",
    "not_known": "Children not known",
    "n": "Counted among",
    "successes": "Counted",
    "families": "Families",
    "value": "Figure",
    "low": "95% from",
    "high": "95% to",
    "comparator": "Compared with",
    "difference": "Gap (of shares: in points)",
    "difference_low": "Gap, 95% from",
    "difference_high": "Gap, 95% to",
    "moved": "Gap if all were in this group",
    "moved_low": "That gap, 95% from",
    "moved_high": "That gap, 95% to",
    "p_adjusted": "Adjusted p-value",
    "smallest_detectable": "Smallest gap we would see in 4 of 5 audits, above",
    "smallest_detectable_lower": "Smallest gap we would see in 4 of 5 audits, below",
    "verdict": "Can we tell?",
    "note": "Note",
}


#: Stands on every sheet with figures.
FULL = "RESTRICTED. Full counts. Shares are per cents; gaps between shares, and changes of them, are percentage points: +5.0 is 5 in 100 more."
#: Stands on sheets with counts alone.
COUNTS = "RESTRICTED. Full counts."


def about(c: GovernanceContext) -> list[str]:
    """Lines of the cover."""
    dates = [f"Lists of {day_text(c.as_of)}" if c.as_of else "", f"tested on {day_text(c.tested_on)}" if c.tested_on else ""]
    return [
        "RESTRICTED. Full counts: for the governance board and the analyst only. Do not copy or forward.",
        *([c.watermark] if c.watermark else []),
        f"{c.council}. {'; '.join(part for part in dates if part)}".rstrip(". ") + ".",
        f"What is looked for: {c.outcome}",
        "The report in words is the page beside this workbook. What each figure means is on the sheet “words”.",
        *c.said,
        *(f"{sentence_case(key)}: {value}" for key, value in c.hashes.items()),
    ]


def all_sheets(audits: Mapping[str, Any], trials: Mapping[str, Mapping[str, Any]], lists: Mapping[str, Any], c: GovernanceContext) -> list[Sheet]:
    """Sheets of each list's audit, then of the models, of the lists and of the records."""
    made = [Sheet("words", ("Word", "What it means"), [list(pair) for pair in WORDS], title="What the words on the sheets mean")] if audits else []
    made += [sheet for name, result in audits.items() for sheet in _of_audit(name, result, c.said)]
    for audience, trial in trials.items():
        if rows := [_model_row(name, figures) for name, figures in (trial.get("models") or {}).items()]:
            title = f"{list_name(audience)}: models and rules with {trial.get('capacity')} places"
            made.append(Sheet(sheet_name(audience, MODELS), _MODEL_COLUMNS, rows, title=title, notes=(FULL, *c.said)))
    return made + _of_run(lists, c)


def _of_audit(audience: str, result: Any, said: Sequence[str]) -> list[Sheet]:
    """All audit rows of one list, under plain headings; shares to four places."""
    titles = {
        BY_GROUP: (result.rows, "every figure by group", FULL),
        "crossed": (
            _of(result, "crossed"),
            "groups that cross two characteristics",
            f"{FULL} Exploratory: held apart from the single characteristics.",
        ),
        "too small": (_of(result, "crossed_small"), "crossed groups with too few children with or without the outcome", FULL),
        "not known": (_of(result, "unknown"), "each gap if everyone not known belonged to one group", f"{FULL} Bounds, not estimates."),
    }
    own = list_name(audience)
    titles[origins.SHEETS["places"][0]] = (_of(result, "places"), origins.SHEETS["places"][1], f"{FULL} Exploratory: tested with the crossed groups.")
    made = [
        _sheet(frame, sheet_name(audience, name), f"{own}: {title}", (note, *said)) for name, (frame, title, note) in titles.items() if len(frame)
    ]
    for table, (name, title) in origins.SHEETS.items():
        if table != "places" and len(frame := _of(result, table)):
            headings, rows = plain_sheet(frame, table, result.meta.get("labels") or {})
            note = " ".join(part for part in (FULL, counted_in(frame, table)) if part)
            made.append(Sheet(sheet_name(audience, name), headings, rows, title=f"{own}: {title}", notes=(note, *said)))
    return made


def _of_run(lists: Mapping[str, Any], c: GovernanceContext) -> list[Sheet]:
    """Facts about the lists and the records."""
    recipients = lists.get("recipients") or ()
    is_held = any(row.get("not_already_known") is not None for row in recipients)
    tables: dict[str, tuple[str, Sequence[Mapping[str, Any]]]] = {
        RECIPIENTS: ("every list, its places and families", [recipient_row(row, is_held=is_held) for row in recipients]),
        TAKEN_OUT: (
            "taken out when the lists were made",
            [{"reason": sentence_case(str(k)), "number": n} for k, n in (lists.get("taken_out") or {}).items()],
        ),
        SOURCES: ("records taken in, by who sent them", c.sources),
        COVERS: ("what each source covers", c.coverage),
        CHECKS: ("what the checks of the records found", c.findings),
    }
    made = [
        Sheet(
            name,
            [sentence_case(str(key).replace("_", " ")) for key in rows[0]],
            [list(row.values()) for row in rows],
            title=sentence_case(title),
            notes=(COUNTS,),
        )
        for name, (title, rows) in tables.items()
        if rows
    ]
    if c.linked is not None and len(c.linked):
        made.append(_sheet(c.linked, LINKED, "Links between agencies, by group", (FULL,)))
    return made


def _of(result: Any, name: str) -> pd.DataFrame:
    further: Mapping[str, pd.DataFrame] = getattr(result, "further", {})
    found: pd.DataFrame = getattr(result, name, further.get(name, pd.DataFrame()))
    return found


def _sheet(frame: pd.DataFrame, name: str, title: str, notes: Sequence[str]) -> Sheet:
    columns = [column for column in _COLUMNS if column in frame.columns and f"{column}_label" not in frame.columns]
    measures = frame["measure"] if "measure" in frame else [""] * len(frame)
    return Sheet(
        name=name,
        headings=[_COLUMNS[column] for column in columns],
        rows=[
            [shown(column, _in_words(column, value), measure=measure) for column, value in zip(columns, row, strict=True)]
            for measure, row in zip(measures, frame[columns].round(4).itertuples(index=False, name=None), strict=True)
        ],
        title=title,
        notes=notes,
    )


def _in_words(column: str, value: Any) -> Any:
    """A cell without the audit's own short names, and nothing left empty that is not unknown."""
    if column == "group":
        return AsIs(value)
    if column == "measure" and value in MEASURES:
        return MEASURES[value].label
    if column == "smallest_detectable":
        return seen_above(value)
    return EMPTY.get(column, value) if value == "" else value


#: Figures of a way of choosing: the trial's own -> heading.
_OF_MODELS = {
    "precision_at_capacity": "Of the families listed, share with need",
    "recall_at_capacity": "Of the children with need, share listed",
    "auc": "Ranking overall (AUC)",
}
_MODEL_COLUMNS = ("Way of choosing", *(f"{heading}{end}" for heading in _OF_MODELS.values() for end in ("", ", 95% from", ", 95% to")))


def _model_row(name: str, figures: Mapping[str, Any]) -> list[Any]:
    """One way of choosing, its figures as numbers."""
    ends = [(measure, number((figures.get(measure) or {}).get(end))) for measure in _OF_MODELS for end in ("value", "low", "high")]
    return [
        model_name(name, figures.get("kind")),
        *(None if end is None else (Ratio if measure == "auc" else Share)(round(end, 4)) for measure, end in ends),
    ]
