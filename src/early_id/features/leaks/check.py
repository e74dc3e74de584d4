"""``check_features``: the automatic leak test, over a whole catalogue and a whole store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from early_id.core.calendar import SchoolCalendar, usual_calendar
from early_id.core.display import Progress, progress
from early_id.core.errors import SettingsError
from early_id.features.build import build_at
from early_id.features.catalogue import Catalogue
from early_id.features.held import read_once
from early_id.features.leaks import gain
from early_id.features.leaks.cut import STEPS, cut_leaks
from early_id.features.leaks.result import Leak, LeakCheck
from early_id.features.leaks.rewritten import rewritten
from early_id.features.leaks.signs import Sign, signs_of
from early_id.features.past import Past, TableSource
from early_id.features.programme import COUNCIL, Programme, inside_the_data, main_outcome
from early_id.features.registers import registers_of
from early_id.linkage import People

if TYPE_CHECKING:
    from early_id.config.settings import Config

#: Days by which the newest date is moved back for a second look, so that no result hangs on one date.
SHIFT = 24
#: At most so many dates are looked at for signs that tell too much, the newest ones: more add time and little else.
DATES = 7


def check_features(
    store: TableSource,
    people: People,
    features: Catalogue,
    *,
    as_of: Sequence[date] | date,
    settings: Config | None = None,
    programme: Programme = COUNCIL,
    calendar: SchoolCalendar | None = None,
) -> LeakCheck:
    """Look for features that know what they could not have known on their date.

    Three things are tried: rows are added that may not matter, and nothing may move; rows that came only with a source's last receipt and claim to be
    older are left out, and little may move; and each sign's last weeks are held against the same sign months earlier.

    Parameters
    ----------
    store, people, features
        As for ``build_features``.
    as_of : date or sequence of date
        The dates to learn from. Those whose outcomes are not known yet count for the first two only.
    settings, programme, calendar
        As for ``build_features``.

    Returns
    -------
    LeakCheck
        ``leaks`` names feature or column, and why; ``not_tried`` says which check could not be run. No row is in it.

    Raises
    ------
    InputDataError
        A date lies outside the data, or nobody is in the cohort.
    SettingsError
        No date was given.
    """
    from early_id.config.settings import Config

    cfg = settings or getattr(store, "settings", None) or Config()
    dates = tuple(sorted(set(as_of))) if isinstance(as_of, Sequence) else (as_of,)
    if not dates:
        raise SettingsError("No as-of date was given.", what_next="Name dates under 'as_of.dates' or with --as-of.")
    inside_the_data(store, dates)
    shared: dict[str, Any] = {"cfg": cfg, "programme": programme, "calendar": calendar or usual_calendar()}
    tested = _two(store, dates)
    with progress("Checking for leaks", len(tested) * STEPS + 1 + min(len(dates), DATES)) as bar:
        leaks = [leak for day in tested for leak in cut_leaks(store, people, features, day, done=bar.advance, **shared)]
        late, twice = rewritten(store, people, features, **shared)
        bar.advance(note="receipts")
        signs = signs_of(features, store.tables)
        measured = measure_signs(store, people, signs, dates, bar, **shared)
    recorded = _recorded(store)
    leaks += [*late, *gain.too_good(signs, measured, recorded)]
    tried = [
        f"{len(features)} features and the cohort were built on {' and '.join(map(str, tested))} as the store stood then, and again with rows added from after the "
        "date, known too late, taken back before it, or corrected on it."
    ]
    not_tried = []
    if twice:
        tried.append(
            f"Of {', '.join(twice)}, rows that came only with a source's last receipt and claim to be older were left out, and the features built again for the day "
            "after the receipt before."
        )
    if once := [name for name in dict.fromkeys(f.source for f in features) if store.has(name) and name not in twice]:
        not_tried.append(
            f"Not received twice (or nobody was in the cohort by the first time), so that nobody can tell whether the past was rewritten: {', '.join(once)}."
        )
    if len(measured):
        tried.append(
            f"{len(measured)} of {len(signs)} signs were compared with themselves months earlier (limit {gain.limit(len(measured)):.1f} standard errors)."
        )
    if len(measured) < len(signs):
        not_tried.append(
            f"{len(signs) - len(measured)} of {len(signs)} signs were not compared with themselves: fewer than {gain.FEWEST} outcomes with a known sign."
        )
    return LeakCheck(_once(leaks), measured, tuple(tried), tuple(not_tried), dates)


def _two(store: TableSource, dates: tuple[date, ...]) -> Sequence[date]:
    """The newest date and one some weeks before, if the data reach that far."""
    chosen = [dates[-1]]
    covered = store.coverage()
    shifted = dates[-1] - timedelta(days=SHIFT)
    if pd.Timestamp(shifted) > covered["covers_from"].min() + pd.Timedelta(days=365):
        chosen.append(shifted)
    return chosen


def measure_signs(
    store: TableSource, people: People, signs: tuple[Sign, ...], dates: tuple[date, ...], bar: Progress | None = None, *, cfg: Config,
    programme: Programme, calendar: SchoolCalendar,
) -> pd.DataFrame:  # fmt: skip
    """How well each sign tells outcomes that come soon, from its last weeks and from months earlier: a row a sign (``gain.strength``)."""
    slices = [
        sign.over(window, name)
        for number, sign in enumerate(signs)
        for names in [gain.SLICES.names(number)]
        for name, window in ((names[0], gain.SLICES.near), *zip(names[1], gain.SLICES.far, strict=True))
    ]
    values, outcomes, families = [], [], []
    registers = registers_of(store, slices, dates[-DATES:], calendar, cfg.features)
    with read_once(store, people):
        for day in dates[-DATES:]:
            past = Past(store, people, day, registers)
            index = gain.soon(programme.cohort(past, cfg).index)
            y = programme.outcomes(store, people, index, cfg)[main_outcome(programme, cfg)]
            if y.notna().any():
                values.append(build_at(past, index, slices, calendar=calendar, settings=cfg.features).values)
                outcomes.append(y)
                families.append(index["family_id"])
            if bar:
                bar.advance(note=str(day))
    if not values:
        return pd.DataFrame(columns=list(gain.COLUMNS))
    return gain.strength(signs, pd.concat(values), pd.concat(outcomes), pd.concat(families))


def _recorded(store: TableSource) -> dict[str, str]:
    """Table → how anybody knows when its rows were written, as the settings of its source say."""
    assumed = getattr(getattr(store, "version", None), "assumptions", {})
    return {name.rpartition(": ")[2]: f"When they were written is taken to be: {text}." for name, text in assumed.items()}


def _once(leaks: list[Leak]) -> tuple[Leak, ...]:
    """Each kind of leak of a feature once: two dates say the same."""
    return tuple({(leak.kind, leak.features, leak.column): leak for leak in leaks}.values())
