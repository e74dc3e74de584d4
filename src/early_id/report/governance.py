"""The governance report on fairness and use, RESTRICTED and PUBLISHABLE, with a workbook of its tables.

Both pages are made by the same sections from the same figures; only :class:`~early_id.report.showing.Showing` differs, so
that the published one cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment

from early_id.core.display import progress
from early_id.present.page import environment, render_page
from early_id.present.tables import write_tables
from early_id.present.write import write_text
from early_id.report import board, explored, front, gaps, measured, origins, remedies, sheets, summary, usefulness, who
from early_id.report.context import GovernanceContext
from early_id.report.groups import group_rows
from early_id.report.section import Material
from early_id.report.showing import Showing

TITLE = "Governance report on fairness and use"

BANNERS = {
    "restricted": "RESTRICTED. Full counts: for the governance board and the analyst only. Do not copy or forward.",
    "publishable": (
        "PUBLISHABLE. Small numbers are hidden, and others rounded. Gaps are worked out again from the rounded numbers, "
        "so they can differ a little from the restricted report."
    ),
}

#: Further tables of an audit; a result without them says nothing of them.
STUDIES = ("crossed", "crossed_small", "unknown", *origins.SHEETS)

#: In the order of the outline, but for the questions, which stand where a board that reads no further has met them.
SECTIONS = (
    who.what_it_tells,
    summary.summary,
    board.questions,
    origins.also(who.on_the_list, origins.standardised),
    gaps.missed,
    gaps.without_need,
    origins.also(gaps.observed_expected, origins.bands),
    origins.also(explored.crossed, origins.places),
    explored.before_after,
    origins.also(explored.themes, origins.proxies, remedies.options),
    usefulness.no_model,
    measured.change,
    origins.also(measured.measurement, origins.recording),
    board.annex,
)


def governance_pack(
    trial: Any,
    audit: Any,
    lists: Any = None,
    *,
    to: Path | str,
    context: GovernanceContext | None = None,
) -> dict[str, Path]:
    """Write the report twice, and its tables once.

    Parameters
    ----------
    trial : Trial, or mapping of audience to Trial
        Anything with ``to_json()``, or that JSON itself.
    audit : AuditResult, or mapping of audience to AuditResult
        With ``rows``, ``not_held`` and ``meta``.
    lists : ScreeningLists or mapping, optional
        Summary of the lists: ``recipients`` (audience, recipient, capacity, families, not_already_known), ``taken_out``
        (reason -> number), ``urgent``, ``sharing_cost``. An object gives it by ``summary()``.
    to : path
        ``out/governance.html`` gives ``out/governance_restricted.html``, ``out/governance_publishable.html`` and
        ``out/governance_tables_restricted.xlsx``.
    context : GovernanceContext, optional
        Facts about the run; what is left out is shown as not stated.

    Returns
    -------
    dict
        "restricted", "publishable", "tables" -> path.
    """
    target = Path(to)
    audits = _by_audience(audit)
    written: dict[str, Path] = {}
    with progress("Writing the governance report", len(BANNERS)) as bar:
        for kind in BANNERS:
            html = governance_html(trial, audit, lists, context=context, publishable=kind == "publishable")
            written[kind] = write_text(target.with_name(f"{target.stem}_{kind}.html"), html)
            bar.advance(note=kind)
    facts = context or GovernanceContext()
    made = [
        facts.words.sheet(sheet)
        for sheet in sheets.all_sheets(audits, {name: _json(one) for name, one in _by_audience(trial).items()}, _summary(lists), facts)
    ]
    if made:
        tables = target.with_name(f"{target.stem}_tables_restricted.xlsx")
        foot = "RESTRICTED" + (f" · {facts.watermark}" if facts.watermark else "")
        about = [facts.words.text(line) for line in sheets.about(facts)]
        written["tables"] = write_tables(tables, made, title=f"{TITLE}: tables", about=about, restricted=foot)
    return written


def governance_html(trial: Any, audit: Any, lists: Any = None, *, context: GovernanceContext | None = None, publishable: bool) -> str:
    """One of the two pages, as text. Parameters as in :func:`governance_pack`."""
    m = material(trial, audit, lists, context=context or GovernanceContext(), publishable=publishable)
    body = (
        _templates().get_template("governance.html").render(header=front.header(m), short=front.in_short(m), sections=[make(m) for make in SECTIONS])
    )
    kind = "publishable" if publishable else "restricted"
    made = render_page(TITLE, body, banner=BANNERS[kind], watermark=m.context.watermark, kind=kind, said=m.context.said)
    return m.context.words.html(made)


def material(trial: Any, audit: Any, lists: Any, *, context: GovernanceContext, publishable: bool) -> Material:
    """Everything the sections need, in one rendering."""
    showing = Showing(publishable)
    audits = _by_audience(audit)
    first = next(iter(audits.values()), None)
    return Material(
        showing=showing,
        context=context,
        trials={name: _json(one) for name, one in _by_audience(trial).items()},
        groups={name: group_rows(result.rows, showing) for name, result in audits.items()},
        meta={name: dict(result.meta) for name, result in audits.items()},
        not_held=[] if first is None else _records(first.not_held),
        lists=_summary(lists),
        studies={name: {part: _of(result, part) for part in STUDIES} for name, result in audits.items()},
    )


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return environment(Path(__file__).parent / "templates")


def _by_audience(value: Any) -> dict[str, Any]:
    """One result an audience, whether given alone or by audience."""
    if value is None:
        return {}
    if isinstance(value, Mapping) and "models" not in value:
        return {str(name): one for name, one in value.items()}
    own = value.get("audience") if isinstance(value, Mapping) else getattr(value, "audience", None)
    return {str(own or getattr(value, "meta", {}).get("audience") or "hub_lead"): value}


def _json(value: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = value if isinstance(value, Mapping) else value.to_json()
    return found


def _summary(lists: Any) -> Mapping[str, Any]:
    if lists is None:
        return {}
    found: Mapping[str, Any] = lists if isinstance(lists, Mapping) else lists.summary()
    return found


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _of(result: Any, name: str) -> pd.DataFrame:
    further: Mapping[str, pd.DataFrame] = getattr(result, "further", {})
    found: pd.DataFrame = getattr(result, name, further.get(name, pd.DataFrame()))
    return found
