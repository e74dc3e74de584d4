"""The pages of what was taken in, outside a run."""

from __future__ import annotations

from pathlib import Path

from early_id.core.folders import restrict
from early_id.data.pages.write import FOLDER, write_findings
from early_id.workflow.steps import Bench, at_work
from early_id.workflow.words import glossary


def write_pages(bench: Bench) -> list[Path]:
    """Write ``findings.html`` and the pages for suppliers into the output folder, for its owner alone; the analyst's page comes first.

    Raises
    ------
    BusyError
        Another run holds the output folder, or a page is open in another program.
    """
    with at_work(bench, on_store=False):
        paths = write_findings(bench.store.taken(), bench.cfg.out_dir, contact=bench.cfg.project.contact, words=glossary(bench).html)
        for path in (paths[0], bench.cfg.out_dir / FOLDER):
            restrict(path, group=bench.cfg.shared_with_group)
    return paths
