"""The sender's index of all lists of a date: which folder goes to whom, and how many families it holds. Counts only."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from early_id.core.types import Json
from early_id.present.page import render_page, table_html
from early_id.present.wording import count_of, day_text, plural
from early_id.screening.entries import ScreeningList, ScreeningLists

INDEX = "index.html"
_HEADINGS = ("Recipient", "For", "Families", "Children", "Carried over", "Places", "Folder", "Workbook (SHA-256 begins)")
_AUDIENCE = {"school_lead": "school", "hub_lead": "hub"}


def index_page(lists: ScreeningLists, outputs: Sequence[Json], hashes: dict[str, str], *, watermark: str | None = None) -> str:
    """The index as a page.

    Parameters
    ----------
    outputs : sequence of dict
        As ``write_lists`` gives them: where each file lies.
    hashes : mapping
        Path of each workbook, as in ``outputs``, to its SHA-256.
    """
    books = {(item["audience"], item["recipient"]): item["path"] for item in outputs if str(item["path"]).endswith(".xlsx")}
    rows = [_row(one, books[str(one.recipient.audience), one.recipient.id], hashes) for one in lists.lists]
    families, empty = sum(len(one.families) for one in lists.lists), sum(not one.families for one in lists.lists)
    first = lists.lists[0]
    body = Markup('<p class="finding">{}</p>').format(
        f"{count_of(len(lists.lists), 'list')} with {count_of(families, 'family', 'families')}; {empty or 'none'} of them {plural(empty or 1, 'is', 'are')} empty. "
        f"Made from records before {day_text(first.as_of)}, to be used until {day_text(first.expires_on)}."
    )
    body += Markup("<p>{}</p><p>{}</p>").format(
        first.threshold,
        "Send each folder to its own recipient alone, by the way of sending that your council has for such papers. Never send this page, the file "
        "record.json beside it, or a folder of another recipient. The folders can be read by their owner alone (or the owner's group, where the settings say so); "
        "on Windows the rights of the folder above decide, so look at them first.",
    )
    if lists.not_made:
        items = Markup("").join(Markup("<li><strong>{}</strong>: no list was made. {}</li>").format(name, why) for name, why in lists.not_made)
        body += Markup("<h2>Not made</h2><ul>{}</ul>").format(items)
    body += table_html(list(_HEADINGS), rows, "Lists of this date, in counts")
    return render_page(
        "Lists, for whoever sends them",
        body,
        banner="RESTRICTED. For the person who sends the lists. Counts only.",
        kind="restricted",
        watermark=watermark,
    )


def _row(one: ScreeningList, path: str, hashes: dict[str, str]) -> list[str | int]:
    folder = path.removeprefix("lists/").rpartition("/")[0]
    audience = _AUDIENCE.get(str(one.recipient.audience), str(one.recipient.audience))
    return [one.recipient.name, audience, len(one.families), one.n_children, one.n_carried, one.capacity, folder, hashes[path][:12]]
