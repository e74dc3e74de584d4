"""What happened inside windows before the as-of date, child by child: the catalogue's attendance and suspension features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from early_id.data.synth.direct.absence import Absences
from early_id.data.synth.direct.crowd import Crowd, Flags, Floats, Ints
from early_id.data.synth.direct.events import Rows
from early_id.data.synth.marks.days import LATE_AFTERNOON, LATE_MORNING
from early_id.data.synth.timeline import as_date, day_number

#: Fewest sessions from which a share is given; a source may be this stale and still cover a window (settings of features).
AT_LEAST, STALE = 20, 62
#: Days until a row of a table is known (``config/defaults/sources``).
LAGS = {"suspensions": 3, "missing": 2, "contacts": 1, "factors": 5, "indicators": 10, "statutory": 3, "early_help": 2}


@dataclass(frozen=True)
class Tally:
    """Sessions inside a window, by child: of any kind, possible, absent and so on."""

    any: Floats
    possible: Floats
    absent: Floats
    unauthorised: Floats
    ill: Floats
    late: Floats
    part_time: Floats
    off_site: Floats

    def plus(self, other: Tally, own: Flags) -> Tally:
        """The sum with those of another year, for children of whom they count."""
        return Tally(*(getattr(self, name) + np.where(own, getattr(other, name), 0.0) for name in self.__dataclass_fields__))

    def share(self, of: str, among: str = "possible") -> Floats:
        """A share; unknown with too few sessions."""
        n, m = getattr(self, of), getattr(self, among)
        return np.where(m >= AT_LEAST, n / np.maximum(m, 1), np.nan)


def tally(crowd: Crowd, found: Absences, year: int, start: int, end: int, rng: np.random.Generator) -> Tally:
    """Sessions of one school year inside ``[start, end)``."""
    days, count, width = found.days, len(crowd), 2 * len(found.days)
    begins, ends = crowd.since(crowd.timeline.years[year])
    left = np.searchsorted(days, np.maximum(start, begins[found.child]))
    right = np.maximum(np.searchsorted(days, np.minimum(end, ends[found.child] + 1)), left)
    first, last = np.searchsorted(days, [start, end])

    def whole(values: npt.NDArray[Any]) -> Floats:
        out = np.zeros(count)
        out[found.child] = values
        return out

    def sessions(kept: Flags) -> Floats:
        inside = kept & (found.session >= 2 * first) & (found.session < 2 * last)
        return np.bincount(found.row[inside], minlength=len(found.child)).astype(float)

    held = 2.0 * (right - left)
    at = found.missing % width
    lost = np.bincount(found.missing[(at >= 2 * first) & (at < 2 * last)] // width, minlength=len(found.child))
    part = np.clip(np.minimum(found.part_to, right) - np.maximum(found.part_from, left), 0, None) * (found.part_from >= 0)
    everything = np.ones(len(found.row), dtype=bool)
    absent = sessions(everything)
    share = absent / np.maximum(held, 1)
    part = part * (1 - share)
    attended = np.maximum(np.round((held - absent - lost - part) / 2), 0).astype(np.int64)
    late = rng.binomial(attended, np.minimum(LATE_MORNING * found.late_rate, 1)) + rng.binomial(
        attended, np.minimum(LATE_AFTERNOON * found.late_rate, 1)
    )
    fridays = (days[None, first:last] + 3) % 7 == 4
    off_site = np.round(2 * fridays.sum() * (1 - share)) * found.off_site * (right > left)
    return Tally(
        any=whole(held),
        possible=whole(np.maximum(held - lost - part, 0)),
        absent=whole(absent),
        unauthorised=whole(sessions(found.unauthorised)),
        ill=whole(sessions(found.ill)),
        late=whole(late + sessions(found.late)),
        part_time=whole(part),
        off_site=whole(off_site),
    )


def longest_run(crowd: Crowd, found: Absences, start: int, end: int) -> Floats:
    """Most absent sessions in a row inside ``[start, end)``, by child."""
    first, last = np.searchsorted(found.days, [start, end])
    inside = (found.session >= 2 * first) & (found.session < 2 * last)
    row, session = found.row[inside], found.session[inside]
    out = np.zeros(len(crowd))
    if len(row):
        begins = np.flatnonzero(np.concatenate([[True], (row[1:] != row[:-1]) | (session[1:] != session[:-1] + 1)]))
        length = np.diff(np.concatenate([begins, [len(row)]]))
        np.maximum.at(out, found.child[row[begins]], length)
    return out


def days_absent(crowd: Crowd, found: Absences, start: int, end: int) -> Floats:
    """Days with an absent session inside ``[start, end)``, by child."""
    first, last = np.searchsorted(found.days, [start, end])
    inside = (found.session >= 2 * first) & (found.session < 2 * last)
    key = np.unique(found.row[inside] * len(found.days) + found.session[inside] // 2)
    return np.bincount(found.child[key // len(found.days)], minlength=len(crowd)).astype(float)


def attendance_features(crowd: Crowd, by_year: dict[int, Absences], relatives: Relatives) -> dict[str, Floats]:
    """The features of ``features.library.attendance``."""
    now, day, rng = crowd.year, crowd.day, crowd.seeds.rng("windows")
    mine = crowd.on_roll
    same = mine & (crowd.school[now - 1] == crowd.school[now])

    def within(first: int, last: int, own: bool = True) -> Tally:
        whole = tally(crowd, by_year[now], now, day - first, day - last, rng)
        if now - 1 in by_year and day - first < crowd.timeline.years[now].start:
            whole = whole.plus(
                tally(crowd, by_year[now - 1], now - 1, day - first, day - last, rng), same if own else np.ones(len(crowd), dtype=bool)
            )
        return whole

    recent = within(90, 0)
    before = within(365, 90)
    year = Tally(*(getattr(recent, name) + getattr(before, name) for name in recent.__dataclass_fields__))
    run, half = longest_run(crowd, by_year[now], day - 180, day), within(180, 0)
    if now - 1 in by_year:
        run = np.maximum(run, np.where(same, longest_run(crowd, by_year[now - 1], day - 180, day), 0))
    six = (day_number(crowd.timeline.calendar.last_school_weeks(as_date(day), 6)), day - (day + 3) % 7)
    absent_days = days_absent(crowd, by_year[now], *six)
    if now - 1 in by_year and six[0] < crowd.timeline.years[now].start:
        absent_days += np.where(same, days_absent(crowd, by_year[now - 1], *six), 0)
    held = tally(crowd, by_year[now], now, *six, rng).any
    together = relatives.total(recent.absent), relatives.total(recent.possible)
    found = {
        "absence_share_90d": recent.share("absent"),
        "absence_share_365d": year.share("absent"),
        "absence_change_90d": recent.share("absent") - before.share("absent"),
        "unauthorised_share_90d": recent.share("unauthorised"),
        "unauthorised_share_365d": year.share("unauthorised"),
        "illness_share_90d": recent.share("ill"),
        "late_share_90d": recent.share("late"),
        "late_share_365d": year.share("late"),
        "absence_longest_run_180d": np.where(half.possible >= AT_LEAST, run, np.nan),
        "absence_days_6sw": np.where(held > 0, absent_days, np.nan),
        "part_time_share_90d": recent.share("part_time", "any"),
        "alternative_provision_share_90d": recent.share("off_site", "any"),
    }
    found = {name: np.where(mine, values, np.nan) for name, values in found.items()}
    found["sibling_absence_share_90d"] = np.where(together[1] >= AT_LEAST, together[0] / np.maximum(together[1], 1), np.nan)
    return found


@dataclass(frozen=True)
class Relatives:
    """Brothers and sisters whom the records show: children of one household whose housing record is linked."""

    crowd: Crowd
    housed: Flags
    listed: Flags

    def _sum(self, values: Floats) -> Floats:
        family = np.bincount(self.crowd.family, weights=values, minlength=len(self.crowd.first))
        return np.where(self.housed, family[self.crowd.family] - values, 0.0)

    def total(self, values: Floats) -> Floats:
        """Sum over the others of the household whose records are joined; nothing for those whose household is not known."""
        return self._sum(np.where(self.housed, values, 0.0))

    @property
    def any(self) -> Flags:
        """Whose household lists another child."""
        return self._sum(self.listed.astype(float)) > 0


def counts(crowd: Crowd, rows: Rows, start: int, known: Ints | None = None, weight: Floats | None = None) -> Floats:
    """Rows since ``start`` that were known on the as-of date, by child."""
    seen = (rows["day"] >= start) & (rows["day"] < crowd.day) & ((rows["day"] if known is None else known) < crowd.day)
    return np.bincount(rows["child"][seen], weights=None if weight is None else weight[seen], minlength=len(crowd)).astype(float)


def days_since(crowd: Crowd, rows: Rows, known: Ints) -> Floats:
    """Days since the newest row known, by child; unknown where there is none."""
    last = np.full(len(crowd), -np.inf)
    seen = (rows["day"] < crowd.day) & (known < crowd.day)
    np.maximum.at(last, rows["child"][seen], rows["day"][seen].astype(float))
    return np.where(np.isfinite(last), crowd.day - last, np.nan)


def covered(crowd: Crowd, start: int, own: bool) -> Flags:
    """Who was on a roll (of the present school) when a window began, give or take the staleness allowed."""
    found = np.zeros(len(crowd), dtype=bool)
    for index, year in enumerate(crowd.timeline.years[: crowd.year + 1]):
        begins, ends = crowd.since(year)
        on = (crowd.school[index] >= 0) & (begins <= start + STALE) & (ends >= start)
        found |= on & (crowd.school[index] == crowd.school[crowd.year]) if own else on
    return found & (crowd.timeline.events_from <= start + STALE)


def suspension_features(crowd: Crowd, rows: Rows, relatives: Relatives) -> dict[str, Floats]:
    """The features of ``features.library.suspensions``."""
    day = crowd.day
    mine = {name: values[rows["school"] == crowd.school[crowd.year][rows["child"]]] for name, values in rows.items()}
    known, known_all = mine["day"] + LAGS["suspensions"], rows["day"] + LAGS["suspensions"]

    def or_none(values: Floats, start: int) -> Floats:
        return np.where(crowd.on_roll & ((counts(crowd, mine, start, known) > 0) | covered(crowd, start, own=True)), values, np.nan)

    year = day - 365
    everywhere = counts(crowd, rows, day - 730, known_all)
    siblings = relatives.total(counts(crowd, rows, year, known_all))
    at_school = relatives.total(covered(crowd, year, own=False).astype(float)) > 0  # a roll says that a brother or sister had none
    sessions = counts(crowd, mine, year, known, mine["sessions"].astype(float))
    violence = counts(crowd, mine, year, known, mine["violence"].astype(float)) > 0
    return {
        "suspensions_count_365d": or_none(counts(crowd, mine, year, known), year),
        "suspensions_count_90d": or_none(counts(crowd, mine, day - 90, known), day - 90),
        "suspended_sessions_365d": or_none(sessions, year),
        "days_since_suspension_ever": np.where(crowd.on_roll, days_since(crowd, mine, known), np.nan),
        "suspended_for_violence_365d": or_none(violence.astype(float), year),
        "sibling_suspensions_365d": np.where((siblings > 0) | at_school, siblings, np.nan),
        "suspensions_all_schools_730d": np.where((everywhere > 0) | covered(crowd, day - 730, own=False), everywhere, np.nan),
    }
