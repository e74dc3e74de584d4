"""Periods of care cut into episodes, with legal status, placement and reasons as a council's case system would hold them.

A new episode begins when the legal status or the placement changes; the period ends with the last. Codes: SSDA903 code sets
(Department for Education), as used by data-to-insight/csc-validator-be-903.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from early_id.data.synth.population.identifiers import POSTCODE_LETTERS
from early_id.data.synth.shapes.dates import UNREADABLE, Dates, written
from early_id.data.synth.shapes.extra import Extra
from early_id.data.synth.shapes.records import STATUTORY, Records
from early_id.data.synth.timeline import NEVER

#: Average days in one placement, and the most episodes one period is cut into.
PLACEMENT_DAYS, MOST = 430, 9
#: Placement, provider, has a number of the inspectorate, youngest age in years.
PLACEMENTS = (
    ("U6", "PR1", False, 0, 0.30),
    ("U6", "PR4", True, 0, 0.20),
    ("U4", "PR1", False, 0, 0.10),
    ("U1", "PR1", False, 0, 0.14),
    ("P1", "PR0", False, 0, 0.07),
    ("K2", "PR4", True, 9, 0.12),
    ("H5", "PR4", True, 16, 0.05),
    ("P2", "PR4", False, 16, 0.02),
)
CHANGE_REASONS = ("CARPL", "LAREQ", "CREQB", "CREQO", "CHILD", "PLACE", "OTHER")
#: Share on a voluntary arrangement throughout; the rest begin with an interim order.
VOLUNTARY = 0.32
ENDED = (("E4A", 0.5), ("E4B", 0.12), ("E45", 0.1), ("E46", 0.06), ("E41", 0.05), ("E8", 0.17))


@dataclass(frozen=True)
class Episode:
    """One episode of care."""

    row: int  #: label of the period in the statutory table
    number: int  #: from 0 within the period
    person: str
    start: int
    end: int  #: ``NEVER`` while it runs
    start_text: str  #: as the council wrote it, where it is not a sound date
    end_text: str
    started_for: str
    legal: str
    placement: str
    provider: str
    ended_for: str
    change: str
    postcode: str
    inspected: str  #: number of the inspectorate, made up
    miles: float


def care_episodes(records: Records, extra: Extra) -> list[Episode]:
    """All episodes of care known on the day of the records, by period and number."""
    status = records.column(STATUTORY, "Status")
    at = np.flatnonzero(status == "CLA")
    rows, person = records.rows(STATUTORY)[at], records.column(STATUTORY, "PersonID")[at]
    start, end = records.dates(STATUTORY, "StartOn").take(at), records.dates(STATUTORY, "EndOn").take(at)
    child = records.children(person, "social_care_id")
    dob = np.where(child >= 0, records.people.children["dob"].to_numpy()[child], start.day - 3000)
    family = records.people.children["family"].to_numpy()[child]
    leaves = np.where(child >= 0, records.people.families["leaves"].to_numpy()[family], NEVER)
    lots = [extra.chance(STATUTORY, f"care {name}", rows) for name in ("legal", "reason")]
    out: list[Episode] = []
    for i in range(len(at)):
        moves = np.array([extra.chance(STATUTORY, f"care {n} {k}", rows[i : i + 1])[0] for n in range(MOST) for k in "abc"]).reshape(MOST, 3)
        out.extend(_period(int(rows[i]), str(person[i]), start.take(np.array([i])), end.take(np.array([i])), int(dob[i]), lots[0][i], moves))
        if out and out[-1].row == rows[i] and end.day[i] < NEVER:
            reason = _ended(int(end.day[i]), int(dob[i]), int(leaves[i]), lots[1][i])
            out[-1] = Episode(**{**vars(out[-1]), "ended_for": reason})
    return [_as_on(episode, records.day) for episode in out if episode.start < records.day]


def care_table(episodes: list[Episode]) -> pd.DataFrame:
    """The episodes as a table with one column an attribute."""
    return pd.DataFrame([vars(episode) for episode in episodes], columns=list(Episode.__dataclass_fields__))


def _period(row: int, person: str, start: Dates, end: Dates, dob: int, legal: float, moves: np.ndarray) -> list[Episode]:
    """Cut one period where the placement or the legal status changes."""
    first, last = int(start.day[0]), int(end.day[0])
    begin_text = "" if start.usual[0] else str(start.raw[0])
    end_text = "" if end.usual[0] else str(end.raw[0])
    cuts: list[tuple[int, str]] = [(first, "S")]
    if first > UNREADABLE and last > first and not begin_text and not end_text:
        day = first
        for lot in moves[1:, 0]:
            day += 14 + int(-PLACEMENT_DAYS * np.log(max(lot, 1e-6)))
            if day < last:
                cuts.append((day, "P" if lot < 0.8 else "T"))
        order = first + 150 + int(legal * 200)
        if legal >= VOLUNTARY and order < last:
            cuts.append((order, "L"))
        cuts = sorted(dict(sorted(cuts, reverse=True)).items())[:MOST]
    out = []
    place = 0
    for number, (day, why) in enumerate(cuts):
        place = place if why == "L" else min(number, MOST - 1)
        till = cuts[number + 1][0] if number + 1 < len(cuts) else last
        final = number + 1 == len(cuts)
        ordered = any(reason == "L" and cut <= day for cut, reason in cuts)
        age = (day - dob) / 365.25
        usable = [item for item in PLACEMENTS if item[3] <= age]
        edges = np.cumsum([item[4] for item in usable])
        code, provider, inspected, _, _ = usable[int(np.searchsorted(edges / edges[-1], moves[place, 1], side="right").clip(max=len(usable) - 1))]
        out.append(
            Episode(
                row=row,
                number=number,
                person=person,
                start=day,
                end=till,
                start_text=begin_text,
                end_text=end_text if final else "",
                started_for=why,
                legal="V2" if legal < VOLUNTARY else "C2" if ordered else "C1",
                placement=code,
                provider=provider,
                ended_for="" if final else "X1",
                change="" if final or cuts[number + 1][1] == "L" else CHANGE_REASONS[int(moves[place, 2] * len(CHANGE_REASONS))],
                postcode=_postcode(moves[place, 2]),
                inspected=f"SC{900000 + int(moves[place, 1] * 99999)}" if inspected else "",
                miles=round(0.5 + 60 * float(moves[place, 2]) ** 3, 1),
            )
        )
    return out


def _ended(day: int, dob: int, leaves: int, lot: float) -> str:
    if day == leaves:
        return "E3"
    if day - dob >= int(18 * 365.25) - 2:
        return "E5" if lot < 0.5 else "E6" if lot < 0.8 else "E7"
    edges = np.cumsum([weight for _, weight in ENDED])
    return ENDED[int(np.searchsorted(edges, lot, side="right").clip(max=len(ENDED) - 1))][0]


def _postcode(lot: float) -> str:
    """A postcode of the unallocated area ZZ9."""
    letters = len(POSTCODE_LETTERS)
    number = int(lot * 10 * letters * letters)
    return f"ZZ9 {number // letters**2}{POSTCODE_LETTERS[number // letters % letters]}{POSTCODE_LETTERS[number % letters]}"


def _as_on(episode: Episode, day: int) -> Episode:
    """The episode as it looked on a day on which its end was not yet known."""
    if episode.end < day:
        return episode
    return Episode(**{**vars(episode), "end": NEVER, "end_text": "", "ended_for": "", "change": ""})


def day_text(day: int, text: str, pattern: str) -> str:
    """A start or end of an episode in the style of a shape, or as the council wrote it."""
    return text or str(written(np.array([day]), pattern)[0])
