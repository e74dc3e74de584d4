"""Year groups instead of families: the step behind ``early-id screen --area``. No approval is asked for, because no child is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from early_id.core.types import Audience
from early_id.features.past import Past
from early_id.present.wording import MADE_UP
from early_id.present.write import write_text
from early_id.screening.area import AreaTargeting, area_targeting
from early_id.screening.area_page import area_page
from early_id.workflow.governing import check_first, open_all, results_withheld
from early_id.workflow.steps import at_work, build, train_all
from early_id.workflow.words import glossary, said

if TYPE_CHECKING:
    from early_id.workflow.steps import Bench

PAGE = "year_groups_publishable.html"


def offer_to_year_groups(bench: Bench) -> tuple[AreaTargeting, str]:
    """Choose year groups for the places of all school lists, measure it at the test date beside their list, and write the page.

    Where a result is shown the test date counts as opened.
    """
    check_first(bench)
    people, day = bench.people, bench.screening_date()
    with at_work(bench, on_store=False):
        matrix = build(bench, people)
        withheld = results_withheld(bench)
        trials = train_all(bench, matrix, withheld=withheld)
        audience = next((name for name in trials if name == Audience.SCHOOL_LEAD), next(iter(trials)))
        if not withheld:
            open_all(bench, {audience: trials[audience]})
        places = sum((matrix.at(day).meta.places or {}).get(audience, {}).values())
        found = area_targeting(matrix, trials[audience].best, as_of=str(day), places=places, withheld=withheld)
        schools = Past(bench.store, people, day).frame("schools").drop_duplicates("school_id", keep="last")
        names = dict(zip(schools["school_id"].astype(str), schools["name"].astype(str), strict=True))
        page = area_page(found, names, watermark=MADE_UP if bench.store.made_up else None, said=said(trials))
        write_text(bench.cfg.out_dir / PAGE, glossary(bench).html(page))
    return found, PAGE
