"""A scorecard as the page that a board member can follow."""

from __future__ import annotations

from pathlib import Path

from early_id.core.folders import restrict
from early_id.models.candidates import load_candidate
from early_id.models.registry import Bundle
from early_id.models.scorecard_page import page_of_points, points_of, scorecard_page
from early_id.present.wording import MADE_UP
from early_id.present.write import write_text
from early_id.report.outcome_words import worded
from early_id.workflow.registering import named_bundle
from early_id.workflow.steps import Bench
from early_id.workflow.words import glossary


def write_scorecards(bench: Bench, model: str | None = None) -> list[Path]:
    """``scorecard_<audience>.html`` in the output folder, of a registered model or of those trained last; no test date is opened.

    Raises
    ------
    InputDataError
        Nothing was trained yet, or neither the model is a scorecard nor was one trained beside it.
    """
    cfg = bench.cfg
    held = [named_bundle(cfg, model)] if model else [load_candidate(cfg.out_dir, name).bundle() for name in bench.in_force.programme.audiences]
    pages = {bundle.audience: worded([bundle.outcome], glossary(bench)).html(_page(bench, bundle)) for bundle in held}
    cfg.out_dir.mkdir(parents=True, exist_ok=True)
    made = []
    for audience, page in pages.items():
        path = cfg.out_dir / f"scorecard_{audience}.html"
        write_text(path, page)
        restrict(path, group=cfg.shared_with_group)
        made.append(path)
    return made


def _page(bench: Bench, bundle: Bundle) -> str:
    """The points of the model itself or, where it is none of points, those of the scorecard that was trained beside it."""
    beside = (bundle.card.get("further") or {}).get("scorecard")
    watermark, said = MADE_UP if bench.store.made_up else None, bundle.manifest.get("notes") or ()
    if bundle.points_slope is None and beside:
        return page_of_points(f"scorecard_{bundle.audience}", beside, watermark=watermark, said=said)
    return scorecard_page(bundle.risk_model(bench.in_force.catalogue), points=points_of(bundle), watermark=watermark, said=said)
