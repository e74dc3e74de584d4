"""Write the pages about what was taken in: the analyst's, and one for each supplier."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from early_id.data.history import Taken
from early_id.data.pages.findings import findings_page
from early_id.data.pages.supplier import supplier_pages
from early_id.present.wording import MADE_UP
from early_id.present.write import write_text

#: The analyst's page, and the folder of those for suppliers.
PAGE, FOLDER = "findings.html", "findings"


def write_findings(taken: Taken, out: Path, *, contact: str, said: Sequence[str] = (), words: Callable[[str], str] = str) -> list[Path]:
    """Write ``findings.html`` and ``findings/<supplier>.html`` into ``out``; returns what was written, the analyst's page first.

    Parameters
    ----------
    contact : str
        Whom suppliers ask.
    words : callable
        Puts a programme's own words into a page.
    """
    watermark = MADE_UP if taken.made_up else None
    paths = [write_text(out / PAGE, words(findings_page(taken, watermark=watermark, said=said)))]
    # A supplier whose files are right now has no page left from a time when they were not.
    shutil.rmtree(out / FOLDER, ignore_errors=True)
    for name, page in supplier_pages(taken, contact=contact, watermark=watermark).items():
        paths.append(write_text(out / FOLDER / name, words(page)))
    return paths
