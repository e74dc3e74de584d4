"""Session marks of one block of children in one school year: what each was, and when it was known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from early_id.data.synth.marks.attendance import AbsencePlan
from early_id.data.synth.marks.causes import YearPlan, caused, not_possible, plan_year
from early_id.data.synth.marks.codes import CODES, NUMBER, OLD_CODES
from early_id.data.synth.marks.days import NEED_WITHIN_YEAR, attended, place_absences
from early_id.data.synth.population.need import Need
from early_id.data.synth.timeline import NEW_CODES_FROM, day_number

__all__ = ["CODES", "NEED_WITHIN_YEAR", "NUMBER", "Marks", "YearPlan", "draw_codes", "make_marks", "plan_year"]

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: A mark is known the day after (overnight feed); some take longer. First entries that are corrected: absences, presences.
KNOWN_NEXT_DAY, CORRECTED_ABSENCE, CORRECTED_PRESENCE = 0.94, 0.11, 0.0015
#: Share of marks that were never made: usually, and in the last days before the extract.
NO_MARK, NO_MARK_YET = 0.0006, 0.006
#: Of leave agreed by the school before August 2024, family holidays (H).
AGREED_HOLIDAY = 0.15


@dataclass(frozen=True)
class Marks:
    """Marks as numbers, one entry a row: child, school, day, session (0 AM, 1 PM), code, recorded day."""

    child: npt.NDArray[np.int64]
    school: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    session: npt.NDArray[np.int64]
    code: npt.NDArray[np.int64]
    recorded: npt.NDArray[np.int64]
    corrected: Flags  #: rows that belong to a corrected mark

    def __len__(self) -> int:
        return len(self.child)

    def take(self, rows: npt.NDArray[np.int64] | Flags) -> Marks:
        """Some of the rows."""
        return Marks(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def plus(self, *others: Marks) -> Marks:
        """These rows and then the others."""
        return Marks(*(np.concatenate([getattr(part, name) for part in (self, *others)]) for name in self.__dataclass_fields__))

    def about(self, children: npt.NDArray[np.int64]) -> Marks:
        """The same marks with the ``children`` of a block numbered as in the whole council."""
        return replace(self, child=children[self.child])


def make_marks(
    rows: pd.DataFrame,
    suspensions: pd.DataFrame,
    traits: pd.DataFrame,
    plan: AbsencePlan,
    year: YearPlan,
    need: Need,
    extracted: int,
    rng: np.random.Generator,
    mess: frozenset[str],
) -> Marks:
    """All marks of the enrolments in ``rows`` (one year of one block).

    Parameters
    ----------
    rows, suspensions : DataFrame
        The plan's rows and the suspensions of these children in this year.
    traits, need : DataFrame, Need
        The block's children, numbered as in ``rows`` (``mark_blocks.TRAITS`` and ``ethnicity``).
    mess : frozenset of str
        Kinds of mess that are on; ``late_marks`` and ``corrected_marks`` are made here.
    """
    code, school, kept = draw_codes(rows, suspensions, traits, plan, year, need, extracted, rng)
    return _recorded(code, np.where(kept, school, -1), rows["child"].to_numpy(), year.year.days, extracted, rng, mess)


def draw_codes(
    rows: pd.DataFrame,
    suspensions: pd.DataFrame,
    traits: pd.DataFrame,
    plan: AbsencePlan,
    year: YearPlan,
    need: Need,
    extracted: int,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.int8], Ints, Flags]:
    """The marks as they stand in the end.

    Returns
    -------
    code : array of int8, enrolment × day × session
        Numbers in ``CODES``.
    school : array of int, enrolment × day
        Row number of the school, -1 where the pupil is not on its roll.
    kept : array of bool, enrolment × day
        Days for which the school sends marks.
    """
    days = year.year.days
    d = len(days)
    traits = traits.iloc[rows["child"].to_numpy()]
    left = np.searchsorted(days, rows["start"].to_numpy())
    right = np.searchsorted(days, rows["end"].to_numpy(), side="right")
    valid = (np.arange(d)[None, :] >= left[:, None]) & (np.arange(d)[None, :] < right[:, None])
    home = rows["school"].to_numpy()
    school = np.where(valid, home[:, None], -1)
    code = np.empty((len(rows), d, 2), dtype=np.int8)
    code[:, :, 0], code[:, :, 1] = NUMBER["/"], NUMBER["\\"]
    attended(code, rows, year, rng)
    closed = not_possible(rows, traits, school, year, rng)
    open_ = valid & (closed < 0).all(axis=2)
    fixed = caused(rows, traits, suspensions, open_, days, rng)
    place_absences(code, fixed, rows, open_, plan, need, year.year, rng)
    code[closed >= 0] = closed[closed >= 0]
    planned = closed[:, :, 0] == NUMBER["#"]
    none = rng.random((len(rows), d, 2), dtype=np.float32) < np.where(days >= extracted - 4, NO_MARK_YET, NO_MARK)[None, :, None]
    code[none & ~planned[:, :, None]] = NUMBER["-"]
    before = days < day_number(NEW_CODES_FROM)
    if before.any():
        swap = np.arange(len(CODES), dtype=np.int8)
        for new, old in OLD_CODES.items():
            swap[NUMBER[new]] = NUMBER[old]
        code[:, before] = swap[code[:, before]]
        holiday = (code == NUMBER["C"]) & before[None, :, None]
        code[holiday & (rng.random((len(rows), d, 1), dtype=np.float32) < AGREED_HOLIDAY)] = NUMBER["H"]
    return code, school, valid & (year.records_closures[home][:, None] | ~planned)


def _recorded(
    code: npt.NDArray[np.int8],
    school: Ints,
    child: Ints,
    days: Ints,
    extracted: int,
    rng: np.random.Generator,
    mess: frozenset[str],
) -> Marks:
    """Rows with the day each was known; corrected marks twice, first as N.

    Everything is drawn whether or not ``mess`` holds ``late_marks`` and ``corrected_marks``.
    """
    n, d = school.shape
    row, place, session = np.nonzero(np.broadcast_to((school >= 0)[:, :, None], (n, d, 2)))
    final = code[row, place, session].astype(np.int64)
    day = days[place]
    lag = np.where(rng.random(len(row)) < KNOWN_NEXT_DAY, 1, rng.integers(2, 7, len(row)))
    if "late_marks" not in mess:
        lag[:] = 1
    marks = Marks(child[row], school[row, place], day, session.astype(np.int64), final, day + lag, np.zeros(len(row), dtype=bool))
    absent = np.isin(final, [NUMBER[c] for c in ("I", "O", "M", "G", "C")])
    present = final < 2
    chance = np.where(absent, CORRECTED_ABSENCE, np.where(present, CORRECTED_PRESENCE, 0.0))
    marks.corrected[:] = (rng.random(len(row)) < chance) & ("corrected_marks" in mess)
    later = marks.take(marks.corrected)
    marks.code[marks.corrected] = NUMBER["N"]
    later = Marks(
        later.child,
        later.school,
        later.day,
        later.session,
        later.code,
        later.recorded + rng.integers(1, 9, len(later)),
        later.corrected,
    )
    both = marks.plus(later)
    return both.take(both.recorded <= extracted)
