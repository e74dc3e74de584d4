"""Write lists whole or not at all: everything goes into a temporary folder that then takes the place of the old one."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from early_id.core.display import progress
from early_id.core.errors import BusyError, SettingsError
from early_id.core.fingerprint import file_sha256
from early_id.core.folders import put_in_place, restore, restrict
from early_id.core.types import Audience, Json
from early_id.present.write import write_bytes, write_text
from early_id.screening.entries import ScreeningList, ScreeningLists
from early_id.screening.filled_in import put_aside
from early_id.screening.history import RECORD
from early_id.screening.index import INDEX, index_page
from early_id.screening.offer import Offer, check_offer
from early_id.screening.page import list_pages
from early_id.screening.workbook import list_workbook, taken_out_workbook

FOLDERS: Mapping[Audience, str] = {Audience.SCHOOL_LEAD: "schools", Audience.HUB_LEAD: "hubs"}
KINDS: Mapping[Audience, str] = {Audience.SCHOOL_LEAD: "school_list", Audience.HUB_LEAD: "hub_list"}
WORKBOOK, PAGE, MANIFEST = "list.xlsx", "page.html", "manifest.json"
TAKEN_OUT = Path("restricted") / "taken_out.xlsx"


def write_lists(
    lists: ScreeningLists,
    out: Path | str,
    *,
    offer: Offer | None = None,
    ask: str = "the council's data protection officer",
    watermark: str | None = None,
    group: bool = False,
) -> list[Json]:
    """Write a folder for each recipient, and the restricted file of those taken out.

    ``out/lists/schools/<school>/`` and ``out/lists/hubs/<hub>/`` each hold ``list.xlsx``, ``page.html`` and
    ``manifest.json``; ``out/lists`` itself ``index.html`` for the sender, and ``record.json`` for :mod:`early_id.screening.history`. The whole of ``out/lists`` is replaced in one step, so lists of an earlier run never stay beside new ones.

    Parameters
    ----------
    offer : mapping of theme to services, optional
        From ``offer.yaml``.
    ask : str
        Where a family can ask, correct, object or complain.
    watermark : str, optional
        Said on every page and sheet, such as "Made-up data: no real child is in it".
    group : bool
        Whether the owner's group may read what is written; otherwise the owner alone.

    Returns
    -------
    list of dict
        One per file for people: ``kind`` (school_list, hub_list, taken_out), ``path`` relative to ``out``, and for lists
        ``audience``, ``recipient``, ``families``.

    Raises
    ------
    BusyError
        A file of the lists to be replaced is open; the old lists are as they were.
    SettingsError
        The offer names an unknown theme, or two recipients would share a folder.
    """
    out = Path(out)
    offer = offer or {}
    check_offer(offer)
    folders = _folders(lists)
    out.mkdir(parents=True, exist_ok=True)
    _tidy(out)
    fresh = Path(tempfile.mkdtemp(prefix=".lists-", suffix=".tmp", dir=out))
    try:
        outputs = []
        with progress("Writing lists", len(lists.lists)) as bar:
            for one in lists.lists:
                folder = folders[one.recipient.audience, one.recipient.id]
                outputs += _write_one(one, fresh / folder, Path("lists") / folder, offer=offer, ask=ask, watermark=watermark)
                bar.advance()
        outputs += _write_for_the_sender(lists, fresh, outputs, watermark=watermark)
        restrict(fresh, group=group)
        _publish(fresh, out, taken_out_workbook(lists, watermark=watermark), group=group)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return [*outputs, {"kind": "taken_out", "path": TAKEN_OUT.as_posix(), "children": len(lists.taken_out)}]


def _write_one(one: ScreeningList, folder: Path, shown: Path, *, offer: Offer, ask: str, watermark: str | None) -> list[Json]:
    write_bytes(folder / WORKBOOK, list_workbook(one, watermark=watermark))
    pages = list_pages(one, offer=offer, ask=ask, watermark=watermark)
    names = [PAGE if n == 0 else f"page_{n + 1}.html" for n in range(len(pages))]
    for name, text in zip(names, pages, strict=True):
        write_text(folder / name, text)
    facts: Json = {"audience": str(one.recipient.audience), "recipient": one.recipient.id, "families": len(one.families)}
    manifest = {
        **facts,
        "name": one.recipient.name,
        "children": one.n_children,
        "capacity": one.capacity,
        "as_of": one.as_of.isoformat(),
        "expires_on": one.expires_on.isoformat(),
        "carried_over": one.n_carried,
        "threshold": one.threshold,
        "model": one.model,
        "model_hash": one.model_hash,
        "files": {name: file_sha256(folder / name) for name in (WORKBOOK, *names)},
    }
    write_text(folder / MANIFEST, json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    kind = KINDS[one.recipient.audience]
    return [{"kind": kind, "path": (shown / name).as_posix(), **facts} for name in (WORKBOOK, *names)]


def _tidy(out: Path) -> None:
    """What a run that was killed left behind."""
    restore(out)
    for left in out.glob(".lists-*.tmp"):
        shutil.rmtree(left, ignore_errors=True)


def _write_for_the_sender(lists: ScreeningLists, fresh: Path, outputs: list[Json], *, watermark: str | None) -> list[Json]:
    """The index, and the record that goes into the store's chain once the lists are published."""
    if not lists.lists:
        return []
    books = [str(item["path"]) for item in outputs if str(item["path"]).endswith(WORKBOOK)]
    hashes = {path: file_sha256(fresh / Path(path).relative_to("lists")) for path in books}
    write_text(fresh / INDEX, index_page(lists, outputs, hashes, watermark=watermark))
    write_text(fresh / RECORD, json.dumps(lists.record(), sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n")
    return [{"kind": "list_index", "path": f"lists/{INDEX}", "lists": len(lists.lists)}]


def _folders(lists: ScreeningLists) -> dict[tuple[Audience, str], Path]:
    """A folder for each recipient, named by its id in characters that every file system takes."""
    folders: dict[tuple[Audience, str], Path] = {}
    for one in lists.lists:
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", one.recipient.id).strip("_") or "unnamed"
        folders[one.recipient.audience, one.recipient.id] = Path(FOLDERS[one.recipient.audience]) / name
    # Compared without capitals, because Windows does not tell them apart.
    if len({path.as_posix().casefold() for path in folders.values()}) != len(lists.lists):
        raise SettingsError(
            "Two recipients would write to the same folder.",
            where="recipients",
            what_next="Give each school and each hub an id of its own that differs in letters or digits.",
        )
    return folders


def _publish(fresh: Path, out: Path, taken_out: bytes, *, group: bool) -> None:
    """Both the restricted file and the lists are new, or neither is."""
    put_aside(out, group=group)
    restricted = out / TAKEN_OUT
    before = restricted.read_bytes() if restricted.exists() else None
    write_bytes(restricted, taken_out, private=True)
    restrict(restricted.parent, group=group)
    try:
        put_in_place(fresh, out / "lists")
    except OSError as error:
        restricted.unlink() if before is None else write_bytes(restricted, before, private=True)
        restrict(restricted.parent, group=group)
        raise BusyError.target_open(out / "lists") from error
