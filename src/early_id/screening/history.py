"""What earlier lists held, on record in the store: who was suggested to whom, so that nobody is asked every month.

The record of a publication lies with the lists themselves (``lists/record.json``), so that both are published by one rename; :func:`settle`
copies it into the store's chain afterwards, and again on the next run where that one was killed in between. Children are keyed hashes there, and
what a family answered is on no record of this file: only that a line was answered, whatever the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from early_id.config.settings import ScreeningSettings
from early_id.core.chain import Chain, Record
from early_id.core.errors import InputDataError
from early_id.core.types import Json

#: In the folder of the store, because who was asked belongs to the data.
LEDGER = "lists.jsonl"
#: Beside the folders of the recipients; never handed over.
RECORD = "record.json"
LISTS, RETURNED = "lists", "returned"

#: Audience and id of a recipient.
Place = tuple[str, str]


@dataclass(frozen=True)
class Earlier:
    """What earlier lists ask of the lists of one date.

    ``rests`` says until when a child is asked by nobody; ``carried`` at which recipient a line that nobody answered stays, and since when the
    family has stood there.
    """

    rests: Mapping[str, date] = field(default_factory=dict, repr=False)
    carried: Mapping[str, tuple[Place, date]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class _Line:
    listed_on: date
    since: date
    place: Place
    key: str


def ledger(store: Path) -> Chain:
    """The chain of lists of a store."""
    return Chain(store / LEDGER, "records of earlier lists")


def earlier_lists(store: Path, as_of: date, settings: ScreeningSettings) -> Earlier:
    """What the lists before ``as_of`` ask of those of that date. Lists of the same date are replaced, and lists of later dates not looked at.

    Every family rests for ``cool_off_days`` after it stood on a list, whatever it answered. Where a workbook came back, lines without an answer, or with
    "not safe or possible to contact yet", stay with their recipient for up to ``carry_over_days``; where none came back nobody can tell who was
    asked, so all of them rest.
    """
    return earlier_of(ledger(store).read(), as_of, settings)


def earlier_of(records: Iterable[Record], as_of: date, settings: ScreeningSettings) -> Earlier:
    """:func:`earlier_lists` of records that were read already."""
    records = tuple(records)
    held = latest_of_each_date(records)
    # A workbook may come back twice; what it says last counts.
    returned = {(date.fromisoformat(r.body["as_of"]), r.body["audience"], r.body["recipient"]): r.body["open"] for r in records if r.kind == RETURNED}
    last: dict[str, _Line] = {}
    for listed_on, body in held.items():
        if listed_on >= as_of:
            continue
        for one in body["lists"]:
            for family in one["families"]:
                line = _Line(listed_on, date.fromisoformat(family["since"]), (one["audience"], one["recipient"]), family["key"])
                last |= dict.fromkeys(family["children"], line)
    rests: dict[str, date] = {}
    carried: dict[str, tuple[Place, date]] = {}
    for child, line in last.items():
        is_open = line.key in returned.get((line.listed_on, *line.place), ())
        if is_open and as_of - line.since <= timedelta(days=settings.carry_over_days):
            carried[child] = (line.place, line.since)
        elif as_of < (until := line.listed_on + timedelta(days=settings.cool_off_days)):
            rests[child] = until
    return Earlier(rests, carried)


def latest_of_each_date(records: Iterable[Record]) -> dict[date, Json]:
    """As-of date → the lists of that date as they were published last, in order of date."""
    held = {date.fromisoformat(record.body["as_of"]): record.body for record in records if record.kind == LISTS}
    return dict(sorted(held.items()))


def read_record(out: Path) -> Json | None:
    """The record that lies beside the published lists; None where there is none.

    Raises
    ------
    InputDataError
        It cannot be read.
    """
    path = out / "lists" / RECORD
    if not path.is_file():
        return None
    try:
        body: Json = json.loads(path.read_text(encoding="utf-8"))
        date.fromisoformat(body["as_of"])
        _ = [family["key"] for one in body["lists"] for family in one["families"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputDataError(
            "The record of the lists that were published last cannot be read, so nobody can tell who was asked.",
            where=str(path),
            what_next="Restore the folder 'lists' from a backup; or delete it, if its lists were never handed over.",
        ) from None
    return body


def settle(store: Path, out: Path) -> bool:
    """Copy the record of the published lists into the chain, where it is not its last word for that date; whether anything was added."""
    body = read_record(out)
    if body is None:
        return False
    chain = ledger(store)
    if latest_of_each_date(chain.read()).get(date.fromisoformat(body["as_of"])) == body:
        return False
    chain.append(LISTS, body)
    return True


def note_returned(store: Path, returned: Iterable[Json]) -> int:
    """Put on record which lines of the workbooks that came back have no answer; how many workbooks were new."""
    chain = ledger(store)
    # Only the last word of a place and date counts: what came back as A, then B, then A again is A.
    last = {_returned_place(record.body): record.body for record in chain.read() if record.kind == RETURNED}
    fresh = 0
    for body in returned:
        if last.get(_returned_place(body)) != body:
            chain.append(RETURNED, body)
            last[_returned_place(body)] = body
            fresh += 1
    return fresh


def _returned_place(body: Json) -> tuple[str, str, str]:
    return str(body["as_of"]), str(body["audience"]), str(body["recipient"])
