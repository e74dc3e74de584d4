"""Visits and reviews, which recur while a plan or a period of care lasts: the council's extracts have none of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from early_id.data.synth.shapes.dates import UNREADABLE, Ints
from early_id.data.synth.shapes.extra import Floats
from early_id.data.synth.timeline import NEVER

#: Days from the start to each of the first events, then days between one and the next.
CIN_VISITS, CP_VISITS, CLA_VISITS = ((7, 30), 30), ((5, 15), 14), ((5, 40), 42)
CP_REVIEWS, CLA_REVIEWS, HEALTH = ((85,), 180), ((20, 105), 180), ((15,), 365)


def recurring(start: Ints, end: Ints, lot: Floats, day: int, plan: tuple[Sequence[int], int]) -> pd.DataFrame:
    """Events of each record up to a day.

    Parameters
    ----------
    start, end : array of int, shape (n,)
        Days of the records; ``NEVER`` where a record is open.
    lot : array of float, shape (n,)
        A number from 0 to 1 a record: how many days (0 to 6) its events fall behind.
    day : int
        Events on or after this day have not happened yet.
    plan : first offsets, interval
        In days.

    Returns
    -------
    DataFrame
        ``place`` (number of the record), ``number`` (of the event, from 0), ``on`` (day).
    """
    firsts, every = plan
    late = (lot * 7).astype(np.int64)
    until = np.minimum(end, day)
    sound = (start > UNREADABLE) & (start < NEVER) & (end > start)
    last = firsts[-1]
    more = np.maximum(0, (until - start - late - last - 1) // every)
    count = np.where(sound, len(firsts) + more, 0)
    place = np.repeat(np.arange(len(start)), count)
    number = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    known = np.asarray(firsts, dtype=np.int64)
    offset = np.where(number < len(firsts), known[np.minimum(number, len(firsts) - 1)], last + (number - len(firsts) + 1) * every)
    on = start[place] + late[place] + offset
    return pd.DataFrame({"place": place, "number": number, "on": on})[on < until[place]].reset_index(drop=True)
