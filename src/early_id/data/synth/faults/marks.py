"""Faults of session marks: planted block by block as numbers, or as text in the files that schools send themselves.

Late and corrected marks are made with the marks themselves (:mod:`early_id.data.synth.marks.make`) and counted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.faults.declare import scaled
from early_id.data.synth.faults.log import FaultLog
from early_id.data.synth.files.writers import month_file
from early_id.data.synth.marks.make import NUMBER, Marks
from early_id.data.synth.plan import CouncilPlan
from early_id.data.synth.population.schools import Rolls
from early_id.data.synth.seeds import BLOCK, Seeds
from early_id.data.synth.timeline import NEW_CODES_FROM, SchoolYear, Timeline, day_number

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Faults of the monthly files of marks: kind, number at 5,000 in each of the last two years, code written.
NUMBER_FAULTS: tuple[tuple[str, int, str], ...] = (
    ("mark_unknown", 14, "A"),
    ("mark_withdrawn", 22, "H"),
    ("mark_repeated", 16, ""),
)
#: Faults of a school's own export of marks: kind, number at 5,000, column, text.
TEXT_FAULTS: tuple[tuple[str, int, str, str], ...] = (
    ("mark_unknown", 9, "Code", "8"),
    ("mark_unreadable_date", 9, "Date", "32/13/2024"),
    ("mark_required_missing", 7, "Date", ""),
    ("mark_repeated", 12, "", ""),
)
#: Schools that send nothing for a month: number at 5,000, and school days a month needs to be missed.
SILENT, SILENT_DAYS = 2, 10

Month = tuple[int, int]  #: a school's row number and a month (months since January 1970)


def silent_months(rolls: Rolls, canaries: Ints, plan: CouncilPlan, timeline: Timeline, seeds: Seeds) -> tuple[Month, ...]:
    """Which school sends nothing in which month, of schools with pupils on roll throughout it and no canary among them."""
    if "silent_month" not in plan.mess:
        return ()
    days = np.concatenate([year.days for year in timeline.years])
    months, counts = np.unique(_month(days), return_counts=True)
    spells = rolls.spells
    open_: list[Month] = []
    for month in months[counts >= SILENT_DAYS]:
        inside = days[_month(days) == month]
        there = (spells["start"] <= inside[0]) & (spells["end"] >= inside[-1])
        here = (spells["start"] <= inside[-1]) & (spells["end"] >= inside[0])
        schools = set(spells.loc[there, "school"]) - set(spells.loc[here & spells["child"].isin(canaries), "school"])
        open_ += [(int(school), int(month)) for school in sorted(schools)]
    order = seeds.rng("silent months").permutation(len(open_))
    return tuple(sorted(open_[place] for place in order[: scaled(SILENT, plan.children)]))


def silence(marks: Marks, silent: Sequence[Month]) -> Marks:
    """The marks without those of schools that were silent."""
    if not silent:
        return marks
    gone = np.isin(_place(marks.school, _month(marks.day)), [_place(np.array(school), np.array(month)) for school, month in silent])
    return marks.take(~gone)


def count_timing(marks: Marks, file: str | SchoolYear, log: FaultLog) -> None:
    """Note late and corrected marks in ``file``, or in the monthly files of a school year."""
    second = marks.corrected & (marks.code != NUMBER["N"])
    late = (marks.recorded - marks.day > 1) & ~second
    files, which = ([file], np.zeros(len(marks), dtype=np.int64)) if isinstance(file, str) else _files(marks, file)
    for kind, rows, column in (("late_marks", late, "RecordedOn"), ("corrected_marks", second, "Code RecordedOn")):
        for place, count in enumerate(np.bincount(which[rows], minlength=len(files))):
            log.add(kind, files[place], column, int(count))


def spoil_number_marks(marks: Marks, year: SchoolYear, block: int, spared: Ints, plan: CouncilPlan, seeds: Seeds, log: FaultLog) -> Marks:
    """One block's share of the faults of a year; withdrawn codes are planted from 1 January.

    Parameters
    ----------
    marks : Marks
        The block's marks, children numbered from 0.
    spared : array of int
        Children whose marks stay clean.
    """
    files, which = _files(marks, year)
    blocks = -(-plan.children // BLOCK)
    rank = _rank(marks, int(seeds.rng(f"mark faults {year.label}", block).integers(2**62)))
    # Late marks are a kind of their own.
    free = ~marks.corrected & (marks.recorded - marks.day == 1) & ~np.isin(marks.child, spared)
    code = marks.code.copy()
    again = np.zeros(0, dtype=np.int64)
    absent = np.isin(marks.code, [NUMBER["I"], NUMBER["O"], NUMBER["G"]])
    withdrawn_from = max(day_number(pd.Timestamp(year.first_year + 1, 1, 1).date()), day_number(NEW_CODES_FROM))
    for kind, at_5000, written in NUMBER_FAULTS:
        whole = scaled(at_5000, plan.children)
        part = whole * (block + 1) // blocks - whole * block // blocks
        usable = free & absent & (marks.day >= withdrawn_from) if kind == "mark_withdrawn" else free
        rows = _lowest(rank, usable, part)
        free[rows] = False
        if kind not in plan.mess:
            continue
        if written:
            code[rows] = NUMBER[written]
        else:
            again = rows
        log.add_each(kind, (files[place] for place in which[rows]), "Code" if written else "")
    spoilt = replace(marks, code=code)
    return spoilt.plus(spoilt.take(again))


def spoil_text_marks(
    table: pd.DataFrame, file: str, spared: set[str], plan: CouncilPlan, schools: int, rng: np.random.Generator, log: FaultLog
) -> pd.DataFrame:
    """A school's export of marks with faults; each of the ``schools`` that send text takes its part."""
    day, known = (pd.to_datetime(table[name], format="%d/%m/%Y") for name in ("Date", "RecordedOn"))
    twice = table.duplicated(["PupilID", "Date", "Session"], keep=False)
    free = ~twice & ~table["PupilID"].isin(spared) & (known - day == pd.Timedelta(days=1))
    lines = rng.permutation(np.flatnonzero(free.to_numpy()))
    cells = {name: table[name].to_numpy(dtype=object, copy=True) for name in ("Date", "Code")}
    again = np.zeros(0, dtype=np.int64)
    at = 0
    for kind, at_5000, column, text in TEXT_FAULTS:
        count = max(1, round(scaled(at_5000, plan.children) / schools))
        chosen = lines[at : at + count]
        at += count
        if kind not in plan.mess:
            continue
        if column:
            cells[column][chosen] = text
        else:
            again = chosen
        log.add(kind, file, column, len(chosen))
    order = np.sort(np.concatenate([np.arange(len(table)), again]), kind="stable")
    return table.assign(**cells).iloc[order].reset_index(drop=True)


def _month(day: Ints) -> Ints:
    return np.asarray(day, dtype="datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _place(school: Ints, month: Ints) -> Ints:
    """School and month as one number."""
    return np.asarray(school * 100_000 + month, dtype=np.int64)


def _files(marks: Marks, year: SchoolYear) -> tuple[list[str], Ints]:
    """The monthly files of a year, and each mark's place in that list."""
    months = np.unique(_month(year.days))
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return [month_file(year.label, int(day)) for day in first], np.searchsorted(months, _month(marks.day))


def _rank(marks: Marks, key: int) -> npt.NDArray[np.uint64]:
    """A random number a mark that hangs on the mark alone (splitmix64), so that removing other marks changes no choice."""
    with np.errstate(over="ignore"):
        x = (marks.child.astype(np.uint64) * np.uint64(1 << 24)) ^ (marks.day.astype(np.uint64) * np.uint64(2) + marks.session.astype(np.uint64))
        x = x * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def _lowest(rank: npt.NDArray[np.uint64], usable: Flags, count: int) -> Ints:
    """The ``count`` usable rows of lowest rank."""
    rows = np.flatnonzero(usable)
    if count >= len(rows):
        return rows
    return np.sort(rows[np.argpartition(rank[rows], count)[:count]]) if count else rows[:0]
