"""Write what follow-up found: two pages for the partnership, the figures, and one workbook a hub."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from early_id.config.learning import FollowUpSettings
from early_id.core.errors import BusyError
from early_id.core.fingerprint import file_sha256
from early_id.core.folders import restrict
from early_id.core.types import Json
from early_id.learning.followup import FollowUp
from early_id.learning.followup_page import followup_page
from early_id.learning.followup_sheet import HubSheet, sheet_workbook
from early_id.learning.tables import Words
from early_id.present.write import write_bytes, write_text

FOLDER = "followup"
PAGES = {False: "followup_restricted.html", True: "followup_publishable.html"}
MANIFEST = "manifest.json"


def write_followup(
    follow: FollowUp, sheets: Sequence[HubSheet], out: Path, words: Words, settings: FollowUpSettings, *, group: bool = False
) -> list[Json]:
    """Write ``followup_publishable.html``, and into ``followup/<day>/`` what is restricted; what was written, relative to ``out``.

    Raises
    ------
    BusyError
        A workbook to be replaced is open, or somebody has filled it in: nothing is changed then.
    """
    folder = out / FOLDER / follow.day.isoformat()
    _refuse_filled_in(folder)
    folder.mkdir(parents=True, exist_ok=True)
    restrict(out / FOLDER, group=group)
    outputs: list[Json] = []
    pages = {publishable: followup_page(follow, words, publishable=publishable) for publishable in PAGES}
    write_text(folder / PAGES[False], pages[False])
    write_text(out / PAGES[True], pages[True])
    write_text(folder / "followup.csv", follow.frame().to_csv(index=False, lineterminator="\n"))
    outputs += [
        {"kind": "followup", "path": (folder / PAGES[False]).relative_to(out).as_posix()},
        {"kind": "followup_publishable", "path": PAGES[True]},
        {"kind": "followup_figures", "path": (folder / "followup.csv").relative_to(out).as_posix()},
    ]
    written: dict[str, str] = {}
    for one in sheets:
        path = folder / "hubs" / f"{re.sub(r'[^A-Za-z0-9_-]+', '_', one.hub_id).strip('_') or 'unnamed'}.xlsx"
        write_bytes(path, sheet_workbook(one, settings, watermark=words.watermark))
        written[path.name] = file_sha256(path)
        outputs.append({"kind": "followup_hub", "path": path.relative_to(out).as_posix(), "recipient": one.hub_id, "children": len(one.rows)})
    write_text(folder / MANIFEST, json.dumps({"as_of": follow.day.isoformat(), "files": written}, indent=2, sort_keys=True) + "\n")
    restrict(out / FOLDER, group=group)
    return outputs


def _refuse_filled_in(folder: Path) -> None:
    try:
        written = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return
    for name, digest in written.items():
        book = folder / "hubs" / name
        if book.is_file() and file_sha256(book) != digest:
            raise BusyError(
                "A hub's workbook has been filled in since it was written, and would be replaced.",
                where=str(book),
                what_next="Read it in with early-id review import, or move it to another folder, and run the command again; nothing was changed.",
            )
