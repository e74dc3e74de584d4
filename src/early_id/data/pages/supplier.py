"""One page for the school or team that supplied files: what to correct, what to check. It holds counts and no rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from early_id.core.findings import Finding, Findings
from early_id.core.types import Severity
from early_id.data.history import Taken
from early_id.data.pages.findings import NOTHING_TO_DO, copies_of, day, ordered, supplier_names, totals
from early_id.present.glossary import AsIs
from early_id.present.page import Cell, render_page, table_html
from early_id.present.wording import count_of, day_text

#: Findings that fit on one side of paper.
ROWS = 7
#: Severity, heading, what became of the rows, and what to do where a rule's own advice is for the analyst.
_PARTS = (
    (Severity.ERROR, "Please correct", "These rows could not be used.", "Correct it."),
    (Severity.QUERY, "Please check", "These rows were used as they are.", "Check it."),
)
#: One side of A4.
_TIGHT = "@media print { h1 { font-size: 15pt; margin: 0.4rem 0; } h2 { font-size: 12pt; margin-top: 0.5rem; padding-top: 0.3rem; } p { margin: 0.4rem 0; } .finding { font-size: 11pt; } table { font-size: 8.5pt; } .table-wrap.short { break-inside: auto; } }"
#: Words that the supplier of a file has no use for.
_INSIDE = re.compile(
    r"\b(shape|settings|extension|feature|features|audit|received|link|mapped|map|ask|counts|tell|merged|kept|counted)\b", re.IGNORECASE
)


def supplier_pages(taken: Taken, *, contact: str, watermark: str | None = None) -> dict[str, str]:
    """File name → page, one for each supplier whose files hold something to look at."""
    files, found = taken.standing
    names = supplier_names(files, taken.coverage)
    pages: dict[str, str] = {}
    suppliers: dict[tuple[str, str], str] = dict(sorted(set(names.values())))
    for supplier, name in suppliers.items():
        own = [file for file in files if names[str(file["source"]), str(file["file"])][0] == supplier]
        theirs = [item for item in found if names.get((item.source, item.where), ((item.source, ""), ""))[0] == supplier]
        mine = [item for item in theirs if item.severity is not Severity.NOTE and item.code not in NOTHING_TO_DO]
        if mine:
            stem = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(part for part in supplier if part)).strip("_").lower()
            copies = copies_of(theirs, totals(own)["rows_set_aside"])
            pages[f"{stem}.html"] = _page(name, own, mine, copies, contact=contact, watermark=watermark)
    return pages


def _page(name: str, files: Sequence[Mapping[str, Any]], found: Sequence[Finding], copies: int, *, contact: str, watermark: str | None) -> str:
    sums, last = totals(files), max(str(file["received"]) for file in files)
    faulty = sums["rows_set_aside"] - copies
    aside = f"{faulty:,} could not be used" if faulty else "all could be used"
    if copies:  # said, or the figures of the table would not add up to what was set aside
        aside += f", and of {count_of(copies, 'row')} sent twice one copy was kept"
    lead = f"Thank you for your records. We received {sums['rows_in']:,} rows in {count_of(len(files), 'file')}, the last on {day_text(date.fromisoformat(last))}; {aside}."
    more = "Please correct them in your own system and send the export again: corrected rows are recognised, and nothing has to be marked or listed."
    parts = [Markup("<p class='finding'>{}</p><p>{}</p>").format(lead, more)]
    items, left = ordered(Findings(tuple(found))), ROWS
    for severity, title, means, otherwise in _PARTS:
        rows = _rows([item for item in items if item.severity is severity], otherwise)
        if rows:
            shown, left = rows[: max(left, 1)], left - len(rows)
            note = f"{count_of(len(rows) - len(shown), 'further kind')} of finding not shown here." if len(rows) > len(shown) else ""
            parts.append(
                Markup("<h2>{}</h2>{}").format(
                    title, table_html(["What", "How many", "File", "Since", "What to do"], shown, means, numbers=[1], note=note)
                )
            )
    parts.append(
        Markup(
            "<p>No person is named here. To learn which rows are meant, ask {}; they are told by row number, in a safe way. Rule codes: {}.</p>"
        ).format(contact, ", ".join(sorted({item.code for item in found})))
    )
    return render_page(
        f"{name}: what the checks of your records found", Markup("").join(parts),
        banner="Counts only: for the supplier of the files.", watermark=watermark, extra_css=_TIGHT,
    )  # fmt: skip


def _advice(item: Finding, otherwise: str) -> str:
    """What the supplier can do: the sentences of the rule's advice that are not about this program."""
    kept = [part for part in re.split(r"(?<=\.) ", item.advice) if not _INSIDE.search(part)]
    return re.sub(r" at (the|its) source\b( at once)?", "", " ".join(kept)) or otherwise


def _rows(items: Sequence[Finding], otherwise: str) -> list[list[Cell]]:
    """One row a rule; of many files the number is said."""
    by_code: dict[str, list[Finding]] = {}
    for item in items:
        by_code.setdefault(item.code, []).append(item)
    rows: list[list[Cell]] = []
    for some in by_code.values():
        where = sorted({item.where.rpartition("/")[2] for item in some})
        columns = sorted({part.partition(" (")[0] for item in some for part in item.columns.split(", ") if part})
        what = some[0].message + (f" Column: {', '.join(columns)}." if columns else "")
        rows.append(
            [what, sum(item.count for item in some), AsIs(where[0]) if len(where) == 1 else f"{len(where)} files",
             day(min((item.since for item in some if item.since), default="")), _advice(some[0], otherwise)]
        )  # fmt: skip
    return rows
