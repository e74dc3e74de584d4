"""How late records become known, by group: what is written down late for a group cannot have counted in time for it.

A record is late where it became known more than 30 days after what it tells of. Only events that lie at least half a year before the date audited are looked at:
of newer ones the late records are not there yet, so they would all seem quick. A corrected record counts from its correction. Where a source gives no recorded
date, the store assumes one lag for all, and there is nothing to compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from early_id.audit.groups import Grouping
from early_id.audit.measurement import SHARE_COLUMNS, shares_by_group
from early_id.features.past import Past
from early_id.stats.arrays import Ints

#: Days after which a record is late; days before the date audited from which on nothing is looked at; days looked back in all.
LATE, SETTLED, BACK = 30, 182, 3 * 365

#: Records with fewer different lags than this have an assumed one.
FEWEST_LAGS = 3

#: Tables of events that somebody writes down.
EVENTS = ("suspensions", "missing_episodes", "household_factors", "notifications", "contacts", "early_help")

COLUMNS = (*SHARE_COLUMNS, "median_days")


def events_known(past: Past) -> dict[str, pd.DataFrame]:
    """Table → ``child_id``, ``happened_on``, ``known_from`` of each event as known; tables that hold none are left out."""
    held = [name for name in EVENTS if name in past.store.tables and past.store.has(name)]
    return {name: frame for name in held if len(frame := past.frame(name)[["child_id", "happened_on", "known_from"]])}


def recording_lag(
    events: Mapping[str, pd.DataFrame], children: Sequence[str], clusters: Ints, n_clusters: int, held: Sequence[Grouping], *, day: pd.Timestamp
) -> pd.DataFrame:
    """Share of records that came late, in each group against everyone else, and the median lag.

    Parameters
    ----------
    events : mapping
        Table → ``child_id``, ``happened_on``, ``known_from`` of each record.
    children : sequence of str
        Child of each audited row, in the order of ``clusters`` and of the groups' codes.
    day : Timestamp
        The date audited.

    Returns
    -------
    DataFrame
        As `shares_by_group`, ``n`` counting records; ``median_days``: days from event to record. Empty where nothing can be compared.
    """
    place = pd.Series(np.arange(len(children)), index=pd.Index(children))
    place = place[~place.index.duplicated()]
    parts = []
    for name, frame in events.items():
        happened, known = (pd.to_datetime(frame[column]).dt.normalize() for column in ("happened_on", "known_from"))
        age, lag = (day - happened).dt.days, (known - happened).dt.days
        row = frame["child_id"].map(place)
        use = row.notna() & lag.notna() & (age >= SETTLED) & (age < BACK)
        if lag[use].nunique() < FEWEST_LAGS:
            continue
        at, days = row[use].to_numpy(dtype=np.int64), lag[use].to_numpy(dtype=np.float64)
        records = np.bincount(at, minlength=len(clusters)).astype(np.float64)
        late = np.bincount(at, weights=days > LATE, minlength=len(clusters)).astype(np.float64)
        what = f"records known more than {LATE} days late: {name.replace('_', ' ')}"
        table = shares_by_group(held, clusters, n_clusters, late, records, what=what)
        medians = [pd.Series(days).groupby(by.codes[at]).median().reindex(range(len(by.groups))) for by in held]
        parts.append(table.assign(median_days=pd.concat(medians, ignore_index=True).to_numpy() if medians else np.zeros(0)))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)] if parts else pd.DataFrame(columns=list(COLUMNS))
